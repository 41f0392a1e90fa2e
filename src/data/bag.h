/* SPDX-License-Identifier: Apache-2.0
 *
 * bag.h - a reward model without a language model: the reward of a response is the sum of a weight per token,
 * wherever it stands. Whatever it ranks right needs no understanding of order. Local. */
#ifndef IX_DATA_BAG_H
#define IX_DATA_BAG_H

#include "data/pairs.h"

typedef struct ix_bag ix_bag;

/* With d_i the counts of the tokens of pair i's chosen response minus those of the rejected one, the weights are
 *
 *     argmin_w  sum_i log(1 + exp(-w d_i)) + |w|^2 / 2     (Bradley-Terry with a ridge),
 *
 * found in the dual, pair by pair in their order (Yu, Huang and Lin, Machine Learning 85, 2011), until no dual
 * coordinate moves by more than 1e-6 or after 200 passes. Tokens that are in no pair, or equally often in both
 * responses of every pair, have the weight 0. The same pairs give the same bits. IX_ENOMEM. */
ix_status ix_bag_fit(ix_bag **out, const ix_pairs *train);
void ix_bag_destroy(ix_bag **bag); /* NULL is fine; leaves *bag NULL */

/* score[count][side] of every response. Two responses of the same tokens have the same score. IX_ENOMEM. */
ix_status ix_bag_score(const ix_bag *bag, const ix_pairs *pairs, double *score);

#endif
