/* SPDX-License-Identifier: Apache-2.0
 *
 * separator.h - the hard-margin separator through the origin: w = argmin |w|^2 / 2 with <w, z_i> >= 1 for all i.
 *
 * An active-set method that ends after finitely many steps: least distance programming as nonnegative least squares
 * (Lawson and Hanson 1974, chapter 23), on an orthogonal basis of the support instead of normal equations. Local. */
#ifndef IX_THEORY_SEPARATOR_H
#define IX_THEORY_SEPARATOR_H

#include <stdint.h>

#include "base/status.h"

typedef struct {
    bool separable;  /* by a margin above about 1e-7 of the longest z */
    double norm;     /* |w|; the margin is 1 / |w| */
    double least;    /* min <w, z_i>: 1 but for rounding */
    double gap;      /* between |w|^2 / 2 and its dual bound, relative: what is left to gain */
    int64_t support; /* how many z_i hold w */
} ix_separation;

/* z[n,d], n >= 1; w[d] is all 0 where there is no separator. IX_ENUMERIC: the numbers are not finite, or rounding keeps
 * the method from ending. */
ix_status ix_separator(double *w, ix_separation *out, const double *z, int64_t n, int64_t d);

#endif
