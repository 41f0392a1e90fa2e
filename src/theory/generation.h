/* SPDX-License-Identifier: Apache-2.0
 *
 * generation.h - Theorem 1 and Corollary 1 (paper.md 1.1): an implicit reward model that verifies with any margin, and
 * whose policy generates no better for it than by a constant factor. Local. */
#ifndef IX_THEORY_GENERATION_H
#define IX_THEORY_GENERATION_H

#include <stdint.h>

#include "theory/claims.h"

/* For a distribution reference[n] over responses, of which `correct` are right: the construction
 * pi(y) = reference(y) k^[y in C] / Z with k = exp(delta / beta), Z = 1 + (k - 1) reference(C), and its converse, on
 * 1,000 other verifiers of the same margin drawn from the seed. Claims theorem1.*, sheet theorem1. Contract: neither
 * all nor none are correct. */
void ix_theorem1(ix_claims *out, const double *reference, const bool *correct, int64_t n, uint64_t seed);

/* reference(C) = 2^-n, delta / beta = ln n, for n = 8, 16, ..., 512: still no efficient generator. Claims corollary1.*,
 * sheet corollary1. */
void ix_corollary1(ix_claims *out);

#endif
