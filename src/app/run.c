/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/begin.h"
#include "app/command.h"
#include "app/open_suite.h"
#include "base/alive.h"
#include "base/log.h"
#include "suite/launch.h"

static const char usage[] =
    "usage: mpirun -n RANKS impex run SUITE.yaml [--set KEY=VALUE]... [--share I/N]\n"
    "\n"
    "Runs a suite, or continues it: finished runs are kept, the others done. Results, one HDF5 file per run, lie in\n"
    "OUTPUT/SUITE/ (output: of the suite, \"results\" by default). Several jobs may share the folder.\n"
    "\n"
    "  --set KEY=VALUE   overrides one key of the suite, as --set training.epochs=3; recorded in the results\n"
    "  --share I/N       only share I of N: the runs of the suite, in order, cut into N equal stretches; for jobs "
    "that\n"
    "                    divide a suite (impex slurm does)\n"
    "\n"
    "Ranks that a run's batch cannot fill work on further runs side by side. Without mpirun: one rank.\n"
    "SIGUSR1, SIGTERM or Ctrl-C, and the end of a Slurm job's time: a checkpoint is written and the program ends with\n"
    "75; the same command goes on from there, on any number of ranks.\n"
    "A rank that stops answering for watchdog.seconds (300) is named, and the job ends with 75, too.\n"
    "Exit code 0: every run is finished; 1: a run failed or is held by another job; 2: the suite is wrong; 75: "
    "stopped,\n"
    "start it again.\n";

static const char hint[] = "start it again and it goes on from the last checkpoint (watchdog.seconds sets the limit)";

static void print_end(const ix_tally *t, const char *folder)
{
    printf("%lld run%s done, %lld kept from before", (long long)t->done, t->done == 1 ? "" : "s", (long long)t->kept);
    if (t->failed) printf(", %lld failed", (long long)t->failed);
    if (t->elsewhere) printf(", %lld held by another job", (long long)t->elsewhere);
    printf(": %s\n", folder);
}

/* A suite that leaves the number of tensor ranks open is told when no number will do; one that sets it is believed. */
static ix_status check_fit(const ix_layout *l, const ix_suite *suite)
{
    const char *why = "";
    for (int i = 0; i < l->kinds; i++)
        if (!l->kind[i].fits) why = l->kind[i].why[0];
    if (l->fits) return IX_OK;
    if (!suite->settings.parallel.tensor)
        return ix_fail(IX_EINPUT,
                       "%s: memory is not enough: %s; start more ranks or fewer on a node, or set parallel.tensor or "
                       "parallel.memory_per_rank if you know better",
                       suite->path, why);
    ix_warn("memory may not be enough: %s", why);
    return IX_OK;
}

static ix_status choose_layout(ix_layout *out, int *kind_of, ix_bench *bench, const ix_grid *world,
                               const ix_suite *suite)
{
    ix_status rc = IX_OK;
    ix_places places;

    ix_places_here(&places, world);
    omp_set_num_threads(ix_layout_threads(suite->settings.parallel.threads, &places));
    IX_TRY(ix_grid_agree_alike(world, IX_WORLD, ix_layout_of_suite(out, kind_of, bench, suite, &places)));
    IX_TRY(check_fit(out, suite));
    IX_TRY(ix_check_processors(world, out->threads));
done:
    return rc;
}

/* Each group has something to say of its own runs. */
static ix_status launch(ix_tally *tally, const ix_launched *what)
{
    ix_log_speak(ix_grid_group(what->grid) >= 0 && ix_grid_rank(what->grid, IX_GROUP) == 0);
    ix_status rc = ix_launch(tally, what);
    ix_log_speak(ix_comm_rank() == 0);
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_suite *suite = NULL;
    ix_bench *bench = NULL;
    ix_grid *world = NULL, *grid = NULL;
    ix_watchdog *watchdog = NULL;
    ix_runs runs = {0};
    ix_layout layout;
    ix_tally tally = {0};
    ix_suite_share share;
    int *kind_of = NULL;
    char folder[4096], *line = ix_command_line(argc, argv);
    ix_start start;

    ix_start_begin(&start);
    ix_start_enter(&start, IX_STAGE_DATA);
    IX_TRY(ix_take_share(&share, &argc, argv));
    IX_TRY(ix_open_suite(&suite, argc, argv, "run"));
    IX_TRY(ix_apply_share(suite, &share));
    ix_start_enter(&start, IX_STAGE_OTHER);
    kind_of = calloc((size_t)ix_suite_points(suite) + 1, sizeof *kind_of);
    IX_CONTRACT(kind_of); /* some kilobytes */
    IX_TRY(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    ix_watch_ranks(&watchdog, world, suite->settings.watchdog.seconds, "run", hint);
    ix_alive_at("preparing the suite");
    IX_TRY(ix_grid_agree(world, IX_WORLD, ix_bench_create(&bench, &start)));
    IX_TRY(choose_layout(&layout, kind_of, bench, world, suite));
    IX_TRY(ix_layout_grid(&grid, &layout));
    IX_TRY(ix_grid_agree_alike(grid, IX_WORLD, ix_runs_list(&runs, bench, suite)));
    IX_TRY(ix_check_contents(world, &runs));
    ix_note("%s: %lld run%s; %s", suite->settings.suite, (long long)runs.count, runs.count == 1 ? "" : "s",
            layout.reason);
    IX_TRY(launch(&tally, &(ix_launched){.grid = grid,
                                         .layout = &layout,
                                         .kind_of = kind_of,
                                         .bench = bench,
                                         .start = &start,
                                         .suite = suite,
                                         .runs = &runs,
                                         .command = line}));
    ix_suite_folder(folder, sizeof folder, suite);
    if (ix_comm_rank() == 0) print_end(&tally, folder);
    if (tally.failed || tally.elsewhere) *exit_code = IX_EXIT_FAILED;
done:
    ix_runs_free(&runs);
    ix_bench_destroy(&bench);
    ix_grid_destroy(&grid);
    ix_watchdog_stop(&watchdog);
    ix_grid_destroy(&world);
    ix_suite_destroy(&suite);
    free(kind_of);
    free(line);
    return rc;
}

const ix_command ix_command_run = {.name = "run",
                                   .about = "run a suite, or continue it",
                                   .usage = usage,
                                   .ranks = IX_ALL_RANKS,
                                   .stops = true,
                                   .run = run};
