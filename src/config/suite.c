/* SPDX-License-Identifier: Apache-2.0
 *
 * suite.c - from a tree to a suite. */
#include "config/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/span.h"
#include "config/inner.h"

enum { PARTS_MOST = 1000, SETS_MOST = 100 };

static void read_part(ix_suite *suite, int64_t i, const ix_entry *e, ix_reader *r)
{
    ix_settings *s = &suite->inner->part[i];
    size_t mark = ix_path_push(r, e->key);
    *s = suite->settings;
    if (!ix_is_name(e->key)) ix_complain(r, e->at, "is no name of a part: letters, digits, '.', '-', '_', at most 64");
    if (e->value->kind != IX_NODE_MAP) ix_complain(r, e->at, "a mapping is expected ({} for a part without changes)");
    else ix_option_read(s, &ix_table_root, e->value, r, IX_OPT_PART);
    ix_path_pop(r, mark);
}

static void read_parts(ix_suite *suite, const ix_node *root, ix_reader *r)
{
    ix_suite_inner *in = suite->inner;
    const ix_entry *e = ix_node_entry(root, "parts");
    size_t mark = ix_path_push(r, "parts");
    bool map = e && e->value->kind == IX_NODE_MAP;
    if (e && !map) ix_complain(r, e->value->at, "a mapping is expected: a name and the settings of each part");
    if (map && e->value->count == 0) ix_complain(r, e->at, "there is no part");
    if (map && e->value->count > PARTS_MOST) ix_complain(r, e->at, "more than %d parts", PARTS_MOST);
    suite->parts = map && e->value->count <= PARTS_MOST ? e->value->count : 0;
    const char **name = ix_pool_take(in->pool, sizeof *name * (size_t)(suite->parts + 1));
    in->part = ix_pool_take(in->pool, sizeof *in->part * (size_t)(suite->parts + 1));
    in->part[0] = suite->settings;
    for (int64_t i = 0; i < suite->parts; i++) {
        name[i] = e->value->entry[i].key;
        read_part(suite, i, &e->value->entry[i], r);
    }
    if (suite->parts == 0) name[0] = "";
    suite->part = name;
    ix_path_pop(r, mark);
}

/* The task decides which keys may be given, so it is looked up before them; a wrong one is reported with the rest. */
static const char *task_of(const ix_node *root)
{
    const ix_node *n = ix_node_get(root, "task");
    const ix_option *row = ix_option_find(&ix_table_root, "task");
    return n && n->kind == IX_NODE_SCALAR && ix_word_index(row->words, n->text) >= 0 ? n->text : NULL;
}

static void read_tree(ix_suite *suite, const ix_node *root, bool broken, ix_reader *r)
{
    r->task = task_of(root);
    ix_option_defaults(&suite->settings, &ix_table_root, r);
    ix_option_read(&suite->settings, &ix_table_root, root, r, 0);
    read_parts(suite, root, r);
    ix_matrix_read(suite, root, r);
    if (broken) return; /* what is missing may stand in the file that cannot be read */
    ix_option_required(&suite->settings, &ix_table_root, root, (ix_spot){0, 1, 1}, r);
    if (ix_errors_count(r->errors) == 0) ix_suite_check(suite, root, r);
    const ix_entry *matrix = ix_node_entry(root, "matrix");
    if (ix_errors_count(r->errors) == 0) ix_matrix_points(suite, matrix ? matrix->at : (ix_spot){0, 1, 1}, r);
}

static ix_suite *suite_new(void)
{
    ix_suite *suite = calloc(1, sizeof *suite);
    ix_pool *pool = ix_pool_create();
    IX_CONTRACT(suite);
    suite->inner = ix_pool_take(pool, sizeof *suite->inner);
    suite->inner->pool = pool;
    return suite;
}

ix_status ix_suite_parse(ix_suite **out, const char *blob, size_t size, const char *const *sets, int n_sets)
{
    ix_status rc = IX_OK;
    bool broken = false;
    ix_suite *suite = suite_new();
    ix_suite_inner *in = suite->inner;
    ix_reader r = {.pool = in->pool, .errors = ix_errors_create(in->pool)};

    *out = NULL;
    IX_NEED(n_sets <= SETS_MOST, IX_EINPUT, "--set: more than %d overrides", SETS_MOST);
    ix_node *root = ix_files_merge(&r, blob, size, &broken, &in->given);
    suite->path = ix_errors_file_name(r.errors, 0);
    ix_files_override(&r, root, sets, n_sets, &in->given);
    read_tree(suite, root, broken, &r);
    IX_TRY(ix_errors_report(r.errors));
    *out = suite;
    suite = NULL;
done:
    ix_suite_destroy(&suite);
    return rc;
}

ix_status ix_suite_read(ix_suite **out, const char *path, const char *const *sets, int n_sets)
{
    char *blob = NULL;
    size_t size = 0;
    *out = NULL;
    ix_status rc = ix_suite_load(&blob, &size, path);
    if (rc == IX_OK) rc = ix_suite_parse(out, blob, size, sets, n_sets);
    free(blob);
    return rc;
}

void ix_suite_destroy(ix_suite **suite)
{
    if (!*suite) return;
    free((*suite)->inner->given);
    ix_pool *pool = (*suite)->inner->pool; /* the inner part lies in it */
    ix_pool_destroy(&pool);
    free(*suite);
    *suite = NULL;
}

char *ix_suite_given(const ix_suite *suite)
{
    return ix_format("%s", suite->inner->given);
}

int64_t ix_suite_points(const ix_suite *suite)
{
    return suite->inner->points;
}

ix_status ix_suite_take_share(ix_suite *suite, int64_t i, int64_t n)
{
    ix_suite_inner *in = suite->inner;
    IX_CONTRACT(1 <= i && i <= n);
    if (n > in->points)
        return ix_fail(IX_EINPUT, "%s: %lld runs cannot be cut into %lld shares", suite->path, (long long)in->points,
                       (long long)n);
    ix_span mine = ix_split(in->points, (int)n, (int)i - 1);
    in->kept += mine.lo;
    in->points = mine.hi - mine.lo;
    return IX_OK;
}

/* "learning_rate=0.001,beta=0.1", cut at a comma if it is too long. */
static void name_variation(ix_point *p, const ix_matrix_axis *axis, int64_t value)
{
    char *text = NULL;
    size_t size = 0, used = strlen(p->varied);
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    fprintf(f, "%s%s=", used ? "," : "", axis->row->key);
    ix_option_write_value(f, axis->row, ix_axis_value(axis, value));
    IX_CONTRACT(fclose(f) == 0);
    if (used + size < sizeof p->varied) memcpy(p->varied + used, text, size + 1);
    free(text);
}

void ix_suite_point(ix_point *out, const ix_suite *suite, int64_t i)
{
    const ix_suite_inner *in = suite->inner;
    IX_CONTRACT(i >= 0 && i < in->points);
    int64_t digit[IX_AXES_MOST], rest = in->kept[i];
    for (int a = in->axes - 1; a >= 0; a--) {
        digit[a] = rest % in->axis[a].n;
        rest /= in->axis[a].n;
    }
    int last = in->axes - 1;
    *out = (ix_point){.part = suite->part[digit[0]],
                      .model = suite->model[digit[last - 2]],
                      .seed = suite->seed[digit[last - 1]],
                      .objective = suite->objective[digit[last]],
                      .settings = in->part[digit[0]]};
    for (int a = 1; a < last - 2; a++) {
        ix_axis_apply(&out->settings, &in->axis[a], digit[a]);
        name_variation(out, &in->axis[a], digit[a]);
    }
}
