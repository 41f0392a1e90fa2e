/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 1: who wins how often (paper section 4), per category of set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"category", "category", IX_LEFT, 0},
    {"sets", "sets", 0, 0},
    {"twins", "twins", 0, 0},
    {"evaluations", "compared", 0, 0},
    {"ex_wins", "EX wins", 0, 0},
    {"ties", "ties", 0, 0},
    {"im_wins", "IM wins", 0, 0},
    {"ex_share", "EX share", 0, 3},
    {"ex_share", "95 % exact", IX_RANGE, 3},
    {"difference", "EX - IM", IX_CSV_ONLY, 3},
    {"p_noise", "p noise", 0, 4},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const char *const categories[] = {"in_distribution", "token_shift", "domain_shift", "control"};

typedef struct {
    int sets, twins, compared, ex, ties, im;
    double *apart; /* [n] EX - IM by the number of a pair, summed over what is compared */
    int64_t n;
    int64_t fewest; /* pairs of the smallest row */
    char *vain;     /* rows near chance for both */
    int vain_rows;
} tally;

static void count_row(const ix_material *m, int family, int row, tally *t)
{
    const ix_family *f = &m->family[family];
    int compared = 0;
    for (int i = 0; i < f->twins; i++) {
        ix_score ex, im;
        if (!ix_twin_matches(&f->twin[i], f->row[row])) continue;
        if (!ix_record_score(f->twin[i].ex, f->row[row], &ex) || !ix_record_score(f->twin[i].im, f->row[row], &im))
            continue;
        int outcome = ix_twin_outcome(&ex, &im);
        ix_twin_differences(&f->twin[i], f->row[row], &t->apart, &t->n);
        t->ex += outcome > 0;
        t->ties += outcome == 0;
        t->im += outcome < 0;
        compared++;
        if (!t->fewest || ex.pairs < t->fewest) t->fewest = ex.pairs;
    }
    t->compared += compared;
    t->sets += compared > 0;
    if (!compared || !ix_both_near_chance(m, family, f->row[row])) return;
    ix_append(&t->vain, "%s%s", t->vain_rows++ ? ", " : "", f->row[row]);
}

static tally count_category(const ix_material *m, const ix_family *key, const char *category)
{
    tally t = {0};
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        if (!ix_same_group(f, key)) continue;
        int before = t.compared;
        for (int r = 0; r < f->rows; r++)
            if (strcmp(f->category[r], category) == 0) count_row(m, i, r, &t);
        if (t.compared > before) t.twins += f->twins;
    }
    return t;
}

static double mean_difference(const tally *t)
{
    double sum = 0;
    for (int64_t i = 0; i < t->n; i++) sum += t->apart[i];
    return sum / t->compared;
}

static void put_row(ix_table *table, const ix_family *key, const char *category, const tally *t)
{
    ix_row_begin(table);
    ix_put_text(table, key->suite);
    ix_put_text(table, key->part);
    ix_put_text(table, key->varied);
    ix_put_text(table, category);
    ix_put_int(table, t->sets);
    ix_put_int(table, t->twins);
    ix_put_int(table, t->compared);
    ix_put_int(table, t->ex);
    ix_put_int(table, t->ties);
    ix_put_int(table, t->im);
    ix_put_real(table, (double)t->ex / t->compared);
    ix_put_range(table, ix_clopper_pearson(t->ex, t->compared, 0.95));
    ix_put_real(table, mean_difference(t));
    ix_put_real(table, ix_noise_probability(t->apart, t->n));
}

/* A majority of wins that is not on the side of the mean difference, or one that noise gives as well. */
static void say_noise(char **text, const char *category, const tally *t)
{
    double apart = mean_difference(t), p = ix_noise_probability(t->apart, t->n);
    if (t->ex == t->im) return;
    if ((t->ex > t->im) != (apart > 0) && apart != 0)
        ix_append(text, "%s: %s-RM wins more often, but EX - IM is %+.3f on average. ", category,
                  t->ex > t->im ? "EX" : "IM", apart);
    else if (p > 0.05)
        ix_append(text,
                  "%s: the direction may be noise: equally good models would be as far apart with probability %.2f. ",
                  category, p);
}

static void say_category(char **text, const char *category, const tally *t)
{
    if (!t->vain_rows) return;
    if (t->vain_rows >= t->sets)
        ix_append(text, "%s (%s): near chance for both: nothing can be read from who wins. ", category, t->vain);
    else
        ix_append(text, "%s counts %s, near chance for both: nothing can be read from who wins there. ", category,
                  t->vain);
}

static void put_block(const ix_material *m, ix_table *table, const ix_family *key)
{
    char *text = NULL;
    int64_t fewest = 0;
    bool control = false;
    for (size_t c = 0; c < sizeof categories / sizeof categories[0]; c++) {
        tally t = count_category(m, key, categories[c]);
        if (t.compared) {
            put_row(table, key, categories[c], &t);
            say_category(&text, categories[c], &t);
            if (t.vain_rows < t.sets) say_noise(&text, categories[c], &t);
            control |= c == 3;
            if (!fewest || t.fewest < fewest) fewest = t.fewest;
        }
        free(t.vain);
        free(t.apart);
    }
    double error = fewest ? sqrt(0.25 / (double)fewest) : 0;
    if (error > 0.01)
        ix_append(
            &text,
            "The smallest set has %lld pairs: one accuracy has a standard error of up to %.3f there, more than the "
            "tie band of 0.01, so a single win may be noise. ",
            (long long)fewest, error);
    if (control) ix_append(&text, "control sets isolate a cause; winning them is no merit in itself. ");
    ix_table_say_text(table, &text);
}

void ix_section_winrate(const ix_material *m, ix_tables *out)
{
    if (!m->families) return;
    ix_table *t = ix_table_add(out, "winrate", "Win-rates (a tie: accuracies within 1 %)", columns, COLUMNS);
    for (int i = 0; i < m->families; i++) {
        bool first = true;
        for (int j = 0; j < i; j++) first &= !ix_same_group(&m->family[i], &m->family[j]);
        if (first) put_block(m, t, &m->family[i]);
    }
    if (t->rows)
        ix_table_close(
            t, "Twins share test pairs and start weights; the exact interval takes the comparisons for "
               "independent and is too narrow. p noise does not: it is the probability that models which are equally "
               "good on every pair would on average be as far apart as these, by the draw of the pairs alone. How far "
               "that is stands under "
               "\"Paired differences\".");
    else ix_table_say(t, "No twins: a win needs a VALID EX-RM and a VALID IM-RM run of one setting and seed.");
    ix_plot_winrate(t, out);
}
