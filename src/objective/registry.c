/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "objective/objective.h"

extern const ix_objective ix_objective_ex_rm, ix_objective_ex_rm_mean, ix_objective_im_rm, ix_objective_ex_grm,
    ix_objective_sft;

static const ix_objective *const objectives[] = {&ix_objective_ex_rm, &ix_objective_ex_rm_mean, &ix_objective_im_rm,
                                                 &ix_objective_ex_grm, &ix_objective_sft};

const ix_objective *ix_objective_find(const char *name)
{
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
        if (!strcmp(objectives[i]->name, name)) return objectives[i];
    return NULL;
}

bool ix_objective_reads_head(const ix_objective *o)
{
    return o->reads == IX_READ_RESPONSE_LOGP || o->reads == IX_READ_VERDICT;
}

/* With z = r_chosen - r_rejected: softplus(-z) = max(-z, 0) + log1p(exp(-|z|)), derivative by z: -1 / (1 + exp(z)). */
double ix_pair_loss(const double reward[IX_SIDES], double dreward[IX_SIDES])
{
    double z = reward[IX_CHOSEN] - reward[IX_REJECTED], tail = exp(-fabs(z));
    double d = z >= 0 ? tail / (1 + tail) : 1 / (1 + tail);
    dreward[IX_CHOSEN] = -d;
    dreward[IX_REJECTED] = d;
    return (z < 0 ? -z : 0) + log1p(tail);
}
