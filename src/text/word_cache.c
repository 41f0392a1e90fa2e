/* SPDX-License-Identifier: Apache-2.0 */
#include "text/word_cache.h"

#include <stdatomic.h>

#include "text/pieces.h"

#define SLOTS ((size_t)1 << 16)
#define PROBES 4
#define CELLS 31
#define LINE 64 /* bytes of a cache line */

/* Most words end within the slot's first cache line, so that a look-up costs one miss at most. */
typedef struct {
    _Atomic(uint32_t) tag; /* EMPTY, FILLING, or a part of the hash */
    int32_t cell[CELLS];   /* size | count << 8; the bytes of the word; the ids */
} word_slot;

enum { EMPTY = 0, FILLING = 1, FULL = 2 };

struct ix_word_cache {
    void *memory;
    word_slot *slot; /* [SLOTS + PROBES], at the begin of a cache line */
};

ix_status ix_word_cache_create(ix_word_cache **out)
{
    ix_word_cache *cache = calloc(1, sizeof *cache);
    *out = NULL;
    if (cache) cache->memory = calloc(SLOTS + PROBES + 1, sizeof(word_slot));
    if (!cache || !cache->memory) {
        free(cache);
        return ix_fail(IX_ENOMEM, "text: no memory for the word cache");
    }
    size_t beyond = (uintptr_t)cache->memory % LINE;
    cache->slot = (word_slot *)((char *)cache->memory + (beyond ? LINE - beyond : 0));
    *out = cache;
    return IX_OK;
}

void ix_word_cache_destroy(ix_word_cache **cache)
{
    if (!*cache) return;
    free((*cache)->memory);
    free(*cache);
    *cache = NULL;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | FULL;
}

static size_t cells_of(size_t size)
{
    return (size + 3) / 4;
}

bool ix_word_cache_fits(size_t size, size_t count)
{
    return 1 + cells_of(size) + count <= CELLS;
}

uint64_t ix_word_cache_hash(const ix_word_cache *cache, const char *word, size_t size)
{
    uint64_t hash = ix_hash_spelling(word, size);
    __builtin_prefetch(cache->slot + (hash & (SLOTS - 1)));
    return hash;
}

const int32_t *ix_word_cache_find(const ix_word_cache *cache, uint64_t hash, const char *word, size_t size,
                                  size_t *count)
{
    uint32_t want = tag_of(hash);
    const word_slot *s = cache->slot + (hash & (SLOTS - 1));
    for (int i = 0; i < PROBES; i++, s++) {
        uint32_t tag = atomic_load_explicit(&s->tag, memory_order_acquire);
        if (tag == EMPTY) return NULL;
        if (tag != want || (size_t)(s->cell[0] & 0xFF) != size || memcmp(s->cell + 1, word, size) != 0) continue;
        *count = (size_t)s->cell[0] >> 8;
        return s->cell + 1 + cells_of(size);
    }
    return NULL;
}

void ix_word_cache_keep(ix_word_cache *cache, uint64_t hash, const char *word, size_t size, const int32_t *id,
                        size_t count)
{
    word_slot *s = cache->slot + (hash & (SLOTS - 1));
    for (int i = 0; i < PROBES; i++, s++) {
        uint32_t tag = EMPTY;
        if (!atomic_compare_exchange_strong_explicit(&s->tag, &tag, FILLING, memory_order_relaxed,
                                                     memory_order_relaxed))
            continue;
        s->cell[0] = (int32_t)(size | count << 8);
        memcpy(s->cell + 1, word, size);
        memcpy(s->cell + 1 + cells_of(size), id, count * sizeof *id);
        atomic_store_explicit(&s->tag, tag_of(hash), memory_order_release);
        return;
    }
}
