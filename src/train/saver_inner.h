/* SPDX-License-Identifier: Apache-2.0
 *
 * saver_inner.h - what saver.c, moment.c and resume.c share. Inside src/train only. */
#ifndef IX_TRAIN_SAVER_INNER_H
#define IX_TRAIN_SAVER_INNER_H

#include "comm/question.h"
#include "store/checkpoint.h"
#include "train/saver.h"

struct ix_saver {
    const ix_grid *grid;
    ix_question *question; /* seconds since the ranks agreed, and what the rank wishes */
    bool apart;            /* the last tick was one that does not wait: after saving, too, the next question is open */
    ix_saver_settings settings;
    int ticks, stride;          /* ticks since the ranks agreed; after how many they agree */
    double agreed, saved;       /* when they last did */
    double spent, step_seconds; /* since the last step that was counted; what a step takes */
    int64_t steps;              /* since then */
    bool has_found;
    ix_checkpoint found;
    ix_arrays common; /* of the checkpoint found */
    ix_saver_counts counts;
};

void ix_saver_ask(ix_saver *saver); /* what this rank wishes now */

/* The array of common numbers in which counts survive. */
#define IX_SAVER_COUNTS "saver/counts"
/* Names of the file with what all ranks have in common, and of the block that it counts as. */
#define IX_SAVER_COMMON "common"

#endif
