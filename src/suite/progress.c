/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

struct ix_show {
    const ix_grid *grid;
    const ix_runs *runs;
    const ix_run *run;
    int64_t turn, pairs;
    double started;
    char figures[256]; /* accuracy of the first sets by the latest evaluation */
    int64_t evaluation;
};

ix_status ix_show_create(ix_show **out, const ix_grid *grid, const ix_runs *runs)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return ix_fail(IX_ENOMEM, "progress: out of memory");
    **out = (ix_show){.grid = grid, .runs = runs};
    return IX_OK;
}

void ix_show_destroy(ix_show **show)
{
    free(*show);
    *show = NULL;
}

static void name_run(char *out, size_t capacity, const ix_point *p)
{
    snprintf(out, capacity, "%s%s%s %s%s%s seed %lld", p->part, *p->part ? " " : "", p->model, p->objective,
             *p->varied ? " " : "", p->varied, (long long)p->seed);
}

void ix_show_run(ix_show *s, int64_t turn, const ix_run *run)
{
    s->run = run;
    s->turn = turn;
    s->pairs = 0;
    s->started = ix_seconds();
    s->figures[0] = 0;
    s->evaluation = -1;
}

static void on_step(void *context, const ix_step_record *r)
{
    ix_show *s = context;
    char name[256];
    double spent = ix_seconds() - s->started, share = (double)(r->step + 1) / (double)r->steps;

    s->pairs += r->plan->n;
    if (ix_grid_rank(s->grid, IX_WORLD) != 0) return; /* one live line, of the first group */
    name_run(name, sizeof name, &s->run->point);
    ix_progress(false, "[%lld/%lld] %s: step %lld of %lld, loss %.4f, %.0f pairs/s, %.0f s left",
                (long long)s->turn + 1, (long long)s->runs->count, name, (long long)r->step + 1, (long long)r->steps,
                r->loss, (double)s->pairs / spent, spent * (1 - share) / share);
}

static void on_evaluation(void *context, const ix_eval_set *set, const ix_eval_record *r)
{
    ix_show *s = context;
    if (r->evaluation != s->evaluation) s->figures[0] = 0;
    s->evaluation = r->evaluation;
    size_t n = strlen(s->figures);
    if (r->set < 3) snprintf(s->figures + n, sizeof s->figures - n, " %.40s %.3f", set->name, r->metrics.accuracy);
}

void ix_show_end(ix_show *s)
{
    char name[256];
    if (!ix_log_speaks()) return;
    name_run(name, sizeof name, &s->run->point);
    ix_note("[%lld/%lld] %s: %.1f s%s%s", (long long)s->turn + 1, (long long)s->runs->count, name,
            ix_seconds() - s->started, *s->figures ? ", accuracy" : "", s->figures);
}

ix_watcher ix_show_watcher(ix_show *show)
{
    return (ix_watcher){.context = show, .step = on_step, .evaluated = on_evaluation};
}
