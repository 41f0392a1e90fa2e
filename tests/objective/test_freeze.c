/* SPDX-License-Identifier: Apache-2.0
 *
 * What is trained in part has the same gradient there, bit by bit, as where all is trained; and a trunk that is not
 * trained gives the same numbers from memory as it gave the first time, in whatever pack. */
#include "base/random.h"
#include "check.h"
#include "objective/pass.h"

enum { PAIRS = 4, VOCABULARY = 90, LONGEST = 40 };

static int32_t ids[PAIRS][3][LONGEST];
static ix_pair pair[PAIRS];
static const double reference[PAIRS][IX_SIDES] = {{-50, -51}, {-60, -62}, {-70, -68}, {-80, -80}};
static const double scale[PAIRS] = {0.25, 0.25, 0.25, 0.25};
static const ix_objective_settings settings = {.beta = 0.1, .verdict = {5, 7}};

static int make_pairs(void **state)
{
    uint64_t draws = 0;
    (void)state;
    for (int i = 0; i < PAIRS; i++) {
        for (int part = 0; part < 3; part++)
            for (int t = 0; t < LONGEST; t++)
                ids[i][part][t] = (int32_t)(ix_draw_uniform(4, IX_DRAW_TEST, draws++) * VOCABULARY);
        pair[i] = (ix_pair){.prompt = ids[i / 2][0], /* two pairs a prompt */
                            .prompt_size = 20 + i / 2,
                            .row = i,
                            .response = {ids[i][1], ids[i][2]},
                            .response_size = {3 + 7 * i, 1 + 5 * i}};
    }
    return 0;
}

/* One run of one objective: what it computed last. */
typedef struct {
    ix_model *model;
    ix_pass *pass;
    float *w, *dw;
    ix_pair_result result[PAIRS];
} side;

/* The untied copy starts as the embedding. */
static void start(side *s)
{
    const ix_params *t = ix_model_params(s->model);
    ix_model_draw(s->model, 3, 0.2, s->w);
    int head = ix_params_find(t, "lm_head.weight"), embed = ix_params_find(t, "model.embed_tokens.weight");
    if (head < 0 || !ix_model_untied(s->model)) return;
    memcpy(s->w + t->param[head].offset, s->w + t->param[embed].offset, (size_t)ix_param_size(&t->param[head]) * 4);
}

static void open_side(side *s, const ix_objective *o, bool tied, ix_trained trained)
{
    const ix_model_config c = {.model_type = "llama",
                               .V = VOCABULARY,
                               .D = 32,
                               .layers = 2,
                               .H = 4,
                               .G = 2,
                               .K = 8,
                               .F = 48,
                               .eps = 1e-5f,
                               .positions = 256,
                               .tied = tied,
                               .rope_theta = 10000};
    ix_model_wish wish = {
        .head = ix_objective_reads_head(o), .extra = o->extra, .extras = o->extras, .trained = trained};
    *s = (side){0};
    wish.untie = true; /* so that all sides have the same table */
    CHECK_OK(ix_model_create_config(&s->model, &c, &wish));
    s->w = calloc((size_t)ix_model_params(s->model)->floats, sizeof *s->w);
    s->dw = calloc((size_t)ix_span_size(ix_model_trained(s->model)), sizeof *s->dw);
    start(s);
    CHECK_OK(ix_model_reserve(s->model, 1000, true));
    CHECK_OK(ix_pass_create(&s->pass, o, &settings, s->model, 1000, NULL));
}

static void close_side(side *s)
{
    ix_pass_destroy(&s->pass);
    ix_model_destroy(&s->model);
    free(s->w), free(s->dw);
}

/* Pairs first, first + step, ...: their gradient and results. */
static void train(side *s, int first, int step)
{
    ix_pack *pack;
    ix_pair_result result[PAIRS];
    double given[PAIRS][IX_SIDES];
    int n = 0;
    CHECK_OK(ix_pack_create(&pack, 1000, 4 * PAIRS, PAIRS));
    for (int i = first; i < PAIRS; i += step) {
        memcpy(given[n++], reference[i], sizeof given[0]);
        ix_pack_add_pair(pack, &pair[i], i, true);
    }
    memset(s->dw, 0, (size_t)ix_span_size(ix_model_trained(s->model)) * sizeof *s->dw);
    ix_pass_gradient(s->pass, s->w, s->dw, pack, (const double(*)[IX_SIDES])given, scale, result);
    for (int k = 0; k < n; k++) s->result[first + k * step] = result[k];
    ix_pack_destroy(&pack);
}

static const char *const objectives[] = {"ex_rm", "ex_rm_mean", "im_rm", "ex_grm", "sft"};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

static void parts_have_the_gradient_of_the_whole(void **state)
{
    (void)state;
    for (int c = 0; c < 4 * OBJECTIVES; c++) {
        const ix_objective *o = ix_objective_find(objectives[c / 4]);
        side all, part;
        open_side(&all, o, c % 2, IX_TRAIN_ALL);
        open_side(&part, o, c % 2, c % 4 < 2 ? IX_TRAIN_HEAD : IX_TRAIN_TRUNK);
        ix_span trained = ix_model_trained(part.model);
        train(&all, 0, 1);
        train(&part, 0, 1);
        assert_memory_equal(part.result, all.result, sizeof all.result);
        assert_true(ix_span_size(trained) > 0);
        assert_memory_equal(part.dw, all.dw + trained.lo, (size_t)ix_span_size(trained) * sizeof *part.dw);
        bool some = false;
        for (int64_t i = 0; i < ix_span_size(trained); i++) some = some || part.dw[i] != 0;
        assert_true(some);
        close_side(&all), close_side(&part);
    }
}

/* Weights of the trunk are spoilt after the first time: what comes from memory does not notice. */
static void states_are_remembered(void **state)
{
    (void)state;
    for (int c = 0; c < OBJECTIVES; c++) {
        const ix_objective *o = ix_objective_find(objectives[c]);
        side s;
        ix_pair_result before[PAIRS];
        open_side(&s, o, true, IX_TRAIN_HEAD);
        ix_span trained = ix_model_trained(s.model);
        size_t bytes = (size_t)ix_span_size(trained) * sizeof *s.dw;
        train(&s, 0, 1);
        float *first = malloc(bytes);
        memcpy(first, s.dw, bytes);
        memcpy(before, s.result, sizeof before);
        for (int64_t i = 0; i < trained.lo; i++) s.w[i] = 0.01f;
        train(&s, 0, 1);
        assert_memory_equal(s.dw, first, bytes);
        for (int k = 0; k < 3; k++) train(&s, k, 3); /* in other packs */
        assert_memory_equal(s.result, before, sizeof before);
        s.w[trained.lo] += 1; /* the head is not remembered */
        train(&s, 0, 1);
        assert_true(memcmp(s.result, before, sizeof before) != 0);
        s.w[trained.lo] -= 1;
        assert_true(ix_pass_count(s.pass).state_tokens > 0);
        ix_pass_set_waste(s.pass, (ix_pass_waste){.frozen_states = true});
        train(&s, 0, 1); /* what is computed again does */
        assert_true(memcmp(s.result, before, sizeof before) != 0);
        free(first);
        close_side(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts_have_the_gradient_of_the_whole),
                                       cmocka_unit_test(states_are_remembered)};
    return cmocka_run_group_tests(tests, make_pairs, NULL);
}
