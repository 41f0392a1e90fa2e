/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/similarity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "theory/separator.h"
#include "theory/vectors.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values, at q (n - 1) from 0, linear between neighbours. */
static double quantile(const double *value, int64_t n, double q)
{
    double at = q * (double)(n - 1);
    int64_t low = (int64_t)at;
    return low + 1 < n ? value[low] + (at - (double)low) * (value[low + 1] - value[low]) : value[n - 1];
}

ix_spread ix_spread_of(double *value, int64_t n)
{
    ix_spread s = {0};
    qsort(value, (size_t)n, sizeof *value, ascending);
    for (int64_t i = 0; i < n; i++) {
        s.mean += value[i] / (double)n;
        s.positive += value[i] > 0;
    }
    s.positive /= (double)n;
    s.least = value[0];
    s.first = quantile(value, n, 0.25);
    s.median = value[(n - 1) / 2];
    s.third = quantile(value, n, 0.75);
    s.most = value[n - 1];
    return s;
}

static void add_row(ix_sheet *sheet, const char *what, const char *group, ix_spread s)
{
    char name[64];
    snprintf(name, sizeof name, "%s, %s", what, group);
    ix_sheet_row(sheet, name, (double[]){s.mean, s.least, s.first, s.median, s.third, s.most, s.positive}, 7);
}

/* value[n m] of every difference of a with every one of b. */
static void compare(double *value, const ix_differences *a, const ix_differences *b, int64_t d, bool cosine)
{
    double *size = ix_reals(b->n);
    for (int64_t j = 0; j < b->n; j++) size[j] = ix_vec_norm(b->z + j * d, d);
    for (int64_t i = 0; i < a->n; i++) {
        double mine = ix_vec_norm(a->z + i * d, d);
        for (int64_t j = 0; j < b->n; j++) {
            double by = mine * size[j];
            value[i * b->n + j] = ix_vec_dot(a->z + i * d, b->z + j * d, d);
            if (cosine) value[i * b->n + j] = by > 0 ? value[i * b->n + j] / by : 0;
        }
    }
    free(size);
}

/* Mean cosine of all pairs of differences. */
static double compare_group(ix_sheet *sheet, const ix_differences *seen, const ix_differences *group, int64_t d)
{
    double *value = ix_reals(seen->n * group->n), mean = 0;
    for (int cosine = 0; cosine < 2; cosine++) {
        compare(value, seen, group, d, cosine);
        ix_spread s = ix_spread_of(value, seen->n * group->n);
        add_row(sheet, cosine ? "cosine" : "inner product", group->name, s);
        mean = s.mean;
    }
    free(value);
    return mean;
}

static ix_spread along_separator(const double *w, const ix_differences *group, int64_t d)
{
    double *value = ix_reals(group->n);
    for (int64_t i = 0; i < group->n; i++) value[i] = ix_vec_cosine(w, group->z + i * d, d);
    ix_spread s = ix_spread_of(value, group->n);
    free(value);
    return s;
}

static void claim_alignment(ix_claims *out, const char *group, double mean)
{
    char name[64], text[256];
    snprintf(name, sizeof name, "footnote3.cosine.%s", group);
    snprintf(text, sizeof text,
             "Differences of hidden states on %s point along those of the trained pairs (mean cosine).", group);
    ix_claim_state(out, name, text, mean, IX_ABOVE, 0);
}

static void claim_separator(ix_claims *out, const char *group, const double *positive)
{
    char name[64], text[256];
    snprintf(name, sizeof name, "footnote3.separator.%s", group);
    snprintf(text, sizeof text,
             "The max-margin separator of the trained pairs ranks more than half of %s right (accuracy).", group);
    if (positive) ix_claim_state(out, name, text, *positive, IX_ABOVE, 0.5);
    else ix_claim_skip(out, name, text, "the trained pairs cannot be separated");
}

ix_status ix_similarity(ix_claims *out, const ix_differences *seen, const ix_differences *group, int groups, int64_t d)
{
    static const char *const columns[] = {"mean", "least", "Q1", "median", "Q3", "largest", "positive"};
    ix_separation found;
    double *w = ix_reals(d);
    ix_status rc = ix_separator(w, &found, seen->z, seen->n, d);

    if (rc != IX_OK) goto done;
    IX_CONTRACT(groups <= IX_SIMILARITY_GROUPS);
    ix_sheet *sheet =
        ix_claims_sheet(out, "footnote3",
                        "Differences of last hidden states, chosen less rejected, of the untrained model: "
                        "every group beside the trained pairs, and beside their max-margin separator.",
                        columns, 7);
    if (found.separable) add_row(sheet, "separator", "trained", along_separator(w, seen, d));
    for (int i = 0; i < groups; i++) {
        double mean = compare_group(sheet, seen, &group[i], d);
        claim_alignment(out, group[i].name, mean);
        if (found.separable) {
            ix_spread s = along_separator(w, &group[i], d);
            add_row(sheet, "separator", group[i].name, s);
            claim_separator(out, group[i].name, &s.positive);
        } else claim_separator(out, group[i].name, NULL);
    }
    static const char separates[] = "The trained pairs can be separated through the origin (least <w, z>).";
    if (found.separable) ix_claim_state(out, "footnote3.separable", separates, found.least, IX_AT_LEAST, 1 - 1e-9);
    else ix_claim_skip(out, "footnote3.separable", separates, "they cannot");
done:
    free(w);
    return rc;
}
