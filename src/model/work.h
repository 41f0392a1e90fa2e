/* SPDX-License-Identifier: Apache-2.0
 *
 * work.h - how much there is to multiply: from the shape of a model and the lengths of texts alone, so that every rank
 * counts the same. Local. */
#ifndef IX_MODEL_WORK_H
#define IX_MODEL_WORK_H

#include "model/model.h"

/* Multiply-adds of a forward pass over the whole model; a backward pass takes twice as many. One is two FLOPs. */
typedef struct {
    int64_t token;    /* of a token in the trunk: an entry of its matrices each (Kaplan et al. 2020, table 1) */
    int64_t row;      /* of a position whose logits are needed */
    int64_t attended; /* of a token and one that it attends to, itself included, in all blocks: scores and values. What
                         a sliding window hides is counted too. */
} ix_work;

ix_work ix_model_work(const ix_model *model);

/* Of a pack: all its tokens, and of each segment the positions that it sees. `head`: the logits that predict the tokens
 * of answers are needed. */
int64_t ix_pack_work(const ix_work *work, const ix_pack *pack, bool head);

/* Is it a matrix of the blocks? Embedding and head have a row for every token. */
bool ix_is_trunk(const ix_param *param, const ix_model_config *config);

#endif
