/* SPDX-License-Identifier: Apache-2.0
 *
 * ex_rm.c - the explicit reward model: r(x, y) = <u, h>, a linear head u on the last hidden state of prompt and
 * response (paper.md 1.0 and 2.4). u starts as N(0, head_std^2). */
#include "base/random.h"
#include "objective/objective.h"
#include "tensor/tensor.h"

static const ix_extra extra[] = {{.name = "score.weight"}};

static void initial(float *own, int64_t D, uint64_t seed, const ix_objective_settings *s)
{
    for (int64_t d = 0; d < D; d++) own[d] = (float)(s->head_std * ix_draw_normal(seed, IX_DRAW_HEAD, (uint64_t)d));
}

static void rewards(double reward[IX_SIDES], const ix_reads *in, const float *own, int64_t D,
                    const ix_objective_settings *s)
{
    (void)s;
    for (int side = 0; side < IX_SIDES; side++) reward[side] = ix_dot(own, in->hidden[side], D);
}

static void rewards_backward(ix_reads_gradient *out, float *d_own, const double dreward[IX_SIDES], const ix_reads *in,
                             const float *own, int64_t D, const ix_objective_settings *s)
{
    (void)s;
    for (int side = 0; side < IX_SIDES; side++) {
        float g = (float)dreward[side];
        for (int64_t d = 0; d < D; d++) {
            out->hidden[side][d] += g * own[d];
            d_own[d] += g * in->hidden[side][d];
        }
    }
}

const ix_objective ix_objective_ex_rm = {
    .name = "ex_rm",
    .reads = IX_READ_LAST,
    .extra = extra,
    .extras = 1,
    .initial = initial,
    .rewards = rewards,
    .rewards_backward = rewards_backward,
};

/* The same head on the mean hidden state over the response, end tokens included: is it the last one that makes explicit
 * reward models generalise? (paper.md 2.4, use_all_response_hidden_embeddings) */
const ix_objective ix_objective_ex_rm_mean = {
    .name = "ex_rm_mean",
    .reads = IX_READ_MEAN,
    .extra = extra,
    .extras = 1,
    .initial = initial,
    .rewards = rewards,
    .rewards_backward = rewards_backward,
};
