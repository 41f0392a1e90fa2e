/* SPDX-License-Identifier: Apache-2.0
 *
 * clock.h - every moment of a step belongs to exactly one phase of a monotonic clock. Local. */
#ifndef IX_BASE_CLOCK_H
#define IX_BASE_CLOCK_H

/* One row per phase: constant, name in files and tables. */
#define IX_PHASES(P)          \
    P(DATA, "data")           \
    P(FORWARD, "forward")     \
    P(HEAD, "head")           \
    P(BACKWARD, "backward")   \
    P(REDUCE, "reduce")       \
    P(UPDATE, "update")       \
    P(EVALUATE, "evaluate")   \
    P(REFERENCE, "reference") \
    P(WRITE, "write")

typedef enum {
#define P(name, text) IX_PHASE_##name,
    IX_PHASES(P)
#undef P
        IX_PHASE_COUNT
} ix_phase;

const char *ix_phase_name(ix_phase phase);

double ix_seconds(void); /* monotonic; the origin means nothing */

double ix_median(double *x, int n); /* sorts x[n], n >= 1 */

/* The wall clock, for people and for files: "2025-01-31T12:00:00.000000Z". Texts sort as times do. */
#define IX_UTC 28
void ix_utc(char text[IX_UTC]);

/* enter() ends the phase before it; leave() ends without a new one; take() hands out the seconds of every phase since
 * the last take and starts again at zero; give() adds seconds that an earlier process spent. */
typedef struct {
    double spent[IX_PHASE_COUNT];
    double since;
    int phase; /* -1: none */
} ix_clock;

void ix_clock_start(ix_clock *c);
void ix_clock_enter(ix_clock *c, ix_phase phase);
void ix_clock_leave(ix_clock *c);
void ix_clock_take(ix_clock *c, double seconds[IX_PHASE_COUNT]);
void ix_clock_give(ix_clock *c, const double seconds[IX_PHASE_COUNT]);

#endif
