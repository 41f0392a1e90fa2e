/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <string.h>

#include "base/span.h"
#include "tensor/parallel.h"
#include "tensor/tensor.h"

/* Numbers below which a second thread costs more than it gives. */
static const int64_t little = 1 << 19;

static void take_row(float *y, const float *E, int32_t token, int64_t D)
{
    if (token < 0) memset(y, 0, (size_t)D * sizeof *y);
    else memcpy(y, E + token * D, (size_t)D * sizeof *y);
}

void ix_embed_ref(float *y, const float *E, const int32_t *token, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++) take_row(y + n * D, E, token[n], D);
}

void ix_embed(float *y, const float *E, const int32_t *token, int64_t N, int64_t D)
{
#pragma omp parallel for schedule(static) if (N * D > little)
    for (int64_t n = 0; n < N; n++) take_row(y + n * D, E, token[n], D);
}

void ix_embed_backward_ref(float *dE, const float *dy, const int32_t *token, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; token[n] >= 0 && d < D; d++) dE[token[n] * D + d] += dy[n * D + d];
}

/* Threads own columns: every element is summed in the order of n. */
void ix_embed_backward(float *dE, const float *dy, const int32_t *token, int64_t N, int64_t D)
{
#pragma omp parallel if (N * D > little)
    {
        ix_span mine = ix_split(D, omp_get_num_threads(), omp_get_thread_num());
        for (int64_t n = 0; n < N; n++) {
            if (token[n] < 0) continue;
            float *to = dE + token[n] * D;
            for (int64_t d = mine.lo; d < mine.hi; d++) to[d] += dy[n * D + d];
        }
    }
}
