/* SPDX-License-Identifier: Apache-2.0
 *
 * Suites that are good: what is read, what is written back, how the matrix multiplies. */
#include "scratch.h"

static void defaults_are_the_papers(void **state)
{
    ix_suite *suite = scratch_read(SUITE, NULL);
    const ix_settings *s = &suite->settings;
    (void)state;
    assert_string_equal(s->suite, "s");
    assert_string_equal(s->task, "preference");
    assert_string_equal(s->data.miniworld, "chat");
    assert_int_equal(s->data.max_prompt, 512);
    assert_int_equal(s->data.train_count, 0);
    assert_int_equal(s->training.epochs, 5);
    assert_int_equal(s->training.pairs_per_step, 32);
    assert_string_equal(s->training.optimizer, "adamw");
    assert_true(s->training.learning_rate == 1e-6 && s->training.eps == 1e-8 && s->training.beta == 0.01);
    assert_true(s->training.betas[0] == 0.9 && s->training.betas[1] == 0.999 && s->training.head_std == 0.02);
    assert_true(s->training.clip_norm == 0 && s->training.shuffle && s->training.weight_decay == 0);
    assert_int_equal(s->training.schedule, IX_LR_CONSTANT);
    assert_int_equal(s->training.freeze, IX_FREEZE_NONE);
    assert_string_equal(s->training.reference, "initial");
    assert_string_equal(s->model.llama_date, "26 Jul 2024");
    assert_int_equal(s->evaluate.every, 0);
    assert_int_equal(s->checkpoint.every_seconds, 600);
    assert_int_equal(s->parallel.lanes, 0);
    assert_int_equal(s->parallel.tensor, 1);
    assert_false(s->compat.trim || s->compat.accumulate || s->compat.clip);
    assert_int_equal(ix_suite_points(suite), 2); /* both objectives, seed 0 */
    ix_suite_destroy(&suite);
    assert_null(suite);
}

/* 1e-6, 1e3, 5, -0, +1, .5, 2. are numbers; 1e3 is a whole one. */
static void numbers(void **state)
{
    ix_suite *suite = scratch_read(SUITE "training: {epochs: 1e3, learning_rate: 1e-6, weight_decay: .5, beta: 5, "
                                         "head_std: 2., pairs_per_step: +1, eps: 1E-3}\n",
                                   NULL);
    const ix_training_settings *t = &suite->settings.training;
    (void)state;
    assert_int_equal(t->epochs, 1000);
    assert_int_equal(t->pairs_per_step, 1);
    assert_true(t->learning_rate == 1e-6 && t->weight_decay == 0.5 && t->beta == 5 && t->head_std == 2);
    assert_true(t->eps == 1e-3);
    ix_suite_destroy(&suite);
}

static void quoting_is_told_apart(void **state)
{
    ix_suite *suite = scratch_read("suite: \"2024\"\ntask: \"preference\"\n\"data\": {miniworld: chat}\n"
                                   "matrix: {model: ['true', \"a\\tb: \\\"c\\\" \\\\\", 7b]}\noutput: no\n",
                                   NULL);
    (void)state;
    assert_string_equal(suite->settings.suite, "2024");
    assert_int_equal(suite->models, 3);
    assert_string_equal(suite->model[0], "true");
    assert_string_equal(suite->model[1], "a\tb: \"c\" \\");
    assert_string_equal(suite->model[2], "7b");
    assert_string_equal(suite->settings.output, "no");
    ix_suite_destroy(&suite);
}

static bool same_settings(const ix_suite *a, const ix_suite *b)
{
    char *ta = ix_suite_echo(a), *tb = ix_suite_echo(b);
    bool same = !strcmp(ta, tb) && ix_suite_points(a) == ix_suite_points(b);
    free(ta);
    free(tb);
    return same;
}

static void check_point_round_trip(const ix_point *p)
{
    static const ix_echo all[] = {IX_ECHO_RUN, IX_ECHO_ANSWER, IX_ECHO_TWIN};
    char *text = ix_point_echo(p, IX_ECHO_RUN);
    ix_suite *again = scratch_read(text, NULL);
    ix_point q;
    assert_int_equal(ix_suite_points(again), 1);
    ix_suite_point(&q, again, 0);
    for (int i = 0; i < 3; i++) {
        char *tp = ix_point_echo(p, all[i]), *tq = ix_point_echo(&q, all[i]);
        assert_string_equal(tp, tq);
        free(tp);
        free(tq);
    }
    assert_string_equal(p->part, q.part);
    assert_string_equal(p->model, q.model);
    assert_string_equal(p->objective, q.objective);
    assert_int_equal(p->seed, q.seed);
    ix_suite_destroy(&again);
    free(text);
}

/* Shares are stretches of the points, in order, and leave none out. */
static void shares_make_the_suite(void **state)
{
    static const char wide[] = "suite: s\ntask: preference\ndata: {miniworld: chat}\n"
                               "matrix: {model: [a, b], seed: [0, 1, 2]}\n";
    ix_suite *whole = scratch_read(wide, NULL);
    int64_t next = 0;
    (void)state;
    assert_int_equal(ix_suite_points(whole), 12);
    for (int64_t i = 1; i <= 5; i++) {
        ix_suite *part = scratch_read(wide, NULL);
        CHECK_OK(ix_suite_take_share(part, i, 5));
        assert_int_equal(ix_suite_points(part), i <= 2 ? 3 : 2);
        for (int64_t k = 0; k < ix_suite_points(part); k++) {
            ix_point p, q;
            ix_suite_point(&p, part, k);
            ix_suite_point(&q, whole, next++);
            assert_string_equal(p.model, q.model);
            assert_string_equal(p.objective, q.objective);
            assert_int_equal(p.seed, q.seed);
        }
        ix_suite_destroy(&part);
    }
    assert_int_equal(next, 12);
    CHECK_FAILS(ix_suite_take_share(whole, 1, 13), IX_EINPUT, "12 runs cannot be cut into 13 shares");
    assert_int_equal(ix_suite_points(whole), 12);
    ix_suite_destroy(&whole);
}

/* The resolved text of every sample reads back to the same suite, and that of every run to the same run. */
static void samples_round_trip(void **state)
{
    static const char *const sample[] = {"paper", "quickstart", "miniworld", "pretrain", "persona", "judge"};
    static const int64_t points[] = {18, 12, 45, 1, 4, 8};
    (void)state;
    for (int i = 0; i < 6; i++) {
        char *path = ix_format("%s/tests/config/good/%s.yaml", IX_SOURCE_DIR, sample[i]);
        ix_suite *suite;
        CHECK_OK(ix_suite_read(&suite, path, NULL, 0));
        assert_int_equal(ix_suite_points(suite), points[i]);
        char *text = ix_suite_echo(suite);
        ix_suite *again = scratch_read(text, NULL);
        assert_true(same_settings(suite, again));
        for (int64_t k = 0; k < points[i]; k++) {
            ix_point p, q;
            ix_suite_point(&p, suite, k);
            ix_suite_point(&q, again, k);
            assert_string_equal(p.varied, q.varied);
            assert_string_equal(p.objective, q.objective);
            check_point_round_trip(&p);
        }
        ix_suite_destroy(&again);
        ix_suite_destroy(&suite);
        free(text);
        free(path);
    }
}

/* Parts are the outermost axis and override; the objective is the innermost: twins are neighbours. */
static void parts_and_order(void **state)
{
    ix_suite *suite;
    ix_point p;
    (void)state;
    CHECK_OK(ix_suite_read(&suite, IX_SOURCE_DIR "/tests/config/good/quickstart.yaml", NULL, 0));
    for (int64_t i = 0; i < 12; i++) {
        ix_suite_point(&p, suite, i);
        assert_string_equal(p.part, i < 6 ? "persona" : "chat");
        assert_string_equal(p.settings.data.miniworld, p.part);
        assert_int_equal(p.settings.training.epochs, i < 6 ? 15 : 4);
        assert_true(p.settings.training.learning_rate == 1e-3);
        assert_int_equal(p.seed, (i % 6) / 2);
        assert_string_equal(p.objective, i % 2 ? "im_rm" : "ex_rm");
    }
    ix_suite_destroy(&suite);
}

/* A part's sets are merged into those of the suite. */
static void parts_merge_deeply(void **state)
{
    ix_suite *suite;
    ix_point p;
    (void)state;
    CHECK_OK(ix_suite_read(&suite, IX_SOURCE_DIR "/tests/config/good/judge.yaml", NULL, 0));
    assert_int_equal(suite->settings.data.evaluates, 1);
    ix_suite_point(&p, suite, 7);
    assert_string_equal(p.part, "few");
    assert_string_equal(p.varied, "reference=base");
    assert_int_equal(p.settings.data.evaluates, 2);
    assert_string_equal(p.settings.data.evaluate[0].path, "test.jsonl");
    assert_int_equal(p.settings.data.evaluate[0].count, 10);
    assert_string_equal(p.settings.data.evaluate[1].group, "more");
    ix_suite_point(&p, suite, 0);
    assert_int_equal(p.settings.data.evaluate[0].count, 0);
    ix_suite_destroy(&suite);
}

/* 2 rates x (ex_rm once + im_rm with 2 betas) x 3 seeds - the one excluded: no run comes twice. */
static void axes_and_exclude(void **state)
{
    ix_suite *suite = scratch_read("suite: s\ntask: preference\ndata: {miniworld: chat}\n"
                                   "matrix:\n  model: [m]\n  seed: [0, 1, 2]\n  beta: [0.01, 0.1]\n"
                                   "  learning_rate: [1e-3, 3e-4]\n"
                                   "  exclude: [{learning_rate: 3e-4, seed: 1, objective: im_rm, beta: 1e-1}]\n",
                                   NULL);
    int64_t ex = 0, high = 0, n = ix_suite_points(suite);
    (void)state;
    assert_int_equal(n, 2 * 3 * 3 - 1);
    for (int64_t i = 0; i < n; i++) {
        ix_point p;
        ix_suite_point(&p, suite, i);
        ex += !strcmp(p.objective, "ex_rm");
        high += p.settings.training.beta == 0.1;
        assert_false(p.settings.training.learning_rate == 3e-4 && p.seed == 1 && p.settings.training.beta == 0.1);
    }
    assert_int_equal(ex, 6);
    assert_int_equal(high, 5);
    ix_suite_destroy(&suite);
}

static char *matrix_of(int seeds, int epochs)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    fputs("suite: s\ntask: preference\ndata: {miniworld: chat}\nmatrix:\n  model: [m]\n  objective: [ex_rm]\n", f);
    fputs("  seed: [0", f);
    for (int i = 1; i < seeds; i++) fprintf(f, ", %d", i);
    fputs("]\n  epochs: [0", f);
    for (int i = 1; i < epochs; i++) fprintf(f, ", %d", i);
    fputs("]\n", f);
    fclose(f);
    return text;
}

static void a_hundred_thousand_points(void **state)
{
    char *text = matrix_of(400, 250);
    ix_suite *suite = scratch_read(text, NULL);
    ix_point p;
    (void)state;
    assert_int_equal(ix_suite_points(suite), 100000);
    ix_suite_point(&p, suite, 99999);
    assert_int_equal(p.seed, 399);
    assert_int_equal(p.settings.training.epochs, 249);
    ix_suite_destroy(&suite);
    free(text);
    text = matrix_of(400, 251);
    scratch_refuse(text, NULL, "suite.yaml:4:1: matrix: more than 100000 points");
    free(text);
}

static char *echo_of(const char *text, int64_t point, ix_echo what)
{
    ix_suite *suite = scratch_read(text, NULL);
    ix_point p;
    ix_suite_point(&p, suite, point);
    char *echo = ix_point_echo(&p, what);
    ix_suite_destroy(&suite);
    return echo;
}

static void check_echo(const char *a, int64_t i, const char *b, int64_t k, ix_echo what, bool same)
{
    char *ta = echo_of(a, i, what), *tb = echo_of(b, k, what);
    if (!strcmp(ta, tb) != same) fail_msg("%s:\n%s\nand\n%s", same ? "differ" : "are equal", ta, tb);
    free(ta);
    free(tb);
}

/* What names a run: changes of the answer and nothing else. Point 0 is ex_rm, point 1 its twin im_rm. */
static void the_answer(void **state)
{
    const ix_echo A = IX_ECHO_ANSWER, T = IX_ECHO_TWIN;
    const char *elsewhere = "suite: other\ntask: preference\ndata: {miniworld: chat, lexicon: elsewhere}\n"
                            "matrix: {model: [/else/m]}\noutput: o\ncheckpoint: {keep: 5, final_weights: true}\n"
                            "parallel: {tensor: 2, data: 2, groups: 3, threads: 4, memory_per_rank: 3GiB}\nquality: "
                            "{set: a, accuracy: 0.5}\n";
    (void)state;
    check_echo(SUITE, 0, elsewhere, 0, A, true);
    check_echo(SUITE, 1, elsewhere, 1, A, true);
    check_echo(SUITE, 0, SUITE, 1, A, false);
    check_echo(SUITE, 0, SUITE, 1, T, true);
    check_echo(SUITE, 0, SUITE "training: {beta: 0.1}\n", 0, A, true);
    check_echo(SUITE, 1, SUITE "training: {beta: 0.1}\n", 1, A, false);
    check_echo(SUITE, 0, SUITE "training: {beta: 0.1}\n", 1, T, true);
    check_echo(SUITE, 0, SUITE "training: {head_std: 0.1}\n", 0, A, false);
    check_echo(SUITE, 1, SUITE "training: {head_std: 0.1}\n", 1, A, true);
    check_echo(SUITE, 1, SUITE "training: {reference: somewhere}\n", 1, A, false);
    check_echo(SUITE "training: {reference: here}\n", 1, SUITE "training: {reference: there}\n", 1, A, true);
    check_echo(SUITE, 0, SUITE "parallel: {lanes: 4}\n", 0, A, false);
    check_echo(SUITE, 0, SUITE "compat: {clip: true}\n", 0, T, false);
    check_echo(SUITE, 0, SUITE "speed: {last_block: true}\n", 0, A, true);
    check_echo(SUITE, 0, SUITE "speed: {last_block: false}\n", 0, A, false);
    check_echo(SUITE, 0, SUITE "speed: {keep_logits: false, reference_cache: false}\n", 0, A, true);
    check_echo(SUITE, 0, SUITE "parallel: {recompute: always}\n", 0, A, true);
    check_echo(SUITE, 0, SUITE "model: {storage: fp32}\n", 0, A, true);
    const char *judges = SUITE "training: {epochs: 0}\n", *narrow = SUITE "training: {epochs: 0}\nmodel: {storage: bf16}\n";
    check_echo(judges, 0, narrow, 0, A, false);
    check_echo(judges, 0, narrow, 1, T, false); /* no twins */
    check_echo(narrow, 0, narrow, 1, T, true);
    check_echo(SUITE, 0, SUITE "training: {learning_rate: 2e-6}\n", 0, T, false);
    check_echo(SUITE, 0, SUITE "evaluate: {every: 7}\n", 0, A, false);
    check_echo("suite: s\ntask: preference\ndata: {miniworld: chat}\nmatrix: {model: [m], seed: [1]}\n", 0, SUITE, 0, T,
               false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_papers),
        cmocka_unit_test(numbers),
        cmocka_unit_test(quoting_is_told_apart),
        cmocka_unit_test(shares_make_the_suite),
        cmocka_unit_test(samples_round_trip),
        cmocka_unit_test(parts_and_order),
        cmocka_unit_test(parts_merge_deeply),
        cmocka_unit_test(axes_and_exclude),
        cmocka_unit_test(a_hundred_thousand_points),
        cmocka_unit_test(the_answer),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
