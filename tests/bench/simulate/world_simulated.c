/* SPDX-License-Identifier: Apache-2.0
 *
 * world_simulated.c - ranks of SimGrid's SMPI, all threads of this one process without copies of its globals. All
 * blocks of floats of all ranks are one stretch of addresses that nobody reads or writes: additions and zeros are
 * caught, and pass time instead. */
#include <simgrid/actor.h>
#include <smpi/smpi.h>
#include <stdlib.h>
#include <string.h>

#include "comm/tree.h"
#include "count.h"

enum { MOST_RANKS = 8192 };

static account *of_actor[MOST_RANKS + 1]; /* by the number of the simulator's process, from 1 */
static settings given;
static char *fold;
static size_t fold_bytes;

account *world_account(void)
{
    return of_actor[sg_actor_self_get_pid() % (MOST_RANKS + 1)];
}

const settings *world_settings(void)
{
    return &given;
}

void world_start(const settings *s, int64_t largest)
{
    int ranks;
    account *a = malloc(sizeof *a);
    if (!a) abort();
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (ranks > MOST_RANKS) abort();
    count_start(a, ranks);
    of_actor[sg_actor_self_get_pid() % (MOST_RANKS + 1)] = a;
    if (fold) return;
    given = *s;
    fold_bytes = (size_t)largest;
    fold = SMPI_SHARED_MALLOC(fold_bytes); /* what is sent from here to here is not copied */
    if (!fold) abort();
}

void world_charge(double seconds)
{
    world_account()->pending += seconds;
}

void world_spend(void)
{
    account *a = world_account();
    double seconds = a->pending;
    a->pending = 0;
    if (seconds > 0) smpi_execute(seconds);
}

void world_compute(double seconds)
{
    world_charge(seconds);
    world_spend();
}

void world_pass(double bytes)
{
    world_charge(bytes / given.memory);
}

double world_time(void)
{
    world_spend();
    return MPI_Wtime();
}

sent world_sent(void)
{
    return world_account()->sum;
}

/* What SMPI 3.32 has tested successfully it keeps in a list that later messages are looked for in, so that many tests
 * take forever. Waiting has no such list: for any of the requests or a byte from myself, which comes within a
 * microsecond; when that has come, so has everything before it. */
int world_test(int n, MPI_Request *request, int *all, MPI_Status *status)
{
    MPI_Request *list = malloc(((size_t)n + 1) * sizeof(MPI_Request));
    char byte = 0;
    int which = 0, left = 0;

    (void)status;
    if (!list) abort();
    for (int i = 0; i < n; i++) left += request[i] != MPI_REQUEST_NULL;
    memcpy(list, request, (size_t)n * sizeof(MPI_Request));
    if (left > 0) {
        __real_MPI_Irecv(&byte, 1, MPI_BYTE, 0, 0, MPI_COMM_SELF, &list[n]);
        MPI_Send(&byte, 1, MPI_BYTE, 0, 0, MPI_COMM_SELF);
        while (which != n) {
            MPI_Waitany(n + 1, list, &which, MPI_STATUS_IGNORE);
            left -= which != n;
        }
    }
    memcpy(request, list, (size_t)n * sizeof(MPI_Request));
    free(list);
    *all = left == 0;
    return MPI_SUCCESS;
}

/* --- what is caught ------------------------------------------------------------------------------------------- */

/* SMPI promises less than it keeps: a process is one thread here anyway. */
int __real_MPI_Init_thread(int *argc, char ***argv, int wanted, int *level);
int __wrap_MPI_Init_thread(int *argc, char ***argv, int wanted, int *level)
{
    int code = __real_MPI_Init_thread(argc, argv, wanted, level);
    *level = wanted;
    return code;
}

/* Every block is the same: it begins where all begin. */
void *__wrap_ix_alloc_block(size_t bytes)
{
    return bytes <= fold_bytes ? fold : NULL;
}

void *__real_memset(void *x, int value, size_t bytes);
void *__wrap_memset(void *x, int value, size_t bytes)
{
    if ((char *)x < fold || (char *)x >= fold + fold_bytes || !fold) return __real_memset(x, value, bytes);
    world_pass((double)bytes);
    return x;
}

void __wrap_ix_tree_add(float *const *base, const ix_add *adds, int count, int64_t lo, int64_t hi)
{
    (void)base;
    (void)adds;
    world_pass((double)count * 3 * sizeof(float) * (double)(hi - lo));
}

void __wrap_ix_tree_add_ranks(float *x, const float *others, int64_t n, int ranks, int mine)
{
    (void)x;
    (void)others;
    (void)mine;
    world_pass((double)(ranks + 1) * sizeof(float) * (double)n);
}
