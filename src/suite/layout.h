/* SPDX-License-Identifier: Apache-2.0
 *
 * layout.h - how many ranks share a layer and a step, how many runs go on side by side, and why: pure functions of
 * what there is, what runs need, and what the suite asks for.
 *
 * The same function answers for a whole suite, whose runs then share one shape of group, and for one run alone: what
 * that would take if groups of a job need not be alike. */
#ifndef IX_SUITE_LAYOUT_H
#define IX_SUITE_LAYOUT_H

#include "task/task.h"

/* What there is; every node has the same. */
typedef struct {
    int ranks, ranks_on_node;
    int cores;      /* of a node */
    int64_t memory; /* bytes of a node for all its ranks; 0: unknown, then everything fits */
} ix_places;

/* What one run needs. */
enum { IX_TENSOR_CHOICES = 32 };
typedef struct {
    const char *name; /* of its model, for people */
    int64_t pairs;    /* of a step: so many data ranks it fills */
    int lanes;
    bool trains;
    int choices; /* numbers of tensor ranks that could share it, ascending; 0: sizes are not known */
    int tensor[IX_TENSOR_CHOICES];
    ix_run_size size[IX_TENSOR_CHOICES]; /* with one data rank */
} ix_need;

typedef struct {
    int groups, data, tensor, threads;
    bool fits;        /* false: a rank needs more than its share of a node's memory */
    size_t bytes;     /* that the rank that needs most takes; 0: not known */
    char reason[512]; /* one sentence for people */
    char why[4][256]; /* a sentence each: tensor, data, groups, threads */
} ix_layout;

/* groups x data x tensor = ranks. What the suite leaves to auto is chosen: the fewest tensor ranks with which every
 * need fits the memory of a rank; the largest data axis that every step's pairs fill; the rest in groups. IX_EINPUT:
 * the numbers do not fit the ranks. `runs`: of the suite, for the reasons. Local. */
ix_status ix_layout_choose(ix_layout *out, const ix_settings *settings, const ix_places *places, const ix_need *need,
                           int64_t needs, int64_t runs);

/* What a rank takes at one of the need's choices, part by part; with the program. Local. */
ix_memory ix_need_memory(const ix_need *need, int choice, int data, int ranks, int threads);
/* That choice; -1: there is none with so many tensor ranks. */
int ix_need_choice(const ix_need *need, int tensor);

/* What a prepared point needs, for all numbers of tensor ranks that `ranks` and the settings leave open. Local. */
ix_status ix_need_of(ix_need *out, const ix_bench *bench, const ix_point *point, int ranks);

/* Collective over the world: what this job has. The node that has least counts. */
void ix_places_here(ix_places *out, const ix_grid *world);

/* The layout of a suite that is about to run. Runs are looked at only where the number of tensor ranks is left open.
 * Local and the same on every rank for the same places. */
ix_status ix_layout_of_suite(ix_layout *out, const ix_suite *suite, const ix_places *places);

/* Threads of a rank: as wished; 0: OMP_NUM_THREADS if set, else the cores shared out over the ranks of a node. Local.
 */
int ix_layout_threads(int64_t wished, const ix_places *places);

#endif
