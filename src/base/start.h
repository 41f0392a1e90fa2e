/* SPDX-License-Identifier: Apache-2.0
 *
 * start.h - where the time before a run's first training step goes. Every moment of a start belongs to exactly one
 * stage, so that the stages add up to the whole; what has figures of its own (a reference pass, evaluations before
 * training) belongs to none. Of the first run of a process the whole begins with the process, of later ones with the
 * end of the run before. Local; of the main thread: what other threads do meanwhile costs what is waited for. */
#ifndef IX_BASE_START_H
#define IX_BASE_START_H

#include <stdbool.h>

/* One row per stage: constant, name in files and tables. */
#define IX_STAGES(P)                                                                         \
    P(LAUNCH, "launch")         /* loading the program, starting message passing */          \
    P(DATA, "data")             /* the suite, texts, the tokenizer, tokenizing */            \
    P(CHECKSUM, "checksum")     /* waiting for the hash of model folders */                  \
    P(WEIGHTS, "weights")       /* reading or drawing them */                                \
    P(ALLOCATION, "allocation") /* memory for weights, activations, gradients and moments */ \
    P(OTHER, "other")

typedef enum {
    IX_STAGE_APART = -1, /* not counted */
#define P(name, text) IX_STAGE_##name,
    IX_STAGES(P)
#undef P
        IX_STAGE_COUNT
} ix_stage;

const char *ix_stage_name(ix_stage stage);

typedef struct {
    double spent[IX_STAGE_COUNT]; /* seconds */
    double since;
    ix_stage stage;
    bool over; /* the first step has begun: nothing is counted any more */
} ix_start;

/* When a command begins: what the process did so far was its launch. */
void ix_start_begin(ix_start *s);
/* When a run has ended: the start of the next one begins. Here and below NULL is fine: nobody wants to know. */
void ix_start_again(ix_start *s);
/* Returns the stage before, for going back to it. */
ix_stage ix_start_enter(ix_start *s, ix_stage stage);
/* When a step begins; the second one and later ones change nothing. */
void ix_start_end(ix_start *s);

#endif
