/* SPDX-License-Identifier: Apache-2.0
 *
 * reference.h - what the reference model says of a set of pairs: computed once per data set, before training, by the
 * same code as the policy, so that a policy equal to its reference has rewards of exactly 0. Who calls keeps the
 * numbers (store/cache.h): they depend on weights, tokens and arithmetic only. */
#ifndef IX_TRAIN_REFERENCE_H
#define IX_TRAIN_REFERENCE_H

#include "train/judge.h"

typedef struct {
    const ix_grid *grid;
    ix_model *model;
    const float *weights; /* of the reference */
    int64_t pack_tokens;
    bool share_prompt;
    ix_saver *saver;      /* NULL: none */
    const char *identity; /* of the reference, for what a checkpoint keeps of it; with a saver */
} ix_reference;

/* Collective over the group. Of every pair of every set result[i].logp and .before; the sets' seconds are their shares
 * of the time it took. What sets have in common is computed once (ix_judge_sets); set[].reference stays NULL. A saver
 * makes it go on where an earlier launch was stopped. IX_STOPPED: asked to stop. */
ix_status ix_reference_judge(const ix_reference *r, ix_judged_set *set, int sets);

/* Collective over the group: *equal on every rank alike: does what each rank says of one pair, computed alone, agree
 * with result bit by bit? The ranks of the data axis share the set out, and each takes its shortest pair. */
ix_status ix_reference_verify(const ix_reference *r, const ix_pairs *pairs, const ix_pair_result *result, bool *equal);

#endif
