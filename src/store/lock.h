/* SPDX-License-Identifier: Apache-2.0
 *
 * lock.h - one owner per run: <run_id>.lock, created exclusively, one line of JSON in it:
 * {"host", "pid", "job", "cluster", "restart", "started", ..., "heartbeat"}.
 *
 * An owner is dead when it is a process of this machine that no longer exists (its start time is compared
 * too: process numbers come back), when it is anywhere else and an earlier start of the Slurm job that asks (a crashed
 * node) or a job named in IMPEX_ENDED_JOBS (numbers with spaces between; of the same cluster), or when it is anywhere
 * else and gave no sign of life for `patience` seconds. A dead owner's lock is taken over
 * by exactly one of those who try: whoever creates the claim file named after the dead lock's content, and finds that
 * lock still in place while holding the claim. Works on any file system with exclusive creation and rename; ages are
 * measured by its own clock. All functions are local. */
#ifndef IX_STORE_LOCK_H
#define IX_STORE_LOCK_H

#include <stdint.h>

#include "base/status.h"

#define IX_LOCK_PATIENCE 300.0 /* seconds */

typedef struct ix_lock ix_lock;

typedef enum {
    IX_LOCK_FREE,       /* ix_lock_look only: there is no lock */
    IX_LOCK_TAKEN,      /* ours */
    IX_LOCK_TAKEN_OVER, /* ours; its owner was dead: `text` says who and why */
    IX_LOCK_BUSY,       /* somebody else's */
    IX_LOCK_DEAD        /* ix_lock_look only: its owner is dead */
} ix_lock_state;

typedef struct {
    ix_lock_state state;
    char text[512]; /* for people: the other owner, since when, last sign of life; "" if there is none */
    char host[256]; /* of the other owner, "" if unknown */
    char job[64];
    int64_t pid;
} ix_lock_report;

/* Takes the lock or reports who has it: IX_OK and *out NULL when busy. IX_EIO: no such folder, full disk. */
ix_status ix_lock_take(ix_lock **out, const char *path, double patience, ix_lock_report *report);

/* Whose it is, without touching it. */
ix_status ix_lock_look(const char *path, double patience, ix_lock_report *report);

/* A sign of life; call it more often than twice per patience. Cheap: it writes at most once per patience/20.
 * Not together with another call on the same lock. IX_EIO: the lock is no longer ours; stop working on the run. */
ix_status ix_lock_beat(ix_lock *lock);

/* Removes the lock if it is still ours. NULL is fine; leaves *lock NULL. */
void ix_lock_release(ix_lock **lock);

/* Removes from a folder what those who died while they took over or gave back a lock (a file *.lock) left beside it:
 * claims and drafts about a content that the lock no longer has, and as each content is unique, never will have. */
void ix_lock_sweep(const char *folder);

#endif
