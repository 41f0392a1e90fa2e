/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims and their sheets, from result files to the report: every figure, failed and inapplicable ones named. */
#include "report.h"
#include "runs.h"

enum { CLAIMS = 3 };

static void put_texts(ix_result *r, const char *path, int64_t n, const char *const *text)
{
    CHECK_OK(ix_result_texts(r, path, &n, text));
}

static void put_claims(ix_result *r)
{
    static const char *const name[] = {"a.good", "b.bad", "c.none"}, *const relation[] = {"<=", ">", "<="};
    static const char *const statement[] = {"Good is small.", "Bad is large.", "None is anything."};
    static const char *const verdict[] = {"HOLDS", "FAILS", "NOT APPLICABLE"}, *const reason[] = {"", "", "no premise"};
    static const char *const row[] = {"first", "second"}, *const column[] = {"x", "y"}, *const sheet[] = {"numbers"};
    const char *about = "What numbers are.";
    const double measured[] = {1.25e-13, 0.1, NAN}, bound[] = {1e-12, 0.5, NAN}, value[] = {1, 2.5e-7, NAN, -4};
    const int64_t n = CLAIMS, shape[] = {2, 2};
    put_texts(r, "claims/name", n, name);
    put_texts(r, "claims/statement", n, statement);
    put_texts(r, "claims/relation", n, relation);
    put_texts(r, "claims/verdict", n, verdict);
    put_texts(r, "claims/reason", n, reason);
    CHECK_OK(ix_result_reals(r, "claims/measured", &n, measured));
    CHECK_OK(ix_result_reals(r, "claims/bound", &n, bound));
    put_texts(r, "claims/sheet", 1, sheet);
    put_texts(r, "sheets/numbers/row", 2, row);
    put_texts(r, "sheets/numbers/column", 2, column);
    CHECK_OK(ix_result_reals(r, "sheets/numbers/value", shape, value));
    CHECK_OK(ix_result_texts(r, "sheets/numbers/about", NULL, &about));
}

/* Names a sheet that is not there. */
static void put_lost(ix_result *r)
{
    static const char *const sheet[] = {"numbers", "others"};
    put_claims(r);
    put_texts(r, "claims/sheet", 2, sheet);
}

static void add(const char *folder, run_spec spec)
{
    free(run_write(folder, &spec));
}

static const run_spec theory = {
    .suite = "t", .task = "theory", .objective = "both", .untimed = true, .more = put_claims};

static char *written(const char *folder, void (*emit)(FILE *, const ix_report *))
{
    ix_material m;
    ix_report r;
    char *text = NULL;
    size_t size;
    CHECK_OK(ix_material_read(&m, &folder, 1));
    ix_report_make(&r, &m);
    FILE *f = open_memstream(&text, &size);
    emit(f, &r);
    fclose(f);
    ix_report_free(&r);
    ix_material_free(&m);
    return text;
}

static void check_lines(const char *text, const char *const *line, int lines)
{
    for (int i = 0; i < lines; i++)
        if (!strstr(text, line[i])) fail_msg("lacks '%s' in\n%s", line[i], text);
}

static void test_terminal(void **state)
{
    static const char *const lines[] = {
        "suite t, model tiny, seed 0\nclaim   measured      bound  verdict         why not\n",
        "a.good  1.25e-13  <=  1e-12  HOLDS",
        "b.bad        0.1   >    0.5  FAILS",
        "c.none         -          -  NOT APPLICABLE  no premise",
        "3 claims: 1 holds, 1 fails (b.bad), 1 is not applicable.",
        "a.good  Good is small.\n",
        "Behind the claims: numbers",
        "first   1  2.5e-07",
        "second  -       -4",
        "What numbers are.",
    };
    char *folder = run_folder();
    (void)state;
    add(folder, theory);
    char *text = written(folder, ix_report_term);
    check_lines(text, lines, sizeof lines / sizeof *lines);
    assert_null(strstr(text, "Win-rates")); /* there is nothing to compare */
    free(text);
    run_clean(folder);
}

static int times(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++) n++;
    return n;
}

/* Statements once, claims of every run, one table for all sheets that are alike. */
static void test_several_runs(void **state)
{
    static const run_set set[] = {{"s", "in_distribution", NULL, 100, 80, 0}};
    char *folder = run_folder();
    run_spec second = theory, plain = {.set = set, .sets = 1}, invalid = theory;
    (void)state;
    add(folder, theory);
    second.seed = 1;
    add(folder, second);
    invalid.seed = 2;
    invalid.verdict = "stopped";
    add(folder, invalid);
    add(folder, plain);
    char *text = written(folder, ix_report_term);
    assert_int_equal(times(text, "3 claims: 1 holds"), 2);
    assert_int_equal(times(text, "Good is small."), 1);
    assert_int_equal(times(text, "Behind the claims: numbers"), 1);
    assert_int_equal(times(text, "second  -"), 2);
    free(text);
    text = written(folder, ix_report_markdown);
    assert_int_equal(times(text, "| b.bad | 0.1 | \\> | 0.5 | FAILS |"), 2);
    free(text);
    run_clean(folder);
}

static void test_damaged(void **state)
{
    char *folder = run_folder();
    ix_material m;
    run_spec lost = theory;
    (void)state;
    lost.more = put_lost;
    add(folder, lost);
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    assert_true(m.records == 0 && m.unreadable == 1);
    assert_non_null(strstr(m.trouble[0], "/sheets/others/row"));
    ix_material_free(&m);
    run_clean(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_terminal), cmocka_unit_test(test_several_runs),
                                       cmocka_unit_test(test_damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
