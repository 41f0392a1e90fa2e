/* SPDX-License-Identifier: Apache-2.0 */
#include "traits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static double mean_of(const double *x, int64_t stride, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i * stride];
    return sum / (double)n;
}

double ix_pearson(const double *x, const double *y, int64_t stride, int64_t n)
{
    double mx = mean_of(x, stride, n), my = mean_of(y, stride, n), xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) {
        double a = x[i * stride] - mx, b = y[i * stride] - my;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

int64_t ix_count_right(const double *value, int64_t n)
{
    int64_t half = 0;
    for (int64_t i = 0; i < n; i++) half += 2 * (value[2 * i] > value[2 * i + 1]) + (value[2 * i] == value[2 * i + 1]);
    return half;
}

/* Pairs are put into bins by their confidence sigmoid(|r_c - r_r|), from 1/2 to 1. */
static void calibrate(ix_traits *out, const double *reward, int64_t n)
{
    double confidence[IX_CALIBRATION_BINS] = {0}, right[IX_CALIBRATION_BINS] = {0};
    for (int64_t i = 0; i < n; i++) {
        double apart = reward[2 * i] - reward[2 * i + 1], sure = 1 / (1 + exp(-fabs(apart)));
        double miss = apart >= 0 ? 1 - sure : sure;
        int bin = (int)((sure - 0.5) * 2 * IX_CALIBRATION_BINS);
        if (bin >= IX_CALIBRATION_BINS) bin = IX_CALIBRATION_BINS - 1;
        confidence[bin] += sure;
        right[bin] += apart > 0 ? 1 : apart == 0 ? 0.5 : 0;
        out->brier += miss * miss / (double)n;
    }
    for (int b = 0; b < IX_CALIBRATION_BINS; b++) out->ece += fabs(confidence[b] - right[b]) / (double)n;
}

static void split_by_length(ix_traits *out, const double *reward, const double *tokens, int64_t n)
{
    double *apart = ix_grow(NULL, 2 * (size_t)n, sizeof *apart), *longer = apart + n;
    for (int64_t i = 0; i < n; i++) {
        apart[i] = reward[2 * i] - reward[2 * i + 1];
        longer[i] = tokens[2 * i] - tokens[2 * i + 1];
        ix_stratum s = longer[i] < 0 ? IX_SHORTER : longer[i] > 0 ? IX_LONGER : IX_AS_LONG;
        out->pairs[s]++;
        out->half[s] += 2 * (apart[i] > 0) + (apart[i] == 0);
    }
    out->lean = ix_pearson(apart, longer, 1, n);
    free(apart);
}

static double deviation_of(const double *reward, int64_t n)
{
    double mean = mean_of(reward, 1, n), square = 0;
    for (int64_t i = 0; i < n; i++) square += (reward[i] - mean) * (reward[i] - mean);
    return sqrt(square / (double)(n - 1));
}

static double margin_of(const double *reward, int64_t n)
{
    double apart = 0;
    for (int64_t i = 0; i < n; i++) apart += fabs(reward[2 * i] - reward[2 * i + 1]);
    return apart / (double)n / (deviation_of(reward, 2 * n) + 1e-8);
}

static void count_histogram(ix_traits *out, const double *reward, int64_t n)
{
    double mean = mean_of(reward, 1, 2 * n), deviation = deviation_of(reward, 2 * n);
    for (int64_t i = 0; i < 2 * n; i++) {
        double z = deviation > 0 ? (reward[i] - mean) / deviation : 0;
        int bin = (int)floor((z + IX_REWARD_RANGE) / (2 * IX_REWARD_RANGE) * IX_REWARD_BINS);
        bin = bin < 0 ? 0 : bin >= IX_REWARD_BINS ? IX_REWARD_BINS - 1 : bin;
        out->histogram[i % 2][bin]++;
    }
}

static bool all_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

void ix_traits_of(ix_traits *out, const double *reward, const double *tokens, int64_t n)
{
    *out = (ix_traits){.margin = NAN, .correlation = NAN, .brier = NAN, .ece = NAN, .lean = NAN};
    if (!all_finite(reward, 2 * n)) return;
    out->brier = out->ece = 0;
    out->margin = margin_of(reward, n);
    out->correlation = ix_pearson(reward, reward + 1, 2, n);
    calibrate(out, reward, n);
    if (tokens) split_by_length(out, reward, tokens, n);
    count_histogram(out, reward, n);
}
