/* SPDX-License-Identifier: Apache-2.0
 *
 * tree.h - inside comm: the fixed binary tree over L lanes, [0, L) = [0, p) + [p, L) with p the largest power of two
 * below L. Its nodes are the dyadic blocks [index 2^level, (index + 1) 2^level) cut off at L; a block whose right half
 * is cut off altogether is its left half. Nodes arrive in the order of lanes and are added up as soon as both halves
 * of a block are there, like the carries of a binary counter. Local. */
#ifndef IX_COMM_TREE_H
#define IX_COMM_TREE_H

#include <stdint.h>

#include "base/span.h"

/* Floats below which a second thread costs more than it gives. */
enum { IX_LITTLE = 1 << 19 };

typedef struct {
    int level, index;
    int slot; /* which buffer holds its sum */
} ix_node;

/* buffer[to] = buffer[left] + buffer[right] */
typedef struct {
    int to, left, right;
} ix_add;

enum { IX_TREE_DEPTH = 64 }; /* a rank holds at most two nodes of each level */

/* Puts a node on the stack of `depth` nodes; merges what can be. Each merge appends the addition it asks for to
 * adds[*count], into the left one's slot. Returns the new depth. At most 31 additions per call. */
int ix_tree_push(ix_node *stack, int depth, int L, ix_node node, ix_add *adds, int *count);

/* The nodes that a rank with the lanes `own` ends with, their slots counted from 0, and the most buffers that it
 * needs on the way. Returns how many nodes. */
int ix_tree_nodes(int L, ix_span own, ix_node stack[IX_TREE_DEPTH], int *buffers);

/* to[i] = left[i] + right[i] for all additions in order and i in [lo, hi) of buffers base[slot]; any number of threads
 * gives the same bits. */
void ix_tree_add(float *const *base, const ix_add *adds, int count, int64_t lo, int64_t hi);

/* Where the order is simply that of ranks: x[n] = ((rank 0's + rank 1's) + rank 2's) + ...; `others` holds theirs, one
 * after the other, mine left out: that is x. */
void ix_tree_add_ranks(float *x, const float *others, int64_t n, int ranks, int mine);

#endif
