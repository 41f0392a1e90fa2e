/* SPDX-License-Identifier: Apache-2.0
 *
 * params.h - the parameter table: one row per tensor of a run, the model's first, then the objective's.
 *
 * Name, shape, place and split are written once, here; weights, gradients, optimizer state, checkpoints and
 * exported files are all blocks of `floats` numbers laid out by the same table. Local. */
#ifndef IX_MODEL_PARAMS_H
#define IX_MODEL_PARAMS_H

#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

/* How tensor ranks share a tensor: not at all, by output rows, or by input columns (Megatron's split). The bias of a
 * matrix that is split by rows is a row of its own, 1 x outputs, split by columns. */
typedef enum { IX_WHOLE, IX_BY_ROWS, IX_BY_COLS } ix_share;

/* What this rank holds of a tensor: all, or these rows or columns. Some of them may be held by other ranks too: their
 * gradients are sums over ranks, and `counted` is the part that this rank speaks for where every number counts once. */
typedef struct {
    ix_share share;
    ix_span held, counted;
    bool repeated; /* others hold some of it too, each with a gradient of its own */
} ix_cut;

typedef struct {
    char name[128];               /* as in the model file */
    char alias[128];              /* the name under which a tied folder may store it instead; "" if none */
    int dims;                     /* in the file: 1 (rows == 1) or 2 */
    int64_t rows, cols;           /* held here */
    int64_t full_rows, full_cols; /* in the file */
    int64_t offset;               /* first float in a block */
    int64_t bf16;  /* first number in the model's own block of bf16, and no floats in others; -1: floats */
    int64_t place; /* the same if the model were not split */
    ix_cut cut;
    float start; /* what a fresh vector holds: 1 or 0; fresh matrices are drawn */
} ix_param;

typedef struct {
    ix_param *param;
    int count, capacity;
    int64_t floats;      /* of all rows, held here */
    int64_t full_floats; /* of the whole model */
    int64_t bf16;        /* numbers of all rows that are held as bf16 */
    bool narrow;         /* matrices that are appended are held as bf16 */
    bool failed;         /* some row found no memory */
} ix_params;

ix_cut ix_uncut(void);
ix_cut ix_cut_rows(ix_span held);
ix_cut ix_cut_cols(ix_span held);

/* Appends a matrix or a vector of that size in the file and returns its number, or -1 when there is no memory.
 * printf-style name. */
int ix_params_matrix(ix_params *table, int64_t rows, int64_t cols, ix_cut cut, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int ix_params_vector(ix_params *table, int64_t size, float start, ix_cut cut, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void ix_params_alias(ix_params *table, int row, const char *alias); /* row -1 is fine */
int ix_params_find(const ix_params *table, const char *name);       /* -1 if none */
int64_t ix_param_size(const ix_param *p);                           /* floats held here in a block */
int64_t ix_param_numbers(const ix_param *p);                        /* numbers held here, floats or not */
/* Of the floats held here those that this rank speaks for, where every number of the tensor counts once: of what is on
 * every tensor rank the first one does, of keys that several ranks hold the one that is said to. */
ix_span ix_param_counted(const ix_param *p, int tensor_rank);
/* Where row r, counted from the first that is held here, begins in the file, in numbers of the tensor. */
int64_t ix_param_at(const ix_param *p, int64_t row);
void ix_params_free(ix_params *table);

#endif
