/* SPDX-License-Identifier: Apache-2.0
 *
 * trainer_inner.h - the state of one training run, for trainer.c and trainer_state.c. */
#ifndef IX_TRAIN_TRAINER_INNER_H
#define IX_TRAIN_TRAINER_INNER_H

#include "train/judge.h"
#include "train/trainer.h"
#include "train/update.h"

enum { IX_STEP_FIGURES = 3 }; /* both rewards and the loss of a pair, as ranks exchange them */

/* Work between two moments at which a step could be saved: list[from, to), pairs of one lane in one pack. A lane
 * without pairs is a unit too. */
typedef struct {
    int lane;
    int64_t from, to;
    bool first, last; /* of its lane */
} ix_unit;

typedef struct {
    const ix_grid *grid;
    const ix_train_settings *s;
    ix_model *model;
    float *weights;
    const ix_pairs *train;
    const ix_pair_result *reference;
    const ix_eval_set *sets;
    int n_sets;
    const ix_observer *observer;
    ix_clock clock;
    ix_pass *pass;
    ix_schedule *schedule;
    ix_update *update;
    int64_t pack_tokens, capacity; /* capacity: pairs of a step that the arrays below hold */
    ix_pack *pack;
    int64_t *tokens, *work, *list; /* work: of a pair's forward pass, by which pairs are dealt to lanes */
    ix_unit *unit;                 /* of this step and rank */
    int32_t *part;
    double *merged, *scale; /* scale: of the pairs of one pack */
    double (*pack_reference)[IX_SIDES];
    int64_t trained;                                /* units of this step that are done */
    ix_pair_result *result, *packed, *judged_pairs; /* judged_pairs: of all evaluation sets */
    ix_judged_set *judged;                          /* [n_sets] */
    int64_t steps, evaluations;                     /* done */
    bool pending;         /* the evaluation after these steps is still to be done, or not finished */
    bool judging, within; /* the checkpoint that we go on from was made within an evaluation, a step */
} ix_trainer;

/* Between packs of a step, on all ranks: the saver wishes to save. IX_STOPPED or IX_OK. */
ix_status ix_trainer_save_within(ix_trainer *t, const ix_step_plan *plan, ix_saver_wish wish);
/* What every kind of moment has. Collective. */
ix_status ix_trainer_add_state(ix_trainer *t, ix_moment *m, bool within);
/* Goes on from the saver's checkpoint, if it found one that training had begun in. Collective. */
ix_status ix_trainer_restore(ix_trainer *t);
/* Takes of a step that was saved half way what is this rank's from its first lane on without a gap; the rest is
 * computed again. *done: so many units; *dw: the lane to go on with, if one is open. Local. */
ix_status ix_trainer_restore_within(ix_trainer *t, const ix_step_plan *plan, int64_t *done, float **dw);

/* The units of a span of lanes, in order; their pairs in t->list. `out` NULL: only counted. Local. */
int64_t ix_trainer_units(ix_trainer *t, const ix_step_plan *plan, ix_span lanes, ix_unit *out);

#endif
