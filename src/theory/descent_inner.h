/* SPDX-License-Identifier: Apache-2.0
 *
 * descent_inner.h - a descent and what was seen on its way. Not for use outside src/theory. */
#ifndef IX_THEORY_DESCENT_INNER_H
#define IX_THEORY_DESCENT_INNER_H

#include "theory/descent.h"
#include "theory/separator.h"

#define IX_MOMENTS 24

enum { IX_EX, IX_IM, IX_KINDS };

/* What is known after t steps. */
typedef struct {
    int64_t t;
    double loss[IX_KINDS], train[IX_KINDS], seen[IX_KINDS], unseen[IX_KINDS]; /* losses and accuracies */
    double cosine, margin; /* of u and u*; margin of u in parts of that of u*; NaN without u* */
    double nats;           /* least (r+ - r-) / beta of the implicit model in training */
    double largest;        /* largest |r+ - r-| of unseen pairs */
    double half_off;       /* of half-unseen pairs, from beta <Delta U_seen, h> */
    double *u;             /* [d] */
} ix_moment;

typedef struct {
    const ix_descent *p;
    int64_t d;
    int n;
    double step;
    double *z;                /* [n, d] */
    double *u, *U;            /* [d], [tokens, d] */
    double *gradient;         /* [tokens, d] */
    double *weight[IX_KINDS]; /* [n] sigmoid(-difference) */
    double *best;             /* [d] u* */
    bool *trained;            /* [tokens] */
    ix_separation separation[IX_KINDS];
    double rise[IX_KINDS], previous[IX_KINDS]; /* the largest rise of a loss from one step to the next */
    ix_moment at[IX_MOMENTS];
    int moments;
} ix_descending;

void ix_descending_open(ix_descending *s, const ix_descent *p);
void ix_descending_close(ix_descending *s);
ix_status ix_descending_separators(ix_descending *s);
void ix_descending_run(ix_descending *s);
double ix_descending_along(const double *u, const ix_single *pair, int64_t d); /* <u, h+ - h-> */
/* Follows the gradient of the whole softmax instead, from the start; the largest |difference| of unseen pairs. */
double ix_descending_whole(ix_descending *s, int steps);

#endif
