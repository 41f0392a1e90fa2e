/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tensor/column_sums.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

/* dg and db: FEW_ROWS rows are summed in float, CHUNK rows in a part in double, then the parts in order. */
enum { FEW_ROWS = 8, CHUNK = IX_SUM_ROWS, COLUMNS = 512 };

/* sum_d x - from, and of its square if `squares`: four sums in double, combined in one order. */
static double sum_row(const float *x, int64_t D, double from, bool squares)
{
    d4 s[4] = {{0}};
    double tail = 0;
    int64_t d = 0;
    for (; d + 16 <= D; d += 16)
        for (int j = 0; j < 4; j++) {
            d4 v = d4_load(x + d + 4 * j) - from;
            s[j] += squares ? v * v : v;
        }
    for (; d < D; d++) {
        double v = (double)x[d] - from;
        tail += squares ? v * v : v;
    }
    return d4_sum((s[0] + s[2]) + (s[1] + s[3])) + tail;
}

void ix_layernorm(float *y, float *stat, const float *x, const float *g, const float *b, int64_t N, int64_t D,
                  float eps)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t n = 0; n < N; n++) {
        const float *xn = x + n * D;
        float *yn = y + n * D;
        double mean = sum_row(xn, D, 0, false) / (double)D;
        float m = (float)mean, r = (float)(1 / sqrt(sum_row(xn, D, mean, true) / (double)D + (double)eps));
        for (int64_t d = 0; d < D; d++) yn[d] = (xn[d] - m) * r * g[d] + b[d];
        stat[2 * n] = m;
        stat[2 * n + 1] = r;
    }
}

size_t ix_layernorm_scratch(int64_t N, int64_t D)
{
    return ix_sum_scratch(N, 2 * D);
}

/* sum_d dy g and sum_d dy g x. */
static void sum_gradients(double sum[2], const float *dy, const float *g, const float *x, int64_t D)
{
    d4 s[2][2] = {{{0}}};
    double tail[2] = {0};
    int64_t d = 0;
    for (; d + 8 <= D; d += 8)
        for (int j = 0; j < 2; j++) {
            d4 t = d4_load(dy + d + 4 * j) * d4_load(g + d + 4 * j);
            s[0][j] += t;
            s[1][j] += t * d4_load(x + d + 4 * j);
        }
    for (; d < D; d++) {
        double t = (double)dy[d] * (double)g[d];
        tail[0] += t;
        tail[1] += t * (double)x[d];
    }
    for (int k = 0; k < 2; k++) sum[k] = d4_sum(s[k][0] + s[k][1]) + tail[k];
}

/* One row's numbers of the formula: mean and r of the forward pass, mean_d t and mean_d t u. */
typedef struct {
    float m, r, t, tu;
} row;

static row row_of(const float *stat, const float *dy, const float *g, const float *x, int64_t D)
{
    double sum[2], m = (double)stat[0], r = (double)stat[1];
    sum_gradients(sum, dy, g, x, D);
    return (row){stat[0], stat[1], (float)(sum[0] / (double)D), (float)((sum[1] - m * sum[0]) * r / (double)D)};
}

/* Some columns of up to FEW_ROWS rows: dx, and their sums for dg and db. */
static void backward_columns(float *restrict dx, float *restrict dg, float *restrict db, const float *restrict dy,
                             const float *restrict x, const float *restrict g, const row *k, int64_t rows,
                             int64_t columns, int64_t D)
{
    for (int64_t d = 0; d < columns; d++) dg[d] = db[d] = 0;
    for (int64_t n = 0; n < rows; n++)
        for (int64_t d = 0; d < columns; d++) {
            float t = dy[n * D + d], u = (x[n * D + d] - k[n].m) * k[n].r;
            dg[d] += t * u;
            db[d] += t;
            dx[n * D + d] += k[n].r * (t * g[d] - k[n].t - u * k[n].tu);
        }
}

/* Up to CHUNK rows: dx, and their part of dg, followed by that of db. */
static void backward_rows(float *dx, double *part, const float *dy, const float *x, const float *stat, const float *g,
                          int64_t rows, int64_t D)
{
    float dg[COLUMNS], db[COLUMNS];
    row k[CHUNK];
    for (int64_t n = 0; n < rows; n++) k[n] = row_of(stat + 2 * n, dy + n * D, g, x + n * D, D);
    for (int64_t d = 0; d < 2 * D; d++) part[d] = 0;
    for (int64_t n = 0; n < rows; n += FEW_ROWS)
        for (int64_t at = 0; at < D; at += COLUMNS) {
            int64_t few = rows - n < FEW_ROWS ? rows - n : FEW_ROWS, columns = D - at < COLUMNS ? D - at : COLUMNS;
            int64_t from = n * D + at;
            backward_columns(dx + from, dg, db, dy + from, x + from, g + at, k + n, few, columns, D);
            for (int64_t d = 0; d < columns; d++) {
                part[at + d] += (double)dg[d];
                part[D + at + d] += (double)db[d];
            }
        }
}

void ix_layernorm_backward(float *dx, float *dg, float *db, const float *dy, const float *x, const float *stat,
                           const float *g, int64_t N, int64_t D, void *scratch)
{
    int64_t chunks = (N + CHUNK - 1) / CHUNK;
    double *part = scratch;
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t c = 0; c < chunks; c++) {
        int64_t lo = c * CHUNK, left = N - lo;
        backward_rows(dx + lo * D, part + c * 2 * D, dy + lo * D, x + lo * D, stat + 2 * lo, g,
                      left < CHUNK ? left : CHUNK, D);
    }
    if (N == 0) return;
    ix_sum_parts(dg, part, chunks, 2 * D, D);
    ix_sum_parts(db, part + D, chunks, 2 * D, D);
}

void ix_layernorm_ref(float *y, float *stat, const float *x, const float *g, const float *b, int64_t N, int64_t D,
                      float eps)
{
    for (int64_t n = 0; n < N; n++) {
        double mean = 0, squares = 0;
        for (int64_t d = 0; d < D; d++) mean += (double)x[n * D + d] / (double)D;
        for (int64_t d = 0; d < D; d++) squares += ((double)x[n * D + d] - mean) * ((double)x[n * D + d] - mean);
        double r = 1 / sqrt(squares / (double)D + (double)eps);
        for (int64_t d = 0; d < D; d++)
            y[n * D + d] = (float)(((double)x[n * D + d] - mean) * r * (double)g[d] + (double)b[d]);
        stat[2 * n] = (float)mean;
        stat[2 * n + 1] = (float)r;
    }
}

void ix_layernorm_backward_ref(float *dx, float *dg, float *db, const float *dy, const float *x, const float *stat,
                               const float *g, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++) {
        double m = (double)stat[2 * n], r = (double)stat[2 * n + 1], mean_t = 0, mean_tu = 0;
        for (int64_t d = 0; d < D; d++) {
            double t = (double)dy[n * D + d] * (double)g[d];
            mean_t += t / (double)D;
            mean_tu += t * ((double)x[n * D + d] - m) * r / (double)D;
        }
        for (int64_t d = 0; d < D; d++) {
            double t = (double)dy[n * D + d] * (double)g[d], u = ((double)x[n * D + d] - m) * r;
            dx[n * D + d] += (float)(r * (t - mean_t - u * mean_tu));
        }
    }
    for (int64_t d = 0; d < D; d++) {
        double sum_g = 0, sum_b = 0;
        for (int64_t n = 0; n < N; n++) {
            double u = ((double)x[n * D + d] - (double)stat[2 * n]) * (double)stat[2 * n + 1];
            sum_g += (double)dy[n * D + d] * u;
            sum_b += (double)dy[n * D + d];
        }
        dg[d] += (float)sum_g;
        db[d] += (float)sum_b;
    }
}
