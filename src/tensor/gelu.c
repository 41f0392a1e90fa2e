/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/parallel.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

enum { PIECE = 1024 }; /* numbers that a thread takes at a time */

static inline v8 gelu(v8 x)
{
    v8 e;
    return x * v8_normal(x, &e);
}

/* Phi(x) + x Phi'(x) */
static inline v8 slope(v8 x)
{
    v8 e, below = v8_normal(x, &e);
    return below + x * (0.398942280f * e);
}

static void gelu_piece(float *y, const float *x, int64_t n)
{
    int64_t i = 0, left = n % 8;
    for (; i + 8 <= n; i += 8) v8_store(y + i, gelu(v8_load(x + i)));
    if (left) v8_store_some(y + i, gelu(v8_load_some(x + i, left)), left);
}

static void slope_piece(float *dx, const float *dy, const float *x, int64_t n)
{
    int64_t i = 0, left = n % 8;
    for (; i + 8 <= n; i += 8) v8_store(dx + i, v8_load(dy + i) * slope(v8_load(x + i)));
    if (left) v8_store_some(dx + i, v8_load_some(dy + i, left) * slope(v8_load_some(x + i, left)), left);
}

void ix_gelu(float *y, const float *x, int64_t n)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(n))
    for (int64_t at = 0; at < n; at += PIECE) gelu_piece(y + at, x + at, n - at < PIECE ? n - at : PIECE);
}

void ix_gelu_backward(float *dx, const float *dy, const float *x, int64_t n)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(n))
    for (int64_t at = 0; at < n; at += PIECE) slope_piece(dx + at, dy + at, x + at, n - at < PIECE ? n - at : PIECE);
}

void ix_gelu_ref(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = (float)(0.5 * (double)x[i] * (1 + erf((double)x[i] * M_SQRT1_2)));
}

void ix_gelu_backward_ref(float *dx, const float *dy, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i], density = exp(-0.5 * v * v) / sqrt(2 * M_PI);
        dx[i] = (float)((double)dy[i] * (0.5 * (1 + erf(v * M_SQRT1_2)) + v * density));
    }
}
