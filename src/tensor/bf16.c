/* SPDX-License-Identifier: Apache-2.0
 *
 * bf16.c - matrices that are held as bf16, the upper half of a float, and multiplied as float32: a tile of them is
 * widened, which is exact, right before it is multiplied. Where a product is cut into tiles does not change a bit of it
 * (gemm.c), so it has the bits of the product with the whole matrix widened. */
#include <string.h>

#include "tensor/parallel.h"
#include "tensor/tensor.h"

/* A tile is so large that what the other factor costs to be packed again for each is little: 32 MiB. */
static const int64_t tile_numbers = (int64_t)1 << 23;
enum { WHOLE_ROWS = 16 }; /* tiles end where BLIS's do */

static uint16_t round_one(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    uint32_t near = u + 0x7fff + (u >> 16 & 1); /* a tie goes to the even one; a carry into the exponent is right */
    bool nan = (u & 0x7fffffff) > 0x7f800000;
    return (uint16_t)(nan ? u >> 16 | 0x40 : near >> 16);
}

static float widen_one(uint16_t x)
{
    uint32_t u = (uint32_t)x << 16;
    float y;
    memcpy(&y, &u, sizeof y);
    return y;
}

void ix_bf16_round(uint16_t *y, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = round_one(x[i]);
}

void ix_bf16_widen(float *y, const uint16_t *x, int64_t n)
{
#pragma omp parallel for simd schedule(static) if (parallel : ix_worth_threads(n))
    for (int64_t i = 0; i < n; i++) y[i] = widen_one(x[i]);
}

void ix_bf16_embed(float *y, const uint16_t *E, const int32_t *token, int64_t N, int64_t D)
{
#pragma omp parallel for schedule(static) if (ix_worth_threads(N * D))
    for (int64_t n = 0; n < N; n++)
        for (int64_t d = 0; d < D; d++) y[n * D + d] = token[n] < 0 ? 0 : widen_one(E[token[n] * D + d]);
}

/* Rows of B in a tile. */
static int64_t tile_rows(int64_t n, int64_t k)
{
    int64_t rows = tile_numbers / (k > 0 ? k : 1) / WHOLE_ROWS * WHOLE_ROWS;
    if (rows < WHOLE_ROWS) rows = WHOLE_ROWS;
    return rows < n ? rows : n;
}

size_t ix_bf16_gemm_scratch(int64_t n, int64_t k)
{
    return (size_t)(tile_rows(n, k) * k) * sizeof(float);
}

void ix_bf16_gemm(float *C, int64_t ldc, bool add, const float *A, int64_t lda, const uint16_t *B, int64_t m, int64_t n,
                  int64_t k, void *scratch)
{
    int64_t each = tile_rows(n, k);
    for (int64_t at = 0; at < n; at += each) {
        int64_t rows = n - at < each ? n - at : each;
        ix_bf16_widen(scratch, B + at * k, rows * k);
        ix_gemm(C + at, ldc, add, A, lda, false, scratch, k, true, m, rows, k);
    }
}
