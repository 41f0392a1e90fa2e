/* SPDX-License-Identifier: Apache-2.0
 *
 * grid.h - message passing: starting it, how the ranks are arranged, and what they say to each other.
 *
 * World ranks fill a groups x data x tensor box, tensor fastest: a tensor group sits on neighbours. Groups may differ
 * in data and tensor ranks; then they lie one after the other, and ranks that no group takes come last. A grid owns its
 * communicators and must outlive everything built on it. Only the main thread may call (MPI_THREAD_FUNNELED).
 *
 * "Collective" means: every rank of the axis calls, in the same order. Broken message passing ends the job with one
 * line naming rank and place; everything else that fails is a status, and the same one on every rank. */
#ifndef IX_COMM_GRID_H
#define IX_COMM_GRID_H

#include <stdint.h>

#include "base/status.h"

/* First and last call of a program; a program started without a launcher is a world of one rank. From then on a
 * broken contract on one rank ends all. Collective over the world. */
ix_status ix_comm_start(int *argc, char ***argv);
/* Local, before the first: no launcher started this program, so it will need no daemon and no network, whose search
 * takes ten times as long as the rest. */
void ix_comm_alone(void);
void ix_comm_stop(void);
int ix_comm_ranks(void);                           /* Local: size of the world, for choosing a layout */
int ix_comm_rank(void);                            /* Local: my place in it */
int ix_comm_ranks_on_node(void);                   /* Collective over the world: ranks that share this node's memory */
void ix_comm_merge_on_node(uint64_t *bits, int n); /* Collective over the world: every bit that one of those has set */
const char *ix_comm_host(void);                    /* Local: the name of this node */
const char *ix_comm_library(void);                 /* Local: "Open MPI v4.1.4, ...", for provenance */

typedef struct ix_grid ix_grid;

/* Along which line of the box: everybody; my run group (data x tensor); the ranks that share my tensor index in my
 * group; the ranks that share my data index in my group. */
typedef enum { IX_WORLD, IX_GROUP, IX_DATA, IX_TENSOR, IX_AXES } ix_axis;

/* Collective over the world. IX_EINPUT on every rank alike unless groups * data * tensor == number of ranks. */
ix_status ix_grid_create(ix_grid **out, int groups, int data, int tensor);

/* The ranks of one group. */
typedef struct {
    int data, tensor;
} ix_shape;

/* Collective over the world: group g has shape[g]. A rank beyond the last group is in none: its every axis but the
 * world has one rank. IX_EINPUT on every rank alike if they need more ranks than there are. */
ix_status ix_grid_create_shapes(ix_grid **out, const ix_shape *shape, int groups);
/* Collective over the group of `within`, which need not outlive the part: its first groups * data * tensor ranks as a
 * world of their own, in their order. The others get NULL. Contract: there are so many. Destroying it is collective
 * over the part. */
void ix_grid_create_part(ix_grid **out, const ix_grid *within, int groups, int data, int tensor);
/* Local: this rank alone, every axis of size 1. */
ix_status ix_grid_create_self(ix_grid **out);
/* Local, without message passing: the first rank of a box of this shape, for plans. Its ranks and sizes may be asked
 * for, nothing else: there is nobody to talk to. */
ix_status ix_grid_create_shape(ix_grid **out, int data, int tensor);
void ix_grid_destroy(ix_grid **grid); /* Collective as its creation. NULL is fine; leaves *grid NULL */

int ix_grid_rank(const ix_grid *g, ix_axis axis); /* Local: mine along the axis, from 0 */
int ix_grid_size(const ix_grid *g, ix_axis axis); /* Local */
int ix_grid_group(const ix_grid *g);              /* Local: which run group I am in; -1: in none */
int ix_grid_groups(const ix_grid *g);             /* Local */

/* Collective. Everybody returns the worst status that any rank brought, with the message of the lowest rank that
 * brought it, so any rank can report it. IX_OK leaves the message alone. */
ix_status ix_grid_agree(const ix_grid *g, ix_axis axis, ix_status mine);
/* The same where all ranks look at the same things: if only some fail, the message ends with one of them, and its host.
 */
ix_status ix_grid_agree_alike(const ix_grid *g, ix_axis axis, ix_status mine);

void ix_grid_barrier(const ix_grid *g, ix_axis axis); /* Collective */
/* Collective: a barrier for long waits. Whoever is early sleeps and leaves its processor to others; so all may go on
 * some milliseconds after the last. */
void ix_grid_rest(const ix_grid *g, ix_axis axis);

/* Collective. `bytes` is the same on every rank; any size. */
void ix_grid_bcast(const ix_grid *g, ix_axis axis, int root, void *bytes, size_t size);

/* One block of bytes per rank of an axis: rank r's are bytes[offset[r]] .. bytes[offset[r + 1]]. */
typedef struct {
    char *bytes;
    size_t *offset; /* ranks + 1 entries; NULL where nothing was received */
} ix_parts;

/* Collective. Blocks of any, different sizes meet at root, which owns them; the others get empty parts. IX_ENOMEM on
 * every rank if root has no room. */
ix_status ix_grid_gather_bytes(const ix_grid *g, ix_axis axis, int root, const void *mine, size_t size, ix_parts *out);
void ix_parts_free(ix_parts *parts);

/* Collective; x[n] is replaced, with the same bits on every rank. Sum: in rank order, ((x0 + x1) + x2) + ... Max: NaN
 * on any rank gives NaN. For few numbers: traffic grows with ranks * n. */
void ix_grid_sum_double(const ix_grid *g, ix_axis axis, double *x, int64_t n);
void ix_grid_max_double(const ix_grid *g, ix_axis axis, double *x, int64_t n);

/* Collective over the tensor axis; x[n] becomes its sum in rank order, with the same bits on every rank. For many
 * numbers: every rank adds up its share of them. */
void ix_grid_sum_tensor(const ix_grid *g, float *x, int64_t n);

/* Collective. Every entry of x[n] is +0.0 except on the one rank that computed it: afterwards all have it, exactly
 * (bits are merged, not added: -0.0 and NaN survive). */
void ix_grid_merge_double(const ix_grid *g, ix_axis axis, double *x, int64_t n);

/* Collective. IX_EINPUT unless all ranks bring the same hash; the message names `what`, ranks and hosts. Shorter than
 * IX_HASH_HEX. */
ix_status ix_grid_same_hash(const ix_grid *g, ix_axis axis, const char *hex, const char *what);

#endif
