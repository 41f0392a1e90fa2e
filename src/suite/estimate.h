/* SPDX-License-Identifier: Apache-2.0
 *
 * estimate.h - how long a run takes on a layout, and what its ranks send each other: from what a machine can do
 * (machine.h) and what the run is made of (ix_run_size). Pure functions.
 *
 * A step's time is the sum of what can be counted: products at the measured rates of their shapes; passing over
 * weights, gradients and moments at the rate of memory; messages, one after the other. What cannot be counted is not in
 * it: attention scores, norms, activations, waiting. So it is a lower bound, the closer the wider the model. */
#ifndef IX_SUITE_ESTIMATE_H
#define IX_SUITE_ESTIMATE_H

#include "machine/machine.h"
#include "suite/layout.h"

typedef struct {
    double products, memory, data, tensor;        /* seconds of one rank in one training step: messages on both axes */
    double data_bytes, tensor_bytes;              /* that the rank which sends most sends in a step */
    bool messages_known;                          /* false: the machine was probed without the link that they need */
    double step;                                  /* the sum of the four */
    double training, judging, reference, writing; /* seconds of the whole run */
    double run;                                   /* their sum */
} ix_estimate;

/* A run on so many data and tensor ranks; `size` is that of the tensor ranks. */
typedef struct {
    const ix_need *need;
    const ix_run_size *size;
    ix_shape shape;
    int ranks, ranks_on_node; /* of the job */
    int threads;              /* of a rank */
    int recompute;            /* blocks that are computed twice */
} ix_estimated;

void ix_estimate_run(ix_estimate *out, const ix_machine *machine, const ix_estimated *run);

/* At how many rows the products of its trunk (or head) run. */
int64_t ix_estimate_rows(const ix_estimated *run, bool head);

/* Floats that a rank sends over its tensor axis for `tokens` tokens of training: every sum over T ranks of N x width
 * numbers costs 2 (T - 1) / T of them; two per block and direction, one at the embedding. */
double ix_tensor_floats(int tensor, int layers, int width, double tokens);

/* Products of matrices, whatever the layout: training 6 FLOP, judging and reference 2 FLOP, for every parameter of the
 * blocks and token, and of the head for every token of a response where the objective reads it. Writing 2 FLOP for
 * every token of prompts and texts, these at their full length, by the policy and by the reference. */
typedef struct {
    double training, judging, reference, writing, all;
} ix_flops;

ix_flops ix_estimate_flops(const ix_need *need, const ix_run_size *size);

#endif
