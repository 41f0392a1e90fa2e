/* SPDX-License-Identifier: Apache-2.0
 *
 * count.h - what every kind of world counts and how calls are caught: the program is linked with --wrap, so that
 * src/comm's calls come to world_count.c first. */
#ifndef IX_COUNT_H
#define IX_COUNT_H

#include <mpi.h>

#include "step.h"

/* Of the rank that calls. */
typedef struct {
    sent sum;
    uint64_t *stream; /* [peers * STREAM_TAGS] the messages so far to each with each tag */
    double pending;   /* seconds that this rank has yet to spend */
} account;

enum { STREAM_TAGS = 8 };

/* Each world's own. */
account *world_account(void);         /* of this rank */
void world_charge(double seconds);    /* this rank was busy for so long: is spent at the next world_spend */
void world_spend(void);               /* spends it */
const settings *world_settings(void); /* as world_start got them */
int world_test(int n, MPI_Request *request, int *all, MPI_Status *status); /* MPI_Testall */
int __real_MPI_Testall(int n, MPI_Request *request, int *all, MPI_Status *status);
int __real_MPI_Irecv(void *x, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request);
int __real_MPI_Waitall(int n, MPI_Request *request, MPI_Status *status);

void count_start(account *a, int peers);

#endif
