/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "figure.h"

void *ix_grow(void *old, size_t count, size_t size)
{
    void *new = count < SIZE_MAX / 2 / size ? realloc(old, count * size + 1) : NULL;
    if (!new) {
        fprintf(stderr, "impex-report: no memory for %zu items of %zu bytes\n", count, size);
        exit(1);
    }
    return new;
}

char *ix_copy(const char *text)
{
    return ix_format("%s", text ? text : "");
}

ix_table *ix_table_add(ix_tables *tables, const char *id, const char *title, const ix_column *columns, int count)
{
    ix_table *t = ix_grow(NULL, 1, sizeof *t);
    *t = (ix_table){.id = ix_copy(id), .title = ix_copy(title), .column = columns, .columns = count, .filled = count};
    tables->at = ix_grow(tables->at, (size_t)tables->count + 1, sizeof(ix_table *));
    return tables->at[tables->count++] = t;
}

static void free_table(ix_table *t)
{
    for (int64_t i = 0; i < (int64_t)t->rows * t->columns; i++) free(t->cell[i].text);
    for (int i = 0; i < t->notes; i++) free(t->note[i].text);
    free(t->cell);
    free(t->quiet);
    free(t->note);
    free(t->id);
    free(t->title);
    free(t);
}

void ix_tables_free(ix_tables *tables)
{
    for (int i = 0; i < tables->count; i++) free_table(tables->at[i]);
    for (int i = 0; i < tables->figures; i++) ix_figure_free(tables->figure[i]);
    free(tables->at);
    free(tables->figure);
    *tables = (ix_tables){0};
}

void ix_row_begin(ix_table *t)
{
    IX_CONTRACT(t->filled == t->columns);
    size_t rows = (size_t)t->rows + 1;
    if ((rows & (rows - 1)) == 0) { /* room for as many again at every power of two */
        t->cell = ix_grow(t->cell, 2 * rows * (size_t)t->columns, sizeof *t->cell);
        t->quiet = ix_grow(t->quiet, 2 * rows, sizeof *t->quiet);
    }
    t->quiet[t->rows++] = false;
    t->filled = 0;
}

void ix_row_quiet(ix_table *t)
{
    IX_CONTRACT(t->rows > 0);
    t->quiet[t->rows - 1] = true;
}

static void put(ix_table *t, ix_cell cell)
{
    IX_CONTRACT(t->rows > 0 && t->filled < t->columns);
    t->cell[(int64_t)(t->rows - 1) * t->columns + t->filled++] = cell;
}

void ix_put_none(ix_table *t)
{
    put(t, (ix_cell){.kind = IX_CELL_NONE});
}

void ix_put_text(ix_table *t, const char *text)
{
    if (text) put(t, (ix_cell){.kind = IX_CELL_TEXT, .text = ix_copy(text)});
    else ix_put_none(t);
}

void ix_put_int(ix_table *t, int64_t value)
{
    put(t, (ix_cell){.kind = IX_CELL_INT, .whole = value});
}

void ix_put_real(ix_table *t, double value)
{
    put(t, (ix_cell){.kind = isnan(value) ? IX_CELL_NONE : IX_CELL_REAL, .real = value});
}

void ix_put_range(ix_table *t, ix_interval range)
{
    bool none = isnan(range.low) || isnan(range.high);
    put(t, (ix_cell){.kind = none ? IX_CELL_NONE : IX_CELL_RANGE, .real = range.low, .high = range.high});
}

static void add_note(ix_table *t, char *text, int after)
{
    size_t end = strlen(text);
    IX_CONTRACT(t->filled == t->columns);
    while (end > 0 && text[end - 1] == ' ') text[--end] = 0;
    t->note = ix_grow(t->note, (size_t)t->notes + 1, sizeof *t->note);
    t->note[t->notes++] = (ix_table_note){text, after};
}

void ix_table_say(ix_table *t, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    IX_CONTRACT(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    add_note(t, text, t->rows);
}

void ix_table_close(ix_table *t, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    IX_CONTRACT(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    add_note(t, text, INT_MAX);
}

void ix_table_say_text(ix_table *t, char **text)
{
    if (*text) add_note(t, *text, t->rows);
    *text = NULL;
}

const ix_cell *ix_table_cell(const ix_table *t, int row, int column)
{
    return t->cell + (int64_t)row * t->columns + column;
}

const ix_cell *ix_table_named(const ix_table *t, int row, const char *column)
{
    int c = 0;
    while (c < t->columns && strcmp(t->column[c].name, column) != 0) c++;
    IX_CONTRACT(c < t->columns);
    return ix_table_cell(t, row, c);
}

bool ix_rows_alike(const ix_table *t, int a, int b, const char *const *columns)
{
    for (; *columns; columns++)
        if (strcmp(ix_table_named(t, a, *columns)->text, ix_table_named(t, b, *columns)->text) != 0) return false;
    return true;
}

/* -0.000 is a lie about a sign. */
static double rounded(double value, int digits)
{
    return fabs(value) < 0.5 * pow(10, -digits) ? 0 : value;
}

const char *ix_cell_show(const ix_cell *cell, const ix_column *column, char room[IX_CELL_TEXT_MAX])
{
    int d = column->digits;
    switch (cell->kind) {
    case IX_CELL_TEXT:
        return cell->text;
    case IX_CELL_NONE:
        return "-";
    case IX_CELL_INT:
        snprintf(room, IX_CELL_TEXT_MAX, "%" PRId64, cell->whole);
        break;
    case IX_CELL_REAL:
        if (column->flags & IX_SIGNIFICANT) snprintf(room, IX_CELL_TEXT_MAX, "%.*g", d, cell->real);
        else snprintf(room, IX_CELL_TEXT_MAX, "%.*f", d, rounded(cell->real, d));
        break;
    case IX_CELL_RANGE:
        snprintf(room, IX_CELL_TEXT_MAX, "%.*f to %.*f", d, rounded(cell->real, d), d, rounded(cell->high, d));
        break;
    }
    return room;
}

static bool same_keys(const ix_table *t, int a, int b)
{
    for (int c = 0; c < t->columns && t->column[c].flags & IX_KEY; c++) {
        const char *left = ix_table_cell(t, a, c)->text, *right = ix_table_cell(t, b, c)->text;
        if (strcmp(left ? left : "", right ? right : "") != 0) return false;
    }
    return true;
}

int ix_table_block(const ix_table *t, int first, bool *shown)
{
    int end = first;
    *shown = false;
    for (; end < t->rows && same_keys(t, first, end); end++) *shown |= !t->quiet[end];
    return end;
}

char *ix_table_heading(const ix_table *t, int row)
{
    char *heading = ix_copy("");
    for (int c = 0; c < t->columns && t->column[c].flags & IX_KEY; c++) {
        const char *text = ix_table_cell(t, row, c)->text;
        if (!text || !text[0]) continue;
        char *longer = ix_format("%s%s%s %s", heading, heading[0] ? ", " : "", t->column[c].header, text);
        free(heading);
        heading = longer;
    }
    return heading;
}

bool ix_table_silent(const ix_table *t)
{
    for (int r = 0; r < t->rows; r++)
        if (!t->quiet[r]) return false;
    return t->notes == 0;
}

void ix_append(char **text, const char *format, ...)
{
    va_list arguments;
    char *more = NULL;
    va_start(arguments, format);
    int length = vasprintf(&more, format, arguments);
    va_end(arguments);
    IX_CONTRACT(length >= 0);
    char *both = ix_format("%s%s", *text ? *text : "", more);
    free(more);
    free(*text);
    *text = both;
}
