/* SPDX-License-Identifier: Apache-2.0 */
#include "train/pretrain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "base/random.h"
#include "objective/pass.h"
#include "pack/cut.h"
#include "train/judge.h"
#include "train/update.h"

typedef struct {
    const ix_grid *grid;
    const ix_pretraining *s;
    ix_model *model;
    float *weights;
    const int32_t *stream;
    const ix_pretrain_observer *observer;
    ix_clock clock;
    ix_pass *pass;
    ix_update *update;
    ix_pack *pack;
    int64_t rows, pack_tokens;
    int64_t *order; /* [rows] of this epoch */
    double *loss;   /* [rows_per_step] sums over tokens */
    int32_t *made;  /* [rows_per_step, longest] rows of a step that were made, their weights, those of a pack */
    float *weight, *packed;
} pretrainer;

/* The rows of a step: row i begins at first[i] and has `length` tokens, whose losses weigh `weight`, or 1. */
typedef struct {
    const int32_t *token;
    const float *weight;
    const int64_t *number; /* row i begins at number[i] * stride; NULL: at i * stride */
    int64_t stride, length;
    double scale;
} step_rows;

static void close_pretrainer(pretrainer *p)
{
    ix_pass_destroy(&p->pass);
    ix_update_destroy(&p->update);
    ix_pack_destroy(&p->pack);
    free(p->order);
    free(p->loss);
    free(p->made);
    free(p->weight);
    free(p->packed);
}

int64_t ix_pretrain_room(int64_t pack_tokens, int64_t row_tokens, int64_t rows_per_step)
{
    int64_t row = row_tokens + 1, fit = pack_tokens / row;
    if (fit > rows_per_step) fit = rows_per_step;
    return row * (fit > 1 ? fit : 1);
}

static ix_status make_rows(pretrainer *p)
{
    size_t n = (size_t)(p->s->rows_per_step * p->s->made->longest);
    p->made = calloc(n, sizeof *p->made);
    p->weight = calloc(n, sizeof *p->weight);
    p->packed = calloc(n, sizeof *p->packed);
    return p->made && p->weight && p->packed ? IX_OK : ix_fail(IX_ENOMEM, "pretraining: out of memory");
}

static ix_status make_buffers(pretrainer *p)
{
    ix_status rc = IX_OK;
    const ix_pretraining *s = p->s;
    int64_t most = ix_pretrain_room(p->pack_tokens, s->made ? s->made->longest - 1 : s->row_tokens, s->rows_per_step);

    IX_NEED(s->made || p->rows >= s->rows_per_step, IX_EINPUT,
            "pretraining: the corpus has %lld rows of %lld tokens, one step takes %lld", (long long)p->rows,
            (long long)s->row_tokens, (long long)s->rows_per_step);
    if (s->made) IX_TRY(make_rows(p));
    IX_TRY(ix_model_reserve(p->model, most, true));
    IX_TRY(ix_pass_create(&p->pass, NULL, NULL, p->model, most, &p->clock));
    IX_TRY(ix_pack_create(&p->pack, most, s->rows_per_step, 0));
    p->order = calloc((size_t)p->rows + 1, sizeof *p->order);
    p->loss = calloc((size_t)s->rows_per_step, sizeof *p->loss);
    IX_NEED(p->order && p->loss, IX_ENOMEM, "pretraining: out of memory");
done:
    return rc;
}

/* Rows [lo, hi) of the step's list. Each row's loss is kept apart, so that their sum has one order. `closing`: they are
 * this rank's last. */
static void train_rows(pretrainer *p, const step_rows *rows, ix_span span, float *dw, bool closing)
{
    int64_t each = p->pack_tokens / rows->length > 0 ? p->pack_tokens / rows->length : 1;
    size_t bytes = (size_t)rows->length * sizeof *p->packed;
    for (int64_t at = span.lo; at < span.hi; at += each) {
        ix_pack_clear(p->pack);
        for (int64_t i = at; i < at + each && i < span.hi; i++) {
            int64_t first = (rows->number ? rows->number[i] : i) * rows->stride;
            if (rows->weight) memcpy(p->packed + p->pack->N, rows->weight + first, bytes);
            ix_pack_add_document(p->pack, rows->token + first, (int32_t)rows->length);
        }
        if (closing && at + each >= span.hi) ix_update_close_lane(p->update, p->model);
        p->loss[at] = ix_pass_language(p->pass, p->weights, dw, p->pack, rows->weight ? p->packed : NULL, rows->scale);
    }
}

/* at, of: where the schedule of the learning rate is. */
static ix_status run_step(pretrainer *p, const step_rows *rows, int64_t at, int64_t of, ix_pretrain_record *r)
{
    ix_status rc = IX_OK;
    const ix_pretraining *s = p->s;
    ix_span lanes = ix_update_mine(p->update);

    ix_alive_step(r->step);
    for (int64_t i = 0; i < s->rows_per_step; i++) p->loss[i] = 0;
    for (int64_t lane = lanes.lo; lane < lanes.hi; lane++) {
        float *dw = ix_update_begin_lane(p->update);
        ix_span mine = ix_split(s->rows_per_step, ix_update_lanes(p->update), (int)lane);
        train_rows(p, rows, mine, dw, lane + 1 == lanes.hi);
        ix_model_watch(p->model, NULL, NULL);
        ix_clock_enter(&p->clock, IX_PHASE_REDUCE);
        ix_model_meet(p->model, dw);
        ix_update_end_lane(p->update);
    }
    ix_grid_merge_double(p->grid, IX_DATA, p->loss, s->rows_per_step);
    r->loss = 0;
    for (int64_t i = 0; i < s->rows_per_step; i++) r->loss += p->loss[i];
    r->loss *= rows->scale;
    IX_NEED(isfinite(r->loss), IX_ENUMERIC, "step %lld: the loss is no number", (long long)r->step);
    r->learning_rate = ix_learning_rate(s->optimizer.learning_rate, s->rate, s->cosine_floor, s->warmup_steps, at, of);
    IX_TRY(ix_update_apply(p->update, p->weights, r->learning_rate, &r->gradient_norm));
done:
    return rc;
}

static ix_status save_between(pretrainer *p, int64_t steps, ix_saver_wish wish)
{
    ix_status rc = IX_OK;
    ix_moment *m = NULL;

    rc = ix_moment_create(&m, p->s->saver, steps, ix_model_params(p->model));
    if (rc == IX_OK && steps > 0) rc = ix_update_save(p->update, m, p->weights);
    IX_TRY(ix_grid_agree(p->grid, IX_GROUP, rc));
    ix_clock_enter(&p->clock, IX_PHASE_WRITE);
    if (p->observer->save) IX_TRY(p->observer->save(p->observer->context, m));
    IX_TRY(ix_saver_save(p->s->saver, m, wish));
    ix_clock_leave(&p->clock);
done:
    ix_moment_destroy(&m);
    return rc;
}

/* *steps: done by earlier launches. */
static ix_status restore(pretrainer *p, int64_t *steps)
{
    ix_status rc = IX_OK;
    ix_saver *saver = p->s->saver;

    *steps = 0;
    if (!ix_saver_found(saver)) return IX_OK;
    *steps = ix_saver_step(saver);
    if (*steps > 0) IX_TRY(ix_update_restore(p->update, saver, ix_model_params(p->model), p->weights, *steps));
    if (p->observer->restore)
        IX_TRY(ix_grid_agree(p->grid, IX_GROUP, p->observer->restore(p->observer->context, saver)));
done:
    return rc;
}

/* One step, unless an earlier launch did it. */
static ix_status take_step(pretrainer *p, const step_rows *rows, int64_t at, int64_t of, ix_pretrain_record *r)
{
    ix_status rc = IX_OK;
    double seconds[IX_PHASE_COUNT];
    ix_saver_wish wish = ix_saver_tick(p->s->saver);

    r->seconds = seconds;
    if (wish != IX_GO_ON) IX_TRY(save_between(p, r->step, wish));
    ix_start_end(p->s->start);
    IX_TRY(run_step(p, rows, at, of, r));
    ix_clock_take(&p->clock, seconds);
    if (p->observer->step) IX_TRY(ix_grid_agree(p->grid, IX_GROUP, p->observer->step(p->observer->context, r)));
done:
    return rc;
}

static ix_status run_stream(pretrainer *p, int64_t done)
{
    ix_status rc = IX_OK;
    const ix_pretraining *s = p->s;
    int64_t each = p->rows / s->rows_per_step;
    ix_torch_rng rng;
    ix_pretrain_record r = {.steps = each * s->epochs, .tokens = s->rows_per_step * s->row_tokens};
    step_rows rows = {.token = p->stream,
                      .stride = s->row_tokens,
                      .length = s->row_tokens + 1,
                      .scale = 1 / ((double)s->row_tokens * (double)s->rows_per_step)};

    ix_torch_seed(&rng, s->seed);
    for (int64_t epoch = 0; epoch < s->epochs; epoch++) {
        ix_torch_randperm(&rng, p->rows, p->order);
        for (int64_t b = 0; b < each; b++, r.step++) {
            rows.number = p->order + b * s->rows_per_step;
            if (r.step >= done) IX_TRY(take_step(p, &rows, r.step, r.steps, &r));
        }
    }
done:
    return rc;
}

static ix_status run_made(pretrainer *p, int64_t done)
{
    ix_status rc = IX_OK;
    const ix_made_rows *made = p->s->made;
    int64_t n = p->s->rows_per_step, at, of;
    ix_pretrain_record r = {.steps = made->steps};

    for (; r.step < r.steps; r.step++) {
        int64_t length = made->next(made->context, n, p->made, p->weight, &at, &of);
        step_rows rows = {.token = p->made, .weight = p->weight, .stride = length, .length = length, .scale = 1};
        r.tokens = n * length;
        if (r.step >= done) IX_TRY(take_step(p, &rows, at, of, &r));
    }
done:
    return rc;
}

static ix_status run(pretrainer *p)
{
    int64_t done;
    ix_status rc = restore(p, &done);
    if (rc != IX_OK) return rc;
    return p->s->made ? run_made(p, done) : run_stream(p, done);
}

ix_status ix_pretrain(const ix_grid *grid, const ix_pretraining *settings, ix_model *model, float *weights,
                      const int32_t *stream, int64_t tokens, const ix_pretrain_observer *observer)
{
    ix_status rc = IX_OK;
    pretrainer p = {.grid = grid,
                    .s = settings,
                    .model = model,
                    .weights = weights,
                    .stream = stream,
                    .observer = observer,
                    .rows = tokens > 0 ? (tokens - 1) / settings->row_tokens : 0};

    ix_start_enter(settings->start, IX_STAGE_ALLOCATION);
    ix_clock_start(&p.clock);
    p.pack_tokens = ix_pack_budget(model, IX_PACK_BYTES);
    IX_TRY(ix_grid_agree(grid, IX_GROUP, make_buffers(&p)));
    IX_TRY(ix_update_create(&p.update, grid, ix_model_params(model), ix_model_trained(model), settings->rule,
                            &settings->optimizer, settings->lanes, settings->clip_norm, &p.clock));
    ix_start_enter(settings->start, IX_STAGE_OTHER);
    IX_TRY(run(&p));
done:
    close_pretrainer(&p);
    return rc;
}
