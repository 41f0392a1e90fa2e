/* SPDX-License-Identifier: Apache-2.0
 *
 * shapes.h - inside suite only: the question that layout.c answers, and groups of several shapes (shapes.c). */
#ifndef IX_SUITE_SHAPES_H
#define IX_SUITE_SHAPES_H

#include "suite/layout.h"

typedef struct {
    const ix_settings *s;
    const ix_places *places;
    const ix_need *need;
    int64_t needs;
    int64_t pairs; /* of the smallest step */
    int threads;
    size_t have; /* bytes that a rank may take; 0: unknown */
} ix_question;

/* A way to share out the ranks. */
typedef struct {
    ix_shape shape[IX_KINDS]; /* most tensor ranks first */
    int groups[IX_KINDS];
    int kinds;
    int idle;
    double end; /* seconds until the queue is empty, on a plain machine */
} ix_division;

/* The largest divisor of n that is at most `limit`. */
int ix_largest_divisor(int n, int64_t limit);

/* Bytes of a rank, after recomputing as far as it must; SIZE_MAX: so many tensor ranks cannot share it. The need's
 * sizes are known. */
size_t ix_need_bytes(const ix_question *q, const ix_need *need, ix_shape shape);

/* Do runs differ in the fewest tensor ranks with which they fit, or does one fit nowhere? */
bool ix_shapes_differ(const ix_question *q);

/* When the queue ends if all runs go to so many groups of one shape. */
double ix_shapes_end(const ix_question *q, ix_shape shape, int groups);

/* The division whose queue ends earliest; kind_of[needs] tells who does what. false: some run fits nowhere, or the
 * settings leave no way. */
bool ix_shapes_divide(ix_division *out, int *kind_of, const ix_question *q);

#endif
