/* SPDX-License-Identifier: Apache-2.0
 *
 * block.h - formulas by which the parts of a block are joined. Not for use outside src/model. */
#ifndef IX_MODEL_BLOCK_H
#define IX_MODEL_BLOCK_H

#include "model/parts.h"

typedef struct ix_block ix_block;

/* The parts of one block; its formula says which of them it uses. */
typedef struct {
    const ix_block *block;
    ix_norm norm[4];
    ix_heads attention;
    ix_mlp mlp;
    ix_place x, mid, inner[2]; /* [D]: the block's input, and what its formula keeps */
} ix_layer;

struct ix_block {
    /* next[R,D] = block(x[N,D]); next may be x itself. next NULL, where all rows are read: only what the backward pass
     * needs. */
    void (*forward)(const ix_run *r, const ix_layer *l, float *next, const float *x);
    /* dx is the gradient of the block's output, [R,D], on entry, of its input, [N,D], on return. */
    void (*backward)(const ix_run *r, const ix_layer *l, float *dx, const float *x);
    size_t (*scratch)(const ix_layer *l, int64_t N, bool backward); /* bytes, with those of its parts */
};

/* The most that attention, feed-forward or the first `norms` norms take from scratch. */
size_t ix_block_parts_scratch(const ix_layer *l, int norms, int64_t N, bool backward);

/* With n1, n2 = norm[0], norm[1]:  mid = x + attention(n1 x),  next = mid + mlp(n2 mid). */
extern const ix_block ix_block_serial;

#endif
