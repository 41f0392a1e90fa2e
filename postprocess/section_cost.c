/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 4: what the runs cost. VALID runs only: a rate beside a wrong answer is worth nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"objective", "", IX_LEFT, 0},
    {"ranks", "ranks", 0, 0},
    {"runs", "runs", 0, 0},
    {"wall_seconds", "wall s", 0, 1},
    {"start_seconds", "start s", 0, 2},
    {"train_seconds", "train s", 0, 2},
    {"train_seconds_sd", "sd", 0, 2},
    {"evaluate_seconds", "eval. s", 0, 2},
    {"reference_seconds", "ref. s", 0, 2},
    {"pairs_per_second", "pairs/s", 0, 1},
    {"tokens_per_second", "tokens/s", 0, 0},
    {"imbalance", "max/mean", 0, 3},
    {"peak_bytes", "peak bytes", IX_CSV_ONLY, 0},
    {"peak_megabytes", "MB/rank", 0, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

enum { OUTSIDE = 1 << IX_PHASE_EVALUATE | 1 << IX_PHASE_REFERENCE | 1 << IX_PHASE_WRITE };

static const ix_column share_columns[] = {{"suite", "suite", IX_KEY, 0},
                                          {"part", "part", IX_KEY, 0},
                                          {"model", "model", IX_KEY, 0},
                                          {"varied", "with", IX_KEY, 0},
                                          {"objective", "", IX_LEFT, 0},
                                          {"ranks", "ranks", 0, 0},
#define P(name, text) {text, text, (OUTSIDE >> IX_PHASE_##name & 1) ? IX_CSV_ONLY : 0, 3},
                                          IX_PHASES(P)
#undef P
};
/* The same phases, and all of computing. */
static const ix_column uneven_columns[] = {{"suite", "suite", IX_KEY, 0},
                                           {"part", "part", IX_KEY, 0},
                                           {"model", "model", IX_KEY, 0},
                                           {"varied", "with", IX_KEY, 0},
                                           {"objective", "", IX_LEFT, 0},
                                           {"ranks", "ranks", 0, 0},
#define P(name, text) {text, text, (OUTSIDE >> IX_PHASE_##name & 1) ? IX_CSV_ONLY : 0, 3},
                                           IX_PHASES(P)
#undef P
                                               {"computing", "computing", 0, 3}};
enum { UNEVEN_COLUMNS = sizeof uneven_columns / sizeof uneven_columns[0] };
enum { SHARE_COLUMNS = sizeof share_columns / sizeof share_columns[0] };

static const ix_column run_columns[] = {{"run_id", "run", IX_LEFT, 0},
                                        {"wall_seconds", "wall s", 0, 2},
                                        {"train_seconds", "train s", 0, 3},
                                        {"evaluate_seconds", "evaluate s", 0, 3},
                                        {"reference_seconds", "reference s", 0, 3},
                                        {"steps", "steps", 0, 0},
                                        {"pairs", "pairs", 0, 0},
                                        {"tokens", "tokens", 0, 0},
                                        {"pairs_per_second", "pairs/s", 0, 1},
                                        {"tokens_per_second", "tokens/s", 0, 0},
                                        {"imbalance", "max/mean", 0, 3},
                                        {"peak_bytes", "peak bytes", 0, 0},
                                        {"start_seconds", "start s", 0, 3},
#define P(name, text) {"start_" text, "start " text, 0, 3},
                                        IX_STAGES(P)
#undef P
};
enum { RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0] };

/* The VALID runs of one family, objective and number of ranks. */
typedef struct {
    const ix_record *first;
    const ix_record **run;
    int runs;
} batch;

static batch batch_of(const ix_material *m, int at)
{
    batch b = {.first = &m->record[at], .run = ix_grow(NULL, (size_t)m->records, sizeof *b.run)};
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (!r->valid || r->duplicate || r->cell != b.first->cell || r->ranks != b.first->ranks) continue;
        if (strcmp(r->objective, b.first->objective) == 0) b.run[b.runs++] = r;
    }
    return b;
}

static bool counts(const ix_record *r)
{
    return r->valid && !r->duplicate && r->cell >= 0;
}

static double field_mean(const batch *b, double (*field)(const ix_cost *), double *deviation)
{
    double *x = ix_grow(NULL, (size_t)b->runs, sizeof *x);
    for (int i = 0; i < b->runs; i++) x[i] = field(&b->run[i]->cost);
    double mean = ix_mean(x, b->runs);
    if (deviation) *deviation = ix_deviation(x, b->runs);
    free(x);
    return mean;
}

static double wall(const ix_cost *c)
{
    return c->wall;
}

static double start(const ix_cost *c)
{
    return c->start;
}

static double train(const ix_cost *c)
{
    return c->train;
}

static double evaluate(const ix_cost *c)
{
    return c->evaluate;
}

static double reference(const ix_cost *c)
{
    return c->reference;
}

static double pair_rate(const ix_cost *c)
{
    return c->train > 0 && c->pairs ? (double)c->pairs / c->train : NAN;
}

static double token_rate(const ix_cost *c)
{
    return c->train > 0 && c->tokens ? (double)c->tokens / c->train : NAN;
}

static double imbalance(const ix_cost *c)
{
    return ix_times_imbalance(&c->times);
}

static double memory(const ix_cost *c)
{
    return c->memory;
}

static void put_keys(ix_table *t, const ix_record *r)
{
    ix_row_begin(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->part);
    ix_put_text(t, r->model);
    ix_put_text(t, r->varied);
    ix_put_text(t, ix_objective_name(r->objective));
    ix_put_int(t, r->ranks);
}

static void put_cost(ix_table *t, const batch *b)
{
    double deviation, mean;
    put_keys(t, b->first);
    ix_put_int(t, b->runs);
    ix_put_real(t, field_mean(b, wall, NULL));
    ix_put_real(t, field_mean(b, start, NULL));
    mean = field_mean(b, train, &deviation);
    ix_put_real(t, mean);
    ix_put_real(t, deviation);
    ix_put_real(t, field_mean(b, evaluate, NULL));
    ix_put_real(t, field_mean(b, reference, NULL));
    ix_put_real(t, field_mean(b, pair_rate, NULL));
    ix_put_real(t, field_mean(b, token_rate, NULL));
    ix_put_real(t, field_mean(b, imbalance, NULL));
    ix_put_real(t, field_mean(b, memory, NULL));
    ix_put_real(t, field_mean(b, memory, NULL) / 1e6);
}

static void put_shares(ix_table *t, const batch *b)
{
    double sum[IX_PHASE_COUNT] = {0}, total = 0;
    for (int i = 0; i < b->runs; i++)
        for (int p = 0; p < IX_PHASE_COUNT; p++) sum[p] += b->run[i]->cost.times.phase[p];
    for (int p = 0; p < IX_PHASE_COUNT; p++) total += sum[p];
    if (!(total > 0)) return;
    put_keys(t, b->first);
    for (int p = 0; p < IX_PHASE_COUNT; p++) ix_put_real(t, sum[p] / total);
}

/* Over all runs of the batch as if they were one. */
static void put_uneven(ix_table *t, const batch *b)
{
    ix_times sum = {0};
    if (b->first->ranks < 2) return;
    for (int i = 0; i < b->runs; i++) {
        const ix_times *of = &b->run[i]->cost.times;
        for (int p = 0; p < IX_PHASE_COUNT; p++) {
            sum.phase[p] += of->phase[p];
            sum.most[p] += of->most[p];
        }
        sum.work += of->work;
        sum.most_work += of->most_work;
    }
    if (isnan(ix_times_imbalance(&sum))) return;
    put_keys(t, b->first);
    for (int p = 0; p < IX_PHASE_COUNT; p++) ix_put_real(t, ix_times_uneven(&sum, p));
    ix_put_real(t, ix_times_imbalance(&sum));
}

/* Judged after training steps, but no time of it in the file. */
static int untimed_runs(const ix_material *m)
{
    int untimed = 0;
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (counts(r) && r->cost.steps && r->sets && isnan(r->cost.evaluate)) untimed++;
    }
    return untimed;
}

static void put_runs(const ix_material *m, ix_table *t)
{
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (!counts(r)) continue;
        ix_row_begin(t);
        ix_row_quiet(t);
        ix_put_text(t, r->run_id);
        ix_put_real(t, r->cost.wall);
        ix_put_real(t, r->cost.train);
        ix_put_real(t, r->cost.evaluate);
        ix_put_real(t, r->cost.reference);
        ix_put_int(t, r->cost.steps);
        ix_put_int(t, r->cost.pairs);
        ix_put_int(t, r->cost.tokens);
        ix_put_real(t, pair_rate(&r->cost));
        ix_put_real(t, token_rate(&r->cost));
        ix_put_real(t, imbalance(&r->cost));
        ix_put_real(t, r->cost.memory);
        ix_put_real(t, r->cost.start);
        for (int s = 0; s < IX_STAGE_COUNT; s++) ix_put_real(t, r->cost.stage[s]);
    }
}

/* IM-RM beside EX-RM on the same ranks. */
static void say_ratio(ix_table *t, const batch *ex, const batch *im)
{
    double a = field_mean(ex, train, NULL), b = field_mean(im, train, NULL), r = field_mean(im, reference, NULL);
    if (!(a > 0) || isnan(b)) return;
    if (isnan(r)) ix_table_say(t, "IM-RM trains in %.2f times the seconds of EX-RM.", b / a);
    else
        ix_table_say(t, "IM-RM trains in %.2f times the seconds of EX-RM; with its reference pass in %.2f times.",
                     b / a, (b + r) / a);
}

typedef struct {
    ix_table *cost, *share, *uneven, *runs;
} cost_tables;

static void put_family(const ix_material *m, int family, cost_tables *t)
{
    batch ex = {0}, im = {0};
    for (int i = 0; i < m->records; i++) {
        if (!counts(&m->record[i]) || m->record[i].cell != family) continue;
        batch b = batch_of(m, i);
        if (b.run[0] == &m->record[i]) { /* the first of its batch */
            put_cost(t->cost, &b);
            put_shares(t->share, &b);
            put_uneven(t->uneven, &b);
            batch *keep = strcmp(b.first->objective, "ex_rm") == 0   ? &ex
                          : strcmp(b.first->objective, "im_rm") == 0 ? &im
                                                                     : NULL;
            if (keep && !keep->run) {
                *keep = b;
                continue;
            }
        }
        free(b.run);
    }
    if (ex.runs && im.runs && ex.first->ranks == im.first->ranks) say_ratio(t->cost, &ex, &im);
    free(ex.run);
    free(im.run);
}

void ix_section_cost(const ix_material *m, ix_tables *out)
{
    bool any = false;
    for (int i = 0; i < m->records; i++) any |= counts(&m->record[i]);
    if (!any) return;
    cost_tables t = {.cost = ix_table_add(out, "cost", "Cost of VALID runs (means over runs)", columns, COLUMNS)};
    t.uneven = ix_table_add(out, "imbalance", "How evenly ranks share a phase (max/mean of their times)",
                            uneven_columns, UNEVEN_COLUMNS);
    t.share = ix_table_add(out, "phases", "Where a training step's time goes (shares)", share_columns, SHARE_COLUMNS);
    t.runs = ix_table_add(out, "cost_runs", "Cost of every VALID run", run_columns, RUN_COLUMNS);
    for (int f = 0; f < m->families; f++) put_family(m, f, &t);
    put_runs(m, t.runs);
    ix_plot_phases(m, out);
    ix_table_close(
        t.cost, "train s is the time of the training steps, wall s that of the whole run, start s the time up to the "
                "first step without reference pass and evaluations. max/mean: the slowest "
                "rank's computing time "
                "over the mean's, step by step. Rates compare machines only where settings, ranks and versions "
                "are equal, and say nothing about accuracy.");
    int untimed = untimed_runs(m);
    if (untimed)
        ix_table_close(t.cost,
                       "%d of these runs store no time of their evaluations: if those ran on the clock of the training "
                       "steps, train s and the shares of forward and head are too high, and the rates too low.",
                       untimed);
    if (t.share->rows) ix_table_close(t.share, "reduce holds the time in which early ranks wait for late ones.");
    else ix_table_say(t.share, "No run stores the times of its steps.");
    if (t.uneven->rows)
        ix_table_close(t.uneven, "In every step the rank that spends most in a phase over the mean of all ranks. 1 is "
                                 "even; reduce is long where a rank computes little. computing: all but reduce.");
}
