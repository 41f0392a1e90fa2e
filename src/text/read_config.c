/* SPDX-License-Identifier: Apache-2.0
 *
 * The files beside tokenizer.json: tokenizer_config.json, special_tokens_map.json, chat_template.jinja. They are read
 * as `transformers` reads them for a fast tokenizer: tokens they name become added tokens. */
#include "base/file.h"
#include "text/parts.h"
#include "text/unicode.h"

/* The spelling of a special token, a string or {"content": string, ...}; NULL for null. */
static ix_status read_spelling(const json_t *holder, const char *key, const char *where, const char **out)
{
    const json_t *value = json_object_get(holder, key);
    char at[512];
    if (!json_is_object(value)) return ix_json_text(holder, key, where, false, NULL, out);
    snprintf(at, sizeof at, "%s: %s", where, key);
    return ix_json_text(value, "content", at, true, NULL, out);
}

static ix_status read_flags(const json_t *object, const char *where, ix_added_token *t)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_json_bool(object, "special", where, false, false, &t->special));
    IX_TRY(ix_json_bool(object, "normalized", where, false, !t->special, &t->normalized));
    IX_TRY(ix_json_bool(object, "lstrip", where, false, false, &t->lstrip));
    IX_TRY(ix_json_bool(object, "rstrip", where, false, false, &t->rstrip));
    IX_TRY(ix_json_bool(object, "single_word", where, false, false, &t->single_word));
done:
    return rc;
}

/* A name must be a piece; one that is not an added token yet becomes one. */
static ix_status use_special(ix_tokenizer *tok, const char *where, const char *key, const json_t *value,
                             const char *content)
{
    ix_added_token t = {.special = true};
    ix_status rc = IX_OK;
    int32_t id = ix_pieces_find(&tok->pieces, content, strlen(content));
    IX_NEED(id >= 0, IX_EINPUT, "%s: %s \"%s\" is not in tokenizer.json", where, key, content);
    if (ix_added_find(tok, id)) goto done;
    if (json_is_object(value)) IX_TRY(read_flags(value, where, &t));
    t.id = id;
    t.special = true;
    IX_TRY(ix_added_put(tok, t));
done:
    return rc;
}

static const char *const name_keys[] = {[IX_NAME_BOS] = "bos_token",
                                        [IX_NAME_EOS] = "eos_token",
                                        [IX_NAME_UNK] = "unk_token",
                                        [IX_NAME_PAD] = "pad_token",
                                        "sep_token",
                                        "cls_token",
                                        "mask_token"};
#define NAME_KEYS ((int)(sizeof name_keys / sizeof name_keys[0]))

/* Names in `from` replace those read before. */
static ix_status read_names(ix_tokenizer *tok, const json_t *from, const char *where)
{
    const json_t *more = json_object_get(from, "additional_special_tokens");
    ix_status rc = IX_OK;
    const char *content;
    for (int i = 0; i < NAME_KEYS; i++) {
        IX_TRY(read_spelling(from, name_keys[i], where, &content));
        if (!content) continue;
        IX_TRY(use_special(tok, where, name_keys[i], json_object_get(from, name_keys[i]), content));
        if (i >= IX_NAMES) continue;
        free(tok->name[i]);
        tok->name[i] = ix_format("%s", content);
    }
    IX_NEED(!more || json_is_null(more) || json_is_array(more), IX_EINPUT,
            "%s: additional_special_tokens must be a list", where);
    for (size_t i = 0; i < json_array_size(more); i++) {
        const json_t *value = json_array_get(more, i);
        content = json_string_value(json_is_object(value) ? json_object_get(value, "content") : value);
        IX_NEED(content, IX_EINPUT, "%s: additional_special_tokens[%zu] must be a string or {content}", where, i);
        IX_TRY(use_special(tok, where, "additional_special_tokens", value, content));
    }
done:
    return rc;
}

/* One entry of added_tokens_decoder: it repeats an added token of tokenizer.json, or adds the next one. */
static ix_status read_decoded(ix_tokenizer *tok, const json_t *object, int64_t id, const char *where)
{
    ix_added_token t;
    ix_status rc = IX_OK;
    const char *content;
    size_t size;
    IX_TRY(ix_json_text(object, "content", where, true, NULL, &content));
    IX_TRY(read_flags(object, where, &t));
    size = strlen(content);
    IX_NEED(size > 0, IX_EINPUT, "%s: content is empty", where);
    t.id = ix_pieces_find(&tok->pieces, content, size);
    const ix_added_token *old = t.id >= 0 ? ix_added_find(tok, t.id) : NULL;
    if (t.id < 0) {
        t.id = tok->pieces.count;
        if (id == t.id) IX_TRY(ix_pieces_add(&tok->pieces, content, size));
    }
    IX_NEED(id == t.id, IX_EINPUT, "%s: \"%s\" has id %lld here and %d by tokenizer.json", where, content,
            (long long)id, (int)t.id);
    if (!old) {
        IX_TRY(ix_added_put(tok, t));
        goto done;
    }
    IX_NEED(old->normalized == t.normalized && old->lstrip == t.lstrip && old->rstrip == t.rstrip &&
                old->single_word == t.single_word,
            IX_EINPUT, "%s: \"%s\" is matched by other rules here than in tokenizer.json", where, content);
done:
    return rc;
}

typedef struct {
    int64_t id;
    const json_t *object;
} decoded;

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const decoded *)a)->id, y = ((const decoded *)b)->id;
    return (x > y) - (x < y);
}

static ix_status read_decoder(ix_tokenizer *tok, const json_t *config, const char *where)
{
    json_t *decoder = json_object_get(config, "added_tokens_decoder"), *object;
    size_t n = json_object_size(decoder), i = 0;
    decoded *list = NULL;
    ix_status rc = IX_OK;
    const char *key;
    char at[512], *end;
    IX_NEED(!decoder || json_is_null(decoder) || json_is_object(decoder), IX_EINPUT,
            "%s: added_tokens_decoder must be an object of ids", where);
    if (n == 0) goto done;
    IX_NEED(list = calloc(n, sizeof *list), IX_ENOMEM, "%s: no memory", where);
    json_object_foreach(decoder, key, object)
    {
        list[i] = (decoded){strtoll(key, &end, 10), object};
        IX_NEED(end > key && *end == 0 && json_is_object(object), IX_EINPUT,
                "%s: added_tokens_decoder: \"%s\" must be an id with an object", where, key);
        i++;
    }
    qsort(list, n, sizeof *list, by_id);
    for (i = 0; i < n; i++) {
        snprintf(at, sizeof at, "%s: added_tokens_decoder: %lld", where, (long long)list[i].id);
        IX_TRY(read_decoded(tok, list[i].object, list[i].id, at));
    }
done:
    free(list);
    return rc;
}

/* Settings by which `transformers` would change the pipeline of tokenizer.json. */
static ix_status check_settings(const ix_tokenizer *tok, const json_t *config, const char *where)
{
    ix_status rc = IX_OK;
    bool prefix, split;
    IX_TRY(ix_json_bool(config, "split_special_tokens", where, false, false, &split));
    IX_NEED(!split, IX_EINPUT, "%s: split_special_tokens true is not known", where);
    if (!tok->splitter.byte_level || tok->splitter.scanner != &ix_scanner_gpt2) goto done;
    IX_TRY(ix_json_bool(config, "add_prefix_space", where, false, false, &prefix));
    IX_NEED(prefix == tok->splitter.prefix_space, IX_EINPUT,
            "%s: add_prefix_space (false where it is missing) differs from tokenizer.json's", where);
done:
    return rc;
}

/* chat_template: a string, or a list of {"name", "template"} of which "default" counts. */
static ix_status read_template(ix_tokenizer *tok, const json_t *config, const char *where)
{
    const json_t *given = json_object_get(config, "chat_template");
    const char *text = NULL, *name;
    ix_status rc = IX_OK;
    if (!json_is_array(given)) IX_TRY(ix_json_text(config, "chat_template", where, false, NULL, &text));
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *row = json_array_get(given, i);
        IX_NEED(json_is_object(row), IX_EINPUT, "%s: chat_template[%zu] must be an object", where, i);
        IX_TRY(ix_json_text(row, "name", where, true, NULL, &name));
        if (strcmp(name, "default") == 0) IX_TRY(ix_json_text(row, "template", where, true, NULL, &text));
    }
    IX_NEED(text || json_array_size(given) == 0, IX_EINPUT, "%s: chat_template has no row named \"default\"", where);
    if (text) tok->chat_template = ix_format("%s", text);
done:
    return rc;
}

static ix_status read_template_file(ix_tokenizer *tok)
{
    char *path = ix_format("%s/chat_template.jinja", tok->folder), *text = NULL;
    size_t size;
    ix_status rc = IX_OK;
    if (!ix_file_exists(path)) goto done;
    IX_TRY(ix_file_read(path, &text, &size));
    IX_NEED(strlen(text) == size && ix_utf8_valid(text, size) == size, IX_EINPUT, "%s: must be UTF-8 text", path);
    free(tok->chat_template);
    tok->chat_template = text;
    text = NULL;
done:
    free(text);
    free(path);
    return rc;
}

/* special_tokens_map.json counts only where no added_tokens_decoder says more. */
ix_status ix_read_config(ix_tokenizer *tok)
{
    char *config_path = ix_format("%s/tokenizer_config.json", tok->folder);
    char *map_path = ix_format("%s/special_tokens_map.json", tok->folder);
    json_t *config = NULL, *map = NULL;
    ix_status rc = IX_OK;
    if (ix_file_exists(config_path)) {
        IX_TRY(ix_json_open_reals(&config, config_path));
        IX_TRY(check_settings(tok, config, config_path));
        IX_TRY(read_decoder(tok, config, config_path));
        IX_TRY(read_template(tok, config, config_path));
        IX_TRY(read_names(tok, config, config_path));
    }
    if (ix_file_exists(map_path) && !json_object_get(config, "added_tokens_decoder")) {
        IX_TRY(ix_json_open_reals(&map, map_path));
        IX_TRY(read_names(tok, map, map_path));
    }
    IX_TRY(read_template_file(tok));
done:
    json_decref(config);
    json_decref(map);
    free(config_path);
    free(map_path);
    return rc;
}
