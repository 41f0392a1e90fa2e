/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids back to text: what the small tokenizers encode comes back, added tokens and bytes that are no text included. */
#include "check.h"
#include "text/tokenizer.h"

static ix_tokenizer *open_golden(const char *name)
{
    char path[1024];
    ix_tokenizer *tok;
    snprintf(path, sizeof path, "%s/tests/golden/text/%s", IX_SOURCE_DIR, name);
    CHECK_OK(ix_tokenizer_open(&tok, path));
    return tok;
}

static void comes_back(const char *folder, const char *text)
{
    ix_tokenizer *tok = open_golden(folder);
    ix_ids ids = {0};
    char *back;
    CHECK_OK(ix_tokenizer_encode(tok, text, strlen(text), &ids));
    CHECK_OK(ix_tokenizer_decode(tok, ids.id, ids.size, &back));
    assert_string_equal(back, text);
    free(back);
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
}

static void round_trips(void **state)
{
    (void)state;
    static const char *const byte_level[] = {"neox", "llama", "qwen"};
    for (int i = 0; i < 3; i++) {
        comes_back(byte_level[i], "Vertices: 0, 1\nEdges:  0-1\tend");
        comes_back(byte_level[i], "gr\xC3\xBC\xC3\x9F dich \xE2\x82\xAC \xF0\x9F\x98\x80");
        comes_back(byte_level[i], "");
    }
    comes_back("gemma", "two words, \xE2\x82\xAC and\nlines");
}

static void added_tokens(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_golden("neox");
    ix_ids ids = {0};
    char *back;
    int32_t id;
    CHECK_OK(ix_tokenizer_add(tok, "<sep>", false, &id));
    CHECK_OK(ix_tokenizer_encode(tok, "7<sep>5<sep>0", 13, &ids));
    assert_int_equal(ids.size, 5);
    assert_int_equal(ids.id[1], id);
    CHECK_OK(ix_tokenizer_decode(tok, ids.id, ids.size, &back));
    assert_string_equal(back, "7<sep>5<sep>0");
    free(back);
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
}

/* Half a character becomes U+FFFD. */
static void broken_bytes(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_golden("neox");
    ix_ids ids = {0};
    char *back;
    CHECK_OK(ix_tokenizer_encode(tok, "\xF0\x9F\x98\x80", 4, &ids));
    assert_true(ids.size > 1);
    CHECK_OK(ix_tokenizer_decode(tok, ids.id, 1, &back));
    assert_int_equal(strncmp(back, "\xEF\xBF\xBD", 3), 0);
    free(back);
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(added_tokens),
                                       cmocka_unit_test(broken_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
