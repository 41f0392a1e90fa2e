/* SPDX-License-Identifier: Apache-2.0
 *
 * The max-margin solver against cvxopt's (tests/golden/make_theory.py), and against what makes a solution one;
 * quartiles against torch's. */
#include "base/json.h"
#include "check.h"
#include "theory/separator.h"
#include "theory/similarity.h"
#include "theory/vectors.h"

static json_t *golden;

static double *numbers(const json_t *list, int64_t *n)
{
    *n = (int64_t)json_array_size(list);
    double *x = ix_reals(*n);
    for (int64_t i = 0; i < *n; i++) x[i] = json_number_value(json_array_get(list, (size_t)i));
    return x;
}

static void test_golden(void **state)
{
    size_t i;
    json_t *row;
    int separable = 0;
    (void)state;
    json_array_foreach(json_object_get(golden, "separators"), i, row)
    {
        int64_t n, d, size;
        n = json_integer_value(json_object_get(row, "n"));
        d = json_integer_value(json_object_get(row, "d"));
        double *z = numbers(json_object_get(row, "z"), &size), *w = ix_reals(d);
        const json_t *want = json_object_get(row, "w");
        ix_separation s;
        assert_true(size == n * d);
        CHECK_OK(ix_separator(w, &s, z, n, d));
        assert_int_equal(s.separable, !json_is_null(want));
        if (s.separable) {
            double *right = numbers(want, &size), norm = ix_vec_norm(right, d);
            for (int64_t k = 0; k < d; k++) CHECK_NEAR(w[k], right[k], 1e-10 * norm);
            CHECK_NEAR(s.norm, norm, 1e-11 * norm);
            free(right);
        }
        separable += s.separable;
        free(z);
        free(w);
    }
    assert_true(i == 10 && separable == 7);
}

/* Any size: <w, z_i> >= 1 with gap 0 is optimal, whoever says so. */
static void test_optimal(void **state)
{
    static const struct {
        int64_t n, d;
        double shift;
    } size[] = {{1, 1, 0}, {2, 1, 4}, {3, 200, 0}, {80, 64, 0.7}, {200, 40, 2}, {300, 64, 3}, {64, 64, 0}};
    (void)state;
    for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
        int64_t n = size[k].n, d = size[k].d;
        double *z = ix_reals(n * d), *w = ix_reals(d);
        ix_separation s;
        for (int64_t i = 0; i < n * d; i++)
            z[i] = ix_draw_normal(k, IX_DRAW_TEST, (uint64_t)i) +
                   size[k].shift * ix_draw_normal(99 + k, IX_DRAW_TEST, (uint64_t)(i % d));
        if (d == 1)
            for (int64_t i = 0; i < n; i++) z[i] = fabs(z[i]);
        CHECK_OK(ix_separator(w, &s, z, n, d));
        assert_true(s.separable);
        CHECK_NEAR(s.least, 1, 1e-10);
        CHECK_NEAR(s.gap, 0, 1e-9);
        assert_true(s.support >= 1 && s.support <= (n < d ? n : d));
        free(z);
        free(w);
    }
}

static void test_not_finite(void **state)
{
    double z[] = {1, 2, NAN, 4}, w[2];
    ix_separation s;
    (void)state;
    CHECK_FAILS(ix_separator(w, &s, z, 2, 2), IX_ENUMERIC, "vector 1 is not finite");
}

static void test_spreads(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "spreads"), i, row)
    {
        int64_t n, seven;
        double *x = numbers(json_object_get(row, "x"), &n), *want = numbers(json_object_get(row, "spread"), &seven);
        ix_spread s = ix_spread_of(x, n);
        const double got[] = {s.mean, s.least, s.first, s.median, s.third, s.most, s.positive};
        assert_true(seven == 7);
        for (int k = 0; k < 7; k++) CHECK_NEAR(got[k], want[k], 1e-14);
        free(x);
        free(want);
    }
    assert_true(i == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_optimal),
                                       cmocka_unit_test(test_not_finite), cmocka_unit_test(test_spreads)};
    if (ix_json_open(&golden, IX_SOURCE_DIR "/tests/golden/theory/numbers.json") != IX_OK) {
        printf("%s\n", ix_message());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(golden);
    return failed;
}
