/* SPDX-License-Identifier: Apache-2.0 */
#include "data/hamiltonian.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { POOL_TRAIN = 5000, POOL_TEST = 200, TRIES = 10, TEXT = 1024, WORLD_VERTICES = 10 };

/* --- graphs ----------------------------------------------------------------------------------------- */

/* Where chance comes from: a permutation of n, and a coin. */
typedef struct {
    ix_graph_style style;
    double p;
    ix_torch_rng torch;
    ix_splitmix mix;
} source;

static void permute(source *s, uint8_t *out, int n)
{
    int64_t order[IX_EDGES];
    if (s->style == IX_GRAPHS_AUTHORS) {
        ix_torch_randperm(&s->torch, n, order);
        for (int i = 0; i < n; i++) out[i] = (uint8_t)order[i];
        return;
    }
    for (int i = 0; i < n; i++) out[i] = (uint8_t)i;
    for (int i = 0; i + 1 < n; i++) {
        int k = i + (int)ix_splitmix_below(&s->mix, n - i);
        uint8_t t = out[i];
        out[i] = out[k];
        out[k] = t;
    }
}

static void permute_vertices(source *s, uint8_t out[IX_VERTICES], int n)
{
    uint8_t order[IX_EDGES] = {0};
    permute(s, order, n);
    memcpy(out, order, IX_VERTICES);
}

static bool toss(source *s)
{
    if (s->style == IX_GRAPHS_AUTHORS) return ix_torch_rand(&s->torch) < s->p;
    return ix_splitmix_below(&s->mix, 1000) < lround(1000 * s->p);
}

static void add_edge(ix_graph *g, int u, int v)
{
    uint8_t *e = g->edge[g->edges++];
    e[0] = (uint8_t)(u < v ? u : v);
    e[1] = (uint8_t)(u < v ? v : u);
    g->beside[u] |= (uint16_t)(1 << v);
    g->beside[v] |= (uint16_t)(1 << u);
}

static void shuffle_edges(source *s, ix_graph *g)
{
    uint8_t order[IX_EDGES], edge[IX_EDGES][2];
    permute(s, order, g->edges);
    memcpy(edge, g->edge, sizeof edge);
    for (int i = 0; i < g->edges; i++) memcpy(g->edge[i], edge[order[i]], sizeof edge[0]);
}

int ix_graph_missing(const ix_graph *g, const uint8_t *y)
{
    int missing = 0;
    for (int i = 0; i < g->n; i++) missing += !ix_graph_has(g, y[i], y[(i + 1) % g->n]);
    return missing;
}

/* false: ten permutations were cycles. */
static bool make_graph(source *s, ix_graph *g, int n)
{
    *g = (ix_graph){.n = n};
    permute_vertices(s, g->chosen, n);
    for (int i = 0; i < n; i++) add_edge(g, g->chosen[i], g->chosen[(i + 1) % n]);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (!ix_graph_has(g, i, j) && toss(s)) add_edge(g, i, j);
    shuffle_edges(s, g);
    for (int k = 0; k < TRIES; k++) {
        permute_vertices(s, g->rejected, n);
        if (ix_graph_missing(g, g->rejected) > 0) return true;
    }
    return false;
}

/* The world makes another graph where the authors give up. */
static ix_status make_graphs(source *s, ix_graph *g, int64_t count, int n)
{
    for (int64_t i = 0; i < count; i++)
        for (int k = 0; !make_graph(s, &g[i], n); k++)
            if (s->style == IX_GRAPHS_AUTHORS || k == 1000)
                return ix_fail(IX_EINPUT,
                               "data.hamiltonian: %d permutations of a graph in a row are cycles; lower "
                               "edge_probability",
                               TRIES);
    return IX_OK;
}

/* --- sets of graphs --------------------------------------------------------------------------------- */

/* A random `count` of the pool, in random order. */
static ix_status take_some(source *s, ix_graph *out, int64_t count, const ix_graph *pool, int64_t size)
{
    int64_t *order = malloc((size_t)size * sizeof *order);
    if (!order) return ix_fail(IX_ENOMEM, "graphs: out of memory");
    ix_torch_randperm(&s->torch, size, order);
    for (int64_t i = 0; i < count; i++) out[i] = pool[order[i]];
    free(order);
    return IX_OK;
}

static ix_status make_authors(ix_graphs *out, source *s, int n)
{
    ix_status rc = IX_OK;
    ix_graph *pool = malloc((POOL_TRAIN + POOL_TEST) * sizeof *pool);

    IX_NEED(pool, IX_ENOMEM, "graphs: out of memory");
    IX_NEED(out->trains <= POOL_TRAIN && out->tests <= POOL_TEST, IX_EINPUT,
            "data.hamiltonian: the authors' generator has %d graphs for training and %d for the test", POOL_TRAIN,
            POOL_TEST);
    IX_TRY(make_graphs(s, pool, POOL_TRAIN + POOL_TEST, n));
    IX_TRY(take_some(s, out->train, out->trains, pool, POOL_TRAIN));
    IX_TRY(take_some(s, out->test, out->tests, pool + POOL_TRAIN, POOL_TEST));
done:
    free(pool);
    return rc;
}

ix_status ix_graphs_make(ix_graphs *out, const ix_graph_settings *a)
{
    ix_status rc = IX_OK;
    source s = {.style = a->style, .p = a->edge_probability, .mix = {a->seed}};

    *out = (ix_graphs){.trains = a->train, .tests = a->test};
    IX_CONTRACT(a->vertices >= 4 && a->vertices <= IX_VERTICES);
    IX_NEED(a->style == IX_GRAPHS_AUTHORS || a->vertices <= WORLD_VERTICES, IX_EINPUT,
            "data.hamiltonian.vertices: the world has names for %d", WORLD_VERTICES);
    ix_torch_seed(&s.torch, a->seed);
    out->train = calloc((size_t)a->train + 1, sizeof *out->train);
    out->test = calloc((size_t)a->test + 1, sizeof *out->test);
    IX_NEED(out->train && out->test, IX_ENOMEM, "graphs: out of memory");
    if (a->style == IX_GRAPHS_AUTHORS) {
        IX_TRY(make_authors(out, &s, a->vertices));
    } else {
        IX_TRY(make_graphs(&s, out->test, a->test, a->vertices));
        IX_TRY(make_graphs(&s, out->train, a->train, a->vertices));
    }
done:
    if (rc != IX_OK) ix_graphs_free(out);
    return rc;
}

void ix_graphs_free(ix_graphs *g)
{
    free(g->train);
    free(g->test);
    *g = (ix_graphs){0};
}

/* --- texts ------------------------------------------------------------------------------------------ */

/* Appends to a text of TEXT bytes; graphs of IX_VERTICES fit. */
static void put(char *text, const char *what)
{
    size_t used = strlen(text);
    IX_CONTRACT(used + strlen(what) < TEXT);
    strcpy(text + used, what);
}

static void put_number(char *text, int number)
{
    char room[16];
    snprintf(room, sizeof room, "%d", number);
    put(text, room);
}

static void write_prompt(char *text, const ix_graph *g, ix_graph_style style)
{
    bool authors = style == IX_GRAPHS_AUTHORS;
    text[0] = 0;
    if (authors) put(text, "Vertices: ");
    for (int i = 0; authors && i < g->n; i++) put(text, "<sep>"), put_number(text, i);
    if (authors) put(text, "\nEdges: ");
    for (int i = 0; i < g->edges; i++) {
        put(text, authors ? "<sep>" : i ? " <edge> " : "<edge> ");
        put_number(text, g->edge[i][0]);
        put(text, authors ? "<edge_sep>" : " ");
        put_number(text, g->edge[i][1]);
    }
}

static void write_answer(char *text, const uint8_t *y, int n, ix_graph_style style)
{
    text[0] = 0;
    for (int i = 0; i < n; i++) {
        if (i) put(text, style == IX_GRAPHS_AUTHORS ? "<sep>" : " ");
        put_number(text, y[i]);
    }
}

static ix_status add_pair(ix_texts *out, const ix_graph *g, const uint8_t *rejected, ix_graph_style style)
{
    char prompt[TEXT], chosen[TEXT], other[TEXT];
    write_prompt(prompt, g, style);
    write_answer(chosen, g->chosen, g->n, style);
    write_answer(other, rejected, g->n, style);
    return ix_texts_add(out, prompt, chosen, other);
}

static ix_status write_graphs(ix_texts **out, const ix_graph *g, int64_t count, ix_graph_style style, const char *name)
{
    ix_status rc = ix_texts_create(out, name);
    for (int64_t i = 0; i < count && rc == IX_OK; i++) rc = add_pair(*out, &g[i], g[i].rejected, style);
    return rc;
}

const char *const *ix_graph_tokens(ix_graph_style style)
{
    static const char *const authors[] = {"<sep>", "<edge_sep>", NULL}, *const none[] = {NULL};
    return style == IX_GRAPHS_AUTHORS ? authors : none;
}

/* --- answers that are almost right -------------------------------------------------------------------- */

typedef uint8_t answer[IX_VERTICES];

/* The chosen cycle with the stretch [i, k] turned round. */
static void turned(answer out, const ix_graph *g, int i, int k)
{
    memcpy(out, g->chosen, sizeof(answer));
    for (; i < k; i++, k--) {
        uint8_t t = out[i];
        out[i] = out[k];
        out[k] = t;
    }
}

/* Of all such with `least` to `most` missing edges one at random; false: there is none. */
static bool draw_turned(answer out, const ix_graph *g, int least, int most, ix_splitmix *mix)
{
    answer list[IX_EDGES];
    int n = 0;
    for (int i = 0; i < g->n; i++)
        for (int k = i + 1; k < g->n; k++) {
            turned(list[n], g, i, k);
            int missing = ix_graph_missing(g, list[n]);
            n += missing >= least && missing <= most;
        }
    if (n == 0) return false;
    memcpy(out, list[ix_splitmix_below(mix, n)], sizeof(answer));
    return true;
}

static void rotate(answer y, int n, int first)
{
    answer old;
    memcpy(old, y, sizeof old);
    for (int i = 0; i < n; i++) y[i] = old[(first + i) % n];
}

/* The vertex in front of the one missing edge. */
static int place_of_gap(const ix_graph *g, const answer y)
{
    int i = 0;
    while (ix_graph_has(g, y[i], y[(i + 1) % g->n])) i++;
    return i;
}

enum { HARD, CLOSING, INNER, KINDS };
static const char *const kind_name[KINDS] = {"hard", "closing", "inner"};

static ix_status write_almost(ix_texts *t[KINDS], const ix_graph *g, ix_graph_style style, ix_splitmix *mix)
{
    ix_status rc = IX_OK;
    answer y;
    if (draw_turned(y, g, 1, 2, mix)) {
        rotate(y, g->n, (int)ix_splitmix_below(mix, g->n));
        IX_TRY(add_pair(t[HARD], g, y, style));
    }
    if (!draw_turned(y, g, 1, 1, mix)) return IX_OK;
    rotate(y, g->n, (place_of_gap(g, y) + 1) % g->n);
    IX_TRY(add_pair(t[CLOSING], g, y, style));
    rotate(y, g->n, 1 + (int)ix_splitmix_below(mix, g->n - 1));
    IX_TRY(add_pair(t[INNER], g, y, style));
done:
    return rc;
}

static ix_status add_almost(ix_sets *sets, const ix_graphs *g, const ix_graph_settings *a)
{
    ix_status rc = IX_OK;
    ix_texts *t[KINDS] = {NULL};
    ix_splitmix mix = {a->seed + 1};

    for (int k = 0; k < KINDS; k++) IX_TRY(ix_texts_create(&t[k], kind_name[k]));
    for (int64_t i = 0; i < g->tests; i++) IX_TRY(write_almost(t, &g->test[i], a->style, &mix));
    for (int k = 0; k < KINDS; k++)
        if (ix_texts_count(t[k])) IX_TRY(ix_sets_add(sets, kind_name[k], NULL, IX_CONTROL, &t[k]));
done:
    for (int k = 0; k < KINDS; k++) ix_texts_destroy(&t[k]);
    return rc;
}

ix_status ix_graphs_sets(ix_sets **out, const ix_graph_settings *a)
{
    ix_status rc = IX_OK;
    ix_graphs g = {0};
    ix_sets *sets = NULL;
    ix_texts *t = NULL;

    *out = NULL;
    IX_TRY(ix_graphs_make(&g, a));
    IX_TRY(ix_sets_create(&sets));
    IX_TRY(write_graphs(&t, g.train, g.trains, a->style, "hamiltonian, train"));
    ix_sets_set_train(sets, &t);
    IX_TRY(write_graphs(&t, g.test, g.tests, a->style, "hamiltonian, test"));
    IX_TRY(ix_sets_add(sets, "test", NULL, IX_IN_DISTRIBUTION, &t));
    IX_TRY(add_almost(sets, &g, a));
    *out = sets;
    sets = NULL;
done:
    ix_texts_destroy(&t);
    ix_sets_destroy(&sets);
    ix_graphs_free(&g);
    return rc;
}
