/* SPDX-License-Identifier: Apache-2.0
 *
 * params.h - the parameter table: one row per tensor of a run, the model's first, then the objective's.
 *
 * Name, shape, place and split are written once, here; weights, gradients, optimizer state, checkpoints and
 * exported files are all blocks of `floats` numbers laid out by the same table. Local. */
#ifndef IX_MODEL_PARAMS_H
#define IX_MODEL_PARAMS_H

#include <stdint.h>

#include "base/status.h"

/* How tensor ranks share a tensor: not at all, by output rows, or by input columns (Megatron's split). The bias of a
 * matrix that is split by rows is a row of its own, 1 x outputs, split by columns. */
typedef enum { IX_WHOLE, IX_BY_ROWS, IX_BY_COLS } ix_share;

typedef struct {
    char name[128];  /* as in the model file */
    char alias[128]; /* the name under which a tied folder may store it instead; "" if none */
    int dims;        /* in the file: 1 (rows == 1) or 2 */
    int64_t rows, cols;
    int64_t offset; /* first float in a block */
    ix_share share;
    float start; /* what a fresh vector holds: 1 or 0; fresh matrices are drawn */
} ix_param;

typedef struct {
    ix_param *param;
    int count, capacity;
    int64_t floats; /* of all rows */
    bool failed;    /* some row found no memory */
} ix_params;

/* Appends a matrix or a vector and returns its number, or -1 when there is no memory. printf-style name. */
int ix_params_matrix(ix_params *table, int64_t rows, int64_t cols, ix_share share, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int ix_params_vector(ix_params *table, int64_t size, float start, ix_share share, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void ix_params_alias(ix_params *table, int row, const char *alias); /* row -1 is fine */
int ix_params_find(const ix_params *table, const char *name);       /* -1 if none */
int64_t ix_param_size(const ix_param *p);
void ix_params_free(ix_params *table);

#endif
