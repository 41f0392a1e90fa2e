/* SPDX-License-Identifier: Apache-2.0
 *
 * world_real.c - real ranks: memory and additions are real, nothing else is computed and no time is charged. */
#include "count.h"

static account mine;
static settings given;

void world_start(const settings *s, int64_t largest)
{
    int ranks;
    (void)largest;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    given = *s;
    count_start(&mine, ranks);
}

account *world_account(void)
{
    return &mine;
}

const settings *world_settings(void)
{
    return &given;
}

void world_charge(double seconds)
{
    (void)seconds;
}

void world_spend(void)
{
}

int world_test(int n, MPI_Request *request, int *all, MPI_Status *status)
{
    return __real_MPI_Testall(n, request, all, status);
}

void world_compute(double seconds)
{
    (void)seconds;
}

void world_pass(double bytes)
{
    (void)bytes;
}

double world_time(void)
{
    return MPI_Wtime();
}

sent world_sent(void)
{
    return mine.sum;
}
