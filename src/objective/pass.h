/* SPDX-License-Identifier: Apache-2.0
 *
 * pass.h - one pack through model and objective: rewards, or rewards and gradient.
 *
 * A pass binds an objective to a model and owns the buffers for packs of a given size, so that nothing is allocated
 * in a step. Local. */
#ifndef IX_OBJECTIVE_PASS_H
#define IX_OBJECTIVE_PASS_H

#include "base/clock.h"
#include "objective/objective.h"

typedef struct ix_pass ix_pass;

/* What is known of one pair after a pass. */
typedef struct {
    double reward[IX_SIDES];
    double logp[IX_SIDES];   /* IX_READ_RESPONSE_LOGP only, else 0 */
    double before[IX_SIDES]; /* likewise, without the response's last token (compat.trim) */
    double loss;
} ix_pair_result;

/* What is computed though the answer does not need it: nothing, unless asked for. Rewards have the same bits. */
typedef struct {
    bool last_block;    /* the last block at every row, not only where it is read */
    bool head_rows;     /* logits at every row, and so the last block too */
    bool logits;        /* logits a second time, for the gradient */
    bool frozen_states; /* hidden states that are known, of a trunk that is not trained */
} ix_pass_waste;

/* How much all passes so far have left out. */
typedef struct {
    int64_t prompt_tokens; /* tokens of prompts that several responses shared */
    int64_t block_rows;    /* rows of the last block */
    int64_t head_rows;     /* rows of tokens whose logits nobody read */
    int64_t state_tokens;  /* tokens whose hidden states were known */
} ix_pass_spared;

/* The model must outlive the pass and have been reserved for `tokens`. objective NULL: log-probabilities only, as
 * for a reference model; rewards are then 0. `clock` may be NULL. */
ix_status ix_pass_create(ix_pass **out, const ix_objective *objective, const ix_objective_settings *settings,
                         ix_model *model, int64_t tokens, ix_clock *clock);
size_t ix_pass_bytes(const ix_model *model, int64_t tokens); /* what that allocates */
void ix_pass_set_waste(ix_pass *pass, ix_pass_waste waste);
ix_pass_spared ix_pass_count(const ix_pass *pass);
/* What the model multiplied in each phase since the last call. */
void ix_pass_take_meter(ix_pass *pass, ix_model_meter meter[IX_PHASE_COUNT]);
const ix_model *ix_pass_model(const ix_pass *pass);
void ix_pass_destroy(ix_pass **pass); /* NULL is fine; leaves *pass NULL */

/* Multiply-adds of a forward pass over what is in the pack (model/work.h). */
int64_t ix_pass_work(const ix_pass *pass, const ix_pack *pack);

/* The rows that a run needs beyond the model's: where they begin in a block of weights. */
int64_t ix_pass_own(const ix_pass *pass);

/* result[p] for every pair of the pack. reference[p] is used if the objective needs one;
 * NULL: there is none, and its log-probabilities count as 0. */
void ix_pass_rewards(ix_pass *pass, const float *w, const ix_pack *pack, const double (*reference)[IX_SIDES],
                     ix_pair_result *result);

/* The same, and dw += sum over pairs of scale[p] times the gradient of the pair's loss. */
void ix_pass_gradient(ix_pass *pass, const float *w, float *dw, const ix_pack *pack,
                      const double (*reference)[IX_SIDES], const double *scale, ix_pair_result *result);

/* Pretraining: every token of every segment is predicted from those before it. Returns the sum over tokens of
 * -log pi, each times its weight[N] (NULL: 1); dw += scale times its gradient when dw is not NULL. */
double ix_pass_language(ix_pass *pass, const float *w, float *dw, const ix_pack *pack, const float *weight,
                        double scale);

#endif
