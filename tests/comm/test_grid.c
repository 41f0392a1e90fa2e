/* SPDX-License-Identifier: Apache-2.0
 *
 * The grid: its shapes, its collectives on every axis, and a failure on one rank only. */
#include "check.h"

#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "comm/question.h"

/* groups x data x tensor boxes for the number of ranks; the last entry ends the list. */
static int boxes(int ranks, int box[][3])
{
    int count = 0;
    for (int groups = 1; groups <= ranks; groups++)
        for (int data = 1; groups * data <= ranks; data++)
            if (ranks % (groups * data) == 0) {
                box[count][0] = groups;
                box[count][1] = data;
                box[count++][2] = ranks / groups / data;
            }
    return count;
}

static void box_has_its_shape(void **state)
{
    (void)state;
    int box[16][3], count = boxes(ix_comm_ranks(), box);
    for (int b = 0; b < count; b++) {
        int data = box[b][1], tensor = box[b][2];
        ix_grid *g = NULL;
        CHECK_OK(ix_grid_create(&g, box[b][0], data, tensor));
        assert_int_equal(ix_grid_size(g, IX_WORLD), ix_comm_ranks());
        assert_int_equal(ix_grid_size(g, IX_GROUP), data * tensor);
        assert_int_equal(ix_grid_size(g, IX_DATA), data);
        assert_int_equal(ix_grid_size(g, IX_TENSOR), tensor);
        assert_int_equal(ix_grid_groups(g), box[b][0]);
        int place = (ix_grid_group(g) * data + ix_grid_rank(g, IX_DATA)) * tensor + ix_grid_rank(g, IX_TENSOR);
        assert_int_equal(place, ix_grid_rank(g, IX_WORLD));
        assert_int_equal(ix_grid_rank(g, IX_WORLD), ix_comm_rank());
        assert_int_equal(ix_grid_rank(g, IX_GROUP), ix_comm_rank() % (data * tensor));
        ix_grid_destroy(&g);
        assert_null(g);
    }
}

/* The first ranks of a group as a world of their own; the others have none. */
static void part_has_its_own_box(void **state)
{
    (void)state;
    ix_grid *g = NULL, *part = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    for (int n = 1; n <= ranks; n++) {
        int box[16][3], count = boxes(n, box);
        for (int b = 0; b < count; b++) {
            ix_grid_create_part(&part, g, box[b][0], box[b][1], box[b][2]);
            assert_true((part != NULL) == (me < n));
            if (part) {
                double sum = me + 1;
                assert_int_equal(ix_grid_size(part, IX_WORLD), n);
                assert_int_equal(ix_grid_rank(part, IX_WORLD), me);
                assert_int_equal(ix_grid_group(part), me / (box[b][1] * box[b][2]));
                assert_int_equal(ix_grid_groups(part), box[b][0]);
                assert_int_equal(ix_grid_size(part, IX_DATA), box[b][1]);
                assert_int_equal(ix_grid_rank(part, IX_TENSOR), me % box[b][2]);
                ix_grid_sum_double(part, IX_WORLD, &sum, 1);
                assert_true(sum == n * (n + 1) / 2.0);
            }
            ix_grid_rest(g, IX_GROUP);
            ix_grid_destroy(&part);
        }
    }
    ix_grid_destroy(&g);
}

/* Nobody passes before the last has come, and whoever waits takes no processor time to speak of. */
static void resting_is_a_barrier(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    struct timespec late = {.tv_nsec = 300000000}, before, after;
    int ranks = ix_comm_ranks();
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    double came = 0, passed[2];
    if (ix_comm_rank() == ranks - 1) nanosleep(&late, NULL);
    came = ix_seconds();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    ix_grid_rest(g, IX_WORLD);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    passed[0] = -ix_seconds();
    passed[1] = came;
    ix_grid_max_double(g, IX_WORLD, passed, 2);
    assert_true(-passed[0] >= passed[1]); /* one clock on one node: the first to pass, the last to come */
    double spent = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    assert_true(spent < 0.2);
    ix_grid_destroy(&g);
}

static void wrong_box_is_refused(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks();
    CHECK_FAILS(ix_grid_create(&g, 1, ranks + 1, 1), IX_EINPUT, "do not make the");
    CHECK_FAILS(ix_grid_create(&g, 1 << 30, 1 << 30, 1 << 30), IX_EINPUT, "do not make the");
    CHECK_FAILS(ix_grid_create(&g, 0, ranks, 1), IX_EINPUT, "at least 1");
    CHECK_FAILS(ix_grid_create(&g, -1, -ranks, 1), IX_EINPUT, "at least 1");
    assert_null(g);
}

/* Every way to cut so many ranks into groups of shapes: calls `test` with each, ranks left over included. */
typedef void cut_test(const ix_shape *shape, int groups);

static void cut_all(ix_shape *shape, int groups, int left, cut_test *test)
{
    if (groups) test(shape, groups);
    for (int data = 1; data <= left; data++)
        for (int tensor = 1; data * tensor <= left; tensor++) {
            shape[groups] = (ix_shape){data, tensor};
            cut_all(shape, groups + 1, left - data * tensor, test);
        }
}

/* The ranks of an axis, by a sum of powers of two: bit r stands for world rank r. */
static int members(const ix_grid *g, ix_axis axis)
{
    double x = ldexp(1, ix_comm_rank()), most = ix_comm_rank();
    ix_grid_sum_double(g, axis, &x, 1);
    ix_grid_max_double(g, axis, &most, 1);
    assert_true(most == floor(log2(x)));
    return (int)x;
}

static void check_shapes(const ix_shape *shape, int groups)
{
    ix_grid *g = NULL;
    int me = ix_comm_rank(), first = 0, group = 0;
    ix_shape mine = {1, 1};
    while (group < groups && me >= first + shape[group].data * shape[group].tensor) {
        first += shape[group].data * shape[group].tensor;
        group++;
    }
    if (group < groups) mine = shape[group];
    else group = -1, first = me;
    int size = mine.data * mine.tensor, t = (me - first) % mine.tensor, d = (me - first) / mine.tensor;
    CHECK_OK(ix_grid_create_shapes(&g, shape, groups));
    assert_int_equal(ix_grid_groups(g), groups);
    assert_int_equal(ix_grid_group(g), group);
    const int sizes[IX_AXES] = {ix_comm_ranks(), size, mine.data, mine.tensor},
              places[IX_AXES] = {me, me - first, d, t};
    int want[IX_AXES] = {(1 << ix_comm_ranks()) - 1, ((1 << size) - 1) << first};
    for (int i = 0; i < mine.data; i++) want[IX_DATA] |= 1 << (first + i * mine.tensor + t);
    for (int i = 0; i < mine.tensor; i++) want[IX_TENSOR] |= 1 << (first + d * mine.tensor + i);
    for (ix_axis axis = IX_WORLD; axis < IX_AXES; axis++) {
        assert_int_equal(ix_grid_size(g, axis), sizes[axis]);
        assert_int_equal(ix_grid_rank(g, axis), places[axis]);
        assert_int_equal(members(g, axis), want[axis]);
    }
    float x = (float)(1 << me);
    ix_grid_sum_tensor(g, &x, 1);
    assert_int_equal((int)x, want[IX_TENSOR]);
    ix_grid_destroy(&g);
}

static void groups_of_any_shapes(void **state)
{
    (void)state;
    ix_shape shape[8];
    cut_all(shape, 0, ix_comm_ranks(), check_shapes);
}

static void shapes_that_need_more_are_refused(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks();
    const ix_shape large[] = {{ranks, 1}, {1, 1}}, huge[] = {{1 << 30, 1 << 30}}, none[] = {{1, 0}};
    CHECK_FAILS(ix_grid_create_shapes(&g, large, 2), IX_EINPUT, "but there are only");
    CHECK_FAILS(ix_grid_create_shapes(&g, huge, 1), IX_EINPUT, "but there are only");
    CHECK_FAILS(ix_grid_create_shapes(&g, none, 1), IX_EINPUT, "at least 1");
    assert_null(g);
}

static void self_is_alone(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    double x = ix_comm_rank();
    CHECK_OK(ix_grid_create_self(&g));
    for (ix_axis axis = IX_WORLD; axis < IX_AXES; axis++) {
        assert_int_equal(ix_grid_size(g, axis), 1);
        assert_int_equal(ix_grid_rank(g, axis), 0);
        ix_grid_sum_double(g, axis, &x, 1);
        ix_grid_max_double(g, axis, &x, 1);
        ix_grid_barrier(g, axis);
    }
    assert_true(x == ix_comm_rank());
    assert_int_equal(ix_grid_agree(g, IX_WORLD, ix_fail(IX_EIO, "mine")), IX_EIO);
    assert_string_equal(ix_message(), "mine");
    ix_grid_destroy(&g);
}

static void worst_status_wins_with_its_message(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    CHECK_OK(ix_grid_agree(g, IX_WORLD, IX_OK));
    for (int bad = 0; bad < ranks; bad++) {
        ix_status mine = me == bad ? ix_fail(IX_EIO, "disk %d is full: %%s stays as it is", bad) : IX_OK;
        char want[64];
        snprintf(want, sizeof want, "disk %d is full: %%s stays as it is", bad);
        assert_int_equal(ix_grid_agree(g, IX_DATA, mine), IX_EIO);
        assert_string_equal(ix_message(), want);
    }
    ix_status mine = ix_fail(me % 2 ? IX_EIO : IX_EINPUT, "rank %d", me); /* the lowest rank with the worst of two */
    assert_int_equal(ix_grid_agree(g, IX_WORLD, mine), ranks > 1 ? IX_EIO : IX_EINPUT);
    assert_string_equal(ix_message(), ranks > 1 ? "rank 1" : "rank 0");
    ix_grid_destroy(&g);
}

static void long_message_arrives_whole(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    static char text[12001];
    memset(text, 'x', sizeof text - 1);
    CHECK_OK(ix_grid_create(&g, 1, 1, ix_comm_ranks()));
    int last = ix_comm_ranks() - 1;
    assert_int_equal(ix_grid_agree(g, IX_TENSOR, ix_comm_rank() == last ? ix_fail(IX_EINPUT, "%s", text) : IX_OK),
                     IX_EINPUT);
    assert_string_equal(ix_message(), text);
    ix_grid_destroy(&g);
}

static void groups_agree_apart(void **state)
{
    (void)state;
    int ranks = ix_comm_ranks();
    ix_grid *g = NULL;
    CHECK_OK(ix_grid_create(&g, ranks, 1, 1));
    bool bad = ix_grid_group(g) == ranks - 1;
    assert_int_equal(ix_grid_agree(g, IX_GROUP, bad ? ix_fail(IX_ENUMERIC, "NaN") : IX_OK), bad ? IX_ENUMERIC : IX_OK);
    assert_int_equal(ix_grid_agree(g, IX_WORLD, bad ? ix_fail(IX_ENUMERIC, "NaN") : IX_OK), IX_ENUMERIC);
    ix_grid_destroy(&g);
}

static void bytes_reach_everybody(void **state)
{
    (void)state;
    enum { N = 100003 };
    ix_grid *g = NULL;
    unsigned char *x = malloc(N);
    int ranks = ix_comm_ranks();
    assert_non_null(x);
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    for (int root = 0; root < ranks; root++) {
        for (int i = 0; i < N; i++) x[i] = (unsigned char)(ix_comm_rank() == root ? i * 7 + root : 0);
        ix_grid_bcast(g, IX_WORLD, root, x, N);
        for (int i = 0; i < N; i++) assert_int_equal(x[i], (i * 7 + root) & 255);
        ix_grid_bcast(g, IX_WORLD, root, NULL, 0);
    }
    free(x);
    ix_grid_destroy(&g);
}

static void blocks_of_any_size_meet_at_root(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    char mine[64];
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    for (int root = 0; root < ranks; root++) {
        ix_parts parts;
        size_t size = (size_t)(me % 2 ? 0 : 10 + me); /* some have nothing */
        memset(mine, 'a' + me, sizeof mine);
        CHECK_OK(ix_grid_gather_bytes(g, IX_WORLD, root, size ? mine : NULL, size, &parts));
        assert_true((parts.offset != NULL) == (me == root));
        for (int r = 0; me == root && r < ranks; r++) {
            assert_int_equal(parts.offset[r + 1] - parts.offset[r], r % 2 ? 0 : 10 + r);
            for (size_t i = parts.offset[r]; i < parts.offset[r + 1]; i++) assert_int_equal(parts.bytes[i], 'a' + r);
        }
        ix_parts_free(&parts);
        assert_null(parts.bytes);
    }
    ix_grid_destroy(&g);
}

/* Terms whose sum depends on the order: the n-th number of rank r. */
static double term(int r, int64_t i)
{
    return ldexp(1.0 + (double)((i * 2654435761LL + r * 40503LL) % 1009) / 7, (int)((i + 13 * r) % 60));
}

static void sums_run_in_rank_order(void **state)
{
    (void)state;
    enum { N = 9001 }; /* more than one round of the exchange */
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    double *x = malloc(N * sizeof *x);
    assert_non_null(x);
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    for (int64_t i = 0; i < N; i++) x[i] = term(me, i);
    ix_grid_sum_double(g, IX_DATA, x, N);
    for (int64_t i = 0; i < N; i++) {
        double want = term(0, i);
        for (int r = 1; r < ranks; r++) want += term(r, i);
        assert_memory_equal(&x[i], &want, sizeof want);
    }
    free(x);
    ix_grid_destroy(&g);
}

static void largest_is_found_and_nan_is_kept(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    double x[4] = {me, -me, me == ranks - 1 ? NAN : 5, me == 0 ? NAN : -INFINITY};
    ix_grid_max_double(g, IX_WORLD, x, 4);
    assert_true(x[0] == ranks - 1 && x[1] == 0 && isnan(x[2]) && isnan(x[3]));
    ix_grid_destroy(&g);
}

static void disjoint_numbers_merge_exactly(void **state)
{
    (void)state;
    enum { N = 5000 };
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), me = ix_comm_rank();
    double x[N] = {0}, want[N];
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    for (int i = 0; i < N; i++) {
        want[i] = i % 11 == 0 ? -0.0 : i % 13 == 0 ? NAN : i % 17 == 0 ? -INFINITY : sin(i) * 1e-310;
        if (i * 31 % ranks == me) x[i] = want[i];
    }
    ix_grid_merge_double(g, IX_DATA, x, N);
    assert_memory_equal(x, want, sizeof x);
    ix_grid_destroy(&g);
}

static void different_hash_names_rank_and_host(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    int ranks = ix_comm_ranks(), last = ranks - 1;
    char hex[IX_HASH_HEX], want[64];
    CHECK_OK(ix_grid_create(&g, 1, ranks, 1));
    ix_hash_bytes("a", 1, hex);
    CHECK_OK(ix_grid_same_hash(g, IX_WORLD, hex, "the program"));
    CHECK_OK(ix_grid_same_hash(g, IX_WORLD, "", "the program"));
    if (ranks == 1) {
        ix_grid_destroy(&g);
        return;
    }
    if (ix_comm_rank() == last) ix_hash_bytes("b", 1, hex);
    snprintf(want, sizeof want, ", rank %d on %s has 3e23e8160039", last, ix_comm_host());
    CHECK_FAILS(ix_grid_same_hash(g, IX_WORLD, hex, "the program"), IX_EINPUT, want);
    assert_non_null(strstr(ix_message(), "the program is not the same on all ranks: rank 0 on "));
    assert_null(strstr(ix_message(), "rank 0 on a has ca978112ca1b, rank 1 on a has ca978112ca1b"));
    ix_grid_destroy(&g);
}

/* Other collectives run between question and answer; the last question is never answered. */
static void questions_wait_for_their_answers(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    ix_question *q = NULL;
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    CHECK_OK(ix_question_create(&q, g, IX_GROUP));
    int rank = ix_grid_rank(g, IX_GROUP), ranks = ix_grid_size(g, IX_GROUP);
    for (int round = 0; round < 50; round++) {
        double x[IX_QUESTION] = {round % ranks == rank ? 1 + round : -1, -rank - round}, sum = 1;
        assert_false(ix_question_open(q));
        ix_question_ask(q, x);
        assert_true(ix_question_open(q));
        ix_grid_sum_double(g, IX_GROUP, &sum, 1);
        assert_true(sum == ranks);
        ix_question_answer(q, x);
        assert_true(x[0] == 1 + round);
        assert_true(x[1] == -round);
    }
    ix_question_ask(q, (double[IX_QUESTION]){0, 0});
    ix_question_destroy(&q);
    assert_null(q);
    ix_grid_destroy(&g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(box_has_its_shape),
        cmocka_unit_test(part_has_its_own_box),
        cmocka_unit_test(resting_is_a_barrier),
        cmocka_unit_test(groups_of_any_shapes),
        cmocka_unit_test(shapes_that_need_more_are_refused),
        cmocka_unit_test(wrong_box_is_refused),
        cmocka_unit_test(self_is_alone),
        cmocka_unit_test(worst_status_wins_with_its_message),
        cmocka_unit_test(long_message_arrives_whole),
        cmocka_unit_test(groups_agree_apart),
        cmocka_unit_test(bytes_reach_everybody),
        cmocka_unit_test(blocks_of_any_size_meet_at_root),
        cmocka_unit_test(sums_run_in_rank_order),
        cmocka_unit_test(largest_is_found_and_nan_is_kept),
        cmocka_unit_test(disjoint_numbers_merge_exactly),
        cmocka_unit_test(questions_wait_for_their_answers),
        cmocka_unit_test(different_hash_names_rank_and_host),
    };
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_comm_stop();
    return failed != 0;
}
