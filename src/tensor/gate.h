/* SPDX-License-Identifier: Apache-2.0
 *
 * gate.h - one row of a gated activation y = f(a) b, and of its gradient. The tail of a row is padded to a vector, so
 * that an element's bits do not depend on its column. Not for use outside src/tensor. */
#ifndef IX_TENSOR_GATE_H
#define IX_TENSOR_GATE_H

#include "tensor/vector.h"

static inline __attribute__((always_inline)) void gate_row(float *y, const float *a, const float *b, int64_t F,
                                                           v8 (*gated)(v8 a, v8 b))
{
    int64_t f = 0, left = F % 8;
    for (; f + 8 <= F; f += 8) v8_store(y + f, gated(v8_load(a + f), v8_load(b + f)));
    if (left) v8_store_some(y + f, gated(v8_load_some(a + f, left), v8_load_some(b + f, left)), left);
}

/* `gradients` turns a and b into theirs. */
static inline __attribute__((always_inline)) void gate_row_backward(float *da, float *db, const float *dy,
                                                                    const float *a, const float *b, int64_t F,
                                                                    void (*gradients)(v8 *a, v8 *b, v8 dy))
{
    int64_t f = 0, left = F % 8;
    for (; f + 8 <= F; f += 8) {
        v8 x = v8_load(a + f), y = v8_load(b + f);
        gradients(&x, &y, v8_load(dy + f));
        v8_store(da + f, x);
        v8_store(db + f, y);
    }
    if (left) {
        v8 x = v8_load_some(a + f, left), y = v8_load_some(b + f, left);
        gradients(&x, &y, v8_load_some(dy + f, left));
        v8_store_some(da + f, x, left);
        v8_store_some(db + f, y, left);
    }
}

#endif
