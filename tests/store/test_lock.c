/* SPDX-License-Identifier: Apache-2.0
 *
 * One owner at any time: dead owners are found out and replaced by exactly one of those who try, living
 * ones never. */
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/hash.h"
#include "example.h"
#include "store/lock.h"

#define PATIENCE 100.0

static int count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0;
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* A lock whose owner is no more. */
static void leave_dead_lock(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        ix_lock *lock;
        ix_lock_report report;
        _exit(ix_lock_take(&lock, path, PATIENCE, &report) == IX_OK && lock ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

static void set_field(const char *path, const char *key, json_t *value)
{
    json_t *j = json_load_file(path, 0, NULL);
    assert_non_null(j);
    json_object_set_new(j, key, value);
    assert_int_equal(json_dump_file(j, path, JSON_PRESERVE_ORDER), 0);
    json_decref(j);
}

static void set_age(const char *path, double seconds)
{
    struct timespec now, times[2];
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= (time_t)seconds;
    times[0] = times[1] = now;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Takes it, wants that outcome, and gives it back. */
static void want(const char *path, ix_lock_state state, const char *text)
{
    ix_lock *lock;
    ix_lock_report report;
    CHECK_OK(ix_lock_take(&lock, path, PATIENCE, &report));
    if (report.state != state || (lock == NULL) != (state == IX_LOCK_BUSY))
        fail_msg("state %d, wanted %d: %s", (int)report.state, (int)state, report.text);
    if (!strstr(report.text, text)) fail_msg("'%s' lacks '%s'", report.text, text);
    ix_lock_release(&lock);
}

static void a_living_owner_keeps_it(void **state)
{
    char *path = example_path(*state, "a.lock"), host[256];
    ix_lock *lock;
    ix_lock_report report;

    CHECK_OK(ix_lock_look(path, PATIENCE, &report));
    assert_int_equal(report.state, IX_LOCK_FREE);
    setenv("SLURM_JOB_ID", "4711", 1);
    CHECK_OK(ix_lock_take(&lock, path, PATIENCE, &report));
    unsetenv("SLURM_JOB_ID");
    assert_non_null(lock);
    assert_int_equal(report.state, IX_LOCK_TAKEN);
    set_age(path, 10 * PATIENCE); /* the process is seen to live: its silence does not matter */
    want(path, IX_LOCK_BUSY, "job 4711, since 20");
    CHECK_OK(ix_lock_look(path, PATIENCE, &report));
    gethostname(host, sizeof host);
    assert_int_equal(report.state, IX_LOCK_BUSY);
    assert_string_equal(report.host, host);
    assert_string_equal(report.job, "4711");
    assert_int_equal(report.pid, getpid());
    ix_lock_release(&lock);
    assert_null(lock);
    assert_int_equal(count_files(*state), 0);
    want(path, IX_LOCK_TAKEN, "");
    CHECK_FAILS(ix_lock_take(&lock, "/nowhere/x.lock", PATIENCE, &report), IX_EIO, "/nowhere/x.lock");
    CHECK_FAILS(ix_lock_take(&lock, *state, PATIENCE, &report), IX_EINPUT, "not a regular file");
    free(path);
}

static void a_dead_owner_loses_it(void **state)
{
    char *path = example_path(*state, "b.lock");

    leave_dead_lock(path);
    want(path, IX_LOCK_TAKEN_OVER, "that process is gone");
    leave_dead_lock(path);
    set_field(path, "pid", json_integer(getpid())); /* the number lives on, as another process */
    set_field(path, "process_start", json_integer(1));
    want(path, IX_LOCK_TAKEN_OVER, "that process is gone");
    leave_dead_lock(path);
    set_field(path, "host", json_string("elsewhere"));
    set_age(path, PATIENCE / 2);
    want(path, IX_LOCK_BUSY, "elsewhere, process ");
    set_age(path, 2 * PATIENCE);
    want(path, IX_LOCK_TAKEN_OVER, "last sign of life 200 s ago");
    leave_dead_lock(path);
    set_field(path, "machine", json_string("another name space of the same host name"));
    want(path, IX_LOCK_BUSY, "process");
    set_age(path, 2 * PATIENCE);
    want(path, IX_LOCK_TAKEN_OVER, "process");
    assert_int_equal(count_files(*state), 0); /* neither claims nor drafts */
    free(path);
}

/* A node crashes, and Slurm starts the job again elsewhere: nobody else's is taken so early. */
static void what_slurm_has_ended_is_taken_over(void **state)
{
    char *path = example_path(*state, "r.lock");

    setenv("SLURM_JOB_ID", "4711", 1);
    setenv("SLURM_CLUSTER_NAME", "lab", 1);
    leave_dead_lock(path);
    set_field(path, "host", json_string("crashed"));
    want(path, IX_LOCK_BUSY, "crashed, process "); /* the same start of the job: ranks of one job do not take turns */
    setenv("SLURM_RESTART_COUNT", "1", 1);
    setenv("SLURM_JOB_ID", "4712", 1);
    want(path, IX_LOCK_BUSY, "job 4711");
    setenv("SLURM_JOB_ID", "4711", 1);
    setenv("SLURM_CLUSTER_NAME", "other", 1);
    want(path, IX_LOCK_BUSY, "job 4711");
    setenv("SLURM_CLUSTER_NAME", "lab", 1);
    want(path, IX_LOCK_TAKEN_OVER, "that job was started again");
    leave_dead_lock(path); /* by the restarted job */
    set_field(path, "host", json_string("crashed"));
    want(path, IX_LOCK_BUSY, "crashed, process ");
    setenv("SLURM_RESTART_COUNT", "2", 1);
    want(path, IX_LOCK_TAKEN_OVER, "that job was started again");
    leave_dead_lock(path); /* by a job that has ended: those who start us asked Slurm */
    set_field(path, "host", json_string("crashed"));
    setenv("SLURM_JOB_ID", "5000", 1);
    setenv("IMPEX_ENDED_JOBS", "47110 14711 471 4711x", 1);
    want(path, IX_LOCK_BUSY, "job 4711");
    setenv("IMPEX_ENDED_JOBS", "47110 4711", 1);
    want(path, IX_LOCK_TAKEN_OVER, "that job has ended");
    unsetenv("SLURM_JOB_ID"), unsetenv("SLURM_CLUSTER_NAME"), unsetenv("SLURM_RESTART_COUNT");
    unsetenv("IMPEX_ENDED_JOBS");
    assert_int_equal(count_files(*state), 0);
    free(path);
}

static void an_unreadable_lock_gets_time(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{\"host\": 3}", "{\"host\":\"x\",\"pid\":1}"};
    char *path = example_path(*state, "c.lock");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK_OK(ix_file_write(path, texts[i], strlen(texts[i])));
        want(path, IX_LOCK_BUSY, "an unreadable lock");
        set_age(path, 2 * PATIENCE);
        want(path, IX_LOCK_TAKEN_OVER, "an unreadable lock");
    }
    free(path);
}

static void heartbeats(void **state)
{
    char *path = example_path(*state, "d.lock"), *before, *after;
    size_t size[2];
    ix_lock *lock, *other;
    ix_lock_report report;
    struct stat st;

    CHECK_OK(ix_lock_take(&lock, path, 0, &report)); /* no patience: every beat is written */
    CHECK_OK(ix_file_read(path, &before, &size[0]));
    set_age(path, 1000);
    usleep(2000);
    CHECK_OK(ix_lock_beat(lock));
    CHECK_OK(ix_file_read(path, &after, &size[1]));
    stat(path, &st);
    assert_true(time(NULL) - st.st_mtime < 500);
    assert_int_equal(size[0], size[1]);
    assert_string_not_equal(before, after);
    json_t *j = json_loads(after, 0, NULL);
    assert_string_not_equal(json_string_value(json_object_get(j, "heartbeat")),
                            json_string_value(json_object_get(j, "started")));
    json_decref(j);

    unlink(path); /* as one who thought we were dead would, and then takes it */
    CHECK_FAILS(ix_lock_beat(lock), IX_EIO, "removed or taken over");
    CHECK_OK(ix_lock_take(&other, path, PATIENCE, &report));
    CHECK_FAILS(ix_lock_beat(lock), IX_EIO, "removed or taken over");
    ix_lock_release(&lock); /* not ours any more: it stays */
    assert_true(ix_file_exists(path));
    CHECK_OK(ix_lock_beat(other)); /* too early to write: not due for PATIENCE / 20 seconds */
    ix_lock_release(&other);
    assert_int_equal(count_files(*state), 0);
    free(before), free(after), free(path);
}

/* Whoever dies while taking over leaves a claim behind: the next one gets past it. */
static void a_claim_can_be_left_behind(void **state)
{
    char *path = example_path(*state, "e.lock"), *bytes, hex[IX_HASH_HEX];
    size_t size;
    ix_lock *claim_lock;
    ix_lock_report report;

    leave_dead_lock(path);
    CHECK_OK(ix_file_read(path, &bytes, &size));
    ix_hash_bytes(bytes, size, hex);
    char *claim = ix_format("%s.claim-%.16s", path, hex), *draft = ix_format("%s.draft-%.16s", path, hex);
    CHECK_OK(ix_lock_take(&claim_lock, claim, PATIENCE, &report));
    want(path, IX_LOCK_BUSY, "another process is taking it over");
    ix_lock_release(&claim_lock);
    leave_dead_lock(claim);
    CHECK_OK(ix_file_write(draft, "half", 4));
    want(path, IX_LOCK_TAKEN_OVER, "that process is gone");
    assert_int_equal(count_files(*state), 0);
    free(bytes), free(claim), free(draft), free(path);
}

enum { PROCESSES = 16, ROUNDS = 50, TENURES = 20 };

typedef struct {
    atomic_int ready, go, tried, winners, owners, violations, failures;
} board;

static board *shared_board(void)
{
    board *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(b != MAP_FAILED);
    return b;
}

/* What takeovers left beside a lock goes once that content is past; what may still be somebody's stays. */
static void what_dead_ones_left_is_swept(void **state)
{
    char *path = example_path(*state, "s.lock"), *bytes = NULL, now[IX_HASH_HEX];
    ix_lock *lock;
    ix_lock_report report;
    size_t size;

    CHECK_OK(ix_lock_take(&lock, path, PATIENCE, &report));
    CHECK_OK(ix_file_read(path, &bytes, &size));
    ix_hash_bytes(bytes, size, now);
    char *left[] = {ix_format("%s.claim-%.16s", path, now), ix_format("%s.claim-0123456789abcdef", path),
                    ix_format("%s.draft-0123456789abcdef", path),
                    ix_format("%s.claim-0123456789abcdef.claim-fedcba9876543210", path)};
    for (int i = 0; i < 4; i++) CHECK_OK(ix_file_write(left[i], "x", 1));
    ix_lock_sweep(*state);
    for (int i = 0; i < 4; i++) assert_true(ix_file_exists(left[i]) == (i == 0));
    assert_int_equal(count_files(*state), 2);
    remove(left[0]);
    ix_lock_release(&lock);
    CHECK_OK(ix_file_write(left[1], "x", 1)); /* and where there is no lock at all */
    ix_lock_sweep(*state);
    assert_int_equal(count_files(*state), 0);
    ix_lock_sweep("/nowhere");
    for (int i = 0; i < 4; i++) free(left[i]);
    free(bytes);
    free(path);
}

static void await(atomic_int *counter, int value)
{
    while (atomic_load(counter) < value) sched_yield();
}

static void race_once(const char *path, board *b)
{
    ix_lock *lock;
    ix_lock_report report;
    atomic_fetch_add(&b->ready, 1);
    await(&b->go, 1);
    if (ix_lock_take(&lock, path, PATIENCE, &report) != IX_OK) atomic_fetch_add(&b->failures, 1);
    if (lock) atomic_fetch_add(&b->winners, 1);
    atomic_fetch_add(&b->tried, 1);
    if (lock) await(&b->tried, PROCESSES);
    ix_lock_release(&lock);
}

static void one_of_many_takes_over(void **state)
{
    char *path = example_path(*state, "f.lock");
    board *b = shared_board();

    for (int round = 0; round < ROUNDS; round++) {
        memset(b, 0, sizeof *b);
        if (round % 5) leave_dead_lock(path); /* every fifth round there is no lock at all */
        for (int i = 0; i < PROCESSES; i++)
            if (fork() == 0) {
                race_once(path, b);
                _exit(0);
            }
        await(&b->ready, PROCESSES);
        atomic_store(&b->go, 1);
        for (int i = 0; i < PROCESSES; i++) wait(NULL);
        assert_int_equal(b->failures, 0);
        assert_int_equal(b->winners, 1);
        assert_int_equal(count_files(*state), 0);
    }
    munmap(b, sizeof *b);
    free(path);
}

/* Takes it however long that takes, is alone, and lets go or dies with the lock in its hand. */
static void own_for_a_moment(const char *path, board *b, bool die)
{
    ix_lock *lock = NULL;
    ix_lock_report report;
    while (!lock) {
        if (ix_lock_take(&lock, path, PATIENCE, &report) != IX_OK) atomic_fetch_add(&b->failures, 1);
        if (!lock) usleep(1000);
    }
    if (atomic_fetch_add(&b->owners, 1) != 0) atomic_fetch_add(&b->violations, 1);
    atomic_fetch_add(&b->winners, 1);
    sched_yield();
    atomic_fetch_sub(&b->owners, 1);
    if (die) _exit(0);
    ix_lock_release(&lock);
}

static void never_two_owners(void **state)
{
    char *path = example_path(*state, "g.lock");
    board *b = shared_board();

    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0) continue;
        for (int round = 0; round < TENURES; round++) {
            if (fork() == 0) {
                own_for_a_moment(path, b, (i + round) % 2);
                _exit(0);
            }
            wait(NULL);
        }
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) wait(NULL);
    assert_int_equal(b->failures, 0);
    assert_int_equal(b->violations, 0);
    assert_int_equal(b->winners, PROCESSES * TENURES);
    munmap(b, sizeof *b);
    free(path);
}

static int set_up(void **state)
{
    *state = example_folder();
    return 0;
}

static int tear_down(void **state)
{
    example_clean(*state);
    return 0;
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_living_owner_keeps_it),
        FRESH(a_dead_owner_loses_it),
        FRESH(what_slurm_has_ended_is_taken_over),
        FRESH(an_unreadable_lock_gets_time),
        FRESH(heartbeats),
        FRESH(a_claim_can_be_left_behind),
        FRESH(what_dead_ones_left_is_swept),
        FRESH(one_of_many_takes_over),
        FRESH(never_two_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
