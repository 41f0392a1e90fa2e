/* SPDX-License-Identifier: Apache-2.0
 *
 * Chat formats: against jinja2's renderings of the templates (tests/golden/text/chat.jsonl,
 * ../shared/oracle/templates), how a format is recognised, which tokens the default adds, and what is refused. */
#include "base/log.h"
#include "lines.h"
#include "text/chat.h"

#define GOLDEN IX_SOURCE_DIR "/tests/golden/text/"
#define MINIWORLD                                                                                                      \
    "{% for m in messages %}{% if m['role'] == 'user' %}<user> {{ m['content'] }}{% else %}<asst> {{ m['content'] "    \
    "}} <end>{% endif %}{% if not loop.last %} {% endif %}{% endfor %}{% if add_generation_prompt %} <asst> {% endif " \
    "%}"

/* A folder with a tiny tokenizer of tests/golden and this tokenizer_config.json. */
static char *tiny_folder(const char *name, const char *config)
{
    char *folder = make_folder(), *target = ix_format(GOLDEN "%s/tokenizer.json", name);
    put_link(folder, "tokenizer.json", target);
    put_file(folder, "tokenizer_config.json", config);
    free(target);
    return folder;
}

static ix_tokenizer *open_tiny(const char *name, const char *config)
{
    ix_tokenizer *tok;
    char *folder = tiny_folder(name, config);
    CHECK_OK(ix_tokenizer_open(&tok, folder));
    remove_folder(folder);
    return tok;
}

static void check_text(const char *got, size_t size, const char *want, size_t want_size)
{
    if (size == want_size && memcmp(got, want, size) == 0) return;
    fail_msg("got '%.*s', wanted '%.*s'", (int)size, got, (int)want_size, want);
}

/* A row's text, or "refused": what its template says instead. */
static void render_row(json_t *row, int number, void *state)
{
    ix_chat **chats = state;
    ix_chat_message m[8];
    const json_t *list = json_object_get(row, "messages");
    bool refused = json_object_get(row, "refused");
    size_t n = json_array_size(list), size, want_size, name_size;
    const char *want = string_of(row, refused ? "refused" : "text", &want_size);
    const char *format = string_of(row, "format", &name_size);
    for (size_t i = 0; i < n; i++) {
        m[i].role = string_of(json_array_get(list, i), "role", &size);
        m[i].content = string_of(json_array_get(list, i), "content", &m[i].size);
    }
    while (strcmp(ix_chat_name(*chats), format) != 0) chats++;
    char *text;
    ix_status rc =
        ix_chat_render(*chats, m, (int)n, json_is_true(json_object_get(row, "generation_prompt")), &text, &size);
    if (refused) {
        assert_int_equal(rc, IX_EINPUT);
        assert_non_null(strstr(ix_message(), format));
        return;
    }
    if (rc != IX_OK) fail_msg("row %d: %s", number + 1, ix_message());
    check_text(text, size, want, want_size);
    assert_int_equal(text[size], 0);
    free(text);
}

static void golden_renderings(void **state)
{
    (void)state;
    static const char *const tiny[] = {"neox", "words", "qwen"}, *const name[] = {"default", "miniworld", "chatml"};
    ix_chat *chats[3];
    for (int i = 0; i < 3; i++) {
        ix_tokenizer *tok = open_tiny(tiny[i], i == 0 ? "{\"eos_token\": \"<|endoftext|>\"}" : "{}");
        CHECK_OK(ix_chat_open(&chats[i], tok, name[i], NULL));
        ix_tokenizer_close(&tok);
    }
    assert_int_equal(each_line(GOLDEN "chat.jsonl", render_row, chats), 72);
    for (int i = 0; i < 3; i++) ix_chat_close(&chats[i]);
}

/* Several turns, system turns, roles out of turn, edges of white space: as the models' own templates render them. */
static void model_renderings(void **state)
{
    (void)state;
    static const char *const name[] = {"llama3-instruct", "llama3.2-instruct", "qwen2.5-instruct", "gemma-it"};
    static const char *const tokens[] = {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",   "<|im_start|>",
                                         "<|im_end|>",          "<start_of_turn>",   "<end_of_turn>"};
    ix_chat *chats[4];
    ix_tokenizer *tok = open_tiny("gemma", "{\"bos_token\": \"<bos>\"}");
    int32_t id;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) CHECK_OK(ix_tokenizer_add(tok, tokens[i], true, &id));
    for (int i = 0; i < 4; i++) CHECK_OK(ix_chat_open(&chats[i], tok, name[i], "01 Jan 2030"));
    assert_int_equal(each_line(GOLDEN "chat_models.jsonl", render_row, chats), 240);
    for (int i = 0; i < 4; i++) ix_chat_close(&chats[i]);
    ix_tokenizer_close(&tok);
}

static void opens_as(ix_tokenizer *tok, const char *format, const char *name)
{
    ix_chat *chat;
    CHECK_OK(ix_chat_open(&chat, tok, format, NULL));
    assert_string_equal(ix_chat_name(chat), name);
    ix_chat_close(&chat);
    assert_null(chat);
}

static void recognition(void **state)
{
    (void)state;
    ix_chat *chat;
    ix_tokenizer *tok = open_tiny("words", "{\"chat_template\": \"" MINIWORLD "\", \"eos_token\": \"<end>\"}");
    opens_as(tok, "auto", "miniworld");
    opens_as(tok, "miniworld", "miniworld");
    CHECK_FAILS(ix_chat_open(&chat, tok, "chatml", NULL), IX_EINPUT, "needs the token <|im_start|>");
    CHECK_FAILS(ix_chat_open(&chat, tok, "mini", NULL), IX_EINPUT, "known: auto, default, miniworld");
    ix_tokenizer_close(&tok);

    tok = open_tiny("words", "{\"chat_template\": \"{{ messages }}\"}");
    CHECK_FAILS(ix_chat_open(&chat, tok, "auto", NULL), IX_EINPUT, "name its format outright: default, miniworld");
    ix_tokenizer_close(&tok);

    tok = open_tiny("qwen", "{\"chat_template\": [{\"name\": \"tools\", \"template\": \"x\"}, {\"name\": \"default\", "
                            "\"template\": \"{# <|im_start|> <|im_end|> You are Qwen, created by Alibaba Cloud. You "
                            "are a helpful assistant. #}\"}]}");
    ix_log_speak(false);
    opens_as(tok, "auto", "qwen2.5-instruct");
    ix_log_speak(true);
    ix_tokenizer_close(&tok);

    tok = open_tiny("qwen",
                    "{\"bos_token\": \"<|endoftext|>\", \"chat_template\": \"{% set loop_messages = messages %}"
                    "{# bos_token <|start_header_id|> <|end_header_id|> <|eot_id|> trim add_generation_prompt #}\"}");
    CHECK_FAILS(ix_chat_open(&chat, tok, "auto", NULL), IX_EINPUT,
                "llama3-instruct needs the token <|start_header_id|>");
    ix_tokenizer_close(&tok);

    tok = open_tiny("neox", "{\"eos_token\": {\"content\": \"<|endoftext|>\"}, \"model_max_length\": 1e30}");
    opens_as(tok, "auto", "default");
    ix_tokenizer_close(&tok);
}

/* A folder that was written with the default's template is known again by it. */
static void default_template(void **state)
{
    (void)state;
    ix_chat *chat;
    ix_tokenizer *tok = open_tiny("neox", "{\"eos_token\": \"<|endoftext|>\"}");
    CHECK_OK(ix_chat_open(&chat, tok, "auto", NULL));
    assert_non_null(ix_chat_jinja(chat));
    char *config = ix_format("{\"eos_token\": \"<|endoftext|>\", \"chat_template\": \"%s\"}", ix_chat_jinja(chat));
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
    tok = open_tiny("neox", config);
    opens_as(tok, "auto", "default");
    ix_tokenizer_close(&tok);
    free(config);

    tok = open_tiny("words", "{\"chat_template\": \"" MINIWORLD "\", \"eos_token\": \"<end>\"}");
    CHECK_OK(ix_chat_open(&chat, tok, "auto", NULL));
    assert_null(ix_chat_jinja(chat));
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
}

/* The authors' rules: a pad token that is missing, or has id 0, becomes <|padding|>; then the two roles. */
static void default_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *tiny, *config;
        int added;
    } rows[] = {{"neox", "{\"eos_token\": \"<|endoftext|>\"}", 2}, /* <|padding|> is there: found, not added */
                {"llama", "{\"eos_token\": \"<|endoftext|>\"}", 3},
                {"llama", "{\"eos_token\": \"<|endoftext|>\", \"pad_token\": \"<|endoftext|>\"}", 3}, /* id 0 */
                {"llama", "{\"eos_token\": \"<|endoftext|>\", \"pad_token\": \"<|eot_id|>\"}", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ix_tokenizer *tok = open_tiny(rows[i].tiny, rows[i].config);
        int32_t size = ix_tokenizer_size(tok);
        opens_as(tok, "default", "default");
        assert_int_equal(ix_tokenizer_size(tok), size + rows[i].added);
        assert_int_equal(ix_tokenizer_find(tok, "<|assistant|>"), size + rows[i].added - 1);
        assert_int_equal(ix_tokenizer_find(tok, "<|user|>"), size + rows[i].added - 2);
        opens_as(tok, "default", "default"); /* again: they are there */
        assert_int_equal(ix_tokenizer_size(tok), size + rows[i].added);
        ix_tokenizer_close(&tok);
    }
}

static void pairs(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("words", "{}");
    ix_chat *chat;
    ix_chat_message prompt = {"user", "Yes, sure.", 10};
    char *p, *r;
    size_t np, nr;
    CHECK_OK(ix_chat_open(&chat, tok, "miniworld", NULL));
    CHECK_OK(ix_chat_pair(chat, &prompt, 1, "No, never.", 10, &p, &np, &r, &nr));
    check_text(p, np, "<user> Yes, sure. <asst> ", 25);
    check_text(r, nr, "No, never. <end>", 16);
    free(p);
    free(r);
    prompt.role = "robot";
    CHECK_FAILS(ix_chat_pair(chat, &prompt, 1, "x", 1, &p, &np, &r, &nr), IX_EINPUT, "role \"robot\"");
    assert_null(p);
    assert_null(r);
    prompt = (ix_chat_message){"user", "a\xff", 2};
    CHECK_FAILS(ix_chat_render(chat, &prompt, 1, true, &p, &np), IX_EINPUT, "message 1: not UTF-8 at offset 1");
    CHECK_FAILS(ix_chat_render(chat, &prompt, 0, true, &p, &np), IX_EINPUT, "at least one message");
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
}

static void gemma_roles(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("gemma", "{\"bos_token\": \"<bos>\"}");
    ix_chat *chat;
    ix_chat_message m[] = {{"user", "a", 1}, {"user", "b", 1}};
    char *text;
    size_t size;
    int32_t id;
    CHECK_FAILS(ix_chat_open(&chat, tok, "gemma-it", NULL), IX_EINPUT, "needs the token <start_of_turn>");
    CHECK_OK(ix_tokenizer_add(tok, "<start_of_turn>", true, &id));
    CHECK_OK(ix_tokenizer_add(tok, "<end_of_turn>", true, &id));
    CHECK_OK(ix_chat_open(&chat, tok, "gemma-it", NULL));
    CHECK_FAILS(ix_chat_render(chat, m, 2, false, &text, &size), IX_EINPUT, "message 2: roles must alternate");
    m[0].role = "system";
    CHECK_FAILS(ix_chat_render(chat, m, 1, false, &text, &size), IX_EINPUT,
                "gemma-it: message 1: it has no system role");
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
}

/* The date is printed and hashed where the format prints one, and only there. */
static void dates(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("llama", "{\"bos_token\": \"<|endoftext|>\", \"eos_token\": \"<|eot_id|>\"}");
    static const char *const date[] = {NULL, "26 Jul 2024", "01 Jan 2030"};
    char hex[2][3][IX_HASH_HEX], *text;
    ix_chat_message m = {"user", " a \x1f", 4};
    ix_chat *chat;
    size_t size;
    int32_t id;
    CHECK_OK(ix_tokenizer_add(tok, "<|start_header_id|>", true, &id));
    CHECK_OK(ix_tokenizer_add(tok, "<|end_header_id|>", true, &id));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(ix_chat_open(&chat, tok, "llama3.2-instruct", date[i]));
        ix_chat_hash(chat, hex[0][i]);
        CHECK_OK(ix_chat_render(chat, &m, 1, false, &text, &size));
        char *want = ix_format("<|endoftext|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: "
                               "December 2023\nToday Date: %s\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
                               "a<|eot_id|>",
                               date[i] ? date[i] : date[1]);
        check_text(text, size, want, strlen(want));
        free(want);
        free(text);
        ix_chat_close(&chat);
        CHECK_OK(ix_chat_open(&chat, tok, "default", date[i]));
        ix_chat_hash(chat, hex[1][i]);
        ix_chat_close(&chat);
    }
    assert_string_equal(hex[0][0], hex[0][1]);
    assert_string_not_equal(hex[0][1], hex[0][2]);
    assert_string_equal(hex[1][1], hex[1][2]);
    CHECK_FAILS(ix_chat_open(&chat, tok, "default", "two\nlines"), IX_EINPUT, "one line");
    ix_tokenizer_close(&tok);
}

static void missing_names(void **state)
{
    (void)state;
    ix_tokenizer *tok = open_tiny("neox", "{}");
    ix_chat *chat;
    CHECK_FAILS(ix_chat_open(&chat, tok, "auto", NULL), IX_EINPUT, "prints the eos token");
    assert_null(chat);
    ix_tokenizer_close(&tok);
}

/* --- ../shared/oracle/templates -------------------------------------------------------------------------------------
 */

typedef struct {
    const char *rows, *folder, *config; /* config NULL: the folder's own */
    const char *format, *name;
    int32_t size; /* of the tokenizer afterwards */
} oracle;

typedef struct {
    const ix_tokenizer *tok;
    const ix_chat *chat;

} oracle_run;

static json_t *paper_row(const char *file, int64_t row)
{
    char below[300], *text;
    size_t size;
    json_t *object;
    snprintf(below, sizeof below, "data/paper/%s", file);
    const char *path = check_shared(below);
    if (!path) skip();
    CHECK_OK(ix_file_read(path, &text, &size));
    char *line = text;
    for (; row > 0; row--) line = strchr(line, '\n') + 1;
    CHECK_OK(ix_json_parse(&object, line, strcspn(line, "\n"), path));
    free(text);
    return object;
}

static void check_part(const oracle_run *run, const json_t *want, const char *field, const char *text, size_t size)
{
    char key[64], hex[IX_HASH_HEX];
    size_t want_size;
    ix_ids ids = {0};
    const char *text_wanted = string_of(want, field, &want_size);
    check_text(text, size, text_wanted, want_size);
    CHECK_OK(ix_tokenizer_encode(run->tok, text, size, &ids));
    hash_ids(&ids, hex);
    snprintf(key, sizeof key, "%s_n_ids", field);
    assert_int_equal(ids.size, json_integer_value(json_object_get(want, key)));
    snprintf(key, sizeof key, "%s_sha256", field);
    assert_string_equal(hex, json_string_value(json_object_get(want, key)));
    ix_ids_free(&ids);
}

static void oracle_row(json_t *want, int number, void *state)
{
    const oracle_run *run = state;
    static const char *const side[] = {"chosen", "rejected"};
    json_t *data =
        paper_row(json_string_value(json_object_get(want, "file")), json_integer_value(json_object_get(want, "row")));
    (void)number;
    for (int i = 0; i < 2; i++) {
        ix_chat_message m = {.role = "user"};
        size_t n, np, nr;
        char *p, *r;
        m.content = string_of(data, "prompt", &m.size);
        const char *response = string_of(data, side[i], &n);
        CHECK_OK(ix_chat_pair(run->chat, &m, 1, response, n, &p, &np, &r, &nr));
        check_part(run, want, "prompt", p, np);
        check_part(run, want, side[i], r, nr);
        free(p);
        free(r);
    }
    json_decref(data);
}

static void oracle_renderings(void **state)
{
    const oracle *o = *state;
    char below[300], rows[2048], *folder = NULL;
    ix_tokenizer *tok;
    ix_chat *chat;
    snprintf(below, sizeof below, "oracle/templates/%s.jsonl", o->rows);
    const char *path = check_shared(below);
    if (!path) skip();
    snprintf(rows, sizeof rows, "%s", path);
    if (!(path = check_shared(o->folder))) skip();
    if (o->config) {
        char *target = ix_format("%s/tokenizer.json", path), *absolute = realpath(target, NULL);
        folder = make_folder();
        put_link(folder, "tokenizer.json", absolute);
        put_file(folder, "tokenizer_config.json", o->config);
        free(absolute);
        free(target);
    }
    CHECK_OK(ix_tokenizer_open(&tok, folder ? folder : path));
    if (folder) remove_folder(folder);
    CHECK_OK(ix_chat_open(&chat, tok, o->format, NULL));
    assert_string_equal(ix_chat_name(chat), o->name);
    assert_int_equal(ix_tokenizer_size(tok), o->size);
    oracle_run run = {.tok = tok, .chat = chat};
    assert_int_equal(each_line(rows, oracle_row, &run), 40);
    ix_chat_close(&chat);
    ix_tokenizer_close(&tok);
}

int main(void)
{
    static oracle o[] = {
        {"default.gpt-neox", "tokenizers/gpt-neox", "{\"eos_token\": \"<|endoftext|>\"}", "auto", "default", 50279},
        {"default.TinyStories-656K", "models/TinyStories-656K", NULL, "auto", "default", 2051},
        {"default.llama3", "tokenizers/llama3", "{\"eos_token\": \"<|end_of_text|>\"}", "auto", "default", 128259},
        {"llama3.2-instruct", "tokenizers/llama3", NULL, "auto", "llama3.2-instruct", 128256},
        {"qwen2.5-instruct", "tokenizers/qwen2.5", NULL, "auto", "qwen2.5-instruct", 151665},
        {"gemma-it", "tokenizers/gemma-like", NULL, "auto", "gemma-it", 2000},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_renderings),
        cmocka_unit_test(model_renderings),
        cmocka_unit_test(recognition),
        cmocka_unit_test(default_tokens),
        cmocka_unit_test(default_template),
        cmocka_unit_test(pairs),
        cmocka_unit_test(gemma_roles),
        cmocka_unit_test(dates),
        cmocka_unit_test(missing_names),
        {"default, gpt-neox", oracle_renderings, NULL, NULL, &o[0]},
        {"default, TinyStories", oracle_renderings, NULL, NULL, &o[1]},
        {"default, llama3", oracle_renderings, NULL, NULL, &o[2]},
        {"llama3.2-instruct", oracle_renderings, NULL, NULL, &o[3]},
        {"qwen2.5-instruct", oracle_renderings, NULL, NULL, &o[4]},
        {"gemma-it", oracle_renderings, NULL, NULL, &o[5]},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
