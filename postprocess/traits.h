/* SPDX-License-Identifier: Apache-2.0
 *
 * traits.h - what the rewards of one evaluation set are like beyond their accuracy. Pure functions; docs/report.md has
 * the formulas. */
#ifndef IX_REPORT_TRAITS_H
#define IX_REPORT_TRAITS_H

#include <stdint.h>

/* The chosen response is shorter than the rejected one, as long, longer; in tokens. */
typedef enum { IX_SHORTER, IX_AS_LONG, IX_LONGER, IX_STRATA } ix_stratum;

enum { IX_CALIBRATION_BINS = 10, IX_REWARD_BINS = 32 };
#define IX_REWARD_RANGE \
    4.0 /* histograms go from -4 to 4 deviations of the set's rewards; what is beyond, to the ends */

typedef struct {
    double margin;                             /* mean |r_c - r_r| / (deviation of all rewards + 1e-8) */
    double correlation;                        /* Pearson's, of r_c and r_r over pairs; NaN where one does not vary */
    double brier, ece;                         /* of p = sigmoid(r_c - r_r) as the probability that chosen is better */
    double lean;                               /* Pearson's, of r_c - r_r and the difference of lengths; NaN: none */
    int64_t pairs[IX_STRATA], half[IX_STRATA]; /* pairs, and twice those ranked right; all 0 without lengths */
    int32_t histogram[2][IX_REWARD_BINS];      /* of (r - mean) / deviation; side: chosen, rejected */
} ix_traits;

/* Of reward[n][2] and tokens[n][2], the lengths of the responses (NULL: unknown). n >= 1. */
void ix_traits_of(ix_traits *out, const double *reward, const double *tokens, int64_t n);

/* Twice the pairs of value[n][2] whose chosen side has the larger value: ties count one. */
int64_t ix_count_right(const double *value, int64_t n);

/* Pearson's correlation of x[i * stride] and y[i * stride]; NaN where one does not vary. */
double ix_pearson(const double *x, const double *y, int64_t stride, int64_t n);

#endif
