/* SPDX-License-Identifier: Apache-2.0
 *
 * stop.h - being asked to stop: by a signal, or by a job whose time is nearly over. Local; any thread may ask. */
#ifndef IX_BASE_STOP_H
#define IX_BASE_STOP_H

#include <stdbool.h>

/* From now on SIGUSR1, SIGTERM and SIGINT only leave a note. A second SIGINT ends the process at once. */
void ix_stop_on_signals(void);

/* The same as a signal: a test, or a program that embeds this one. 0 takes it back. */
void ix_stop_ask(int signal);

/* Why to stop, as "SIGTERM"; NULL: there is no reason. */
const char *ix_stop_asked(void);

/* Seconds until the job's time is over, by SLURM_JOB_END_TIME (seconds since 1970); infinite where nothing says so. */
double ix_stop_seconds_left(void);

#endif
