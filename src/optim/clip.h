/* SPDX-License-Identifier: Apache-2.0
 *
 * clip.h - the norm of a gradient that is spread over ranks, with the same bits for every spread. */
#ifndef IX_OPTIM_CLIP_H
#define IX_OPTIM_CLIP_H

#include "base/span.h"
#include "comm/grid.h"

/* A stretch of a gradient: a tensor, or a part of one. */
typedef struct {
    int64_t lo, hi;
    bool counted; /* by this tensor rank; what several of them hold counts once */
} ix_stretch;

/* Collective over the group. The Euclidean norm of the gradient of the whole model. Each tensor rank has the stretches
 * of its part, one after the other; of these the ranks of its data axis hold some spans, mine[parts], each: in order,
 * disjoint, covering everything together, beginning at multiples of 4096. Squares are summed in double over pieces of
 * 4096 within a stretch, then piece by piece in the order of the table, then in the order of the tensor ranks. */
ix_status ix_gradient_norm(double *norm, const ix_grid *grid, const float *gradient, const ix_span *mine, int parts,
                           const ix_stretch *stretch, int stretches);

/* The factor of clip_norm: min(1, limit / (norm + 1e-6)) as torch.nn.utils.clip_grad_norm_; limit 0: no clipping. */
double ix_clip_factor(double norm, double limit);

#endif
