/* SPDX-License-Identifier: Apache-2.0 */
#include "store/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

#define LIST "COMPLETE"
enum { SCHEMA = 1, MOST_FILES = 1 << 20 };

/* --- folders ---------------------------------------------------------------------------------------------- */

typedef struct {
    char *path;
    int64_t step, again;
    bool complete;
} folder;

/* "step-12" or "step-12.3". */
static bool read_name(const char *name, int64_t *step, int64_t *again)
{
    long long s = 0, k = 0;
    int end = 0;
    *again = 0;
    if (sscanf(name, "step-%lld%n", &s, &end) != 1 || s < 0) return false;
    if (name[end]) {
        int more = 0;
        if (sscanf(name + end, ".%lld%n", &k, &more) != 1 || k < 1 || name[end + more]) return false;
    }
    *step = s;
    *again = k;
    return true;
}

static int latest_first(const void *a, const void *b)
{
    const folder *x = a, *y = b;
    if (x->step != y->step) return x->step > y->step ? -1 : 1;
    return x->again > y->again ? -1 : x->again < y->again;
}

static void free_folders(folder *list, int n)
{
    for (int i = 0; i < n; i++) free(list[i].path);
    free(list);
}

static ix_status add_folder(folder **list, int *n, const char *parent, const char *name)
{
    folder f = {.complete = false}, *more;
    if (!read_name(name, &f.step, &f.again)) return IX_OK;
    more = realloc(*list, ((size_t)*n + 1) * sizeof *more);
    if (!more) return ix_fail(IX_ENOMEM, "checkpoints: out of memory");
    *list = more;
    f.path = ix_format("%s/%s", parent, name);
    char *complete = ix_format("%s/" LIST, f.path);
    f.complete = ix_file_exists(complete);
    free(complete);
    more[(*n)++] = f;
    return IX_OK;
}

/* Finished and unfinished ones, the latest first. */
static ix_status list_folders(folder **list, int *n, const char *run_folder)
{
    ix_status rc = IX_OK;
    DIR *dir = opendir(run_folder);

    *list = NULL;
    *n = 0;
    IX_NEED(dir || errno == ENOENT, IX_EIO, "%s: %s", run_folder, strerror(errno));
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
        IX_TRY(add_folder(list, n, run_folder, e->d_name));
    if (*n) qsort(*list, (size_t)*n, sizeof **list, latest_first);
done:
    if (dir) closedir(dir);
    if (rc != IX_OK) free_folders(*list, *n);
    return rc;
}

/* COMPLETE first: a folder that is half removed must not count. */
static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) return;
    unlinkat(dirfd(dir), LIST, 0);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    rmdir(path);
}

ix_status ix_checkpoint_place(char path[IX_CHECKPOINT_PATH], const char *run_folder, int64_t step)
{
    ix_status rc = IX_OK;
    folder *list = NULL;
    int n = 0, used;
    int64_t again = 0;

    IX_TRY(list_folders(&list, &n, run_folder));
    for (int i = 0; i < n; i++) {
        if (!list[i].complete) remove_folder(list[i].path);
        else if (list[i].step == step && list[i].again >= again) again = list[i].again + 1;
    }
    used = snprintf(path, IX_CHECKPOINT_PATH, "%s/step-%lld", run_folder, (long long)step);
    if (again) used += snprintf(path + used, IX_CHECKPOINT_PATH - (size_t)used, ".%lld", (long long)again);
    IX_CONTRACT(used < IX_CHECKPOINT_PATH);
done:
    free_folders(list, n);
    return rc;
}

ix_status ix_checkpoint_list(char ***paths, int *count, const char *run_folder)
{
    ix_status rc = IX_OK;
    folder *list = NULL;
    int n = 0;

    *paths = NULL;
    *count = 0;
    IX_TRY(list_folders(&list, &n, run_folder));
    IX_NEED(*paths = calloc((size_t)n + 1, sizeof **paths), IX_ENOMEM, "checkpoints: out of memory");
    for (int i = 0; i < n; i++)
        if (list[i].complete) (*paths)[(*count)++] = ix_format("%s", list[i].path);
done:
    free_folders(list, n);
    return rc;
}

void ix_checkpoint_paths_free(char **paths, int count)
{
    for (int i = 0; i < count; i++) free(paths[i]);
    free(paths);
}

void ix_checkpoint_tidy(const char *run_folder, int keep)
{
    folder *list = NULL;
    int n = 0;
    if (list_folders(&list, &n, run_folder) != IX_OK) return;
    for (int i = 0; i < n; i++)
        if (!list[i].complete || --keep < 0) remove_folder(list[i].path);
    rmdir(run_folder); /* only if nothing is left in it */
    free_folders(list, n);
}

/* --- COMPLETE --------------------------------------------------------------------------------------------- */

/* Of everything but the checksum itself. */
static ix_status sum_up(json_t *j, char hex[IX_HASH_HEX])
{
    json_object_del(j, "checksum");
    char *text = json_dumps(j, JSON_PRESERVE_ORDER | JSON_COMPACT);
    if (!text) return ix_fail(IX_ENOMEM, "checkpoint: out of memory");
    ix_hash_bytes(text, strlen(text), hex);
    free(text);
    return IX_OK;
}

static json_t *pack_file(const ix_checkpoint_file *f)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I}", "file", f->name, "block", f->block, "seal", f->seal, "data",
                     (json_int_t)f->data, "tensor", (json_int_t)f->tensor, "first", (json_int_t)f->first, "last",
                     (json_int_t)f->last);
}

ix_status ix_checkpoint_complete(const ix_checkpoint *c)
{
    ix_status rc = IX_OK;
    char hex[IX_HASH_HEX], *text = NULL, *path = ix_format("%s/" LIST, c->path);
    json_t *files = json_array(),
           *j = json_pack("{s:i, s:s, s:I, s:I, s:I}", "schema", SCHEMA, "run_id", c->run_id, "step",
                          (json_int_t)c->step, "data", (json_int_t)c->data, "tensor", (json_int_t)c->tensor);

    for (int i = 0; i < c->count; i++) json_array_append_new(files, pack_file(&c->file[i]));
    IX_NEED(j && json_object_set(j, "files", files) == 0, IX_ENOMEM, "checkpoint: out of memory");
    IX_NEED(json_array_size(files) == (size_t)c->count, IX_ENOMEM, "checkpoint: out of memory");
    IX_TRY(sum_up(j, hex));
    IX_NEED(json_object_set_new(j, "checksum", json_string(hex)) == 0, IX_ENOMEM, "checkpoint: out of memory");
    IX_NEED(text = json_dumps(j, JSON_PRESERVE_ORDER | JSON_INDENT(1)), IX_ENOMEM, "checkpoint: out of memory");
    IX_TRY(ix_file_write(path, text, strlen(text)));
done:
    free(text);
    free(path);
    json_decref(files);
    json_decref(j);
    return rc;
}

static ix_status copy_text(char *out, size_t capacity, const char *text, const char *where)
{
    if (strlen(text) >= capacity) return ix_fail(IX_EINPUT, "%s: a name is too long", where);
    strcpy(out, text);
    return IX_OK;
}

static ix_status read_file(ix_checkpoint_file *f, const json_t *j, const char *where)
{
    ix_status rc = IX_OK;
    const char *name, *seal, *block;
    IX_TRY(ix_json_text(j, "file", where, true, NULL, &name));
    IX_TRY(ix_json_text(j, "block", where, true, NULL, &block));
    IX_TRY(copy_text(f->block, sizeof f->block, block, where));
    IX_TRY(ix_json_text(j, "seal", where, true, NULL, &seal));
    IX_TRY(copy_text(f->name, sizeof f->name, name, where));
    IX_TRY(copy_text(f->seal, sizeof f->seal, seal, where));
    IX_NEED(!strchr(f->name, '/'), IX_EINPUT, "%s: %s is no name of a file", where, f->name);
    IX_TRY(ix_json_int(j, "data", where, true, 0, &f->data));
    IX_TRY(ix_json_int(j, "tensor", where, true, 0, &f->tensor));
    IX_TRY(ix_json_int(j, "first", where, true, 0, &f->first));
    IX_TRY(ix_json_int(j, "last", where, true, 0, &f->last));
done:
    return rc;
}

static ix_status read_files(ix_checkpoint *c, const json_t *j, const char *where)
{
    ix_status rc = IX_OK;
    const json_t *files = json_object_get(j, "files");
    size_t n = json_array_size(files);

    IX_NEED(json_is_array(files) && n < MOST_FILES, IX_EINPUT, "%s: files: a list is expected", where);
    IX_NEED(c->file = calloc(n + 1, sizeof *c->file), IX_ENOMEM, "%s: out of memory", where);
    for (; (size_t)c->count < n; c->count++)
        IX_TRY(read_file(&c->file[c->count], json_array_get(files, (size_t)c->count), where));
done:
    return rc;
}

static ix_status check_sum(json_t *j, const char *where)
{
    ix_status rc = IX_OK;
    char given[IX_HASH_HEX] = "", computed[IX_HASH_HEX];
    const char *text;
    int64_t schema;

    IX_TRY(ix_json_text(j, "checksum", where, true, NULL, &text));
    IX_TRY(copy_text(given, sizeof given, text, where));
    IX_TRY(sum_up(j, computed));
    IX_NEED(!strcmp(given, computed), IX_EINPUT, "%s: damaged: its checksum is wrong", where);
    IX_TRY(ix_json_int(j, "schema", where, true, 0, &schema));
    IX_NEED(schema == SCHEMA, IX_EINPUT, "%s: of another version of impex", where);
done:
    return rc;
}

ix_status ix_checkpoint_open(ix_checkpoint *out, const char *path)
{
    ix_status rc = IX_OK;
    char *where = ix_format("%s/" LIST, path);
    const char *run, *name = strrchr(path, '/');
    json_t *j = NULL;

    *out = (ix_checkpoint){0};
    IX_TRY(copy_text(out->path, sizeof out->path, path, where));
    IX_NEED(read_name(name ? name + 1 : path, &out->step, &out->again), IX_EINPUT, "%s: is not named as a checkpoint",
            path);
    IX_TRY(ix_json_open(&j, where));
    IX_TRY(check_sum(j, where));
    IX_TRY(ix_json_text(j, "run_id", where, true, NULL, &run));
    IX_TRY(copy_text(out->run_id, sizeof out->run_id, run, where));
    IX_TRY(ix_json_int(j, "step", where, true, 0, &out->step));
    IX_TRY(ix_json_int(j, "data", where, true, 0, &out->data));
    IX_TRY(ix_json_int(j, "tensor", where, true, 0, &out->tensor));
    IX_TRY(read_files(out, j, where));
done:
    json_decref(j);
    free(where);
    if (rc != IX_OK) ix_checkpoint_free(out);
    return rc;
}

void ix_checkpoint_free(ix_checkpoint *c)
{
    free(c->file);
    *c = (ix_checkpoint){0};
}
