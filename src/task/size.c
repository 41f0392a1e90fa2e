/* SPDX-License-Identifier: Apache-2.0
 *
 * size.c - how large a run is before it runs: tokens, parameters, memory. */
#include <stdlib.h>

#include "comm/lanes.h"
#include "model/work.h"
#include "objective/pass.h"
#include "task/bench.h"
#include "train/judge.h"
#include "train/pretrain.h"

/* --- tokens -------------------------------------------------------------------------------------- */

static int64_t response_tokens(const ix_pairs *pairs)
{
    int64_t sum = 0;
    for (int64_t i = 0; pairs && i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        sum += p.response_size[IX_CHOSEN] + p.response_size[IX_REJECTED];
    }
    return sum;
}

static void count_pairs(ix_run_size *z, const ix_material *m, const ix_settings *s)
{
    const ix_training_settings *t = &s->training;
    z->train_pairs = m->train ? ix_pairs_count(m->train) : 0;
    z->train_tokens = m->train ? ix_pairs_tokens(m->train) : 0;
    z->response_tokens = response_tokens(m->train);
    z->longest_pair = m->train ? ix_longest_pair(m->train, s->speed.share_prompts) : 0;
    int64_t per_epoch = (z->train_pairs + t->pairs_per_step - 1) / t->pairs_per_step;
    z->steps = per_epoch * t->epochs;
    z->evaluations = 1 + (s->evaluate.every ? z->steps / s->evaluate.every : t->epochs);
    for (int i = 0; i < m->sets; i++) {
        z->eval_pairs += ix_pairs_count(m->pairs[i]);
        z->eval_tokens += ix_pairs_tokens(m->pairs[i]);
        z->eval_response_tokens += response_tokens(m->pairs[i]);
        int64_t n = ix_longest_pair(m->pairs[i], s->speed.share_prompts);
        if (n > z->longest_pair) z->longest_pair = n;
    }
}

static void count_corpus(ix_run_size *z, const ix_corpus_material *c, const ix_settings *s)
{
    z->steps = ix_corpus_steps(c, s);
    z->longest_pair = c->world ? s->pretrain.row_tokens + 1 : IX_LESSON_ROW;
    z->train_tokens = c->world ? c->corpus.tokens : z->steps * s->pretrain.rows_per_step * IX_LESSON_ROW / 2;
    z->response_tokens = z->train_tokens;
}

/* --- memory -------------------------------------------------------------------------------------- */

/* Blocks come in pages of 2 MiB, where they are large (ix_alloc_block). */
static size_t paged(size_t bytes)
{
    const size_t huge = (size_t)2 << 20;
    return bytes >= 2 * huge ? (bytes + huge - 1) / huge * huge : bytes;
}

/* Tokens of the largest pack of training and judging. */
static int64_t room_of(const ix_bench *b, const ix_settings *s, int64_t pack_tokens)
{
    const ix_material *m = ix_bench_material(b);
    int64_t room = pack_tokens;
    int64_t row = b->c.world ? s->pretrain.row_tokens : IX_LESSON_ROW - 1;
    if (!b->task->sets) return ix_pretrain_room(pack_tokens, row, s->pretrain.rows_per_step);
    const ix_pairs **list = calloc((size_t)m->sets + 1, sizeof *list);
    IX_CONTRACT(list);
    for (int i = 0; i < m->sets; i++) list[i] = m->pairs[i];
    list[m->sets] = m->train;
    room = ix_pack_room(pack_tokens, list, m->sets + 1, s->speed.share_prompts);
    free(list);
    return m->order && room < pack_tokens ? pack_tokens : room;
}

/* Texts and ids stay, and for every pair what training, judging and the reference say of it. */
static size_t texts_bytes(const ix_run_size *z)
{
    enum { OF_TOKEN = 10, OF_PAIR = 800 };
    return (size_t)(OF_TOKEN * (z->train_tokens + z->eval_tokens) + OF_PAIR * (z->train_pairs + z->eval_pairs));
}

static ix_memory memory_of(const ix_model *model, const ix_settings *s, int data, int64_t tokens)
{
    const ix_rule *rule = ix_rule_find(s->training.optimizer);
    int64_t floats = ix_model_params(model)->floats, trained = ix_span_size(ix_model_trained(model));
    int lanes = s->parallel.lanes > data ? (int)s->parallel.lanes : data;
    ix_model_memory train = ix_model_needs(model, tokens, true), judge = ix_model_needs(model, tokens, false);
    size_t pass = paged(ix_pass_bytes(model, tokens)), share = trained ? (size_t)ix_lanes_share(trained, data, 0) : 0;

    return (ix_memory){.weights =
                           paged((size_t)floats * sizeof(float)) + paged(2 * (size_t)ix_model_params(model)->bf16),
                       .gradients = trained ? ix_lanes_bytes(lanes, data, trained) : 0,
                       .moments = rule ? ix_optimizer_bytes(rule, (int64_t)share) : 0,
                       .activations = paged(train.kept) + pass,
                       .logits = train.logits,
                       .scratch = paged(train.scratch),
                       .judging = paged(judge.kept + judge.logits) + paged(judge.scratch) + pass};
}

/* A task with a run of its own reads what it has once, and trains nothing by steps. */
static void read_once(ix_run_size *z)
{
    z->eval_pairs += z->train_pairs;
    z->eval_tokens += z->train_tokens;
    z->train_pairs = z->train_tokens = z->response_tokens = z->eval_response_tokens = z->steps = 0;
    z->evaluations = 1;
    z->memory.gradients = z->memory.moments = z->memory.activations = z->memory.logits = z->memory.scratch = 0;
    z->most_recomputed = 0;
}

/* A task that times steps: those of one layout, on its own pairs; nothing is judged. */
static void time_steps(ix_run_size *z, const ix_settings *s)
{
    double epochs = (double)s->training.epochs, pairs = (double)z->train_pairs;
    z->steps = (s->scaling.warmup + s->scaling.steps) * s->scaling.rounds;
    double share = (double)(z->steps * s->training.pairs_per_step) / pairs / epochs;
    z->train_tokens = (int64_t)(share * (double)z->train_tokens);
    z->response_tokens = (int64_t)(share * (double)z->response_tokens);
    z->evaluations = z->eval_pairs = z->eval_tokens = z->eval_response_tokens = 0;
}

static void measure(ix_run_size *z, const ix_bench *b, const ix_model *model, const ix_settings *s, int data)
{
    const ix_model_config *c = ix_model_config_of(model);
    const ix_params *t = ix_model_params(model);
    *z = (ix_run_size){.parameters = t->full_floats,
                       .held = t->floats,
                       .trained = ix_span_size(ix_model_trained(model)),
                       .layers = c->layers,
                       .width = c->D,
                       .heads = c->H};
    if (b->task->sets) count_pairs(z, ix_bench_material(b), s);
    else count_corpus(z, &b->c, s);
    ix_work work = ix_model_work(model);
    z->trunk = work.token;
    z->head = work.row;
    z->products = ix_products_of(model, true, z->product);
    z->pack_tokens = ix_pack_budget(model, IX_PACK_BYTES);
    int64_t room = room_of(b, s, z->pack_tokens);
    z->memory = memory_of(model, s, data, room);
    z->most_recomputed = ix_model_most_recomputed(model);
    z->recomputing_saves = ix_model_recomputing_saves(model, room);
    z->memory.texts = texts_bytes(z);
    if (b->task->run && !b->task->steps) read_once(z);
    if (b->task->steps) time_steps(z, s);
}

/* What a look at the language model takes; a reference is looked at as well. */
static ix_status count_texts(ix_run_size *z, const ix_bench *b, const ix_point *point)
{
    ix_status rc = IX_OK;
    const struct ix_examination *e = b->task->examination;
    const ix_objective *o = ix_objective_find(point->objective);
    void *state = NULL;
    if (!e || !o || o->reads != IX_READ_RESPONSE_LOGP) return IX_OK;
    IX_TRY(e->open(&state, ix_bench_material(b), &(ix_job){.point = point}));
    if (state) e->size(state, &z->asked_tokens, &z->written_tokens);
done:
    e->close(&state);
    return rc;
}

ix_status ix_bench_size(const ix_bench *b, const ix_point *point, int data, int tensor, ix_run_size *z)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    ix_grid *shape = NULL;
    if (b->bare) {
        *z = (ix_run_size){.width = 16, .heads = 1, .pack_tokens = 256};
        return IX_OK;
    }
    IX_TRY(ix_grid_create_shape(&shape, data, tensor));
    IX_TRY(ix_bench_model(&model, b, point, shape));
    measure(z, b, model, &point->settings, data);
    IX_TRY(count_texts(z, b, point));
done:
    ix_model_destroy(&model);
    ix_grid_destroy(&shape);
    return rc;
}
