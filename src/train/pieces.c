/* SPDX-License-Identifier: Apache-2.0 */
#include "train/pieces.h"

#include <stdio.h>
#include <string.h>

/* The meaning of ix_array.place. Numbers [FROM, TO) of a rectangle of COLUMNS columns whose first corner is row
 * FIRST_ROW, column FIRST_COLUMN of the tensor. */
enum { FIRST_ROW, FIRST_COLUMN, COLUMNS, FROM, TO };

ix_array ix_piece_of(const char *block, const ix_param *p, ix_span held, const float *at)
{
    ix_array a = {.kind = IX_FLOATS, .n = ix_span_size(held), .values = (void *)at};
    int used = snprintf(a.name, sizeof a.name, "%s/%s@%lld", block, p->name, (long long)held.lo);
    IX_CONTRACT(used < (int)sizeof a.name);
    if (p->cut.share == IX_BY_ROWS) a.place[FIRST_ROW] = p->cut.held.lo;
    if (p->cut.share == IX_BY_COLS) a.place[FIRST_COLUMN] = p->cut.held.lo;
    a.place[COLUMNS] = p->cols;
    a.place[FROM] = held.lo;
    a.place[TO] = held.hi;
    return a;
}

int ix_piece_row(const ix_array *piece, const char *block, const ix_params *params)
{
    char name[IX_ARRAY_NAME];
    size_t prefix = strlen(block);
    if (strncmp(piece->name, block, prefix) != 0 || piece->name[prefix] != '/') return -1;
    snprintf(name, sizeof name, "%s", piece->name + prefix + 1);
    char *end = strrchr(name, '@');
    if (!end) return -1;
    *end = 0;
    return ix_params_find(params, name);
}

ix_span ix_piece_within(const ix_param *p, ix_span span)
{
    int64_t size = ix_param_size(p), lo = span.lo - p->offset, hi = span.hi - p->offset;
    if (lo < 0) lo = 0;
    if (hi > size) hi = size;
    return (ix_span){lo, hi > lo ? hi : lo};
}

/* The columns of the tensor that a piece has in a row of it. */
static ix_span columns_in(const int64_t *place, int64_t row)
{
    int64_t first = (row - place[FIRST_ROW]) * place[COLUMNS], lo = place[FROM], hi = place[TO];
    if (lo < first) lo = first;
    if (hi > first + place[COLUMNS]) hi = first + place[COLUMNS];
    return (ix_span){place[FIRST_COLUMN] + lo - first, place[FIRST_COLUMN] + (hi > lo ? hi : lo) - first};
}

static ix_span rows_of(const int64_t *place)
{
    return (ix_span){place[FIRST_ROW] + place[FROM] / place[COLUMNS],
                     place[FIRST_ROW] + (place[TO] + place[COLUMNS] - 1) / place[COLUMNS]};
}

static ix_span common(ix_span a, ix_span b)
{
    int64_t lo = a.lo > b.lo ? a.lo : b.lo, hi = a.hi < b.hi ? a.hi : b.hi;
    return (ix_span){lo, hi > lo ? hi : lo};
}

/* Where a number of the tensor stands among the values of a piece. */
static int64_t index_of(const int64_t *place, int64_t row, int64_t column)
{
    return (row - place[FIRST_ROW]) * place[COLUMNS] + column - place[FIRST_COLUMN] - place[FROM];
}

int64_t ix_piece_copy(float *to, const int64_t to_place[IX_ARRAY_PLACE], const ix_array *from)
{
    int64_t copied = 0;
    ix_span rows = common(rows_of(to_place), rows_of(from->place));
    for (int64_t r = rows.lo; r < rows.hi; r++) {
        ix_span c = common(columns_in(to_place, r), columns_in(from->place, r));
        int64_t n = ix_span_size(c);
        if (n == 0) continue;
        memcpy(to + index_of(to_place, r, c.lo), (const float *)from->values + index_of(from->place, r, c.lo),
               (size_t)n * sizeof *to);
        copied += n;
    }
    return copied;
}

bool ix_piece_is_sound(const ix_array *piece)
{
    const int64_t *p = piece->place, most = (int64_t)1 << 48;
    for (int i = 0; i <= TO; i++)
        if (p[i] < 0 || p[i] > most) return false;
    return piece->kind == IX_FLOATS && p[COLUMNS] > 0 && p[FROM] <= p[TO] && p[TO] - p[FROM] == piece->n;
}
