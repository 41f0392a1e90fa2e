/* SPDX-License-Identifier: Apache-2.0
 *
 * watchdog_inner.h - what watchdog.c and its two sides share. Inside src/comm only. */
#ifndef IX_COMM_WATCHDOG_INNER_H
#define IX_COMM_WATCHDOG_INNER_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "comm/watchdog.h"
#include "comm/wire.h"

/* A connection at rank 0. */
typedef struct {
    ix_wire wire;
    int rank; /* -1: it has not said yet */
} ix_watch_link;

struct ix_watchdog {
    ix_watchdog_settings settings;
    const ix_grid *world;
    int rank, ranks;
    bool first;      /* rank 0 */
    double interval; /* seconds between two beats */
    double last;     /* when the latest was due */
    pthread_t thread;
    bool runs;
    atomic_bool stop;
    atomic_bool judges; /* rank 0: all have called; before that nobody is missed */
    int wake[2];        /* a pipe: something to read ends the thread's wait */
    ix_wire_place place;
    clockid_t cpu; /* of the main thread */
    double used, still;
    uint64_t marks;
    ix_watched *watched; /* rank 0: [ranks]; elsewhere rank 0 alone */
    /* rank 0 */
    int listener, links, room;
    ix_watch_link *link;  /* [room], the first `links` are open */
    struct pollfd *polls; /* [room + 2] */
    /* elsewhere */
    ix_wire wire;
    bool speaks; /* of those that miss rank 0 this one says so */
};

/* Seconds for a launcher to end a job that lost a process, and for one rank to say what others see too. */
#define IX_WATCH_GRACE 5.0

ix_beat ix_watch_beat(const ix_watchdog *w, ix_beat_kind kind); /* with what this rank's main thread is at */
void ix_watch_note(ix_watched *out, const ix_beat *beat);       /* what a beat says of its rank */
void ix_watch_speak(const ix_watchdog *w, const ix_verdict *v); /* the one line */
int ix_watch_code(const ix_watchdog *w, const ix_verdict *v);   /* the exit code */

/* Both sides: wait at most so many milliseconds for others and hear them; after each interval of `dt` seconds count,
 * say, judge; say goodbye. */
void ix_watch_hear_all(ix_watchdog *w, int milliseconds);
void ix_watch_tick_all(ix_watchdog *w, double dt);
void ix_watch_leave_all(ix_watchdog *w);
void ix_watch_hear_first(ix_watchdog *w, int milliseconds);
void ix_watch_tick_first(ix_watchdog *w, double dt);

#endif
