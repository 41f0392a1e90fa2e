/* SPDX-License-Identifier: Apache-2.0 */
#include "pack/cut.h"

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

ix_status ix_cut_parts(int32_t *part, const int64_t *work, int64_t n, int parts)
{
    ix_status rc = IX_OK;
    item *items = calloc((size_t)n + 1, sizeof *items);
    int64_t *load = calloc((size_t)parts, sizeof *load);
    int *order = calloc((size_t)parts, sizeof *order);

    IX_CONTRACT(parts > 0);
    IX_NEED(items && load && order, IX_ENOMEM, "cut of %lld pairs: out of memory", (long long)n);
    for (int64_t i = 0; i < n; i++) items[i] = (item){work[i], i};
    qsort(items, (size_t)n, sizeof *items, largest_first);
    spread_order(order, parts);
    for (int64_t i = 0; i < n; i++) {
        int best = order[0];
        for (int p = 1; p < parts; p++)
            if (load[order[p]] < load[best]) best = order[p];
        load[best] += items[i].work;
        part[items[i].index] = best;
    }
done:
    free(items);
    free(load);
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
