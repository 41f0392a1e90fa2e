/* SPDX-License-Identifier: Apache-2.0
 *
 * layout.h - how many ranks work on one run, and how many runs go on side by side. Local. */
#ifndef IX_SUITE_LAYOUT_H
#define IX_SUITE_LAYOUT_H

#include "config/suite.h"

typedef struct {
    int groups, data, tensor, threads;
    char reason[512]; /* one sentence for people */
} ix_layout;

/* groups x data x tensor = ranks. What is auto is chosen: the largest data axis that a step's pairs fill, the rest in
 * groups. threads: auto is OMP_NUM_THREADS if set, else the cores that this process may use, shared out over the ranks
 * of the node. IX_EINPUT: the numbers do not fit the ranks. */
ix_status ix_layout_choose(ix_layout *out, const ix_settings *settings, int ranks, int ranks_on_node);

/* Threads of a rank: as wished; 0: OMP_NUM_THREADS if set, else the cores that this process may use, shared out over
 * the ranks of the node. */
int ix_layout_threads(int64_t wished, int ranks_on_node);

#endif
