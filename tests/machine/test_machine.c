/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured: kept as JSON and read again, refused where it was spoilt, and computed with. */
#include "machine/machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"

static ix_machine full_machine(void)
{
    ix_machine a = {.cpu = "a \"processor\"",
                    .host = "node1",
                    .library = "MPI",
                    .measured = "2026-01-01T00:00:00.000000Z",
                    .nodes = 2,
                    .ranks = 8,
                    .ranks_on_node = 4,
                    .threads = 2,
                    .cores = 8,
                    .memory = INT64_C(64) << 30,
                    .core_peak = 1e11,
                    .node_peak = 7e11,
                    .core_triad = 2e10,
                    .node_triad = 1e11,
                    .product = {{64, 256, 64, {1e10, 2e10, 3e10}}, {1024, 4096, 1024, {5e10, 6e10, 7e10}}},
                    .products = 2,
                    .sums = {8, 1 << 20, 1e-3, 2e-3},
                    .disk = {1e9, 2e-3, "/scratch"}};
    a.within.ranks = 4;
    a.within.busy = 5e9;
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        a.within.bytes[i] = 8 << (2 * i);
        a.within.message[i] = 1e-6 + 1e-10 * (double)a.within.bytes[i];
        a.within.allreduce[i] = 3e-6;
    }
    a.between = a.within;
    a.between.ranks = 8;
    return a;
}

static void near_links(const ix_link *a, const ix_link *b)
{
    assert_int_equal(a->ranks, b->ranks);
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        assert_int_equal(a->bytes[i], b->bytes[i]);
        CHECK_NEAR(a->message[i], b->message[i], 1e-5 * b->message[i]);
        CHECK_NEAR(a->allreduce[i], b->allreduce[i], 1e-5 * b->allreduce[i]);
    }
    CHECK_NEAR(a->busy, b->busy, 1e-5 * b->busy);
}

static void comes_back_from_json(void **state)
{
    (void)state;
    ix_machine a = full_machine(), b;
    CHECK_OK(ix_machine_write(&a, "machine.json"));
    CHECK_OK(ix_machine_read(&b, "machine.json"));
    assert_string_equal(a.cpu, b.cpu);
    assert_string_equal(a.disk.folder, b.disk.folder);
    assert_true(b.nodes == 2 && b.ranks == 8 && b.ranks_on_node == 4 && b.threads == 2 && b.cores == 8);
    assert_int_equal(a.memory, b.memory);
    CHECK_NEAR(b.node_peak, 7e11, 1e6);
    CHECK_NEAR(b.sums.ordered, 1e-3, 1e-8);
    assert_int_equal(b.products, 2);
    assert_int_equal(b.product[1].n, 4096);
    CHECK_NEAR(b.product[1].rate[IX_TO_WEIGHTS], 7e10, 1e5);
    near_links(&b.within, &a.within);
    near_links(&b.between, &a.between);
    a.between = (ix_link){0}; /* one node alone */
    CHECK_OK(ix_machine_write(&a, "machine.json"));
    CHECK_OK(ix_machine_read(&b, "machine.json"));
    assert_int_equal(b.between.ranks, 0);
    unlink("machine.json");
}

/* The text of a good file with one part of it replaced. */
static void spoil(const char *from, const char *to, const char *message)
{
    ix_machine a = full_machine(), b;
    char *text = ix_machine_json(&a), *at = strstr(text, from);
    assert_non_null(at);
    char *bad = ix_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    CHECK_OK(ix_file_write("spoilt.json", bad, strlen(bad)));
    CHECK_FAILS(ix_machine_read(&b, "spoilt.json"), IX_EINPUT, "spoilt.json");
    assert_non_null(strstr(ix_message(), message));
    free(text);
    free(bad);
    unlink("spoilt.json");
}

static void bad_files_are_named(void **state)
{
    (void)state;
    ix_machine b;
    spoil("\"version\": 1", "\"version\": 2", "probe again");
    spoil("\"ranks_on_node\": 4", "\"ranks_on_node\": -4", "ranks_on_node");
    spoil("\"ranks_on_node\": 4", "\"ranks_on_node\": 4e9", "ranks_on_node");
    spoil("\"cores_of_node\": 8", "\"cores_of_node\": 0", "cores_of_node");
    spoil("\"node_peak_flop_per_s\": 7", "\"node_peak_flop_per_s\": -7", "node_peak_flop_per_s");
    spoil("\"shapes\": [", "\"shapes\": [3, ", "m");
    spoil("\"bytes\": 128", "\"bytes\": 8", "should rise");
    spoil("\"m\": 64", "\"m\": 0", "at least 1");
    spoil("\"between_nodes\"", "\"between\"", "between_nodes");
    spoil("\"host\": \"node1\"", "\"host\": 1", "host");
    CHECK_FAILS(ix_machine_read(&b, "absent.json"), IX_EINPUT, "absent.json");
}

static void nearest_shape_counts(void **state)
{
    (void)state;
    ix_machine a = full_machine();
    CHECK_NEAR(ix_machine_product_rate(&a, 64, 256, 64, IX_FORWARD, 1), 1e10, 0);
    CHECK_NEAR(ix_machine_product_rate(&a, 32, 128, 32, IX_TO_INPUT, 3), 6e10, 0);
    CHECK_NEAR(ix_machine_product_rate(&a, 4096, 4096, 4096, IX_TO_WEIGHTS, 2), 14e10, 0);
    a.products = 0;
    CHECK_NEAR(ix_machine_product_rate(&a, 64, 256, 64, IX_FORWARD, 4), 3.5e11, 1);
    a = (ix_machine){0};
    CHECK_NEAR(ix_machine_product_rate(&a, 64, 256, 64, IX_FORWARD, 4), 0, 0);
}

static void times_of_messages(void **state)
{
    (void)state;
    ix_machine a = full_machine();
    const ix_link *l = &a.within;
    CHECK_NEAR(ix_link_time(l, 1, false), l->message[0], 0);
    CHECK_NEAR(ix_link_time(l, 128, false), l->message[2], 1e-15);
    CHECK_NEAR(ix_link_time(l, 300, false), 1e-6 + 300e-10, 1e-15); /* the line between two sizes */
    double largest = (double)l->bytes[IX_LINK_SIZES - 1];
    CHECK_NEAR(ix_link_time(l, 10 * largest, false), 10 * l->message[IX_LINK_SIZES - 1], 1e-12);
    CHECK_NEAR(ix_link_time(l, 100 * largest, true), 100 * largest / 5e9, 0.1 * largest / 5e9 * 100);
    assert_true(ix_link_time(l, 100 * largest, true) >= ix_link_time(l, 100 * largest, false));
    a.within.ranks = 0;
    CHECK_NEAR(ix_link_time(&a.within, 100, true), 0, 0);
}

static void memory_is_shared(void **state)
{
    (void)state;
    ix_machine a = full_machine();
    CHECK_NEAR(ix_machine_memory_rate(&a, 8), 1e11, 1);
    CHECK_NEAR(ix_machine_memory_rate(&a, 1), 1.25e10, 1);
    a.core_triad = 1e10; /* one core cannot have more than one core has alone */
    CHECK_NEAR(ix_machine_memory_rate(&a, 1), 1e10, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_from_json), cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(nearest_shape_counts), cmocka_unit_test(times_of_messages),
        cmocka_unit_test(memory_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
