/* SPDX-License-Identifier: Apache-2.0
 *
 * theory_model.h - the theory on a transformer's own hidden states, held fixed: only u or U moves. Not for use outside
 * src/task. */
#ifndef IX_TASK_THEORY_MODEL_H
#define IX_TASK_THEORY_MODEL_H

#include "task/bench.h"
#include "theory/claims.h"

typedef struct ix_theory_model ix_theory_model;

/* Collective over the group. Loads the model, whole on every rank, and reads the hidden states that the claims need;
 * the ranks share the sequences out. */
ix_status ix_theory_model_create(ix_theory_model **out, const ix_material *m, const ix_job *job);
void ix_theory_model_destroy(ix_theory_model **model); /* NULL is fine; leaves *model NULL */

/* The parts of the theory, each by itself. Local. */
ix_status ix_theory_model_head(ix_claims *out, const ix_theory_model *t);
ix_status ix_theory_model_theorem1(ix_claims *out, const ix_theory_model *t);
ix_status ix_theory_model_dynamics(ix_claims *out, const ix_theory_model *t);
ix_status ix_theory_model_one_step(ix_claims *out, const ix_theory_model *t);
ix_status ix_theory_model_theorem2(ix_claims *out, const ix_theory_model *t);
ix_status ix_theory_model_similarity(ix_claims *out, const ix_theory_model *t);

#endif
