/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"

struct ix_pulse {
    ix_lock *lock;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards stop */
    pthread_cond_t wake;
    bool stop;
    ix_status state; /* the thread's, read after it ended */
    char message[1024];
};

/* Once a second: the lock itself decides whether it is time to write. True: end. */
static bool wait_a_second(ix_pulse *p)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&p->mutex);
    if (!p->stop) pthread_cond_timedwait(&p->wake, &p->mutex, &until);
    bool stop = p->stop;
    pthread_mutex_unlock(&p->mutex);
    return stop;
}

static void *beat(void *argument)
{
    ix_pulse *p = argument;
    while (!wait_a_second(p)) {
        p->state = ix_lock_beat(p->lock);
        if (p->state == IX_OK) continue;
        snprintf(p->message, sizeof p->message, "%s", ix_message()); /* messages are a thread's own */
        break;
    }
    return NULL;
}

ix_status ix_pulse_start(ix_pulse **out, ix_lock *lock)
{
    ix_pulse *p = calloc(1, sizeof *p);

    *out = NULL;
    if (!p) return ix_fail(IX_ENOMEM, "signs of life: out of memory");
    p->lock = lock;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    if (!ix_thread_start(&p->thread, beat, p)) {
        free(p);
        return ix_fail(IX_ENOMEM, "signs of life: no further thread can be had");
    }
    *out = p;
    return IX_OK;
}

ix_status ix_pulse_stop(ix_pulse **pulse)
{
    ix_pulse *p = *pulse;
    ix_status rc = IX_OK;

    if (!p) return IX_OK;
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    if (p->state != IX_OK) rc = ix_fail(p->state, "%s", p->message);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p);
    *pulse = NULL;
    return rc;
}
