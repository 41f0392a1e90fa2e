/* SPDX-License-Identifier: Apache-2.0
 *
 * stats.h - the statistics of the report; docs/report.md says where each is used. All functions are pure and local.
 * DLMF: NIST Digital Library of Mathematical Functions, dlmf.nist.gov. */
#ifndef IX_REPORT_STATS_H
#define IX_REPORT_STATS_H

#include <stdint.h>

typedef struct {
    double low, high;
} ix_interval; /* NaN, NaN: there is none */

/* Regularised incomplete beta function I_x(a, b), a > 0, b > 0, 0 <= x <= 1. The continued fraction DLMF 8.17.22 below
 * x = (a + 1) / (a + b + 2), and I_x(a, b) = 1 - I_{1-x}(b, a) (8.17.4) above. */
double ix_beta_share(double x, double a, double b);

/* The x with I_x(a, b) = p, 0 <= p <= 1, by bisection to the last bit. */
double ix_beta_quantile(double p, double a, double b);

/* Quantile of Student's t with `freedom` > 0 degrees of freedom, 0 < p < 1. P(|T| > t) = I_{v/(v+t^2)}(v/2, 1/2)
 * (Abramowitz and Stegun 26.7.1 with 26.5.27). */
double ix_t_quantile(double p, double freedom);

/* Quantile of the standard normal distribution, 0 < p < 1: bisection on erfc (DLMF 7.2.2). */
double ix_normal_quantile(double p);

/* Exact interval of a share, `hits` of `n` (Clopper and Pearson, Biometrika 26, 1934): the quantiles a/2 of
 * Beta(hits, n - hits + 1) and 1 - a/2 of Beta(hits + 1, n - hits), a = 1 - level. n = 0: none. */
ix_interval ix_clopper_pearson(int64_t hits, int64_t n, double level);

/* Score interval of a share (Wilson, JASA 22, 1927): (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
 * `hits` may be a multiple of one half: ties count one half. n = 0: none. */
ix_interval ix_wilson(double hits, double n, double level);

double ix_mean(const double *x, int n);      /* NaN for n = 0 */
double ix_deviation(const double *x, int n); /* sqrt(sum (x - mean)^2 / (n - 1)); NaN for n < 2 */

/* mean +- t_{1-a/2, n-1} deviation / sqrt(n) (Student, Biometrika 6, 1908). n < 2: none. */
ix_interval ix_t_interval(const double *x, int n, double level);

/* Quantile of sorted values by linear interpolation at (n - 1) p (Hyndman and Fan 1996, type 7). n >= 1. */
double ix_sorted_quantile(const double *sorted, int64_t n, double p);

/* Interval of (a + b) / 2 for independent shares a and b with intervals of their own (square and add, Zou and Donner,
 * Statistics in Medicine 27, 2008): low = mean - sqrt((a - a.low)^2 + (b - b.low)^2) / 2, high likewise. */
ix_interval ix_mean_of_two(double a, ix_interval of_a, double b, ix_interval of_b);

/* How often |sum s_i d_i| >= |sum d_i| when every sign s_i is thrown by itself: the share of `draws` throws, with the
 * data's own signs counted as one more, (1 + hits) / (1 + draws) (Fisher's randomisation test; Phipson and Smyth 2010
 * for the one more). Draws are IX_DRAW_BOOTSTRAP of `seed`. n >= 1. NaN: no memory. */
double ix_sign_flip(const double *d, int64_t n, int draws, uint64_t seed);

/* Paired differences of `runs` twins on the same pairs: diff[r][i] = 2 (EX right - IM right) in -2 .. 2, ties being one
 * half. The pairs are those of `sets` sets of size[] pairs, one after the other; the statistic is the mean over twins
 * of the mean over sets of the mean over pairs. */
typedef struct {
    const signed char *const *diff;
    int runs, sets;
    const int64_t *size;
} ix_paired;
double ix_paired_mean(const ix_paired *p);

/* Percentile interval (Efron 1979) of that mean over `draws` resamples. Twins are judged on the same pairs, so both
 * factors are drawn crosswise (the pigeonhole bootstrap, Owen, Annals of Applied Statistics 1, 2007): `runs` twins with
 * replacement, and in every set as many pairs as it has, the same ones for every twin. Sets of one size are drawn
 * alike: sets of a row ask the same prompts. Draws are IX_DRAW_BOOTSTRAP of `seed`: the same input gives the same
 * interval. No memory: none. */
ix_interval ix_paired_bootstrap(const ix_paired *p, int draws, uint64_t seed, double level);

#endif
