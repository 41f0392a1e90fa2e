/* SPDX-License-Identifier: Apache-2.0
 *
 * sum_tensor.c - what tensor ranks know in parts becomes a whole: every rank gets everybody's numbers of its share,
 * adds them in rank order, and hands the share out. */
#include "base/span.h"
#include "comm/mpi_call.h"
#include "comm/tree.h"

enum { TAG_SHARE = 5, TAG_SUM = 6, RANKS = 1024 };

typedef struct {
    MPI_Request request[2 * RANKS];
    int n;
} requests;

static void wait_for(requests *r)
{
    IX_MPI(MPI_Waitall(r->n, r->request, MPI_STATUSES_IGNORE));
    r->n = 0;
}

static void send(requests *r, const float *x, int64_t n, int to, int tag, MPI_Comm comm)
{
    if (n) IX_MPI(MPI_Isend(x, (int)n, MPI_FLOAT, to, tag, comm, &r->request[r->n++]));
}

static void receive(requests *r, float *x, int64_t n, int from, int tag, MPI_Comm comm)
{
    if (n) IX_MPI(MPI_Irecv(x, (int)n, MPI_FLOAT, from, tag, comm, &r->request[r->n++]));
}

static void sum_piece(const ix_grid *g, float *x, int64_t n)
{
    int ranks = g->size[IX_TENSOR], mine = g->rank[IX_TENSOR];
    MPI_Comm comm = g->comm[IX_TENSOR];
    ix_span share = ix_split(n, ranks, mine);
    int64_t size = ix_span_size(share);
    requests r = {.n = 0};

    for (int i = 0; i < ranks; i++)
        if (i != mine) receive(&r, g->sums + (i < mine ? i : i - 1) * size, size, i, TAG_SHARE, comm);
    for (int i = 0; i < ranks; i++) {
        ix_span theirs = ix_split(n, ranks, i);
        if (i != mine) send(&r, x + theirs.lo, ix_span_size(theirs), i, TAG_SHARE, comm);
    }
    wait_for(&r);
    ix_tree_add_ranks(x + share.lo, g->sums, size, ranks, mine);
    for (int i = 0; i < ranks; i++) {
        ix_span theirs = ix_split(n, ranks, i);
        if (i == mine) continue;
        receive(&r, x + theirs.lo, ix_span_size(theirs), i, TAG_SUM, comm);
        send(&r, x + share.lo, size, i, TAG_SUM, comm);
    }
    wait_for(&r);
}

void ix_grid_sum_tensor(const ix_grid *g, float *x, int64_t n)
{
    int ranks = g->size[IX_TENSOR];
    if (ranks == 1) return;
    IX_CONTRACT(ranks <= RANKS);
    for (int64_t at = 0, k; at < n; at += k) {
        k = n - at < IX_SUM_FLOATS ? n - at : IX_SUM_FLOATS;
        sum_piece(g, x + at, k);
    }
}
