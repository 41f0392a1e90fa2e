/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 3: EX - IM of the twins on the same pairs, with a bootstrap interval. */
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
    {"category", "category", IX_LEFT, 0},
    {"pairs", "pairs", IX_CSV_ONLY, 0},
    {"twins", "twins", 0, 0},
    {"ex", "EX-RM", 0, 3},
    {"im", "IM-RM", 0, 3},
    {"difference", "EX - IM", 0, 3},
    {"difference_95", "95 % paired", IX_RANGE, 3},
    {"p_noise", "p noise", IX_CSV_ONLY, 4},
    {"reading", "reading", IX_LEFT, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const char *reading(const ix_comparison *c, bool vain)
{
    if (vain) return "chance";
    if (c->interval.low > 0) return "EX ahead";
    if (c->interval.high < 0) return "IM ahead";
    if (c->interval.low >= -0.01 && c->interval.high <= 0.01) return "equal";
    return "unclear";
}

static void put_row(ix_table *t, const ix_family *f, int row, const ix_comparison *c, const char *read)
{
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, f->row[row]);
    ix_put_text(t, f->category[row]);
    ix_put_int(t, c->pairs);
    ix_put_int(t, c->twins);
    ix_put_real(t, c->ex);
    ix_put_real(t, c->im);
    ix_put_real(t, c->apart);
    ix_put_range(t, c->interval);
    ix_put_real(t, c->noise);
    ix_put_text(t, read);
}

/* One sentence on a set under a shift of tokens: what the paper is about. */
static void say_shift(char **text, const char *row, const ix_comparison *c, const char *read)
{
    if (!strstr(read, "ahead") && strcmp(read, "chance") != 0)
        ix_append(text, "%s: no gap between the two is shown (%+.3f, %.3f to %.3f). ", row, c->apart, c->interval.low,
                  c->interval.high);
    else if (strcmp(read, "chance") == 0)
        ix_append(text, "%s: near chance for both: nothing can be read from the sign. ", row);
    else
        ix_append(text, "%s: %s-RM is ahead by %.3f (%.3f to %.3f). ", row, c->apart > 0 ? "EX" : "IM", fabs(c->apart),
                  c->apart > 0 ? c->interval.low : -c->interval.high,
                  c->apart > 0 ? c->interval.high : -c->interval.low);
}

static void say_vain(char **text, const char *row)
{
    ix_append(text, "%s: near chance for both: nothing can be read from the sign. ", row);
}

/* A difference of which one side, or both, is worse than guessing is no merit of the other. */
static void say_below(char **text, const char *row, const ix_comparison *c, const char *read)
{
    bool ex = ix_against_chance(c->ex, c->prompts) == IX_BELOW_CHANCE;
    bool im = ix_against_chance(c->im, c->prompts) == IX_BELOW_CHANCE;
    bool ahead_knows = ix_against_chance(c->apart > 0 ? c->ex : c->im, c->prompts) == IX_ABOVE_CHANCE;
    if ((!ex && !im) || ahead_knows || !strstr(read, "ahead")) return;
    ix_append(text,
              "%s: the gap is one of wrong answers (%.3f, %.3f): whoever is ahead does not rank it right either. ", row,
              c->ex, c->im);
}

static int put_family(const ix_material *m, int family, ix_table *t)
{
    const ix_family *f = &m->family[family];
    char *text = NULL;
    int twins = 0;
    bool persona = ix_is_persona(f);
    ix_comparison c;
    for (int r = 0; r < f->rows; r++) {
        if (!ix_compare_twins(f, f->row[r], &c)) continue;
        bool vain = ix_against_chance(c.ex, c.prompts) == IX_NEAR_CHANCE &&
                    ix_against_chance(c.im, c.prompts) == IX_NEAR_CHANCE;
        const char *read = reading(&c, vain);
        put_row(t, f, r, &c, read);
        if (strcmp(f->category[r], "token_shift") == 0 && !persona) say_shift(&text, f->row[r], &c, read);
        else if (vain) say_vain(&text, f->row[r]);
        else say_below(&text, f->row[r], &c, read);
        if (c.twins > twins) twins = c.twins;
    }
    if (persona && twins)
        ix_append(&text, "What these gaps come from is said under the table of Persona's prefixes above. ");
    if (twins == 1) ix_append(&text, "One twin: the interval holds the draw of the pairs only, not that of the seed. ");
    ix_table_say_text(t, &text);
    return twins;
}

void ix_section_paired(const ix_material *m, ix_tables *out)
{
    int any = 0, most = 0;
    for (int i = 0; i < m->families; i++) any += m->family[i].twins;
    if (!any) return;
    ix_table *t = ix_table_add(out, "paired", "Paired differences EX - IM on the same pairs", columns, COLUMNS);
    for (int i = 0; i < m->families; i++) {
        int twins = put_family(m, i, t);
        if (twins > most) most = twins;
    }
    if (t->rows > 1)
        ix_table_close(
            t,
            "%d intervals: at 95 %% each, about one in twenty misses by chance. Seeds change the head and the "
            "order of pairs, not the start weights%s.",
            t->rows, most > 1 && most < 6 ? "; with so few of them the interval is somewhat too narrow" : "");
    ix_plot_paired(m, t, out);
}
