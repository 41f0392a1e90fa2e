/* SPDX-License-Identifier: Apache-2.0
 *
 * alive.h - what the main thread is at, for a thread that watches it (comm/watchdog.h).
 *
 * One process has one main thread: this is its state, not that of any computation. Only the main thread says something,
 * each time with a relaxed store or two; any thread may look. Local. */
#ifndef IX_BASE_ALIVE_H
#define IX_BASE_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

void ix_alive_at(const char *what);   /* from now on at that: a text that stays, as a phase's name */
void ix_alive_step(int64_t step);     /* from now on within this step of a run; -1: within none */
void ix_alive_waits(bool for_others); /* enters, leaves a call of message passing */

typedef struct {
    uint64_t marks; /* how often anything above was said */
    bool waits;
    const char *what;
    int64_t step;
} ix_alive;
ix_alive ix_alive_look(void);

#endif
