/* SPDX-License-Identifier: Apache-2.0
 *
 * probe.h - how fast messages are, measured on the spot. Every time is a median of repeats, each the time of the
 * slowest rank; barriers stand between repeats, and the first one does not count. */
#ifndef IX_COMM_PROBE_H
#define IX_COMM_PROBE_H

#include "comm/grid.h"

/* What lies between ranks: the memory of a node, or the network. Times in seconds. */
enum { IX_LINK_SIZES = 8 };
typedef struct {
    int ranks;                       /* that took part; below 2: nothing was measured */
    int64_t bytes[IX_LINK_SIZES];    /* of a message, ascending */
    double message[IX_LINK_SIZES];   /* from one rank to another, alone: half of a round trip */
    double allreduce[IX_LINK_SIZES]; /* the library's MPI_Allreduce of so many bytes of floats over all `ranks` */
    double busy; /* bytes/s of each rank when all send the largest message and receive one at once */
} ix_link;

/* Collective over the world. `within`: the ranks of the first rank's node; `between`: the first rank and the first one
 * of another node, allreduce and busy over all ranks. About `seconds` altogether. Every rank gets the same numbers. */
void ix_probe_links(const ix_grid *world, double seconds, ix_link *within, ix_link *between);

/* The sum of a gradient over ranks and everybody's new weights: our ordered one (lanes.h, one lane a rank), and the
 * library's MPI_Iallreduce, waited for at once. */
typedef struct {
    int ranks; /* below 2: nothing was measured */
    int64_t bytes;
    double ordered, library; /* seconds */
} ix_sums;

/* Collective over the world. IX_ENOMEM on every rank alike. About `seconds`, but at least two repeats of each. */
ix_status ix_probe_sums(const ix_grid *world, int64_t floats, double seconds, ix_sums *out);

int ix_comm_nodes(void); /* Collective over the world: how many nodes its ranks are on */

#endif
