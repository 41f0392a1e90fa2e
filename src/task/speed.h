/* SPDX-License-Identifier: Apache-2.0
 *
 * speed.h - how near a run came to what the machine can multiply (/speed of a result). Not for use outside src/task. */
#ifndef IX_TASK_SPEED_H
#define IX_TASK_SPEED_H

#include "comm/grid.h"
#include "store/result.h"
#include "train/trainer.h"

typedef struct {
    double seconds[IX_PHASE_COUNT], flop[IX_PHASE_COUNT], product_seconds[IX_PHASE_COUNT];
    double attention_flop[IX_PHASE_COUNT], attention_seconds[IX_PHASE_COUNT];
    double update_bytes;
    double peak, bandwidth; /* NaN: not measured */
} ix_speed_figures;

/* Collective over the group: sums of FLOP, means of seconds over its ranks. After a launch that computed for long, all
 * ranks measure at once what products of 1024^3 and 2048^3 reach, and how fast memory is: it takes about a hundredth
 * of that. */
ix_status ix_speed_sum(ix_speed_figures *out, const ix_grid *grid, const ix_train_speed *mine);
ix_status ix_speed_store(const ix_speed_figures *s, ix_result *result);
/* What the start of the run took; nothing where no step was taken. Local. */
ix_status ix_speed_store_start(const ix_start *start, ix_result *result);

#endif
