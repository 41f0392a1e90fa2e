/* SPDX-License-Identifier: Apache-2.0
 *
 * split.h - which part of every layer a tensor rank holds (Shoeybi et al. 2019): query heads with the key heads that
 * they look at, columns of the feed-forward part, words of the vocabulary. Shares need not be equal. Where key heads
 * are fewer than ranks several ranks hold the same one, each with the gradient of its own queries.
 *
 * What is not split - norms, the biases behind a sum over ranks, an objective's own rows - is the same on every rank,
 * and so is its gradient, bit by bit: it comes from sums that every rank has. Not for use outside src/model. */
#ifndef IX_MODEL_SPLIT_H
#define IX_MODEL_SPLIT_H

#include "comm/grid.h"
#include "model/folder.h"
#include "model/params.h"

typedef struct {
    const ix_grid *grid; /* NULL: one rank */
    int ranks;
    ix_span heads, keys, columns, words;
    ix_span counted_keys; /* those whose first query is mine */
    bool repeated_keys;   /* other ranks hold some of mine too */
} ix_model_split;

/* Fails as ix_model_check_split. */
ix_status ix_model_split_make(ix_model_split *out, const ix_grid *grid, const ix_model_config *c);

/* The cut of a tensor that has `each` rows (columns) for every query head, key head, column. */
ix_cut ix_cut_heads(const ix_model_split *s, ix_share share, int64_t each);
ix_cut ix_cut_keys(const ix_model_split *s, ix_share share, int64_t each);
ix_cut ix_cut_columns(const ix_model_split *s, ix_share share);

/* Collective over the tensor axis: x[n], known in parts, becomes the sum. */
void ix_model_split_sum(const ix_model_split *s, float *x, int64_t n);

#endif
