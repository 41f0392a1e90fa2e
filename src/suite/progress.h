/* SPDX-License-Identifier: Apache-2.0
 *
 * progress.h - what a launch shows while it works: a live line of the run in hand, one line per finished run.
 * Local; every rank has one, only speaking ranks print (base/log.h). */
#ifndef IX_SUITE_PROGRESS_H
#define IX_SUITE_PROGRESS_H

#include "suite/launch.h"

typedef struct ix_show ix_show;

ix_status ix_show_create(ix_show **out, const ix_grid *grid, const ix_runs *runs);
void ix_show_destroy(ix_show **show); /* NULL is fine; leaves *show NULL */

/* The turn-th run of the launch's order begins. */
void ix_show_run(ix_show *show, int64_t turn, const ix_run *run);
void ix_show_end(ix_show *show);
ix_watcher ix_show_watcher(ix_show *show);

#endif
