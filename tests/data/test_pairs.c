/* SPDX-License-Identifier: Apache-2.0
 *
 * From texts to token ids: limits, errors by row, threads, and the order of micro-batches. */
#include <omp.h>

#include "data/files.h"
#include "data/miniworld.h"
#include "data/order.h"
#include "data/pairs.h"

static ix_miniworld *world;
static ix_tokenizer *tok;
static ix_chat *chat;

static int open_world(void **state)
{
    (void)state;
    char *folder = ix_format("%s", scratch("tokenizer")), *names[2];
    CHECK_OK(ix_miniworld_open(&world, IX_SOURCE_DIR "/data/miniworld/lexicon.yaml"));
    CHECK_OK(ix_miniworld_write_tokenizer(world, folder));
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    CHECK_OK(ix_chat_open(&chat, tok, "auto", NULL));
    names[0] = ix_format("%s/tokenizer.json", folder);
    names[1] = ix_format("%s/tokenizer_config.json", folder);
    for (int i = 0; i < 2; i++) {
        remove(names[i]);
        free(names[i]);
    }
    rmdir(folder);
    free(folder);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
    ix_miniworld_close(&world);
    return 0;
}

/* A list of pairs given as ids: row i has prompt i+1 tokens long, responses 1 and 2. */
static ix_texts *stairs(int64_t n)
{
    int32_t id[64];
    ix_texts *t;
    for (int i = 0; i < 64; i++) id[i] = i;
    CHECK_OK(ix_texts_create(&t, "stairs"));
    for (int64_t i = 0; i < n; i++)
        CHECK_OK(ix_texts_add_ids(t, &(ix_pair){.prompt = id,
                                                .prompt_size = (int32_t)i + 1,
                                                .response = {id + 1, id + 2},
                                                .response_size = {1, 2},
                                                .row = 99}));
    return t;
}

static void test_ids(void **state)
{
    (void)state;
    ix_texts *t = stairs(4);
    ix_pairs *p;
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, NULL));
    assert_int_equal(ix_pairs_count(p), 4);
    assert_int_equal(ix_pairs_dropped(p), 0);
    assert_int_equal(ix_pairs_tokens(p), 1 + 2 + 3 + 4 + 4 * 3);
    ix_pair last = ix_pairs_get(p, 3);
    assert_int_equal(last.row, 3);
    assert_int_equal(last.prompt_size, 4);
    assert_int_equal(last.prompt[3], 3);
    assert_int_equal(last.response[IX_CHOSEN][0], 1);
    assert_int_equal(last.response_size[IX_REJECTED], 2);
    assert_int_equal(last.response[IX_REJECTED][1], 3);
    assert_ptr_equal(last.response[IX_CHOSEN], last.prompt + 4); /* one block */
    assert_ptr_equal(ix_pairs_get(p, 0).prompt + 1 + 3, ix_pairs_get(p, 1).prompt);
    ix_pairs_destroy(&p);
    assert_null(p);
    ix_texts_destroy(&t);
}

static void test_limits(void **state)
{
    (void)state;
    ix_texts *t = stairs(10);
    ix_pairs *p;
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 6}));
    assert_int_equal(ix_pairs_count(p), 6);
    assert_int_equal(ix_pairs_dropped(p), 4);
    assert_int_equal(ix_pairs_rows(p), 10);
    assert_int_equal(ix_pairs_find_row(p, 5), 5);
    assert_int_equal(ix_pairs_find_row(p, 6), -1);
    assert_int_equal(ix_pairs_find_row(p, -1), -1);
    ix_pairs_destroy(&p);
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.count = 3, .max_response = 2, .vocabulary = 4}));
    assert_int_equal(ix_pairs_count(p), 3); /* row 4 has an id above the vocabulary, but is not looked at */
    ix_pairs_destroy(&p);
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_sequence = 7}));
    assert_int_equal(ix_pairs_count(p), 5); /* 5 of the prompt and 2 of the longer response */
    ix_pairs_destroy(&p);
    const ix_limits strict = {.max_prompt = 9, .too_long = IX_TOO_LONG_ERROR};
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &strict), IX_EINPUT,
                "stairs:10: the prompt has 10 tokens, more than max_tokens: 9");
    assert_null(p);
    const ix_limits fits = {.max_sequence = 11, .too_long = IX_TOO_LONG_ERROR};
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &fits), IX_EINPUT,
                "stairs:10: prompt and rejected response have 12 tokens, more than max_tokens.sequence: 11");
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_response = 1}), IX_EINPUT,
                "no pair is left of 10; 10 were longer than max_tokens");
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 6, .count = 7}), IX_EINPUT,
                "count is 7, but only 6 pairs are left of 10; 4 were longer");
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.vocabulary = 9}), IX_EINPUT,
                "stairs:10: token 9 of the prompt has id 9, outside the model's vocabulary of 9");
    ix_texts_destroy(&t);
}

/* Rows that stay keep their numbers when others go. */
static void test_rows(void **state)
{
    (void)state;
    ix_texts *t;
    ix_pairs *p;
    const int32_t id[5] = {1, 2, 3, 4, 5};
    CHECK_OK(ix_texts_create(&t, "rows"));
    for (int i = 0; i < 9; i++)
        CHECK_OK(ix_texts_add_ids(
            t, &(ix_pair){.prompt = id, .prompt_size = i % 3 ? 1 : 5, .response = {id, id}, .response_size = {1, 1}}));
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 4, .count = 4}));
    assert_int_equal(ix_pairs_count(p), 4);
    assert_int_equal(ix_pairs_dropped(p), 2); /* rows 0 and 3; row 6 was not looked at */
    const int64_t rows[4] = {1, 2, 4, 5};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ix_pairs_get(p, i).row, rows[i]);
        assert_int_equal(ix_pairs_find_row(p, rows[i]), i);
    }
    assert_int_equal(ix_pairs_find_row(p, 3), -1);
    assert_int_equal(ix_pairs_find_row(p, 7), -1);
    ix_pairs_destroy(&p);
    ix_texts_destroy(&t);
}

/* A thousand of two thousand as the authors draw them (seed 517), of those that are short enough. */
static void test_draw(void **state)
{
    (void)state;
    ix_texts *t;
    ix_pairs *p;
    const int32_t id[5] = {1, 2, 3, 4, 5};
    const int64_t head[4] = {1281, 790, 1639, 382};
    CHECK_OK(ix_texts_create(&t, "drawn"));
    for (int i = 0; i < 3000; i++)
        CHECK_OK(ix_texts_add_ids(
            t, &(ix_pair){.prompt = id, .prompt_size = i % 3 ? 1 : 5, .response = {id, id}, .response_size = {1, 1}}));
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 4, .count = 1000, .seed = 517}));
    assert_int_equal(ix_pairs_count(p), 1000);
    assert_int_equal(ix_pairs_dropped(p), 1000);
    assert_int_equal(ix_pairs_tokens(p), 3000);
    for (int i = 0; i < 4; i++) /* of rows 1, 2, 4, 5, 7, ... that with this number */
        assert_int_equal(ix_pairs_get(p, i).row, head[i] / 2 * 3 + 1 + head[i] % 2);
    ix_pairs_destroy(&p);
    CHECK_FAILS(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 4, .count = 2001, .seed = 517}),
                IX_EINPUT, "count is 2001, but only 2000 pairs are left of 3000");
    ix_texts_destroy(&t);
}

static void expect_words(const int32_t *id, int32_t n, const char *want)
{
    char got[2000] = "";
    for (int32_t i = 0; i < n; i++) {
        if (i) strcat(got, " ");
        strcat(got, ix_miniworld_word(world, id[i]));
    }
    assert_string_equal(got, want);
}

/* The embedded world through its own tokenizer folder and chat format. */
static void test_world(void **state)
{
    (void)state;
    ix_sets *sets;
    ix_pairs *p;
    CHECK_OK(ix_miniworld_sets(&sets, world, "math"));
    const ix_texts *t = ix_sets_train(sets);
    CHECK_OK(ix_pairs_tokenize(&p, t, tok, chat, &(ix_limits){.vocabulary = ix_miniworld_size(world)}));
    assert_int_equal(ix_pairs_count(p), ix_texts_count(t));
    for (int64_t i = 0; i < ix_pairs_count(p); i += 97) {
        ix_pair pair = ix_pairs_get(p, i);
        const ix_text_pair *text = ix_texts_get(t, i);
        char *prompt = ix_format("<user> %s <asst>", text->turn[0].content);
        char *chosen = ix_format("%s <end>", text->response[IX_CHOSEN]);
        char *rejected = ix_format("%s <end>", text->response[IX_REJECTED]);
        expect_words(pair.prompt, pair.prompt_size, prompt);
        expect_words(pair.response[IX_CHOSEN], pair.response_size[IX_CHOSEN], chosen);
        expect_words(pair.response[IX_REJECTED], pair.response_size[IX_REJECTED], rejected);
        free(prompt);
        free(chosen);
        free(rejected);
    }
    ix_pairs_destroy(&p);
    ix_sets_destroy(&sets);
}

/* One thread or four: the same block. */
/* Of every answer the whole question, as one message: what both sequences begin with is the prompt. */
static void test_questions(void **state)
{
    static const char *const asked[][4] = {
        {"yes no", "a b c", "a b d", "Question: yes no\nAnswer: "},
        {"yes", "no", "no", "Question: yes\nAnswer: "},
    };
    const ix_limits limits = {.form = IX_FORM_VERIFY};
    const ix_turn turns[] = {{"user", "one"}, {"assistant", "two"}, {"user", "three"}};
    ix_texts *t;
    ix_pairs *p;
    (void)state;
    CHECK_OK(ix_texts_create(&t, "asked"));
    for (int i = 0; i < 2; i++) CHECK_OK(ix_texts_add(t, asked[i][0], asked[i][1], asked[i][2]));
    CHECK_OK(ix_texts_add_turns(t, turns, 3, "x", "y"));
    CHECK_OK(ix_pairs_tokenize(&p, t, tok, chat, &limits));
    for (int i = 0; i < 3; i++) {
        ix_pair pair = ix_pairs_get(p, i);
        const ix_text_pair *text = ix_texts_get(t, i);
        const char *begin = i < 2 ? asked[i][3] : "Question: user: one\nassistant: two\nuser: three\nAnswer: ";
        for (int s = 0; s < IX_SIDES; s++) {
            ix_ids want = {0};
            char *whole,
                *message = ix_format("%s%s\nVerification: Is the answer correct (Yes/No)?", begin, text->response[s]);
            size_t size;
            CHECK_OK(
                ix_chat_render(chat, &(ix_chat_message){"user", message, strlen(message)}, 1, true, &whole, &size));
            CHECK_OK(ix_tokenizer_encode(tok, whole, size, &want));
            assert_int_equal(want.size, pair.prompt_size + pair.response_size[s]);
            assert_memory_equal(want.id, pair.prompt, (size_t)pair.prompt_size * sizeof *want.id);
            assert_memory_equal(want.id + pair.prompt_size, pair.response[s],
                                (size_t)pair.response_size[s] * sizeof *want.id);
            assert_true(pair.response_size[s] >= 1);
            ix_ids_free(&want);
            free(whole);
            free(message);
        }
        assert_true(pair.prompt_size > 1);
    }
    assert_int_equal(ix_pairs_get(p, 1).response_size[0], 1); /* equal answers: all but the last token is shared */
    ix_pairs_destroy(&p);
    ix_texts_destroy(&t);
    t = stairs(2);
    assert_int_equal(ix_pairs_tokenize(&p, t, tok, chat, &limits), IX_EINPUT);
    assert_non_null(strstr(ix_message(), "token ids"));
    ix_texts_destroy(&t);
}

static void test_threads(void **state)
{
    (void)state;
    ix_sets *sets;
    ix_pairs *p;
    char hex[2][IX_HASH_HEX];
    int before = omp_get_max_threads();
    CHECK_OK(ix_miniworld_sets(&sets, world, "chat"));
    for (int i = 0; i < 2; i++) {
        omp_set_num_threads(i ? 4 : 1);
        CHECK_OK(
            ix_pairs_tokenize(&p, ix_sets_train(sets), tok, chat, &(ix_limits){.max_prompt = 11, .max_response = 40}));
        assert_true(ix_pairs_dropped(p) > 0);
        ix_pairs_hash(p, hex[i]);
        ix_pairs_destroy(&p);
    }
    omp_set_num_threads(before);
    assert_string_equal(hex[0], hex[1]);
    CHECK_OK(ix_pairs_tokenize(&p, ix_sets_train(sets), tok, chat, NULL));
    ix_pairs_hash(p, hex[1]);
    assert_string_not_equal(hex[0], hex[1]);
    ix_pairs_destroy(&p);
    ix_sets_destroy(&sets);
}

/* What the chat format or the tokenizer refuses is named by row, from any thread, in the order of rows. */
static void test_bad_texts(void **state)
{
    (void)state;
    ix_texts *t;
    ix_pairs *p;
    const ix_turn no_role[1] = {{"narrator", "once"}};
    CHECK_OK(ix_texts_create(&t, "talk.jsonl"));
    for (int i = 0; i < 1000; i++) {
        if (i == 700) CHECK_OK(ix_texts_add_turns(t, no_role, 1, "yes", "no"));
        else CHECK_OK(ix_texts_add(t, "would you say it ?", "yes .", "no ."));
    }
    omp_set_num_threads(3);
    CHECK_FAILS(ix_pairs_tokenize(&p, t, tok, chat, NULL), IX_EINPUT, "talk.jsonl:701: ");
    assert_null(p);
    CHECK_OK(ix_pairs_tokenize(&p, t, tok, chat, &(ix_limits){.count = 700}));
    ix_pairs_destroy(&p);
    omp_set_num_threads(1);
    ix_texts_destroy(&t);
}

static void refuse_order(const ix_pairs *pairs, const char *text, const char *place, const char *message)
{
    ix_order *o;
    const char *path = written_text("order.txt", text);
    CHECK_FAILS(ix_order_read(&o, path, pairs), IX_EINPUT, message);
    if (!strstr(ix_message(), place)) fail_msg("'%s' lacks '%s'", ix_message(), place);
    assert_null(o);
    remove(path);
}

static void test_order(void **state)
{
    (void)state;
    ix_texts *t = stairs(10);
    ix_pairs *p;
    ix_order *o;
    int64_t n;
    char plain[IX_HASH_HEX], list[IX_HASH_HEX];
    CHECK_OK(ix_pairs_tokenize(&p, t, NULL, NULL, &(ix_limits){.max_prompt = 8}));
    const char *path = written_text("order.txt", "3 1 2\n 0\t7 \r\n4\n3 1\n\n");
    CHECK_OK(ix_order_read(&o, path, p));
    assert_int_equal(ix_order_batches(o), 4);
    const int64_t *b = ix_order_batch(o, 0, &n);
    assert_true(n == 3 && b[0] == 3 && b[1] == 1 && b[2] == 2);
    b = ix_order_batch(o, 1, &n);
    assert_true(n == 2 && b[0] == 0 && b[1] == 7);
    b = ix_order_batch(o, 3, &n);
    assert_true(n == 2 && b[0] == 3 && b[1] == 1);
    ix_order_hash(o, plain);
    ix_order_destroy(&o);
    assert_null(o);
    path = written_text("order.txt", "[3, 1, 2]\n[ 0,7 ] \n[4]\n[3,1]");
    CHECK_OK(ix_order_read(&o, path, p));
    ix_order_hash(o, list);
    assert_string_equal(plain, list);
    ix_order_destroy(&o);
    path = written_text("order.txt", "3 1\n2 0 7\n4\n3 1\n");
    CHECK_OK(ix_order_read(&o, path, p));
    ix_order_hash(o, list);
    assert_string_not_equal(plain, list); /* other boundaries */
    ix_order_destroy(&o);
    remove(path);

    refuse_order(p, "", "order.txt: ", "holds no micro-batch");
    refuse_order(p, "1 2\n\n3\n", ":2: ", "the line is blank");
    refuse_order(p, "1 2\n3 x\n", ":2:3: ", "a row number is expected");
    refuse_order(p, "-1\n", ":1:1: ", "a row number is expected");
    refuse_order(p, "1, 2\n", ":1:2: ", "a blank or the end of the line");
    refuse_order(p, "1 2.5\n", ":1:4: ", "a blank or the end of the line");
    refuse_order(p, "10\n", ":1:1: ", "there is no row 10; the data file has rows 0 to 9");
    refuse_order(p, "0 8\n", ":1:3: ", "row 8 is not used: it was dropped as too long");
    refuse_order(p, "0 1 0\n", ":1:5: ", "row 0 comes twice");
    refuse_order(p, "99999999999999999999999\n", ":1:1: ", "too large");
    refuse_order(p, "[1, 2\n", ":1:6: ", "',' or ']' is expected");
    refuse_order(p, "[1 2]\n", ":1:4: ", "',' or ']' is expected");
    refuse_order(p, "[1, ]\n", ":1:5: ", "a row number is expected");
    refuse_order(p, "[]\n", ":1:2: ", "a row number is expected");
    refuse_order(p, "[1] 2\n", ":1:5: ", "nothing may follow");
    CHECK_FAILS(ix_order_read(&o, "/nowhere/order", p), IX_EINPUT, "/nowhere/order: No such file");
    ix_pairs_destroy(&p);
    ix_texts_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),       cmocka_unit_test(test_limits), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_draw),      cmocka_unit_test(test_world),  cmocka_unit_test(test_threads),
        cmocka_unit_test(test_bad_texts), cmocka_unit_test(test_order),  cmocka_unit_test(test_questions),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
