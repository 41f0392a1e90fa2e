/* SPDX-License-Identifier: Apache-2.0
 *
 * trainer.h - one training run on one run group: steps, evaluations, and what an observer is told of them.
 *
 * The trainer writes no file and prints nothing. Weights come in as a block and are trained in place; whoever wants
 * results, progress or checkpoints looks on. Every rank of the group calls; all ranks see the same numbers. */
#ifndef IX_TRAIN_TRAINER_H
#define IX_TRAIN_TRAINER_H

#include "base/clock.h"
#include "base/start.h"
#include "comm/grid.h"
#include "optim/optimizer.h"
#include "train/metrics.h"
#include "train/saver.h"
#include "train/schedule.h"

typedef struct {
    const char *name, *category, *group;
    const ix_pairs *pairs;
    const ix_pair_result *reference; /* [n] from the reference model; NULL if the objective needs none */
} ix_eval_set;

/* What a launch's training steps, and under IX_PHASE_EVALUATE its evaluations, multiplied, and how long all of it took.
 */
typedef struct {
    double seconds[IX_PHASE_COUNT];
    ix_model_meter meter[IX_PHASE_COUNT];
    double update_bytes; /* that updates moved (ix_update_bytes) */
} ix_train_speed;

typedef struct {
    const ix_objective *objective;
    ix_objective_settings objective_settings;
    const ix_rule *rule;
    ix_optimizer_settings optimizer;
    double clip_norm; /* 0: none */
    ix_lr_schedule rate;
    double cosine_floor;
    int64_t warmup_steps;
    ix_schedule_settings schedule;
    int64_t evaluate_every; /* steps; 0: after every epoch. Before the first step always. */
    int lanes;              /* the step's cut; raised to the data axis when smaller */
    bool share_prompt;
    ix_pass_waste waste;
    ix_pass_spared *spared; /* out: what the passes of this rank left out; NULL: not wanted */
    ix_train_speed *speed;  /* out: likewise */
    ix_start *start;        /* ends with the first step; NULL: nobody wants to know */
    int64_t pack_tokens;    /* 0: from the model's activations */
    ix_saver *saver;        /* says when to save; NULL: never. If it found a checkpoint, training goes on from there. */
} ix_train_settings;

typedef struct {
    int64_t epoch, step, steps; /* steps: of the whole run */
    const ix_step_plan *plan;
    const ix_pair_result *result; /* [plan->n] before the update */
    double loss, accuracy, gradient_norm, learning_rate;
    int64_t tokens;        /* that the step had to compute, each shared prompt once */
    const double *seconds; /* [IX_PHASE_COUNT] of this rank, since the step before */
} ix_step_record;

typedef struct {
    int set;                      /* number in the list of sets */
    int64_t evaluation;           /* 0: untrained */
    int64_t step;                 /* steps done */
    double epoch;                 /* the same in epochs */
    const ix_pair_result *result; /* [n] */
    ix_metrics metrics;
    double seconds; /* the set's share of the evaluation on this rank, by tokens; not part of any step's */
} ix_eval_record;

/* Any may be NULL. Called on every rank; a failure on one rank ends the run on all. save, collective: what the observer
 * has seen goes into a checkpoint; restore: it comes back, before any other call. finished, collective: after the last
 * evaluation, the weights in their place; whoever takes long there saves by save(saving, wish). */
typedef struct {
    void *context;
    ix_status (*step)(void *context, const ix_step_record *record);
    ix_status (*evaluated)(void *context, const ix_eval_record *record);
    ix_status (*save)(void *context, ix_moment *moment);
    ix_status (*restore)(void *context, const ix_saver *saver);
    ix_status (*finished)(void *context, ix_status (*save)(void *saving, ix_saver_wish wish), void *saving);
} ix_observer;

/* Collective over the group. `model` must come from the wish of the objective; weights[floats] hold its initial values.
 * `train` may be NULL if there are no epochs.
 * IX_STOPPED: asked to stop, and saved. Fails with IX_ENUMERIC, on every rank alike, when a loss or gradient is no
 * number; weights are then those before that step. */
ix_status ix_train(const ix_grid *grid, const ix_train_settings *settings, ix_model *model, float *weights,
                   const ix_pairs *train, const ix_pair_result *train_reference, const ix_order *order,
                   const ix_eval_set *sets, int n_sets, const ix_observer *observer);

/* The budget of a pack that ix_train takes for pack_tokens 0. Local. */
int64_t ix_train_pack_tokens(const ix_model *model);

#endif
