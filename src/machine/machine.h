/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.h - what a machine can do, as numbers that a plan computes with: measured by ix_machine_measure, kept as
 * JSON (impex probe --save), read again by impex plan --probe.
 *
 * Rates of products and of memory are those of one core while all cores of the node are at work: a rank of so many
 * threads has so many times as much. */
#ifndef IX_MACHINE_MACHINE_H
#define IX_MACHINE_MACHINE_H

#include "comm/probe.h"

/* A matrix of a model: y[m,n] = x[m,k] W[n,k]^T, `count` times in a pass. Head rows are not those of the trunk. */
typedef struct {
    int64_t n, k, count;
    bool head;
} ix_product;

/* FLOP/s of one core at the three products of such a matrix. */
enum { IX_FORWARD, IX_TO_INPUT, IX_TO_WEIGHTS, IX_WAYS };
typedef struct {
    int64_t m, n, k;
    double rate[IX_WAYS];
} ix_product_rate;

typedef struct {
    double write;      /* bytes/s of a large file, synced */
    double small_file; /* seconds to write, sync and rename a file of 4 KiB */
    char folder[256];  /* "": not measured */
} ix_disk;

enum { IX_PRODUCT_RATES = 64 };
typedef struct {
    char cpu[128], host[256], library[128];          /* of the first rank; message passing */
    char measured[32];                               /* when, in UTC */
    int nodes, ranks, ranks_on_node, threads, cores; /* cores: that the ranks of a node use, ranks_on_node * threads */
    int64_t memory;                                  /* bytes of a node that this job may use; 0: unknown */
    double core_peak, node_peak;                     /* FLOP/s: the best of 1024^3 and 2048^3 */
    double core_triad, node_triad;                   /* bytes/s of a[i] = b[i] + s c[i], 12 bytes per i */
    ix_product_rate product[IX_PRODUCT_RATES];
    int products;
    ix_link within, between;
    ix_sums sums;
    ix_disk disk;
} ix_machine;

/* What is looked at. Zero or NULL leaves it out. */
typedef struct {
    const ix_product *product; /* at `rows` rows */
    int products;
    int64_t rows;
    int64_t floats;     /* of a gradient */
    const char *folder; /* in which files are written; they go away again */
    int threads;        /* of a rank */
} ix_measure_wish;

/* Collective over the world; about 20 s. Every rank gets the same. IX_EIO: the folder; IX_ENOMEM. */
ix_status ix_machine_measure(ix_machine *out, const ix_grid *world, const ix_measure_wish *wish);

/* Collective over the world; about 2 s. Only the two peaks, and what there is. Leaves OpenMP at `threads` threads. */
ix_status ix_machine_measure_peaks(ix_machine *out, const ix_grid *world, int threads);

/* Local. The rate of this rank's `threads` threads at some products is measured and joins the record, if it is not
 * there. */
ix_status ix_machine_add_product(ix_machine *machine, const ix_product *product, int64_t rows, int threads);

/* Local. `path` ends up whole or untouched. */
ix_status ix_machine_write(const ix_machine *machine, const char *path);
char *ix_machine_json(const ix_machine *machine); /* free with free() */
/* IX_EINPUT, naming file and key. */
ix_status ix_machine_read(ix_machine *out, const char *path);

/* --- computing with it. Pure; 0 where nothing is known. --- */

/* FLOP/s of `threads` threads at a product: of the measured shapes the nearest one, the distance being that of the
 * logarithms of m, n and k; without any, the peak. */
double ix_machine_product_rate(const ix_machine *machine, int64_t m, int64_t n, int64_t k, int way, int threads);

/* Seconds of one message of so many bytes between two ranks: between the sizes that were measured a straight line,
 * beyond the largest its rate. With `busy` all ranks of a node talk at once. */
double ix_link_time(const ix_link *link, double bytes, bool busy);

/* bytes/s of memory that a rank of `threads` threads has. */
double ix_machine_memory_rate(const ix_machine *machine, int threads);

#endif
