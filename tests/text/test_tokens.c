/* SPDX-License-Identifier: Apache-2.0
 *
 * Tiny tokenizers of tests/golden/text, one per pipeline: ids equal to the library's, from one thread and from many;
 * adding tokens; what the interface promises. */
#include <pthread.h>

#include "lines.h"

#define GOLDEN IX_SOURCE_DIR "/tests/golden/text/"

static const char *const names[] = {"neox",          "prefix",       "llama", "qwen",          "stories", "unknown",
                                    "unknown_apart", "joined_bytes", "gemma", "split_literal", "words"};
#define NAMES (int)(sizeof names / sizeof names[0])

static ix_tokenizer *open_tiny(const char *name)
{
    char *folder = ix_format(GOLDEN "%s", name);
    ix_tokenizer *tok;
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    free(folder);
    return tok;
}

typedef struct {
    const ix_tokenizer *tok;
    int wrong;
} outcome;

static void compare_row(json_t *object, int number, void *state)
{
    outcome *o = state;
    o->wrong += !row_agrees(o->tok, object, number);
}

static void golden_ids(void **state)
{
    (void)state;
    for (int i = 0; i < NAMES; i++) {
        ix_tokenizer *tok = open_tiny(names[i]);
        char *path = ix_format(GOLDEN "%s/texts.jsonl", names[i]);
        outcome o = {.tok = tok};
        assert_int_equal(each_line(path, compare_row, &o), 254);
        if (o.wrong) fail_msg("%s: %d lines differ", names[i], o.wrong);
        free(path);
        ix_tokenizer_close(&tok);
    }
}

static void *encode_all(void *state)
{
    outcome *o = state;
    char *path = ix_format(GOLDEN "%s/texts.jsonl", "neox");
    each_line(path, compare_row, o);
    free(path);
    return NULL;
}

/* One tokenizer, its word cache empty at the start, and four threads. */
static void threads_agree(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("neox");
    pthread_t thread[4];
    outcome o[4];
    for (int i = 0; i < 4; i++) {
        o[i] = (outcome){.tok = tok};
        assert_int_equal(pthread_create(&thread[i], NULL, encode_all, &o[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(o[i].wrong, 0);
    }
    ix_tokenizer_close(&tok);
}

static void pieces(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("neox");
    for (int32_t id = 0; id < ix_tokenizer_size(tok); id++)
        assert_int_equal(ix_tokenizer_find(tok, ix_tokenizer_piece(tok, id)), id);
    assert_int_equal(ix_tokenizer_find(tok, "<|endoftext|>"), 0);
    assert_int_equal(ix_tokenizer_find(tok, "no such piece"), -1);
    assert_null(ix_tokenizer_eos(tok));
    assert_null(ix_tokenizer_template(tok));
    ix_tokenizer_close(&tok);
    ix_tokenizer_close(&tok);
    assert_null(tok);
}

static void check_ids(const ix_tokenizer *tok, const char *text, const int32_t *want, size_t n)
{
    ix_ids ids = {0};
    CHECK_OK(ix_tokenizer_encode(tok, text, strlen(text), &ids));
    assert_int_equal(ids.size, n);
    assert_memory_equal(ids.id, want, n * sizeof *want);
    ix_ids_free(&ids);
}

static void added_tokens(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("words");
    char before[IX_HASH_HEX], after[IX_HASH_HEX];
    int32_t size = ix_tokenizer_size(tok), id, the = ix_tokenizer_find(tok, "the"),
            yes = ix_tokenizer_find(tok, "Yes,");
    ix_tokenizer_hash(tok, before);

    CHECK_OK(ix_tokenizer_add(tok, "<sep>", false, &id));
    assert_int_equal(id, size);
    CHECK_OK(ix_tokenizer_add(tok, "<sep>", false, &id));
    assert_int_equal(id, size);
    CHECK_OK(ix_tokenizer_add(tok, "<edge>", true, &id));
    assert_int_equal(id, size + 1);
    assert_int_equal(ix_tokenizer_size(tok), size + 2);
    assert_string_equal(ix_tokenizer_piece(tok, size), "<sep>");
    check_ids(tok, "the<sep>the<edge> Yes,", (int32_t[]){the, size, the, size + 1, yes}, 5);

    CHECK_OK(ix_tokenizer_add(tok, "Yes,", true, &id)); /* a piece of the model: found inside words from now on */
    assert_int_equal(id, yes);
    check_ids(tok, "Yes,the", (int32_t[]){yes, the}, 2);
    CHECK_FAILS(ix_tokenizer_add(tok, "<sep>", true, &id), IX_EINPUT, "other matching rules");
    CHECK_FAILS(ix_tokenizer_add(tok, "", true, &id), IX_EINPUT, "empty");
    CHECK_FAILS(ix_tokenizer_add(tok, "\xff", true, &id), IX_EINPUT, "UTF-8");
    ix_tokenizer_hash(tok, after);
    assert_string_not_equal(before, after);
    ix_tokenizer_close(&tok);
}

static void hash_is_of_content(void **state)
{
    (void)state;
    char hex[NAMES][IX_HASH_HEX], again[IX_HASH_HEX];
    for (int i = 0; i < NAMES; i++) {
        ix_tokenizer *tok = open_tiny(names[i]);
        ix_tokenizer_hash(tok, hex[i]);
        ix_tokenizer_hash(tok, again);
        assert_string_equal(hex[i], again);
        ix_tokenizer_close(&tok);
        for (int k = 0; k < i; k++) assert_string_not_equal(hex[k], hex[i]);
    }
}

/* The ids that were there stay, and what is appended for a bad text is taken back. */
static void invalid_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *message;
    } rows[] = {{"ab\xff", 3, "byte 0xFF at offset 2"},      {"\xc3", 1, "byte 0xC3 at offset 0"},
                {"x\xed\xa0\x80", 4, "0xED at offset 1"},    {"\xc0\xaf", 2, "0xC0 at offset 0"},
                {"\xf4\x90\x80\x80", 4, "0xF4 at offset 0"}, {"12345678\x80", 9, "0x80 at offset 8"},
                {"\xe0\x9f\xbf", 3, "0xE0 at offset 0"},     {"\xf0\x8f\xbf\xbf", 4, "0xF0 at offset 0"}};
    ix_tokenizer *tok = open_tiny("neox");
    ix_ids ids = {0};
    CHECK_OK(ix_tokenizer_encode(tok, "the dog", 7, &ids));
    size_t size = ids.size;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_FAILS(ix_tokenizer_encode(tok, rows[i].text, rows[i].size, &ids), IX_EINPUT, rows[i].message);
        assert_int_equal(ids.size, size);
    }
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
}

/* A word of a million letters takes a heap, not forever: the pieces are whole, and joined they give it back. */
static void long_word(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("neox");
    size_t size = 1000000, length = 0;
    char *text = malloc(size);
    ix_ids ids = {0};
    for (size_t i = 0; i < size; i++) text[i] = "thequickbrown"[i * i % 13];
    CHECK_OK(ix_tokenizer_encode(tok, text, size, &ids));
    for (size_t i = 0; i < ids.size; i++) {
        const char *piece = ix_tokenizer_piece(tok, ids.id[i]);
        size_t n = strlen(piece);
        assert_true(length + n <= size);
        assert_memory_equal(piece, text + length, n);
        length += n;
    }
    assert_int_equal(length, size);
    assert_true(ids.size < size);
    free(text);
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_ids),   cmocka_unit_test(threads_agree),      cmocka_unit_test(pieces),
        cmocka_unit_test(added_tokens), cmocka_unit_test(hash_is_of_content), cmocka_unit_test(invalid_utf8),
        cmocka_unit_test(long_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
