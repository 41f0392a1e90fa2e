/* SPDX-License-Identifier: Apache-2.0 */
#include "pack/cut.h"

#include <stdbool.h>
#include <stdlib.h>

typedef struct {
    int64_t work, index;
} item;

static int largest_first(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->work != y->work) return x->work < y->work ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

/* Numbers 0..parts-1 in bit-reversed order of the next power of two. */
static void spread_order(int *order, int parts)
{
    int bits = 0, n = 0;
    while ((1 << bits) < parts) bits++;
    for (int i = 0; i < 1 << bits; i++) {
        int reversed = 0;
        for (int b = 0; b < bits; b++) reversed |= ((i >> b) & 1) << (bits - 1 - b);
        if (reversed < parts) order[n++] = reversed;
    }
}

/* Parts that wait for work, those with less before those with more, equal ones in the order that they are taken in: a
 * heap, heap[0] the next. A step of many nodes has many thousands of pairs and a part for every node. */
typedef struct {
    int64_t load;
    int place, part;
} load;

static bool before(const load *a, const load *b)
{
    return a->load != b->load ? a->load < b->load : a->place < b->place;
}

/* heap[0] has grown. */
static void sink(load *heap, int parts)
{
    load moved = heap[0];
    int at = 0;
    for (int child = 1; child < parts; child = 2 * at + 1) {
        if (child + 1 < parts && before(&heap[child + 1], &heap[child])) child++;
        if (!before(&heap[child], &moved)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

ix_status ix_cut_parts(int32_t *part, const int64_t *work, int64_t n, int parts)
{
    ix_status rc = IX_OK;
    item *items = calloc((size_t)n + 1, sizeof *items);
    load *heap = calloc((size_t)parts, sizeof *heap);
    int *order = calloc((size_t)parts, sizeof *order);

    IX_CONTRACT(parts > 0);
    IX_NEED(items && heap && order, IX_ENOMEM, "cut of %lld pairs: out of memory", (long long)n);
    for (int64_t i = 0; i < n; i++) items[i] = (item){work[i], i};
    qsort(items, (size_t)n, sizeof *items, largest_first);
    spread_order(order, parts);
    for (int p = 0; p < parts; p++) heap[p] = (load){0, p, order[p]};
    for (int64_t i = 0; i < n; i++) {
        part[items[i].index] = heap[0].part;
        heap[0].load += items[i].work;
        sink(heap, parts);
    }
done:
    free(items);
    free(heap);
    free(order);
    return rc;
}

int64_t ix_cut_pack(const int64_t *tokens, const int64_t *list, int64_t count, int64_t from, int64_t budget)
{
    int64_t sum = 0, at = from;
    for (; at < count; at++) {
        sum += tokens[list ? list[at] : at];
        if (sum > budget && at > from) break;
    }
    return at;
}

void ix_cut_trim(uint8_t *lost, const ix_pair *pairs, int64_t n)
{
    int64_t prompt = 0, response = 0, longest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (pairs[i].prompt_size > prompt) prompt = pairs[i].prompt_size;
        for (int s = 0; s < IX_SIDES; s++) {
            int64_t total = (int64_t)pairs[i].prompt_size + pairs[i].response_size[s];
            if (pairs[i].response_size[s] > response) response = pairs[i].response_size[s];
            if (total > longest) longest = total;
        }
    }
    for (int64_t i = 0; i < n; i++)
        for (int s = 0; s < IX_SIDES; s++)
            lost[2 * i + s] =
                longest < prompt + response && (int64_t)pairs[i].prompt_size + pairs[i].response_size[s] == longest;
}
