/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights that are only read, held as bf16: a model whose folder holds bf16 has the same bits of rewards, losses and
 * gradients as with floats, for every family and objective, judged or with a trained head, however many tensor ranks
 * share it; another one is rounded, and its rewards stay near. */
#include <unistd.h>

#include "../model/scratch.h"
#include "../model/shapes.h"
#include "objective/pass.h"
#include "objective/shape_pack.h"
#include "tensor/tensor.h"

static ix_grid *grid;

static const char *const objectives[] = {"ex_rm", "ex_rm_mean", "im_rm", "sft", "ex_grm"};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

static const ix_objective_settings settings = {.beta = 0.1, .verdict = {5, 7}};
static const double reference[PAIRS][IX_SIDES] = {{-50, -51}, {-60, -62}, {-70, -68}};

/* --- folders ------------------------------------------------------------------------------------------------------ */

/* Weights of the shape, with biases and norms as trained models have them; `stored` says how matrices lie in the file,
 * vectors lie as floats. On the world's first rank. */
static void write_folder(const char *folder, const ix_model_config *c, ix_storage stored)
{
    ix_model *m;
    ix_tensor_out list[128];
    ix_model_config config = *c;
    config.initializer_range = 0.02;
    config.bos = config.pad = -1;
    CHECK_OK(ix_model_create_config(&m, c, &(ix_model_wish){.head = true}));
    const ix_params *t = ix_model_params(m);
    float *w = calloc((size_t)t->floats, sizeof *w);
    uint16_t *rounded = calloc((size_t)t->floats, sizeof *rounded);
    ix_model_draw(m, 3, 0.2, w);
    for (int64_t i = 0; i < t->floats; i++) w[i] += (float)(0.05 * ix_draw_normal(4, IX_DRAW_TEST, (uint64_t)i));
    ix_bf16_round(rounded, w, t->floats);
    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        bool narrow = stored == IX_BF16 && p->dims == 2;
        list[i] = (ix_tensor_out){.name = p->name, .dims = p->dims, .data = w + p->offset};
        if (narrow) list[i].bf16 = rounded + p->offset;
        list[i].shape[0] = p->dims == 1 ? p->cols : p->rows;
        list[i].shape[1] = p->cols;
    }
    CHECK_OK(ix_folder_write(folder, &config, ix_architecture(c->model_type, false), list, t->count, NULL));
    ix_model_destroy(&m);
    free(w), free(rounded);
}

/* Of every shape one that holds bf16 and one that holds floats, named by the world's first rank. */
static char folders[SHAPES][2][512];

static void write_folders(void)
{
    ix_grid *world;
    CHECK_OK(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    for (int i = 0; i < SHAPES; i++)
        for (int stored = 0; stored < 2; stored++) {
            char *to = folders[i][stored];
            snprintf(to, sizeof folders[0][0], "%s/%d-%s", scratch, i, stored == IX_BF16 ? "bf16" : "fp32");
            if (ix_grid_rank(world, IX_WORLD) == 0) write_folder(to, &shapes[i], (ix_storage)stored);
        }
    ix_grid_bcast(world, IX_WORLD, 0, folders, sizeof folders);
    ix_grid_destroy(&world);
}

/* --- passes ------------------------------------------------------------------------------------------------------- */

typedef struct {
    ix_pair_result result[PAIRS];
    float *dw;
    int64_t trained, floats, held;
    size_t kept;  /* what decides how large packs are */
    float *whole; /* all weights, on the first rank */
    int64_t full;
} outcome;

static void drop(outcome *out)
{
    free(out->dw), free(out->whole);
}

static outcome compute(const char *folder, const char *name, ix_trained trained, ix_storage storage)
{
    static const double scale[PAIRS] = {0.5, 0.3, 0.2};
    const ix_objective *objective = ix_objective_find(name);
    ix_model_wish wish = {.head = ix_objective_reads_head(objective),
                          .extra = objective->extra,
                          .extras = objective->extras,
                          .trained = trained,
                          .storage = storage,
                          .grid = grid};
    ix_model *m;
    ix_pass *pass;
    ix_pack *pack = make_pack();
    bool trains = trained == IX_TRAIN_HEAD;

    CHECK_OK(ix_model_create(&m, folder, &wish));
    CHECK_OK(ix_model_hold(m));
    const ix_params *t = ix_model_params(m);
    outcome out = {.trained = ix_span_size(ix_model_trained(m)), .floats = t->floats, .held = t->bf16};
    out.kept = ix_model_kept_bytes(m, true);
    float *w = calloc((size_t)t->floats + 1, sizeof *w);
    for (int i = 0; i < t->count; i++) /* the objective's own rows, which no folder has */
        for (int64_t j = 0; !strcmp(t->param[i].name, "score.weight") && j < t->param[i].cols; j++)
            w[t->param[i].offset + j] = (float)ix_draw_normal(9, IX_DRAW_TEST, (uint64_t)j);
    CHECK_OK(ix_model_load(m, folder, NULL, w));
    out.dw = calloc((size_t)out.trained + 1, sizeof *out.dw);
    out.whole = calloc((size_t)t->full_floats, sizeof *out.whole);
    out.full = t->full_floats;
    CHECK_OK(ix_model_reserve(m, pack->N, trains));
    CHECK_OK(ix_pass_create(&pass, objective, &settings, m, pack->N, NULL));
    if (trains) ix_pass_gradient(pass, w, out.dw, pack, reference, scale, out.result);
    else ix_pass_rewards(pass, w, pack, reference, out.result);
    CHECK_OK(ix_model_gather(m, w, out.whole));
    ix_pass_destroy(&pass);
    ix_pack_destroy(&pack);
    ix_model_destroy(&m);
    free(w);
    return out;
}

static void the_same_bits(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES * OBJECTIVES * 2; c++) {
        const char *folder = folders[c / 2 / OBJECTIVES][IX_BF16], *name = objectives[c / 2 % OBJECTIVES];
        ix_trained trained = c % 2 ? IX_TRAIN_HEAD : IX_TRAIN_NOTHING;
        outcome floats = compute(folder, name, trained, IX_FP32), held = compute(folder, name, trained, IX_BF16);
        assert_memory_equal(held.result, floats.result, sizeof held.result);
        assert_true(held.result[0].reward[0] != held.result[0].reward[1] || !strcmp(name, "sft"));
        assert_int_equal(held.trained, floats.trained);
        assert_int_equal(held.kept, floats.kept);
        assert_int_equal(held.trained > 0, trained == IX_TRAIN_HEAD);
        assert_memory_equal(held.dw, floats.dw, (size_t)held.trained * sizeof *held.dw);
        assert_memory_equal(held.whole, floats.whole, (size_t)held.full * sizeof *held.whole);
        assert_int_equal(held.floats + held.held, floats.floats);
        assert_true(floats.held == 0 && held.held > 0);
        if (trained == IX_TRAIN_NOTHING) assert_true(held.floats < held.held / 10); /* vectors only */
        drop(&held), drop(&floats);
    }
}

/* A folder of floats: every matrix is the nearest bf16, 2^-9 apart at most, and what models say differs little. */
static void others_are_rounded(void **state)
{
    (void)state;
    double worst = 0; /* of random weights, among them caps that bite: trained models are nearer */
    for (int c = 0; c < SHAPES * OBJECTIVES; c++) {
        const char *folder = folders[c / OBJECTIVES][IX_FP32], *name = objectives[c % OBJECTIVES];
        outcome floats = compute(folder, name, IX_TRAIN_NOTHING, IX_FP32),
                held = compute(folder, name, IX_TRAIN_NOTHING, IX_BF16),
                same = compute(folders[c / OBJECTIVES][IX_BF16], name, IX_TRAIN_NOTHING, IX_BF16);
        assert_memory_equal(held.result, same.result, sizeof held.result); /* as whoever stored it as bf16 rounded it */
        if (ix_grid_rank(grid, IX_TENSOR) == 0) {
            double apart = shape_apart(held.whole, floats.whole, held.full);
            assert_true(apart > 1e-4 && apart < 0x1p-9);
        }
        double most = 0, far = 0;
        for (int i = 0; i < PAIRS; i++)
            for (int s = 0; s < IX_SIDES; s++) {
                most = fmax(most, fabs(floats.result[i].reward[s]));
                far = fmax(far, fabs(held.result[i].reward[s] - floats.result[i].reward[s]));
            }
        worst = fmax(worst, far / most);
        drop(&held), drop(&floats), drop(&same);
    }
    printf("rewards of rounded weights are within %.3g of the largest\n", worst);
    assert_true(worst > 1e-5 && worst < 0x1p-4);
}

/* What bf16 cannot hold is said; and nothing is held where a trunk is trained. */
static void refusals(void **state)
{
    (void)state;
    ix_model *m;
    const ix_model_config *c = &shapes[0];
    ix_model_wish wish = {.head = true, .trained = IX_TRAIN_NOTHING, .storage = IX_BF16};
    char folder[600];
    snprintf(folder, sizeof folder, "%s/huge%d", scratch, ix_comm_rank());
    write_folder(folder, c, IX_FP32);
    char *path = ix_format("%s/model.safetensors", folder), *bytes;
    size_t size;
    float huge = 3.4e38f; /* a float, and beyond the largest bf16 */
    uint64_t header;      /* its length; the embedding comes first behind it */
    CHECK_OK(ix_file_read(path, &bytes, &size));
    memcpy(&header, bytes, sizeof header);
    memcpy(bytes + sizeof header + header, &huge, sizeof huge);
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
    CHECK_OK(ix_model_create(&m, folder, &wish));
    CHECK_OK(ix_model_hold(m));
    float *w = calloc((size_t)ix_model_params(m)->floats, sizeof *w);
    ix_status rc = ix_model_load(m, folder, NULL, w);
    assert_int_equal(rc, IX_EINPUT);
    assert_non_null(strstr(ix_message(), "which bf16 cannot hold"));
    ix_model_destroy(&m);
    free(w), free(path), free(bytes);
    size_t kept = 0;
    for (int trained = 0; trained < 2; trained++) {
        wish.trained = trained ? IX_TRAIN_TRUNK : IX_TRAIN_ALL;
        CHECK_OK(ix_model_create_config(&m, c, &wish));
        assert_int_equal(ix_model_params(m)->bf16, 0);
        if (!trained) kept = ix_model_kept_bytes(m, true);
        ix_model_destroy(&m);
    }
    wish.trained = IX_TRAIN_NOTHING;
    CHECK_OK(ix_model_create_config(&m, c, &wish));
    assert_int_equal(ix_model_kept_bytes(m, true), kept); /* who is only asked has the packs of who is trained */
    ix_model_destroy(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_bits), cmocka_unit_test(others_are_rounded),
                                       cmocka_unit_test(refusals)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    CHECK_OK(ix_grid_create(&grid, 1, 1, ix_comm_ranks()));
    scratch_make(NULL);
    write_folders();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_rest(grid, IX_WORLD); /* until nobody reads any more */
    scratch_remove(NULL);
    ix_grid_destroy(&grid);
    ix_comm_stop();
    return failed;
}
