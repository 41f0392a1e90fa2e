/* SPDX-License-Identifier: Apache-2.0
 *
 * theory_tokens.h - which tokens of a data set stand as single-token responses: what tells its answers apart. Not for
 * use outside src/task. */
#ifndef IX_TASK_THEORY_TOKENS_H
#define IX_TASK_THEORY_TOKENS_H

#include "data/pairs.h"

enum { IX_SEEN_TOKENS = 2, IX_UNSEEN_TOKENS = 3 };

typedef struct {
    int32_t seen[IX_SIDES][IX_SEEN_TOKENS], unseen[IX_SIDES][IX_UNSEEN_TOKENS];
    int seen_count[IX_SIDES], unseen_count[IX_SIDES];
} ix_told_tokens;

/* A token tells a side when no response of the other side has it, in training or in the other sets; of each response
 * the last such token counts. Seen: the most frequent of the training responses; unseen: of the other sets' responses,
 * not in any training response. Ties go to the lower id. `other` [others]; ids are below `vocabulary`. Local. */
ix_status ix_told_tokens_find(ix_told_tokens *out, const ix_pairs *train, const ix_pairs *const *other, int others,
                              int64_t vocabulary);

#endif
