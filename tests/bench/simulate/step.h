/* SPDX-License-Identifier: Apache-2.0
 *
 * step.h - one training step of a Llama-shaped model: what is sent is sent by src/comm, what is computed only passes
 * time. And the world that it runs in: real ranks (world_real.c), or simulated ones (world_simulated.c). */
#ifndef IX_STEP_H
#define IX_STEP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *name;
    int layers, heads, keys, head; /* keys: key/value heads; head: numbers of one */
    int64_t width, hidden, vocabulary;
} shape;

typedef struct {
    shape model;
    int tensor;              /* ranks that share the model */
    int64_t pairs;           /* of a step, all ranks together */
    int64_t pack_tokens;     /* of a pack at most */
    double flops, memory;    /* of a rank: FLOP/s of products, bytes/s */
    double message, request; /* seconds that a rank spends on sending or receiving a message, on looking at a request */
    double pair;             /* seconds that every rank spends on every pair of the step before computing */
    bool question;           /* ask about checkpoints message by message; false: pass the time that the messages cost */
    bool alike;              /* every rank computes as long as the mean one */
    int64_t block, bucket;   /* of ix_lanes_create; 0: as usual */
    int steps;
} settings;

/* What this rank has sent: all messages between two ranks, and calls that all ranks of an axis make together. `order`
 * depends on every message's size, tag and receiver and on their order to each receiver. */
typedef struct {
    double messages, bytes, together, together_bytes;
    uint64_t order;
    double charged; /* seconds for messages */
} sent;

/* Before anything else; `largest` bytes of a block of floats. */
void world_start(const settings *s, int64_t largest);
void world_compute(double seconds); /* the caller computes so long */
void world_pass(double bytes);      /* passes over memory */
double world_time(void);            /* seconds */
sent world_sent(void);

#endif
