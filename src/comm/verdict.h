/* SPDX-License-Identifier: Apache-2.0
 *
 * verdict.h - which rank, if any, has stopped answering: pure functions of what is known of each. */
#ifndef IX_COMM_VERDICT_H
#define IX_COMM_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IX_WATCHED_WHAT 40

/* What is known of a rank; all times in seconds. */
typedef struct {
    char host[64];
    int64_t pid;
    bool left;                  /* it said goodbye: nothing more is expected of it */
    bool broken;                /* its connection ended without that */
    double silent;              /* since it was last heard; since its connection broke */
    double still;               /* since its main thread last moved: computed, or left a mark */
    bool waits;                 /* its main thread is in a call of message passing */
    char what[IX_WATCHED_WHAT]; /* what it was last at */
    int64_t step;               /* within that; -1: within none */
} ix_watched;

typedef enum {
    IX_ALL_WELL,
    IX_GONE,   /* the process has ended without a goodbye */
    IX_SILENT, /* the process has stopped, or its node is not there any more */
    IX_STUCK,  /* its main thread does nothing, and others wait for it */
    IX_LOST    /* all wait in message passing, for nobody */
} ix_verdict_kind;

typedef struct {
    ix_verdict_kind kind;
    int rank; /* the first one that it is true of */
    int more; /* so many others it is true of as well */
    double seconds;
} ix_verdict;

/* The worst that is true after `limit` seconds; a rank is gone after the shorter `grace`, in which a launcher that saw
 * it end ends the job with words of its own. Local. */
ix_verdict ix_verdict_of(const ix_watched *rank, int ranks, double limit, double grace);

/* One line without its end: "rank 3 on node2 (pid 4711) has not answered for 60 s (was last in: forward, step 12)".
 * `rank` is the array that was judged. Local. */
void ix_verdict_text(char *out, size_t capacity, const ix_verdict *verdict, const ix_watched *rank);

#endif
