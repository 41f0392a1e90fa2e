/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/parallel.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

enum { BLOCK = 2048 }; /* numbers whose exponentials are summed in 32 float lanes before they go to a double */

static float largest(const float *z, int64_t V)
{
    v8 m[4] = {v8_all(-INFINITY), v8_all(-INFINITY), v8_all(-INFINITY), v8_all(-INFINITY)};
    int64_t v = 0;
    for (; v + 32 <= V; v += 32)
        for (int j = 0; j < 4; j++) m[j] = v8_max(v8_load(z + v + 8 * j), m[j]);
    float most = v8_largest(v8_max(v8_max(m[0], m[1]), v8_max(m[2], m[3])));
    for (; v < V; v++) most = z[v] > most ? z[v] : most;
    return most;
}

/* sum_v exp(z[v] - m), n <= BLOCK of them */
static double sum_exp_block(const float *z, int64_t n, float m)
{
    v8 s[4] = {{0}};
    int64_t v = 0;
    for (; v + 32 <= n; v += 32)
        for (int j = 0; j < 4; j++) s[j] += v8_exp(v8_load(z + v + 8 * j) - m);
    for (; v < n; v += 8) {
        float some[8];
        for (int i = 0; i < 8; i++) some[i] = v + i < n ? z[v + i] - m : -INFINITY;
        s[0] += v8_exp(v8_load(some));
    }
    return v8_sum((s[0] + s[1]) + (s[2] + s[3]));
}

static double sum_exp(const float *z, int64_t V, float m)
{
    double sum = 0;
    for (int64_t v = 0; v < V; v += BLOCK) sum += sum_exp_block(z + v, V - v < BLOCK ? V - v : BLOCK, m);
    return sum;
}

void ix_logp(double *logp, float *lse, const float *z, const int32_t *target, int64_t N, int64_t V)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * V))
    for (int64_t n = 0; n < N; n++) {
        const float *zn = z + n * V;
        float m = largest(zn, V);
        double total = (double)m + log(sum_exp(zn, V, m));
        lse[n] = (float)total;
        logp[n] = (target[n] < 0 ? 0 : (double)zn[target[n]]) - total;
    }
}

/* -d exp(z - l), times the slope 1 - (z / cap)^2 of cap tanh(. / cap) where it is z. */
static inline v8 gradient(v8 z, float l, float d, float cap)
{
    v8 g = -d * v8_exp(z - l);
    if (cap <= 0) return g;
    v8 t = z / cap;
    return g * (1 - t * t);
}

void ix_logp_backward(float *z, const float *lse, const int32_t *target, const double *dlogp, float cap, int64_t N,
                      int64_t V)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * V))
    for (int64_t n = 0; n < N; n++) {
        float *zn = z + n * V, d = (float)dlogp[n], l = lse[n];
        double zt = target[n] < 0 ? 0 : (double)zn[target[n]], bent = cap > 0 ? zt / (double)cap : 0;
        float at_target = (float)(dlogp[n] * (1 - exp(zt - (double)l)) * (1 - bent * bent));
        int64_t v = 0, left = V % 8;
        for (; v + 8 <= V; v += 8) v8_store(zn + v, gradient(v8_load(zn + v), l, d, cap));
        if (left) v8_store_some(zn + v, gradient(v8_load_some(zn + v, left), l, d, cap), left);
        if (target[n] >= 0) zn[target[n]] = at_target;
    }
}

void ix_softcap(float *z, float cap, int64_t n)
{
    int64_t pieces = (n + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) if (ix_worth_threads(n))
    for (int64_t p = 0; p < pieces; p++) {
        float *at = z + p * BLOCK;
        int64_t size = n - p * BLOCK < BLOCK ? n - p * BLOCK : BLOCK, i = 0, left = size % 8;
        for (; i + 8 <= size; i += 8) v8_store(at + i, cap * v8_tanh(v8_load(at + i) / cap));
        if (left) v8_store_some(at + i, cap * v8_tanh(v8_load_some(at + i, left) / cap), left);
    }
}

void ix_softcap_ref(float *z, float cap, int64_t n)
{
    for (int64_t i = 0; i < n; i++) z[i] = (float)((double)cap * tanh((double)z[i] / (double)cap));
}

void ix_logp_ref(double *logp, float *lse, const float *z, const int32_t *target, int64_t N, int64_t V)
{
    for (int64_t n = 0; n < N; n++) {
        double m = -INFINITY, sum = 0;
        for (int64_t v = 0; v < V; v++) m = (double)z[n * V + v] > m ? (double)z[n * V + v] : m;
        for (int64_t v = 0; v < V; v++) sum += exp((double)z[n * V + v] - m);
        lse[n] = (float)(m + log(sum));
        logp[n] = (target[n] < 0 ? 0 : (double)z[n * V + target[n]]) - (m + log(sum));
    }
}

void ix_logp_backward_ref(float *z, const float *lse, const int32_t *target, const double *dlogp, float cap, int64_t N,
                          int64_t V)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t v = 0; v < V; v++) {
            double p = exp((double)z[n * V + v] - (double)lse[n]), t = cap > 0 ? (double)(z[n * V + v] / cap) : 0;
            z[n * V + v] = (float)(dlogp[n] * ((v == target[n] ? 1 : 0) - p) * (1 - t * t));
        }
}
