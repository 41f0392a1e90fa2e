/* SPDX-License-Identifier: Apache-2.0
 *
 * column_sums.h - sums over the rows of a pack, cut by size and never by threads: IX_SUM_ROWS rows make a part, in
 * double, and the parts are added in order. Not for use outside src/tensor. */
#ifndef IX_TENSOR_COLUMN_SUMS_H
#define IX_TENSOR_COLUMN_SUMS_H

#include <stddef.h>
#include <stdint.h>

enum { IX_SUM_ROWS = 64 };

/* Bytes of the parts of N rows of `columns` sums. */
static inline size_t ix_sum_scratch(int64_t N, int64_t columns)
{
    return (size_t)((N + IX_SUM_ROWS - 1) / IX_SUM_ROWS * columns) * sizeof(double);
}

/* out[D] += the sum of the parts, part after part; a part begins `step` after the one before. Uses part[0, D) up. */
void ix_sum_parts(float *out, double *part, int64_t parts, int64_t step, int64_t D);

#endif
