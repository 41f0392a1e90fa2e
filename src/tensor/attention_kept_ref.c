/* SPDX-License-Identifier: Apache-2.0
 *
 * attention_kept_ref.c - attention over kept keys in plain loops, every sum in double: what the tests trust. */
#include <math.h>

#include "tensor/tensor.h"

void ix_keep_keys_ref(float *kept, int64_t S, const float *k, const float *v, const ix_attention_shape *shape,
                      const int64_t *slot, int64_t N)
{
    int64_t K = shape->K, strips = (K + 15) / 16, each = S * K + strips * 16 * S;
    for (int64_t n = 0; n < N; n++)
        for (int g = 0; g < shape->G; g++)
            for (int64_t i = 0; i < K; i++) {
                int64_t from = n * shape->stride + g * shape->kv_step + i;
                kept[g * each + slot[n] / 16 * 16 * K + i * 16 + slot[n] % 16] = k[from];
                kept[g * each + S * K + i / 16 * 16 * S + slot[n] * 16 + i % 16] = v[from];
            }
}

/* Token j of what the row sees, as a slot; -1: the window hides it. */
static int64_t slot_of(const ix_kept_row *row, int32_t j, int window)
{
    int32_t last = row->size[0] + row->size[1] - 1;
    if (window > 0 && last - j >= window) return -1;
    return j < row->size[0] ? row->first[0] + j : row->first[1] + (j - row->size[0]);
}

static double score(const float *q, const float *panel, int64_t slot, const ix_attention_shape *a)
{
    double sum = 0;
    for (int64_t e = 0; e < a->K; e++) sum += (double)q[e] * (double)panel[slot / 16 * 16 * a->K + e * 16 + slot % 16];
    sum *= (double)a->scale;
    return a->softcap > 0 ? (double)a->softcap * tanh(sum / (double)a->softcap) : sum;
}

static void attend(float *out, const float *q, const float *panel, int64_t S, const ix_attention_shape *a,
                   const ix_kept_row *row)
{
    const float *strips = panel + S * a->K;
    int32_t n = row->size[0] + row->size[1];
    double most = -INFINITY, sum = 0;
    for (int32_t j = 0; j < n; j++)
        if (slot_of(row, j, a->window) >= 0) most = fmax(most, score(q, panel, slot_of(row, j, a->window), a));
    for (int32_t j = 0; j < n; j++)
        if (slot_of(row, j, a->window) >= 0) sum += exp(score(q, panel, slot_of(row, j, a->window), a) - most);
    for (int64_t e = 0; e < a->K; e++) {
        double o = 0;
        for (int32_t j = 0; j < n; j++) {
            int64_t slot = slot_of(row, j, a->window);
            if (slot < 0) continue;
            o += exp(score(q, panel, slot, a) - most) / sum * (double)strips[e / 16 * 16 * S + slot * 16 + e % 16];
        }
        out[e] = (float)o;
    }
}

void ix_attention_kept_ref(float *out, const float *q, const float *kept, int64_t S, const ix_attention_shape *a,
                           const ix_kept_row *row, int64_t N)
{
    int64_t each = S * (a->K + (a->K + 15) / 16 * 16);
    for (int64_t n = 0; n < N; n++)
        for (int h = 0; h < a->H; h++) {
            int g = a->group ? (a->first + h) / a->group : h / (a->H / a->G);
            attend(out + (n * a->H + h) * a->K, q + n * a->stride + h * a->q_step, kept + g * each, S, a, &row[n]);
        }
}
