/* SPDX-License-Identifier: Apache-2.0 */
#include "store/result.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "store/parts.h"

#define MOST_VALUES ((int64_t)1 << 30)

/* One more zeroed element at the end of an array; NULL when there is no memory. */
static void *grow(void **array, int *count, size_t each)
{
    char *more = realloc(*array, (size_t)(*count + 1) * each);
    if (!more) return NULL;
    *array = more;
    char *last = more + (size_t)(*count)++ * each;
    memset(last, 0, each);
    return last;
}

static ix_status check_utf8(const char *what, const char *text)
{
    json_t *copy = json_string(text);
    if (!copy) return ix_fail(IX_EINPUT, "result: %s is not UTF-8 text", what);
    json_decref(copy);
    return IX_OK;
}

static void free_dataset(ix_dataset *d)
{
    free(d->name);
    free(d->units);
    free(d->about);
    free(d->values);
}

void ix_part_clear(ix_part *p)
{
    for (int i = 0; i < p->attribute_count; i++) {
        free(p->attributes[i].name);
        free(p->attributes[i].text);
    }
    for (int i = 0; i < p->dataset_count; i++) free_dataset(&p->datasets[i]);
    free(p->attributes);
    free(p->datasets);
    free(p->path);
    *p = (ix_part){0};
}

void ix_result_destroy(ix_result **r)
{
    if (!*r) return;
    for (int i = 0; i < (*r)->part_count; i++) ix_part_clear(&(*r)->parts[i]);
    free((*r)->parts);
    free(*r);
    *r = NULL;
}

ix_part *ix_result_part(const ix_result *r, const char *path)
{
    for (int i = 0; i < r->part_count; i++)
        if (strcmp(r->parts[i].path, path) == 0) return &r->parts[i];
    return NULL;
}

/* The part of that path, made with its parents if need be. */
static ix_status need_part(ix_result *r, const char *path, ix_part **out)
{
    ix_status rc = IX_OK;
    const char *slash = strrchr(path, '/');
    char *parent = NULL;

    if ((*out = ix_result_part(r, path))) return IX_OK;
    if (slash) {
        parent = ix_format("%.*s", (int)(slash - path), path);
        IX_TRY(need_part(r, parent, out));
    }
    *out = grow((void **)&r->parts, &r->part_count, sizeof *r->parts);
    IX_NEED(*out, IX_ENOMEM, "result: no memory for another group");
    (*out)->path = ix_format("%s", path);
done:
    free(parent);
    return rc;
}

ix_attribute *ix_part_attribute(const ix_part *part, const char *name)
{
    for (int i = 0; i < part->attribute_count; i++)
        if (strcmp(part->attributes[i].name, name) == 0) return &part->attributes[i];
    return NULL;
}

static ix_status put_attribute(ix_part *p, const char *name, ix_attribute value)
{
    ix_status rc = IX_OK;
    ix_attribute *a = ix_part_attribute(p, name);

    if (value.text) IX_TRY(check_utf8(name, value.text));
    if (!a) {
        a = grow((void **)&p->attributes, &p->attribute_count, sizeof *a);
        IX_NEED(a, IX_ENOMEM, "result: no memory for attribute %s", name);
        a->name = ix_format("%s", name);
    }
    free(a->text);
    value.name = a->name;
    value.text = value.text ? ix_format("%s", value.text) : NULL;
    *a = value;
done:
    return rc;
}

static ix_status put_root(ix_result *r, const char *name, ix_attribute value)
{
    ix_part *root;
    ix_status rc = need_part(r, "", &root);
    return rc == IX_OK ? put_attribute(root, name, value) : rc;
}

ix_status ix_result_text(ix_result *r, const char *name, const char *value)
{
    return put_root(r, name, (ix_attribute){.kind = IX_TEXT, .text = (char *)(uintptr_t)value});
}

ix_status ix_result_int(ix_result *r, const char *name, int64_t value)
{
    return put_root(r, name, (ix_attribute){.kind = IX_INT, .i = value});
}

ix_status ix_result_real(ix_result *r, const char *name, double value)
{
    return put_root(r, name, (ix_attribute){.kind = IX_REAL, .x = value});
}

ix_status ix_result_create(ix_result **out)
{
    ix_status rc = IX_OK;
    ix_result *r;

    *out = NULL;
    IX_NEED(r = calloc(1, sizeof *r), IX_ENOMEM, "result: no memory");
    *out = r;
    IX_TRY(ix_result_text(r, "content", IX_RESULT_CONTENT));
    IX_TRY(ix_result_int(r, "schema", IX_RESULT_SCHEMA));
done:
    if (rc != IX_OK) ix_result_destroy(out);
    return rc;
}

ix_status ix_result_check_name(const char *name)
{
    ix_status rc = IX_OK;
    IX_NEED(name[0], IX_EINPUT, "a name is empty");
    IX_TRY(check_utf8("a name", name));
    IX_NEED(strlen(name) <= 200, IX_EINPUT, "name %.40s... is longer than 200 bytes", name);
    IX_NEED(!strchr(name, '/'), IX_EINPUT, "name %s contains a '/'", name);
    IX_NEED(strcmp(name, ".") != 0 && strcmp(name, "..") != 0, IX_EINPUT, "%s cannot be a name", name);
done:
    return rc;
}

ix_status ix_result_add_set(ix_result *r, const ix_result_set *set)
{
    ix_status rc = IX_OK;
    ix_part *p;
    char *path = NULL;
    const char *group = set->group ? set->group : set->name;

    IX_TRY(ix_result_check_name(set->name));
    path = ix_format("eval/%s", set->name);
    IX_TRY(need_part(r, path, &p));
    IX_TRY(put_attribute(p, "category", (ix_attribute){.kind = IX_TEXT, .text = (char *)(uintptr_t)set->category}));
    IX_TRY(put_attribute(p, "group", (ix_attribute){.kind = IX_TEXT, .text = (char *)(uintptr_t)group}));
    if (set->about)
        IX_TRY(put_attribute(p, "about", (ix_attribute){.kind = IX_TEXT, .text = (char *)(uintptr_t)set->about}));
    if (set->hash)
        IX_TRY(put_attribute(p, "hash", (ix_attribute){.kind = IX_TEXT, .text = (char *)(uintptr_t)set->hash}));
    IX_TRY(put_attribute(p, "count", (ix_attribute){.kind = IX_INT, .i = set->count}));
    IX_TRY(put_attribute(p, "dropped", (ix_attribute){.kind = IX_INT, .i = set->dropped}));
done:
    free(path);
    return rc;
}

ix_status ix_result_set_int(ix_result *r, const char *set, const char *name, int64_t value)
{
    ix_status rc = IX_OK;
    ix_part *p;
    char *path = ix_format("eval/%s", set);
    IX_TRY(need_part(r, path, &p));
    IX_TRY(put_attribute(p, name, (ix_attribute){.kind = IX_INT, .i = value}));
done:
    free(path);
    return rc;
}

int64_t ix_dataset_size(const ix_dataset *d)
{
    int64_t n = 1;
    for (int i = 0; i < ix_field_rank(d->row); i++) n *= d->shape[i];
    return n;
}

/* Pointers first, the texts behind them: one block, one free(). */
static ix_status copy_texts(const char *name, const char *const *texts, int64_t n, void **out)
{
    ix_status rc = IX_OK;
    size_t bytes = (size_t)n * sizeof(char *);

    for (int64_t i = 0; i < n; i++) {
        IX_TRY(check_utf8(name, texts[i]));
        bytes += strlen(texts[i]) + 1;
    }
    char **copy = malloc(bytes + 1);
    IX_NEED(copy, IX_ENOMEM, "result: no memory for %s", name);
    char *at = (char *)(copy + n);
    for (int64_t i = 0; i < n; i++) {
        copy[i] = at;
        at = stpcpy(at, texts[i]) + 1;
    }
    *out = copy;
done:
    return rc;
}

static ix_status copy_values(const char *name, ix_kind kind, const void *values, int64_t n, void **out)
{
    ix_status rc = IX_OK;
    if (kind == IX_TEXT) return copy_texts(name, values, n, out);
    size_t bytes = (size_t)n * sizeof(double); /* int64_t has that size too */
    IX_NEED(*out = malloc(bytes + 1), IX_ENOMEM, "result: no memory for %s", name);
    if (n) memcpy(*out, values, bytes);
done:
    return rc;
}

ix_dataset *ix_part_find(const ix_part *part, const char *name)
{
    for (int i = 0; i < part->dataset_count; i++)
        if (strcmp(part->datasets[i].name, name) == 0) return &part->datasets[i];
    return NULL;
}

ix_status ix_part_put(ix_part *part, const ix_field *row, const char *name, const int64_t *shape, const void *values)
{
    ix_status rc = IX_OK;
    ix_dataset fresh = {.row = row}, *d = ix_part_find(part, name);
    int64_t n = 1;

    for (int i = 0; i < ix_field_rank(row); i++) {
        fresh.shape[i] = shape[i];
        IX_CONTRACT(shape[i] >= 0 && (n == 0 || shape[i] <= MOST_VALUES / n));
        n *= shape[i];
    }
    IX_TRY(copy_values(name, row->kind, values, n, &fresh.values));
    fresh.name = ix_format("%s", name);
    if (!d) d = grow((void **)&part->datasets, &part->dataset_count, sizeof *d);
    IX_NEED(d, IX_ENOMEM, "result: no memory for %s", name);
    free_dataset(d);
    *d = fresh;
    fresh = (ix_dataset){0};
done:
    free_dataset(&fresh);
    return rc;
}

/* Splits "eval/persona/reward" at its last slash, finds its part and its row of the layout, and puts it. */
static ix_status put_values(ix_result *r, const char *path, ix_kind kind, const int64_t *shape, const void *values)
{
    ix_status rc = IX_OK;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *group = ix_format("%.*s", slash ? (int)(slash - path) : 0, path);
    const ix_field *row = ix_field_find(group, name);
    ix_part *part = NULL;

    IX_CONTRACT(row && row->kind == kind);
    IX_CONTRACT(strncmp(group, "eval/", 5) != 0 || ix_result_part(r, group)); /* ix_result_add_set comes first */
    if (strncmp(group, "generate/", 9) == 0) IX_TRY(ix_result_check_name(group + 9));
    IX_TRY(need_part(r, group, &part));
    IX_TRY(ix_part_put(part, row, name, shape, values));
done:
    free(group);
    return rc;
}

ix_status ix_result_reals(ix_result *r, const char *path, const int64_t *shape, const double *values)
{
    return put_values(r, path, IX_REAL, shape, values);
}

ix_status ix_result_ints(ix_result *r, const char *path, const int64_t *shape, const int64_t *values)
{
    return put_values(r, path, IX_INT, shape, values);
}

ix_status ix_result_texts(ix_result *r, const char *path, const int64_t *shape, const char *const *values)
{
    return put_values(r, path, IX_TEXT, shape, values);
}

ix_status ix_result_saved(ix_result *r, const char *name, double value, const char *units, const char *about)
{
    ix_status rc = IX_OK;
    ix_part *part;

    IX_TRY(ix_result_check_name(name));
    IX_TRY(check_utf8(name, units));
    IX_TRY(check_utf8(name, about));
    IX_TRY(need_part(r, "saved", &part));
    IX_TRY(ix_part_put(part, ix_field_find("saved", name), name, NULL, &value));
    ix_dataset *d = ix_part_find(part, name);
    d->units = ix_format("%s", units);
    d->about = ix_format("%s", about);
done:
    return rc;
}
