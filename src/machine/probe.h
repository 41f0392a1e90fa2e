/* SPDX-License-Identifier: Apache-2.0
 *
 * probe.h - what this machine can do, measured on the spot. Local. */
#ifndef IX_MACHINE_PROBE_H
#define IX_MACHINE_PROBE_H

#include "machine/machine.h"

/* FLOP/s of C[m,n] = A[m,k] B[n,k]^T, the shape of a layer's forward products, with the OpenMP threads of this process:
 * the best of the repetitions that fit `seconds`, at least one after a first that does not count. */
ix_status ix_probe_gemm(double *flops, int64_t m, int64_t n, int64_t k, double seconds);

/* FLOP/s of the three products that a matrix W[n,k] takes part in, for m rows, the median of the repetitions: y = x
 * W^T, dx = dy W, dW += dy^T x. Matrices of more than 64 MiB are cut: they run at the same rate. */
ix_status ix_probe_product(double rate[IX_WAYS], int64_t m, int64_t n, int64_t k, double seconds);

/* bytes/s of a[i] = b[i] + s c[i] over three arrays of 64 MiB, 12 bytes per i, with the threads of this process
 * (McCalpin's STREAM): the best of the repetitions. */
ix_status ix_probe_triad(double *bytes_per_second, double seconds);

/* A folder: bytes/s of a file of 64 MiB that is written and synced, and seconds for one of 4 KiB that is written
 * beside, synced and renamed; medians. The folder is made if it is not there; the files go away. */
ix_status ix_probe_files(const char *folder, double *write_rate, double *small_file);

int ix_probe_cores(void);                      /* that this process may use */
/* The same as a set, a bit each, for those of several ranks of a node: ix_cores_together counts them. */
enum { IX_CORES_BYTES = 128 };
typedef struct {
    unsigned char bits[IX_CORES_BYTES];
} ix_cores;
void ix_probe_core_set(ix_cores *out);
int ix_cores_together(const ix_cores *const *set, int n);
int64_t ix_probe_memory(void);                 /* bytes that this machine gives this job; 0: unknown */
void ix_probe_cpu(char *out, size_t capacity); /* its name, "unknown" if it has none */

#endif
