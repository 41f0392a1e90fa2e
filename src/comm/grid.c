/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/grid.h"

#include <stdlib.h>

#include "comm/mpi_call.h"

static ix_grid *make_grid(int ranks)
{
    ix_grid *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->room = ranks > 4096 ? ranks : 4096;
    g->scratch = calloc((size_t)g->room, sizeof(double));
    if (g->scratch) return g;
    free(g);
    return NULL;
}

static void measure(ix_grid *g)
{
    for (int axis = 0; axis < IX_AXES; axis++) {
        IX_MPI(MPI_Comm_rank(g->comm[axis], &g->rank[axis]));
        IX_MPI(MPI_Comm_size(g->comm[axis], &g->size[axis]));
    }
}

/* Rank of comm[IX_WORLD] = (group * data + d) * tensor + t. Ranks of one colour become one communicator, in its order.
 */
static void cut_box(ix_grid *g, int data, int tensor)
{
    MPI_Comm all = g->comm[IX_WORLD];
    int rank;
    IX_MPI(MPI_Comm_rank(all, &rank));
    int t = rank % tensor, d = rank / tensor % data;
    g->group = rank / tensor / data;
    IX_MPI(MPI_Comm_split(all, g->group, rank, &g->comm[IX_GROUP]));
    IX_MPI(MPI_Comm_split(all, g->group * tensor + t, rank, &g->comm[IX_DATA]));
    IX_MPI(MPI_Comm_split(all, g->group * data + d, rank, &g->comm[IX_TENSOR]));
}

/* A box over the ranks of `all`, which the grid takes over. */
static ix_grid *make_box(MPI_Comm all, int groups, int data, int tensor)
{
    ix_grid *g = make_grid(groups * data * tensor);
    IX_CONTRACT(g != NULL); /* some kilobytes, before anything can be agreed on */
    g->groups = groups;
    if (tensor > 1) g->sums = calloc(IX_SUM_FLOATS, sizeof *g->sums);
    IX_CONTRACT(tensor == 1 || g->sums);
    g->comm[IX_WORLD] = all;
    cut_box(g, data, tensor);
    measure(g);
    return g;
}

ix_status ix_grid_create(ix_grid **out, int groups, int data, int tensor)
{
    ix_status rc = IX_OK;
    int ranks = ix_comm_ranks();
    MPI_Comm all;

    *out = NULL;
    IX_NEED(groups >= 1 && data >= 1 && tensor >= 1, IX_EINPUT,
            "parallel: %d groups x %d data x %d tensor ranks: each must be at least 1", groups, data, tensor);
    IX_NEED((int64_t)groups * data <= ranks && (int64_t)groups * data * tensor == ranks, IX_EINPUT,
            "parallel: %d groups x %d data x %d tensor ranks do not make the %d that were started: "
            "start groups * data * tensor ranks, or leave some of them to auto",
            groups, data, tensor, ranks);
    IX_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &all));
    *out = make_box(all, groups, data, tensor);
done:
    return rc;
}

void ix_grid_create_part(ix_grid **out, const ix_grid *within, int groups, int data, int tensor)
{
    int ranks = groups * data * tensor, rank = within->rank[IX_GROUP];
    MPI_Comm part;

    IX_CONTRACT(ranks >= 1 && ranks <= within->size[IX_GROUP]);
    IX_MPI(MPI_Comm_split(within->comm[IX_GROUP], rank < ranks ? 0 : MPI_UNDEFINED, rank, &part));
    *out = rank < ranks ? make_box(part, groups, data, tensor) : NULL;
}

ix_status ix_grid_create_self(ix_grid **out)
{
    ix_status rc = IX_OK;
    ix_grid *g = NULL;

    *out = NULL;
    IX_NEED(g = make_grid(1), IX_ENOMEM, "grid: out of memory");
    g->groups = 1;
    g->alone = true;
    for (int axis = 0; axis < IX_AXES; axis++) g->comm[axis] = MPI_COMM_SELF;
    measure(g);
    *out = g;
done:
    return rc;
}

ix_status ix_grid_create_shape(ix_grid **out, int data, int tensor)
{
    ix_status rc = IX_OK;
    ix_grid *g = NULL;

    *out = NULL;
    IX_NEED(g = make_grid(1), IX_ENOMEM, "grid: out of memory");
    g->groups = 1;
    g->alone = true;
    const int size[IX_AXES] = {
        [IX_WORLD] = data * tensor, [IX_GROUP] = data * tensor, [IX_DATA] = data, [IX_TENSOR] = tensor};
    for (int axis = 0; axis < IX_AXES; axis++) {
        g->comm[axis] = MPI_COMM_NULL;
        g->size[axis] = size[axis];
    }
    *out = g;
done:
    return rc;
}

void ix_grid_destroy(ix_grid **grid)
{
    ix_grid *g = *grid;
    if (!g) return;
    for (int axis = 0; axis < IX_AXES && !g->alone; axis++) IX_MPI(MPI_Comm_free(&g->comm[axis]));
    free(g->scratch);
    free(g->sums);
    free(g);
    *grid = NULL;
}

int ix_grid_rank(const ix_grid *g, ix_axis axis)
{
    return g->rank[axis];
}

int ix_grid_size(const ix_grid *g, ix_axis axis)
{
    return g->size[axis];
}

int ix_grid_group(const ix_grid *g)
{
    return g->group;
}

int ix_grid_groups(const ix_grid *g)
{
    return g->groups;
}
