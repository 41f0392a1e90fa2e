/* SPDX-License-Identifier: Apache-2.0
 *
 * memory.h - what one rank of a run takes, part by part, in bytes. Local.
 *
 * A run has two times of large memory. Before training, judging (and the reference pass, which borrows the block of
 * weights) needs the weights and the activations of one block at a time; gradients and moments are not there yet. In
 * training everything is there at once. */
#ifndef IX_MACHINE_MEMORY_H
#define IX_MACHINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t weights;
    size_t gradients; /* all buffers that lanes need, and what other ranks send */
    size_t moments;
    size_t activations, logits, scratch; /* while training */
    size_t judging;                      /* the three of a forward pass alone */
    size_t texts;                        /* pairs as tokens, and what is kept of each */
    size_t program;                      /* see ix_memory_program */
} ix_memory;

/* The largest that is there at once, of a run that trains or only judges. */
size_t ix_memory_peak(const ix_memory *m, bool trains);

/* Program, libraries, message passing between `ranks` ranks, and the rooms of `threads` threads in kernels: measured,
 * to within 20 MiB. */
size_t ix_memory_program(int ranks, int threads);

#endif
