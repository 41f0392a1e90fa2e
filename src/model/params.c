/* SPDX-License-Identifier: Apache-2.0 */
#include "model/params.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ix_cut ix_uncut(void)
{
    return (ix_cut){.share = IX_WHOLE};
}

ix_cut ix_cut_rows(ix_span held)
{
    return (ix_cut){.share = IX_BY_ROWS, .held = held, .counted = held};
}

ix_cut ix_cut_cols(ix_span held)
{
    return (ix_cut){.share = IX_BY_COLS, .held = held, .counted = held};
}

static void cut_row(ix_param *p)
{
    p->rows = p->cut.share == IX_BY_ROWS ? ix_span_size(p->cut.held) : p->full_rows;
    p->cols = p->cut.share == IX_BY_COLS ? ix_span_size(p->cut.held) : p->full_cols;
}

static int add(ix_params *table, ix_param row, const char *format, va_list args)
{
    if (table->count == table->capacity) {
        int capacity = table->capacity ? 2 * table->capacity : 64;
        ix_param *more = realloc(table->param, (size_t)capacity * sizeof *more);
        if (!more) {
            table->failed = true;
            return -1;
        }
        table->param = more;
        table->capacity = capacity;
    }
    cut_row(&row);
    row.offset = table->floats;
    row.place = table->full_floats;
    row.bf16 = table->narrow && row.dims == 2 ? table->bf16 : -1;
    vsnprintf(row.name, sizeof row.name, format, args);
    table->param[table->count] = row;
    table->floats += ix_param_size(&row);
    table->bf16 += ix_param_numbers(&row) - ix_param_size(&row);
    table->full_floats += row.full_rows * row.full_cols;
    return table->count++;
}

int ix_params_matrix(ix_params *table, int64_t rows, int64_t cols, ix_cut cut, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int row = add(table, (ix_param){.dims = 2, .full_rows = rows, .full_cols = cols, .cut = cut}, format, args);
    va_end(args);
    return row;
}

int ix_params_vector(ix_params *table, int64_t size, float start, ix_cut cut, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ix_param vector = {.dims = 1, .full_rows = 1, .full_cols = size, .cut = cut, .start = start};
    int row = add(table, vector, format, args);
    va_end(args);
    return row;
}

void ix_params_alias(ix_params *table, int row, const char *alias)
{
    if (row >= 0) snprintf(table->param[row].alias, sizeof table->param[row].alias, "%s", alias);
}

int ix_params_find(const ix_params *table, const char *name)
{
    for (int i = 0; i < table->count; i++)
        if (!strcmp(table->param[i].name, name)) return i;
    return -1;
}

int64_t ix_param_size(const ix_param *p)
{
    return p->bf16 < 0 ? ix_param_numbers(p) : 0;
}

int64_t ix_param_numbers(const ix_param *p)
{
    return p->rows * p->cols;
}

ix_span ix_param_counted(const ix_param *p, int tensor_rank)
{
    int64_t size = ix_param_size(p), each = p->cut.share == IX_BY_ROWS ? p->cols : 1;
    if (p->cut.share == IX_WHOLE) return (ix_span){0, tensor_rank == 0 ? size : 0};
    if (!p->cut.repeated || size == 0) return (ix_span){0, size};
    return (ix_span){(p->cut.counted.lo - p->cut.held.lo) * each, (p->cut.counted.hi - p->cut.held.lo) * each};
}

int64_t ix_param_at(const ix_param *p, int64_t row)
{
    if (p->cut.share == IX_BY_ROWS) return (p->cut.held.lo + row) * p->full_cols;
    return row * p->full_cols + (p->cut.share == IX_BY_COLS ? p->cut.held.lo : 0);
}

void ix_params_free(ix_params *table)
{
    free(table->param);
    *table = (ix_params){0};
}
