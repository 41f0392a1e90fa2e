/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/hop.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "comm/lanes.h"

enum { TAG_SUMS = 2, TAG_WEIGHTS = 4 };

/* Part i of `parts`, in whole chunks but for the last. */
static ix_span cut(ix_span all, int parts, int i)
{
    ix_span part = ix_split((ix_span_size(all) + IX_LANE_CHUNK - 1) / IX_LANE_CHUNK, parts, i);
    part.lo = all.lo + part.lo * IX_LANE_CHUNK;
    part.hi = all.lo + part.hi * IX_LANE_CHUNK;
    return (ix_span){part.lo < all.hi ? part.lo : all.hi, part.hi < all.hi ? part.hi : all.hi};
}

ix_span ix_hop_part(ix_span bucket, int ranks, int block, int i)
{
    return cut(cut(bucket, block, i % block), ranks / block, i / block);
}

static ix_span part_of(const ix_hop *h, ix_span all, int place)
{
    return ix_hop_part(all, h->who.ranks, h->who.block, place);
}

int ix_hop_nodes(const ix_hop *h)
{
    return h->first[h->who.mine + 1] - h->first[h->who.mine];
}

static ix_status make_nodes(ix_hop *h, int L)
{
    ix_status rc = IX_OK;
    ix_node stack[IX_TREE_DEPTH];
    int ranks = h->who.ranks, buffers;

    IX_NEED(h->first = calloc((size_t)ranks + 1, sizeof *h->first), IX_ENOMEM, "lanes: out of memory");
    for (int r = 0; r < ranks; r++)
        h->first[r + 1] = h->first[r] + ix_tree_nodes(L, ix_split(L, ranks, r), stack, &buffers);
    IX_NEED(h->nodes = calloc((size_t)h->first[ranks], sizeof *h->nodes), IX_ENOMEM, "lanes: out of memory");
    for (int r = 0; r < ranks; r++) {
        int count = ix_tree_nodes(L, ix_split(L, ranks, r), stack, &buffers);
        memcpy(h->nodes + h->first[r], stack, (size_t)count * sizeof *stack);
    }
done:
    return rc;
}

/* The additions over the nodes of all; the last one writes into my first buffer. */
static void plan_top(ix_hop *h, int L)
{
    ix_node stack[IX_TREE_DEPTH];
    int depth = 0, all = h->first[h->who.ranks];
    for (int slot = 0; slot < all; slot++) {
        ix_node node = h->nodes[slot];
        node.slot = slot;
        depth = ix_tree_push(stack, depth, L, node, h->adds, &h->add_count);
    }
    IX_CONTRACT(depth == 1 && h->add_count == all - 1);
    if (h->add_count > 0) h->adds[h->add_count - 1].to = h->first[h->who.mine];
}

static ix_status make_banks(ix_hop *h)
{
    ix_status rc = IX_OK;
    int64_t stage = h->receives * h->most;
    size_t requests = (size_t)(h->receives + h->sends);

    IX_NEED(h->request = calloc(IX_HOP_BANKS * requests, sizeof(MPI_Request)), IX_ENOMEM, "lanes: out of memory");
    IX_NEED(h->stage = ix_alloc_block(IX_HOP_BANKS * (size_t)stage * sizeof(float)), IX_ENOMEM,
            "no memory for the gradients of other ranks");
    for (int b = 0; b < IX_HOP_BANKS; b++) {
        MPI_Request *request = h->request + (size_t)b * requests;
        h->bank[b] = (ix_bank){.in = request, .out = request + h->receives, .stage = h->stage + b * stage};
    }
done:
    return rc;
}

ix_status ix_hop_make(ix_hop *h, const ix_meeting *who, int L, int64_t floats)
{
    ix_status rc = IX_OK;

    *h = (ix_hop){.who = *who};
    h->most = ix_span_size(part_of(h, (ix_span){0, floats}, 0));
    IX_TRY(make_nodes(h, L));
    size_t all = (size_t)h->first[who->ranks];
    IX_NEED(h->base = calloc(all, sizeof *h->base), IX_ENOMEM, "lanes: out of memory");
    IX_NEED(h->adds = calloc(all, sizeof *h->adds), IX_ENOMEM, "lanes: out of memory");
    plan_top(h, L);
    h->receives = (int)all - ix_hop_nodes(h);
    h->sends = ix_hop_nodes(h) * (who->ranks - 1);
    if (who->ranks > 1) IX_TRY(make_banks(h));
done:
    return rc;
}

void ix_hop_free(ix_hop *h)
{
    free(h->first);
    free(h->nodes);
    free(h->base);
    free(h->adds);
    free(h->stage);
    free(h->request);
    *h = (ix_hop){0};
}

/* --- sums ------------------------------------------------------------------------------------------------------- */

static int rank_of(const ix_hop *h, int place)
{
    return h->who.first + place * h->who.stride;
}

/* Where another place's node waits to be added. */
static float *staged(const ix_hop *h, const ix_bank *b, int slot)
{
    int others = slot < h->first[h->who.mine] ? slot : slot - ix_hop_nodes(h);
    return b->stage + others * h->most;
}

static ix_bank *begin(ix_hop *h, int bank, ix_span all)
{
    ix_bank *b = &h->bank[bank];
    b->all = all;
    b->added = false;
    for (int i = 0; i < h->receives; i++) b->in[i] = MPI_REQUEST_NULL;
    for (int i = 0; i < h->sends; i++) b->out[i] = MPI_REQUEST_NULL;
    return b;
}

void ix_hop_send(ix_hop *h, int bank, float *const *buffer, ix_span all)
{
    ix_bank *b = begin(h, bank, all);
    MPI_Request *in = b->in, *out = b->out;
    int ranks = h->who.ranks, own = ix_hop_nodes(h);
    int64_t mine = ix_span_size(part_of(h, all, h->who.mine));

    b->buffer = buffer;
    for (int step = 1; step < ranks; step++) { /* from my neighbour on: not everybody to the first one first */
        int to = (h->who.mine + step) % ranks, from = (h->who.mine + ranks - step) % ranks;
        ix_span theirs = part_of(h, all, to);
        for (int slot = h->first[from]; slot < h->first[from + 1] && mine > 0; slot++)
            IX_MPI(MPI_Irecv(staged(h, b, slot), (int)mine, MPI_FLOAT, rank_of(h, from), TAG_SUMS, h->who.comm, in++));
        for (int i = 0; i < own && ix_span_size(theirs) > 0; i++)
            IX_MPI(MPI_Isend(buffer[i] + theirs.lo, (int)ix_span_size(theirs), MPI_FLOAT, rank_of(h, to), TAG_SUMS,
                             h->who.comm, out++));
    }
}

/* The top of the tree over my part. */
static void add_bucket(ix_hop *h, ix_bank *b)
{
    ix_span mine = part_of(h, b->all, h->who.mine);
    for (int slot = 0; slot < h->first[h->who.ranks]; slot++) {
        int i = slot - h->first[h->who.mine];
        h->base[slot] = i >= 0 && i < ix_hop_nodes(h) ? b->buffer[i] + mine.lo : staged(h, b, slot);
    }
    ix_tree_add(h->base, h->adds, h->add_count, 0, ix_span_size(mine));
    b->added = true;
}

static bool all_there(MPI_Request *request, int n, bool wait)
{
    int there = 1;
    if (wait) IX_MPI(MPI_Waitall(n, request, MPI_STATUSES_IGNORE));
    else IX_MPI(MPI_Testall(n, request, &there, MPI_STATUSES_IGNORE));
    return there != 0;
}

bool ix_hop_finish(ix_hop *h, int bank, bool wait)
{
    ix_bank *b = &h->bank[bank];
    if (!b->added) {
        if (!all_there(b->in, h->receives, wait)) return false;
        add_bucket(h, b);
    }
    return all_there(b->out, h->sends, wait);
}

/* --- everybody's parts to everybody ----------------------------------------------------------------------------- */

void ix_hop_spread(ix_hop *h, int bank, float *x, ix_span all)
{
    ix_bank *b = begin(h, bank, all);
    int ranks = h->who.ranks;
    ix_span mine = part_of(h, all, h->who.mine);

    for (int step = 1; step < ranks; step++) {
        int to = (h->who.mine + step) % ranks, from = (h->who.mine + ranks - step) % ranks;
        ix_span theirs = part_of(h, all, from);
        if (ix_span_size(theirs) > 0)
            IX_MPI(MPI_Irecv(x + theirs.lo, (int)ix_span_size(theirs), MPI_FLOAT, rank_of(h, from), TAG_WEIGHTS,
                             h->who.comm, &b->in[step - 1]));
        if (ix_span_size(mine) > 0)
            IX_MPI(MPI_Isend(x + mine.lo, (int)ix_span_size(mine), MPI_FLOAT, rank_of(h, to), TAG_WEIGHTS, h->who.comm,
                             &b->out[step - 1]));
    }
}

void ix_hop_wait(ix_hop *h, int bank)
{
    all_there(h->bank[bank].in, h->receives, true);
    all_there(h->bank[bank].out, h->sends, true);
}
