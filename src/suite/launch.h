/* SPDX-License-Identifier: Apache-2.0
 *
 * launch.h - one launch of a suite: which runs there are, who takes which, and the files that say so.
 *
 * Run groups walk the same list, longest run first, and take what is meant for their kind (layout.h) and neither
 * finished nor held by somebody else: the lock file of a run is the common queue, between the groups of a job as
 * between jobs that share a folder. A failed run is recorded and the others go on. A group that has nothing left, or
 * that had to give up, waits for the others; a rank that is in no group waits from the start. Whoever is asked to stop
 * tells the other groups. */
#ifndef IX_SUITE_LAUNCH_H
#define IX_SUITE_LAUNCH_H

#include "suite/runs.h"

typedef struct {
    int64_t done, kept, failed, elsewhere; /* runs that ended here, were finished before, failed, are held by others */
} ix_tally;

/* What a launch works with. */
typedef struct {
    const ix_grid *grid; /* of the layout */
    const ix_layout *layout;
    const int *kind_of; /* [runs]: the kind of groups that does a run */
    ix_bench *bench;
    ix_start *start; /* of the first run; NULL: nobody wants to know */
    const ix_suite *suite;
    const ix_runs *runs;
    const char *command; /* is recorded */
} ix_launched;

/* Collective over the world. Results lie in <output>/<suite>/. The status is IX_OK even if runs failed: the tally
 * tells; everything else (a folder that cannot be written) is a status, after the other groups have done what they
 * could. */
ix_status ix_launch(ix_tally *tally, const ix_launched *what);

/* OUT/<suite> of a suite. */
void ix_suite_folder(char *out, size_t capacity, const ix_suite *suite);

#endif
