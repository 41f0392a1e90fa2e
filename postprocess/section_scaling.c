/* SPDX-License-Identifier: Apache-2.0
 *
 * Scaling: what more ranks and threads gain, and where the time of a step goes on each layout. VALID runs only. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "scaled.h"
#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"objective", "objective", IX_KEY, 0},
    {"seed", "seed", IX_KEY, 0},
    {"series", "over", IX_KEY, 0},
    {"layout", "layout", IX_CSV_ONLY, 0},
    {"n", "n", 0, 0},
    {"ranks", "ranks", 0, 0},
    {"threads", "threads", 0, 0},
    {"nodes", "nodes", IX_CSV_ONLY, 0},
    {"pairs", "pairs of a step", IX_CSV_ONLY, 0},
    {"pairs_per_second", "pairs/s", IX_SIGNIFICANT, 4},
    {"flops_per_second", "FLOP/s", IX_CSV_ONLY, 0},
    {"speedup", "speed-up", 0, 2},
    {"speedup_half", "middle half", IX_RANGE, 2},
    {"efficiency", "efficiency", 0, 2},
    {"peak_share", "of peak", 0, 2},
    {"imbalance", "max/mean", 0, 3},
    {"deviation", "loss deviation", IX_CSV_ONLY, 0},
    {"crowded", "", IX_LEFT, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

enum { OUTSIDE = 1 << IX_PHASE_EVALUATE | 1 << IX_PHASE_REFERENCE | 1 << IX_PHASE_WRITE };

/* Shares of the phases, reduce apart from waiting; in CSV also how uneven each is. */
static const ix_column share_columns[] = {{"suite", "suite", IX_KEY, 0},
                                          {"part", "part", IX_KEY, 0},
                                          {"model", "model", IX_KEY, 0},
                                          {"varied", "with", IX_KEY, 0},
                                          {"objective", "objective", IX_KEY, 0},
                                          {"seed", "seed", IX_KEY, 0},
                                          {"layout", "layout", IX_LEFT, 0},
                                          {"step_seconds", "s/step", IX_SIGNIFICANT, 3},
#define P(name, text) {text, text, (OUTSIDE >> IX_PHASE_##name & 1) ? IX_CSV_ONLY : 0, 3},
                                          IX_PHASES(P)
#undef P
                                              {"wait", "wait", 0, 3},
#define P(name, text) {text "_imbalance", "", IX_CSV_ONLY, 0},
                                          IX_PHASES(P)
#undef P
};
enum { SHARE_COLUMNS = sizeof share_columns / sizeof share_columns[0] };

/* --- series ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *name, *title;
} series;

static const series all_series[] = {{"data", "data ranks (strong)"},
                                    {"data-weak", "data ranks (weak)"},
                                    {"tensor", "tensor ranks (strong)"},
                                    {"threads", "threads (strong)"},
                                    {"groups", "runs side by side"}};
enum { SERIES = sizeof all_series / sizeof *all_series };

static bool is_member(const ix_scaled_layout *l, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = l->series; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (!strncmp(at, name, n) && (at[n] == 0 || at[n] == ',')) return true;
    return false;
}

/* How often the layout has what the series varies. */
static int64_t amount(const ix_scaled_layout *l, const char *name)
{
    if (!strcmp(name, "tensor")) return l->tensor;
    if (!strcmp(name, "threads")) return l->threads;
    return strcmp(name, "groups") ? l->data : l->groups;
}

/* The layouts of a series, the smallest first. Free *list with free(). */
static int list_series(const ix_scaled *s, const char *name, const ix_scaled_layout ***list)
{
    int n = 0;
    *list = ix_grow(NULL, (size_t)s->layouts, sizeof **list);
    for (int i = 0; i < s->layouts; i++) {
        int at = n;
        if (!is_member(&s->at[i], name)) continue;
        for (; at > 0 && amount((*list)[at - 1], name) > amount(&s->at[i], name); at--) (*list)[at] = (*list)[at - 1];
        (*list)[at] = &s->at[i];
        n++;
    }
    return n;
}

/* --- figures -------------------------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median and middle half of what counts of x[steps]; divided, where `by` is given, by the same step of another layout.
 */
typedef struct {
    double median;
    ix_interval half;
} spread;

static spread spread_of(const ix_scaled_layout *l, const double *x, const ix_scaled_layout *other, const double *by)
{
    double *value = ix_grow(NULL, (size_t)l->steps, sizeof *value);
    int64_t n = 0;
    spread out = {NAN, {NAN, NAN}};
    for (int64_t s = 0; s < l->steps && (!by || s < other->steps); s++)
        if (l->counts[s]) value[n++] = by ? x[s] / by[s] : x[s];
    if (n > 0) {
        qsort(value, (size_t)n, sizeof *value, by_size);
        out = (spread){ix_sorted_quantile(value, n, 0.5),
                       {ix_sorted_quantile(value, n, 0.25), ix_sorted_quantile(value, n, 0.75)}};
    }
    free(value);
    return out;
}

static bool is_crowded(const ix_scaled_layout *l)
{
    return l->busy > l->cores;
}

static void put_keys(ix_table *t, const ix_record *r)
{
    char *seed = ix_format("%lld", (long long)r->seed);
    ix_row_begin(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->part);
    ix_put_text(t, r->model);
    ix_put_text(t, r->varied);
    ix_put_text(t, ix_objective_name(r->objective));
    ix_put_text(t, seed);
    free(seed);
}

/* Returns how wide the middle half of its speed-up is, as a share of it. */
static double put_layout(ix_table *t, const ix_record *r, const series *of, const ix_scaled_layout *l,
                         const ix_scaled_layout *least)
{
    double n = (double)amount(l, of->name) / (double)amount(least, of->name);
    spread speedup = spread_of(l, l->rate, least, least->rate), rate = spread_of(l, l->rate, NULL, NULL);
    put_keys(t, r);
    ix_put_text(t, of->title);
    ix_put_text(t, l->name);
    ix_put_int(t, amount(l, of->name) / (strcmp(of->name, "tensor") ? 1 : least->tensor));
    ix_put_int(t, l->ranks);
    ix_put_int(t, l->threads);
    ix_put_int(t, l->nodes);
    ix_put_int(t, l->pairs * l->groups);
    ix_put_real(t, spread_of(l, l->pair_rate, NULL, NULL).median);
    ix_put_real(t, rate.median);
    ix_put_real(t, speedup.median);
    ix_put_range(t, l == least ? (ix_interval){NAN, NAN} : speedup.half);
    ix_put_real(t, speedup.median / n);
    ix_put_real(t, rate.median / (r->scaled->core_peak * (double)(l->ranks * l->threads)));
    ix_put_real(t, ix_times_imbalance(&l->times));
    ix_put_real(t, l->deviation);
    ix_put_text(t, is_crowded(l) ? "oversubscribed" : "");
    return (speedup.half.high - speedup.half.low) / speedup.median;
}

static void put_shares(ix_table *t, const ix_record *r, const ix_scaled_layout *l)
{
    const ix_times *of = &l->times;
    double total = 0, steps = 0;
    for (int p = 0; p < IX_PHASE_COUNT; p++) total += of->phase[p];
    for (int64_t s = 0; s < l->steps; s++) steps += l->counts[s];
    if (!(total > 0)) return;
    put_keys(t, r);
    ix_put_text(t, l->name);
    ix_put_real(t, of->step / steps);
    for (int p = 0; p < IX_PHASE_COUNT; p++)
        ix_put_real(t, (of->phase[p] - (p == IX_PHASE_REDUCE ? of->wait : 0)) / total);
    ix_put_real(t, of->wait / total);
    for (int p = 0; p < IX_PHASE_COUNT; p++) ix_put_real(t, ix_times_uneven(of, p));
}

/* --- sentences ------------------------------------------------------------------------------------------------------
 */

static void say_crowded(ix_table *t, const ix_scaled *s)
{
    const ix_scaled_layout *first = NULL;
    for (int i = 0; i < s->layouts; i++)
        if (is_crowded(&s->at[i]) && (!first || s->at[i].busy < first->busy)) first = &s->at[i];
    if (first)
        ix_table_say(t,
                     "Oversubscribed layouts have more threads on a node than cores for them (%lld on %lld to begin "
                     "with): these take turns, and no speed-up can be expected.",
                     (long long)first->busy, (long long)first->cores);
}

/* Returns how wide the widest middle half of a speed-up is, as a share of it. */
static double put_series(ix_table *t, const ix_record *r, const series *of)
{
    const ix_scaled_layout **list;
    double widest = 0;
    int n = list_series(r->scaled, of->name, &list);
    for (int i = 0; n > 1 && i < n; i++) widest = fmax(widest, put_layout(t, r, of, list[i], list[0]));
    free(list);
    return widest;
}

static void say_unsteady(ix_table *t, double widest)
{
    if (widest > 0.2)
        ix_table_say(t,
                     "The middle half of a speed-up spans up to %.0f %% of it: steps are short, or others used the "
                     "machine.",
                     100 * widest);
}

static void say_missing(ix_table *t, const ix_scaled *s)
{
    char *text = NULL;
    const ix_scaled_layout **list;
    for (int i = 0; i < SERIES; i++) {
        int n = list_series(s, all_series[i].name, &list);
        free(list);
        if (n < 2) ix_append(&text, "%s%s", text ? ", " : "Nothing to compare over: ", all_series[i].name);
    }
    if (text)
        ix_append(&text,
                  ". There were no more ranks, cores for more threads, heads to share or pairs of a step, or the "
                  "suite left it out.");
    ix_table_say_text(t, &text);
}

static void say_peak(ix_table *t, const ix_scaled *s)
{
    if (isnan(s->core_peak) || isnan(s->node_peak)) return;
    ix_table_say(t,
                 "Matrix products reach %.1f GFLOP/s on one core and %.1f on the ranks of a whole node together, %.2f "
                 "times as much: a layout that fills a node can hardly gain more. of peak: against as many times one "
                 "core.",
                 s->core_peak / 1e9, s->node_peak / 1e9, s->node_peak / s->core_peak);
}

/* --- the section ----------------------------------------------------------------------------------------------------
 */

static bool shown(const ix_record *r)
{
    return r->scaled && r->valid && !r->duplicate;
}

void ix_section_scaling(const ix_material *m, ix_tables *out)
{
    bool any = false;
    for (int i = 0; i < m->records; i++) any |= shown(&m->record[i]);
    if (!any) return;
    ix_table *t = ix_table_add(out, "scaling", "Scaling of a training step", columns, COLUMNS);
    ix_table *share = ix_table_add(out, "scaling_phases", "Where the time of a step goes (shares, by layout)",
                                   share_columns, SHARE_COLUMNS);
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (!shown(r)) continue;
        double widest = 0;
        for (int k = 0; k < SERIES; k++) widest = fmax(widest, put_series(t, r, &all_series[k]));
        say_missing(t, r->scaled);
        say_crowded(t, r->scaled);
        say_unsteady(t, widest);
        say_peak(t, r->scaled);
        for (int k = 0; k < r->scaled->layouts; k++) put_shares(share, r, &r->scaled->at[k]);
    }
    ix_table_close(t,
                   "strong: the same step on n times as much; weak: n times the pairs; side by side: n whole steps. "
                   "speed-up: operations per second over those of the first row in the same step of the same round, "
                   "the median, with its middle half. efficiency: speed-up / n. Operations, not pairs, so that steps "
                   "of other pairs compare. max/mean: the slowest rank's computing time over the mean's, step by "
                   "step.");
    ix_table_close(share,
                   "A layout is g(groups) d(ata ranks) t(ensor ranks) x(threads) p(airs of a group's step). wait: "
                   "ranks that had less to compute waiting in reduce for the slowest; reduce: the rest of it. "
                   "forward, head and backward hold the sums over tensor ranks.");
    ix_plot_scaling(t, out);
}
