/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian.h - graphs that hold a Hamiltonian cycle, as preference pairs: a cycle against a permutation of the
 * vertices that is none (the paper's section 3.2; paper.md 2.7).
 *
 * A graph is made by a planted cycle and every other edge with some probability; its edges are shuffled. Two styles say
 * where chance comes from and how a graph is written. IX_GRAPHS_AUTHORS is the authors' generator, number for number:
 * torch's, 5,000 graphs, then 200 for the test, of which random ones are taken; prompt
 * "Vertices: <sep>0<sep>1...\nEdges: <sep>u<edge_sep>v<sep>...", response "v0<sep>v1<sep>...". IX_GRAPHS_WORLD is that
 * of the embedded model (splitmix64; the test first): prompt "<edge> u v <edge> ...", response "v0 v1 ...". All
 * functions are local. */
#ifndef IX_DATA_HAMILTONIAN_H
#define IX_DATA_HAMILTONIAN_H

#include <stdbool.h>

#include "data/sets.h"

enum { IX_VERTICES = 12, IX_EDGES = IX_VERTICES * (IX_VERTICES - 1) / 2 };

typedef struct {
    int n, edges;
    uint8_t edge[IX_EDGES][2];                          /* smaller vertex first, in the order of the prompt */
    uint16_t beside[IX_VERTICES];                       /* neighbours, a bit each */
    uint8_t chosen[IX_VERTICES], rejected[IX_VERTICES]; /* the planted cycle, and a permutation with a missing edge */
} ix_graph;

static inline bool ix_graph_has(const ix_graph *g, int u, int v)
{
    return g->beside[u] >> v & 1;
}

/* Pairs of neighbours in the closed walk y[n] that are no edges. */
int ix_graph_missing(const ix_graph *g, const uint8_t *y);

typedef enum { IX_GRAPHS_AUTHORS, IX_GRAPHS_WORLD } ix_graph_style;

typedef struct {
    ix_graph_style style;
    int vertices;            /* 4 .. IX_VERTICES; of the world at most 10 */
    double edge_probability; /* of an edge beside the cycle */
    int64_t train, test;     /* graphs; the authors have at most 5,000 and 200 */
    uint64_t seed;
} ix_graph_settings;

typedef struct {
    ix_graph *train, *test;
    int64_t trains, tests;
} ix_graphs;

/* IX_EINPUT: more graphs or vertices than the style has; ten permutations in a row were cycles. */
ix_status ix_graphs_make(ix_graphs *out, const ix_graph_settings *settings);
void ix_graphs_free(ix_graphs *graphs); /* leaves it {0} */

/* Training pairs, and the sets
 *   test      the planted cycle against the permutation, row i of graph i      in_distribution
 *   hard      against a cycle with a stretch turned round: 1 or 2 edges miss   control
 *   closing   against a path of which only the closing edge is missing         control
 *   inner     against the same path, from another vertex on: one inner edge    control
 * The last three are drawn by splitmix64 from seed + 1; a graph without such an answer is left out there. */
ix_status ix_graphs_sets(ix_sets **out, const ix_graph_settings *settings);

/* Tokens that texts of this style have beside the tokenizer's; NULL ends the list. */
const char *const *ix_graph_tokens(ix_graph_style style);

/* --- what is true of a graph -------------------------------------------------------------------------- */

/* Hamiltonian cycles, of which a cycle and its reverse count once. A correct answer is one of 2 n times as many. */
int64_t ix_graph_cycles(const ix_graph *g);
/* Share of the permutations that are correct. */
double ix_graph_uniform(const ix_graph *g);
/* The probability that a walk from a random vertex, which goes on to a random neighbour that it has not seen, is
 * correct. */
double ix_graph_walk(const ix_graph *g);
/* All correct answers, [count][IX_VERTICES] at *out (free it), by their first vertex, then the next, ... *count 0 if
 * there are more than `most`. IX_ENOMEM. */
ix_status ix_graph_answers(const ix_graph *g, int64_t most, uint8_t (**out)[IX_VERTICES], int64_t *count);

/* --- what was written --------------------------------------------------------------------------------- */

/* A text judged as an answer. `text` has no end token. */
typedef struct {
    bool permutation; /* every vertex once, and nothing else */
    bool correct;     /* the authors' rule: as many different numbers as vertices, each next to the one before */
    int steps, edges; /* places among the first n where two vertices follow each other; of these, edges */
} ix_answer;
ix_answer ix_graph_judge(const ix_graph *g, ix_graph_style style, const char *text);

#endif
