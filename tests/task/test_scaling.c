/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts of task scaling for given ranks, the pairs it draws, and what its result holds when it is read again. */
#include "task/scaling.h"

#include <unistd.h>

#include "base/file.h"
#include "check.h"
#include "store/reader.h"

static ix_settings settings_of(int64_t pairs, int64_t pairs_per_rank)
{
    ix_settings s = {.scaling = {.data = true,
                                 .tensor = true,
                                 .threads = true,
                                 .groups = true,
                                 .pairs_per_rank = pairs_per_rank,
                                 .warmup = 1,
                                 .steps = 2,
                                 .rounds = 2,
                                 .most_ranks = 4,
                                 .prompt_tokens = 67,
                                 .response_tokens = 123},
                     .data = {.max_prompt = 512, .max_response = 512},
                     .training = {.pairs_per_step = pairs},
                     .parallel = {.tensor = 1}};
    return s;
}

static char *names_of(const ix_scaling_layouts *list, ix_scaling_series series)
{
    ix_scaling_name name;
    char *text = ix_format("%s", "");
    for (int i = 0; i < list->count; i++) {
        if (!list->at[i].member[series]) continue;
        ix_scaling_name_of(name, &list->at[i]);
        char *more = ix_format("%s%s%s", text, *text ? " " : "", name);
        free(text);
        text = more;
    }
    return text;
}

static void check_series(const ix_scaling_layouts *list, ix_scaling_series series, const char *want)
{
    char *got = names_of(list, series);
    assert_string_equal(got, want);
    free(got);
}

static void six_ranks(void **state)
{
    ix_scaling_layouts list;
    ix_settings s = settings_of(8, 2);
    const ix_scaling_room room = {.ranks = 6, .tensor = 1, .threads = 2, .most_tensor = 4, .most_threads = 3};
    (void)state;
    ix_scaling_list(&list, &s, &room);
    check_series(&list, IX_SERIES_DATA, "g1_d1_t1_x2_p8 g1_d2_t1_x2_p8 g1_d4_t1_x2_p8 g1_d6_t1_x2_p8");
    check_series(&list, IX_SERIES_DATA_WEAK, "g1_d1_t1_x2_p2 g1_d2_t1_x2_p4 g1_d4_t1_x2_p8 g1_d6_t1_x2_p12");
    check_series(&list, IX_SERIES_TENSOR, "g1_d1_t1_x2_p8 g1_d1_t2_x2_p8 g1_d1_t4_x2_p8");
    check_series(&list, IX_SERIES_THREADS, "g1_d1_t1_x2_p8 g1_d1_t1_x1_p8 g1_d1_t1_x3_p8");
    check_series(&list, IX_SERIES_GROUPS, "g1_d1_t1_x2_p8 g2_d1_t1_x2_p8 g4_d1_t1_x2_p8 g6_d1_t1_x2_p8");
    assert_int_equal(list.count, 4 + 3 + 2 + 2 + 3); /* the unit is in four, one layout is strong and weak */
}

/* Units of two tensor ranks; too few pairs for the largest; series that are left out. */
static void units(void **state)
{
    ix_scaling_layouts list;
    ix_settings s = settings_of(3, 1);
    const ix_scaling_room room = {.ranks = 9, .tensor = 2, .threads = 1, .most_tensor = 8, .most_threads = 1};
    (void)state;
    s.scaling.groups = false;
    ix_scaling_list(&list, &s, &room);
    check_series(&list, IX_SERIES_DATA, "g1_d1_t2_x1_p3 g1_d2_t2_x1_p3");
    check_series(&list, IX_SERIES_DATA_WEAK, "g1_d1_t2_x1_p1 g1_d2_t2_x1_p2 g1_d4_t2_x1_p4");
    check_series(&list, IX_SERIES_TENSOR, "g1_d1_t2_x1_p3 g1_d1_t4_x1_p3 g1_d1_t8_x1_p3");
    check_series(&list, IX_SERIES_THREADS, "g1_d1_t2_x1_p3");
    check_series(&list, IX_SERIES_GROUPS, "");
    assert_int_equal(ix_scaling_ranks(&list.at[0]), 2);
}

static void one_rank(void **state)
{
    ix_scaling_layouts list;
    ix_settings s = settings_of(8, 2);
    const ix_scaling_room room = {.ranks = 1, .tensor = 1, .threads = 1, .most_tensor = 1, .most_threads = 1};
    (void)state;
    ix_scaling_list(&list, &s, &room);
    assert_int_equal(list.count, 1);
    check_series(&list, IX_SERIES_DATA_WEAK, "");
}

static int by_size(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

/* Lengths around the medians, within the limits; ids of the vocabulary; the same pairs each time. */
static void drawn_pairs(void **state)
{
    enum { PAIRS = 300 };
    const ix_model_config config = {.V = 50};
    ix_settings s = settings_of(PAIRS / 3, 2);
    ix_texts *texts = NULL, *again = NULL;
    char one[IX_HASH_HEX], two[IX_HASH_HEX];
    int32_t prompt[PAIRS], response[2 * PAIRS];
    (void)state;
    CHECK_OK(ix_scaling_draw(&texts, &config, &s));
    CHECK_OK(ix_scaling_draw(&again, &config, &s));
    assert_int_equal(ix_texts_count(texts), PAIRS); /* three steps of the larger of 100 and 4 x 2 */
    for (int64_t i = 0; i < PAIRS; i++) {
        const ix_pair *p = &ix_texts_get(texts, i)->ids;
        prompt[i] = p->prompt_size;
        for (int side = 0; side < 2; side++) {
            response[2 * i + side] = p->response_size[side];
            for (int32_t t = 0; t < p->response_size[side]; t++) assert_in_range(p->response[side][t], 0, 49);
        }
    }
    qsort(prompt, PAIRS, sizeof *prompt, by_size);
    qsort(response, 2 * PAIRS, sizeof *response, by_size);
    assert_true(prompt[0] >= 16 && prompt[PAIRS - 1] <= 512 && prompt[PAIRS - 1] > 300);
    assert_true(response[0] >= 2 && response[2 * PAIRS - 1] <= 512 && response[2 * PAIRS - 1] > 450);
    assert_in_range(prompt[PAIRS / 2], 58, 92); /* a little above 67: the shortest are drawn again */
    assert_in_range(response[PAIRS], 85, 130);  /* a little below 123: the longest are */
    ix_texts_hash(texts, one);
    ix_texts_hash(again, two);
    assert_string_equal(one, two);
    ix_texts_destroy(&texts);
    ix_texts_destroy(&again);
}

/* --- round trip ----------------------------------------------------------------------------------------------------
 */

static void write_result(const char *path, const ix_scaling_outcome *o)
{
    static const char *const text[][2] = {{"run_id", "r"},        {"twin_id", "t"},     {"suite", "s"},
                                          {"part", ""},           {"task", "scaling"},  {"model", "m"},
                                          {"objective", "ex_rm"}, {"verdict", "VALID"}, {"version", "0"},
                                          {"started", "a"},       {"finished", "b"}};
    const char *yaml = "suite: s\n";
    ix_result *r = NULL;
    CHECK_OK(ix_result_create(&r));
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) CHECK_OK(ix_result_text(r, text[i][0], text[i][1]));
    CHECK_OK(ix_result_int(r, "seed", 0));
    CHECK_OK(ix_result_int(r, "ranks", o->ranks));
    CHECK_OK(ix_result_texts(r, "config/resolved", NULL, &yaml));
    CHECK_OK(ix_scaling_store(o, r));
    CHECK_OK(ix_result_write(r, path));
    ix_result_destroy(&r);
}

static void check_numbers(const ix_reader *rd, const char *path, int rank, const double *want, int64_t n)
{
    int64_t dims[4] = {0}, all = 1;
    double *got = NULL;
    CHECK_OK(ix_reader_array(rd, path, rank, dims, &got));
    for (int d = 0; d < rank; d++) all *= dims[d];
    assert_int_equal(all, n);
    for (int64_t i = 0; i < n; i++)
        if (got[i] != want[i]) fail_msg("%s: %g at %d, wanted %g", path, got[i], (int)i, want[i]);
    free(got);
}

enum { STEPS = 6 }; /* two rounds of one warm-up and two steps */

static void fill(ix_scaling_step *step, int rank)
{
    for (int s = 0; s < STEPS; s++) {
        step[s] = (ix_scaling_step){.loss = s + 0.5, .pairs = 8, .tokens = 100 + s, .flops = 1000 * (s + 1)};
        for (int p = 0; p < IX_PHASE_COUNT; p++) step[s].seconds[p] = 100 * s + 10 * rank + p;
    }
}

/* Two groups of one rank on two nodes, the second with one core for two threads. */
static void round_trip(void **state)
{
    const ix_settings s = settings_of(8, 2);
    const ix_scaling_layout one = {
        .groups = 1, .data = 1, .tensor = 1, .threads = 1, .pairs = 8, .member = {true, false, true}};
    const ix_scaling_layout two = {
        .groups = 2, .data = 1, .tensor = 1, .threads = 2, .pairs = 8, .member = {[IX_SERIES_GROUPS] = true}};
    ix_scaling_step step[3][STEPS];
    ix_scaling_place place[] = {{.host = "a", .cores = {{0x0f}}}, {.host = "b", .cores = {{0, 0x10}}}};
    ix_scaling_tape tape[] = {{&one, STEPS, step[0], 0}, {&two, STEPS, step[1], 1e-9}};
    const ix_scaling_outcome o = {&s, tape, 2, place, 2, 1e11, 3e11};
    const double warmup[] = {1, 0, 0, 1, 0, 0}, round[] = {0, 0, 0, 1, 1, 1};
    char *path = ix_format("round-trip-%d.h5", (int)getpid()), **texts = NULL;
    ix_reader *rd = NULL;
    int64_t n;
    (void)state;
    for (int i = 0; i < 3; i++) fill(step[i], i == 2);
    write_result(path, &o);
    CHECK_OK(ix_reader_open(&rd, path));
    CHECK_OK(ix_reader_texts(rd, "/scaling/layout", 1, &n, &texts));
    assert_true(n == 2 && !strcmp(texts[0], "g1_d1_t1_x1_p8") && !strcmp(texts[1], "g2_d1_t1_x2_p8"));
    free(texts);
    CHECK_OK(ix_reader_texts(rd, "/scaling/series", 1, &n, &texts));
    assert_true(n == 2 && !strcmp(texts[0], "data,tensor") && !strcmp(texts[1], "groups"));
    free(texts);
    check_numbers(rd, "/scaling/ranks", 1, (const double[]){1, 2}, 2);
    check_numbers(rd, "/scaling/nodes", 1, (const double[]){1, 2}, 2);
    check_numbers(rd, "/scaling/busy", 1, (const double[]){1, 2}, 2);
    check_numbers(rd, "/scaling/cores", 1, (const double[]){4, 1}, 2); /* of the fuller node */
    check_numbers(rd, "/scaling/deviation", 1, (const double[]){0, 1e-9}, 2);
    check_numbers(rd, "/scaling/node_peak", 0, (const double[]){3e11}, 1);
    check_numbers(rd, "/scaling/g2_d1_t1_x2_p8/warmup", 1, warmup, STEPS);
    check_numbers(rd, "/scaling/g2_d1_t1_x2_p8/round", 1, round, STEPS);
    check_numbers(rd, "/scaling/g2_d1_t1_x2_p8/pairs", 1, (const double[]){16, 16, 16, 16, 16, 16}, STEPS);
    check_numbers(rd, "/scaling/g1_d1_t1_x1_p8/tokens", 1, (const double[]){100, 101, 102, 103, 104, 105}, STEPS);
    check_numbers(rd, "/scaling/g2_d1_t1_x2_p8/flops", 1, (const double[]){2000, 4000, 6000, 8000, 10000, 12000},
                  STEPS);
    double time[STEPS][2][IX_PHASE_COUNT];
    for (int t = 0; t < STEPS; t++)
        for (int r = 0; r < 2; r++)
            for (int p = 0; p < IX_PHASE_COUNT; p++) time[t][r][p] = 100 * t + 10 * r + p;
    check_numbers(rd, "/scaling/g2_d1_t1_x2_p8/time", 3, &time[0][0][0], STEPS * 2 * IX_PHASE_COUNT);
    ix_reader_close(&rd);

    /* Another machine: other times, other nodes; the same answer. Then another loss. */
    char *other = ix_format("round-trip-%d-b.h5", (int)getpid()), *said = NULL;
    size_t size;
    int differences = -1;
    step[0][1].seconds[IX_PHASE_FORWARD] = 7;
    place[1].cores.bits[0] = 0xff;
    const ix_scaling_outcome faster = {&s, tape, 2, place, 2, 2e11, 4e11};
    write_result(other, &faster);
    FILE *out = open_memstream(&said, &size);
    CHECK_OK(ix_results_compare(path, other, out, &differences));
    assert_int_equal(differences, 0);
    step[0][1].loss = 9;
    write_result(other, &faster);
    CHECK_OK(ix_results_compare(path, other, out, &differences));
    fclose(out);
    assert_int_equal(differences, 1);
    assert_non_null(strstr(said, "/scaling/g1_d1_t1_x1_p8/loss: 1 of 6 values differ"));
    free(said);
    remove(path);
    remove(other);
    free(path);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(six_ranks), cmocka_unit_test(units), cmocka_unit_test(one_rank),
                                       cmocka_unit_test(drawn_pairs), cmocka_unit_test(round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
