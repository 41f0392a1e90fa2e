/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "objective/objective.h"
#include "task/bench.h"
#include "task/vocabulary.h"

void ix_material_close(ix_material *m)
{
    for (int i = 0; i < m->sets; i++) ix_pairs_destroy(&m->pairs[i]);
    free(m->pairs);
    free(m->set);
    ix_pairs_destroy(&m->train);
    ix_order_destroy(&m->order);
    ix_sets_destroy(&m->texts);
    ix_safetensors_close(&m->draws);
    free(m->key);
    *m = (ix_material){.weights_needed = m->weights_needed, .start = m->start};
}

/* Points that differ in objective and seed only share their material. */
static char *key_of(const ix_point *p)
{
    return ix_format("%s\n%s\n%s", p->part, p->model, p->varied);
}

/* The tokenizer with the tokens that the chat format adds, and the rows that the embedding has then; none when all
 * pairs came as ids, or were drawn as such. */
static ix_status open_text(ix_material *m, const ix_task *task, const ix_settings *s, bool drawn, ix_vocabulary *v)
{
    ix_status rc = IX_OK;
    char path[4200];
    ix_model_config config;

    ix_join_path(path, sizeof path, m->place.folder, "tokenizer.json");
    bool ids = ix_sets_train(m->texts) ? ix_texts_as_ids(ix_sets_train(m->texts)) : false;
    if (drawn || (ids && !ix_file_exists(path))) {
        IX_TRY(ix_model_config_read(&config, m->place.folder));
        m->vocabulary = config.V;
        goto done;
    }
    m->tokens = task->tokens ? task->tokens(s) : NULL;
    IX_TRY(ix_vocabulary_open(v, m->place.folder, m->place.format, m->place.llama_date, m->tokens));
    m->vocabulary = v->rows;
    m->added = v->added;
    snprintf(m->chat_name, sizeof m->chat_name, "%s", ix_chat_name(v->chat));
    ix_chat_hash(v->chat, m->chat_hash);
    ix_tokenizer_hash(v->tok, m->tokenizer_hash);
done:
    return rc;
}

/* "Yes" and "No" must be tokens of their own: nothing else would be the probability of saying so. */
static ix_status find_verdicts(ix_material *m, const ix_vocabulary *v)
{
    static const char *const word[IX_VERDICTS] = {"Yes", "No"};
    ix_status rc = IX_OK;
    ix_ids ids = {0};

    IX_NEED(v->tok, IX_EINPUT, "%s: ex_grm asks about texts, but the pairs came as token ids", m->place.folder);
    for (int i = 0; i < IX_VERDICTS; i++) {
        ids.size = 0;
        IX_TRY(ix_tokenizer_encode(v->tok, word[i], strlen(word[i]), &ids));
        IX_NEED(ids.size == 1 && ids.id[0] == ix_tokenizer_find(v->tok, word[i]), IX_EINPUT,
                "%s: ex_grm needs \"%s\" to be one token, which this tokenizer does not have", m->place.folder,
                word[i]);
        m->verdict[i] = ids.id[0];
    }
done:
    ix_ids_free(&ids);
    return rc;
}

static ix_status tokenize_all(ix_material *m, ix_pair_form form, const ix_settings *s, const ix_vocabulary *v)
{
    ix_status rc = IX_OK;
    ix_limits limits = {.max_prompt = (int32_t)s->data.max_prompt,
                        .max_response = (int32_t)s->data.max_response,
                        .max_sequence = (int32_t)s->data.max_sequence,
                        .too_long = (ix_too_long)s->data.too_long,
                        .vocabulary = m->vocabulary,
                        .count = s->data.train_count,
                        .seed = (uint64_t)s->data.train_seed,
                        .form = form};
    if (form == IX_FORM_VERIFY) IX_TRY(find_verdicts(m, v));
    if (ix_sets_train(m->texts))
        IX_TRY(ix_pairs_tokenize(&m->train, ix_sets_train(m->texts), v->tok, v->chat, &limits));
    limits.seed = 0;
    int n = ix_sets_count(m->texts);
    m->set = calloc((size_t)n + 1, sizeof *m->set);
    m->pairs = calloc((size_t)n + 1, sizeof *m->pairs);
    IX_NEED(m->set && m->pairs, IX_ENOMEM, "evaluation sets: out of memory");
    for (; m->sets < n; m->sets++) {
        const ix_named_set *set = ix_sets_get(m->texts, m->sets);
        limits.count = m->sets < s->data.evaluates ? s->data.evaluate[m->sets].count : 0;
        IX_TRY(ix_pairs_tokenize(&m->pairs[m->sets], set->texts, v->tok, v->chat, &limits));
        m->set[m->sets] = (ix_eval_set){.name = set->name,
                                        .category = ix_category_name(set->category),
                                        .group = set->group,
                                        .pairs = m->pairs[m->sets]};
    }
done:
    return rc;
}

static void hash_contents(ix_material *m)
{
    char hex[IX_HASH_HEX];
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, m->folder_hash);
    ix_hash_add_text(h, m->chat_hash);
    if (m->train) {
        ix_pairs_hash(m->train, hex);
        ix_hash_add_text(h, hex);
    }
    if (m->order) {
        ix_order_hash(m->order, hex);
        ix_hash_add_text(h, hex);
    }
    for (int i = 0; m->draws && i < ix_safetensors_count(m->draws); i++) {
        const ix_tensor_view *t = ix_safetensors_at(m->draws, i);
        ix_hash_add_text(h, t->name);
        ix_hash_add(h, t->bytes, t->size);
    }
    for (int i = 0; i < m->sets; i++) {
        ix_pairs_hash(m->pairs[i], hex);
        ix_hash_add_text(h, m->set[i].name);
        ix_hash_add_text(h, m->set[i].category);
        ix_hash_add_text(h, m->set[i].group);
        ix_hash_add_text(h, hex);
    }
    ix_hash_end(h, m->contents);
}

/* Rows and head that a suite gives instead of drawing them: as many rows as tokens were added. */
static ix_status open_draws(ix_material *m, const ix_suite *suite, const ix_settings *s)
{
    ix_status rc = IX_OK;
    char path[4096];
    static const char *const names[] = {"policy.new_rows", "ref.new_rows"};

    if (!s->model.initial_rows) return IX_OK;
    IX_TRY(ix_find_data(path, sizeof path, suite, s->model.initial_rows));
    IX_TRY(ix_safetensors_open_file(&m->draws, path));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ix_tensor_view *t = ix_safetensors_find(m->draws, names[i]);
        IX_NEED(!t || (t->dims == 2 && t->shape[0] == m->added), IX_EINPUT,
                "%s: %s should be a matrix of %d rows, one for each token that the chat format %s adds", path, names[i],
                m->added, m->chat_name);
    }
    IX_NEED(m->added == 0 || ix_safetensors_find(m->draws, names[0]), IX_EINPUT,
            "%s: policy.new_rows is missing: the chat format %s adds %d tokens", path, m->chat_name, m->added);
done:
    return rc;
}

static bool has_weights(const char *folder)
{
    static const char *const files[] = {"model.safetensors", "model.safetensors.index.json"};
    bool there = false;
    for (int i = 0; i < 2; i++) {
        char *path = ix_format("%s/%s", folder, files[i]);
        there = there || ix_file_exists(path);
        free(path);
    }
    return there;
}

/* A model folder, its identity, and that its weights are numbers: what is wrong is said before anything is written. */
static ix_status find_folder(ix_material *m, ix_model_place *place, char hash[IX_HASH_HEX], const ix_suite *suite,
                             const ix_settings *s, const char *name)
{
    ix_status rc = IX_OK;
    ix_model_config config;
    char path[4200];
    IX_TRY(ix_find_model(place, suite, s, name));
    IX_TRY(ix_model_config_read(&config, place->folder)); /* believed before it is hashed */
    IX_TRY(ix_model_check_split(&config, s->parallel.tensor ? s->parallel.tensor : 1));
    if (m->drawn && !has_weights(place->folder)) {
        ix_join_path(path, sizeof path, place->folder, "config.json");
        return ix_hash_file(path, hash);
    }
    m->drawn = false;
    if (!m->weights_needed && !has_weights(place->folder)) {
        m->weightless = true;
        goto done;
    }
    ix_stage before = ix_start_enter(m->start, IX_STAGE_CHECKSUM);
    rc = ix_folder_hash_numbers(place->folder, hash);
    ix_start_enter(m->start, before);
done:
    return rc;
}

static ix_status find_folders(ix_material *m, const ix_suite *suite, const ix_point *point)
{
    const ix_settings *s = &point->settings;
    ix_status rc = find_folder(m, &m->place, m->folder_hash, suite, s, point->model);
    if (rc != IX_OK || !strcmp(s->training.reference, "initial") || !strcmp(s->training.reference, "none")) return rc;
    return find_folder(m, &m->reference, m->reference_hash, suite, s, s->training.reference);
}

ix_status ix_material_check(const ix_material *m, const ix_model *model, const ix_objective *objective)
{
    if (m->weightless || m->drawn) return IX_OK;
    ix_status rc = ix_model_check(model, m->place.folder);
    if (rc != IX_OK || !objective->needs_reference || !m->reference.folder[0]) return rc;
    rc = ix_vocabulary_check_reference(m->reference.folder, m->vocabulary, m->place.folder);
    return rc == IX_OK ? ix_model_check(model, m->reference.folder) : rc;
}

static ix_status draw_pairs(ix_material *m, const ix_task *task, const ix_settings *s)
{
    ix_status rc = IX_OK;
    ix_model_config config;
    ix_texts *texts = NULL;
    IX_TRY(ix_model_config_read(&config, m->place.folder));
    IX_TRY(task->draw(&texts, &config, s));
    ix_sets_set_train(m->texts, &texts);
done:
    return rc;
}

static ix_status prepare(ix_material *m, ix_pair_form form, const ix_task *task, const ix_suite *suite,
                         const ix_point *point)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &point->settings;
    ix_vocabulary v = {0};
    char path[4096];

    m->drawn = task->draw != NULL;
    IX_TRY(find_folders(m, suite, point));
    IX_TRY(task->sets(&m->texts, suite, s));
    bool drawn = task->draw && !ix_sets_train(m->texts);
    if (drawn) IX_TRY(draw_pairs(m, task, s));
    IX_NEED(ix_sets_train(m->texts) || s->training.epochs == 0, IX_EINPUT,
            "%s: data.train is missing; give one, or training.epochs: 0 to judge only", suite->path);
    IX_TRY(open_text(m, task, s, drawn, &v));
    IX_TRY(tokenize_all(m, form, s, &v));
    if (s->data.order) {
        IX_TRY(ix_find_data(path, sizeof path, suite, s->data.order));
        IX_TRY(ix_order_read(&m->order, path, m->train));
    }
    IX_TRY(open_draws(m, suite, s));
    hash_contents(m);
done:
    ix_vocabulary_close(&v);
    return rc;
}

ix_status ix_material_prepare(ix_material *m, ix_pair_form form, const ix_task *task, const ix_suite *suite,
                              const ix_point *point)
{
    char *key = key_of(point);
    if (m->key && !strcmp(m->key, key)) {
        free(key);
        return IX_OK;
    }
    ix_material_close(m);
    ix_status rc = prepare(m, form, task, suite, point);
    if (rc == IX_OK) {
        m->key = key;
        return rc;
    }
    free(key);
    ix_material_close(m);
    return rc;
}

ix_status ix_material_model(ix_model **out, const ix_material *m, const ix_objective *objective,
                            const ix_settings *settings, const ix_grid *grid)
{
    bool narrow = settings->model.storage == IX_STORAGE_BF16, asks = narrow && settings->training.epochs == 0;
    static const ix_trained trained[] = {[IX_FREEZE_NONE] = IX_TRAIN_ALL,
                                         [IX_FREEZE_BACKBONE] = IX_TRAIN_HEAD,
                                         [IX_FREEZE_UNEMBEDDING] = IX_TRAIN_TRUNK};
    ix_model_wish wish = {.head = ix_objective_reads_head(objective),
                          .vocabulary = m->vocabulary,
                          .extra = objective->extra,
                          .extras = objective->extras,
                          .trained = asks ? IX_TRAIN_NOTHING : trained[settings->training.freeze],
                          .storage = narrow ? IX_BF16 : IX_FP32,
                          .grid = grid};
    return ix_model_create(out, m->place.folder, &wish);
}
