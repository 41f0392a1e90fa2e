/* SPDX-License-Identifier: Apache-2.0
 *
 * exchange.c - the collectives of grid.h: agreement, bytes, and a few numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comm/mpi_call.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A failure that everybody learns with its message. `from`: the rank that knows it. */
static ix_status spread(const ix_grid *g, ix_axis axis, int from, ix_status worst)
{
    size_t size = strlen(ix_message()) + 1;
    char *text;

    ix_grid_bcast(g, axis, from, &size, sizeof size);
    text = calloc(1, size);
    IX_CONTRACT(text != NULL);
    if (g->rank[axis] == from) memcpy(text, ix_message(), size);
    ix_grid_bcast(g, axis, from, text, size);
    ix_fail(worst, "%s", text);
    free(text);
    return worst;
}

ix_status ix_grid_agree(const ix_grid *g, ix_axis axis, ix_status mine)
{
    struct {
        int status, rank;
    } in = {(int)mine, g->rank[axis]}, worst;

    if (g->size[axis] == 1) return mine;
    IX_MPI(MPI_Allreduce(&in, &worst, 1, MPI_2INT, MPI_MAXLOC, g->comm[axis])); /* of equals, the lowest rank */
    if (worst.status == IX_OK) return IX_OK;
    return spread(g, axis, worst.rank, (ix_status)worst.status);
}

ix_status ix_grid_agree_alike(const ix_grid *g, ix_axis axis, ix_status mine)
{
    ix_status rc = ix_grid_agree(g, axis, mine);
    int count[2] = {mine != IX_OK, mine == rc ? g->rank[axis] : g->size[axis]}, first;
    char host[MPI_MAX_PROCESSOR_NAME] = "";

    if (rc == IX_OK || g->size[axis] == 1) return rc;
    IX_MPI(MPI_Allreduce(&count[1], &first, 1, MPI_INT, MPI_MIN, g->comm[axis])); /* whose message it is */
    IX_MPI(MPI_Allreduce(MPI_IN_PLACE, count, 1, MPI_INT, MPI_SUM, g->comm[axis]));
    if (count[0] == g->size[axis]) return rc;
    snprintf(host, sizeof host, "%s", ix_comm_host());
    ix_grid_bcast(g, axis, first, host, sizeof host);
    return ix_fail(rc, "%s (on rank %d, host %s; %d of %d ranks found nothing wrong)", ix_message(), first, host,
                   g->size[axis] - count[0], g->size[axis]);
}

void ix_grid_barrier(const ix_grid *g, ix_axis axis)
{
    IX_MPI(MPI_Barrier(g->comm[axis]));
}

/* A barrier that is asked about once in a millisecond: MPI's code. */
static int sleep_until_all(MPI_Comm comm)
{
    const struct timespec nap = {.tv_nsec = 1000000};
    MPI_Request all;
    int here = 0, code = MPI_Ibarrier(comm, &all);
    while (code == MPI_SUCCESS && !here) {
        code = MPI_Test(&all, &here, MPI_STATUS_IGNORE);
        if (!here) nanosleep(&nap, NULL);
    }
    return code;
}

void ix_grid_rest(const ix_grid *g, ix_axis axis)
{
    IX_MPI(sleep_until_all(g->comm[axis])); /* one wait for others, whoever watches */
}

void ix_grid_bcast(const ix_grid *g, ix_axis axis, int root, void *bytes, size_t size)
{
    char *at = bytes;
    for (size_t piece; size > 0 && g->size[axis] > 1; at += piece, size -= piece) {
        piece = smaller(size, IX_MESSAGE_BYTES);
        IX_MPI(MPI_Bcast(at, (int)piece, MPI_BYTE, root, g->comm[axis]));
    }
}

enum { TAG_PARTS = 1 };

static ix_status make_offsets(ix_parts *out, int ranks)
{
    out->offset = calloc((size_t)ranks + 1, sizeof *out->offset);
    return out->offset ? IX_OK : ix_fail(IX_ENOMEM, "gather: out of memory");
}

/* offset[] holds sizes, one place to the right. */
static ix_status make_room(ix_parts *out, int ranks)
{
    for (int r = 0; r < ranks; r++) out->offset[r + 1] += out->offset[r];
    out->bytes = malloc(out->offset[ranks] + 1);
    return out->bytes ? IX_OK : ix_fail(IX_ENOMEM, "gather: no memory for %zu bytes", out->offset[ranks]);
}

static void send_bytes(MPI_Comm comm, int to, const char *at, size_t size)
{
    for (size_t piece; size > 0; at += piece, size -= piece) {
        piece = smaller(size, IX_MESSAGE_BYTES);
        IX_MPI(MPI_Send(at, (int)piece, MPI_BYTE, to, TAG_PARTS, comm));
    }
}

static void receive_bytes(MPI_Comm comm, int from, char *at, size_t size)
{
    for (size_t piece; size > 0; at += piece, size -= piece) {
        piece = smaller(size, IX_MESSAGE_BYTES);
        IX_MPI(MPI_Recv(at, (int)piece, MPI_BYTE, from, TAG_PARTS, comm, MPI_STATUS_IGNORE));
    }
}

ix_status ix_grid_gather_bytes(const ix_grid *g, ix_axis axis, int root, const void *mine, size_t size, ix_parts *out)
{
    ix_status rc = IX_OK;
    bool receives = g->rank[axis] == root;
    int ranks = g->size[axis];
    MPI_Comm comm = g->comm[axis];

    *out = (ix_parts){0};
    IX_TRY(ix_grid_agree(g, axis, receives ? make_offsets(out, ranks) : IX_OK));
    IX_MPI(
        MPI_Gather(&size, sizeof size, MPI_BYTE, receives ? out->offset + 1 : NULL, sizeof size, MPI_BYTE, root, comm));
    IX_TRY(ix_grid_agree(g, axis, receives ? make_room(out, ranks) : IX_OK));
    if (!receives) send_bytes(comm, root, mine, size);
    for (int r = 0; receives && r < ranks; r++) {
        if (r != root) receive_bytes(comm, r, out->bytes + out->offset[r], out->offset[r + 1] - out->offset[r]);
        else if (size) memcpy(out->bytes + out->offset[r], mine, size);
    }
done:
    if (rc != IX_OK) ix_parts_free(out);
    return rc;
}

void ix_parts_free(ix_parts *parts)
{
    free(parts->bytes);
    free(parts->offset);
    *parts = (ix_parts){0};
}

typedef double (*fold_rule)(double a, double b);

/* x[i] = rule(... rule(rule(rank 0's, rank 1's), rank 2's) ..., the last rank's): on every rank the same operations in
 * the same order. */
static void fold(const ix_grid *g, ix_axis axis, double *x, int64_t n, fold_rule rule)
{
    int ranks = g->size[axis], most = g->room / ranks;
    double *all = g->scratch;
    for (int64_t at = 0; at < n && ranks > 1; at += most) {
        int k = n - at < most ? (int)(n - at) : most;
        IX_MPI(MPI_Allgather(x + at, k, MPI_DOUBLE, all, k, MPI_DOUBLE, g->comm[axis]));
        for (int i = 0; i < k; i++) {
            x[at + i] = all[i];
            for (int r = 1; r < ranks; r++) x[at + i] = rule(x[at + i], all[(int64_t)r * k + i]);
        }
    }
}

static double add(double a, double b)
{
    return a + b;
}

static double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b; /* b if b is no number: the comparison is false then */
}

void ix_grid_sum_double(const ix_grid *g, ix_axis axis, double *x, int64_t n)
{
    fold(g, axis, x, n, add);
}

void ix_grid_max_double(const ix_grid *g, ix_axis axis, double *x, int64_t n)
{
    fold(g, axis, x, n, larger);
}

void ix_grid_merge_double(const ix_grid *g, ix_axis axis, double *x, int64_t n)
{
    const int most = IX_MESSAGE_BYTES / (int)sizeof *x;
    _Static_assert(sizeof *x == sizeof(uint64_t), "a double is merged as 64 bits");
    for (int64_t at = 0; at < n && g->size[axis] > 1; at += most) {
        int k = n - at < most ? (int)(n - at) : most;
        IX_MPI(MPI_Allreduce(MPI_IN_PLACE, x + at, k, MPI_UINT64_T, MPI_BOR, g->comm[axis]));
    }
}
