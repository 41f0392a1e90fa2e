/* SPDX-License-Identifier: Apache-2.0
 *
 * files.c - how fast a folder takes files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "machine/probe.h"

enum { PIECE = 4 << 20, PIECES = 16, SMALL = 4096, SMALL_FILES = 15 };

static ix_status write_all(int fd, const char *bytes, size_t size, const char *path)
{
    for (ssize_t n; size > 0; bytes += n, size -= (size_t)n) {
        n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) n = 0;
        else if (n <= 0) return ix_fail(IX_EIO, "%s: %s", path, n < 0 ? strerror(errno) : "nothing was written");
    }
    return IX_OK;
}

static ix_status write_large(const char *path, const char *bytes, double *seconds)
{
    ix_status rc = IX_OK;
    double start = ix_seconds();
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    IX_NEED(fd >= 0, IX_EIO, "%s: %s", path, strerror(errno));
    for (int i = 0; i < PIECES; i++) IX_TRY(write_all(fd, bytes, PIECE, path));
    IX_NEED(fsync(fd) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    *seconds = ix_seconds() - start;
done:
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return rc;
}

static ix_status write_small(const char *path, const char *bytes, double *seconds)
{
    double time[SMALL_FILES];
    for (int i = 0; i < SMALL_FILES; i++) {
        double start = ix_seconds();
        ix_status rc = ix_file_write(path, bytes, SMALL);
        time[i] = ix_seconds() - start;
        if (rc != IX_OK) return rc;
    }
    unlink(path);
    *seconds = ix_median(time, SMALL_FILES);
    return IX_OK;
}

ix_status ix_probe_files(const char *folder, double *write_rate, double *small_file)
{
    ix_status rc = IX_OK;
    double seconds[3];
    char *bytes = ix_alloc_block(PIECE), *path = ix_format("%s/impex-probe.%ld", folder, (long)getpid());

    IX_NEED(bytes, IX_ENOMEM, "measuring files: out of memory");
    IX_TRY(ix_make_folders(folder));
    for (size_t i = 0; i < PIECE; i++) bytes[i] = (char)((i * 2654435761u) >> 13); /* nothing that compresses well */
    for (int i = 0; i < 3; i++) IX_TRY(write_large(path, bytes, &seconds[i]));
    *write_rate = (double)PIECE * PIECES / ix_median(seconds, 3);
    IX_TRY(write_small(path, bytes, small_file));
done:
    free(bytes);
    free(path);
    return rc;
}
