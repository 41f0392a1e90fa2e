/* SPDX-License-Identifier: Apache-2.0
 *
 * open_suite.h - the suite of a command line: SUITE.yaml [--set KEY=VALUE]... */
#ifndef IX_APP_OPEN_SUITE_H
#define IX_APP_OPEN_SUITE_H

#include "config/suite.h"

/* Local: for commands that run on one process. */
ix_status ix_read_suite(ix_suite **out, int argc, char **argv, const char *command);

/* Collective over the world: the first rank reads the files, every rank parses the same bytes. */
ix_status ix_open_suite(ix_suite **out, int argc, char **argv, const char *command);

/* --share I/N, and only those runs of the suite. Nothing is taken and done where the option is not there: n is 0. */
typedef struct {
    int64_t i, n;
} ix_suite_share;
ix_status ix_take_share(ix_suite_share *out, int *argc, char **argv);
ix_status ix_apply_share(ix_suite *suite, const ix_suite_share *share);

#endif
