/* SPDX-License-Identifier: Apache-2.0
 *
 * optimizer.h - the update of weights from gradients. A rule is a constant struct with one registry line.
 *
 * State is sharded over the data axis (ZeRO-1, Rajbhandari et al. 2020): an optimizer is created for the span of the
 * parameters that this rank updates and holds moments for that span only. Every element is updated by itself, so the
 * cut does not change a bit. Local. */
#ifndef IX_OPTIM_OPTIMIZER_H
#define IX_OPTIM_OPTIMIZER_H

#include "base/span.h"
#include "base/status.h"
#include "config/suite.h"

typedef struct {
    double learning_rate, beta1, beta2, eps, weight_decay;
} ix_optimizer_settings;

/* state[s][n]: the rule's moments of n elements. step counts from 1. lr is the scheduled learning rate. */
typedef struct {
    const char *name; /* as in YAML */
    int states;
    void (*update)(float *w, const float *g, float *const *state, int64_t n, int64_t step, double lr,
                   const ix_optimizer_settings *s);
} ix_rule;

const ix_rule *ix_rule_find(const char *name); /* NULL if unknown */

typedef struct ix_optimizer ix_optimizer;

ix_status ix_optimizer_create(ix_optimizer **out, const ix_rule *rule, const ix_optimizer_settings *settings,
                              ix_span mine);
void ix_optimizer_destroy(ix_optimizer **optimizer); /* NULL is fine; leaves *optimizer NULL */

/* weights[mine] from gradient[mine] times `scale` (1, or what clipping asks for); both are whole blocks. */
void ix_optimizer_step(ix_optimizer *o, float *weights, float *gradient, double scale, double lr);
/* For checkpoints: moment n < rule->states over the span it was created for; how many steps it has done. */
float *ix_optimizer_moment(ix_optimizer *o, int n);
void ix_optimizer_go_on(ix_optimizer *o, int64_t steps_done);
size_t ix_optimizer_bytes(const ix_rule *rule, int64_t floats);

/* The learning rate of step 0 <= step < total: warm-up min(1, (step + 1) / warmup), times what is left of
 * `peak`: all of it (constant), or floor + (1 - floor) x with x = (1 + cos(pi step / total)) / 2 (cosine) or
 * x = 1 - step / total (linear). */
double ix_learning_rate(double peak, ix_lr_schedule schedule, double floor, int64_t warmup, int64_t step,
                        int64_t total);

#endif
