/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian_ask.c - which sequences are asked for. */
#include <stdlib.h>
#include <string.h>

#include "task/hamiltonian.h"

/* A text of the world that is longer than twice an answer will be none. */
enum { ANSWERS_OF_A_GRAPH = 4096, WORLD_TOKENS = 24 };

static const ix_pairs *test_pairs(const ix_graph_talk *t)
{
    return t->m->pairs[0];
}

/* Room for one more sequence. */
static ix_status grow(ix_ask_list *l)
{
    if (l->n < l->capacity) return IX_OK;
    int64_t capacity = 2 * l->capacity + 64;
    ix_asked *asked = realloc(l->asked, (size_t)capacity * sizeof *asked);
    if (asked) l->asked = asked;
    int64_t *graph = realloc(l->graph, (size_t)capacity * sizeof *graph);
    if (graph) l->graph = graph;
    int32_t *script = realloc(l->script, (size_t)(capacity * l->most) * sizeof *script);
    if (script) l->script = script;
    if (!asked || !graph || !script) return ix_fail(IX_ENOMEM, "what is asked of the model: out of memory");
    l->capacity = capacity;
    return IX_OK;
}

/* script NULL: the sequence says what it likes. */
static ix_status add(ix_ask_list *l, const ix_pairs *pairs, int64_t i, int64_t attempt, const int32_t *script,
                     int32_t size)
{
    ix_status rc = grow(l);
    if (rc != IX_OK) return rc;
    ix_pair p = ix_pairs_get(pairs, i);
    l->asked[l->n] = (ix_asked){.prompt = p.prompt, .size = p.prompt_size, .attempt = (int32_t)attempt, .index = p.row};
    l->graph[l->n] = p.row;
    for (int32_t k = 0; k < l->most; k++) l->script[l->n * l->most + k] = script && k < size ? script[k] : -1;
    l->n++;
    return IX_OK;
}

/* Free answers to the first `prompts` of the pairs. */
static ix_status ask_freely(ix_ask_list *l, const ix_pairs *pairs, int64_t prompts, int64_t tries, int64_t most)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(pairs);
    if (prompts && prompts < n) n = prompts;
    l->most = (int32_t)most;
    for (int64_t i = 0; i < n && rc == IX_OK; i++)
        for (int64_t k = 0; k < tries && rc == IX_OK; k++) rc = add(l, pairs, i, k, NULL, 0);
    return rc;
}

static ix_status recite_side(ix_ask_list *l, const ix_pairs *pairs, ix_side side)
{
    ix_status rc = IX_OK;
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        if (p.response_size[side] > l->most) l->most = p.response_size[side];
    }
    for (int64_t i = 0; i < ix_pairs_count(pairs) && rc == IX_OK; i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        rc = add(l, pairs, i, 0, p.response[side], p.response_size[side]);
    }
    return rc;
}

/* A test pair, and the number of its graph's cycles. */
typedef struct {
    int64_t pair, cycles;
} counted;

static int by_cycles(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->cycles != y->cycles) return x->cycles < y->cycles ? -1 : 1;
    return x->pair < y->pair ? -1 : x->pair > y->pair;
}

static ix_status recite_answers_of(ix_graph_talk *t, int64_t pair)
{
    ix_status rc = IX_OK;
    uint8_t(*answers)[IX_VERTICES] = NULL;
    int64_t n;
    int32_t script[IX_VERTICES * (1 + IX_SEPARATORS) + 1];
    ix_ask_list *l = &t->list[IX_ASK_ANSWERS];
    const ix_graph *g = &t->graphs.test[ix_pairs_get(test_pairs(t), pair).row];

    IX_TRY(ix_graph_answers(g, ANSWERS_OF_A_GRAPH, &answers, &n));
    for (int64_t k = 0; k < n; k++) {
        ix_graph_layout_write(&t->layout, answers[k], script);
        IX_TRY(add(l, test_pairs(t), pair, k, script, l->most));
    }
done:
    free(answers);
    return rc;
}

/* All answers to those of the first 2 `graphs` that have fewest. */
static ix_status recite_answers(ix_graph_talk *t, int64_t graphs)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(test_pairs(t));
    if (n > 2 * graphs) n = 2 * graphs;
    counted *list = calloc((size_t)n + 1, sizeof *list);

    IX_NEED(list, IX_ENOMEM, "correct answers: out of memory");
    t->list[IX_ASK_ANSWERS].most = ix_graph_layout_size(&t->layout);
    for (int64_t i = 0; i < n; i++)
        list[i] = (counted){i, ix_graph_cycles(&t->graphs.test[ix_pairs_get(test_pairs(t), i).row])};
    qsort(list, (size_t)n, sizeof *list, by_cycles);
    for (int64_t i = 0; i < n && i < graphs; i++) IX_TRY(recite_answers_of(t, list[i].pair));
done:
    free(list);
    return rc;
}

static ix_status ask_by_layout(ix_graph_talk *t)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &t->job->point->settings;
    IX_TRY(
        ask_freely(&t->list[IX_ASK_UNVISITED], test_pairs(t), 0, s->generate.tries, ix_graph_layout_size(&t->layout)));
    IX_TRY(recite_side(&t->list[IX_ASK_CHOSEN], test_pairs(t), IX_CHOSEN));
    IX_TRY(recite_side(&t->list[IX_ASK_REJECTED], test_pairs(t), IX_REJECTED));
    IX_TRY(recite_answers(t, s->generate.exact));
    t->free = calloc((size_t)t->list[IX_ASK_UNVISITED].n + 1, sizeof *t->free);
    IX_NEED(t->free, IX_ENOMEM, "what is asked of the model: out of memory");
done:
    return rc;
}

ix_status ix_graph_talk_ask(ix_graph_talk *t)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &t->job->point->settings;
    int64_t most = s->generate.max_tokens;
    if (t->style == IX_GRAPHS_WORLD && most > WORLD_TOKENS) most = WORLD_TOKENS;
    IX_TRY(ask_freely(&t->list[IX_ASK_TEST], test_pairs(t), 0, s->generate.tries, most));
    if (t->m->train)
        IX_TRY(ask_freely(&t->list[IX_ASK_TRAIN], t->m->train, s->generate.train_prompts, s->generate.tries, most));
    if (t->layout.known) IX_TRY(ask_by_layout(t));
done:
    return rc;
}
