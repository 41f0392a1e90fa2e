/* SPDX-License-Identifier: Apache-2.0
 *
 * begin.h - what is looked at before any work: do all ranks belong together, do they run the same, have they processors
 * for it? What is wrong is IX_EINPUT on every rank, in one sentence. */
#ifndef IX_APP_BEGIN_H
#define IX_APP_BEGIN_H

#include "comm/grid.h"
#include "comm/watchdog.h"
#include "suite/launch.h"

/* A launcher of another MPI library than ours starts n worlds of one rank. Local. */
ix_status ix_check_together(void);

/* Collective over the world: the program file and the command line are the same. */
ix_status ix_check_program(const ix_grid *world, int argc, char **argv);

/* Collective over the world: what a suite's runs read is the same. */
ix_status ix_check_contents(const ix_grid *world, const ix_runs *runs);

/* Collective over the world: ranks of `threads` threads have cores for them (machine/processors.h).
 * IMPEX_OVERSUBSCRIBE=1 lets everything pass. */
ix_status ix_check_processors(const ix_grid *world, int threads);

/* Collective over the world: from now on a rank that has not answered for so many seconds is named, and the command
 * ends (comm/watchdog.h). `hint`: what to do then. */
void ix_watch_ranks(ix_watchdog **out, const ix_grid *world, double seconds, const char *command, const char *hint);
#define IX_WATCH_SECONDS 300.0 /* of commands that have no suite to set them */

#endif
