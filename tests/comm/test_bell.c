/* SPDX-License-Identifier: Apache-2.0
 *
 * A word from any rank reaches the first rank of every group, whoever rests and whoever computes; without one nobody
 * hears anything. */
#include "comm/bell.h"

#include <time.h>

#include "check.h"

static bool never(void)
{
    return false;
}

static bool at_once(void)
{
    return true;
}

static bool leads(const ix_grid *g)
{
    return ix_grid_group(g) >= 0 && ix_grid_rank(g, IX_GROUP) == 0;
}

/* What a computing rank does: it looks now and then. */
static void compute_until_heard(ix_bell *b)
{
    const struct timespec nap = {.tv_nsec = 100000};
    while (!ix_bell_heard(b)) nanosleep(&nap, NULL);
}

/* Groups of one rank each, or one of two and the rest; the last rank may be in none. */
static int shapes_of(int way, ix_shape shape[4])
{
    int ranks = ix_comm_ranks(), n = 0, left = way == 2 ? ranks - 1 : ranks;
    while (left > 0) {
        shape[n] = (ix_shape){1, way == 1 && n == 0 && left > 1 ? 2 : 1};
        left -= shape[n++].tensor;
    }
    return n;
}

static void open_bell(int way, ix_grid **g, ix_bell **b)
{
    ix_shape shape[4];
    int n = shapes_of(way, shape);
    CHECK_OK(ix_grid_create_shapes(g, shape, n));
    CHECK_OK(ix_bell_create(b, *g));
}

static void close_bell(ix_grid **g, ix_bell **b)
{
    ix_bell_destroy(b);
    assert_null(*b);
    ix_grid_destroy(g);
}

/* Rank `from` rings, itself at work or resting; everybody else that leads a group computes until it hears. */
static void anybody_reaches_everybody(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++)
        for (int from = 0; from < ix_comm_ranks(); from++)
            for (int rests = 0; rests < 2; rests++) {
                ix_grid *g;
                ix_bell *b;
                bool mine = ix_comm_rank() == from;
                open_bell(way, &g, &b);
                if (mine && !rests) ix_bell_ring(b), ix_bell_ring(b);
                if (!mine && leads(g)) compute_until_heard(b);
                ix_bell_rest(b, mine && rests ? at_once : never);
                close_bell(&g, &b);
            }
}

/* All at once, as when a launcher passes a signal on. */
static void everybody_rings(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        ix_grid *g;
        ix_bell *b;
        open_bell(way, &g, &b);
        if (leads(g)) ix_bell_ring(b);
        ix_bell_rest(b, at_once);
        close_bell(&g, &b);
    }
}

static void silence(void **state)
{
    (void)state;
    ix_grid *g;
    ix_bell *b;
    open_bell(0, &g, &b);
    for (int i = 0; i < 100; i++) assert_false(ix_bell_heard(b));
    ix_bell_rest(b, never);
    assert_false(ix_bell_heard(b));
    close_bell(&g, &b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(anybody_reaches_everybody), cmocka_unit_test(everybody_rings),
                                       cmocka_unit_test(silence)};
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_comm_stop();
    return failed;
}
