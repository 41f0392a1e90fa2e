/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that fails: preloaded, it counts the file operations below $SHIM_FOLDER and makes number $SHIM_AT of them fail
 * as $SHIM_HOW says: EIO; SHORT (half is written; what is no write fails with EIO); FULL (from then on nothing more
 * fits); READONLY (from then on nothing may be changed). With $SHIM_LOG it writes a line for each into that file:
 * "operation path". Streams of the C library call these functions, too. */
#include <dirent.h>
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

/* What an operation does to the disk. */
typedef enum { READS, CHANGES, TAKES_ROOM } kind;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static bool below(const char *path)
{
    const char *folder = getenv("SHIM_FOLDER");
    return folder && path && strstr(path, folder);
}

/* The path of an open file, if it is below; else "". */
static const char *path_of(int fd, char path[4096])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095);
    path[n > 0 ? n : 0] = 0;
    if (!below(path)) path[0] = 0;
    return path;
}

static void note(const char *operation, const char *path)
{
    const char *log = getenv("SHIM_LOG");
    int fd = log ? NEXT(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (fd < 0) return;
    dprintf(fd, "%s %s\n", operation, path);
    NEXT(close)(fd);
}

/* Paths are whole ones here. An operation that is no concern of ours has none. */
static bool fails(const char *operation, const char *path, kind k)
{
    const char *at = getenv("SHIM_AT"), *how = getenv("SHIM_HOW");
    if (!below(path)) return false;
    long now = ++count, wanted = at ? atol(at) : 0;
    note(operation, path);
    if (wanted == 0 || !how || now < wanted) return false;
    errno = !strcmp(how, "FULL") ? ENOSPC : !strcmp(how, "READONLY") ? EROFS : EIO;
    if (errno == ENOSPC) return k == TAKES_ROOM;
    if (errno == EROFS) return k != READS;
    return now == wanted;
}

static bool fd_fails(const char *operation, int fd, kind k)
{
    char path[4096];
    return fails(operation, path_of(fd, path), k);
}

static bool writes_half(void)
{
    const char *how = getenv("SHIM_HOW");
    return how && !strcmp(how, "SHORT");
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static int open_any(const char *path, int flags, mode_t mode)
{
    bool makes = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY, writes = (flags & O_ACCMODE) != O_RDONLY;
    if (fails("open", path, makes ? TAKES_ROOM : writes ? CHANGES : READS)) return -1;
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
    if (!fd_fails("write", fd, TAKES_ROOM)) return NEXT(write)(fd, bytes, size);
    return writes_half() && size > 1 ? NEXT(write)(fd, bytes, size / 2) : -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    if (!fd_fails("write", fd, TAKES_ROOM)) return NEXT(pwrite)(fd, bytes, size, at);
    return writes_half() && size > 1 ? NEXT(pwrite)(fd, bytes, size / 2, at) : -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    return fd_fails("read", fd, READS) ? -1 : NEXT(read)(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
    return fd_fails("read", fd, READS) ? -1 : NEXT(pread)(fd, bytes, size, at);
}

int fsync(int fd)
{
    return fd_fails("fsync", fd, TAKES_ROOM) ? -1 : NEXT(fsync)(fd);
}

/* A file that could not be written may say so only now; closed it is all the same. */
int close(int fd)
{
    char path[4096];
    bool writes = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY,
         failed = fails("close", writes ? path_of(fd, path) : "", READS);
    int why = errno, closed = NEXT(close)(fd);
    if (!failed) return closed;
    errno = why;
    return -1;
}

int stat(const char *path, struct stat *out)
{
    return fails("stat", path, READS) ? -1 : NEXT(stat)(path, out);
}

/* --- streams --------------------------------------------------------------------------------------------------------
 */

static ssize_t stream_read(void *cookie, char *bytes, size_t size)
{
    return read((int)(intptr_t)cookie, bytes, size);
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t size)
{
    ssize_t put = write((int)(intptr_t)cookie, bytes, size);
    return put < 0 ? 0 : put; /* the C library's word for a failure here */
}

static int stream_seek(void *cookie, off64_t *at, int whence)
{
    *at = lseek((int)(intptr_t)cookie, *at, whence);
    return *at < 0 ? -1 : 0;
}

static int stream_close(void *cookie)
{
    return close((int)(intptr_t)cookie);
}

FILE *fopen(const char *path, const char *mode)
{
    cookie_io_functions_t ours = {stream_read, stream_write, stream_seek, stream_close};
    int flags = *mode == 'r' ? O_RDONLY : *mode == 'w' ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY | O_CREAT | O_APPEND;
    if (!below(path)) return NEXT(fopen)(path, mode);
    int fd = open_any(path, flags | O_CLOEXEC, 0666);
    return fd < 0 ? NULL : fopencookie((void *)(intptr_t)fd, mode, ours);
}

/* --- names ----------------------------------------------------------------------------------------------------------
 */

int rename(const char *from, const char *to)
{
    return fails("rename", to, CHANGES) ? -1 : NEXT(rename)(from, to);
}

/* A folder that is there is found on any disk. */
int mkdir(const char *path, mode_t mode)
{
    struct stat st;
    if (NEXT(stat)(path, &st) == 0) return NEXT(mkdir)(path, mode);
    return fails("mkdir", path, TAKES_ROOM) ? -1 : NEXT(mkdir)(path, mode);
}

int rmdir(const char *path)
{
    return fails("rmdir", path, CHANGES) ? -1 : NEXT(rmdir)(path);
}

int unlink(const char *path)
{
    return fails("unlink", path, CHANGES) ? -1 : NEXT(unlink)(path);
}

int unlinkat(int folder, const char *name, int flags)
{
    char path[4096];
    path_of(folder, path);
    if (path[0]) snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", name);
    return fails("unlink", path, CHANGES) ? -1 : NEXT(unlinkat)(folder, name, flags);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    return fails("link", to, TAKES_ROOM) ? -1 : NEXT(linkat)(a, from, b, to, flags);
}

DIR *opendir(const char *path)
{
    return fails("opendir", path, READS) ? NULL : NEXT(opendir)(path);
}
