/* SPDX-License-Identifier: Apache-2.0
 *
 * gemm.c - the one call of BLIS. With the small-matrix path (l3_sup) off, every number of C is summed over k in the
 * same blocks whatever the number of rows and columns, their place and the number of threads (architecture.md 9).
 *
 * Threads share out the rows and columns of C, each with a product of its own, instead of asking BLIS for threads: the
 * bits are the same, and BLIS's threads meet at barriers that spin, which costs a factor of three to four as soon as
 * another process wants one of the cores. */
#include <blis.h>
#include <math.h>
#include <omp.h>

#include "base/span.h"
#include "tensor/tensor.h"

enum { MICRO_ROWS = 6, MICRO_COLUMNS = 16 }; /* of BLIS's kernels on x86-64-v3: shares end at whole tiles */

/* Below this much work per thread a further thread costs more than it gives. */
static const double small_product = 1.5e7;

/* C = op(A) op(B), as in ix_gemm. */
typedef struct {
    float *C;
    const float *A, *B;
    int64_t ldc, lda, ldb, m, n, k;
    bool add, ta, tb;
} problem;

static int threads_for(const problem *p)
{
    double work = 2.0 * (double)p->m * (double)p->n * (double)p->k / small_product;
    int64_t most = omp_in_parallel() ? 1 : omp_get_max_threads();
    if ((double)most > work) most = (int64_t)work;
    return most > 1 ? (int)most : 1;
}

static int64_t tiles_of(int64_t n, int tile)
{
    return (n + tile - 1) / tile;
}

/* C is cut into `down` x `across` shares. Everybody packs what he multiplies: op(A) is packed `across` times and op(B)
 * `down` times, so the cut that packs least is the fastest. */
typedef struct {
    int down, across;
} cut;

static cut cut_for(const problem *p, int threads)
{
    cut best = {1, 1};
    double least = INFINITY;
    for (int down = 1; down <= threads; down++) {
        int across = threads / down;
        double packed = (double)across * (double)p->m + (double)down * (double)p->n;
        bool fits = down <= tiles_of(p->m, MICRO_ROWS) && across <= tiles_of(p->n, MICRO_COLUMNS);
        bool fuller = down * across > best.down * best.across;
        if (!fits || down * across < best.down * best.across || (!fuller && packed >= least)) continue;
        best = (cut){down, across};
        least = packed;
    }
    return best;
}

/* Share `part` of `parts` of 0 .. n-1, in whole tiles. */
static ix_span share_of(int64_t n, int tile, int parts, int part)
{
    ix_span t = ix_split(tiles_of(n, tile), parts, part);
    return (ix_span){t.lo * tile, t.hi * tile < n ? t.hi * tile : n};
}

static void clear(float *C, int64_t ldc, int64_t m, int64_t n)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) C[i * ldc + j] = 0;
}

/* These rows and columns of C, on this thread. */
static void product(const problem *p, ix_span rows, ix_span columns)
{
    float one = 1, beta = p->add ? 1 : 0;
    const float *A = p->A + rows.lo * (p->ta ? 1 : p->lda), *B = p->B + columns.lo * (p->tb ? p->ldb : 1);
    rntm_t rntm;
    bli_rntm_init_from_global(&rntm);
    bli_rntm_set_num_threads(1, &rntm);
    bli_rntm_set_l3_sup(0, &rntm);
    bli_sgemm_ex(p->ta ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE, p->tb ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE,
                 ix_span_size(rows), ix_span_size(columns), p->k, &one, (float *)(uintptr_t)A, p->lda, 1,
                 (float *)(uintptr_t)B, p->ldb, 1, &beta, p->C + rows.lo * p->ldc + columns.lo, p->ldc, 1, NULL, &rntm);
}

void ix_gemm(float *C, int64_t ldc, bool add, const float *A, int64_t lda, bool ta, const float *B, int64_t ldb,
             bool tb, int64_t m, int64_t n, int64_t k)
{
    problem p = {C, A, B, ldc, lda, ldb, m, n, k, add, ta, tb};
    if (m == 0 || n == 0) return;
    if (k == 0) {
        if (!add) clear(C, ldc, m, n);
        return;
    }
    cut c = cut_for(&p, threads_for(&p));
    if (c.down * c.across == 1) {
        product(&p, (ix_span){0, m}, (ix_span){0, n});
        return;
    }
#pragma omp parallel for schedule(static) num_threads(c.down *c.across)
    for (int part = 0; part < c.down * c.across; part++)
        product(&p, share_of(m, MICRO_ROWS, c.down, part / c.across),
                share_of(n, MICRO_COLUMNS, c.across, part % c.across));
}

void ix_gemm_ref(float *C, int64_t ldc, bool add, const float *A, int64_t lda, bool ta, const float *B, int64_t ldb,
                 bool tb, int64_t m, int64_t n, int64_t k)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = add ? (double)C[i * ldc + j] : 0;
            for (int64_t p = 0; p < k; p++)
                sum += (double)(ta ? A[p * lda + i] : A[i * lda + p]) * (double)(tb ? B[j * ldb + p] : B[p * ldb + j]);
            C[i * ldc + j] = (float)sum;
        }
}
