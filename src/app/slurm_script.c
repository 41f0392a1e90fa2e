/* SPDX-License-Identifier: Apache-2.0
 *
 * slurm_script.c - the two scripts. They stand alone: whoever wants to change one by hand can, and submit it. The
 * templates in slurm/ say the same for those who write their own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/slurm.h"
#include "base/build_info.h"
#include "base/file.h"

/* --- words ---------------------------------------------------------------------------------------------------- */

static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-@%";

static bool is_plain(const char *text)
{
    return *text && strspn(text, safe) == strlen(text);
}

/* One word of the shell. */
static void put_word(FILE *f, const char *text)
{
    if (is_plain(text)) {
        fputs(text, f);
        return;
    }
    putc('\'', f);
    for (const char *c = text; *c; c++)
        if (*c == '\'') fputs("'\\''", f);
        else putc(*c, f);
    putc('\'', f);
}

char *ix_slurm_command(int argc, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    fputs("impex", f);
    for (int i = 0; i < argc; i++) {
        putc(' ', f);
        put_word(f, argv[i]);
    }
    IX_CONTRACT(fclose(f) == 0);
    return text;
}

/* One value of a line #SBATCH, which sbatch takes apart by its own rules. */
static void put_value(FILE *f, const char *text)
{
    if (is_plain(text)) {
        fputs(text, f);
        return;
    }
    putc('"', f);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\') putc('\\', f);
        putc(*c, f);
    }
    putc('"', f);
}

static void put_option(FILE *f, const char *name, const char *value)
{
    if (!value) return;
    fprintf(f, "#SBATCH --%s=", name);
    put_value(f, value);
    putc('\n', f);
}

/* Suite and overrides, as every command of the scripts is given them. */
static void put_suite(FILE *f, const ix_batch *b)
{
    put_word(f, b->suite_path);
    for (int i = 0; i < b->o->set.n; i++) {
        fputs(" --set ", f);
        put_word(f, b->o->set.at[i]);
    }
}

/* --- what both have ------------------------------------------------------------------------------------------- */

static void put_head(FILE *f, const ix_batch *b, const char *what)
{
    fprintf(f, "#!/bin/bash\n# %s of suite %s, written by impex %s:\n#   %s\n", what, b->suite->settings.suite,
            ix_build_version(), b->command);
}

/* Where the cluster wants jobs to say who pays for them. */
static void put_account(FILE *f, const ix_slurm_options *o)
{
    put_option(f, "partition", o->partition);
    put_option(f, "account", o->account);
    put_option(f, "qos", o->qos);
    put_option(f, "constraint", o->constraint);
    for (int i = 0; i < o->sbatch.n; i++) fprintf(f, "#SBATCH %s\n", o->sbatch.at[i]);
}

static void put_log(FILE *f, const ix_batch *b, const char *name)
{
    char *log = ix_format("%s/%s", b->folder, name);
    put_option(f, "output", log);
    free(log);
}

static void put_variable(FILE *f, const char *name)
{
    if (!getenv(name)) return;
    fprintf(f, "export %s=", name);
    put_word(f, getenv(name));
    putc('\n', f);
}

static void put_place(FILE *f, const ix_batch *b)
{
    fputs("\ncd ", f);
    put_word(f, b->here);
    fputs(" || exit 1\n", f);
    if (b->o->modules) fprintf(f, "module load %s || exit 1\n", b->o->modules);
    for (int i = 0; i < b->o->prolog.n; i++) fprintf(f, "%s\n", b->o->prolog.at[i]);
    put_variable(f, "IMPEX_DATA");
    put_variable(f, "IMPEX_MODELS");
}

/* --- the array ------------------------------------------------------------------------------------------------ */

/* The tasks with something to do: "1-3,7". */
static void put_tasks(FILE *f, const ix_batch *b)
{
    const char *between = "";
    for (int64_t i = 0, last; i < b->tasks; i = last + 1) {
        for (last = i; last + 1 < b->tasks && b->task[last + 1].to_do; last++) continue;
        if (!b->task[i].to_do) {
            last = i;
            continue;
        }
        fprintf(f, "%s%lld", between, (long long)i + 1);
        if (last > i) fprintf(f, "-%lld", (long long)last + 1);
        between = ",";
    }
    if (b->o->max_running) fprintf(f, "%%%lld", (long long)b->o->max_running);
}

static void put_resources(FILE *f, const ix_batch *b)
{
    const ix_slurm_options *o = b->o;
    int64_t ahead = b->suite->settings.checkpoint.before_limit;

    put_option(f, "job-name", o->name);
    fputs("#SBATCH --array=", f);
    put_tasks(f, b);
    fprintf(f, "\n#SBATCH --nodes=%lld --ntasks=%lld --ntasks-per-node=%lld --cpus-per-task=%lld\n",
            (long long)o->nodes, (long long)o->ranks, (long long)o->ranks_per_node, (long long)o->threads);
    if (!o->hardware_threads) fputs("#SBATCH --threads-per-core=1\n", f);
    put_option(f, "mem", o->memory);
    put_option(f, "time", o->time);
    put_account(f, o);
    fprintf(f, "#SBATCH --requeue --open-mode=append --signal=B:USR1@%lld\n",
            (long long)(ahead < 1       ? 60
                        : ahead > 65535 ? 65535
                                        : ahead));
    put_log(f, b, "%A_%a.log");
}

static void put_launcher(FILE *f, const ix_slurm_options *o)
{
    if (!strcmp(o->launcher, "srun")) {
        fprintf(f,
                "# Since Slurm 22.05 srun must be told the cores of a rank again. Not --kill-on-bad-exit: it turns 75\n"
                "# into 143 when one rank ends a moment before the others; --wait ends what a dead rank leaves.\n"
                "srun --ntasks=%lld --cpus-per-task=%lld --cpu-bind=cores --kill-on-bad-exit=0 --wait=60",
                (long long)o->ranks, (long long)o->threads);
        if (strcmp(o->mpi, "default") != 0) {
            fputs(" --mpi=", f);
            put_word(f, o->mpi);
        }
    } else
        fprintf(f,
                "# mpirun starts its daemons through srun, which must not confine them to the cores of one rank.\n"
                "unset SRUN_CPUS_PER_TASK\n"
                "mpirun -n %lld --map-by ppr:%lld:node:PE=%lld --bind-to core",
                (long long)o->ranks, (long long)o->ranks_per_node, (long long)o->threads);
}

static const char end_of_time[] =
    "\n"
    "# impex saves its run checkpoint.before_limit ahead of this moment; Slurm before 23.02 does not say it.\n"
    "end=$(SLURM_TIME_FORMAT=%s squeue -h -j \"$SLURM_JOB_ID\" -o %e 2>/dev/null)\n"
    "case $end in\n"
    "'' | *[!0-9]*) ;;\n"
    "*) export SLURM_JOB_END_TIME=$end ;;\n"
    "esac\n";

/* Of those that gave no sign of life lately (they do every 15 seconds), else many tasks would ask for many others. */
static void put_ended(FILE *f, const ix_batch *b, const char *which)
{
    fputs("\n# Jobs that hold runs of this suite and have ended: their locks need not grow old first.\n"
          "IMPEX_ENDED_JOBS=''\n"
          "for job in $(find ",
          f);
    put_word(f, b->results);
    fprintf(f,
            " -maxdepth 1 -name '*.lock' -user \"$(id -un)\"%s -exec \\\n"
            "    sed -n 's/.*\"job\": \"\\([0-9][0-9]*\\)\", \"cluster\": \"'\"$SLURM_CLUSTER_NAME\"'\".*/\\1/p' {} +"
            " 2>/dev/null | sort -u); do\n"
            "    case $(scontrol show job -o \"$job\" 2>&1) in\n"
            "    *'Invalid job id'* | *JobState=COMPLETED* | *JobState=CANCELLED* | *JobState=FAILED* | "
            "*JobState=TIMEOUT* | *JobState=NODE_FAIL*)\n"
            "        IMPEX_ENDED_JOBS=\"$IMPEX_ENDED_JOBS $job\" ;;\n"
            "    esac\n"
            "done\n"
            "export IMPEX_ENDED_JOBS\n",
            which);
}

static const char signals[] =
    "\n"
    "# Slurm signals this script and not the program. USR1 (the time is nearly over, a job of higher priority, "
    "scancel\n"
    "# --signal=USR1 --batch) is passed on: impex saves its run and ends with 75. TERM comes from scancel or at the "
    "end.\n"
    "signals=0 asked='' ended='' pid=''\n"
    "trap 'signals=$((signals + 1)) asked=yes; [ -z \"$pid\" ] || kill -USR1 \"$pid\" 2>/dev/null' USR1\n"
    "trap 'signals=$((signals + 1)) ended=yes' TERM\n"
    "\n";

static const char waiting[] =
    "pid=$!\n"
    "[ -z \"$asked\" ] || kill -USR1 \"$pid\" 2>/dev/null # it came before there was a pid\n"
    "while :; do\n"
    "    seen=$signals\n"
    "    wait \"$pid\"\n"
    "    code=$?\n"
    "    [ \"$signals\" != \"$seen\" ] || break # else only the waiting was interrupted\n"
    "done\n"
    "\n"
    "# Saved, or struck before it could listen: this task goes on when its turn comes again. Not if it was cancelled, "
    "or is\n"
    "# the shadow of a task that Slurm restarted elsewhere.\n"
    "if [ \"$code\" -eq 75 ] || { [ -n \"$asked\" ] && [ \"$code\" -gt 128 ]; }; then\n"
    "    about=\" $(scontrol show job -o \"$SLURM_JOB_ID\" 2>/dev/null) \"\n"
    "    if [ -n \"$ended\" ]; then\n"
    "        echo 'cancelled: not put back into the queue'\n"
    "    elif [ \"${SLURM_RESTART_COUNT:-0}\" -ge \"$restarts\" ]; then\n"
    "        echo \"restarted $restarts times (--restarts): not put back into the queue\"\n"
    "    elif [ \"${about#* JobState=RUNNING * Restarts=\"${SLURM_RESTART_COUNT:-0}\" }\" = \"$about\" ]; then\n"
    "        echo 'this is not the running job any more: not put back into the queue'\n"
    "    else\n"
    "        echo \"back into the queue, to go on from the checkpoint\"\n"
    "        scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"\n"
    "    fi\n"
    "fi\n"
    "exit \"$code\"\n";

char *ix_slurm_runs_script(const ix_batch *b)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    put_head(f, b, "runs");
    put_resources(f, b);
    put_place(f, b);
    fprintf(f, "export OMP_NUM_THREADS=%lld\nrestarts=%lld\n", (long long)b->o->threads, (long long)b->o->restarts);
    fputs(end_of_time, f);
    put_ended(f, b, " ! -newermt '20 seconds ago'");
    fputs(signals, f);
    put_launcher(f, b->o);
    fputs(" \\\n    ", f);
    put_word(f, b->program);
    fputs(" run ", f);
    put_suite(f, b);
    fprintf(f, " --share \"$SLURM_ARRAY_TASK_ID/%lld\" </dev/null &\n", (long long)b->tasks);
    fputs(waiting, f);
    IX_CONTRACT(fclose(f) == 0);
    return text;
}

/* --- the report ----------------------------------------------------------------------------------------------- */

char *ix_slurm_report_script(const ix_batch *b)
{
    char *text = NULL, *job = ix_format("%s-report", b->o->name), *out = ix_format("%s/report", b->results);
    size_t size;
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    put_head(f, b, "report");
    put_option(f, "job-name", job);
    fputs("#SBATCH --nodes=1 --ntasks=1 --cpus-per-task=1\n", f);
    put_option(f, "time", b->o->seconds && b->o->seconds < 1800 ? b->o->time : "30");
    put_account(f, b->o);
    fputs("#SBATCH --open-mode=append\n", f);
    put_log(f, b, "report-%j.log");
    put_place(f, b);
    fputs("export OMP_NUM_THREADS=1\n", f);
    put_ended(f, b, "");
    fputs("\n# What is not finished, and what was last said of it. Exit code 1 if there is "
          "any.\n",
          f);
    put_word(f, b->program);
    fputs(" plan ", f);
    put_suite(f, b);
    fputs(" --missing\nmissing=$?\n\n", f);
    put_word(f, b->report_program);
    putc(' ', f);
    put_word(f, b->results);
    fputs("\n", f);
    put_word(f, b->report_program);
    putc(' ', f);
    put_word(f, b->results);
    fputs(" --format md,csv,html --out ", f);
    put_word(f, out);
    fputs(" >/dev/null || exit 1\nexit \"$missing\"\n", f);
    IX_CONTRACT(fclose(f) == 0);
    free(job);
    free(out);
    return text;
}
