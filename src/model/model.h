/* SPDX-License-Identifier: Apache-2.0
 *
 * model.h - a language model as functions of a block of weights.
 *
 * An ix_model holds the shape, the parameter table and the activations of one pack; it owns no weights but those that
 * it holds as bf16 (ix_storage). The same model therefore runs the policy and its reference, and any number of gradient
 * blocks. It knows no objective: the objective says which rows it reads, the model gives hidden states or
 * log-probabilities there and takes their gradients back.
 *
 *     ix_model_create(&m, folder, &wish);            table of rows, no weights yet
 *     ix_model_load(m, folder, NULL, w);             weights in table order
 *     ix_model_reserve(m, tokens, true);             activations for packs up to so many tokens
 *     h = ix_model_forward(m, w, pack, read, true);  h[N,D] after the final norm
 *     ix_model_logp(m, w, rows, targets, R, logp);   head and log-softmax at those rows only
 *     ix_model_logp_backward(m, w, dw, ..., dh);     dh[N,D] and dw get their share
 *     ix_model_backward(m, w, dw, pack, dh);         dw += gradient of everything below
 *
 * Rewards computed from h or logp are bitwise the same in any pack (tensor.h). Where tensor ranks share the model
 * (split.h), forward, logp and the backward functions are collective over the tensor axis, with the same arguments on
 * every rank; w and dw are this rank's part, hidden states and log-probabilities the whole. Everything else is local;
 * OpenMP inside. */
#ifndef IX_MODEL_MODEL_H
#define IX_MODEL_MODEL_H

#include "comm/grid.h"
#include "model/folder.h"
#include "model/params.h"
#include "pack/pack.h"

typedef struct ix_model ix_model;

/* A tensor that an objective adds to the table: 1 x cols; cols 0 means the model's width. */
typedef struct {
    const char *name;
    int64_t cols;
} ix_extra;

/* What training changes: everything; the head of the objective alone (its own rows, and the matrix that gives logits);
 * everything but that matrix. Where it is tied to the embedding, the last two make it a matrix of its own, which starts
 * as a copy. Nothing: the model is only asked. */
typedef enum { IX_TRAIN_ALL, IX_TRAIN_HEAD, IX_TRAIN_TRUNK, IX_TRAIN_NOTHING } ix_trained;

/* How matrices are held that are only read: under IX_TRAIN_HEAD those of the trunk, under IX_TRAIN_NOTHING all but an
 * objective's. As bf16, rounded to the nearest, they take half the memory; products and sums stay float32, with tiles
 * widened right before they are multiplied. A model whose folder holds bf16 loses nothing: the same bits. */
typedef enum { IX_FP32, IX_BF16 } ix_storage;

typedef struct {
    bool head;          /* log-probabilities are wanted: an untied head joins the table */
    int64_t vocabulary; /* rows of the embedding after added tokens; 0: as in config.json */
    const ix_extra *extra;
    int extras;
    ix_trained trained;
    ix_storage storage;
    bool untie;          /* make a tied matrix two, as above, whatever is trained */
    const ix_grid *grid; /* its tensor ranks share the model, and it outlives that; NULL: this rank has all of it */
} ix_model_wish;

ix_status ix_model_create(ix_model **out, const char *folder, const ix_model_wish *wish);
ix_status ix_model_create_config(ix_model **out, const ix_model_config *config, const ix_model_wish *wish);
/* Can so many tensor ranks share a model of this shape? IX_EINPUT: more ranks than heads, columns or words. Local. */
ix_status ix_model_check_split(const ix_model_config *config, int64_t ranks);
void ix_model_destroy(ix_model **model); /* NULL is fine; leaves *model NULL */

const ix_model_config *ix_model_config_of(const ix_model *m); /* V already counts added rows */
const ix_params *ix_model_params(const ix_model *m);

/* The stretch of a block that training changes. A gradient block holds these floats only: dw points to the first. */
ix_span ix_model_trained(const ix_model *m);
bool ix_model_trains_trunk(const ix_model *m);
bool ix_model_untied(const ix_model *m); /* is a matrix that the folder ties two here? */

/* Rows for tokens that the folder does not have. `given` (count x D) or, if NULL, drawn as transformers does
 * (mean_resizing: N(mean, 1e-9 Cov) of the folder's rows) from (seed, IX_DRAW_ROWS). */
typedef struct {
    const float *given;
    int64_t count;
    uint64_t seed;
} ix_new_rows;

/* Memory for what is held as bf16, before it is loaded or drawn; nothing where nothing is. IX_ENOMEM. */
ix_status ix_model_hold(ix_model *m);
const uint16_t *ix_model_held(const ix_model *m); /* [params->bf16]; NULL: nothing */

/* Reads every row of the table that the folder holds straight into weights[floats]; a few MiB of the files are in
 * memory beside it. Rows of `extra` that are absent keep what weights holds. Where the table has fewer rows of the
 * embedding than the folder, the first are taken; where it has more, `rows` (NULL: seed 0) says what they are. A tied
 * folder may store only one of its two names; both, if different, are an error; so are missing and unknown tensors,
 * wrong shapes, NaN and infinity, what bf16 cannot hold, and a config.json that computes something else. */
ix_status ix_model_load(const ix_model *m, const char *folder, const ix_new_rows *rows, float *weights);

/* Would ix_model_load find every row, in its shape? Reads no values but where two names are tied. */
ix_status ix_model_check(const ix_model *m, const char *folder);

/* Fresh weights for pretraining: matrices N(0, std^2) from (seed, IX_DRAW_WEIGHTS, place in the table), biases 0,
 * norms 1 (stored as 0 by families that store the weight less 1). */
void ix_model_draw(const ix_model *m, uint64_t seed, double std, float *weights);

/* In a backward pass the first `blocks` blocks are computed a second time from what they were given, instead of keeping
 * what they computed: the same bits in less memory, for so many more forward passes of a block. The last block never
 * needs to be. Contract: at most ix_model_most_recomputed, and before reserve. */
void ix_model_recompute(ix_model *m, int blocks);
int ix_model_most_recomputed(const ix_model *m); /* 0 where the trunk is not trained */
/* Bytes that each of them makes ix_model_needs less. */
size_t ix_model_recomputing_saves(const ix_model *m, int64_t tokens);

/* Activations for packs of at most `tokens`; with `backward` every layer's are kept, but for those that are computed
 * twice. May be called again. */
ix_status ix_model_reserve(ix_model *m, int64_t tokens, bool backward);
size_t ix_model_kept_bytes(const ix_model *m, bool backward); /* per token, nothing recomputed, without logits */
/* All that reserve would take, in bytes; the attention kernel's scratch, which depends on the packs, comes on top. */
typedef struct {
    size_t kept, logits, scratch;
} ix_model_memory;
ix_model_memory ix_model_needs(const ix_model *m, int64_t tokens, bool backward);

/* The final hidden states [N,D], valid until the next forward. `read`, [S], says which rows of each segment will be
 * read (NULL: all): the last block computes these only, with the same bits, and the others hold anything. `keep`: a
 * backward pass will follow; `read` must last until then. */
const float *ix_model_forward(ix_model *m, const float *w, const ix_pack *pack, const ix_rows *read, bool keep);

/* The room of the final hidden states [tokens,D], for who knows them without a forward pass. */
float *ix_model_states(ix_model *m);

/* logp[i] = log softmax(U h_row[i])_target[i], in order, for R rows of the latest forward pass. Where R is at most
 * ix_model_head_rows the logits are kept for the backward pass, else it computes them again in pieces. */
void ix_model_logp(ix_model *m, const float *w, const int32_t *rows, const int32_t *targets, int64_t R, double *logp);
int64_t ix_model_head_rows(const ix_model *m);
void ix_model_drop_logits(ix_model *m); /* the backward pass will compute them again */
/* U itself in w: [V, D], or this tensor rank's rows of it. Contract: the model has a head, held as floats. Local. */
const float *ix_model_unembedding(const ix_model *m, const float *w);
/* dh[row[i],:] += dlogp[i] d logp[i] / d h, dw likewise; must follow ix_model_logp with the same rows. */
void ix_model_logp_backward(ix_model *m, const float *w, float *dw, const int32_t *rows, const int32_t *targets,
                            int64_t R, const double *dlogp, float *dh);

/* dw += gradient through all blocks and the embedding. dh[N,D] is that of the final hidden states, looked
 * at where they are read; it is used up. */
void ix_model_backward(ix_model *m, const float *w, float *dw, const ix_pack *pack, float *dh);

/* Who wants to follow backward passes, NULL: nobody any more. After each block he is told from which float of the block
 * of weights on this pass will add nothing more, and between products INT64_MAX: so that messages move. */
void ix_model_watch(ix_model *m, void (*final)(void *context, int64_t from), void *context);

/* Does ix_model_meet do anything for this model? */
bool ix_model_meets(const ix_model *m);

/* Collective over the tensor axis, after the last backward pass into dw: where ranks hold the same keys, each has the
 * gradient of its own queries only, and gets the sum. */
void ix_model_meet(const ix_model *m, float *dw);

/* Collective over the tensor axis. The whole model's numbers, [full_floats] in the order of the table, from the parts
 * of all ranks. Only the axis' first rank gets them; elsewhere `whole` may be NULL. */
ix_status ix_model_gather(const ix_model *m, const float *w, float *whole);

/* How much was multiplied since the last call, and how long that took. FLOP are 2 m n k of every product, and of
 * attention 4 for every number of a head, token and token that it sees, 8 in a backward pass. What is computed a second
 * time to save memory counts once; its time counts. */
typedef struct {
    double products, product_seconds, attention, attention_seconds;
} ix_model_meter;
ix_model_meter ix_model_take_meter(ix_model *m);

/* What the model counted since the last call: head rows whose logits had to be computed twice, and rows of blocks
 * that were. */
int64_t ix_model_take_recomputed(ix_model *m);
int64_t ix_model_take_recomputed_rows(ix_model *m);

#endif
