/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tokenizer_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

static const char *const companions[] = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",      "vocab.json",
    "merges.txt",     "tokenizer.model",       "chat_template.jinja",     "generation_config.json",
};

static ix_status copy_file(const char *from, const char *to)
{
    char *bytes = NULL;
    size_t size;
    ix_status rc = ix_file_read(from, &bytes, &size);
    if (rc == IX_OK) rc = ix_file_write(to, bytes, size);
    free(bytes);
    return rc;
}

static ix_status copy_companions(const char *from, const char *to)
{
    ix_status rc = IX_OK;
    for (size_t i = 0; rc == IX_OK && i < sizeof companions / sizeof *companions; i++) {
        char *source = ix_format("%s/%s", from, companions[i]), *target = ix_format("%s/%s", to, companions[i]);
        bool there;
        rc = ix_file_look(source, &there);
        if (rc == IX_OK && there) rc = copy_file(source, target);
        free(source);
        free(target);
    }
    return rc;
}

static ix_status write_json(const char *path, const json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2)), *line = text ? ix_format("%s\n", text) : NULL;
    ix_status rc = line ? ix_file_write(path, line, strlen(line)) : ix_fail(IX_ENOMEM, "%s: out of memory", path);
    free(text);
    free(line);
    return rc;
}

/* --- tokenizer.json ------------------------------------------------------------------------------- */

static bool lists(const json_t *added, const char *content)
{
    for (size_t i = 0; i < json_array_size(added); i++) {
        const char *text = json_string_value(json_object_get(json_array_get(added, i), "content"));
        if (text && !strcmp(text, content)) return true;
    }
    return false;
}

static ix_status add_tokens(const char *folder, const ix_folder_tokenizer *t)
{
    ix_status rc = IX_OK;
    json_t *root = NULL;
    char *path = ix_format("%s/tokenizer.json", folder);

    IX_TRY(ix_json_open(&root, path));
    if (!json_is_array(json_object_get(root, "added_tokens"))) json_object_set_new(root, "added_tokens", json_array());
    json_t *added = json_object_get(root, "added_tokens");
    for (int i = 0; i < t->tokens; i++) {
        if (lists(added, t->token[i].content)) continue;
        json_t *token = json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", t->token[i].id, "content",
                                  t->token[i].content, "single_word", 0, "lstrip", 0, "rstrip", 0, "normalized",
                                  t->token[i].ordinary, "special", !t->token[i].ordinary);
        IX_NEED(json_array_append_new(added, token) == 0, IX_ENOMEM, "%s: out of memory", path);
    }
    IX_TRY(write_json(path, root));
done:
    json_decref(root);
    free(path);
    return rc;
}

/* --- the files beside it -------------------------------------------------------------------------- */

/* The file was read with all numbers as reals, since some of its whole numbers exceed 64 bits: the others become whole
 * again. jansson bounds how deep values nest. */
static json_t *whole_again(json_t *value)
{
    const char *key;
    size_t i;
    json_t *item;
    double x = json_real_value(value);
    if (json_is_real(value) && x == floor(x) && fabs(x) < 0x1p53) return json_integer((json_int_t)x);
    if (!json_is_object(value) && !json_is_array(value)) return json_incref(value);
    json_t *out = json_is_object(value) ? json_object() : json_array();
    if (json_is_object(value)) {
        json_object_foreach(value, key, item) json_object_set_new(out, key, whole_again(item));
    } else {
        json_array_foreach(value, i, item) json_array_append_new(out, whole_again(item));
    }
    return out;
}

/* Sets texts in FOLDER/NAME; a file that is not there is begun if `make`. */
static ix_status set_texts(const char *folder, const char *name, bool make, const char *pad, const char *chat_template)
{
    ix_status rc = IX_OK;
    json_t *root = NULL, *whole = NULL;
    char *path = ix_format("%s/%s", folder, name);

    if (ix_file_exists(path)) IX_TRY(ix_json_open_reals(&root, path));
    else if (make) root = json_pack("{s:s}", "tokenizer_class", "PreTrainedTokenizerFast");
    else goto done;
    IX_NEED(root && (whole = whole_again(root)), IX_ENOMEM, "%s: out of memory", path);
    if (pad) json_object_set_new(whole, "pad_token", json_string(pad));
    if (chat_template) json_object_set_new(whole, "chat_template", json_string(chat_template));
    IX_TRY(write_json(path, whole));
done:
    json_decref(root);
    json_decref(whole);
    free(path);
    return rc;
}

ix_status ix_tokenizer_files_write(const char *folder, const ix_folder_tokenizer *t)
{
    ix_status rc = IX_OK;
    IX_TRY(copy_companions(t->from, folder));
    if (t->tokens) IX_TRY(add_tokens(folder, t));
    if (t->pad || t->chat_template) IX_TRY(set_texts(folder, "tokenizer_config.json", true, t->pad, t->chat_template));
    if (t->pad) IX_TRY(set_texts(folder, "special_tokens_map.json", false, t->pad, NULL));
done:
    return rc;
}
