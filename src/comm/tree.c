/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/tree.h"

#include <stdbool.h>

static bool is_root(ix_node n, int L)
{
    return n.index == 0 && ((int64_t)1 << n.level) >= L;
}

/* A left half whose right sibling lies beyond the last lane is the whole block. */
static bool is_alone(ix_node n, int L)
{
    return n.index % 2 == 0 && ((int64_t)(n.index + 1) << n.level) >= L;
}

static bool are_halves(ix_node left, ix_node right)
{
    return left.level == right.level && left.index % 2 == 0 && right.index == left.index + 1;
}

int ix_tree_push(ix_node *stack, int depth, int L, ix_node node, ix_add *adds, int *count)
{
    while (!is_root(node, L)) {
        if (depth > 0 && are_halves(stack[depth - 1], node)) {
            ix_node left = stack[--depth];
            adds[(*count)++] = (ix_add){left.slot, left.slot, node.slot};
            node.slot = left.slot;
        } else if (!is_alone(node, L)) {
            break;
        }
        node.level++;
        node.index /= 2;
    }
    stack[depth] = node;
    return depth + 1;
}

int ix_tree_nodes(int L, ix_span own, ix_node stack[IX_TREE_DEPTH], int *buffers)
{
    ix_add adds[IX_TREE_DEPTH];
    int depth = 0;
    *buffers = 0;
    for (int64_t lane = own.lo; lane < own.hi; lane++) {
        int count = 0;
        if (depth + 1 > *buffers) *buffers = depth + 1;
        depth = ix_tree_push(stack, depth, L, (ix_node){0, (int)lane, depth}, adds, &count);
    }
    return depth;
}

void ix_tree_add(float *const *base, const ix_add *adds, int count, int64_t lo, int64_t hi)
{
    enum { BLOCK = 4096 }; /* three of them fit a first-level cache: no sum of a chain travels to memory twice */
    if (count == 0) return;
#pragma omp parallel for schedule(static) if ((hi - lo) * count > IX_LITTLE)
    for (int64_t b = lo; b < hi; b += BLOCK) {
        int64_t end = b + BLOCK < hi ? b + BLOCK : hi;
        for (int a = 0; a < count; a++) {
            float *to = base[adds[a].to];
            const float *left = base[adds[a].left], *right = base[adds[a].right];
#pragma omp simd
            for (int64_t i = b; i < end; i++) to[i] = left[i] + right[i];
        }
    }
}

void ix_tree_add_ranks(float *x, const float *others, int64_t n, int ranks, int mine)
{
    for (int64_t i = 0; i < n; i++) {
        float own = x[i], sum = mine == 0 ? own : others[i];
        for (int r = 1; r < ranks; r++) sum += r == mine ? own : others[(r < mine ? r : r - 1) * n + i];
        x[i] = sum;
    }
}
