/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/attention_tile.h"

#include <string.h>

/* --- trees and rooms ------------------------------------------------------------------------------ */

int32_t ix_trees(ix_tree *tree, const ix_pack *pack, int64_t *most)
{
    int32_t n = 0;
    *most = 0;
    for (int32_t s = 0; s < pack->S; n++) {
        ix_tree t = {.first = s, .last = s};
        int32_t end = s + 1;
        while (end < pack->S && pack->segment[end].parent == s) end++;
        t.last = end - 1;
        for (int32_t i = s; i < end; i++) t.slots += ix_round_tile(pack->segment[i].end - pack->segment[i].begin);
        if (t.slots > *most) *most = t.slots;
        if (tree) tree[n] = t;
        s = end;
    }
    return n;
}

static size_t pad(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

size_t ix_attention_trees_bytes(int32_t trees)
{
    return pad((size_t)trees * sizeof(ix_tree));
}

static void *take(char *memory, size_t *at, int64_t count, size_t size)
{
    char *p = memory ? memory + *at : NULL;
    *at += pad((size_t)count * size);
    return p;
}

size_t ix_attention_room_take(ix_attention_room *r, void *memory, const ix_attention_shape *shape, const ix_pack *pack,
                              int64_t slots)
{
    int64_t K = shape->K, KP = ix_round_tile(K);
    size_t at = 0;
    r->K = K;
    r->KP = KP;
    r->slots = slots;
    r->key_panel = take(memory, &at, slots * K, sizeof(float));
    r->value_panel = take(memory, &at, slots * K, sizeof(float));
    r->key_strips = take(memory, &at, slots * KP, sizeof(float));
    r->value_strips = take(memory, &at, slots * KP, sizeof(float));
    r->dkey_strips = take(memory, &at, slots * KP, sizeof(float));
    r->dvalue_strips = take(memory, &at, slots * KP, sizeof(float));
    r->q = take(memory, &at, TILE_Q * KP, sizeof(float));
    r->dout = take(memory, &at, TILE_Q * KP, sizeof(float));
    r->sum = take(memory, &at, TILE_Q * KP, sizeof(float));
    r->score = take(memory, &at, TILE_Q * (slots > KEYS_AT_ONCE ? slots : KEYS_AT_ONCE), sizeof(float));
    r->dscore = take(memory, &at, TILE_Q * KEYS_AT_ONCE, sizeof(float));
    r->slot = take(memory, &at, pack->S, sizeof(int64_t));
    return at;
}

void ix_tree_begin(ix_attention_room *r, const ix_tree *t, const ix_pack *pack)
{
    int64_t at = 0;
    for (int32_t s = t->first; s <= t->last; s++) {
        r->slot[s - t->first] = at;
        at += ix_round_tile(pack->segment[s].end - pack->segment[s].begin);
    }
}

/* --- packing -------------------------------------------------------------------------------------- */

void ix_pack_panel(float *panel, const float *x, int64_t stride, const ix_attention_room *r, const ix_tree *t,
                   const ix_pack *pack)
{
    int64_t K = r->K;
    for (int32_t s = t->first; s <= t->last; s++) {
        const ix_segment *g = &pack->segment[s];
        for (int64_t i = g->begin; i < g->end; i += TILE_K, panel += TILE_K * K) {
            int64_t n = g->end - i < TILE_K ? g->end - i : TILE_K;
            if (n < TILE_K) memset(panel, 0, (size_t)(TILE_K * K) * sizeof *panel);
            for (int64_t j = 0; j < n; j++)
                for (int64_t k = 0; k < K; k++) panel[k * TILE_K + j] = x[(i + j) * stride + k];
        }
    }
}

/* Columns of strip c. */
static size_t strip_bytes(const ix_attention_room *r, int64_t k)
{
    return (size_t)(r->K - k < TILE_K ? r->K - k : TILE_K) * sizeof(float);
}

void ix_pack_strips(float *strips, const float *x, int64_t stride, const ix_attention_room *r, const ix_tree *t,
                    const ix_pack *pack)
{
    for (int64_t k = 0; k < r->K; k += TILE_K) {
        float *to = strips + k * r->slots;
        for (int32_t s = t->first; s <= t->last; s++) {
            const ix_segment *g = &pack->segment[s];
            int64_t size = g->end - g->begin, slots = ix_round_tile(size);
            if (slots > size || r->KP > r->K) memset(to, 0, (size_t)(slots * TILE_K) * sizeof *to);
            for (int64_t i = 0; i < size; i++)
                memcpy(to + i * TILE_K, x + (g->begin + i) * stride + k, strip_bytes(r, k));
            to += slots * TILE_K;
        }
    }
}

void ix_hand_out_strips(float *x, int64_t stride, const float *strips, const ix_attention_room *r, const ix_tree *t,
                        const ix_pack *pack)
{
    for (int64_t k = 0; k < r->K; k += TILE_K)
        for (int32_t s = t->first; s <= t->last; s++) {
            const float *from = strips + k * r->slots + r->slot[s - t->first] * TILE_K;
            const ix_segment *g = &pack->segment[s];
            for (int64_t i = g->begin; i < g->end; i++, from += TILE_K)
                memcpy(x + i * stride + k, from, strip_bytes(r, k));
        }
}

void ix_tile_take(float *tile, const float *x, int64_t stride, float scale, int n, const ix_attention_room *r)
{
    for (int i = 0; i < n; i++, tile += r->KP, x += stride) {
        int64_t k = 0;
        for (; k + 8 <= r->K; k += 8) v8_store(tile + k, scale * v8_load(x + k));
        for (; k < r->KP; k++) tile[k] = k < r->K ? scale * x[k] : 0;
    }
}

/* --- products ------------------------------------------------------------------------------------- */

enum { ROWS = 6 }; /* of one block of registers: 6 rows of 16 sums, 12 of the 16 registers of AVX2 */

/* c[i][0..16) = (or += if add) sum_p x[i * xi + p * xp] y[p * ldy + 0..16), i < rows; every sum in the order of p. */
static inline __attribute__((always_inline)) void block(float *c, int64_t ldc, bool add, const float *x, int64_t xi,
                                                        int64_t xp, const float *y, int64_t ldy, int rows,
                                                        int64_t count)
{
    v8 s[ROWS][2] = {{{0}}};
    for (int i = 0; add && i < rows; i++) {
        s[i][0] = v8_load(c + i * ldc);
        s[i][1] = v8_load(c + i * ldc + 8);
    }
    for (int64_t p = 0; p < count; p++) {
        v8 left = v8_load(y + p * ldy), right = v8_load(y + p * ldy + 8);
        for (int i = 0; i < rows; i++) {
            v8 of_row = v8_all(x[i * xi + p * xp]);
            s[i][0] = v8_fma(of_row, left, s[i][0]);
            s[i][1] = v8_fma(of_row, right, s[i][1]);
        }
    }
    for (int i = 0; i < rows; i++) {
        v8_store(c + i * ldc, s[i][0]);
        v8_store(c + i * ldc + 8, s[i][1]);
    }
}

/* The same for any number of rows. */
static inline __attribute__((always_inline)) void blocks(float *c, int64_t ldc, bool add, const float *x, int64_t xi,
                                                         int64_t xp, const float *y, int64_t ldy, int64_t rows,
                                                         int64_t count)
{
    for (; rows >= ROWS; rows -= ROWS, c += ROWS * ldc, x += ROWS * xi)
        block(c, ldc, add, x, xi, xp, y, ldy, ROWS, count);
    switch (rows) {
    case 1:
        block(c, ldc, add, x, xi, xp, y, ldy, 1, count);
        break;
    case 2:
        block(c, ldc, add, x, xi, xp, y, ldy, 2, count);
        break;
    case 3:
        block(c, ldc, add, x, xi, xp, y, ldy, 3, count);
        break;
    case 4:
        block(c, ldc, add, x, xi, xp, y, ldy, 4, count);
        break;
    case 5:
        block(c, ldc, add, x, xi, xp, y, ldy, 5, count);
        break;
    default:
        break;
    }
}

void ix_tile_scores(float *score, int64_t ld, const float *a, int n, const float *panel, const ix_attention_room *r,
                    int64_t lo, int64_t hi)
{
    for (int64_t slot = lo; slot < hi; slot += TILE_K)
        blocks(score + slot - lo, ld, false, a, r->KP, 1, panel + slot * r->K, TILE_K, n, r->K);
}

void ix_tile_sums(float *sum, const float *weight, int64_t ld, int n, const float *strips, const ix_attention_room *r,
                  int64_t lo, int64_t hi)
{
    for (int64_t from = lo; from < hi; from += KEYS_AT_ONCE) {
        int64_t count = hi - from < KEYS_AT_ONCE ? hi - from : KEYS_AT_ONCE;
        for (int64_t k = 0; k < r->K; k += TILE_K)
            blocks(sum + k, r->KP, true, weight + from - lo, ld, 1, strips + k * r->slots + from * TILE_K, TILE_K, n,
                   count);
    }
}

void ix_tile_spread(float *strips, const float *weight, int64_t ld, const float *a, int n, const ix_attention_room *r,
                    int64_t lo, int64_t hi)
{
    for (int64_t k = 0; k < r->K; k += TILE_K)
        blocks(strips + k * r->slots + lo * TILE_K, TILE_K, true, weight, 1, ld, a + k, r->KP, hi - lo, n);
}

/* --- weights -------------------------------------------------------------------------------------- */

/* Caps and masks one row of n scores of one run; the maximum of what is seen joins `most`. */
static v8 finish_scores(float *score, int64_t n, float softcap, ix_span seen, v8 most)
{
    ix_span whole = ix_vectors(seen);
    for (int64_t j = whole.lo; softcap > 0 && j < whole.hi; j += 8)
        v8_store(score + j, softcap * v8_tanh(v8_load(score + j) / softcap));
    ix_mask(score, seen, n, -INFINITY);
    for (int64_t j = whole.lo; j < whole.hi; j += 8) most = v8_max(v8_load(score + j), most);
    return most;
}

/* What is seen of the scores becomes exp(s - m); returns the sum. */
static double exponentials(float *score, ix_span seen, float m)
{
    ix_span whole = ix_vectors(seen);
    v8 part = {0};
    for (int64_t j = whole.lo; j < whole.hi; j += 8) {
        v8 e = v8_exp(v8_load(score + j) - m);
        v8_store(score + j, e);
        part += e;
    }
    return v8_sum(part);
}

float ix_tile_weights(float *score, const int64_t *size, const ix_span *seen, int runs, float softcap, float *lse)
{
    v8 most = v8_all(-INFINITY);
    double sum = 0;
    float *at = score;
    for (int k = 0; k < runs; at += size[k], k++) most = finish_scores(at, size[k], softcap, seen[k], most);
    float m = v8_largest(most);
    at = score;
    for (int k = 0; k < runs; at += size[k], k++) sum += exponentials(at, seen[k], m);
    *lse = (float)((double)m + log(sum));
    return (float)(1 / sum);
}

/* --- what is seen --------------------------------------------------------------------------------- */

/* The run of segment s, `size` of its tokens from the first on, without the tiles that nobody sees any more. */
static bool run_of(ix_run_of_keys *run, const ix_attention_room *r, const ix_tree *t, const ix_pack *pack, int window,
                   int32_t s, int32_t size, int32_t first_query)
{
    const ix_segment *g = &pack->segment[s];
    int64_t lo = r->slot[s - t->first];
    int64_t old = window > 0 ? (int64_t)pack->position[first_query] - window + 1 - pack->position[g->begin] : 0;
    int32_t skip = old > 0 ? (int32_t)(old < size ? old / TILE_K * TILE_K : size) : 0;
    *run = (ix_run_of_keys){
        .lo = lo + skip, .hi = lo + ix_round_tile(size), .token = g->begin + skip, .size = size - skip};
    return skip < size;
}

int ix_key_runs(ix_run_of_keys run[2], const ix_attention_room *r, const ix_tree *t, const ix_pack *pack, int window,
                int32_t segment, int32_t begin, int n)
{
    const ix_segment *own = &pack->segment[segment];
    int count = 0;
    if (own->parent >= 0) {
        const ix_segment *p = &pack->segment[own->parent];
        count += run_of(&run[0], r, t, pack, window, own->parent, p->end - p->begin, begin);
    }
    run_of(&run[count], r, t, pack, window, segment, begin + n - own->begin, begin);
    run[count].own = true;
    return count + 1;
}
