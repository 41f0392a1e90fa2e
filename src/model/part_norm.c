/* SPDX-License-Identifier: Apache-2.0 */
#include "model/family.h"

ix_norm ix_rmsnorm_of(ix_model *m, int weight, float offset)
{
    return (ix_norm){
        .weight = weight, .bias = -1, .offset = offset, .D = m->c.D, .eps = m->c.eps, .stat = ix_keep(m, 1)};
}

ix_norm ix_layernorm_of(ix_model *m, int weight, int bias)
{
    return (ix_norm){.weight = weight, .bias = bias, .D = m->c.D, .eps = m->c.eps, .stat = ix_keep(m, 2)};
}

/* The weight that multiplies: the table's own, or in scratch what it is with the offset. */
static const float *weight_of(const ix_run *r, const ix_norm *n)
{
    const float *g = ix_row(r, n->weight);
    if (n->offset == 0) return g;
    float *whole = ix_arena_take(r->m->scratch, (size_t)n->D * sizeof *whole);
    for (int64_t d = 0; d < n->D; d++) whole[d] = n->offset + g[d];
    return whole;
}

void ix_norm_forward(const ix_run *r, const ix_norm *n, float *y, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    const float *g = weight_of(r, n);
    float *stat = ix_kept(r, n->stat);
    if (n->bias < 0) ix_rmsnorm(y, stat, x, g, r->N, n->D, n->eps);
    else ix_layernorm(y, stat, x, g, ix_row(r, n->bias), r->N, n->D, n->eps);
    ix_arena_release(r->m->scratch, mark);
}

static size_t sums_bytes(const ix_norm *n, int64_t N)
{
    return n->bias < 0 ? ix_rmsnorm_scratch(N, n->D) : ix_layernorm_scratch(N, n->D);
}

void ix_norm_backward(const ix_run *r, const ix_norm *n, float *dx, const float *dy, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    const float *g = weight_of(r, n), *stat = ix_kept(r, n->stat);
    float *dg = ix_drow(r, n->weight);
    void *sums = ix_arena_take(r->m->scratch, sums_bytes(n, r->N));
    if (n->bias < 0) ix_rmsnorm_backward(dx, dg, dy, x, stat, g, r->N, n->D, sums);
    else ix_layernorm_backward(dx, dg, ix_drow(r, n->bias), dy, x, stat, g, r->N, n->D, sums);
    ix_arena_release(r->m->scratch, mark);
}

size_t ix_norm_scratch(const ix_norm *n, int64_t N, bool backward)
{
    return (n->offset == 0 ? 0 : ix_rows_bytes(1, n->D)) + (backward ? ix_arena_need(sums_bytes(n, N)) : 0);
}
