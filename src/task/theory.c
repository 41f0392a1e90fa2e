/* SPDX-License-Identifier: Apache-2.0
 *
 * theory.c - the paper's statements as claims (paper.md 1): on random vectors where the model is "random", else on the
 * hidden states of a model folder and the pairs of a data set. Each part of the theory is one rank's work. */
#include <stdlib.h>
#include <string.h>

#include "task/bench.h"
#include "task/claims_store.h"
#include "task/theory_model.h"
#include "theory/random.h"

typedef struct {
    const ix_job *job;
    ix_random_world *world; /* one of both */
    ix_theory_model *model;
    ix_claims claims; /* of all parts, on the group's first rank */
} theory;

typedef ix_status (*part)(ix_claims *out, const theory *t);

static ix_status random_theorem2(ix_claims *out, const theory *t)
{
    return ix_random_theorem2(out, t->world, t->job->point->settings.theory.steps);
}

static ix_status random_theorem1(ix_claims *out, const theory *t)
{
    return ix_random_theorem1(out, t->world);
}

static ix_status random_dynamics(ix_claims *out, const theory *t)
{
    return ix_random_dynamics(out, t->world);
}

static ix_status random_below_half(ix_claims *out, const theory *t)
{
    return ix_random_below_half(out, t->world);
}

static ix_status model_head(ix_claims *out, const theory *t)
{
    return ix_theory_model_head(out, t->model);
}

static ix_status model_theorem1(ix_claims *out, const theory *t)
{
    return ix_theory_model_theorem1(out, t->model);
}

static ix_status model_dynamics(ix_claims *out, const theory *t)
{
    return ix_theory_model_dynamics(out, t->model);
}

static ix_status model_one_step(ix_claims *out, const theory *t)
{
    return ix_theory_model_one_step(out, t->model);
}

static ix_status model_theorem2(ix_claims *out, const theory *t)
{
    return ix_theory_model_theorem2(out, t->model);
}

static ix_status model_similarity(ix_claims *out, const theory *t)
{
    return ix_theory_model_similarity(out, t->model);
}

static const part random_parts[] = {random_theorem1, random_dynamics, random_theorem2, random_below_half};
static const part model_parts[] = {model_head,     model_theorem1, model_dynamics,
                                   model_one_step, model_theorem2, model_similarity};

enum { PARTS_MOST = 8 };

/* Part i is done by rank i, and so on in turn. */
static bool is_mine(const ix_grid *g, int i)
{
    return i % ix_grid_size(g, IX_GROUP) == ix_grid_rank(g, IX_GROUP);
}

static ix_status do_mine(const theory *t, const part *parts, int n, ix_claims *claims)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < n; i++)
        if (is_mine(t->job->grid, i)) IX_TRY(parts[i](&claims[i], t));
done:
    return rc;
}

/* The claims of one part to the group's first rank. */
static ix_status gather(theory *t, const ix_claims *claims, bool mine)
{
    ix_status rc = IX_OK;
    const ix_grid *g = t->job->grid;
    ix_parts all = {0};
    void *bytes = NULL;
    size_t size = 0;

    if (mine) ix_claims_pack(claims, &bytes, &size);
    IX_TRY(ix_grid_gather_bytes(g, IX_GROUP, 0, bytes, size, &all));
    if (all.offset) ix_claims_append(&t->claims, all.bytes, all.offset[ix_grid_size(g, IX_GROUP)]);
done:
    ix_parts_free(&all);
    free(bytes);
    return rc;
}

/* Collective over the group. The claims stand in the order of the parts, whoever did them. */
static ix_status do_parts(theory *t, const part *parts, int n)
{
    ix_status rc = IX_OK;
    ix_claims claims[PARTS_MOST] = {{0}};
    IX_CONTRACT(n <= PARTS_MOST);
    IX_TRY(ix_grid_agree(t->job->grid, IX_GROUP, do_mine(t, parts, n, claims)));
    for (int i = 0; i < n; i++) IX_TRY(gather(t, &claims[i], is_mine(t->job->grid, i)));
done:
    for (int i = 0; i < n; i++) ix_claims_free(&claims[i]);
    return rc;
}

static ix_status fill_result(const theory *t, const ix_material *m)
{
    ix_status rc = IX_OK;
    ix_result *result = t->job->result;
    const char *host = ix_comm_host();
    const int64_t one = 1;

    IX_TRY(ix_result_text(result, "verdict", "VALID"));
    IX_TRY(ix_result_texts(result, "hosts", &one, &host));
    if (t->model) {
        IX_TRY(ix_result_text(result, "weights_hash", m->folder_hash));
        IX_TRY(ix_result_text(result, "tokenizer_hash", m->tokenizer_hash));
        IX_TRY(ix_result_text(result, "format_hash", m->chat_hash));
        IX_TRY(ix_result_text(result, "format", m->chat_name));
    }
    IX_TRY(ix_claims_store(&t->claims, result));
done:
    return rc;
}

static ix_status open_states(theory *t, const ix_bench *b)
{
    if (!b->bare) return ix_theory_model_create(&t->model, ix_bench_material(b), t->job);
    t->world = ix_random_world_create((uint64_t)t->job->point->seed);
    return IX_OK;
}

static ix_status run(const ix_bench *b, const ix_job *job)
{
    ix_status rc = IX_OK;
    theory t = {.job = job};

    IX_TRY(open_states(&t, b));
    if (b->bare) IX_TRY(do_parts(&t, random_parts, (int)(sizeof random_parts / sizeof *random_parts)));
    else IX_TRY(do_parts(&t, model_parts, (int)(sizeof model_parts / sizeof *model_parts)));
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, job->result ? fill_result(&t, ix_bench_material(b)) : IX_OK));
done:
    ix_claims_free(&t.claims);
    ix_random_world_destroy(&t.world);
    ix_theory_model_destroy(&t.model);
    return rc;
}

static bool is_random(const ix_point *point)
{
    return !strcmp(point->model, "random");
}

/* Pairs as the preference task has them, from the embedded world or from files, else Persona's. */
static ix_status sets(ix_sets **out, const ix_suite *suite, const ix_settings *settings)
{
    const char *from = settings->data.miniworld || settings->data.train ? "preference" : "persona";
    return ix_task_find(from)->sets(out, suite, settings);
}

const ix_task ix_task_theory = {.name = "theory", .sets = sets, .bare = is_random, .run = run};
