/* SPDX-License-Identifier: Apache-2.0
 *
 * scaled.h - the layouts that a run of task scaling timed, as its result holds them. Local. */
#ifndef IX_REPORT_SCALED_H
#define IX_REPORT_SCALED_H

#include "times.h"

typedef struct {
    char *name, *series; /* series: names separated by commas */
    int64_t groups, data, tensor, threads, ranks, pairs, nodes, busy, cores;
    double deviation;
    int64_t steps;
    bool *counts;      /* [steps] not a warm-up */
    int64_t *round;    /* [steps] */
    double *rate;      /* [steps] operations/s: of every group its own by its slowest rank, added up */
    double *pair_rate; /* [steps] */
    ix_times times;    /* of the steps that count */
} ix_scaled_layout;

typedef struct ix_scaled {
    double core_peak, node_peak; /* FLOP/s; NaN: not in the file */
    int layouts;
    ix_scaled_layout *at;
} ix_scaled;

/* *out stays NULL where the result times no layouts. IX_EINPUT: parts that do not fit each other. */
ix_status ix_scaled_read(ix_scaled **out, const ix_reader *rd);
void ix_scaled_free(ix_scaled **scaled); /* NULL is fine; leaves *scaled NULL */

#endif
