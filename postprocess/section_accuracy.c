/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 2: accuracy and normalised margin of every objective on every set. */
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
    {"sets", "sets", IX_CSV_ONLY, 0},
    {"pairs", "pairs", 0, 0},
    {"objective", "", IX_LEFT, 0},
    {"seeds", "seeds", 0, 0},
    {"untrained", "untrained", 0, 3},
    {"accuracy", "accuracy", 0, 3},
    {"accuracy_sd", "sd", 0, 3},
    {"accuracy_wilson95", "95 % Wilson", IX_RANGE, 3},
    {"accuracy_t95", "95 % t", IX_RANGE | IX_CSV_ONLY, 3},
    {"margin", "margin", 0, 2},
    {"margin_sd", "sd", 0, 2},
    {"correlation", "corr.", 0, 2},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* The embedded world's chat labels are drawn from a utility plus noise: on its fixed test set they agree with the
 * utility itself in 328 of 400 pairs (data/miniworld). The set is known by its hash: other pairs, no sentence. */
static const struct {
    const char *hash;
    double agree;
} noisy[] = {{"07be0f0215b07e6ea0cd11f8b45ed793f7662079ee683a9f9f7e563f385bb0a9", 0.820}};

static void put_row(ix_table *t, const ix_family *f, int row, const char *objective, const ix_summary *s)
{
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, f->row[row]);
    ix_put_text(t, f->category[row]);
    ix_put_int(t, s->sets);
    ix_put_int(t, s->pairs);
    ix_put_text(t, ix_objective_name(objective));
    ix_put_int(t, s->runs);
    ix_put_real(t, s->untrained);
    ix_put_real(t, s->accuracy);
    ix_put_real(t, s->deviation);
    ix_put_range(t, s->over_pairs);
    ix_put_range(t, s->over_seeds);
    ix_put_real(t, s->margin);
    ix_put_real(t, s->margin_deviation);
    ix_put_real(t, s->correlation);
}

/* "Below chance: EX-RM on math (0.355, untrained 0.146)." */
static void say_below(const ix_material *m, int family, char **text)
{
    const ix_family *f = &m->family[family];
    int found = 0;
    ix_summary s;
    for (int r = 0; r < f->rows; r++)
        for (int o = 0; o < f->objectives; o++) {
            if (!ix_summarise(m, family, f->objective[o], f->row[r], &s)) continue;
            if (ix_against_chance(s.accuracy, s.prompts) != IX_BELOW_CHANCE) continue;
            ix_append(text, "%s%s on %s (%.3f", found++ ? ", " : "Below chance: ", ix_objective_name(f->objective[o]),
                      f->row[r], s.accuracy);
            if (!isnan(s.untrained)) ix_append(text, ", untrained %.3f", s.untrained);
            ix_append(text, ")");
        }
    if (found) ix_append(text, ". ");
}

static void say_near(const ix_material *m, int family, char **text)
{
    const ix_family *f = &m->family[family];
    int found = 0;
    for (int r = 0; r < f->rows; r++)
        if (ix_both_near_chance(m, family, f->row[r])) ix_append(text, "%s%s", found++ ? ", " : "", f->row[r]);
    if (found) ix_append(text, ": near chance for both: nothing can be read from the sign. ");
}

/* A random head that ranks nearly all pairs one way before training. */
static void say_untrained(const ix_material *m, int family, char **text)
{
    const ix_family *f = &m->family[family];
    int found = 0;
    ix_summary s;
    for (int r = 0; r < f->rows; r++) {
        if (!ix_summarise(m, family, "ex_rm", f->row[r], &s) || isnan(s.untrained)) continue;
        bool split = s.untrained_low < 0.3 && s.untrained_high > 0.7;
        if (split && !found++)
            ix_append(text,
                      "Untrained, EX-RM's random head gives %.3f to %.3f on %s by seed alone: one direction of the "
                      "start model already separates these answers, and training need only find its sign. ",
                      s.untrained_low, s.untrained_high, f->row[r]);
    }
}

static double ceiling_of(const ix_material *m, int family, const char **row)
{
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        for (int s = 0; r->cell == family && s < r->sets; s++)
            for (size_t k = 0; k < sizeof noisy / sizeof noisy[0]; k++)
                if (strcmp(r->set[s].hash, noisy[k].hash) == 0) {
                    *row = r->set[s].group;
                    return noisy[k].agree;
                }
    }
    return NAN;
}

static void say_ceiling(const ix_material *m, int family, char **text)
{
    const char *row = NULL;
    double ceiling = ceiling_of(m, family, &row);
    ix_summary s;
    if (isnan(ceiling)) return;
    ix_append(text,
              "The labels of %s are noisy: they agree with the utility behind them in %.3f of its pairs, the "
              "ceiling for a perfect reader of it",
              row, ceiling);
    for (int o = 0; o < m->family[family].objectives; o++)
        if (ix_summarise(m, family, m->family[family].objective[o], row, &s))
            ix_append(text, "; %s is %.3f %s it", ix_objective_name(m->family[family].objective[o]),
                      fabs(s.accuracy - ceiling), s.accuracy <= ceiling ? "below" : "above");
    ix_append(text, ". ");
}

static void put_family(const ix_material *m, int family, ix_table *t)
{
    const ix_family *f = &m->family[family];
    bool persona = ix_is_persona(f), single = true;
    ix_summary s;
    for (int r = 0; r < f->rows; r++)
        for (int o = 0; o < f->objectives; o++) {
            if (!ix_summarise(m, family, f->objective[o], f->row[r], &s)) continue;
            put_row(t, f, r, f->objective[o], &s);
            if (persona) ix_row_quiet(t);
            single &= s.runs == 1;
        }
    if (persona || !f->rows) return;
    char *text = NULL;
    say_below(m, family, &text);
    if (!f->twins) say_near(m, family, &text); /* else the paired differences say it */
    ix_table_say_text(t, &text);
    say_ceiling(m, family, &text);
    ix_table_say_text(t, &text);
    say_untrained(m, family, &text);
    if (single) ix_append(&text, "One seed: no spread over seeds can be given. ");
    ix_table_say_text(t, &text);
}

void ix_section_accuracy(const ix_material *m, ix_tables *out)
{
    if (!m->families) return;
    ix_table *t =
        ix_table_add(out, "accuracy", "Accuracy and normalised margin after the last epoch", columns, COLUMNS);
    bool shown = false;
    for (int i = 0; i < m->families; i++) {
        put_family(m, i, t);
        shown |= m->family[i].rows && !ix_is_persona(&m->family[i]);
    }
    if (shown)
        ix_table_close(
            t, "Wilson's interval holds the draw of the test pairs, sd that of head and order of pairs (seeds); "
               "neither holds that of the start weights. A margin says nothing about correctness: rewards drawn "
               "at random give 1.128, perfect separation gives 2, and rewards that follow the prompt (corr., of "
               "the rewards of a pair, above 0) give less.");
    if (!t->rows) ix_table_say(t, "No VALID run has an evaluation.");
}
