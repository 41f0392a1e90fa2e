/* SPDX-License-Identifier: Apache-2.0
 *
 * needs.c - what the runs of a suite need, and what this job has. */
#include <stdlib.h>
#include <string.h>

#include "machine/probe.h"
#include "machine/processors.h"
#include "objective/objective.h"
#include "suite/layout.h"

static ix_status add_choice(ix_need *need, const ix_bench *bench, const ix_point *point, int tensor)
{
    ix_status rc = ix_bench_size(bench, point, 1, tensor, &need->size[need->choices]);
    if (rc == IX_OK) need->tensor[need->choices++] = tensor;
    return rc;
}

ix_need ix_need_of_step(const ix_point *point)
{
    const ix_settings *s = &point->settings;
    bool pretrains = !strcmp(s->task, "pretrain"), cuts = !strcmp(s->task, "scaling"); /* cuts all ranks itself */
    const ix_objective *o = ix_objective_find(point->objective);
    return (ix_need){.name = point->model,
                     .pairs = cuts        ? INT32_MAX
                              : pretrains ? s->pretrain.rows_per_step
                                          : s->training.pairs_per_step,
                     .epochs = s->training.epochs,
                     .lanes = (int)s->parallel.lanes,
                     .trains = s->training.epochs > 0,
                     .reads_head = !o || ix_objective_reads_head(o),
                     .has_reference = o && o->needs_reference && strcmp(s->training.reference, "none") != 0};
}

/* All small numbers, which need not divide the ranks where groups have several shapes; of the large ones the divisors.
 */
static bool is_choice(int tensor, int ranks)
{
    return tensor <= 8 || ranks % tensor == 0;
}

ix_status ix_need_of(ix_need *out, const ix_bench *bench, const ix_point *point, int ranks)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &point->settings;

    *out = ix_need_of_step(point);
    if (s->parallel.tensor) return add_choice(out, bench, point, (int)s->parallel.tensor);
    IX_TRY(add_choice(out, bench, point, 1));
    for (int t = 2; t <= ranks && t <= out->size[0].heads && out->choices < IX_TENSOR_CHOICES; t++)
        if (is_choice(t, ranks)) IX_TRY(add_choice(out, bench, point, t));
done:
    return rc;
}

ix_status ix_recompute_of(int *blocks, const ix_bench *bench, const ix_point *point, const ix_layout *layout,
                          const ix_kind *kind, int ranks)
{
    ix_status rc = IX_OK;
    ix_recompute wish = (ix_recompute)point->settings.parallel.recompute;
    ix_need need = ix_need_of_step(point);

    *blocks = 0;
    if (wish == IX_RECOMPUTE_NEVER || !need.trains) return IX_OK;
    IX_TRY(add_choice(&need, bench, point, kind->tensor));
    ix_memory m = ix_need_memory(&need, 0, kind->data, ranks, layout->threads);
    *blocks = ix_recompute_choose(&m, &need.size[0], need.trains, layout->have, wish);
done:
    return rc;
}

/* All runs; with `sizes` they are prepared. */
static ix_status list_needs(ix_need *need, ix_bench *bench, const ix_suite *suite, int ranks, bool sizes)
{
    ix_status rc = IX_OK;
    ix_point point;
    ix_run_names names;

    for (int64_t i = 0; i < ix_suite_points(suite); i++) {
        ix_suite_point(&point, suite, i);
        need[i] = ix_need_of_step(&point);
        if (!sizes) continue;
        IX_TRY(ix_bench_prepare(bench, suite, &point, &names));
        IX_TRY(ix_need_of(&need[i], bench, &point, ranks));
    }
done:
    return rc;
}

ix_status ix_layout_of_suite(ix_layout *out, int *kind_of, ix_bench *bench, const ix_suite *suite,
                             const ix_places *places)
{
    ix_status rc = IX_OK;
    int64_t runs = ix_suite_points(suite);
    bool open = !suite->settings.parallel.tensor;
    ix_need *need = calloc((size_t)runs + 1, sizeof *need);

    IX_NEED(need, IX_ENOMEM, "list of runs: out of memory");
    IX_TRY(list_needs(need, bench, suite, places->ranks, open));
    IX_TRY(ix_layout_choose(out, kind_of, &suite->settings, places, need, runs));
done:
    free(need);
    return rc;
}

void ix_places_here(ix_places *out, const ix_grid *world)
{
    ix_processors mine;
    ix_processors_here(&mine, ix_comm_host(), 1);
    ix_comm_merge_on_node(mine.may.word, IX_PROCESSOR_WORDS); /* each rank may be bound to cores of its own */
    double most[3] = {ix_comm_ranks_on_node(), -(double)ix_probe_memory(), -(double)ix_processors_count(&mine.may)};
    ix_grid_max_double(world, IX_WORLD, most, 3);
    *out = (ix_places){.ranks = ix_grid_size(world, IX_WORLD),
                       .ranks_on_node = (int)most[0],
                       .memory = (int64_t)-most[1],
                       .cores = (int)-most[2]};
}
