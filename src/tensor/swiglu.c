/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/gate.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

static inline v8 sigmoid(v8 a)
{
    return 1 / (1 + v8_exp(-a));
}

static inline v8 gated(v8 a, v8 b)
{
    return a * sigmoid(a) * b;
}

void ix_swiglu(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * F))
    for (int64_t n = 0; n < N; n++) gate_row(y + n * F, a + n * ld, b + n * ld, F, gated);
}

/* With s = sigmoid(a):  *a becomes dy b silu'(a) = dy b (s + a s (1 - s)), *b becomes dy a s. */
static inline void gradients(v8 *a, v8 *b, v8 dy)
{
    v8 s = sigmoid(*a), silu = *a * s;
    *a = dy * *b * (s + silu * (1 - s));
    *b = dy * silu;
}

void ix_swiglu_backward(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                        int64_t F)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * F))
    for (int64_t n = 0; n < N; n++)
        gate_row_backward(da + n * ld, db + n * ld, dy + n * F, a + n * ld, b + n * ld, F, gradients);
}

void ix_swiglu_ref(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t f = 0; f < F; f++) {
            double x = (double)a[n * ld + f];
            y[n * F + f] = (float)(x / (1 + exp(-x)) * (double)b[n * ld + f]);
        }
}

void ix_swiglu_backward_ref(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld,
                            int64_t N, int64_t F)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t f = 0; f < F; f++) {
            double x = (double)a[n * ld + f], up = (double)b[n * ld + f], g = (double)dy[n * F + f];
            double s = 1 / (1 + exp(-x));
            da[n * ld + f] = (float)(g * up * (s + x * s * (1 - s)));
            db[n * ld + f] = (float)(g * x * s);
        }
}
