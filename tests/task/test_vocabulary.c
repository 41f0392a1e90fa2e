/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rows the embedding has with the tokens of a chat format: the authors' rule, on small tokenizers of the project
 * and on those of the paper's models. */
#include "../model/scratch.h"
#include "task/vocabulary.h"

static void take(const char *name, const char *file, const char *from)
{
    char *source = ix_format("%s/%s", from, file), *target = ix_format("%s/%s", scratch_path(name), file);
    unlink(target);
    if (ix_file_exists(source)) assert_int_equal(symlink(source, target), 0);
    free(source);
    free(target);
}

/* A folder of config.json with that vocab_size and the tokenizer of `from`, which ends texts as GPT-NeoX does if it
 * does not say how. */
static const char *folder_of(const char *name, int V, const char *from)
{
    char *config = ix_format("{\"model_type\": \"llama\", \"hidden_size\": 8, \"num_hidden_layers\": 1,"
                             "\"num_attention_heads\": 2, \"intermediate_size\": 8, \"vocab_size\": %d}",
                             V);
    char *path = ix_format("%s/config.json", name), *settings = ix_format("%s/tokenizer_config.json", name);
    CHECK_OK(ix_make_folders(scratch_path(name)));
    take(name, "tokenizer.json", from);
    take(name, "tokenizer_config.json", from);
    if (!ix_file_exists(scratch_path(settings))) scratch_text(settings, "{\"eos_token\": \"<|endoftext|>\"}");
    scratch_text(path, config);
    free(path);
    free(settings);
    free(config);
    return scratch_path(name);
}

static void expect(const char *folder, const char *format, int own, int tokens, int rows, int added)
{
    ix_vocabulary v;
    CHECK_OK(ix_vocabulary_open(&v, folder, format, NULL, NULL));
    if (v.own != own || v.tokens != tokens || v.rows != rows || v.added != added)
        fail_msg("%s: %d, %d, %d, %d; wanted %d, %d, %d, %d", folder, v.own, v.tokens, v.rows, v.added, own, tokens,
                 rows, added);
    ix_vocabulary_close(&v);
}

/* 426 tokens, to which the default format adds two. */
static void small_tokenizer(void **state)
{
    (void)state;
    const char *from = golden_path("text/neox");
    char *text = ix_format("%s", from);
    ix_vocabulary v;
    expect(folder_of("exact", 426, text), "auto", 426, 428, 428, 2);
    expect(folder_of("one", 427, text), "auto", 426, 428, 428, 1);
    expect(folder_of("padded", 448, text), "auto", 426, 428, 428, 0);
    CHECK_FAILS(ix_vocabulary_open(&v, folder_of("beyond", 425, text), "auto", NULL, NULL), IX_EINPUT,
                "426 tokens, but config.json has a vocab_size of 425");
    assert_null(v.tok);
    free(text);
}

static void references(void **state)
{
    (void)state;
    char *text = ix_format("%s", golden_path("text/neox"));
    CHECK_OK(ix_vocabulary_check_reference(folder_of("padded", 448, text), 428, "policy"));
    CHECK_OK(ix_vocabulary_check_reference(folder_of("exact", 426, text), 428, "policy"));
    CHECK_FAILS(ix_vocabulary_check_reference(folder_of("padded", 448, text), 425, "policy"), IX_EINPUT,
                "a vocabulary of 448, but policy has 425");
    CHECK_FAILS(ix_vocabulary_check_reference(folder_of("none", 448, "/nowhere"), 428, "policy"), IX_EINPUT,
                "a vocabulary of 448, but policy has 428");
    free(text);
}

/* Tokenizer, rows of the model's matrix, format: what the authors' code makes of it. */
static void of_the_paper(void **state)
{
    (void)state;
    static const struct {
        const char *tokenizer, *format;
        int V, own, tokens, rows, added;
    } models[] = {
        {"gpt-neox", "auto", 50304, 50277, 50279, 50279, 0},
        {"llama3", "default", 128256, 128256, 128259, 128259, 3},
        {"llama3", "auto", 128256, 128256, 128256, 128256, 0},
        {"qwen2.5", "auto", 151936, 151665, 151665, 151936, 0},
    };
    if (!check_shared("tokenizers/gpt-neox/tokenizer.json")) skip();
    size_t count = getenv("ASAN_OPTIONS") ? 1 : sizeof models / sizeof *models; /* the others take a minute there */
    for (size_t i = 0; i < count; i++) {
        char *at = ix_format("tokenizers/%s/tokenizer.json", models[i].tokenizer),
             *from = realpath(check_shared(at), NULL);
        *strrchr(from, '/') = 0;
        char name[32];
        snprintf(name, sizeof name, "paper%zu", i);
        expect(folder_of(name, models[i].V, from), models[i].format, models[i].own, models[i].tokens, models[i].rows,
               models[i].added);
        free(from);
        free(at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(small_tokenizer), cmocka_unit_test(references),
                                       cmocka_unit_test(of_the_paper)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
