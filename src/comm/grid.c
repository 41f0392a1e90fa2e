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

/* Where a rank is: first + d * tensor + t. Without a group it is one of its own. */
typedef struct {
    int group, first;
    ix_shape shape;
} place;

static place find_place(const ix_shape *shape, int groups, int rank)
{
    int first = 0;
    for (int g = 0; g < groups; g++) {
        int size = shape[g].data * shape[g].tensor;
        if (rank < first + size) return (place){g, first, shape[g]};
        first += size;
    }
    return (place){-1, rank, {1, 1}};
}

/* Ranks of one colour, the number of their first in comm[IX_WORLD], become one communicator, in its order. */
static void cut_world(ix_grid *g, int rank, const place *p)
{
    MPI_Comm all = g->comm[IX_WORLD];
    int t = (rank - p->first) % p->shape.tensor, d = (rank - p->first) / p->shape.tensor;
    g->group = p->group;
    IX_MPI(MPI_Comm_split(all, p->first, rank, &g->comm[IX_GROUP]));
    IX_MPI(MPI_Comm_split(all, p->first + t, rank, &g->comm[IX_DATA]));
    IX_MPI(MPI_Comm_split(all, p->first + d * p->shape.tensor, rank, &g->comm[IX_TENSOR]));
}

/* Groups over the ranks of `all`, which the grid takes over; there are enough. */
static ix_grid *make_groups(MPI_Comm all, const ix_shape *shape, int groups)
{
    int rank, ranks;
    IX_MPI(MPI_Comm_rank(all, &rank));
    IX_MPI(MPI_Comm_size(all, &ranks));
    ix_grid *g = make_grid(ranks);
    IX_CONTRACT(g != NULL); /* some kilobytes, before anything can be agreed on */
    place p = find_place(shape, groups, rank);
    g->groups = groups;
    g->first = calloc((size_t)groups + 1, sizeof *g->first);
    if (p.shape.tensor > 1) g->sums = calloc(IX_SUM_FLOATS, sizeof *g->sums);
    IX_CONTRACT(g->first && (p.shape.tensor == 1 || g->sums));
    for (int i = 0; i < groups; i++) g->first[i + 1] = g->first[i] + shape[i].data * shape[i].tensor;
    g->comm[IX_WORLD] = all;
    cut_world(g, rank, &p);
    measure(g);
    return g;
}

/* The same where all groups are alike. */
static ix_grid *make_box(MPI_Comm all, int groups, ix_shape each)
{
    ix_shape *shape = calloc((size_t)groups, sizeof *shape);
    IX_CONTRACT(shape != NULL);
    for (int g = 0; g < groups; g++) shape[g] = each;
    ix_grid *g = make_groups(all, shape, groups);
    free(shape);
    return g;
}

ix_status ix_grid_create_shapes(ix_grid **out, const ix_shape *shape, int groups)
{
    ix_status rc = IX_OK;
    int ranks = ix_comm_ranks();
    int64_t used = 0;
    MPI_Comm all;

    *out = NULL;
    for (int i = 0; i < groups; i++) {
        IX_NEED(shape[i].data >= 1 && shape[i].tensor >= 1, IX_EINPUT,
                "parallel: a group of %d data x %d tensor ranks: each must be at least 1", shape[i].data,
                shape[i].tensor);
        used += (int64_t)shape[i].data * shape[i].tensor;
    }
    IX_NEED(used <= ranks, IX_EINPUT, "parallel: the groups need %lld ranks, but there are only %d", (long long)used,
            ranks);
    IX_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &all));
    *out = make_groups(all, shape, groups);
done:
    return rc;
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
    *out = make_box(all, groups, (ix_shape){data, tensor});
done:
    return rc;
}

void ix_grid_create_part(ix_grid **out, const ix_grid *within, int groups, int data, int tensor)
{
    int ranks = groups * data * tensor, rank = within->rank[IX_GROUP];
    MPI_Comm part;

    IX_CONTRACT(ranks >= 1 && ranks <= within->size[IX_GROUP]);
    IX_MPI(MPI_Comm_split(within->comm[IX_GROUP], rank < ranks ? 0 : MPI_UNDEFINED, rank, &part));
    *out = rank < ranks ? make_box(part, groups, (ix_shape){data, tensor}) : NULL;
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
    free(g->first);
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
