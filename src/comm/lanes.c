/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "comm/mpi_call.h"
#include "comm/tree.h"

enum { TAG_LANES = 2, STAGE_FLOATS = 8 << 20 }; /* 32 MiB for what others send, both banks together */

/* What follows from (L, D, n) alone and every rank knows: who ends with which nodes, and how the exchange of slices
 * is cut into pieces. Node k of rank r has the slot first[r] + k. */
typedef struct {
    int *first;     /* [D + 1] */
    ix_node *nodes; /* [first[D]], in the order of lanes */
    int64_t piece;  /* floats per message, a multiple of IX_LANE_CHUNK */
} layout;

struct ix_lanes {
    const ix_grid *grid;
    ix_axis axis;
    MPI_Comm comm;
    int L, D, rank;
    int64_t n;
    ix_span own, mine; /* lanes; parameters */
    layout plan;
    int buffers;
    float **buffer; /* [buffers] of n floats: node stack[i] is in buffer[i], the lane being computed above them */
    float *stage;   /* two banks of a piece of every node of the others */
    float **base;   /* [nodes of all] where piece k of my slice of each node is */
    ix_add *adds;   /* the top of the tree, over the nodes of all ranks */
    int add_count;
    MPI_Request *request; /* two banks of receives, then two banks of sends */
    int receives, sends;  /* at most, per bank */
    ix_node stack[IX_TREE_DEPTH];
    int depth;
    int64_t next; /* lane to compute */
    bool open;    /* between begin and end */
};

ix_span ix_lanes_slice(int64_t n, int D, int i)
{
    int64_t chunks = (n + IX_LANE_CHUNK - 1) / IX_LANE_CHUNK;
    ix_span s = ix_split(chunks, D, i);
    s.lo *= IX_LANE_CHUNK;
    s.hi *= IX_LANE_CHUNK;
    return (ix_span){s.lo < n ? s.lo : n, s.hi < n ? s.hi : n};
}

/* Floats per message when all ranks together end with `nodes` nodes. */
static int64_t piece_size(int64_t n, int D, int64_t nodes)
{
    int64_t most = ix_span_size(ix_lanes_slice(n, D, 0)), piece = STAGE_FLOATS / (2 * nodes);
    piece -= piece % IX_LANE_CHUNK;
    if (piece < IX_LANE_CHUNK) piece = IX_LANE_CHUNK;
    return piece < most ? piece : most;
}

static int64_t stage_size(int64_t others, int64_t piece)
{
    return 2 * others * piece;
}

size_t ix_lanes_bytes(int L, int D, int64_t n)
{
    ix_node stack[IX_TREE_DEPTH];
    int64_t all = 0, worst = 0;
    int buffers;

    for (int r = 0; r < D; r++) all += ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
    for (int r = 0; r < D; r++) {
        int64_t own = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers);
        int64_t floats = buffers * n + stage_size(all - own, piece_size(n, D, all));
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
        int64_t own = ix_tree_nodes(L, ix_split(L, D, r), stack, &buffers),
                slice = ix_span_size(ix_lanes_slice(n, D, r));
        double floats = (double)own * (double)(n - slice) + (double)(D - 1) * (double)slice;
        if (floats > worst) worst = floats;
    }
    return worst * sizeof(float);
}

static ix_status make_layout(layout *p, int L, int D, int64_t n)
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
    p->piece = piece_size(n, D, p->first[D]);
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
    IX_NEED(l->request = calloc(2 * (size_t)(l->receives + l->sends), sizeof(MPI_Request)), IX_ENOMEM,
            "lanes: out of memory");
    IX_NEED(l->stage = ix_alloc_block((size_t)stage_size(l->receives, l->plan.piece) * sizeof(float)), IX_ENOMEM,
            "no memory for the gradients of other ranks");
done:
    return rc;
}

static ix_status make_lanes(ix_lanes *l)
{
    ix_status rc = IX_OK;
    IX_NEED(l, IX_ENOMEM, "lanes: out of memory");
    IX_TRY(make_layout(&l->plan, l->L, l->D, l->n));
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
    if (l) l->mine = ix_lanes_slice(n, D, rank);
    if (l) l->next = l->own.lo;
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

ix_span ix_lanes_mine(const ix_lanes *lanes)
{
    return lanes->mine;
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

/* Piece k of a rank's slice of the parameters; empty beyond its end. */
static ix_span piece_of(const ix_lanes *l, int rank, int64_t k)
{
    ix_span s = ix_lanes_slice(l->n, l->D, rank);
    int64_t lo = s.lo + k * l->plan.piece, hi = lo + l->plan.piece;
    return (ix_span){lo < s.hi ? lo : s.hi, hi < s.hi ? hi : s.hi};
}

/* Where another rank's node waits to be added. */
static float *staged(const ix_lanes *l, int64_t k, int slot)
{
    int place = slot < l->plan.first[l->rank] ? slot : slot - own_nodes(l);
    return l->stage + ((k % 2) * l->receives + place) * l->plan.piece;
}

static MPI_Request *receive_bank(const ix_lanes *l, int64_t k)
{
    return l->request + (k % 2) * l->receives;
}

static MPI_Request *send_bank(const ix_lanes *l, int64_t k)
{
    return l->request + 2 * l->receives + (k % 2) * l->sends;
}

/* Starts the exchange of piece k of every slice. Until its waits, those parts of the buffers that belong to other
 * ranks' slices must not be written; nobody writes them before the next step. */
static void exchange_begin(ix_lanes *l, int64_t k)
{
    MPI_Request *in = receive_bank(l, k), *out = send_bank(l, k);
    ix_span mine = piece_of(l, l->rank, k);

    for (int i = 0; i < l->receives; i++) in[i] = MPI_REQUEST_NULL;
    for (int i = 0; i < l->sends; i++) out[i] = MPI_REQUEST_NULL;
    for (int step = 1; step < l->D; step++) { /* from my neighbour on: not everybody to rank 0 first */
        int to = (l->rank + step) % l->D, from = (l->rank + l->D - step) % l->D;
        ix_span theirs = piece_of(l, to, k);
        for (int slot = l->plan.first[from]; slot < l->plan.first[from + 1] && ix_span_size(mine) > 0; slot++)
            IX_MPI(MPI_Irecv(staged(l, k, slot), (int)ix_span_size(mine), MPI_FLOAT, from, TAG_LANES, l->comm, in++));
        for (int i = 0; i < l->depth && ix_span_size(theirs) > 0; i++)
            IX_MPI(MPI_Isend(l->buffer[i] + theirs.lo, (int)ix_span_size(theirs), MPI_FLOAT, to, TAG_LANES, l->comm,
                             out++));
    }
}

/* The top of the tree over piece k of my slice. */
static void add_piece(ix_lanes *l, int64_t k)
{
    ix_span mine = piece_of(l, l->rank, k);
    for (int slot = 0; slot < l->plan.first[l->D]; slot++) {
        int i = slot - l->plan.first[l->rank];
        l->base[slot] = i >= 0 && i < own_nodes(l) ? l->buffer[i] + mine.lo : staged(l, k, slot);
    }
    ix_tree_add(l->base, l->adds, l->add_count, 0, ix_span_size(mine));
}

static void exchange_and_add(ix_lanes *l)
{
    int64_t most = ix_span_size(ix_lanes_slice(l->n, l->D, 0)), pieces = (most + l->plan.piece - 1) / l->plan.piece;

    exchange_begin(l, 0);
    for (int64_t k = 0; k < pieces; k++) {
        if (k + 1 < pieces) exchange_begin(l, k + 1);
        IX_MPI(MPI_Waitall(l->receives, receive_bank(l, k), MPI_STATUSES_IGNORE));
        add_piece(l, k);
        IX_MPI(MPI_Waitall(l->sends, send_bank(l, k), MPI_STATUSES_IGNORE));
    }
}

void ix_lanes_reduce(ix_lanes *l, float **sum, ix_span *mine)
{
    IX_CONTRACT(!l->open && l->next == l->own.hi && l->depth == own_nodes(l));
    if (l->D > 1) exchange_and_add(l);
    l->depth = 0;
    l->next = l->own.lo;
    *sum = l->buffer[0];
    *mine = l->mine;
}

/* Whole chunks travel as one unit each, so that counts stay within int; the rest of the last one follows. */
void ix_lanes_gather(const ix_grid *grid, ix_axis axis, float *x, int64_t n)
{
    int D = grid->size[axis], *count = grid->scratch, *at = count + D, last = 0;
    int64_t whole = n - n % IX_LANE_CHUNK;
    MPI_Datatype chunk;

    if (D == 1) return;
    for (int r = 0; r < D; r++) {
        ix_span s = ix_lanes_slice(n, D, r);
        if (s.lo < s.hi) last = r;
        at[r] = (int)(s.lo / IX_LANE_CHUNK);
        count[r] = (int)(ix_span_size(s) / IX_LANE_CHUNK);
    }
    IX_MPI(MPI_Type_contiguous(IX_LANE_CHUNK, MPI_FLOAT, &chunk));
    IX_MPI(MPI_Type_commit(&chunk));
    IX_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, x, count, at, chunk, grid->comm[axis]));
    IX_MPI(MPI_Type_free(&chunk));
    ix_grid_bcast(grid, axis, last, x + whole, (size_t)(n - whole) * sizeof *x);
}
