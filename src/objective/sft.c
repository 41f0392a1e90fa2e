/* SPDX-License-Identifier: Apache-2.0
 *
 * sft.c - supervised fine-tuning on the chosen answers: loss -log pi(y_chosen | x), summed over its tokens and not
 * divided by their number (paper.md 2.4); judged by the reward log pi(y | x). */
#include "objective/objective.h"

static void rewards(double reward[IX_SIDES], const ix_reads *in, const float *own, int64_t D,
                    const ix_objective_settings *s)
{
    (void)own, (void)D, (void)s;
    for (int side = 0; side < IX_SIDES; side++) reward[side] = in->logp[side];
}

static double loss(ix_reads_gradient *out, const ix_reads *in, double scale)
{
    if (out) out->logp[IX_CHOSEN] -= scale;
    return -in->logp[IX_CHOSEN];
}

const ix_objective ix_objective_sft = {
    .name = "sft",
    .reads = IX_READ_RESPONSE_LOGP,
    .rewards = rewards,
    .loss = loss,
};
