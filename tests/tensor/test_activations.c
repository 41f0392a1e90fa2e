/* SPDX-License-Identifier: Apache-2.0
 *
 * Activations against their twins at awkward sizes, in place too, and the twins' gradients against differences of the
 * formula in double. */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

static const int64_t sizes[] = {1, 2, 7, 8, 9, 31, 63, 64, 65, 130};
enum { SIZES = sizeof sizes / sizeof *sizes };

typedef void (*gate)(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F);
typedef void (*gate_backward)(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld,
                              int64_t N, int64_t F);

static double silu(double a)
{
    return a / (1 + exp(-a));
}

static double gelu_tanh(double a)
{
    return a * (1 + tanh(sqrt(2 / M_PI) * (a + 0.044715 * a * a * a))) / 2;
}

static double gelu_erf(double a)
{
    return a * (1 + erf(a / sqrt(2))) / 2;
}

static const struct {
    gate forward, twin;
    gate_backward backward, backward_twin;
    double (*formula)(double a);
} gates[] = {{ix_swiglu, ix_swiglu_ref, ix_swiglu_backward, ix_swiglu_backward_ref, silu},
             {ix_geglu, ix_geglu_ref, ix_geglu_backward, ix_geglu_backward_ref, gelu_tanh}};

static double slope(double (*f)(double), double a)
{
    return (f(a + 1e-5) - f(a - 1e-5)) / 2e-5;
}

static void gates_match(void **state)
{
    (void)state;
    for (int c = 0; c < 2 * SIZES; c++) {
        int g = c % 2;
        int64_t N = 5, F = sizes[c / 2], ld = 2 * F;
        float *ab = draw(N * ld, 4), *dy = draw(N * F, 1), *y = draw(N * F, 1), *want = draw(N * F, 1),
              *d = copy_of(ab, N * ld), *wd = draw(N * ld, 1);
        gates[g].forward(y, ab, ab + F, ld, N, F);
        gates[g].twin(want, ab, ab + F, ld, N, F);
        CHECK_NEAR(apart(y, want, N * F), 0, 5e-7);
        gates[g].backward_twin(wd, wd + F, dy, ab, ab + F, ld, N, F);
        gates[g].backward(d, d + F, dy, d, d + F, ld, N, F);                /* in place */
        double term = check_largest(dy, N * F) * check_largest(ab, N * ld); /* two of them cancel where g'(a) is 0 */
        CHECK_NEAR(check_worst(d, wd, N * ld), 0, 5e-7 * term);
        for (int64_t i = 0; i < N * F; i++) {
            int64_t at = i / F * ld + i % F;
            double a = (double)ab[at], b = (double)ab[at + F], dyi = (double)dy[i];
            double size = 1 + fabs(a * b) + fabs(dyi * a) + fabs(dyi * b);
            CHECK_NEAR(want[i], gates[g].formula(a) * b, 1e-7 * size);
            CHECK_NEAR(wd[at], dyi * slope(gates[g].formula, a) * b, 1e-6 * size);
            CHECK_NEAR(wd[at + F], dyi * gates[g].formula(a), 1e-7 * size);
        }
        free(ab), free(dy), free(y), free(want), free(d), free(wd);
    }
}

static void gates_at_the_ends(void **state)
{
    float far[4] = {-200, 300, -3e38f, 3e38f}, one[4] = {1, 1, 1, 1}, y[4];
    (void)state;
    for (int g = 0; g < 2; g++) {
        gates[g].forward(y, far, one, 4, 1, 4);
        assert_true(fabs((double)y[0]) < 1e-30 && y[1] == 300 && y[2] == 0 && y[3] == 3e38f);
    }
    ix_gelu(y, far, 4);
    assert_true(y[0] == 0 && y[1] == 300 && y[2] == 0 && y[3] == 3e38f);
    ix_gelu_backward(y, one, far, 4);
    assert_true(y[0] == 0 && y[1] == 1 && y[2] == 0 && y[3] == 1);
}

static void gelu_matches(void **state)
{
    static const int64_t lengths[] = {1, 7, 8, 9, 1023, 1024, 1025, 5003};
    (void)state;
    for (int c = 0; c < 8; c++) {
        int64_t n = lengths[c];
        float *x = draw(n, 3), *dy = draw(n, 1), *y = draw(n, 1), *want = draw(n, 1), *wd = draw(n, 1);
        float *d = copy_of(x, n), *again = draw(n, 1);
        ix_gelu(y, x, n);
        ix_gelu_ref(want, x, n);
        CHECK_NEAR(check_worst(y, want, n), 0, 3e-7 * (1 + check_largest(x, n)));
        omp_set_num_threads(3);
        ix_gelu(again, x, n);
        omp_set_num_threads(1);
        assert_memory_equal(y, again, (size_t)n * sizeof *y);
        ix_gelu_backward_ref(wd, dy, x, n);
        ix_gelu_backward(d, dy, d, n); /* in place */
        CHECK_NEAR(check_worst(d, wd, n), 0, 1e-6 * (1 + check_largest(dy, n)));
        for (int64_t i = 0; i < n; i++) {
            CHECK_NEAR(want[i], gelu_erf((double)x[i]), 2e-6);
            CHECK_NEAR(wd[i], (double)dy[i] * slope(gelu_erf, (double)x[i]), 1e-6);
        }
        free(x), free(dy), free(y), free(want), free(wd), free(d), free(again);
    }
}

static void softcap_matches(void **state)
{
    (void)state;
    for (int c = 0; c < SIZES; c++) {
        int64_t n = 40 * sizes[c] + c;
        float *z = draw(n, 40), *want = copy_of(z, n);
        ix_softcap(z, 30, n);
        ix_softcap_ref(want, 30, n);
        CHECK_NEAR(apart(z, want, n), 0, 3e-7);
        assert_true(check_largest(z, n) <= 30);
        free(z), free(want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gates_match), cmocka_unit_test(gates_at_the_ends),
                                       cmocka_unit_test(gelu_matches), cmocka_unit_test(softcap_matches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
