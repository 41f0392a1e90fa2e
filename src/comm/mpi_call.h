/* SPDX-License-Identifier: Apache-2.0
 *
 * mpi_call.h - inside comm only: MPI's own header, and what every call to it goes through. */
#ifndef IX_COMM_MPI_CALL_H
#define IX_COMM_MPI_CALL_H

#include <mpi.h>

#include "base/alive.h"
#include "comm/grid.h"

/* MPI is broken: names place and error, ends the job. Communicators return their errors (MPI_ERRORS_RETURN). Meanwhile
 * the main thread counts as one that may wait for others. */
#define IX_MPI(call)                                                        \
    do {                                                                    \
        ix_alive_waits(true);                                               \
        int code_ = (call);                                                 \
        ix_alive_waits(false);                                              \
        if (code_ != MPI_SUCCESS) ix_mpi_broken(__FILE__, __LINE__, code_); \
    } while (0)

_Noreturn void ix_mpi_broken(const char *file, int line, int code);

struct ix_grid {
    MPI_Comm comm[IX_AXES];
    int rank[IX_AXES], size[IX_AXES];
    int group, groups;
    int *first;    /* [groups + 1]: world ranks of their first ranks, and of who is in none; NULL: there is no world */
    void *scratch; /* for `room` numbers, at least one per rank of the world */
    int room;
    float *sums; /* IX_SUM_FLOATS of them, where the tensor axis has ranks to sum over; else NULL */
    bool alone;  /* from ix_grid_create_self: the communicators are not ours */
};

/* So much of a long sum over the tensor axis at a time. */
enum { IX_SUM_FLOATS = 1 << 20 };

/* One message carries at most this many bytes: counts in MPI-3 are int. */
enum { IX_MESSAGE_BYTES = 1 << 30 };

#endif
