/* SPDX-License-Identifier: Apache-2.0
 *
 * file.h - reading whole files, and writing them so that no moment shows half of one. Local. */
#ifndef IX_BASE_FILE_H
#define IX_BASE_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* The whole file in memory, a zero byte after it. Free *out with free(). */
ix_status ix_file_read(const char *path, char **out, size_t *size);
ix_status ix_file_read_most(const char *path, size_t most, char **out,
                            size_t *size); /* IX_EINPUT beyond `most` bytes */

/* The status of a path that could not be opened for reading, right after the attempt: IX_EINPUT where the user has to
 * mend it, IX_EIO where the machine failed. */
ix_status ix_open_failed(const char *path);

/* Opens a regular file for reading: IX_EINPUT for what is not there or no file; never waits, as on a pipe. */
ix_status ix_file_open(const char *path, int *fd, size_t *size);

/* A read-only map of a file. An empty file gives a NULL pointer and size 0. */
typedef struct {
    const unsigned char *bytes;
    size_t size;
} ix_map;
ix_status ix_map_open(ix_map *out, const char *path);
void ix_map_close(ix_map *map);
/* Whole pages of a map leave this process's memory; looked at again they are read again. */
void ix_map_forget(const void *bytes, size_t size);

/* Writes beside, syncs, renames over, syncs the folder. The old file stays whole on failure. */
ix_status ix_file_write(const char *path, const void *bytes, size_t size);

/* The two halves of that for writers of their own (HDF5): `temporary` is "<path>.tmp.<pid>". */
ix_status ix_file_temporary(const char *path, char *temporary, size_t capacity);
ix_status ix_file_commit(const char *temporary, const char *path);

/* Removes the temporary files of a path whose writers were killed. For one that nobody else is writing. */
void ix_file_sweep(const char *path);

/* Appends one line (a newline is added) and syncs it: for ledgers. */
ix_status ix_file_append_line(const char *path, const char *line);

ix_status ix_make_folders(const char *path); /* mkdir -p */
bool ix_file_exists(const char *path);       /* any kind; also where the disk fails to say: nothing is taken for lost */
ix_status ix_file_look(const char *path, bool *there); /* IX_EIO there */
bool ix_is_folder(const char *path);

/* "a/b" into out; contract: it fits. If b is absolute, b alone. */
void ix_join_path(char *out, size_t capacity, const char *a, const char *b);

/* The number formatted text would need, then the text itself: asprintf that ends the job when there
 * is no memory. Free with free(). */
char *ix_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
