/* SPDX-License-Identifier: Apache-2.0
 *
 * pretrain.c - next-token training on the embedded world's corpus: the recipe of the weights that the project ships.
 * Leaves a Hugging Face folder in OUT/<suite>/<run_id>/model. */
#include "train/pretrain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "task/bench.h"
#include "task/speed.h"
#include "task/weights.h"

const ix_task ix_task_pretrain = {.name = "pretrain"};

void ix_corpus_close(ix_corpus_material *c)
{
    ix_miniworld_close(&c->world);
    ix_corpus_free(&c->corpus);
    free(c->key);
    *c = (ix_corpus_material){0};
}

static void hash_corpus(ix_corpus_material *c)
{
    ix_hash *h = ix_hash_begin();
    if (!c->world) ix_hash_add_text(h, "lessons about graphs"); /* the plan and its seed are settings */
    for (int32_t i = 0; c->world && i < ix_miniworld_size(c->world); i++)
        ix_hash_add_text(h, ix_miniworld_word(c->world, i));
    ix_hash_add(h, c->corpus.token, (size_t)c->corpus.tokens * sizeof *c->corpus.token);
    ix_hash_end(h, c->contents);
}

static int32_t id_of(const ix_corpus_material *c, const char *word, int32_t of_graphs)
{
    return c->world ? ix_miniworld_find(c->world, word) : of_graphs;
}

static ix_model_config config_of(const ix_corpus_material *c, const ix_pretrain_settings *p)
{
    return (ix_model_config){.model_type = "llama",
                             .V = c->world ? ix_miniworld_size(c->world) : IX_GRAPH_WORDS,
                             .D = (int)p->width,
                             .layers = (int)p->layers,
                             .H = (int)p->heads,
                             .G = (int)p->kv_heads,
                             .K = (int)(p->width / p->heads),
                             .F = (int)p->ffn,
                             .eps = (float)p->norm_eps,
                             .positions = (int)p->positions,
                             .tied = p->tied,
                             .rope_theta = p->rope_theta,
                             .initializer_range = p->init_std,
                             .bos = -1,
                             .pad = id_of(c, "<pad>", IX_GRAPH_PAD),
                             .eos = {id_of(c, "<eos>", IX_GRAPH_END)},
                             .eos_count = 1,
                             .dtype = "float32"};
}

ix_status ix_corpus_model(ix_model **out, const ix_corpus_material *c, const ix_point *point, const ix_grid *grid)
{
    ix_model_wish wish = {.head = true, .grid = grid};
    ix_model_config config = config_of(c, &point->settings.pretrain);
    return ix_model_create_config(out, &config, &wish);
}

static ix_status open_world(ix_corpus_material *c, const ix_suite *suite, const ix_point *point)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &point->settings;
    char path[4096];

    IX_TRY(ix_find_data(path, sizeof path, suite, s->data.lexicon));
    IX_TRY(ix_miniworld_open(&c->world, path));
    uint64_t seed = (uint64_t)(s->pretrain.corpus_seed + point->seed);
    IX_TRY(ix_miniworld_corpus(&c->corpus, c->world, seed, s->pretrain.tokens));
done:
    return rc;
}

ix_status ix_corpus_prepare(ix_corpus_material *c, const ix_suite *suite, const ix_point *point)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &point->settings;
    char *key = ix_format("%s\n%lld\n%s", point->part, (long long)point->seed, point->varied);

    if (c->key && !strcmp(c->key, key)) goto done;
    ix_corpus_close(c);
    if (!strcmp(s->pretrain.corpus, "hamiltonian")) IX_TRY(ix_lessons_parse(&c->lessons, s->pretrain.lessons));
    else IX_TRY(open_world(c, suite, point));
    ix_model_config config = config_of(c, &s->pretrain);
    IX_TRY(ix_model_check_split(&config, s->parallel.tensor ? s->parallel.tensor : 1));
    hash_corpus(c);
    c->key = key;
    key = NULL;
done:
    free(key);
    if (rc != IX_OK) ix_corpus_close(c);
    return rc;
}

int64_t ix_corpus_steps(const ix_corpus_material *c, const ix_settings *s)
{
    if (!c->world) return ix_lessons_steps(&c->lessons);
    return (c->corpus.tokens - 1) / s->pretrain.row_tokens / s->pretrain.rows_per_step * s->training.epochs;
}

/* --- one run ------------------------------------------------------------------------------------------------- */

typedef struct {
    const ix_corpus_material *c;
    const ix_job *job;
    ix_model *model;
    float *weights;
    double *loss, *norm, *rate, *seconds; /* [steps], seconds [steps, IX_PHASE_COUNT] */
    int64_t *tokens, steps, done;
    ix_saver *saver;
} pretraining;

static void close_run(pretraining *r)
{
    ix_saver_destroy(&r->saver);
    ix_model_destroy(&r->model);
    free(r->weights);
    free(r->loss);
    free(r->norm);
    free(r->rate);
    free(r->seconds);
    free(r->tokens);
}

static ix_status open_run(pretraining *r)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &r->job->point->settings;
    r->steps = ix_corpus_steps(r->c, s);
    size_t n = (size_t)r->steps + 1;

    ix_start_enter(r->job->start, IX_STAGE_ALLOCATION);
    IX_TRY(ix_corpus_model(&r->model, r->c, r->job->point, r->job->grid));
    ix_model_recompute(r->model, r->job->recompute);
    r->weights = ix_alloc_block((size_t)ix_model_params(r->model)->floats * sizeof *r->weights);
    r->loss = calloc(n, sizeof *r->loss);
    r->norm = calloc(n, sizeof *r->norm);
    r->rate = calloc(n, sizeof *r->rate);
    r->tokens = calloc(n, sizeof *r->tokens);
    r->seconds = calloc(n * IX_PHASE_COUNT, sizeof *r->seconds);
    IX_NEED(r->weights && r->loss && r->norm && r->rate && r->tokens && r->seconds, IX_ENOMEM,
            "pretraining: out of memory");
    ix_start_enter(r->job->start, IX_STAGE_WEIGHTS);
    ix_model_draw(r->model, (uint64_t)r->job->point->seed, s->pretrain.init_std, r->weights);
    ix_start_enter(r->job->start, IX_STAGE_OTHER);
done:
    return rc;
}

static ix_status seen(void *context, const ix_pretrain_record *p)
{
    pretraining *r = context;
    IX_CONTRACT(p->step < r->steps);
    r->loss[p->step] = p->loss;
    r->norm[p->step] = p->gradient_norm;
    r->rate[p->step] = p->learning_rate;
    r->tokens[p->step] = p->tokens;
    memcpy(r->seconds + p->step * IX_PHASE_COUNT, p->seconds, IX_PHASE_COUNT * sizeof *r->seconds);
    r->done = p->step + 1;
    ix_progress(r->done == r->steps, "%s: step %lld of %lld, loss %.4f", r->job->names->run, (long long)r->done,
                (long long)r->steps, p->loss);
    return IX_OK;
}

static ix_status on_save(void *context, ix_moment *m)
{
    const pretraining *r = context;
    ix_status rc = ix_moment_doubles(m, "record/loss", r->done, r->loss);
    if (rc == IX_OK) rc = ix_moment_doubles(m, "record/norm", r->done, r->norm);
    if (rc == IX_OK) rc = ix_moment_doubles(m, "record/rate", r->done, r->rate);
    if (rc == IX_OK) rc = ix_moment_ints(m, "record/tokens", r->done, r->tokens);
    if (rc == IX_OK) rc = ix_moment_doubles(m, "record/seconds", r->done * IX_PHASE_COUNT, r->seconds);
    return ix_grid_agree(r->job->grid, IX_GROUP, rc);
}

static ix_status take(const ix_saver *saver, const char *name, ix_array_kind kind, int64_t n, void *out)
{
    const ix_array *a;
    ix_status rc = ix_arrays_need(&a, ix_saver_arrays(saver), name, kind, n, ix_saver_place(saver));
    if (rc == IX_OK && n) memcpy(out, a->values, (size_t)n * sizeof(double));
    return rc;
}

static ix_status on_restore(void *context, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    pretraining *r = context;
    int64_t n = ix_saver_step(saver);

    _Static_assert(sizeof(int64_t) == sizeof(double), "both are 8 bytes");
    IX_NEED(n <= r->steps, IX_EINPUT, "%s: has %lld steps of %lld", ix_saver_place(saver), (long long)n,
            (long long)r->steps);
    IX_TRY(take(saver, "record/loss", IX_DOUBLES, n, r->loss));
    IX_TRY(take(saver, "record/norm", IX_DOUBLES, n, r->norm));
    IX_TRY(take(saver, "record/rate", IX_DOUBLES, n, r->rate));
    IX_TRY(take(saver, "record/tokens", IX_INTS, n, r->tokens));
    IX_TRY(take(saver, "record/seconds", IX_DOUBLES, n * IX_PHASE_COUNT, r->seconds));
    r->done = n;
done:
    return rc;
}

static ix_pretraining settings_of(const ix_point *point)
{
    const ix_settings *s = &point->settings;
    const ix_training_settings *t = &s->training;
    return (ix_pretraining){.rule = ix_rule_find(t->optimizer),
                            .optimizer = {t->learning_rate, t->betas[0], t->betas[1], t->eps, t->weight_decay},
                            .clip_norm = t->clip_norm,
                            .rate = (ix_lr_schedule)t->schedule,
                            .cosine_floor = t->cosine_floor,
                            .warmup_steps = t->warmup_steps,
                            .epochs = t->epochs,
                            .row_tokens = s->pretrain.row_tokens,
                            .rows_per_step = s->pretrain.rows_per_step,
                            .seed = (uint64_t)(s->pretrain.order_seed + point->seed),
                            .lanes = (int)s->parallel.lanes};
}

/* Rank 0's own phases: pretraining is judged by its loss, its imbalance is not of interest. */
static ix_status fill_result(const pretraining *r)
{
    ix_status rc = IX_OK;
    ix_result *out = r->job->result;
    const int64_t shape[] = {r->steps, 1, IX_PHASE_COUNT}, one = 1;
    const char *host = ix_comm_host();
    IX_TRY(ix_result_text(out, "verdict", "VALID"));
    IX_TRY(ix_result_text(out, "weights_hash", r->c->contents));
    IX_TRY(ix_result_text(out, "world", r->c->world ? "miniworld" : "graphs"));
    IX_TRY(ix_result_int(out, "parameters", ix_model_params(r->model)->full_floats));
    IX_TRY(ix_result_texts(out, "hosts", &one, &host));
    IX_TRY(ix_result_reals(out, "train/loss", &r->steps, r->loss));
    IX_TRY(ix_result_reals(out, "train/gradient_norm", &r->steps, r->norm));
    IX_TRY(ix_result_reals(out, "train/learning_rate", &r->steps, r->rate));
    IX_TRY(ix_result_ints(out, "train/tokens", &r->steps, r->tokens));
    IX_TRY(ix_result_reals(out, "train/time", shape, r->seconds));
    IX_TRY(ix_job_store_counts(r->saver, out));
    IX_TRY(ix_speed_store_start(r->job->start, out));
done:
    return rc;
}

static ix_status write_model(const pretraining *r, const float *weights)
{
    ix_status rc = IX_OK;
    char *tokenizer = ix_format("%s/%s/tokenizer", r->job->folder, r->job->names->run);
    char *model = ix_format("%s/%s/model", r->job->folder, r->job->names->run);

    IX_TRY(r->c->world ? ix_miniworld_write_tokenizer(r->c->world, tokenizer) : ix_graph_write_tokenizer(tokenizer));
    ix_folder_forget(model); /* of a launch that ended before the result was there */
    IX_TRY(ix_weights_export(model, r->model, weights, &(ix_folder_tokenizer){.from = tokenizer}, -1));
    ix_note("%s: a model folder, loss %.4f at the end", model, r->steps ? r->loss[r->steps - 1] : 0);
done:
    free(tokenizer);
    free(model);
    return rc;
}

static int64_t next_rows(void *context, int64_t rows, int32_t *token, float *weight, int64_t *at, int64_t *of)
{
    ix_lesson_source *s = context;
    int length = ix_lessons_next(s, rows, token, weight);
    *at = s->step - 1;
    *of = s->plan.lesson[s->at].steps;
    return length;
}

ix_status ix_corpus_run(const ix_corpus_material *c, const ix_job *job)
{
    ix_status rc = IX_OK;
    pretraining r = {.c = c, .job = job};
    ix_pretraining s = settings_of(job->point);
    ix_lesson_source lessons =
        ix_lessons_begin(&c->lessons, (uint64_t)(job->point->settings.pretrain.corpus_seed + job->point->seed));
    const ix_made_rows made = {ix_lessons_steps(&c->lessons), IX_LESSON_ROW, next_rows, &lessons};
    float *whole = NULL;

    const ix_pretrain_observer observer = {.context = &r, .step = seen, .save = on_save, .restore = on_restore};
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, open_run(&r)));
    IX_TRY(ix_job_saver(&r.saver, job));
    s.saver = r.saver;
    s.start = job->start;
    if (!c->world) s.made = &made;
    IX_TRY(ix_pretrain(job->grid, &s, r.model, r.weights, c->corpus.token, c->corpus.tokens, &observer));
    if (ix_grid_rank(job->grid, IX_DATA) == 0) rc = ix_weights_whole(&whole, job->grid, r.model, r.weights);
    if (rc == IX_OK && job->result) rc = fill_result(&r);
    if (rc == IX_OK && job->result) rc = write_model(&r, whole ? whole : r.weights);
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, rc));
done:
    free(whole);
    close_run(&r);
    return rc;
}
