/* SPDX-License-Identifier: Apache-2.0 */
#include "train/update.h"

#include <math.h>
#include <stdlib.h>

#include "optim/clip.h"

struct ix_update {
    const ix_grid *grid;
    ix_clock *clock;
    ix_lanes *lanes;
    ix_optimizer *optimizer;
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

/* Of what is on every tensor rank the first one speaks; of keys that several ranks hold, the one that is said to. */
static void add_stretches(ix_update *u, const ix_param *p)
{
    int64_t end = p->offset + ix_param_size(p);
    if (p->cut.share == IX_WHOLE) {
        add_stretch(u, p->offset, end, ix_grid_rank(u->grid, IX_TENSOR) == 0);
        return;
    }
    int64_t each = p->cut.share == IX_BY_ROWS ? p->cols : 1; /* only vectors are cut by columns and repeated */
    int64_t lo = p->offset, hi = end;
    if (p->cut.repeated) {
        lo = p->offset + (p->cut.counted.lo - p->cut.held.lo) * each;
        hi = p->offset + (p->cut.counted.hi - p->cut.held.lo) * each;
    }
    add_stretch(u, p->offset, lo, false);
    add_stretch(u, lo, hi, true);
    add_stretch(u, hi, end, false);
}

static ix_status make(ix_update *u, const ix_params *params)
{
    ix_status rc = IX_OK;
    IX_NEED(u->stretch = calloc(3 * (size_t)params->count + 1, sizeof *u->stretch), IX_ENOMEM, "update: out of memory");
    for (int i = 0; i < params->count; i++) add_stretches(u, &params->param[i]);
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
    IX_TRY(ix_lanes_create(&u->lanes, grid, IX_DATA, u->count, ix_span_size(trained)));
    IX_TRY(ix_grid_agree(grid, IX_GROUP, ix_optimizer_create(&u->optimizer, rule, settings, ix_lanes_mine(u->lanes))));
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
    ix_optimizer_destroy(&u->optimizer);
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

void ix_update_end_lane(ix_update *u)
{
    ix_lanes_end(u->lanes);
}

ix_status ix_update_apply(ix_update *u, float *weights, double lr, double *norm)
{
    ix_status rc = IX_OK;
    float *sum;
    ix_span mine;

    ix_clock_enter(u->clock, IX_PHASE_REDUCE);
    ix_lanes_reduce(u->lanes, &sum, &mine);
    ix_clock_enter(u->clock, IX_PHASE_UPDATE);
    IX_TRY(ix_gradient_norm(norm, u->grid, sum, mine, u->stretch, u->stretches));
    IX_NEED(isfinite(*norm), IX_ENUMERIC, "the gradient is no number (its norm is %g)", *norm);
    ix_optimizer_step(u->optimizer, weights + u->trained.lo, sum, ix_clip_factor(*norm, u->clip_norm), lr);
    ix_clock_enter(u->clock, IX_PHASE_REDUCE);
    ix_lanes_gather(u->grid, IX_DATA, weights + u->trained.lo, ix_span_size(u->trained));
done:
    ix_clock_leave(u->clock);
    return rc;
}
