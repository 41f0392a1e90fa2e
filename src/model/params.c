/* SPDX-License-Identifier: Apache-2.0 */
#include "model/params.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    row.offset = table->floats;
    vsnprintf(row.name, sizeof row.name, format, args);
    table->param[table->count] = row;
    table->floats += row.rows * row.cols;
    return table->count++;
}

int ix_params_matrix(ix_params *table, int64_t rows, int64_t cols, ix_share share, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int row = add(table, (ix_param){.dims = 2, .rows = rows, .cols = cols, .share = share}, format, args);
    va_end(args);
    return row;
}

int ix_params_vector(ix_params *table, int64_t size, float start, ix_share share, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ix_param vector = {.dims = 1, .rows = 1, .cols = size, .share = share, .start = start};
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
    return p->rows * p->cols;
}

void ix_params_free(ix_params *table)
{
    free(table->param);
    *table = (ix_params){0};
}
