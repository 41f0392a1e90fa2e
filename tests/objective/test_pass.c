/* SPDX-License-Identifier: Apache-2.0
 *
 * For every family: a pair's rewards have the same bits alone, in any pack, in any order, with its prompt shared or
 * not, and for any number of threads; gradients do not depend on sharing beyond rounding, nor on threads at all. */
#include <omp.h>

#include "base/random.h"
#include "check.h"
#include "objective/pass.h"

enum { PAIRS = 7, VOCABULARY = 130, LONGEST = 90 };

typedef struct {
    ix_model *model;
    float *w;
    int32_t ids[PAIRS][3][LONGEST];
    ix_pair pair[PAIRS];
    double reference[PAIRS][IX_SIDES], scale[PAIRS];
} world;

static uint64_t draws;

static int32_t below(int32_t n)
{
    return (int32_t)(ix_draw_uniform(3, IX_DRAW_TEST, draws++) * n);
}

#define SIZES .V = VOCABULARY, .D = 48, .layers = 2, .H = 6, .eps = 1e-5f, .positions = 512, .rope_theta = 10000
static const ix_model_config families[] = {
    {.model_type = "llama", SIZES, .G = 2, .K = 8, .F = 80, .tied = true},
    {.model_type = "qwen2", SIZES, .G = 3, .K = 8, .F = 75},
    {.model_type = "gpt_neox", SIZES, .G = 6, .K = 8, .F = 77, .R = 2, .parallel = true},
    {.model_type = "gpt_neox", SIZES, .G = 6, .K = 8, .F = 77, .R = 4},
    /* a window that is shorter than most prompts, caps that bite */
    {.model_type = "gemma2",
     SIZES,
     .G = 2,
     .K = 10,
     .F = 75,
     .tied = true,
     .query_scale = 7,
     .score_cap = 2,
     .logit_cap = 3,
     .window = 20},
};
static int family; /* of the tests that run */

/* Biases and norms as trained models have them. */
static void disturb(const ix_model *m, float *w)
{
    const ix_params *t = ix_model_params(m);
    for (int i = 0; i < t->count; i++)
        for (int64_t j = 0; t->param[i].dims == 1 && j < t->param[i].cols; j++)
            w[t->param[i].offset + j] += (float)(0.2 * ix_draw_normal(2, IX_DRAW_TEST, (uint64_t)j));
}

static int setup(void **state)
{
    static const ix_extra score = {.name = "score.weight"};
    ix_model_wish wish = {.head = true, .extra = &score, .extras = 1};
    world *s = calloc(1, sizeof *s);
    CHECK_OK(ix_model_create_config(&s->model, &families[family], &wish));
    s->w = calloc((size_t)ix_model_params(s->model)->floats, sizeof *s->w);
    ix_model_draw(s->model, 1, 0.2, s->w);
    disturb(s->model, s->w);
    CHECK_OK(ix_model_reserve(s->model, PAIRS * 4 * LONGEST, true));
    for (int i = 0; i < PAIRS; i++) {
        for (int part = 0; part < 3; part++)
            for (int t = 0; t < LONGEST; t++) s->ids[i][part][t] = below(VOCABULARY);
        s->pair[i] = (ix_pair){.prompt = s->ids[i][0],
                               .prompt_size = 1 + below(LONGEST),
                               .row = i,
                               .response = {s->ids[i][1], s->ids[i][2]},
                               .response_size = {1 + below(LONGEST), 1 + below(LONGEST)}};
        s->reference[i][0] = -100 - i;
        s->reference[i][1] = -101 + i;
        s->scale[i] = 1.0 / PAIRS;
    }
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    world *s = *state;
    ix_model_destroy(&s->model);
    free(s->w);
    free(s);
    return 0;
}

static ix_pass_waste waste;   /* of the passes of `run` */
static ix_pass_spared spared; /* by the latest */

/* Pairs order[0..n) in one pack; result and dw (may be NULL) as ix_pass gives them, result by pair number. */
static void run(world *s, const char *objective, const int *order, int n, bool share, float *dw, ix_pair_result *out)
{
    ix_objective_settings settings = {.beta = 0.1};
    ix_pair_result result[PAIRS];
    double reference[PAIRS][IX_SIDES];
    ix_pass *pass;
    ix_pack *pack;
    CHECK_OK(ix_pack_create(&pack, PAIRS * 4 * LONGEST, 4 * PAIRS, PAIRS));
    for (int i = 0; i < n; i++) {
        ix_pack_add_pair(pack, &s->pair[order[i]], order[i], share);
        memcpy(reference[i], s->reference[order[i]], sizeof reference[i]);
    }
    CHECK_OK(ix_pass_create(&pass, ix_objective_find(objective), &settings, s->model, PAIRS * 4 * LONGEST, NULL));
    ix_pass_set_waste(pass, waste);
    const double(*given)[IX_SIDES] = (const double(*)[IX_SIDES])reference;
    if (dw) ix_pass_gradient(pass, s->w, dw, pack, given, s->scale, result);
    else ix_pass_rewards(pass, s->w, pack, given, result);
    for (int i = 0; i < n; i++) out[order[i]] = result[i];
    spared = ix_pass_count(pass);
    ix_pass_destroy(&pass);
    ix_pack_destroy(&pack);
}

static const char *const objectives[] = {"ex_rm", "im_rm"};
static const int forth[PAIRS] = {0, 1, 2, 3, 4, 5, 6}, mixed[PAIRS] = {5, 2, 6, 0, 3, 1, 4};

static void rewards_do_not_depend_on_the_pack(void **state)
{
    world *s = *state;
    for (int o = 0; o < 2; o++) {
        ix_pair_result alone[PAIRS], other[PAIRS];
        for (int i = 0; i < PAIRS; i++) run(s, objectives[o], &forth[i], 1, true, NULL, alone);
        for (int i = 0; i < PAIRS; i++) assert_true(alone[i].reward[0] != alone[i].reward[1]);
        for (int way = 0; way < 8; way++) {
            omp_set_num_threads(way & 4 ? 3 : 1);
            run(s, objectives[o], way & 1 ? mixed : forth, PAIRS, way & 2, NULL, other);
            assert_memory_equal(alone, other, sizeof alone);
        }
        omp_set_num_threads(1);
        float *dw = calloc((size_t)ix_model_params(s->model)->floats, sizeof *dw);
        run(s, objectives[o], mixed, PAIRS, true, dw, other); /* training sees the rewards that judging sees */
        assert_memory_equal(alone, other, sizeof alone);
        free(dw);
    }
}

/* |a - b| / |a| */
static double difference(const float *a, const float *b, int64_t n)
{
    double norm = 0, apart = 0;
    for (int64_t i = 0; i < n; i++) {
        norm += (double)a[i] * (double)a[i];
        apart += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    }
    assert_true(norm > 0);
    return sqrt(apart / norm);
}

static void gradients_agree(void **state)
{
    world *s = *state;
    int64_t n = ix_model_params(s->model)->floats;
    for (int o = 0; o < 2; o++) {
        float *g[3];
        ix_pair_result out[PAIRS];
        for (int k = 0; k < 3; k++) {
            g[k] = calloc((size_t)n, sizeof *g[k]);
            omp_set_num_threads(k == 1 ? 3 : 1);
            run(s, objectives[o], forth, PAIRS, k < 2, g[k], out);
        }
        assert_memory_equal(g[0], g[1], (size_t)n * sizeof *g[0]); /* threads */
        CHECK_NEAR(difference(g[0], g[2], n), 0, 1e-5);            /* sharing */
        for (int k = 0; k < 3; k++) free(g[k]);
        omp_set_num_threads(1);
    }
}

static int64_t prompt_tokens(const world *s)
{
    int64_t n = 0;
    for (int i = 0; i < PAIRS; i++) n += s->pair[i].prompt_size;
    return n;
}

static int64_t response_tokens(const world *s)
{
    int64_t n = 0;
    for (int i = 0; i < PAIRS; i++) n += s->pair[i].response_size[0] + s->pair[i].response_size[1];
    return n;
}

/* Whatever is left out could as well be computed: the same rewards, and gradients but for the order of sums. */
static void nothing_left_out_is_the_same(void **state)
{
    static const ix_pass_waste wasted[] = {{.last_block = true}, {.head_rows = true}, {.logits = true}};
    world *s = *state;
    int64_t n = ix_model_params(s->model)->floats;
    float *g = calloc((size_t)n, sizeof *g), *other = malloc((size_t)n * sizeof *other);
    for (int o = 0; o < 2; o++) {
        ix_pair_result out[PAIRS], all[PAIRS];
        memset(g, 0, (size_t)n * sizeof *g);
        run(s, objectives[o], mixed, PAIRS, true, g, out);
        bool im = o == 1; /* whose reads are the responses but for their ends, and the prompts' ends */
        assert_int_equal(spared.prompt_tokens, prompt_tokens(s));
        assert_int_equal(spared.block_rows, prompt_tokens(s) + (im ? PAIRS : response_tokens(s) - 2 * PAIRS));
        assert_int_equal(spared.head_rows, im ? spared.block_rows : 0);
        for (int k = 0; k < 3; k++) {
            waste = wasted[k];
            memset(other, 0, (size_t)n * sizeof *other);
            run(s, objectives[o], mixed, PAIRS, true, other, all);
            assert_memory_equal(all, out, sizeof all);
            if (k == 2) assert_memory_equal(other, g, (size_t)n * sizeof *g);
            else CHECK_NEAR(difference(g, other, n), 0, 1e-5);
            assert_int_equal(spared.head_rows, im && k != 1 ? PAIRS + prompt_tokens(s) : 0);
            assert_true((spared.block_rows > 0) == (k == 2));
            assert_int_equal(ix_model_take_recomputed(s->model), im && k == 2 ? response_tokens(s) : 0);
        }
        waste = (ix_pass_waste){0};
    }
    free(g);
    free(other);
}

/* A policy that is its own reference: rewards exactly 0, loss exactly ln 2. */
static void equal_models_give_zero(void **state)
{
    world *s = *state;
    ix_pair_result base[PAIRS], out[PAIRS];
    double kept[PAIRS][IX_SIDES];
    memcpy(kept, s->reference, sizeof kept);
    run(s, "im_rm", mixed, PAIRS, true, NULL, base);
    for (int i = 0; i < PAIRS; i++) memcpy(s->reference[i], base[i].logp, sizeof base[i].logp);
    run(s, "im_rm", forth, PAIRS, false, NULL, out);
    for (int i = 0; i < PAIRS; i++) {
        assert_true(out[i].reward[0] == 0 && out[i].reward[1] == 0);
        assert_true(out[i].loss == log(2));
    }
    memcpy(s->reference, kept, sizeof kept);
}

static void pair_loss_is_stable(void **state)
{
    (void)state;
    double d[IX_SIDES], h = 1e-6;
    assert_true(ix_pair_loss((double[]){3, 3}, d) == log(2) && d[0] == -0.5 && d[1] == 0.5);
    CHECK_NEAR(ix_pair_loss((double[]){0, 1000}, d), 1000, 1e-9);
    CHECK_NEAR(d[0], -1, 1e-12);
    CHECK_NEAR(ix_pair_loss((double[]){1000, 0}, d), 0, 1e-300);
    CHECK_NEAR(d[0], 0, 1e-300);
    for (double z = -5; z < 5; z += 0.37) {
        double unused[IX_SIDES];
        double up = ix_pair_loss((double[]){z + h, 0}, unused), down = ix_pair_loss((double[]){z - h, 0}, unused);
        ix_pair_loss((double[]){z, 0}, d);
        CHECK_NEAR(d[0], (up - down) / (2 * h), 1e-8);
        CHECK_NEAR(d[1], -d[0], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rewards_do_not_depend_on_the_pack),
                                       cmocka_unit_test(gradients_agree), cmocka_unit_test(equal_models_give_zero),
                                       cmocka_unit_test(pair_loss_is_stable),
                                       cmocka_unit_test(nothing_left_out_is_the_same)};
    int failed = 0;
    for (; family < (int)(sizeof families / sizeof *families); family++) {
        printf("%s\n", families[family].model_type);
        failed += cmocka_run_group_tests(tests, setup, teardown);
    }
    return failed != 0;
}
