/* SPDX-License-Identifier: Apache-2.0
 *
 * A bag of tokens: the optimum's own equations, ties of what it has not seen, and looking up. */
#include "data/bag.h"

#include "base/random.h"
#include "check.h"
#include "data/inspect.h"

enum { TOKENS = 12, PAIRS = 40 };

/* Responses of up to 9 tokens below TOKENS - 2; every fourth pair has two responses of the same tokens. */
static ix_texts *draw_pairs(void)
{
    ix_texts *texts = NULL;
    uint64_t k = 0;
    CHECK_OK(ix_texts_create(&texts, "drawn"));
    for (int i = 0; i < PAIRS; i++) {
        int32_t prompt = i, answer[IX_SIDES][9];
        ix_pair p = {.prompt = &prompt, .prompt_size = 1};
        for (int s = 0; s < IX_SIDES; s++) {
            p.response_size[s] = i % 4 ? 1 + (int32_t)(ix_draw_bits(3, IX_DRAW_TEST, k++) % 9) : 5;
            for (int t = 0; t < 9; t++)
                answer[s][t] = (int32_t)(ix_draw_bits(4, IX_DRAW_TEST, k++) % (TOKENS - 2 - 2 * (unsigned)s));
            p.response[s] = answer[s];
        }
        for (int t = 0; i % 4 == 0 && t < 5; t++) answer[1][t] = answer[0][4 - t];
        CHECK_OK(ix_texts_add_ids(texts, &p));
    }
    return texts;
}

static ix_pairs *as_pairs(const ix_texts *texts)
{
    ix_pairs *pairs = NULL;
    CHECK_OK(ix_pairs_tokenize(&pairs, texts, NULL, NULL, NULL));
    return pairs;
}

/* Scores of the single tokens are the weights. */
static void weights_of(const ix_bag *bag, double weight[TOKENS])
{
    double score[TOKENS * IX_SIDES];
    ix_texts *texts = NULL;
    int32_t prompt = 0;
    CHECK_OK(ix_texts_create(&texts, "tokens"));
    for (int32_t t = 0; t < TOKENS; t++) {
        ix_pair p = {.prompt = &prompt, .prompt_size = 1, .response = {&t, &t}, .response_size = {1, 1}};
        CHECK_OK(ix_texts_add_ids(texts, &p));
    }
    ix_pairs *pairs = as_pairs(texts);
    CHECK_OK(ix_bag_score(bag, pairs, score));
    for (int t = 0; t < TOKENS; t++) weight[t] = score[IX_SIDES * t];
    ix_pairs_destroy(&pairs);
    ix_texts_destroy(&texts);
}

/* At the optimum w = sum_i sigmoid(-w d_i) d_i. */
static void test_optimum(void **state)
{
    ix_texts *texts = draw_pairs();
    ix_pairs *pairs = as_pairs(texts);
    ix_bag *bag = NULL;
    double weight[TOKENS], right[TOKENS] = {0}, score[PAIRS * IX_SIDES];
    (void)state;
    CHECK_OK(ix_bag_fit(&bag, pairs));
    weights_of(bag, weight);
    CHECK_OK(ix_bag_score(bag, pairs, score));
    for (int i = 0; i < PAIRS; i++) {
        double pull = 1 / (1 + exp(score[2 * i] - score[2 * i + 1]));
        ix_pair p = ix_pairs_get(pairs, i);
        for (int s = 0; s < IX_SIDES; s++)
            for (int32_t t = 0; t < p.response_size[s]; t++) right[p.response[s][t]] += s == IX_CHOSEN ? pull : -pull;
        if (i % 4 == 0) assert_true(score[2 * i] == score[2 * i + 1]); /* the same tokens: exactly equal */
    }
    for (int t = 0; t < TOKENS; t++) CHECK_NEAR(weight[t], right[t], 1e-4);
    assert_true(weight[TOKENS - 1] == 0 && weight[TOKENS - 2] == 0 && weight[0] != 0);
    ix_bag_destroy(&bag);
    ix_pairs_destroy(&pairs);
    ix_texts_destroy(&texts);
}

static void test_lookup(void **state)
{
    ix_texts *train = NULL, *test = NULL;
    ix_known *known = NULL;
    (void)state;
    CHECK_OK(ix_texts_create(&train, "train"));
    CHECK_OK(ix_texts_create(&test, "test"));
    CHECK_OK(ix_texts_add(train, "p", "good", "bad"));
    CHECK_OK(ix_texts_add(train, "q", "fine", "worse"));
    CHECK_OK(ix_texts_add(test, "p", "good", "fine"));
    CHECK_OK(ix_texts_add(test, "q", "good", "fine"));
    CHECK_OK(ix_texts_add(test, "p", "bad", "new"));
    CHECK_OK(ix_known_create(&known, train));
    static const bool want[3][IX_SIDES] = {{true, false}, {false, true}, {false, false}};
    for (int i = 0; i < 3; i++)
        for (ix_side s = IX_CHOSEN; s < IX_SIDES; s++)
            assert_true(ix_known_chosen(known, ix_texts_get(test, i), s) == want[i][s]);
    assert_true(ix_response_length(ix_texts_get(test, 0), IX_CHOSEN) == 4);
    ix_known_destroy(&known);
    ix_texts_destroy(&train);
    ix_texts_destroy(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_optimum), cmocka_unit_test(test_lookup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
