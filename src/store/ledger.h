/* SPDX-License-Identifier: Apache-2.0
 *
 * ledger.h - what was launched, and what became of it: OUT/<suite>/ledger/<launch>.jsonl.
 *
 * One file per launch and writer, one synced line per event, never rewritten. Reading merges the files of
 * all launches by time; a run that was launched or started and never ended stands out, so nothing is left
 * out silently. A line that a crash cut short is passed over and counted. Local. */
#ifndef IX_STORE_LEDGER_H
#define IX_STORE_LEDGER_H

#include <stdint.h>

#include "base/status.h"

/* One row per event: constant, name in files. LAUNCH with a run_id: that run is part of the launch. SKIP: it was left
 * alone, because it is finished or somebody else has it. RESUME: it goes on from a checkpoint. STOP: it was asked to
 * stop, after a checkpoint. */
#define IX_LEDGER_EVENTS(E) \
    E(LAUNCH, "launch")     \
    E(START, "start")       \
    E(RESUME, "resume")     \
    E(STOP, "stop")         \
    E(END, "end")           \
    E(FAIL, "fail")         \
    E(SKIP, "skip")

typedef enum {
#define E(name, text) IX_LEDGER_##name,
    IX_LEDGER_EVENTS(E)
#undef E
        IX_LEDGER_EVENT_COUNT
} ix_ledger_event;

const char *ix_ledger_event_name(ix_ledger_event event);

typedef struct ix_ledger ix_ledger;

#define IX_LAUNCH_NAME 320
/* A name nobody else uses: "20250131T120000Z-<host>-<process>". */
void ix_ledger_launch_name(char name[IX_LAUNCH_NAME]);

/* Makes the folder and the file, or goes on with it. One writer per file. */
ix_status ix_ledger_open(ix_ledger **out, const char *suite_folder, const char *launch);
void ix_ledger_close(ix_ledger **ledger); /* NULL is fine; leaves *ledger NULL */

typedef struct {
    ix_ledger_event event;
    const char *run_id, *verdict, *message; /* NULL: none */
    int64_t ranks;                          /* 0: not said */
} ix_ledger_entry;

/* Adds a line with time, host and process. On return it is on the disk. */
ix_status ix_ledger_add(ix_ledger *ledger, const ix_ledger_entry *entry);

/* The lines of many files by time. Texts are never NULL. */
typedef struct {
    ix_ledger_event event;
    char *time, *launch, *run_id, *verdict, *message, *host; /* launch: the file's name */
    int64_t pid, ranks;
} ix_ledger_line;
typedef struct {
    int count;
    ix_ledger_line *at;
    int unread; /* lines that were cut short, or of a kind this program does not know */
} ix_ledger_history;

/* IX_EINPUT: a file cannot be read. */
ix_status ix_ledger_read(ix_ledger_history *out, const char *const *paths, int count);
void ix_ledger_free(ix_ledger_history *history);

/* The runs that never ended: for each the index of the line that last launched, started or resumed it, in the
 * order of run_id. Their lock tells whether they are still at work. Free *lines with free(). */
ix_status ix_ledger_unfinished(const ix_ledger_history *history, int **lines, int *count);

#endif
