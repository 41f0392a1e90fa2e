/* SPDX-License-Identifier: Apache-2.0
 *
 * slurm.c - a suite as jobs of Slurm: which task of the array does which runs, and how its ranks share them. */
#include "app/slurm.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/open_suite.h"
#include "app/plan.h"
#include "app/table.h"
#include "base/file.h"
#include "base/log.h"
#include "suite/launch.h"

static const char usage[] =
    "usage: impex slurm SUITE.yaml [--set KEY=VALUE]... [OPTIONS] [--submit | --write DIR]\n"
    "\n"
    "A suite as a job array of Slurm, each task of which does a share of the runs, and a job behind it that prints\n"
    "the tables and says what is missing. The scripts go to standard output; with --submit they are written to\n"
    "OUTPUT/SUITE/slurm/ and started, with --write DIR only written there. Only runs that are not finished are asked\n"
    "for, so the same command continues a suite. A task that is preempted or reaches its time limit saves its run and\n"
    "goes back into the queue by itself.\n"
    "\n"
    "What one task of the array gets:\n"
    "  --nodes N                (1)\n"
    "  --ranks-per-node R       (1), or --ranks R on all nodes together\n"
    "  --threads T              of a rank, on as many cores (parallel.threads of the suite, else 1)\n"
    "  --time T                 30 (minutes), 4:00:00 or 1-12:00:00\n"
    "  --mem M                  per node, as 64G\n"
    "  --partition, --account, --qos, --constraint, --job-name   as sbatch has them\n"
    "  --sbatch OPTION          any other option of sbatch, for both jobs, as --sbatch=--exclusive; repeatable\n"
    "  --hardware-threads       a core's hardware threads count as cores\n"
    "How the runs are shared out:\n"
    "  --runs-per-job K         runs of one task (1), side by side or one after the other\n"
    "  --max-running N          tasks at the same time (all)\n"
    "  --restarts N             so often a task goes back into the queue (100)\n"
    "  --no-report              without the job behind it\n"
    "How ranks are started:\n"
    "  --launcher srun|mpirun   (srun); mpirun is Open MPI's\n"
    "  --mpi TYPE               of srun (pmix); srun --mpi=list shows what there is; default: the cluster's\n"
    "  --modules 'A B'          loaded before\n"
    "  --prolog 'LINE'          a line of shell before the start; repeatable\n"
    "  --options FILE           further options, one a line, # for comments: what is the same for all suites of a\n"
    "                           cluster; those of the command line win (slurm/cluster.options is an example)\n"
    "\n"
    "The suite is read again when a task starts: leave its files as they are until the array has ended. docs/slurm.md\n"
    "says what happens at preemption, time limits and crashes, and what clusters want to be told.\n";

/* --- who does what -------------------------------------------------------------------------------------------- */

static ix_status check_kind(const ix_batch *b, const ix_places *places, const ix_kind *k)
{
    ix_status rc = IX_OK;
    char bytes[IX_FIGURE];
    long long each = k->data * k->tensor, runs = (long long)k->runs;
    IX_NEED(k->fits, IX_EINPUT, "--mem %s: too little for a node with %d rank%s, of which one needs %s", b->o->memory,
            places->ranks_on_node, places->ranks_on_node == 1 ? "" : "s", ix_figure_bytes(bytes, (double)k->bytes));
    IX_NEED(
        k->groups <= k->runs || k->runs < b->o->runs_per_job, IX_EINPUT,
        "--ranks: %d ranks are too many for one job: %lld run%s on %lld rank%s each fill %lld; fewer ranks, or more "
        "runs in a job (--runs-per-job)",
        places->ranks, runs, runs == 1 ? "" : "s", each, each == 1 ? "" : "s", runs * each);
done:
    return rc;
}

static ix_status describe_task(ix_slurm_task *t, const ix_batch *b, const ix_places *places, const ix_need *need)
{
    ix_status rc = IX_OK;
    ix_layout l;

    IX_TRY(ix_layout_choose(&l, NULL, &b->suite->settings, places, need + t->runs.lo, ix_span_size(t->runs)));
    for (int i = 0; i < l.kinds; i++) {
        const ix_kind *k = &l.kind[i];
        size_t used = strlen(t->layout);
        IX_TRY(check_kind(b, places, k));
        snprintf(t->layout + used, sizeof t->layout - used, "%s%d at a time, each on %d data x %d tensor ranks",
                 i ? "; " : "", k->groups, k->data, k->tensor);
    }
done:
    return rc;
}

/* Every run is prepared, as impex run would, so that what is wrong shows now and not in the queue. */
static ix_status look_at_runs(const ix_batch *b, ix_need *need, int ranks, bool *finished)
{
    ix_status rc = IX_OK;
    ix_bench *bench = NULL;
    ix_runs runs = {0};

    IX_TRY(ix_bench_create(&bench, NULL));
    IX_TRY(ix_runs_list(&runs, bench, b->suite));
    for (int64_t i = 0; i < runs.count; i++) {
        ix_planned p = {.run = runs.run[i]};
        ix_plan_look(&p, b->results);
        finished[i] = p.state == IX_FINISHED;
        IX_TRY(ix_bench_prepare(bench, b->suite, &p.run.point, &p.run.names));
        IX_TRY(ix_need_of(&need[i], bench, &p.run.point, ranks));
    }
done:
    ix_runs_free(&runs);
    ix_bench_destroy(&bench);
    return rc;
}

static ix_status share_out(ix_batch *b)
{
    ix_status rc = IX_OK;
    const ix_slurm_options *o = b->o;
    ix_places places = {.ranks = (int)o->ranks,
                        .ranks_on_node = (int)o->ranks_per_node,
                        .cores = (int)(o->ranks_per_node * o->threads),
                        .memory = o->bytes};
    b->runs = ix_suite_points(b->suite);
    b->tasks = (b->runs + o->runs_per_job - 1) / o->runs_per_job;
    ix_need *need = calloc((size_t)b->runs + 1, sizeof *need);
    bool *finished = calloc((size_t)b->runs + 1, sizeof *finished);
    b->task = calloc((size_t)b->tasks + 1, sizeof *b->task);

    IX_NEED(need && finished && b->task, IX_ENOMEM, "list of runs: out of memory");
    IX_TRY(look_at_runs(b, need, places.ranks, finished));
    for (int64_t i = 0; i < b->tasks; i++) {
        ix_slurm_task *t = &b->task[i];
        t->runs = ix_split(b->runs, (int)b->tasks, (int)i);
        for (int64_t r = t->runs.lo; r < t->runs.hi; r++) t->to_do += !finished[r];
        b->finished += ix_span_size(t->runs) - t->to_do;
        IX_TRY(describe_task(t, b, &places, need));
    }
done:
    free(need);
    free(finished);
    return rc;
}

/* --- what is asked for ---------------------------------------------------------------------------------------- */

static ix_status settle_threads(ix_slurm_options *o, const ix_suite *suite)
{
    ix_status rc = IX_OK;
    int64_t fixed = suite->settings.parallel.threads;
    char text[32];

    IX_NEED(!fixed || !o->threads || fixed == o->threads, IX_EINPUT,
            "--threads %lld: but parallel.threads of the suite is %lld", (long long)o->threads, (long long)fixed);
    if (!o->threads) o->threads = fixed ? fixed : 1;
    snprintf(text, sizeof text, "%lld", (long long)o->threads);
    setenv("OMP_NUM_THREADS", text, 1); /* layouts are those of the job, not of this process */
done:
    return rc;
}

static ix_status check_time(const ix_slurm_options *o, const ix_suite *suite)
{
    int64_t ahead = suite->settings.checkpoint.before_limit;
    if (!o->seconds || o->seconds > ahead) return IX_OK;
    return ix_fail(
        IX_EINPUT,
        "--time %s: the runs would stop at once, %lld s before the end (checkpoint.before_limit): more time, "
        "or --set checkpoint.before_limit=SECONDS",
        o->time, (long long)ahead);
}

/* Of a folder that need not be there yet. */
static char *absolute(const char *here, const char *path)
{
    return path[0] == '/' ? ix_format("%s", path) : ix_format("%s/%s", here, path);
}

static ix_status find_places(ix_batch *b)
{
    ix_status rc = IX_OK;
    char here[PATH_MAX], self[PATH_MAX], results[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    IX_NEED(n > 0 && getcwd(here, sizeof here), IX_EIO, "current folder: %s", strerror(errno));
    self[n] = 0;
    b->here = ix_format("%s", here);
    b->program = ix_format("%s", self);
    b->report_program = ix_format("%.*s/impex-report", (int)(strrchr(self, '/') - self), self);
    IX_NEED(!b->o->report || ix_file_exists(b->report_program), IX_EINPUT,
            "%s: not there, but the report needs it (or --no-report)", b->report_program);
    b->suite_path = absolute(here, b->suite->path);
    ix_suite_folder(results, sizeof results, b->suite);
    b->results = absolute(here, results);
    b->folder = b->o->write ? absolute(here, b->o->write) : ix_format("%s/slurm", b->results);
done:
    return rc;
}

static void free_batch(ix_batch *b)
{
    free(b->here);
    free(b->program);
    free(b->report_program);
    free(b->suite_path);
    free(b->results);
    free(b->folder);
    free(b->task);
}

/* --- saying it ------------------------------------------------------------------------------------------------- */

static bool alike(const ix_slurm_task *a, const ix_slurm_task *b)
{
    return a->to_do == b->to_do && ix_span_size(a->runs) == ix_span_size(b->runs) && !strcmp(a->layout, b->layout);
}

/* Neighbours that are alike share a line. */
static void print_tasks(const ix_batch *b)
{
    static const char *const heading[] = {"task", "runs of the suite", "to do", "runs in each task"};
    ix_table_text *t = ix_table_create("rrrl");
    for (int i = 0; i < 4; i++) ix_table_add(t, "%s", heading[i]);
    for (int64_t i = 0, last; i < b->tasks; i = last + 1) {
        for (last = i; last + 1 < b->tasks && alike(&b->task[i], &b->task[last + 1]); last++) continue;
        if (!b->task[i].to_do) continue;
        if (last > i) ix_table_add(t, "%lld-%lld", (long long)i + 1, (long long)last + 1);
        else ix_table_add(t, "%lld", (long long)i + 1);
        ix_table_add(t, "%lld-%lld", (long long)b->task[i].runs.lo + 1, (long long)b->task[last].runs.hi);
        ix_table_add(t, "%lld", (long long)(b->task[i].to_do * (last - i + 1)));
        ix_table_add(t, "%s", b->task[i].layout);
    }
    ix_table_print(t, stderr);
    ix_table_destroy(&t);
}

static void print_summary(const ix_batch *b)
{
    const ix_slurm_options *o = b->o;
    ix_note("%s: %lld runs, %lld finished; a task has %lld node%s, %lld rank%s of %lld thread%s%s%s%s%s",
            b->suite->settings.suite, (long long)b->runs, (long long)b->finished, (long long)o->nodes,
            o->nodes == 1 ? "" : "s", (long long)o->ranks, o->ranks == 1 ? "" : "s", (long long)o->threads,
            o->threads == 1 ? "" : "s", o->time ? ", time " : "", o->time ? o->time : "", o->memory ? ", memory " : "",
            o->memory ? o->memory : "");
    print_tasks(b);
}

/* What the user's own settings would do to jobs, for sbatch hands on the environment. */
static void warn_of_environment(const ix_slurm_options *o)
{
    const char *pml = getenv("OMPI_MCA_pml");
    if (pml && !strcmp(pml, "ob1") && o->nodes > 1)
        ix_warn(
            "OMPI_MCA_pml=ob1 goes with the jobs and may keep Open MPI from a fast network: unset it, unless that is "
            "meant");
}

static void print_scripts(const ix_batch *b)
{
    char *runs = ix_slurm_runs_script(b), *report = ix_slurm_report_script(b);
    printf("# ---- runs.sbatch\n%s", runs);
    if (b->o->report) printf("\n# ---- report.sbatch\n%s", report);
    ix_note("\nnothing was written or started: --submit does both, in %s; --write DIR only writes", b->folder);
    free(runs);
    free(report);
}

static ix_status hand_over(const ix_batch *b)
{
    ix_status rc = IX_OK;
    char *runs = NULL, *report = NULL;

    IX_TRY(ix_slurm_write(b, &runs, &report));
    if (b->o->submit) {
        rc = ix_slurm_submit(b, runs, report);
        goto done;
    }
    printf("%s\n%s%s", runs, b->o->report ? report : "", b->o->report ? "\n" : "");
    if (b->o->report)
        ix_note("to start them:\n  id=$(sbatch --parsable %s) && sbatch --dependency=afterany:$id %s", runs, report);
    else ix_note("to start it:\n  sbatch %s", runs);
done:
    free(runs);
    free(report);
    return rc;
}

static ix_status go(ix_batch *b, ix_slurm_options *o)
{
    ix_status rc = IX_OK;
    if (!o->name) o->name = b->suite->settings.suite;
    IX_TRY(settle_threads(o, b->suite));
    IX_TRY(check_time(o, b->suite));
    IX_TRY(find_places(b));
    IX_TRY(share_out(b));
    print_summary(b);
    if (b->finished == b->runs) {
        ix_note("every run is finished: impex-report %s shows the tables", b->results);
        goto done;
    }
    warn_of_environment(o);
    if (o->submit || o->write) IX_TRY(hand_over(b));
    else print_scripts(b);
done:
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_slurm_options o = {0};
    ix_suite *suite = NULL;
    ix_batch b = {.o = &o};
    char **given = argv, *text = NULL, *line = ix_slurm_command(argc, argv);
    (void)exit_code;

    IX_TRY(ix_slurm_read_options(&o, &argc, &argv, &text));
    IX_TRY(ix_check_operands(argc, argv, 1, 1, "slurm"));
    IX_NEED(!strchr(argv[1], '\n'), IX_EINPUT, "the name of the suite has a line break in it");
    IX_TRY(ix_suite_read(&suite, argv[1], o.set.at, o.set.n));
    b.suite = suite;
    b.command = line;
    IX_TRY(go(&b, &o));
done:
    free_batch(&b);
    ix_suite_destroy(&suite);
    ix_slurm_free_options(&o);
    if (argv != given) free(argv);
    free(text);
    free(line);
    return rc;
}

const ix_command ix_command_slurm = {.name = "slurm",
                                     .about = "a suite as a job array of Slurm, with its report",
                                     .usage = usage,
                                     .ranks = IX_FIRST_ONLY,
                                     .run = run};
