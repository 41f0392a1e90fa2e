/* SPDX-License-Identifier: Apache-2.0
 *
 * The layouts in which the models of the paper are published: what stands around vocabulary and merges in their
 * tokenizer.json, and their tokenizer_config.json and special_tokens_map.json, with a tiny vocabulary in place of
 * theirs. They open, and the ids are those of the tiny tokenizer. */
#include "lines.h"

#define GOLDEN IX_SOURCE_DIR "/tests/golden/text/"

#define TIKTOKEN(digits)                                                                \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|" digits "| " \
    "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"
#define SPLIT(digits)                                             \
    "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" TIKTOKEN( \
        digits) "\"}, \"behavior\": \"Isolated\", \"invert\": false}"
#define BYTES(prefix, offsets, rest) \
    "{\"type\": \"ByteLevel\", \"add_prefix_space\": " prefix ", \"trim_offsets\": " offsets rest "}"
#define REGEX(use) ", \"use_regex\": " use
#define SEQUENCE(name, list) "{\"type\": \"Sequence\", \"" name "\": [" list "]}"
#define BEGIN(token)                                                                                                 \
    "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"" token                           \
    "\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}], \"pair\": [{\"SpecialToken\": "         \
    "{\"id\": \"" token "\", \"type_id\": 0}}, {\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, {\"SpecialToken\": " \
    "{\"id\": \"" token "\", \"type_id\": 1}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 1}}], "                   \
    "\"special_tokens\": {\"" token "\": {\"id\": \"" token "\", \"ids\": [2], \"tokens\": [\"" token "\"]}}}"
#define TOKEN(content, normalized, special)                                                                 \
    "{\"content\": \"" content "\", \"lstrip\": false, \"normalized\": " normalized ", \"rstrip\": false, " \
    "\"single_word\": false, \"special\": " special "}"
#define HUGE_LENGTH "\"model_max_length\": 1000000000000000019884624838656"

typedef struct {
    const char *name, *tiny;
    bool strings; /* merges as "a b", else as ["a", "b"] */
    const char *normalizer, *splitter, *post, *decoder, *options, *config, *map;
    const char *bos, *eos, *pad, *unk; /* names afterwards */
} layout;

static const layout layouts[] = {
    {.name = "pythia",
     .tiny = "neox",
     .strings = true,
     .normalizer = "{\"type\": \"NFC\"}",
     .splitter = BYTES("false", "true", ""),
     .post = BYTES("false", "true", ""),
     .decoder = BYTES("false", "true", ""),
     .options = "{\"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null, "
                "\"end_of_word_suffix\": null, \"fuse_unk\": false}",
     .config =
         "{\"add_prefix_space\": false, \"bos_token\": \"<|endoftext|>\", \"clean_up_tokenization_spaces\": true, "
         "\"eos_token\": \"<|endoftext|>\", " HUGE_LENGTH
         ", \"tokenizer_class\": \"GPTNeoXTokenizer\", \"unk_token\": \"<|endoftext|>\"}",
     .map = "{\"bos_token\": \"<|endoftext|>\", \"eos_token\": \"<|endoftext|>\", \"unk_token\": \"<|endoftext|>\"}",
     .bos = "<|endoftext|>",
     .eos = "<|endoftext|>",
     .unk = "<|endoftext|>"},
    {.name = "llama-3",
     .tiny = "llama",
     .strings = true,
     .normalizer = "null",
     .splitter = SEQUENCE("pretokenizers", SPLIT("\\\\p{N}{1,3}") ", " BYTES("false", "true", REGEX("false"))),
     .post = SEQUENCE("processors", BYTES("true", "false", REGEX("true")) ", " BEGIN("<|endoftext|>")),
     .decoder = BYTES("true", "true", REGEX("true")),
     .options = "{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": null, "
                "\"end_of_word_suffix\": null, \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": true}",
     .config = "{\"added_tokens_decoder\": {\"0\": " TOKEN(
         "<|endoftext|>", "false",
         "true") "}, \"bos_token\": "
                 "\"<|endoftext|>\", \"clean_up_tokenization_spaces\": true, \"eos_token\": \"<|eot_id|>\", "
                 "\"model_input_names\": [\"input_ids\", \"attention_mask\"], \"model_max_length\": 131072, "
                 "\"tokenizer_class\": \"PreTrainedTokenizerFast\"}",
     .map = "{\"bos_token\": " TOKEN("<|endoftext|>", "false", "false") ", \"eos_token\": " TOKEN("<|eot_id|>", "false",
                                                                                                  "false") "}",
     .bos = "<|endoftext|>",
     .eos = "<|eot_id|>"},
    {.name = "qwen2.5",
     .tiny = "qwen",
     .normalizer = "{\"type\": \"NFC\"}",
     .splitter = SEQUENCE("pretokenizers", SPLIT("\\\\p{N}") ", " BYTES("false", "false", REGEX("false"))),
     .post = BYTES("false", "false", REGEX("false")),
     .decoder = BYTES("false", "false", REGEX("false")),
     .options =
         "{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": null, \"continuing_subword_prefix\": \"\", "
         "\"end_of_word_suffix\": \"\", \"fuse_unk\": false, \"byte_fallback\": false, \"ignore_merges\": false}",
     .config = "{\"add_bos_token\": false, \"add_prefix_space\": false, \"added_tokens_decoder\": {\"0\": " TOKEN(
         "<|endoftext|>", "false",
         "true") "}, \"additional_special_tokens\": [\"<|im_start|>\", \"<|im_end|>\"], \"bos_token\": null, "
                 "\"clean_up_tokenization_spaces\": false, \"eos_token\": \"<|im_end|>\", \"errors\": \"replace\", "
                 "\"model_max_length\": 131072, \"pad_token\": \"<|endoftext|>\", \"split_special_tokens\": false, "
                 "\"tokenizer_class\": \"Qwen2Tokenizer\", \"unk_token\": null}",
     .eos = "<|im_end|>",
     .pad = "<|endoftext|>"},
    {.name = "gemma-2",
     .tiny = "gemma",
     .strings = true,
     .normalizer = "{\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"▁\"}",
     .splitter = "{\"type\": \"Split\", \"pattern\": {\"String\": \" \"}, \"behavior\": \"MergedWithPrevious\", "
                 "\"invert\": false}",
     .post = BEGIN("<bos>"),
     .decoder = SEQUENCE("decoders", "{\"type\": \"Replace\", \"pattern\": {\"String\": \"▁\"}, \"content\": \" \"}, "
                                     "{\"type\": \"ByteFallback\"}, {\"type\": \"Fuse\"}"),
     .options = "{\"type\": \"BPE\", \"dropout\": null, \"unk_token\": \"<unk>\", \"continuing_subword_prefix\": null, "
                "\"end_of_word_suffix\": null, \"fuse_unk\": true, \"byte_fallback\": true, \"ignore_merges\": false}",
     .config = "{\"add_bos_token\": true, \"add_eos_token\": false, \"added_tokens_decoder\": {\"0\": " TOKEN(
         "<pad>", "false",
         "true") "}, \"additional_special_tokens\": [\"<bos>\", \"<eos>\"], \"bos_token\": \"<bos>\", "
                 "\"clean_up_tokenization_spaces\": false, \"eos_token\": \"<eos>\", " HUGE_LENGTH
                 ", \"pad_token\": \"<pad>\", \"sp_model_kwargs\": {}, \"spaces_between_special_tokens\": false, "
                 "\"tokenizer_class\": \"GemmaTokenizer\", \"unk_token\": \"<unk>\", \"use_default_system_prompt\": "
                 "false}",
     .map = "{\"additional_special_tokens\": [\"<bos>\"], \"bos_token\": " TOKEN("<bos>", "false", "false") "}",
     .bos = "<bos>",
     .eos = "<eos>",
     .pad = "<pad>",
     .unk = "<unk>"},
};

static json_t *parse(const char *text)
{
    json_t *value;
    CHECK_OK(ix_json_parse(&value, text, strlen(text), "a layout"));
    return value;
}

/* A JSON text that need not be an object. */
static json_t *parse_any(const char *text)
{
    char *object = ix_format("{\"it\": %s}", text);
    json_t *holder = parse(object), *value = json_incref(json_object_get(holder, "it"));
    json_decref(holder);
    free(object);
    return value;
}

static json_t *merges_as(const json_t *merges, bool strings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(merges); i++) {
        const json_t *pair = json_array_get(merges, i);
        char *joined = strings ? ix_format("%s %s", json_string_value(json_array_get(pair, 0)),
                                           json_string_value(json_array_get(pair, 1)))
                               : NULL;
        json_array_append_new(list, strings ? json_string(joined) : json_deep_copy(pair));
        free(joined);
    }
    return list;
}

static char *published(const layout *l)
{
    char *folder = make_folder(), *path = ix_format(GOLDEN "%s/tokenizer.json", l->tiny);
    json_t *tiny, *file = json_object(), *model = parse(l->options);
    CHECK_OK(ix_json_open(&tiny, path));
    const json_t *from = json_object_get(tiny, "model");
    json_object_set(model, "vocab", json_object_get(from, "vocab"));
    json_object_set_new(model, "merges", merges_as(json_object_get(from, "merges"), l->strings));
    json_object_set_new(file, "version", json_string("1.0"));
    json_object_set_new(file, "truncation", json_null());
    json_object_set_new(file, "padding", json_null());
    json_object_set(file, "added_tokens", json_object_get(tiny, "added_tokens"));
    json_object_set_new(file, "normalizer", parse_any(l->normalizer));
    json_object_set_new(file, "pre_tokenizer", parse_any(l->splitter));
    json_object_set_new(file, "post_processor", parse_any(l->post));
    json_object_set_new(file, "decoder", parse_any(l->decoder));
    json_object_set_new(file, "model", model);
    char *text = json_dumps(file, JSON_INDENT(2));
    put_file(folder, "tokenizer.json", text);
    put_file(folder, "tokenizer_config.json", l->config);
    if (l->map) put_file(folder, "special_tokens_map.json", l->map);
    free(text);
    free(path);
    json_decref(file);
    json_decref(tiny);
    return folder;
}

static void check_name(const char *got, const char *want)
{
    if (want) assert_string_equal(got ? got : "none", want);
    else assert_null(got);
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

static void opens_and_agrees(void **state)
{
    const layout *l = *state;
    char *folder = published(l), *texts = ix_format(GOLDEN "%s/texts.jsonl", l->tiny);
    ix_tokenizer *tok;
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    outcome o = {.tok = tok};
    assert_int_equal(each_line(texts, compare_row, &o), 254);
    assert_int_equal(o.wrong, 0);
    check_name(ix_tokenizer_bos(tok), l->bos);
    check_name(ix_tokenizer_eos(tok), l->eos);
    check_name(ix_tokenizer_pad(tok), l->pad);
    check_name(ix_tokenizer_unk(tok), l->unk);
    ix_tokenizer_close(&tok);
    free(texts);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"pythia", opens_and_agrees, NULL, NULL, (void *)&layouts[0]},
        {"llama-3", opens_and_agrees, NULL, NULL, (void *)&layouts[1]},
        {"qwen2.5", opens_and_agrees, NULL, NULL, (void *)&layouts[2]},
        {"gemma-2", opens_and_agrees, NULL, NULL, (void *)&layouts[3]},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
