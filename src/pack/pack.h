/* SPDX-License-Identifier: Apache-2.0
 *
 * pack.h - a flat list of tokens that holds whole pairs; the only form in which a model sees data.
 *
 * There is no padding. A pair is three segments (prompt, chosen, rejected, when the prompt is shared) or
 * four (each response with its own copy of the prompt). A token sees its own segment up to itself and
 * the whole parent segment; positions of a response go on where the prompt ended. Everything that needs
 * to know where a sequence starts or ends reads the segments, never token values. A plain document
 * (pretraining, scoring a single text) is a segment without parent.
 *
 *     tokens    p0 p1 p2 | c0 c1 c2 c3 | r0 r1 |
 *     segment   0        | 1           | 2     |
 *     parent    -1       | 0           | 0     |
 *     position  0  1  2  | 3  4  5  6  | 3  4  |
 *
 * Pure functions on plain values; no rank, no file, no thread. Local. */
#ifndef IX_PACK_PACK_H
#define IX_PACK_PACK_H

#include <stdint.h>

#include "base/status.h"

typedef enum { IX_CHOSEN, IX_REJECTED, IX_SIDES } ix_side;

/* What is made of a pair: itself, or for each of its answers the question whether it is correct. */
typedef enum { IX_FORM_PAIR, IX_FORM_VERIFY, IX_FORMS } ix_pair_form;

/* One pair in tokens, borrowed from whoever owns the data. `row` is its line in the data file, from 0. */
typedef struct {
    const int32_t *prompt, *response[IX_SIDES];
    int32_t prompt_size, response_size[IX_SIDES];
    int64_t row;
} ix_pair;

typedef struct {
    int32_t begin, end; /* rows of the pack, half open */
    int32_t parent;     /* a segment before this one, without parent itself; -1: none */
} ix_segment;

/* Rows [begin, end) of a pack. What is read of a segment is one such stretch; it may be empty. */
typedef struct {
    int32_t begin, end;
} ix_rows;

/* Where a pair lies in a pack: segment numbers. prompt[0] == prompt[1] when shared. */
typedef struct {
    int64_t index; /* the caller's number of the pair */
    int32_t prompt[IX_SIDES], response[IX_SIDES];
} ix_pack_pair;

typedef struct {
    int32_t N, S, P;           /* tokens, segments, pairs */
    int32_t *token, *position; /* [N] */
    ix_segment *segment;       /* [S] */
    ix_pack_pair *pair;        /* [P] */
} ix_pack;

/* Room for that many tokens, segments and pairs; the pack starts empty. */
ix_status ix_pack_create(ix_pack **out, int64_t tokens, int64_t segments, int64_t pairs);
void ix_pack_destroy(ix_pack **pack); /* NULL is fine; leaves *pack NULL */
void ix_pack_clear(ix_pack *pack);

/* Tokens that the pair takes: prompt once if shared, else twice, and both responses. */
int64_t ix_pair_tokens(const ix_pair *pair, bool share_prompt);

/* Appends a pair; contract: it fits, its prompt and responses are not empty. */
void ix_pack_add_pair(ix_pack *pack, const ix_pair *pair, int64_t index, bool share_prompt);

/* Appends a pair, shared as far as it goes: the last prompt of the pack serves again if it is this one, and so do the
 * responses behind it. What a pair reads is the same as from ix_pack_add_pair; its gradient is not to be asked for. */
void ix_pack_join_pair(ix_pack *pack, const ix_pair *pair, int64_t index);
int64_t ix_pack_join_tokens(const ix_pack *pack, const ix_pair *pair); /* that this would append */

/* Appends a segment of n tokens without parent; positions from 0. */
void ix_pack_add_document(ix_pack *pack, const int32_t *token, int32_t n);

#endif
