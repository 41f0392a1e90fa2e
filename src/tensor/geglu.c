/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/gate.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

static const float slope = 1.59576912f, cubic = 0.044715f; /* 2 sqrt(2 / pi) */

/* e = exp(-2 u) at u = sqrt(2 / pi) (a + cubic a^3). (1 + tanh(u)) / 2 is then s = 1 / (1 + e), and (1 - tanh(u)) / 2
 * is e s: no digits are lost where tanh is -1 or 1. */
static inline v8 decay(v8 a)
{
    return v8_exp(-slope * (a + cubic * a * a * a));
}

static inline v8 gated(v8 a, v8 b)
{
    return a / (1 + decay(a)) * b;
}

/* *a becomes dy b gelu'(a) = dy b (s + a s (e s) slope (1 + 3 cubic a^2)), *b becomes dy gelu(a). */
static inline void gradients(v8 *a, v8 *b, v8 dy)
{
    v8 x = *a, e = v8_min(v8_all(1e37f), decay(x)), s = 1 / (1 + e); /* e s must not become infinity times 0 */
    *a = dy * *b * (s + x * s * (e * s) * (slope * (1 + 3 * cubic * x * x)));
    *b = dy * (x * s);
}

void ix_geglu(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * F))
    for (int64_t n = 0; n < N; n++) gate_row(y + n * F, a + n * ld, b + n * ld, F, gated);
}

void ix_geglu_backward(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                       int64_t F)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * F))
    for (int64_t n = 0; n < N; n++)
        gate_row_backward(da + n * ld, db + n * ld, dy + n * F, a + n * ld, b + n * ld, F, gradients);
}

static double bend_ref(double a)
{
    return tanh(sqrt(2 / M_PI) * (a + 0.044715 * a * a * a));
}

void ix_geglu_ref(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t f = 0; f < F; f++) {
            double x = (double)a[n * ld + f];
            y[n * F + f] = (float)(0.5 * x * (1 + bend_ref(x)) * (double)b[n * ld + f]);
        }
}

void ix_geglu_backward_ref(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                           int64_t F)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t f = 0; f < F; f++) {
            double x = (double)a[n * ld + f], up = (double)b[n * ld + f], g = (double)dy[n * F + f], t = bend_ref(x);
            double inner = sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
            da[n * ld + f] = (float)(g * up * 0.5 * ((1 + t) + x * (1 - t * t) * inner));
            db[n * ld + f] = (float)(g * 0.5 * x * (1 + t));
        }
}
