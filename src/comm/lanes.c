/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "comm/hop.h"

/* A bucket has 16 MiB, a tenth of a second on a gigabit, or a 64th of everything where that is more: buckets move on
 * when the program calls, and it does not call more often for a larger model. */
enum { BUCKET_FLOATS = 4 << 20, MOST_BUCKETS = 64, ALL_DIRECTLY = 32, HOPS = 2 };

/* Buckets from these numbers on have begun a hop, and are through it. */
typedef struct {
    int64_t begun, done;
} progress;

struct ix_lanes {
    const ix_grid *grid;
    ix_axis axis;
    MPI_Comm comm;
    int L, D, rank;
    int64_t n;
    ix_lane_way way;
    ix_span own; /* lanes */
    int nodes;   /* that they end as */
    int buffers;
    float **buffer; /* [buffers] of n floats: node stack[i] is in buffer[i], the lane being computed above them */
    ix_hop hop[HOPS];
    progress moved[HOPS];
    int hops;
    ix_node stack[IX_TREE_DEPTH];
    int depth;
    int64_t next;  /* lane to compute */
    bool open;     /* between begin and end */
    bool closing;  /* the open lane is the last: it is on the stack already, and its last additions are done */
    int64_t ready; /* from here on */
    ix_add last[IX_TREE_DEPTH];
    int last_count;
};

static int64_t bucket_floats(int64_t n)
{
    int64_t each = (n + MOST_BUCKETS - 1) / MOST_BUCKETS;
    return (each + BUCKET_FLOATS - 1) / BUCKET_FLOATS * BUCKET_FLOATS;
}

/* All floats of bucket k. */
static ix_span bucket_of(int64_t n, int64_t bucket, int64_t k)
{
    int64_t lo = k * bucket, hi = lo + bucket;
    return (ix_span){lo, hi < n ? hi : n};
}

int64_t ix_lanes_buckets(int64_t n)
{
    return (n + bucket_floats(n) - 1) / bucket_floats(n);
}

int ix_lanes_block(int D)
{
    int block = 1;
    if (D <= ALL_DIRECTLY) return D;
    while (D % (2 * block) == 0 && 2 * block * block <= D) block *= 2;
    return block > 1 ? block : D;
}

ix_span ix_lanes_part(int64_t n, int D, int i, int64_t k)
{
    return ix_hop_part(bucket_of(n, bucket_floats(n), k), D, ix_lanes_block(D), i);
}

int64_t ix_lanes_share(int64_t n, int D, int i)
{
    int64_t last = ix_lanes_buckets(n) - 1; /* all before it are alike */
    return last * ix_span_size(ix_lanes_part(n, D, i, 0)) + ix_span_size(ix_lanes_part(n, D, i, last));
}

/* In blocks only where every rank, and so every block, ends with one subtree. */
static bool in_two_hops(int L, int D, int block)
{
    return block < D && L % D == 0 && (L / D & (L / D - 1)) == 0;
}

/* What the others send of two buckets. */
static int64_t stage_floats(int L, int D, int64_t n, int others)
{
    int block = ix_lanes_block(D);
    ix_span all = bucket_of(n, bucket_floats(n), 0);
    int64_t part = ix_span_size(ix_hop_part(all, D, block, 0));
    if (!in_two_hops(L, D, block)) return IX_HOP_BANKS * others * part;
    return IX_HOP_BANKS * ((block - 1) * ix_span_size(ix_hop_part(all, block, block, 0)) + (D / block - 1) * part);
}

size_t ix_lanes_bytes(int L, int D, int64_t n)
{
    ix_node stack[IX_TREE_DEPTH];
    int64_t all = 0, worst = 0;
    int buffers;

    for (int r = 0; r < D; r++) all += ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
    for (int r = 0; r < D; r++) {
        int64_t own = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
        int64_t floats = buffers * n + stage_floats(L, D, n, (int)(all - own));
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

static ix_status make_buffers(ix_lanes *l)
{
    ix_status rc = IX_OK;
    l->nodes = ix_tree_nodes(l->L, l->own, l->stack, &l->buffers);
    IX_NEED(l->buffer = calloc((size_t)l->buffers, sizeof *l->buffer), IX_ENOMEM, "lanes: out of memory");
    for (int i = 0; i < l->buffers; i++)
        IX_NEED(l->buffer[i] = ix_alloc_block((size_t)l->n * sizeof(float)), IX_ENOMEM,
                "no memory for %d gradient buffers of %.1f MiB each: fewer lanes or more data ranks need fewer",
                l->buffers, (double)l->n * sizeof(float) / (1 << 20));
done:
    return rc;
}

/* Either all ranks at once; or those of a block, which are neighbours, and then those with the same place in all
 * blocks, for whom a block is like a lane. */
static ix_status make_hops(ix_lanes *l)
{
    ix_status rc = IX_OK;
    int64_t floats = ix_span_size(bucket_of(l->n, l->way.bucket, 0));
    int place = l->rank % l->way.block, block = l->rank / l->way.block;
    ix_meeting all = {l->comm, 0, 1, l->D, l->rank, l->way.block},
               near = {l->comm, l->rank - place, 1, l->way.block, place, l->way.block},
               far = {l->comm, place, l->way.block, l->D / l->way.block, block, l->D / l->way.block};

    l->hops = in_two_hops(l->L, l->D, l->way.block) ? 2 : 1;
    if (l->hops == 1) return ix_hop_make(&l->hop[0], &all, l->L, floats);
    IX_TRY(ix_hop_make(&l->hop[0], &near, l->way.block, floats));
    IX_TRY(ix_hop_make(&l->hop[1], &far, far.ranks,
                       ix_span_size(ix_hop_part((ix_span){0, floats}, l->way.block, l->way.block, 0))));
done:
    return rc;
}

int64_t ix_lanes_count(const ix_lanes *l)
{
    return (l->n + l->way.bucket - 1) / l->way.bucket;
}

static void rewind_step(ix_lanes *l)
{
    l->depth = 0;
    l->next = l->own.lo;
    for (int h = 0; h < HOPS; h++) l->moved[h].begun = l->moved[h].done = ix_lanes_count(l);
    l->ready = l->n;
}

static ix_status make_lanes(ix_lanes *l)
{
    ix_status rc = IX_OK;
    IX_NEED(l, IX_ENOMEM, "lanes: out of memory");
    IX_TRY(make_buffers(l));
    IX_TRY(make_hops(l));
done:
    return rc;
}

static ix_lane_way way_of(const ix_lane_way *wanted, int D, int64_t n)
{
    ix_lane_way way = wanted ? *wanted : (ix_lane_way){0};
    if (way.block == 0) way.block = ix_lanes_block(D);
    if (way.bucket == 0) way.bucket = bucket_floats(n);
    IX_CONTRACT(way.bucket > 0 && way.bucket % IX_LANE_CHUNK == 0);
    IX_CONTRACT(way.block == D || (way.block > 0 && D % way.block == 0 && (way.block & (way.block - 1)) == 0));
    return way;
}

ix_status ix_lanes_create(ix_lanes **out, const ix_grid *grid, ix_axis axis, int L, int64_t n, const ix_lane_way *way)
{
    ix_status rc = IX_OK;
    int D = grid->size[axis], rank = grid->rank[axis];
    ix_lanes *l = calloc(1, sizeof *l);

    *out = NULL;
    IX_CONTRACT(L >= D && n >= 1);
    if (l) *l = (ix_lanes){.grid = grid, .axis = axis, .comm = grid->comm[axis], .L = L, .D = D, .rank = rank, .n = n};
    if (l) l->way = way_of(way, D, n);
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
    for (int h = 0; h < HOPS; h++) ix_hop_free(&l->hop[h]);
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

ix_span ix_lanes_mine(const ix_lanes *l, int64_t k)
{
    return ix_hop_part(bucket_of(l->n, l->way.bucket, k), l->D, l->way.block, l->rank);
}

/* What hop h has to do with bucket k: all of it, or my stretch of it. */
static ix_span span_of(const ix_lanes *l, int h, int64_t k)
{
    ix_span all = bucket_of(l->n, l->way.bucket, k);
    return h == 0 ? all : ix_hop_part(all, l->way.block, l->way.block, l->rank % l->way.block);
}

static bool may_begin(const ix_lanes *l, int h, int64_t k)
{
    return h == 0 ? bucket_of(l->n, l->way.bucket, k).lo >= l->ready : k >= l->moved[h - 1].done;
}

static bool begin_hop(ix_lanes *l, int h)
{
    progress *p = &l->moved[h];
    bool began = false;
    while (p->begun > 0 && p->done - p->begun < IX_HOP_BANKS && may_begin(l, h, p->begun - 1)) {
        int64_t k = --p->begun;
        ix_hop_send(&l->hop[h], (int)(k % IX_HOP_BANKS), l->buffer, span_of(l, h, k));
        began = true;
    }
    return began;
}

/* The bucket that has been on its way for longest. */
static bool finish_hop(ix_lanes *l, int h, bool wait)
{
    progress *p = &l->moved[h];
    if (p->done == p->begun || !ix_hop_finish(&l->hop[h], (int)((p->done - 1) % IX_HOP_BANKS), wait)) return false;
    p->done--;
    return true;
}

/* Sends what may be sent and adds what has come, the last bucket first. All ranks must wait for the same thing first:
 * for an earlier bucket's second hop before a later one's first; else some wait for each other in a circle. */
static void move(ix_lanes *l, bool wait)
{
    for (bool moved = true; moved;) {
        moved = false;
        for (int h = 0; h < l->hops; h++) moved |= begin_hop(l, h);
        for (int h = l->hops - 1; h >= 0; h--) {
            bool first = h + 1 == l->hops || l->moved[h + 1].done == l->moved[h].done;
            moved |= finish_hop(l, h, wait && first);
        }
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
    IX_CONTRACT(!l->open && l->next == l->own.hi && l->depth == l->nodes);
    l->ready = 0;
    if (l->D > 1) move(l, true);
    IX_CONTRACT(l->D == 1 || l->moved[l->hops - 1].done == 0);
    rewind_step(l);
    return l->buffer[0];
}

/* The hops in the opposite order; while a bucket makes its second one the next is in its first. */
void ix_lanes_gather(ix_lanes *l, float *x)
{
    int64_t buckets = ix_lanes_count(l);
    for (int64_t round = 0; round < buckets + l->hops && l->D > 1; round++)
        for (int h = l->hops - 1; h >= 0; h--) {
            int64_t k = round - (l->hops - 1 - h);
            if (k >= 0 && k < buckets) ix_hop_spread(&l->hop[h], (int)(k % IX_HOP_BANKS), x, span_of(l, h, k));
            if (k > 0 && k <= buckets) ix_hop_wait(&l->hop[h], (int)((k - 1) % IX_HOP_BANKS));
        }
}
