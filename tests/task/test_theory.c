/* SPDX-License-Identifier: Apache-2.0
 *
 * The theory on a transformer's hidden states, any number of ranks, against numpy, autograd and cvxopt on transformers'
 * hidden states of the same model (tests/golden/make_theory.py). */
#include "base/json.h"
#include "check.h"
#include "task/theory_model.h"
#include "task/theory_tokens.h"

static const char suite_path[] = IX_SOURCE_DIR "/tests/golden/theory/suite.yaml";
static json_t *golden;
static ix_suite *suite;
static ix_point point;
static ix_bench *bench;
static ix_grid *grid;
static ix_theory_model *model;

static int setup(void **state)
{
    ix_run_names names;
    (void)state;
    CHECK_OK(ix_json_open(&golden, IX_SOURCE_DIR "/tests/golden/theory/numbers.json"));
    CHECK_OK(ix_suite_read(&suite, suite_path, NULL, 0));
    ix_suite_point(&point, suite, 0);
    CHECK_OK(ix_bench_create(&bench, NULL));
    CHECK_OK(ix_bench_prepare(bench, suite, &point, &names));
    CHECK_OK(ix_grid_create(&grid, 1, ix_comm_ranks(), 1));
    ix_job job = {.grid = grid, .suite = suite, .point = &point, .names = &names};
    CHECK_OK(ix_theory_model_create(&model, ix_bench_material(bench), &job));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ix_theory_model_destroy(&model);
    ix_grid_destroy(&grid);
    ix_bench_destroy(&bench);
    ix_suite_destroy(&suite);
    json_decref(golden);
    return 0;
}

static const ix_sheet *sheet(const ix_claims *c, const char *name)
{
    for (int i = 0; i < c->sheets; i++)
        if (!strcmp(c->sheet[i].name, name)) return &c->sheet[i];
    fail_msg("there is no sheet %s", name);
    return NULL;
}

static double number(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

/* Two float32 forward passes, in other orders of summing. */
static void check_near(double got, double want, double size)
{
    CHECK_NEAR(got, want, 2e-5 * size);
}

static void test_head(void **state)
{
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theory_model_head(&c, model));
    assert_int_equal(c.claim[0].verdict, IX_HOLDS);
    assert_true(c.claim[0].measured > 0 && c.claim[0].measured < 1e-5);
    ix_claims_free(&c);
}

static void test_tokens(void **state)
{
    static const char *const sides[] = {"0", "1"};
    const json_t *want = json_object_get(json_object_get(golden, "theorem2"), "tokens");
    const ix_material *m = ix_bench_material(bench);
    const ix_pairs *other[] = {m->pairs[0], m->pairs[1]};
    ix_told_tokens t;
    (void)state;
    CHECK_OK(ix_told_tokens_find(&t, m->train, other, 2, m->vocabulary));
    for (int side = 0; side < IX_SIDES; side++) {
        char seen[16], unseen[16];
        snprintf(seen, sizeof seen, "seen %s", sides[side]);
        snprintf(unseen, sizeof unseen, "unseen %s", sides[side]);
        assert_int_equal(t.seen_count[side], json_array_size(json_object_get(want, seen)));
        assert_int_equal(t.unseen_count[side], json_array_size(json_object_get(want, unseen)));
        for (int k = 0; k < t.seen_count[side]; k++)
            assert_int_equal(t.seen[side][k],
                             json_integer_value(json_array_get(json_object_get(want, seen), (size_t)k)));
        for (int k = 0; k < t.unseen_count[side]; k++)
            assert_int_equal(t.unseen[side][k],
                             json_integer_value(json_array_get(json_object_get(want, unseen), (size_t)k)));
    }
}

static void test_similarity(void **state)
{
    const json_t *want = json_object_get(golden, "footnote3");
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theory_model_similarity(&c, model));
    const ix_sheet *s = sheet(&c, "footnote3");
    assert_int_equal(s->rows, json_object_size(want));
    for (int r = 0; r < s->rows; r++) {
        const json_t *row = json_object_get(want, s->row[r]);
        bool product = !strncmp(s->row[r], "inner", 5);
        double size = product ? fmax(fabs(number(row, 1)), fabs(number(row, 5))) : 1; /* cosines: of their range */
        if (!row) fail_msg("there should be no row %s", s->row[r]);
        for (int k = 0; k < 7; k++) check_near(s->value[r][k], number(row, (size_t)k), size);
    }
    /* random words: nothing is claimed to hold that does not */
    assert_int_equal(ix_claim_find(&c, "footnote3.separable")->verdict, IX_HOLDS);
    assert_int_equal(ix_claim_find(&c, "footnote3.separator.other")->verdict, IX_FAILS);
    ix_claims_free(&c);
}

static void test_dynamics(void **state)
{
    const json_t *want = json_object_get(golden, "dynamics");
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theory_model_dynamics(&c, model));
    for (int i = 0; i < c.claims; i++) assert_int_equal(c.claim[i].verdict, IX_HOLDS);
    const ix_sheet *s = sheet(&c, "dynamics");
    assert_int_equal(s->rows, json_array_size(want));
    for (size_t i = 0; i < json_array_size(want); i++) {
        /* theirs goes through the rates first, ours through the responses */
        const json_t *row = json_array_get(want, i);
        int r = (int)(i % 4) * 4 + (int)(i / 4);
        assert_string_equal(s->row[r], json_string_value(json_array_get(row, 0)));
        check_near(s->value[r][0], number(row, 1), number(row, 1));
        double rate = number(row, 1);
        CHECK_NEAR(s->value[r][1], number(row, 2), 1e-3 * rate);
        CHECK_NEAR(s->value[r][3], number(row, 3), 1e-2 * rate);
        assert_true(fabs(number(row, 2)) > rate && fabs(number(row, 3)) > rate);
    }
    ix_claims_free(&c);
}

static void test_one_step(void **state)
{
    const json_t *want = json_object_get(golden, "one_step");
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theory_model_one_step(&c, model));
    const ix_sheet *s = sheet(&c, "one_step");
    assert_true(s->rows == 3 && json_object_size(want) == 3);
    for (int r = 0; r < s->rows; r++) {
        const json_t *row = json_object_get(want, s->row[r]);
        for (int k = 0; k < 5; k++) CHECK_NEAR(s->value[r][k], number(row, (size_t)k), k < 2 || k > 3 ? 1e-12 : 2e-8);
        assert_true(fabs(number(row, 2)) > 1e-6 && fabs(number(row, 3)) > 1e-6);
    }
    ix_claims_free(&c);
}

static void test_theorem2(void **state)
{
    const json_t *want = json_object_get(golden, "theorem2"), *rows = json_object_get(want, "rows");
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theory_model_theorem2(&c, model));
    for (int i = 0; i < c.claims; i++) assert_int_not_equal(c.claim[i].verdict, IX_FAILS);
    const ix_sheet *s = sheet(&c, "theorem2"), *towards = sheet(&c, "theorem2_direction");
    assert_int_equal(s->rows, json_array_size(rows));
    for (int r = 0; r < s->rows; r++) {
        const json_t *row = json_array_get(rows, (size_t)r);
        check_near(s->value[r][0], number(row, 1), 1);
        check_near(s->value[r][1], number(row, 2), 1);
        CHECK_NEAR(s->value[r][3], number(row, 3), 1e-12);
        CHECK_NEAR(s->value[r][5], 0.5, 0);
        check_near(towards->value[r][0], number(row, 4), 1);
        check_near(towards->value[r][2], number(row, 5), 10);
        CHECK_NEAR(towards->value[r][3], 0, 0);
    }
    double norm = json_number_value(json_object_get(want, "norm"));
    check_near(sheet(&c, "max_margin")->value[0][0], norm, 10 * norm);
    ix_claims_free(&c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_head),       cmocka_unit_test(test_tokens),
                                       cmocka_unit_test(test_similarity), cmocka_unit_test(test_dynamics),
                                       cmocka_unit_test(test_one_step),   cmocka_unit_test(test_theorem2)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    ix_comm_stop();
    return failed;
}
