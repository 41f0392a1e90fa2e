/* SPDX-License-Identifier: Apache-2.0 */
#include "optim/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MOST_STATES = 2, BLOCK = 1 << 14 };

struct ix_optimizer {
    const ix_rule *rule;
    ix_optimizer_settings settings;
    ix_span mine;
    int64_t step;
    float *state[MOST_STATES];
};

extern const ix_rule ix_rule_adamw, ix_rule_rmsprop, ix_rule_sgd;

static const ix_rule *const rules[] = {&ix_rule_adamw, &ix_rule_rmsprop, &ix_rule_sgd};

const ix_rule *ix_rule_find(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i]->name, name)) return rules[i];
    return NULL;
}

ix_status ix_optimizer_create(ix_optimizer **out, const ix_rule *rule, const ix_optimizer_settings *settings,
                              ix_span mine)
{
    ix_status rc = IX_OK;
    ix_optimizer *o = NULL;

    *out = NULL;
    IX_CONTRACT(rule->states <= MOST_STATES);
    IX_NEED(o = calloc(1, sizeof *o), IX_ENOMEM, "optimizer: out of memory");
    *o = (ix_optimizer){.rule = rule, .settings = *settings, .mine = mine};
    for (int s = 0; s < rule->states; s++) {
        o->state[s] = ix_alloc_block((size_t)ix_span_size(mine) * sizeof *o->state[s]);
        IX_NEED(o->state[s], IX_ENOMEM, "optimizer state: %zu MiB cannot be had",
                ix_optimizer_bytes(rule, ix_span_size(mine)) >> 20);
    }
    *out = o;
    o = NULL;
done:
    ix_optimizer_destroy(&o);
    return rc;
}

void ix_optimizer_destroy(ix_optimizer **optimizer)
{
    ix_optimizer *o = *optimizer;
    if (!o) return;
    for (int s = 0; s < MOST_STATES; s++) free(o->state[s]);
    free(o);
    *optimizer = NULL;
}

float *ix_optimizer_moment(ix_optimizer *o, int n)
{
    return o->state[n];
}

void ix_optimizer_go_on(ix_optimizer *o, int64_t steps_done)
{
    o->step = steps_done;
}

size_t ix_optimizer_bytes(const ix_rule *rule, int64_t floats)
{
    return (size_t)rule->states * (size_t)floats * sizeof(float);
}

void ix_optimizer_step(ix_optimizer *o, float *weights, float *gradient, double scale, double lr)
{
    int64_t n = ix_span_size(o->mine), blocks = (n + BLOCK - 1) / BLOCK;
    float *w = weights + o->mine.lo, *g = gradient + o->mine.lo, factor = (float)scale;
    o->step++;
#pragma omp parallel for schedule(static) if (blocks > 16)
    for (int64_t b = 0; b < blocks; b++) {
        int64_t at = b * BLOCK, size = n - at < BLOCK ? n - at : BLOCK;
        float *state[MOST_STATES] = {0};
        for (int s = 0; s < o->rule->states; s++) state[s] = o->state[s] + at;
        if (scale != 1)
            for (int64_t i = at; i < at + size; i++) g[i] *= factor;
        o->rule->update(w + at, g + at, state, size, o->step, lr, &o->settings);
    }
}

double ix_learning_rate(double peak, ix_lr_schedule schedule, double floor, int64_t warmup, int64_t step, int64_t total)
{
    double warm = warmup > 0 && step + 1 < warmup ? (double)(step + 1) / (double)warmup : 1;
    double at = (double)step / (double)total, left = 1;
    if (schedule == IX_LR_COSINE) left = 0.5 * (1 + cos(3.14159265358979323846 * at));
    if (schedule == IX_LR_LINEAR) left = 1 - at;
    return peak * warm * (schedule == IX_LR_CONSTANT ? 1 : floor + (1 - floor) * left);
}
