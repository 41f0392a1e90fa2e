/* SPDX-License-Identifier: Apache-2.0
 *
 * watchdog.h - a rank that stops answering is named, and the job ends, in place of waiting for ever.
 *
 * Each rank has a thread that makes no call of message passing. Those of all ranks hold a TCP connection to that of
 * rank 0 and tell it once a second what their main threads are at (base/alive.h) and for how long they have not moved:
 * left no mark and, outside message passing, used no processor time. So long work without marks - reading weights, one
 * large product - is no silence. Rank 0 judges (comm/verdict.h); the others watch rank 0. Who finds something prints
 * one line, tells the others, and ends its process; those end too, and what is left a launcher kills.
 *
 * Time in which the watching process itself stood still counts for nothing: a job that is suspended as a whole and
 * resumed goes on. */
#ifndef IX_COMM_WATCHDOG_H
#define IX_COMM_WATCHDOG_H

#include "comm/grid.h"

typedef struct {
    double seconds;      /* of silence that are too many, at least 2; 0: nobody watches */
    const char *command; /* the line begins with "impex COMMAND: " */
    const char *hint;    /* and ends with this: what to do */
    int failed, again; /* exit codes: a process has died; machine or network stand still, which need not happen again */
} ix_watchdog_settings;

typedef struct ix_watchdog ix_watchdog;

/* Collective over the world. *out is NULL, after one warning, where some rank cannot reach rank 0, and without one
 * where nobody is to watch or a rank is alone. The texts are borrowed. */
void ix_watchdog_start(ix_watchdog **out, const ix_grid *world, const ix_watchdog_settings *settings);

/* Collective over the world, before message passing ends: all say goodbye. NULL is fine; leaves *watchdog NULL. */
void ix_watchdog_stop(ix_watchdog **watchdog);

#endif
