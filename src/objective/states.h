/* SPDX-License-Identifier: Apache-2.0
 *
 * states.h - hidden states of a trunk that is not trained, kept from the first time that they are computed. A segment
 * is found again by its tokens and those of its parent, in whatever pack it comes, for its states are the same bits
 * there. Not for use outside src/objective. Local. */
#ifndef IX_OBJECTIVE_STATES_H
#define IX_OBJECTIVE_STATES_H

#include "pack/pack.h"

typedef struct ix_states ix_states;

/* States of D floats a row; what would need more than `most` bytes is not kept. */
ix_status ix_states_create(ix_states **out, int64_t D, size_t most);
void ix_states_destroy(ix_states **states); /* NULL is fine; leaves *states NULL */

/* Copies the rows that are read of every segment into hidden[N,D]. False, and hidden anything, unless all are there. */
bool ix_states_find(const ix_states *s, const ix_pack *pack, const ix_rows *read, float *hidden);
void ix_states_keep(ix_states *s, const ix_pack *pack, const ix_rows *read, const float *hidden);

#endif
