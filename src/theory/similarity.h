/* SPDX-License-Identifier: Apache-2.0
 *
 * similarity.h - the table of the paper's Footnote 3 (paper.md 2.9): how far the differences of hidden states of unseen
 * pairs, h(chosen) - h(rejected), point along those of seen ones, and whether the max-margin separator of the seen ones
 * separates the others. Local. */
#ifndef IX_THEORY_SIMILARITY_H
#define IX_THEORY_SIMILARITY_H

#include <stdint.h>

#include "theory/claims.h"

/* Differences z[n,d] of one group of pairs. */
typedef struct {
    const char *name;
    const double *z;
    int64_t n;
} ix_differences;

/* Mean, least, quartiles as torch has them (linear between neighbours, but the median is the lower one), largest, share
 * above 0. The values are sorted in place; n >= 1. */
typedef struct {
    double mean, least, first, median, third, most, positive;
} ix_spread;
ix_spread ix_spread_of(double *value, int64_t n);

enum { IX_SIMILARITY_GROUPS = 20 };

/* Every group beside `seen`: inner products and cosines of all pairs of differences, and cosines with the separator.
 * Sheet footnote3, claims footnote3.* with a cosine and an accuracy of every group. */
ix_status ix_similarity(ix_claims *out, const ix_differences *seen, const ix_differences *group, int groups, int64_t d);

#endif
