/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.h - the keys and values of all blocks, kept from token to token: how a model writes.
 *
 * A cache has slots, one token each. A run of tokens (a prompt, or what was said after it) takes slots in a row from a
 * multiple of IX_CACHE_TILE on; several sequences may follow one prompt. Prompts go in by ix_model_prefill, then every
 * step takes one token of each sequence. Hidden states, logits and log-probabilities have the bits of a forward pass
 * over prompt and response as a pair has them (pack.h), whatever else is in the step, for every family and any number
 * of tensor ranks.
 *
 *     ix_cache_create(&cache, m, slots);
 *     h = ix_model_prefill(m, w, pack, read, cache, slot);     a pack of prompts: slot[n] of every row
 *     ix_model_logits(m, w, rows, R, z);                       choose the next tokens by z[R, V]
 *     ix_model_chosen_logp(m, tokens, R, logp);                and what they had
 *     h = ix_model_follow(m, w, pack, cache, slot, seen);      those tokens, one row each
 *
 * Prefill, follow, logits and log-probabilities are collective over the tensor axis; the rest is local. */
#ifndef IX_MODEL_CACHE_H
#define IX_MODEL_CACHE_H

#include "model/model.h"
#include "tensor/tensor.h"

enum { IX_CACHE_TILE = 16 };

typedef struct ix_cache ix_cache;

/* Keys and values of so many slots, rounded up to whole tiles, of this rank's heads. IX_ENOMEM. */
ix_status ix_cache_create(ix_cache **out, const ix_model *m, int64_t slots);
void ix_cache_destroy(ix_cache **cache); /* NULL is fine; leaves *cache NULL */
size_t ix_cache_bytes(const ix_model *m, int64_t slots);
int64_t ix_cache_slots(const ix_cache *cache);
float *ix_cache_block(ix_cache *cache, int layer); /* its keys and values, for src/model */

/* Slots of a run of so many tokens. */
static inline int64_t ix_cache_run(int64_t tokens)
{
    return (tokens + IX_CACHE_TILE - 1) / IX_CACHE_TILE * IX_CACHE_TILE;
}

/* As ix_model_forward of a pack of documents, and row n's keys and values go into slot[n]. */
const float *ix_model_prefill(ix_model *m, const float *w, const ix_pack *pack, const ix_rows *read, ix_cache *cache,
                              const int64_t *slot);

/* h[N,D] of N tokens, token[n] at position[n] of its text. seen[n] ends with the token itself, in slot[n]. Contract:
 * N and the positions are below the tokens that the model was reserved for. */
const float *ix_model_follow(ix_model *m, const float *w, const ix_pack *pack, ix_cache *cache, const int64_t *slot,
                             const ix_kept_row *seen);

/* z[R,V]: the logits, capped where the family caps them, at R rows of the latest forward pass; the same bits on every
 * tensor rank. Contract: R <= ix_model_head_rows. */
void ix_model_logits(ix_model *m, const float *w, const int32_t *rows, int64_t R, float *z);
/* The log-probabilities of these tokens by the logits of the latest ix_model_logits: the bits of ix_model_logp. */
void ix_model_chosen_logp(ix_model *m, const int32_t *tokens, int64_t R, double *logp);

#endif
