/* SPDX-License-Identifier: Apache-2.0
 *
 * below_half.h - why implicit reward models fall below one half on paraphrases (paper.md 1.2): softmax competition from
 * the second token of a response on. Local. */
#ifndef IX_THEORY_BELOW_HALF_H
#define IX_THEORY_BELOW_HALF_H

#include <stdint.h>

#include "theory/claims.h"

/* Responses of two tokens over fixed states drawn from the seed: "yes" and "no" in trained and in unseen words, 12
 * prompts for training, 40 for the test, 2,000 steps. Once with the states after unseen first tokens aligned with those
 * after trained ones of the same meaning, once without; and means over 16 draws. Claims below_half.*, sheet below_half.
 */
void ix_below_half(ix_claims *out, uint64_t seed);

#endif
