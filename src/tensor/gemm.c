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

/* Products without an inner dimension are cleared first, and none of the others is empty. */
static bool is_empty(const ix_gemm_args *p)
{
    return p->m == 0 || p->n == 0 || p->k == 0;
}

static int threads_for(const ix_gemm_args *p, int n)
{
    double work = 0;
    int64_t most = omp_in_parallel() ? 1 : omp_get_max_threads();
    for (int i = 0; i < n; i++) work += 2.0 * (double)p[i].m * (double)p[i].n * (double)p[i].k / small_product;
    if ((double)most > work) most = (int64_t)work;
    return most > 1 ? (int)most : 1;
}

static int64_t tiles_of(int64_t n, int tile)
{
    return (n + tile - 1) / tile;
}

/* Rows and columns of C. */
typedef struct {
    ix_span rows, columns;
} area;

/* An area is cut into `down` x `across` shares. Everybody packs what he multiplies: op(A) is packed `across` times and
 * op(B) `down` times, so the cut that packs least is the fastest. */
typedef struct {
    int down, across;
} cut;

static int parts_of(cut c)
{
    return c.down * c.across;
}

static cut cut_for(area whole, int parts)
{
    cut best = {1, 1};
    double least = INFINITY;
    int64_t m = ix_span_size(whole.rows), n = ix_span_size(whole.columns);
    for (int down = 1; down <= parts; down++) {
        int across = parts / down;
        double packed = (double)across * (double)m + (double)down * (double)n;
        bool fits = down <= tiles_of(m, MICRO_ROWS) && across <= tiles_of(n, MICRO_COLUMNS);
        bool fuller = down * across > best.down * best.across;
        if (!fits || down * across < best.down * best.across || (!fuller && packed >= least)) continue;
        best = (cut){down, across};
        least = packed;
    }
    return best;
}

/* Share `part` of `parts` of a span, in whole tiles from its beginning. */
static ix_span share_of(ix_span whole, int tile, int parts, int part)
{
    int64_t n = ix_span_size(whole);
    ix_span t = ix_split(tiles_of(n, tile), parts, part);
    return (ix_span){whole.lo + t.lo * tile, whole.lo + (t.hi * tile < n ? t.hi * tile : n)};
}

static void clear(const ix_gemm_args *p)
{
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) p->C[i * p->ldc + j] = 0;
}

/* This area of C, on this thread. */
static void product(const ix_gemm_args *p, area of)
{
    float one = 1, beta = p->add ? 1 : 0;
    const float *A = p->A + of.rows.lo * (p->ta ? 1 : p->lda), *B = p->B + of.columns.lo * (p->tb ? p->ldb : 1);
    rntm_t rntm;
    bli_rntm_init_from_global(&rntm);
    bli_rntm_set_num_threads(1, &rntm);
    bli_rntm_set_l3_sup(0, &rntm);
    bli_sgemm_ex(p->ta ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE, p->tb ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE,
                 ix_span_size(of.rows), ix_span_size(of.columns), p->k, &one, (float *)(uintptr_t)A, p->lda, 1,
                 (float *)(uintptr_t)B, p->ldb, 1, &beta, p->C + of.rows.lo * p->ldc + of.columns.lo, p->ldc, 1, NULL,
                 &rntm);
}

/* How a product is shared out. A core that somebody else slows down should not keep the others waiting: of a large
 * product every thread has a share of its own of the first part, and who is through takes pieces of the rest. */
typedef struct {
    area first, rest;
    cut shares, pieces; /* of the first part, and of the rest, if there is one */
} plan;

static const double first_part = 0.8;
enum { LEAST_PIECE = 256 }; /* rows and columns of a piece: smaller ones cost more in packing than they save */

/* Cuts the longer side of p's area behind its first part, if the rest is worth it. */
static plan plan_for(const ix_gemm_args *p, int threads)
{
    area whole = {{0, p->m}, {0, p->n}}, first = whole, rest = whole;
    if (p->m > p->n) {
        first.rows.hi = (int64_t)(first_part * (double)p->m) / MICRO_ROWS * MICRO_ROWS;
        rest.rows.lo = first.rows.hi;
    } else {
        first.columns.hi = (int64_t)(first_part * (double)p->n) / MICRO_COLUMNS * MICRO_COLUMNS;
        rest.columns.lo = first.columns.hi;
    }
    cut pieces = cut_for(rest, threads);
    bool large = ix_span_size(rest.rows) / pieces.down >= LEAST_PIECE &&
                 ix_span_size(rest.columns) / pieces.across >= LEAST_PIECE && parts_of(pieces) == threads;
    if (!large) return (plan){.first = whole, .shares = cut_for(whole, threads)};
    return (plan){first, rest, cut_for(first, threads), pieces};
}

static void part_product(const ix_gemm_args *p, area whole, cut c, int part)
{
    product(p, (area){share_of(whole.rows, MICRO_ROWS, c.down, part / c.across),
                      share_of(whole.columns, MICRO_COLUMNS, c.across, part % c.across)});
}

/* On several threads, which meet once, at the end. */
static void share_out(const ix_gemm_args *p, int n, int threads)
{
    plan to[IX_PRODUCTS];
    for (int i = 0; i < n; i++) to[i] = plan_for(&p[i], threads);
#pragma omp parallel num_threads(threads)
    {
        for (int i = 0; i < n; i++) {
#pragma omp for schedule(static) nowait
            for (int part = 0; part < parts_of(to[i].shares); part++)
                part_product(&p[i], to[i].first, to[i].shares, part);
        }
        for (int i = 0; i < n; i++) {
#pragma omp for schedule(dynamic) nowait
            for (int piece = 0; piece < parts_of(to[i].pieces); piece++)
                part_product(&p[i], to[i].rest, to[i].pieces, piece);
        }
    }
}

void ix_gemms(const ix_gemm_args *args, int n)
{
    ix_gemm_args p[IX_PRODUCTS];
    int full = 0;
    IX_CONTRACT(n <= IX_PRODUCTS);
    for (int i = 0; i < n; i++) {
        if (args[i].k == 0 && !args[i].add) clear(&args[i]);
        if (!is_empty(&args[i])) p[full++] = args[i];
    }
    int threads = threads_for(p, full);
    if (threads > 1) share_out(p, full, threads);
    else
        for (int i = 0; i < full; i++) product(&p[i], (area){{0, p[i].m}, {0, p[i].n}});
}

void ix_gemm(float *C, int64_t ldc, bool add, const float *A, int64_t lda, bool ta, const float *B, int64_t ldb,
             bool tb, int64_t m, int64_t n, int64_t k)
{
    ix_gemms(&(ix_gemm_args){C, A, B, ldc, lda, ldb, m, n, k, add, ta, tb}, 1);
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
