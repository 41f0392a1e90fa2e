/* SPDX-License-Identifier: Apache-2.0
 *
 * descent.h - Theorem 2 (paper.md 1.3): gradient descent on u and on U with hidden states fixed and responses of a
 * single token (Assumptions 1 and 2), full batch. Local. */
#ifndef IX_THEORY_DESCENT_H
#define IX_THEORY_DESCENT_H

#include <stdint.h>

#include "theory/claims.h"

/* A pair of single-token responses: the state of the prompt, and the states after either response. */
typedef struct {
    const double *prompt, *after[2]; /* [d] */
    int token[2];                    /* rows of U: chosen, rejected */
} ix_single;

typedef struct {
    const ix_single *at;
    int n;
} ix_singles;

typedef struct {
    int64_t d;
    int tokens;                           /* rows of U */
    ix_singles train, seen, half, unseen; /* half: one of both tokens was trained on; seen, unseen: both, none */
    const double *u, *U;                  /* where descent starts: [d], [tokens, d]; U is the reference too */
    double beta;
    int64_t steps;
    bool whole; /* U holds every token there is: the gradient of the whole softmax is followed for a while too */
} ix_descent;

/* Steps of 1.9 B^-2 min(1, beta^-2), B the largest norm of all training states. Claims theorem2.*, sheet theorem2 with
 * a row for t = 0, 1, 10, ... up to `steps`. */
ix_status ix_theorem2(ix_claims *out, const ix_descent *p);

#endif
