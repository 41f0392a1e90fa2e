/* SPDX-License-Identifier: Apache-2.0
 *
 * exp, tanh and the normal distribution of vectors against libm in double, over the whole range of floats; maxima; sums
 * in one order. */
#include <float.h>

#include "check.h"
#include "tensor/vector.h"

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Distance in units of the last place of `want`. */
static double ulps(float got, double want)
{
    int place = ilogb(want);
    return fabs((double)got - want) / ldexp(1, (place < -126 ? -126 : place) - 23);
}

/* What vector.h promises of exp. */
static void check_exp(float x, float y)
{
    double want = exp((double)x);
    bool good;
    if (isnan(x)) good = isnan(y);
    else if (want > (double)FLT_MAX) good = isinf(y) && y > 0;
    else if (x > -86.98f) good = ulps(y, want) <= 1.5;
    else good = y >= 0 && (double)y <= exp(-86.98) * 1.01;
    if (!good) fail_msg("exp(%.9g) = %.9g, wanted %.9g", (double)x, (double)y, want);
}

static void exp_is_good_everywhere(void **state)
{
    float x[8], y[8];
    (void)state;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 8 * 1009) {
        for (int i = 0; i < 8; i++) x[i] = of_bits((uint32_t)(bits + (uint64_t)i * 1009));
        v8_store(y, v8_exp(v8_load(x)));
        for (int i = 0; i < 8; i++) check_exp(x[i], y[i]);
    }
    for (int step = -90000; step < 90000; step += 8) { /* densely where it matters */
        for (int i = 0; i < 8; i++) x[i] = (float)(step + i) * 1.001e-3f;
        v8_store(y, v8_exp(v8_load(x)));
        for (int i = 0; i < 8; i++) check_exp(x[i], y[i]);
    }
}

static void exp_at_special_places(void **state)
{
    float x[8] = {0, -0.0f, -INFINITY, INFINITY, NAN, 88.72283f, 88.72284f, -FLT_MAX}, y[8];
    (void)state;
    v8_store(y, v8_exp(v8_load(x)));
    assert_true(y[0] == 1 && y[1] == 1 && y[2] == 0 && isinf(y[3]) && isnan(y[4]) && y[7] == 0);
    check_exp(x[5], y[5]);
    check_exp(x[6], y[6]);
}

static void tanh_is_good_everywhere(void **state)
{
    float x[8], y[8];
    (void)state;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 8 * 5003) {
        for (int i = 0; i < 8; i++) x[i] = of_bits((uint32_t)(bits + (uint64_t)i * 5003));
        v8_store(y, v8_tanh(v8_load(x)));
        for (int i = 0; i < 8; i++) {
            double want = tanh((double)x[i]);
            if (isnan(x[i]) ? !isnan(y[i]) : fabs(want) > 1e-37 && ulps(y[i], want) > 1.01)
                fail_msg("tanh(%.9g) = %.9g, wanted %.9g", (double)x[i], (double)y[i], want);
        }
    }
}

/* What vector.h promises of the normal distribution. */
static void check_normal(float x, float y, float e)
{
    double v = (double)x, want = erfc(-v / sqrt(2)) / 2, off = fabs((double)y - want);
    bool good;
    if (isnan(x)) good = isnan(y) && isnan(e);
    else if (v < -13) good = y >= 0 && y < 1e-37f;
    else good = off <= (v < -1 ? (4e-7 + 1e-7 * v * v / 2) * want : 2.5e-7);
    if (!good) fail_msg("below %.9g: %.9g, wanted %.9g", v, (double)y, want);
}

static void normal_is_good_everywhere(void **state)
{
    float x[8], y[8], z[8];
    v8 e;
    (void)state;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += 8 * 5003) {
        for (int i = 0; i < 8; i++) x[i] = of_bits((uint32_t)(bits + (uint64_t)i * 5003));
        v8_store(y, v8_normal(v8_load(x), &e));
        v8_store(z, e);
        for (int i = 0; i < 8; i++) check_normal(x[i], y[i], z[i]);
    }
    for (int step = -140000; step < 140000; step += 8) { /* densely where it matters */
        for (int i = 0; i < 8; i++) x[i] = (float)(step + i) * 1.001e-4f;
        v8_store(y, v8_normal(v8_load(x), &e));
        v8_store(z, e);
        for (int i = 0; i < 8; i++) check_normal(x[i], y[i], z[i]);
    }
}

static void maxima_keep_the_second_beside_nan(void **state)
{
    float a[8] = {1, 2, NAN, 4, -INFINITY, -1, 0, 7}, b[8] = {2, 1, 3, NAN, -5, -2, 0, INFINITY}, y[8];
    (void)state;
    v8_store(y, v8_max(v8_load(a), v8_load(b)));
    assert_true(y[0] == 2 && y[1] == 2 && y[2] == 3 && isnan(y[3]) && y[4] == -5 && y[5] == -1 && isinf(y[7]));
    v8_store(y, v8_min(v8_load(a), v8_load(b)));
    assert_true(y[0] == 1 && y[1] == 1 && y[2] == 3 && isnan(y[3]) && isinf(y[4]) && y[5] == -2 && y[7] == 7);
    for (int i = 0; i < 8; i++) {
        float x[8] = {0, 1, 2, 3, 2, 1, 0, -1};
        x[i] = 9;
        assert_true(v8_largest(v8_load(x)) == 9);
    }
}

static void sums_have_one_order(void **state)
{
    float x[8] = {1, 1e-9f, 3e7f, -2, 5e-8f, 1e8f, 0.1f, -1e8f}, some[3] = {5, 6, 7}, out[3] = {0};
    double want = (((double)x[0] + (double)x[4]) + ((double)x[1] + (double)x[5])) +
                  (((double)x[2] + (double)x[6]) + ((double)x[3] + (double)x[7]));
    (void)state;
    assert_true(v8_sum(v8_load(x)) == want);
    assert_true(d4_sum(d4_load(x)) == ((double)x[0] + (double)x[2]) + ((double)x[1] + (double)x[3]));
    v8 padded = v8_load_some(some, 3);
    assert_true(v8_sum(padded) == 18 && padded[3] == 0);
    v8_store_some(out, padded, 2);
    assert_true(out[0] == 5 && out[1] == 6 && out[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exp_is_good_everywhere),
                                       cmocka_unit_test(exp_at_special_places),
                                       cmocka_unit_test(tanh_is_good_everywhere),
                                       cmocka_unit_test(normal_is_good_everywhere),
                                       cmocka_unit_test(maxima_keep_the_second_beside_nan),
                                       cmocka_unit_test(sums_have_one_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
