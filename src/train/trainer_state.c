/* SPDX-License-Identifier: Apache-2.0
 *
 * trainer_state.c - what of a training run goes into a checkpoint, and back: between steps, and half way through one.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/trainer_inner.h"

#define STATE "trainer/state"
#define STEP_FIGURES "step/figures"
#define STEP_SUMS "step/sums"
#define STEP_SECONDS "step/seconds"
enum { STEPS, EVALUATIONS, PENDING, WITHIN, STATES }; /* the numbers of STATE */

/* A sum over lanes of a step that is not over, and who has it. */
typedef struct {
    int64_t data, level, index;
    int64_t open, pairs; /* a lane of which so many pairs are in; else 0, 0 */
} sum_row;
enum { SUM_NUMBERS = sizeof(sum_row) / sizeof(int64_t) };

ix_status ix_trainer_add_state(ix_trainer *t, ix_moment *m, bool within)
{
    ix_status rc = IX_OK;
    const int64_t state[STATES] = {t->steps, t->evaluations, t->pending, within};
    rc = ix_moment_ints(m, STATE, STATES, state);
    if (rc == IX_OK && t->steps > 0) rc = ix_update_save(t->update, m, t->weights);
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, rc));
    if (t->observer->save) IX_TRY(t->observer->save(t->observer->context, m));
done:
    return rc;
}

static void name_sum(char name[32], int64_t level, int64_t index)
{
    snprintf(name, 32, "sum-%lld-%lld", (long long)level, (long long)index);
}

/* This rank's sums, as private blocks, and the table of everybody's. */
static ix_status add_sums(ix_trainer *t, ix_moment *m)
{
    ix_status rc = IX_OK;
    ix_lane_sum sum[IX_LANE_SUMS];
    sum_row row[IX_LANE_SUMS];
    ix_parts all = {0};
    char name[32];
    const ix_unit *last = t->trained ? &t->unit[t->trained - 1] : NULL;
    int n = ix_lanes_sums(ix_update_sums(t->update), sum);

    for (int i = 0; i < n; i++) {
        row[i] = (sum_row){ix_grid_rank(t->grid, IX_DATA), sum[i].level, sum[i].index, 0, 0};
        name_sum(name, sum[i].level, sum[i].index);
        IX_TRY(ix_moment_private(m, name, sum[i].x, ix_span_size(ix_model_trained(t->model))));
    }
    if (last && !last->last) {
        row[n - 1].open = 1;
        for (const ix_unit *u = last; u->lane == last->lane; u--) {
            row[n - 1].pairs += u->to - u->from;
            if (u->first) break;
        }
    }
    IX_TRY(ix_grid_gather_bytes(t->grid, IX_DATA, 0, row, (size_t)n * sizeof *row, &all));
    int64_t numbers = all.offset ? (int64_t)(all.offset[ix_grid_size(t->grid, IX_DATA)] / sizeof(int64_t)) : 0;
    if (all.offset) rc = ix_moment_ints(m, STEP_SUMS, numbers, (const int64_t *)(const void *)all.bytes);
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, rc));
done:
    ix_parts_free(&all);
    return rc;
}

/* Seconds of every rank for the part of the step that is over. */
static ix_status add_seconds(ix_trainer *t, ix_moment *m)
{
    ix_status rc = IX_OK;
    ix_parts all = {0};
    int ranks = ix_grid_size(t->grid, IX_GROUP);
    ix_clock_leave(&t->clock);
    IX_TRY(ix_grid_gather_bytes(t->grid, IX_GROUP, 0, t->clock.spent, sizeof t->clock.spent, &all));
    if (all.offset) rc = ix_moment_doubles(m, STEP_SECONDS, ranks * IX_PHASE_COUNT, (double *)(void *)all.bytes);
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, rc));
done:
    ix_parts_free(&all);
    return rc;
}

ix_status ix_trainer_save_within(ix_trainer *t, const ix_step_plan *plan, ix_saver_wish wish)
{
    ix_status rc = IX_OK;
    ix_moment *m = NULL;
    int64_t n = IX_STEP_FIGURES * plan->n;
    double *figures = calloc((size_t)n + 1, sizeof *figures);

    rc = figures ? ix_moment_create(&m, t->s->saver, t->steps, ix_model_params(t->model))
                 : ix_fail(IX_ENOMEM, "checkpoint: out of memory");
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, rc));
    IX_TRY(add_seconds(t, m));
    ix_clock_enter(&t->clock, IX_PHASE_WRITE);
    memcpy(figures, t->merged, (size_t)n * sizeof *figures);
    ix_grid_merge_double(t->grid, IX_DATA, figures, n);
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, ix_moment_doubles(m, STEP_FIGURES, n, figures)));
    IX_TRY(add_sums(t, m));
    IX_TRY(ix_trainer_add_state(t, m, true));
    IX_TRY(ix_saver_save(t->s->saver, m, wish));
done:
    ix_moment_destroy(&m);
    free(figures);
    return rc;
}

static const sum_row *next_sum(ix_trainer *t, const ix_array *sums, bool open)
{
    const sum_row *row = sums->values;
    for (int64_t i = 0; i < sums->n / SUM_NUMBERS; i++)
        if (!row[i].open == !open && row[i].level <= INT_MAX && row[i].index <= INT_MAX &&
            ix_lanes_takes(ix_update_sums(t->update), (int)row[i].level, (int)row[i].index))
            return &row[i];
    return NULL;
}

static ix_status read_sum(ix_trainer *t, const sum_row *row, float **dw)
{
    char name[32];
    name_sum(name, row->level, row->index);
    *dw = ix_lanes_reopen(ix_update_sums(t->update));
    return ix_saver_read_private(t->s->saver, name, row->data, *dw, ix_span_size(ix_model_trained(t->model)));
}

/* Which of this rank's units are in its sums: all of the lanes before `lane`, and so many pairs of that one. */
static int64_t count_done(ix_trainer *t, const ix_step_plan *plan, int64_t lane, int64_t pairs)
{
    int64_t units = ix_trainer_units(t, plan, ix_update_mine(t->update), t->unit), done = 0;
    while (done < units && t->unit[done].lane < lane) done++;
    for (; done < units && t->unit[done].lane == lane && pairs > 0; done++)
        pairs -= t->unit[done].to - t->unit[done].from;
    return done;
}

/* The figures of the pairs in these units; each rank brings back its own. */
static ix_status read_figures(ix_trainer *t, const ix_step_plan *plan, int64_t units)
{
    ix_status rc = IX_OK;
    const ix_array *figures;
    IX_TRY(ix_arrays_need(&figures, ix_saver_arrays(t->s->saver), STEP_FIGURES, IX_DOUBLES, IX_STEP_FIGURES * plan->n,
                          ix_saver_place(t->s->saver)));
    for (int64_t u = 0; u < units; u++)
        for (int64_t at = t->unit[u].from; at < t->unit[u].to; at++)
            memcpy(t->merged + IX_STEP_FIGURES * t->list[at],
                   (const double *)figures->values + IX_STEP_FIGURES * t->list[at],
                   IX_STEP_FIGURES * sizeof *t->merged);
done:
    return rc;
}

static ix_status read_seconds(ix_trainer *t)
{
    ix_status rc = IX_OK;
    const ix_array *a;
    int ranks = ix_grid_size(t->grid, IX_GROUP);
    IX_TRY(ix_arrays_need(&a, ix_saver_arrays(t->s->saver), STEP_SECONDS, IX_DOUBLES, -1, ix_saver_place(t->s->saver)));
    if (a->n == ranks * IX_PHASE_COUNT)
        ix_clock_give(&t->clock, (const double *)a->values + ix_grid_rank(t->grid, IX_GROUP) * IX_PHASE_COUNT);
done:
    return rc;
}

ix_status ix_trainer_restore_within(ix_trainer *t, const ix_step_plan *plan, int64_t *done, float **dw)
{
    ix_status rc = IX_OK;
    const ix_array *sums;
    const sum_row *row;
    int64_t lane = ix_update_mine(t->update).lo;

    IX_TRY(ix_arrays_need(&sums, ix_saver_arrays(t->s->saver), STEP_SUMS, IX_INTS, -1, ix_saver_place(t->s->saver)));
    while ((row = next_sum(t, sums, false))) {
        IX_TRY(read_sum(t, row, dw));
        ix_lanes_adopt(ix_update_sums(t->update), (int)row->level, (int)row->index);
        lane = (row->index + 1) << row->level;
    }
    row = next_sum(t, sums, true);
    if (row) IX_TRY(read_sum(t, row, dw));
    t->trained = *done = count_done(t, plan, lane, row ? row->pairs : 0);
    IX_TRY(read_figures(t, plan, *done));
    IX_TRY(read_seconds(t));
done:
    return rc;
}

ix_status ix_trainer_restore(ix_trainer *t)
{
    ix_status rc = IX_OK;
    ix_saver *saver = t->s->saver;
    const ix_array *state = ix_saver_found(saver) ? ix_arrays_find(ix_saver_arrays(saver), STATE) : NULL;

    if (!state) return IX_OK;
    IX_TRY(ix_arrays_need(&state, ix_saver_arrays(saver), STATE, IX_INTS, STATES, ix_saver_place(saver)));
    const int64_t *n = state->values;
    t->steps = n[STEPS];
    t->evaluations = n[EVALUATIONS];
    t->pending = n[PENDING] != 0;
    t->judging = t->pending && ix_saver_same_tensor(saver);
    t->within = n[WITHIN] != 0 && ix_saver_same_tensor(saver);
    IX_NEED(t->steps >= 0 && t->steps <= ix_schedule_steps(t->schedule), IX_EINPUT, "%s: has %lld steps of %lld",
            ix_saver_place(saver), (long long)t->steps, (long long)ix_schedule_steps(t->schedule));
    if (t->steps > 0) IX_TRY(ix_update_restore(t->update, saver, ix_model_params(t->model), t->weights, t->steps));
    if (t->observer->restore)
        IX_TRY(ix_grid_agree(t->grid, IX_GROUP, t->observer->restore(t->observer->context, saver)));
done:
    return rc;
}
