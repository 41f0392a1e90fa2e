/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian_store.c - what was said becomes figures: /generate of the result. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/hamiltonian.h"
#include "task/vocabulary.h"

/* --- answers that were written ------------------------------------------------------------------------ */

enum { CORRECT, PERMUTATION, STEPS, EDGES, TOKENS, COUNTS };
static const char *const count_name[COUNTS] = {"correct", "permutation", "steps", "edges", "tokens"};

/* Columns of one list, [n] each. */
typedef struct {
    int64_t *count[COUNTS];
    double *logp;
    char **text;
} columns;

static void free_columns(columns *c, int64_t n)
{
    for (int k = 0; k < COUNTS; k++) free(c->count[k]);
    for (int64_t i = 0; c->text && i < n; i++) free(c->text[i]);
    free(c->text);
    free(c->logp);
}

static ix_status make_columns(columns *c, int64_t n)
{
    *c = (columns){.logp = calloc((size_t)n + 1, sizeof *c->logp), .text = calloc((size_t)n + 1, sizeof *c->text)};
    bool whole = c->logp && c->text;
    for (int k = 0; k < COUNTS; k++) whole &= (c->count[k] = calloc((size_t)n + 1, sizeof **c->count)) != NULL;
    return whole ? IX_OK : ix_fail(IX_ENOMEM, "figures of generation: out of memory");
}

static bool is_end(const ix_graph_talk *t, int32_t token)
{
    for (int k = 0; k < t->ends; k++)
        if (t->end[k] == token) return true;
    return false;
}

/* Text i of a list without its end token, judged. */
static ix_status judge(columns *c, const ix_graph_talk *t, const ix_vocabulary *v, const ix_graph *graph,
                       const ix_said *said, int64_t i)
{
    const int32_t *token = said->token + i * said->most;
    int32_t size = said->size[i];
    bool ended = size > 0 && is_end(t, token[size - 1]);
    ix_status rc = ix_tokenizer_decode(v->tok, token, (size_t)(size - ended), &c->text[i]);
    if (rc != IX_OK) return rc;
    ix_answer a = ix_graph_judge(graph, t->style, c->text[i]);
    const int64_t counts[COUNTS] = {a.correct, a.permutation, a.steps, a.edges, size};
    for (int k = 0; k < COUNTS; k++) c->count[k][i] = counts[k];
    c->logp[i] = ix_said_logp(said, i);
    return IX_OK;
}

static ix_status put_columns(ix_result *out, const char *set, const int64_t shape[2], const columns *c)
{
    ix_status rc = IX_OK;
    char path[256];
    for (int k = 0; k < COUNTS; k++) {
        snprintf(path, sizeof path, "generate/%s/%s", set, count_name[k]);
        IX_TRY(ix_result_ints(out, path, shape, c->count[k]));
    }
    snprintf(path, sizeof path, "generate/%s/logp", set);
    IX_TRY(ix_result_reals(out, path, shape, c->logp));
    snprintf(path, sizeof path, "generate/%s/text", set);
    IX_TRY(ix_result_texts(out, path, shape, (const char *const *)c->text));
done:
    return rc;
}

static const ix_graph *graph_of(const ix_graph_talk *t, ix_ask k, int64_t i)
{
    return (k == IX_ASK_TRAIN ? t->graphs.train : t->graphs.test) + t->list[k].graph[i];
}

static const char *const set_name[IX_ASKS] = {"test", "train", "test-unvisited"};

static ix_status store_written(const ix_graph_talk *t, const ix_vocabulary *v, ix_sayer who, ix_ask k, ix_result *out)
{
    ix_status rc = IX_OK;
    int64_t n = t->list[k].n, tries = t->job->point->settings.generate.tries;
    columns c = {0};
    char set[64];

    if (!t->done[who][k]) return IX_OK;
    snprintf(set, sizeof set, "%s%s", set_name[k], who == IX_REFERENCE ? ".reference" : "");
    IX_TRY(make_columns(&c, n));
    for (int64_t i = 0; i < n; i++) IX_TRY(judge(&c, t, v, graph_of(t, k, i), &t->said[who][k], i));
    IX_TRY(put_columns(out, set, (int64_t[]){n / tries, tries}, &c));
done:
    free_columns(&c, n);
    return rc;
}

/* --- what chance gives -------------------------------------------------------------------------------- */

enum { UNIFORM, WALK, DENSITY, CHANCES };
static const char *const chance_name[CHANCES] = {"uniform", "walk", "density"};

static void find_chance(double *const value[CHANCES], const ix_graph *g, int64_t i)
{
    value[UNIFORM][i] = ix_graph_uniform(g);
    value[WALK][i] = ix_graph_walk(g);
    value[DENSITY][i] = 2.0 * g->edges / (g->n * (g->n - 1));
}

static ix_status store_chance(const ix_graph_talk *t, ix_ask k, ix_result *out)
{
    ix_status rc = IX_OK;
    int64_t tries = t->job->point->settings.generate.tries, n = t->list[k].n / tries;
    double *all = calloc((size_t)(CHANCES * n) + 1, sizeof *all), *const value[] = {all, all + n, all + 2 * n};
    char path[128];

    IX_NEED(all, IX_ENOMEM, "figures of chance: out of memory");
    for (int64_t i = 0; i < n; i++) find_chance(value, graph_of(t, k, i * tries), i);
    for (int c = 0; n && c < CHANCES; c++) {
        snprintf(path, sizeof path, "generate/%s/%s", set_name[k], chance_name[c]);
        IX_TRY(ix_result_reals(out, path, &n, value[c]));
    }
done:
    free(all);
    return rc;
}

/* --- exact probabilities ------------------------------------------------------------------------------ */

/* log sum exp of the sequences [from, to) */
static double together(const ix_said *said, int64_t from, int64_t to)
{
    double most = -INFINITY, sum = 0;
    for (int64_t i = from; i < to; i++) most = fmax(most, ix_said_logp(said, i));
    for (int64_t i = from; i < to; i++) sum += exp(ix_said_logp(said, i) - most);
    return most + log(sum);
}

typedef struct {
    int64_t n, *graph, *answers;
    double *exact[IX_SAYERS];
} exacts;

static void sum_answers(exacts *e, const ix_graph_talk *t)
{
    const ix_ask_list *l = &t->list[IX_ASK_ANSWERS];
    for (int64_t from = 0, to; from < l->n; from = to, e->n++) {
        for (to = from + 1; to < l->n && l->graph[to] == l->graph[from];) to++;
        e->graph[e->n] = l->graph[from];
        e->answers[e->n] = to - from;
        for (int who = 0; who < IX_SAYERS; who++)
            if (t->done[who][IX_ASK_ANSWERS]) e->exact[who][e->n] = together(&t->said[who][IX_ASK_ANSWERS], from, to);
    }
}

static ix_status store_exact(const ix_graph_talk *t, ix_result *out)
{
    ix_status rc = IX_OK;
    size_t n = (size_t)t->list[IX_ASK_ANSWERS].n + 1;
    exacts e = {.graph = calloc(n, sizeof *e.graph), .answers = calloc(n, sizeof *e.answers)};
    static const char *const path[IX_SAYERS] = {"generate/test-exact/exact", "generate/test-exact/reference_exact"};

    for (int who = 0; who < IX_SAYERS; who++) e.exact[who] = calloc(n, sizeof *e.exact[who]);
    IX_NEED(e.graph && e.answers && e.exact[0] && e.exact[1], IX_ENOMEM, "exact probabilities: out of memory");
    sum_answers(&e, t);
    if (e.n == 0) goto done;
    IX_TRY(ix_result_ints(out, "generate/test-exact/graph", &e.n, e.graph));
    IX_TRY(ix_result_ints(out, "generate/test-exact/answers", &e.n, e.answers));
    for (int who = 0; who < IX_SAYERS; who++)
        if (t->done[who][IX_ASK_ANSWERS]) IX_TRY(ix_result_reals(out, path[who], &e.n, e.exact[who]));
done:
    free(e.graph);
    free(e.answers);
    for (int who = 0; who < IX_SAYERS; who++) free(e.exact[who]);
    return rc;
}

/* --- where the reward lies ---------------------------------------------------------------------------- */

enum { CHOSEN, BEFORE, AT, AFTER, PARTS };
static const char *const part_name[PARTS] = {"chosen", "rejected before the gap", "rejected at the gap",
                                             "rejected after the gap"};

/* log pi - log reference of tokens [from, to) of sequence i. */
static double ratio(const ix_graph_talk *t, ix_ask k, int64_t i, int32_t from, int32_t to)
{
    double sum = 0;
    for (int32_t at = from; at < to; at++)
        sum += t->said[IX_POLICY][k].logp[i * t->list[k].most + at] -
               t->said[IX_REFERENCE][k].logp[i * t->list[k].most + at];
    return sum;
}

/* The token of the vertex that completes the rejected walk's first missing edge; -1: only the closing edge misses. */
static int32_t gap_of(const ix_graph_talk *t, const ix_graph *g)
{
    for (int i = 1; i < g->n; i++)
        if (!ix_graph_has(g, g->rejected[i - 1], g->rejected[i])) return (int32_t)(i * (1 + t->layout.separators));
    return -1;
}

static ix_status store_where(const ix_graph_talk *t, ix_result *out)
{
    ix_status rc = IX_OK;
    const ix_said *rejected = &t->said[IX_POLICY][IX_ASK_REJECTED];
    int64_t n = t->list[IX_ASK_CHOSEN].n, parts = PARTS;
    double *where = NULL;

    for (int who = 0; who < IX_SAYERS; who++)
        if (!t->done[who][IX_ASK_CHOSEN] || !t->done[who][IX_ASK_REJECTED]) return IX_OK;
    IX_NEED(where = calloc((size_t)(n * PARTS) + 1, sizeof *where), IX_ENOMEM, "figures of rewards: out of memory");
    for (int64_t i = 0; i < n; i++) {
        double *w = where + i * PARTS;
        int32_t gap = gap_of(t, graph_of(t, IX_ASK_REJECTED, i)), size = rejected->size[i];
        w[CHOSEN] = ratio(t, IX_ASK_CHOSEN, i, 0, t->said[IX_POLICY][IX_ASK_CHOSEN].size[i]);
        w[BEFORE] = gap < 0 ? (double)NAN : ratio(t, IX_ASK_REJECTED, i, 0, gap);
        w[AT] = gap < 0 ? (double)NAN : ratio(t, IX_ASK_REJECTED, i, gap, gap + 1);
        w[AFTER] = gap < 0 ? (double)NAN : ratio(t, IX_ASK_REJECTED, i, gap + 1, size);
    }
    IX_TRY(ix_result_reals(out, "generate/test-where/where", (int64_t[]){n, PARTS}, where));
    IX_TRY(ix_result_texts(out, "generate/test-where/part", &parts, part_name));
done:
    free(where);
    return rc;
}

ix_status ix_graph_talk_store(ix_graph_talk *t, ix_result *out)
{
    ix_status rc = IX_OK;
    ix_vocabulary v = {0};
    const ix_material *m = t->m;

    IX_TRY(ix_vocabulary_open(&v, m->place.folder, m->place.format, m->place.llama_date, m->tokens));
    for (int k = 0; k <= IX_ASK_UNVISITED; k++) {
        for (int who = 0; who < IX_SAYERS; who++) IX_TRY(store_written(t, &v, (ix_sayer)who, (ix_ask)k, out));
        if (k != IX_ASK_UNVISITED) IX_TRY(store_chance(t, (ix_ask)k, out));
    }
    IX_TRY(store_exact(t, out));
    IX_TRY(store_where(t, out));
    IX_TRY(ix_result_real(out, "place_generate_seconds", t->seconds));
done:
    ix_vocabulary_close(&v);
    return rc;
}
