/* SPDX-License-Identifier: Apache-2.0
 *
 * read.c - from nodes to fields, by the rows of a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/file.h"
#include "config/option.h"
#include "config/suite.h"

enum { SETS_MOST = 1000, TEXT_MOST = 4000 };

const ix_option *ix_option_find(const ix_table *table, const char *key)
{
    for (int i = 0; i < table->rows; i++)
        if (!strcmp(table->row[i].key, key)) return &table->row[i];
    return NULL;
}

bool ix_option_is_scalar(const ix_option *row)
{
    return row->kind <= IX_OPT_REAL;
}

bool ix_option_of_task(const ix_option *row, const char *task)
{
    return !row->task || ix_word_index(row->task, task) >= 0;
}

size_t ix_option_size(const ix_option *row)
{
    if (row->kind == IX_OPT_CHOICE) return sizeof(int);
    if (row->kind == IX_OPT_BOOL) return sizeof(bool);
    if (row->kind == IX_OPT_INT || row->kind == IX_OPT_BYTES) return sizeof(int64_t);
    if (row->kind == IX_OPT_REAL) return sizeof(double);
    IX_CONTRACT(row->kind < IX_OPT_CHOICE);
    return sizeof(const char *);
}

static const char *kind_name(const ix_node *n)
{
    static const char *const name[] = {"a value", "a list", "a mapping"};
    return name[n->kind];
}

static bool in(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (!strcasecmp(text, *list)) return true;
    return false;
}

static bool is_null(const ix_node *n)
{
    static const char *const nulls[] = {"", "~", "null", NULL};
    return n->kind == IX_NODE_SCALAR && !n->quoted && in(n->text, nulls);
}

/* "auto, none or a number": what a row takes, for messages. */
static char *expected(const ix_option *row, const char *thing)
{
    char *text = NULL;
    size_t total, size, after;
    const char *w;
    FILE *f = open_memstream(&text, &total);
    IX_CONTRACT(f);
    for (int i = 0; (w = ix_word_at(row->words, i, &size)); i++) {
        bool last = !thing && !ix_word_at(row->words, i + 1, &after);
        fprintf(f, "%s%.*s", i == 0 ? "" : last ? " or " : ", ", (int)size, w);
    }
    if (thing) fprintf(f, "%s%s", row->words ? " or " : "", thing);
    IX_CONTRACT(fclose(f) == 0);
    return text;
}

static bool unexpected(const ix_option *row, const ix_node *n, ix_reader *r, const char *thing)
{
    char hint[128] = "", *want = expected(row, thing);
    ix_nearest near = ix_nearest_to(n->kind == IX_NODE_SCALAR ? n->text : "");
    const char *w;
    size_t size;
    for (int i = 0; n->kind == IX_NODE_SCALAR && (w = ix_word_at(row->words, i, &size)); i++)
        ix_nearest_offer(&near, w, size);
    if (n->kind != IX_NODE_SCALAR) ix_complain(r, n->at, "%s is expected, not %s", want, kind_name(n));
    else if (is_null(n)) ix_complain(r, n->at, "%s is expected, but nothing is given", want);
    else
        ix_complain(r, n->at, "%s is expected, not %s%.60s%s%s", want, n->quoted ? "\"" : "", n->text,
                    n->quoted ? "\"" : "", ix_nearest_hint(&near, hint, sizeof hint));
    free(want);
    return false;
}

static bool in_range(const ix_option *row, double v, const ix_node *n, ix_reader *r)
{
    bool above = row->flags & IX_OPT_ABOVE, below = row->flags & IX_OPT_BELOW;
    bool low = v < row->min || (above && v == row->min), high = v > row->max || (below && v == row->max);
    const char *word = low ? (above ? "not above" : "below") : (below ? "not below" : "above");
    if (low || high)
        ix_complain(r, n->at, "%.60s is %s %.15g: %s%.15g to %s%.15g is allowed", n->text, word,
                    low ? row->min : row->max, above ? "above " : "", row->min, below ? "below " : "", row->max);
    return !low && !high;
}

/* 010 is eight to some readers of YAML and ten to others. */
static bool padded(const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    return p[0] == '0' && p[1] >= '0' && p[1] <= '9';
}

static bool number(double *v, const ix_option *row, const ix_node *n, ix_reader *r)
{
    static const char *const infinite[] = {".inf", "-.inf", "+.inf", ".nan", "inf", "-inf", "nan", "infinity", NULL};
    const char *thing = row->kind == IX_OPT_INT ? "a whole number" : "a number";
    bool scalar = n->kind == IX_NODE_SCALAR, looks = scalar && ix_is_number(n->text, v);
    if (scalar && !n->quoted && ix_word_index(row->words, n->text) >= 0) return *v = 0, true;
    if (scalar && n->quoted && looks) {
        ix_complain(r, n->at, "\"%.60s\" is a text: write the number without quotes", n->text);
        return false;
    }
    if (scalar && ((looks && !isfinite(*v)) || (!n->quoted && in(n->text, infinite)))) {
        ix_complain(r, n->at, "%.60s is not a finite number", n->text);
        return false;
    }
    if (!looks || strlen(n->text) != n->size) return unexpected(row, n, r, thing);
    if (padded(n->text)) {
        ix_complain(r, n->at, "%.60s: write the number without leading zeros", n->text);
        return false;
    }
    if (row->kind == IX_OPT_INT && (*v != floor(*v) || fabs(*v) > 9007199254740992.0)) {
        ix_complain(r, n->at, "%.60s is not a whole number", n->text);
        return false;
    }
    return in_range(row, *v, n, r);
}

static bool bytes(int64_t *v, const ix_option *row, const ix_node *n, ix_reader *r)
{
    bool scalar = n->kind == IX_NODE_SCALAR && strlen(n->text) == n->size;
    if (scalar && !n->quoted && ix_word_index(row->words, n->text) >= 0) return *v = 0, true;
    return (scalar && ix_bytes_read(n->text, v)) || unexpected(row, n, r, IX_BYTES_WORDS);
}

static bool truth(bool *v, const ix_option *row, const ix_node *n, ix_reader *r)
{
    static const char *const doubtful[] = {"yes", "no", "on", "off", "y", "n", "true", "false", "0", "1", NULL};
    bool scalar = n->kind == IX_NODE_SCALAR;
    *v = scalar && !strcmp(n->text, "true");
    if (scalar && !n->quoted && (*v || !strcmp(n->text, "false"))) return true;
    if (!scalar || !in(n->text, doubtful)) return unexpected(row, n, r, "true or false");
    ix_complain(r, n->at, "%s%s%s is no truth value here: write true or false", n->quoted ? "\"" : "", n->text,
                n->quoted ? "\"" : "");
    return false;
}

/* A plain scalar that other readers of YAML take for something else than a text. */
static bool ambiguous(const ix_node *n)
{
    static const char *const words[] = {"true", "false", ".inf", "-.inf", "+.inf", ".nan", NULL};
    double v;
    return !n->quoted && (in(n->text, words) || ix_is_number(n->text, &v));
}

static bool text(const char **out, const ix_option *row, const ix_node *n, ix_reader *r)
{
    size_t most = row->max > 0 ? (size_t)row->max : TEXT_MOST;
    if (n->kind != IX_NODE_SCALAR || is_null(n)) return unexpected(row, n, r, "a text");
    if (ambiguous(n)) ix_complain(r, n->at, "a text is expected: put %.60s in quotes", n->text);
    else if (n->size == 0) ix_complain(r, n->at, "the text is empty");
    else if (strlen(n->text) != n->size) ix_complain(r, n->at, "the text contains a zero character");
    else if (n->size > most) ix_complain(r, n->at, "the text is longer than %zu bytes", most);
    else if (row->kind == IX_OPT_NAME && !ix_is_name(n->text))
        ix_complain(r, n->at,
                    "%.80s is no name: letters, digits, '.', '-', '_', at most 64, the first a letter or digit",
                    n->text);
    else return *out = ix_pool_text(r->pool, n->text, n->size), true;
    return false;
}

static bool word(int *index, const ix_option *row, const ix_node *n, ix_reader *r)
{
    *index = n->kind == IX_NODE_SCALAR && strlen(n->text) == n->size ? ix_word_index(row->words, n->text) : -1;
    return *index >= 0 || unexpected(row, n, r, NULL);
}

bool ix_option_scalar(void *field, const ix_option *row, const ix_node *node, ix_reader *r)
{
    double v = 0;
    int index = 0;
    bool good = false;
    if (row->kind == IX_OPT_BOOL) return truth(field, row, node, r);
    if (row->kind == IX_OPT_BYTES) return bytes(field, row, node, r);
    if (row->kind == IX_OPT_INT) {
        if ((good = number(&v, row, node, r))) *(int64_t *)field = (int64_t)v;
    } else if (row->kind == IX_OPT_REAL) {
        if ((good = number(&v, row, node, r))) *(double *)field = v;
    } else if (row->kind == IX_OPT_CHOICE) {
        if ((good = word(&index, row, node, r))) *(int *)field = index;
    } else if (row->kind == IX_OPT_WORD) {
        if ((good = word(&index, row, node, r))) *(const char **)field = ix_pool_text(r->pool, node->text, node->size);
    } else {
        good = text(field, row, node, r);
    }
    return good;
}

static void read_pair(double *field, const ix_option *row, const ix_node *n, ix_reader *r)
{
    double v[2];
    if (n->kind != IX_NODE_LIST || n->count != 2) {
        if (n->kind == IX_NODE_LIST) ix_complain(r, n->at, "a list of 2 numbers is expected, not of %d", (int)n->count);
        else unexpected(row, n, r, "a list of 2 numbers");
        return;
    }
    bool first = number(&v[0], row, n->entry[0].value, r), second = number(&v[1], row, n->entry[1].value, r);
    if (first && second) memcpy(field, v, sizeof v);
}

static bool is_map(const ix_node *n, ix_reader *r)
{
    if (n->kind == IX_NODE_MAP) return true;
    ix_complain(r, n->at, "a mapping (key: value) is expected, not %s", is_null(n) ? "nothing" : kind_name(n));
    return false;
}

/* A list of sets that may be written: copies of those that are there, with room for `more`. */
static ix_eval_settings *own_sets(ix_data_settings *data, int64_t more, ix_pool *pool)
{
    ix_eval_settings *own = ix_pool_take(pool, sizeof *own * (size_t)(data->evaluates + more));
    if (data->evaluates) memcpy(own, data->evaluate, sizeof *own * (size_t)data->evaluates);
    data->evaluate = own;
    return own;
}

static void read_set(ix_data_settings *data, ix_eval_settings *own, const ix_entry *e, ix_reader *r)
{
    int i = 0;
    while (i < data->evaluates && strcmp(own[i].name, e->key)) i++;
    if (!ix_is_name(e->key)) ix_complain(r, e->at, "is no name of a set: letters, digits, '.', '-', '_', at most 64");
    if (!is_map(e->value, r)) return;
    if (i == data->evaluates) {
        ix_option_defaults(&own[i], &ix_table_eval, r);
        own[i].name = own[i].group = e->key;
        data->evaluates++;
    }
    ix_option_read(&own[i], &ix_table_eval, e->value, r, 0);
    ix_option_required(&own[i], &ix_table_eval, e->value, e->at, r);
}

static void read_sets(ix_data_settings *data, const ix_node *n, ix_reader *r)
{
    if (!is_map(n, r)) return;
    if (data->evaluates + n->count > SETS_MOST) {
        ix_complain(r, n->at, "more than %d sets", SETS_MOST);
        return;
    }
    ix_eval_settings *own = own_sets(data, n->count, r->pool);
    for (int64_t i = 0; i < n->count; i++) {
        size_t mark = ix_path_push(r, n->entry[i].key);
        read_set(data, own, &n->entry[i], r);
        ix_path_pop(r, mark);
    }
}

static void read_field(void *base, const ix_option *row, const ix_entry *e, ix_reader *r)
{
    void *field = (char *)base + row->offset;
    if (row->task && r->task && ix_word_index(row->task, r->task) < 0) {
        char *tasks = expected(&(ix_option){.words = row->task}, NULL);
        ix_complain(r, e->at, "belongs to task %s, not to %s", tasks, r->task);
        free(tasks);
    } else if (ix_option_is_scalar(row)) {
        ix_option_scalar(field, row, e->value, r);
    } else if (row->kind == IX_OPT_PAIR) {
        read_pair(field, row, e->value, r);
    } else if (row->kind == IX_OPT_SETS) {
        read_sets(base, e->value, r);
    } else if (row->kind == IX_OPT_SECTION && is_map(e->value, r)) {
        ix_option_read(field, row->table, e->value, r, 0);
    }
}

static void unknown(const ix_table *table, const ix_entry *e, ix_reader *r, int flags)
{
    char *allowed = NULL, hint[128];
    size_t size;
    ix_nearest near = ix_nearest_to(e->key);
    FILE *f = open_memstream(&allowed, &size);
    IX_CONTRACT(f);
    const char *comma = "";
    for (int i = 0; i < table->rows; i++) {
        if ((table->row[i].flags & flags) != flags) continue;
        ix_nearest_offer(&near, table->row[i].key, strlen(table->row[i].key));
        fprintf(f, "%s%s", comma, table->row[i].key);
        comma = ", ";
    }
    IX_CONTRACT(fclose(f) == 0);
    ix_nearest_hint(&near, hint, sizeof hint);
    ix_complain(r, e->at, "unknown key%s Known: %s", hint[0] ? hint : ".", allowed);
    free(allowed);
}

void ix_option_read(void *base, const ix_table *table, const ix_node *map, ix_reader *r, int flags)
{
    for (int64_t i = 0; i < map->count; i++) {
        const ix_entry *e = &map->entry[i];
        const ix_option *row = ix_option_find(table, e->key);
        size_t mark = ix_path_push(r, e->key);
        if (row && (row->flags & flags) == flags) read_field(base, row, e, r);
        else unknown(table, e, r, flags);
        ix_path_pop(r, mark);
    }
}

void ix_option_required(const void *base, const ix_table *table, const ix_node *map, ix_spot at, ix_reader *r)
{
    for (int i = 0; i < table->rows; i++) {
        const ix_option *row = &table->row[i];
        if (!(row->flags & IX_OPT_REQUIRED)) continue; /* what is required is a text */
        if (*(const char *const *)((const char *)base + row->offset) || ix_node_entry(map, row->key)) continue;
        size_t mark = ix_path_push(r, row->key);
        char *words = expected(row, row->words ? NULL : row->kind == IX_OPT_NAME ? "a name" : "a text");
        ix_complain(r, at, "is missing: %s", words);
        free(words);
        ix_path_pop(r, mark);
    }
}

static void take_default(void *field, const ix_option *row, ix_reader *r)
{
    ix_node node = {.kind = IX_NODE_SCALAR, .text = row->fallback, .size = strlen(row->fallback)};
    if (row->kind == IX_OPT_PAIR) {
        double *pair = field;
        char *end;
        pair[0] = strtod(row->fallback, &end);
        pair[1] = strtod(end, NULL);
        return;
    }
    node.quoted = row->kind <= IX_OPT_PATH;
    IX_CONTRACT(ix_option_scalar(field, row, &node, r));
}

void ix_option_defaults(void *base, const ix_table *table, ix_reader *r)
{
    for (int i = 0; i < table->rows; i++) {
        const ix_option *row = &table->row[i];
        void *field = (char *)base + row->offset;
        if (row->kind == IX_OPT_SECTION) ix_option_defaults(field, row->table, r);
        else if (row->fallback) take_default(field, row, r);
    }
}
