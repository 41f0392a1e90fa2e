/* SPDX-License-Identifier: Apache-2.0 */
#include "model/family.h"

ix_norm ix_rmsnorm_of(ix_model *m, int weight)
{
    return (ix_norm){.weight = weight, .D = m->c.D, .eps = m->c.eps, .stat = ix_keep(m, 1)};
}

void ix_norm_forward(const ix_run *r, const ix_norm *n, float *y, const float *x)
{
    ix_rmsnorm(y, ix_kept(r, n->stat), x, ix_row(r, n->weight), r->N, n->D, n->eps);
}

void ix_norm_backward(const ix_run *r, const ix_norm *n, float *dx, const float *dy, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    void *sums = ix_arena_take(r->m->scratch, ix_rmsnorm_scratch(r->N, n->D));
    ix_rmsnorm_backward(dx, ix_drow(r, n->weight), dy, x, ix_kept(r, n->stat), ix_row(r, n->weight), r->N, n->D, sums);
    ix_arena_release(r->m->scratch, mark);
}

size_t ix_norm_scratch(const ix_norm *n, int64_t N, bool backward)
{
    return backward ? ix_arena_need(ix_rmsnorm_scratch(N, n->D)) : 0;
}
