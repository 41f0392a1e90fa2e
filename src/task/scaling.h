/* SPDX-License-Identifier: Apache-2.0
 *
 * scaling.h - the layouts of a job's ranks whose training steps are timed against each other, and what is kept of them.
 * Inside src/task only.
 *
 * The smallest layout is one unit: so many ranks as share every layer of the model at least (parallel.tensor), with the
 * job's threads, on a step of training.pairs_per_step pairs. Five series begin at one unit:
 *
 *     data        strong: 1, 2, 4, ... units share that step
 *     data-weak   weak: each of them has scaling.pairs_per_rank pairs of a larger step
 *     tensor      strong: 1, 2, 4, ... times as many ranks share every layer
 *     threads     strong: the ranks of one unit have 1, 2, 4, ... threads
 *     groups      throughput: 1, 2, 4, ... units train side by side, each on a whole step of its own
 *
 * Each series ends with all units (all threads), also where that is no power of two. A layout that belongs to several
 * series is measured once. Layouts use the first ranks of the job. */
#ifndef IX_TASK_SCALING_H
#define IX_TASK_SCALING_H

#include "base/clock.h"
#include "config/suite.h"
#include "data/texts.h"
#include "machine/probe.h"
#include "model/folder.h"
#include "store/result.h"

#define IX_SCALING_SERIES(S)  \
    S(DATA, "data")           \
    S(DATA_WEAK, "data-weak") \
    S(TENSOR, "tensor")       \
    S(THREADS, "threads")     \
    S(GROUPS, "groups")

typedef enum {
#define S(name, text) IX_SERIES_##name,
    IX_SCALING_SERIES(S)
#undef S
        IX_SERIES_COUNT
} ix_scaling_series;

typedef struct {
    int groups, data, tensor, threads;
    int64_t pairs;                /* of a step of one group */
    bool member[IX_SERIES_COUNT]; /* of which series it is a point */
} ix_scaling_layout;

enum { IX_SCALING_LAYOUTS = 128 };
typedef struct {
    ix_scaling_layout at[IX_SCALING_LAYOUTS];
    int count;
} ix_scaling_layouts;

/* What there is. */
typedef struct {
    int ranks, tensor, threads;    /* tensor: of a unit */
    int most_tensor, most_threads; /* that can share the model; that a rank of a unit can have */
} ix_scaling_room;

/* The list, the unit first. A step needs a pair for every data rank: layouts that have too few are left out. Pure. */
void ix_scaling_list(ix_scaling_layouts *out, const ix_settings *settings, const ix_scaling_room *room);
int ix_scaling_ranks(const ix_scaling_layout *layout);

/* "g1_d2_t1_x1_p8": groups, data, tensor, threads, pairs. */
typedef char ix_scaling_name[64];
void ix_scaling_name_of(ix_scaling_name out, const ix_scaling_layout *layout);

/* Pairs of token ids with lengths like UltraFeedback's: log-normal around the settings' medians, within
 * data.max_tokens, the same on every rank. As many as the largest step times all steps of a round needs, but for very
 * many: those come again. */
ix_status ix_scaling_draw(ix_texts **out, const ix_model_config *config, const ix_settings *settings);

/* One step of one layout on one rank. */
typedef struct {
    double loss;          /* of its group */
    double pairs, tokens; /* of its group */
    double flops;         /* of its group: multiplications and additions of products and attention, 3 forward passes */
    double seconds[IX_PHASE_COUNT];
} ix_scaling_step;

/* What one layout left on all its ranks. */
typedef struct {
    const ix_scaling_layout *layout;
    int64_t steps;               /* of all rounds, with warm-up */
    const ix_scaling_step *step; /* [ranks][steps] */
    double deviation;            /* relative: by how much its losses differ from those they should equal */
} ix_scaling_tape;

/* How the ranks lie on nodes: of each its host and the cores that it may use. */
typedef struct {
    char host[256];
    ix_cores cores;
} ix_scaling_place;

typedef struct {
    const ix_settings *settings;
    const ix_scaling_tape *tape; /* [tapes] */
    int tapes;
    const ix_scaling_place *place; /* [ranks] of the job */
    int ranks;
    double core_peak, node_peak; /* FLOP/s */
} ix_scaling_outcome;

/* Into the result: /scaling and a group below it for each layout. Local. */
ix_status ix_scaling_store(const ix_scaling_outcome *outcome, ix_result *result);

#endif
