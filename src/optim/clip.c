/* SPDX-License-Identifier: Apache-2.0 */
#include "optim/clip.h"

#include <math.h>
#include <stdlib.h>

#include "tensor/tensor.h"

enum { PIECE = 4096 };

/* Fills the sums of this rank's pieces, zero elsewhere; returns the number of pieces of all ranks. sums NULL: count. */
static int64_t sum_pieces(double *sums, const float *gradient, const ix_span *mine, int parts,
                          const ix_stretch *stretch, int n)
{
    int64_t pieces = 0;
    int k = 0; /* the first part that does not end before the piece */
    for (int t = 0; t < n; t++)
        for (int64_t lo = stretch[t].lo; stretch[t].counted && lo < stretch[t].hi; pieces++) {
            int64_t next = (lo / PIECE + 1) * PIECE, hi = next < stretch[t].hi ? next : stretch[t].hi;
            while (k < parts && mine[k].hi <= lo) k++;
            if (sums && k < parts && lo >= mine[k].lo) sums[pieces] = ix_sum_squares(gradient + lo, hi - lo);
            lo = hi;
        }
    return pieces;
}

ix_status ix_gradient_norm(double *norm, const ix_grid *grid, const float *gradient, const ix_span *mine, int parts,
                           const ix_stretch *stretch, int stretches)
{
    int64_t n = sum_pieces(NULL, gradient, mine, parts, stretch, stretches);
    double *sums = calloc((size_t)n + 1, sizeof *sums), total = 0;
    ix_status rc = ix_grid_agree(grid, IX_GROUP, sums ? IX_OK : ix_fail(IX_ENOMEM, "gradient norm: out of memory"));
    if (rc != IX_OK) goto done;
    sum_pieces(sums, gradient, mine, parts, stretch, stretches);
    ix_grid_merge_double(grid, IX_DATA, sums, n);
    for (int64_t i = 0; i < n; i++) total += sums[i];
    ix_grid_sum_double(grid, IX_TENSOR, &total, 1);
    *norm = sqrt(total);
done:
    free(sums);
    return rc;
}

double ix_clip_factor(double norm, double limit)
{
    return limit > 0 && limit / (norm + 1e-6) < 1 ? limit / (norm + 1e-6) : 1;
}
