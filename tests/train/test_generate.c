/* SPDX-License-Identifier: Apache-2.0
 *
 * Generation: the same texts whatever the batch, the data ranks and the order of the prompts; log-probabilities with
 * the bits of the objective's own pass; end tokens, lengths, guides. */
#include "comm/grid.h"
#include "synthetic.h"
#include "train/generate.h"
#include "train/judge.h"

enum { PROMPTS = 9, TRIES = 3, ASKED = PROMPTS * TRIES, MOST = 24 };

typedef struct {
    ix_grid *grid;
    ix_model *model;
    float *weights;
    ix_pairs *pairs;
    ix_asked asked[ASKED];
    ix_generator g;
} bench;

static const int32_t ends[] = {7, 11, 13, 17};

static int setup(void **state)
{
    static bench b;
    const ix_objective *o = ix_objective_find("im_rm");
    b.model = synthetic_model(o);
    b.weights = synthetic_weights(b.model);
    b.pairs = synthetic_pairs(PROMPTS, 21);
    for (int i = 0; i < ASKED; i++) {
        ix_pair p = ix_pairs_get(b.pairs, i / TRIES);
        b.asked[i] = (ix_asked){.prompt = p.prompt, .size = p.prompt_size, .attempt = i % TRIES, .index = i / TRIES};
    }
    CHECK_OK(ix_grid_create(&b.grid, 1, ix_comm_ranks(), 1));
    b.g = (ix_generator){.grid = b.grid,
                         .model = b.model,
                         .weights = b.weights,
                         .sampling = {1, 0, 1},
                         .seed = 5,
                         .most = MOST,
                         .end = ends,
                         .ends = 4};
    *state = &b;
    return 0;
}

static int teardown(void **state)
{
    bench *b = *state;
    ix_pairs_destroy(&b->pairs);
    ix_model_destroy(&b->model);
    free(b->weights);
    ix_grid_destroy(&b->grid);
    return 0;
}

/* Sequence i of `a` and sequence k of `b`. */
static void check_same(const ix_said *a, int64_t i, const ix_said *b, int64_t k)
{
    assert_int_equal(a->size[i], b->size[k]);
    assert_memory_equal(a->token + i * a->most, b->token + k * b->most, (size_t)a->size[i] * sizeof *a->token);
    assert_memory_equal(a->logp + i * a->most, b->logp + k * b->most, (size_t)a->size[i] * sizeof *a->logp);
}

/* Alone on this rank, one sequence at a time. */
static void one_by_one(const bench *b, ix_said *out)
{
    ix_generator g = b->g;
    ix_grid *self;
    CHECK_OK(ix_grid_create_self(&self));
    g.grid = self;
    g.batch = 1;
    CHECK_OK(ix_generate(&g, b->asked, ASKED, out));
    ix_grid_destroy(&self);
}

static void independent_of_batch_and_ranks(void **state)
{
    bench *b = *state;
    const int64_t batch[] = {0, 2, 5, ASKED};
    ix_said want = {0};
    one_by_one(b, &want);
    for (int k = 0; k < 4; k++) {
        ix_said got = {0};
        ix_generator g = b->g;
        g.batch = batch[k];
        CHECK_OK(ix_generate(&g, b->asked, ASKED, &got));
        for (int i = 0; i < ASKED; i++) check_same(&got, i, &want, i);
        ix_said_free(&got);
    }
    int differ = 0, ended = 0;
    for (int i = 0; i < ASKED; i++) {
        ended += want.size[i] < MOST;
        if (i % TRIES) differ += want.token[i * MOST] != want.token[(i - 1) * MOST];
    }
    assert_true(differ > PROMPTS && ended > 2); /* tries differ, and some texts end */
    ix_said_free(&want);
}

static void independent_of_order(void **state)
{
    bench *b = *state;
    ix_asked turned[ASKED];
    ix_said want = {0}, got = {0};
    for (int i = 0; i < ASKED; i++) turned[i] = b->asked[ASKED - 1 - i];
    CHECK_OK(ix_generate(&b->g, b->asked, ASKED, &want));
    CHECK_OK(ix_generate(&b->g, turned, ASKED, &got));
    for (int i = 0; i < ASKED; i++) check_same(&got, ASKED - 1 - i, &want, i);
    ix_said_free(&got);
    ix_generator other = b->g;
    other.seed++;
    CHECK_OK(ix_generate(&other, b->asked, ASKED, &got));
    int same = 0;
    for (int i = 0; i < ASKED; i++) same += got.token[i * MOST] == want.token[i * MOST];
    assert_true(same < ASKED / 2);
    ix_said_free(&got), ix_said_free(&want);
}

/* An end token is the last, and the only one. */
static void ends_where_it_should(void **state)
{
    bench *b = *state;
    ix_said said = {0};
    CHECK_OK(ix_generate(&b->g, b->asked, ASKED, &said));
    for (int i = 0; i < ASKED; i++) {
        assert_true(said.size[i] >= 1 && said.size[i] <= MOST);
        for (int k = 0; k < said.size[i]; k++) {
            bool end = false;
            for (int e = 0; e < 4; e++) end |= said.token[i * MOST + k] == ends[e];
            assert_true(end == (k + 1 == said.size[i]) || (!end && said.size[i] == MOST));
        }
    }
    ix_said_free(&said);
}

/* What was said, judged as responses: the same sums, to the bit. */
static void probabilities_are_those_of_training(void **state)
{
    bench *b = *state;
    const ix_objective_settings settings = {.beta = 1};
    static const ix_pair_result none[PROMPTS];
    ix_pair_result result[PROMPTS];
    ix_said said = {0};
    ix_texts *texts;
    ix_pairs *pairs;
    ix_pass *pass;
    CHECK_OK(ix_generate(&b->g, b->asked, ASKED, &said));
    CHECK_OK(ix_texts_create(&texts, "said"));
    for (int p = 0; p < PROMPTS; p++) {
        ix_pair pair = ix_pairs_get(b->pairs, p);
        for (int side = 0; side < IX_SIDES; side++) {
            pair.response[side] = said.token + (p * TRIES + side) * MOST;
            pair.response_size[side] = said.size[p * TRIES + side];
        }
        CHECK_OK(ix_texts_add_ids(texts, &pair));
    }
    CHECK_OK(ix_pairs_tokenize(&pairs, texts, NULL, NULL, NULL));
    CHECK_OK(ix_model_reserve(b->model, 512, false));
    CHECK_OK(ix_pass_create(&pass, ix_objective_find("im_rm"), &settings, b->model, 512, NULL));
    ix_judge judge = {.grid = b->grid, .pass = pass, .pack_tokens = 512, .share_prompt = true};
    CHECK_OK(ix_judge_pairs(&judge, b->weights, pairs, none, result));
    for (int p = 0; p < PROMPTS; p++)
        for (int side = 0; side < IX_SIDES; side++)
            assert_true(ix_said_logp(&said, p * TRIES + side) == result[p].logp[side]);
    ix_pass_destroy(&pass);
    ix_pairs_destroy(&pairs);
    ix_texts_destroy(&texts);
    ix_said_free(&said);
}

/* Says the rejected response of its prompt's pair; tries of odd number say nothing, the last what it likes. */
static bool recite(void *context, int64_t i, const int32_t *said, int32_t n, ix_choice *next)
{
    ix_pair p = ix_pairs_get(context, i / TRIES);
    (void)said;
    if (i % TRIES == 1) return false;
    if (i % TRIES == 2) return true;
    *next = (ix_choice){p.response[IX_REJECTED] + n, 1};
    return n < p.response_size[IX_REJECTED];
}

static void guided(void **state)
{
    bench *b = *state;
    ix_generator g = b->g;
    ix_said said = {0}, freely = {0};
    g.guide = recite;
    g.context = b->pairs;
    g.most = 64;
    g.ends = 0;
    CHECK_OK(ix_generate(&g, b->asked, ASKED, &said));
    g.guide = NULL;
    CHECK_OK(ix_generate(&g, b->asked, ASKED, &freely));
    for (int i = 0; i < ASKED; i++) {
        ix_pair p = ix_pairs_get(b->pairs, i / TRIES);
        if (i % TRIES == 1) assert_int_equal(said.size[i], 0);
        if (i % TRIES == 2) check_same(&said, i, &freely, i);
        if (i % TRIES) continue;
        assert_int_equal(said.size[i], p.response_size[IX_REJECTED]);
        assert_memory_equal(said.token + i * 64, p.response[IX_REJECTED], (size_t)said.size[i] * sizeof(int32_t));
    }
    ix_said_free(&said), ix_said_free(&freely);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(independent_of_batch_and_ranks),
                                       cmocka_unit_test(independent_of_order), cmocka_unit_test(ends_where_it_should),
                                       cmocka_unit_test(probabilities_are_those_of_training), cmocka_unit_test(guided)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    int failed = cmocka_run_group_tests(tests, setup, teardown);
    ix_comm_stop();
    return failed;
}
