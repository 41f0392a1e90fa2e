/* SPDX-License-Identifier: Apache-2.0
 *
 * ex_grm.c - the explicit generative reward model (paper.md 1.2 and 2.4; gen_rm in the authors' code): asked whether an
 * answer is correct, the model says Yes or No. With z the question about an answer,
 *
 *     r(x, y) = pi(Yes | z),   loss = -1/2 (log pi(Yes | z_chosen) + log pi(No | z_rejected)),
 *
 * softmax over the whole vocabulary. */
#include <math.h>

#include "objective/objective.h"

static void rewards(double reward[IX_SIDES], const ix_reads *in, const float *own, int64_t D,
                    const ix_objective_settings *s)
{
    (void)own, (void)D, (void)s;
    for (int side = 0; side < IX_SIDES; side++) reward[side] = exp(in->verdict[side][IX_YES]);
}

static double loss(ix_reads_gradient *out, const ix_reads *in, double scale)
{
    if (out) {
        out->verdict[IX_CHOSEN][IX_YES] -= scale / 2;
        out->verdict[IX_REJECTED][IX_NO] -= scale / 2;
    }
    return -(in->verdict[IX_CHOSEN][IX_YES] + in->verdict[IX_REJECTED][IX_NO]) / 2;
}

const ix_objective ix_objective_ex_grm = {
    .name = "ex_grm",
    .reads = IX_READ_VERDICT,
    .form = IX_FORM_VERIFY,
    .rewards = rewards,
    .loss = loss,
};
