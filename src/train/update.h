/* SPDX-License-Identifier: Apache-2.0
 *
 * update.h - from lane gradients to new weights: what every kind of training does at the end of a step. */
#ifndef IX_TRAIN_UPDATE_H
#define IX_TRAIN_UPDATE_H

#include "base/clock.h"
#include "comm/lanes.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/saver.h"

typedef struct ix_update ix_update;

/* Collective over the group. Of the weights in `params` only the floats `trained` change. lanes >= 1; it is raised to
 * the size of the axis. */
ix_status ix_update_create(ix_update **out, const ix_grid *grid, const ix_params *params, ix_span trained,
                           const ix_rule *rule, const ix_optimizer_settings *settings, int lanes, double clip_norm,
                           ix_clock *clock);
void ix_update_destroy(ix_update **update); /* NULL is fine; leaves *update NULL */

int ix_update_lanes(const ix_update *update);
ix_span ix_update_mine(const ix_update *update); /* the lanes that this rank fills, in order */

/* Local. A zeroed gradient block for the next lane; end() hands it in. */
float *ix_update_begin_lane(ix_update *update);
void ix_update_end_lane(ix_update *update);
/* Local, between the two of this rank's last lane, before its last backward pass: what that pass finishes travels while
 * it goes on. The caller stops it with ix_model_watch(model, NULL, NULL). */
void ix_update_close_lane(ix_update *update, ix_model *model);

ix_lanes *ix_update_sums(ix_update *update); /* Local: the lanes themselves, for saving a step that is not over */

/* What training has changed: this rank's share of weights and moments goes into a moment, and everything comes back.
 * save is local; restore is collective over the group. */
ix_status ix_update_save(ix_update *update, ix_moment *moment, const float *weights);
ix_status ix_update_restore(ix_update *update, const ix_saver *saver, const ix_params *params, float *weights,
                            int64_t steps_done);

/* Collective over the group, after all lanes: sums them in the canonical tree, clips, updates this rank's share
 * and gathers the weights. IX_ENUMERIC on every rank, weights untouched, when the norm is no number. */
ix_status ix_update_apply(ix_update *update, float *weights, double lr, double *norm);
/* Local: bytes that this rank reads and writes in the update phase of a step: weights and moments both ways, the
 * gradient for the norm and again for the update. */
int64_t ix_update_bytes(const ix_update *update);

#endif
