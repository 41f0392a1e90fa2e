/* SPDX-License-Identifier: Apache-2.0
 *
 * The report on timed layouts with known truth: every speed-up, efficiency, share and imbalance, and what is said. */
#include "figure.h"
#include "report.h"
#include "runs.h"

enum { STEPS = 8 }; /* two rounds of one warm-up and three steps */

/* A layout whose steps take `seconds` on rank 0; the others compute `less` of that shorter and wait as long. */
typedef struct {
    const char *name, *series;
    int64_t groups, data, tensor, threads, pairs, busy;
    double seconds, less;
} timed;

static const timed layouts[] = {{"one", "data,tensor,threads,groups", 1, 1, 1, 1, 8, 1, 1.0, 0},
                                {"d2", "data,data-weak", 1, 2, 1, 1, 8, 2, 0.625, 0.2},
                                {"d4", "data", 1, 4, 1, 1, 8, 4, 0.5, 0},
                                {"w1", "data-weak", 1, 1, 1, 1, 4, 1, 0.5, 0},
                                {"x2", "threads", 1, 1, 1, 2, 8, 2, 0.625, 0},
                                {"g2", "groups", 2, 1, 1, 1, 8, 2, 1.25, 0.2}};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

static void put_column(ix_result *r, const char *path, int64_t (*of)(const timed *))
{
    const int64_t n = LAYOUTS;
    int64_t value[LAYOUTS];
    for (int i = 0; i < LAYOUTS; i++) value[i] = of(&layouts[i]);
    CHECK_OK(ix_result_ints(r, path, &n, value));
}

static int64_t groups_of(const timed *t)
{
    return t->groups;
}
static int64_t data_of(const timed *t)
{
    return t->data;
}
static int64_t tensor_of(const timed *t)
{
    return t->tensor;
}
static int64_t threads_of(const timed *t)
{
    return t->threads;
}
static int64_t ranks_of(const timed *t)
{
    return t->groups * t->data * t->tensor;
}
static int64_t pairs_of(const timed *t)
{
    return t->pairs;
}
static int64_t one_of(const timed *t)
{
    (void)t;
    return 1;
}
static int64_t busy_of(const timed *t)
{
    return t->busy;
}
static int64_t cores_of(const timed *t)
{
    (void)t;
    return 2;
}

/* Each rank: 4/10 forward, 5/10 backward, 1/10 reduce of the first rank's step; a warm-up takes ten times as long. In a
 * group of its own, whoever computes less is faster by that. */
static void put_times(ix_result *r, const timed *t)
{
    const int64_t ranks = ranks_of(t), n = STEPS, shape[] = {STEPS, ranks, IX_PHASE_COUNT};
    double *time = calloc((size_t)(STEPS * ranks * IX_PHASE_COUNT), sizeof *time), flops[STEPS];
    int64_t round[STEPS], warmup[STEPS], pairs[STEPS];
    for (int64_t s = 0; s < STEPS; s++) {
        round[s] = s / 4;
        warmup[s] = s % 4 == 0;
        pairs[s] = t->pairs * t->groups;
        flops[s] = 1e9 * (double)(pairs[s] * (1 + s % 4)); /* longer steps have more to do */
        for (int64_t k = 0; k < ranks; k++) {
            double *at = time + (s * ranks + k) * IX_PHASE_COUNT, all = t->seconds * (double)(1 + s % 4);
            if (warmup[s]) all *= 10;
            double less = k ? t->less * all : 0;
            at[IX_PHASE_FORWARD] = 0.4 * all - less;
            at[IX_PHASE_BACKWARD] = 0.5 * all;
            at[IX_PHASE_REDUCE] = 0.1 * all + (t->groups > 1 ? 0 : less);
        }
    }
    const struct {
        const char *name;
        const int64_t *ints;
        const double *reals;
    } set[] = {{"round", round, NULL},  {"warmup", warmup, NULL}, {"pairs", pairs, NULL},
               {"tokens", pairs, NULL}, {"flops", NULL, flops},   {"loss", NULL, flops}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        char *path = ix_format("scaling/%s/%s", t->name, set[i].name);
        if (set[i].ints) CHECK_OK(ix_result_ints(r, path, &n, set[i].ints));
        else CHECK_OK(ix_result_reals(r, path, &n, set[i].reals));
        free(path);
    }
    char *path = ix_format("scaling/%s/time", t->name);
    CHECK_OK(ix_result_reals(r, path, shape, time));
    free(path);
    free(time);
}

static void put_layouts(ix_result *r)
{
    static const struct {
        const char *path;
        int64_t (*of)(const timed *);
    } column[] = {{"scaling/groups", groups_of},   {"scaling/data", data_of},   {"scaling/tensor", tensor_of},
                  {"scaling/threads", threads_of}, {"scaling/ranks", ranks_of}, {"scaling/pairs", pairs_of},
                  {"scaling/nodes", one_of},       {"scaling/busy", busy_of},   {"scaling/cores", cores_of}};
    const int64_t n = LAYOUTS;
    const char *name[LAYOUTS], *series[LAYOUTS];
    const double deviation[LAYOUTS] = {0}, core = 16e9, node = 24e9;
    for (int i = 0; i < LAYOUTS; i++) {
        name[i] = layouts[i].name;
        series[i] = layouts[i].series;
        put_times(r, &layouts[i]);
    }
    CHECK_OK(ix_result_texts(r, "scaling/layout", &n, name));
    CHECK_OK(ix_result_texts(r, "scaling/series", &n, series));
    for (size_t c = 0; c < sizeof column / sizeof *column; c++) put_column(r, column[c].path, column[c].of);
    CHECK_OK(ix_result_reals(r, "scaling/deviation", &n, deviation));
    CHECK_OK(ix_result_reals(r, "scaling/core_peak", NULL, &core));
    CHECK_OK(ix_result_reals(r, "scaling/node_peak", NULL, &node));
}

/* A layout without its steps. */
static void put_lost(ix_result *r)
{
    const int64_t n = LAYOUTS;
    const char *name[LAYOUTS];
    put_layouts(r);
    for (int i = 0; i < LAYOUTS; i++) name[i] = i ? layouts[i].name : "gone";
    CHECK_OK(ix_result_texts(r, "scaling/layout", &n, name));
}

static const run_spec spec = {.suite = "s", .task = "scaling", .untimed = true, .more = put_layouts};

static void add(const char *folder, run_spec what)
{
    free(run_write(folder, &what));
}

static void check_report(const char *folder, void (*emit)(FILE *, const ix_report *), const char *const *line,
                         int lines)
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
    for (int i = 0; i < lines; i++)
        if (!strstr(text, line[i])) fail_msg("lacks '%s' in\n%s", line[i], text);
    for (const char *at = text, *end; emit == ix_report_term && (end = strchr(at, '\n')); at = end + 1)
        if (end - at > 100) fail_msg("more than 100 columns: %.*s", (int)(end - at), at);
    assert_null(strstr(text, "Cost of VALID runs")); /* there is nothing else to show */
    free(text);
    ix_report_free(&r);
    ix_material_free(&m);
}

/* Alone steps take 2, 3 and 4 s for 8 pairs and 16, 24 and 32 GFLOP. n = 2 takes 0.625 of that: 1.6 times as fast,
 * efficiency 0.8, 12.8 GFLOP/s of 2 x 16. Of two runs side by side one takes 1.25, the other 1.0 of it: 0.8 + 1. */
static void exact_figures(void **state)
{
    static const char *const lines[] = {
        "suite s, model tiny, objective EX-RM, seed 0, over data ranks (strong)\n",
        "n  ranks  threads  pairs/s  speed-up   middle half  efficiency  of peak  max/mean",
        "1      1        1    2.667      1.00             -        1.00     0.50     1.000\n",
        "2      2        1    4.267      1.60  1.60 to 1.60        0.80     0.40     1.125\n",
        "4      4        1    5.333      2.00  2.00 to 2.00        0.50     0.25     1.000  oversubscribed\n",
        "over data ranks (weak)\n",
        "2      2        1    4.267      1.60  1.60 to 1.60        0.80     0.40     1.125\n",
        "over threads (strong)\n",
        "2      1        2    4.267      1.60  1.60 to 1.60        0.80     0.40     1.000\n",
        "over runs side by side\n",
        "2      2        1      4.8      1.80  1.80 to 1.80        0.90     0.45     1.125\n",
        "Nothing to compare over: tensor.",
        "(4 on 2 to begin with)",
        "16.0 GFLOP/s on one core and 24.0 on the ranks of a whole node together, 1.50\ntimes as much",
    };
    char *folder = run_folder();
    (void)state;
    add(folder, spec);
    check_report(folder, ix_report_term, lines, sizeof lines / sizeof *lines);
    run_clean(folder);
}

/* d2: the second rank computes 0.7 of 0.9 of a step and waits 0.2: means 0.3, 0.5, reduce 0.1, wait 0.1. */
static void exact_shares(void **state)
{
    static const char *const lines[] = {
        "layout  s/step   data  forward   head  backward  reduce  update   wait\n",
        "one          3  0.000    0.400  0.000     0.500   0.100   0.000  0.000\n",
        "d2        1.88  0.000    0.300  0.000     0.500   0.100   0.000  0.100\n",
    };
    static const char *const bars[] = {"| d2 | 1.88 | 0.000 | 0.300 | 0.000 | 0.500 | 0.100 | 0.000 | 0.100 |"};
    char *folder = run_folder();
    (void)state;
    add(folder, spec);
    check_report(folder, ix_report_term, lines, sizeof lines / sizeof *lines);
    check_report(folder, ix_report_markdown, bars, 1);
    run_clean(folder);
}

/* CSV: imbalance of every phase, and all digits. */
static void csv(void **state)
{
    char *folder = run_folder(), *path = ix_format("%s/scaling_phases.csv", folder), *text = NULL;
    const char *const paths = folder;
    size_t size;
    ix_material m;
    ix_report r;
    (void)state;
    add(folder, spec);
    CHECK_OK(ix_material_read(&m, &paths, 1));
    ix_report_make(&r, &m);
    CHECK_OK(ix_report_write_csv(&r, folder));
    CHECK_OK(ix_file_read(path, &text, &size));
    const char *d2 = strstr(text, ",d2,"), *uneven = strstr(text, "forward_imbalance");
    assert_true(d2 && uneven && uneven < d2);
    /* forward 0.4 over 0.3; backward even; reduce 0.3 over 0.2 */
    if (!strstr(d2, ",1.3333333333333") || !strstr(d2, ",1.5")) fail_msg("%s", d2);
    free(text);
    free(path);
    ix_report_free(&r);
    ix_material_free(&m);
    run_clean(folder);
}

/* A panel for each of the four series, filled points, open ones where threads outnumber cores; and it can be drawn. */
static void drawn(void **state)
{
    char *folder = run_folder(), **svg = NULL;
    ix_material m;
    ix_report r;
    (void)state;
    add(folder, spec);
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    ix_report_make(&r, &m);
    assert_int_equal(r.tables.figures, 1);
    const ix_figure *f = r.tables.figure[0];
    assert_string_equal(f->id, "scaling-1");
    assert_string_equal(f->title, "Speed-up of a training step: s, tiny, EX-RM");
    assert_non_null(strstr(f->script, "$s0_0 << END_OF_DATA\n1 NaN NaN NaN\n1 1 1 1\n2 1.6 1.6 1.6\nEND_OF_DATA\n"
                                      "$s0_1 << END_OF_DATA\n1 NaN NaN NaN\n4 2 2 2\nEND_OF_DATA\n"));
    assert_non_null(strstr(f->script, "$s3_0 << END_OF_DATA\n1 NaN NaN NaN\n1 1 1 1\n2 1.8 1.8 1.8\n"));
    assert_null(strstr(f->script, "$s4_0"));
    if (ix_figures_svg(&r.tables, &svg) == IX_OK) assert_non_null(strstr(svg[0], "runs side by side"));
    else assert_non_null(strstr(ix_message(), "gnuplot is not installed"));
    ix_svgs_free(&r.tables, svg);
    ix_report_free(&r);
    ix_material_free(&m);
    run_clean(folder);
}

static void damaged_and_invalid(void **state)
{
    char *folder = run_folder();
    run_spec lost = spec, invalid = spec;
    ix_material m;
    ix_report r;
    (void)state;
    lost.more = put_lost;
    invalid.seed = 1;
    invalid.verdict = "losses differ";
    add(folder, lost);
    add(folder, invalid);
    CHECK_OK(ix_material_read(&m, (const char *const *)&folder, 1));
    assert_true(m.records == 1 && m.unreadable == 1);
    assert_non_null(strstr(m.trouble[0], "/scaling/gone/time"));
    ix_report_make(&r, &m);
    for (int i = 0; i < r.tables.count; i++) assert_string_not_equal(r.tables.at[i]->id, "scaling");
    ix_report_free(&r);
    ix_material_free(&m);
    run_clean(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact_figures), cmocka_unit_test(exact_shares),
                                       cmocka_unit_test(csv), cmocka_unit_test(drawn),
                                       cmocka_unit_test(damaged_and_invalid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
