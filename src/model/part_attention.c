/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "model/family.h"

ix_heads ix_heads_of(ix_model *m, int in, int in_bias, int out, int out_bias)
{
    const ix_model_split *s = &m->split;
    int64_t H = ix_span_size(s->heads), G = ix_span_size(s->keys), K = m->c.K, D = m->c.D;
    int group = m->c.H / m->c.G;
    return (ix_heads){.in = {in, in_bias, (H + 2 * G) * K, D, 0},
                      .out = {out, out_bias, D, H * K, s->ranks},
                      .query = {in, in_bias, H * K, D, 0},
                      .keys = {in + 1, in_bias < 0 ? -1 : in_bias + 1, 2 * G * K, D, 0},
                      .shape = {.H = (int)H,
                                .G = (int)G,
                                .K = (int)K,
                                .group = group,
                                .first = (int)(s->heads.lo - s->keys.lo * group),
                                .stride = (H + 2 * G) * K,
                                .q_step = K,
                                .kv_step = K,
                                .scale = 1 / sqrtf((float)K)},
                      .k = H * K,
                      .v = (H + G) * K,
                      .qkv = ix_keep(m, (H + 2 * G) * K),
                      .att = ix_keep(m, H * K),
                      .lse = ix_keep(m, H)};
}

ix_heads ix_heads_in_turn(ix_model *m, int in, int in_bias, int out, int out_bias)
{
    ix_heads p = ix_heads_of(m, in, in_bias, out, out_bias);
    int K = p.shape.K;
    p.keys = (ix_linear){0};
    p.shape.q_step = p.shape.kv_step = 3 * (int64_t)K;
    p.k = K;
    p.v = 2 * (int64_t)K;
    return p;
}

static bool apart(const ix_run *r, const ix_heads *p)
{
    return r->read && p->keys.out > 0;
}

static void rotate_keys(const ix_run *r, const ix_heads *p, float *k, bool inverse)
{
    const ix_model *m = r->m;
    const ix_attention_shape *s = &p->shape;
    ix_rope(k, s->stride, s->kv_step, s->G, ix_rotated(&m->c), m->cosine, m->sine, r->pack->position, r->N, inverse);
}

static void rotate(const ix_run *r, const ix_heads *p, float *qkv, bool inverse)
{
    const ix_model *m = r->m;
    const ix_attention_shape *s = &p->shape;
    ix_rope(qkv, s->stride, s->q_step, s->H, ix_rotated(&m->c), m->cosine, m->sine, r->pack->position, r->N, inverse);
    rotate_keys(r, p, qkv + p->k, inverse);
}

/* q[R, H K], dense */
static void rotate_read(const ix_run *r, const ix_heads *p, float *q, bool inverse)
{
    const ix_model *m = r->m;
    const ix_attention_shape *s = &p->shape;
    ix_rope(q, p->query.out, s->q_step, s->H, ix_rotated(&m->c), m->cosine, m->sine, m->row_position, r->R, inverse);
}

/* Keys and values of all rows, queries of those that are read. */
static void project_read(const ix_run *r, const ix_heads *p, float *qkv, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch), bytes = (size_t)p->query.out * sizeof *qkv;
    ix_run rest = ix_rest(r);
    float *q = ix_take_rows(&rest, p->query.out);

    ix_linear_into(r, &p->keys, qkv + p->k, p->shape.stride, false, x);
    rotate_keys(r, p, qkv + p->k, false);
    ix_linear_forward(&rest, &p->query, q, false, ix_rows_of(r, x, p->query.in));
    rotate_read(r, p, q, false);
    for (int64_t i = 0; i < r->R; i++) memcpy(qkv + r->m->row[i] * p->shape.stride, q + i * p->query.out, bytes);
    ix_arena_release(r->m->scratch, mark);
}

/* att[N, H K] of rows whose keys, and those of all before them, lie in the cache. */
static void attend_kept(const ix_run *r, const ix_heads *p, float *att, const float *q)
{
    const ix_cached *c = r->cached;
    void *room = ix_model_attention_scratch(r->m, ix_attention_kept_scratch(&p->shape, c->seen, r->N));
    ix_attention_kept(att, q, ix_cache_block(c->cache, r->layer), ix_cache_slots(c->cache), &p->shape, c->seen, r->N,
                      room);
}

static void attend_pack(const ix_run *r, const ix_heads *p, float *att, const float *q)
{
    void *room = ix_model_attention_scratch(r->m, ix_attention_scratch(&p->shape, r->pack));
    double since = ix_seconds();
    ix_attention(att, ix_kept(r, p->lse), q, q + p->k, q + p->v, &p->shape, r->pack, r->read, room);
    ix_meter_attention(r, since, &p->shape, false);
}

void ix_heads_forward(const ix_run *r, const ix_heads *p, float *y, bool add, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    ix_run rest = ix_rest(r);
    const ix_cached *c = r->cached;
    float *q = ix_kept(r, p->qkv), *att = ix_kept(r, p->att);

    if (apart(r, p)) {
        project_read(r, p, q, x);
    } else {
        ix_linear_forward(r, &p->in, q, false, x);
        rotate(r, p, q, false);
    }
    if (c)
        ix_keep_keys(ix_cache_block(c->cache, r->layer), ix_cache_slots(c->cache), q + p->k, q + p->v, &p->shape,
                     c->slot, r->N);
    if (c && c->seen) attend_kept(r, p, att, q);
    else attend_pack(r, p, att, q);
    if (y) ix_linear_meet(&rest, &p->out, y, add, ix_rows_of(r, att, p->out.in));
    ix_arena_release(r->m->scratch, mark);
}

/* dqkv of all rows to dx and dw, where queries have a gradient at the rows that are read only. */
static void project_read_backward(const ix_run *r, const ix_heads *p, float *dx, float *dqkv, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch), bytes = (size_t)p->query.out * sizeof *dqkv;
    int64_t D = p->query.in;
    ix_run rest = ix_rest(r);
    float *dq = ix_take_rows(&rest, p->query.out), *dread = ix_take_rows(&rest, D);

    rotate_keys(r, p, dqkv + p->k, true);
    ix_linear_from(r, &p->keys, dx, dqkv + p->k, p->shape.stride, x);
    for (int64_t i = 0; i < r->R; i++) memcpy(dq + i * p->query.out, dqkv + r->m->row[i] * p->shape.stride, bytes);
    rotate_read(r, p, dq, true);
    ix_linear_backward(&rest, &p->query, dread, dq, ix_rows_of(r, x, D));
    for (int64_t i = 0; i < r->R; i++) ix_add(dx + r->m->row[i] * D, dread + i * D, D);
    ix_arena_release(r->m->scratch, mark);
}

/* Queries that lie between keys and values: those of rows that are not read have no gradient. */
static void clear_unread(const ix_run *r, const ix_heads *p, float *dq)
{
    const ix_attention_shape *s = &p->shape;
    for (int64_t n = 0, i = 0; n < r->N; n++) {
        bool read = i < r->R && r->m->row[i] == n;
        i += read;
        for (int h = 0; !read && h < s->H; h++)
            memset(dq + n * s->stride + h * s->q_step, 0, (size_t)s->K * sizeof *dq);
    }
}

void ix_heads_backward(const ix_run *r, const ix_heads *p, float *dx, const float *dy, const float *x)
{
    size_t mark = ix_arena_mark(r->m->scratch);
    ix_run rest = ix_rest(r);
    const float *q = ix_kept(r, p->qkv), *att = ix_kept(r, p->att), *lse = ix_kept(r, p->lse);
    float *datt = ix_take_rows(r, p->out.in), *dq = ix_take_rows(r, p->in.out);
    void *room = ix_model_attention_scratch(r->m, ix_attention_scratch(&p->shape, r->pack));

    ix_linear_backward(&rest, &p->out, datt, dy, ix_rows_of(r, att, p->out.in));
    ix_spread(r, datt, p->out.in);
    double since = ix_seconds();
    ix_attention_backward(dq, dq + p->k, dq + p->v, datt, att, lse, q, q + p->k, q + p->v, &p->shape, r->pack, r->read,
                          room);
    ix_meter_attention(r, since, &p->shape, true);
    if (apart(r, p)) {
        project_read_backward(r, p, dx, dq, x);
    } else {
        if (r->read) clear_unread(r, p, dq);
        rotate(r, p, dq, true);
        ix_linear_backward(r, &p->in, dx, dq, x);
    }
    ix_model_split_sum(&r->m->split, dx, r->N * p->in.in);
    ix_arena_release(r->m->scratch, mark);
}

size_t ix_heads_scratch(const ix_heads *p, int64_t N, bool backward)
{
    size_t in = ix_linear_scratch(&p->in, N, backward), out = ix_linear_scratch(&p->out, N, backward);
    size_t rows = ix_rows_bytes(N, p->out.in), query = p->keys.out ? ix_rows_bytes(N, p->query.in) : 0, all;
    if (backward) all = 2 * rows + ix_rows_bytes(N, p->in.out) + (query ? rows + 2 * query : 0);
    else all = rows + query;
    return all + (in > out ? in : out);
}
