/* SPDX-License-Identifier: Apache-2.0
 *
 * pretrain.h - next-token training of a fresh model on one long stream of tokens: what makes the embedded weights. */
#ifndef IX_TRAIN_PRETRAIN_H
#define IX_TRAIN_PRETRAIN_H

#include "base/start.h"
#include "comm/grid.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/saver.h"

/* Rows that are made for each step, all of one length, instead of a stream. */
typedef struct {
    int64_t steps, longest; /* of all; tokens of the longest row */
    /* The rows of the next step, token[rows, length], and what -log pi of each token weighs, weight[rows, length] (the
     * first of a row is not looked at); every step is asked for, in order, also those that an earlier launch did.
     * Returns length; the schedule of the learning rate is at step `at` of `of`. */
    int64_t (*next)(void *context, int64_t rows, int32_t *token, float *weight, int64_t *at, int64_t *of);
    void *context;
} ix_made_rows;

typedef struct {
    const ix_rule *rule;
    ix_optimizer_settings optimizer;
    double clip_norm, cosine_floor;
    ix_lr_schedule rate;
    int64_t warmup_steps, epochs, row_tokens, rows_per_step;
    uint64_t seed; /* order of rows: torch.randperm with this generator seed, one permutation per epoch */
    int lanes;
    ix_start *start;          /* as ix_train_settings has it */
    const ix_made_rows *made; /* NULL: a stream; else epochs, row_tokens and seed are not looked at */
    ix_saver
        *saver; /* says between steps when to save; NULL: never. If it found a checkpoint, it goes on from there. */
} ix_pretraining;

typedef struct {
    int64_t step, steps;
    double loss, gradient_norm, learning_rate; /* loss: mean over tokens, or their weighted sum; before the update */
    int64_t tokens;
    const double *seconds; /* [IX_PHASE_COUNT] */
} ix_pretrain_record;

/* Any may be NULL. As ix_observer of trainer.h: save is collective. */
typedef struct {
    void *context;
    ix_status (*step)(void *context, const ix_pretrain_record *record);
    ix_status (*save)(void *context, ix_moment *moment);
    ix_status (*restore)(void *context, const ix_saver *saver);
} ix_pretrain_observer;

/* Tokens of the largest pack: the rows that fit into pack_tokens, at least one. */
int64_t ix_pretrain_room(int64_t pack_tokens, int64_t row_tokens, int64_t rows_per_step);

/* Collective over the group. The stream is cut into rows of row_tokens + 1 (row i begins at i * row_tokens, documents
 * are cut too); a last incomplete step of an epoch is dropped. With made rows stream and tokens are NULL and 0.
 * IX_STOPPED: asked to stop, and saved. */
ix_status ix_pretrain(const ix_grid *grid, const ix_pretraining *settings, ix_model *model, float *weights,
                      const int32_t *stream, int64_t tokens, const ix_pretrain_observer *observer);

#endif
