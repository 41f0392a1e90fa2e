/* SPDX-License-Identifier: Apache-2.0
 *
 * judge.h - a whole set of pairs through a model, shared out over the data axis: evaluation, and the reference pass. */
#ifndef IX_TRAIN_JUDGE_H
#define IX_TRAIN_JUDGE_H

#include "comm/grid.h"
#include "data/pairs.h"
#include "objective/pass.h"
#include "train/saver.h"

/* What judging needs beside weights and pairs; borrowed. */
typedef struct {
    const ix_grid *grid;
    ix_pass *pass;
    int64_t pack_tokens; /* a pack is full at so many; a longer pair fills one alone */
    bool share_prompt;
    int64_t trim; /* compat.trim: the authors' evaluation batch of so many pairs in order; 0: correct */
    /* Judging takes long: saver (NULL: none) says when to save. save, collective, puts what the caller knows beside the
     * pairs that are done into the moment, and writes it. resume: the saver's checkpoint holds such a moment. */
    ix_saver *saver;
    ix_status (*save)(void *context, ix_moment *moment, ix_saver_wish wish);
    void *context;
    int64_t step;
    bool resume;
} ix_judge;

/* Most tokens of one pair, prompt counted once or twice. */
int64_t ix_longest_pair(const ix_pairs *pairs, bool share_prompt);

/* Tokens of the largest pack that these sets can fill, packs being full at pack_tokens: a longer pair, or less where
 * there are not so many tokens. Sets that are NULL are none. */
int64_t ix_pack_room(int64_t pack_tokens, const ix_pairs *const *sets, int n, bool share_prompt);

/* A pack budget from what the model keeps per token: near `bytes`, within [256, 4096]. A function of the model only,
 * so that it does not depend on ranks. */
#define IX_PACK_BYTES ((size_t)384 << 20) /* of runs: products of more tokens are hardly faster (docs/performance.md) \
                                           */
int64_t ix_pack_budget(const ix_model *model, size_t bytes);

/* Which responses lose their last token under compat.trim, in batches of `batch` of the n pairs index[]: lost[2 n].
 * IX_EINPUT if a response of one token would. Local. */
ix_status ix_trim_pairs(uint8_t *lost, const ix_pairs *pairs, const int64_t *index, int64_t n, int64_t batch);

/* Collective over the group: result[i] of every pair, the same on every rank. reference[i] holds what the reference
 * model gave for pair i; NULL for objectives that need none. */
ix_status ix_judge_pairs(const ix_judge *judge, const float *weights, const ix_pairs *pairs,
                         const ix_pair_result *reference, ix_pair_result *result);

/* One set of several that are judged together. */
typedef struct {
    const ix_pairs *pairs;
    const ix_pair_result *reference; /* as above */
    ix_pair_result *result;          /* [n] out */
    double seconds;                  /* out: its share of the time on this rank, by the tokens of its pairs */
} ix_judged_set;

/* Collective over the group: the same results as set after set. With share_prompt, a prompt that several pairs of any
 * sets have is computed once, and so is an answer to it that several of them compare. IX_STOPPED: asked to stop. */
ix_status ix_judge_sets(const ix_judge *judge, const float *weights, ix_judged_set *set, int sets);

/* The pair as a response that lost its last token presents itself; and the reference that belongs to it. */
ix_pair ix_trimmed(ix_pair pair, const uint8_t lost[IX_SIDES]);
void ix_trimmed_reference(double out[IX_SIDES], const ix_pair_result *reference, const uint8_t lost[IX_SIDES]);

#endif
