/* SPDX-License-Identifier: Apache-2.0
 *
 * times.h - what the seconds of every step, rank and phase add up to. Pure and local.
 *
 * Imbalance is max over mean: in every step the slowest rank against the mean of all, summed over steps before they are
 * divided. Computing is a step without reduce, where whoever is early waits for the others. */
#ifndef IX_REPORT_TIMES_H
#define IX_REPORT_TIMES_H

#include "base/clock.h"
#include "store/reader.h"

/* Sums over steps, in seconds. */
typedef struct {
    double phase[IX_PHASE_COUNT]; /* mean over ranks */
    double most[IX_PHASE_COUNT];  /* the rank that spends most in that phase */
    double step;                  /* the rank with the longest step; evaluate, reference and write are not in it */
    double work, most_work;       /* computing: mean over ranks, and of the slowest */
    double wait;                  /* of reduce: mean over ranks of what they compute less than the slowest */
} ix_times;

/* The phases of a file's columns: known[i], -1 where this program knows none of that name. Free *known with free(). */
ix_status ix_times_phases(const ix_reader *rd, const char *path, int64_t phases, int **known);

/* One step's seconds[ranks][phases]; a rank that was not there has NaN. Returns the longest step of these ranks. */
double ix_times_add(ix_times *t, const double *seconds, int64_t ranks, int64_t phases, const int *known);

double ix_times_imbalance(const ix_times *t);         /* of computing; NaN: there was none */
double ix_times_uneven(const ix_times *t, int phase); /* of one phase, likewise */

#endif
