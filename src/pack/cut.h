/* SPDX-License-Identifier: Apache-2.0
 *
 * cut.h - cutting a step into lanes and a lane into packs: pure functions of lengths, so that every
 * rank computes the same cut. Local. */
#ifndef IX_PACK_CUT_H
#define IX_PACK_CUT_H

#include <stdint.h>

#include "pack/pack.h"

/* part[i] in [0, parts) for n items of work[i]: the largest first, each to the part with the least work so far
 * (longest-processing-time rule, Graham 1969). Equal parts are taken in bit-reversed order, so that any
 * contiguous halves, quarters, ... of the parts are balanced too and a few items spread over all ranks. */
ix_status ix_cut_parts(int32_t *part, const int64_t *work, int64_t n, int parts);

/* End of the pack that begins at item `from` of a list: items are taken in order while their tokens stay within
 * `budget`, always at least one. tokens[i] belongs to item list[i] (list NULL: item i). */
int64_t ix_cut_pack(const int64_t *tokens, const int64_t *list, int64_t count, int64_t from, int64_t budget);

/* compat.trim (paper.md 2.3): of one micro-batch of n pairs, padded as the authors pad it, which rows lose their
 * last token: lost[2 * i + side] becomes 1 or 0. A batch in which some row has both the longest prompt and the
 * longest response loses nothing; else every row of the greatest total length loses its last token. */
void ix_cut_trim(uint8_t *lost, const ix_pair *pairs, int64_t n);

#endif
