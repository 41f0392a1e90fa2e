/* SPDX-License-Identifier: Apache-2.0
 *
 * reference_cache.h - what the reference model says of a set of pairs: taken from OUT/cache if it is there, else
 * computed and left there for later runs.
 *
 * A file of the cache is named by what its numbers depend on: weights and shape of the reference, the pairs, the
 * arithmetic (version of the kernels, library of products with its processor, compiler). What was read is not believed
 * unseen: every rank computes one pair again, and a single other bit throws the whole file away. Runs that start at
 * the same moment compute the same numbers and write the same bytes; none waits for another. Not for use outside
 * src/task. */
#ifndef IX_TASK_REFERENCE_CACHE_H
#define IX_TASK_REFERENCE_CACHE_H

#include "base/hash.h"
#include "base/start.h"
#include "train/reference.h"

typedef struct {
    ix_reference how;           /* the reference, its weights in place */
    ix_start *start;            /* a pass is no part of it; NULL: nobody wants to know */
    bool keep;                  /* is there a cache? */
    char *folder;               /* OUT/cache */
    char identity[IX_HASH_HEX]; /* of weights, shape and arithmetic; on the group's first rank, "" elsewhere */
    double seconds;             /* what all passes took: here, or when the numbers were first computed */
    double saved;               /* of these, the seconds that reading saved */
} ix_reference_cache;

/* Collective over the tensor axis. `output`: the suite's. Without `keep` nothing is read or left there. The weights are
 * hashed here. Release with ix_reference_cache_close, also after a failure. */
ix_status ix_reference_cache_open(ix_reference_cache *c, const ix_reference *how, const char *output, bool keep);
void ix_reference_cache_close(ix_reference_cache *c);

/* Collective over the group: result[i].logp and .before of every pair of every set, the same bits whether read or
 * computed; what is not in the cache is computed together (ix_reference_judge). A cache that cannot be read or written
 * is a warning, never a failure. */
ix_status ix_reference_cache_judge(ix_reference_cache *c, ix_judged_set *set, int sets);

#endif
