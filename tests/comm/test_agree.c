/* SPDX-License-Identifier: Apache-2.0
 *
 * Failures of things that all ranks look at: of one rank, of some, of all; and bits that ranks of a node bring. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "comm/grid.h"

static ix_grid *world;

static void alike(void **state)
{
    (void)state;
    int ranks = ix_comm_ranks(), rank = ix_comm_rank();
    char text[512];

    assert_int_equal(ix_grid_agree_alike(world, IX_WORLD, IX_OK), IX_OK);
    ix_status mine = ix_fail(IX_EINPUT, "a.jsonl: not there");
    assert_int_equal(ix_grid_agree_alike(world, IX_WORLD, mine), IX_EINPUT);
    assert_string_equal(ix_message(), "a.jsonl: not there");

    mine = rank == ranks - 1 ? ix_fail(IX_EINPUT, "b.jsonl: not there") : IX_OK;
    assert_int_equal(ix_grid_agree_alike(world, IX_WORLD, mine), IX_EINPUT);
    snprintf(text, sizeof text, "b.jsonl: not there (on rank %d, host %s; %d of %d ranks found nothing wrong)",
             ranks - 1, ix_comm_host(), ranks - 1, ranks);
    assert_string_equal(ix_message(), ranks == 1 ? "b.jsonl: not there" : text);

    if (ranks < 3) return; /* two fail: the worse one speaks */
    mine = rank == 1   ? ix_fail(IX_EINPUT, "c.jsonl: not there")
           : rank == 2 ? ix_fail(IX_ENOMEM, "out of memory")
                       : IX_OK;
    assert_int_equal(ix_grid_agree_alike(world, IX_WORLD, mine), IX_ENOMEM);
    snprintf(text, sizeof text, "out of memory (on rank 2, host %s; %d of %d ranks found nothing wrong)",
             ix_comm_host(), ranks - 2, ranks);
    assert_string_equal(ix_message(), text);
}

static void bits_of_a_node(void **state)
{
    (void)state;
    uint64_t bits[3] = {UINT64_C(1) << ix_comm_rank(), 0, 5};
    ix_comm_merge_on_node(bits, 3);
    assert_true(bits[0] == (UINT64_C(1) << ix_comm_ranks()) - 1 && bits[1] == 0 && bits[2] == 5);
}

int main(int argc, char **argv)
{
    if (ix_comm_start(&argc, &argv) != IX_OK || ix_grid_create(&world, 1, ix_comm_ranks(), 1) != IX_OK) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(alike), cmocka_unit_test(bits_of_a_node)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_destroy(&world);
    ix_comm_stop();
    return failed;
}
