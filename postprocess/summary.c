/* SPDX-License-Identifier: Apache-2.0
 *
 * What several sections need: means over seeds, twins compared, chance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

enum { DRAWS_MOST = 2000, THROWS_MOST = 9999, DRAWS_LEAST = 999, WORK = 2000000 };
static const uint64_t bootstrap_seed = 1000;

static void fill_summary(ix_summary *out, const ix_score *score, int n)
{
    double *accuracy = ix_grow(NULL, 2 * (size_t)n, sizeof *accuracy), *margin = accuracy + n;
    *out = (ix_summary){.runs = n,
                        .sets = score[0].sets,
                        .pairs = score[0].pairs,
                        .prompts = score[0].prompts,
                        .lowest = 1,
                        .untrained_low = 1};
    for (int i = 0; i < n; i++) {
        accuracy[i] = score[i].accuracy;
        margin[i] = score[i].margin;
        out->lowest = fmin(out->lowest, accuracy[i]);
        out->highest = fmax(out->highest, accuracy[i]);
        out->correlation += score[i].correlation / n;
        out->untrained += score[i].untrained / n;
        out->untrained_low = fmin(out->untrained_low, score[i].untrained);
        out->untrained_high = fmax(out->untrained_high, score[i].untrained);
    }
    out->accuracy = ix_mean(accuracy, n);
    out->deviation = ix_deviation(accuracy, n);
    out->over_seeds = ix_t_interval(accuracy, n, 0.95);
    out->over_seeds.low = isnan(out->over_seeds.low) ? NAN : fmax(0, out->over_seeds.low);
    out->over_seeds.high = isnan(out->over_seeds.high) ? NAN : fmin(1, out->over_seeds.high);
    out->over_pairs = ix_wilson(out->accuracy * (double)out->prompts, (double)out->prompts, 0.95);
    out->margin = ix_mean(margin, n);
    out->margin_deviation = ix_deviation(margin, n);
    free(accuracy);
}

bool ix_summarise(const ix_material *m, int family, const char *objective, const char *row, ix_summary *out)
{
    ix_score *score = ix_grow(NULL, (size_t)m->records, sizeof *score);
    int n = ix_family_scores(m, family, objective, row, score, m->records);
    if (n > 0) fill_summary(out, score, n);
    free(score);
    return n > 0;
}

ix_chance ix_against_chance(double accuracy, int64_t prompts)
{
    ix_interval i = ix_wilson(accuracy * (double)prompts, (double)prompts, 0.95);
    return i.high < 0.5 ? IX_BELOW_CHANCE : i.low > 0.5 ? IX_ABOVE_CHANCE : IX_NEAR_CHANCE;
}

bool ix_both_near_chance(const ix_material *m, int family, const char *row)
{
    ix_summary ex, im;
    return ix_summarise(m, family, "ex_rm", row, &ex) && ix_summarise(m, family, "im_rm", row, &im) &&
           ix_against_chance(ex.accuracy, ex.prompts) == IX_NEAR_CHANCE &&
           ix_against_chance(im.accuracy, im.prompts) == IX_NEAR_CHANCE;
}

bool ix_is_persona(const ix_family *f)
{
    static const char *const needed[] = {"original", "paraphrased", "prefixes-swapped"};
    int found = 0;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        for (int r = 0; r < f->rows; r++) found += strcmp(f->row[r], needed[i]) == 0;
    return found == 3;
}

/* The row's pairs of one run, set after set, into to[]. Returns how many. */
static int64_t gather(const ix_record *r, const char *row, signed char *to, int64_t *size, int *sets)
{
    int64_t n = 0;
    *sets = 0;
    for (int i = 0; i < r->sets; i++) {
        const ix_scored *s = &r->set[i];
        if (strcmp(s->group, row) != 0) continue;
        memcpy(to + n, s->right, (size_t)s->count);
        n += s->count;
        size[(*sets)++] = s->count;
    }
    return n;
}

static signed char *differences(const ix_twin *t, const char *row, int64_t pairs, int64_t *size, int *sets)
{
    signed char *ex = ix_grow(NULL, (size_t)pairs, 1), *im = ix_grow(NULL, (size_t)pairs, 1);
    gather(t->ex, row, ex, size, sets);
    gather(t->im, row, im, size, sets);
    for (int64_t i = 0; i < pairs; i++) ex[i] = (signed char)(ex[i] - im[i]);
    free(im);
    return ex;
}

static void resample(ix_comparison *out, const signed char *const *diff, const int64_t *size)
{
    ix_paired paired = {diff, out->twins, out->sets, size};
    int64_t draws = WORK / (out->pairs > 0 ? out->pairs : 1);
    if (draws > DRAWS_MOST) draws = DRAWS_MOST;
    if (draws < DRAWS_LEAST) draws = DRAWS_LEAST;
    out->apart = ix_paired_mean(&paired);
    out->interval = ix_paired_bootstrap(&paired, (int)draws, bootstrap_seed, 0.95);
}

void ix_twin_differences(const ix_twin *t, const char *row, double **to, int64_t *n)
{
    double sets = 0;
    for (int i = 0; i < t->ex->sets; i++) sets += strcmp(t->ex->set[i].group, row) == 0;
    for (int a = 0, b = 0; a < t->ex->sets; a++) {
        const ix_scored *ex = &t->ex->set[a];
        if (strcmp(ex->group, row) != 0) continue;
        while (strcmp(t->im->set[b].group, row) != 0) b++;
        const ix_scored *im = &t->im->set[b++];
        if (ex->count > *n) {
            *to = ix_grow(*to, (size_t)ex->count, sizeof **to);
            for (; *n < ex->count; ++*n) (*to)[*n] = 0;
        }
        for (int64_t i = 0; i < ex->count; i++)
            (*to)[i] += (ex->right[i] - im->right[i]) / (2.0 * (double)ex->count * sets);
    }
}

double ix_noise_probability(const double *differences, int64_t n)
{
    int64_t draws = WORK / (n > 0 ? n : 1);
    if (draws > THROWS_MOST) draws = THROWS_MOST;
    if (draws < DRAWS_LEAST) draws = DRAWS_LEAST;
    return n > 0 ? ix_sign_flip(differences, n, (int)draws, bootstrap_seed) : NAN;
}

bool ix_compare_twins(const ix_family *f, const char *row, ix_comparison *out)
{
    signed char **diff = ix_grow(NULL, (size_t)f->twins, sizeof *diff);
    const ix_record *first = NULL;
    int64_t *size = NULL, n = 0;
    double *apart = NULL;
    *out = (ix_comparison){0};
    for (int t = 0; t < f->twins; t++) {
        const ix_twin *twin = &f->twin[t];
        ix_score ex, im;
        if (!ix_twin_matches(twin, row) || !ix_record_score(twin->ex, row, &ex)) continue;
        if (first && !ix_twin_matches(&(ix_twin){first, twin->ex}, row)) continue; /* a finding says so */
        first = twin->ex;
        ix_record_score(twin->im, row, &im);
        size = ix_grow(size, (size_t)ex.sets, sizeof *size);
        diff[out->twins++] = differences(twin, row, ex.pairs, size, &out->sets);
        ix_twin_differences(twin, row, &apart, &n);
        out->pairs = ex.pairs;
        out->prompts = ex.prompts;
        out->ex += ex.accuracy;
        out->im += im.accuracy;
    }
    if (out->twins) {
        out->ex /= out->twins;
        out->im /= out->twins;
        resample(out, (const signed char *const *)diff, size);
        out->noise = ix_noise_probability(apart, n);
    }
    for (int t = 0; t < out->twins; t++) free(diff[t]);
    free(diff);
    free(size);
    free(apart);
    return out->twins > 0;
}

const char *ix_objective_name(const char *objective)
{
    return strcmp(objective, "ex_rm") == 0 ? "EX-RM" : strcmp(objective, "im_rm") == 0 ? "IM-RM" : objective;
}
