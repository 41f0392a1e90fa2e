/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that fails: preloaded, it counts the file operations below $SHIM_FOLDER and makes number $SHIM_AT of them fail
 * as $SHIM_HOW says: EIO, EROFS, SHORT (half is written; what is no write fails with EIO), or FULL (from then on
 * nothing more fits). With $SHIM_COUNT it leaves the number of operations in that file. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic long count;

typedef enum { TAKES_ROOM, OTHER } kind;

static bool below(const char *path)
{
    const char *folder = getenv("SHIM_FOLDER");
    return folder && path && strstr(path, folder);
}

static bool below_fd(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return below(path);
}

/* Relative paths are below it when the working folder's file is meant to be: callers here only use whole ones. */
static bool fails(bool concerned, kind k)
{
    const char *at = getenv("SHIM_AT"), *how = getenv("SHIM_HOW");
    if (!concerned) return false;
    long now = ++count, wanted = at ? atol(at) : 0;
    if (wanted == 0 || !how) return false;
    if (!strcmp(how, "FULL")) {
        errno = ENOSPC;
        return now >= wanted && k == TAKES_ROOM;
    }
    errno = !strcmp(how, "EROFS") ? EROFS : EIO;
    return now == wanted;
}

static bool writes_half(void)
{
    const char *how = getenv("SHIM_HOW");
    return how && !strcmp(how, "SHORT");
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int open_any(const char *path, int flags, mode_t mode)
{
    if (fails(below(path), flags & (O_CREAT | O_TMPFILE) ? TAKES_ROOM : OTHER)) return -1;
    return NEXT(open)(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_any(path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    if (!fails(below_fd(fd), TAKES_ROOM)) return NEXT(write)(fd, bytes, size);
    return writes_half() && size > 1 ? NEXT(write)(fd, bytes, size / 2) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    if (!fails(below_fd(fd), TAKES_ROOM)) return NEXT(pwrite)(fd, bytes, size, at);
    return writes_half() && size > 1 ? NEXT(pwrite)(fd, bytes, size / 2, at) : -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return fails(below_fd(fd), OTHER) ? -1 : NEXT(read)(fd, bytes, size);
}

int fsync(int fd)
{
    return fails(below_fd(fd), TAKES_ROOM) ? -1 : NEXT(fsync)(fd);
}

int rename(const char *from, const char *to)
{
    return fails(below(to), OTHER) ? -1 : NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(below(path), TAKES_ROOM) ? -1 : NEXT(mkdir)(path, mode);
}

int rmdir(const char *path)
{
    return fails(below(path), OTHER) ? -1 : NEXT(rmdir)(path);
}

int unlink(const char *path)
{
    return fails(below(path), OTHER) ? -1 : NEXT(unlink)(path);
}

int unlinkat(int folder, const char *path, int flags)
{
    return fails(below_fd(folder), OTHER) ? -1 : NEXT(unlinkat)(folder, path, flags);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    return fails(below(to), TAKES_ROOM) ? -1 : NEXT(linkat)(a, from, b, to, flags);
}

__attribute__((destructor)) static void say(void)
{
    const char *path = getenv("SHIM_COUNT");
    FILE *f = path && count ? fopen(path, "w") : NULL;
    if (!f) return;
    fprintf(f, "%ld\n", count);
    fclose(f);
}
