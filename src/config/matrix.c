/* SPDX-License-Identifier: Apache-2.0
 *
 * matrix.c - lists that multiply into points. */
#include <string.h>

#include "config/inner.h"

/* A row of one of the three places an axis may come from; *training says which. */
static const ix_option *axis_row(const char *key, bool *training)
{
    const ix_option *row = ix_option_find(&ix_table_matrix, key);
    *training = !row;
    if (!row) row = ix_option_find(&ix_table_training, key);
    return row && ix_option_is_scalar(row) ? row : NULL;
}

static void unknown_key(const ix_entry *e, ix_reader *r)
{
    char hint[128];
    ix_nearest near = ix_nearest_to(e->key);
    const ix_table *const from[] = {&ix_table_matrix, &ix_table_training};
    for (int t = 0; t < 2; t++)
        for (int i = 0; i < from[t]->rows; i++) {
            const ix_option *row = &from[t]->row[i];
            if (ix_option_is_scalar(row)) ix_nearest_offer(&near, row->key, strlen(row->key));
        }
    ix_nearest_hint(&near, hint, sizeof hint);
    ix_complain(r, e->at, "unknown key%s Known: model, objective, seed, exclude, and the keys of training but betas",
                hint[0] ? hint : ".");
}

static bool repeated(const ix_matrix_axis *a, int64_t i)
{
    for (int64_t j = 0; j < i; j++)
        if (ix_option_equal(a->row, ix_axis_value(a, j), ix_axis_value(a, i))) return true;
    return false;
}

static bool read_values(ix_matrix_axis *a, const ix_node *n, ix_reader *r)
{
    bool good = true;
    size_t size = ix_option_size(a->row);
    a->value = ix_pool_take(r->pool, size * (size_t)n->count);
    for (a->n = 0; a->n < n->count; a->n++) {
        const ix_node *item = n->entry[a->n].value;
        if (!ix_option_scalar(a->value + (size_t)a->n * size, a->row, item, r)) good = false;
        else if (good && repeated(a, a->n)) {
            ix_complain(r, item->at, "%.60s is given twice", item->text);
            good = false;
        }
    }
    return good;
}

/* The list `key` of the matrix as an axis; false: it is not there or not good. */
static bool read_axis(ix_matrix_axis *a, const ix_entry *e, ix_reader *r)
{
    const ix_option *section = a->training ? ix_option_find(&ix_table_root, "training") : a->row;
    if (r->task && !(ix_option_of_task(a->row, r->task) && ix_option_of_task(section, r->task)))
        ix_complain(r, e->at, "belongs to the tasks that train reward models, not to %s", r->task);
    else if (e->value->kind != IX_NODE_LIST) ix_complain(r, e->value->at, "a list is expected: [...]");
    else if (e->value->count == 0) ix_complain(r, e->value->at, "the list is empty: the matrix has no points");
    else if (e->value->count > IX_VALUES_MOST) ix_complain(r, e->value->at, "more than %d values", IX_VALUES_MOST);
    else if (read_values(a, e->value, r)) return a->given = true;
    return false;
}

static ix_matrix_axis *add_axis(ix_suite_inner *in, const ix_option *row, bool training)
{
    IX_CONTRACT(in->axes < IX_AXES_MOST);
    in->axis[in->axes] = (ix_matrix_axis){.row = row, .training = training};
    return &in->axis[in->axes++];
}

static void stand_in(ix_matrix_axis *a, const void *values, int64_t n, ix_pool *pool)
{
    size_t bytes = ix_option_size(a->row) * (size_t)n;
    a->n = n;
    a->given = false;
    a->value = ix_pool_take(pool, bytes);
    memcpy(a->value, values, bytes);
}

/* A key that is an axis cannot be said elsewhere by a part or an override: it would be lost in silence. */
static void check_lost(const ix_node *training, const ix_option *row, ix_reader *r, bool part)
{
    const ix_entry *e = ix_node_entry(training, row->key);
    if (!e || !(part || ix_errors_is_override(r->errors, e->at))) return;
    size_t mark = ix_path_push(r, "training"), inner = ix_path_push(r, row->key);
    ix_complain(r, e->at, "matrix.%s gives the values: this one would be lost", row->key);
    ix_path_pop(r, inner);
    ix_path_pop(r, mark);
}

static void check_all_lost(const ix_node *root, const ix_option *row, ix_reader *r)
{
    size_t outside = r->size;
    ix_path_pop(r, 0);
    check_lost(ix_node_get(root, "training"), row, r, false);
    const ix_node *parts = ix_node_get(root, "parts");
    for (int64_t i = 0; parts && parts->kind == IX_NODE_MAP && i < parts->count; i++) {
        size_t mark = ix_path_push(r, "parts"), inner = ix_path_push(r, parts->entry[i].key);
        check_lost(ix_node_get(parts->entry[i].value, "training"), row, r, true);
        ix_path_pop(r, inner);
        ix_path_pop(r, mark);
    }
    IX_CONTRACT(outside == 6); /* "matrix" */
    ix_path_push(r, "matrix");
}

static void read_training_axes(ix_suite_inner *in, const ix_node *matrix, const ix_node *root, ix_reader *r)
{
    for (int i = 0; i < ix_table_training.rows; i++) {
        const ix_option *row = &ix_table_training.row[i];
        const ix_entry *e = ix_option_is_scalar(row) ? ix_node_entry(matrix, row->key) : NULL;
        if (!e) continue;
        ix_matrix_axis *a = add_axis(in, row, true);
        size_t mark = ix_path_push(r, row->key);
        if (!read_axis(a, e, r)) in->axes--;
        ix_path_pop(r, mark);
        check_all_lost(root, row, r);
    }
}

/* Tasks that have a model or an objective of their own where none is given. */
typedef struct {
    const char *task, *model, *objective;
} only_one;

static const only_one *only_one_of(const char *task)
{
    static const only_one list[] = {{"pretrain", "scratch", "next_token"}, {"theory", "random", "both"}};
    for (size_t i = 0; task && i < sizeof list / sizeof *list; i++)
        if (!strcmp(task, list[i].task)) return &list[i];
    return NULL;
}

/* model, seed or objective. */
static void read_main_axis(ix_suite_inner *in, const char *key, const ix_node *matrix, ix_reader *r)
{
    static const char *const objectives[] = {"ex_rm", "im_rm"}, *const none = "";
    static const int64_t zero = 0;
    const only_one *one = only_one_of(r->task);
    const ix_entry *e = ix_node_entry(matrix, key);
    ix_matrix_axis *a = add_axis(in, ix_option_find(&ix_table_matrix, key), false);
    size_t mark = ix_path_push(r, key);
    if (e && read_axis(a, e, r)) {
        ix_path_pop(r, mark);
        return;
    }
    if (!strcmp(key, "seed")) stand_in(a, &zero, 1, in->pool);
    else if (!strcmp(key, "model")) stand_in(a, one ? &one->model : &none, 1, in->pool);
    else if (one) stand_in(a, &one->objective, 1, in->pool);
    else stand_in(a, objectives, 2, in->pool);
    ix_path_pop(r, mark);
}

/* The axis of a key of exclude, -1: there is none. */
static int axis_of(const ix_suite_inner *in, const char *key)
{
    for (int a = 0; a < in->axes; a++)
        if (!strcmp(in->axis[a].row->key, key)) return a;
    return -1;
}

static void read_condition(ix_suite_inner *in, int64_t *point, const ix_entry *e, ix_reader *r)
{
    int64_t field[2] = {0}; /* as large as any scalar */
    int a = axis_of(in, e->key);
    if (a < 0) {
        ix_complain(r, e->at, "is no list of the matrix, and not part");
        return;
    }
    const ix_matrix_axis *axis = &in->axis[a];
    if (!ix_option_scalar(field, axis->row, e->value, r)) return;
    for (int64_t i = 0; i < axis->n; i++)
        if (ix_option_equal(axis->row, ix_axis_value(axis, i), field)) point[a] = i;
    if (point[a] < 0) ix_complain(r, e->value->at, "%.60s is not in the list of %s", e->value->text, e->key);
}

static void read_exclude(ix_suite_inner *in, const ix_entry *e, ix_reader *r)
{
    if (e->value->kind != IX_NODE_LIST || e->value->count > IX_EXCLUDES_MOST) {
        ix_complain(r, e->value->at, "a list of at most %d mappings is expected", IX_EXCLUDES_MOST);
        return;
    }
    in->exclude = ix_pool_take(in->pool, sizeof *in->exclude * (size_t)(e->value->count + 1));
    for (int64_t i = 0; i < e->value->count; i++) {
        const ix_node *n = e->value->entry[i].value;
        int64_t *point = in->exclude[in->excludes++];
        for (int a = 0; a < IX_AXES_MOST; a++) point[a] = -1;
        if (n->kind != IX_NODE_MAP || n->count == 0)
            ix_complain(r, n->at, "a mapping is expected: {model: ..., seed: ...}");
        for (int64_t k = 0; n->kind == IX_NODE_MAP && k < n->count; k++) {
            size_t mark = ix_path_push(r, n->entry[k].key);
            read_condition(in, point, &n->entry[k], r);
            ix_path_pop(r, mark);
        }
    }
}

static void check_keys(const ix_node *matrix, ix_reader *r)
{
    for (int64_t i = 0; matrix && i < matrix->count; i++) {
        const ix_entry *e = &matrix->entry[i];
        bool training;
        if (!strcmp(e->key, "exclude") || axis_row(e->key, &training)) continue;
        size_t mark = ix_path_push(r, e->key);
        unknown_key(e, r);
        ix_path_pop(r, mark);
    }
}

void ix_matrix_read(ix_suite *suite, const ix_node *root, ix_reader *r)
{
    static const ix_option part_row = {.key = "part", .kind = IX_OPT_NAME};
    ix_suite_inner *in = suite->inner;
    const ix_node *matrix = ix_node_get(root, "matrix");
    size_t mark = ix_path_push(r, "matrix");
    if (matrix && matrix->kind != IX_NODE_MAP) {
        ix_complain(r, matrix->at, "a mapping of lists is expected");
        matrix = NULL;
    }
    check_keys(matrix, r);
    stand_in(add_axis(in, &part_row, false), suite->part, suite->parts ? suite->parts : 1, in->pool);
    read_training_axes(in, matrix, root, r);
    read_main_axis(in, "model", matrix, r);
    read_main_axis(in, "seed", matrix, r);
    read_main_axis(in, "objective", matrix, r);
    const ix_entry *exclude = ix_node_entry(matrix, "exclude");
    size_t inner = ix_path_push(r, "exclude");
    if (exclude) read_exclude(in, exclude, r);
    ix_path_pop(r, inner);
    ix_path_pop(r, mark);

    const ix_matrix_axis *model = &in->axis[in->axes - 3], *seed = model + 1, *objective = model + 2;
    suite->model = (const char *const *)(const void *)model->value;
    suite->models = model->n;
    suite->seed = (const int64_t *)(const void *)seed->value;
    suite->seeds = seed->n;
    suite->objective = (const char *const *)(const void *)objective->value;
    suite->objectives = objective->n;
}

void ix_axis_apply(ix_settings *s, const ix_matrix_axis *axis, int64_t value)
{
    IX_CONTRACT(axis->training);
    memcpy((char *)&s->training + axis->row->offset, ix_axis_value(axis, value), ix_option_size(axis->row));
}

static bool excluded(const ix_suite_inner *in, const int64_t *digit)
{
    for (int64_t e = 0; e < in->excludes; e++) {
        int a = 0;
        while (a < in->axes && (in->exclude[e][a] < 0 || in->exclude[e][a] == digit[a])) a++;
        if (a == in->axes) return true;
    }
    return false;
}

/* Another objective's key does not change this objective's run: its first value stands for all. */
static bool repeats(const ix_suite *suite, const int64_t *digit)
{
    const ix_suite_inner *in = suite->inner;
    const char *objective = suite->objective[digit[in->axes - 1]];
    for (int a = 0; a < in->axes; a++) {
        const char *only = in->axis[a].row->only;
        if (only && digit[a] > 0 && ix_word_index(only, objective) < 0) return true;
    }
    return false;
}

void ix_matrix_points(ix_suite *suite, ix_spot at, ix_reader *r)
{
    ix_suite_inner *in = suite->inner;
    int64_t total = 1, digit[IX_AXES_MOST];
    size_t mark = ix_path_push(r, "matrix");
    for (int a = 0; a < in->axes && total <= IX_POINTS_MOST; a++) total *= in->axis[a].n;
    if (total > IX_POINTS_MOST) {
        ix_complain(r, at, "more than %d points", IX_POINTS_MOST);
        total = 0;
    }
    in->kept = ix_pool_take(in->pool, sizeof *in->kept * (size_t)(total + 1));
    for (int64_t i = 0; i < total; i++) {
        int64_t rest = i;
        for (int a = in->axes - 1; a >= 0; a--) {
            digit[a] = rest % in->axis[a].n;
            rest /= in->axis[a].n;
        }
        if (!excluded(in, digit) && !repeats(suite, digit)) in->kept[in->points++] = (int32_t)i;
    }
    if (total > 0 && in->points == 0) ix_complain(r, at, "exclude leaves no point");
    ix_path_pop(r, mark);
}
