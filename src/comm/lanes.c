/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "comm/mpi_call.h"
#include "comm/tree.h"

/* 16 MiB: a tenth of a second on a gigabit, and a layer or two of a small model. A message is a bucket's part. */
enum { TAG_LANES = 2, BUCKET_FLOATS = 4 << 20, BANKS = 2 };

/* What follows from (L, D) alone and every rank knows: who ends with which nodes. Node k of rank r has the slot
 * first[r] + k. */
typedef struct {
    int *first;     /* [D + 1] */
    ix_node *nodes; /* [first[D]], in the order of lanes */
} layout;

/* One bucket on its way. */
typedef struct {
    MPI_Request *in, *out; /* [receives], [sends] */
    float *stage;          /* the part of this rank of every node of the others */
    bool added;
} bank;

struct ix_lanes {
    const ix_grid *grid;
    ix_axis axis;
    MPI_Comm comm;
    int L, D, rank;
    int64_t n;
    ix_span own; /* lanes */
    layout plan;
    int buffers;
    float **buffer; /* [buffers] of n floats: node stack[i] is in buffer[i], the lane being computed above them */
    float *stage;   /* of both banks */
    float **base;   /* [nodes of all] where my part of a bucket of each node is */
    ix_add *adds;   /* the top of the tree, over the nodes of all ranks */
    int add_count;
    MPI_Request *request; /* of both banks */
    int receives, sends;  /* of a bucket */
    bank bank[BANKS];     /* bucket k is in bank k % BANKS */
    int64_t sent, summed; /* buckets above these numbers are on their way, are sums */
    ix_node stack[IX_TREE_DEPTH];
    int depth;
    int64_t next;  /* lane to compute */
    bool open;     /* between begin and end */
    bool closing;  /* the open lane is the last: it is on the stack already, and its last additions are done */
    int64_t ready; /* from here on */
    ix_add last[IX_TREE_DEPTH];
    int last_count;
};

int64_t ix_lanes_buckets(int64_t n)
{
    return (n + BUCKET_FLOATS - 1) / BUCKET_FLOATS;
}

/* All floats of bucket k. */
static ix_span bucket_of(int64_t n, int64_t k)
{
    int64_t lo = k * BUCKET_FLOATS, hi = lo + BUCKET_FLOATS;
    return (ix_span){lo, hi < n ? hi : n};
}

ix_span ix_lanes_part(int64_t n, int D, int i, int64_t k)
{
    ix_span all = bucket_of(n, k), part = ix_split((ix_span_size(all) + IX_LANE_CHUNK - 1) / IX_LANE_CHUNK, D, i);
    part.lo = all.lo + part.lo * IX_LANE_CHUNK;
    part.hi = all.lo + part.hi * IX_LANE_CHUNK;
    return (ix_span){part.lo < all.hi ? part.lo : all.hi, part.hi < all.hi ? part.hi : all.hi};
}

int64_t ix_lanes_share(int64_t n, int D, int i)
{
    int64_t last = ix_lanes_buckets(n) - 1; /* all before it are alike */
    return last * ix_span_size(ix_lanes_part(n, D, i, 0)) + ix_span_size(ix_lanes_part(n, D, i, last));
}

/* For both banks what the others send of a bucket. */
static int64_t stage_size(int64_t others, int64_t n, int D)
{
    return BANKS * others * ix_span_size(ix_lanes_part(n, D, 0, 0));
}

size_t ix_lanes_bytes(int L, int D, int64_t n)
{
    ix_node stack[IX_TREE_DEPTH];
    int64_t all = 0, worst = 0;
    int buffers;

    for (int r = 0; r < D; r++) all += ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
    for (int r = 0; r < D; r++) {
        int64_t own = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
        int64_t floats = buffers * n + stage_size(all - own, n, D);
        if (floats > worst) worst = floats;
    }
    return (size_t)worst * sizeof(float);
}

double ix_lanes_sent(int L, int D, int64_t n)
{
    ix_node stack[IX_TREE_DEPTH];
    double worst = 0;
    int buffers;

    for (int r = 0; r < D; r++) {
        int64_t own = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers), share = ix_lanes_share(n, D, r);
        double floats = (double)own * (double)(n - share) + (double)(D - 1) * (double)share;
        if (floats > worst) worst = floats;
    }
    return worst * sizeof(float);
}

static ix_status make_layout(layout *p, int L, int D)
{
    ix_status rc = IX_OK;
    ix_node stack[IX_TREE_DEPTH];
    int buffers;

    IX_NEED(p->first = calloc((size_t)D + 1, sizeof *p->first), IX_ENOMEM, "lanes: out of memory");
    for (int r = 0; r < D; r++) p->first[r + 1] = p->first[r] + ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
    IX_NEED(p->nodes = calloc((size_t)p->first[D], sizeof *p->nodes), IX_ENOMEM, "lanes: out of memory");
    for (int r = 0; r < D; r++) {
        int count = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
        memcpy(p->nodes + p->first[r], stack, (size_t)count * sizeof *stack);
    }
done:
    return rc;
}

static int own_nodes(const ix_lanes *l)
{
    return l->plan.first[l->rank + 1] - l->plan.first[l->rank];
}

/* The additions over the nodes of all ranks; the last one writes into this rank's first buffer. */
static void plan_top(ix_lanes *l)
{
    ix_node stack[IX_TREE_DEPTH];
    int depth = 0;
    for (int slot = 0; slot < l->plan.first[l->D]; slot++) {
        ix_node node = l->plan.nodes[slot];
        node.slot = slot;
        depth = ix_tree_push(stack, depth, l->L, node, l->adds, &l->add_count);
    }
    IX_CONTRACT(depth == 1 && l->add_count == l->plan.first[l->D] - 1);
    if (l->add_count > 0) l->adds[l->add_count - 1].to = l->plan.first[l->rank];
}

static ix_status make_buffers(ix_lanes *l)
{
    ix_status rc = IX_OK;
    ix_tree_nodes(l->L, l->own, l->stack, &l->buffers);
    IX_NEED(l->buffer = calloc((size_t)l->buffers, sizeof *l->buffer), IX_ENOMEM, "lanes: out of memory");
    for (int i = 0; i < l->buffers; i++)
        IX_NEED(l->buffer[i] = ix_alloc_block((size_t)l->n * sizeof(float)), IX_ENOMEM,
                "no memory for %d gradient buffers of %.1f MiB each: fewer lanes or more data ranks need fewer",
                l->buffers, (double)l->n * sizeof(float) / (1 << 20));
done:
    return rc;
}

static ix_status make_exchange(ix_lanes *l)
{
    ix_status rc = IX_OK;
    int all = l->plan.first[l->D];

    l->receives = all - own_nodes(l);
    l->sends = own_nodes(l) * (l->D - 1);
    IX_NEED(l->base = calloc((size_t)all, sizeof *l->base), IX_ENOMEM, "lanes: out of memory");
    IX_NEED(l->adds = calloc((size_t)all, sizeof *l->adds), IX_ENOMEM, "lanes: out of memory");
    plan_top(l);
    if (l->D == 1) return IX_OK;
    int64_t stage = stage_size(l->receives, l->n, l->D);
    IX_NEED(l->request = calloc(BANKS * (size_t)(l->receives + l->sends), sizeof(MPI_Request)), IX_ENOMEM,
            "lanes: out of memory");
    IX_NEED(l->stage = ix_alloc_block((size_t)stage * sizeof(float)), IX_ENOMEM,
            "no memory for the gradients of other ranks");
    for (int b = 0; b < BANKS; b++) {
        MPI_Request *request = l->request + b * (l->receives + l->sends);
        l->bank[b] = (bank){.in = request, .out = request + l->receives, .stage = l->stage + b * (stage / BANKS)};
    }
done:
    return rc;
}

static void rewind_step(ix_lanes *l)
{
    l->depth = 0;
    l->next = l->own.lo;
    l->sent = l->summed = ix_lanes_buckets(l->n);
    l->ready = l->n;
}

static ix_status make_lanes(ix_lanes *l)
{
    ix_status rc = IX_OK;
    IX_NEED(l, IX_ENOMEM, "lanes: out of memory");
    IX_TRY(make_layout(&l->plan, l->L, l->D));
    IX_TRY(make_buffers(l));
    IX_TRY(make_exchange(l));
done:
    return rc;
}

ix_status ix_lanes_create(ix_lanes **out, const ix_grid *grid, ix_axis axis, int L, int64_t n)
{
    ix_status rc = IX_OK;
    int D = grid->size[axis], rank = grid->rank[axis];
    ix_lanes *l = calloc(1, sizeof *l);

    *out = NULL;
    IX_CONTRACT(L >= D && n >= 1);
    if (l) *l = (ix_lanes){.grid = grid, .axis = axis, .comm = grid->comm[axis], .L = L, .D = D, .rank = rank, .n = n};
    if (l) l->own = ix_split(L, D, rank);
    if (l) rewind_step(l);
    IX_TRY(ix_grid_agree(grid, axis, make_lanes(l)));
    *out = l;
    l = NULL;
done:
    ix_lanes_destroy(&l);
    return rc;
}

void ix_lanes_destroy(ix_lanes **lanes)
{
    ix_lanes *l = *lanes;
    if (!l) return;
    for (int i = 0; i < l->buffers && l->buffer; i++) free(l->buffer[i]);
    free(l->buffer);
    free(l->stage);
    free(l->request);
    free(l->base);
    free(l->adds);
    free(l->plan.first);
    free(l->plan.nodes);
    free(l);
    *lanes = NULL;
}

static void zero(float *x, int64_t n)
{
#pragma omp parallel for schedule(static) if (n > IX_LITTLE)
    for (int64_t i = 0; i < n; i += IX_LANE_CHUNK)
        memset(x + i, 0, (size_t)(n - i < IX_LANE_CHUNK ? n - i : IX_LANE_CHUNK) * sizeof *x);
}

float *ix_lanes_reopen(ix_lanes *l)
{
    IX_CONTRACT(!l->open && l->next < l->own.hi);
    l->open = true;
    return l->buffer[l->depth];
}

float *ix_lanes_begin(ix_lanes *l)
{
    float *x = ix_lanes_reopen(l);
    zero(x, l->n);
    return x;
}

/* The first lane behind a node. */
static int64_t end_of(const ix_lanes *l, int level, int index)
{
    int64_t end = ((int64_t)index + 1) << level;
    return end < l->L ? end : l->L;
}

bool ix_lanes_takes(const ix_lanes *l, int level, int index)
{
    bool sound = level >= 0 && level < 31 && index >= 0 && index < l->L;
    return sound && ((int64_t)index << level) == l->next && end_of(l, level, index) <= l->own.hi;
}

void ix_lanes_adopt(ix_lanes *l, int level, int index)
{
    ix_add adds[IX_TREE_DEPTH];
    int count = 0;

    IX_CONTRACT(l->open && ix_lanes_takes(l, level, index));
    l->open = false;
    if (l->closing) {
        ix_lanes_ready(l, 0);
        l->closing = false;
        l->next++;
        return;
    }
    l->next = end_of(l, level, index);
    l->depth = ix_tree_push(l->stack, l->depth, l->L, (ix_node){level, index, l->depth}, adds, &count);
    ix_tree_add(l->buffer, adds, count, 0, l->n);
}

void ix_lanes_end(ix_lanes *l)
{
    ix_lanes_adopt(l, 0, (int)l->next);
}

int ix_lanes_sums(const ix_lanes *l, ix_lane_sum out[IX_LANE_SUMS])
{
    int n = 0;
    for (; n < l->depth; n++) out[n] = (ix_lane_sum){l->stack[n].level, l->stack[n].index, l->buffer[l->stack[n].slot]};
    if (l->open) out[n++] = (ix_lane_sum){0, (int)l->next, l->buffer[l->depth]};
    return n;
}

/* --- buckets ------------------------------------------------------------------------------------------- */

/* Where another rank's node waits to be added. */
static float *staged(const ix_lanes *l, int64_t k, int slot)
{
    int place = slot < l->plan.first[l->rank] ? slot : slot - own_nodes(l);
    return l->bank[k % BANKS].stage + place * ix_span_size(ix_lanes_part(l->n, l->D, 0, 0));
}

/* Starts the exchange of bucket k. Until it is over those parts of the buffers that belong to other ranks must not be
 * written; nobody writes them before the next step. */
static void send_bucket(ix_lanes *l, int64_t k)
{
    bank *b = &l->bank[k % BANKS];
    MPI_Request *in = b->in, *out = b->out;
    int64_t mine = ix_span_size(ix_lanes_part(l->n, l->D, l->rank, k));

    b->added = false;
    for (int i = 0; i < l->receives; i++) in[i] = MPI_REQUEST_NULL;
    for (int i = 0; i < l->sends; i++) out[i] = MPI_REQUEST_NULL;
    for (int step = 1; step < l->D; step++) { /* from my neighbour on: not everybody to rank 0 first */
        int to = (l->rank + step) % l->D, from = (l->rank + l->D - step) % l->D;
        ix_span theirs = ix_lanes_part(l->n, l->D, to, k);
        for (int slot = l->plan.first[from]; slot < l->plan.first[from + 1] && mine > 0; slot++)
            IX_MPI(MPI_Irecv(staged(l, k, slot), (int)mine, MPI_FLOAT, from, TAG_LANES, l->comm, in++));
        for (int i = 0; i < l->depth && ix_span_size(theirs) > 0; i++)
            IX_MPI(MPI_Isend(l->buffer[i] + theirs.lo, (int)ix_span_size(theirs), MPI_FLOAT, to, TAG_LANES, l->comm,
                             out++));
    }
}

/* The top of the tree over my part of bucket k. */
static void add_bucket(ix_lanes *l, int64_t k)
{
    ix_span mine = ix_lanes_part(l->n, l->D, l->rank, k);
    for (int slot = 0; slot < l->plan.first[l->D]; slot++) {
        int i = slot - l->plan.first[l->rank];
        l->base[slot] = i >= 0 && i < own_nodes(l) ? l->buffer[i] + mine.lo : staged(l, k, slot);
    }
    ix_tree_add(l->base, l->adds, l->add_count, 0, ix_span_size(mine));
    l->bank[k % BANKS].added = true;
}

static bool all_there(MPI_Request *request, int n, bool wait)
{
    int there = 1;
    if (wait) IX_MPI(MPI_Waitall(n, request, MPI_STATUSES_IGNORE));
    else IX_MPI(MPI_Testall(n, request, &there, MPI_STATUSES_IGNORE));
    return there != 0;
}

/* The bucket that has been on its way for longest; false: it still is. */
static bool finish_bucket(ix_lanes *l, bool wait)
{
    int64_t k = l->summed - 1;
    bank *b = &l->bank[k % BANKS];
    if (!b->added) {
        if (!all_there(b->in, l->receives, wait)) return false;
        add_bucket(l, k);
    }
    if (!all_there(b->out, l->sends, wait)) return false;
    l->summed = k;
    return true;
}

/* Sends what may be sent and adds what has come, the last bucket first. */
static void move(ix_lanes *l, bool wait)
{
    for (bool moved = true; moved;) {
        moved = false;
        while (l->sent > 0 && l->summed - l->sent < BANKS && bucket_of(l->n, l->sent - 1).lo >= l->ready) {
            send_bucket(l, --l->sent);
            moved = true;
        }
        if (l->summed > l->sent) moved |= finish_bucket(l, wait);
    }
}

void ix_lanes_closing(ix_lanes *l)
{
    IX_CONTRACT(l->open && !l->closing && l->next + 1 == l->own.hi);
    l->closing = true;
    l->last_count = 0;
    l->depth = ix_tree_push(l->stack, l->depth, l->L, (ix_node){0, (int)l->next, l->depth}, l->last, &l->last_count);
}

void ix_lanes_ready(ix_lanes *l, int64_t from)
{
    if (!l->closing) return;
    if (from < l->ready) {
        from += (IX_LANE_CHUNK - from % IX_LANE_CHUNK) % IX_LANE_CHUNK; /* whole chunks */
        if (from < l->ready) ix_tree_add(l->buffer, l->last, l->last_count, from, l->ready);
        if (from < l->ready) l->ready = from;
    }
    if (l->D > 1) move(l, false);
}

float *ix_lanes_reduce(ix_lanes *l)
{
    IX_CONTRACT(!l->open && l->next == l->own.hi && l->depth == own_nodes(l));
    l->ready = 0;
    if (l->D > 1) move(l, true);
    IX_CONTRACT(l->D == 1 || l->summed == 0);
    rewind_step(l);
    return l->buffer[0];
}

void ix_lanes_gather(const ix_grid *grid, ix_axis axis, float *x, int64_t n)
{
    int D = grid->size[axis], *count = grid->scratch, *at = count + D;

    for (int64_t k = 0; k < ix_lanes_buckets(n) && D > 1; k++) {
        float *bucket = x + bucket_of(n, k).lo;
        for (int r = 0; r < D; r++) {
            ix_span part = ix_lanes_part(n, D, r, k);
            at[r] = (int)(part.lo - bucket_of(n, k).lo);
            count[r] = (int)ix_span_size(part);
        }
        IX_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, bucket, count, at, MPI_FLOAT, grid->comm[axis]));
    }
}
