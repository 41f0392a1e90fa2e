/* SPDX-License-Identifier: Apache-2.0
 *
 * config.json to ix_model_config: what all families have, around what a family reads itself. Defaults are those of
 * transformers' configuration classes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config_keys.h"
#include "model/family.h"

static const struct {
    const char *key;
    size_t place;
    int most;
} sizes[] = {
    {"vocab_size", offsetof(ix_model_config, V), 1 << 24},
    {"hidden_size", offsetof(ix_model_config, D), 1 << 20},
    {"num_hidden_layers", offsetof(ix_model_config, layers), 1 << 12},
    {"num_attention_heads", offsetof(ix_model_config, H), 1 << 12},
    {"intermediate_size", offsetof(ix_model_config, F), 1 << 22},
};

static const int positions_most = 1 << 30;

static ix_status read_text(const json_t *o, const char *key, const char *where, bool required, char *out, size_t room)
{
    const char *text;
    ix_status rc = ix_json_text(o, key, where, required, "", &text);
    if (rc != IX_OK) return rc;
    if (strlen(text) >= room) return ix_fail(IX_EINPUT, "%s: %s: \"%.100s\" is too long", where, key, text);
    memcpy(out, text, strlen(text) + 1);
    return IX_OK;
}

/* --- tokens --------------------------------------------------------------------------------------- */

/* -1 and null mean none. */
static ix_status read_id(const json_t *id, const char *key, const char *where, int32_t *out)
{
    *out = -1;
    if (json_is_null(id)) return IX_OK;
    json_int_t n = json_integer_value(id);
    if (!json_is_integer(id) || n < -1 || n > INT32_MAX)
        return ix_fail(IX_EINPUT, "%s: %s must be a token id or null", where, key);
    *out = (int32_t)n;
    return IX_OK;
}

static ix_status read_eos(ix_model_config *c, const json_t *eos, const char *where)
{
    ix_status rc = IX_OK;
    size_t n = json_array_size(eos);
    int32_t id;

    c->eos_count = 0;
    memset(c->eos, 0, sizeof c->eos);
    IX_NEED(n <= IX_EOS_IDS, IX_EINPUT, "%s: eos_token_id: more than %d ids", where, IX_EOS_IDS);
    for (size_t i = 0; i < (json_is_array(eos) ? n : 1); i++) {
        IX_TRY(read_id(json_is_array(eos) ? json_array_get(eos, i) : eos, "eos_token_id", where, &id));
        if (id >= 0) c->eos[c->eos_count++] = id;
    }
done:
    return rc;
}

static ix_status read_ids(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    const json_t *bos = json_object_get(o, "bos_token_id"), *eos = json_object_get(o, "eos_token_id"),
                 *pad = json_object_get(o, "pad_token_id");
    if (bos) IX_TRY(read_id(bos, "bos_token_id", where, &c->bos));
    if (eos) IX_TRY(read_eos(c, eos, where));
    if (pad) IX_TRY(read_id(pad, "pad_token_id", where, &c->pad));
done:
    return rc;
}

/* --- the whole ------------------------------------------------------------------------------------ */

/* The family, and its defaults. */
static ix_status read_family(const ix_family **out, ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    const char *type;

    IX_TRY(ix_json_text(o, "model_type", where, true, NULL, &type));
    IX_NEED(*out = ix_family_find(type), IX_EINPUT, "%s: model_type: \"%.60s\" is not known; known are: %s", where,
            type, ix_family_names());
    *c = (*out)->defaults;
    IX_TRY(read_text(o, "model_type", where, true, c->model_type, sizeof c->model_type));
done:
    return rc;
}

static ix_status read_names(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    const json_t *first = json_array_get(json_object_get(o, "architectures"), 0);
    const char *name = json_string_value(first);
    IX_NEED(!first || (name && strlen(name) < sizeof c->architecture), IX_EINPUT,
            "%s: architectures[0] is not the name of a class", where);
    if (name) memcpy(c->architecture, name, strlen(name) + 1);
    bool old = json_object_get(o, "torch_dtype") != NULL; /* newer files say "dtype" */
    IX_TRY(read_text(o, old ? "torch_dtype" : "dtype", where, false, c->dtype, sizeof c->dtype));
done:
    return rc;
}

static ix_status read_sizes(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int *place = (int *)(void *)((char *)c + sizes[i].place);
        IX_TRY(ix_key_whole(o, sizes[i].key, where, true, 0, sizes[i].most, place));
    }
    IX_TRY(ix_key_whole(o, "max_position_embeddings", where, false, c->positions, positions_most, &c->positions));
done:
    return rc;
}

static ix_status read_config(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    const ix_family *family;
    const json_t *quantised = json_object_get(o, "quantization_config");

    IX_TRY(read_family(&family, c, o, where));
    IX_TRY(read_names(c, o, where));
    IX_NEED(!quantised || json_is_null(quantised), IX_EINPUT,
            "%s: quantization_config: quantised weights are not supported; use the folder they were made from", where);
    IX_TRY(read_sizes(c, o, where));
    IX_TRY(family->read_config(c, o, where));
    IX_TRY(ix_json_bool(o, "tie_word_embeddings", where, false, c->tied, &c->tied));
    IX_TRY(ix_key_positive(o, "initializer_range", where, false, 0.02, 1e3, &c->initializer_range));
    IX_TRY(read_ids(c, o, where));
done:
    return rc;
}

ix_status ix_model_config_read(ix_model_config *out, const char *folder)
{
    char *path = ix_format("%s/config.json", folder);
    json_t *root = NULL;
    ix_model_config c = {0};

    *out = c;
    ix_status rc = ix_json_open(&root, path);
    if (rc == IX_OK) rc = read_config(&c, root, path);
    if (rc == IX_OK) *out = c;
    json_decref(root);
    free(path);
    return rc;
}
