/* SPDX-License-Identifier: Apache-2.0
 *
 * seams.h - places of a text that no merge can reach across.
 *
 * Where a model merges over whole texts (SentencePiece), two neighbouring characters end in one piece only if some
 * merge's result holds them side by side. Between two that no result holds so, a text may be cut, and the parts give
 * the ids of the whole: short parts can be remembered. The set of pairs is kept as hashed bits: a pair may wrongly
 * count as joined, which costs time, never as apart. Local. */
#ifndef IX_TEXT_SEAMS_H
#define IX_TEXT_SEAMS_H

#include "text/buffer.h"

typedef struct {
    uint64_t *word; /* NULL: nothing is known, so nothing may be cut */
    size_t mask;    /* of bit numbers */
} ix_seams;

/* For about `pairs` pairs of characters. Free with ix_seams_free. */
ix_status ix_seams_create(ix_seams *s, size_t pairs);
void ix_seams_free(ix_seams *s); /* leaves it {0} */

/* The neighbours inside this piece are joined. */
void ix_seams_add(ix_seams *s, const char *piece, size_t size);

/* Where the part that begins at `at` ends: behind at, at most size. Contract: at < size, valid UTF-8. */
size_t ix_seams_next(const ix_seams *s, const char *text, size_t at, size_t size);

#endif
