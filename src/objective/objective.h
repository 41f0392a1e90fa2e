/* SPDX-License-Identifier: Apache-2.0
 *
 * objective.h - what is trained: how a pair's rewards come out of what the model computed, and back.
 *
 * An objective is a constant struct in one file with one registry line (registry.c). It says what it reads, adds its
 * own rows to the parameter table, and has two small functions; it never sees a pack, a rank or an optimizer.
 * Loss of a reward model: -log sigmoid(r_chosen - r_rejected), the mean over the pairs of a step (Bradley and Terry
 * 1952; paper.md 1.0); objectives that are trained otherwise bring a loss of their own. All functions are local and
 * thread-safe. */
#ifndef IX_OBJECTIVE_OBJECTIVE_H
#define IX_OBJECTIVE_OBJECTIVE_H

#include "model/model.h"

typedef enum {
    IX_READ_LAST,          /* the last hidden state of prompt + response */
    IX_READ_MEAN,          /* the mean hidden state over the response's tokens */
    IX_READ_RESPONSE_LOGP, /* sum over the response's tokens of log pi(token | what is before it) */
    IX_READ_VERDICT        /* log pi of each verdict token behind the last token of prompt + response */
} ix_read;

typedef enum { IX_YES, IX_NO, IX_VERDICTS } ix_verdict;

typedef struct {
    double beta;                  /* im_rm */
    double head_std;              /* ex_rm: the head starts as N(0, head_std^2) */
    int32_t verdict[IX_VERDICTS]; /* IX_READ_VERDICT: the tokens "Yes" and "No" */
} ix_objective_settings;

/* What one pair gives an objective. */
typedef struct {
    const float *hidden[IX_SIDES];         /* IX_READ_LAST, IX_READ_MEAN: [D] */
    double logp[IX_SIDES];                 /* IX_READ_RESPONSE_LOGP */
    double reference[IX_SIDES];            /* the same sum under the reference, 0 if there is none */
    double verdict[IX_SIDES][IX_VERDICTS]; /* IX_READ_VERDICT */
} ix_reads;

/* Where the gradients of one pair go: added to. */
typedef struct {
    float *hidden[IX_SIDES];
    double logp[IX_SIDES];
    double verdict[IX_SIDES][IX_VERDICTS];
} ix_reads_gradient;

typedef struct {
    const char *name; /* as in YAML */
    ix_read reads;
    ix_pair_form form;
    bool needs_reference;
    const ix_extra *extra; /* its own rows of the parameter table */
    int extras;
    /* Draws its own rows from `seed`. own[] points at the first of them. NULL: has none. */
    void (*initial)(float *own, int64_t D, uint64_t seed, const ix_objective_settings *s);
    void (*rewards)(double reward[IX_SIDES], const ix_reads *in, const float *own, int64_t D,
                    const ix_objective_settings *s);
    /* dreward is d loss / d reward; d_own likewise for its rows. Adds. */
    void (*rewards_backward)(ix_reads_gradient *out, float *d_own, const double dreward[IX_SIDES], const ix_reads *in,
                             const float *own, int64_t D, const ix_objective_settings *s);
    /* A loss that is not that of the rewards, and its gradient (which needs no row of its own); out NULL: not wanted.
     * NULL: the pair loss of the rewards, through rewards_backward. Adds scale times the gradient. */
    double (*loss)(ix_reads_gradient *out, const ix_reads *in, double scale);
} ix_objective;

bool ix_objective_reads_head(const ix_objective *o); /* does it need log-probabilities, and so the head? */

const ix_objective *ix_objective_find(const char *name); /* NULL if unknown */

/* -log sigmoid(r_chosen - r_rejected), and its derivatives by both rewards. No overflow at any difference. */
double ix_pair_loss(const double reward[IX_SIDES], double dreward[IX_SIDES]);

#endif
