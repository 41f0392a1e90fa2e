/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole reports of result sets with known truth: exact texts (tests/golden/report), ties at their border, missing and
 * broken runs, exit codes. A text that differs is written to <golden name>.got in the temporary folder. */
#include <sys/wait.h>

#include "base/start.h"
#include "report.h"
#include "runs.h"
#include "store/ledger.h"

/* Writes a run of these sets and forgets its path. */
static void add(const char *folder, run_spec spec)
{
    free(run_write(folder, &spec));
}

#define SETS(s) .set = (s), .sets = (int)(sizeof(s) / sizeof(s)[0])

static char *report_of(const char *folder, void (*emit)(FILE *, const ix_report *))
{
    ix_material m;
    ix_report r;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    CHECK_OK(ix_material_read(&m, &folder, 1));
    ix_report_make(&r, &m);
    emit(out, &r);
    fclose(out);
    ix_report_free(&r);
    ix_material_free(&m);
    return text;
}

static void check_golden(const char *folder, const char *name)
{
    char *want = NULL, *got = report_of(folder, ix_report_term),
         *path = ix_format("%s/tests/golden/report/%s", IX_SOURCE_DIR, name);
    size_t size;
    if (ix_file_read(path, &want, &size) != IX_OK || strcmp(want, got) != 0) {
        char *kept = ix_format("/tmp/%s.got", name);
        CHECK_OK(ix_file_write(kept, got, strlen(got)));
        fail_msg("%s is not what the report says now: diff it with %s", path, kept);
    }
    free(want);
    free(got);
    free(path);
}

/* Markdown, because nothing is wrapped there; without its escapes. */
static void check_says(const char *folder, const char *const *says, const char *const * not )
{
    char *text = report_of(folder, ix_report_markdown), *to = text;
    for (const char *c = text; *c; c++)
        if (*c != '\\') *to++ = *c;
    *to = 0;
    for (; *says; says++)
        if (!strstr(text, *says)) fail_msg("'%s' is missing in: %s", *says, text);
    for (; *not ; not ++)
        if (strstr(text, *not )) fail_msg("'%s' should not be in: %s", *not, text);
    free(text);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})

/* --- a full suite: two parts, two seeds, all tables --------------------------------------------------- */

static void test_full(void **state)
{
    static const run_set ex_chat[] = {{"in-dist", "in_distribution", NULL, 200, 160, 0},
                                      {"lumi", "token_shift", NULL, 200, 150, 2},
                                      {"list", "domain_shift", NULL, 200, 99, 0}},
                         im_chat[] = {{"in-dist", "in_distribution", NULL, 200, 158, 0},
                                      {"lumi", "token_shift", NULL, 200, 120, 0},
                                      {"list", "domain_shift", NULL, 200, 104, 0}};
    static const run_set ex_persona[] = {{"original", "in_distribution", NULL, 40, 40, 0},
                                         {"paraphrased.yes.no", "token_shift", "paraphrased", 40, 40, 0},
                                         {"paraphrased.sure.never", "token_shift", "paraphrased", 40, 40, 0},
                                         {"prefixes-swapped", "control", NULL, 40, 39, 1},
                                         {"same-prefix-yes", "control", NULL, 40, 38, 0}},
                         im_persona[] = {{"original", "in_distribution", NULL, 40, 40, 0},
                                         {"paraphrased.yes.no", "token_shift", "paraphrased", 40, 0, 0},
                                         {"paraphrased.sure.never", "token_shift", "paraphrased", 40, 2, 0},
                                         {"prefixes-swapped", "control", NULL, 40, 40, 0},
                                         {"same-prefix-yes", "control", NULL, 40, 20, 2}};
    char *folder = run_folder();
    (void)state;
    for (int seed = 0; seed < 2; seed++) {
        add(folder, (run_spec){.part = "chat", .seed = seed, SETS(ex_chat)});
        add(folder, (run_spec){.part = "chat", .objective = "im_rm", .seed = seed, SETS(im_chat)});
        add(folder, (run_spec){.part = "persona", .seed = seed, SETS(ex_persona)});
        add(folder, (run_spec){.part = "persona", .objective = "im_rm", .seed = seed, SETS(im_persona)});
    }
    check_golden(folder, "full.txt");
    run_clean(folder);
}

/* --- ties and averages ------------------------------------------------------------------------------------- */

/* 200 pairs: 1 % is two pairs, that is four halves. Exactly four is a tie, five is a win. */
static void test_tie_border(void **state)
{
    const struct {
        int right, tied;
        int outcome;
    } row[] = {{102, 0, 0}, {102, 1, 1}, {98, 0, 0}, {97, 1, -1}, {100, 0, 0}, {103, 0, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        run_set ex[] = {{"s", "token_shift", NULL, 200, row[i].right, row[i].tied}},
                im[] = {{"s", "token_shift", NULL, 200, 100, 0}};
        char *folder = run_folder();
        ix_material m;
        ix_score a, b;
        add(folder, (run_spec){SETS(ex)});
        add(folder, (run_spec){.objective = "im_rm", SETS(im)});
        CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
        assert_int_equal(m.families, 1);
        assert_int_equal(m.family[0].twins, 1);
        assert_true(ix_twin_matches(&m.family[0].twin[0], "s"));
        assert_true(ix_record_score(m.family[0].twin[0].ex, "s", &a));
        assert_true(ix_record_score(m.family[0].twin[0].im, "s", &b));
        assert_int_equal(ix_twin_outcome(&a, &b), row[i].outcome);
        ix_material_free(&m);
        run_clean(folder);
    }
}

/* A group's sets weigh the same whatever their sizes: (1/3 + 3/4 + 5/7) / 3, exactly. */
static void test_group_average(void **state)
{
    static const run_set sets[] = {{"g.a", "token_shift", "g", 3, 1, 0},
                                   {"other", "token_shift", NULL, 2, 1, 0},
                                   {"g.b", "token_shift", "g", 8, 5, 2},
                                   {"g.c", "token_shift", "g", 7, 5, 0}};
    char *folder = run_folder();
    ix_material m;
    ix_score s;
    (void)state;
    add(folder, (run_spec){SETS(sets)});
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    assert_int_equal(m.family[0].rows, 2);
    assert_true(ix_record_score(&m.record[0], "g", &s));
    assert_true(s.sets == 3 && s.pairs == 18);
    assert_true(s.half * 252 == (84 + 189 + 180) * s.whole / 3);
    CHECK_NEAR(s.accuracy, (1.0 / 3 + 0.75 + 5.0 / 7) / 3, 1e-15);
    CHECK_NEAR(s.margin, 1.5, 1e-15);
    assert_false(ix_record_score(&m.record[0], "none", &s));
    ix_material_free(&m);
    run_clean(folder);
}

/* --- other numbers, other sentences ------------------------------------------------------------------------ */

static void check_persona(int paraphrased, int swapped, const char *says)
{
    run_set sets[] = {{"original", "in_distribution", NULL, 40, 40, 0},
                      {"paraphrased", "token_shift", NULL, 40, paraphrased, 0},
                      {"prefixes-swapped", "control", NULL, 40, swapped, 0}};
    char *folder = run_folder();
    add(folder, (run_spec){.objective = "im_rm", SETS(sets)});
    check_says(folder, SAYS(says), NOTHING);
    run_clean(folder);
}

static void test_sentences(void **state)
{
    (void)state;
    check_persona(0, 40, "no evidence about synonyms");
    check_persona(40, 0, "it reads the prefix");
    check_persona(40, 38, "here the words decide");
    check_persona(0, 2, "does not explain it");
    check_persona(21, 20, "no clear part of the answer decides");
}

static void test_gap_sentences(void **state)
{
    static const run_set ex[] = {{"t", "token_shift", NULL, 400, 300, 0}, {"d", "domain_shift", NULL, 400, 60, 0}},
                         worse[] = {{"t", "token_shift", NULL, 400, 240, 0}, {"d", "domain_shift", NULL, 400, 120, 0}};
    char *folder = run_folder();
    (void)state;
    add(folder, (run_spec){SETS(ex)});
    add(folder, (run_spec){.objective = "im_rm", SETS(worse)});
    check_says(folder,
               SAYS("t: EX-RM is ahead by 0.150", "d: the gap is one of wrong answers",
                    "One twin:", "Below chance: EX-RM on d (0.150"),
               SAYS("near chance for both"));
    run_clean(folder);
}

/* --- what is missing ------------------------------------------------------------------------------------- */

static const run_set one_set[] = {{"s", "in_distribution", NULL, 100, 80, 0}};

static void test_one_run(void **state)
{
    char *folder = run_folder();
    (void)state;
    add(folder, (run_spec){.untimed = true, SETS(one_set)});
    check_golden(folder, "one_run.txt");
    run_clean(folder);
}

static void test_missing(void **state)
{
    char *folder = run_folder(), *suite, *damaged;
    ix_ledger *ledger = NULL;
    (void)state;
    add(folder, (run_spec){SETS(one_set)});
    add(folder, (run_spec){.objective = "im_rm", .verdict = "an untrained reward is not 0", SETS(one_set)});
    add(folder, (run_spec){.seed = 1, .cpu = "Another CPU", SETS(one_set)});
    add(folder, (run_spec){.seed = 2, SETS(one_set)});
    add(folder, (run_spec){.seed = 2, .objective = "im_rm", SETS(one_set)});
    suite = ix_format("%s/demo", folder);
    CHECK_OK(ix_ledger_open(&ledger, suite, "20250101T000000Z-host-1"));
    CHECK_OK(ix_ledger_add(ledger, &(ix_ledger_entry){.event = IX_LEDGER_LAUNCH, .run_id = "tiny-im_rm-s1"}));
    CHECK_OK(ix_ledger_add(ledger, &(ix_ledger_entry){.event = IX_LEDGER_LAUNCH, .run_id = "tiny-ex_rm-s1"}));
    ix_ledger_close(&ledger);
    damaged = ix_format("%s/demo/broken.h5", folder);
    CHECK_OK(ix_file_write(damaged, "nonsense", 8));
    check_says(folder,
               SAYS("5 runs, 4 VALID, 1 twin: demo", "tiny-ex_rm-s0: its IM-RM twin is not VALID",
                    "tiny-ex_rm-s1: its IM-RM twin is not here", "an untrained reward is not 0", "4 of 5 are VALID",
                    "tiny-im_rm-s1: last launch", "nobody works on it now", "unreadable", "broken.h5",
                    "CPU, 2 values (runs): CPU (3); Another CPU (1)"),
               SAYS("tiny-ex_rm-s1: last launch", "tiny-ex_rm-s2: its"));
    free(suite);
    free(damaged);
    run_clean(folder);
}

/* The same run in two folders counts once; twins judged on other pairs are not compared. */
static void test_repeated_and_unequal(void **state)
{
    static const run_set other[] = {{"s", "in_distribution", NULL, 90, 80, 0}};
    char *folder = run_folder(), *again = ix_format("%s/again", folder);
    (void)state;
    add(folder, (run_spec){SETS(one_set)});
    add(folder, (run_spec){.objective = "im_rm", SETS(other)});
    CHECK_OK(ix_make_folders(again));
    char *from = ix_format("%s/demo/tiny-ex_rm-s0.h5", folder), *to = ix_format("%s/copy.h5", again), *bytes;
    size_t size;
    CHECK_OK(ix_file_read(from, &bytes, &size));
    CHECK_OK(ix_file_write(to, bytes, size));
    check_says(folder,
               SAYS("3 runs, 3 VALID, 1 twin", "another file holds run tiny-ex_rm-s0 too",
                    "No twins:", "were not judged on the same pairs"),
               SAYS("EX ahead"));
    free(from);
    free(to);
    free(bytes);
    free(again);
    run_clean(folder);
}

static void test_pretraining(void **state)
{
    char *folder = run_folder();
    (void)state;
    add(folder, (run_spec){.task = "pretrain", .objective = "next_token"});
    check_says(folder, SAYS("Pretraining", "0.700", "0.250", "6400", "1 run, 1 VALID, 0 twins"),
               SAYS("Win-rates", "Accuracy and", "Cost of VALID"));
    run_clean(folder);
}

/* --- the program ---------------------------------------------------------------------------------------- */

static int run_program(const char *format, const char *folder)
{
    char *arguments = ix_format(format, folder, folder);
    char *command = ix_format("%s %s >%s/stdout 2>%s/stderr", IX_REPORT_PROGRAM, arguments, folder, folder);
    int code = system(command);
    free(arguments);
    free(command);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static void check_file(const char *folder, const char *name, const char *says)
{
    char *path = ix_format("%s/%s", folder, name), *bytes = NULL;
    size_t size;
    CHECK_OK(ix_file_read(path, &bytes, &size));
    if (!strstr(bytes, says)) fail_msg("%s lacks '%s': %s", path, says, bytes);
    free(bytes);
    free(path);
}

/* 31.5 s, and every stage another. */
static void add_start(ix_result *r)
{
    const double seconds[IX_STAGE_COUNT] = {0.5, 1, 2, 4, 8, 16};
    CHECK_OK(ix_result_reals(r, "speed/start", (int64_t[]){IX_STAGE_COUNT}, seconds));
}

static void test_program(void **state)
{
    char *folder = run_folder();
    (void)state;
    add(folder, (run_spec){SETS(one_set)});
    add(folder, (run_spec){.objective = "im_rm", SETS(one_set), .more = add_start});
    assert_int_equal(run_program("--help %s %s", folder), 0);
    check_file(folder, "stdout", "usage: impex-report");
    assert_int_equal(run_program("%s/demo", folder), 0);
    check_file(folder, "stdout", "2 runs, 2 VALID, 1 twin: demo");
    assert_int_equal(run_program("%s/demo --format md", folder), 0);
    check_file(folder, "stdout", "# impex report");
    assert_int_equal(run_program("%s/demo/tiny-ex_rm-s0.h5 --format=md,csv --out %s/new/report", folder), 0);
    check_file(folder, "new/report/report.md", "## Accuracy and normalised margin");
    check_file(folder, "new/report/accuracy.csv", "demo,,tiny,,s,in_distribution,1,100,EX-RM,1,0.5,0.8");
    check_file(folder, "new/report/cost_runs.csv", "tiny-ex_rm-s0,4.5,1.2000000000000002,,,10,320,6400,");
    assert_int_equal(run_program("%s/demo --format=csv --out %s/both", folder), 0);
    check_file(folder, "both/cost_runs.csv", ",31.5,0.5,1,2,4,8,16");
    assert_int_equal(run_program("%s/demo --format csv", folder), 2);
    assert_int_equal(run_program("%s/demo --out %s/new", folder), 2);
    assert_int_equal(run_program("%s/demo --format pdf", folder), 2);
    check_file(folder, "stderr", "the formats are term, md, csv, html and tex");
    assert_int_equal(run_program("%s/none", folder), 2);
    assert_int_equal(run_program("%s/demo --wrong", folder), 2);
    check_file(folder, "stderr", "--wrong: no such option");
    assert_int_equal(run_program("--format md --out %s/none%.0s", folder), 2);
    run_clean(folder);
}

static void test_exit_codes_without_valid_runs(void **state)
{
    char *folder = run_folder(), *empty = ix_format("%s/empty", folder);
    (void)state;
    CHECK_OK(ix_make_folders(empty));
    assert_int_equal(run_program("%s/empty", folder), 1);
    add(folder, (run_spec){.verdict = "a NaN", SETS(one_set)});
    assert_int_equal(run_program("%s/demo", folder), 1);
    check_file(folder, "stderr", "there is no VALID run here");
    check_file(folder, "stdout", "a NaN");
    char *damaged = ix_format("%s/demo/broken.h5", folder);
    add(folder, (run_spec){.seed = 1, SETS(one_set)});
    assert_int_equal(run_program("%s/demo", folder), 0);
    CHECK_OK(ix_file_write(damaged, "nonsense", 8));
    assert_int_equal(run_program("%s/demo", folder), 1);
    check_file(folder, "stderr", "1 file could not be read");
    free(damaged);
    free(empty);
    run_clean(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_tie_border),
        cmocka_unit_test(test_group_average),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_gap_sentences),
        cmocka_unit_test(test_one_run),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_repeated_and_unequal),
        cmocka_unit_test(test_pretraining),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_exit_codes_without_valid_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
