/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 2, for Persona: which part of the answer decides (paper section 2.8). The sets are a factorial design over
 * prefix and word; read alone, "paraphrased" invites a wrong conclusion. */
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
    {"pairs", "pairs", 0, 0},
    {"ex_seeds", "seeds", 0, 0},
    {"ex_untrained", "untrained", IX_CSV_ONLY, 3},
    {"ex_accuracy", "EX acc.", 0, 3},
    {"ex_sd", "sd", 0, 3},
    {"ex_margin", "margin", 0, 2},
    {"ex_correlation", "corr.", 0, 2},
    {"im_seeds", "seeds", IX_CSV_ONLY, 0},
    {"im_untrained", "untrained", IX_CSV_ONLY, 3},
    {"im_accuracy", "IM acc.", 0, 3},
    {"im_sd", "sd", 0, 3},
    {"im_margin", "margin", 0, 2},
    {"im_correlation", "corr.", 0, 2},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Rows in this order; what a suite adds beyond them follows. */
static const char *const order[] = {
    "original",        "paraphrased",    "train-prompts",           "prefixes-swapped",        "same-prefix",
    "same-prefix-yes", "same-prefix-no", "seen-prefix-unseen-word", "unseen-prefix-seen-word",
};
enum { ORDERED = sizeof order / sizeof order[0] };

static int find_row(const ix_family *f, const char *name)
{
    for (int r = 0; r < f->rows; r++)
        if (strcmp(f->row[r], name) == 0) return r;
    return -1;
}

static void put_summary(ix_table *t, bool there, const ix_summary *s)
{
    if (!there) {
        for (int i = 0; i < 6; i++) ix_put_none(t);
        return;
    }
    ix_put_int(t, s->runs);
    ix_put_real(t, s->untrained);
    ix_put_real(t, s->accuracy);
    ix_put_real(t, s->deviation);
    ix_put_real(t, s->margin);
    ix_put_real(t, s->correlation);
}

static void put_row(const ix_material *m, int family, const char *row, ix_table *t)
{
    const ix_family *f = &m->family[family];
    ix_summary ex, im;
    bool has_ex = ix_summarise(m, family, "ex_rm", row, &ex), has_im = ix_summarise(m, family, "im_rm", row, &im);
    if (!has_ex && !has_im) return;
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, row);
    ix_put_int(t, has_ex ? ex.pairs : im.pairs);
    put_summary(t, has_ex, &ex);
    put_summary(t, has_im, &im);
}

/* Accuracy and its place against chance; false if there is none. */
static bool read_row(const ix_material *m, int family, const char *objective, const char *row, ix_summary *s,
                     ix_chance *chance)
{
    if (!ix_summarise(m, family, objective, row, s)) return false;
    *chance = ix_against_chance(s->accuracy, s->prompts);
    return true;
}

/* Paraphrased against the same words with the two unseen prefixes exchanged. */
static void say_swapped(const ix_material *m, int family, const char *objective, char **text)
{
    ix_summary plain, swapped;
    ix_chance at_plain, at_swapped;
    const char *name = ix_objective_name(objective);
    if (!read_row(m, family, objective, "paraphrased", &plain, &at_plain)) return;
    if (!read_row(m, family, objective, "prefixes-swapped", &swapped, &at_swapped)) return;
    double p = plain.accuracy, s = swapped.accuracy;
    if (at_plain == IX_BELOW_CHANCE && at_swapped == IX_ABOVE_CHANCE)
        ix_append(
            text,
            "%s ranks the paraphrased answers below chance (%.3f), but with the two unseen prefixes swapped it is "
            "%.3f: it is the prefix that decides, not the words; this table is no evidence about synonyms. ",
            name, p, s);
    else if (at_plain == IX_ABOVE_CHANCE && at_swapped == IX_BELOW_CHANCE)
        ix_append(
            text,
            "%s is right on the paraphrased answers (%.3f), but with the two unseen prefixes swapped it is %.3f: it "
            "reads the prefix, and its accuracy is no evidence that it knows the words. ",
            name, p, s);
    else if (at_plain == IX_ABOVE_CHANCE && at_swapped == IX_ABOVE_CHANCE)
        ix_append(text,
                  "%s is right whichever way the unseen prefixes stand (%.3f, swapped %.3f): here the words decide. ",
                  name, p, s);
    else if (at_plain == IX_BELOW_CHANCE)
        ix_append(text,
                  "%s ranks the paraphrased answers below chance (%.3f), and swapping the prefixes does not mend it "
                  "(%.3f): the prefix alone does not explain it. ",
                  name, p, s);
    else
        ix_append(text,
                  "%s: paraphrased %.3f, with the unseen prefixes swapped %.3f: no clear part of the answer decides. ",
                  name, p, s);
}

/* With one prefix before both answers only the word is left. */
static void say_same_prefix(const ix_material *m, int family, const char *objective, char **text)
{
    static const char *const rows[] = {"same-prefix", "same-prefix-yes", "same-prefix-no"};
    ix_summary s;
    ix_chance chance;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!read_row(m, family, objective, rows[i], &s, &chance)) continue;
        ix_append(text, "%s with one prefix before both answers (%s): %.3f", ix_objective_name(objective), rows[i],
                  s.accuracy);
        if (s.highest - s.lowest > 0.1) ix_append(text, " (%.3f to %.3f by seed)", s.lowest, s.highest);
        bool split = ix_against_chance(s.lowest, s.prompts) != ix_against_chance(s.highest, s.prompts);
        if (split) ix_append(text, ": the seed decides whether the words count there. ");
        else if (chance == IX_NEAR_CHANCE) ix_append(text, ", near chance. ");
        else if (chance == IX_BELOW_CHANCE)
            ix_append(text, ", below chance: the unseen words themselves are ranked wrong. ");
        else ix_append(text, ": where the prefix says nothing the words count. ");
    }
}

static void say_cross(const ix_material *m, int family, const char *objective, char **text)
{
    ix_summary words, prefixes;
    ix_chance at_words, at_prefixes;
    if (!read_row(m, family, objective, "seen-prefix-unseen-word", &words, &at_words)) return;
    if (!read_row(m, family, objective, "unseen-prefix-seen-word", &prefixes, &at_prefixes)) return;
    if (at_words != IX_ABOVE_CHANCE || at_prefixes != IX_BELOW_CHANCE) return;
    ix_append(text,
              "Unseen words behind seen prefixes %.3f, seen words behind unseen prefixes %.3f: that agrees. The unseen "
              "yes-prefix begins like a seen no-prefix, as in the paper; no set isolates that one word. ",
              words.accuracy, prefixes.accuracy);
}

static void say_untrained(const ix_material *m, int family, char **text)
{
    ix_summary s;
    if (!ix_summarise(m, family, "ex_rm", "original", &s) || isnan(s.untrained)) return;
    if (s.untrained_low > 0.1 && s.untrained_high < 0.9) return;
    ix_append(text,
              "Untrained, EX-RM's random head gives %.3f to %.3f on original: one direction of the start model already "
              "separates yes from no, so EX-RM has little left to learn here. ",
              s.untrained_low, s.untrained_high);
}

static void put_family(const ix_material *m, int family, ix_table *t)
{
    const ix_family *f = &m->family[family];
    static const char *const both[] = {"im_rm", "ex_rm"};
    char *text = NULL;
    int before = t->rows;
    for (int i = 0; i < ORDERED; i++)
        if (find_row(f, order[i]) >= 0) put_row(m, family, order[i], t);
    for (int r = 0; r < f->rows; r++) {
        bool known = false;
        for (int i = 0; i < ORDERED; i++) known |= strcmp(order[i], f->row[r]) == 0;
        if (!known) put_row(m, family, f->row[r], t);
    }
    if (t->rows == before) return;
    for (int o = 0; o < 2; o++) {
        say_swapped(m, family, both[o], &text);
        say_same_prefix(m, family, both[o], &text);
        say_cross(m, family, both[o], &text);
        ix_table_say_text(t, &text);
    }
    say_untrained(m, family, &text);
    ix_table_say_text(t, &text);
}

void ix_section_persona(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    for (int i = 0; i < m->families; i++) {
        if (!ix_is_persona(&m->family[i])) continue;
        if (!t) t = ix_table_add(out, "persona", "Persona: which part of the answer decides", columns, COLUMNS);
        put_family(m, i, t);
    }
}
