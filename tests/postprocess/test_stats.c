/* SPDX-License-Identifier: Apache-2.0
 *
 * The report's statistics against scipy (tests/golden/stats.json), and what their intervals cover. */
#include "base/json.h"
#include "base/random.h"
#include "check.h"
#include "stats.h"
#include "traits.h"

static json_t *golden;

static double number(const json_t *row, size_t i)
{
    return json_number_value(json_array_get(row, i));
}

#define CHECK_RELATIVE(got, want, tolerance) CHECK_NEAR(got, want, (tolerance) * (fabs(want) + 1e-12))

static void test_beta(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "beta"), i, row)
    {
        double x = number(row, 0), a = number(row, 1), b = number(row, 2), want = number(row, 3);
        CHECK_RELATIVE(ix_beta_share(x, a, b), want, a + b > 1000 ? 1e-9 : 1e-11); /* lgamma cancels */
        if (want > 1e-9 && want < 1 - 1e-9) CHECK_RELATIVE(ix_beta_quantile(want, a, b), x, 1e-7);
    }
    assert_true(i == 42);
    assert_true(ix_beta_share(0, 2, 3) == 0 && ix_beta_share(1, 2, 3) == 1);
}

static void test_shares(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "share"), i, row)
    {
        int64_t hits = (int64_t)number(row, 0), n = (int64_t)number(row, 1);
        ix_interval exact = ix_clopper_pearson(hits, n, 0.95), wilson = ix_wilson((double)hits, (double)n, 0.95);
        CHECK_RELATIVE(exact.low, number(row, 2), 1e-9);
        CHECK_RELATIVE(exact.high, number(row, 3), 1e-9);
        CHECK_NEAR(wilson.low, number(row, 4), 1e-12);
        CHECK_NEAR(wilson.high, number(row, 5), 1e-12);
    }
    assert_true(i == 10);
    assert_true(isnan(ix_clopper_pearson(0, 0, 0.95).low) && isnan(ix_wilson(0, 0, 0.95).low));
}

static void test_quantiles(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "student"), i, row)
        CHECK_NEAR(ix_t_quantile(number(row, 0), number(row, 1)), number(row, 2), 1e-8 * (1 + fabs(number(row, 2))));
    assert_true(i == 42);
    json_array_foreach(json_object_get(golden, "normal"), i, row)
        CHECK_NEAR(ix_normal_quantile(number(row, 0)), number(row, 1), 1e-9 * (1 + fabs(number(row, 1))));
    assert_true(i == 6);
}

static void test_samples(void **state)
{
    static const double at[] = {0, 0.025, 0.3, 0.5, 0.975, 1};
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "samples"), i, row)
    {
        const json_t *values = json_object_get(row, "x");
        double x[8], sorted[8];
        int n = (int)json_array_size(values);
        for (int k = 0; k < n; k++) x[k] = sorted[k] = number(values, (size_t)k);
        for (int a = 0; a < n; a++)
            for (int b = a + 1; b < n; b++)
                if (sorted[b] < sorted[a]) {
                    double swap = sorted[a];
                    sorted[a] = sorted[b];
                    sorted[b] = swap;
                }
        ix_interval t = ix_t_interval(x, n, 0.95);
        CHECK_NEAR(ix_mean(x, n), json_number_value(json_object_get(row, "mean")), 1e-14);
        CHECK_NEAR(ix_deviation(x, n), json_number_value(json_object_get(row, "sd")), 1e-14);
        CHECK_NEAR(t.low, json_number_value(json_object_get(row, "low")), 1e-9);
        CHECK_NEAR(t.high, json_number_value(json_object_get(row, "high")), 1e-9);
        for (size_t q = 0; q < 6; q++)
            CHECK_NEAR(ix_sorted_quantile(sorted, n, at[q]), number(json_object_get(row, "quantiles"), q), 1e-14);
    }
    assert_true(i == 4);
    assert_true(isnan(ix_t_interval((double[]){1}, 1, 0.95).low) && isnan(ix_deviation((double[]){1}, 1)));
}

static void test_means_of_two(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "means"), i, row)
    {
        double a = number(row, 0), na = number(row, 1), b = number(row, 2), nb = number(row, 3);
        ix_interval both = ix_mean_of_two(a / na, ix_wilson(a, na, 0.95), b / nb, ix_wilson(b, nb, 0.95));
        CHECK_NEAR(both.low, number(row, 4), 1e-12);
        CHECK_NEAR(both.high, number(row, 5), 1e-12);
    }
    assert_true(i == 3);
}

/* Thrown signs against all signs. */
static void test_sign_flips(void **state)
{
    enum { THROWS = 40000 };
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "flips"), i, row)
    {
        const json_t *values = json_object_get(row, "d");
        double d[16], p = json_number_value(json_object_get(row, "p"));
        int n = (int)json_array_size(values);
        for (int k = 0; k < n; k++) d[k] = number(values, (size_t)k);
        CHECK_NEAR(ix_sign_flip(d, n, THROWS, 1), p, 5 * sqrt(p * (1 - p) / THROWS) + 2.0 / THROWS);
    }
    assert_true(i == 3);
    CHECK_NEAR(ix_sign_flip((double[200]){0}, 200, 50, 1), 1, 0);
}

static void fill(const json_t *row, const char *key, double *to, size_t room)
{
    const json_t *values = json_object_get(row, key);
    assert_true(json_array_size(values) <= room);
    for (size_t k = 0; k < json_array_size(values); k++) to[k] = number(values, k);
}

static void test_traits(void **state)
{
    size_t i;
    json_t *row;
    (void)state;
    json_array_foreach(json_object_get(golden, "traits"), i, row)
    {
        double reward[400], tokens[400], pairs[IX_STRATA], half[IX_STRATA];
        int64_t n = (int64_t)json_array_size(json_object_get(row, "reward")) / 2;
        const json_t *histogram = json_object_get(row, "histogram");
        ix_traits t;
        fill(row, "reward", reward, 400);
        fill(row, "tokens", tokens, 400);
        fill(row, "pairs", pairs, IX_STRATA);
        fill(row, "half", half, IX_STRATA);
        ix_traits_of(&t, reward, tokens, n);
        CHECK_NEAR(t.margin, json_number_value(json_object_get(row, "margin")), 1e-12);
        CHECK_NEAR(t.correlation, json_number_value(json_object_get(row, "correlation")), 1e-12);
        CHECK_NEAR(t.brier, json_number_value(json_object_get(row, "brier")), 1e-12);
        CHECK_NEAR(t.ece, json_number_value(json_object_get(row, "ece")), 1e-12);
        CHECK_NEAR(t.lean, json_number_value(json_object_get(row, "lean")), 1e-12);
        for (int s = 0; s < IX_STRATA; s++) assert_true((double)t.pairs[s] == pairs[s] && (double)t.half[s] == half[s]);
        for (size_t b = 0; b < 2 * IX_REWARD_BINS; b++)
            assert_true(t.histogram[b / IX_REWARD_BINS][b % IX_REWARD_BINS] ==
                        number(json_array_get(histogram, b / IX_REWARD_BINS), b % IX_REWARD_BINS));
    }
    assert_true(i == 3);
}

/* An implicit model that is its own reference; numbers that are none. */
static void test_traits_of_nothing(void **state)
{
    double reward[8] = {0}, tokens[] = {1, 2, 3, 4, 5, 6, 7, 8};
    ix_traits t;
    (void)state;
    ix_traits_of(&t, reward, tokens, 4);
    assert_true(isnan(t.correlation) && isnan(t.lean) && t.brier == 0.25 && t.ece == 0);
    assert_true(t.pairs[IX_SHORTER] == 4 && t.half[IX_SHORTER] == 4 && t.histogram[0][IX_REWARD_BINS / 2] == 4);
    ix_traits_of(&t, reward, NULL, 4);
    assert_true(t.pairs[IX_SHORTER] == 0 && t.brier == 0.25);
    reward[3] = NAN;
    ix_traits_of(&t, reward, tokens, 4);
    assert_true(isnan(t.brier) && isnan(t.ece) && t.pairs[IX_SHORTER] == 0);
}

/* How often the exact interval of 18 throws holds the truth: at least as often as it says. */
static void test_exact_coverage(void **state)
{
    (void)state;
    for (int truth = 1; truth < 10; truth += 4) {
        int held = 0;
        for (uint64_t trial = 0; trial < 2000; trial++) {
            int64_t hits = 0;
            for (uint64_t k = 0; k < 18; k++)
                hits += ix_draw_uniform((uint64_t)truth, IX_DRAW_TEST, trial * 18 + k) < truth / 10.0;
            ix_interval i = ix_clopper_pearson(hits, 18, 0.95);
            held += i.low <= truth / 10.0 && truth / 10.0 <= i.high;
        }
        assert_true(held >= 0.94 * 2000);
    }
}

/* Twins whose difference is -1, 0 or 1 per pair: a pair's own effect, shared by all seeds, and a seed's. The truth is
 * 0. An interval that drew the pairs anew for every seed would miss it far too often. */
enum { RUNS = 6, PAIRS = 60, TRIALS = 200 };

static void draw_world(uint64_t trial, signed char diff[RUNS][PAIRS])
{
    for (int p = 0; p < PAIRS; p++) {
        double pair = ix_draw_normal(77, IX_DRAW_TEST, trial * PAIRS + (uint64_t)p);
        for (int r = 0; r < RUNS; r++) {
            double own = ix_draw_normal(78, IX_DRAW_TEST, (trial * PAIRS + (uint64_t)p) * RUNS + (uint64_t)r);
            double both = pair + 0.3 * own;
            diff[r][p] = (signed char)(both > 0.7 ? 2 : both < -0.7 ? -2 : 0);
        }
    }
}

static void test_bootstrap_coverage(void **state)
{
    signed char diff[RUNS][PAIRS];
    const signed char *row[RUNS];
    const int64_t size[] = {PAIRS / 3, PAIRS - PAIRS / 3};
    int held = 0;
    (void)state;
    for (int r = 0; r < RUNS; r++) row[r] = diff[r];
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        draw_world(trial, diff);
        ix_interval i = ix_paired_bootstrap(&(ix_paired){row, RUNS, 2, size}, 400, 1, 0.95);
        held += i.low <= 0 && 0 <= i.high;
    }
    assert_true(held >= 0.90 * TRIALS && held <= 0.99 * TRIALS);
}

static void test_bootstrap_is_fixed(void **state)
{
    static const signed char a[] = {2, 0, -2, 2, 1, 0, 0, 2}, b[] = {2, 2, 0, 0, 1, -1, 0, 2};
    const signed char *row[] = {a, b};
    const ix_paired p = {row, 2, 2, (int64_t[]){2, 6}};
    (void)state;
    /* sets of 2 and 6 pairs weigh the same: ((2+0+2+2)/4 + (-2+2+1+0+0+2 + 0+0+1-1+0+2)/12) / 2 / 2 */
    CHECK_NEAR(ix_paired_mean(&p), (6.0 / 4 + 5.0 / 12) / 4, 1e-15);
    ix_interval one = ix_paired_bootstrap(&p, 500, 3, 0.95), again = ix_paired_bootstrap(&p, 500, 3, 0.95);
    ix_interval other = ix_paired_bootstrap(&p, 500, 4, 0.95);
    assert_true(one.low == again.low && one.high == again.high);
    assert_true(one.low != other.low || one.high != other.high);
    assert_true(one.low < ix_paired_mean(&p) && ix_paired_mean(&p) < one.high);
    static const signed char same[] = {2, 2, 2, 2, 2, 2, 2, 2};
    const signed char *equal[] = {same, same};
    ix_interval none = ix_paired_bootstrap(&(ix_paired){equal, 2, 2, (int64_t[]){2, 6}}, 500, 3, 0.95);
    assert_true(none.low == 1 && none.high == 1);
}

int main(void)
{
    CHECK_OK(ix_json_open(&golden, IX_SOURCE_DIR "/tests/golden/stats.json"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beta),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_means_of_two),
        cmocka_unit_test(test_sign_flips),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_traits_of_nothing),
        cmocka_unit_test(test_exact_coverage),
        cmocka_unit_test(test_bootstrap_coverage),
        cmocka_unit_test(test_bootstrap_is_fixed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(golden);
    return failed;
}
