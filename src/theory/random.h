/* SPDX-License-Identifier: Apache-2.0
 *
 * random.h - the theory on random vectors: fixed hidden states drawn from a seed. Seed 0 draws what the specification's
 * figures were computed from (paper.md 1.1 to 1.3), in the same order from the same generator. Local. */
#ifndef IX_THEORY_RANDOM_H
#define IX_THEORY_RANDOM_H

#include "theory/descent.h"
#include "theory/dynamics.h"

typedef struct ix_random_world ix_random_world;

ix_random_world *ix_random_world_create(uint64_t seed); /* ends the job when there is no memory */
void ix_random_world_destroy(ix_random_world **world);  /* NULL is fine; leaves *world NULL */

/* The parts of the theory, each by itself: claims go to `out`. `steps` of gradient descent for Theorem 2. */
ix_status ix_random_theorem1(ix_claims *out, const ix_random_world *w);
ix_status ix_random_dynamics(ix_claims *out, const ix_random_world *w);
ix_status ix_random_theorem2(ix_claims *out, const ix_random_world *w, int64_t steps);
ix_status ix_random_below_half(ix_claims *out, const ix_random_world *w);

#endif
