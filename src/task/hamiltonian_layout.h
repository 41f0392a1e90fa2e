/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian_layout.h - how answers about graphs lie in tokens. Not for use outside src/task. Local. */
#ifndef IX_TASK_HAMILTONIAN_LAYOUT_H
#define IX_TASK_HAMILTONIAN_LAYOUT_H

#include "data/hamiltonian.h"
#include "data/pairs.h"

enum { IX_SEPARATORS = 8 };

/* vertex, separator, vertex, ..., vertex, end, ...: one token for a vertex, the same between any two. */
typedef struct {
    bool known; /* false: answers do not lie like this with this tokenizer */
    int n;
    int32_t vertex[IX_VERTICES], separator[IX_SEPARATORS], end;
    int separators; /* between two vertices */
} ix_graph_layout;

/* From all pairs, pair i being about graph[row of i]. */
ix_graph_layout ix_graph_layout_find(const ix_pairs *pairs, const ix_graph *graph, int n);

/* Tokens of an answer with its end. */
int32_t ix_graph_layout_size(const ix_graph_layout *l);
void ix_graph_layout_write(const ix_graph_layout *l, const uint8_t *y, int32_t *out);
/* Token `at` of a response belongs to the vertex in this place; -1: it is none. */
int ix_graph_layout_place(const ix_graph_layout *l, int32_t at);

#endif
