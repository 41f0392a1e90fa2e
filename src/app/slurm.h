/* SPDX-License-Identifier: Apache-2.0
 *
 * slurm.h - what impex slurm was asked for, and the two scripts that follow from it: an array whose tasks each do a
 * share of the suite's runs, and a job behind it that reports. Local. */
#ifndef IX_APP_SLURM_H
#define IX_APP_SLURM_H

#include <stdint.h>

#include "base/span.h"
#include "config/suite.h"

/* Values of an option that may be given several times; they belong to argv. */
typedef struct {
    const char **at;
    int n;
} ix_words;

typedef struct {
    int64_t nodes, ranks_per_node; /* of one task of the array */
    int64_t ranks;                 /* of all its nodes; 0 only while options are being read */
    int64_t threads;
    int64_t runs_per_job, max_running, restarts; /* max_running 0: all */
    const char *time, *memory;                   /* NULL: the cluster's default */
    const char *partition, *account, *qos, *constraint, *name;
    const char *launcher, *mpi; /* srun or mpirun; srun's --mpi */
    const char *modules;        /* words; NULL: none */
    const char *write;          /* folder for the scripts; NULL: the suite's own */
    ix_words prolog, sbatch, set;
    bool submit, hardware_threads, report;
    int64_t seconds; /* of `time`; 0: unknown */
    int64_t bytes;   /* of `memory`, per node; 0: unknown */
} ix_slurm_options;

/* Takes the options out of the arguments, those of --options FILE too; checks each by itself. *text owns what was read
 * from a file, *longer the argument list: free both after the options were used. IX_EINPUT: one sentence. */
ix_status ix_slurm_read_options(ix_slurm_options *out, int *argc, char ***argv, char **text);
void ix_slurm_free_options(ix_slurm_options *o);

/* One task of the array. */
typedef struct {
    ix_span runs;     /* of the suite */
    int64_t to_do;    /* of them not finished */
    char layout[192]; /* for people */
} ix_slurm_task;

typedef struct {
    const ix_slurm_options *o;
    const ix_suite *suite;
    char *suite_path, *program, *report_program, *here, *results; /* absolute */
    char *folder;                                                 /* absolute: scripts and logs */
    const char *command;                                          /* that this is */
    ix_slurm_task *task;                                          /* [tasks], numbered from 1 in the array */
    int64_t tasks, runs, finished;
} ix_batch;

/* The command line, each argument as a word of the shell. free(). */
char *ix_slurm_command(int argc, char **argv);

/* The scripts as text. free(). Contract: some task has something to do. */
char *ix_slurm_runs_script(const ix_batch *b);
char *ix_slurm_report_script(const ix_batch *b);

/* Writes both into b->folder. */
ix_status ix_slurm_write(const ix_batch *b, char **runs, char **report); /* paths; free() */

/* sbatch RUNS, then sbatch REPORT behind it. Prints what was started. IX_EINPUT: no sbatch; IX_EIO: it refused. */
ix_status ix_slurm_submit(const ix_batch *b, const char *runs, const char *report);

#endif
