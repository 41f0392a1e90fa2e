/* SPDX-License-Identifier: Apache-2.0 */
#include "model/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "model/config_keys.h"
#include "model/tokenizer_files.h"

/* --- config.json ---------------------------------------------------------------------------------- */

/* transformers counts the labels in these two maps. */
static bool add_one_label(json_t *o)
{
    return json_object_set_new(o, "id2label", json_pack("{s:s}", "0", "LABEL_0")) == 0 &&
           json_object_set_new(o, "label2id", json_pack("{s:i}", "LABEL_0", 0)) == 0;
}

/* Text with as few digits as give the same numbers back. Free with free(). */
static char *text_of(const json_t *o)
{
    for (int digits = 6; digits <= 17; digits++) {
        size_t flags = JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION((size_t)digits);
        char *text = json_dumps(o, flags);
        json_t *back = text ? json_loads(text, 0, NULL) : NULL;
        bool same = back && json_equal(o, (json_t *)back);
        json_decref(back);
        if (same) return text;
        free(text);
    }
    return NULL;
}

static ix_status write_config(const char *folder, const ix_model_config *c, const char *architecture)
{
    ix_status rc = IX_OK;
    char *path = ix_format("%s/config.json", folder), *text = NULL, *line = NULL;
    json_t *o = ix_config_json(c, architecture);

    IX_NEED(o, IX_ENOMEM, "%s: out of memory", path);
    if (strstr(architecture, "ForSequenceClassification"))
        IX_NEED(add_one_label(o), IX_ENOMEM, "%s: out of memory", path);
    IX_NEED(text = text_of(o), IX_ENOMEM, "%s: out of memory", path);
    line = ix_format("%s\n", text);
    IX_TRY(ix_file_write(path, line, strlen(line)));
done:
    json_decref(o);
    free(line);
    free(text);
    free(path);
    return rc;
}

/* --- the folder ----------------------------------------------------------------------------------- */

static ix_status refuse_model(const char *folder)
{
    static const char *const marks[] = {"config.json", "model.safetensors", "model.safetensors.index.json"};
    for (int i = 0; i < 3; i++) {
        char *path = ix_format("%s/%s", folder, marks[i]);
        bool there;
        ix_status rc = ix_file_look(path, &there);
        free(path);
        if (rc != IX_OK) return rc;
        if (there) return ix_fail(IX_EINPUT, "%s: already holds a model (%s); name another folder", folder, marks[i]);
    }
    return IX_OK;
}

void ix_folder_forget(const char *folder)
{
    static const char *const files[] = {"config.json", "model.safetensors"};
    for (int i = 0; i < 2; i++) {
        char *path = ix_format("%s/%s", folder, files[i]);
        unlink(path);
        free(path);
    }
}

ix_status ix_folder_write(const char *folder, const ix_model_config *config, const char *architecture,
                          const ix_tensor_out *tensors, int count, const ix_folder_tokenizer *tokenizer)
{
    ix_status rc = IX_OK;
    char *path = ix_format("%s/model.safetensors", folder);
    bool ours = false;

    IX_TRY(refuse_model(folder));
    ours = true;
    IX_TRY(ix_make_folders(folder));
    IX_TRY(ix_safetensors_write(path, tensors, count));
    if (tokenizer && tokenizer->from) IX_TRY(ix_tokenizer_files_write(folder, tokenizer));
    IX_TRY(write_config(folder, config, architecture)); /* last: without it nothing takes the folder for a model */
done:
    if (rc != IX_OK && ours) ix_folder_forget(folder);
    free(path);
    return rc;
}

/* --- identity ------------------------------------------------------------------------------------- */

static ix_status add_file(ix_hash *sum, const char *folder, const char *name)
{
    char hex[IX_HASH_HEX];
    char *path = ix_format("%s/%s", folder, name), *line = NULL;
    ix_status rc = ix_hash_file(path, hex);
    if (rc == IX_OK) {
        line = ix_format("%s  %s\n", hex, name);
        ix_hash_add(sum, line, strlen(line));
    }
    free(line);
    free(path);
    return rc;
}

ix_status ix_folder_hash(const char *folder, char hex[IX_HASH_HEX])
{
    static const char single[] = "model.safetensors", index[] = "model.safetensors.index.json";
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;
    ix_hash *sum = ix_hash_begin();
    char whole[IX_HASH_HEX];

    hex[0] = 0;
    IX_TRY(add_file(sum, folder, "config.json"));
    IX_TRY(ix_safetensors_open(&file, folder));
    for (int i = 0; i < ix_safetensors_files(file); i++) {
        const char *name = strrchr(ix_safetensors_path(file, i), '/') + 1;
        if (i == 0 && strcmp(name, single) != 0) IX_TRY(add_file(sum, folder, index));
        IX_TRY(add_file(sum, folder, name));
    }
done:
    ix_safetensors_close(&file);
    ix_hash_end(sum, whole);
    if (rc == IX_OK) memcpy(hex, whole, sizeof whole);
    return rc;
}

ix_status ix_folder_check_numbers(const char *folder)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;
    int64_t at;

    IX_TRY(ix_safetensors_open(&file, folder));
    for (int i = 0; i < ix_safetensors_count(file); i++) {
        const ix_tensor_view *t = ix_safetensors_at(file, i);
        IX_NEED(ix_tensor_finite(t, &at), IX_EINPUT, "%s: tensor %s holds NaN or infinity at element %lld", t->path,
                t->name, (long long)at);
    }
done:
    ix_safetensors_close(&file);
    return rc;
}
