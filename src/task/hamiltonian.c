/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian.c - the paper's Hamiltonian cycles (its Figure 3): is this walk a cycle of this graph? Beside rewards,
 * what the language model itself writes, before training and after. */
#include "task/hamiltonian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"

static bool of_the_world(const ix_settings *s)
{
    return s->data.miniworld && !strcmp(s->data.miniworld, "graphs");
}

bool ix_graphs_apply(const ix_settings *s)
{
    return !strcmp(s->task, "hamiltonian") || of_the_world(s);
}

ix_graph_settings ix_graph_settings_of(const ix_settings *s)
{
    ix_graph_style style = of_the_world(s) ? IX_GRAPHS_WORLD : (ix_graph_style)s->data.graphs.style;
    return (ix_graph_settings){.style = style,
                               .vertices = (int)s->data.graphs.vertices,
                               .edge_probability = s->data.graphs.edge_probability,
                               .train = s->data.graphs.train,
                               .test = s->data.graphs.test,
                               .seed = (uint64_t)s->data.graphs.seed};
}

static ix_status sets(ix_sets **out, const ix_suite *suite, const ix_settings *settings)
{
    ix_graph_settings s = ix_graph_settings_of(settings);
    (void)suite;
    return ix_graphs_sets(out, &s);
}

static const char *const *tokens(const ix_settings *settings)
{
    return ix_graph_tokens((ix_graph_style)settings->data.graphs.style);
}

/* --- opening ---------------------------------------------------------------------------------------- */

static void close_talk(void **state)
{
    ix_graph_talk *t = *state;
    if (!t) return;
    for (int k = 0; k < IX_ASKS; k++) {
        free(t->list[k].asked);
        free(t->list[k].graph);
        free(t->list[k].script);
        for (int who = 0; who < IX_SAYERS; who++) ix_said_free(&t->said[who][k]);
    }
    free(t->free);
    ix_graphs_free(&t->graphs);
    free(t);
    *state = NULL;
}

static void add_end(ix_graph_talk *t, int32_t token)
{
    for (int k = 0; k < t->ends; k++)
        if (t->end[k] == token) return;
    t->end[t->ends++] = token;
}

/* What ends a text: what the model's configuration names, and what stands behind every answer that was trained on. */
static ix_status find_ends(ix_graph_talk *t)
{
    ix_model_config c;
    ix_pair p = ix_pairs_get(t->m->pairs[0], 0);
    ix_status rc = ix_model_config_read(&c, t->m->place.folder);
    if (rc != IX_OK) return rc;
    for (int k = 0; k < c.eos_count; k++) add_end(t, c.eos[k]);
    add_end(t, t->layout.known ? t->layout.end : p.response[IX_CHOSEN][p.response_size[IX_CHOSEN] - 1]);
    return IX_OK;
}

static ix_status open_talk(void **state, const ix_material *m, const ix_job *job)
{
    ix_status rc = IX_OK;
    void *owned = NULL;
    ix_graph_settings s = ix_graph_settings_of(&job->point->settings);

    *state = NULL;
    if (!ix_graphs_apply(&job->point->settings)) return IX_OK;
    ix_graph_talk *t = calloc(1, sizeof *t);
    IX_NEED(owned = t, IX_ENOMEM, "generation: out of memory");
    t->m = m;
    t->job = job;
    t->style = s.style;
    IX_TRY(ix_graphs_make(&t->graphs, &s));
    t->layout = ix_graph_layout_find(m->pairs[0], t->graphs.test, s.vertices);
    IX_TRY(find_ends(t));
    IX_TRY(ix_graph_talk_ask(t));
    *state = t;
    owned = NULL;
done:
    close_talk(&owned);
    return rc;
}

static int32_t length_of(const ix_ask_list *l, int64_t i)
{
    int32_t n = 0;
    while (n < l->most && l->script[i * l->most + n] >= 0) n++;
    return n ? n : l->most;
}

static void size(const void *state, int64_t *asked, int64_t *written)
{
    const ix_graph_talk *t = state;
    *asked = *written = 0;
    for (int k = 0; k < IX_ASKS; k++) {
        const ix_ask_list *l = &t->list[k];
        for (int64_t i = 0; i < l->n; i++) {
            if (i == 0 || l->asked[i].prompt != l->asked[i - 1].prompt) *asked += l->asked[i].size;
            *written += length_of(l, i);
        }
    }
}

/* --- guides ----------------------------------------------------------------------------------------- */

/* The list that is being written. */
typedef struct {
    ix_graph_talk *t;
    const ix_ask_list *list;
} guided;

static bool recite(void *context, int64_t i, const int32_t *said, int32_t n, ix_choice *next)
{
    const guided *g = context;
    const int32_t *script = g->list->script + i * g->list->most;
    (void)said;
    if (script[n] < 0) return false;
    *next = (ix_choice){script + n, 1};
    return true;
}

/* A vertex that is not there yet, then what stands between vertices, at last the end. */
static bool unvisited(void *context, int64_t i, const int32_t *said, int32_t n, ix_choice *next)
{
    const guided *g = context;
    const ix_graph_layout *l = &g->t->layout;
    int32_t *list = g->t->free[i];
    int place = ix_graph_layout_place(l, n);
    *next = (ix_choice){.token = list};
    if (place < 0) {
        *next = n + 1 == ix_graph_layout_size(l) ? (ix_choice){&l->end, 1}
                                                 : (ix_choice){&l->separator[n % (1 + l->separators) - 1], 1};
        return true;
    }
    for (int v = 0; v < l->n; v++) {
        bool there = false;
        for (int32_t k = 0; k < n; k += 1 + l->separators) there |= said[k] == l->vertex[v];
        if (!there) list[next->n++] = l->vertex[v];
    }
    return true;
}

/* --- looking ---------------------------------------------------------------------------------------- */

static ix_status write_list(ix_graph_talk *t, const ix_looked_at *at, ix_sayer who, ix_ask k)
{
    ix_ask_list *l = &t->list[k];
    const ix_settings *s = &t->job->point->settings;
    guided context = {t, l};
    bool recited = k >= IX_ASK_CHOSEN, restricted = k == IX_ASK_UNVISITED;
    ix_generator g = {.grid = t->job->grid,
                      .model = at->model,
                      .weights = at->weights,
                      .sampling = {s->generate.temperature, s->generate.top_k, s->generate.top_p},
                      .seed = ix_draw_bits((uint64_t)t->job->point->seed, IX_DRAW_SAMPLE, (uint64_t)k),
                      .most = l->most,
                      .end = t->end,
                      .ends = recited ? 0 : t->ends,
                      .batch = s->generate.batch,
                      .guide = recited      ? recite
                               : restricted ? unvisited
                                            : NULL,
                      .context = &context,
                      .saver = at->saver,
                      .save = at->save,
                      .saving = at->saving};
    ix_progress(false, "%s: %lld texts of the %s", t->job->names->run, (long long)l->n,
                who == IX_REFERENCE ? "reference" : "policy");
    return ix_generate(&g, l->asked, l->n, &t->said[who][k]);
}

static ix_status look(void *state, const ix_looked_at *at)
{
    ix_status rc = IX_OK;
    ix_graph_talk *t = state;
    ix_sayer who = at->reference ? IX_REFERENCE : IX_POLICY;
    double start = ix_seconds();
    for (int k = 0; k < IX_ASKS; k++) {
        if (t->done[who][k] || t->list[k].n == 0) continue;
        IX_TRY(write_list(t, at, who, (ix_ask)k));
        t->done[who][k] = true;
    }
done:
    t->seconds += ix_seconds() - start;
    return rc;
}

/* --- checkpoints ------------------------------------------------------------------------------------ */

static void name_array(char name[64], int who, int k, const char *what)
{
    snprintf(name, 64, "generated/%d-%d-%s", who, k, what);
}

static ix_status save_list(const ix_said *said, int who, int k, ix_moment *m)
{
    ix_status rc = IX_OK;
    char name[64];
    int64_t n = said->n + said->n * said->most;
    int64_t *whole = calloc((size_t)n + 1, sizeof *whole);

    IX_NEED(whole, IX_ENOMEM, "checkpoint: out of memory");
    for (int64_t i = 0; i < said->n; i++) whole[i] = said->size[i];
    for (int64_t i = said->n; i < n; i++) whole[i] = said->token[i - said->n];
    name_array(name, who, k, "tokens");
    IX_TRY(ix_moment_ints(m, name, n, whole));
    name_array(name, who, k, "logp");
    IX_TRY(ix_moment_doubles(m, name, said->n * said->most, said->logp));
done:
    free(whole);
    return rc;
}

static ix_status save(void *state, ix_moment *m)
{
    ix_status rc = IX_OK;
    const ix_graph_talk *t = state;
    for (int who = 0; who < IX_SAYERS; who++)
        for (int k = 0; k < IX_ASKS; k++)
            if (t->done[who][k]) IX_TRY(save_list(&t->said[who][k], who, k, m));
done:
    return rc;
}

static ix_status restore_list(ix_graph_talk *t, int who, int k, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    ix_said *said = &t->said[who][k];
    const ix_array *tokens_of, *logp;
    char name[64];
    int64_t n = t->list[k].n, most = t->list[k].most;

    name_array(name, who, k, "tokens");
    if (!ix_arrays_find(ix_saver_arrays(saver), name)) return IX_OK;
    IX_TRY(ix_arrays_need(&tokens_of, ix_saver_arrays(saver), name, IX_INTS, n + n * most, ix_saver_place(saver)));
    name_array(name, who, k, "logp");
    IX_TRY(ix_arrays_need(&logp, ix_saver_arrays(saver), name, IX_DOUBLES, n * most, ix_saver_place(saver)));
    IX_TRY(ix_said_create(said, n, (int32_t)most));
    const int64_t *whole = tokens_of->values;
    for (int64_t i = 0; i < n; i++) {
        IX_NEED(whole[i] >= 0 && whole[i] <= most, IX_EINPUT, "%s: %s: a text of %lld tokens", ix_saver_place(saver),
                name, (long long)whole[i]);
        said->size[i] = (int32_t)whole[i];
    }
    for (int64_t i = 0; i < n * most; i++) said->token[i] = (int32_t)whole[n + i];
    memcpy(said->logp, logp->values, (size_t)(n * most) * sizeof *said->logp);
    t->done[who][k] = true;
done:
    return rc;
}

static ix_status restore(void *state, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    for (int who = 0; who < IX_SAYERS; who++)
        for (int k = 0; k < IX_ASKS; k++) IX_TRY(restore_list(state, who, k, saver));
done:
    return rc;
}

static ix_status store(void *state, ix_result *result)
{
    return ix_graph_talk_store(state, result);
}

const struct ix_examination ix_graph_examination = {open_talk, close_talk, size, look, save, restore, store};

const ix_task ix_task_hamiltonian = {
    .name = "hamiltonian", .sets = sets, .tokens = tokens, .examination = &ix_graph_examination};
