/* SPDX-License-Identifier: Apache-2.0
 *
 * The paper's numbers beside ours, where they are known. None was checked against the paper itself. */
#include <math.h>
#include <string.h>

#include "groups.h"
#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"figure", "figure", IX_KEY, 0},
    {"what", "on", IX_LEFT, 0},
    {"quantity", "quantity", IX_LEFT, 0},
    {"paper_ex", "paper EX", 0, 0},
    {"paper_im", "paper IM", 0, 0},
    {"ex", "ours EX", 0, 3},
    {"im", "ours IM", 0, 3},
    {"models", "models", 0, 0},
    {"runs", "runs", 0, 0},
    {"source", "known", IX_LEFT, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

typedef enum { ACCURACY, MARGIN, WINS } quantity;

/* Known numbers of "Why is Your Language Model a Poor Implicit Reward Model?" as others report them, NULL where nobody
 * does. `row` is a set of the suite, NULL: the mean over all sets of `category`. */
static const char unknown[] = "not published", second[] = "second-hand", image[] = "image only";
static const struct {
    const char *suite, *figure, *row, *category, *what;
    quantity quantity;
    const char *ex, *im, *source;
} known[] = {
    {"persona", "4", "original", NULL, "original, test prompts", ACCURACY, "1.00", "1.00", second},
    {"persona", "4", "", NULL, "original, train prompts", ACCURACY, "1.00", "1.00", second},
    {"persona", "4", "paraphrased", NULL, "paraphrased, test prompts", ACCURACY, "1.00", "0.019", second},
    {"persona", "4", "train-prompts", NULL, "paraphrased, train prompts", ACCURACY, "1.00", "0.022", second},
    {"hamiltonian", "3", NULL, "in_distribution", "test graphs", ACCURACY, unknown, "0.993", second},
    {"ultrafeedback", "2", NULL, "in_distribution", "in distribution", ACCURACY, "0.752", "0.646", second},
    {"ultrafeedback", "2", NULL, "token_shift", "token-level shift", ACCURACY, "0.665", "0.602", second},
    {"ultrafeedback", "2", NULL, "domain_shift", "domain shift", ACCURACY, "0.621", "0.720", second},
    {"ultrafeedback", "2", NULL, "in_distribution", "in distribution", MARGIN, "1.014", "0.813", second},
    {"ultrafeedback", "2", NULL, "token_shift", "token-level shift", MARGIN, "0.976", "0.763", second},
    {"ultrafeedback", "2", NULL, "domain_shift", "domain shift", MARGIN, "0.807", "0.726", second},
    {"ultrafeedback", "2", NULL, "in_distribution", "in distribution", WINS, unknown, unknown, image},
    {"ultrafeedback", "2", NULL, "token_shift", "token-level shift", WINS, unknown, unknown, image},
    {"ultrafeedback", "2", NULL, "domain_shift", "domain shift", WINS, unknown, unknown, image},
    {"rewardmath", "5", NULL, "in_distribution", "in distribution", ACCURACY, unknown, unknown, image},
    {"rewardmath", "5", NULL, "in_distribution", "in distribution", WINS, unknown, unknown, image},
    {"rewardmath", "5", NULL, "token_shift", "token-level shift", WINS, unknown, unknown, image},
    {"rewardmath", "5", NULL, "domain_shift", "domain shift", WINS, unknown, unknown, image},
};
enum { KNOWN = sizeof known / sizeof known[0] };

typedef struct {
    double ex, im; /* NaN: there is none */
    int models, runs;
} ours;

static bool is_meant(const ix_family *f, int row, int k)
{
    return known[k].row ? strcmp(f->row[row], known[k].row) == 0 : strcmp(f->category[row], known[k].category) == 0;
}

/* Mean over models and sets of an objective's accuracy or margin. */
static double mean_of(const ix_material *m, int k, const char *objective, ours *o)
{
    double sum = 0;
    int n = 0, models = 0, runs = 0;
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        int before = n, most = 0;
        ix_summary s;
        if (strcmp(f->suite, known[k].suite) != 0) continue;
        for (int r = 0; r < f->rows; r++) {
            if (!is_meant(f, r, k) || !ix_summarise(m, i, objective, f->row[r], &s)) continue;
            sum += known[k].quantity == MARGIN ? s.margin : s.accuracy;
            most = s.runs > most ? s.runs : most;
            n++;
        }
        models += n > before;
        runs += most;
    }
    if (models > o->models) o->models = models;
    o->runs += runs;
    return n ? sum / n : NAN;
}

/* Shares of comparisons that are won. */
static void count_wins(const ix_material *m, int k, ours *o)
{
    int ex = 0, im = 0, all = 0;
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        if (strcmp(f->suite, known[k].suite) != 0 || !f->twins) continue;
        o->models++;
        o->runs += 2 * f->twins;
        for (int r = 0; r < f->rows; r++)
            for (int w = 0; is_meant(f, r, k) && w < f->twins; w++) {
                ix_score a, b;
                if (!ix_twin_matches(&f->twin[w], f->row[r])) continue;
                if (!ix_record_score(f->twin[w].ex, f->row[r], &a) || !ix_record_score(f->twin[w].im, f->row[r], &b))
                    continue;
                int outcome = ix_twin_outcome(&a, &b);
                ex += outcome > 0;
                im += outcome < 0;
                all++;
            }
    }
    o->ex = all ? (double)ex / all : NAN;
    o->im = all ? (double)im / all : NAN;
}

static ours ours_of(const ix_material *m, int k)
{
    ours o = {0};
    if (known[k].quantity == WINS) {
        count_wins(m, k, &o);
        return o;
    }
    o.ex = mean_of(m, k, "ex_rm", &o);
    o.im = mean_of(m, k, "im_rm", &o);
    return o;
}

static void put_row(ix_table *t, int k, const ours *o)
{
    static const char *const name[] = {[ACCURACY] = "accuracy", [MARGIN] = "margin", [WINS] = "share of wins"};
    bool any = !isnan(o->ex) || !isnan(o->im);
    ix_row_begin(t);
    ix_put_text(t, known[k].suite);
    ix_put_text(t, known[k].figure);
    ix_put_text(t, known[k].what);
    ix_put_text(t, name[known[k].quantity]);
    ix_put_text(t, known[k].ex);
    ix_put_text(t, known[k].im);
    ix_put_real(t, o->ex);
    ix_put_real(t, o->im);
    if (any) ix_put_int(t, o->models);
    else ix_put_none(t);
    if (any) ix_put_int(t, o->runs);
    else ix_put_none(t);
    ix_put_text(t, known[k].source);
}

static bool has_suite(const ix_material *m, const char *suite)
{
    for (int i = 0; i < m->families; i++)
        if (strcmp(m->family[i].suite, suite) == 0 && m->family[i].rows) return true;
    return false;
}

void ix_section_paper(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    for (int k = 0; k < KNOWN; k++) {
        if (!has_suite(m, known[k].suite)) continue;
        if (!t)
            t = ix_table_add(out, "paper", "The paper's numbers beside ours (second-hand, unverified)", columns,
                             COLUMNS);
        ours o = ours_of(m, k);
        put_row(t, k, &o);
    }
    if (t)
        ix_table_close(
            t, "The paper's numbers come from a summary of it and were not checked against the paper: read them "
               "as targets. They are means over its own models (four for figure 4, six for figures 2 and 5, one "
               "for figure 3) and three seeds; ours are means over the models and sets of this report. not "
               "published: the figure shows it as an image only, or nobody reports it.");
}
