/* SPDX-License-Identifier: Apache-2.0
 *
 * Hamiltonian cycles: does what verifies also write? The bare number of correct cycles is what chance gives too, so it
 * stands beside the reference, a random permutation and a walk along edges, and beside what tells a model that cannot
 * propose from one that only lost the form of an answer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"
#include "written.h"

#define KEYS                                                                                   \
    {"suite", "suite", IX_KEY, 0}, {"part", "part", IX_KEY, 0}, {"model", "model", IX_KEY, 0}, \
        {"varied", "with", IX_KEY, 0}, {"objective", "objective", IX_KEY, 0},                  \
    {                                                                                          \
        "seed", "seed", IX_CSV_ONLY, 0                                                         \
    }

static const ix_column wrote_columns[] = {
    KEYS,
    {"set", "prompts", IX_LEFT, 0},
    {"writer", "writer", IX_LEFT, 0},
    {"tries", "tries", 0, 0},
    {"correct", "correct", 0, 0},
    {"correct_interval", "95 % of the rate", IX_RANGE | IX_CSV_ONLY, 5},
    {"expected", "expected", IX_SIGNIFICANT, 3},
    {"permutations", "permutations", 0, 0},
    {"edge_steps", "edge steps", 0, 3},
    {"tokens", "tokens", 0, 1},
    {"logp", "log p", IX_CSV_ONLY, 2},
};
static const ix_column exact_columns[] = {
    KEYS,
    {"writer", "writer", IX_LEFT, 0},
    {"graphs", "graphs", 0, 0},
    {"p", "mean p", IX_SIGNIFICANT, 3},
    {"logp", "mean log p", 0, 1},
};
static const ix_column where_columns[] = {
    KEYS,
    {"pairs", "pairs", 0, 0},
    {"chosen", "chosen", 0, 1},
    {"before", "rejected: before the gap", 0, 1},
    {"at", "at it", 0, 1},
    {"after", "after it", 0, 1},
    {"margin", "margin", 0, 1},
};
#define COUNT(columns) ((int)(sizeof(columns) / sizeof *(columns)))

/* Runs of one family and objective, added up; one run is added up, too. */
typedef struct {
    const ix_family *f;
    const char *objective;
    int runs;
    int64_t seed; /* of a single run; -1: of several */
    ix_wrote all;
} group;

static void add_run(group *g, const ix_record *r)
{
    const ix_wrote *w = r->wrote;
    double before = g->runs, n = before + 1;
    for (int k = 0; k < IX_WROTE_SETS; k++) {
        for (int who = 0; who < IX_WRITERS; who++) {
            ix_wrote_sum *to = &g->all.sum[k][who];
            const ix_wrote_sum *from = &w->sum[k][who];
            to->tries += from->tries;
            to->correct += from->correct;
            to->permutations += from->permutations;
            to->steps += from->steps;
            to->edges += from->edges;
            to->tokens += from->tokens;
            to->logp += from->logp;
        }
        ix_wrote_chance *c = &g->all.chance[k];
        c->there = w->chance[k].there;
        c->graphs = w->chance[k].graphs;
        c->uniform += w->chance[k].uniform;
        c->walk += w->chance[k].walk;
        c->density = (c->density * before + w->chance[k].density) / n;
    }
    for (int who = 0; who < IX_WRITERS; who++) {
        g->all.exact[who] = (g->all.exact[who] * before + w->exact[who]) / n;
        g->all.log_exact[who] = (g->all.log_exact[who] * before + w->log_exact[who]) / n;
    }
    for (int k = 0; k < IX_WROTE_PARTS; k++) g->all.where[k] = (g->all.where[k] * before + w->where[k]) / n;
    g->all.graphs = w->graphs;
    g->all.pairs = w->pairs;
    g->seed = g->runs++ ? -1 : r->seed;
}

static void put_keys(ix_table *t, const group *g, bool quiet)
{
    ix_row_begin(t);
    if (quiet) ix_row_quiet(t);
    ix_put_text(t, g->f->suite);
    ix_put_text(t, g->f->part);
    ix_put_text(t, g->f->model);
    ix_put_text(t, g->f->varied);
    ix_put_text(t, ix_objective_name(g->objective));
    if (quiet) ix_put_int(t, g->seed);
    else ix_put_none(t);
}

/* --- what was written --------------------------------------------------------------------------------- */

static void put_writer(ix_table *t, const group *g, bool quiet, ix_wrote_set k, ix_writer who)
{
    const ix_wrote_sum *s = &g->all.sum[k][who];
    if (s->tries == 0) return;
    put_keys(t, g, quiet);
    ix_put_text(t, ix_wrote_set_name(k));
    ix_put_text(t, who == IX_BY_REFERENCE ? "reference" : "policy");
    ix_put_int(t, s->tries);
    ix_put_int(t, s->correct);
    ix_put_range(t, ix_clopper_pearson(s->correct, s->tries, 0.95));
    ix_put_none(t);
    ix_put_int(t, s->permutations);
    ix_put_real(t, s->steps ? (double)s->edges / (double)s->steps : NAN);
    ix_put_real(t, (double)s->tokens / (double)s->tries);
    ix_put_real(t, s->logp / (double)s->tries);
}

static void put_chance(ix_table *t, const group *g, ix_wrote_set k, const char *who, double expected, double edges)
{
    int64_t tries = g->all.sum[k][IX_BY_POLICY].tries;
    put_keys(t, g, false);
    ix_put_text(t, ix_wrote_set_name(k));
    ix_put_text(t, who);
    ix_put_int(t, tries);
    ix_put_none(t);
    ix_put_range(t, (ix_interval){NAN, NAN});
    ix_put_real(t, expected);
    ix_put_none(t);
    ix_put_real(t, edges);
    ix_put_none(t);
    ix_put_none(t);
}

static void put_wrote(ix_table *t, const group *g, bool quiet)
{
    for (int k = 0; k < IX_WROTE_SETS; k++) {
        const ix_wrote_chance *c = &g->all.chance[k];
        put_writer(t, g, quiet, (ix_wrote_set)k, IX_BY_POLICY);
        put_writer(t, g, quiet, (ix_wrote_set)k, IX_BY_REFERENCE);
        if (quiet || !c->there) continue;
        put_chance(t, g, (ix_wrote_set)k, "random permutation", c->uniform, c->density);
        put_chance(t, g, (ix_wrote_set)k, "walk along edges", c->walk, NAN);
    }
}

/* --- what the numbers say ----------------------------------------------------------------------------- */

static double share(int64_t a, int64_t b)
{
    return b ? (double)a / (double)b : NAN;
}

/* The zero, or what there is instead, beside chance. */
static void say_correct(const group *g, char **text)
{
    int64_t correct = 0, tries = 0, by_reference = 0;
    double uniform = 0, walk = 0;
    for (int k = 0; k < IX_WROTE_UNVISITED; k++) {
        correct += g->all.sum[k][IX_BY_POLICY].correct;
        by_reference += g->all.sum[k][IX_BY_REFERENCE].correct;
        tries += g->all.sum[k][IX_BY_POLICY].tries;
        uniform += g->all.chance[k].uniform;
        walk += g->all.chance[k].walk;
    }
    ix_interval i = ix_clopper_pearson(correct, tries, 0.95);
    ix_append(text, "%s writes %lld correct cycles in %lld tries (95 %% of the rate: %.2g to %.2g)",
              ix_objective_name(g->objective), (long long)correct, (long long)tries, i.low, i.high);
    if (g->all.sum[IX_WROTE_TEST][IX_BY_REFERENCE].tries)
        ix_append(text, ", the reference %lld", (long long)by_reference);
    if (!g->all.chance[IX_WROTE_TEST].there) {
        ix_append(text, ". ");
        return;
    }
    ix_append(text, "; a random permutation would give %.2g, a walk along edges %.0f. ", uniform, walk);
    if (tries && uniform / (double)tries >= i.low && uniform / (double)tries <= i.high)
        ix_append(text, "That is also what chance gives: by itself the number says nothing about generation. ");
}

/* What the numbers say of a policy beside its reference: does it write answers in form, and does it propose edges? */
static const char *why(bool better, double form, double form_before)
{
    bool lost = form_before > 0.2 && form < form_before / 2, never = form_before <= 0.2 && form <= 0.2;
    if (better && lost) return "training made it propose better; what it lost is the form of an answer. ";
    if (better && never) return "training made it propose better; neither writes answers in form. ";
    if (better) return "training made it propose better. ";
    if (lost) return "it proposes no better than before, and it lost the form of an answer, too. ";
    if (never) return "it proposes no better than before, and neither writes answers in form. ";
    return "it proposes no better than before. ";
}

static void say_why(const group *g, char **text)
{
    const ix_wrote_sum *policy = &g->all.sum[IX_WROTE_UNVISITED][IX_BY_POLICY];
    const ix_wrote_sum *before = &g->all.sum[IX_WROTE_UNVISITED][IX_BY_REFERENCE];
    const ix_wrote_sum *freely = g->all.sum[IX_WROTE_TEST];
    if (policy->tries == 0 || before->tries == 0) return;
    double now = share(policy->edges, policy->steps), then = share(before->edges, before->steps);
    double form = share(freely[IX_BY_POLICY].permutations, freely[IX_BY_POLICY].tries);
    double form_before = share(freely[IX_BY_REFERENCE].permutations, freely[IX_BY_REFERENCE].tries);
    ix_append(
        text,
        "Free, %.0f %% of its answers to test prompts are permutations (reference %.0f %%). Restricted to vertices "
        "that are not there yet, %.3f of its steps are edges (reference %.3f",
        100 * form, 100 * form_before, now, then);
    if (g->all.chance[IX_WROTE_TEST].there) ix_append(text, ", chance %.3f", g->all.chance[IX_WROTE_TEST].density);
    ix_append(text, ") and %lld of %lld answers are correct: %s", (long long)policy->correct, (long long)policy->tries,
              why(now - then > 0.05, form, form_before));
}

static void say_paper(const ix_material *m, int family, char **text)
{
    ix_summary s;
    if (!ix_summarise(m, family, "im_rm", "test", &s)) return;
    ix_append(text,
              "Accuracy on the test: IM-RM %.4f. The paper, pythia-1b, from a second-hand summary that we could not "
              "check: 0.993, and 0 correct cycles on training and test prompts; EX-RM's accuracy: not published.",
              s.accuracy);
}

/* --- probabilities and rewards ------------------------------------------------------------------------ */

static void put_exact(ix_table *t, const group *g, bool quiet)
{
    for (int who = 0; who < IX_WRITERS; who++) {
        if (g->all.graphs == 0 || isnan(g->all.exact[who])) continue;
        put_keys(t, g, quiet);
        ix_put_text(t, who == IX_BY_REFERENCE ? "reference" : "policy");
        ix_put_int(t, g->all.graphs);
        ix_put_real(t, g->all.exact[who]);
        ix_put_real(t, g->all.log_exact[who]);
    }
}

static void put_where(ix_table *t, const group *g, bool quiet)
{
    const double *w = g->all.where;
    if (g->all.pairs == 0) return;
    put_keys(t, g, quiet);
    ix_put_int(t, g->all.pairs);
    for (int k = 0; k < IX_WROTE_PARTS; k++) ix_put_real(t, w[k]);
    ix_put_real(t, w[0] - w[1] - w[2] - w[3]);
}

static void say_where(const group *g, char **text)
{
    const double *w = g->all.where, total = fabs(w[1]) + fabs(w[2]) + fabs(w[3]);
    if (g->all.pairs == 0 || total < 1) return; /* nats: nothing was learned */
    ix_append(text, "%.0f %% of what the rejected answers lose, they lose behind their first missing edge%s",
              100 * fabs(w[3]) / total,
              fabs(w[3]) > 0.8 * total ? ": the policy looks back at what is written, it does not foresee." : ".");
}

/* --- all of it ---------------------------------------------------------------------------------------- */

typedef struct {
    ix_table *wrote, *exact, *where;
} tables;

static void put_group(const tables *t, const group *g, bool quiet)
{
    put_wrote(t->wrote, g, quiet);
    put_exact(t->exact, g, quiet);
    put_where(t->where, g, quiet);
}

static bool belongs(const ix_record *r, int family, const char *objective)
{
    return r->wrote && r->valid && !r->duplicate && r->cell == family && !strcmp(r->objective, objective);
}

static void put_objective(const ix_material *m, int family, const char *objective, const tables *t)
{
    group all = {.f = &m->family[family], .objective = objective};
    char *text = NULL;
    for (int i = 0; i < m->records; i++) {
        if (!belongs(&m->record[i], family, objective)) continue;
        group one = {.f = all.f, .objective = objective};
        add_run(&all, &m->record[i]);
        add_run(&one, &m->record[i]);
        put_group(t, &one, true);
    }
    if (all.runs == 0) return;
    put_group(t, &all, false);
    say_correct(&all, &text);
    say_why(&all, &text);
    ix_table_say_text(t->wrote, &text);
    if (!strcmp(objective, "im_rm")) say_paper(m, family, &text);
    ix_table_say_text(t->wrote, &text);
    say_where(&all, &text);
    ix_table_say_text(t->where, &text);
}

static bool any_wrote(const ix_material *m)
{
    for (int i = 0; i < m->records; i++)
        if (m->record[i].wrote && m->record[i].valid && !m->record[i].duplicate) return true;
    return false;
}

void ix_section_hamiltonian(const ix_material *m, ix_tables *out)
{
    if (!any_wrote(m)) return;
    tables t;
    t.wrote = ix_table_add(out, "generation", "Hamiltonian cycles: what the language model writes", wrote_columns,
                           COUNT(wrote_columns));
    t.exact = ix_table_add(out, "generation_exact", "Exact probability of a correct cycle", exact_columns,
                           COUNT(exact_columns));
    t.where = ix_table_add(out, "generation_where", "Where in the answers the implicit reward lies", where_columns,
                           COUNT(where_columns));
    for (int f = 0; f < m->families; f++)
        for (int o = 0; o < m->family[f].objectives; o++) put_objective(m, f, m->family[f].objective[o], &t);
    ix_table_close(t.wrote,
                   "Permutations: texts that name every vertex once and nothing else. Edge steps: of all places where "
                   "two vertices follow each other, the share that is an edge. test-unvisited: the same model, its "
                   "choice restricted to vertices that are not there yet. Figures are added up over seeds.");
    ix_plot_generation(m, t.wrote, out);
    if (t.exact->rows)
        ix_table_close(t.exact,
                       "The sum over all correct answers of what the model gives them, on the test graphs that "
                       "have fewest; means over graphs and seeds. docs/suites/hamiltonian.md.");
    if (t.where->rows)
        ix_table_close(t.where,
                       "log pi - log reference in nats, mean over the test pairs whose rejected answer lacks an "
                       "inner edge; the gap is the vertex that completes the first of these.");
}
