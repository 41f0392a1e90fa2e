/* SPDX-License-Identifier: Apache-2.0
 *
 * write.c - from fields to YAML, by the rows of a table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "config/option.h"
#include "config/suite.h"

/* May it stand without quotes, for every reader of YAML 1.1 and 1.2? */
static bool is_plain(const char *text)
{
    static const char *const taken[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t size = strlen(text);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcasecmp(text, taken[i])) return false;
    if (size == 0 || text[size - 1] == ' ') return false;
    if (!strchr(letters, text[0]) && text[0] != '/') return false;
    return strspn(text + 1, letters) + 1 == size || strspn(text, " ./_+-0123456789abcdefghijklmnopqrstuvwxyz"
                                                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == size;
}

void ix_write_text(FILE *f, const char *text)
{
    if (is_plain(text)) {
        fputs(text, f);
        return;
    }
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') fprintf(f, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f) fprintf(f, "\\x%02x", *p);
        else fputc(*p, f);
    }
    fputc('"', f);
}

/* The shortest of 15, 16 and 17 digits that reads back to the same bits; 1e-06 is written 1e-6. */
static void write_real(FILE *f, double v)
{
    char text[64];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    char *e = strchr(text, 'e');
    if (!e) {
        fputs(text, f);
        return;
    }
    *e = 0;
    fprintf(f, "%se%ld", text, strtol(e + 1, NULL, 10));
}

static void write_word(FILE *f, const char *words, int index)
{
    size_t size;
    const char *w = ix_word_at(words, index, &size);
    fprintf(f, "%.*s", (int)size, w);
}

void ix_option_write_value(FILE *f, const ix_option *row, const void *field)
{
    if (row->kind == IX_OPT_BOOL) {
        fputs(*(const bool *)field ? "true" : "false", f);
    } else if (row->kind == IX_OPT_INT) {
        int64_t v = *(const int64_t *)field;
        if (v == 0 && row->words) write_word(f, row->words, 0);
        else fprintf(f, "%lld", (long long)v);
    } else if (row->kind == IX_OPT_BYTES) {
        int64_t v = *(const int64_t *)field;
        char text[IX_BYTES];
        if (v == 0 && row->words) write_word(f, row->words, 0);
        else fputs(ix_bytes_write(text, v), f);
    } else if (row->kind == IX_OPT_REAL) {
        double v = *(const double *)field;
        if (v == 0 && row->words) write_word(f, row->words, 0);
        else write_real(f, v);
    } else if (row->kind == IX_OPT_CHOICE) {
        write_word(f, row->words, *(const int *)field);
    } else if (row->kind == IX_OPT_PAIR) {
        const double *v = field;
        fputc('[', f);
        write_real(f, v[0]);
        fputs(", ", f);
        write_real(f, v[1]);
        fputc(']', f);
    } else {
        ix_write_text(f, *(const char *const *)field);
    }
}

static bool is_text(const ix_option *row)
{
    return row->kind <= IX_OPT_WORD;
}

bool ix_option_equal(const ix_option *row, const void *a, const void *b)
{
    if (!is_text(row)) return !memcmp(a, b, row->kind == IX_OPT_PAIR ? 2 * sizeof(double) : ix_option_size(row));
    const char *s = *(const char *const *)a, *t = *(const char *const *)b;
    return s == t || (s && t && !strcmp(s, t));
}

static const ix_eval_settings *find_set(const ix_data_settings *data, const char *name)
{
    for (int i = 0; data && i < data->evaluates; i++)
        if (!strcmp(data->evaluate[i].name, name)) return &data->evaluate[i];
    return NULL;
}

static bool table_shown(const ix_table *table, const void *base, const ix_shown *what);

static bool set_shown(const ix_eval_settings *set, const ix_shown *what)
{
    ix_shown below = *what;
    below.unlike = find_set(what->unlike, set->name);
    return !below.unlike || table_shown(&ix_table_eval, set, &below);
}

static bool any_set_shown(const ix_data_settings *data, const ix_shown *what)
{
    for (int i = 0; i < data->evaluates; i++)
        if (set_shown(&data->evaluate[i], what)) return true;
    return false;
}

/* A switch as it usually is, or the word in place of a number. */
static bool is_usual(const ix_option *row, const void *field)
{
    if (!(row->flags & IX_OPT_USUAL)) return false;
    if (row->kind == IX_OPT_INT) return *(const int64_t *)field == 0;
    return *(const bool *)field == !strcmp(row->fallback, "true");
}

static bool row_shown(const ix_option *row, const void *base, const ix_shown *what)
{
    const char *field = (const char *)base + row->offset;
    const char *other = what->unlike ? (const char *)what->unlike + row->offset : NULL;
    ix_shown below = *what;
    below.unlike = other;
    if (row->task && ix_word_index(row->task, what->task) < 0) return false;
    if (row->only && what->objective && ix_word_index(row->only, what->objective) < 0) return false;
    if (row->kind == IX_OPT_SECTION) return table_shown(row->table, field, &below);
    if ((row->flags & what->flags) != what->flags) return false;
    if ((what->flags & IX_OPT_ANSWER) && is_usual(row, field)) return false;
    if (row->kind == IX_OPT_SETS) return any_set_shown(base, what);
    if (row->kind > IX_OPT_SECTION) return false;
    if (is_text(row) && !*(const char *const *)field) return false;
    if (row->kind == IX_OPT_PATH && what->contents && !row->words) return false;
    return !other || !ix_option_equal(row, field, other);
}

static bool table_shown(const ix_table *table, const void *base, const ix_shown *what)
{
    for (int i = 0; i < table->rows; i++)
        if (row_shown(&table->row[i], base, what)) return true;
    return false;
}

static void write_sets(FILE *f, const ix_data_settings *data, int indent, const ix_shown *what)
{
    ix_shown below = *what;
    for (int i = 0; i < data->evaluates; i++) {
        const ix_eval_settings *set = &data->evaluate[i];
        below.unlike = find_set(what->unlike, set->name);
        if (!set_shown(set, what)) continue;
        fprintf(f, "%*s", indent, "");
        ix_write_text(f, set->name);
        fputs(":\n", f);
        ix_option_write(f, &ix_table_eval, set, indent + 2, &below);
    }
}

static void write_row(FILE *f, const ix_option *row, const void *base, int indent, const ix_shown *what)
{
    const char *field = (const char *)base + row->offset;
    ix_shown below = *what;
    if (what->unlike) below.unlike = (const char *)what->unlike + row->offset;
    fprintf(f, "%*s%s:", indent, "", row->key);
    if (row->kind == IX_OPT_SECTION) {
        fputc('\n', f);
        ix_option_write(f, row->table, field, indent + 2, &below);
    } else if (row->kind == IX_OPT_SETS) {
        fputc('\n', f);
        write_sets(f, base, indent + 2, what);
    } else if (row->kind == IX_OPT_PATH && what->contents &&
               ix_word_index(row->words, *(const char *const *)field) < 0) {
        fputs(" other\n", f);
    } else {
        fputc(' ', f);
        ix_option_write_value(f, row, field);
        fputc('\n', f);
    }
}

void ix_option_write(FILE *f, const ix_table *table, const void *base, int indent, const ix_shown *what)
{
    for (int i = 0; i < table->rows; i++)
        if (row_shown(&table->row[i], base, what)) write_row(f, &table->row[i], base, indent, what);
}
