/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/runs.h"

#include <stdlib.h>

#include "suite/estimate.h"

typedef struct {
    double flops;
    int64_t i;
} weighed;

static int longer_first(const void *a, const void *b)
{
    const weighed *x = a, *y = b;
    if (x->flops != y->flops) return x->flops > y->flops ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

void ix_order_longest(int64_t *order, const double *flops, int64_t count)
{
    weighed *w = calloc((size_t)count + 1, sizeof *w);
    IX_CONTRACT(w); /* some kilobytes */
    for (int64_t i = 0; i < count; i++) w[i] = (weighed){flops[i], i};
    qsort(w, (size_t)count, sizeof *w, longer_first);
    for (int64_t i = 0; i < count; i++) order[i] = w[i].i;
    free(w);
}

static ix_status prepare(ix_run *r, ix_bench *bench, const ix_suite *suite)
{
    ix_status rc = IX_OK;
    ix_need need = {0};
    ix_run_size size;
    IX_TRY(ix_bench_prepare(bench, suite, &r->point, &r->names));
    IX_TRY(ix_bench_size(bench, &r->point, 1, 1, &size));
    need = ix_need_of_step(&r->point);
    r->flops = ix_estimate_flops(&need, &size).all;
done:
    return rc;
}

ix_status ix_runs_list(ix_runs *out, ix_bench *bench, const ix_suite *suite)
{
    ix_status rc = IX_OK;
    int64_t n = ix_suite_points(suite);
    double *flops = calloc((size_t)n + 1, sizeof *flops);

    *out =
        (ix_runs){.run = calloc((size_t)n + 1, sizeof *out->run), .order = calloc((size_t)n + 1, sizeof *out->order)};
    IX_NEED(out->run && out->order && flops, IX_ENOMEM, "list of runs: out of memory");
    for (; out->count < n; out->count++) {
        ix_run *r = &out->run[out->count];
        ix_suite_point(&r->point, suite, out->count);
        IX_TRY(prepare(r, bench, suite));
        flops[out->count] = r->flops;
    }
    ix_order_longest(out->order, flops, n);
done:
    free(flops);
    if (rc != IX_OK) ix_runs_free(out);
    return rc;
}

void ix_runs_free(ix_runs *runs)
{
    free(runs->run);
    free(runs->order);
    *runs = (ix_runs){0};
}
