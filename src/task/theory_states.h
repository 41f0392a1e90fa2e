/* SPDX-License-Identifier: Apache-2.0
 *
 * theory_states.h - final hidden states of a model at the rows that the theory looks at. Not for use outside src/task.
 */
#ifndef IX_TASK_THEORY_STATES_H
#define IX_TASK_THEORY_STATES_H

#include "comm/grid.h"
#include "model/model.h"

/* Token sequences, and from which token on their states are wanted. Memory that cannot be had ends the job. */
typedef struct {
    int32_t *token; /* all, one after the other */
    int64_t tokens;
    struct ix_document {
        int64_t begin; /* in token */
        int32_t size, from;
        int64_t state; /* the number of its first state */
    } * doc;
    int64_t docs, states;
} ix_documents; /* {0} is an empty list */

/* Prompt and response, the states from token `from` on; returns the number of the first one. */
int64_t ix_documents_add(ix_documents *d, const int32_t *prompt, int32_t prompt_size, const int32_t *response,
                         int32_t response_size, int32_t from);
void ix_documents_free(ix_documents *d);

/* Collective over the group, whose ranks share the documents out; each has the whole model. out[states, D] is the same
 * on every rank, and the same bits for any number of them. */
ix_status ix_documents_read(double *out, const ix_documents *d, const ix_grid *grid, ix_model *model, const float *w);

/* Local. logp[i] of token i + 1 of the document, for its states but the last, as the model's own head computes them. */
ix_status ix_documents_logp(double *logp, const ix_documents *d, int64_t doc, ix_model *model, const float *w);

#endif
