/* SPDX-License-Identifier: Apache-2.0 */
#include "task/theory_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "objective/objective.h"
#include "task/theory_states.h"
#include "task/theory_tokens.h"
#include "theory/descent.h"
#include "theory/dynamics.h"
#include "theory/generation.h"
#include "theory/similarity.h"
#include "theory/vectors.h"

enum { OTHERS = 4, SPELLED_LEAST = 8, TEST_PROMPTS = 40, ROWS = IX_SIDES * (IX_SEEN_TOKENS + IX_UNSEEN_TOKENS) };

/* A pair whose responses are looked at token by token. */
typedef struct {
    ix_pair pair;
    int64_t doc[IX_SIDES];
} spelled;

/* Sets of one group, as the report averages them. */
typedef struct {
    const char *name;
    const ix_pairs *pairs[IX_SIMILARITY_GROUPS];
    int sets;
    int64_t n, first; /* pairs; the document of the first one's chosen response: two for each */
    spelled *spelled; /* [spells] the first pairs of all sets */
    int spells;
} group;

/* A prompt with the tokens that may answer it: one document each. */
typedef struct {
    int64_t doc[ROWS]; /* -1: not asked for */
} answered;

struct ix_theory_model {
    const ix_material *m;
    const ix_settings *s;
    uint64_t seed;
    ix_model *model;
    float *weights;
    int64_t D;
    double *u; /* [D] drawn as a fresh head */
    ix_documents docs;
    double *state; /* [docs.states, D] */
    group trained, other[IX_SIMILARITY_GROUPS];
    int others;
    ix_told_tokens told;
    int32_t token[ROWS]; /* seen then unseen, chosen then rejected */
    int side_of[ROWS];
    bool seen[ROWS];
    int tokens;
    answered *train, *test;
    int64_t trains, tests;
};

void ix_theory_model_destroy(ix_theory_model **model)
{
    ix_theory_model *t = *model;
    if (!t) return;
    ix_model_destroy(&t->model);
    free(t->weights);
    free(t->u);
    free(t->trained.spelled);
    for (int g = 0; g < t->others; g++) free(t->other[g].spelled);
    ix_documents_free(&t->docs);
    free(t->state);
    free(t->train);
    free(t->test);
    free(t);
    *model = NULL;
}

static int64_t at_most(int64_t n, int64_t most)
{
    return n < most ? n : most;
}

/* --- which sequences -----------------------------------------------------------------------------------------------
 */

static int64_t add_side(ix_theory_model *t, const ix_pair *p, int side, int32_t from)
{
    int64_t doc = t->docs.docs;
    ix_documents_add(&t->docs, p->prompt, p->prompt_size, p->response[side], p->response_size[side], from);
    return doc;
}

static void add_group(ix_theory_model *t, group *g)
{
    g->first = t->docs.docs;
    for (int k = 0; k < g->sets; k++) {
        int64_t n = at_most(ix_pairs_count(g->pairs[k]), t->s->theory.pairs);
        for (int64_t i = 0; i < n; i++) {
            ix_pair p = ix_pairs_get(g->pairs[k], i);
            for (int side = 0; side < IX_SIDES; side++)
                add_side(t, &p, side, p.prompt_size + p.response_size[side] - 1);
        }
        g->n += n;
    }
}

/* Everything that is no control; and of these Persona's unseen words on the training prompts, as Footnote 3 has them.
 */
static bool is_wanted(const ix_eval_set *set)
{
    return strcmp(set->category, "control") != 0 || !strcmp(set->group, "train-prompts");
}

static void find_groups(ix_theory_model *t)
{
    t->trained = (group){.name = "trained", .pairs = {t->m->train}, .sets = 1};
    for (int i = 0; i < t->m->sets; i++) {
        const ix_eval_set *set = &t->m->set[i];
        int g = 0;
        if (!is_wanted(set)) continue;
        while (g < t->others && strcmp(t->other[g].name, set->group) != 0) g++;
        if (g == IX_SIMILARITY_GROUPS) continue;
        if (g == t->others) t->other[t->others++] = (group){.name = set->group};
        if (t->other[g].sets < IX_SIMILARITY_GROUPS) t->other[g].pairs[t->other[g].sets++] = set->pairs;
    }
}

/* How many pairs of a group are spelled: all of those that are used, where the probabilities at their tokens take no
 * more than 128 MiB, and 8 in any case. */
static int64_t spelled_most(const ix_theory_model *t, const group *g)
{
    const int64_t room = ((int64_t)128 << 20) / (int64_t)sizeof(double) / ix_model_config_of(t->model)->V;
    int64_t tokens = 0;
    for (int side = 0; side < IX_SIDES; side++) tokens += ix_pairs_get(g->pairs[0], 0).response_size[side];
    int64_t most = room / (tokens ? tokens : 1);
    return at_most(most < SPELLED_LEAST ? SPELLED_LEAST : most, g->n);
}

/* As many from each set. */
static ix_status spell(ix_theory_model *t, group *g)
{
    ix_status rc = IX_OK;
    int64_t most = spelled_most(t, g), each = (most + g->sets - 1) / g->sets;
    IX_NEED(g->spelled = calloc((size_t)(each * g->sets) + 1, sizeof *g->spelled), IX_ENOMEM, "theory: out of memory");
    for (int k = 0; k < g->sets; k++)
        for (int64_t i = 0; i < each && i < ix_pairs_count(g->pairs[k]); i++) {
            spelled *s = &g->spelled[g->spells++];
            s->pair = ix_pairs_get(g->pairs[k], i);
            for (int side = 0; side < IX_SIDES; side++)
                s->doc[side] = add_side(t, &s->pair, side, s->pair.prompt_size - 1);
        }
done:
    return rc;
}

static void list_tokens(ix_theory_model *t)
{
    for (int seen = 1; seen >= 0; seen--)
        for (int side = 0; side < IX_SIDES; side++) {
            int n = seen ? t->told.seen_count[side] : t->told.unseen_count[side];
            for (int k = 0; k < n; k++) {
                t->token[t->tokens] = seen ? t->told.seen[side][k] : t->told.unseen[side][k];
                t->side_of[t->tokens] = side;
                t->seen[t->tokens++] = seen;
            }
        }
}

static answered answer(ix_theory_model *t, ix_pair p, bool unseen_too)
{
    answered a;
    for (int k = 0; k < ROWS; k++) {
        a.doc[k] = -1;
        if (k >= t->tokens || (!unseen_too && !t->seen[k])) continue;
        a.doc[k] = t->docs.docs;
        ix_documents_add(&t->docs, p.prompt, p.prompt_size, &t->token[k], 1, p.prompt_size - 1);
    }
    return a;
}

/* Test prompts are those of the first set of the training distribution; of training itself where there is none. */
static ix_status list_answers(ix_theory_model *t)
{
    ix_status rc = IX_OK;
    const ix_pairs *test = t->m->train;
    for (int i = t->m->sets - 1; i >= 0; i--)
        if (!strcmp(t->m->set[i].category, "in_distribution")) test = t->m->set[i].pairs;
    t->trains = at_most(ix_pairs_count(t->m->train), t->s->theory.pairs);
    t->tests = at_most(ix_pairs_count(test), at_most(t->s->theory.pairs, TEST_PROMPTS));
    t->train = calloc((size_t)t->trains + 1, sizeof *t->train);
    t->test = calloc((size_t)t->tests + 1, sizeof *t->test);
    IX_NEED(t->train && t->test, IX_ENOMEM, "theory: out of memory");
    for (int64_t i = 0; i < t->trains; i++) t->train[i] = answer(t, ix_pairs_get(t->m->train, i), false);
    for (int64_t i = 0; i < t->tests; i++) t->test[i] = answer(t, ix_pairs_get(test, i), true);
done:
    return rc;
}

static ix_status find_tokens(ix_theory_model *t)
{
    const ix_pairs **other = calloc((size_t)t->m->sets + 1, sizeof *other);
    int n = 0;
    if (!other) return ix_fail(IX_ENOMEM, "theory: out of memory");
    for (int i = 0; i < t->m->sets; i++)
        if (is_wanted(&t->m->set[i])) other[n++] = t->m->set[i].pairs;
    ix_status rc = ix_told_tokens_find(&t->told, t->m->train, other, n, ix_model_config_of(t->model)->V);
    free(other);
    list_tokens(t);
    return rc;
}

static ix_status list_sequences(ix_theory_model *t)
{
    ix_status rc = IX_OK;
    find_groups(t);
    add_group(t, &t->trained);
    for (int g = 0; g < t->others; g++) add_group(t, &t->other[g]);
    IX_TRY(spell(t, &t->trained));
    for (int g = 0; g < t->others; g++) IX_TRY(spell(t, &t->other[g]));
    IX_TRY(find_tokens(t));
    IX_TRY(list_answers(t));
done:
    return rc;
}

/* --- the model
 * --------------------------------------------------------------------------------------------------------- */

static ix_status open_model(ix_theory_model *t)
{
    ix_status rc = IX_OK;
    ix_new_rows rows = {.count = t->m->added};
    IX_TRY(ix_material_model(&t->model, t->m, ix_objective_find("im_rm"), t->s, NULL));
    size_t bytes = (size_t)ix_model_params(t->model)->floats * sizeof *t->weights;
    IX_NEED(t->weights = ix_alloc_block(bytes), IX_ENOMEM, "weights: %zu MiB cannot be had", bytes >> 20);
    IX_TRY(ix_model_load(t->model, t->m->place.folder, &rows, t->weights));
    t->D = ix_model_config_of(t->model)->D;
    t->u = ix_reals(t->D);
    for (int64_t i = 0; i < t->D; i++) t->u[i] = 0.02 * ix_draw_normal(t->seed, IX_DRAW_HEAD, (uint64_t)i);
    IX_TRY(list_sequences(t));
    t->state = calloc((size_t)(t->docs.states * t->D) + 1, sizeof *t->state);
    IX_NEED(t->state, IX_ENOMEM, "theory: hidden states: out of memory");
done:
    return rc;
}

ix_status ix_theory_model_create(ix_theory_model **out, const ix_material *m, const ix_job *job)
{
    ix_status rc = IX_OK;
    ix_theory_model *t = calloc(1, sizeof *t);

    *out = NULL;
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, t ? IX_OK : ix_fail(IX_ENOMEM, "theory: out of memory")));
    t->m = m;
    t->s = &job->point->settings;
    t->seed = (uint64_t)job->point->seed;
    IX_TRY(ix_grid_agree(job->grid, IX_GROUP, open_model(t)));
    IX_TRY(ix_documents_read(t->state, &t->docs, job->grid, t->model, t->weights));
    *out = t;
    t = NULL;
done:
    ix_theory_model_destroy(&t);
    return rc;
}

static const double *states_of(const ix_theory_model *t, int64_t doc)
{
    return t->state + t->docs.doc[doc].state * t->D;
}

static ix_unembedding unembedding(const ix_theory_model *t)
{
    return (ix_unembedding){
        .narrow = ix_model_unembedding(t->model, t->weights), .V = ix_model_config_of(t->model)->V, .d = t->D};
}

/* p[V] after the state h. */
static void predict(const ix_theory_model *t, const double *h, double *p)
{
    ix_unembedding U = unembedding(t);
    double *row = ix_reals(t->D);
    for (int64_t v = 0; v < U.V; v++) {
        ix_unembedding_row(&U, v, row);
        p[v] = ix_vec_dot(row, h, t->D);
    }
    ix_softmax(p, p, U.V);
    free(row);
}

/* --- claims
 * ---------------------------------------------------------------------------------------------------------------- */

ix_status ix_theory_model_head(ix_claims *out, const ix_theory_model *t)
{
    static const char text[] = "Log-probabilities from these hidden states and U are those of the model (largest "
                               "difference of a token, nats).";
    const spelled *s = &t->trained.spelled[0];
    int64_t V = ix_model_config_of(t->model)->V;
    int32_t n = s->pair.response_size[0];
    double *p = ix_reals(V), *logp = ix_reals(n), worst = 0;

    if (ix_model_config_of(t->model)->logit_cap > 0)
        ix_claim_skip(out, "states.head", text, "the model caps its logits; the theory is checked without the cap");
    else {
        ix_status rc = ix_documents_logp(logp, &t->docs, s->doc[0], t->model, t->weights);
        if (rc != IX_OK) return rc;
        for (int32_t i = 0; i < n; i++) {
            predict(t, states_of(t, s->doc[0]) + i * t->D, p);
            worst = fmax(worst, fabs(log(p[s->pair.response[0][i]]) - logp[i]));
        }
        ix_claim_state(out, "states.head", text, worst, IX_AT_MOST, 1e-3);
    }
    free(p);
    free(logp);
    return IX_OK;
}

/* Responses are single tokens after the first training prompt; right are those that tell a chosen answer. */
ix_status ix_theory_model_theorem1(ix_claims *out, const ix_theory_model *t)
{
    int64_t V = ix_model_config_of(t->model)->V;
    if (!t->told.seen_count[IX_CHOSEN]) {
        ix_claim_skip(out, "theorem1.margin", "The construction is a verifier with margin exactly delta.",
                      "no token of the chosen responses tells them from the rejected ones");
        return IX_OK;
    }
    double *p = ix_reals(V);
    bool *correct = calloc((size_t)V + 1, sizeof *correct);
    IX_CONTRACT(correct);
    for (int k = 0; k < t->tokens; k++)
        if (t->side_of[k] == IX_CHOSEN) correct[t->token[k]] = true;
    predict(t, states_of(t, t->trained.spelled[0].doc[0]), p);
    ix_theorem1(out, p, correct, V, t->seed);
    free(p);
    free(correct);
    return IX_OK;
}

static ix_response response_of(const ix_theory_model *t, const spelled *s, int side, const char *name)
{
    return (ix_response){s->pair.response[side], states_of(t, s->doc[side]), s->pair.response_size[side], name};
}

/* A step on the first trained pair, seen from the first pair of each of the first groups. */
ix_status ix_theory_model_dynamics(ix_claims *out, const ix_theory_model *t)
{
    ix_response other[OTHERS * IX_SIDES];
    char name[OTHERS * IX_SIDES][64];
    ix_dynamics p = {.U = unembedding(t), .u = t->u, .beta = t->s->theory.beta, .own_reference = true, .other = other};
    for (int side = 0; side < IX_SIDES; side++)
        p.trained[side] = response_of(t, &t->trained.spelled[0], side, t->trained.name);
    for (int g = 0; g < t->others && g < OTHERS; g++)
        for (int side = 0; side < IX_SIDES; side++) {
            const group *from = &t->other[g];
            snprintf(name[p.others], sizeof name[0], "%s, %s", from->name, side == IX_CHOSEN ? "chosen" : "rejected");
            other[p.others] = response_of(t, &from->spelled[0], side, name[p.others]);
            p.others++;
        }
    if (!p.others) {
        ix_claim_skip(out, "dynamics.im_rm", "The learning-dynamics formulas hold.", "there is no set to look at");
        return IX_OK;
    }
    ix_learning_dynamics(out, &p);
    ix_generative_dynamics(out, &p, p.trained[0].token[0], p.trained[1].token[0]);
    return IX_OK;
}

/* The spelled pairs of a group; free .pair. */
static ix_response_pairs pairs_of(const ix_theory_model *t, const group *g)
{
    ix_response(*pair)[IX_SIDES] = calloc((size_t)g->spells + 1, sizeof *pair);
    IX_CONTRACT(pair);
    for (int i = 0; i < g->spells; i++)
        for (int side = 0; side < IX_SIDES; side++) pair[i][side] = response_of(t, &g->spelled[i], side, g->name);
    return (ix_response_pairs){g->name, (const ix_response(*)[IX_SIDES])pair, g->spells};
}

ix_status ix_theory_model_one_step(ix_claims *out, const ix_theory_model *t)
{
    ix_response_pairs all[1 + IX_SIMILARITY_GROUPS];
    ix_unembedding U = unembedding(t);
    for (int g = 0; g <= t->others; g++) all[g] = pairs_of(t, g ? &t->other[g - 1] : &t->trained);
    ix_one_step(out, &U, t->s->theory.beta, &all[0], all + 1, t->others);
    for (int g = 0; g <= t->others; g++) free((void *)(uintptr_t)all[g].pair);
    return IX_OK;
}

/* A prompt's pair of tokens, by their numbers in t->token. */
static ix_single single_of(const ix_theory_model *t, const answered *a, int good, int bad)
{
    const double *h = states_of(t, a->doc[good]);
    return (ix_single){h, {h + t->D, states_of(t, a->doc[bad]) + t->D}, {good, bad}};
}

/* The k-th seen token of a side. */
static int seen_number(const ix_theory_model *t, int side, uint64_t k)
{
    return (int)(side == IX_CHOSEN ? 0 : t->told.seen_count[IX_CHOSEN]) + (int)(k % (uint64_t)t->told.seen_count[side]);
}

typedef struct {
    ix_single *train, *seen, *half, *unseen;
    int n[4];
} singles;

static void list_singles(const ix_theory_model *t, singles *s)
{
    for (int64_t i = 0; i < t->trains; i++) {
        uint64_t draw = ix_draw_bits(t->seed, IX_DRAW_SAMPLE, (uint64_t)i) >> 20;
        s->train[s->n[0]++] =
            single_of(t, &t->train[i], seen_number(t, IX_CHOSEN, draw), seen_number(t, IX_REJECTED, draw >> 16));
    }
    for (int64_t i = 0; i < t->tests; i++)
        for (int a = 0; a < t->tokens; a++)
            for (int b = 0; b < t->tokens; b++) {
                if (t->side_of[a] != IX_CHOSEN || t->side_of[b] != IX_REJECTED) continue;
                ix_single pair = single_of(t, &t->test[i], a, b);
                if (t->seen[a] && t->seen[b]) s->seen[s->n[1]++] = pair;
                else if (t->seen[a] || t->seen[b]) s->half[s->n[2]++] = pair;
                else s->unseen[s->n[3]++] = pair;
            }
}

ix_status ix_theory_model_theorem2(ix_claims *out, const ix_theory_model *t)
{
    int64_t room = t->tests * ROWS * ROWS;
    if (!t->told.seen_count[IX_CHOSEN] || !t->told.seen_count[IX_REJECTED]) {
        ix_claim_skip(out, "theorem2.unseen", "Theorem 2 holds on responses of one token.",
                      "no token tells the %s responses of training from the others",
                      t->told.seen_count[IX_CHOSEN] ? "rejected" : "chosen");
        return IX_OK;
    }
    singles s = {.train = calloc((size_t)(t->trains + 3 * room) + 1, sizeof *s.train)};
    if (!s.train) return ix_fail(IX_ENOMEM, "theory: out of memory");
    s.seen = s.train + t->trains;
    s.half = s.seen + room;
    s.unseen = s.half + room;
    list_singles(t, &s);
    ix_unembedding all = unembedding(t);
    double *U = ix_reals(t->tokens * t->D);
    for (int k = 0; k < t->tokens; k++) ix_unembedding_row(&all, t->token[k], U + k * t->D);
    ix_descent p = {.d = t->D,
                    .tokens = t->tokens,
                    .train = {s.train, s.n[0]},
                    .seen = {s.seen, s.n[1]},
                    .half = {s.half, s.n[2]},
                    .unseen = {s.unseen, s.n[3]},
                    .u = t->u,
                    .U = U,
                    .beta = t->s->theory.beta,
                    .steps = t->s->theory.steps};
    ix_status rc = ix_theorem2(out, &p);
    free(U);
    free(s.train);
    return rc;
}

/* z[n, D] of a group; free it. */
static double *differences_of(const ix_theory_model *t, const group *g)
{
    double *z = ix_reals(g->n * t->D);
    for (int64_t i = 0; i < g->n; i++)
        ix_vec_less(z + i * t->D, states_of(t, g->first + 2 * i), states_of(t, g->first + 2 * i + 1), t->D);
    return z;
}

ix_status ix_theory_model_similarity(ix_claims *out, const ix_theory_model *t)
{
    double *z[1 + IX_SIMILARITY_GROUPS];
    ix_differences d[1 + IX_SIMILARITY_GROUPS];
    for (int g = 0; g <= t->others; g++) {
        const group *from = g ? &t->other[g - 1] : &t->trained;
        z[g] = differences_of(t, from);
        d[g] = (ix_differences){from->name, z[g], from->n};
    }
    ix_status rc = ix_similarity(out, &d[0], d + 1, t->others, t->D);
    for (int g = 0; g <= t->others; g++) free(z[g]);
    return rc;
}
