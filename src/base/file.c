/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

ix_status ix_open_failed(const char *path)
{
    bool machine = errno == EIO || errno == ENOMEM || errno == EMFILE || errno == ENFILE || errno == ESTALE;
    return ix_fail(machine ? IX_EIO : IX_EINPUT, "%s: %s", path, strerror(errno));
}

ix_status ix_file_open(const char *path, int *fd, size_t *size)
{
    ix_status rc = IX_OK;
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) return ix_open_failed(path);
    IX_NEED(fstat(*fd, &st) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    IX_NEED(S_ISREG(st.st_mode), IX_EINPUT, "%s: not a regular file", path);
    *size = (size_t)st.st_size;
done:
    return rc;
}

ix_status ix_file_read(const char *path, char **out, size_t *size)
{
    return ix_file_read_most(path, SIZE_MAX - 1, out, size);
}

ix_status ix_file_read_most(const char *path, size_t most, char **out, size_t *size)
{
    ix_status rc = IX_OK;
    int fd = -1;
    char *text = NULL;
    size_t at = 0;

    *out = NULL;
    *size = 0;
    size_t total = 0;
    IX_TRY(ix_file_open(path, &fd, &total));
    IX_NEED(total <= most, IX_EINPUT, "%s: %zu MiB are more than such a file has", path, total >> 20);
    IX_NEED(text = malloc(total + 1), IX_ENOMEM, "%s: %zu MiB do not fit into memory", path, total >> 20);
    while (at < total) {
        ssize_t got = read(fd, text + at, total - at);
        if (got < 0 && errno == EINTR) continue;
        IX_NEED(got >= 0, IX_EIO, "%s: %s", path, strerror(errno));
        if (got == 0) break; /* shrank meanwhile: what is there is what we read */
        at += (size_t)got;
    }
    text[at] = 0;
    *out = text;
    *size = at;
    text = NULL;
done:
    if (fd >= 0) close(fd);
    free(text);
    return rc;
}

ix_status ix_map_open(ix_map *out, const char *path)
{
    ix_status rc = IX_OK;
    int fd = -1;

    *out = (ix_map){0};
    IX_TRY(ix_file_open(path, &fd, &out->size));
    if (out->size > 0) {
        void *p = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
        IX_NEED(p != MAP_FAILED, IX_EIO, "%s: cannot be mapped: %s", path, strerror(errno));
        out->bytes = p;
    }
done:
    if (fd >= 0) close(fd);
    if (rc != IX_OK) *out = (ix_map){0};
    return rc;
}

void ix_map_close(ix_map *map)
{
    if (map->bytes) munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (ix_map){0};
}

void ix_map_forget(const void *bytes, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), lo = ((uintptr_t)bytes + page - 1) / page * page;
    uintptr_t hi = ((uintptr_t)bytes + size) / page * page;
    if (lo < hi) madvise((void *)lo, hi - lo, MADV_DONTNEED); /* advice only: failing costs nothing but memory */
}

static ix_status write_all(int fd, const char *path, const void *bytes, size_t size)
{
    ix_status rc = IX_OK;
    const char *p = bytes;
    while (size > 0) {
        ssize_t put = write(fd, p, size);
        if (put < 0 && errno == EINTR) continue;
        IX_NEED(put > 0, IX_EIO, "%s: %s", path, strerror(errno));
        p += put;
        size -= (size_t)put;
    }
done:
    return rc;
}

ix_status ix_file_temporary(const char *path, char *temporary, size_t capacity)
{
    int n = snprintf(temporary, capacity, "%s.tmp.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= capacity) return ix_fail(IX_EINPUT, "%s: path is too long", path);
    return IX_OK;
}

void ix_file_sweep(const char *path)
{
    char *copy = ix_format("%s", path), *prefix = ix_format("%s.tmp.", basename(copy)), *folder = ix_format("%s", path);
    DIR *dir = opendir(dirname(folder));

    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && e->d_type != DT_LNK) /* not ours */
            unlinkat(dirfd(dir), e->d_name, 0);
    if (dir) closedir(dir);
    free(copy);
    free(prefix);
    free(folder);
}

static ix_status sync_path(const char *path, int flags)
{
    ix_status rc = IX_OK;
    int fd = -1;
    IX_NEED((fd = open(path, flags | O_CLOEXEC)) >= 0, IX_EIO, "%s: %s", path, strerror(errno));
    /* some file systems refuse to sync a folder and say so with EINVAL: nothing more can be done there */
    IX_NEED(fsync(fd) == 0 || errno == EINVAL, IX_EIO, "%s: %s", path, strerror(errno));
done:
    if (fd >= 0) close(fd);
    return rc;
}

ix_status ix_file_commit(const char *temporary, const char *path)
{
    ix_status rc = IX_OK;
    char *copy = NULL;

    IX_TRY(sync_path(temporary, O_RDONLY));
    IX_NEED(rename(temporary, path) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    copy = ix_format("%s", path);
    IX_TRY(sync_path(dirname(copy), O_RDONLY | O_DIRECTORY));
done:
    free(copy);
    return rc;
}

ix_status ix_file_write(const char *path, const void *bytes, size_t size)
{
    ix_status rc = IX_OK;
    char temporary[4096];
    int fd = -1;
    bool made = false;

    IX_TRY(ix_file_temporary(path, temporary, sizeof temporary));
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    IX_NEED(fd >= 0, IX_EIO, "%s: %s", temporary, strerror(errno));
    made = true;
    IX_TRY(write_all(fd, temporary, bytes, size));
    int closed = close(fd);
    fd = -1;
    IX_NEED(closed == 0, IX_EIO, "%s: %s", temporary, strerror(errno));
    IX_TRY(ix_file_commit(temporary, path));
    made = false;
done:
    if (fd >= 0) close(fd);
    if (made) unlink(temporary);
    return rc;
}

ix_status ix_file_append_line(const char *path, const char *line)
{
    ix_status rc = IX_OK;
    char *text = ix_format("%s\n", line);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    IX_NEED(fd >= 0, IX_EIO, "%s: %s", path, strerror(errno));
    IX_TRY(write_all(fd, path, text, strlen(text)));
    IX_NEED(fsync(fd) == 0 || errno == EINVAL, IX_EIO, "%s: %s", path, strerror(errno));
done:
    if (fd >= 0 && close(fd) != 0 && rc == IX_OK) rc = ix_fail(IX_EIO, "%s: %s", path, strerror(errno));
    free(text);
    return rc;
}

ix_status ix_make_folders(const char *path)
{
    ix_status rc = IX_OK;
    char *copy = ix_format("%s", path);
    for (char *p = copy + 1; copy[0] && *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        IX_NEED(mkdir(copy, 0777) == 0 || errno == EEXIST, IX_EIO, "%s: %s", copy, strerror(errno));
        *p = '/';
    }
    IX_NEED(mkdir(copy, 0777) == 0 || errno == EEXIST, IX_EIO, "%s: %s", copy, strerror(errno));
    struct stat st;
    IX_NEED(stat(copy, &st) == 0, IX_EIO, "%s: %s", copy, strerror(errno));
    IX_NEED(S_ISDIR(st.st_mode), IX_EIO, "%s: is not a folder", copy);
done:
    free(copy);
    return rc;
}

ix_status ix_file_look(const char *path, bool *there)
{
    struct stat st;
    *there = stat(path, &st) == 0;
    if (*there || errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ENAMETOOLONG || errno == ELOOP)
        return IX_OK;
    return ix_fail(IX_EIO, "%s: %s", path, strerror(errno));
}

bool ix_file_exists(const char *path)
{
    bool there;
    return ix_file_look(path, &there) != IX_OK || there;
}

bool ix_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void ix_join_path(char *out, size_t capacity, const char *a, const char *b)
{
    size_t n = strlen(a);
    bool alone = b[0] == '/' || n == 0;
    int size =
        alone ? snprintf(out, capacity, "%s", b) : snprintf(out, capacity, "%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
    IX_CONTRACT(size >= 0 && (size_t)size < capacity);
}

char *ix_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    IX_CONTRACT(n >= 0);
    return text;
}
