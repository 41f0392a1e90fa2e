/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian_count.c - what is true of a graph (sums over sets of visited vertices), and judging an answer. */
#include <stdlib.h>
#include <string.h>

#include "data/hamiltonian.h"

/* value[visited][last] summed over all ways to get there. */
typedef struct {
    double value[1 << IX_VERTICES][IX_VERTICES];
} ways;

/* One step on from (visited, last), each neighbour that is left getting `share` of what is there. */
static void step(ways *w, const ix_graph *g, int visited, int last, double share)
{
    for (int v = 0; v < g->n; v++)
        if (ix_graph_has(g, last, v) && !(visited >> v & 1)) w->value[visited | 1 << v][v] += share;
}

/* The sum over walks from `start` through all vertices whose last is next to it. `even`: a walk's neighbours share what
 * it has; else each gets all. */
static double closed_walks(const ix_graph *g, int start, bool even)
{
    double sum = 0;
    int all = (1 << g->n) - 1;
    ways *w = calloc(1, sizeof *w);
    IX_CONTRACT(w);
    w->value[1 << start][start] = 1;
    for (int visited = 1; visited < all; visited++)
        for (int last = 0; last < g->n; last++) {
            double here = w->value[visited][last];
            int left = __builtin_popcount((unsigned)(g->beside[last] & ~visited));
            if (here > 0 && left > 0) step(w, g, visited, last, even ? here / left : here);
        }
    for (int last = 0; last < g->n; last++)
        if (ix_graph_has(g, last, start)) sum += w->value[all][last];
    free(w);
    return sum;
}

int64_t ix_graph_cycles(const ix_graph *g)
{
    return (int64_t)closed_walks(g, 0, false) / 2;
}

double ix_graph_uniform(const ix_graph *g)
{
    double permutations = 1;
    for (int i = 2; i <= g->n; i++) permutations *= i;
    return (double)ix_graph_cycles(g) * 2 * g->n / permutations;
}

double ix_graph_walk(const ix_graph *g)
{
    double sum = 0;
    for (int start = 0; start < g->n; start++) sum += closed_walks(g, start, true);
    return sum / g->n;
}

/* --- all answers ------------------------------------------------------------------------------------- */

typedef struct {
    const ix_graph *g;
    int64_t most, n;
    uint8_t (*out)[IX_VERTICES];
    uint8_t y[IX_VERTICES];
} finder;

static void find_from(finder *f, int depth, int visited)
{
    const ix_graph *g = f->g;
    if (depth == g->n) {
        if (!ix_graph_has(g, f->y[depth - 1], f->y[0])) return;
        if (f->n < f->most) memcpy(f->out[f->n], f->y, sizeof f->y);
        f->n++;
        return;
    }
    for (int v = 0; v < g->n && f->n <= f->most; v++) {
        if (visited >> v & 1 || (depth > 0 && !ix_graph_has(g, f->y[depth - 1], v))) continue;
        f->y[depth] = (uint8_t)v;
        find_from(f, depth + 1, visited | 1 << v);
    }
}

ix_status ix_graph_answers(const ix_graph *g, int64_t most, uint8_t (**out)[IX_VERTICES], int64_t *count)
{
    finder f = {.g = g, .most = most, .out = calloc((size_t)most + 1, sizeof *f.out)};
    *out = f.out;
    *count = 0;
    if (!f.out) return ix_fail(IX_ENOMEM, "answers of a graph: out of memory");
    find_from(&f, 0, 0);
    *count = f.n <= most ? f.n : 0;
    return IX_OK;
}

/* --- judging ----------------------------------------------------------------------------------------- */

enum { NONE = -1, ITEM = 32 };
typedef char item[ITEM];

/* A vertex, or NONE. */
static int vertex_of(const ix_graph *g, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] || digits > 6) return NONE;
    int v = atoi(text);
    return v < g->n ? v : NONE;
}

/* The number of items between separators, as Python's split has it; the first `most` of them, cut to ITEM - 1 bytes. */
static int split(item *out, int most, const char *text, const char *separator)
{
    for (int n = 0;; n++) {
        const char *end = strstr(text, separator);
        size_t size = end ? (size_t)(end - text) : strlen(text);
        if (size >= ITEM) size = ITEM - 1;
        if (n < most) memcpy(out[n], text, size), out[n][size] = 0;
        if (!end) return n + 1;
        text = end + strlen(separator);
    }
}

/* Are the n items different texts? */
static bool different(item *x, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(x[i], x[k])) return false;
    return true;
}

ix_answer ix_graph_judge(const ix_graph *g, ix_graph_style style, const char *text)
{
    ix_answer a = {0};
    item x[IX_VERTICES];
    int vertex[IX_VERTICES], seen = 0, closed = 0;
    int items = split(x, g->n, text, style == IX_GRAPHS_AUTHORS ? "<sep>" : " "), n = items < g->n ? items : g->n;

    for (int i = 0; i < n; i++) {
        vertex[i] = vertex_of(g, x[i]);
        if (vertex[i] != NONE) seen |= 1 << vertex[i];
        if (i == 0 || vertex[i] == NONE || vertex[i - 1] == NONE) continue;
        a.steps++;
        a.edges += ix_graph_has(g, vertex[i - 1], vertex[i]);
    }
    if (items != g->n) return a;
    a.permutation = seen == (1 << g->n) - 1;
    closed = a.edges == g->n - 1 && ix_graph_has(g, vertex[g->n - 1], vertex[0]);
    a.correct = closed && different(x, n);
    return a;
}
