/* SPDX-License-Identifier: Apache-2.0
 *
 * family.h - what a model family is to the rest of src/model: one file, one constant struct, one registry line in
 * family.c. A family reads and writes its own keys of config.json, describes its parameter table, and says which parts
 * (parts.h) its blocks have and by which formula (block.h) they are joined. Not for use outside src/model. */
#ifndef IX_MODEL_FAMILY_H
#define IX_MODEL_FAMILY_H

#include "base/json.h"

#include "model/block.h"
#include "model/parts.h"
#include "model/split.h"

typedef struct ix_family ix_family;

struct ix_model {
    const ix_family *family;
    ix_model_config c;
    ix_model_split split;
    ix_params params;
    uint16_t *held;  /* [params.bf16] matrices that are only read; NULL: not yet, or none */
    ix_span trained; /* of the block */
    bool deep;       /* the trunk is trained */
    bool untied;     /* the head is a matrix of its own, though the folder ties it */
    int own;         /* rows of the table that are the model's; an objective's follow */

    int embed, head; /* rows of the table; head == embed when tied, -1: none */
    ix_layer *layer; /* [layers] */
    int64_t *first;  /* [layers + 1] floats of the block before each block's rows, and before the final norm's */
    ix_norm norm;    /* the final one */

    int64_t width, tail_width; /* floats per token that a block keeps, and the final norm */
    int64_t tokens, room;      /* reserved; rows of every kept buffer */
    bool backward;
    void *memory;  /* one block: everything below */
    int recompute; /* so many blocks, the first ones, keep their input only in a forward pass */
    float **kept;  /* [layers], all alike without backward; those that are recomputed share that of the next one */
    float **input; /* [layers] what a block is given */
    float *tail;   /* of the final norm */
    float *x;      /* [N,D] what the final norm is given; without backward the blocks' own */
    float *hidden; /* [N,D] */
    ix_arena *scratch;
    void *tile; /* of a matrix that is held as bf16, widened; NULL: none is */

    const ix_rows *read;         /* of the latest forward pass, NULL: all rows are read */
    int64_t R;                   /* how many are */
    int32_t *row, *row_position; /* [R] these rows, and their positions */
    int32_t *token;              /* [N] of the latest pack, as rows of my part of the embedding; -1: not mine */

    float *cosine, *sine; /* [positions, R/2] */
    int64_t positions;
    void *attention; /* scratch of the attention kernel: grows with the longest pack */
    size_t attention_bytes;

    float *logits, *head_in, *head_lse; /* [head_rows, words], [head_rows, D], [head_rows] */
    double *head_whole;                 /* [3 head_rows] log-sums and targets' logits, as ranks exchange them */
    int32_t *head_target;               /* [head_rows] */
    float *repeated;                    /* a whole matrix of keys, where ranks share them */
    int64_t head_rows;
    bool logits_kept;
    int64_t recomputed, recomputed_rows; /* rows of the head, and of blocks, that were computed twice */
    ix_model_meter meter;

    void (*final)(void *context, int64_t from); /* who follows backward passes; NULL: nobody */
    void *follower;
};

struct ix_family {
    const char *model_type;          /* as in config.json */
    const char *causal, *classifier; /* architectures[0] */
    const char *embedding, *head;    /* names of their matrices */
    const char *const *ignored;      /* ends of names that files may hold and nobody reads; NULL ends the list */
    ix_model_config defaults;        /* of keys that config.json may leave out */
    /* The keys of config.json that not every family has: from o into c, and from c into o (false: no memory). */
    ix_status (*read_config)(ix_model_config *c, const json_t *o, const char *where);
    bool (*write_config)(json_t *o, const ix_model_config *c);
    /* Rows of the table, parts and formula of block l; likewise the final norm. */
    void (*describe_block)(ix_model *m, ix_layer *b, int l);
    ix_norm (*describe_norm)(ix_model *m);
    float (*embedding_scale)(const ix_model_config *c); /* what embeddings are multiplied by; NULL: 1 */
};

const ix_family *ix_family_find(const char *model_type); /* NULL if unknown */
const char *ix_family_names(void);                       /* "llama, ..." for messages */

/* The attention kernel's scratch for this pack; grows when it must. Ends the job when there is no memory. */
void *ix_model_attention_scratch(ix_model *m, size_t bytes);

void ix_model_release(ix_model *m); /* activations and scratch */

#endif
