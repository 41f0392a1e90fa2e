/* SPDX-License-Identifier: Apache-2.0
 *
 * LayerNorm and biases against their twins at awkward sizes; the twin's gradient against differences of its forward;
 * the same bits for any number of threads. */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

static const int64_t sizes[] = {1, 2, 7, 8, 17, 63, 64, 65, 130, 600};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Rounding of a sum of N terms of at most this size. */
static double rounding(int64_t N, double term)
{
    return 8 * 6e-8 * sqrt((double)N + 1) * term;
}

static void layernorm_matches(void **state)
{
    (void)state;
    for (int c = 0; c < SIZES * SIZES; c++) {
        int64_t N = sizes[c / SIZES], D = sizes[c % SIZES];
        float *x = draw(N * D, 2), *g = draw(D, 1), *b = draw(D, 1), *y = draw(N * D, 1), *wy = draw(N * D, 1);
        float *stat = draw(2 * N, 1), *wstat = draw(2 * N, 1);
        for (int64_t i = 0; i < N * D; i++) x[i] += (float)(c % 3) * 100; /* a mean far from 0 takes no digits away */
        ix_layernorm(y, stat, x, g, b, N, D, 1e-5f);
        ix_layernorm_ref(wy, wstat, x, g, b, N, D, 1e-5f);
        double r = 0;
        for (int64_t n = 0; n < N; n++) {
            CHECK_NEAR(stat[2 * n], wstat[2 * n], 1e-6 * (1 + fabs((double)wstat[2 * n])));
            CHECK_NEAR(stat[2 * n + 1], wstat[2 * n + 1], 1e-6 * (double)wstat[2 * n + 1]);
            r = fmax(r, (double)stat[2 * n + 1]);
        }
        /* the mean is rounded to float before it is taken away */
        CHECK_NEAR(check_worst(y, wy, N * D), 0,
                   1e-6 * (1 + check_largest(wy, N * D)) + 1e-5 * r * check_largest(g, D));
        free(x), free(g), free(b), free(y), free(wy), free(stat), free(wstat);
    }
}

static void layernorm_gradients_match(void **state)
{
    (void)state;
    for (int c = 0; c < SIZES * SIZES; c++) {
        int64_t N = sizes[c / SIZES], D = sizes[c % SIZES];
        float *x = draw(N * D, 2), *g = draw(D, 1), *b = draw(D, 1), *dy = draw(N * D, 1), *y = draw(N * D, 1);
        float *stat = draw(2 * N, 1), *d[3][3];
        void *scratch = malloc(ix_layernorm_scratch(N, D));
        ix_layernorm_ref(y, stat, x, g, b, N, D, 1e-5f);
        for (int i = 0; i < 3; i++) {
            d[i][0] = i ? copy_of(d[0][0], N * D) : draw(N * D, 1);
            d[i][1] = i ? copy_of(d[0][1], D) : draw(D, 1);
            d[i][2] = i ? copy_of(d[0][2], D) : draw(D, 1);
        }
        ix_layernorm_backward_ref(d[0][0], d[0][1], d[0][2], dy, x, stat, g, N, D);
        for (int i = 1; i < 3; i++) {
            omp_set_num_threads(i == 1 ? 1 : 3);
            ix_layernorm_backward(d[i][0], d[i][1], d[i][2], dy, x, stat, g, N, D, scratch);
        }
        omp_set_num_threads(1);
        double r = 0, u = 0, most = check_largest(dy, N * D);
        for (int64_t n = 0; n < N; n++) r = fmax(r, (double)stat[2 * n + 1]);
        for (int64_t i = 0; i < N * D; i++)
            u = fmax(u, fabs(((double)x[i] - (double)stat[i / D * 2]) * (double)stat[i / D * 2 + 1]));
        CHECK_NEAR(check_worst(d[1][0], d[0][0], N * D), 0, 1e-6 * (1 + r * most * check_largest(g, D) * (1 + u)));
        CHECK_NEAR(check_worst(d[1][1], d[0][1], D), 0, rounding(N, most * u) + 1e-6);
        CHECK_NEAR(check_worst(d[1][2], d[0][2], D), 0, rounding(N, most) + 1e-6);
        for (int k = 0; k < 3; k++) assert_memory_equal(d[1][k], d[2][k], (size_t)(k ? D : N * D) * sizeof *d[1][k]);
        for (int i = 0; i < 9; i++) free(d[i / 3][i % 3]);
        free(x), free(g), free(b), free(dy), free(y), free(stat), free(scratch);
    }
}

/* sum_i dy_i y_i in double */
static double weighed(const float *x, const float *g, const float *b, const float *dy, int64_t N, int64_t D)
{
    double sum = 0;
    for (int64_t n = 0; n < N; n++) {
        double mean = 0, squares = 0;
        for (int64_t d = 0; d < D; d++) mean += (double)x[n * D + d] / (double)D;
        for (int64_t d = 0; d < D; d++) squares += pow((double)x[n * D + d] - mean, 2) / (double)D;
        for (int64_t d = 0; d < D; d++)
            sum += (double)dy[n * D + d] *
                   (((double)x[n * D + d] - mean) / sqrt(squares + 1e-5) * (double)g[d] + (double)b[d]);
    }
    return sum;
}

static void layernorm_twin_differentiates(void **state)
{
    enum { N = 3, D = 10 };
    float *x = draw(N * D, 1), *g = draw(D, 1), *b = draw(D, 1), *dy = draw(N * D, 1), y[N * D], stat[2 * N];
    float dx[N * D] = {0}, dg[D] = {0}, db[D] = {0};
    struct {
        float *at, *d;
        int n;
    } all[3] = {{x, dx, N * D}, {g, dg, D}, {b, db, D}};
    (void)state;
    ix_layernorm_ref(y, stat, x, g, b, N, D, 1e-5f);
    ix_layernorm_backward_ref(dx, dg, db, dy, x, stat, g, N, D);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < all[k].n; i++) {
            float kept = all[k].at[i], up = kept + 1e-2f, down = kept - 1e-2f;
            all[k].at[i] = up;
            double more = weighed(x, g, b, dy, N, D);
            all[k].at[i] = down;
            double less = weighed(x, g, b, dy, N, D);
            all[k].at[i] = kept;
            CHECK_NEAR(all[k].d[i], (more - less) / ((double)up - (double)down), 2e-3);
        }
    free(x), free(g), free(b), free(dy);
}

static void bias_matches(void **state)
{
    (void)state;
    for (int c = 0; c < SIZES * SIZES; c++) {
        int64_t N = sizes[c / SIZES], D = sizes[c % SIZES], ld = D + c % 3;
        float *y = draw(N * ld, 1), *b = draw(D, 1), *want = copy_of(y, N * ld), *dy = draw(N * ld, 1);
        float *db = draw(D, 1), *wdb = copy_of(db, D), *again = copy_of(db, D);
        void *scratch = malloc(ix_bias_scratch(N, D));
        ix_bias(y, ld, b, N, D);
        ix_bias_ref(want, ld, b, N, D);
        assert_memory_equal(y, want, (size_t)(N * ld) * sizeof *y);
        ix_bias_backward(db, dy, ld, N, D, scratch);
        ix_bias_backward_ref(wdb, dy, ld, N, D);
        CHECK_NEAR(check_worst(db, wdb, D), 0, 3e-7 * (1 + check_largest(wdb, D)));
        omp_set_num_threads(3);
        ix_bias_backward(again, dy, ld, N, D, scratch);
        omp_set_num_threads(1);
        assert_memory_equal(db, again, (size_t)D * sizeof *db);
        free(y), free(b), free(want), free(dy), free(db), free(wdb), free(again), free(scratch);
    }
}

static void nothing_of_nothing(void **state)
{
    float db[2] = {1, 2}, dg[2] = {3, 4};
    (void)state;
    ix_bias_backward(db, NULL, 2, 0, 2, NULL);
    ix_layernorm_backward(NULL, dg, db, NULL, NULL, NULL, NULL, 0, 2, NULL);
    assert_true(db[0] == 1 && db[1] == 2 && dg[0] == 3 && dg[1] == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layernorm_matches), cmocka_unit_test(layernorm_gradients_match),
                                       cmocka_unit_test(layernorm_twin_differentiates), cmocka_unit_test(bias_matches),
                                       cmocka_unit_test(nothing_of_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
