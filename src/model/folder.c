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

/* One of several looks at a folder that need not wait for each other: a file is hashed, or a tensor is looked through.
 * A message belongs to its thread, so a look takes a copy along. */
typedef struct {
    char *path;       /* NULL: a tensor */
    const char *name; /* of the file in its folder */
    const ix_tensor_view *t;
    char hex[IX_HASH_HEX];
    ix_status rc;
    char *error;
} look;

static ix_status look_through(const ix_tensor_view *t)
{
    int64_t at;
    if (ix_tensor_finite(t, &at)) return IX_OK;
    return ix_fail(IX_EINPUT, "%s: tensor %s holds NaN or infinity at element %lld", t->path, t->name, (long long)at);
}

static void take_look(look *l)
{
    l->rc = l->path ? ix_hash_file(l->path, l->hex) : look_through(l->t);
    if (l->rc != IX_OK) l->error = ix_format("%s", ix_message());
}

/* What to look at. */
typedef enum { FILES = 1, NUMBERS = 2 } wish;

/* config.json, the index where there is one, the weights; then every tensor. */
static int list_looks(look *l, const char *folder, const ix_safetensors *file, int wishes)
{
    static const char single[] = "model.safetensors", index[] = "model.safetensors.index.json";
    int n = 0;
    if (wishes & FILES) l[n++].name = "config.json";
    for (int i = 0; wishes & FILES && i < ix_safetensors_files(file); i++) {
        const char *name = strrchr(ix_safetensors_path(file, i), '/') + 1;
        if (i == 0 && strcmp(name, single) != 0) l[n++].name = index;
        l[n++].name = name;
    }
    for (int i = 0; i < n; i++) l[i].path = ix_format("%s/%s", folder, l[i].name);
    for (int i = 0; wishes & NUMBERS && i < ix_safetensors_count(file); i++) l[n++].t = ix_safetensors_at(file, i);
    return n;
}

/* The first that is wrong, in the order of the list, is what is said. */
static ix_status sum_looks(const look *l, int n, char hex[IX_HASH_HEX])
{
    ix_status rc = IX_OK;
    ix_hash *sum = ix_hash_begin();
    char whole[IX_HASH_HEX], *line;

    for (int i = 0; i < n; i++) {
        IX_NEED(l[i].rc == IX_OK, l[i].rc, "%s", l[i].error);
        if (!l[i].path) continue;
        line = ix_format("%s  %s\n", l[i].hex, l[i].name);
        ix_hash_add(sum, line, strlen(line));
        free(line);
    }
done:
    ix_hash_end(sum, whole);
    if (rc == IX_OK) memcpy(hex, whole, sizeof whole);
    return rc;
}

static ix_status look_at(const char *folder, int wishes, char hex[IX_HASH_HEX])
{
    ix_status rc = IX_OK;
    char *config = ix_format("%s/config.json", folder);
    ix_safetensors *file = NULL;
    look *l = NULL;
    int n = 0;

    hex[0] = 0;
    if (wishes & FILES) IX_TRY(ix_hash_file(config, hex)); /* without it the folder is no model */
    hex[0] = 0;
    IX_TRY(ix_safetensors_open(&file, folder));
    l = calloc((size_t)(ix_safetensors_files(file) + ix_safetensors_count(file)) + 2, sizeof *l);
    IX_NEED(l, IX_ENOMEM, "%s: out of memory", folder);
    n = list_looks(l, folder, file, wishes);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n; i++) take_look(&l[i]);
    IX_TRY(sum_looks(l, n, hex));
done:
    for (int i = 0; i < n; i++) {
        free(l[i].path);
        free(l[i].error);
    }
    free(l);
    free(config);
    ix_safetensors_close(&file);
    return rc;
}

ix_status ix_folder_hash(const char *folder, char hex[IX_HASH_HEX])
{
    return look_at(folder, FILES, hex);
}

ix_status ix_folder_hash_numbers(const char *folder, char hex[IX_HASH_HEX])
{
    return look_at(folder, FILES | NUMBERS, hex);
}

ix_status ix_folder_check_numbers(const char *folder)
{
    char none[IX_HASH_HEX];
    return look_at(folder, NUMBERS, none);
}
