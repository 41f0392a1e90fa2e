/* SPDX-License-Identifier: Apache-2.0
 *
 * generate.h - what a language model says to prompts: sampling with cached keys, many sequences at a time, shared out
 * over data and tensor ranks.
 *
 * The token at a position is a function of the logits there and of a number drawn from (seed, index, attempt,
 * position): texts do not depend on the batch, the number of data ranks, or the order of the prompts. Log-probabilities
 * are those of the model whatever the sampling, with the bits of a forward pass over prompt and response (cache.h).
 * Another number of tensor ranks is another order of summation; a text may then part ways where two tokens are equally
 * likely to the last bits. */
#ifndef IX_TRAIN_GENERATE_H
#define IX_TRAIN_GENERATE_H

#include "comm/grid.h"
#include "model/cache.h"
#include "train/saver.h"

/* One sequence that is asked for. Those with the same prompt lie next to each other, so that it is computed once. */
typedef struct {
    const int32_t *prompt;
    int32_t size;
    int32_t attempt; /* below 2^16 */
    int64_t index;   /* of the prompt, for the draws: below 2^28 */
} ix_asked;

typedef struct {
    const ix_grid *grid;
    ix_model *model; /* reserved here, without a backward pass, if it is not already for as many tokens */
    const float *weights;
    ix_sampling sampling;
    uint64_t seed;
    int32_t most; /* tokens of a sequence, below 2^20 */
    const int32_t *end;
    int ends;      /* tokens that end a sequence; they belong to it */
    int64_t batch; /* sequences at a time; 0: as many as a cache of 1 GiB holds, at most 256 */
    /* What sequence i may say after said[n]; false: it has ended. NULL: anything. Called on every rank that works on
     * it, in order. */
    bool (*guide)(void *context, int64_t i, const int32_t *said, int32_t n, ix_choice *next);
    void *context;
    /* Between batches: the saver (NULL: none) wishes to save. Collective. NULL: IX_STOPPED where it asks to stop. */
    ix_saver *saver;
    ix_status (*save)(void *saving, ix_saver_wish wish);
    void *saving;
} ix_generator;

/* Sequences as they were asked for. */
typedef struct {
    int64_t n;
    int32_t most;
    int32_t *size, *token; /* [n], [n, most] */
    double *logp;          /* [n, most] log pi of each token by the model itself */
} ix_said;

ix_status ix_said_create(ix_said *out, int64_t n, int32_t most); /* Local. Empty sequences. */
void ix_said_free(ix_said *said);                                /* Local; leaves it {0} */
double ix_said_logp(const ix_said *said, int64_t i);             /* Local: of sequence i */

/* Collective over the group; the same on every rank. *out must be {0}. IX_ENUMERIC: a log-probability is no number. */
ix_status ix_generate(const ix_generator *g, const ix_asked *asked, int64_t n, ix_said *out);

#endif
