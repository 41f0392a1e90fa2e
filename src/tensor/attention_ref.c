/* SPDX-License-Identifier: Apache-2.0
 *
 * attention_ref.c - attention in plain loops, every sum in double: what the tests trust. */
#include <math.h>
#include <string.h>

#include "tensor/tensor.h"

/* Does query row i of segment s see row j? */
static bool sees(const ix_pack *pack, int32_t s, int32_t i, int32_t j, int window)
{
    const ix_segment *own = &pack->segment[s];
    bool mine = j >= own->begin && j <= i;
    bool parent = own->parent >= 0 && j >= pack->segment[own->parent].begin && j < pack->segment[own->parent].end;
    return (mine || parent) && (window <= 0 || pack->position[i] - pack->position[j] < window);
}

static int key_of(const ix_attention_shape *a, int h)
{
    return a->group ? (a->first + h) / a->group : h / (a->H / a->G);
}

static double score(const float *q, const float *k, const ix_attention_shape *a)
{
    double sum = 0;
    for (int e = 0; e < a->K; e++) sum += (double)q[e] * (double)k[e];
    sum *= (double)a->scale;
    return a->softcap > 0 ? (double)a->softcap * tanh(sum / (double)a->softcap) : sum;
}

static int32_t first_read(const ix_pack *pack, const ix_rows *read, int32_t s)
{
    return read ? read[s].begin : pack->segment[s].begin;
}

static int32_t end_read(const ix_pack *pack, const ix_rows *read, int32_t s)
{
    return read ? read[s].end : pack->segment[s].end;
}

static void forward_row(float *out, float *lse, const float *q, const float *k, const float *v,
                        const ix_attention_shape *a, const ix_pack *pack, int32_t s, int32_t i, int h)
{
    int g = key_of(a, h);
    const float *qi = q + i * a->stride + h * a->q_step;
    double most = -INFINITY, sum = 0;
    for (int32_t j = 0; j < pack->N; j++) {
        if (!sees(pack, s, i, j, a->window)) continue;
        double x = score(qi, k + j * a->stride + g * a->kv_step, a);
        if (x > most) most = x;
    }
    for (int32_t j = 0; j < pack->N; j++)
        if (sees(pack, s, i, j, a->window)) sum += exp(score(qi, k + j * a->stride + g * a->kv_step, a) - most);
    lse[(int64_t)i * a->H + h] = (float)(most + log(sum));
    for (int e = 0; e < a->K; e++) {
        double o = 0;
        for (int32_t j = 0; j < pack->N; j++)
            if (sees(pack, s, i, j, a->window))
                o += exp(score(qi, k + j * a->stride + g * a->kv_step, a) - most) / sum *
                     (double)v[j * a->stride + g * a->kv_step + e];
        out[((int64_t)i * a->H + h) * a->K + e] = (float)o;
    }
}

void ix_attention_ref(float *out, float *lse, const float *q, const float *k, const float *v,
                      const ix_attention_shape *a, const ix_pack *pack, const ix_rows *read)
{
    for (int32_t s = 0; s < pack->S; s++)
        for (int32_t i = first_read(pack, read, s); i < end_read(pack, read, s); i++)
            for (int h = 0; h < a->H; h++) forward_row(out, lse, q, k, v, a, pack, s, i, h);
}

static void clear(float *dx, const ix_attention_shape *a, int64_t N, int heads, int64_t step)
{
    for (int64_t n = 0; n < N; n++)
        for (int h = 0; h < heads; h++) memset(dx + n * a->stride + h * step, 0, (size_t)a->K * sizeof *dx);
}

void ix_attention_backward_ref(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *lse,
                               const float *q, const float *k, const float *v, const ix_attention_shape *a,
                               const ix_pack *pack, const ix_rows *read)
{
    clear(dq, a, pack->N, a->H, a->q_step);
    clear(dk, a, pack->N, a->G, a->kv_step);
    clear(dv, a, pack->N, a->G, a->kv_step);
    for (int32_t s = 0; s < pack->S; s++)
        for (int32_t i = first_read(pack, read, s); i < end_read(pack, read, s); i++)
            for (int h = 0; h < a->H; h++) {
                int64_t at = ((int64_t)i * a->H + h) * a->K, qi = i * a->stride + h * a->q_step;
                double c = 0;
                for (int e = 0; e < a->K; e++) c += (double)dout[at + e] * (double)out[at + e];
                for (int32_t j = 0; j < pack->N; j++) {
                    if (!sees(pack, s, i, j, a->window)) continue;
                    int64_t kj = j * a->stride + key_of(a, h) * a->kv_step;
                    double x = score(q + qi, k + kj, a), p = exp(x - (double)lse[(int64_t)i * a->H + h]), dp = 0;
                    double slope = a->softcap > 0 ? 1 - x / (double)a->softcap * (x / (double)a->softcap) : 1;
                    for (int e = 0; e < a->K; e++) dp += (double)dout[at + e] * (double)v[kj + e];
                    double ds = p * (dp - c) * (double)a->scale * slope;
                    for (int e = 0; e < a->K; e++) {
                        dq[qi + e] += (float)(ds * (double)k[kj + e]);
                        dk[kj + e] += (float)(ds * (double)q[qi + e]);
                        dv[kj + e] += (float)(p * (double)dout[at + e]);
                    }
                }
            }
}
