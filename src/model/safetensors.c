/* SPDX-License-Identifier: Apache-2.0 */
#include "model/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

#define HEADER_MOST ((uint64_t)100000000) /* the reference implementation's limit */
#define SHARDS_MOST 100000                /* what "-00001-of-99999" can count */

struct ix_safetensors {
    ix_map *map;
    char **path; /* sorted */
    int files;
    ix_tensor_view *tensor; /* sorted by name; the names are ours */
    int count, capacity;
};

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
#define P(name, text, bytes) {text, bytes},
    IX_DTYPES(P)
#undef P
};

const char *ix_dtype_name(ix_dtype dtype)
{
    IX_CONTRACT(dtype >= 0 && dtype < IX_DTYPE_COUNT);
    return dtypes[dtype].name;
}

/* --- one entry of the header ---------------------------------------------------------------------- */

static ix_status read_dtype(ix_tensor_view *t, const json_t *entry)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    if (!text) return ix_fail(IX_EINPUT, "%s: tensor %s: dtype is missing", t->path, t->name);
    for (int i = 0; i < IX_DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, text) != 0) continue;
        t->dtype = (ix_dtype)i;
        return IX_OK;
    }
    return ix_fail(IX_EINPUT, "%s: tensor %s: dtype \"%.40s\" is not known; save it as F32, F16 or BF16", t->path,
                   t->name, text);
}

static ix_status read_shape(ix_tensor_view *t, const json_t *entry)
{
    const json_t *shape = json_object_get(entry, "shape");
    size_t dims = json_array_size(shape);

    if (!json_is_array(shape)) return ix_fail(IX_EINPUT, "%s: tensor %s: shape is missing", t->path, t->name);
    if (dims > IX_TENSOR_DIMS)
        return ix_fail(IX_EINPUT, "%s: tensor %s: %zu dimensions, at most %d are read", t->path, t->name, dims,
                       IX_TENSOR_DIMS);
    t->dims = (int)dims;
    t->count = 1;
    for (size_t i = 0; i < dims; i++) {
        const json_t *n = json_array_get(shape, i);
        if (!json_is_integer(n) || json_integer_value(n) < 0)
            return ix_fail(IX_EINPUT, "%s: tensor %s: shape[%zu] is not a size", t->path, t->name, i);
        t->shape[i] = json_integer_value(n);
        if (__builtin_mul_overflow(t->count, t->shape[i], &t->count))
            return ix_fail(IX_EINPUT, "%s: tensor %s: the shape's product overflows", t->path, t->name);
    }
    if (__builtin_mul_overflow(t->count, dtypes[t->dtype].bytes, &t->size))
        return ix_fail(IX_EINPUT, "%s: tensor %s: the shape's bytes overflow", t->path, t->name);
    return IX_OK;
}

/* Where the tensor lies in the `room` bytes behind the header. */
static ix_status read_offsets(ix_tensor_view *t, const json_t *entry, const unsigned char *data, size_t room)
{
    const json_t *pair = json_object_get(entry, "data_offsets");
    const json_t *lo = json_array_get(pair, 0), *hi = json_array_get(pair, 1);

    if (json_array_size(pair) != 2 || !json_is_integer(lo) || !json_is_integer(hi))
        return ix_fail(IX_EINPUT, "%s: tensor %s: data_offsets must be two whole numbers", t->path, t->name);
    int64_t begin = json_integer_value(lo), end = json_integer_value(hi);
    if (begin < 0 || end < begin || (uint64_t)end > room)
        return ix_fail(IX_EINPUT,
                       "%s: tensor %s: bytes [%lld, %lld) are not inside the %zu bytes of data; is the file cut?",
                       t->path, t->name, (long long)begin, (long long)end, room);
    if ((uint64_t)(end - begin) != t->size)
        return ix_fail(IX_EINPUT, "%s: tensor %s: shape and dtype need %zu bytes, data_offsets give %lld", t->path,
                       t->name, t->size, (long long)(end - begin));
    t->bytes = data + begin;
    return IX_OK;
}

/* Grows by doubling. */
static ix_status append(ix_safetensors *s, const char *name, const char *path)
{
    ix_status rc = IX_OK;
    char *copy = NULL;

    if (s->count == s->capacity) {
        int capacity = s->capacity ? 2 * s->capacity : 64;
        ix_tensor_view *more = realloc(s->tensor, (size_t)capacity * sizeof *more);
        IX_NEED(more, IX_ENOMEM, "%s: out of memory", path);
        s->tensor = more;
        s->capacity = capacity;
    }
    IX_NEED(copy = strdup(name), IX_ENOMEM, "%s: out of memory", path);
    s->tensor[s->count++] = (ix_tensor_view){.name = copy, .path = path};
done:
    return rc;
}

static ix_status check_metadata(const json_t *metadata, const char *path)
{
    const char *key;
    json_t *value;

    if (!json_is_object(metadata)) return ix_fail(IX_EINPUT, "%s: __metadata__ is not an object", path);
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!json_is_string(value)) return ix_fail(IX_EINPUT, "%s: __metadata__.%s is not a string", path, key);
    }
    return IX_OK;
}

/* --- one file ------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const ix_tensor_view *s = a, *t = b;
    if (s->bytes != t->bytes) return s->bytes < t->bytes ? -1 : 1;
    return s->size < t->size ? -1 : s->size > t->size;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ix_tensor_view *)a)->name, ((const ix_tensor_view *)b)->name);
}

/* The tensors [first, count) of one file, sorted by place, must cover its data exactly. */
static ix_status check_cover(const ix_safetensors *s, int first, const unsigned char *data, size_t room,
                             const char *path)
{
    size_t at = 0;
    for (int i = first; i < s->count; i++) {
        const ix_tensor_view *t = &s->tensor[i];
        size_t begin = (size_t)(t->bytes - data);
        if (begin < at)
            return ix_fail(IX_EINPUT, "%s: tensor %s overlaps tensor %s", path, t->name, s->tensor[i - 1].name);
        if (begin > at)
            return ix_fail(IX_EINPUT, "%s: tensor %s: the %zu bytes before it belong to no tensor", path, t->name,
                           begin - at);
        at = begin + t->size;
    }
    if (at == room) return IX_OK;
    return ix_fail(IX_EINPUT, "%s: %zu bytes after the last tensor%s%s belong to no tensor", path, room - at,
                   s->count > first ? " " : "", s->count > first ? s->tensor[s->count - 1].name : "");
}

static ix_status read_entries(ix_safetensors *s, const json_t *header, const unsigned char *data, size_t room,
                              const char *path)
{
    ix_status rc = IX_OK;
    int first = s->count;
    const char *name;
    json_t *entry;

    json_object_foreach((json_t *)(uintptr_t)header, name, entry)
    {
        if (!strcmp(name, "__metadata__")) {
            IX_TRY(check_metadata(entry, path));
            continue;
        }
        IX_NEED(json_is_object(entry), IX_EINPUT, "%s: tensor %s: its entry is not an object", path, name);
        IX_TRY(append(s, name, path));
        ix_tensor_view *t = &s->tensor[s->count - 1];
        IX_TRY(read_dtype(t, entry));
        IX_TRY(read_shape(t, entry));
        IX_TRY(read_offsets(t, entry, data, room));
    }
    if (s->count > first) qsort(s->tensor + first, (size_t)(s->count - first), sizeof *s->tensor, by_place);
    IX_TRY(check_cover(s, first, data, room, path));
done:
    return rc;
}

static uint64_t little_u64(const unsigned char *p)
{
    uint64_t n = 0;
    for (int i = 7; i >= 0; i--) n = n << 8 | p[i];
    return n;
}

static ix_status read_header(ix_safetensors *s, ix_map map, const char *path)
{
    ix_status rc = IX_OK;
    json_t *header = NULL;
    char *where = ix_format("%s: header", path);

    IX_NEED(map.size >= 8, IX_EINPUT, "%s: %zu bytes are too few for a safetensors file", path, map.size);
    uint64_t length = little_u64(map.bytes);
    IX_NEED(length <= HEADER_MOST, IX_EINPUT,
            "%s: the header claims %llu bytes, at most 100 MB are allowed; is this a safetensors file?", path,
            (unsigned long long)length);
    IX_NEED(length <= map.size - 8, IX_EINPUT, "%s: the header claims %llu bytes, the file has %zu; is it cut?", path,
            (unsigned long long)length, map.size);
    IX_NEED(length > 0 && map.bytes[8] == '{', IX_EINPUT, "%s: the header does not begin with {", path);
    IX_TRY(ix_json_parse(&header, (const char *)map.bytes + 8, (size_t)length, where));
    IX_TRY(read_entries(s, header, map.bytes + 8 + length, map.size - 8 - (size_t)length, path));
done:
    json_decref(header);
    free(where);
    return rc;
}

/* Takes ownership of paths[files], sorted, in every case. */
static ix_status open_paths(ix_safetensors **out, char **paths, int files)
{
    ix_status rc = IX_OK;
    ix_safetensors *s = calloc(1, sizeof *s);
    ix_map *map = calloc((size_t)files + 1, sizeof *map);

    *out = NULL;
    if (!s || !map) {
        for (int i = 0; i < files; i++) free(paths[i]);
        free(paths);
        free(map);
        free(s);
        return ix_fail(IX_ENOMEM, "weights: out of memory");
    }
    *s = (ix_safetensors){.map = map, .path = paths, .files = files};
    for (int i = 0; i < files; i++) {
        IX_TRY(ix_map_open(&map[i], paths[i]));
        IX_TRY(read_header(s, map[i], paths[i]));
    }
    if (s->count) qsort(s->tensor, (size_t)s->count, sizeof *s->tensor, by_name);
    *out = s;
    s = NULL;
done:
    ix_safetensors_close(&s);
    return rc;
}

ix_status ix_safetensors_open_file(ix_safetensors **out, const char *path)
{
    *out = NULL;
    char **paths = malloc(sizeof *paths), *copy = strdup(path);
    if (!paths || !copy) {
        free(paths);
        free(copy);
        return ix_fail(IX_ENOMEM, "%s: out of memory", path);
    }
    paths[0] = copy;
    return open_paths(out, paths, 1);
}

void ix_safetensors_close(ix_safetensors **file)
{
    ix_safetensors *s = *file;
    if (!s) return;
    for (int i = 0; i < s->count; i++) free((char *)(uintptr_t)s->tensor[i].name);
    for (int i = 0; i < s->files; i++) {
        ix_map_close(&s->map[i]);
        free(s->path[i]);
    }
    free(s->tensor);
    free(s->map);
    free(s->path);
    free(s);
    *file = NULL;
}

/* --- a folder with shards ------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name of a shard must stay inside the folder. */
static ix_status check_shard(const char *tensor, const json_t *shard, const char *index)
{
    const char *name = json_string_value(shard);
    if (!name || !name[0] || strlen(name) != json_string_length(shard))
        return ix_fail(IX_EINPUT, "%s: weight_map.%s must name a file", index, tensor);
    if (strchr(name, '/') || strlen(name) > 255)
        return ix_fail(IX_EINPUT, "%s: weight_map.%s: %.300s is not the name of a file beside the index", index, tensor,
                       name);
    return IX_OK;
}

/* Paths of the distinct shards of the map, sorted. */
static ix_status list_shards(char ***out, int *files, json_t *map, const char *folder, const char *index)
{
    ix_status rc = IX_OK;
    json_t *seen = json_object(), *shard;
    const char *tensor, *name;
    char **paths = NULL;
    int n = 0;

    IX_NEED(seen, IX_ENOMEM, "%s: out of memory", index);
    json_object_foreach(map, tensor, shard)
    {
        IX_TRY(check_shard(tensor, shard, index));
        IX_NEED(json_object_set_new(seen, json_string_value(shard), json_null()) == 0, IX_ENOMEM, "%s: out of memory",
                index);
    }
    IX_NEED(json_object_size(seen) <= SHARDS_MOST, IX_EINPUT, "%s: more than %d shards", index, SHARDS_MOST);
    IX_NEED(paths = calloc(json_object_size(seen) + 1, sizeof *paths), IX_ENOMEM, "%s: out of memory", index);
    json_object_foreach(seen, name, shard) paths[n++] = ix_format("%s/%s", folder, name);
    qsort(paths, (size_t)n, sizeof *paths, by_text);
    *out = paths;
    *files = n;
done:
    json_decref(seen);
    return rc;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Index and shards must tell the same story. */
static ix_status check_index(const ix_safetensors *s, json_t *map, const char *index)
{
    const char *name;
    json_t *shard;

    for (int i = 0; i < s->count; i++) {
        const ix_tensor_view *t = &s->tensor[i];
        const char *want = json_string_value(json_object_get(map, t->name));
        if (i && !strcmp(s->tensor[i - 1].name, t->name))
            return ix_fail(IX_EINPUT, "%s: tensor %s is in %s as well", t->path, t->name, s->tensor[i - 1].path);
        if (!want) return ix_fail(IX_EINPUT, "%s: tensor %s is not in the weight_map of %s", t->path, t->name, index);
        if (strcmp(want, last_part(t->path)) != 0)
            return ix_fail(IX_EINPUT, "%s: tensor %s belongs into %s by %s", t->path, t->name, want, index);
    }
    json_object_foreach(map, name, shard)
    {
        if (!ix_safetensors_find(s, name))
            return ix_fail(IX_EINPUT, "%s: tensor %s is not in %s", index, name, json_string_value(shard));
    }
    return IX_OK;
}

static ix_status open_shards(ix_safetensors **out, const char *folder, const char *index)
{
    ix_status rc = IX_OK;
    json_t *root = NULL;
    ix_safetensors *s = NULL;
    char **paths = NULL;
    int files = 0;

    IX_TRY(ix_json_open(&root, index));
    json_t *map = json_object_get(root, "weight_map");
    IX_NEED(json_is_object(map) && json_object_size(map), IX_EINPUT, "%s: weight_map is missing or empty", index);
    IX_TRY(list_shards(&paths, &files, map, folder, index));
    IX_TRY(open_paths(&s, paths, files));
    IX_TRY(check_index(s, map, index));
    *out = s;
    s = NULL;
done:
    ix_safetensors_close(&s);
    json_decref(root);
    return rc;
}

static bool has(const char *folder, const char *name)
{
    char *path = ix_format("%s/%s", folder, name);
    bool there = ix_file_exists(path);
    free(path);
    return there;
}

static ix_status say_no_weights(const char *folder)
{
    if (!ix_is_folder(folder)) return ix_fail(IX_EINPUT, "%s: no such folder", folder);
    if (has(folder, "pytorch_model.bin") || has(folder, "pytorch_model.bin.index.json"))
        return ix_fail(IX_EINPUT,
                       "%s: only pytorch_model.bin, not model.safetensors; save it again with transformers' "
                       "save_pretrained",
                       folder);
    if (has(folder, "adapter_model.safetensors"))
        return ix_fail(IX_EINPUT,
                       "%s: only an adapter, not model.safetensors; merge it into its base model (peft's "
                       "merge_and_unload) and save that",
                       folder);
    return ix_fail(IX_EINPUT, "%s: neither model.safetensors nor model.safetensors.index.json", folder);
}

ix_status ix_safetensors_open(ix_safetensors **out, const char *folder)
{
    char *single = ix_format("%s/model.safetensors", folder), *index = ix_format("%s.index.json", single);
    ix_status rc;

    *out = NULL;
    if (ix_file_exists(single)) rc = ix_safetensors_open_file(out, single);
    else if (ix_file_exists(index)) rc = open_shards(out, folder, index);
    else rc = say_no_weights(folder);
    free(single);
    free(index);
    return rc;
}

/* --- looking -------------------------------------------------------------------------------------- */

int ix_safetensors_count(const ix_safetensors *file)
{
    return file->count;
}

const ix_tensor_view *ix_safetensors_at(const ix_safetensors *file, int i)
{
    IX_CONTRACT(i >= 0 && i < file->count);
    return &file->tensor[i];
}

const ix_tensor_view *ix_safetensors_find(const ix_safetensors *file, const char *name)
{
    ix_tensor_view key = {.name = name};
    if (!file->count) return NULL;
    return bsearch(&key, file->tensor, (size_t)file->count, sizeof key, by_name);
}

int ix_safetensors_files(const ix_safetensors *file)
{
    return file->files;
}

const char *ix_safetensors_path(const ix_safetensors *file, int i)
{
    IX_CONTRACT(i >= 0 && i < file->files);
    return file->path[i];
}
