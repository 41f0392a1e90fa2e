/* SPDX-License-Identifier: Apache-2.0
 *
 * watchdog.c - starting and stopping, the thread, what a rank says of itself, and the side of all ranks but 0. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "comm/watchdog_inner.h"

/* --- what a rank says of itself ------------------------------------------------------------------------------------
 */

static double seconds_of(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Has the main thread moved in the last dt seconds? In message passing it may spin; outside it, using a hundredth of a
 * core is work. */
static void observe(ix_watchdog *w, double dt)
{
    ix_alive now = ix_alive_look();
    double used = seconds_of(w->cpu);
    bool moved = now.marks != w->marks || (!now.waits && used - w->used > 0.01 * dt);
    w->still = moved ? 0 : w->still + dt;
    w->marks = now.marks;
    w->used = used;
}

ix_beat ix_watch_beat(const ix_watchdog *w, ix_beat_kind kind)
{
    ix_alive now = ix_alive_look();
    ix_beat b = {.token = w->place.token,
                 .rank = w->rank,
                 .kind = kind,
                 .still = w->still,
                 .step = now.step,
                 .waits = now.waits};
    snprintf(b.what, sizeof b.what, "%s", now.what);
    return b;
}

void ix_watch_note(ix_watched *out, const ix_beat *b)
{
    out->left = b->kind == IX_BYE;
    out->broken = false;
    out->silent = 0;
    out->still = b->still;
    out->waits = b->waits != 0;
    out->step = b->step;
    memcpy(out->what, b->what, sizeof out->what);
    out->what[sizeof out->what - 1] = 0;
}

/* Whoever reads stderr may have stopped, too: then nothing is said. */
void ix_watch_speak(const ix_watchdog *w, const ix_verdict *v)
{
    char text[384], line[768];
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    const char *clear = isatty(STDERR_FILENO) ? "\r\033[K" : ""; /* a line of progress may stand there */

    ix_verdict_text(text, sizeof text, v, w->watched);
    int n = snprintf(line, sizeof line, "%simpex %s: %s: the job ends; %s\n", clear, w->settings.command, text,
                     w->settings.hint);
    if (poll(&p, 1, 1000) <= 0 || n <= 0) return;
    if (write(STDERR_FILENO, line, (size_t)n) < 0) return;
}

int ix_watch_code(const ix_watchdog *w, const ix_verdict *v)
{
    return v->kind == IX_GONE ? w->settings.failed : w->settings.again;
}

/* --- ranks other than 0 ----------------------------------------------------------------------------------------------
 */

void ix_watch_hear_first(ix_watchdog *w, int milliseconds)
{
    struct pollfd p[2] = {{.fd = w->wake[0], .events = POLLIN}, {.fd = w->wire.fd, .events = POLLIN}};
    ix_beat b;
    ix_wire_state state;

    if (poll(p, 2, milliseconds) <= 0 || !p[1].revents) return;
    while ((state = ix_wire_receive(&w->wire, &b)) == IX_WIRE_RECORD) {
        if (b.token != w->place.token) continue;
        if (b.kind == IX_END) _exit((int)b.step);
        ix_watch_note(w->watched, &b);
        w->watched->waits = false; /* whether its main thread moves it judges itself */
        w->watched->still = 0;
    }
    if (state == IX_WIRE_EMPTY) return;
    ix_wire_close(&w->wire);
    w->watched->broken = true;
    w->watched->silent = 0;
}

/* All miss rank 0 at the same time: one says so, the others give it and the launcher a moment. */
void ix_watch_tick_first(ix_watchdog *w, double dt)
{
    double more = w->speaks ? 0 : IX_WATCH_GRACE;
    ix_beat b = ix_watch_beat(w, IX_BEAT);

    ix_wire_send(&w->wire, &b);
    w->watched->silent += dt;
    ix_verdict v = ix_verdict_of(w->watched, 1, w->settings.seconds + more, IX_WATCH_GRACE + more);
    if (v.kind == IX_ALL_WELL) return;
    if (w->speaks) ix_watch_speak(w, &v);
    _exit(ix_watch_code(w, &v));
}

/* --- the thread ----------------------------------------------------------------------------------------------------
 */

static void tick(ix_watchdog *w)
{
    double now = ix_seconds(), dt = now - w->last;
    if (dt < w->interval) return;
    w->last = now;
    if (dt > 2 * w->interval) dt = 2 * w->interval; /* we stood still ourselves */
    observe(w, dt);
    if (w->first) ix_watch_tick_all(w, dt);
    else ix_watch_tick_first(w, dt);
}

static void *watch(void *argument)
{
    ix_watchdog *w = argument;
    w->last = ix_seconds();
    while (!atomic_load(&w->stop)) {
        double left = w->last + w->interval - ix_seconds();
        int milliseconds = left > 0 ? (int)(left * 1000) + 1 : 0;
        if (w->first) ix_watch_hear_all(w, milliseconds);
        else ix_watch_hear_first(w, milliseconds);
        tick(w);
    }
    if (w->first) ix_watch_leave_all(w);
    else {
        ix_beat bye = ix_watch_beat(w, IX_BYE);
        ix_wire_send(&w->wire, &bye);
    }
    return NULL;
}

static void end_thread(ix_watchdog *w)
{
    if (!w->runs) return;
    atomic_store(&w->stop, true);
    if (write(w->wake[1], "", 1) < 0) atomic_store(&w->stop, true); /* then it wakes at its next beat */
    pthread_join(w->thread, NULL);
    w->runs = false;
}

/* --- starting -------------------------------------------------------------------------------------------------------
 */

/* What the ranks tell each other first, by message passing. */
typedef struct {
    char host[sizeof((ix_watched *)0)->host];
    int64_t pid;
} card;

/* The first rank on another host than rank 0 speaks of rank 0: it is there even if that whole host is not. */
static int choose_speaker(const ix_watchdog *w)
{
    for (int r = 1; r < w->ranks; r++)
        if (strcmp(w->watched[r].host, w->watched[0].host) != 0) return r;
    return 1;
}

static void take_card(ix_watched *out, const card *c)
{
    *out = (ix_watched){.pid = c->pid, .step = -1, .what = "its start"};
    memcpy(out->host, c->host, sizeof out->host);
}

/* Collective: rank 0 knows all hosts and process numbers, the others those of rank 0, and who speaks of it. */
static ix_status exchange_cards(ix_watchdog *w)
{
    ix_status rc = IX_OK;
    card mine = {.pid = getpid()};
    ix_parts all = {0};
    int speaker = 0;

    snprintf(mine.host, sizeof mine.host, "%s", ix_comm_host());
    IX_TRY(ix_grid_gather_bytes(w->world, IX_WORLD, 0, &mine, sizeof mine, &all));
    for (int r = 0; w->first && r < w->ranks; r++) take_card(&w->watched[r], (const card *)(void *)all.bytes + r);
    if (w->first) speaker = choose_speaker(w);
    ix_grid_bcast(w->world, IX_WORLD, 0, &speaker, sizeof speaker);
    ix_grid_bcast(w->world, IX_WORLD, 0, &mine, sizeof mine);
    if (!w->first) take_card(w->watched, &mine);
    w->speaks = w->rank == speaker;
done:
    ix_parts_free(&all);
    return rc;
}

static ix_status make_room(ix_watchdog *w)
{
    ix_status rc = IX_OK;
    IX_NEED(w->watched = calloc(w->first ? (size_t)w->ranks : 1, sizeof *w->watched), IX_ENOMEM, "out of memory");
    IX_NEED(pipe2(w->wake, O_CLOEXEC | O_NONBLOCK) == 0, IX_ENOMEM, "no pipe can be had");
    IX_NEED(pthread_getcpuclockid(pthread_self(), &w->cpu) == 0, IX_ENOMEM, "threads have no clocks");
    if (!w->first) return IX_OK;
    w->room = w->ranks + 16; /* a few strangers may call */
    w->link = calloc((size_t)w->room, sizeof *w->link);
    w->polls = calloc((size_t)w->room + 2, sizeof *w->polls);
    IX_NEED(w->link && w->polls, IX_ENOMEM, "out of memory");
    w->listener = ix_wire_listen(&w->place, w->ranks);
    IX_NEED(w->listener >= 0, IX_EIO, "rank 0 can listen to no port");
done:
    return rc;
}

static ix_status start_thread(ix_watchdog *w)
{
    w->runs = ix_thread_start(&w->thread, watch, w);
    return w->runs ? IX_OK : ix_fail(IX_ENOMEM, "no further thread can be had");
}

static ix_status call_first(ix_watchdog *w)
{
    ix_beat hello = ix_watch_beat(w, IX_BEAT);
    bool same_host = !strcmp(w->watched->host, ix_comm_host());
    if (ix_wire_connect(&w->wire, &w->place, same_host, &hello)) return IX_OK;
    return ix_fail(IX_EIO, "rank %d on %s cannot connect to rank 0 on %s", w->rank, ix_comm_host(), w->watched->host);
}

static ix_status start(ix_watchdog *w)
{
    ix_status rc = IX_OK;
    const ix_grid *g = w->world;

    IX_TRY(ix_grid_agree(g, IX_WORLD, make_room(w)));
    ix_grid_bcast(g, IX_WORLD, 0, &w->place, sizeof w->place);
    IX_TRY(exchange_cards(w));
    IX_TRY(ix_grid_agree(g, IX_WORLD, w->first ? start_thread(w) : IX_OK));
    IX_TRY(ix_grid_agree(g, IX_WORLD, w->first ? IX_OK : call_first(w)));
    IX_TRY(ix_grid_agree(g, IX_WORLD, w->first ? IX_OK : start_thread(w)));
    atomic_store(&w->judges, true);
done:
    return rc;
}

static void destroy(ix_watchdog *w)
{
    end_thread(w);
    for (int i = 0; i < w->links; i++) ix_wire_close(&w->link[i].wire);
    ix_wire_close(&w->wire);
    if (w->listener >= 0) close(w->listener);
    for (int i = 0; i < 2; i++)
        if (w->wake[i] >= 0) close(w->wake[i]);
    free(w->watched);
    free(w->link);
    free(w->polls);
    free(w);
}

void ix_watchdog_start(ix_watchdog **out, const ix_grid *world, const ix_watchdog_settings *settings)
{
    int rank = ix_grid_rank(world, IX_WORLD);
    double quarter = settings->seconds / 4;
    ix_watchdog *w;

    *out = NULL;
    if (ix_grid_size(world, IX_WORLD) == 1 || settings->seconds <= 0) return;
    w = calloc(1, sizeof *w);
    IX_CONTRACT(w != NULL); /* some hundred bytes, before anything can be agreed on */
    w->settings = *settings;
    w->world = world;
    w->rank = rank;
    w->ranks = ix_grid_size(world, IX_WORLD);
    w->first = rank == 0;
    w->interval = quarter < 1 ? quarter : 1;
    w->listener = w->wake[0] = w->wake[1] = w->wire.fd = -1;
    if (start(w) == IX_OK) {
        *out = w;
        return;
    }
    ix_warn("nobody watches whether ranks stop answering: %s", ix_message());
    destroy(w);
}

void ix_watchdog_stop(ix_watchdog **watchdog)
{
    if (!*watchdog) return;
    ix_grid_barrier((*watchdog)->world, IX_WORLD);
    destroy(*watchdog);
    *watchdog = NULL;
}
