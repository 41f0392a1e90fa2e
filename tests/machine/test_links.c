/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages and sums are measured alike for all ranks: finite, above zero, and the same numbers everywhere. */
#include "check.h"
#include "comm/probe.h"

static ix_grid *world;

static void same_everywhere(double x)
{
    double most[2] = {x, -x};
    ix_grid_max_double(world, IX_WORLD, most, 2);
    CHECK_NEAR(most[0], x, 0);
    CHECK_NEAR(-most[1], x, 0);
    assert_true(isfinite(x) && x > 0);
}

static void links(void **state)
{
    (void)state;
    ix_link within, between;
    ix_probe_links(world, 0.05, &within, &between);
    assert_int_equal(ix_comm_nodes(), 1);
    assert_int_equal(between.ranks, 0);
    assert_int_equal(within.ranks, ix_comm_ranks() > 1 ? ix_comm_ranks() : 0);
    for (int i = 0; i < IX_LINK_SIZES && within.ranks; i++) {
        same_everywhere(within.message[i]);
        same_everywhere(within.allreduce[i]);
        assert_true(i == 0 || within.bytes[i] > within.bytes[i - 1]);
    }
    if (within.ranks) same_everywhere(within.busy);
}

static void sums(void **state)
{
    (void)state;
    ix_sums s;
    CHECK_OK(ix_probe_sums(world, 10000, 0.02, &s));
    assert_int_equal(s.ranks, ix_comm_ranks());
    if (s.ranks < 2) return;
    same_everywhere(s.ordered);
    same_everywhere(s.library);
    assert_int_equal(s.bytes, 40000);
}

/* A plan's grid answers what a grid of that shape would. */
static void shapes_need_nobody(void **state)
{
    (void)state;
    ix_grid *g;
    CHECK_OK(ix_grid_create_shape(&g, 5, 3));
    assert_true(ix_grid_size(g, IX_DATA) == 5 && ix_grid_size(g, IX_TENSOR) == 3 && ix_grid_size(g, IX_GROUP) == 15);
    for (ix_axis axis = 0; axis < IX_AXES; axis++) assert_int_equal(ix_grid_rank(g, axis), 0);
    ix_grid_destroy(&g);
    assert_null(g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links), cmocka_unit_test(sums),
                                       cmocka_unit_test(shapes_need_nobody)};
    if (ix_comm_start(&argc, &argv) != IX_OK || ix_grid_create(&world, 1, ix_comm_ranks(), 1) != IX_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_destroy(&world);
    ix_comm_stop();
    return failed;
}
