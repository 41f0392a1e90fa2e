/* SPDX-License-Identifier: Apache-2.0
 *
 * How near runs came to the rate of large products on the same ranks in the same job. */
#include <math.h>

#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"run_id", "run", IX_CSV_ONLY, 0},
    {"objective", "", IX_LEFT, 0},
    {"seed", "seed", 0, 0},
    {"ranks", "ranks", 0, 0},
    {"peak", "peak FLOP/s", IX_SIGNIFICANT, 3},
    {"step_flops", "step FLOP/s", IX_SIGNIFICANT, 3},
    {"forward", "forward", 0, 2},
    {"head", "head", 0, 2},
    {"backward", "backward", 0, 2},
    {"step", "step", 0, 2},
    {"evaluate", "evaluate", 0, 2},
    {"products", "products", 0, 2},
    {"bandwidth", "memory, bytes/s", IX_SIGNIFICANT, 3},
    {"update", "update", 0, 2},
    {"product_time", "time in products", 0, 3},
    {"attention_time", "in attention", 0, 3},
    {"rest_time", "in the rest", 0, 3},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* Phases [first, last] together. */
typedef struct {
    double seconds, flop, products, product_seconds, attention_seconds;
} sums;

static sums sum_phases(const ix_speed *s, int first, int last)
{
    sums t = {0};
    for (int p = first; p <= last; p++) {
        t.seconds += s->seconds[p];
        t.flop += s->flop[p] + s->attention_flop[p];
        t.products += s->flop[p];
        t.product_seconds += s->product_seconds[p];
        t.attention_seconds += s->attention_seconds[p];
    }
    return t;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static double of_peak(const ix_speed *s, int first, int last)
{
    sums t = sum_phases(s, first, last);
    return t.flop > 0 ? ratio(t.flop, t.seconds) / s->peak : NAN;
}

static void put_run(ix_table *t, const ix_record *r)
{
    const ix_speed *s = &r->cost.speed;
    sums step = sum_phases(s, IX_PHASE_DATA, IX_PHASE_UPDATE);
    ix_row_begin(t);
    if (isnan(s->peak)) ix_row_quiet(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->part);
    ix_put_text(t, r->model);
    ix_put_text(t, r->varied);
    ix_put_text(t, r->run_id);
    ix_put_text(t, ix_objective_name(r->objective));
    ix_put_int(t, r->seed);
    ix_put_int(t, r->ranks);
    ix_put_real(t, s->peak);
    ix_put_real(t, ratio(step.flop, step.seconds));
    ix_put_real(t, of_peak(s, IX_PHASE_FORWARD, IX_PHASE_FORWARD));
    ix_put_real(t, of_peak(s, IX_PHASE_HEAD, IX_PHASE_HEAD));
    ix_put_real(t, of_peak(s, IX_PHASE_BACKWARD, IX_PHASE_BACKWARD));
    ix_put_real(t, of_peak(s, IX_PHASE_DATA, IX_PHASE_UPDATE));
    ix_put_real(t, of_peak(s, IX_PHASE_EVALUATE, IX_PHASE_EVALUATE));
    ix_put_real(t, ratio(step.products, step.product_seconds) / s->peak);
    ix_put_real(t, s->bandwidth);
    ix_put_real(t, ratio(s->update_bytes, s->seconds[IX_PHASE_UPDATE]) / s->bandwidth);
    ix_put_real(t, ratio(step.product_seconds, step.seconds));
    ix_put_real(t, ratio(step.attention_seconds, step.seconds));
    ix_put_real(t, 1 - ratio(step.product_seconds + step.attention_seconds, step.seconds));
}

void ix_section_speed(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    bool shown = false;
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (!r->valid || r->duplicate || !r->cost.speed.known || !r->cost.steps) continue;
        if (!t)
            t = ix_table_add(out, "speed", "How near to the peak of products, and of memory (shares of them)", columns,
                             COLUMNS);
        put_run(t, r);
        shown = shown || !isnan(r->cost.speed.peak);
    }
    if (!t) return;
    if (shown)
        ix_table_close(
            t, "peak: the better of products of 1024^3 and 2048^3 on all ranks at once, measured after the run. "
               "step is a whole training step, products only what was multiplied in the time that took. "
               "update is held by memory: bytes that it moves, as a share of what memory does (memory, bytes/s). "
               "FLOP are those that are needed: no padding, nothing twice.");
    else ix_table_say(t, "No run was long enough for measuring the peak of its ranks; speed.csv has the rates.");
}
