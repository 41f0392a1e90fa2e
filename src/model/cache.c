/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/family.h"

struct ix_cache {
    int layers;
    int64_t slots, floats; /* floats: of one block */
    float *memory;         /* [layers, floats] */
};

static int64_t block_floats(const ix_model *m, int64_t slots)
{
    return ix_kept_floats(&m->layer[0].attention.shape, slots);
}

size_t ix_cache_bytes(const ix_model *m, int64_t slots)
{
    return (size_t)(m->c.layers * block_floats(m, ix_cache_run(slots))) * sizeof(float);
}

ix_status ix_cache_create(ix_cache **out, const ix_model *m, int64_t slots)
{
    ix_status rc = IX_OK;
    ix_cache *c = NULL;
    size_t bytes = ix_cache_bytes(m, slots);

    *out = NULL;
    IX_CONTRACT(slots > 0);
    IX_NEED(c = calloc(1, sizeof *c), IX_ENOMEM, "key/value cache: out of memory");
    c->layers = m->c.layers;
    c->slots = ix_cache_run(slots);
    c->floats = block_floats(m, c->slots);
    IX_NEED(c->memory = ix_alloc_block(bytes), IX_ENOMEM,
            "key/value cache of %lld tokens: %zu MiB cannot be had; lower generate.batch", (long long)slots,
            bytes >> 20);
    memset(c->memory, 0, bytes); /* what is not seen is multiplied by 0: it must be a number */
    *out = c;
    c = NULL;
done:
    ix_cache_destroy(&c);
    return rc;
}

void ix_cache_destroy(ix_cache **cache)
{
    if (!*cache) return;
    free((*cache)->memory);
    free(*cache);
    *cache = NULL;
}

int64_t ix_cache_slots(const ix_cache *cache)
{
    return cache->slots;
}

float *ix_cache_block(ix_cache *cache, int layer)
{
    IX_CONTRACT(layer >= 0 && layer < cache->layers);
    return cache->memory + layer * cache->floats;
}
