/* SPDX-License-Identifier: Apache-2.0
 *
 * The two figures by which machines are compared: valid pairs per second, and time to quality; docs/rules.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"cpu", "on", IX_KEY, 0},
    {"target", "to", IX_KEY, 0},
    {"objective", "", IX_LEFT, 0},
    {"ranks", "ranks", 0, 0},
    {"runs", "runs", 0, 0},
    {"pairs_per_second", "valid pairs/s", 0, 1},
    {"pairs_per_second_range", "min to max", IX_RANGE, 1},
    {"pairs_per_second_cv", "cv %", 0, 1},
    {"reached", "reached", 0, 0},
    {"seconds_to_quality", "s to quality", 0, 2},
    {"seconds_to_quality_range", "min to max", IX_RANGE, 2},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* VALID and timed. A copy of a run is no repetition, the same run done again is. */
static bool counts(const ix_material *m, int at)
{
    const ix_record *r = &m->record[at];
    if (!r->valid || ix_is_pretraining(r) || !r->cost.pairs || !(r->cost.train > 0)) return false;
    for (int i = 0; i < at; i++)
        if (m->record[i].valid && strcmp(m->record[i].started, r->started) == 0 &&
            strcmp(m->record[i].run_id, r->run_id) == 0)
            return false;
    return true;
}

static bool alike(const ix_record *a, const ix_record *b)
{
    return a->ranks == b->ranks && strcmp(a->suite, b->suite) == 0 && strcmp(a->part, b->part) == 0 &&
           strcmp(a->model, b->model) == 0 && strcmp(a->varied, b->varied) == 0 &&
           strcmp(a->objective, b->objective) == 0 && strcmp(a->cpu, b->cpu) == 0 &&
           strcmp(a->quality_set, b->quality_set) == 0 && a->quality_accuracy == b->quality_accuracy;
}

typedef struct {
    int runs, timed, reached; /* timed: with a target whose time is known */
    double *rate, *seconds;   /* [runs]; [timed], infinity where it was not reached */
} repeats;

/* Those of the material that count and are like the first; they no longer count then. */
static repeats gather(const ix_material *m, int first, bool *counted)
{
    repeats r = {.rate = ix_grow(NULL, (size_t)m->records, sizeof *r.rate),
                 .seconds = ix_grow(NULL, (size_t)m->records, sizeof *r.seconds)};
    for (int i = first; i < m->records; i++) {
        const ix_cost *c = &m->record[i].cost;
        if (!counted[i] || !alike(&m->record[i], &m->record[first])) continue;
        counted[i] = false;
        r.rate[r.runs++] = (double)c->pairs / c->train;
        if (isnan(c->quality)) continue;
        r.reached += isfinite(c->quality);
        r.seconds[r.timed++] = c->quality;
    }
    return r;
}

static ix_interval range_of(const double *x, int n)
{
    ix_interval range = {n > 1 ? INFINITY : NAN, n > 1 ? -INFINITY : NAN};
    for (int i = 0; i < n && n > 1; i++) {
        range.low = fmin(range.low, x[i]);
        range.high = fmax(range.high, x[i]);
    }
    if (isinf(range.high)) range.high = NAN;
    return range;
}

static void put_row(ix_table *t, const ix_record *r, const repeats *all)
{
    char *target = r->quality_set[0] ? ix_format("%s %.3g", r->quality_set, r->quality_accuracy) : ix_copy("");
    char *reached = all->timed ? ix_format("%d of %d", all->reached, all->timed) : NULL;
    double median = all->timed ? ix_median(all->seconds, all->timed) : NAN;
    ix_row_begin(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->part);
    ix_put_text(t, r->model);
    ix_put_text(t, r->varied);
    ix_put_text(t, r->cpu);
    ix_put_text(t, target);
    ix_put_text(t, ix_objective_name(r->objective));
    ix_put_int(t, r->ranks);
    ix_put_int(t, all->runs);
    ix_put_real(t, ix_median(all->rate, all->runs));
    ix_put_range(t, range_of(all->rate, all->runs));
    ix_put_real(t, 100 * ix_deviation(all->rate, all->runs) / ix_mean(all->rate, all->runs));
    ix_put_text(t, reached);
    ix_put_real(t, isinf(median) ? NAN : median);
    ix_put_range(t, range_of(all->seconds, all->timed));
    free(target);
    free(reached);
}

void ix_section_headline(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    bool untargeted = false, uneven = false;
    bool *counted = ix_grow(NULL, (size_t)m->records, sizeof *counted);
    for (int i = 0; i < m->records; i++) counted[i] = counts(m, i);
    for (int i = 0; i < m->records; i++) {
        if (!counted[i]) continue;
        if (!t) t = ix_table_add(out, "headline", "Comparing machines: the two headline figures", columns, COLUMNS);
        repeats all = gather(m, i, counted);
        put_row(t, &m->record[i], &all);
        untargeted |= !m->record[i].quality_set[0];
        uneven |= all.runs > 2 && ix_deviation(all.rate, all.runs) > 0.03 * ix_mean(all.rate, all.runs);
        free(all.rate);
        free(all.seconds);
    }
    free(counted);
    if (!t) return;
    if (uneven)
        ix_table_say(t, "Repetitions differ by more than 3 %% (cv): the machine was not quiet, and small differences "
                        "between machines are none.");
    ix_table_close(t,
                   "Medians over VALID runs of equal settings: seeds, and the same run done again. valid pairs/s: "
                   "training pairs over the time of the training steps. s to quality: steps, evaluations and IM-RM's "
                   "reference pass until the accuracy was reached for good. What is inside the clock and what voids a "
                   "run: docs/rules.md.%s",
                   untargeted ? " Runs without a time have no target (quality: {set, accuracy} in their suite)." : "");
}
