/* SPDX-License-Identifier: Apache-2.0
 *
 * bell.h - one word, "stop", that any rank gives the other groups while they compute, and the place where ranks wait
 * for each other that have nothing to do any more.
 *
 * A word goes to the first rank of the world, and from there once to the first rank of every group. So whoever computes
 * must look now and then, and hears it then; the rest of its group learns it in its own ways. */
#ifndef IX_COMM_BELL_H
#define IX_COMM_BELL_H

#include "comm/grid.h"

typedef struct ix_bell ix_bell;

/* Local. The grid must outlive it. IX_ENOMEM. */
ix_status ix_bell_create(ix_bell **out, const ix_grid *grid);
void ix_bell_destroy(ix_bell **bell); /* Local, after ix_bell_rest. NULL is fine; leaves *bell NULL */

void ix_bell_ring(ix_bell *bell);  /* Local; more than once is once */
bool ix_bell_heard(ix_bell *bell); /* Local: did anybody ring? The first rank of the world passes it on. */

/* Collective over the world, the last call: ranks sleep here until all have come. Whoever is `asked` meanwhile rings
 * for those that still compute. */
void ix_bell_rest(ix_bell *bell, bool (*asked)(void));

#endif
