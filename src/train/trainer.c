/* SPDX-License-Identifier: Apache-2.0 */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "pack/cut.h"
#include "train/trainer_inner.h"

int64_t ix_train_pack_tokens(const ix_model *model)
{
    return ix_pack_budget(model, IX_PACK_BYTES);
}

static void close_trainer(ix_trainer *t)
{
    ix_pass_destroy(&t->pass);
    ix_schedule_destroy(&t->schedule);
    ix_update_destroy(&t->update);
    ix_pack_destroy(&t->pack);
    free(t->tokens);
    free(t->work);
    free(t->list);
    free(t->unit);
    free(t->part);
    free(t->merged);
    free(t->scale);
    free(t->pack_reference);
    free(t->result);
    free(t->packed);
    free(t->judged);
    free(t->judged_pairs);
}

/* An order may have a pair several times in a step. */
static ix_status most_tokens(const ix_trainer *t, bool ordered, int64_t *most)
{
    const ix_pairs **list = calloc((size_t)t->n_sets + 1, sizeof *list);
    if (!list) return ix_fail(IX_ENOMEM, "trainer: out of memory");
    for (int i = 0; i < t->n_sets; i++) list[i] = t->sets[i].pairs;
    list[t->n_sets] = t->train;
    *most = ix_pack_room(t->pack_tokens, list, t->n_sets + 1, t->s->share_prompt);
    if (ordered && *most < t->pack_tokens) *most = t->pack_tokens;
    free(list);
    return IX_OK;
}

static ix_status make_judged(ix_trainer *t)
{
    ix_status rc = IX_OK;
    int64_t pairs = 0, at = 0;
    for (int i = 0; i < t->n_sets; i++) pairs += ix_pairs_count(t->sets[i].pairs);
    t->judged = calloc((size_t)t->n_sets + 1, sizeof *t->judged);
    t->judged_pairs = calloc((size_t)pairs + 1, sizeof *t->judged_pairs);
    IX_NEED(t->judged && t->judged_pairs, IX_ENOMEM, "evaluation of %lld pairs: out of memory", (long long)pairs);
    for (int i = 0; i < t->n_sets; at += ix_pairs_count(t->sets[i].pairs), i++)
        t->judged[i] = (ix_judged_set){
            .pairs = t->sets[i].pairs, .reference = t->sets[i].reference, .result = t->judged_pairs + at};
done:
    return rc;
}

static ix_status make_buffers(ix_trainer *t, const ix_order *order)
{
    ix_status rc = IX_OK;
    int64_t tokens = 0;
    size_t n = 1;

    IX_TRY(most_tokens(t, order != NULL, &tokens));
    IX_TRY(ix_model_reserve(t->model, tokens, t->s->schedule.epochs > 0));
    IX_TRY(ix_pass_create(&t->pass, t->s->objective, &t->s->objective_settings, t->model, tokens, &t->clock));
    ix_pass_set_waste(t->pass, t->s->waste);
    IX_TRY(ix_schedule_create(&t->schedule, &t->s->schedule, t->train, order));
    n += (size_t)ix_schedule_most(t->schedule);
    IX_TRY(ix_pack_create(&t->pack, tokens, 4 * (int64_t)n, (int64_t)n));
    t->capacity = (int64_t)n;
    t->tokens = calloc(n, sizeof *t->tokens);
    t->work = calloc(n, sizeof *t->work);
    t->list = calloc(n, sizeof *t->list);
    t->unit = calloc(n + (size_t)(t->update ? ix_update_lanes(t->update) : 0), sizeof *t->unit);
    t->part = calloc(n, sizeof *t->part);
    t->merged = calloc(n, IX_STEP_FIGURES * sizeof *t->merged);
    t->scale = calloc(n, sizeof *t->scale);
    t->pack_reference = calloc(n, sizeof *t->pack_reference);
    t->result = calloc(n, sizeof *t->result);
    t->packed = calloc(n, sizeof *t->packed);
    IX_NEED(t->tokens && t->work && t->list && t->unit && t->part && t->merged && t->scale && t->pack_reference &&
                t->result && t->packed,
            IX_ENOMEM, "trainer: out of memory");
    IX_TRY(make_judged(t));
done:
    return rc;
}

int64_t ix_trainer_units(ix_trainer *t, const ix_step_plan *plan, ix_span lanes, ix_unit *out)
{
    int64_t n = 0, at = 0;
    for (int64_t lane = lanes.lo; lane < lanes.hi; lane++) {
        int64_t from = at, to;
        for (int64_t i = 0; i < plan->n; i++)
            if (t->part[i] == lane) t->list[at++] = i;
        bool first = true;
        do {
            to = from < at ? ix_cut_pack(t->tokens, t->list, at, from, t->pack_tokens) : from;
            if (out) out[n] = (ix_unit){(int)lane, from, to, first, to == at};
            n++;
            first = false;
            from = to;
        } while (from < at);
    }
    return n;
}

/* What was computed since the last call joins the figures of its own phases, or all those of one. */
static void measure_speed(ix_trainer *t, const double seconds[IX_PHASE_COUNT], ix_phase one)
{
    ix_model_meter meter[IX_PHASE_COUNT];
    ix_pass_take_meter(t->pass, meter);
    for (int p = 0; t->s->speed && p < IX_PHASE_COUNT; p++) {
        int to = one == IX_PHASE_COUNT ? p : (int)one;
        ix_model_meter *sum = &t->s->speed->meter[to];
        t->s->speed->seconds[to] += seconds[p];
        sum->products += meter[p].products;
        sum->product_seconds += meter[p].product_seconds;
        sum->attention += meter[p].attention;
        sum->attention_seconds += meter[p].attention_seconds;
    }
}

/* --- a step ---------------------------------------------------------------------------------------- */

static void train_pack(ix_trainer *t, const ix_step_plan *plan, float *dw, int64_t from, int64_t to)
{
    ix_clock_enter(&t->clock, IX_PHASE_DATA);
    ix_pack_clear(t->pack);
    for (int64_t at = from; at < to; at++) {
        int64_t i = t->list[at];
        const uint8_t *lost = plan->lost + 2 * i;
        ix_pair pair = ix_trimmed(ix_pairs_get(t->train, plan->pair[i]), lost);
        ix_pack_add_pair(t->pack, &pair, i, t->s->share_prompt);
        ix_trimmed_reference(t->pack_reference[at - from], t->reference ? &t->reference[plan->pair[i]] : NULL, lost);
        t->scale[at - from] = plan->scale[i];
    }
    ix_pass_gradient(t->pass, t->weights, dw, t->pack, (const double(*)[IX_SIDES])t->pack_reference, t->scale,
                     t->packed);
    for (int64_t at = from; at < to; at++) {
        double *f = t->merged + IX_STEP_FIGURES * t->list[at];
        memcpy(f, t->packed[at - from].reward, sizeof t->packed->reward);
        f[2] = t->packed[at - from].loss;
    }
}

static void train_unit(ix_trainer *t, const ix_step_plan *plan, const ix_unit *u, float **dw)
{
    bool closing = u->last && u->lane + 1 == ix_update_mine(t->update).hi;
    if (u->first) *dw = ix_update_begin_lane(t->update);
    if (closing) ix_update_close_lane(t->update, t->model);
    if (u->from < u->to) train_pack(t, plan, *dw, u->from, u->to);
    ix_model_watch(t->model, NULL, NULL);
    if (!u->last) return;
    ix_clock_enter(&t->clock, IX_PHASE_REDUCE);
    ix_model_meet(t->model, *dw);
    ix_update_end_lane(t->update);
}

/* Everybody's pairs, and the figures of the step in the order of its pairs. */
static void merge_step(ix_trainer *t, const ix_step_plan *plan, ix_step_record *r)
{
    ix_clock_enter(&t->clock, IX_PHASE_REDUCE);
    ix_grid_merge_double(t->grid, IX_DATA, t->merged, IX_STEP_FIGURES * plan->n);
    r->loss = r->accuracy = 0;
    for (int64_t i = 0; i < plan->n; i++) {
        ix_pair_result *p = &t->result[i];
        *p = (ix_pair_result){.loss = t->merged[IX_STEP_FIGURES * i + 2]};
        memcpy(p->reward, t->merged + IX_STEP_FIGURES * i, sizeof p->reward);
        r->loss += p->loss / (double)plan->n;
        double apart = p->reward[IX_CHOSEN] - p->reward[IX_REJECTED];
        r->accuracy += (apart > 0 ? 1 : apart == 0 ? 0.5 : 0) / (double)plan->n;
    }
}

/* All of this rank's units from number `done` on. Where steps are long the ranks ask between packs whether to save:
 * those with fewer packs begin later, so that all end together. */
static ix_status train_units(ix_trainer *t, const ix_step_plan *plan, int64_t done, float *dw)
{
    ix_status rc = IX_OK;
    ix_saver *saver = ix_saver_is_slow(t->s->saver) ? t->s->saver : NULL;
    int64_t units = ix_trainer_units(t, plan, ix_update_mine(t->update), t->unit), rounds = units - done;
    double most = (double)rounds;

    if (saver) ix_grid_max_double(t->grid, IX_GROUP, &most, 1);
    rounds = (int64_t)most;
    for (int64_t round = 0; round < rounds; round++) {
        if (round >= rounds - (units - done)) {
            int64_t now = units - (rounds - round);
            train_unit(t, plan, &t->unit[now], &dw);
            t->trained = now + 1;
        }
        ix_saver_wish wish = saver && round + 1 < rounds ? ix_saver_tick_apart(saver) : IX_GO_ON;
        if (wish != IX_GO_ON) IX_TRY(ix_trainer_save_within(t, plan, wish));
    }
done:
    return rc;
}

static ix_status run_step(ix_trainer *t, const ix_step_plan *plan)
{
    ix_status rc = IX_OK;
    int64_t done = 0;
    float *dw = NULL;
    const ix_train_settings *s = t->s;
    ix_step_record r = {.epoch = plan->epoch,
                        .step = plan->step,
                        .steps = ix_schedule_steps(t->schedule),
                        .plan = plan,
                        .result = t->result};
    double seconds[IX_PHASE_COUNT];

    IX_CONTRACT(plan->n < t->capacity);
    ix_alive_step(plan->step);
    ix_clock_enter(&t->clock, IX_PHASE_DATA);
    for (int64_t i = 0; i < plan->n; i++) {
        ix_pair pair = ix_trimmed(ix_pairs_get(t->train, plan->pair[i]), plan->lost + 2 * i);
        ix_pack_clear(t->pack);
        ix_pack_add_pair(t->pack, &pair, i, s->share_prompt);
        r.tokens += t->tokens[i] = t->pack->N;
        t->work[i] = ix_pass_work(t->pass, t->pack);
    }
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, ix_cut_parts(t->part, t->work, plan->n, ix_update_lanes(t->update))));
    memset(t->merged, 0, (size_t)(IX_STEP_FIGURES * plan->n) * sizeof *t->merged);
    t->trained = 0;
    if (t->within) IX_TRY(ix_grid_agree(t->grid, IX_GROUP, ix_trainer_restore_within(t, plan, &done, &dw)));
    t->within = false;
    IX_TRY(train_units(t, plan, done, dw));
    merge_step(t, plan, &r);
    IX_NEED(isfinite(r.loss), IX_ENUMERIC, "step %lld: the loss is no number", (long long)plan->step);
    r.learning_rate =
        ix_learning_rate(s->optimizer.learning_rate, s->rate, s->cosine_floor, s->warmup_steps, plan->step, r.steps);
    IX_TRY(ix_update_apply(t->update, t->weights, r.learning_rate, &r.gradient_norm));
    ix_clock_take(&t->clock, seconds);
    measure_speed(t, seconds, IX_PHASE_COUNT);
    if (s->speed) s->speed->update_bytes += (double)ix_update_bytes(t->update);
    r.seconds = seconds;
    t->steps = plan->step + 1;
    ix_saver_count_step(s->saver);
    if (t->observer->step) IX_TRY(ix_grid_agree(t->grid, IX_GROUP, t->observer->step(t->observer->context, &r)));
done:
    return rc;
}

/* --- evaluation -------------------------------------------------------------------------------------- */

static ix_status save_judging(void *context, ix_moment *m, ix_saver_wish wish)
{
    ix_trainer *t = context;
    ix_status rc = ix_trainer_add_state(t, m, false);
    return rc == IX_OK ? ix_saver_save(t->s->saver, m, wish) : rc;
}

static ix_status evaluate(ix_trainer *t, int64_t steps, double epoch)
{
    ix_status rc = IX_OK;
    double phases[IX_PHASE_COUNT];
    ix_judge judge = {.grid = t->grid,
                      .pass = t->pass,
                      .pack_tokens = t->pack_tokens,
                      .share_prompt = t->s->share_prompt,
                      .trim = t->s->schedule.trim ? t->s->schedule.micro_pairs : 0,
                      .saver = t->s->saver,
                      .save = save_judging,
                      .context = t,
                      .step = steps,
                      .resume = t->judging};
    t->pending = true;
    t->judging = false;
    ix_alive_step(-1);
    ix_alive_at(ix_phase_name(IX_PHASE_EVALUATE));
    IX_TRY(ix_judge_sets(&judge, t->weights, t->judged, t->n_sets));
    for (int i = 0; i < t->n_sets; i++) {
        const ix_judged_set *set = &t->judged[i];
        ix_eval_record r = {.set = i,
                            .evaluation = t->evaluations,
                            .step = steps,
                            .epoch = epoch,
                            .result = set->result,
                            .metrics = ix_metrics_of(set->result, ix_pairs_count(set->pairs)),
                            .seconds = set->seconds};
        IX_NEED(isfinite(r.metrics.loss), IX_ENUMERIC, "evaluation of %s: a reward is no number", t->sets[i].name);
        if (t->observer->evaluated)
            IX_TRY(ix_grid_agree(t->grid, IX_GROUP, t->observer->evaluated(t->observer->context, &r)));
    }
    t->evaluations++;
    t->pending = false;
    ix_clock_take(&t->clock, phases); /* the next step's time begins here */
    measure_speed(t, phases, IX_PHASE_EVALUATE);
done:
    return rc;
}

static bool due(const ix_trainer *t, const ix_step_plan *plan, int64_t steps)
{
    int64_t every = t->s->evaluate_every;
    return every ? (plan->step + 1) % every == 0 || plan->step + 1 == steps : plan->last_of_epoch;
}

/* Where no step is under way. */
static ix_status save_now(void *trainer, ix_saver_wish wish)
{
    ix_status rc = IX_OK;
    ix_trainer *t = trainer;
    ix_moment *m = NULL;

    rc = ix_moment_create(&m, t->s->saver, t->steps, ix_model_params(t->model));
    IX_TRY(ix_grid_agree(t->grid, IX_GROUP, rc));
    ix_clock_enter(&t->clock, IX_PHASE_WRITE);
    IX_TRY(ix_trainer_add_state(t, m, false));
    IX_TRY(ix_saver_save(t->s->saver, m, wish));
    ix_clock_leave(&t->clock);
done:
    ix_moment_destroy(&m);
    return rc;
}

static ix_status save_between(ix_trainer *t)
{
    ix_saver_wish wish = ix_saver_tick(t->s->saver);
    return wish == IX_GO_ON ? IX_OK : save_now(t, wish);
}

static ix_status run(ix_trainer *t)
{
    ix_status rc = IX_OK;
    ix_step_plan plan;
    bool more;
    int64_t steps = ix_schedule_steps(t->schedule);
    double per_epoch = (double)steps / (double)(t->s->schedule.epochs ? t->s->schedule.epochs : 1);

    ix_start_enter(t->s->start, IX_STAGE_APART);
    if (t->pending) IX_TRY(evaluate(t, t->steps, t->steps ? (double)t->steps / per_epoch : 0));
    ix_start_enter(t->s->start, IX_STAGE_OTHER);
    for (int64_t done = t->steps;;) {
        IX_TRY(ix_grid_agree(t->grid, IX_GROUP, ix_schedule_next(t->schedule, &plan, &more)));
        if (!more) break;
        if (plan.step < done) continue; /* an earlier launch did it */
        if (!t->within) IX_TRY(save_between(t));
        ix_start_end(t->s->start);
        IX_TRY(run_step(t, &plan));
        if (due(t, &plan, steps)) IX_TRY(evaluate(t, plan.step + 1, (double)(plan.step + 1) / per_epoch));
    }
    if (t->observer->finished) IX_TRY(t->observer->finished(t->observer->context, save_now, t));
done:
    return rc;
}

ix_status ix_train(const ix_grid *grid, const ix_train_settings *settings, ix_model *model, float *weights,
                   const ix_pairs *train, const ix_pair_result *train_reference, const ix_order *order,
                   const ix_eval_set *sets, int n_sets, const ix_observer *observer)
{
    ix_status rc = IX_OK;
    ix_trainer t = {.grid = grid,
                    .s = settings,
                    .model = model,
                    .weights = weights,
                    .train = train,
                    .reference = train_reference,
                    .sets = sets,
                    .n_sets = n_sets,
                    .observer = observer};

    ix_start_enter(settings->start, IX_STAGE_ALLOCATION);
    ix_clock_start(&t.clock);
    t.pending = true;
    t.pack_tokens = settings->pack_tokens ? settings->pack_tokens : ix_train_pack_tokens(model);
    if (settings->schedule.epochs > 0)
        IX_TRY(ix_update_create(&t.update, grid, ix_model_params(model), ix_model_trained(model), settings->rule,
                                &settings->optimizer, settings->lanes, settings->clip_norm, &t.clock));
    IX_TRY(ix_grid_agree(grid, IX_GROUP, make_buffers(&t, order)));
    ix_start_enter(settings->start, IX_STAGE_OTHER);
    IX_TRY(ix_trainer_restore(&t));
    IX_TRY(run(&t));
    if (settings->spared) *settings->spared = ix_pass_count(t.pass);
done:
    close_trainer(&t);
    return rc;
}
