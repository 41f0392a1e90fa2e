/* SPDX-License-Identifier: Apache-2.0
 *
 * However many blocks compute their activations twice: the same bits of rewards, losses and gradients, for every
 * family, every objective, what is trained, and however many tensor ranks share the model; so much less memory as was
 * said, FLOP counted once, and rows that were computed twice counted. */
#include "../model/shapes.h"
#include "objective/pass.h"
#include "objective/shape_pack.h"

enum { LAYERS = 4 };

static ix_grid *grid;

static const struct {
    const char *name;
    ix_objective_settings settings;
} objectives[] = {
    {"ex_rm", {.beta = 0}}, {"ex_rm_mean", {.beta = 0}},     {"im_rm", {.beta = 0.1}},
    {"sft", {.beta = 0}},   {"ex_grm", {.verdict = {5, 7}}},
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

/* What one pass over the pack gave, the first `recompute` blocks twice. */
typedef struct {
    ix_pair_result result[PAIRS], judged[PAIRS];
    float *dw;
    size_t floats, bytes;
    int64_t tokens, again;
    double flop;
    int most;
    size_t saves;
} outcome;

static double all_flop(ix_pass *pass)
{
    ix_model_meter meter[IX_PHASE_COUNT];
    double sum = 0;
    ix_pass_take_meter(pass, meter);
    for (int p = 0; p < IX_PHASE_COUNT; p++) sum += meter[p].products + meter[p].attention;
    return sum;
}

static outcome compute(const ix_model_config *c, int o, ix_trained trained, int recompute)
{
    static const double reference[PAIRS][IX_SIDES] = {{-50, -51}, {-60, -62}, {-70, -68}};
    static const double scale[PAIRS] = {0.5, 0.3, 0.2};
    const ix_objective *objective = ix_objective_find(objectives[o].name);
    ix_model_wish wish = {.head = ix_objective_reads_head(objective),
                          .extra = objective->extra,
                          .extras = objective->extras,
                          .trained = trained,
                          .grid = grid};
    ix_model *m;
    ix_pass *pass;
    ix_pack *pack = make_pack();
    outcome out = {.tokens = pack->N};

    CHECK_OK(ix_model_create_config(&m, c, &wish));
    ix_model_recompute(m, recompute);
    out.most = ix_model_most_recomputed(m);
    out.saves = ix_model_recomputing_saves(m, pack->N);
    out.bytes = ix_model_needs(m, pack->N, true).kept;
    out.floats = (size_t)ix_span_size(ix_model_trained(m));
    out.dw = calloc(out.floats, sizeof *out.dw);
    float *w = calloc((size_t)ix_model_params(m)->floats, sizeof *w);
    ix_model_draw(m, 3, 0.2, w);
    CHECK_OK(ix_model_reserve(m, pack->N, true));
    CHECK_OK(ix_pass_create(&pass, objective, &objectives[o].settings, m, pack->N, NULL));
    ix_pass_gradient(pass, w, out.dw, pack, reference, scale, out.result);
    out.flop = all_flop(pass);
    out.again = ix_model_take_recomputed_rows(m);
    ix_pass_rewards(pass, w, pack, reference, out.judged); /* judging between steps shares the memory */
    float *second = calloc(out.floats, sizeof *second);
    ix_pass_gradient(pass, w, second, pack, reference, scale, out.result);
    assert_memory_equal(second, out.dw, out.floats * sizeof *second);
    free(second), free(w);
    ix_pass_destroy(&pass);
    ix_pack_destroy(&pack);
    ix_model_destroy(&m);
    return out;
}

static void compare(const outcome *kept, const outcome *twice, int recompute)
{
    assert_memory_equal(twice->result, kept->result, sizeof kept->result);
    assert_memory_equal(twice->judged, kept->judged, sizeof kept->judged);
    assert_int_equal(twice->floats, kept->floats);
    assert_memory_equal(twice->dw, kept->dw, kept->floats * sizeof *kept->dw);
    assert_true(twice->flop == kept->flop);
    assert_int_equal(kept->again, 0);
    assert_int_equal(twice->again, recompute * kept->tokens);
    assert_true(twice->saves == kept->saves && kept->saves > 0);
    assert_int_equal(kept->bytes - twice->bytes, (size_t)recompute * kept->saves);
}

static void the_same_bits(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES * OBJECTIVES * 2; c++) {
        ix_model_config config = shapes[c / 2 / OBJECTIVES];
        ix_trained trained = c % 2 ? IX_TRAIN_TRUNK : IX_TRAIN_ALL;
        int o = c / 2 % OBJECTIVES;
        bool moved = false, alone = ix_comm_ranks() == 1; /* several ranks take their time */
        if (trained != IX_TRAIN_ALL && !alone) continue;
        config.layers = LAYERS;
        outcome kept = compute(&config, o, trained, 0);
        assert_int_equal(kept.most, LAYERS - 1);
        for (size_t i = 0; i < kept.floats; i++) moved = moved || kept.dw[i] != 0;
        assert_true(moved);
        for (int recompute = alone ? 1 : 2; recompute <= kept.most; recompute++) {
            outcome twice = compute(&config, o, trained, recompute);
            compare(&kept, &twice, recompute);
            free(twice.dw);
        }
        free(kept.dw);
    }
}

/* A trunk that is not trained keeps nothing, so nothing can be saved; nor in a model of one block. */
static void nothing_to_save(void **state)
{
    (void)state;
    ix_model_config one = shapes[0];
    one.layers = 1;
    outcome frozen = compute(&shapes[0], 0, IX_TRAIN_HEAD, 0), alone = compute(&one, 0, IX_TRAIN_ALL, 0);
    assert_true(frozen.most == 0 && frozen.saves == 0 && alone.most == 0 && alone.saves == 0);
    free(frozen.dw), free(alone.dw);
}

/* How many tokens a pack has must not depend on it, or gradients would be added up in another order. */
static void packs_do_not_depend_on_it(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES; c++) {
        ix_model *m;
        CHECK_OK(ix_model_create_config(&m, &shapes[c], &(ix_model_wish){.head = true}));
        size_t before = ix_model_kept_bytes(m, true);
        ix_model_recompute(m, ix_model_most_recomputed(m));
        assert_true(ix_model_kept_bytes(m, true) == before);
        ix_model_destroy(&m);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_bits), cmocka_unit_test(nothing_to_save),
                                       cmocka_unit_test(packs_do_not_depend_on_it)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    CHECK_OK(ix_grid_create(&grid, 1, 1, ix_comm_ranks()));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_destroy(&grid);
    ix_comm_stop();
    return failed;
}
