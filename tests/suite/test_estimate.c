/* SPDX-License-Identifier: Apache-2.0
 *
 * Estimates beside the same figures worked out by hand. */
#include "suite/estimate.h"

#include "check.h"
#include "suite/runs.h"

/* One core gives 1 GFLOP/s at everything and 10 GB/s; a message takes 1 ms and 1 s per GB. */
static ix_machine machine_of(void)
{
    ix_machine a = {.cores = 4, .ranks_on_node = 4, .node_peak = 4e9, .node_triad = 40e9, .core_triad = 10e9};
    a.within.ranks = 2;
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        a.within.bytes[i] = INT64_C(1) << (3 * i + 3);
        a.within.message[i] = 1e-3 + 1e-9 * (double)a.within.bytes[i];
    }
    return a;
}

static ix_run_size size_of(void)
{
    return (ix_run_size){.trained = 8192,
                         .held = 8192,
                         .train_tokens = 64000,
                         .response_tokens = 32000,
                         .eval_tokens = 1000,
                         .eval_response_tokens = 500,
                         .evaluations = 2,
                         .steps = 20,
                         .pack_tokens = 4096,
                         .layers = 2,
                         .width = 64,
                         .product = {{.n = 100, .k = 50, .count = 2}, {.n = 1000, .k = 50, .count = 1, .head = true}},
                         .products = 2};
}

static ix_need need_of(int64_t pairs)
{
    return (ix_need){.pairs = pairs, .epochs = 2, .lanes = 1, .trains = true};
}

static void a_step_alone(void **state)
{
    (void)state;
    ix_machine a = machine_of();
    ix_run_size z = size_of();
    ix_need need = need_of(32);
    ix_estimated e = {.need = &need, .size = &z, .shape = {1, 1}, .ranks = 1, .ranks_on_node = 1, .threads = 1};
    ix_estimate out;
    ix_estimate_run(&out, &a, &e);
    /* 10 steps an epoch, 6400 tokens each, 10000 parameters, 6 FLOP */
    CHECK_NEAR(out.products, 6.0 * 10000 * 6400 / 1e9, 1e-12);
    CHECK_NEAR(out.memory, 4.0 * 8192 * 8 / 10e9, 1e-15); /* zeroed once, AdamW passes over 7 */
    CHECK_NEAR(out.data + out.tensor, 0, 0);
    CHECK_NEAR(out.judging, 2 * 2.0 * 10000 * 1000 / 1e9, 1e-12);
    CHECK_NEAR(out.run, 20 * out.step + out.judging, 1e-12);
    assert_true(out.messages_known);
    need.reads_head = need.has_reference = true;
    ix_estimate_run(&out, &a, &e);
    CHECK_NEAR(out.products, 6.0 * (10000 * 6400.0 + 50000 * 3200.0) / 1e9, 1e-12);
    CHECK_NEAR(out.reference, 2.0 * (10000 * 65000.0 + 50000 * 32500.0) / 1e9, 1e-12);
    z.asked_tokens = 700, z.written_tokens = 300;
    ix_estimate_run(&out, &a, &e);
    CHECK_NEAR(out.writing, 2 * 2.0 * (10000 * 1000.0 + 50000 * 300.0) / 1e9, 1e-12);
    CHECK_NEAR(out.run, 20 * out.step + out.judging + out.reference + out.writing, 1e-12);
}

static void ranks_that_share_pairs(void **state)
{
    (void)state;
    ix_machine a = machine_of();
    ix_run_size z = size_of();
    ix_need need = need_of(31);
    ix_estimated e = {.need = &need, .size = &z, .shape = {2, 1}, .ranks = 2, .ranks_on_node = 2, .threads = 2};
    ix_estimate out;
    ix_estimate_run(&out, &a, &e);
    CHECK_NEAR(out.products, 6.0 * 10000 * 6400 * 16 / 31 / 2e9, 1e-12); /* 16 of 31 pairs, two threads */
    CHECK_NEAR(out.data_bytes, 2 * 4 * 4096.0, 0);
    CHECK_NEAR(out.data, 2 * (1e-3 + 4 * 4096e-9), 1e-9);
    assert_true(out.messages_known);
    e.ranks_on_node = 1; /* now a network lies between them, of which nothing is known */
    ix_estimate_run(&out, &a, &e);
    assert_false(out.messages_known);
}

static void ranks_that_share_layers(void **state)
{
    (void)state;
    ix_machine a = machine_of();
    ix_run_size z = size_of();
    ix_need need = need_of(32);
    ix_estimated e = {.need = &need, .size = &z, .shape = {1, 4}, .ranks = 4, .ranks_on_node = 4, .threads = 1};
    ix_estimate out;
    ix_estimate_run(&out, &a, &e);
    /* four sums a block, one at the embedding; of each sum 3/4 out and 3/4 back */
    CHECK_NEAR(out.tensor_bytes, 4 * 1.5 * 9 * 64 * 6400.0, 1e-6);
    assert_true(out.tensor > out.tensor_bytes * 1e-9);
    CHECK_NEAR(ix_tensor_floats(1, 2, 64, 100), 0, 0);
}

static void flops_by_hand(void **state)
{
    (void)state;
    ix_run_size z = size_of();
    ix_need need = need_of(32);
    z.trunk = 10000;
    z.head = 50000;
    ix_flops f = ix_estimate_flops(&need, &z);
    CHECK_NEAR(f.training, 2 * 6 * 10000 * 64000.0, 1);
    CHECK_NEAR(f.judging, 2 * 2 * 10000 * 1000.0, 1);
    CHECK_NEAR(f.reference, 0, 0);
    need.reads_head = need.has_reference = true;
    f = ix_estimate_flops(&need, &z);
    CHECK_NEAR(f.training, 2 * 6 * (10000 * 64000.0 + 50000 * 32000.0), 1);
    CHECK_NEAR(f.reference, 2 * (10000 * 65000.0 + 50000 * 32500.0), 1);
    CHECK_NEAR(f.writing, 0, 0);
    z.asked_tokens = 700, z.written_tokens = 300; /* by policy and reference */
    f = ix_estimate_flops(&need, &z);
    CHECK_NEAR(f.writing, 2 * 2 * (10000 * 1000.0 + 50000 * 300.0), 1);
    CHECK_NEAR(f.all, f.training + f.judging + f.reference + f.writing, 1);
}

/* The longest first; what is equal keeps its order, so twins of equal work stay neighbours. */
static void longest_first(void **state)
{
    (void)state;
    const double flops[] = {3, 1, 3, 7, 0, 1, 7};
    const int64_t want[] = {3, 6, 0, 2, 1, 5, 4};
    int64_t order[7];
    ix_order_longest(order, flops, 7);
    assert_memory_equal(order, want, sizeof want);
    ix_order_longest(order, flops, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_step_alone), cmocka_unit_test(ranks_that_share_pairs),
                                       cmocka_unit_test(ranks_that_share_layers), cmocka_unit_test(flops_by_hand),
                                       cmocka_unit_test(longest_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
