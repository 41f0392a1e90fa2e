/* SPDX-License-Identifier: Apache-2.0 */
#include "model/block.h"

#include <string.h>

#include "model/family.h"

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t ix_block_parts_scratch(const ix_layer *l, int norms, int64_t N, bool backward)
{
    size_t most = larger(ix_heads_scratch(&l->attention, N, backward), ix_mlp_scratch(&l->mlp, N, backward));
    for (int i = 0; i < norms; i++) most = larger(most, ix_norm_scratch(&l->norm[i], N, backward));
    return most;
}

static void serial_forward(const ix_run *r, const ix_layer *l, float *next, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *mid = ix_kept(r, l->mid);

    ix_norm_forward(r, &l->norm[0], a, x);
    ix_gather(r, mid, x, D);
    ix_heads_forward(r, &l->attention, mid, true, a);
    ix_norm_forward(&rest, &l->norm[1], a, mid);
    if (next) memcpy(next, mid, (size_t)(rest.N * D) * sizeof *x);
    ix_mlp_forward(&rest, &l->mlp, next, true, a);
    ix_arena_release(scratch, mark);
}

static void serial_backward(const ix_run *r, const ix_layer *l, float *dx, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *da = ix_take_rows(r, D), *mid = ix_kept(r, l->mid);

    ix_norm_forward(&rest, &l->norm[1], a, mid);
    ix_mlp_backward(&rest, &l->mlp, da, dx, a);
    ix_norm_backward(&rest, &l->norm[1], dx, da, mid);
    ix_norm_forward(r, &l->norm[0], a, x);
    ix_heads_backward(r, &l->attention, da, dx, a);
    ix_spread_clear(r, dx, D);
    ix_norm_backward(r, &l->norm[0], dx, da, x);
    ix_arena_release(scratch, mark);
}

static size_t serial_scratch(const ix_layer *l, int64_t N, bool backward)
{
    return (backward ? 2 : 1) * ix_rows_bytes(N, l->norm[0].D) + ix_block_parts_scratch(l, 2, N, backward);
}

const ix_block ix_block_serial = {serial_forward, serial_backward, serial_scratch};
