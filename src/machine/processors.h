/* SPDX-License-Identifier: Apache-2.0
 *
 * processors.h - which processors a rank may use, and whether that suits what it is to do. A launcher may have bound it
 * to fewer than the machine would give: mostly by mistake, and never with a word. "Cores" are what the system counts:
 * hardware threads, where there are several per core. */
#ifndef IX_MACHINE_PROCESSORS_H
#define IX_MACHINE_PROCESSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { IX_PROCESSOR_WORDS = 128 }; /* of 64 processors each */
typedef struct {
    uint64_t word[IX_PROCESSOR_WORDS];
} ix_processor_set;

/* Of one rank. */
typedef struct {
    char host[64];
    int threads;
    ix_processor_set may;   /* it is bound to these */
    ix_processor_set could; /* its machine, or the part of it that its container or job is given, has these */
} ix_processors;

void ix_processors_here(ix_processors *out, const char *host, int threads); /* Local */
int ix_processors_count(const ix_processor_set *set);                       /* Local */
void ix_processors_add(ix_processor_set *to, const ix_processor_set *set);  /* Local */

/* IX_EINPUT, in a sentence that says what to do: a rank has more threads than cores; the ranks of a node are bound to
 * fewer cores than they have threads although the node has more. Ranks that are not bound may share cores as they
 * like: then *crowded is the first of a node with more threads than cores, else -1. Local, pure. */
ix_status ix_processors_check(const ix_processors *rank, int ranks, int *crowded);

/* The threads of all ranks on the node of rank `r`. Local, pure. */
int ix_processors_threads(const ix_processors *rank, int ranks, int r);

#endif
