/* SPDX-License-Identifier: Apache-2.0
 *
 * lanes.h - sums of gradients whose bits do not depend on who computed them.
 *
 * The pairs of a step are cut into L lanes, whatever the number of ranks; rank r of D <= L computes the gradients of
 * lanes ix_split(L, D, r). The sum over lanes is one fixed binary tree: [0, L) = [0, p) + [p, L) with p the largest
 * power of two below L, and so on down to single lanes. Each rank adds up the subtrees that it holds whole; the rest
 * of the tree is added by the rank that owns that slice of the parameters. So every D and every number of threads
 * gives the same bits. A lane without pairs is a block of zeros that takes part like any other.
 *
 *     while ((gradient = ix_lanes_begin(lanes)) accumulate one lane into gradient; ix_lanes_end(lanes);   each own lane
 *     sum = ix_lanes_reduce(lanes);                 sum is the gradient of the step in this rank's parts
 *     update weights in these parts
 *     ix_lanes_gather(lanes, weights);              everybody has all weights again
 *
 * The floats are cut into buckets, and each bucket into a part for every rank. While the last lane's gradient is still
 * being computed, from the last float to the first, the buckets that are finished can already travel:
 *
 *     ix_lanes_closing(lanes);                      the open lane is this rank's last
 *     ... ix_lanes_ready(lanes, from); ...          its floats from `from` on will not change; also moves messages
 *
 * Up to 32 ranks send every part straight to its owner. More ranks meet in two hops, so that a bucket costs about
 * 2 sqrt(D) messages and not D: first the D' ranks of a block, which are neighbours, then those with the same place in
 * all blocks. A block's sum is a subtree, so the additions are the same, and so is the number of bytes: in the second
 * hop a rank has only a D'-th to send.
 *
 * Messages only move while somebody calls: the more often ix_lanes_ready is called the more of them is hidden behind
 * the computation. With one rank and one lane nothing is added or copied. */
#ifndef IX_COMM_LANES_H
#define IX_COMM_LANES_H

#include "base/span.h"
#include "comm/grid.h"

/* Parts end at multiples of this many floats (the last at n): sums over chunks do not depend on D either. */
enum { IX_LANE_CHUNK = 4096 };

typedef struct ix_lanes ix_lanes;

/* Local: the ranks of a block, about sqrt(D) and a power of two; D itself where all meet at once: up to 32 ranks, and
 * odd numbers of them. */
int ix_lanes_block(int D);

/* Local: n floats make so many buckets; which floats of bucket k rank i of D sums up and updates (may be none): those
 * of rank r come before those of rank r + 1 within a block, but ranks of other blocks lie between them; how many
 * these are in all buckets. */
int64_t ix_lanes_buckets(int64_t n);
ix_span ix_lanes_part(int64_t n, int D, int i, int64_t k);
int64_t ix_lanes_share(int64_t n, int D, int i);

/* Local: bytes that the rank that needs most allocates for L lanes of n floats on D ranks. */
size_t ix_lanes_bytes(int L, int D, int64_t n);

/* Local: bytes that the rank that sends most sends in a step, ix_lanes_reduce and ix_lanes_gather together: its own
 * subtrees but for its parts, and its parts to everybody. For L = D or L a power of two that D divides this is twice
 * (D - 1) / D of a gradient. */
double ix_lanes_sent(int L, int D, int64_t n);

/* Ranks of a block and floats of a bucket, for whoever measures other ways than the usual one; 0: the usual one.
 * Contract: a block is a power of two that divides the number of ranks, or that number; a bucket is whole chunks. */
typedef struct {
    int block;
    int64_t bucket;
} ix_lane_way;

/* Collective over the axis, which the grid must keep alive. L lanes of n >= 1 floats; contract: L >= size of the axis.
 * `way`: NULL is the usual one. IX_ENOMEM on every rank alike. Allocates everything: a step allocates nothing. */
ix_status ix_lanes_create(ix_lanes **out, const ix_grid *grid, ix_axis axis, int L, int64_t n, const ix_lane_way *way);
void ix_lanes_destroy(ix_lanes **lanes); /* Local. NULL is fine; leaves *lanes NULL */

/* Local: how many buckets there are, and my part of bucket k. */
int64_t ix_lanes_count(const ix_lanes *lanes);
ix_span ix_lanes_mine(const ix_lanes *lanes, int64_t k);

/* Local. The buffer [n] of my next lane, zeroed, to be added to; and: it is finished. begin() invalidates the sum of
 * the step before. Contract: begin and end alternate, once per own lane and step, in the order of lanes. */
float *ix_lanes_begin(ix_lanes *lanes);
void ix_lanes_end(ix_lanes *lanes);

/* Local. What this rank has of a step that is not over: sums over lanes [index 2^level, (index + 1) 2^level), in order,
 * then the open lane as (0, its number). Returns how many, at most IX_LANE_SUMS. */
typedef struct {
    int level, index;
    const float *x; /* [n] */
} ix_lane_sum;
enum { IX_LANE_SUMS = 65 };
int ix_lanes_sums(const ix_lanes *lanes, ix_lane_sum out[IX_LANE_SUMS]);

/* Local. Going on with such a step, in the order of lanes, on ranks that may hold other lanes: reopen() is begin() but
 * for the buffer, which the caller fills; then either the lane goes on, or the buffer was a sum: adopt() takes it.
 * takes(): is that sum, or lane, the next that this rank needs, and all its own? */
bool ix_lanes_takes(const ix_lanes *lanes, int level, int index);
float *ix_lanes_reopen(ix_lanes *lanes);
void ix_lanes_adopt(ix_lanes *lanes, int level, int index);

/* Local, between begin and end of the last own lane: its floats become final from the last to the first, and what is
 * final travels while the rest is computed. ready: so are those from `from` on; anything above what was said before
 * only moves messages. Both are optional, and no rank need do as the others. */
void ix_lanes_closing(ix_lanes *lanes);
void ix_lanes_ready(ix_lanes *lanes, int64_t from);

/* Collective over the axis, after the last own lane. n floats of which only this rank's parts are the sum over all
 * lanes. Valid until the next begin; the caller may change them. */
float *ix_lanes_reduce(ix_lanes *lanes);

/* Collective over the axis, between steps. Everybody's parts of x[n] go to everybody. */
void ix_lanes_gather(ix_lanes *lanes, float *x);

#endif
