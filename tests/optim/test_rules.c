/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules beside PyTorch's optimizers (tests/golden/rules.json), step by step; and cut into spans, the same bits. */
#include "base/json.h"
#include "check.h"
#include "comm/grid.h"
#include "optim/clip.h"
#include "optim/optimizer.h"

enum { MOST = 16 };

static json_t *golden;

static int read_golden(void **state)
{
    (void)state;
    CHECK_OK(ix_json_open(&golden, IX_SOURCE_DIR "/tests/golden/rules.json"));
    return 0;
}

static int drop_golden(void **state)
{
    (void)state;
    json_decref(golden);
    return 0;
}

static int numbers(float *out, const json_t *list)
{
    int n = (int)json_array_size(list);
    assert_in_range(n, 1, MOST);
    for (int i = 0; i < n; i++) out[i] = (float)json_number_value(json_array_get(list, (size_t)i));
    return n;
}

static double number(const json_t *o, const char *key, double absent)
{
    const json_t *x = json_object_get(o, key);
    return x ? json_number_value(x) : absent;
}

static ix_optimizer_settings settings_of(const json_t *c)
{
    const json_t *betas = json_object_get(c, "betas");
    return (ix_optimizer_settings){.learning_rate = number(c, "learning_rate", 0),
                                   .beta1 = betas ? json_number_value(json_array_get(betas, 0)) : 0,
                                   .beta2 = betas ? json_number_value(json_array_get(betas, 1)) : 0,
                                   .eps = number(c, "eps", 1e-8),
                                   .weight_decay = number(c, "weight_decay", 0)};
}

static double norm_of(const float *g, int n)
{
    ix_grid *grid;
    double norm;
    const ix_stretch all = {0, n, true};
    CHECK_OK(ix_grid_create_self(&grid));
    CHECK_OK(ix_gradient_norm(&norm, grid, g, &(ix_span){0, n}, 1, &all, 1));
    ix_grid_destroy(&grid);
    return norm;
}

/* All steps of one case over the weights [cut, n) and [0, cut), each by an optimizer of its own. */
static void run(const json_t *c, int cut, float after[][MOST])
{
    const ix_rule *rule = ix_rule_find(json_string_value(json_object_get(c, "rule")));
    ix_optimizer_settings s = settings_of(c);
    const json_t *gradients = json_object_get(golden, "gradients");
    float w[MOST], g[MOST];
    int n = numbers(w, json_object_get(golden, "start"));
    ix_optimizer *part[2];
    assert_non_null(rule);
    CHECK_OK(ix_optimizer_create(&part[0], rule, &s, (ix_span){0, cut}));
    CHECK_OK(ix_optimizer_create(&part[1], rule, &s, (ix_span){cut, n}));
    for (size_t step = 0; step < json_array_size(gradients); step++) {
        assert_int_equal(numbers(g, json_array_get(gradients, step)), n);
        double scale = ix_clip_factor(norm_of(g, n), number(c, "clip", 0));
        for (int i = 0; i < 2; i++) ix_optimizer_step(part[i], w, g, scale, s.learning_rate);
        memcpy(after[step], w, sizeof w);
    }
    for (int i = 0; i < 2; i++) ix_optimizer_destroy(&part[i]);
}

static void rules_are_pytorchs(void **state)
{
    const json_t *cases = json_object_get(golden, "cases");
    (void)state;
    assert_true(json_array_size(cases) >= 6);
    for (size_t k = 0; k < json_array_size(cases); k++) {
        const json_t *c = json_array_get(cases, k), *want = json_object_get(c, "after");
        float got[MOST][MOST], again[MOST][MOST], x[MOST];
        run(c, 0, got);
        run(c, 3, again);
        for (size_t step = 0; step < json_array_size(want); step++) {
            int n = numbers(x, json_array_get(want, step));
            for (int i = 0; i < n; i++) CHECK_NEAR(got[step][i], x[i], 3e-7 * (1 + fabs((double)x[i])));
            assert_memory_equal(got[step], again[step], (size_t)n * sizeof(float));
        }
    }
}

static void learning_rates(void **state)
{
    (void)state;
    CHECK_NEAR(ix_learning_rate(2, IX_LR_CONSTANT, 0, 0, 7, 10), 2, 0);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_CONSTANT, 0, 4, 0, 10), 0.5, 1e-15);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_CONSTANT, 0, 4, 3, 10), 2, 1e-15);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_COSINE, 0.1, 0, 0, 10), 2, 1e-15);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_LINEAR, 0.1, 0, 0, 10), 2, 1e-15);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_LINEAR, 0.1, 0, 4, 10), 2 * 0.64, 1e-15);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_COSINE, 0.1, 0, 5, 10), 2 * 0.55, 1e-15);
    assert_null(ix_rule_find("adam"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_are_pytorchs), cmocka_unit_test(learning_rates)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    int failed = cmocka_run_group_tests(tests, read_golden, drop_golden);
    ix_comm_stop();
    return failed;
}
