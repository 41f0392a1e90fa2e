/* SPDX-License-Identifier: Apache-2.0
 *
 * word_cache.h - ids of words seen before, shared by all threads without locks.
 *
 * A slot is written at most once and its word lives as long as the cache, so a reader needs no more than one atomic
 * load. Bounded: a fixed number of slots of a fixed size. It changes no result. Local. */
#ifndef IX_TEXT_WORD_CACHE_H
#define IX_TEXT_WORD_CACHE_H

#include "text/buffer.h"

typedef struct ix_word_cache ix_word_cache;

ix_status ix_word_cache_create(ix_word_cache **out);
void ix_word_cache_destroy(ix_word_cache **cache);

/* Of a word, for the functions below. Asks the memory for its slot: a look-up a little later need not wait. */
uint64_t ix_word_cache_hash(const ix_word_cache *cache, const char *word, size_t size);

/* The word's ids, NULL if they are not kept. */
const int32_t *ix_word_cache_find(const ix_word_cache *cache, uint64_t hash, const char *word, size_t size,
                                  size_t *count);
/* Is a word of this size with so many ids small enough? Of 48 bytes and 18 ids, for example. */
bool ix_word_cache_fits(size_t size, size_t count);
/* Keeps them if there is room; contract: they fit. A word kept twice does no harm. */
void ix_word_cache_keep(ix_word_cache *cache, uint64_t hash, const char *word, size_t size, const int32_t *id,
                        size_t count);

#endif
