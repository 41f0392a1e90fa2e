/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "model/family.h"

/* y[N,out] = x W^T, or += */
static void multiply(const ix_run *r, const ix_linear *l, float *y, int64_t ld, bool add, const float *x)
{
    const uint16_t *narrow = ix_row_bf16(r->m, l->weight);
    if (narrow) ix_bf16_gemm(y, ld, add, x, l->in, narrow, r->N, l->out, l->in, r->m->tile);
    else ix_gemm(y, ld, add, x, l->in, false, ix_row(r, l->weight), l->in, true, r->N, l->out, l->in);
}

void ix_linear_into(const ix_run *r, const ix_linear *l, float *y, int64_t ld, bool add, const float *x)
{
    double since = ix_seconds();
    multiply(r, l, y, ld, add, x);
    ix_meter_products(r->m, since, &(ix_gemm_args){.m = r->N, .n = l->out, .k = l->in}, 1);
    if (l->bias >= 0) ix_bias(y, ld, ix_row(r, l->bias), r->N, l->out);
}

void ix_linear_forward(const ix_run *r, const ix_linear *l, float *y, bool add, const float *x)
{
    ix_linear_into(r, l, y, l->out, add, x);
}

void ix_linear_meet(const ix_run *r, const ix_linear *l, float *y, bool add, const float *x)
{
    ix_linear plain = {.weight = l->weight, .bias = -1, .out = l->out, .in = l->in};
    int64_t n = r->N * l->out;
    if (l->ranks <= 1) {
        ix_linear_forward(r, l, y, add, x);
        return;
    }
    size_t mark = ix_arena_mark(r->m->scratch);
    float *part = add ? ix_take_rows(r, l->out) : y;
    ix_linear_forward(r, &plain, part, false, x);
    ix_model_split_sum(&r->m->split, part, n);
    if (add) ix_add(y, part, n);
    if (l->bias >= 0) ix_bias(y, l->out, ix_row(r, l->bias), r->N, l->out);
    ix_arena_release(r->m->scratch, mark);
}

static void bias_backward(const ix_run *r, const ix_linear *l, const float *dy, int64_t ld)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    void *sums = ix_arena_take(r->m->scratch, ix_bias_scratch(r->N, l->out));
    ix_bias_backward(ix_drow(r, l->bias), dy, ld, r->N, l->out, sums);
    ix_arena_release(r->m->scratch, mark);
}

/* dx = dy W, dW += dy^T x */
void ix_linear_from(const ix_run *r, const ix_linear *l, float *dx, const float *dy, int64_t ld, const float *x)
{
    if (r->m->final) r->m->final(r->m->follower, INT64_MAX);
    double since = ix_seconds();
    ix_gemm_args both[] = {{dx, dy, ix_row(r, l->weight), l->in, ld, l->in, r->N, l->in, l->out, false, false, false},
                           {ix_drow(r, l->weight), dy, x, l->in, ld, l->in, l->out, l->in, r->N, true, true, false}};
    ix_gemms(both, 2);
    ix_meter_products(r->m, since, both, 2);
    if (l->bias >= 0) bias_backward(r, l, dy, ld);
}

void ix_linear_backward(const ix_run *r, const ix_linear *l, float *dx, const float *dy, const float *x)
{
    ix_linear_from(r, l, dx, dy, l->out, x);
}

size_t ix_linear_scratch(const ix_linear *l, int64_t N, bool backward)
{
    if (!backward) return l->ranks > 1 ? ix_rows_bytes(N, l->out) : 0;
    return l->bias >= 0 ? ix_arena_need(ix_bias_scratch(N, l->out)) : 0;
}
