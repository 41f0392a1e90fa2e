/* SPDX-License-Identifier: Apache-2.0
 *
 * bf16 beside its twin: every value there is, ties, NaN and infinity; products in tiles beside the twin, and with the
 * very bits of products of floats. */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

enum { ALL = 1 << 16 };

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool is_nan(uint16_t x)
{
    return (x & 0x7fff) > 0x7f80;
}

static void every_value_widens(void **state)
{
    (void)state;
    static uint16_t x[ALL], back[ALL];
    static float y[ALL], want[ALL];
    for (int i = 0; i < ALL; i++) x[i] = (uint16_t)i;
    for (int threads = 1; threads <= 3; threads++) {
        omp_set_num_threads(threads);
        ix_bf16_widen(y, x, ALL);
        ix_bf16_widen_ref(want, x, ALL);
        ix_bf16_round(back, y, ALL);
        for (int i = 0; i < ALL; i++) {
            if (is_nan(x[i])) {
                assert_true(isnan(y[i]) && is_nan(back[i]) && (back[i] & 0x8000) == (x[i] & 0x8000));
                continue;
            }
            assert_memory_equal(&y[i], &want[i], sizeof y[i]);
            assert_int_equal(back[i], x[i]);
        }
    }
    omp_set_num_threads(1);
}

/* Between any two neighbours: ties go to the even one, everything else to the nearer. */
static void every_neighbourhood_rounds(void **state)
{
    (void)state;
    static const uint32_t below[] = {0, 1, 2, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x3a5c};
    enum { BELOW = sizeof below / sizeof *below };
    for (uint32_t i = 0; i < ALL; i++) {
        float x[BELOW];
        uint16_t got[BELOW], want[BELOW];
        for (int k = 0; k < BELOW; k++) x[k] = float_of(i << 16 | below[k]);
        ix_bf16_round(got, x, BELOW);
        ix_bf16_round_ref(want, x, BELOW);
        for (int k = 0; k < BELOW; k++) {
            if (isnan(x[k])) assert_true(is_nan(got[k]) && is_nan(want[k]));
            else assert_int_equal(got[k], want[k]);
        }
    }
}

static void edges_round(void **state)
{
    (void)state;
    static const struct {
        float x;
        uint16_t want;
    } row[] = {{0.0f, 0},
               {-0.0f, 0x8000},
               {1.0f, 0x3f80},
               {-2.0f, 0xc000},
               {0x1.01p0f, 0x3f80}, /* halfway between 1 and the next: the even one */
               {0x1.03p0f, 0x3f82}, /* halfway, and now the even one is above */
               {0x1.0102p0f, 0x3f81},
               {0x1p-149f, 0}, /* the smallest float */
               {0x1p-134f, 0}, /* half the smallest bf16 */
               {0x1.8p-133f, 2},
               {0x1.fep127f, 0x7f7f}, /* the largest bf16 */
               {0x1.fefffep127f, 0x7f7f},
               {0x1.ffp127f, 0x7f80}, /* halfway to where the next would be */
               {INFINITY, 0x7f80},
               {-INFINITY, 0xff80}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint16_t got, twin;
        ix_bf16_round(&got, &row[i].x, 1);
        ix_bf16_round_ref(&twin, &row[i].x, 1);
        assert_int_equal(got, row[i].want);
        assert_int_equal(twin, row[i].want);
    }
}

static void rows_are_looked_up(void **state)
{
    (void)state;
    enum { V = 50, D = 37, N = 2000 };
    int32_t token[N];
    uint16_t E[V * D];
    float *x = draw(V * D, 1), *y = draw(N * D, 1), *want = draw(N * D, 1);
    ix_bf16_round(E, x, V * D);
    for (int n = 0; n < N; n++) token[n] = n * 7 % (V + 1) - 1;
    for (int threads = 1; threads <= 3; threads++) {
        omp_set_num_threads(threads);
        ix_bf16_embed(y, E, token, N, D);
        ix_bf16_embed_ref(want, E, token, N, D);
        assert_memory_equal(y, want, N * D * sizeof *y);
    }
    omp_set_num_threads(1);
    free(x), free(y), free(want);
}

typedef struct {
    int64_t m, n, k;
} size;

/* Many numbers in little time. */
static float *repeat(int64_t n)
{
    enum { PERIOD = 4093 };
    float *few = draw(PERIOD, 1), *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = few[i % PERIOD];
    free(few);
    return x;
}

/* The last ones are cut into tiles: 8 Mi numbers are one. */
static void products_match(void **state)
{
    (void)state;
    static const size sizes[] = {{1, 1, 1},     {7, 33, 65},     {64, 48, 130},  {5, 200, 31},
                                 {3, 5000, 17}, {2, 20, 500000}, {9, 4200, 2048}};
    for (size_t c = 0; c < 2 * sizeof sizes / sizeof *sizes; c++) {
        size z = sizes[c / 2];
        bool add = c % 2, tiled = z.n * z.k > 1 << 23;
        int64_t ldc = z.n + 3, lda = z.k + 2;
        float *A = draw(z.m * lda, 1), *B = repeat(z.n * z.k), *C = draw(z.m * ldc, 1), *start = copy_of(C, z.m * ldc);
        uint16_t *held = malloc((size_t)(z.n * z.k) * sizeof *held);
        size_t bytes = ix_bf16_gemm_scratch(z.n, z.k);
        void *scratch = malloc(bytes);
        assert_true(bytes <= (size_t)(z.n * z.k) * sizeof(float) && (z.n <= 16 || !tiled || bytes <= (size_t)48 << 20));
        ix_bf16_round(held, B, z.n * z.k);
        ix_bf16_widen(B, held, z.n * z.k);
        float *want = copy_of(start, z.m * ldc);
        ix_gemm(want, ldc, add, A, lda, false, B, z.k, true, z.m, z.n, z.k);
        for (int threads = 1; threads <= 3; threads += 2) {
            omp_set_num_threads(threads);
            memcpy(C, start, (size_t)(z.m * ldc) * sizeof *C);
            ix_bf16_gemm(C, ldc, add, A, lda, held, z.m, z.n, z.k, scratch);
            assert_memory_equal(C, want, (size_t)(z.m * ldc) * sizeof *C);
        }
        omp_set_num_threads(1);
        if (!tiled) {
            ix_bf16_gemm_ref(start, ldc, add, A, lda, held, z.m, z.n, z.k);
            CHECK_NEAR(apart(C, start, z.m * ldc), 0, 8 * 6e-8 * sqrt((double)z.k + 1));
        }
        free(A), free(B), free(C), free(start), free(want), free(held), free(scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_value_widens),
                                       cmocka_unit_test(every_neighbourhood_rounds), cmocka_unit_test(edges_round),
                                       cmocka_unit_test(rows_are_looked_up), cmocka_unit_test(products_match)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
