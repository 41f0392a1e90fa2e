/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"

static const ix_interval no_interval = {NAN, NAN};

/* Coefficient k >= 1 of the continued fraction 1 / (1 + d1 / (1 + d2 / ...)), DLMF 8.17.23. */
static double fraction_term(int k, double x, double a, double b)
{
    double m = k / 2, at = a + 2 * m;
    if (k % 2 == 0) return m * (b - m) * x / ((at - 1) * at);
    return -(a + m) * (a + b + m) * x / (at * (at + 1));
}

/* The fraction from the front: value = product of up / down, both kept away from 0 (Lentz 1976, as modified by Thompson
 * and Barnett 1986). Needs O(sqrt(max(a, b))) terms. */
static double fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double value = 1, up = 1, down = INFINITY; /* the first denominator is 1 */
    for (int k = 1; k < 100000; k++) {
        double d = fraction_term(k, x, a, b);
        up = 1 + d / up;
        down = 1 + d / down;
        if (fabs(up) < tiny) up = tiny;
        if (fabs(down) < tiny) down = tiny;
        value *= up / down;
        if (fabs(up / down - 1) < 1e-15) break;
    }
    return 1 / value;
}

double ix_beta_share(double x, double a, double b)
{
    IX_CONTRACT(a > 0 && b > 0 && x >= 0 && x <= 1);
    if (x == 0 || x == 1) return x;
    if (x > (a + 1) / (a + b + 2)) return 1 - ix_beta_share(1 - x, b, a);
    double log_front = a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b) - log(a);
    return exp(log_front) * fraction(x, a, b);
}

double ix_beta_quantile(double p, double a, double b)
{
    IX_CONTRACT(p >= 0 && p <= 1);
    double low = 0, high = 1;
    for (int i = 0; i < 1200; i++) { /* to the smallest double at most; about 60 steps as a rule */
        double mid = low + (high - low) / 2;
        if (mid <= low || mid >= high) break;
        if (ix_beta_share(mid, a, b) < p) low = mid;
        else high = mid;
    }
    return high;
}

double ix_t_quantile(double p, double freedom)
{
    IX_CONTRACT(p > 0 && p < 1 && freedom > 0);
    if (p < 0.5) return -ix_t_quantile(1 - p, freedom);
    double y = ix_beta_quantile(2 * p - 1, 0.5, freedom / 2); /* t^2 / (v + t^2): exact where t is small */
    return sqrt(freedom * y / (1 - y));
}

double ix_normal_quantile(double p)
{
    IX_CONTRACT(p > 0 && p < 1);
    double low = -40, high = 40;
    for (int i = 0; i < 200 && low < high; i++) {
        double mid = low + (high - low) / 2;
        if (mid <= low || mid >= high) break;
        if (0.5 * erfc(-mid / sqrt(2)) < p) low = mid;
        else high = mid;
    }
    return high;
}

ix_interval ix_clopper_pearson(int64_t hits, int64_t n, double level)
{
    IX_CONTRACT(hits >= 0 && hits <= n);
    if (n == 0) return no_interval;
    double tail = (1 - level) / 2, k = (double)hits, rest = (double)(n - hits);
    return (ix_interval){hits == 0 ? 0 : ix_beta_quantile(tail, k, rest + 1),
                         hits == n ? 1 : ix_beta_quantile(1 - tail, k + 1, rest)};
}

ix_interval ix_wilson(double hits, double n, double level)
{
    if (!(n > 0)) return no_interval;
    double z = ix_normal_quantile(1 - (1 - level) / 2), p = hits / n, unit = 1 + z * z / n;
    double middle = (p + z * z / (2 * n)) / unit;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / unit;
    return (ix_interval){fmax(0, middle - half), fmin(1, middle + half)};
}

double ix_mean(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return n > 0 ? sum / n : NAN;
}

double ix_deviation(const double *x, int n)
{
    double mean = ix_mean(x, n), square = 0;
    for (int i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(square / (n - 1)) : NAN;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

ix_interval ix_t_interval(const double *x, int n, double level)
{
    if (n < 2) return no_interval;
    double half = ix_t_quantile(1 - (1 - level) / 2, n - 1) * ix_deviation(x, n) / sqrt(n), mean = ix_mean(x, n);
    return (ix_interval){mean - half, mean + half};
}

ix_interval ix_mean_of_two(double a, ix_interval of_a, double b, ix_interval of_b)
{
    double mean = (a + b) / 2;
    return (ix_interval){mean - hypot(a - of_a.low, b - of_b.low) / 2, mean + hypot(of_a.high - a, of_b.high - b) / 2};
}

/* table[i][byte]: the sum of eight differences with the signs that the byte says. */
static double *sums_of_eight(const double *d, int64_t n)
{
    int64_t eights = (n + 7) / 8;
    double *table = calloc((size_t)eights * 256, sizeof *table);
    for (int64_t i = 0; table && i < eights; i++)
        for (int byte = 0; byte < 256; byte++)
            for (int64_t k = 0; k < 8 && 8 * i + k < n; k++)
                table[256 * i + byte] += byte >> k & 1 ? d[8 * i + k] : -d[8 * i + k];
    return table;
}

double ix_sign_flip(const double *d, int64_t n, int draws, uint64_t seed)
{
    double sum = 0, size = 0, *table = sums_of_eight(d, n);
    uint64_t draw = 0, bits = 0;
    int hits = 0;
    if (!table) return NAN;
    for (int64_t i = 0; i < n; i++) {
        sum += d[i];
        size += fabs(d[i]);
    }
    for (int b = 0; b < draws; b++) {
        double flipped = 0;
        for (int64_t i = 0; 8 * i < n; i++, bits >>= 8) {
            if (i % 8 == 0) bits = ix_draw_bits(seed, IX_DRAW_BOOTSTRAP, draw++);
            flipped += table[256 * i + (int64_t)(bits & 0xff)];
        }
        hits += fabs(flipped) >= fabs(sum) - 1e-12 * size; /* sums of the same numbers in another order */
    }
    free(table);
    return (1.0 + hits) / (1.0 + draws);
}

double ix_sorted_quantile(const double *sorted, int64_t n, double p)
{
    double at = p * (double)(n - 1);
    int64_t below = (int64_t)floor(at), above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

static int64_t pairs_of(const ix_paired *p)
{
    int64_t pairs = 0;
    for (int s = 0; s < p->sets; s++) pairs += p->size[s];
    return pairs;
}

double ix_paired_mean(const ix_paired *p)
{
    double mean = 0;
    int64_t at = 0;
    for (int s = 0; s < p->sets; s++) {
        int64_t sum = 0;
        for (int r = 0; r < p->runs; r++)
            for (int64_t i = 0; i < p->size[s]; i++) sum += p->diff[r][at + i];
        mean += (double)sum / (2.0 * (double)p->size[s] * p->runs * p->sets);
        at += p->size[s];
    }
    return mean;
}

/* Sets of one size are drawn alike, so their differences can be added up first. */
typedef struct {
    int64_t size;
    int32_t *sum; /* [runs][size] over the sets of this size */
} layer;

typedef struct {
    int layers, runs, sets;
    layer *layer;
    int64_t largest;
    int32_t *mixed; /* [largest] scratch: sum over the drawn twins */
    int *times;     /* [runs] how often a twin was drawn */
} layers;

static void free_layers(layers *l)
{
    for (int i = 0; l->layer && i < l->layers; i++) free(l->layer[i].sum);
    free(l->layer);
    free(l->mixed);
    free(l->times);
}

static layer *layer_of(layers *l, int64_t size)
{
    for (int i = 0; i < l->layers; i++)
        if (l->layer[i].size == size) return &l->layer[i];
    layer *new = &l->layer[l->layers];
    new->sum = calloc((size_t)(l->runs * size) + 1, sizeof *new->sum);
    if (!new->sum) return NULL;
    new->size = size;
    l->layers++;
    if (size > l->largest) l->largest = size;
    return new;
}

/* false: no memory. */
static bool make_layers(layers *l, const ix_paired *p)
{
    int64_t at = 0;
    *l = (layers){.runs = p->runs, .sets = p->sets};
    l->layer = calloc((size_t)p->sets, sizeof *l->layer);
    l->times = calloc((size_t)p->runs, sizeof *l->times);
    for (int s = 0; l->layer && s < p->sets; at += p->size[s++]) {
        layer *to = layer_of(l, p->size[s]);
        if (!to) return false;
        for (int r = 0; r < p->runs; r++)
            for (int64_t i = 0; i < to->size; i++) to->sum[r * to->size + i] += p->diff[r][at + i];
    }
    l->mixed = calloc((size_t)l->largest + 1, sizeof *l->mixed);
    return l->layer && l->times && l->mixed;
}

/* n picks of sum[0..n), two from every 64 bits: (32 bits * n) >> 32 is uniform to n / 2^32. */
static int64_t pick_sum(const int32_t *sum, int64_t n, uint64_t seed, uint64_t *draw)
{
    int64_t total = 0;
    for (int64_t i = 0; i < n; i += 2) {
        uint64_t bits = ix_draw_bits(seed, IX_DRAW_BOOTSTRAP, (*draw)++);
        total += sum[((bits >> 32) * (uint64_t)n) >> 32];
        if (i + 1 < n) total += sum[((bits & 0xffffffffu) * (uint64_t)n) >> 32];
    }
    return total;
}

static void mix_runs(const layers *l, const layer *from)
{
    memset(l->mixed, 0, (size_t)from->size * sizeof *l->mixed);
    for (int r = 0; r < l->runs; r++)
        for (int64_t i = 0; l->times[r] && i < from->size; i++)
            l->mixed[i] += l->times[r] * from->sum[r * from->size + i];
}

static double one_resample(const layers *l, uint64_t seed, uint64_t *draw)
{
    double mean = 0;
    memset(l->times, 0, (size_t)l->runs * sizeof *l->times);
    for (int r = 0; r < l->runs; r++)
        l->times[(ix_draw_bits(seed, IX_DRAW_BOOTSTRAP, (*draw)++) >> 32) * (uint64_t)l->runs >> 32]++;
    for (int k = 0; k < l->layers; k++) {
        mix_runs(l, &l->layer[k]);
        int64_t total = pick_sum(l->mixed, l->layer[k].size, seed, draw);
        mean += (double)total / (2.0 * (double)l->layer[k].size * l->runs * l->sets);
    }
    return mean;
}

ix_interval ix_paired_bootstrap(const ix_paired *p, int draws, uint64_t seed, double level)
{
    ix_interval interval = no_interval;
    uint64_t draw = 0;
    layers l;
    double *mean = malloc((size_t)draws * sizeof *mean);

    IX_CONTRACT(draws > 0 && p->runs > 0 && pairs_of(p) > 0);
    if (make_layers(&l, p) && mean) {
        for (int b = 0; b < draws; b++) mean[b] = one_resample(&l, seed, &draw);
        qsort(mean, (size_t)draws, sizeof *mean, by_value);
        interval.low = ix_sorted_quantile(mean, draws, (1 - level) / 2);
        interval.high = ix_sorted_quantile(mean, draws, 1 - (1 - level) / 2);
    }
    free(mean);
    free_layers(&l);
    return interval;
}
