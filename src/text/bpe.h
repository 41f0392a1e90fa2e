/* SPDX-License-Identifier: Apache-2.0
 *
 * bpe.h - byte pair encoding of one word.
 *
 * A word begins as one symbol per byte or character. Of all neighbours that have a merge the pair of lowest rank is
 * joined, the leftmost of equals, until none is left. What an unknown character becomes follows models/bpe of the
 * `tokenizers` library, fused unknowns and byte fallback included. Local. */
#ifndef IX_TEXT_BPE_H
#define IX_TEXT_BPE_H

#include "text/buffer.h"
#include "text/pieces.h"
#include "text/seams.h"
#include "text/word_cache.h"

typedef struct {
    uint64_t pair;    /* left << 32 | right */
    int32_t rank, id; /* id -1: free */
} ix_merge;

typedef struct {
    const ix_pieces *pieces;
    int32_t count; /* pieces of the model itself: ids below it */
    ix_merge *merge;
    size_t merges, slots; /* slots: a power of two */
    bool byte_level;      /* symbols are bytes, else characters */
    bool byte_fallback, fuse_unk, ignore_merges;
    int32_t unk;          /* -1: unknown characters vanish */
    int32_t byte[256];    /* byte_level: the byte's piece; byte_fallback: <0xNN>, -1 if missing */
    int32_t ascii[128];   /* characters below U+0080; -1: no piece */
    ix_seams seams;       /* where a word may be cut without changing its ids */
    ix_word_cache *cache; /* NULL: words are as long as texts */
} ix_bpe;

/* A part of a text that waits for its ids. */
typedef struct {
    const char *bytes;
    size_t size;
    uint64_t hash;
} ix_bpe_part;

#define IX_BPE_PARTS 16

/* Working memory of one thread. Start with {0}. */
typedef struct {
    ix_bpe_part part[IX_BPE_PARTS]; /* looked up together: the memory of the next is on its way meanwhile */
    int parts;
    int32_t *symbol;
    uint32_t *before, *after; /* neighbours of long words */
    uint64_t *heap;           /* rank << 32 | position */
    size_t capacity, heap_size, heap_capacity;
    ix_text spelled;
} ix_bpe_scratch;
void ix_bpe_scratch_free(ix_bpe_scratch *s);

/* The table for `merges` merges; contract: bpe->pieces and count are set. Free with ix_bpe_free. */
ix_status ix_bpe_create(ix_bpe *bpe, size_t merges);
void ix_bpe_free(ix_bpe *bpe);
/* A pair given twice keeps its last rank. */
void ix_bpe_add_merge(ix_bpe *bpe, int32_t left, int32_t right, int32_t rank, int32_t id);
/* Fills byte[] and ascii[] from the pieces. Returns the first byte of UTF-8 without a piece, -1 if none is missing. */
int ix_bpe_find_symbols(ix_bpe *bpe);
/* Once all merges are there: finds what can be cut and remembered. */
ix_status ix_bpe_prepare(ix_bpe *bpe);

/* Appends the ids of one word of valid UTF-8; contract: size < 2^31. The last of them may wait for ix_bpe_flush; until
 * then the word must stay where it is. */
ix_status ix_bpe_word(const ix_bpe *bpe, const char *word, size_t size, ix_bpe_scratch *s, ix_ids *out);
ix_status ix_bpe_flush(const ix_bpe *bpe, ix_bpe_scratch *s, ix_ids *out);

/* The printable character that stands for a byte in byte-level pieces (GPT-2's alphabet). */
uint32_t ix_byte_character(unsigned char byte);

#endif
