/* SPDX-License-Identifier: Apache-2.0
 *
 * reward.c - one run of a reward model: reference, training, judging, result. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "task/bench.h"
#include "task/reference_cache.h"
#include "task/speed.h"
#include "task/weights.h"

enum { SAVINGS = 6 }; /* counters of what the switches of `speed` left out */

typedef struct {
    const ix_material *m;
    const ix_job *job;
    const ix_objective *objective;
    ix_model *model;
    float *weights;
    ix_pair_result *train_reference;
    ix_eval_set *set; /* [sets] the material's, with references */
    ix_pair_result **reference;
    int sets;
    ix_reference_cache cache; /* used by objectives with a reference */
    ix_record *record;
    ix_saver *saver;
    const struct ix_examination *examination; /* NULL: none, or not of this objective */
    void *examined;
    ix_observer recorded;   /* the record's */
    ix_pass_spared spared;  /* by this rank's passes */
    ix_train_speed speed;   /* of this rank */
    ix_speed_figures sum;   /* of all ranks */
    double saving[SAVINGS]; /* what store_savings names, by all ranks */
} reward;

static void close_reward(reward *r)
{
    ix_record_destroy(&r->record);
    if (r->examination) r->examination->close(&r->examined);
    ix_saver_destroy(&r->saver);
    ix_model_destroy(&r->model);
    free(r->weights);
    free(r->train_reference);
    for (int i = 0; r->reference && i < r->sets; i++) free(r->reference[i]);
    free(r->reference);
    free(r->set);
    ix_reference_cache_close(&r->cache);
}

/* Where the rows of added tokens come from: a tensor of model.initial_rows, or a draw. */
typedef struct {
    const char *tensor;
    int stream; /* of the run's seed, where policy and reference draw apart */
} rows_of;
static const rows_of policy_rows = {"policy.new_rows", 1}, reference_rows = {"ref.new_rows", 2};

/* A tensor of model.initial_rows, of `cols` columns; *out stays NULL where the file has none. Free with free(). */
static ix_status read_draw(const reward *r, const char *name, int64_t cols, float **out)
{
    ix_status rc = IX_OK;
    const ix_tensor_view *t = r->m->draws ? ix_safetensors_find(r->m->draws, name) : NULL;

    *out = NULL;
    if (!t) return IX_OK;
    IX_NEED(t->dims == 2 && t->shape[1] == cols, IX_EINPUT, "%s: %s should have %lld columns", t->path, name,
            (long long)cols);
    IX_NEED(*out = calloc((size_t)t->count + 1, sizeof **out), IX_ENOMEM, "%s: out of memory", t->path);
    IX_TRY(ix_tensor_read_f32(t, 0, t->count, *out));
done:
    return rc;
}

void ix_reward_draw_own(const ix_point *p, const ix_model *model, float *weights)
{
    const ix_objective *o = ix_objective_find(p->objective);
    const ix_params *t = ix_model_params(model);
    ix_objective_settings s = {.beta = p->settings.training.beta, .head_std = p->settings.training.head_std};
    if (!o->initial) return;
    const ix_param *own = &t->param[ix_params_find(t, o->extra[0].name)];
    o->initial(weights + own->offset, own->cols, (uint64_t)p->seed, &s);
}

/* The objective's own rows: given, or drawn from the seed. A folder that brings them wins. */
static ix_status start_own_rows(reward *r)
{
    ix_status rc = IX_OK;
    const ix_params *t = ix_model_params(r->model);
    float *given = NULL;

    if (!r->objective->initial) return IX_OK;
    ix_reward_draw_own(r->job->point, r->model, r->weights);
    const ix_param *own = &t->param[ix_params_find(t, r->objective->extra[0].name)];
    IX_TRY(read_draw(r, own->name, own->cols, &given));
    if (given) memcpy(r->weights + own->offset, given, (size_t)own->cols * sizeof *given);
done:
    free(given);
    return rc;
}

/* Rows are drawn alike for policy, reference and every run, unless the authors' way is asked for. */
static uint64_t seed_of_rows(const reward *r, rows_of which)
{
    const ix_point *p = r->job->point;
    return p->settings.compat.new_rows ? 2 * (uint64_t)p->seed + (uint64_t)which.stream : 0;
}

/* The folder's weights, rows for added tokens, and the objective's own rows. */
static ix_status load_weights(reward *r, const char *folder, rows_of which)
{
    ix_status rc = IX_OK;
    float *given = NULL;

    IX_TRY(read_draw(r, which.tensor, ix_model_config_of(r->model)->D, &given));
    ix_new_rows rows = {.given = given, .count = r->m->added, .seed = seed_of_rows(r, which)};
    IX_TRY(start_own_rows(r));
    IX_TRY(ix_model_load(r->model, folder, &rows, r->weights));
done:
    free(given);
    return rc;
}

static ix_status open_model(reward *r)
{
    ix_status rc = IX_OK;
    ix_start_enter(r->job->start, IX_STAGE_ALLOCATION);
    IX_TRY(ix_material_model(&r->model, r->m, r->objective, &r->job->point->settings, r->job->grid));
    IX_TRY(ix_model_hold(r->model));
    ix_model_recompute(r->model, r->job->recompute);
    size_t bytes = (size_t)ix_model_params(r->model)->floats * sizeof *r->weights;
    IX_NEED(r->weights = ix_alloc_block(bytes), IX_ENOMEM, "weights: %zu MiB cannot be had", bytes >> 20);
    ix_start_enter(r->job->start, IX_STAGE_WEIGHTS);
    IX_TRY(load_weights(r, r->m->place.folder, policy_rows));
    ix_start_enter(r->job->start, IX_STAGE_OTHER);
done:
    return rc;
}

static ix_status make_sets(reward *r)
{
    ix_status rc = IX_OK;
    r->sets = r->m->sets;
    r->set = calloc((size_t)r->sets + 1, sizeof *r->set);
    r->reference = calloc((size_t)r->sets + 1, sizeof *r->reference);
    IX_NEED(r->set && r->reference, IX_ENOMEM, "evaluation sets: out of memory");
    memcpy(r->set, r->m->set, (size_t)r->sets * sizeof *r->set);
done:
    return rc;
}

/* --- reference -------------------------------------------------------------------------------------------- */

static ix_status take_set(ix_judged_set *set, const ix_pairs *pairs, ix_pair_result **result)
{
    *result = calloc((size_t)ix_pairs_count(pairs) + 1, sizeof **result);
    *set = (ix_judged_set){.pairs = pairs, .result = *result};
    return *result ? IX_OK : ix_fail(IX_ENOMEM, "reference: out of memory");
}

/* The training pairs and all sets, in one list. */
static ix_status list_sets(reward *r, ix_judged_set **out, int *n)
{
    ix_status rc = IX_OK;
    ix_judged_set *list = calloc((size_t)r->sets + 1, sizeof *list);

    *out = list;
    *n = 0;
    IX_NEED(list, IX_ENOMEM, "reference: out of memory");
    if (r->m->train) IX_TRY(take_set(&list[(*n)++], r->m->train, &r->train_reference));
    for (int i = 0; i < r->sets; i++) {
        IX_TRY(take_set(&list[(*n)++], r->set[i].pairs, &r->reference[i]));
        r->set[i].reference = r->reference[i];
    }
done:
    return rc;
}

static bool reference_rows_given(const ix_material *m)
{
    return m->draws && ix_safetensors_find(m->draws, reference_rows.tensor);
}

static bool has_reference(const reward *r)
{
    return r->objective->needs_reference && strcmp(r->job->point->settings.training.reference, "none") != 0;
}

/* Is the reference another model than the policy at its start: another folder, or other rows for added tokens? */
static bool reference_differs(const reward *r)
{
    const ix_material *m = r->m;
    bool drawn_apart = m->added > 0 && r->job->point->settings.compat.new_rows;
    return m->reference.folder[0] || reference_rows_given(m) || drawn_apart;
}

static ix_status load_reference(reward *r)
{
    const ix_material *m = r->m;
    bool apart = reference_rows_given(m) || r->job->point->settings.compat.new_rows;
    const char *folder = m->reference.folder[0] ? m->reference.folder : m->place.folder;
    return load_weights(r, folder, apart ? reference_rows : policy_rows);
}

static ix_status open_cache(reward *r)
{
    ix_reference how = {.grid = r->job->grid,
                        .model = r->model,
                        .weights = r->weights,
                        .share_prompt = r->job->point->settings.speed.share_prompts,
                        .pack_tokens = ix_train_pack_tokens(r->model),
                        .saver = r->saver};
    const ix_settings *s = &r->job->point->settings;
    ix_status rc = ix_reference_cache_open(&r->cache, &how, s->output, s->speed.reference_cache);
    r->cache.start = r->job->start;
    return rc;
}

/* A reference of its own borrows the block of weights before the policy's are read into it. */
static ix_status judge_references(reward *r)
{
    ix_status rc = IX_OK;
    bool differs = reference_differs(r);
    ix_judged_set *list = NULL;
    int n;

    ix_looked_at at = {.model = r->model, .weights = r->weights, .reference = true, .saver = r->saver};

    if (!has_reference(r)) return IX_OK;
    IX_TRY(ix_grid_agree(r->job->grid, IX_GROUP, list_sets(r, &list, &n)));
    if (differs) IX_TRY(ix_grid_agree(r->job->grid, IX_GROUP, load_reference(r)));
    IX_TRY(ix_grid_agree(r->job->grid, IX_GROUP, open_cache(r)));
    IX_TRY(ix_reference_cache_judge(&r->cache, list, n));
    ix_start_enter(r->job->start, IX_STAGE_APART);
    if (r->examination) IX_TRY(r->examination->look(r->examined, &at));
    ix_start_enter(r->job->start, IX_STAGE_OTHER);
    if (differs) IX_TRY(ix_grid_agree(r->job->grid, IX_GROUP, load_weights(r, r->m->place.folder, policy_rows)));
done:
    free(list);
    return rc;
}

/* --- what the task finds out beside rewards ----------------------------------------------------------------- */

/* Of language models only. What an earlier launch found out comes back. */
static ix_status open_examination(reward *r)
{
    const struct ix_examination *e = ix_task_find(r->job->point->settings.task)->examination;
    if (!e || r->objective->reads != IX_READ_RESPONSE_LOGP) return IX_OK;
    ix_status rc = e->open(&r->examined, r->m, r->job);
    if (rc != IX_OK || !r->examined) return rc;
    r->examination = e;
    if (ix_saver_found(r->saver)) rc = e->restore(r->examined, r->saver);
    return rc;
}

static ix_status on_finished(void *context, ix_status (*save)(void *saving, ix_saver_wish wish), void *saving)
{
    reward *r = context;
    ix_looked_at at = {.model = r->model, .weights = r->weights, .saver = r->saver, .save = save, .saving = saving};
    return r->examination->look(r->examined, &at);
}

static ix_status on_save(void *context, ix_moment *moment)
{
    reward *r = context;
    ix_status rc = r->recorded.save(r->recorded.context, moment);
    return rc == IX_OK ? ix_grid_agree(r->job->grid, IX_GROUP, r->examination->save(r->examined, moment)) : rc;
}

static ix_status on_step(void *context, const ix_step_record *record)
{
    reward *r = context;
    return r->recorded.step(r->recorded.context, record);
}

static ix_status on_evaluated(void *context, const ix_eval_record *record)
{
    reward *r = context;
    return r->recorded.evaluated(r->recorded.context, record);
}

static ix_status on_restore(void *context, const ix_saver *saver)
{
    reward *r = context;
    return r->recorded.restore(r->recorded.context, saver);
}

/* The record's observer, and the examination's where there is one. */
static ix_observer observer_of(reward *r)
{
    r->recorded = ix_record_observer(r->record);
    if (!r->examination) return r->recorded;
    return (ix_observer){.context = r,
                         .step = on_step,
                         .evaluated = on_evaluated,
                         .save = on_save,
                         .restore = on_restore,
                         .finished = on_finished};
}

/* --- training ----------------------------------------------------------------------------------------------- */

ix_train_settings ix_reward_settings(const ix_material *m, const ix_point *p)
{
    const ix_settings *s = &p->settings;
    const ix_training_settings *t = &s->training;
    return (ix_train_settings){.objective = ix_objective_find(p->objective),
                               .objective_settings = {.beta = t->beta,
                                                      .head_std = t->head_std,
                                                      .verdict = {m->verdict[IX_YES], m->verdict[IX_NO]}},
                               .rule = ix_rule_find(t->optimizer),
                               .optimizer = {t->learning_rate, t->betas[0], t->betas[1], t->eps, t->weight_decay},
                               .clip_norm = t->clip_norm,
                               .rate = (ix_lr_schedule)t->schedule,
                               .cosine_floor = t->cosine_floor,
                               .warmup_steps = t->warmup_steps,
                               .schedule = {.epochs = m->train ? t->epochs : 0,
                                            .pairs_per_step = t->pairs_per_step,
                                            .micro_pairs = t->micro_pairs,
                                            .shuffle = t->shuffle,
                                            .seed = (uint64_t)p->seed,
                                            .trim = s->compat.trim,
                                            .accumulate = s->compat.accumulate},
                               .evaluate_every = s->evaluate.every,
                               .lanes = (int)s->parallel.lanes,
                               .share_prompt = s->speed.share_prompts,
                               .waste = {.last_block = !s->speed.last_block,
                                         .head_rows = !s->speed.head_rows,
                                         .logits = !s->speed.keep_logits,
                                         .frozen_states = !s->speed.frozen_states}};
}

/* What the theory says of the untrained model, checked on every run: a policy that is its own reference has rewards
 * of exactly 0. A run that fails it is not valid. */
static const char *verdict_of(const reward *r)
{
    bool equal = has_reference(r) && !reference_differs(r);
    for (int i = 0; equal && i < r->sets; i++)
        if (!ix_record_started_at_zero(r->record, i)) return "an untrained implicit reward is not exactly 0";
    return "VALID";
}

/* Ordinary tokens that the task added, with blanks between them: what exporting puts into the tokenizer again. */
static ix_status store_tokens(const char *const *tokens, ix_result *result)
{
    char *all = ix_format("%s", *tokens);
    for (tokens++; *tokens; tokens++) {
        char *more = ix_format("%s %s", all, *tokens);
        free(all);
        all = more;
    }
    ix_status rc = ix_result_text(result, "added_tokens", all);
    free(all);
    return rc;
}

/* What the switches of `speed` left out, over the ranks that share the pairs. Collective over them. */
static void sum_savings(reward *r)
{
    const ix_pass_spared *s = &r->spared;
    double mine[SAVINGS] = {(double)s->prompt_tokens,
                            (double)s->block_rows,
                            (double)s->head_rows,
                            (double)s->state_tokens,
                            (double)ix_model_take_recomputed(r->model),
                            (double)ix_model_take_recomputed_rows(r->model)};
    ix_grid_sum_double(r->job->grid, IX_DATA, mine, SAVINGS);
    memcpy(r->saving, mine, sizeof mine);
}

static ix_status store_savings(const reward *r, ix_result *result)
{
    static const struct {
        const char *name, *units, *about;
    } saved[SAVINGS] = {
        {"share_prompts", "tokens", "tokens of prompts that were not computed again for another response"},
        {"last_block", "rows", "rows of the last block that nobody reads and nobody computed"},
        {"head_rows", "rows", "tokens whose logits nobody reads and nobody computed"},
        {"frozen_states", "tokens", "tokens whose hidden states were known, the trunk not being trained"},
        {"logits_computed_twice", "rows", "rows whose logits were not kept and were computed again for the gradient"},
        {"blocks_computed_twice", "rows", "rows of blocks whose activations were computed again for the gradient"}};
    ix_status rc = IX_OK;
    for (int i = 0; rc == IX_OK && i < SAVINGS; i++)
        rc = ix_result_saved(result, saved[i].name, r->saving[i], saved[i].units, saved[i].about);
    return rc;
}

static ix_status fill_result(reward *r, ix_result *result)
{
    ix_status rc = IX_OK;
    const ix_model_config *c = ix_model_config_of(r->model);
    char *absolute = realpath(r->m->place.folder, NULL); /* a later command may be started elsewhere */
    IX_TRY(ix_result_text(result, "verdict", verdict_of(r)));
    IX_TRY(ix_result_text(result, "weights_hash", r->m->folder_hash));
    IX_TRY(ix_result_text(result, "tokenizer_hash", r->m->tokenizer_hash));
    IX_TRY(ix_result_text(result, "format_hash", r->m->chat_hash));
    IX_TRY(ix_result_text(result, "format", r->m->chat_name));
    IX_TRY(ix_result_text(result, "place_model_folder", absolute ? absolute : r->m->place.folder));
    IX_TRY(ix_result_int(result, "parameters", ix_model_params(r->model)->full_floats));
    IX_TRY(ix_result_int(result, "added_rows", r->m->added));
    if (r->m->tokens && r->m->tokens[0]) IX_TRY(store_tokens(r->m->tokens, result));
    IX_TRY(ix_result_int(result, "untied_head", ix_model_untied(r->model)));
    IX_TRY(ix_result_text(result, "storage", ix_model_held(r->model) ? "bf16" : "fp32"));
    IX_TRY(ix_result_int(result, "vocabulary", c->V));
    if (r->m->train) {
        IX_TRY(ix_result_int(result, "train_pairs", ix_pairs_count(r->m->train)));
        IX_TRY(ix_result_int(result, "train_dropped", ix_pairs_dropped(r->m->train)));
    }
    IX_TRY(ix_material_store_about_pairs(r->m, result));
    const ix_settings *s = &r->job->point->settings;
    const char *world = s->data.miniworld;
    if (world) IX_TRY(ix_result_text(result, "world", "miniworld"));
    if (s->quality.set) {
        IX_TRY(ix_result_text(result, "quality_set", s->quality.set));
        IX_TRY(ix_result_real(result, "quality_accuracy", s->quality.accuracy));
    }
    if (has_reference(r)) {
        IX_TRY(ix_result_reals(result, "reference/seconds", NULL, &r->cache.seconds));
        IX_TRY(ix_result_saved(result, "reference_cache", r->cache.saved, "s",
                               "seconds of the reference pass that this run read from OUT/cache instead"));
    }
    IX_TRY(ix_job_store_counts(r->saver, result));
    if (r->examination) IX_TRY(r->examination->store(r->examined, result));
    IX_TRY(store_savings(r, result));
    IX_TRY(ix_speed_store(&r->sum, result));
    IX_TRY(ix_speed_store_start(r->job->start, result));
done:
    free(absolute);
    return rc;
}

static ix_status keep_weights(const reward *r)
{
    ix_status rc = IX_OK;
    float *whole = NULL;

    if (!r->job->point->settings.checkpoint.final_weights || ix_grid_rank(r->job->grid, IX_DATA) > 0) return IX_OK;
    IX_TRY(ix_weights_whole(&whole, r->job->grid, r->model, r->weights));
    if (r->job->result) IX_TRY(ix_weights_write(r->job->folder, r->job->names->run, r->model, r->weights, whole));
done:
    free(whole);
    return rc;
}

ix_status ix_reward_run(const ix_material *m, const ix_job *job)
{
    ix_status rc = IX_OK;
    reward r = {.m = m, .job = job, .objective = ix_objective_find(job->point->objective)};

    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, open_model(&r)));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, make_sets(&r)));
    IX_TRY(ix_job_saver(&r.saver, job));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, open_examination(&r)));
    IX_TRY(judge_references(&r));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, ix_record_create(&r.record, job->grid, r.set, r.sets, job->watcher)));
    ix_train_settings s = ix_reward_settings(m, job->point);
    s.saver = r.saver;
    s.spared = &r.spared;
    s.speed = &r.speed;
    s.start = job->start;
    ix_observer observer = observer_of(&r);
    IX_TRY(
        ix_train(job->grid, &s, r.model, r.weights, m->train, r.train_reference, m->order, r.set, r.sets, &observer));
    IX_TRY(ix_record_store(r.record, job->result));
    sum_savings(&r);
    IX_TRY(ix_speed_sum(&r.sum, job->grid, &r.speed));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, job->result ? fill_result(&r, job->result) : IX_OK));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, keep_weights(&r)));
done:
    close_reward(&r);
    return rc;
}
