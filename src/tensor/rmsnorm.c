/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tensor/column_sums.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

/* dg: FEW_ROWS rows are summed in float, CHUNK rows in a part in double, then the parts in order. */
enum { FEW_ROWS = 8, CHUNK = IX_SUM_ROWS, COLUMNS = 512 };

/* sum_d a b c: four times four sums in double, combined in one order. */
static double sum_products(const float *a, const float *b, const float *c, int64_t D)
{
    d4 s[4] = {{0}};
    double tail = 0;
    int64_t d = 0;
    for (; d + 16 <= D; d += 16)
        for (int j = 0; j < 4; j++) {
            int64_t at = d + 4 * j;
            s[j] += d4_load(a + at) * d4_load(b + at) * d4_load(c + at);
        }
    for (; d < D; d++) tail += (double)a[d] * (double)b[d] * (double)c[d];
    return d4_sum((s[0] + s[2]) + (s[1] + s[3])) + tail;
}

void ix_rmsnorm(float *y, float *r, const float *x, const float *g, int64_t N, int64_t D, float eps)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t n = 0; n < N; n++) {
        const float *xn = x + n * D;
        float *yn = y + n * D;
        float rn = (float)(1.0 / sqrt(ix_sum_squares(xn, D) / (double)D + (double)eps));
        for (int64_t d = 0; d < D; d++) yn[d] = xn[d] * rn * g[d];
        r[n] = rn;
    }
}

size_t ix_rmsnorm_scratch(int64_t N, int64_t D)
{
    return ix_sum_scratch(N, D);
}

/* Some columns of up to FEW_ROWS rows: dx, and their sum for dg. */
static void backward_columns(float *restrict dx, float *restrict sum, const float *restrict dy, const float *restrict x,
                             const float *restrict g, const float *r, const float *pull, int64_t rows, int64_t columns,
                             int64_t D)
{
    for (int64_t d = 0; d < columns; d++) sum[d] = 0;
    for (int64_t n = 0; n < rows; n++)
        for (int64_t d = 0; d < columns; d++) {
            float t = dy[n * D + d] * r[n], xd = x[n * D + d];
            sum[d] += t * xd;
            dx[n * D + d] = dx[n * D + d] + t * g[d] - xd * pull[n]; /* two fused steps, in this order */
        }
}

/* Up to CHUNK rows: dx, and their part of dg. */
static void backward_rows(float *dx, double *part, const float *dy, const float *x, const float *r, const float *g,
                          int64_t rows, int64_t D)
{
    float pull[CHUNK], sum[COLUMNS];
    for (int64_t n = 0; n < rows; n++)
        pull[n] = (float)(sum_products(dy + n * D, x + n * D, g, D) / (double)D) * r[n] * r[n] * r[n];
    for (int64_t d = 0; part && d < D; d++) part[d] = 0;
    for (int64_t n = 0; n < rows; n += FEW_ROWS)
        for (int64_t at = 0; at < D; at += COLUMNS) {
            int64_t few = rows - n < FEW_ROWS ? rows - n : FEW_ROWS, columns = D - at < COLUMNS ? D - at : COLUMNS;
            int64_t from = n * D + at;
            backward_columns(dx + from, sum, dy + from, x + from, g + at, r + n, pull + n, few, columns, D);
            for (int64_t d = 0; part && d < columns; d++) part[at + d] += (double)sum[d];
        }
}

void ix_rmsnorm_backward(float *dx, float *dg, const float *dy, const float *x, const float *r, const float *g,
                         int64_t N, int64_t D, void *scratch)
{
    int64_t chunks = (N + CHUNK - 1) / CHUNK;
    double *part = scratch;
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t c = 0; c < chunks; c++) {
        int64_t lo = c * CHUNK, left = N - lo;
        backward_rows(dx + lo * D, dg ? part + c * D : NULL, dy + lo * D, x + lo * D, r + lo, g,
                      left < CHUNK ? left : CHUNK, D);
    }
    if (dg && N > 0) ix_sum_parts(dg, part, chunks, D, D);
}

void ix_rmsnorm_ref(float *y, float *r, const float *x, const float *g, int64_t N, int64_t D, float eps)
{
    for (int64_t n = 0; n < N; n++) {
        double squares = 0; /* double: a longer row must not lose its small terms */
        for (int64_t d = 0; d < D; d++) squares += (double)x[n * D + d] * (double)x[n * D + d];
        r[n] = (float)(1.0 / sqrt(squares / (double)D + (double)eps));
        for (int64_t d = 0; d < D; d++) y[n * D + d] = x[n * D + d] * r[n] * g[d];
    }
}

void ix_rmsnorm_backward_ref(float *dx, float *dg, const float *dy, const float *x, const float *r, const float *g,
                             int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++) {
        double mean = 0, rn = (double)r[n];
        for (int64_t d = 0; d < D; d++) mean += (double)dy[n * D + d] * (double)g[d] * (double)x[n * D + d] / (double)D;
        for (int64_t d = 0; d < D; d++) {
            double t = (double)dy[n * D + d] * (double)g[d], xd = (double)x[n * D + d];
            dx[n * D + d] += (float)(rn * t - xd * rn * rn * rn * mean);
        }
    }
    for (int64_t d = 0; dg && d < D; d++) {
        double sum = 0;
        for (int64_t n = 0; n < N; n++) sum += (double)dy[n * D + d] * (double)x[n * D + d] * (double)r[n];
        dg[d] += (float)sum;
    }
}
