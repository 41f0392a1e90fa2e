/* SPDX-License-Identifier: Apache-2.0
 *
 * command.h - a command of impex: one file, one constant struct, one registry line in main.c. */
#ifndef IX_APP_COMMAND_H
#define IX_APP_COMMAND_H

#include "base/status.h"

/* Who runs a command. Message passing is started only where it is needed: a login node may not have it. */
typedef enum {
    IX_FIRST_ONLY,       /* the first process of a launcher, without message passing; the others end at once */
    IX_ALL_RANKS,        /* every rank, alike, after message passing has started */
    IX_ALL_RANKS_IF_BARE /* all ranks when the command has no argument, else the first process */
} ix_command_ranks;

typedef struct {
    const char *name, *about; /* about: one line of the list of commands */
    const char *usage;        /* what --help prints */
    ix_command_ranks ranks;
    bool stops; /* a signal asks it to stop where it can go on later (base/stop.h) */
    /* argv[0] is the command's name. A status other than IX_OK is printed by main, once, and becomes the exit code;
     * *exit_code is what IX_OK ends with (0 unless set). */
    ix_status (*run)(int argc, char **argv, int *exit_code);
} ix_command;

/* --- arguments, for all commands (arguments.c) --- */

/* Takes `--name value` or `--name=value` out of argv[from..*argc) and returns the value; NULL if it is not there. May
 * be called again for further values. IX_EINPUT through *rc when the value is missing. */
const char *ix_take_option(int *argc, char **argv, const char *name, ix_status *rc);
bool ix_take_flag(int *argc, char **argv, const char *name);

/* After all options were taken: refuses anything that still begins with '-', and a wrong number of operands. */
ix_status ix_check_operands(int argc, char **argv, int least, int most, const char *command);

/* The command line as one text, for the record. Free with free(). */
char *ix_command_line(int argc, char **argv);

enum { IX_EXIT_GOOD = 0, IX_EXIT_FAILED = 1, IX_EXIT_INPUT = 2, IX_EXIT_STOPPED = 75 };

#endif
