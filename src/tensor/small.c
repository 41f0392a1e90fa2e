/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/parallel.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

void ix_add(float *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

void ix_scale(float *x, float by, int64_t n)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(n))
    for (int64_t i = 0; i < n; i++) x[i] *= by;
}

/* Four times four sums, combined in one order. */
double ix_dot(const float *x, const float *y, int64_t n)
{
    d4 s[4] = {{0}};
    double tail = 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int j = 0; j < 4; j++) s[j] += d4_load(x + i + 4 * j) * d4_load(y + i + 4 * j);
    for (; i < n; i++) tail += (double)x[i] * (double)y[i];
    return d4_sum((s[0] + s[2]) + (s[1] + s[3])) + tail;
}

double ix_sum_squares(const float *x, int64_t n)
{
    return ix_dot(x, x, n);
}

enum { PIECE = 4096 };

/* x - x is 0 for every finite number and NaN for the rest, and NaN stays in the sum. */
static bool finite_piece(const float *x, int64_t n)
{
    v8 s[4] = {{0}};
    float tail = 0;
    int64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < 4; j++) {
            v8 a = v8_load(x + i + 8 * j);
            s[j] += a - a;
        }
    for (; i < n; i++) tail += x[i] - x[i];
    return v8_sum(s[0] + s[1] + s[2] + s[3]) + (double)tail == 0;
}

bool ix_all_finite(const float *x, int64_t n)
{
    int64_t pieces = (n + PIECE - 1) / PIECE;
    bool good = true;
#pragma omp parallel for schedule(static) reduction(&& : good) if (ix_worth_threads(n))
    for (int64_t p = 0; p < pieces; p++) {
        int64_t left = n - p * PIECE;
        good = good && finite_piece(x + p * PIECE, left < PIECE ? left : PIECE);
    }
    return good;
}
