/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 5: what the pairs give away without a trained model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"set", "set", IX_LEFT, 0},
    {"category", "category", IX_CSV_ONLY, 0},
    {"pairs", "pairs", IX_CSV_ONLY, 0},
    {"shorter", "short", 0, 3},
    {"shorter_characters", "chars", 0, 3},
    {"longer", "long", 0, 3},
    {"lookup", "look-up", 0, 3},
    {"bag_of_tokens", "bag", 0, 3},
    {"reference", "ref.", 0, 3},
    {"reference_per_token", "ref./tok.", 0, 3},
    {"ex_untrained", "EX 0", 0, 3},
    {"im_untrained", "IM 0", 0, 3},
    {"ex", "EX-RM", 0, 3},
    {"im", "IM-RM", 0, 3},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Accuracies on a row; NaN: the results do not say. */
typedef struct {
    double shorter, shorter_characters, lookup, bag, reference, reference_mean;
} baselines;

static double share(int64_t half, int64_t pairs)
{
    return half < 0 ? NAN : (double)half / (2.0 * (double)pairs);
}

static bool is_better(double candidate, double best)
{
    return !isnan(candidate) && (isnan(best) || candidate > best);
}

/* Means over the row's sets. */
static bool of_record(const ix_record *r, const char *row, baselines *out)
{
    int sets = 0;
    *out = (baselines){0};
    for (int i = 0; i < r->sets; i++) {
        const ix_scored *s = &r->set[i];
        if (strcmp(s->group, row) != 0 || !s->right) continue;
        out->shorter += share(s->trivial.shorter, s->count);
        out->shorter_characters += share(s->trivial.shorter_characters, s->count);
        out->lookup += share(s->trivial.lookup, s->count);
        out->bag += share(s->trivial.bag, s->count);
        out->reference += share(s->trivial.reference, s->count);
        out->reference_mean += share(s->trivial.reference_mean, s->count);
        sets++;
    }
    double *value[] = {&out->shorter, &out->shorter_characters, &out->lookup,
                       &out->bag,     &out->reference,          &out->reference_mean};
    for (size_t k = 0; k < sizeof value / sizeof value[0]; k++) *value[k] = sets ? *value[k] / sets : NAN;
    return sets > 0;
}

/* All runs of a family have the same pairs; the reference is known to those that have one. The first that knows. */
static baselines of_family(const ix_material *m, int family, const char *row)
{
    baselines all = {NAN, NAN, NAN, NAN, NAN, NAN}, one;
    for (int i = m->family[family].first; i < m->family[family].end; i++) {
        const ix_record *r = &m->record[i];
        if (r->cell != family || !r->valid || !of_record(r, row, &one)) continue;
        if (isnan(all.shorter)) all.shorter = one.shorter;
        if (isnan(all.shorter_characters)) all.shorter_characters = one.shorter_characters;
        if (isnan(all.lookup)) all.lookup = one.lookup;
        if (isnan(all.bag)) all.bag = one.bag;
        if (isnan(all.reference)) all.reference = one.reference;
        if (isnan(all.reference_mean)) all.reference_mean = one.reference_mean;
    }
    return all;
}

static bool all_unknown(const baselines *b)
{
    return isnan(b->shorter) && isnan(b->lookup) && isnan(b->bag) && isnan(b->reference);
}

static void put_row(ix_table *t, const ix_family *f, int row, const baselines *b, const ix_summary *ex,
                    const ix_summary *im)
{
    const ix_summary *known = ex->runs ? ex : im;
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, f->row[row]);
    ix_put_text(t, f->category[row]);
    ix_put_int(t, known->pairs);
    ix_put_real(t, b->shorter);
    ix_put_real(t, b->shorter_characters);
    ix_put_real(t, 1 - b->shorter);
    ix_put_real(t, b->lookup);
    ix_put_real(t, b->bag);
    ix_put_real(t, b->reference);
    ix_put_real(t, b->reference_mean);
    ix_put_real(t, ex->runs ? ex->untrained : NAN);
    ix_put_real(t, im->runs ? im->untrained : NAN);
    ix_put_real(t, ex->runs ? ex->accuracy : NAN);
    ix_put_real(t, im->runs ? im->accuracy : NAN);
}

/* The best of what needs no trained model, if neither trained model is above it. */
static void say_beaten(char **text, const char *row, const baselines *b, const ix_summary *ex, const ix_summary *im)
{
    const struct {
        const char *name;
        double accuracy;
    } by[] = {{"the shorter response", b->shorter},
              {"the longer response", 1 - b->shorter},
              {"the response of fewer characters", b->shorter_characters},
              {"the response of more characters", 1 - b->shorter_characters},
              {"looking up what was chosen in training", b->lookup},
              {"a bag of tokens", b->bag},
              {"the reference's log-probability", b->reference},
              {"the reference's log-probability per token", b->reference_mean}};
    double trained = fmax(ex->runs ? ex->accuracy : 0, im->runs ? im->accuracy : 0), best = NAN;
    const char *name = NULL;
    for (size_t k = 0; k < sizeof by / sizeof by[0]; k++)
        if (is_better(by[k].accuracy, best)) best = by[k].accuracy, name = by[k].name;
    if (!name || best < trained || ix_against_chance(best, ex->runs ? ex->prompts : im->prompts) != IX_ABOVE_CHANCE)
        return;
    ix_append(text, "%s%s on %s (%.3f; %.3f)", *text ? ", " : "No worse than the better trained model: ", name, row,
              best, trained);
}

static void put_family(const ix_material *m, int family, ix_tables *out, ix_table **t)
{
    const ix_family *f = &m->family[family];
    char *text = NULL;
    for (int r = 0; r < f->rows; r++) {
        ix_summary ex = {0}, im = {0};
        baselines b = of_family(m, family, f->row[r]);
        ix_summarise(m, family, "ex_rm", f->row[r], &ex);
        ix_summarise(m, family, "im_rm", f->row[r], &im);
        if (all_unknown(&b) || (!ex.runs && !im.runs)) continue;
        if (!*t) *t = ix_table_add(out, "baselines", "Baselines: accuracy without a trained model", columns, COLUMNS);
        put_row(*t, f, r, &b, &ex, &im);
        say_beaten(&text, f->row[r], &b, &ex, &im);
    }
    if (text) ix_append(&text, ".");
    if (*t) ix_table_say_text(*t, &text);
    free(text);
}

void ix_section_baselines(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    for (int i = 0; i < m->families; i++) put_family(m, i, out, &t);
    if (t)
        ix_table_close(
            t,
            "short, chars, long: the shorter response wins (in tokens, in characters), the longer one. look-up: the response chosen in "
            "training after the same prompt. bag: a weight per token, fit to the same training pairs. ref.: "
            "what the reference model finds more probable, as a sum and per token. EX 0, IM 0: before "
            "training; an IM-RM that is its own reference has 0.500 by ties. What a baseline reaches, a "
            "reward model need not have understood. Margins have one too: 1.128 for rewards at random.");
}
