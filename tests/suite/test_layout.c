/* SPDX-License-Identifier: Apache-2.0
 *
 * The planner over many clusters: what it promises holds on 1 to 1024 ranks and 1 to 64 GiB. */
#include "suite/layout.h"

#include "check.h"

enum { HEADS = 16 };

/* Some epochs over some pairs, products that go down with the ranks that share them. */
static ix_run_size with_work(ix_run_size z, int64_t floats, int tensor)
{
    z.steps = 100;
    z.train_tokens = 1000000;
    z.eval_tokens = 1000;
    z.evaluations = 2;
    z.trunk = floats;
    z.layers = 16;
    z.width = 1024;
    z.pack_tokens = 4096;
    z.products = 1;
    z.product[0] = (ix_product){.n = floats / 1024 / tensor, .k = 1024, .count = 1};
    return z;
}

/* A made-up model of P floats: weights, gradients, moments, activations go down with the ranks that share it. */
static ix_need need_of(const char *name, int64_t floats, int64_t pairs, int ranks)
{
    ix_need n = {.name = name, .pairs = pairs, .epochs = 1, .lanes = 1, .trains = true};
    for (int t = 1; t <= ranks && t <= HEADS; t++) {
        if (t > 8 && ranks % t != 0) continue;
        ix_run_size *z = &n.size[n.choices];
        size_t bytes = (size_t)(floats / t) * sizeof(float);
        z->trained = z->held = floats / t;
        z->heads = HEADS;
        z->memory = (ix_memory){.weights = bytes, .gradients = bytes, .moments = 2 * bytes, .activations = bytes / 8};
        z->memory.judging = bytes / 16;
        *z = with_work(*z, floats, t);
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

static size_t bytes_of(const ix_need *need, const ix_layout *l, int kind, int ranks)
{
    const ix_kind *k = &l->kind[kind];
    ix_memory m = ix_need_memory(need, ix_need_choice(need, k->tensor), k->data, ranks, l->threads);
    return ix_memory_peak(&m, need->trains);
}

static int largest_divisor(int n, int64_t most)
{
    int best = 1;
    for (int d = 1; d <= n; d++)
        if (n % d == 0 && d <= most) best = d;
    return best;
}

/* One run alone: groups x data x tensor = ranks but for those left over, which there are only where no divisor fits;
 * the data axis is the largest; nothing fewer would have fitted. */
static void check_choice(const ix_layout *l, const ix_settings *s, const ix_places *p, const ix_need *need)
{
    const ix_kind *k = &l->kind[0];
    assert_int_equal(l->kinds, 1);
    assert_int_equal(k->groups * k->data * k->tensor + l->idle, p->ranks);
    assert_int_equal(k->data, largest_divisor((p->ranks - l->idle) / k->tensor, need->pairs));
    assert_int_equal(k->bytes, bytes_of(need, l, 0, p->ranks));
    size_t have = (size_t)p->memory / (size_t)p->ranks_on_node;
    assert_true(l->fits == (k->bytes <= have) && k->fits == l->fits);
    for (int i = 0; i < need->choices; i++) {
        int t = need->tensor[i];
        ix_settings set = *s;
        ix_layout other;
        set.parallel.tensor = t;
        if (p->ranks % t != 0) continue;
        CHECK_OK(ix_layout_choose(&other, NULL, &set, p, need, 1));
        if (l->fits && (t < k->tensor || l->idle)) assert_false(other.fits);
        if (!l->fits) assert_true(other.kind[0].bytes >= k->bytes);
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
                    CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, &need, 1));
                    check_choice(&l, &s, &p, &need);
                    assert_int_equal(l.threads, 64 / here);
                    for (int i = 0; i < 3; i++) assert_true(l.kind[0].why[i][0]);
                    assert_true(l.why_threads[0]);
                    cases++;
                    shared += l.fits && l.kind[0].tensor > 1;
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
        CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, &need, 1));
        if (!l.fits) continue;
        assert_true(l.kind[0].tensor <= before);
        before = l.kind[0].tensor;
    }
    assert_int_equal(before, 1);
}

/* What must hold of any suite: kinds lie one after the other, most tensor ranks first, a run is done by the smallest
 * kind that it fits, and nobody works less long because of several kinds than all would on one. */
static void check_kinds(const ix_layout *l, const int *kind_of, const ix_places *p, const ix_need *need, int64_t needs)
{
    int used = 0;
    int64_t runs = 0;
    for (int k = 0; k < l->kinds; k++) {
        const ix_kind *kind = &l->kind[k];
        int64_t mine = 0;
        assert_true(kind->groups >= 1 && kind->data >= 1 && kind->tensor >= 1 && kind->fits);
        if (k > 0) assert_true(kind->tensor < l->kind[k - 1].tensor);
        for (int64_t i = 0; i < needs; i++) {
            if (kind_of[i] != k) continue;
            mine++;
            assert_true(bytes_of(&need[i], l, k, p->ranks) <= (size_t)p->memory / (size_t)p->ranks_on_node);
            assert_true(kind->data <= need[i].pairs);
        }
        assert_true(mine == kind->runs && mine > 0);
        runs += mine;
        if (p->ranks_on_node < p->ranks && l->kinds > 1) {
            assert_int_equal(used % kind->tensor, 0);
            assert_true(p->ranks_on_node % kind->tensor == 0 || kind->tensor % p->ranks_on_node == 0);
        }
        used += kind->groups * kind->data * kind->tensor;
    }
    assert_int_equal(runs, needs);
    assert_int_equal(used + l->idle, p->ranks);
}

/* Eight runs of a model that needs four ranks and many of one that needs one. */
static void models_of_two_sizes(void **state)
{
    (void)state;
    enum { LARGE = 4, SMALL = 60 };
    ix_settings s = settings_of(8);
    ix_places p = {.ranks = 16, .ranks_on_node = 8, .cores = 16, .memory = INT64_C(48) << 30};
    ix_need need[LARGE + SMALL];
    int kind_of[LARGE + SMALL];
    ix_layout l;
    for (int i = 0; i < LARGE + SMALL; i++)
        need[i] = i < LARGE ? need_of("large", 1500000000, 8, 16) : need_of("small", 100000000, 8, 16);
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, LARGE + SMALL));
    assert_int_equal(l.kinds, 2);
    assert_true(l.kind[0].tensor == 4 && l.kind[1].tensor == 1 && l.fits && l.idle == 0);
    for (int i = 0; i < LARGE + SMALL; i++) assert_int_equal(kind_of[i], i >= LARGE);
    check_kinds(&l, kind_of, &p, need, LARGE + SMALL);
    assert_non_null(strstr(l.kind[0].why[0], "large"));
    assert_non_null(strstr(l.kind[1].why[0], "small"));
    assert_int_equal(ix_layout_groups(&l), l.kind[0].groups + l.kind[1].groups);
    assert_int_equal(ix_layout_kind(&l, 0), 0);
    assert_int_equal(ix_layout_kind(&l, l.kind[0].groups), 1);

    s.parallel.groups = 3; /* of all kinds together */
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, LARGE + SMALL));
    assert_int_equal(ix_layout_groups(&l), 3);
    check_kinds(&l, kind_of, &p, need, LARGE + SMALL);
    s.parallel.groups = 0;
    s.parallel.data = 2; /* of every kind */
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, LARGE + SMALL));
    for (int k = 0; k < l.kinds; k++) assert_int_equal(l.kind[k].data, 2);
    check_kinds(&l, kind_of, &p, need, LARGE + SMALL);
    s.parallel.tensor = 4;
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, LARGE + SMALL));
    assert_true(l.kinds == 1 && l.kind[0].tensor == 4 && kind_of[LARGE] == 0);
}

/* Hardly any work of the small one: it goes along with the large one, and no rank waits for it. */
static void one_kind_where_it_is_faster(void **state)
{
    (void)state;
    ix_settings s = settings_of(32);
    ix_places p = {.ranks = 16, .ranks_on_node = 4, .cores = 16, .memory = INT64_C(32) << 30};
    ix_need need[2] = {need_of("small", 10000000, 32, 16), need_of("large", 2000000000, 16, 16)};
    int kind_of[2];
    ix_layout both, large;
    CHECK_OK(ix_layout_choose(&both, kind_of, &s, &p, need, 2));
    CHECK_OK(ix_layout_choose(&large, NULL, &s, &p, &need[1], 1));
    assert_true(both.kinds == 1 && both.fits && both.kind[0].tensor == large.kind[0].tensor && both.idle == 0);
    assert_true(kind_of[0] == 0 && kind_of[1] == 0 && large.kind[0].tensor > 1);
}

/* Three ranks of which two share a model, or one is left over. */
static void odd_ranks(void **state)
{
    (void)state;
    ix_settings s = settings_of(8);
    ix_places p = {.ranks = 3, .ranks_on_node = 3, .cores = 3, .memory = INT64_C(12) << 30};
    ix_need need[2] = {need_of("small", 200000000, 8, 3), need_of("large", 400000000, 8, 3)};
    int kind_of[2];
    ix_layout l;
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, 2));
    assert_true(l.kinds == 2 && l.kind[0].tensor == 2 && l.kind[0].groups == 1 && l.kind[1].groups == 1);
    assert_true(kind_of[0] == 1 && kind_of[1] == 0);
    check_kinds(&l, kind_of, &p, need, 2);
    need[0] = need[1];
    need[0].choices = 2; /* two heads: three ranks cannot share it */
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, 1));
    assert_true(l.kinds == 1 && l.kind[0].tensor == 2 && l.idle == 1 && l.fits);
    assert_non_null(strstr(l.reason, "1 rank has no work"));
    need[0].choices = 1;
    CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, 1));
    assert_false(l.fits);
}

/* The limit that a suite sets itself. */
static void memory_as_set(void **state)
{
    (void)state;
    ix_settings s = settings_of(8);
    ix_places p = {.ranks = 4, .ranks_on_node = 4, .cores = 4};
    ix_need need = need_of("m", 200000000, 8, 4);
    ix_layout l;
    CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, &need, 1));
    assert_int_equal(l.kind[0].tensor, 1);
    s.parallel.memory_per_rank = INT64_C(2) << 30;
    CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, &need, 1));
    assert_true(l.kind[0].tensor > 1 && l.fits);
}

/* On many clusters, with mixtures of up to four models: what must hold holds, and twice the same comes out. */
static void kinds_hold_everywhere(void **state)
{
    (void)state;
    static const int ranks[] = {2, 3, 5, 7, 8, 12, 16, 31, 64, 250, 256, 1024};
    static const int64_t floats[] = {150000000, 600000000, 2400000000};
    enum { RUNS = 42 };
    int several = 0, idle = 0, three = 0;
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++)
        for (int each = 4; each <= 64; each *= 4)
            for (int mix = 1; mix < 32; mix++) {
                int here = each < ranks[r] ? each : ranks[r], kind_of[RUNS], again[RUNS];
                ix_places p = {.ranks = ranks[r], .ranks_on_node = here, .cores = 64};
                p.memory = (int64_t)here * (4 + mix / 8) << 30;
                ix_settings s = settings_of(8);
                static ix_need need[RUNS];
                ix_layout l, same;
                for (int i = 0, m; i < RUNS && mix % 8; i++) {
                    for (m = i % 21 == 0 ? 2 : i % 5 == 0; !(mix >> m & 1);) m = (m + 1) % 3;
                    need[i] = need_of("m", floats[m], 3 + 5 * m, ranks[r]);
                }
                if (mix % 8 == 0) continue;
                CHECK_OK(ix_layout_choose(&l, kind_of, &s, &p, need, RUNS));
                CHECK_OK(ix_layout_choose(&same, again, &s, &p, need, RUNS));
                assert_memory_equal(&l, &same, sizeof l);
                assert_memory_equal(kind_of, again, sizeof again);
                if (!l.fits) continue;
                check_kinds(&l, kind_of, &p, need, RUNS);
                several += l.kinds > 1;
                three += l.kinds > 2;
                idle += l.idle > 0;
            }
    assert_true(several > 50 && three > 0 && idle > 0);
}

static void what_is_set_stays(void **state)
{
    (void)state;
    ix_settings s = settings_of(32);
    ix_places p = {.ranks = 24, .ranks_on_node = 24, .cores = 48};
    const ix_need need[2] = {{.name = "m", .pairs = 32}, {.name = "m", .pairs = 32}};
    ix_layout l;
    const ix_kind *k = &l.kind[0];
    s.parallel.groups = 3;
    s.parallel.tensor = 2;
    s.parallel.threads = 5;
    CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, need, 2));
    assert_true(l.kinds == 1 && k->groups == 3 && k->tensor == 2 && k->data == 4 && l.threads == 5 && l.fits);
    assert_string_equal(k->why[0], "as set");
    assert_string_equal(k->why[1], "what the groups leave");
    assert_non_null(strstr(k->why[2], "1 of them have nothing to do"));
    s.parallel.data = 5;
    CHECK_FAILS(ix_layout_choose(&l, NULL, &s, &p, need, 2), IX_EINPUT, "make 30 ranks, but there are 24");
    s = settings_of(4);
    const ix_need few = {.name = "m", .pairs = 4};
    s.parallel.data = 24;
    CHECK_FAILS(ix_layout_choose(&l, NULL, &s, &p, &few, 1), IX_EINPUT, "cannot share the 4 pairs");
    s.parallel.tensor = 25;
    CHECK_FAILS(ix_layout_choose(&l, NULL, &s, &p, need, 2), IX_EINPUT, "only 24");
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
    assert_int_equal(ix_need_choice(&need, 9), -1);
}

/* 256 MiB of weights and of gradients, twice that of moments, and 1 GiB of activations in 16 blocks. */
static ix_need deep_need(int ranks)
{
    ix_need n = need_of("deep", (int64_t)64 << 20, 32, ranks);
    for (int i = 0; i < n.choices; i++) {
        ix_run_size *z = &n.size[i];
        z->most_recomputed = 15;
        z->memory.activations = ((size_t)1 << 30) / (size_t)n.tensor[i];
        z->recomputing_saves = ((size_t)60 << 20) / (size_t)n.tensor[i];
    }
    return n;
}

/* Activations are computed twice before more ranks share a layer, and of as few blocks as do. */
static void recomputing_comes_before_sharing(void **state)
{
    (void)state;
    int seen[3] = {0}; /* kept, recomputed, shared */
    for (int64_t mib = 400; mib <= 2400; mib += 20) {
        ix_places p = {.ranks = 8, .ranks_on_node = 8, .cores = 8, .memory = 8 * (mib << 20)};
        ix_settings s = settings_of(32);
        ix_need need = deep_need(8);
        ix_layout l;
        CHECK_OK(ix_layout_choose(&l, NULL, &s, &p, &need, 1));
        const ix_kind *k = &l.kind[0];
        int choice = ix_need_choice(&need, k->tensor);
        ix_memory m = ix_need_memory(&need, choice, k->data, 8, l.threads), more = m;
        size_t saves = need.size[choice].recomputing_saves, have = (size_t)(mib << 20);
        m.activations -= (size_t)k->recompute * saves;
        more.activations -= (size_t)(k->recompute - 1) * saves;
        assert_true(l.have == have && k->bytes == ix_memory_peak(&m, true) && l.fits == (k->bytes <= have));
        if (k->recompute) assert_true(ix_memory_peak(&more, true) > have); /* one block less does not fit */
        assert_true(k->why[3][0]);
        seen[k->tensor > 1 ? 2 : k->recompute ? 1 : 0]++;
        ix_layout never;
        s.parallel.tensor = 1;
        CHECK_OK(ix_layout_choose(&never, NULL, &s, &p, &need, 1));
        if (k->tensor > 1) assert_true(!never.fits && never.kind[0].recompute == 15); /* alone it no longer does */
        s.parallel.tensor = 0;
        s.parallel.recompute = IX_RECOMPUTE_NEVER;
        CHECK_OK(ix_layout_choose(&never, NULL, &s, &p, &need, 1));
        assert_true(never.kind[0].recompute == 0 && never.kind[0].tensor >= k->tensor);
        if (k->recompute && k->tensor == 1) assert_true(never.kind[0].tensor > 1 || !never.fits);
        s.parallel.recompute = IX_RECOMPUTE_ALWAYS;
        CHECK_OK(ix_layout_choose(&never, NULL, &s, &p, &need, 1));
        assert_int_equal(never.kind[0].recompute, 15);
        need.trains = false; /* judging keeps no block */
        CHECK_OK(ix_layout_choose(&never, NULL, &s, &p, &need, 1));
        assert_int_equal(never.kind[0].recompute, 0);
    }
    for (int i = 0; i < 3; i++) assert_true(seen[i] > 3);
    ix_places unknown = {.ranks = 1, .ranks_on_node = 1, .cores = 1};
    ix_settings s = settings_of(32);
    ix_need need = deep_need(1);
    ix_layout l;
    CHECK_OK(ix_layout_choose(&l, NULL, &s, &unknown, &need, 1));
    assert_true(l.have == 0 && l.kind[0].recompute == 0 && l.fits);
}

int main(void)
{
    unsetenv("OMP_NUM_THREADS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_hold),
        cmocka_unit_test(memory_only_helps),
        cmocka_unit_test(recomputing_comes_before_sharing),
        cmocka_unit_test(models_of_two_sizes),
        cmocka_unit_test(one_kind_where_it_is_faster),
        cmocka_unit_test(odd_ranks),
        cmocka_unit_test(memory_as_set),
        cmocka_unit_test(kinds_hold_everywhere),
        cmocka_unit_test(what_is_set_stays),
        cmocka_unit_test(memory_follows_the_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
