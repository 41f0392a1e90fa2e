/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "machine/probe.h"

/* Seconds for each kind of measurement: some 20 altogether, where one repetition does not take longer. */
static const double of_peak = 0.5, of_triad = 0.4, of_products = 6, of_links = 4, of_sums = 2;

typedef struct {
    const ix_grid *world;
    const ix_measure_wish *wish;
    ix_machine *out;
} measurement;

static ix_status agree(const measurement *t, ix_status rc)
{
    return ix_grid_agree(t->world, IX_WORLD, rc);
}

/* The first rank's number, for everybody; of several, the largest on any node: nodes should be alike. */
static double of_first(const measurement *t, double x)
{
    ix_grid_bcast(t->world, IX_WORLD, 0, &x, sizeof x);
    return x;
}

static double mean(const measurement *t, double x)
{
    ix_grid_sum_double(t->world, IX_WORLD, &x, 1);
    return x / ix_grid_size(t->world, IX_WORLD);
}

static ix_status best_peak(double *flops)
{
    double large;
    ix_status rc = ix_probe_gemm(flops, 1024, 1024, 1024, of_peak / 2);
    if (rc == IX_OK) rc = ix_probe_gemm(&large, 2048, 2048, 2048, of_peak / 2);
    if (rc == IX_OK && large > *flops) *flops = large;
    return rc;
}

/* One core, while the others sleep; then all ranks at once: those of a node add up. */
static ix_status measure_peaks(measurement *t)
{
    ix_status rc = IX_OK;
    double core = 0, all;
    omp_set_num_threads(1);
    if (ix_grid_rank(t->world, IX_WORLD) == 0) rc = best_peak(&core);
    ix_grid_rest(t->world, IX_WORLD);
    IX_TRY(agree(t, rc));
    omp_set_num_threads(t->out->threads);
    ix_grid_barrier(t->world, IX_WORLD);
    IX_TRY(agree(t, best_peak(&all)));
    t->out->core_peak = of_first(t, core);
    t->out->node_peak = mean(t, all) * t->out->ranks_on_node;
done:
    return rc;
}

/* Likewise. */
static ix_status measure_triads(measurement *t)
{
    ix_status rc = IX_OK;
    double core = 0, all;
    omp_set_num_threads(1);
    if (ix_grid_rank(t->world, IX_WORLD) == 0) rc = ix_probe_triad(&core, of_triad);
    ix_grid_rest(t->world, IX_WORLD);
    IX_TRY(agree(t, rc));
    omp_set_num_threads(t->out->threads);
    ix_grid_barrier(t->world, IX_WORLD);
    IX_TRY(agree(t, ix_probe_triad(&all, of_triad)));
    t->out->core_triad = of_first(t, core);
    t->out->node_triad = mean(t, all) * t->out->ranks_on_node;
done:
    return rc;
}

static ix_status measure_products(measurement *t)
{
    ix_status rc = IX_OK;
    const ix_measure_wish *w = t->wish;
    for (int i = 0; i < w->products && i < IX_PRODUCT_RATES; i++) {
        const ix_product *p = &w->product[i];
        ix_product_rate *r = &t->out->product[t->out->products++];
        *r = (ix_product_rate){.m = w->rows, .n = p->n, .k = p->k};
        ix_grid_barrier(t->world, IX_WORLD);
        IX_TRY(agree(t, ix_probe_product(r->rate, w->rows, p->n, p->k, of_products / w->products)));
        for (int way = 0; way < IX_WAYS; way++) r->rate[way] = mean(t, r->rate[way]) / t->out->threads;
    }
done:
    return rc;
}

static ix_status measure_folder(measurement *t)
{
    ix_status rc = IX_OK;
    ix_disk *d = &t->out->disk;
    const char *folder = t->wish->folder;
    if (!folder) return IX_OK;
    if (ix_grid_rank(t->world, IX_WORLD) == 0) rc = ix_probe_files(folder, &d->write, &d->small_file);
    IX_TRY(agree(t, rc));
    snprintf(d->folder, sizeof d->folder, "%s", folder);
    ix_grid_bcast(t->world, IX_WORLD, 0, d, sizeof *d);
done:
    return rc;
}

static void describe(measurement *t)
{
    ix_machine *a = t->out;
    int ranks_on_node = ix_comm_ranks_on_node();
    char now[IX_UTC];
    ix_utc(now);
    ix_probe_cpu(a->cpu, sizeof a->cpu);
    snprintf(a->host, sizeof a->host, "%s", ix_comm_host());
    snprintf(a->library, sizeof a->library, "%s", ix_comm_library());
    snprintf(a->measured, sizeof a->measured, "%s", now);
    a->ranks = ix_grid_size(t->world, IX_WORLD);
    a->ranks_on_node = ranks_on_node;
    a->threads = t->wish->threads;
    a->cores = ranks_on_node * a->threads;
    a->memory = ix_probe_memory();
    ix_grid_bcast(t->world, IX_WORLD, 0, a, sizeof *a);
    a->nodes = ix_comm_nodes();
}

ix_status ix_machine_measure_peaks(ix_machine *out, const ix_grid *world, int threads)
{
    ix_measure_wish wish = {.threads = threads};
    measurement t = {.world = world, .wish = &wish, .out = out};
    *out = (ix_machine){0};
    describe(&t);
    return measure_peaks(&t);
}

ix_status ix_machine_measure(ix_machine *out, const ix_grid *world, const ix_measure_wish *wish)
{
    ix_status rc = IX_OK;
    measurement t = {.world = world, .wish = wish, .out = out};

    *out = (ix_machine){0};
    describe(&t);
    IX_TRY(measure_peaks(&t));
    IX_TRY(measure_triads(&t));
    IX_TRY(measure_products(&t));
    ix_probe_links(world, of_links, &out->within, &out->between);
    if (wish->floats > 0) IX_TRY(ix_probe_sums(world, wish->floats, of_sums, &out->sums));
    IX_TRY(measure_folder(&t));
done:
    return rc;
}

ix_status ix_machine_add_product(ix_machine *a, const ix_product *p, int64_t rows, int threads)
{
    for (int i = 0; i < a->products; i++)
        if (a->product[i].m == rows && a->product[i].n == p->n && a->product[i].k == p->k) return IX_OK;
    if (a->products == IX_PRODUCT_RATES) return IX_OK; /* the nearest one will do */
    ix_product_rate *r = &a->product[a->products];
    *r = (ix_product_rate){.m = rows, .n = p->n, .k = p->k};
    omp_set_num_threads(threads);
    ix_status rc = ix_probe_product(r->rate, rows, p->n, p->k, 0.15);
    for (int way = 0; way < IX_WAYS; way++) r->rate[way] /= threads;
    if (rc == IX_OK) a->products++;
    return rc;
}
