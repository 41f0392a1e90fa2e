/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes beyond what one MPI call can count: more than 2^31 bytes through every path that carries bytes or floats. */
#include "check.h"

#include <unistd.h>

#include "comm/lanes.h"

enum { EXTRA = 12345 };

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 24));
}

static void large_blocks_arrive(void **state)
{
    (void)state;
    const size_t size = ((size_t)2 << 30) + EXTRA;
    ix_grid *g = NULL;
    ix_parts parts;
    unsigned char *x = malloc(size);
    int root = ix_comm_ranks() - 1;
    bool mine = ix_comm_rank() == root;

    assert_non_null(x);
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    for (size_t i = 0; i < size; i++) x[i] = mine ? byte_at(i) : 0;
    ix_grid_bcast(g, IX_WORLD, root, x, size);
    for (size_t i = 0; i < size; i++)
        if (x[i] != byte_at(i)) fail_msg("byte %zu", i);
    CHECK_OK(ix_grid_gather_bytes(g, IX_WORLD, root, x, mine ? 1 : size, &parts)); /* last: those of root */
    for (size_t i = 0; mine && i < size; i++)
        if ((unsigned char)parts.bytes[i] != byte_at(i)) fail_msg("byte %zu", i);
    ix_parts_free(&parts);
    free(x);
    ix_grid_destroy(&g);
}

static void large_weights_arrive(void **state)
{
    (void)state;
    const int64_t n = (INT64_C(5) << 27) + EXTRA; /* 2.5 GiB of floats */
    ix_grid *g = NULL;
    ix_lanes *lanes = NULL;

    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    CHECK_OK(ix_lanes_create(&lanes, g, IX_DATA, ix_comm_ranks(), n, NULL));
    ix_lanes_begin(lanes);
    ix_lanes_end(lanes);
    float *x = ix_lanes_reduce(lanes);
    for (int64_t k = 0; k < ix_lanes_buckets(n); k++) {
        ix_span mine = ix_lanes_mine(lanes, k);
        for (int64_t i = mine.lo; i < mine.hi; i++) x[i] = (float)(i % 16777213);
    }
    ix_lanes_gather(lanes, x);
    for (int64_t i = 0; i < n; i++)
        if (x[i] != (float)(i % 16777213)) fail_msg("float %lld", (long long)i);
    ix_lanes_destroy(&lanes);
    ix_grid_destroy(&g);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(large_blocks_arrive), cmocka_unit_test(large_weights_arrive)};
    double room = (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    ix_grid *g = NULL;
    if (ix_grid_create(&g, 1, ix_comm_ranks(), 1) != IX_OK) return 1;
    double missing = 9e9 - room;
    ix_grid_max_double(g, IX_WORLD, &missing, 1);
    ix_grid_destroy(&g);
    int failed = 77;
    if (missing > 0) printf("SKIP: this test needs 9 GB of free memory\n");
    else failed = cmocka_run_group_tests(tests, NULL, NULL) != 0;
    ix_comm_stop();
    return failed;
}
