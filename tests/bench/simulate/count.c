/* SPDX-License-Identifier: Apache-2.0
 *
 * count.c - catches the calls that send, counts them, and charges what they cost the caller. */
#include "count.h"

#include <stdlib.h>

void count_start(account *a, int peers)
{
    *a = (account){.stream = calloc((size_t)peers * STREAM_TAGS, sizeof *a->stream)};
    if (!a->stream) abort();
}

/* One step of FNV-1a over 64 bits. */
static uint64_t mix(uint64_t hash, uint64_t x)
{
    return (hash ^ x) * UINT64_C(1099511628211);
}

static double size_of(int count, MPI_Datatype type)
{
    int size;
    MPI_Type_size(type, &size);
    return (double)count * size;
}

/* The streams' hashes are added up, so that only the order within each counts. */
static void count_message(double bytes, int to, int tag)
{
    account *a = world_account();
    uint64_t *stream = &a->stream[to * STREAM_TAGS + tag % STREAM_TAGS];
    a->sum.messages++;
    a->sum.bytes += bytes;
    a->sum.order -= *stream;
    *stream = mix(mix(mix(*stream, (uint64_t)tag), (uint64_t)to), (uint64_t)bytes);
    a->sum.order += *stream;
}

static void charge(double seconds)
{
    world_account()->sum.charged += seconds;
    world_charge(seconds);
}

int __real_MPI_Isend(const void *x, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request);
int __wrap_MPI_Isend(const void *x, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request)
{
    count_message(size_of(n, type), to, tag);
    charge(world_settings()->message);
    return __real_MPI_Isend(x, n, type, to, tag, comm, request);
}

int __wrap_MPI_Irecv(void *x, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request)
{
    charge(world_settings()->message);
    return __real_MPI_Irecv(x, n, type, from, tag, comm, request);
}

int __wrap_MPI_Testall(int n, MPI_Request *request, int *all, MPI_Status *status)
{
    charge(n * world_settings()->request);
    world_spend();
    return world_test(n, request, all, status);
}

int __wrap_MPI_Waitall(int n, MPI_Request *request, MPI_Status *status)
{
    charge(n * world_settings()->request);
    world_spend();
    return __real_MPI_Waitall(n, request, status);
}

static void count_together(double bytes)
{
    account *a = world_account();
    a->sum.together++;
    a->sum.together_bytes += bytes;
    world_spend();
}

int __real_MPI_Allreduce(const void *in, void *out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm);
int __wrap_MPI_Allreduce(const void *in, void *out, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm)
{
    count_together(size_of(n, type));
    return __real_MPI_Allreduce(in, out, n, type, op, comm);
}

int __real_MPI_Allgather(const void *in, int n, MPI_Datatype type, void *out, int m, MPI_Datatype to, MPI_Comm comm);
int __wrap_MPI_Allgather(const void *in, int n, MPI_Datatype type, void *out, int m, MPI_Datatype to, MPI_Comm comm)
{
    count_together(size_of(n, type));
    return __real_MPI_Allgather(in, n, type, out, m, to, comm);
}
