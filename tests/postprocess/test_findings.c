/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is left out silently: runs that failed, ended without a result, or are locked; runs that do not belong
 * together although their names say so. */
#include "report.h"
#include "runs.h"
#include "store/ledger.h"
#include "store/lock.h"

static const run_set one_set[] = {{"s", "in_distribution", NULL, 100, 80, 0}};
static const run_set other_set[] = {{"s", "in_distribution", NULL, 60, 50, 1}};
#define SETS(s) .set = (s), .sets = (int)(sizeof(s) / sizeof(s)[0])

static void add(const char *folder, run_spec spec)
{
    free(run_write(folder, &spec));
}

static void add_twin(const char *folder, run_spec spec)
{
    add(folder, spec);
    spec.objective = "im_rm";
    add(folder, spec);
}

/* Events of one launch of the suite "demo". */
static ix_ledger *launch(const char *folder, const char *name)
{
    ix_ledger *ledger = NULL;
    char *suite = ix_format("%s/demo", folder);
    CHECK_OK(ix_ledger_open(&ledger, suite, name));
    free(suite);
    return ledger;
}

static void happen(ix_ledger *ledger, ix_ledger_event event, const char *run_id, const char *message)
{
    CHECK_OK(ix_ledger_add(ledger, &(ix_ledger_entry){.event = event, .run_id = run_id, .message = message}));
}

/* The finding of that kind that names `text`; NULL if there is none. Their number in *count. */
static char *finding(const char *folder, const char *kind, const char *text, int *count)
{
    ix_material m;
    ix_report r;
    char *found = NULL;
    *count = 0;
    CHECK_OK(ix_material_read(&m, &folder, 1));
    ix_report_make(&r, &m);
    for (int i = 0; i < r.tables.count; i++) {
        const ix_table *t = r.tables.at[i];
        for (int row = 0; strcmp(t->id, "findings") == 0 && row < t->rows; row++) {
            if (strcmp(ix_table_cell(t, row, 0)->text, kind) != 0) continue;
            (*count)++;
            if (!found && strstr(ix_table_cell(t, row, 1)->text, text)) found = ix_copy(ix_table_cell(t, row, 1)->text);
        }
    }
    ix_report_free(&r);
    ix_material_free(&m);
    return found;
}

static void check_found(const char *folder, const char *kind, int wanted, const char *text)
{
    int count;
    char *found = finding(folder, kind, text, &count);
    if (count != wanted || (wanted && !found))
        fail_msg("%d findings of kind '%s', wanted %d with '%s'", count, kind, wanted, text);
    free(found);
}

static void test_failed(void **state)
{
    char *folder = run_folder();
    ix_ledger *ledger = launch(folder, "20250101T000000Z-host-1");
    (void)state;
    add_twin(folder, (run_spec){SETS(one_set)});
    happen(ledger, IX_LEDGER_START, "tiny-ex_rm-s0", NULL);
    happen(ledger, IX_LEDGER_FAIL, "tiny-ex_rm-s0", "failed once, finished later: its result is here");
    happen(ledger, IX_LEDGER_START, "tiny-ex_rm-s1", NULL);
    happen(ledger, IX_LEDGER_FAIL, "tiny-ex_rm-s1", "step 7: the loss is not a number");
    ix_ledger_close(&ledger);
    check_found(folder, "failed", 1, "tiny-ex_rm-s1: failed at ");
    check_found(folder, "failed", 1, "step 7: the loss is not a number");
    check_found(folder, "unfinished", 0, "");

    ledger = launch(folder, "20250102T000000Z-host-2"); /* announced again, left alone: still failed */
    happen(ledger, IX_LEDGER_LAUNCH, "tiny-ex_rm-s1", NULL);
    happen(ledger, IX_LEDGER_SKIP, "tiny-ex_rm-s1", NULL);
    check_found(folder, "failed", 1, "step 7");
    happen(ledger, IX_LEDGER_START, "tiny-ex_rm-s1", NULL); /* tried again, and never heard of */
    check_found(folder, "failed", 0, "");
    check_found(folder, "unfinished", 1, "tiny-ex_rm-s1: last start");
    ix_ledger_close(&ledger);
    run_clean(folder);
}

static void test_ended_without_result(void **state)
{
    char *folder = run_folder();
    ix_ledger *ledger = launch(folder, "20250101T000000Z-host-1");
    (void)state;
    add_twin(folder, (run_spec){SETS(one_set)});
    for (int i = 0; i < 2; i++) happen(ledger, IX_LEDGER_END, i ? "tiny-ex_rm-s0" : "tiny-ex_rm-s1", NULL);
    ix_ledger_close(&ledger);
    check_found(folder, "no result", 1, "tiny-ex_rm-s1: ended at ");
    run_clean(folder);
}

/* A lock is named once: by its ledger's line, or, without one, by itself. */
static void test_locked(void **state)
{
    char *folder = run_folder(), *path = ix_format("%s/demo/tiny-ex_rm-s9.lock", folder);
    ix_lock *lock = NULL;
    ix_lock_report report;
    (void)state;
    add_twin(folder, (run_spec){SETS(one_set)});
    check_found(folder, "locked", 0, "");
    CHECK_OK(ix_lock_take(&lock, path, IX_LOCK_PATIENCE, &report));
    check_found(folder, "locked", 1, "tiny-ex_rm-s9: somebody holds its lock");
    ix_ledger *ledger = launch(folder, "20250101T000000Z-host-1");
    happen(ledger, IX_LEDGER_START, "tiny-ex_rm-s9", NULL);
    ix_ledger_close(&ledger);
    check_found(folder, "locked", 0, "");
    check_found(folder, "unfinished", 1, "it is being worked on");
    ix_lock_release(&lock);
    free(path);
    run_clean(folder);
}

static void test_mixed_pairs(void **state)
{
    char *folder = run_folder();
    const char *wanted = "tiny: the pairs or epochs judged as s of 2 of 4 runs differ from those of tiny-ex_rm-s0";
    ix_material m;
    (void)state;
    add_twin(folder, (run_spec){SETS(one_set)});
    check_found(folder, "mixed", 0, "");
    add_twin(folder, (run_spec){.seed = 1, SETS(other_set)});
    check_found(folder, "mixed", 1, wanted);
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    assert_int_equal(m.family[0].twins, 2);
    ix_material_free(&m);
    run_clean(folder);
}

static void test_mixed_weights(void **state)
{
    char *folder = run_folder();
    (void)state;
    add_twin(folder, (run_spec){.weights = "aa", SETS(one_set)});
    add_twin(folder, (run_spec){.weights = "aa", .seed = 1, SETS(one_set)});
    add_twin(folder, (run_spec){.weights = "bb", .model = "other", SETS(one_set)}); /* another model has others */
    check_found(folder, "mixed", 0, "");
    add_twin(folder, (run_spec){.weights = "bb", .seed = 2, SETS(one_set)});
    check_found(folder, "mixed", 1, "tiny: the start weights of 2 of 6 runs differ from those of tiny-ex_rm-s0");
    run_clean(folder);
}

/* A folder whose runs all failed says so, and claims nothing. */
static void test_no_results(void **state)
{
    char *folder = run_folder(), *text = NULL;
    ix_ledger *ledger = launch(folder, "20250101T000000Z-host-1");
    size_t size;
    ix_material m;
    ix_report r;
    (void)state;
    happen(ledger, IX_LEDGER_FAIL, "tiny-ex_rm-s0", "no space left");
    ix_ledger_close(&ledger);
    check_found(folder, "failed", 1, "no space left");
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    ix_report_make(&r, &m);
    FILE *out = open_memstream(&text, &size);
    ix_report_term(out, &r);
    fclose(out);
    assert_non_null(strstr(text, "No run has a result here."));
    assert_null(strstr(text, "Nothing:"));
    ix_report_free(&r);
    ix_material_free(&m);
    free(text);
    run_clean(folder);
}

/* 90 and 90.5 of 120 pairs by two seeds, which judge the same pairs: Wilson of 90.25 of 120, in Python. */
static void test_interval_of_seeds(void **state)
{
    static const run_set a[] = {{"s", "token_shift", NULL, 120, 90, 0}}, b[] = {{"s", "token_shift", NULL, 120, 90, 1}};
    char *folder = run_folder();
    ix_material m;
    ix_report r;
    (void)state;
    add(folder, (run_spec){SETS(a)});
    add(folder, (run_spec){.seed = 1, SETS(b)});
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    ix_report_make(&r, &m);
    const ix_cell *interval = run_cell(run_table(&r, "accuracy"), 0, "accuracy_wilson95", IX_CELL_RANGE);
    CHECK_NEAR(interval->real, 0.6678126876779348, 1e-12);
    CHECK_NEAR(interval->high, 0.8207151492526356, 1e-12);
    ix_report_free(&r);
    ix_material_free(&m);
    run_clean(folder);
}

/* Said once for a family and set, whatever the number of its runs; and not of sets without such pairs. */
static void test_odd_pairs(void **state)
{
    char *folder = run_folder();
    (void)state;
    add_twin(folder, (run_spec){SETS(one_set), .known = 98, .repeated = 3, .equal = 1});
    add_twin(folder, (run_spec){SETS(one_set), .known = 98, .repeated = 3, .equal = 1, .seed = 1});
    add_twin(folder, (run_spec){SETS(other_set), .model = "clean"});
    check_found(folder, "known pairs", 1, "s: of 100 pairs, 98 have a prompt and chosen response that");
    check_found(folder, "repeated pairs", 1, "s: 3 pairs repeat");
    check_found(folder, "equal answers", 1, "s: 1 pairs have two equal responses");
    run_clean(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_ended_without_result),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_mixed_pairs),
        cmocka_unit_test(test_mixed_weights),
        cmocka_unit_test(test_no_results),
        cmocka_unit_test(test_interval_of_seeds),
        cmocka_unit_test(test_odd_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
