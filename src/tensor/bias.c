/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>

#include "base/span.h"
#include "tensor/column_sums.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

void ix_sum_parts(float *out, double *part, int64_t parts, int64_t step, int64_t D)
{
#pragma omp parallel if (ix_worth_threads(parts * D))
    {
        ix_span mine = ix_split(D, omp_get_num_threads(), omp_get_thread_num());
        for (int64_t p = 1; p < parts; p++)
            for (int64_t d = mine.lo; d < mine.hi; d++) part[d] += part[p * step + d];
        for (int64_t d = mine.lo; d < mine.hi; d++) out[d] += (float)part[d];
    }
}

void ix_bias(float *y, int64_t ld, const float *b, int64_t N, int64_t D)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t n = 0; n < N; n++) ix_add(y + n * ld, b, D);
}

size_t ix_bias_scratch(int64_t N, int64_t D)
{
    return ix_sum_scratch(N, D);
}

void ix_bias_backward(float *db, const float *dy, int64_t ld, int64_t N, int64_t D, void *scratch)
{
    int64_t parts = (N + IX_SUM_ROWS - 1) / IX_SUM_ROWS;
    double *part = scratch;
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t p = 0; p < parts; p++) {
        double *sum = part + p * D;
        int64_t end = (p + 1) * IX_SUM_ROWS < N ? (p + 1) * IX_SUM_ROWS : N;
        for (int64_t d = 0; d < D; d++) sum[d] = 0;
        for (int64_t n = p * IX_SUM_ROWS; n < end; n++)
            for (int64_t d = 0; d < D; d++) sum[d] += (double)dy[n * ld + d];
    }
    if (N > 0) ix_sum_parts(db, part, parts, D, D);
}

void ix_bias_ref(float *y, int64_t ld, const float *b, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; d < D; d++) y[n * ld + d] += b[d];
}

void ix_bias_backward_ref(float *db, const float *dy, int64_t ld, int64_t N, int64_t D)
{
    for (int64_t d = 0; d < D; d++) {
        double sum = 0;
        for (int64_t n = 0; n < N; n++) sum += (double)dy[n * ld + d];
        db[d] += (float)sum;
    }
}
