/* SPDX-License-Identifier: Apache-2.0
 *
 * The planner over many clusters: what it promises holds on 1 to 1024 ranks and 1 to 64 GiB. */
#include "suite/layout.h"

#include "check.h"

enum { HEADS = 16 };

/* A made-up model of P floats: weights, gradients, moments, activations go down with the ranks that share it. */
static ix_need need_of(const char *name, int64_t floats, int64_t pairs, int ranks)
{
    ix_need n = {.name = name, .pairs = pairs, .lanes = 1, .trains = true};
    for (int t = 1; t <= ranks && t <= HEADS; t++) {
        if (ranks % t != 0) continue;
        ix_run_size *z = &n.size[n.choices];
        size_t bytes = (size_t)(floats / t) * sizeof(float);
        z->trained = z->held = floats / t;
        z->heads = HEADS;
        z->memory = (ix_memory){.weights = bytes, .gradients = bytes, .moments = 2 * bytes, .activations = bytes / 8};
        z->memory.judging = bytes / 16;
        n.tensor[n.choices++] = t;
    }
    return n;
}

static ix_settings settings_of(int64_t pairs)
{
    ix_settings s = {.task = "preference"};
    s.training.pairs_per_step = pairs;
    s.training.epochs = 1;
    return s;
}

static size_t bytes_of(const ix_need *need, const ix_layout *l, int ranks)
{
    ix_memory m = ix_need_memory(need, ix_need_choice(need, l->tensor), l->data, ranks, l->threads);
    return ix_memory_peak(&m, need->trains);
}

static int largest_divisor(int n, int64_t most)
{
    int best = 1;
    for (int d = 1; d <= n; d++)
        if (n % d == 0 && d <= most) best = d;
    return best;
}

/* groups x data x tensor = ranks; the data axis is the largest; nothing fewer would have fitted. */
static void check_choice(const ix_layout *l, const ix_settings *s, const ix_places *p, const ix_need *need)
{
    assert_int_equal(l->groups * l->data * l->tensor, p->ranks);
    assert_int_equal(l->data, largest_divisor(p->ranks / l->tensor, need->pairs));
    assert_int_equal(l->bytes, bytes_of(need, l, p->ranks));
    size_t have = (size_t)p->memory / (size_t)p->ranks_on_node;
    assert_true(l->fits == (l->bytes <= have));
    for (int i = 0; i < need->choices; i++) {
        int t = need->tensor[i];
        ix_settings set = *s;
        ix_layout other;
        set.parallel.tensor = t;
        CHECK_OK(ix_layout_choose(&other, &set, p, need, 1, 1));
        if (l->fits && t < l->tensor) assert_false(other.fits);
        if (!l->fits) assert_true(other.bytes >= l->bytes);
    }
}

static void promises_hold(void **state)
{
    (void)state;
    static const int ranks[] = {1, 2, 3, 4, 6, 7, 8, 12, 16, 31, 32, 48, 64, 96, 128, 250, 256, 512, 720, 1000, 1024};
    static const int64_t pairs[] = {1, 2, 5, 32, 64, 1000};
    int cases = 0, shared = 0, small = 0;
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++)
        for (int each = 1; each <= 64; each *= 4)
            for (int64_t gib = 1; gib <= 64; gib *= 2)
                for (size_t b = 0; b < sizeof pairs / sizeof *pairs; b++) {
                    int here = each < ranks[r] ? each : ranks[r];
                    ix_places p = {.ranks = ranks[r], .ranks_on_node = here, .cores = 64, .memory = gib << 30};
                    ix_settings s = settings_of(pairs[b]);
                    ix_need need = need_of("m", 1000000000, pairs[b], p.ranks);
                    ix_layout l;
                    CHECK_OK(ix_layout_choose(&l, &s, &p, &need, 1, 1));
                    check_choice(&l, &s, &p, &need);
                    assert_int_equal(l.threads, 64 / here);
                    for (int i = 0; i < 4; i++) assert_true(l.why[i][0]);
                    cases++;
                    shared += l.fits && l.tensor > 1;
                    small += !l.fits;
                }
    assert_true(cases > 3000 && shared > 100 && small > 100);
}

/* More memory never asks for more ranks per layer. */
static void memory_only_helps(void **state)
{
    (void)state;
    ix_settings s = settings_of(32);
    ix_need need = need_of("m", 2000000000, 32, 64);
    int before = HEADS;
    for (int64_t gib = 4; gib <= 512; gib++) {
        ix_places p = {.ranks = 64, .ranks_on_node = 4, .cores = 64, .memory = gib << 30};
        ix_layout l;
        CHECK_OK(ix_layout_choose(&l, &s, &p, &need, 1, 1));
        if (!l.fits) continue;
        assert_true(l.tensor <= before);
        before = l.tensor;
    }
    assert_int_equal(before, 1);
}

/* A suite of two models has one shape, in which the larger one fits; alone the smaller one would not be split. */
static void models_of_two_sizes(void **state)
{
    (void)state;
    ix_settings s = settings_of(32);
    ix_places p = {.ranks = 16, .ranks_on_node = 4, .cores = 16, .memory = INT64_C(32) << 30};
    ix_need need[2] = {need_of("small", 100000000, 32, 16), need_of("large", 2000000000, 16, 16)};
    ix_layout both, small, large;
    CHECK_OK(ix_layout_choose(&both, &s, &p, need, 2, 2));
    CHECK_OK(ix_layout_choose(&small, &s, &p, &need[0], 1, 1));
    CHECK_OK(ix_layout_choose(&large, &s, &p, &need[1], 1, 1));
    assert_true(both.fits && both.tensor == large.tensor && large.tensor > 1);
    assert_true(small.tensor == 1 && small.data == 16);
    assert_true(both.data <= 16 && bytes_of(&need[1], &both, 16) <= (size_t)8 << 30);
    assert_non_null(strstr(both.why[0], "large"));
}

static void what_is_set_stays(void **state)
{
    (void)state;
    ix_settings s = settings_of(32);
    ix_places p = {.ranks = 24, .ranks_on_node = 24, .cores = 48};
    ix_layout l;
    s.parallel.groups = 3;
    s.parallel.tensor = 2;
    s.parallel.threads = 5;
    CHECK_OK(ix_layout_choose(&l, &s, &p, NULL, 0, 2));
    assert_true(l.groups == 3 && l.tensor == 2 && l.data == 4 && l.threads == 5 && l.fits);
    assert_string_equal(l.why[0], "as set");
    assert_string_equal(l.why[1], "what the groups leave");
    assert_non_null(strstr(l.why[2], "1 of them have nothing to do"));
    s.parallel.data = 5;
    CHECK_FAILS(ix_layout_choose(&l, &s, &p, NULL, 0, 2), IX_EINPUT, "make 30 ranks, but there are 24");
    s = settings_of(4);
    s.parallel.data = 24;
    CHECK_FAILS(ix_layout_choose(&l, &s, &p, NULL, 0, 2), IX_EINPUT, "cannot share the 4 pairs");
    s.parallel.tensor = 25;
    CHECK_FAILS(ix_layout_choose(&l, &s, &p, NULL, 0, 2), IX_EINPUT, "only 24");
}

/* A data axis takes moments away from a rank; lanes give it gradients. */
static void memory_follows_the_axes(void **state)
{
    (void)state;
    ix_need need = need_of("m", 40960000, 32, 8);
    ix_memory one = ix_need_memory(&need, 0, 1, 8, 1), four = ix_need_memory(&need, 0, 4, 8, 1);
    assert_int_equal(four.moments, one.moments / 4);
    assert_int_equal(four.weights, one.weights);
    assert_true(four.gradients >= one.gradients); /* what others send comes on top */
    need.lanes = 16;
    assert_true(ix_need_memory(&need, 0, 4, 8, 1).gradients > four.gradients + one.gradients);
    assert_int_equal(ix_need_choice(&need, 2), 1);
    assert_int_equal(ix_need_choice(&need, 3), -1);
}

int main(void)
{
    unsetenv("OMP_NUM_THREADS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_hold),           cmocka_unit_test(memory_only_helps),
        cmocka_unit_test(models_of_two_sizes),     cmocka_unit_test(what_is_set_stays),
        cmocka_unit_test(memory_follows_the_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
