/* SPDX-License-Identifier: Apache-2.0
 *
 * Broken tokenizer folders: each is refused with a message that names file and place. */
#include "lines.h"

typedef enum { WHOLE, NORMALIZER, SPLITTER, ADDED, MODEL, CONFIG, MAP, PARTS } part;

/* A tokenizer that opens, part by part. */
static const char *const good[PARTS] = {
    [NORMALIZER] = "null",
    [SPLITTER] = "null",
    [ADDED] = "[]",
    [MODEL] = "{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": \"<unk>\", \"continuing_subword_prefix\": null, "
              "\"end_of_word_suffix\": \"\", \"fuse_unk\": false, \"vocab\": {\"<unk>\": 0, \"a\": 1, \"b\": 2, "
              "\"ab\": 3}, \"merges\": [\"a b\"]}",
};

#define FLAGS "\"special\": true, \"normalized\": false, \"lstrip\": false, \"rstrip\": false, \"single_word\": false}"
#define BPE(rest) "{\"type\": \"BPE\", " rest "}"
#define VOCAB(entries) BPE("\"vocab\": {" entries "}, \"merges\": []")
#define MERGES(list) BPE("\"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": " list)
#define OPTION(pair) BPE("\"vocab\": {\"a\": 0}, \"merges\": [], " pair)
#define BYTES(rest) "{\"type\": \"ByteLevel\", \"trim_offsets\": true" rest "}"
#define SPLIT(rest) "{\"type\": \"Split\", \"invert\": false, " rest "}"

#define GPT2                                                                       \
    "\"pattern\": {\"Regex\": \"'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+| " \
    "?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|"                                  \
    "\\\\s+\"}, \"behavior\": \"Isolated\""
#define NFC3 "{\"type\": \"NFC\"}, {\"type\": \"NFC\"}, {\"type\": \"NFC\"}"
#define NFC9 NFC3 ", " NFC3 ", " NFC3

static const struct {
    part part;
    const char *text, *message;
} rows[] = {
    {WHOLE, "", "JSON"},
    {WHOLE, "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\"", "tokenizer.json:1:"},
    {WHOLE, "[]", "an object {...} is expected"},
    {WHOLE, "{\"version\": \"2.0\"}", "version \"2.0\" is not known"},
    {WHOLE, "{\"model\": null}", "version is missing"},
    {WHOLE, "{\"version\": \"1.0\"}", "model: must be an object"},
    {WHOLE, "{\"version\": \"1.0\", \"tokenizer\": 1}", "\"tokenizer\" is a field that is not known"},
    {WHOLE, "{\"version\": \"1.0\", \"version\": \"1.0\"}", "duplicate object key"},

    {NORMALIZER, "{\"type\": \"Lowercase\"}", "normalizer: type \"Lowercase\" is not known"},
    {NORMALIZER, "{\"type\": \"NFC\", \"form\": 1}", "normalizer: \"form\" is a field that is not known"},
    {NORMALIZER, "[]", "normalizer: must be an object or null"},
    {NORMALIZER, "{}", "normalizer: type is missing"},
    {NORMALIZER, "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFKC\"}]}",
     "normalizer.normalizers[0]: type \"NFKC\" is not known"},
    {NORMALIZER, "{\"type\": \"Sequence\", \"normalizers\": {}}", "normalizers must be a list"},
    {NORMALIZER, "{\"type\": \"Sequence\", \"normalizers\": [1]}", "normalizers[0]: must be an object"},
    {NORMALIZER, "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" +\"}, \"content\": \"_\"}",
     "pattern: \"Regex\" is a field that is not known"},
    {NORMALIZER, "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"_\"}", "String is empty"},
    {NORMALIZER, "{\"type\": \"Replace\", \"content\": \"_\"}", "pattern: must be an object"},
    {NORMALIZER, "{\"type\": \"Prepend\", \"prepend\": 7}", "prepend must be a string"},

    {NORMALIZER, "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Sequence\", \"normalizers\": []}]}",
     "normalizers[0]: type \"Sequence\" is not known"},
    {NORMALIZER, "{\"type\": \"Sequence\", \"normalizers\": [" NFC9 "]}", "normalizers[8]: more than 8 steps"},

    {SPLITTER, "{\"type\": \"Metaspace\"}", "pre_tokenizer: type \"Metaspace\" is not known"},
    {SPLITTER, "[1]", "pre_tokenizer: must be an object or null"},
    {SPLITTER, BYTES(""), "add_prefix_space is missing"},
    {SPLITTER, BYTES(", \"add_prefix_space\": \"no\""), "add_prefix_space must be true or false"},
    {SPLITTER, BYTES(", \"add_prefix_space\": false"), "vocab has no piece for the byte 0x00"},
    {SPLITTER, "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\"}]}", "[Split, ByteLevel]"},
    {SPLITTER, SPLIT("\"pattern\": {\"String\": \" \"}, \"behavior\": \"Removed\""), "behavior \"Removed\""},
    {SPLITTER,
     "{\"type\": \"Split\", \"pattern\": {\"String\": \" \"}, \"behavior\": \"MergedWithPrevious\", \"invert\": true}",
     "invert true"},
    {SPLITTER,
     "{\"type\": \"Sequence\", \"pretokenizers\": [" SPLIT(
         "\"pattern\": {\"Regex\": \"a+\"}, \"behavior\": \"Isolated\"") ", " BYTES(", \"add_prefix_space\": false, "
                                                                                    "\"use_regex\": false") "]}",
     "pretokenizers[0]: pattern: the expression \"a+\" is not known"},

    {SPLITTER,
     "{\"type\": \"Sequence\", \"pretokenizers\": [" SPLIT(GPT2) ", " BYTES(", \"add_prefix_space\": true, "
                                                                            "\"use_regex\": false") "]}",
     "use_regex and add_prefix_space must be false"},
    {SPLITTER,
     "{\"type\": \"Sequence\", \"pretokenizers\": [" SPLIT(GPT2) ", " BYTES(", \"add_prefix_space\": false") "]}",
     "use_regex and add_prefix_space must be false"},
    {SPLITTER, "{\"type\": \"WhitespaceSplit\", \"invert\": true}", "\"invert\" is a field that is not known"},

    {ADDED, "{}", "added_tokens: must be a list"},
    {ADDED, "[4]", "added_tokens[0]: must be an object"},
    {ADDED, "[{\"id\": 2147483648, \"content\": \"x\", " FLAGS "]", "the next free id is 4"},
    {ADDED, "[{\"id\": 1e3, \"content\": \"x\", " FLAGS "]", "id must be a whole number"},
    {ADDED, "[{\"id\": 4, \"content\": [\"x\"], " FLAGS "]", "content must be a string"},
    {ADDED,
     "[{\"id\": 4, \"content\": \"x\", \"special\": true, \"normalized\": false, \"lstrip\": 1, \"rstrip\": false, "
     "\"single_word\": false}]",
     "lstrip must be true or false"},
    {ADDED, "[{\"id\": 4, \"content\": \"\", " FLAGS "]", "added_tokens[0]: content is empty"},
    {ADDED, "[{\"id\": -1, \"content\": \"x\", " FLAGS "]", "id -1 is negative"},
    {ADDED, "[{\"id\": 6, \"content\": \"x\", " FLAGS "]", "has id 6, but the next free id is 4"},
    {ADDED, "[{\"id\": 2, \"content\": \"a\", " FLAGS "]", "has id 2 here and 1 in model.vocab"},
    {ADDED, "[{\"id\": 1, \"content\": \"a\", " FLAGS ", {\"id\": 1, \"content\": \"a\", " FLAGS "]", "added twice"},
    {ADDED, "[{\"id\": 4, \"content\": \"x\"}]", "special is missing"},
    {ADDED, "[{\"id\": \"4\", \"content\": \"x\", " FLAGS "]", "id must be a whole number"},
    {ADDED, "[{\"id\": 4, \"content\": \"a\\u0000\", " FLAGS "]", "zero character"},
    {ADDED, "[{\"id\": 4, \"content\": \"x\", \"strip\": true, " FLAGS "]", "\"strip\" is a field that is not known"},

    {MODEL, "null", "model: must be an object"},
    {MODEL, "{\"type\": \"Unigram\", \"vocab\": []}", "type \"Unigram\" is not known"},
    {MODEL, "{\"vocab\": {\"a\": 0}}", "type is missing"},
    {MODEL, BPE("\"merges\": []"), "vocab: must be an object"},
    {MODEL, BPE("\"vocab\": [\"a\"], \"merges\": []"), "vocab: must be an object"},
    {MODEL, VOCAB(""), "has 0 pieces"},
    {MODEL, VOCAB("\"a\": 0, \"b\": 0"), "\"a\" and \"b\" have the same id 0"},
    {MODEL, VOCAB("\"a\": 0, \"b\": 2"), "\"b\" has id 2, but 2 pieces"},
    {MODEL, VOCAB("\"a\": -1"), "\"a\" has the negative id -1"},
    {MODEL, VOCAB("\"a\": 0.5"), "the id of \"a\" must be a whole number"},
    {MODEL, VOCAB("\"a\": 99999999999999999999"), "too big integer"},
    {MODEL, VOCAB("\"a\": 0, \"a\": 1"), "duplicate object key"},
    {MODEL, VOCAB("\"a\": 0, \"b\": 2147483648"), "\"b\" has id 2147483648, but 2 pieces"},
    {MODEL, VOCAB("\"a\": 0, \"b\": true"), "the id of \"b\" must be a whole number"},
    {MODEL, VOCAB("\"a\\u0000\": 0"), "NUL byte in object key"},
    {MODEL, VOCAB("\"\xff\": 0"), "tokenizer.json:1:"},
    {MODEL, BPE("\"vocab\": {\"a\": 0}"), "merges must be a list"},
    {MODEL, MERGES("{}"), "merges must be a list"},
    {MODEL, MERGES("[\"a c\"]"), "merges[0]: \"c\" is not in model.vocab"},
    {MODEL, MERGES("[\"a b\", \"b a\"]"), "merges[1]: the result \"ba\" is not in model.vocab"},
    {MODEL, MERGES("[\"ab\"]"), "merges[0]: must be \"a b\""},
    {MODEL, MERGES("[\"a b \"]"), "merges[0]: must be \"a b\""},
    {MODEL, MERGES("[[\"a\"]]"), "merges[0]: must be"},
    {MODEL, MERGES("[[\"a\", 1]]"), "merges[0]: must be"},
    {MODEL, MERGES("[null]"), "merges[0]: must be"},
    {MODEL, MERGES("[[\"a\", \"b\", \"ab\"]]"), "merges[0]: must be"},
    {MODEL, MERGES("[\"a b\", [\"a\", \"\"]]"), "merges[1]: \"\" is not in model.vocab"},
    {MODEL, MERGES("[\"\"]"), "merges[0]: must be"},
    {MODEL, OPTION("\"dropout\": 0.1"), "dropout 0.1"},
    {MODEL, OPTION("\"dropout\": \"x\""), "dropout must be a number"},
    {MODEL, OPTION("\"unk_token\": \"<u>\""), "unk_token \"<u>\" is not in vocab"},
    {MODEL, OPTION("\"continuing_subword_prefix\": \"##\""), "continuing_subword_prefix \"##\" is not known"},
    {MODEL, OPTION("\"end_of_word_suffix\": \"</w>\""), "end_of_word_suffix \"</w>\" is not known"},
    {MODEL, OPTION("\"fuse_unk\": 1"), "fuse_unk must be true or false"},
    {MODEL, OPTION("\"cache\": 1"), "\"cache\" is a field that is not known"},
    {MODEL, "{\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}}", "unk_token is missing"},
    {MODEL, "{\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"b\"}", "\"b\" is not in vocab"},

    {CONFIG, "{", "tokenizer_config.json:1"},
    {CONFIG, "[]", "an object {...} is expected"},
    {CONFIG, "{\"eos_token\": 5}", "eos_token must be a string"},
    {CONFIG, "{\"eos_token\": {\"content\": \"a\", \"lstrip\": \"no\"}}", "lstrip must be true or false"},
    {CONFIG, "{\"additional_special_tokens\": {\"a\": 1}}", "additional_special_tokens must be a list"},
    {CONFIG, "{\"additional_special_tokens\": [\"zz\"]}", "\"zz\" is not in tokenizer.json"},
    {CONFIG, "{\"chat_template\": [1]}", "chat_template[0] must be an object"},
    {CONFIG, "{\"chat_template\": {\"default\": \"x\"}}", "chat_template must be a string"},
    {CONFIG, "{\"chat_template\": \"a\\u0000b\"}", "chat_template"},
    {CONFIG, "{\"added_tokens_decoder\": []}", "added_tokens_decoder must be an object"},
    {CONFIG, "{\"added_tokens_decoder\": {\"-1\": {\"content\": \"new\"}}}", "has id -1 here and 4"},
    {CONFIG, "{\"added_tokens_decoder\": {\"4x\": {\"content\": \"new\"}}}", "\"4x\" must be an id"},
    {CONFIG, "{\"added_tokens_decoder\": {\"99999999999999999999\": {\"content\": \"new\"}}}", "by tokenizer.json"},
    {CONFIG, "{\"added_tokens_decoder\": {\"4\": {\"content\": \"\"}}}", "content is empty"},
    {CONFIG, "{\"eos_token\": {\"text\": \"a\"}}", "eos_token: content is missing"},
    {CONFIG, "{\"eos_token\": \"<e>\"}", "eos_token \"<e>\" is not in tokenizer.json"},
    {CONFIG, "{\"additional_special_tokens\": [1]}", "additional_special_tokens[0] must be"},
    {CONFIG, "{\"split_special_tokens\": true}", "split_special_tokens"},
    {CONFIG, "{\"chat_template\": 1}", "chat_template must be a string"},
    {CONFIG, "{\"chat_template\": [{\"name\": \"tools\", \"template\": \"\"}]}", "no row named \"default\""},
    {CONFIG, "{\"added_tokens_decoder\": {\"x\": {}}}", "\"x\" must be an id"},
    {CONFIG, "{\"added_tokens_decoder\": {\"9\": {\"content\": \"new\"}}}", "has id 9 here and 4 by tokenizer.json"},
    {MAP, "7", "special_tokens_map.json:1"},
    {MAP, "{\"bos_token\": [\"a\"]}", "special_tokens_map.json: bos_token must be a string"},
    {MAP, "{\"pad_token\": \"<p>\"}", "special_tokens_map.json: pad_token \"<p>\" is not in tokenizer.json"},
};

static char *broken_folder(part which, const char *text)
{
    const char *p[PARTS];
    char *folder = make_folder();
    memcpy(p, good, sizeof p);
    p[which] = text;
    char *file = ix_format("{\"version\": \"1.0\", \"normalizer\": %s, \"pre_tokenizer\": %s, \"added_tokens\": %s, "
                           "\"model\": %s}",
                           p[NORMALIZER], p[SPLITTER], p[ADDED], p[MODEL]);
    put_file(folder, "tokenizer.json", which == WHOLE ? text : file);
    if (p[CONFIG]) put_file(folder, "tokenizer_config.json", p[CONFIG]);
    if (p[MAP]) put_file(folder, "special_tokens_map.json", p[MAP]);
    free(file);
    return folder;
}

static void every_row_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *folder = broken_folder(rows[i].part, rows[i].text);
        ix_tokenizer *tok;
        CHECK_FAILS(ix_tokenizer_open(&tok, folder), IX_EINPUT, rows[i].message);
        if (!strstr(ix_message(), folder)) fail_msg("'%s' does not name its file", ix_message());
        assert_null(tok);
        remove_folder(folder);
    }
}

static void the_good_one_opens(void **state)
{
    (void)state;
    char *folder = broken_folder(MODEL, good[MODEL]);
    ix_tokenizer *tok;
    ix_ids ids = {0};
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    CHECK_OK(ix_tokenizer_encode(tok, "abxba", 5, &ids));
    assert_int_equal(ids.size, 4);
    assert_memory_equal(ids.id, ((int32_t[]){3, 0, 2, 1}), 4 * sizeof(int32_t));
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
    remove_folder(folder);
}

/* Any file cut short is an error or opens; nothing is read past its end. */
static void every_truncation(void **state)
{
    (void)state;
    char *text, *folder = make_folder();
    size_t size;
    CHECK_OK(ix_file_read(IX_SOURCE_DIR "/tests/golden/text/unknown/tokenizer.json", &text, &size));
    for (size_t n = size - 1; n > 0; n = n * 31 / 32) {
        ix_tokenizer *tok;
        text[n] = 0;
        put_file(folder, "tokenizer.json", text);
        CHECK_FAILS(ix_tokenizer_open(&tok, folder), IX_EINPUT, "tokenizer.json:");
    }
    free(text);
    remove_folder(folder);
}

static void refused(const char *folder, const char *message)
{
    ix_tokenizer *tok;
    CHECK_FAILS(ix_tokenizer_open(&tok, folder), IX_EINPUT, message);
    assert_null(tok);
}

/* What no row can hold: depth, a template that is no text, and a setting that transformers would change by silence. */
static void more_than_a_row(void **state)
{
    (void)state;
    char *folder = make_folder(), *deep = malloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = 0;
    put_file(folder, "tokenizer.json", deep);
    refused(folder, "maximum parsing depth");
    free(deep);
    remove_folder(folder);

    folder = broken_folder(CONFIG, "{}");
    put_file(folder, "chat_template.jinja", "\xff");
    refused(folder, "chat_template.jinja: must be UTF-8 text");
    remove_folder(folder);

    folder = make_folder();
    put_link(folder, "tokenizer.json", IX_SOURCE_DIR "/tests/golden/text/prefix/tokenizer.json");
    put_file(folder, "tokenizer_config.json", "{}");
    refused(folder, "tokenizer_config.json: add_prefix_space (false where it is missing) differs");
    remove_folder(folder);
}

/* A hundred thousand added tokens take a moment, not a square of it. */
static void many_added_tokens(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    char *list = malloc((size_t)MANY * 256), *at = list;
    ix_tokenizer *tok;
    ix_ids ids = {0};
    *at++ = '[';
    for (int i = 0; i < MANY; i++)
        at += sprintf(at, "%s{\"id\": %d, \"content\": \"<%d>\", " FLAGS, i > 0 ? "," : "", 4 + i, i);
    strcpy(at, "]");
    char *folder = broken_folder(ADDED, list);
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    CHECK_OK(ix_tokenizer_encode(tok, "<0>a<99999>", 11, &ids));
    assert_int_equal(ids.size, 3);
    assert_memory_equal(ids.id, ((int32_t[]){4, 1, 4 + 99999}), 3 * sizeof(int32_t));
    ix_ids_free(&ids);
    ix_tokenizer_close(&tok);
    remove_folder(folder);
    free(list);
}

static void no_folder(void **state)
{
    (void)state;
    ix_tokenizer *tok;
    if (ix_tokenizer_open(&tok, "/nowhere") == IX_OK) fail_msg("a folder that is not there was opened");
    if (!strstr(ix_message(), "/nowhere/tokenizer.json")) fail_msg("'%s' does not name the file", ix_message());
}

/* added_tokens_decoder may repeat added tokens and add the next one, but not contradict. */
static void decoder_repeats_or_adds(void **state)
{
    (void)state;
    char *folder = broken_folder(ADDED, "[{\"id\": 1, \"content\": \"a\", " FLAGS "]");
    ix_tokenizer *tok;
    put_file(folder, "tokenizer_config.json",
             "{\"added_tokens_decoder\": {\"1\": {\"content\": \"a\", \"lstrip\": true}}}");
    CHECK_FAILS(ix_tokenizer_open(&tok, folder), IX_EINPUT, "matched by other rules here");
    put_file(
        folder, "tokenizer_config.json",
        "{\"added_tokens_decoder\": {\"4\": {\"content\": \"new\"}, \"1\": {\"content\": \"a\", \"special\": true}}}");
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    assert_int_equal(ix_tokenizer_find(tok, "new"), 4);
    ix_tokenizer_close(&tok);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_refused),    cmocka_unit_test(the_good_one_opens),
        cmocka_unit_test(every_truncation),        cmocka_unit_test(no_folder),
        cmocka_unit_test(decoder_repeats_or_adds), cmocka_unit_test(more_than_a_row),
        cmocka_unit_test(many_added_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
