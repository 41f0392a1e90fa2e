/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpoint.h - saved moments of a run on disk: folders OUT/<suite>/<run_id>/step-N (or step-N.K, the K-th after the
 * same number of steps), each with the files of its writers and, written last, COMPLETE: a list of the files with
 * their seals. A folder without COMPLETE was never finished and counts for nothing. What the files hold is their
 * writers' business (train/saver.h). One job at a time: the holder of the run's lock. All functions are local. */
#ifndef IX_STORE_CHECKPOINT_H
#define IX_STORE_CHECKPOINT_H

#include <stdint.h>

#include "base/hash.h"

enum { IX_CHECKPOINT_PATH = 4096, IX_CHECKPOINT_FILE = 64 };

/* One file. first, last: numbers of the first and last parameter of which it holds some; 0, 0 without parameters. */
typedef struct {
    char name[IX_CHECKPOINT_FILE], seal[IX_HASH_HEX];
    char block[IX_CHECKPOINT_FILE]; /* what it holds parts of */
    int64_t data, tensor;           /* whose it is */
    int64_t first, last;
} ix_checkpoint_file;

typedef struct {
    char path[IX_CHECKPOINT_PATH], run_id[192];
    int64_t step, again;  /* again: K of the folder's name, 0 without */
    int64_t data, tensor; /* ranks that wrote it */
    ix_checkpoint_file *file;
    int count;
} ix_checkpoint;

/* A folder that is not there yet for the next checkpoint of that run; leftovers of unfinished ones are removed. */
ix_status ix_checkpoint_place(char path[IX_CHECKPOINT_PATH], const char *run_folder, int64_t step);

/* Writes COMPLETE: from now on the checkpoint is there. */
ix_status ix_checkpoint_complete(const ix_checkpoint *c);

/* Reads COMPLETE. IX_EINPUT: not there, damaged. Release with ix_checkpoint_free. */
ix_status ix_checkpoint_open(ix_checkpoint *out, const char *path);
void ix_checkpoint_free(ix_checkpoint *c);

/* Paths of the folders with a COMPLETE, the latest first; none where there is no such run. Free with
 * ix_checkpoint_paths_free. */
ix_status ix_checkpoint_list(char ***paths, int *count, const char *run_folder);
void ix_checkpoint_paths_free(char **paths, int count);

/* All but the latest `keep` go, and all unfinished ones; the run's folder too if it is empty then. */
void ix_checkpoint_tidy(const char *run_folder, int keep);

#endif
