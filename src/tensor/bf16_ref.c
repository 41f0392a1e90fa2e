/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "tensor/tensor.h"

/* The number that the bits say: 1 sign, 8 of the exponent, 7 of the fraction. */
static double value_of(uint16_t x)
{
    int exponent = x >> 7 & 255, fraction = x & 127;
    double size = exponent == 255 ? (fraction ? NAN : INFINITY)
                  : exponent      ? ldexp(128 + fraction, exponent - 134)
                                  : ldexp(fraction, -133);
    return x >> 15 ? -size : size;
}

/* Of the two neighbours of a positive number the nearer one, of two as near the even one. */
static uint16_t nearest_of(double x)
{
    uint16_t low = 0, high = 0x7f80; /* value_of(low) <= x < value_of(high) */
    while (high - low > 1) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (value_of(middle) <= x) low = middle;
        else high = middle;
    }
    double top = high == 0x7f80 ? ldexp(1, 128) : value_of(high); /* infinity begins where the next number would be */
    double below = x - value_of(low), above = top - x;
    return below < above || (below == above && low % 2 == 0) ? low : high;
}

void ix_bf16_round_ref(uint16_t *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t sign = signbit(x[i]) ? 0x8000 : 0;
        y[i] = isnan(x[i]) ? (uint16_t)(sign | 0x7fc0) : isinf(x[i]) ? 0x7f80 : nearest_of(fabs((double)x[i]));
        y[i] |= sign;
    }
}

void ix_bf16_widen_ref(float *y, const uint16_t *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = (float)value_of(x[i]);
}

void ix_bf16_embed_ref(float *y, const uint16_t *E, const int32_t *token, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; d < D; d++) y[n * D + d] = token[n] < 0 ? 0 : (float)value_of(E[token[n] * D + d]);
}

void ix_bf16_gemm_ref(float *C, int64_t ldc, bool add, const float *A, int64_t lda, const uint16_t *B, int64_t m,
                      int64_t n, int64_t k)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = add ? (double)C[i * ldc + j] : 0;
            for (int64_t p = 0; p < k; p++) sum += (double)A[i * lda + p] * value_of(B[j * k + p]);
            C[i * ldc + j] = (float)sum;
        }
}
