/* SPDX-License-Identifier: Apache-2.0
 *
 * The sum over lanes has the bits of the tree in lanes.h, whatever the number of lanes, ranks and floats. Run on 1 to 4
 * ranks, so every rank count meets every lane count. */
#include "check.h"

#include "base/hash.h"
#include "base/random.h"
#include "comm/lanes.h"

/* Entry i of a lane's gradient: of any size and sign, so that every order of additions has its own bits. */
static float entry(int lane, int64_t i)
{
    uint64_t index = (uint64_t)(i * 64 + lane);
    double x = ix_draw_uniform(7, IX_DRAW_TEST, index) - 0.5;
    return ldexpf((float)x, (int)(ix_draw_bits(8, IX_DRAW_TEST, index) % 12));
}

/* The definition: [0, L) = [0, p) + [p, L), here for one entry. */
static float tree(int lo, int hi, int64_t i)
{
    int p = 1;
    if (hi - lo == 1) return entry(lo, i);
    while (2 * p < hi - lo) p *= 2;
    return tree(lo, lo + p, i) + tree(lo + p, hi, i);
}

/* One step: every lane filled, reduced, checked against the definition, gathered, and checked again. */
static void check_step(const ix_grid *g, ix_lanes *lanes, int L, int64_t n, float *weights, bool travels)
{
    int D = ix_grid_size(g, IX_DATA), rank = ix_grid_rank(g, IX_DATA);
    ix_span own = ix_split(L, D, rank);
    for (int64_t lane = own.lo; lane < own.hi; lane++) {
        bool early = travels && lane + 1 == own.hi; /* the last lane is sent while it comes about */
        float *x = ix_lanes_begin(lanes);
        if (early) ix_lanes_closing(lanes);
        for (int64_t i = n - 1; i >= 0; i--) {
            x[i] += entry((int)lane, i);
            if (early && i % (900 + 800 * rank) == 0) ix_lanes_ready(lanes, i);
        }
        ix_lanes_end(lanes);
    }
    const float *sum = ix_lanes_reduce(lanes);
    for (int64_t i = 0; i < n; i++) weights[i] = NAN;
    for (int64_t k = 0; k < ix_lanes_count(lanes); k++) {
        ix_span mine = ix_lanes_mine(lanes, k);
        for (int64_t i = mine.lo; i < mine.hi; i++) weights[i] = sum[i];
    }
    ix_lanes_gather(lanes, weights);
    for (int64_t i = 0; i < n; i++) {
        float want = tree(0, L, i);
        if (memcmp(&weights[i], &want, sizeof want) != 0)
            fail_msg("L %d n %lld: entry %lld is %a, not %a", L, (long long)n, (long long)i, (double)weights[i],
                     (double)want);
    }
}

static void check_bits(int block)
{
    static const int lane_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16};
    static const int64_t sizes[] = {1, 4095, 4096, 13001, 20481};
    ix_grid *g = NULL;
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    for (size_t l = 0; l < sizeof lane_counts / sizeof *lane_counts; l++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            int L = lane_counts[l];
            int64_t n = sizes[s];
            ix_lanes *lanes = NULL;
            float *weights = calloc((size_t)n, sizeof *weights);
            if (L < ix_comm_ranks()) L = ix_comm_ranks();
            assert_non_null(weights);
            CHECK_OK(ix_lanes_create(&lanes, g, IX_DATA, L, n, &(ix_lane_way){.block = block}));
            for (int step = 0; step < 4; step++) check_step(g, lanes, L, n, weights, step % 2);
            ix_lanes_destroy(&lanes);
            assert_null(lanes);
            free(weights);
        }
    ix_grid_destroy(&g);
}

static void bits_are_those_of_the_tree(void **state)
{
    (void)state;
    check_bits(0);
}

/* What many ranks do, with few: blocks of two, and of one. */
static void two_hops_give_the_same_bits(void **state)
{
    (void)state;
    for (int block = 1; block < ix_comm_ranks(); block *= 2)
        if (ix_comm_ranks() % block == 0) check_bits(block);
}

/* Several buckets on their way, and ranks that differ in how they send them. */
static void check_many_buckets(int L, int block, int first_step)
{
    const int64_t n = (10 << 20) + 4096 * 3 + 17;
    ix_grid *g = NULL;
    ix_lanes *lanes = NULL;
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    CHECK_OK(ix_lanes_create(&lanes, g, IX_DATA, L, n, &(ix_lane_way){.block = block}));
    ix_span own = ix_split(L, ix_comm_ranks(), ix_comm_rank());
    for (int step = first_step; step < 3; step++) {
        for (int64_t lane = own.lo; lane < own.hi; lane++) {
            bool early = lane + 1 == own.hi && (step == 1 || (step == 2 && ix_comm_rank() % 2));
            float *x = ix_lanes_begin(lanes);
            if (early) ix_lanes_closing(lanes);
            for (int64_t i = n - 1; i >= 0; i--) {
                x[i] = 1.0f / (float)((i * 7 + lane * 3) % 1000 + 1);
                if (early && i % 100000 == 0) ix_lanes_ready(lanes, i);
            }
            ix_lanes_end(lanes);
        }
        const float *sum = ix_lanes_reduce(lanes);
        for (int64_t k = 0; k < ix_lanes_count(lanes); k++) {
            ix_span mine = ix_lanes_mine(lanes, k);
            for (int64_t i = mine.lo; i < mine.hi; i++) {
                float x[8] = {0};
                for (int lane = 0; lane < L; lane++) x[lane] = 1.0f / (float)((i * 7 + lane * 3) % 1000 + 1);
                float want = (x[0] + x[1]) + (x[2] + x[3]);
                if (L == 5) want += x[4];
                if (L == 8) want += (x[4] + x[5]) + (x[6] + x[7]);
                if (memcmp(&sum[i], &want, sizeof want) != 0) fail_msg("step %d entry %lld", step, (long long)i);
            }
        }
    }
    ix_lanes_destroy(&lanes);
    ix_grid_destroy(&g);
}

static void many_buckets_keep_the_bits(void **state)
{
    (void)state;
    check_many_buckets(5, 0, 0);
    if (ix_comm_ranks() % 2 == 0) check_many_buckets(8, ix_comm_ranks() / 2, 2);
}

static int by_place(const void *a, const void *b)
{
    const ix_span *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo) + (x->lo == y->lo) * ((x->hi > y->hi) - (x->hi < y->hi));
}

static void parts_cover_everything_in_chunks(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 4096, 4097, 100000, 9000001, INT64_C(5) << 32};
    static const int ranks[] = {1, 2, 3, 5, 8, 31, 32, 33, 36, 40, 64, 100, 128, 1024};
    static ix_span part[1024];
    static int64_t share[1024];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++) {
            int D = ranks[r];
            int64_t at = 0;
            memset(share, 0, sizeof share);
            for (int64_t k = 0; k < ix_lanes_buckets(sizes[s]); k++) {
                for (int i = 0; i < D; i++) {
                    part[i] = ix_lanes_part(sizes[s], D, i, k);
                    share[i] += ix_span_size(part[i]);
                    assert_true(ix_span_size(part[i]) <= ix_span_size(part[0]));
                }
                qsort(part, (size_t)D, sizeof *part, by_place);
                for (int i = 0; i < D; at = part[i++].hi) {
                    assert_int_equal(part[i].lo, at);
                    assert_true(part[i].lo % IX_LANE_CHUNK == 0 || ix_span_size(part[i]) == 0);
                }
            }
            assert_int_equal(at, sizes[s]);
            for (int i = 0; i < D; i++) assert_int_equal(ix_lanes_share(sizes[s], D, i), share[i]);
        }
}

static void blocks_are_about_the_root(void **state)
{
    (void)state;
    static const int want[][2] = {{1, 1},  {2, 2},   {32, 32},   {33, 33},  {34, 2},   {36, 4},    {64, 8},
                                  {96, 8}, {100, 4}, {101, 101}, {128, 16}, {1000, 8}, {1024, 32}, {4096, 64}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) assert_int_equal(ix_lanes_block(want[i][0]), want[i][1]);
}

static void buckets_grow_with_the_whole(void **state)
{
    (void)state;
    assert_int_equal(ix_lanes_buckets(1), 1);
    assert_int_equal(ix_lanes_buckets(4 << 20), 1);
    assert_int_equal(ix_lanes_buckets((4 << 20) + 1), 2);
    assert_int_equal(ix_lanes_buckets(INT64_C(64) * (4 << 20)), 64);
    assert_int_equal(ix_lanes_buckets(INT64_C(64) * (4 << 20) + 1), 33);
    for (int64_t n = 1; n < INT64_C(1) << 40; n *= 3) assert_true(ix_lanes_buckets(n) <= 64);
}

/* Far more buckets than may be on their way, and ranks that come by as often as they like. */
static void every_pace_ends_with_the_same_bits(void **state)
{
    (void)state;
    const int64_t n = 300 * IX_LANE_CHUNK + 13;
    const int D = ix_comm_ranks(), rank = ix_comm_rank(), L = 2 * D;
    ix_grid *g = NULL;
    float *weights = calloc((size_t)n, sizeof *weights);
    assert_non_null(weights);
    CHECK_OK(ix_grid_create(&g, 1, D, 1));
    for (int block = 1; block <= D; block++) {
        ix_lanes *lanes = NULL;
        if (block < D && (D % block != 0 || (block & (block - 1)) != 0)) continue;
        ix_lane_way way = {block, 6 * IX_LANE_CHUNK};
        CHECK_OK(ix_lanes_create(&lanes, g, IX_DATA, L, n, &way));
        assert_int_equal(ix_lanes_count(lanes), 51);
        for (uint64_t step = 0; step < 4; step++) {
            uint64_t pace = ix_draw_bits(9, IX_DRAW_TEST, step * 64 + (uint64_t)rank) % 40;
            for (int lane = 2 * rank; lane < 2 * rank + 2; lane++) {
                float *x = ix_lanes_begin(lanes);
                if (lane % 2) ix_lanes_closing(lanes);
                for (int64_t i = 0; i < n; i++) x[i] = (float)(1 + (i * 7 + lane * 3) % 1000) / 3;
                for (uint64_t call = 0; lane % 2 && call < pace; call++) {
                    bool more = ix_draw_bits(10, IX_DRAW_TEST, step * 4096 + call * 64 + (uint64_t)rank) % 2;
                    ix_lanes_ready(lanes, more ? n - n / (int64_t)pace * (int64_t)call : INT64_MAX);
                }
                ix_lanes_end(lanes);
            }
            const float *sum = ix_lanes_reduce(lanes);
            memset(weights, 0, (size_t)n * sizeof *weights);
            for (int64_t k = 0; k < ix_lanes_count(lanes); k++) {
                ix_span mine = ix_lanes_mine(lanes, k);
                memcpy(weights + mine.lo, sum + mine.lo, (size_t)ix_span_size(mine) * sizeof *weights);
            }
            ix_lanes_gather(lanes, weights);
            for (int64_t i = 0; i < n; i++) {
                float pair[4];
                for (int r = 0; r < D; r++)
                    pair[r] = (float)(1 + (i * 7 + r * 6) % 1000) / 3 + (float)(1 + (i * 7 + r * 6 + 3) % 1000) / 3;
                float want = D == 1 ? pair[0] : pair[0] + pair[1];
                if (D == 3) want += pair[2];
                if (D == 4) want += pair[2] + pair[3];
                if (memcmp(&weights[i], &want, sizeof want) != 0)
                    fail_msg("block %d step %d float %lld", block, (int)step, (long long)i);
            }
        }
        ix_lanes_destroy(&lanes);
    }
    ix_grid_destroy(&g);
    free(weights);
}

static void memory_is_what_was_promised(void **state)
{
    (void)state;
    const int64_t n = 1 << 20;
    const size_t one = (size_t)n * sizeof(float);
    assert_int_equal(ix_lanes_bytes(1, 1, n), one);
    assert_int_equal(ix_lanes_bytes(2, 1, n), 2 * one);
    assert_int_equal(ix_lanes_bytes(8, 1, n), 4 * one); /* log2(8 / 1) extra */
    assert_int_equal(ix_lanes_bytes(64, 1, n), 7 * one);
    assert_true(ix_lanes_bytes(8, 8, n) < 3 * one); /* one buffer and what waits to be added */
    assert_true(ix_lanes_bytes(8, 2, 100 * n) < 400 * one);
    assert_true(ix_lanes_bytes(1024, 1024, 1000 * n) < 1045 * one); /* two buckets and no more */
}

static void traffic_is_two_gradients_at_most(void **state)
{
    (void)state;
    const int64_t n = 60 * IX_LANE_CHUNK;
    const double one = (double)n * sizeof(float);
    assert_true(ix_lanes_sent(1, 1, n) == 0);
    assert_true(ix_lanes_sent(8, 1, n) == 0);
    for (int D = 2; D <= 6; D++) CHECK_NEAR(ix_lanes_sent(D, D, n), 2 * one * (D - 1) / D, 1e-9 * one);
    CHECK_NEAR(ix_lanes_sent(64, 64, 64 * n), 64 * 2 * one * 63 / 64, 1e-2 * one); /* two hops send no more */
    CHECK_NEAR(ix_lanes_sent(8, 2, n), one, 1e-9 * one); /* a rank's four lanes are one subtree */
    CHECK_NEAR(ix_lanes_sent(8, 4, n), 1.5 * one, 1e-9 * one);
    CHECK_NEAR(ix_lanes_sent(8, 3, n), (2 + 2) * one * 2 / 3 - 2 * one / 3,
               1e-9 * one); /* lanes 3 to 5: two subtrees */
}

static void one_rank_one_lane_copies_nothing(void **state)
{
    (void)state;
    ix_grid *self = NULL;
    ix_lanes *lanes = NULL;
    CHECK_OK(ix_grid_create_self(&self));
    CHECK_OK(ix_lanes_create(&lanes, self, IX_DATA, 1, 1000, NULL));
    float *x = ix_lanes_begin(lanes);
    x[3] = -0.0f;
    ix_lanes_end(lanes);
    const float *sum = ix_lanes_reduce(lanes);
    assert_ptr_equal(sum, x);
    assert_true(signbit(sum[3]));
    ix_lanes_destroy(&lanes);
    ix_grid_destroy(&self);
}

static void a_lane_starts_from_zero(void **state)
{
    (void)state;
    ix_grid *self = NULL;
    ix_lanes *lanes = NULL;
    CHECK_OK(ix_grid_create_self(&self));
    CHECK_OK(ix_lanes_create(&lanes, self, IX_DATA, 3, 5000, NULL));
    for (int step = 0; step < 2; step++) {
        for (int lane = 0; lane < 3; lane++) {
            float *x = ix_lanes_begin(lanes);
            for (int i = 0; i < 5000; i++) assert_true(x[i] == 0);
            for (int i = 0; i < 5000; i++) x[i] = lane == 1 ? 0 : 1; /* lane 1 has no pairs */
            ix_lanes_end(lanes);
        }
        const float *sum = ix_lanes_reduce(lanes);
        for (int i = 0; i < 5000; i++) assert_true(sum[i] == 2);
    }
    ix_lanes_destroy(&lanes);
    ix_grid_destroy(&self);
}

static void no_memory_on_one_is_no_memory_on_all(void **state)
{
    (void)state;
    ix_grid *g = NULL;
    ix_lanes *lanes = NULL;
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    CHECK_FAILS(ix_lanes_create(&lanes, g, IX_DATA, 8, INT64_C(1) << 50, NULL), IX_ENOMEM, "gradient buffers of");
    assert_null(lanes);
    ix_grid_destroy(&g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_those_of_the_tree),           cmocka_unit_test(many_buckets_keep_the_bits),
        cmocka_unit_test(parts_cover_everything_in_chunks),     cmocka_unit_test(memory_is_what_was_promised),
        cmocka_unit_test(one_rank_one_lane_copies_nothing),     cmocka_unit_test(a_lane_starts_from_zero),
        cmocka_unit_test(no_memory_on_one_is_no_memory_on_all), cmocka_unit_test(traffic_is_two_gradients_at_most),
        cmocka_unit_test(two_hops_give_the_same_bits),          cmocka_unit_test(blocks_are_about_the_root),
        cmocka_unit_test(buckets_grow_with_the_whole),          cmocka_unit_test(every_pace_ends_with_the_same_bits),
    };
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_comm_stop();
    return failed != 0;
}
