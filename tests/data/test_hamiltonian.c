/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs: the authors' data set by hash (from an independent program of torch's generator), its statistics, the world's
 * by hash, answers that are almost right, exact counts beside counting all permutations, judging, lessons. */
#include "base/hash.h"
#include "data/files.h"
#include "data/hamiltonian.h"
#include "data/hamiltonian_lessons.h"

static const ix_graph_settings authors = {IX_GRAPHS_AUTHORS, 10, 0.2, 1000, 200, 982};
static const ix_graph_settings world = {IX_GRAPHS_WORLD, 10, 0.2, 1000, 400, 982};

/* SHA-256 over rows "prompt tab chosen tab rejected newline". */
static void check_digest(const ix_texts *t, const char *want)
{
    char hex[IX_HASH_HEX];
    ix_hash *h = ix_hash_begin();
    for (int64_t i = 0; i < ix_texts_count(t); i++) {
        const ix_text_pair *p = ix_texts_get(t, i);
        char *line = ix_format("%s\t%s\t%s\n", p->turn[0].content, p->response[IX_CHOSEN], p->response[IX_REJECTED]);
        ix_hash_add(h, line, strlen(line));
        free(line);
    }
    ix_hash_end(h, hex);
    assert_string_equal(hex, want);
}

static void authors_texts(void **state)
{
    (void)state;
    ix_sets *sets;
    CHECK_OK(ix_graphs_sets(&sets, &authors));
    const ix_texts *test = ix_sets_find(sets, "test")->texts;
    check_digest(ix_sets_train(sets), "0719d333cee7b70e558781a44be207e7fdd3f84559298cad1a93448e2553f1ee");
    check_digest(test, "230e6de33ce872865cf45fa65ab6969eefa3fd446c97694c4996ee20706184b7");
    const char *prompt = ix_texts_get(test, 0)->turn[0].content;
    assert_non_null(
        strstr(prompt, "<sep>9\nEdges: <sep>0<edge_sep>5<sep>0<edge_sep>8<sep>4<edge_sep>9<sep>2<edge_sep>9"));
    assert_string_equal(ix_texts_get(test, 0)->response[IX_CHOSEN],
                        "7<sep>5<sep>2<sep>8<sep>0<sep>3<sep>9<sep>4<sep>6<sep>1");
    ix_sets_destroy(&sets);
}

static void world_texts(void **state)
{
    (void)state;
    ix_sets *sets;
    CHECK_OK(ix_graphs_sets(&sets, &world));
    check_digest(ix_sets_train(sets), "0865afcea3ba60e41a0ee8e6daebbf21f1d5e60a75422b49c3f298eddc0f58f3");
    check_digest(ix_sets_find(sets, "test")->texts, "8d6193531830eda22e55255a6076b1879bbad7acced221d31aa5697f1be8a1dd");
    ix_sets_destroy(&sets);
}

/* What the specification says of the authors' graphs. */
static void check_statistics(const ix_graph *g, int64_t n, double edges, double missing, double cycles, double uniform)
{
    double sum[4] = {0};
    for (int64_t i = 0; i < n; i++) {
        sum[0] += g[i].edges;
        sum[1] += ix_graph_missing(&g[i], g[i].rejected);
        sum[2] += (double)ix_graph_cycles(&g[i]);
        sum[3] += ix_graph_uniform(&g[i]);
        assert_int_equal(ix_graph_missing(&g[i], g[i].chosen), 0);
    }
    if (edges > 0) CHECK_NEAR(sum[0] / (double)n, edges, 5e-4);
    if (missing > 0) CHECK_NEAR(sum[1] / (double)n, missing, 5e-4);
    CHECK_NEAR(sum[2] / (double)n, cycles, 5e-4);
    CHECK_NEAR(sum[3] / (double)n, uniform, 5e-9);
}

static void statistics(void **state)
{
    (void)state;
    ix_graphs g;
    double walk = 0;
    CHECK_OK(ix_graphs_make(&g, &authors));
    check_statistics(g.train, 1000, 0, 0, 11.585, 6.385e-5);
    check_statistics(g.test, 200, 16.840, 6.360, 9.125, 5.029e-5);
    for (int i = 0; i < 200; i++) walk += ix_graph_walk(&g.test[i]) / 200;
    CHECK_NEAR(walk, 0.12675, 0.01); /* 4,000 simulated walks gave that */
    ix_graphs_free(&g);
}

/* Counts over all permutations of six vertices. */
static void counts_are_exact(void **state)
{
    (void)state;
    const ix_graph_settings small = {IX_GRAPHS_WORLD, 6, 0.3, 20, 1, 4};
    ix_graphs g;
    CHECK_OK(ix_graphs_make(&g, &small));
    for (int i = 0; i < 20; i++) {
        uint8_t y[IX_VERTICES], (*answers)[IX_VERTICES];
        int64_t correct = 0, found;
        double walk = 0;
        for (int code = 0; code < 6 * 6 * 6 * 6 * 6 * 6; code++) {
            int rest = code, seen = 0;
            for (int k = 0; k < 6; k++, rest /= 6) y[k] = (uint8_t)(rest % 6), seen |= 1 << y[k];
            if (seen != 63 || ix_graph_missing(&g.train[i], y)) continue;
            double p = 1.0 / 6;
            for (int k = 1, there = 1 << y[0]; k < 6; there |= 1 << y[k++])
                p /= __builtin_popcount((unsigned)(g.train[i].beside[y[k - 1]] & ~there));
            correct++;
            walk += p;
        }
        assert_int_equal(ix_graph_cycles(&g.train[i]) * 12, correct);
        CHECK_NEAR(ix_graph_uniform(&g.train[i]), (double)correct / 720, 1e-15);
        CHECK_NEAR(ix_graph_walk(&g.train[i]), walk, 1e-12);
        CHECK_OK(ix_graph_answers(&g.train[i], 720, &answers, &found));
        assert_int_equal(found, correct);
        for (int64_t k = 0; k < found; k++) assert_int_equal(ix_graph_missing(&g.train[i], answers[k]), 0);
        free(answers);
        CHECK_OK(ix_graph_answers(&g.train[i], correct - 1, &answers, &found));
        assert_int_equal(found, 0);
        free(answers);
    }
    ix_graphs_free(&g);
}

/* The vertices of an answer of the world. */
static void read_answer(const char *text, uint8_t *y)
{
    for (int k = 0; k < 10; k++) y[k] = (uint8_t)(text[2 * k] - '0');
}

static void almost_right(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int least, most;
    } set[] = {{"hard", 1, 2}, {"closing", 1, 1}, {"inner", 1, 1}};
    ix_sets *sets;
    ix_graphs g;
    CHECK_OK(ix_graphs_sets(&sets, &world));
    CHECK_OK(ix_graphs_make(&g, &world));
    for (int s = 0; s < 3; s++) {
        const ix_texts *t = ix_sets_find(sets, set[s].name)->texts;
        assert_true(ix_texts_count(t) > 350);
        int64_t graph = 0;
        for (int64_t i = 0; i < ix_texts_count(t); i++, graph++) {
            uint8_t chosen[10], y[10];
            read_answer(ix_texts_get(t, i)->response[IX_CHOSEN], chosen);
            read_answer(ix_texts_get(t, i)->response[IX_REJECTED], y);
            while (memcmp(g.test[graph].chosen, chosen, 10)) graph++;
            int missing = ix_graph_missing(&g.test[graph], y);
            bool closes = ix_graph_has(&g.test[graph], y[9], y[0]);
            assert_true(missing >= set[s].least && missing <= set[s].most);
            if (s == 1) assert_false(closes);
            if (s == 2) assert_true(closes);
        }
    }
    ix_graphs_free(&g);
    ix_sets_destroy(&sets);
}

static void judged(void **state)
{
    (void)state;
    /* 0-1-2-3-0, and 0-2 */
    const ix_graph g = {.n = 4, .beside = {1 << 1 | 1 << 3 | 1 << 2, 1 | 1 << 2, 1 << 1 | 1 << 3 | 1, 1 << 2 | 1}};
    static const struct {
        const char *text;
        bool permutation, correct;
        int steps, edges;
    } row[] = {{"0<sep>1<sep>2<sep>3", true, true, 3, 3},         {"2<sep>1<sep>0<sep>3", true, true, 3, 3},
               {"0<sep>2<sep>1<sep>3", true, false, 3, 2},        {"0<sep>1<sep>2", false, false, 2, 2},
               {"0<sep>1<sep>2<sep>3<sep>0", false, false, 3, 3}, {"0<sep>1<sep>2<sep>1", false, false, 3, 3},
               {"0<sep>1<sep>2<sep>3<sep>", false, false, 3, 3},  {"0<sep> 1<sep>2<sep>7", false, false, 0, 0},
               {"00<sep>1<sep>2<sep>3", true, true, 3, 3},        {"", false, false, 0, 0}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ix_answer a = ix_graph_judge(&g, IX_GRAPHS_AUTHORS, row[i].text);
        if (a.permutation != row[i].permutation || a.correct != row[i].correct || a.steps != row[i].steps ||
            a.edges != row[i].edges)
            fail_msg("\"%s\": %d %d %d %d", row[i].text, a.permutation, a.correct, a.steps, a.edges);
    }
    assert_true(ix_graph_judge(&g, IX_GRAPHS_WORLD, "1 2 3 0").correct);
    assert_false(ix_graph_judge(&g, IX_GRAPHS_WORLD, "1 2 3 0 <edge>").permutation);
    assert_false(ix_graph_judge(&g, IX_GRAPHS_WORLD, "1 2  3").permutation);
}

static void too_much(void **state)
{
    (void)state;
    ix_graphs g;
    ix_graph_settings s = authors;
    s.test = 201;
    CHECK_FAILS(ix_graphs_make(&g, &s), IX_EINPUT, "200 for the test");
    s = authors;
    s.edge_probability = 1;
    CHECK_FAILS(ix_graphs_make(&g, &s), IX_EINPUT, "edge_probability");
    s = world;
    s.vertices = 11;
    CHECK_FAILS(ix_graphs_make(&g, &s), IX_EINPUT, "names for 10");
}

/* --- lessons ---------------------------------------------------------------------------------------- */

static void lessons_by_hash(void **state)
{
    (void)state;
    enum { ROWS = 16 };
    static int32_t token[ROWS * IX_LESSON_ROW];
    static float weight[ROWS * IX_LESSON_ROW];
    char hex[IX_HASH_HEX];
    int64_t tokens = 0;
    ix_lesson_plan plan;
    ix_hash *h = ix_hash_begin();
    CHECK_OK(ix_lessons_parse(&plan, "lookup 4-6 30, lookup 4-10 20,format 8-10 20"));
    assert_int_equal(ix_lessons_steps(&plan), 70);
    ix_lesson_source s = ix_lessons_begin(&plan, 77);
    for (int step = 0; step < 70; step++) {
        int length = ix_lessons_next(&s, ROWS, token, weight);
        double sum = 0;
        ix_hash_add(h, token, (size_t)(ROWS * length) * sizeof *token);
        for (int i = 0; i < ROWS * length; i++) {
            unsigned char counts = weight[i] > 0;
            sum += (double)weight[i];
            ix_hash_add(h, &counts, 1);
        }
        bool format = step >= 50 && (step - 50) % 4;
        CHECK_NEAR(sum, format ? 1 : 2, 1e-4); /* permutations, or verdicts and lists */
        tokens += ROWS * length;
    }
    ix_hash_end(h, hex);
    assert_int_equal(tokens, 88928);
    assert_string_equal(hex, "d1c939156279ed2c58ae572629ad0c67198f5c191a7ca0c93e542436b8d45b4b");
}

static void bad_plans(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "lookup",
                                      "lookup 4-6",
                                      "walk 4-6 10",
                                      "lookup 6-4 10",
                                      "lookup 4-11 10",
                                      "lookup 4-6 0",
                                      "lookup 4-6 10,",
                                      "lookup 4-6 10 x"};
    ix_lesson_plan plan;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAILS(ix_lessons_parse(&plan, bad[i]), IX_EINPUT, "pretrain.lessons");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authors_texts),    cmocka_unit_test(world_texts),     cmocka_unit_test(statistics),
        cmocka_unit_test(counts_are_exact), cmocka_unit_test(almost_right),    cmocka_unit_test(judged),
        cmocka_unit_test(too_much),         cmocka_unit_test(lessons_by_hash), cmocka_unit_test(bad_plans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
