/* SPDX-License-Identifier: Apache-2.0
 *
 * attention_tile.h - what forward and backward of attention share: the keys of one tree of segments, packed, and
 * the small products on tiles of queries. Not for use outside src/tensor.
 *
 * A tree is a segment without parent and the segments that see it. For one key/value head its keys are packed once,
 * segment by segment, each segment padded with zeros to whole tiles of TILE_K keys. So a key's place within its tiles
 * depends on its own segment only, and a row's sums run over (tiles of the parent, tiles of its own segment): the same
 * terms in the same order in any pack. Every score is one sum over the head's dimensions in order; which other rows
 * share the tile does not enter. Keys that a row does not see get the weight 0, which changes no sum. */
#ifndef IX_TENSOR_ATTENTION_TILE_H
#define IX_TENSOR_ATTENTION_TILE_H

#include "base/span.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

enum { TILE_K = 16, TILE_Q = 24, KEYS_AT_ONCE = 128 };

typedef struct {
    int32_t first, last; /* segments [first, last] of the pack: the root, then its children */
    int64_t slots;       /* packed keys of the tree, with padding */
} ix_tree;

/* The trees of a pack are runs of segments (pack.h appends children behind their root). Returns the number of trees;
 * tree NULL: only counts. *most: slots of the largest. */
int32_t ix_trees(ix_tree *tree, const ix_pack *pack, int64_t *most);

/* The query heads of key head g. */
static inline ix_rows ix_queries_of(const ix_attention_shape *a, int g)
{
    int group = a->group ? a->group : a->H / a->G, lo = g * group - a->first, hi = lo + group;
    return (ix_rows){lo < 0 ? 0 : lo, hi > a->H ? a->H : hi};
}

/* The rows of segment s whose output is wanted. */
static inline ix_rows ix_rows_read(const ix_pack *pack, const ix_rows *read, int32_t s)
{
    return read ? read[s] : (ix_rows){pack->segment[s].begin, pack->segment[s].end};
}

static inline int64_t ix_round_tile(int64_t n)
{
    return (n + TILE_K - 1) / TILE_K * TILE_K;
}

/* Room of one thread. Numbers of one head are packed in two ways: a panel [tile][K][TILE_K] is for products with
 * queries, strips [KP / TILE_K][slots][TILE_K] are for sums over keys. Tiles of queries are [TILE_Q][KP], with zeros
 * behind K. */
typedef struct {
    int64_t K, KP, slots; /* KP: K rounded up to TILE_K; slots: of the largest tree */
    float *key_panel, *key_strips, *value_panel, *value_strips;
    float *dkey_strips, *dvalue_strips;
    float *q, *dout, *sum; /* tiles of queries: scale q, dout, and a sum over keys (out or dq) */
    float *score, *dscore; /* [TILE_Q][slots], [TILE_Q][KEYS_AT_ONCE] */
    int64_t *slot;         /* first slot of each segment of the tree, from tree->first */
} ix_attention_room;

/* One thread's room within `memory`; returns its bytes. memory NULL: only counts. */
size_t ix_attention_room_take(ix_attention_room *r, void *memory, const ix_attention_shape *shape, const ix_pack *pack,
                              int64_t slots);
size_t ix_attention_trees_bytes(int32_t trees); /* what lies before the rooms */

/* Begins a tree: fills `slot`. */
void ix_tree_begin(ix_attention_room *r, const ix_tree *t, const ix_pack *pack);

/* x: the head's numbers of token 0. hand_out is the way back from strips. */
void ix_pack_panel(float *panel, const float *x, int64_t stride, const ix_attention_room *r, const ix_tree *t,
                   const ix_pack *pack);
void ix_pack_strips(float *strips, const float *x, int64_t stride, const ix_attention_room *r, const ix_tree *t,
                    const ix_pack *pack);
void ix_hand_out_strips(float *x, int64_t stride, const float *strips, const ix_attention_room *r, const ix_tree *t,
                        const ix_pack *pack);
/* tile[n][KP] = scale x */
void ix_tile_take(float *tile, const float *x, int64_t stride, float scale, int n, const ix_attention_room *r);

/* score[q][slot - lo] = a_q . key[slot] for slots [lo, hi) (whole tiles), q < n */
void ix_tile_scores(float *score, int64_t ld, const float *a, int n, const float *panel, const ix_attention_room *r,
                    int64_t lo, int64_t hi);
/* sum_q += sum_slot weight[q][slot - lo] strips[slot] */
void ix_tile_sums(float *sum, const float *weight, int64_t ld, int n, const float *strips, const ix_attention_room *r,
                  int64_t lo, int64_t hi);
/* strips[slot] += sum_q weight[q][slot - lo] a_q: the transpose, for gradients of keys and values */
void ix_tile_spread(float *strips, const float *weight, int64_t ld, const float *a, int n, const ix_attention_room *r,
                    int64_t lo, int64_t hi);

/* One row of scores, `runs` stretches of size[k] slots one behind the other, to weights exp(s - m) where they are seen
 * and 0 elsewhere. Returns 1 / their sum; *lse = m + log of it. */
float ix_tile_weights(float *score, const int64_t *size, const ix_span *seen, int runs, float softcap, float *lse);

/* What the queries [begin, begin + n) of segment s see: up to two runs of slots, parent first. Tiles that are too old
 * for all of them are left out. */
typedef struct {
    int64_t lo, hi; /* slots, whole tiles */
    int32_t token;  /* pack row of slot lo */
    int32_t size;   /* tokens from there that exist */
    bool own;       /* the queries' own segment: causal */
} ix_run_of_keys;
int ix_key_runs(ix_run_of_keys run[2], const ix_attention_room *r, const ix_tree *t, const ix_pack *pack, int window,
                int32_t segment, int32_t begin, int n);

/* Which slots [lo, hi) of the run, counted from slot `from` of the pack and cut to n of them, query row i sees: one
 * span, because positions rise. */
static inline ix_span ix_seen(const ix_run_of_keys *r, const ix_pack *pack, int window, int32_t i, int64_t from,
                              int64_t n)
{
    int64_t before = from - r->lo, lo = 0, hi = (r->own ? i - r->token + 1 : r->size) - before;
    if (window > 0) lo = (int64_t)pack->position[i] - window + 1 - pack->position[r->token] - before;
    hi = hi < 0 ? 0 : hi < n ? hi : n;
    lo = lo < 0 ? 0 : lo < hi ? lo : hi;
    return (ix_span){lo, hi};
}

/* The whole vectors of eight that hold the span. */
static inline ix_span ix_vectors(ix_span seen)
{
    return (ix_span){seen.lo / 8 * 8, (seen.hi + 7) / 8 * 8};
}

/* Of the vector at x[j], lanes outside of the span become `value`. */
static inline void ix_mask_vector(float *x, int64_t j, ix_span seen, float value)
{
    i8 place = (i8){0, 1, 2, 3, 4, 5, 6, 7} + (int32_t)j;
    i8 inside = (place >= (int32_t)seen.lo) & (place < (int32_t)seen.hi);
    v8_store(x + j, (v8)((inside & (i8)v8_load(x + j)) | (~inside & (i8)v8_all(value))));
}

/* In the vectors that hold the span, what lies outside of it becomes `value`; x[0, n) outside of them becomes 0. */
static inline void ix_mask(float *x, ix_span seen, int64_t n, float value)
{
    ix_span whole = ix_vectors(seen);
    for (int64_t j = 0; j < whole.lo; j += 8) v8_store(x + j, v8_all(0));
    for (int64_t j = whole.hi; j < n; j += 8) v8_store(x + j, v8_all(0));
    if (whole.lo == whole.hi) return;
    ix_mask_vector(x, whole.lo, seen, value);
    ix_mask_vector(x, whole.hi - 8, seen, value);
}

#endif
