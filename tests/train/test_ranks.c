/* SPDX-License-Identifier: Apache-2.0
 *
 * The split does not change the answer. With lanes: not a bit of the weights, for any number of data ranks and
 * threads. Without: first loss and gradient within rounding. The reference is this rank, alone, in the same job. */
#include <omp.h>

#include "synthetic.h"
#include "train/reference.h"

static const char *const objectives[] = {"ex_rm", "im_rm"};

typedef struct {
    float *weights;
    double first_loss;
    double accuracy[64];
    int64_t steps;
} outcome;

static ix_status note_step(void *context, const ix_step_record *r)
{
    outcome *o = context;
    if (r->step == 0) o->first_loss = r->loss;
    o->steps = r->step + 1;
    return IX_OK;
}

static ix_status note_evaluation(void *context, const ix_eval_record *r)
{
    ((outcome *)context)->accuracy[r->evaluation] = r->metrics.accuracy + r->metrics.margin;
    return IX_OK;
}

static void train(outcome *out, const ix_grid *grid, const ix_train_settings *s, const ix_pairs *pairs, int threads)
{
    ix_model *m = synthetic_model(s->objective);
    ix_pair_result *reference = calloc((size_t)ix_pairs_count(pairs), sizeof *reference);
    ix_observer observer = {.context = out, .step = note_step, .evaluated = note_evaluation};
    ix_eval_set set = {"self", "control", "self", pairs, reference};
    ix_judged_set judged = {.pairs = pairs, .result = reference};
    omp_set_num_threads(threads);
    out->weights = synthetic_weights(m);
    ix_reference how = {.grid = grid, .model = m, .weights = out->weights, .pack_tokens = 300, .share_prompt = true};
    if (s->objective->needs_reference) CHECK_OK(ix_reference_judge(&how, &judged, 1));
    CHECK_OK(ix_train(grid, s, m, out->weights, pairs, reference, NULL, &set, 1, &observer));
    omp_set_num_threads(1);
    free(reference);
    ix_model_destroy(&m);
}

static int64_t floats_of(const ix_objective *objective)
{
    ix_model *m = synthetic_model(objective);
    int64_t n = ix_model_params(m)->floats;
    ix_model_destroy(&m);
    return n;
}

static void same_bits(int64_t pairs_per_step, int64_t count, int64_t epochs, int threads, double clip)
{
    ix_grid *alone, *grid;
    ix_pairs *pairs = synthetic_pairs(count, 5);
    CHECK_OK(ix_grid_create_self(&alone));
    CHECK_OK(ix_grid_create(&grid, 1, ix_comm_ranks(), 1));
    for (int o = 0; o < 2; o++) {
        outcome want = {0}, got = {0};
        ix_train_settings s = synthetic_settings(ix_objective_find(objectives[o]), pairs_per_step);
        s.schedule.epochs = epochs;
        s.pack_tokens = 200;
        s.clip_norm = clip;
        train(&want, alone, &s, pairs, 1);
        train(&got, grid, &s, pairs, threads);
        assert_int_equal(got.steps, epochs * ((count + pairs_per_step - 1) / pairs_per_step));
        assert_memory_equal(want.weights, got.weights, (size_t)floats_of(s.objective) * sizeof *want.weights);
        assert_memory_equal(want.accuracy, got.accuracy, sizeof want.accuracy);
        free(want.weights);
        free(got.weights);
    }
    ix_pairs_destroy(&pairs);
    ix_grid_destroy(&grid);
    ix_grid_destroy(&alone);
}

static void lanes_give_the_same_bits(void **state)
{
    (void)state;
    same_bits(16, 90, 4, 1, 0); /* 24 steps, the last group of an epoch has 10 pairs */
    same_bits(16, 90, 4, 2, 0.5);
}

static void few_pairs_give_the_same_bits(void **state)
{
    (void)state;
    same_bits(6, 22, 5, 1, 0); /* fewer pairs than lanes, last group of 4 */
    same_bits(6, 22, 5, 2, 0);
}

/* Gradient descent with rate 1: the change of the weights is the gradient. */
static void without_lanes_within_rounding(void **state)
{
    ix_grid *alone, *grid;
    ix_pairs *pairs = synthetic_pairs(16, 9);
    (void)state;
    CHECK_OK(ix_grid_create_self(&alone));
    CHECK_OK(ix_grid_create(&grid, 1, ix_comm_ranks(), 1));
    for (int o = 0; o < 2; o++) {
        outcome want = {0}, got = {0};
        ix_train_settings s = synthetic_settings(ix_objective_find(objectives[o]), 16);
        s.lanes = 1;
        s.rule = ix_rule_find("sgd");
        s.optimizer.learning_rate = 1;
        train(&want, alone, &s, pairs, 1);
        train(&got, grid, &s, pairs, 1);
        CHECK_NEAR(got.first_loss, want.first_loss, 1e-6 * fabs(want.first_loss));
        ix_model *m = synthetic_model(s.objective);
        float *start = synthetic_weights(m);
        double norm = 0, apart = 0;
        for (int64_t i = 0; i < ix_model_params(m)->floats; i++) {
            double a = (double)want.weights[i] - start[i], b = (double)got.weights[i] - start[i];
            norm += a * a;
            apart += (a - b) * (a - b);
        }
        assert_true(norm > 0);
        CHECK_NEAR(sqrt(apart / norm), 0, 1e-5);
        free(start);
        free(want.weights);
        free(got.weights);
        ix_model_destroy(&m);
    }
    ix_pairs_destroy(&pairs);
    ix_grid_destroy(&grid);
    ix_grid_destroy(&alone);
}

/* Weights that are no numbers stop the run on every rank with the same words. */
static void nan_stops_everybody(void **state)
{
    ix_grid *grid;
    ix_pairs *pairs = synthetic_pairs(8, 2);
    const ix_objective *ex = ix_objective_find("ex_rm");
    ix_train_settings s = synthetic_settings(ex, 8);
    ix_model *m = synthetic_model(ex);
    float *w = synthetic_weights(m);
    ix_observer nobody = {0};
    (void)state;
    CHECK_OK(ix_grid_create(&grid, 1, ix_comm_ranks(), 1));
    w[40] = NAN;
    ix_eval_set none = {0};
    CHECK_FAILS(ix_train(grid, &s, m, w, pairs, NULL, NULL, &none, 0, &nobody), IX_ENUMERIC, "no number");
    free(w);
    ix_model_destroy(&m);
    ix_pairs_destroy(&pairs);
    ix_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_give_the_same_bits), cmocka_unit_test(few_pairs_give_the_same_bits),
        cmocka_unit_test(without_lanes_within_rounding), cmocka_unit_test(nan_stops_everybody)};
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_comm_stop();
    return failed;
}
