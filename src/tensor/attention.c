/* SPDX-License-Identifier: Apache-2.0
 *
 * attention.c - forward: for each tree of segments and key/value head, tiles of queries against packed keys. The scores
 * of a tile of queries are held as [TILE_Q, keys]; their maximum is exact, and exponentials are summed in lanes whose
 * places follow the tiles. */
#include <omp.h>
#include <string.h>

#include "tensor/attention_tile.h"

/* Everything of one call, so that the functions below stay readable. */
typedef struct {
    float *out, *lse;
    const float *q, *k, *v;
    const ix_attention_shape *shape;
    const ix_pack *pack;
    const ix_rows *read;
} problem;

/* Row i: scores to weights. Returns 1 / their sum. */
static float finish_row(const problem *f, float *score, const ix_run_of_keys *run, int runs, int32_t i, int h)
{
    int64_t size[2];
    ix_span seen[2];
    for (int k = 0; k < runs; k++) {
        size[k] = run[k].hi - run[k].lo;
        seen[k] = ix_seen(&run[k], f->pack, f->shape->window, i, run[k].lo, size[k]);
    }
    return ix_tile_weights(score, size, seen, runs, f->shape->softcap, &f->lse[(int64_t)i * f->shape->H + h]);
}

/* Queries [begin, begin + n) of head h. */
static void forward_tile(const problem *f, const ix_attention_room *r, const ix_run_of_keys *run, int runs, int h,
                         int32_t begin, int n)
{
    const ix_attention_shape *shape = f->shape;
    int64_t ld = run[runs - 1].hi - run[runs - 1].lo + (runs > 1 ? run[0].hi - run[0].lo : 0), at = 0;
    float share[TILE_Q];

    ix_tile_take(r->q, f->q + begin * shape->stride + h * shape->q_step, shape->stride, shape->scale, n, r);
    for (int k = 0; k < runs; at += run[k].hi - run[k].lo, k++)
        ix_tile_scores(r->score + at, ld, r->q, n, r->key_panel, r, run[k].lo, run[k].hi);
    for (int i = 0; i < n; i++) share[i] = finish_row(f, r->score + i * ld, run, runs, begin + i, h);
    memset(r->sum, 0, (size_t)(n * r->KP) * sizeof *r->sum);
    at = 0;
    for (int k = 0; k < runs; at += run[k].hi - run[k].lo, k++)
        ix_tile_sums(r->sum, r->score + at, ld, n, r->value_strips, r, run[k].lo, run[k].hi);
    for (int i = 0; i < n; i++) {
        float *to = f->out + ((int64_t)(begin + i) * shape->H + h) * shape->K;
        for (int64_t k = 0; k < r->K; k++) to[k] = r->sum[i * r->KP + k] * share[i];
    }
}

static void forward_tree(const problem *f, ix_attention_room *r, const ix_tree *t, int g)
{
    const ix_attention_shape *shape = f->shape;
    ix_rows heads = ix_queries_of(shape, g);
    ix_run_of_keys run[2];
    ix_tree_begin(r, t, f->pack);
    ix_pack_panel(r->key_panel, f->k + g * shape->kv_step, shape->stride, r, t, f->pack);
    ix_pack_strips(r->value_strips, f->v + g * shape->kv_step, shape->stride, r, t, f->pack);
    for (int32_t s = t->first; s <= t->last; s++) {
        ix_rows rows = ix_rows_read(f->pack, f->read, s);
        for (int32_t at = rows.begin; at < rows.end; at += TILE_Q) {
            int n = rows.end - at < TILE_Q ? rows.end - at : TILE_Q;
            int runs = ix_key_runs(run, r, t, f->pack, shape->window, s, at, n);
            for (int h = heads.begin; h < heads.end; h++) forward_tile(f, r, run, runs, h, at, n);
        }
    }
}

void ix_attention(float *out, float *lse, const float *q, const float *k, const float *v,
                  const ix_attention_shape *shape, const ix_pack *pack, const ix_rows *read, void *scratch)
{
    problem f = {out, lse, q, k, v, shape, pack, read};
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
            forward_tree(&f, &r, &tree[task / shape->G], (int)(task % shape->G));
    }
}
