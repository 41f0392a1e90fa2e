/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alive.h"

static const char *const names[] = {
#define P(name, text) text,
    IX_PHASES(P)
#undef P
};

const char *ix_phase_name(ix_phase phase)
{
    return names[phase];
}

double ix_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double ix_median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_size);
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

void ix_utc(char text[IX_UTC])
{
    struct timespec t;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    size_t seconds = strftime(text, IX_UTC, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + seconds, IX_UTC - seconds, ".%06uZ", (unsigned)(t.tv_nsec / 1000) % 1000000u);
}

void ix_clock_start(ix_clock *c)
{
    memset(c, 0, sizeof *c);
    c->phase = -1;
}

void ix_clock_leave(ix_clock *c)
{
    double now = ix_seconds();
    if (c->phase >= 0) c->spent[c->phase] += now - c->since;
    c->since = now;
    c->phase = -1;
}

void ix_clock_enter(ix_clock *c, ix_phase phase)
{
    ix_clock_leave(c);
    c->phase = (int)phase;
    ix_alive_at(names[phase]);
}

void ix_clock_take(ix_clock *c, double seconds[IX_PHASE_COUNT])
{
    int phase = c->phase;
    ix_clock_leave(c);
    memcpy(seconds, c->spent, sizeof c->spent);
    memset(c->spent, 0, sizeof c->spent);
    c->phase = phase;
}

void ix_clock_give(ix_clock *c, const double seconds[IX_PHASE_COUNT])
{
    for (int p = 0; p < IX_PHASE_COUNT; p++) c->spent[p] += seconds[p];
}
