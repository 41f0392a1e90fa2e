/* SPDX-License-Identifier: Apache-2.0 */
#include "synthetic.h"
#include "train/judge.h"

static void every_pair_once_per_epoch(void **state)
{
    ix_pairs *pairs = synthetic_pairs(22, 1);
    ix_schedule_settings s = {.epochs = 3, .pairs_per_step = 8, .micro_pairs = 4, .shuffle = true, .seed = 1};
    ix_schedule *c;
    ix_step_plan plan;
    bool more;
    int64_t steps = 0, seen[22] = {0}, first[22], n = 0;
    ix_torch_rng g;
    (void)state;
    CHECK_OK(ix_schedule_create(&c, &s, pairs, NULL));
    assert_int_equal(ix_schedule_steps(c), 9);
    assert_int_equal(ix_schedule_most(c), 8);
    ix_torch_seed(&g, 1001);
    ix_torch_randperm(&g, 22, first);
    for (;; steps++) {
        CHECK_OK(ix_schedule_next(c, &plan, &more));
        if (!more) break;
        assert_int_equal(plan.step, steps);
        assert_int_equal(plan.epoch, steps / 3);
        assert_int_equal(plan.n, steps % 3 == 2 ? 6 : 8);
        assert_int_equal(plan.last_of_epoch, steps % 3 == 2);
        assert_int_equal(plan.first[plan.batches], plan.n);
        for (int64_t i = 0; i < plan.n; i++) {
            seen[plan.pair[i]]++;
            assert_true(plan.scale[i] == 1.0 / (double)plan.n);
            if (plan.epoch == 0) assert_int_equal(plan.pair[i], first[n++]);
        }
    }
    assert_int_equal(steps, 9);
    for (int i = 0; i < 22; i++) assert_int_equal(seen[i], 3);
    ix_schedule_destroy(&c);
    ix_pairs_destroy(&pairs);
}

/* paper.md 2.1: mean of micro-batch means over a fixed divisor; short batches and groups are not rescaled. */
static void accumulation_weighs_as_the_authors(void **state)
{
    ix_pairs *pairs = synthetic_pairs(22, 1);
    ix_schedule_settings s = {.epochs = 1, .pairs_per_step = 16, .micro_pairs = 4, .accumulate = true};
    ix_schedule *c;
    ix_step_plan plan;
    bool more;
    (void)state;
    CHECK_OK(ix_schedule_create(&c, &s, pairs, NULL));
    CHECK_OK(ix_schedule_next(c, &plan, &more));
    for (int64_t i = 0; i < 16; i++) assert_true(plan.pair[i] == i && plan.scale[i] == 1.0 / 16);
    CHECK_OK(ix_schedule_next(c, &plan, &more));
    assert_int_equal(plan.n, 6);
    assert_int_equal(plan.batches, 2);
    for (int64_t i = 0; i < 6; i++) assert_true(plan.scale[i] == (i < 4 ? 1.0 / 16 : 1.0 / 8));
    ix_schedule_destroy(&c);
    ix_pairs_destroy(&pairs);
}

static ix_order *order_of(const char *text, const ix_pairs *pairs)
{
    char path[] = "/tmp/impex-order-XXXXXX";
    ix_order *order;
    FILE *f = fdopen(mkstemp(path), "w");
    fputs(text, f);
    fclose(f);
    CHECK_OK(ix_order_read(&order, path, pairs));
    remove(path);
    return order;
}

static void order_file_fixes_micro_batches(void **state)
{
    ix_pairs *pairs = synthetic_pairs(6, 1);
    ix_schedule_settings s = {.epochs = 2, .pairs_per_step = 4, .micro_pairs = 2, .accumulate = true};
    ix_order *order = order_of("3 1\n0 2\n5\n1 2\n4 3\n[0, 5]\n", pairs), *odd = order_of("1\n2\n3\n", pairs);
    static const int64_t want[4][4] = {{3, 1, 0, 2}, {5}, {1, 2, 4, 3}, {0, 5}}, size[4] = {4, 1, 4, 2};
    ix_schedule *c;
    ix_step_plan plan;
    bool more;
    (void)state;
    CHECK_OK(ix_schedule_create(&c, &s, pairs, order));
    assert_int_equal(ix_schedule_steps(c), 4);
    assert_true(ix_schedule_most(c) >= 4);
    for (int step = 0; step < 4; step++) {
        CHECK_OK(ix_schedule_next(c, &plan, &more));
        assert_true(more);
        assert_int_equal(plan.n, size[step]);
        for (int64_t i = 0; i < plan.n; i++) assert_int_equal(plan.pair[i], want[step][i]);
    }
    assert_true(plan.scale[0] == 0.25); /* a batch of two in a group of one: 1 / (2 x 2) */
    ix_schedule_destroy(&c);
    CHECK_FAILS(ix_schedule_create(&c, &s, pairs, odd), IX_EINPUT, "evenly");
    ix_order_destroy(&order);
    ix_order_destroy(&odd);
    ix_pairs_destroy(&pairs);
}

static void metrics_are_the_papers(void **state)
{
    ix_pair_result r[4] = {{.reward = {2, 1}}, {.reward = {0, 0}}, {.reward = {-1, 3}}, {.reward = {5, 4}}};
    (void)state;
    for (int i = 0; i < 4; i++) r[i].loss = i;
    ix_metrics m = ix_metrics_of(r, 4);
    /* accuracy (1 + 1/2 + 0 + 1) / 4; mean |difference| (1 + 0 + 4 + 1) / 4; mean 14/8, squares 56 - 8 (14/8)^2 */
    CHECK_NEAR(m.accuracy, 0.625, 1e-15);
    CHECK_NEAR(m.margin, 1.5 / (sqrt((56 - 24.5) / 7) + 1e-8), 1e-12);
    CHECK_NEAR(m.loss, 1.5, 1e-15);
    CHECK_NEAR(m.reward[IX_CHOSEN], 1.5, 1e-15);
}

static void learning_rate_follows_its_formula(void **state)
{
    (void)state;
    CHECK_NEAR(ix_learning_rate(2, IX_LR_CONSTANT, 0, 0, 7, 10), 2, 0);
    CHECK_NEAR(ix_learning_rate(2, IX_LR_CONSTANT, 0, 4, 0, 10), 0.5, 0);
    CHECK_NEAR(ix_learning_rate(3e-3, true, 0.1, 50, 0, 1952), 3e-3 / 50, 1e-12);
    CHECK_NEAR(ix_learning_rate(3e-3, true, 0.1, 50, 976, 1952), 3e-3 * 0.55, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_once_per_epoch), cmocka_unit_test(accumulation_weighs_as_the_authors),
        cmocka_unit_test(order_file_fixes_micro_batches), cmocka_unit_test(metrics_are_the_papers),
        cmocka_unit_test(learning_rate_follows_its_formula)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
