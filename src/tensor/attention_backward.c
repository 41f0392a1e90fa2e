/* SPDX-License-Identifier: Apache-2.0
 *
 * attention_backward.c - with p_ij = exp(s_ij - lse_i) and c_i = dout_i . out_i:
 *
 *     dv_j = sum_i p_ij dout_i,   ds_ij = p_ij (dout_i . v_j - c_i) (1 - (s_ij / softcap)^2),
 *     dq_i = scale sum_j ds_ij k_j,     dk_j = sum_i ds_ij (scale q_i).
 *
 * A task owns one tree of segments and one key/value head, so that dk and dv are summed by one thread, over queries in
 * the order of the pack, tile by tile, and over the heads of a group in order. */
#include <omp.h>
#include <string.h>

#include "tensor/attention_tile.h"

/* The backward pass needs the most; the forward pass uses a part of the same room. */
size_t ix_attention_scratch(const ix_attention_shape *shape, const ix_pack *pack)
{
    ix_attention_room r;
    int64_t most;
    int32_t trees = ix_trees(NULL, pack, &most);
    return ix_attention_trees_bytes(trees) +
           (size_t)omp_get_max_threads() * ix_attention_room_take(&r, NULL, shape, pack, most);
}

/* One row of n keys: scores become p, products dout . v become ds. */
static void finish_row(float *p, float *ds, int64_t n, float softcap, ix_span seen, float lse, float c)
{
    ix_span whole = ix_vectors(seen);
    for (int64_t j = whole.lo; j < whole.hi; j += 8) {
        v8 s = v8_load(p + j), d = v8_load(ds + j) - c;
        if (softcap > 0) {
            v8 t = v8_tanh(s / softcap);
            s = softcap * t;
            d *= 1 - t * t;
        }
        v8 e = v8_exp(s - lse);
        v8_store(p + j, e);
        v8_store(ds + j, e * d);
    }
    ix_mask(p, seen, n, 0);
    ix_mask(ds, seen, n, 0);
}

/* Everything of one call, so that the functions below stay readable. */
typedef struct {
    float *dq, *dk, *dv;
    const float *dout, *out, *lse, *q, *k, *v;
    const ix_attention_shape *shape;
    const ix_pack *pack;
    const ix_rows *read;
} problem;

/* Queries [begin, begin + n) of head h, taken into r->q and r->dout, against KEYS_AT_ONCE keys of a run from lo on. */
static void backward_keys(const problem *b, const ix_attention_room *r, const ix_run_of_keys *run, int64_t lo, int h,
                          int32_t begin, int n, const float *c)
{
    int64_t hi = run->hi - lo < KEYS_AT_ONCE ? run->hi : lo + KEYS_AT_ONCE, ld = hi - lo;
    ix_tile_scores(r->score, ld, r->q, n, r->key_panel, r, lo, hi);
    ix_tile_scores(r->dscore, ld, r->dout, n, r->value_panel, r, lo, hi);
    for (int i = 0; i < n; i++) {
        ix_span seen = ix_seen(run, b->pack, b->shape->window, begin + i, lo, ld);
        finish_row(r->score + i * ld, r->dscore + i * ld, ld, b->shape->softcap, seen,
                   b->lse[(int64_t)(begin + i) * b->shape->H + h], c[i]);
    }
    ix_tile_sums(r->sum, r->dscore, ld, n, r->key_strips, r, lo, hi);
    ix_tile_spread(r->dkey_strips, r->dscore, ld, r->q, n, r, lo, hi);
    ix_tile_spread(r->dvalue_strips, r->score, ld, r->dout, n, r, lo, hi);
}

static void backward_tile(const problem *b, const ix_attention_room *r, const ix_run_of_keys *run, int runs, int h,
                          int32_t begin, int n)
{
    const ix_attention_shape *shape = b->shape;
    int64_t width = (int64_t)shape->H * shape->K, of_head = begin * shape->stride + h * shape->q_step;
    const float *dout = b->dout + begin * width + (int64_t)h * shape->K;
    const float *out = b->out + begin * width + (int64_t)h * shape->K;
    float c[TILE_Q];

    ix_tile_take(r->q, b->q + of_head, shape->stride, shape->scale, n, r);
    ix_tile_take(r->dout, dout, width, 1, n, r);
    for (int i = 0; i < n; i++) c[i] = (float)ix_dot(dout + i * width, out + i * width, shape->K);
    memset(r->sum, 0, (size_t)(n * r->KP) * sizeof *r->sum);
    for (int k = 0; k < runs; k++)
        for (int64_t lo = run[k].lo; lo < run[k].hi; lo += KEYS_AT_ONCE)
            backward_keys(b, r, &run[k], lo, h, begin, n, c);
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < r->K; k++)
            b->dq[of_head + i * shape->stride + k] = shape->scale * r->sum[i * r->KP + k];
}

static void backward_tree(const problem *b, ix_attention_room *r, const ix_tree *t, int g)
{
    const ix_attention_shape *shape = b->shape;
    const float *k = b->k + g * shape->kv_step, *v = b->v + g * shape->kv_step;
    ix_rows heads = ix_queries_of(shape, g);
    ix_run_of_keys run[2];

    ix_tree_begin(r, t, b->pack);
    ix_pack_panel(r->key_panel, k, shape->stride, r, t, b->pack);
    ix_pack_strips(r->key_strips, k, shape->stride, r, t, b->pack);
    ix_pack_panel(r->value_panel, v, shape->stride, r, t, b->pack);
    memset(r->dkey_strips, 0, (size_t)(r->slots * r->KP) * sizeof *r->dkey_strips);
    memset(r->dvalue_strips, 0, (size_t)(r->slots * r->KP) * sizeof *r->dvalue_strips);
    for (int32_t s = t->first; s <= t->last; s++) {
        ix_rows rows = ix_rows_read(b->pack, b->read, s);
        for (int32_t at = rows.begin; at < rows.end; at += TILE_Q) {
            int n = rows.end - at < TILE_Q ? rows.end - at : TILE_Q;
            int runs = ix_key_runs(run, r, t, b->pack, shape->window, s, at, n);
            for (int h = heads.begin; h < heads.end; h++) backward_tile(b, r, run, runs, h, at, n);
        }
    }
    ix_hand_out_strips(b->dk + g * shape->kv_step, shape->stride, r->dkey_strips, r, t, b->pack);
    ix_hand_out_strips(b->dv + g * shape->kv_step, shape->stride, r->dvalue_strips, r, t, b->pack);
}

void ix_attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *lse,
                           const float *q, const float *k, const float *v, const ix_attention_shape *shape,
                           const ix_pack *pack, const ix_rows *read, void *scratch)
{
    problem b = {dq, dk, dv, dout, out, lse, q, k, v, shape, pack, read};
    int64_t most;
    ix_tree *tree = scratch;
    int32_t trees = ix_trees(tree, pack, &most);
    char *rooms = (char *)scratch + ix_attention_trees_bytes(trees);
#pragma omp parallel
    {
        ix_attention_room r;
        size_t each = ix_attention_room_take(&r, NULL, shape, pack, most);
        ix_attention_room_take(&r, rooms + (size_t)omp_get_thread_num() * each, shape, pack, most);
#pragma omp for schedule(dynamic)
        for (int64_t task = 0; task < (int64_t)trees * shape->G; task++)
            backward_tree(&b, &r, &tree[task / shape->G], (int)(task % shape->G));
    }
}
