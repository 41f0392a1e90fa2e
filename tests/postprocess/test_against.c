/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs against what is known: the machine's peaks, reference bands, old results, the suite's quality; repetitions. */
#include "bands.h"
#include "report.h"
#include "runs.h"
#include "sections.h"

static void add(const char *folder, run_spec spec)
{
    free(run_write(folder, &spec));
}

#define SETS(s) .set = (s), .sets = (int)(sizeof(s) / sizeof(s)[0])

static const run_set good[] = {{"s", "in_distribution", NULL, 100, 80, 0}},
                     better[] = {{"s", "in_distribution", NULL, 100, 83, 0}},
                     bad[] = {{"s", "in_distribution", NULL, 100, 60, 0}};

/* --- bands --------------------------------------------------------------------------------------------------- */

static void name_settings(ix_result *r)
{
    int count;
    CHECK_OK(ix_result_text(r, "settings_id", ix_bands(&count)[0].settings));
}

static void check_band(int right, int banded, int outside)
{
    int count;
    char *folder = run_folder();
    ix_material m;
    run_set sets[] = {{ix_bands(&count)[0].row, "in_distribution", NULL, 1000, right, 0}};
    add(folder, (run_spec){SETS(sets), .more = name_settings});
    add(folder, (run_spec){SETS(sets), .seed = 1}); /* other settings: no band */
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    assert_int_equal(m.banded, banded);
    assert_int_equal(m.outside, outside);
    assert_true(m.record[0].valid == !outside && m.record[1].valid);
    if (outside) assert_non_null(strstr(m.record[0].verdict, "is outside its reference band"));
    ix_material_free(&m);
    run_clean(folder);
}

static void test_bands(void **state)
{
    int count;
    const ix_band *band = ix_bands(&count);
    (void)state;
    assert_true(count > 20);
    for (int i = 0; i < count; i++) assert_true(0 <= band[i].low && band[i].low < band[i].high && band[i].high <= 1);
    check_band((int)ceil(1000 * band[0].low), 1, 0);
    check_band((int)floor(1000 * band[0].high), 1, 0);
    check_band((int)ceil(1000 * band[0].low) - 2, 1, 1);
    check_band((int)floor(1000 * band[0].high) + 2, 1, 1);
}

/* --- old results --------------------------------------------------------------------------------------------- */

typedef struct {
    ix_material old, new;
    ix_report report;
    char *folder[2];
} pair;

static void make_pair(pair *p)
{
    CHECK_OK(ix_material_read(&p->old, (const char *const *)&p->folder[0], 1));
    CHECK_OK(ix_material_read(&p->new, (const char *const *)&p->folder[1], 1));
    p->new.old = &p->old;
    ix_report_make(&p->report, &p->new);
}

static void free_pair(pair *p)
{
    ix_report_free(&p->report);
    ix_material_free(&p->new);
    ix_material_free(&p->old);
    run_clean(p->folder[0]);
    run_clean(p->folder[1]);
}

static void check_against(const run_set *new, int old_seeds, const char *reading, double low, double high)
{
    pair p = {.folder = {run_folder(), run_folder()}};
    for (int s = 0; s < old_seeds; s++) add(p.folder[0], (run_spec){SETS(good), .seed = s});
    add(p.folder[1], (run_spec){.set = new, .sets = 1});
    make_pair(&p);
    const ix_table *t = run_table(&p.report, "against");
    assert_int_equal(t->rows, 1);
    assert_string_equal(run_cell(t, 0, "reading", IX_CELL_TEXT)->text, reading);
    CHECK_NEAR(run_cell(t, 0, "band", IX_CELL_RANGE)->real, low, 1e-12);
    CHECK_NEAR(run_cell(t, 0, "band", IX_CELL_RANGE)->high, high, 1e-12);
    assert_int_equal(ix_report_left(&p.report), strcmp(reading, IX_LEFT_BAND) == 0);
    CHECK_NEAR(run_cell(run_table(&p.report, "against_speed"), 0, "ratio", IX_CELL_REAL)->real, 1, 1e-12);
    free_pair(&p);
}

static void test_against(void **state)
{
    (void)state;
    check_against(good, 1, "equal", 0.75, 0.85);
    check_against(better, 1, "inside", 0.75, 0.85);
    check_against(bad, 1, IX_LEFT_BAND, 0.75, 0.85);
    check_against(better, 3, IX_LEFT_BAND, 0.78, 0.82); /* three seeds that agree: 0.02 */
}

/* The old seeds' own spread: t(.9995; 2) sd sqrt(1/3 + 1/1). */
static void test_spread(void **state)
{
    static const run_set low[] = {{"s", "in_distribution", NULL, 100, 79, 0}},
                         high[] = {{"s", "in_distribution", NULL, 100, 81, 0}};
    pair p = {.folder = {run_folder(), run_folder()}};
    (void)state;
    add(p.folder[0], (run_spec){SETS(low)});
    add(p.folder[0], (run_spec){SETS(good), .seed = 1});
    add(p.folder[0], (run_spec){SETS(high), .seed = 2});
    add(p.folder[1], (run_spec){SETS(good), .seed = 7}); /* no such seed there: nothing to pair */
    add(p.folder[1], (run_spec){SETS(good), .model = "alone"});
    make_pair(&p);
    const ix_table *t = run_table(&p.report, "against");
    double half = 31.59905457644417 * 0.01 * sqrt(4.0 / 3); /* scipy.stats.t.ppf(.9995, 2) */
    CHECK_NEAR(run_cell(t, 0, "band", IX_CELL_RANGE)->real, 0.8 - half, 1e-9);
    run_cell(t, 0, "difference_95", IX_CELL_NONE);
    assert_string_equal(run_cell(t, 0, "reading", IX_CELL_TEXT)->text, "inside");
    assert_int_equal(t->rows, 1);
    free_pair(&p);
}

/* --- quality, repetitions -------------------------------------------------------------------------------------- */

static void add_quality(ix_result *r, double accuracy)
{
    CHECK_OK(ix_result_text(r, "quality_set", "s"));
    CHECK_OK(ix_result_real(r, "quality_accuracy", accuracy));
    CHECK_OK(ix_result_ints(r, "eval/s/step", (int64_t[]){2}, (int64_t[]){0, 5}));
    CHECK_OK(ix_result_reals(r, "eval/s/seconds", (int64_t[]){2}, (double[]){0.5, 0.25}));
}

static void want_low(ix_result *r)
{
    add_quality(r, 0.4); /* reached before training, and held */
}

static void want_some(ix_result *r)
{
    add_quality(r, 0.7);
}

static void want_much(ix_result *r)
{
    add_quality(r, 0.9);
}

/* Five steps of 0.12 s on the slower rank, evaluations, and IM-RM's reference pass of 0.25 s. */
static void test_quality(void **state)
{
    char *folder = run_folder();
    ix_material m;
    (void)state;
    add(folder, (run_spec){SETS(good), .more = want_some});
    add(folder, (run_spec){SETS(good), .more = want_some, .objective = "im_rm"});
    add(folder, (run_spec){SETS(good), .more = want_much, .seed = 1});
    add(folder, (run_spec){SETS(good), .more = want_low, .seed = 2});
    add(folder, (run_spec){SETS(good), .seed = 3});
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    CHECK_NEAR(m.record[0].cost.quality, 5 * 0.12 + 0.75, 1e-12);
    assert_true(isinf(m.record[1].cost.quality));
    CHECK_NEAR(m.record[2].cost.quality, 0.5, 1e-12);
    assert_true(isnan(m.record[3].cost.quality));
    CHECK_NEAR(m.record[4].cost.quality, 5 * 0.12 + 0.75 + 0.25, 1e-12);
    ix_material_free(&m);
    run_clean(folder);
}

/* The same run done again is a repetition, a copy of its file is none. */
static void test_repetitions(void **state)
{
    char *folder = run_folder(), *again = ix_format("%s/again", folder), *copy = ix_format("%s/copy", folder);
    ix_material m;
    ix_report r;
    (void)state;
    add(folder, (run_spec){SETS(good), .more = want_some});
    add(copy, (run_spec){SETS(good), .more = want_some});
    add(again, (run_spec){SETS(good), .more = want_some, .started = "2025-01-02T00:00:00Z"});
    const char *const paths[] = {folder, again, copy};
    CHECK_OK(ix_material_read(&m, paths, 3));
    ix_report_make(&r, &m);
    const ix_table *t = run_table(&r, "headline");
    assert_int_equal(t->rows, 1);
    assert_int_equal(run_cell(t, 0, "runs", IX_CELL_INT)->whole, 2);
    CHECK_NEAR(run_cell(t, 0, "pairs_per_second", IX_CELL_REAL)->real, 320 / 1.2, 1e-9);
    CHECK_NEAR(run_cell(t, 0, "seconds_to_quality", IX_CELL_REAL)->real, 1.35, 1e-12);
    assert_string_equal(run_cell(t, 0, "reached", IX_CELL_TEXT)->text, "2 of 2");
    ix_report_free(&r);
    ix_material_free(&m);
    free(again);
    free(copy);
    run_clean(folder);
}

/* --- speed --------------------------------------------------------------------------------------------------- */

/* A launch of 100 s: products at 150 of 200 GFLOP/s, forward at 120, and an update that moves 30 of 40 GB/s. */
static void put_speed(ix_result *r)
{
    const int64_t phases = IX_PHASE_COUNT;
    double seconds[IX_PHASE_COUNT] = {0}, flop[IX_PHASE_COUNT] = {0}, busy[IX_PHASE_COUNT] = {0};
    double none[IX_PHASE_COUNT] = {0}, peak = 200e9, bandwidth = 40e9, bytes = 300e9;
    seconds[IX_PHASE_FORWARD] = 90, flop[IX_PHASE_FORWARD] = 90 * 120e9, busy[IX_PHASE_FORWARD] = 72;
    seconds[IX_PHASE_UPDATE] = 10;
    CHECK_OK(ix_result_reals(r, "speed/seconds", &phases, seconds));
    CHECK_OK(ix_result_reals(r, "speed/flop", &phases, flop));
    CHECK_OK(ix_result_reals(r, "speed/product_seconds", &phases, busy));
    CHECK_OK(ix_result_reals(r, "speed/attention_flop", &phases, none));
    CHECK_OK(ix_result_reals(r, "speed/attention_seconds", &phases, none));
    CHECK_OK(ix_result_reals(r, "speed/update_bytes", NULL, &bytes));
    CHECK_OK(ix_result_reals(r, "speed/peak", NULL, &peak));
    CHECK_OK(ix_result_reals(r, "speed/bandwidth", NULL, &bandwidth));
}

/* As shares of what the machine reached. */
static void test_speed(void **state)
{
    static const struct {
        const char *column;
        double value;
    } want[] = {{"forward", 0.6}, {"step", 0.54},         {"products", 0.75}, {"bandwidth", 40e9},
                {"update", 0.75}, {"product_time", 0.72}, {"rest_time", 0.28}};
    char *folder = run_folder();
    ix_material m;
    ix_report r;
    (void)state;
    add(folder, (run_spec){SETS(good), .more = put_speed});
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    ix_report_make(&r, &m);
    for (size_t w = 0; w < sizeof want / sizeof *want; w++)
        CHECK_NEAR(run_cell(run_table(&r, "speed"), 0, want[w].column, IX_CELL_REAL)->real, want[w].value,
                   1e-12 * want[w].value);
    ix_report_free(&r);
    ix_material_free(&m);
    run_clean(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speed),  cmocka_unit_test(test_bands),   cmocka_unit_test(test_against),
        cmocka_unit_test(test_spread), cmocka_unit_test(test_quality), cmocka_unit_test(test_repetitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
