/* SPDX-License-Identifier: Apache-2.0
 *
 * runs.h - the runs of a suite and the order in which a launch takes them: the longest first, so that what is left at
 * the end is short. Results, names and reports know nothing of the order. */
#ifndef IX_SUITE_RUNS_H
#define IX_SUITE_RUNS_H

#include "suite/layout.h"

typedef struct {
    ix_point point;
    ix_run_names names;
    double flops; /* products of the whole run */
} ix_run;

typedef struct {
    ix_run *run;    /* in the order of the suite */
    int64_t *order; /* which comes first, second, ...; runs of equal work stay in the suite's order */
    int64_t count;
} ix_runs;

/* Every point prepared once, so that whatever is wrong with data or models is known before anything is written.
 * Local and the same on every rank. */
ix_status ix_runs_list(ix_runs *out, ix_bench *bench, const ix_suite *suite);
void ix_runs_free(ix_runs *runs);

/* order[count] by flops[count], descending; of equal ones the first comes first. Local. */
void ix_order_longest(int64_t *order, const double *flops, int64_t count);

#endif
