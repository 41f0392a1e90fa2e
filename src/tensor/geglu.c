/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/gate.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

static const float root = 0.797884561f, cubic = 0.044715f; /* sqrt(2 / pi) */

/* tanh(root (a + cubic a^3)) */
static inline v8 bend(v8 a)
{
    return v8_tanh(root * (a + cubic * a * a * a));
}

static inline v8 gated(v8 a, v8 b)
{
    return 0.5f * a * (1 + bend(a)) * b;
}

/* With t = bend(a):  *a becomes dy b gelu'(a) = dy b ((1 + t) + a (1 - t^2) root (1 + 3 cubic a^2)) / 2,
 * *b becomes dy gelu(a). */
static inline void gradients(v8 *a, v8 *b, v8 dy)
{
    v8 x = *a, t = bend(x), slope = 0.5f * ((1 + t) + x * (1 - t * t) * (root * (1 + 3 * cubic * x * x)));
    *a = dy * *b * slope;
    *b = dy * (0.5f * x * (1 + t));
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
