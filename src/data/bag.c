/* SPDX-License-Identifier: Apache-2.0 */
#include "data/bag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 200, INNER = 100 };
static const double settled = 1e-6;

struct ix_bag {
    double *weight; /* [tokens] */
    int32_t tokens; /* ids at and above have the weight 0 */
};

/* All d_i, one after the other. */
typedef struct {
    int32_t *token, *count; /* [begin[n]] */
    int64_t *begin;         /* [n + 1] */
    int64_t n;
} differences;

static void free_differences(differences *d)
{
    free(d->token);
    free(d->count);
    free(d->begin);
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void sorted_copy(int32_t *to, const int32_t *id, int32_t n)
{
    if (n > 0) memcpy(to, id, (size_t)n * sizeof *to);
    qsort(to, (size_t)n, sizeof *to, by_id);
}

/* Two sorted lists into tokens whose counts differ. Returns how many. */
static int64_t subtract(const int32_t *a, int32_t na, const int32_t *b, int32_t nb, int32_t *token, int32_t *count)
{
    int64_t n = 0;
    for (int32_t i = 0, k = 0; i < na || k < nb;) {
        int32_t id = k >= nb || (i < na && a[i] < b[k]) ? a[i] : b[k], more = 0;
        for (; i < na && a[i] == id; i++) more++;
        for (; k < nb && b[k] == id; k++) more--;
        token[n] = id;
        count[n] = more;
        n += more != 0;
    }
    return n;
}

static int32_t longest_response(const ix_pairs *pairs)
{
    int32_t longest = 0;
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++)
        for (int s = 0; s < IX_SIDES; s++) {
            int32_t size = ix_pairs_get(pairs, i).response_size[s];
            if (size > longest) longest = size;
        }
    return longest;
}

static int64_t response_tokens(const ix_pairs *pairs)
{
    int64_t n = 0;
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++)
        for (int s = 0; s < IX_SIDES; s++) n += ix_pairs_get(pairs, i).response_size[s];
    return n;
}

static ix_status make_differences(differences *d, const ix_pairs *pairs)
{
    ix_status rc = IX_OK;
    size_t room = (size_t)response_tokens(pairs) + 1, longest = (size_t)longest_response(pairs) + 1;
    int32_t *sorted = malloc(2 * longest * sizeof *sorted);

    *d = (differences){.n = ix_pairs_count(pairs)};
    d->token = malloc(room * sizeof *d->token);
    d->count = malloc(room * sizeof *d->count);
    d->begin = calloc((size_t)d->n + 1, sizeof *d->begin);
    IX_NEED(sorted && d->token && d->count && d->begin, IX_ENOMEM, "bag of tokens: out of memory");
    for (int64_t i = 0; i < d->n; i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        const int32_t *size = p.response_size;
        for (int s = 0; s < IX_SIDES; s++) sorted_copy(sorted + (size_t)s * longest, p.response[s], size[s]);
        d->begin[i + 1] = d->begin[i] + subtract(sorted, size[IX_CHOSEN], sorted + longest, size[IX_REJECTED],
                                                 d->token + d->begin[i], d->count + d->begin[i]);
    }
done:
    free(sorted);
    return rc;
}

/* The root in (0, 1) of m + (alpha - old) q + log(alpha / (1 - alpha)), which rises: Newton within a bracket. */
static double coordinate(double m, double old, double q)
{
    double low = 0, high = 1, alpha = old;
    for (int i = 0; i < INNER; i++) {
        double value = m + (alpha - old) * q + log(alpha / (1 - alpha));
        if (value > 0) high = alpha;
        else low = alpha;
        double next = alpha - value / (q + 1 / (alpha * (1 - alpha)));
        if (!(next > low && next < high)) next = low + (high - low) / 2;
        if (fabs(next - alpha) < 1e-12 || next <= 0 || next >= 1) break;
        alpha = next;
    }
    return alpha;
}

/* One pair's dual coordinate, and the weights that follow. Returns how far it moved. */
static double improve(ix_bag *bag, const differences *d, int64_t i, double *alpha)
{
    double m = 0, q = 0;
    for (int64_t k = d->begin[i]; k < d->begin[i + 1]; k++) {
        m += bag->weight[d->token[k]] * d->count[k];
        q += (double)d->count[k] * d->count[k];
    }
    if (q == 0) return 0;
    double moved = coordinate(m, alpha[i], q) - alpha[i];
    for (int64_t k = d->begin[i]; k < d->begin[i + 1]; k++) bag->weight[d->token[k]] += moved * d->count[k];
    alpha[i] += moved;
    return fabs(moved);
}

/* alpha starts small, with the weights that belong to it. */
static void descend(ix_bag *bag, const differences *d, double *alpha)
{
    const double start = 1e-3;
    for (int64_t i = 0; i < d->n; i++) {
        alpha[i] = start;
        for (int64_t k = d->begin[i]; k < d->begin[i + 1]; k++) bag->weight[d->token[k]] += start * d->count[k];
    }
    for (int pass = 0; pass < PASSES; pass++) {
        double most = 0;
        for (int64_t i = 0; i < d->n; i++) most = fmax(most, improve(bag, d, i, alpha));
        if (most < settled) break;
    }
}

ix_status ix_bag_fit(ix_bag **out, const ix_pairs *train)
{
    ix_status rc = IX_OK;
    ix_bag *bag = calloc(1, sizeof *bag);
    differences d = {0};
    double *alpha = NULL;

    *out = NULL;
    IX_NEED(bag, IX_ENOMEM, "bag of tokens: out of memory");
    IX_TRY(make_differences(&d, train));
    for (int64_t k = 0; k < d.begin[d.n]; k++)
        if (d.token[k] >= bag->tokens) bag->tokens = d.token[k] + 1;
    bag->weight = calloc((size_t)bag->tokens + 1, sizeof *bag->weight);
    alpha = calloc((size_t)d.n + 1, sizeof *alpha);
    IX_NEED(bag->weight && alpha, IX_ENOMEM, "bag of tokens: out of memory");
    descend(bag, &d, alpha);
    *out = bag;
    bag = NULL;
done:
    free(alpha);
    free_differences(&d);
    ix_bag_destroy(&bag);
    return rc;
}

void ix_bag_destroy(ix_bag **bag)
{
    if (*bag) free((*bag)->weight);
    free(*bag);
    *bag = NULL;
}

ix_status ix_bag_score(const ix_bag *bag, const ix_pairs *pairs, double *score)
{
    int32_t *sorted = malloc(((size_t)longest_response(pairs) + 1) * sizeof *sorted);
    if (!sorted) return ix_fail(IX_ENOMEM, "bag of tokens: out of memory");
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        for (int s = 0; s < IX_SIDES; s++) {
            double sum = 0; /* in the order of ids, so that the order of tokens leaves no trace of rounding */
            sorted_copy(sorted, p.response[s], p.response_size[s]);
            for (int32_t k = 0; k < p.response_size[s]; k++)
                sum += sorted[k] < bag->tokens ? bag->weight[sorted[k]] : 0;
            score[IX_SIDES * i + s] = sum;
        }
    }
    free(sorted);
    return IX_OK;
}
