/* SPDX-License-Identifier: Apache-2.0
 *
 * attention_kept.c - attention of single rows over keys and values that earlier rows left behind: generation. Keys lie
 * as attention.c packs them, and the same functions make scores, weights and sums of them, so a row has the same bits
 * as in a forward pass over the whole text. */
#include <omp.h>
#include <string.h>

#include "tensor/attention_tile.h"

static int64_t head_floats(const ix_attention_shape *shape, int64_t S)
{
    return S * (shape->K + ix_round_tile(shape->K));
}

int64_t ix_kept_floats(const ix_attention_shape *shape, int64_t S)
{
    return shape->G * head_floats(shape, S);
}

/* Where number k of a token's key lies in the panel of its head, and of its value in the strips. */
static int64_t key_at(int64_t slot, int64_t k, int64_t K)
{
    return slot / TILE_K * TILE_K * K + k * TILE_K + slot % TILE_K;
}

static int64_t value_at(int64_t slot, int64_t k, int64_t S)
{
    return k / TILE_K * TILE_K * S + slot * TILE_K + k % TILE_K;
}

void ix_keep_keys(float *kept, int64_t S, const float *k, const float *v, const ix_attention_shape *shape,
                  const int64_t *slot, int64_t N)
{
    int64_t K = shape->K, each = head_floats(shape, S);
#pragma omp parallel for schedule(static) collapse(2) if (N * shape->G * K > 1 << 16)
    for (int g = 0; g < shape->G; g++)
        for (int64_t n = 0; n < N; n++) {
            float *panel = kept + g * each, *strips = panel + S * K;
            const float *key = k + n * shape->stride + g * shape->kv_step;
            const float *value = v + n * shape->stride + g * shape->kv_step;
            for (int64_t i = 0; i < K; i++) panel[key_at(slot[n], i, K)] = key[i];
            for (int64_t i = 0; i < K; i++) strips[value_at(slot[n], i, S)] = value[i];
        }
}

/* Slots of both runs, in whole tiles. */
static int64_t slots_of(const ix_kept_row *row)
{
    return ix_round_tile(row->size[0]) + ix_round_tile(row->size[1]);
}

/* One thread's room within `memory`; returns its bytes. memory NULL: only counts. */
static size_t room_take(ix_attention_room *r, char *memory, const ix_attention_shape *shape, int64_t slots)
{
    int64_t KP = ix_round_tile(shape->K);
    size_t tile = (size_t)(TILE_Q * KP) * sizeof(float), scores = (size_t)(TILE_Q * slots) * sizeof(float);
    r->K = shape->K;
    r->KP = KP;
    r->q = memory ? (float *)(void *)memory : NULL;
    r->sum = memory ? (float *)(void *)(memory + tile) : NULL;
    r->score = memory ? (float *)(void *)(memory + 2 * tile) : NULL;
    return 2 * tile + scores;
}

static int64_t most_slots(const ix_kept_row *row, int64_t N)
{
    int64_t most = 0;
    for (int64_t n = 0; n < N; n++) most = slots_of(&row[n]) > most ? slots_of(&row[n]) : most;
    return most;
}

size_t ix_attention_kept_scratch(const ix_attention_shape *shape, const ix_kept_row *row, int64_t N)
{
    ix_attention_room r;
    return (size_t)omp_get_max_threads() * room_take(&r, NULL, shape, most_slots(row, N));
}

/* Of a run of `size` tokens whose first has position `from`, those that the row at `position` sees. */
static ix_span seen_of(int32_t size, int64_t from, int64_t position, int window)
{
    int64_t lo = window > 0 ? position - window + 1 - from : 0;
    lo = lo < 0 ? 0 : lo < size ? lo : size;
    return (ix_span){lo, size};
}

/* Heads [h, h + n) of row i, all of key head g. */
static void attend(float *out, const float *q, const float *panel, int64_t S, const ix_attention_shape *shape,
                   const ix_kept_row *row, int h, int n, const ix_attention_room *r)
{
    const float *strips = panel + S * r->K;
    int64_t size[2] = {ix_round_tile(row->size[0]), ix_round_tile(row->size[1])}, ld = size[0] + size[1];
    int64_t last = (int64_t)row->size[0] + row->size[1] - 1;
    ix_span seen[2] = {seen_of(row->size[0], 0, last, shape->window),
                       seen_of(row->size[1], row->size[0], last, shape->window)};
    float share[TILE_Q], lse;

    ix_tile_take(r->q, q + h * shape->q_step, shape->q_step, shape->scale, n, r);
    ix_tile_scores(r->score, ld, r->q, n, panel, r, row->first[0], row->first[0] + size[0]);
    ix_tile_scores(r->score + size[0], ld, r->q, n, panel, r, row->first[1], row->first[1] + size[1]);
    for (int i = 0; i < n; i++) share[i] = ix_tile_weights(r->score + i * ld, size, seen, 2, shape->softcap, &lse);
    memset(r->sum, 0, (size_t)(n * r->KP) * sizeof *r->sum);
    ix_tile_sums(r->sum, r->score, ld, n, strips, r, row->first[0], row->first[0] + size[0]);
    ix_tile_sums(r->sum, r->score + size[0], ld, n, strips, r, row->first[1], row->first[1] + size[1]);
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < r->K; k++) out[(h + i) * r->K + k] = r->sum[i * r->KP + k] * share[i];
}

void ix_attention_kept(float *out, const float *q, const float *kept, int64_t S, const ix_attention_shape *shape,
                       const ix_kept_row *row, int64_t N, void *scratch)
{
    int64_t slots = most_slots(row, N), each = head_floats(shape, S);
#pragma omp parallel
    {
        ix_attention_room r;
        size_t bytes = room_take(&r, NULL, shape, slots);
        room_take(&r, (char *)scratch + (size_t)omp_get_thread_num() * bytes, shape, slots);
        r.slots = S;
#pragma omp for schedule(dynamic)
        for (int64_t task = 0; task < N * shape->G; task++) {
            int64_t i = task / shape->G, g = task % shape->G;
            ix_rows heads = ix_queries_of(shape, (int)g);
            for (int h = heads.begin; h < heads.end; h += TILE_Q)
                attend(out + i * shape->H * shape->K, q + i * shape->stride, kept + g * each, S, shape, &row[i], h,
                       heads.end - h < TILE_Q ? heads.end - h : TILE_Q, &r);
        }
    }
}
