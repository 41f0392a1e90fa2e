/* SPDX-License-Identifier: Apache-2.0
 *
 * head.c - z = U h at the rows that are read, bent to c tanh(z / c) where the family caps logits; logp = log
 * softmax(z). Every tensor rank has the logits of its own words. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/cache.h"
#include "model/family.h"

/* Targets as columns of my part of the vocabulary; -1: another rank's. */
static void own_targets(ix_model *m, const int32_t *targets, int64_t R)
{
    ix_span words = m->split.words;
    for (int64_t i = 0; i < R; i++) {
        bool mine = targets[i] >= words.lo && targets[i] < words.hi;
        m->head_target[i] = mine ? targets[i] - (int32_t)words.lo : -1;
    }
}

/* Every rank knows the log-sum l_t over its own words, and some targets' logits: lse = m + log sum_t exp(l_t - m). On
 * entry logp is z - l_t where the target is mine and -l_t elsewhere. */
static void meet_logp(ix_model *m, double *logp, int64_t R, int64_t V)
{
    double *most = m->head_whole, *sum = most + R, *z = sum + R;
    for (int64_t i = 0; i < R; i++) {
        bool mine = m->head_target[i] >= 0;
        z[i] = mine ? (double)m->logits[i * V + m->head_target[i]] : 0;
        most[i] = sum[i] = z[i] - logp[i];
    }
    ix_grid_max_double(m->split.grid, IX_TENSOR, most, R);
    for (int64_t i = 0; i < R; i++) sum[i] = exp(sum[i] - most[i]);
    ix_grid_sum_double(m->split.grid, IX_TENSOR, sum, 2 * R);
    for (int64_t i = 0; i < R; i++) {
        double lse = most[i] + log(sum[i]);
        m->head_lse[i] = (float)lse;
        logp[i] = z[i] - lse;
    }
}

/* m->logits[R, my words] */
static void logits_forward(ix_model *m, const float *w, const int32_t *rows, int64_t R)
{
    ix_run r = {.m = m, .w = w};
    int64_t D = m->c.D, V = ix_span_size(m->split.words);
    for (int64_t i = 0; i < R; i++) memcpy(m->head_in + i * D, m->hidden + rows[i] * D, (size_t)D * sizeof *m->head_in);
    double since = ix_seconds();
    const uint16_t *narrow = ix_row_bf16(m, m->head);
    if (narrow) ix_bf16_gemm(m->logits, V, false, m->head_in, D, narrow, R, V, D, m->tile);
    else ix_gemm(m->logits, V, false, m->head_in, D, false, ix_row(&r, m->head), D, true, R, V, D);
    ix_meter_products(m, since, &(ix_gemm_args){.m = R, .n = V, .k = D}, 1);
    if (m->c.logit_cap > 0) ix_softcap(m->logits, m->c.logit_cap, R * V);
}

static void logits_logp(ix_model *m, const int32_t *targets, int64_t R, double *logp)
{
    int64_t V = ix_span_size(m->split.words);
    own_targets(m, targets, R);
    ix_logp(logp, m->head_lse, m->logits, m->head_target, R, V);
    if (m->split.ranks > 1) meet_logp(m, logp, R, V);
}

static void head_forward(ix_model *m, const float *w, const int32_t *rows, const int32_t *targets, int64_t R,
                         double *logp)
{
    logits_forward(m, w, rows, R);
    logits_logp(m, targets, R, logp);
}

void ix_model_logits(ix_model *m, const float *w, const int32_t *rows, int64_t R, float *z)
{
    int64_t V = m->c.V, own = ix_span_size(m->split.words);
    IX_CONTRACT(m->head >= 0 && R <= m->head_rows);
    logits_forward(m, w, rows, R);
    m->logits_kept = false;
    if (own < V) memset(z, 0, (size_t)(R * V) * sizeof *z);
    for (int64_t i = 0; i < R; i++) memcpy(z + i * V + m->split.words.lo, m->logits + i * own, (size_t)own * sizeof *z);
    ix_model_split_sum(&m->split, z, R * V);
}

void ix_model_chosen_logp(ix_model *m, const int32_t *tokens, int64_t R, double *logp)
{
    IX_CONTRACT(R <= m->head_rows);
    logits_logp(m, tokens, R, logp);
}

void ix_model_logp(ix_model *m, const float *w, const int32_t *rows, const int32_t *targets, int64_t R, double *logp)
{
    IX_CONTRACT(m->head >= 0);
    for (int64_t at = 0; at < R; at += m->head_rows) {
        int64_t n = R - at < m->head_rows ? R - at : m->head_rows;
        head_forward(m, w, rows + at, targets + at, n, logp + at);
    }
    m->logits_kept = R <= m->head_rows;
}

void ix_model_drop_logits(ix_model *m)
{
    m->logits_kept = false;
}

const float *ix_model_unembedding(const ix_model *m, const float *w)
{
    IX_CONTRACT(m->head >= 0 && m->params.param[m->head].bf16 < 0);
    return w + m->params.param[m->head].offset;
}

int64_t ix_model_head_rows(const ix_model *m)
{
    return m->head_rows;
}

/* dz = dlogp (onehot - softmax(z)) (1 - (z/c)^2);  dh += dz U;  dU += dz^T h */
static void head_backward(ix_model *m, const float *w, float *dw, const int32_t *rows, const int32_t *targets,
                          int64_t R, const double *dlogp, float *dh)
{
    ix_run r = {.m = m, .w = w, .dw = dw};
    int64_t D = m->c.D, V = ix_span_size(m->split.words);
    size_t mark = ix_arena_mark(m->scratch);
    float *dx = ix_arena_take(m->scratch, (size_t)(R * D) * sizeof *dx);
    ix_gemm_args product[2];
    int n = 0;

    own_targets(m, targets, R);
    ix_logp_backward(m->logits, m->head_lse, m->head_target, dlogp, m->c.logit_cap, R, V);
    double since = ix_seconds();
    if (m->deep)
        product[n++] = (ix_gemm_args){dx, m->logits, ix_row(&r, m->head), D, V, D, R, D, V, false, false, false};
    if (m->params.param[m->head].offset < m->trained.hi)
        product[n++] = (ix_gemm_args){ix_drow(&r, m->head), m->logits, m->head_in, D, V, D, V, D, R, true, true, false};
    ix_gemms(product, n);
    ix_meter_products(m, since, product, n);
    if (m->deep) ix_model_split_sum(&m->split, dx, R * D);
    for (int64_t i = 0; m->deep && i < R; i++) ix_add(dh + rows[i] * D, dx + i * D, D);
    ix_arena_release(m->scratch, mark);
}

void ix_model_logp_backward(ix_model *m, const float *w, float *dw, const int32_t *rows, const int32_t *targets,
                            int64_t R, const double *dlogp, float *dh)
{
    double *again = NULL;
    if (!m->logits_kept) {
        again = ix_alloc_block((size_t)m->head_rows * sizeof *again);
        IX_CONTRACT(again);
        m->recomputed += R;
    }
    for (int64_t at = 0; at < R; at += m->head_rows) {
        int64_t n = R - at < m->head_rows ? R - at : m->head_rows;
        double counted = m->meter.products;
        if (again) head_forward(m, w, rows + at, targets + at, n, again);
        m->meter.products = counted;
        head_backward(m, w, dw, rows + at, targets + at, n, dlogp + at, dh);
    }
    free(again);
    m->logits_kept = false;
}

int64_t ix_model_take_recomputed(ix_model *m)
{
    int64_t n = m->recomputed;
    m->recomputed = 0;
    return n;
}
