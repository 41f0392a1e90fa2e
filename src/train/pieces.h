/* SPDX-License-Identifier: Apache-2.0
 *
 * pieces.h - parts of a block in the coordinates of whole tensors, so that ranks which cut the model otherwise find
 * theirs. Inside src/train only. Local. */
#ifndef IX_TRAIN_PIECES_H
#define IX_TRAIN_PIECES_H

#include "model/params.h"
#include "store/arrays.h"

/* Row p of the table: its numbers `held`, counted from the first that is held here, with their place. The values are
 * at[0], ... The array is called BLOCK/NAME@FIRST. */
ix_array ix_piece_of(const char *block, const ix_param *p, ix_span held, const float *at);

/* Of which row of the table a piece of that block is; -1: of none. */
int ix_piece_row(const ix_array *piece, const char *block, const ix_params *params);

/* Which of its numbers row p shares with the floats `span` of the block, counted from the first held here. */
ix_span ix_piece_within(const ix_param *p, ix_span span);

/* Copies what both have from one piece to the other; returns how many numbers. */
int64_t ix_piece_copy(float *to, const int64_t to_place[IX_ARRAY_PLACE], const ix_array *from);

/* A place that a reader may trust: what it says fits the numbers that are there. */
bool ix_piece_is_sound(const ix_array *piece);

#endif
