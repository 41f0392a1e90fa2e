/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define MOST_BYTES 4096 /* of a lock file: anything longer is not ours */
#define CLAIM_DEPTH 2   /* a claim is a lock too: its dead owner's may be taken over, and that one's once more */
#define HALF_WRITTEN 60 /* seconds that an empty lock may be about to be written */

struct ix_lock {
    char *path;
    int fd, depth;
    off_t beat_at; /* where the time of the heartbeat stands */
    double patience, beaten;
};

/* The lock as found. */
typedef struct {
    ix_lock_state state; /* FREE, BUSY or DEAD */
    char content[IX_HASH_HEX];
    ix_lock_report report;
} sight;

static void read_line(const char *path, char *text, size_t capacity)
{
    FILE *f = fopen(path, "re");
    text[0] = 0;
    if (!f) return;
    if (!fgets(text, (int)capacity, f)) text[0] = 0;
    text[strcspn(text, "\n")] = 0;
    fclose(f);
}

/* What makes process numbers comparable: this boot of this machine, and the name space they live in. */
static void machine_name(char text[128])
{
    char boot[64], space[48] = "";
    read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    space[n > 0 ? n : 0] = 0;
    snprintf(text, 128, "%s %s", boot, space);
}

/* Start time of a process in kernel ticks; 0: unknown. *gone: only its exit status is left. */
static long long process_start(int64_t pid, bool *gone)
{
    char path[64], text[1024];
    long long start = 0;
    char state = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    read_line(path, text, sizeof text);
    const char *after = strrchr(text, ')'); /* the command name before it may contain anything */
    int got =
        after ? sscanf(after + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
                       &state, &start)
              : 0;
    *gone = got >= 1 && (state == 'Z' || state == 'X');
    return got == 2 ? start : 0;
}

static bool process_lives(int64_t pid, long long start)
{
    bool gone;
    if (pid <= 0 || pid > INT32_MAX || (kill((pid_t)pid, 0) != 0 && errno != EPERM)) return false;
    long long now = process_start(pid, &gone);
    return !gone && (now == 0 || start == 0 || now == start);
}

static const char *text_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? text : "";
}

/* How often Slurm has started this job again. */
static long long own_restart(void)
{
    return strtoll(text_of("SLURM_RESTART_COUNT"), NULL, 10);
}

static char *own_content(void)
{
    char host[256] = "", machine[128], started[IX_UTC];
    unsigned char chance[8] = {0};
    char nonce[17];
    bool gone;

    gethostname(host, sizeof host - 1);
    machine_name(machine);
    ix_utc(started);
    if (getrandom(chance, sizeof chance, 0) < 0) memcpy(chance, &(double){ix_seconds()}, sizeof chance);
    for (int i = 0; i < 8; i++) snprintf(nonce + 2 * i, 3, "%02x", chance[i]);
    json_t *j =
        json_pack("{s:s, s:I, s:s, s:s, s:I, s:s, s:s, s:I, s:s, s:s}", "host", host, "pid", (json_int_t)getpid(),
                  "job", text_of("SLURM_JOB_ID"), "cluster", text_of("SLURM_CLUSTER_NAME"), "restart",
                  (json_int_t)own_restart(), "started", started, "machine", machine, "process_start",
                  (json_int_t)process_start(getpid(), &gone), "nonce", nonce, "heartbeat", started);
    char *text = j ? json_dumps(j, JSON_PRESERVE_ORDER) : NULL;
    json_decref(j);
    IX_CONTRACT(text); /* no memory for a line, or a host name that is not UTF-8 */
    return text;
}

/* Writes our line at the start of an open, empty file and lets other machines see it. */
static ix_status write_content(int fd, const char *path, off_t *beat_at)
{
    ix_status rc = IX_OK;
    char *text = own_content();
    size_t size = strlen(text);

    *beat_at = (off_t)(size - strlen("\"}") - (IX_UTC - 1));
    ssize_t put = pwrite(fd, text, size, 0);
    IX_NEED(put == (ssize_t)size, IX_EIO, "%s: %s", path, put < 0 ? strerror(errno) : "short write");
    IX_NEED(fsync(fd) == 0, IX_EIO, "%s: %s", path, strerror(errno));
done:
    free(text);
    return rc;
}

/* A disk that does not say is no other owner. */
static ix_status look_whose(const ix_lock *lock, bool *ours)
{
    ix_status rc = IX_OK;
    struct stat mine, there;
    *ours = false;
    IX_NEED(fstat(lock->fd, &mine) == 0, IX_EIO, "%s: %s", lock->path, strerror(errno));
    if (stat(lock->path, &there) == 0) *ours = mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
    else IX_NEED(errno == ENOENT || errno == ESTALE, IX_EIO, "%s: %s", lock->path, strerror(errno));
done:
    return rc;
}

/* What a lock says of its owner beside what is reported. */
typedef struct {
    char machine[128], since[IX_UTC], cluster[64];
    long long start, restart;
} owner;

/* The fields of a lock; false when it is not one of ours. */
static bool parse(const char *text, size_t size, ix_lock_report *report, owner *o)
{
    json_t *j = json_loadb(text, size, 0, NULL);
    const char *host = NULL, *job = NULL, *where = NULL, *started = NULL, *cluster = "";
    json_int_t pid = 0, ticks = 0, restart = 0;
    bool good = j && json_unpack(j, "{s:s, s:I, s:s, s:s, s:s, s:I, s?s, s?I}", "host", &host, "pid", &pid, "job", &job,
                                 "started", &started, "machine", &where, "process_start", &ticks, "cluster", &cluster,
                                 "restart", &restart) == 0;
    if (good) {
        snprintf(report->host, sizeof report->host, "%s", host);
        snprintf(report->job, sizeof report->job, "%s", job);
        snprintf(o->machine, sizeof o->machine, "%s", where);
        snprintf(o->since, sizeof o->since, "%s", started);
        snprintf(o->cluster, sizeof o->cluster, "%s", cluster);
        report->pid = pid;
        o->start = ticks;
        o->restart = restart;
    }
    json_decref(j);
    return good;
}

/* Is it among the words of IMPEX_ENDED_JOBS? Whoever starts us asked Slurm. */
static bool is_named_ended(const char *job)
{
    const char *list = text_of("IMPEX_ENDED_JOBS");
    size_t n = strlen(job);
    for (const char *at = list; (at = strstr(at, job)); at += n)
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n])) return true;
    return false;
}

/* A Slurm job that has ended, or an earlier start of the one that we are: Slurm starts a job again only when it has
 * given up what was before. NULL: neither. */
static const char *ended_job(const ix_lock_report *r, const owner *o)
{
    if (!r->job[0] || strcmp(o->cluster, text_of("SLURM_CLUSTER_NAME")) != 0) return NULL;
    if (is_named_ended(r->job)) return "; that job has ended";
    bool ours = !strcmp(r->job, text_of("SLURM_JOB_ID"));
    return ours && o->restart < own_restart() ? "; that job was started again" : NULL;
}

/* Alive or dead, and the sentence that says why. `age`: seconds since its last sign of life. */
static void judge(sight *s, const char *text, size_t size, double age, double patience)
{
    ix_lock_report *r = &s->report;
    char here[128], host[256] = "";
    owner o = {.start = 0};

    machine_name(here);
    gethostname(host, sizeof host - 1);
    if (!parse(text, size, r, &o)) {
        bool old = age > (patience > HALF_WRITTEN ? patience : HALF_WRITTEN);
        s->state = old ? IX_LOCK_DEAD : IX_LOCK_BUSY;
        snprintf(r->text, sizeof r->text, "an unreadable lock, %.0f s old", age);
        return;
    }
    bool local = strcmp(host, r->host) == 0 && strcmp(here, o.machine) == 0;
    const char *why = local ? "; that process is gone" : ended_job(r, &o);
    bool lives = local ? process_lives(r->pid, o.start) : !why && age <= patience;
    s->state = lives ? IX_LOCK_BUSY : IX_LOCK_DEAD;
    snprintf(r->text, sizeof r->text, "%.100s, process %lld%s%s, since %s, %s %.0f s ago%s", r->host, (long long)r->pid,
             r->job[0] ? ", job " : "", r->job, o.since, "last sign of life", age, lives || !why ? "" : why);
}

/* `now` by the clock that dates the files of this folder. */
static ix_status look(const char *path, double patience, double now, sight *s)
{
    ix_status rc = IX_OK;
    char text[MOST_BYTES];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *s = (sight){.state = IX_LOCK_FREE};
    if (fd < 0 && errno == ENOENT) return IX_OK;
    IX_NEED(fd >= 0 && fstat(fd, &st) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    IX_NEED(S_ISREG(st.st_mode), IX_EINPUT, "%s: not a regular file", path);
    ssize_t size = pread(fd, text, sizeof text, 0);
    IX_NEED(size >= 0, IX_EIO, "%s: %s", path, strerror(errno));
    double age = now - (double)st.st_mtim.tv_sec - 1e-9 * (double)st.st_mtim.tv_nsec;
    ix_hash_bytes(text, (size_t)size, s->content);
    judge(s, text, (size_t)size, age, patience);
done:
    if (fd >= 0) close(fd);
    return rc;
}

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ix_status ix_lock_look(const char *path, double patience, ix_lock_report *report)
{
    sight s;
    ix_status rc = look(path, patience, wall_clock(), &s);
    *report = s.report;
    report->state = s.state;
    return rc;
}

static void close_lock(ix_lock **lock)
{
    if (!*lock) return;
    if ((*lock)->fd >= 0) close((*lock)->fd);
    free((*lock)->path);
    free(*lock);
    *lock = NULL;
}

/* A file without a name in the folder of `path`, to be linked when it is complete, so that a kill never leaves an empty
 * lock behind. -1: this file system has none. */
static int open_nameless(const char *path)
{
    char *copy = ix_format("%s", path);
    int fd = open(dirname(copy), O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    free(copy);
    return fd;
}

static bool give_name(int fd, const char *path)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* The file of a new lock with our line in it. lock->fd stays -1 if there is a file already. */
static ix_status create_file(ix_lock *lock)
{
    ix_status rc = IX_OK;
    bool there;
    IX_TRY(ix_file_look(lock->path, &there));
    if (there) return IX_OK;
    lock->fd = open_nameless(lock->path);
    if (lock->fd >= 0) {
        IX_TRY(write_content(lock->fd, lock->path, &lock->beat_at));
        if (give_name(lock->fd, lock->path)) return IX_OK;
        bool exists = errno == EEXIST;
        close(lock->fd);
        lock->fd = -1;
        if (exists) return IX_OK;
    }
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (lock->fd < 0 && errno == EEXIST) return IX_OK;
    IX_NEED(lock->fd >= 0, IX_EIO, "%s: %s", lock->path, strerror(errno));
    rc = write_content(lock->fd, lock->path, &lock->beat_at);
    if (rc != IX_OK) unlink(lock->path);
done:
    return rc;
}

/* A new file at `path` with our line in it: *out stays NULL if there is a file already. */
static ix_status create(ix_lock **out, const char *path, double patience)
{
    ix_status rc = IX_OK;
    ix_lock *lock = NULL;
    bool ours = false;

    IX_NEED(lock = calloc(1, sizeof *lock), IX_ENOMEM, "%s: no memory", path);
    *lock = (ix_lock){.path = ix_format("%s", path), .patience = patience, .beaten = ix_seconds(), .fd = -1};
    IX_TRY(create_file(lock));
    if (lock->fd >= 0) IX_TRY(look_whose(lock, &ours));
    if (!ours) goto done; /* or it took so long that we were given up for dead */
    *out = lock;
    lock = NULL;
done:
    close_lock(&lock);
    return rc;
}

static ix_status take(ix_lock **out, const char *path, double patience, int depth, ix_lock_report *report);

/* The right to replace or remove the lock of that content; *out stays NULL if somebody else has it. */
static ix_status take_claim(ix_lock **out, const char *path, const char *content, double patience, int depth)
{
    ix_lock_report report;
    if (depth == 0) return IX_OK;
    char *claim = ix_format("%s.claim-%.16s", path, content);
    ix_status rc = take(out, claim, patience, depth - 1, &report);
    free(claim);
    return rc;
}

/* Puts a new lock of ours over the dead one. Contract: we hold the claim on it. */
static ix_status replace(ix_lock **out, const char *path, const char *content, double patience)
{
    ix_status rc = IX_OK;
    ix_lock *lock = NULL;
    char *draft = ix_format("%s.draft-%.16s", path, content);

    unlink(draft); /* of one who died holding the claim */
    IX_TRY(create(&lock, draft, patience));
    IX_NEED(lock && rename(draft, path) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    free(lock->path);
    lock->path = ix_format("%s", path);
    *out = lock;
    lock = NULL;
done:
    if (lock) unlink(draft);
    close_lock(&lock);
    free(draft);
    return rc;
}

/* Finds out again, now with the claim and by the file system's own clock, and only then replaces. */
static ix_status take_over(ix_lock **out, const char *path, const sight *before, double patience, const ix_lock *claim)
{
    ix_status rc = IX_OK;
    struct stat st;
    sight s;

    IX_NEED(fstat(claim->fd, &st) == 0, IX_EIO, "%s: %s", path, strerror(errno));
    IX_TRY(look(path, patience, (double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec, &s));
    if (s.state == IX_LOCK_DEAD && strcmp(s.content, before->content) == 0)
        IX_TRY(replace(out, path, s.content, patience));
done:
    return rc;
}

static ix_status take(ix_lock **out, const char *path, double patience, int depth, ix_lock_report *report)
{
    ix_status rc = IX_OK;
    ix_lock *claim = NULL;
    sight s = {0};

    for (int i = 0; i < 100; i++) {
        IX_TRY(create(out, path, patience));
        *report = (ix_lock_report){.state = IX_LOCK_TAKEN};
        if (*out) goto done;
        IX_TRY(look(path, patience, wall_clock(), &s));
        if (s.state == IX_LOCK_FREE) continue; /* released in between */
        *report = s.report;
        report->state = IX_LOCK_BUSY;
        if (s.state == IX_LOCK_BUSY) goto done;
        IX_TRY(take_claim(&claim, path, s.content, patience, depth));
        if (!claim) {
            size_t used = strlen(report->text);
            snprintf(report->text + used, sizeof report->text - used, "; another process is taking it over");
            goto done;
        }
        IX_TRY(take_over(out, path, &s, patience, claim));
        ix_lock_release(&claim);
        report->state = IX_LOCK_TAKEN_OVER;
        if (*out) goto done; /* else it was not what it had been: look again */
    }
    report->state = IX_LOCK_BUSY;
done:
    if (*out) (*out)->depth = depth;
    ix_lock_release(&claim);
    return rc;
}

ix_status ix_lock_take(ix_lock **out, const char *path, double patience, ix_lock_report *report)
{
    *out = NULL;
    return take(out, path, patience, CLAIM_DEPTH, report);
}

ix_status ix_lock_beat(ix_lock *lock)
{
    ix_status rc = IX_OK;
    char now[IX_UTC];
    bool ours;

    if (ix_seconds() - lock->beaten < lock->patience / 20) return IX_OK;
    IX_TRY(look_whose(lock, &ours));
    IX_NEED(ours, IX_EIO, "%s: this lock was removed or taken over by another process", lock->path);
    ix_utc(now);
    ssize_t put = pwrite(lock->fd, now, IX_UTC - 1, lock->beat_at); /* the same length: never half a line */
    IX_NEED(put == IX_UTC - 1 && fsync(lock->fd) == 0, IX_EIO, "%s: %s", lock->path, strerror(errno));
    lock->beaten = ix_seconds();
done:
    return rc;
}

/* Whoever gave us up for dead holds the claim on our lock, or has replaced it: then it is not ours to
 * remove. A claim that cannot be made at all (full disk) is no reason to leave the lock behind. */
void ix_lock_release(ix_lock **lock)
{
    ix_lock *l = *lock, *claim = NULL;
    char text[MOST_BYTES], content[IX_HASH_HEX];
    bool ours;

    if (!l) return;
    ssize_t size = pread(l->fd, text, sizeof text, 0);
    ix_hash_bytes(text, size > 0 ? (size_t)size : 0, content);
    bool tried = l->depth == CLAIM_DEPTH && take_claim(&claim, l->path, content, l->patience, l->depth) == IX_OK;
    if ((claim || !tried) && look_whose(l, &ours) == IX_OK && ours) unlink(l->path);
    ix_lock_release(&claim);
    close_lock(lock);
}

/* --- what dead ones leave ------------------------------------------------------------------------------------- */

/* "<lock>.claim-X..." or "<lock>.draft-X...": cuts the name behind <lock>, gives X. NULL: neither. */
static const char *content_of(char *name)
{
    static const char *const infix[] = {".lock.claim-", ".lock.draft-"};
    for (size_t i = 0; i < sizeof infix / sizeof *infix; i++) {
        char *at = strstr(name, infix[i]);
        if (!at || strlen(at) < strlen(infix[i]) + 16) continue;
        at[strlen(".lock")] = 0;
        return at + strlen(infix[i]);
    }
    return NULL;
}

static void sweep_file(const char *folder, const char *name)
{
    char *lock = ix_format("%s", name), *file = ix_format("%s/%s", folder, name), *path = NULL;
    const char *content = content_of(lock);
    sight s;
    if (content) {
        path = ix_format("%s/%s", folder, lock);
        bool gone = look(path, HALF_WRITTEN, wall_clock(), &s) == IX_OK && strncmp(s.content, content, 16) != 0;
        if (gone) unlink(file);
    }
    free(lock);
    free(file);
    free(path);
}

void ix_lock_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) sweep_file(folder, e->d_name);
    closedir(dir);
}
