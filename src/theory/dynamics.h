/* SPDX-License-Identifier: Apache-2.0
 *
 * dynamics.h - what one gradient step on one pair does to the reward of another response (paper.md 1.2), all hidden
 * states fixed (Assumption 1): only u of the explicit model, or U of the implicit one, moves. Local. */
#ifndef IX_THEORY_DYNAMICS_H
#define IX_THEORY_DYNAMICS_H

#include <stdint.h>

#include "theory/claims.h"

/* U[V,d], as double or as float. */
typedef struct {
    const double *wide;
    const float *narrow;
    int64_t V, d;
} ix_unembedding;
void ix_unembedding_row(const ix_unembedding *U, int64_t v, double *row);

/* A response and the states before each of its tokens, and after the last: state[size + 1, d]. */
typedef struct {
    const int32_t *token;
    const double *state;
    int size;
    const char *name; /* for the sheet */
} ix_response;

typedef struct {
    ix_unembedding U;
    const double *u; /* [d] */
    double beta;
    ix_response trained[2];   /* the pair of the step: y+, y- */
    double reference[2];      /* log-probabilities of these under the reference */
    bool own_reference;       /* the reference is U itself: `reference` is not looked at */
    const ix_response *other; /* [others] whose rewards are looked at */
    int others;
    double rate; /* steps are rate * 10^-1 ... 10^-4; 0: 1 / (beta^2 max |h|^2) */
} ix_dynamics;

/* Claims dynamics.ex_rm (exact), dynamics.im_rm (to first order), dynamics.rho, sheet dynamics. */
void ix_learning_dynamics(ix_claims *out, const ix_dynamics *p);

/* Pairs of responses, chosen and rejected. */
typedef struct {
    const char *name;
    const ix_response (*pair)[2];
    int n;
} ix_response_pairs;

/* One full-batch step of both models on the trained pairs, from u = 0 and U = the reference, small enough for the first
 * order to decide: what the mechanism of below_half.h does to a model's own states. Sheet one_step: accuracies and mean
 * differences of both models on the trained pairs and on every group. */
void ix_one_step(ix_claims *out, const ix_unembedding *U, double beta, const ix_response_pairs *trained,
                 const ix_response_pairs *group, int groups);

/* EX-GRM, one token "yes" or "no" after a question: a step on -ln pi(yes | z+) - ln pi(no | z-), z being the states
 * after y+ and y-, seen from the state after the first of the others. Claims ex_grm.*, sheet ex_grm. */
void ix_generative_dynamics(ix_claims *out, const ix_dynamics *p, int32_t yes, int32_t no);

#endif
