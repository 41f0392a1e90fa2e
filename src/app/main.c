/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program: finds the command, starts message passing for those that need it, turns a status into an exit
 * code. The message of a failure is printed once, by the first rank: every rank has the same. */
#include <stdio.h>
#include <string.h>

#include "app/begin.h"
#include "app/command.h"
#include "app/launcher.h"
#include "base/build_info.h"
#include "base/log.h"
#include "base/stop.h"
#include "comm/grid.h"

extern const ix_command ix_command_run, ix_command_plan, ix_command_check, ix_command_export, ix_command_score,
    ix_command_tokenize, ix_command_data, ix_command_schema, ix_command_probe, ix_command_slurm, ix_command_draw;

static const ix_command *const commands[] = {&ix_command_run,    &ix_command_plan,   &ix_command_check,
                                             &ix_command_export, &ix_command_score,  &ix_command_tokenize,
                                             &ix_command_data,   &ix_command_schema, &ix_command_probe,
                                             &ix_command_slurm,  &ix_command_draw};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fprintf(out, "impex %s: trains explicit and implicit reward models and shows which generalises\n\nusage:\n",
            ix_build_version());
    for (int i = 0; i < COMMANDS; i++) fprintf(out, "  impex %-9s %s\n", commands[i]->name, commands[i]->about);
    fprintf(out, "\nEvery command has --help and runs with or without mpirun. Tables of results: impex-report.\n"
                 "Exit codes: 0 good, 1 a run failed, 2 the input is wrong, 75 stopped after a checkpoint.\n");
}

static const ix_command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i]->name, name)) return commands[i];
    return NULL;
}

static int exit_code_of(ix_status rc)
{
    return rc == IX_STOPPED ? IX_EXIT_STOPPED : rc == IX_EINPUT ? IX_EXIT_INPUT : IX_EXIT_FAILED;
}

/* impex check without a path looks at the ranks itself, and shows them. */
static ix_status start(const ix_command *c, int *argc, char ***argv)
{
    ix_status rc = IX_OK;
    ix_grid *world = NULL;
    if (ix_launcher_alone()) ix_comm_alone();
    IX_TRY(ix_comm_start(argc, argv));
    ix_log_speak(ix_comm_rank() == 0 && (ix_comm_ranks() > 1 || ix_launcher_rank() == 0));
    if (c->ranks != IX_ALL_RANKS) return IX_OK;
    IX_TRY(ix_check_together());
    IX_TRY(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    IX_TRY(ix_check_program(world, *argc, *argv));
done:
    ix_grid_destroy(&world);
    return rc;
}

static int run(const ix_command *c, int argc, char **argv)
{
    int code = IX_EXIT_GOOD;
    bool ranks = c->ranks == IX_ALL_RANKS || (c->ranks == IX_ALL_RANKS_IF_BARE && argc == 2);
    if (!ranks && ix_launcher_rank() > 0) return IX_EXIT_GOOD;
    if (c->stops) ix_stop_on_signals();
    ix_status rc = ranks ? start(c, &argc, &argv) : IX_OK;
    if (rc == IX_OK) rc = c->run(argc - 1, argv + 1, &code);
    if (rc != IX_OK) {
        code = exit_code_of(rc);
        if (ix_log_speaks()) fprintf(stderr, "impex %s: %s\n", c->name, ix_message());
    }
    bool said = fflush(stdout) == 0 && !ferror(stdout);
    if (!said && code == IX_EXIT_GOOD) {
        code = IX_EXIT_FAILED;
        fprintf(stderr, "impex %s: standard output could not be written: is the disk full?\n", c->name);
    }
    if (ranks) ix_comm_stop();
    return code;
}

/* --version, --help, nothing at all, or something else. */
static int without_command(const char *name)
{
    if (name && !strcmp(name, "--version")) {
        if (ix_launcher_rank() == 0)
            printf("impex %s (%s, %s)\n", ix_build_version(), ix_build_commit(), ix_build_compiler());
        return IX_EXIT_GOOD;
    }
    bool help = name && (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"));
    if (ix_launcher_rank() == 0) {
        if (name && !help) fprintf(stderr, "impex: there is no command %s\n", name);
        print_usage(help ? stdout : stderr);
    }
    return help ? IX_EXIT_GOOD : IX_EXIT_INPUT;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";
    const ix_command *c = find(name);
    if (!c) return without_command(argc > 1 ? name : NULL);
    for (int i = 2; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            if (ix_launcher_rank() == 0) fputs(c->usage, stdout);
            return IX_EXIT_GOOD;
        }
    return run(c, argc, argv);
}
