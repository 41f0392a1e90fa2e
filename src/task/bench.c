/* SPDX-License-Identifier: Apache-2.0 */
#include "task/bench.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "comm/lanes.h"
#include "objective/objective.h"
#include "train/judge.h"

ix_status ix_bench_create(ix_bench **out, ix_start *start)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return ix_fail(IX_ENOMEM, "suite: out of memory");
    (*out)->start = start;
    for (int form = 0; form < IX_FORMS; form++) {
        (*out)->m[form].weights_needed = true;
        (*out)->m[form].start = start;
    }
    return IX_OK;
}

void ix_bench_without_weights(ix_bench *bench)
{
    for (int form = 0; form < IX_FORMS; form++) bench->m[form].weights_needed = false;
}

void ix_bench_destroy(ix_bench **bench)
{
    if (!*bench) return;
    for (int form = 0; form < IX_FORMS; form++) ix_material_close(&(*bench)->m[form]);
    ix_corpus_close(&(*bench)->c);
    free(*bench);
    *bench = NULL;
}

const ix_material *ix_bench_material(const ix_bench *b)
{
    return &b->m[b->form];
}

static const char *contents(const ix_bench *b)
{
    if (b->bare) return "";
    return b->task->sets ? ix_bench_material(b)->contents : b->c.contents;
}

/* --- names ---------------------------------------------------------------------------------------------- */

/* The last part of a path or name, in characters that files like. */
static void add_slug(char *out, size_t capacity, const char *text)
{
    const char *slash = strrchr(text, '/');
    size_t n = strlen(out);
    if (slash && slash[1]) text = slash + 1;
    if (!*text || n + 2 >= capacity) return;
    if (n) out[n++] = '-';
    for (; *text && n + 1 < capacity; text++)
        out[n++] = isalnum((unsigned char)*text) || *text == '.' || *text == '_' ? *text : '_';
    out[n] = 0;
}

static void hash_of(char hex[IX_HASH_HEX], const ix_bench *b, const ix_point *point, ix_echo what)
{
    char *echo = ix_point_echo(point, what);
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, echo);
    ix_hash_add_text(h, contents(b));
    const ix_objective *o = what != IX_ECHO_TWIN ? ix_objective_find(point->objective) : NULL;
    const char *reference = ix_bench_material(b)->reference_hash;
    if (o && o->needs_reference && reference[0]) ix_hash_add_text(h, reference);
    ix_hash_end(h, hex);
    free(echo);
}

static void hash_of_model(char hex[IX_HASH_HEX], const ix_bench *b)
{
    const ix_material *m = ix_bench_material(b);
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, b->task->sets && !b->bare ? m->folder_hash : "");
    ix_hash_add_text(h, b->task->sets && !b->bare ? m->reference_hash : "");
    ix_hash_end(h, hex);
}

static void name_run(ix_run_names *names, const ix_bench *b, const ix_point *point)
{
    enum { ROOM = 120 };
    char slug[ROOM] = "", seed[32], hex[IX_HASH_HEX];
    add_slug(slug, ROOM, point->part);
    add_slug(slug, ROOM, point->model);
    add_slug(slug, ROOM, point->varied);
    snprintf(seed, sizeof seed, "s%lld", (long long)point->seed);
    hash_of(hex, b, point, IX_ECHO_TWIN);
    snprintf(names->twin, sizeof names->twin, "%s-%s-%.12s", slug, seed, hex);
    add_slug(slug, ROOM, point->objective);
    snprintf(names->data, sizeof names->data, "%.12s", contents(b));
    hash_of_model(hex, b);
    snprintf(names->model, sizeof names->model, "%.12s", hex);
    hash_of(hex, b, point, IX_ECHO_ANSWER);
    snprintf(names->run, sizeof names->run, "%s-%s-%.12s", slug, seed, hex);
    hash_of(hex, b, point, IX_ECHO_SETTINGS);
    snprintf(names->settings, sizeof names->settings, "%s-%.12s", slug, hex);
}

/* --- preparing ------------------------------------------------------------------------------------------- */

/* Does the task look at a model, training none by steps? */
static bool looks_on(const ix_bench *b)
{
    return b->task->run && !b->task->steps;
}

/* Whose model a point has. A task that looks at hidden states and head needs IM-RM's. */
static const ix_objective *objective_of(const ix_bench *b, const ix_point *point)
{
    return ix_objective_find(looks_on(b) ? "im_rm" : point->objective);
}

ix_status ix_bench_model(ix_model **out, const ix_bench *b, const ix_point *point, const ix_grid *grid)
{
    if (!b->task->sets) return ix_corpus_model(out, &b->c, point, grid);
    const ix_objective *objective = objective_of(b, point);
    if (!objective) return ix_fail(IX_EINPUT, "objective %s is not known", point->objective);
    return ix_material_model(out, ix_bench_material(b), objective, &point->settings, grid);
}

/* lanes: auto is 8 where the gradient buffers that lanes cost on one rank (log2 8 = 3) stay below 256 MB. */
static ix_status resolve(const ix_bench *b, ix_point *point)
{
    ix_model *model = NULL;
    ix_settings *s = &point->settings;
    if (looks_on(b) && !s->parallel.lanes) s->parallel.lanes = 1;
    if (b->task->steps && !s->scaling.most_ranks) s->scaling.most_ranks = ix_comm_ranks();
    if (b->bare) return IX_OK;
    ix_status rc = ix_bench_model(&model, b, point, NULL);
    if (rc != IX_OK) return rc;
    if (b->task->sets) IX_TRY(ix_material_check(ix_bench_material(b), model, objective_of(b, point)));
    int64_t bytes = (ix_model_params(model)->floats + ix_model_params(model)->bf16) * (int64_t)sizeof(float);
    if (!s->parallel.lanes) s->parallel.lanes = 3 * bytes < ((int64_t)256 << 20) ? 8 : 1;
    if (s->compat.clip) s->training.clip_norm = 1;
done:
    ix_model_destroy(&model);
    return rc;
}

/* Keys whose other values this version does not know how to follow: refused, never ignored. */
static ix_status refuse_unavailable(const ix_suite *suite, const ix_settings *s)
{
    ix_status rc = IX_OK;
    IX_NEED(s->parallel.optimizer_shards, IX_EINPUT,
            "%s: parallel.optimizer_shards: the optimizer's state is always shared out; only true is possible",
            suite->path);
done:
    return rc;
}

static ix_status prepare_material(ix_bench *b, const ix_suite *suite, const ix_point *point)
{
    const ix_objective *objective = objective_of(b, point);
    if (!objective) return ix_fail(IX_EINPUT, "objective %s is not known", point->objective);
    b->form = objective->form;
    return ix_material_prepare(&b->m[b->form], b->form, b->task, suite, point);
}

static ix_status prepare(ix_bench *b, const ix_suite *suite, ix_point *point, ix_run_names *names)
{
    ix_status rc = IX_OK;
    b->task = ix_task_find(point->settings.task);
    IX_NEED(b->task, IX_EINPUT, "%s: task %s is not there yet; there are %s", suite->path, point->settings.task,
            ix_task_names());
    IX_TRY(refuse_unavailable(suite, &point->settings));
    b->bare = b->task->bare && b->task->bare(point);
    b->form = IX_FORM_PAIR;
    if (b->bare) ix_material_close(&b->m[b->form]);
    else if (b->task->sets) IX_TRY(prepare_material(b, suite, point));
    else IX_TRY(ix_corpus_prepare(&b->c, suite, point));
    IX_TRY(resolve(b, point));
    *names = (ix_run_names){0};
    if (!ix_bench_material(b)->weightless) name_run(names, b, point);
done:
    return rc;
}

ix_status ix_bench_prepare(ix_bench *b, const ix_suite *suite, ix_point *point, ix_run_names *names)
{
    ix_stage before = ix_start_enter(b->start, IX_STAGE_DATA);
    ix_status rc = prepare(b, suite, point, names);
    ix_start_enter(b->start, before);
    return rc;
}

ix_status ix_bench_run(ix_bench *b, const ix_job *job)
{
    if (b->task->run) return b->task->run(b, job);
    return b->task->sets ? ix_reward_run(ix_bench_material(b), job) : ix_corpus_run(&b->c, job);
}
