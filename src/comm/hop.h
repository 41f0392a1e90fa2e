/* SPDX-License-Identifier: Apache-2.0
 *
 * hop.h - inside comm: ranks that meet cut a bucket of floats into a part for each, send everybody's part to its owner,
 * and each adds up along the tree what it gets; and the other way round: everybody's part goes to all.
 *
 * Two buckets at a time may be on their way, each in a bank of its own. Messages go by numbers of the axis. */
#ifndef IX_COMM_HOP_H
#define IX_COMM_HOP_H

#include "comm/mpi_call.h"
#include "comm/tree.h"

enum { IX_HOP_BANKS = 2 };

/* Place i of `ranks` is rank first + i * stride of the communicator. `block`: see ix_hop_part. */
typedef struct {
    MPI_Comm comm;
    int first, stride, ranks, mine, block;
} ix_meeting;

/* Local: what place i of `ranks` owns of a bucket that begins at a whole chunk: the bucket is cut into `block`
 * stretches and those into ranks / block parts; place i has part i / block of stretch i % block. */
ix_span ix_hop_part(ix_span bucket, int ranks, int block, int i);

/* One bucket on its way. */
typedef struct {
    ix_span all;           /* its floats */
    float *const *buffer;  /* of my nodes */
    MPI_Request *in, *out; /* [receives], [sends] */
    float *stage;          /* my part of every node of the others */
    bool added;
} ix_bank;

typedef struct {
    ix_meeting who;
    int *first;     /* [ranks + 1] node k of place r has the slot first[r] + k */
    ix_node *nodes; /* [first[ranks]] who ends with which nodes, in the order of lanes */
    float **base;   /* [nodes of all] where my part of each is */
    ix_add *adds;   /* the top of the tree, over the nodes of all */
    int add_count;
    float *stage;         /* of both banks */
    MPI_Request *request; /* of both banks */
    int receives, sends;  /* of a bucket */
    int64_t most;         /* floats of a part */
    ix_bank bank[IX_HOP_BANKS];
} ix_hop;

/* Local. A sum over L lanes, of which place r holds the whole subtrees of ix_split(L, ranks, r), in buckets of at most
 * `floats`. IX_ENOMEM; then, and at the end, free. */
ix_status ix_hop_make(ix_hop *hop, const ix_meeting *who, int L, int64_t floats);
void ix_hop_free(ix_hop *hop);
int ix_hop_nodes(const ix_hop *hop); /* that I hold */

/* Local. Begins the exchange of buffer[node][all]. Until it is over nobody may write there. */
void ix_hop_send(ix_hop *hop, int bank, float *const *buffer, ix_span all);
/* Are my floats of buffer[0] the sum, and is what I sent gone? `wait` until so. */
bool ix_hop_finish(ix_hop *hop, int bank, bool wait);

/* Local. Begins to send my part of x[all] to the others and to receive theirs; and waits for that. */
void ix_hop_spread(ix_hop *hop, int bank, float *x, ix_span all);
void ix_hop_wait(ix_hop *hop, int bank);

#endif
