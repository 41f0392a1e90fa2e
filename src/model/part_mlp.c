/* SPDX-License-Identifier: Apache-2.0 */
#include "model/family.h"

static void swiglu(float *y, const float *h, int64_t N, int64_t F)
{
    ix_swiglu(y, h, h + F, 2 * F, N, F);
}

static void swiglu_backward(float *h, const float *dy, int64_t N, int64_t F)
{
    ix_swiglu_backward(h, h + F, dy, h, h + F, 2 * F, N, F);
}

const ix_activation ix_activation_swiglu = {2, swiglu, swiglu_backward};

static void geglu(float *y, const float *h, int64_t N, int64_t F)
{
    ix_geglu(y, h, h + F, 2 * F, N, F);
}

static void geglu_backward(float *h, const float *dy, int64_t N, int64_t F)
{
    ix_geglu_backward(h, h + F, dy, h, h + F, 2 * F, N, F);
}

const ix_activation ix_activation_geglu = {2, geglu, geglu_backward};

static void gelu(float *y, const float *h, int64_t N, int64_t F)
{
    ix_gelu(y, h, N * F);
}

static void gelu_backward(float *h, const float *dy, int64_t N, int64_t F)
{
    ix_gelu_backward(h, dy, h, N * F);
}

const ix_activation ix_activation_gelu = {1, gelu, gelu_backward};

ix_mlp ix_mlp_of(ix_model *m, const ix_activation *activation, int in, int in_bias, int out, int out_bias)
{
    int64_t D = m->c.D, F = ix_span_size(m->split.columns), h = activation->parts * F;
    return (ix_mlp){.in = {in, in_bias, h, D, 0},
                    .out = {out, out_bias, D, F, m->split.ranks},
                    .activation = activation,
                    .h = ix_keep(m, h)};
}

void ix_mlp_forward(const ix_run *r, const ix_mlp *p, float *y, bool add, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    int64_t F = p->out.in;
    float *h = ix_kept(r, p->h), *act = ix_take_rows(r, F);

    ix_linear_forward(r, &p->in, h, false, x);
    if (y) {
        p->activation->forward(act, h, r->N, F);
        ix_linear_meet(r, &p->out, y, add, act);
    }
    ix_arena_release(r->m->scratch, mark);
}

void ix_mlp_backward(const ix_run *r, const ix_mlp *p, float *dx, const float *dy, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    int64_t F = p->out.in;
    float *h = ix_kept(r, p->h), *act = ix_take_rows(r, F), *dact = ix_take_rows(r, F);

    p->activation->forward(act, h, r->N, F);
    ix_linear_backward(r, &p->out, dact, dy, act);
    p->activation->backward(h, dact, r->N, F);
    ix_linear_backward(r, &p->in, dx, h, x);
    ix_model_split_sum(&r->m->split, dx, r->N * p->in.in);
    ix_arena_release(r->m->scratch, mark);
}

size_t ix_mlp_scratch(const ix_mlp *p, int64_t N, bool backward)
{
    size_t in = ix_linear_scratch(&p->in, N, backward), out = ix_linear_scratch(&p->out, N, backward);
    return (backward ? 2 : 1) * ix_rows_bytes(N, p->out.in) + (in > out ? in : out);
}
