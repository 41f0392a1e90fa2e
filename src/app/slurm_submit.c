/* SPDX-License-Identifier: Apache-2.0
 *
 * slurm_submit.c - writes the scripts and hands them to sbatch. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/slurm.h"
#include "base/file.h"

ix_status ix_slurm_write(const ix_batch *b, char **runs, char **report)
{
    ix_status rc = IX_OK;
    char *text = ix_slurm_runs_script(b), *after = ix_slurm_report_script(b);

    *runs = ix_format("%s/runs.sbatch", b->folder);
    *report = ix_format("%s/report.sbatch", b->folder);
    IX_TRY(ix_make_folders(b->folder));
    IX_TRY(ix_file_write(*runs, text, strlen(text)));
    if (b->o->report) IX_TRY(ix_file_write(*report, after, strlen(after)));
done:
    free(text);
    free(after);
    return rc;
}

/* Becomes sbatch, with its standard output in the pipe. */
static _Noreturn void become_sbatch(int out, const char *const *argv)
{
    dup2(out, STDOUT_FILENO);
    execvp(argv[0], (char *const *)(const void *)argv);
    _exit(errno == ENOENT ? 127 : 126);
}

/* The id that `sbatch --parsable ...` prints: "123" or "123;cluster". What it has to complain stands on standard error.
 */
static ix_status start(const char *script, const char *after, char id[64])
{
    ix_status rc = IX_OK;
    const char *argv[] = {"sbatch", "--parsable", after ? after : script, after ? script : NULL, NULL};
    int pipes[2] = {-1, -1}, status = 0;
    pid_t child = -1;

    fflush(NULL);
    IX_NEED(pipe(pipes) == 0 && (child = fork()) >= 0, IX_EIO, "sbatch: %s", strerror(errno));
    if (child == 0) become_sbatch(pipes[1], argv);
    close(pipes[1]);
    pipes[1] = -1;
    FILE *f = fdopen(pipes[0], "r");
    IX_CONTRACT(f);
    if (!fgets(id, 64, f)) id[0] = 0;
    fclose(f);
    pipes[0] = -1;
    waitpid(child, &status, 0);
    id[strspn(id, "0123456789")] = 0;
    IX_NEED(
        !WIFEXITED(status) || WEXITSTATUS(status) != 127, IX_EINPUT,
        "--submit: there is no sbatch here; on a login node of the cluster, or with Slurm's module loaded, there is");
    IX_NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0 && id[0], IX_EIO, "sbatch refused %s", script);
done:
    for (int i = 0; i < 2; i++)
        if (pipes[i] >= 0) close(pipes[i]);
    return rc;
}

ix_status ix_slurm_submit(const ix_batch *b, const char *runs, const char *report)
{
    ix_status rc = IX_OK;
    char id[64], behind[64] = "", *after = NULL;

    IX_TRY(start(runs, NULL, id));
    printf("runs: job array %s\n", id);
    after = ix_format("--dependency=afterany:%s", id);
    if (b->o->report) {
        rc = start(report, after, behind);
        if (rc != IX_OK)
            rc = ix_fail(rc,
                         "the runs are in the queue as job %s, but their report is not: sbatch refused it; try "
                         "sbatch %s %s",
                         id, after, report);
        IX_TRY(rc);
        printf("report: job %s, when all of them have ended\n", behind);
    }
    printf("logs: %s/%s_*.log\n", b->folder, id);
    printf("squeue -j %s%s%s shows where they are; scancel %s ends the runs, and each keeps its checkpoint\n", id,
           behind[0] ? "," : "", behind, id);
done:
    free(after);
    return rc;
}
