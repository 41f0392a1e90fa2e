/* SPDX-License-Identifier: Apache-2.0
 *
 * layout.h - how many ranks share a layer and a step, how many runs go on side by side, and why: pure functions of
 * what there is, what runs need, and what the suite asks for.
 *
 * Groups are alike where all runs of a suite need the same number of tensor ranks. Where models differ in size there
 * may be several kinds of groups side by side (shapes.c). A run is done by groups of one kind only, whatever happens
 * when: its bits depend on the number of tensor ranks. */
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
    int64_t epochs;
    int lanes;
    bool trains;
    bool reads_head, has_reference; /* its objective reads log-probabilities; and those of a reference */
    int choices;                    /* numbers of tensor ranks that could share it, ascending; 0: sizes are not known */
    int tensor[IX_TENSOR_CHOICES];
    ix_run_size size[IX_TENSOR_CHOICES]; /* with one data rank */
} ix_need;

/* Groups that are alike, and runs that only they take. */
typedef struct {
    int groups, data, tensor;
    int64_t runs;
    bool fits;        /* false: a rank needs more than it may have */
    size_t bytes;     /* that the rank that needs most takes; 0: not known */
    int recompute;    /* blocks of the run that recomputes most */
    char why[4][256]; /* a sentence each: tensor, data, groups, recompute */
} ix_kind;

enum { IX_KINDS = 3 };
typedef struct {
    ix_kind kind[IX_KINDS]; /* in the order of their ranks: most tensor ranks first */
    int kinds;
    int idle; /* ranks, the last ones, that no group takes */
    int threads;
    size_t have;           /* bytes that a rank may take; 0: unknown */
    bool fits;             /* all kinds do */
    char why_threads[256]; /* and a sentence for people */
    char reason[768];
} ix_layout;

/* What the suite leaves to auto is chosen: the fewest tensor ranks with which runs fit the memory of a rank, if need be
 * with activations that are computed twice; the largest data axis that every step's pairs fill; the rest in groups. If
 * runs differ in the tensor ranks that they need, several kinds of groups are taken where the queue then ends earlier
 * than with one kind. kind_of[needs] takes who does what; NULL: nobody wants to know. IX_EINPUT: the numbers do not fit
 * the ranks. Local. */
ix_status ix_layout_choose(ix_layout *out, int *kind_of, const ix_settings *settings, const ix_places *places,
                           const ix_need *need, int64_t needs);

int ix_layout_groups(const ix_layout *layout);          /* Local: of all kinds */
int ix_layout_kind(const ix_layout *layout, int group); /* Local: of which kind that group is */
/* Collective over the world: the ranks so arranged. */
ix_status ix_layout_grid(ix_grid **out, const ix_layout *layout);

/* What a rank takes at one of the need's choices, part by part; with the program. Nothing is recomputed. Local. */
ix_memory ix_need_memory(const ix_need *need, int choice, int data, int ranks, int threads);

/* So many blocks should be computed twice where a rank may take `have` bytes (0: unknown), and takes *memory if none
 * are, and then: as few as make it fit, all if none do; or as `wish` says. *memory becomes what it takes then. Local.
 */
int ix_recompute_choose(ix_memory *memory, const ix_run_size *size, bool trains, size_t have, ix_recompute wish);
/* The same of a prepared point on a kind of groups; where `ranks` are all of the job. Local. */
ix_status ix_recompute_of(int *blocks, const ix_bench *bench, const ix_point *point, const ix_layout *layout,
                          const ix_kind *kind, int ranks);
/* That choice; -1: there is none with so many tensor ranks. */
int ix_need_choice(const ix_need *need, int tensor);

/* What is known of a point without reading anything: no choices. Local. */
ix_need ix_need_of_step(const ix_point *point);
/* What a prepared point needs, for all numbers of tensor ranks that `ranks` and the settings leave open. Local. */
ix_status ix_need_of(ix_need *out, const ix_bench *bench, const ix_point *point, int ranks);

/* Collective over the world: what this job has. The node that has least counts. */
void ix_places_here(ix_places *out, const ix_grid *world);

/* The layout of a suite that is about to run; kind_of[its points]. Runs are looked at only where the number of tensor
 * ranks is left open; `bench` keeps what that took to prepare. Local and the same on every rank for the same places. */
ix_status ix_layout_of_suite(ix_layout *out, int *kind_of, ix_bench *bench, const ix_suite *suite,
                             const ix_places *places);

/* Threads of a rank: as wished; 0: OMP_NUM_THREADS if set, else the cores shared out over the ranks of a node. Local.
 */
int ix_layout_threads(int64_t wished, const ix_places *places);

#endif
