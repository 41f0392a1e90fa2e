/* SPDX-License-Identifier: Apache-2.0
 *
 * vectors.h - the arithmetic of the theory, in double: sums in eight lanes that are added in one order, so that the
 * compiler may use vectors and the bits stay. Local. */
#ifndef IX_THEORY_VECTORS_H
#define IX_THEORY_VECTORS_H

#include <stdint.h>

#include "base/random.h"
#include "base/status.h"

double ix_vec_dot(const double *a, const double *b, int64_t n);
double ix_vec_norm(const double *a, int64_t n);
double ix_vec_cosine(const double *a, const double *b, int64_t n);        /* 0 where one of them is 0 */
void ix_vec_add(double *y, double by, const double *x, int64_t n);        /* y += by x */
void ix_vec_less(double *y, const double *a, const double *b, int64_t n); /* y = a - b */

double ix_sigmoid(double x);
double ix_softplus(double x); /* log(1 + exp(x)), without overflow */
/* p = softmax(z), which may be z itself; returns log sum exp z. */
double ix_softmax(double *p, const double *z, int64_t n);

/* Definition 1: 1 for a better reward, 1/2 for a tie. */
static inline double ix_ranked(double difference)
{
    return difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
}

/* N(0, 1) from torch's generator, in the order in which the figures of the specification were drawn: the cosine branch
 * of Box and Muller on two words a and b, as (a + 1/2) / 2^32. */
double ix_gauss(ix_torch_rng *g);
void ix_gauss_fill(double *x, int64_t n, double scale, ix_torch_rng *g); /* scale times a draw, each */

/* Memory of n numbers, zeroed; ends the job when there is none. Free with free(). */
double *ix_reals(int64_t n);

#endif
