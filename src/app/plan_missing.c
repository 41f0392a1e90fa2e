/* SPDX-License-Identifier: Apache-2.0
 *
 * plan_missing.c - impex plan --missing: which runs of a suite are not finished, and what became of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/plan.h"
#include "base/file.h"
#include "store/ledger.h"
#include "store/reader.h"

/* All ledgers of a folder; nothing where there is no such folder. */
static ix_status read_ledgers(ix_ledger_history *out, const char *folder)
{
    ix_status rc = IX_OK;
    ix_found_list found = {0};
    const char **path = NULL;
    int n = 0;

    *out = (ix_ledger_history){0};
    if (!ix_is_folder(folder)) return IX_OK;
    IX_TRY(ix_results_scan(&found, &folder, 1));
    IX_NEED(path = calloc((size_t)found.count + 1, sizeof *path), IX_ENOMEM, "ledgers: out of memory");
    for (int i = 0; i < found.count; i++)
        if (found.at[i].kind == IX_FOUND_LEDGER) path[n++] = found.at[i].path;
    IX_TRY(ix_ledger_read(out, path, n));
done:
    free(path);
    ix_found_free(&found);
    return rc;
}

/* That a launch knew of it, or left it to another, says nothing of the run. */
static const ix_ledger_line *last_word(const ix_ledger_history *h, const char *run_id)
{
    for (int i = h->count - 1; i >= 0; i--) {
        const ix_ledger_line *l = &h->at[i];
        if (l->event != IX_LEDGER_LAUNCH && l->event != IX_LEDGER_SKIP && !strcmp(l->run_id, run_id)) return l;
    }
    return NULL;
}

static void print_one(const ix_planned *p, const ix_ledger_history *h)
{
    const ix_ledger_line *l = last_word(h, p->run.names.run);
    printf("missing: %s: ", p->run.names.run);
    if (p->state == IX_AT_WORK) printf("at work %s\n", p->note);
    else if (p->state == IX_BROKEN) printf("its result is damaged\n");
    else if (!l) printf("never begun\n");
    else
        printf("last word: %s at %s on %s%s%s\n", ix_ledger_event_name(l->event), l->time, l->host,
               l->message[0] ? ": " : "", l->message);
}

ix_status ix_print_missing(const ix_suite *suite, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_ledger_history history = {0};
    ix_runs runs = {0};
    ix_bench *bench = NULL;
    char folder[4096];
    int64_t finished = 0;

    ix_suite_folder(folder, sizeof folder, suite);
    IX_TRY(ix_bench_create(&bench, NULL));
    IX_TRY(ix_runs_list(&runs, bench, suite));
    IX_TRY(read_ledgers(&history, folder));
    for (int64_t i = 0; i < runs.count; i++) {
        ix_planned p = {.run = runs.run[i]};
        ix_plan_look(&p, folder);
        if (p.state == IX_FINISHED) finished++;
        else print_one(&p, &history);
    }
    printf("%lld of %lld runs are finished: %s\n", (long long)finished, (long long)runs.count, folder);
    if (finished < runs.count) *exit_code = IX_EXIT_FAILED;
done:
    ix_ledger_free(&history);
    ix_runs_free(&runs);
    ix_bench_destroy(&bench);
    return rc;
}
