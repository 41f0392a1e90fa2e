/* SPDX-License-Identifier: Apache-2.0 */
#include "train/update.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "optim/clip.h"

struct ix_update {
    const ix_grid *grid;
    ix_clock *clock;
    ix_lanes *lanes;
    ix_span *mine; /* [parts] of the trained floats: a part of every bucket, each with an optimizer of its own */
    ix_optimizer **optimizer;
    int parts;
    const ix_rule *rule;
    ix_optimizer_settings settings;
    int count, stretches;
    ix_stretch *stretch; /* of my part of the model */
    ix_span trained;     /* of the block of weights */
    double clip_norm;
};

/* [lo, hi) of the block of weights, as far as it is trained. */
static void add_stretch(ix_update *u, int64_t lo, int64_t hi, bool counted)
{
    if (lo < u->trained.lo) lo = u->trained.lo;
    if (hi > u->trained.hi) hi = u->trained.hi;
    lo -= u->trained.lo;
    hi -= u->trained.lo;
    if (lo < hi) u->stretch[u->stretches++] = (ix_stretch){lo, hi, counted};
}

static void add_stretches(ix_update *u, const ix_param *p)
{
    int64_t lo = p->offset, hi = lo + ix_param_size(p);
    ix_span counted = ix_param_counted(p, ix_grid_rank(u->grid, IX_TENSOR));
    add_stretch(u, lo, lo + counted.lo, false);
    add_stretch(u, lo + counted.lo, lo + counted.hi, true);
    add_stretch(u, lo + counted.hi, hi, false);
}

static ix_status make(ix_update *u, const ix_params *params)
{
    ix_status rc = IX_OK;
    IX_NEED(u->stretch = calloc(3 * (size_t)params->count + 1, sizeof *u->stretch), IX_ENOMEM, "update: out of memory");
    for (int i = 0; i < params->count; i++) add_stretches(u, &params->param[i]);
done:
    return rc;
}

static ix_status make_optimizers(ix_update *u)
{
    ix_status rc = IX_OK;
    int64_t buckets = ix_lanes_count(u->lanes);
    u->mine = calloc((size_t)buckets + 1, sizeof *u->mine);
    u->optimizer = calloc((size_t)buckets + 1, sizeof *u->optimizer);
    IX_NEED(u->mine && u->optimizer, IX_ENOMEM, "update: out of memory");
    for (int64_t k = 0; k < buckets; k++) {
        ix_span part = ix_lanes_mine(u->lanes, k);
        if (ix_span_size(part) == 0) continue;
        u->mine[u->parts] = part;
        IX_TRY(ix_optimizer_create(&u->optimizer[u->parts++], u->rule, &u->settings, part));
    }
done:
    return rc;
}

ix_status ix_update_create(ix_update **out, const ix_grid *grid, const ix_params *params, ix_span trained,
                           const ix_rule *rule, const ix_optimizer_settings *settings, int lanes, double clip_norm,
                           ix_clock *clock)
{
    ix_status rc = IX_OK;
    int data = ix_grid_size(grid, IX_DATA);
    ix_update *u = calloc(1, sizeof *u);

    *out = NULL;
    IX_TRY(ix_grid_agree(grid, IX_GROUP, u ? IX_OK : ix_fail(IX_ENOMEM, "update: out of memory")));
    *u = (ix_update){.grid = grid,
                     .clock = clock,
                     .rule = rule,
                     .settings = *settings,
                     .clip_norm = clip_norm,
                     .count = lanes > data ? lanes : data,
                     .trained = trained};
    IX_TRY(ix_grid_agree(grid, IX_GROUP, make(u, params)));
    IX_TRY(ix_lanes_create(&u->lanes, grid, IX_DATA, u->count, ix_span_size(trained), NULL));
    IX_TRY(ix_grid_agree(grid, IX_GROUP, make_optimizers(u)));
    *out = u;
    u = NULL;
done:
    ix_update_destroy(&u);
    return rc;
}

void ix_update_destroy(ix_update **update)
{
    ix_update *u = *update;
    if (!u) return;
    for (int i = 0; i < u->parts; i++) ix_optimizer_destroy(&u->optimizer[i]);
    free(u->optimizer);
    free(u->mine);
    ix_lanes_destroy(&u->lanes);
    free(u->stretch);
    free(u);
    *update = NULL;
}

int ix_update_lanes(const ix_update *u)
{
    return u->count;
}

ix_span ix_update_mine(const ix_update *u)
{
    return ix_split(u->count, ix_grid_size(u->grid, IX_DATA), ix_grid_rank(u->grid, IX_DATA));
}

float *ix_update_begin_lane(ix_update *u)
{
    return ix_lanes_begin(u->lanes);
}

/* The gradient of the block of weights is final from there on. */
static void final_from(void *context, int64_t from)
{
    ix_update *u = context;
    ix_clock_enter(u->clock, IX_PHASE_REDUCE);
    ix_lanes_ready(u->lanes, from > u->trained.lo ? from - u->trained.lo : 0);
    ix_clock_enter(u->clock, IX_PHASE_BACKWARD);
}

void ix_update_end_lane(ix_update *u)
{
    ix_lanes_end(u->lanes);
}

void ix_update_close_lane(ix_update *u, ix_model *model)
{
    ix_lanes_closing(u->lanes);
    if (!ix_model_meets(model)) ix_model_watch(model, final_from, u);
}

ix_lanes *ix_update_sums(ix_update *u)
{
    return u->lanes;
}

/* --- checkpoints -------------------------------------------------------------------------------------- */

typedef char moment_name[32];

static void name_moment(moment_name name, int n)
{
    snprintf(name, sizeof(moment_name), "moment%d", n + 1);
}

/* Part i of this rank's, as floats of the block of weights. */
static ix_span part_of(const ix_update *u, int i)
{
    return (ix_span){u->trained.lo + u->mine[i].lo, u->trained.lo + u->mine[i].hi};
}

ix_status ix_update_save(ix_update *u, ix_moment *m, const float *weights)
{
    ix_status rc = IX_OK;
    moment_name name;
    for (int i = 0; i < u->parts; i++) IX_TRY(ix_moment_block(m, "weights", weights + part_of(u, i).lo, part_of(u, i)));
    for (int n = 0; n < u->rule->states; n++) {
        name_moment(name, n);
        for (int i = 0; i < u->parts; i++)
            IX_TRY(ix_moment_block(m, name, ix_optimizer_moment(u->optimizer[i], n), part_of(u, i)));
    }
done:
    return rc;
}

static ix_status read_share(ix_update *u, const ix_saver *saver, const ix_params *params, float *weights)
{
    ix_status rc = IX_OK;
    moment_name name;
    ix_saved_part *part = calloc((size_t)u->parts + 1, sizeof *part);

    IX_NEED(part, IX_ENOMEM, "checkpoint: out of memory");
    for (int i = 0; i < u->parts; i++) part[i] = (ix_saved_part){weights + part_of(u, i).lo, part_of(u, i)};
    IX_TRY(ix_saver_read_block(saver, "weights", params, part, u->parts));
    for (int n = 0; n < u->rule->states; n++) {
        name_moment(name, n);
        for (int i = 0; i < u->parts; i++) part[i].at = ix_optimizer_moment(u->optimizer[i], n);
        IX_TRY(ix_saver_read_block(saver, name, params, part, u->parts));
    }
done:
    free(part);
    return rc;
}

ix_status ix_update_restore(ix_update *u, const ix_saver *saver, const ix_params *params, float *weights,
                            int64_t steps_done)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_grid_agree(u->grid, IX_GROUP, read_share(u, saver, params, weights)));
    ix_lanes_gather(u->lanes, weights + u->trained.lo);
    for (int i = 0; i < u->parts; i++) ix_optimizer_go_on(u->optimizer[i], steps_done);
done:
    return rc;
}

int64_t ix_update_bytes(const ix_update *u)
{
    int64_t floats = 0;
    for (int i = 0; i < u->parts; i++) floats += ix_span_size(u->mine[i]);
    return floats * (int64_t)sizeof(float) * (4 + 2 * u->rule->states);
}

/* --- the end of a step ---------------------------------------------------------------------------------- */

ix_status ix_update_apply(ix_update *u, float *weights, double lr, double *norm)
{
    ix_status rc = IX_OK;

    ix_clock_enter(u->clock, IX_PHASE_REDUCE);
    float *sum = ix_lanes_reduce(u->lanes);
    ix_clock_enter(u->clock, IX_PHASE_UPDATE);
    IX_TRY(ix_gradient_norm(norm, u->grid, sum, u->mine, u->parts, u->stretch, u->stretches));
    IX_NEED(isfinite(*norm), IX_ENUMERIC, "the gradient is no number (its norm is %g)", *norm);
    for (int i = 0; i < u->parts; i++)
        ix_optimizer_step(u->optimizer[i], weights + u->trained.lo, sum, ix_clip_factor(*norm, u->clip_norm), lr);
    ix_clock_enter(u->clock, IX_PHASE_REDUCE);
    ix_lanes_gather(u->lanes, weights + u->trained.lo);
done:
    ix_clock_leave(u->clock);
    return rc;
}
