/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "model/family.h"

ix_heads ix_heads_of(ix_model *m, int in, int in_bias, int out, int out_bias)
{
    const ix_model_config *c = &m->c;
    int64_t Q = (int64_t)c->H * c->K, KV = (int64_t)c->G * c->K;
    return (ix_heads){.in = {in, in_bias, Q + 2 * KV, c->D},
                      .out = {out, out_bias, c->D, Q},
                      .shape = {.H = c->H,
                                .G = c->G,
                                .K = c->K,
                                .stride = Q + 2 * KV,
                                .q_step = c->K,
                                .kv_step = c->K,
                                .scale = 1 / sqrtf((float)c->K)},
                      .k = Q,
                      .v = Q + KV,
                      .qkv = ix_keep(m, Q + 2 * KV),
                      .att = ix_keep(m, Q),
                      .lse = ix_keep(m, c->H)};
}

ix_heads ix_heads_in_turn(ix_model *m, int in, int in_bias, int out, int out_bias)
{
    ix_heads p = ix_heads_of(m, in, in_bias, out, out_bias);
    int K = p.shape.K;
    p.shape.q_step = p.shape.kv_step = 3 * (int64_t)K;
    p.k = K;
    p.v = 2 * (int64_t)K;
    return p;
}

static void rotate(const ix_run *r, const ix_heads *p, float *qkv, bool inverse)
{
    const ix_attention_shape *s = &p->shape;
    const ix_model *m = r->m;
    int R = ix_rotated(&m->c);
    ix_rope(qkv, s->stride, s->q_step, s->H, R, m->cosine, m->sine, r->pack->position, r->N, inverse);
    ix_rope(qkv + p->k, s->stride, s->kv_step, s->G, R, m->cosine, m->sine, r->pack->position, r->N, inverse);
}

void ix_heads_forward(const ix_run *r, const ix_heads *p, float *y, bool add, const float *x)
{
    float *q = ix_kept(r, p->qkv), *att = ix_kept(r, p->att);
    void *room = ix_model_attention_scratch(r->m, ix_attention_scratch(&p->shape, r->pack));

    ix_linear_forward(r, &p->in, q, false, x);
    rotate(r, p, q, false);
    ix_attention(att, ix_kept(r, p->lse), q, q + p->k, q + p->v, &p->shape, r->pack, NULL, room);
    ix_linear_forward(r, &p->out, y, add, att);
}

void ix_heads_backward(const ix_run *r, const ix_heads *p, float *dx, const float *dy, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    const float *q = ix_kept(r, p->qkv), *att = ix_kept(r, p->att), *lse = ix_kept(r, p->lse);
    float *datt = ix_take_rows(r, p->out.in), *dq = ix_take_rows(r, p->in.out);
    void *room = ix_model_attention_scratch(r->m, ix_attention_scratch(&p->shape, r->pack));

    ix_linear_backward(r, &p->out, datt, dy, att);
    ix_attention_backward(dq, dq + p->k, dq + p->v, datt, att, lse, q, q + p->k, q + p->v, &p->shape, r->pack, NULL,
                          room);
    rotate(r, p, dq, true);
    ix_linear_backward(r, &p->in, dx, dq, x);
    ix_arena_release(r->m->scratch, mark);
}

size_t ix_heads_scratch(const ix_heads *p, int64_t N, bool backward)
{
    size_t in = ix_linear_scratch(&p->in, N, backward), out = ix_linear_scratch(&p->out, N, backward);
    return (backward ? ix_rows_bytes(N, p->out.in) + ix_rows_bytes(N, p->in.out) : 0) + (in > out ? in : out);
}
