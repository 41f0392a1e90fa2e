/* SPDX-License-Identifier: Apache-2.0 */
#include "task/hamiltonian_layout.h"

#include <string.h>

int32_t ix_graph_layout_size(const ix_graph_layout *l)
{
    return (int32_t)(l->n + (l->n - 1) * l->separators + 1);
}

int ix_graph_layout_place(const ix_graph_layout *l, int32_t at)
{
    int each = 1 + l->separators;
    return at % each == 0 && at / each < l->n ? at / each : -1;
}

void ix_graph_layout_write(const ix_graph_layout *l, const uint8_t *y, int32_t *out)
{
    for (int i = 0; i < l->n; i++) {
        if (i) memcpy(out, l->separator, (size_t)l->separators * sizeof *out), out += l->separators;
        *out++ = l->vertex[y[i]];
    }
    *out = l->end;
}

/* Takes vertices, separators and end from a response that says y. */
static bool take(ix_graph_layout *l, const int32_t *response, int32_t size, const uint8_t *y)
{
    if (size < ix_graph_layout_size(l)) return false;
    for (int i = 0; i < l->n; i++) l->vertex[y[i]] = response[i * (1 + l->separators)];
    memcpy(l->separator, response + 1, (size_t)l->separators * sizeof *response);
    l->end = response[ix_graph_layout_size(l) - 1];
    for (int i = 0; i < l->n; i++)
        for (int k = 0; k < i; k++)
            if (l->vertex[i] == l->vertex[k]) return false;
    return true;
}

static bool fits(const ix_graph_layout *l, const int32_t *response, int32_t size, const uint8_t *y)
{
    int32_t want[IX_VERTICES * (1 + IX_SEPARATORS) + 1], n = ix_graph_layout_size(l);
    ix_graph_layout_write(l, y, want);
    return size >= n && !memcmp(want, response, (size_t)n * sizeof *want);
}

static bool fits_all(const ix_graph_layout *l, const ix_pairs *pairs, const ix_graph *graph)
{
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        if (!fits(l, p.response[IX_CHOSEN], p.response_size[IX_CHOSEN], graph[p.row].chosen)) return false;
    }
    return true;
}

ix_graph_layout ix_graph_layout_find(const ix_pairs *pairs, const ix_graph *graph, int n)
{
    ix_pair p = ix_pairs_get(pairs, 0);
    for (int separators = 0; separators <= IX_SEPARATORS; separators++) {
        ix_graph_layout l = {.known = true, .n = n, .separators = separators};
        if (take(&l, p.response[IX_CHOSEN], p.response_size[IX_CHOSEN], graph[p.row].chosen) &&
            fits_all(&l, pairs, graph))
            return l;
    }
    return (ix_graph_layout){.n = n};
}
