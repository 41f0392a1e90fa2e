/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "comm/lanes.h"
#include "comm/mpi_call.h"

enum { TAG_PROBE = 9, MOST_REPEATS = 101, LEAST_REPEATS = 2 };

static const int64_t sizes[IX_LINK_SIZES] = {8, 64, 512, 4096, 32768, 262144, 1 << 20, 4 << 20};

/* One thing to be timed on the ranks of a communicator. */
typedef struct trial trial;
struct trial {
    void (*once)(trial *t);
    MPI_Comm comm;
    int rank, ranks;
    int here, there; /* of a message: the two that talk */
    int step;        /* of a shift */
    size_t bytes;
    int inner; /* times per repeat: the clock is coarse beside a short message */
    char *in, *out;
    ix_lanes *lanes;
    const ix_grid *grid;
    int64_t floats;
};

static double timed(trial *t)
{
    IX_MPI(MPI_Barrier(t->comm));
    double start = ix_seconds();
    for (int i = 0; i < t->inner; i++) t->once(t);
    double mine = (ix_seconds() - start) / t->inner, slowest;
    IX_MPI(MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, t->comm));
    return slowest;
}

/* All ranks of the communicator see the same times, so they agree on how often. */
static double median_time(trial *t, double seconds)
{
    double time[MOST_REPEATS];
    timed(t);
    double once = timed(t) * t->inner, fit = seconds / (once > 0 ? once : 1e-9);
    int n = fit < LEAST_REPEATS ? LEAST_REPEATS : fit > MOST_REPEATS ? MOST_REPEATS : (int)fit;
    for (int i = 0; i < n; i++) time[i] = timed(t);
    return ix_median(time, n);
}

/* --- what is timed ---------------------------------------------------------------------------------------- */

static void round_trip(trial *t)
{
    int size = (int)t->bytes;
    if (t->rank == t->here) {
        IX_MPI(MPI_Send(t->out, size, MPI_BYTE, t->there, TAG_PROBE, t->comm));
        IX_MPI(MPI_Recv(t->in, size, MPI_BYTE, t->there, TAG_PROBE, t->comm, MPI_STATUS_IGNORE));
    } else if (t->rank == t->there) {
        IX_MPI(MPI_Recv(t->in, size, MPI_BYTE, t->here, TAG_PROBE, t->comm, MPI_STATUS_IGNORE));
        IX_MPI(MPI_Send(t->out, size, MPI_BYTE, t->here, TAG_PROBE, t->comm));
    }
}

static void shift(trial *t)
{
    int size = (int)t->bytes, to = (t->rank + t->step) % t->ranks, from = (t->rank + t->ranks - t->step) % t->ranks;
    IX_MPI(MPI_Sendrecv(t->out, size, MPI_BYTE, to, TAG_PROBE, t->in, size, MPI_BYTE, from, TAG_PROBE, t->comm,
                        MPI_STATUS_IGNORE));
}

static void allreduce(trial *t)
{
    IX_MPI(MPI_Allreduce(t->out, t->in, (int)(t->bytes / sizeof(float)), MPI_FLOAT, MPI_SUM, t->comm));
}

static void library_sum(trial *t)
{
    MPI_Request request;
    IX_MPI(MPI_Iallreduce(t->out, t->in, (int)t->floats, MPI_FLOAT, MPI_SUM, t->comm, &request));
    IX_MPI(MPI_Wait(&request, MPI_STATUS_IGNORE));
}

static void ordered_sum(trial *t)
{
    ix_lanes_reduce(t->lanes);
    ix_lanes_gather(t->lanes, (float *)(void *)t->in);
    ix_lanes_begin(t->lanes);
    ix_lanes_end(t->lanes);
}

/* --- links -------------------------------------------------------------------------------------------------- */

static void measure(ix_link *link, trial *t, double seconds)
{
    double each = seconds / (2 * IX_LINK_SIZES + 1);
    link->ranks = t->ranks;
    memcpy(link->bytes, sizes, sizeof sizes);
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        t->bytes = (size_t)sizes[i];
        t->inner = sizes[i] <= 4096 ? 20 : 1;
        t->once = round_trip;
        link->message[i] = median_time(t, each) / 2;
        t->once = allreduce;
        link->allreduce[i] = median_time(t, each);
    }
    t->once = shift;
    link->busy = (double)t->bytes / median_time(t, each);
}

/* The rank of the world that leads its node, and how many such there are. */
static int find_leader(const ix_grid *world, MPI_Comm node, int *nodes)
{
    int leader = world->rank[IX_WORLD], leads;
    IX_MPI(MPI_Bcast(&leader, 1, MPI_INT, 0, node));
    leads = leader == world->rank[IX_WORLD];
    IX_MPI(MPI_Allreduce(&leads, nodes, 1, MPI_INT, MPI_SUM, world->comm[IX_WORLD]));
    return leader;
}

static MPI_Comm open_node(const ix_grid *world)
{
    MPI_Comm node;
    IX_MPI(MPI_Comm_split_type(world->comm[IX_WORLD], MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    IX_MPI(MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN));
    return node;
}

/* The first rank that is not on the first rank's node. */
static int first_elsewhere(const ix_grid *world, int leader)
{
    int mine = leader == 0 ? world->size[IX_WORLD] : world->rank[IX_WORLD], first;
    IX_MPI(MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, world->comm[IX_WORLD]));
    return first;
}

void ix_probe_links(const ix_grid *world, double seconds, ix_link *within, ix_link *between)
{
    MPI_Comm node = open_node(world);
    int nodes, leader = find_leader(world, node, &nodes), here;
    char *block = ix_alloc_block(2 * (size_t)sizes[IX_LINK_SIZES - 1]);
    trial t = {.in = block, .out = block + sizes[IX_LINK_SIZES - 1]};

    IX_CONTRACT(block); /* 8 MiB, and nobody could be told without a message */
    *within = *between = (ix_link){0};
    IX_MPI(MPI_Comm_size(node, &here));
    t.comm = node;
    t.ranks = here;
    IX_MPI(MPI_Comm_rank(node, &t.rank));
    t.there = t.step = 1;
    if (here > 1) measure(within, &t, seconds / 2);
    ix_grid_bcast(world, IX_WORLD, 0, within, sizeof *within);
    IX_MPI(MPI_Comm_free(&node));
    t.comm = world->comm[IX_WORLD];
    t.ranks = world->size[IX_WORLD];
    t.rank = world->rank[IX_WORLD];
    t.there = first_elsewhere(world, leader);
    ix_grid_bcast(world, IX_WORLD, 0, &here, sizeof here);
    t.step = here;
    if (nodes > 1) measure(between, &t, seconds / 2);
    free(block);
}

int ix_comm_nodes(void)
{
    ix_grid *world = NULL;
    int nodes;
    IX_CONTRACT(ix_grid_create(&world, 1, ix_comm_ranks(), 1) == IX_OK);
    MPI_Comm node = open_node(world);
    find_leader(world, node, &nodes);
    IX_MPI(MPI_Comm_free(&node));
    ix_grid_destroy(&world);
    return nodes;
}

/* --- sums --------------------------------------------------------------------------------------------------- */

ix_status ix_probe_sums(const ix_grid *world, int64_t floats, double seconds, ix_sums *out)
{
    ix_status rc = IX_OK;
    trial t = {.comm = world->comm[IX_WORLD],
               .rank = world->rank[IX_WORLD],
               .ranks = world->size[IX_WORLD],
               .grid = world,
               .inner = 1,
               .floats = floats};

    *out = (ix_sums){.ranks = t.ranks, .bytes = floats * (int64_t)sizeof(float)};
    if (t.ranks < 2) return IX_OK;
    t.in = ix_alloc_block((size_t)out->bytes);
    t.out = ix_alloc_block((size_t)out->bytes);
    rc = t.in && t.out ? IX_OK : ix_fail(IX_ENOMEM, "measuring sums of %lld floats: out of memory", (long long)floats);
    IX_TRY(ix_grid_agree(world, IX_WORLD, rc));
    IX_TRY(ix_lanes_create(&t.lanes, world, IX_WORLD, t.ranks, floats, NULL));
    ix_lanes_begin(t.lanes);
    ix_lanes_end(t.lanes);
    t.once = ordered_sum;
    out->ordered = median_time(&t, seconds / 2);
    t.once = library_sum;
    out->library = median_time(&t, seconds / 2);
done:
    ix_lanes_destroy(&t.lanes);
    free(t.in);
    free(t.out);
    return rc;
}
