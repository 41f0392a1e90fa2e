/* SPDX-License-Identifier: Apache-2.0 */
#include "app/begin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/launcher.h"
#include "base/hash.h"
#include "base/log.h"
#include "machine/processors.h"

ix_status ix_check_together(void)
{
    int started = ix_launcher_size();
    if (started <= 1 || ix_comm_ranks() > 1) return IX_OK;
    return ix_fail(IX_EINPUT,
                   "the launcher started %d processes, but each is alone: it belongs to another MPI library than %s. "
                   "Use the mpirun of that library, or an srun that speaks its PMI (srun --mpi=list, --mpi=pmix)",
                   started, ix_comm_library());
}

ix_status ix_check_program(const ix_grid *world, int argc, char **argv)
{
    ix_status rc = IX_OK;
    char hex[IX_HASH_HEX];
    ix_hash *h = NULL;

    if (ix_grid_size(world, IX_WORLD) == 1) return IX_OK;
    IX_TRY(ix_grid_agree(world, IX_WORLD, ix_hash_file("/proc/self/exe", hex)));
    IX_TRY(ix_grid_same_hash(world, IX_WORLD, hex, "the program file"));
    h = ix_hash_begin();
    for (int i = 1; i < argc; i++) ix_hash_add_text(h, argv[i]);
    ix_hash_end(h, hex);
    IX_TRY(ix_grid_same_hash(world, IX_WORLD, hex, "the command line"));
done:
    return rc;
}

/* Collective. Of a run whose name is not the same everywhere, what differs. */
static ix_status name_difference(const ix_grid *world, const ix_run *run)
{
    ix_status rc = IX_OK;
    char what[256];
    snprintf(what, sizeof what, "the model %.200s", run->point.model);
    IX_TRY(ix_grid_same_hash(world, IX_WORLD, run->names.model, what));
    snprintf(what, sizeof what, "the data for %.200s", run->point.model);
    IX_TRY(ix_grid_same_hash(world, IX_WORLD, run->names.data, what));
    IX_TRY(ix_grid_same_hash(world, IX_WORLD, run->names.run + strlen(run->names.run) - 12, "the run's identity"));
done:
    return rc;
}

ix_status ix_check_contents(const ix_grid *world, const ix_runs *runs)
{
    ix_status rc = IX_OK;
    char hex[IX_HASH_HEX];
    ix_hash *h = ix_hash_begin();

    for (int64_t i = 0; i < runs->count; i++) ix_hash_add_text(h, runs->run[i].names.run);
    ix_hash_end(h, hex);
    if (ix_grid_same_hash(world, IX_WORLD, hex, "the list of runs") == IX_OK) return IX_OK;
    for (int64_t i = 0; i < runs->count; i++) IX_TRY(name_difference(world, &runs->run[i]));
done:
    return rc;
}

static bool insists(void)
{
    const char *text = getenv("IMPEX_OVERSUBSCRIBE");
    return text && *text && strcmp(text, "0") != 0;
}

/* On the first rank. */
static ix_status check_all(const ix_processors *rank, int ranks)
{
    int crowded;
    ix_status rc = ix_processors_check(rank, ranks, &crowded);
    if (rc != IX_OK || crowded < 0) return rc;
    ix_note("%s: %d threads of all ranks share its %d cores: fewer ranks or threads would be faster",
            rank[crowded].host, ix_processors_threads(rank, ranks, crowded), ix_processors_count(&rank[crowded].could));
    return IX_OK;
}

ix_status ix_check_processors(const ix_grid *world, int threads)
{
    ix_status rc = IX_OK;
    ix_processors mine;
    ix_parts all = {0};

    ix_processors_here(&mine, ix_comm_host(), threads);
    IX_TRY(ix_grid_gather_bytes(world, IX_WORLD, 0, &mine, sizeof mine, &all));
    if (ix_grid_rank(world, IX_WORLD) == 0 && !insists())
        rc = check_all((const ix_processors *)(const void *)all.bytes, ix_grid_size(world, IX_WORLD));
    rc = ix_grid_agree(world, IX_WORLD, rc);
done:
    ix_parts_free(&all);
    return rc;
}

void ix_watch_ranks(ix_watchdog **out, const ix_grid *world, double seconds, const char *command, const char *hint)
{
    ix_watchdog_settings settings = {.seconds = seconds,
                                     .command = command,
                                     .hint = hint,
                                     .failed = IX_EXIT_FAILED,
                                     .again = IX_EXIT_STOPPED};
    ix_watchdog_start(out, world, &settings);
}
