/* SPDX-License-Identifier: Apache-2.0 */
#include "task/speed.h"

#include <math.h>

#include "machine/probe.h"

#define LONG_ENOUGH 40.0 /* seconds of computing that a peak is measured after */
#define ONE_PEAK 0.1     /* seconds for each of the two sizes, and for memory */

static ix_status measure_peaks(double *peak, double *bandwidth)
{
    ix_status rc = IX_OK;
    double large;
    IX_TRY(ix_probe_gemm(peak, 1024, 1024, 1024, ONE_PEAK));
    IX_TRY(ix_probe_gemm(&large, 2048, 2048, 2048, ONE_PEAK));
    if (large > *peak) *peak = large;
    IX_TRY(ix_probe_triad(bandwidth, ONE_PEAK));
done:
    return rc;
}

ix_status ix_speed_sum(ix_speed_figures *out, const ix_grid *grid, const ix_train_speed *mine)
{
    ix_status rc = IX_OK;
    double ranks = ix_grid_size(grid, IX_GROUP), all = 0;

    for (int p = 0; p < IX_PHASE_COUNT; p++) {
        const ix_model_meter *m = &mine->meter[p];
        out->seconds[p] = mine->seconds[p] / ranks;
        out->flop[p] = m->products;
        out->product_seconds[p] = m->product_seconds / ranks;
        out->attention_flop[p] = m->attention;
        out->attention_seconds[p] = m->attention_seconds / ranks;
        all += mine->seconds[p];
    }
    out->update_bytes = mine->update_bytes;
    out->peak = out->bandwidth = 0;
    ix_grid_max_double(grid, IX_GROUP, &all, 1);
    if (all > LONG_ENOUGH) IX_TRY(ix_grid_agree(grid, IX_GROUP, measure_peaks(&out->peak, &out->bandwidth)));
    ix_grid_sum_double(grid, IX_GROUP, (double *)out, sizeof *out / sizeof(double));
    if (all <= LONG_ENOUGH) out->peak = out->bandwidth = NAN;
done:
    return rc;
}

ix_status ix_speed_store_start(const ix_start *start, ix_result *result)
{
    const int64_t stages = IX_STAGE_COUNT;
    if (!start || !start->over) return IX_OK;
    return ix_result_reals(result, "speed/start", &stages, start->spent);
}

ix_status ix_speed_store(const ix_speed_figures *s, ix_result *result)
{
    const int64_t phases = IX_PHASE_COUNT;
    ix_status rc = IX_OK;
    IX_TRY(ix_result_reals(result, "speed/seconds", &phases, s->seconds));
    IX_TRY(ix_result_reals(result, "speed/flop", &phases, s->flop));
    IX_TRY(ix_result_reals(result, "speed/product_seconds", &phases, s->product_seconds));
    IX_TRY(ix_result_reals(result, "speed/attention_flop", &phases, s->attention_flop));
    IX_TRY(ix_result_reals(result, "speed/attention_seconds", &phases, s->attention_seconds));
    IX_TRY(ix_result_reals(result, "speed/update_bytes", NULL, &s->update_bytes));
    IX_TRY(ix_result_reals(result, "speed/peak", NULL, &s->peak));
    IX_TRY(ix_result_reals(result, "speed/bandwidth", NULL, &s->bandwidth));
done:
    return rc;
}
