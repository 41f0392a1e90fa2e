/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/probe.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "tensor/tensor.h"

/* --- products --------------------------------------------------------------------------------------------- */

/* Small whole numbers: the time of a product does not depend on them. */
static void fill(float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = (float)(i % 17 - 8);
}

/* C[m,n] = op(A)[m,k] op(B)[k,n] */
typedef struct {
    int64_t m, n, k;
    bool ta, tb, add;
    float *A, *B, *C;
} product;

static ix_status open_product(product *p)
{
    const int64_t most = INT64_C(1) << 48;
    ix_status rc = IX_OK;
    IX_NEED(p->m <= most / p->k && p->n <= most / p->k && p->m <= most / p->n, IX_ENOMEM,
            "measuring products: out of memory");
    p->A = ix_alloc_block((size_t)(p->m * p->k) * sizeof *p->A);
    p->B = ix_alloc_block((size_t)(p->n * p->k) * sizeof *p->B);
    p->C = ix_alloc_block((size_t)(p->m * p->n) * sizeof *p->C);
    IX_NEED(p->A && p->B && p->C, IX_ENOMEM, "measuring products: out of memory");
    fill(p->A, p->m * p->k);
    fill(p->B, p->n * p->k);
done:
    return rc;
}

static void close_product(product *p)
{
    free(p->A);
    free(p->B);
    free(p->C);
}

static double time_product(const product *p)
{
    double start = ix_seconds();
    ix_gemm(p->C, p->n, p->add, p->A, p->ta ? p->m : p->k, p->ta, p->B, p->tb ? p->k : p->n, p->tb, p->m, p->n, p->k);
    return ix_seconds() - start + 1e-9;
}

/* Times of the repetitions that fit `seconds`, at least one after a first that does not count. */
enum { MOST_REPEATS = 64 };
static ix_status repeat(product *p, double seconds, double time[MOST_REPEATS], int *count)
{
    ix_status rc = IX_OK;
    *count = 0;
    IX_TRY(open_product(p));
    double begin = ix_seconds();
    time_product(p);
    do time[(*count)++] = time_product(p);
    while (*count < MOST_REPEATS && ix_seconds() - begin < seconds);
done:
    close_product(p);
    return rc;
}

static double work(const product *p)
{
    return 2.0 * (double)p->m * (double)p->n * (double)p->k;
}

ix_status ix_probe_gemm(double *flops, int64_t m, int64_t n, int64_t k, double seconds)
{
    product p = {.m = m, .n = n, .k = k, .tb = true};
    double time[MOST_REPEATS];
    int count;
    ix_status rc = repeat(&p, seconds, time, &count);
    if (rc != IX_OK) return rc;
    ix_median(time, count); /* sorts */
    *flops = work(&p) / time[0];
    return IX_OK;
}

ix_status ix_probe_product(double rate[IX_WAYS], int64_t m, int64_t n, int64_t k, double seconds)
{
    enum { MOST = 16 << 20 };
    n = n < MOST / k ? n : k < MOST ? MOST / k : 1;
    product ways[IX_WAYS] = {[IX_FORWARD] = {.m = m, .n = n, .k = k, .tb = true},
                             [IX_TO_INPUT] = {.m = m, .n = k, .k = n},
                             [IX_TO_WEIGHTS] = {.m = n, .n = k, .k = m, .ta = true, .add = true}};
    double time[MOST_REPEATS];
    int count;
    for (int way = 0; way < IX_WAYS; way++) {
        ix_status rc = repeat(&ways[way], seconds / IX_WAYS, time, &count);
        if (rc != IX_OK) return rc;
        rate[way] = work(&ways[way]) / ix_median(time, count);
    }
    return IX_OK;
}

/* --- memory ------------------------------------------------------------------------------------------------- */

static void triad(float *a, const float *b, const float *c, int64_t n)
{
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < n; i++) a[i] = b[i] + 0.5f * c[i];
}

ix_status ix_probe_triad(double *rate, double seconds)
{
    ix_status rc = IX_OK;
    const int64_t n = 16 << 20;
    float *a = ix_alloc_block((size_t)n * sizeof *a), *b = ix_alloc_block((size_t)n * sizeof *b);
    float *c = ix_alloc_block((size_t)n * sizeof *c);
    double best = 0;

    IX_NEED(a && b && c, IX_ENOMEM, "measuring memory: out of memory");
    triad(b, a, c, n); /* pages are mapped by the threads that use them */
    triad(c, a, b, n);
    double begin = ix_seconds();
    for (int i = 0; i < 2 || ix_seconds() - begin < seconds; i++) {
        double start = ix_seconds();
        triad(a, b, c, n);
        double now = 12.0 * (double)n / (ix_seconds() - start + 1e-9);
        if (now > best) best = now;
    }
    *rate = best;
done:
    free(a);
    free(b);
    free(c);
    return rc;
}

/* --- what there is ------------------------------------------------------------------------------------------- */

int ix_probe_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1) return 1;
    return CPU_COUNT(&set);
}

void ix_probe_core_set(ix_cores *out)
{
    cpu_set_t set;
    *out = (ix_cores){{0}};
    bool known = sched_getaffinity(0, sizeof set, &set) == 0;
    for (int i = 0; i < 8 * IX_CORES_BYTES; i++)
        if (known ? CPU_ISSET((size_t)i, &set) : i == 0) out->bits[i / 8] |= (unsigned char)(1 << i % 8);
}

int ix_cores_together(const ix_cores *const *set, int n)
{
    int count = 0;
    for (int b = 0; b < IX_CORES_BYTES; b++) {
        unsigned any = 0;
        for (int i = 0; i < n; i++) any |= set[i]->bits[b];
        for (; any; any &= any - 1) count++;
    }
    return count;
}

/* The number in a file of a control group; `most` if there is none or it says "max". */
static int64_t limit_in(const char *folder, int64_t most)
{
    char *path = ix_format("/sys/fs/cgroup%s/memory.max", folder), line[64] = "";
    FILE *f = fopen(path, "r");
    int64_t limit = most;
    if (f && fgets(line, sizeof line, f) && strncmp(line, "max", 3) != 0) limit = strtoll(line, NULL, 10);
    if (f) fclose(f);
    free(path);
    return limit > 0 && limit < most ? limit : most;
}

/* Batch systems give a job less than the machine has: the least limit of this process' control group and those above
 * it (version 2). */
static int64_t limit_of_job(int64_t most)
{
    char line[4096];
    FILE *f = fopen("/proc/self/cgroup", "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4) != 0) continue;
        line[strcspn(line, "\n")] = 0;
        for (char *path = line + 3, *slash; (slash = strrchr(path, '/')); *slash = 0) most = limit_in(path, most);
    }
    if (f) fclose(f);
    return most;
}

int64_t ix_probe_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? limit_of_job((int64_t)pages * size) : 0;
}

void ix_probe_cpu(char *out, size_t capacity)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, capacity, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon || !colon[1]) continue;
        colon[strcspn(colon, "\n")] = 0;
        snprintf(out, capacity, "%s", colon + 2);
        break;
    }
    if (f) fclose(f);
}
