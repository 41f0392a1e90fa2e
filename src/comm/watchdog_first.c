/* SPDX-License-Identifier: Apache-2.0
 *
 * watchdog_first.c - rank 0's side: hears all, judges, ends the job. */
#include <string.h>
#include <unistd.h>

#include "comm/watchdog_inner.h"

static void drop(ix_watchdog *w, int i)
{
    ix_wire_close(&w->link[i].wire);
    w->link[i] = w->link[--w->links];
}

static void take_callers(ix_watchdog *w)
{
    ix_wire wire;
    while (w->links < w->room && ix_wire_accept(&wire, w->listener))
        w->link[w->links++] = (ix_watch_link){.wire = wire, .rank = -1};
}

/* A rank's first beat is answered: so it knows that it found us. False: a stranger. */
static bool take_beat(ix_watchdog *w, ix_watch_link *l, const ix_beat *b)
{
    if (b->token != w->place.token || b->rank < 1 || b->rank >= w->ranks) return false;
    if (l->rank < 0) {
        ix_beat answer = ix_watch_beat(w, IX_BEAT);
        ix_wire_send(&l->wire, &answer);
    }
    l->rank = b->rank;
    ix_watch_note(&w->watched[l->rank], b);
    return true;
}

/* Everything that came from one; false: it can be dropped. */
static bool hear(ix_watchdog *w, ix_watch_link *l)
{
    ix_beat b;
    ix_wire_state state;
    while ((state = ix_wire_receive(&l->wire, &b)) == IX_WIRE_RECORD)
        if (!take_beat(w, l, &b)) return false;
    if (state == IX_WIRE_EMPTY) return true;
    if (l->rank > 0) w->watched[l->rank].broken = true;
    if (l->rank > 0) w->watched[l->rank].silent = 0;
    return false;
}

void ix_watch_hear_all(ix_watchdog *w, int milliseconds)
{
    w->polls[0] = (struct pollfd){.fd = w->wake[0], .events = POLLIN};
    w->polls[1] = (struct pollfd){.fd = w->links < w->room ? w->listener : -1, .events = POLLIN};
    for (int i = 0; i < w->links; i++) w->polls[i + 2] = (struct pollfd){.fd = w->link[i].wire.fd, .events = POLLIN};
    if (poll(w->polls, (nfds_t)w->links + 2, milliseconds) <= 0) return;
    for (int i = w->links - 1; i >= 0; i--) /* downwards: dropping moves the last one to the place of one seen */
        if (w->polls[i + 2].revents && !hear(w, &w->link[i])) drop(w, i);
    if (w->polls[1].revents) take_callers(w);
}

static void say_to_all(ix_watchdog *w, const ix_beat *b)
{
    for (int i = 0; i < w->links; i++) ix_wire_send(&w->link[i].wire, b);
}

static _Noreturn void end_job(ix_watchdog *w, const ix_verdict *v)
{
    ix_beat end = ix_watch_beat(w, IX_END);
    end.step = ix_watch_code(w, v);
    ix_watch_speak(w, v);
    say_to_all(w, &end);
    usleep(200000); /* a connection that closes too early takes what it has not delivered with it */
    _exit(ix_watch_code(w, v));
}

void ix_watch_tick_all(ix_watchdog *w, double dt)
{
    ix_beat own = ix_watch_beat(w, IX_BEAT);
    if (!atomic_load(&w->judges)) return;
    for (int r = 1; r < w->ranks; r++) w->watched[r].silent += dt;
    ix_watch_note(&w->watched[0], &own);
    say_to_all(w, &own);
    ix_verdict v = ix_verdict_of(w->watched, w->ranks, w->settings.seconds, IX_WATCH_GRACE);
    if (v.kind != IX_ALL_WELL) end_job(w, &v);
}

void ix_watch_leave_all(ix_watchdog *w)
{
    ix_beat bye = ix_watch_beat(w, IX_BYE);
    say_to_all(w, &bye);
}
