/* SPDX-License-Identifier: Apache-2.0
 *
 * Bindings that a launcher makes, right and wrong, on machines that need not be here. */
#include <sched.h>
#include <string.h>

#include "check.h"
#include "machine/processors.h"

enum { MOST = 64 };
static ix_processors rank[MOST];

static ix_processor_set cores(int from, int to)
{
    ix_processor_set set = {{0}};
    for (int i = from; i < to; i++) set.word[i / 64] |= UINT64_C(1) << i % 64;
    return set;
}

/* A rank on cores [from, to) of a node of 16 from core 0 on. */
static void bind(int r, const char *host, int threads, int from, int to)
{
    rank[r] = (ix_processors){.threads = threads, .may = cores(from, to), .could = cores(0, 16)};
    snprintf(rank[r].host, sizeof rank[r].host, "%s", host);
}

static void passes(int ranks, int crowded)
{
    int who;
    CHECK_OK(ix_processors_check(rank, ranks, &who));
    assert_int_equal(who, crowded);
}

static void fails(int ranks, const char *text)
{
    int who;
    CHECK_FAILS(ix_processors_check(rank, ranks, &who), IX_EINPUT, text);
}

static void right(void **state)
{
    (void)state;
    for (int r = 0; r < 8; r++) bind(r, r < 4 ? "a" : "b", 4, r % 4 * 4, r % 4 * 4 + 4); /* --cpus-per-task 4 */
    passes(8, -1);
    for (int r = 0; r < 4; r++) bind(r, "a", 4, 0, 16); /* not bound */
    passes(4, -1);
    for (int r = 0; r < 4; r++) bind(r, "a", 2, 8, 16); /* all on one of two NUMA domains, which has room */
    passes(4, -1);
    bind(0, "a", 1, 3, 4);
    passes(1, -1);
}

/* Ranks that are not bound share what there is: a small machine, a container. */
static void crowded(void **state)
{
    (void)state;
    for (int r = 0; r < 4; r++) {
        bind(r, r < 2 ? "a" : "b", r < 2 ? 1 : 2, 0, 2);
        rank[r].could = cores(0, 2);
    }
    passes(2, -1);
    passes(4, 2);
    assert_int_equal(ix_processors_threads(rank, 4, 3), 4);
    rank[0].could = rank[0].may = cores(0, 1);
    passes(1, -1);
    rank[0].threads = 2;
    fails(1, "rank 0 has 2 threads, but a has 1 core: set OMP_NUM_THREADS or parallel.threads to 1 or fewer");
}

static void wrong(void **state)
{
    (void)state;
    for (int r = 0; r < 4; r++) bind(r, "a", 1, 0, 1);
    fails(4, "4 ranks of 4 threads in all on a were bound to the same 1 of its 16 cores");
    for (int r = 0; r < 4; r++) bind(r, "a", 1, r / 2, r / 2 + 1);
    fails(4, "bound to the same 2 of its 16 cores");
    for (int r = 0; r < 4; r++) bind(r, r < 2 ? "a" : "b", 1, r < 2 ? r : 0, r < 2 ? r + 1 : 1); /* only on b */
    fails(4, "2 ranks of 2 threads in all on b were bound to the same 1 of its 16");
    for (int r = 0; r < 2; r++) bind(r, "a", 8, r, r + 1); /* mpirun's own binding, or no --cpus-per-task */
    fails(2, "rank 0 on a has 8 threads, but was bound to 1 of 16 cores: give each rank its cores (srun "
             "--cpus-per-task 8; mpirun --map-by slot:PE=8, or --bind-to none), or set OMP_NUM_THREADS=1; "
             "IMPEX_OVERSUBSCRIBE=1 insists");
}

static bool in(int core, const cpu_set_t *set)
{
    return CPU_ISSET((size_t)core, set) != 0;
}

/* Of this process: what it is bound to counts, and what it could have is not less. */
static void here(void **state)
{
    (void)state;
    ix_processors p;
    cpu_set_t set, one;
    int first = 0;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    while (!in(first, &set)) first++;
    ix_processors_here(&p, "here", 3);
    assert_int_equal(ix_processors_count(&p.may), CPU_COUNT(&set));
    assert_true(ix_processors_count(&p.could) >= CPU_COUNT(&set));
    assert_true(p.threads == 3 && !strcmp(p.host, "here"));
    int could = ix_processors_count(&p.could);
    CPU_ZERO(&one);
    CPU_SET((size_t)first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    ix_processors_here(&p, "here", 1);
    assert_int_equal(ix_processors_count(&p.may), 1);
    assert_int_equal(ix_processors_count(&p.could), could);
    cpu_set_t after; /* asking has changed nothing */
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&after, &one));
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(right), cmocka_unit_test(crowded), cmocka_unit_test(wrong),
                                       cmocka_unit_test(here)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
