/* SPDX-License-Identifier: Apache-2.0
 *
 * Model folders: config.json read and refused, rotary frequencies, a folder written and read again, identity. */
#include "base/json.h"
#include "model/folder.h"
#include "scratch.h"

/* --- config.json ---------------------------------------------------------------------------------- */

#define SIZES                                                                                 \
    "\"model_type\":\"llama\",\"vocab_size\":100,\"hidden_size\":48,\"num_hidden_layers\":2," \
    "\"num_attention_heads\":4,\"intermediate_size\":64"

static ix_status read_text(ix_model_config *c, const char *text)
{
    CHECK_OK(ix_make_folders(scratch_path("c")));
    scratch_text("c/config.json", text);
    return ix_model_config_read(c, scratch_path("c"));
}

static void defaults(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c, "{" SIZES "}"));
    assert_string_equal(c.model_type, "llama");
    assert_string_equal(c.architecture, "");
    assert_string_equal(c.dtype, "");
    assert_true(c.V == 100 && c.D == 48 && c.layers == 2 && c.H == 4 && c.G == 4 && c.K == 12 && c.F == 64);
    assert_true(c.eps == 1e-6f && c.positions == 2048 && !c.tied && c.rope_theta == 10000);
    assert_true(c.rope == IX_ROPE_DEFAULT && c.initializer_range == 0.02);
    assert_true(c.bos == 1 && c.pad == -1 && c.eos_count == 1 && c.eos[0] == 2);
}

static void everything(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c,
                       "{" SIZES ",\"architectures\":[\"LlamaForCausalLM\"],\"num_key_value_heads\":2,\"head_dim\":16,"
                       "\"rms_norm_eps\":1e-5,\"max_position_embeddings\":131072,\"tie_word_embeddings\":true,"
                       "\"rope_theta\":500000.0,\"attention_bias\":false,\"mlp_bias\":null,\"hidden_act\":\"silu\","
                       "\"initializer_range\":0.01,\"bos_token_id\":null,\"eos_token_id\":[7,8,9],\"pad_token_id\":3,"
                       "\"torch_dtype\":\"bfloat16\",\"use_cache\":true,\"rope_scaling\":{\"factor\":32.0,"
                       "\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,\"rope_type\":\"llama3\","
                       "\"original_max_position_embeddings\":8192}}"));
    assert_string_equal(c.architecture, "LlamaForCausalLM");
    assert_string_equal(c.dtype, "bfloat16");
    assert_true(c.G == 2 && c.K == 16 && c.eps == 1e-5f && c.positions == 131072 && c.tied && c.rope_theta == 5e5);
    assert_true(c.rope == IX_ROPE_LLAMA3 && c.rope_factor == 32 && c.rope_low == 1 && c.rope_high == 4);
    assert_true(c.rope_positions == 8192 && c.initializer_range == 0.01 && c.bos == -1 && c.pad == 3);
    assert_true(c.eos_count == 3 && c.eos[0] == 7 && c.eos[2] == 9);
}

#define ROPE3 "\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":32"

/* The spellings that transformers has had for the same thing. */
static void spellings(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c, "{" SIZES ",\"rope_scaling\":{\"type\":\"llama3\"," ROPE3 "}}"));
    assert_true(c.rope == IX_ROPE_LLAMA3 && c.rope_factor == 8);
    CHECK_OK(read_text(&c, "{" SIZES ",\"rope_scaling\":{\"type\":\"llama3\",\"rope_type\":\"llama3\"," ROPE3 "}}"));
    assert_true(c.rope == IX_ROPE_LLAMA3);
    CHECK_OK(read_text(&c, "{" SIZES ",\"rope_scaling\":{\"rope_type\":\"default\"},\"rope_theta\":5}"));
    assert_true(c.rope == IX_ROPE_DEFAULT && c.rope_theta == 5);
    CHECK_OK(read_text(&c, "{" SIZES ",\"dtype\":\"float32\",\"rope_parameters\":{\"rope_theta\":500000.0,"
                           "\"rope_type\":\"llama3\"," ROPE3 "}}"));
    assert_true(c.rope == IX_ROPE_LLAMA3 && c.rope_theta == 5e5);
    assert_string_equal(c.dtype, "float32");
    CHECK_OK(read_text(&c, "{" SIZES ",\"eos_token_id\":null,\"pad_token_id\":-1,\"head_dim\":null,"
                           "\"num_key_value_heads\":null}"));
    assert_true(c.eos_count == 0 && c.pad == -1 && c.K == 12 && c.G == 4);
}

static const struct {
    const char *what, *text, *message;
} hostile[] = {
    {"not json", "{", "config.json:1"},
    {"an array", "[]", "an object"},
    {"key twice", "{" SIZES ",\"vocab_size\":1}", "duplicate"},
    {"no model_type", "{\"vocab_size\":10}", "model_type is missing"},
    {"another family", "{\"model_type\":\"mamba\"}", "model_type: \"mamba\" is not known; known are: llama"},
    {"model_type a number", "{\"model_type\":3}", "model_type must be a string"},
    {"no size", "{\"model_type\":\"llama\",\"vocab_size\":10}", "hidden_size is missing"},
    {"size zero", "{\"model_type\":\"llama\",\"vocab_size\":0}", "vocab_size: 0 is not between"},
    {"size negative", "{\"model_type\":\"llama\",\"vocab_size\":-5}", "vocab_size: -5 is not between"},
    {"size huge", "{\"model_type\":\"llama\",\"vocab_size\":4611686018427387904}", "vocab_size: 4611686018427387904"},
    {"size beyond 64 bits", "{\"model_type\":\"llama\",\"vocab_size\":46116860184273879040}", "too big integer"},
    {"size as text", "{\"model_type\":\"llama\",\"vocab_size\":\"10\"}", "vocab_size must be a whole number"},
    {"key heads", "{" SIZES ",\"num_key_value_heads\":3}", "num_key_value_heads: 3 does not divide"},
    {"key heads zero", "{" SIZES ",\"num_key_value_heads\":0}", "num_key_value_heads: 0 is not between"},
    {"odd head", "{" SIZES ",\"head_dim\":7}", "the size of a head is 7"},
    {"head zero", "{" SIZES ",\"head_dim\":0}", "head_dim: 0 is not between"},
    {"heads do not fit",
     "{\"model_type\":\"llama\",\"vocab_size\":9,\"hidden_size\":50,\"num_hidden_layers\":1,"
     "\"num_attention_heads\":4,\"intermediate_size\":8}",
     "num_attention_heads: 4 does not divide hidden_size 50"},
    {"more heads than width",
     "{\"model_type\":\"llama\",\"vocab_size\":9,\"hidden_size\":2,\"num_hidden_layers\":1,"
     "\"num_attention_heads\":4,\"intermediate_size\":8}",
     "num_attention_heads: 4 does not divide hidden_size 2"},
    {"eps negative", "{" SIZES ",\"rms_norm_eps\":-1e-5}", "rms_norm_eps"},
    {"eps as text", "{" SIZES ",\"rms_norm_eps\":\"1e-5\"}", "rms_norm_eps must be a number"},
    {"theta zero", "{" SIZES ",\"rope_theta\":0}", "rope_theta"},
    {"theta beyond double", "{" SIZES ",\"rope_theta\":1e999}", "real number overflow"},
    {"attention bias", "{" SIZES ",\"attention_bias\":true}", "attention_bias: true is not supported"},
    {"mlp bias", "{" SIZES ",\"mlp_bias\":true}", "mlp_bias: true is not supported"},
    {"activation", "{" SIZES ",\"hidden_act\":\"gelu\"}", "hidden_act: \"gelu\""},
    {"partial rotary", "{" SIZES ",\"partial_rotary_factor\":0.5}", "partial_rotary_factor: 0.5"},
    {"quantised", "{" SIZES ",\"quantization_config\":{\"bits\":4}}", "quantization_config"},
    {"tied as text", "{" SIZES ",\"tie_word_embeddings\":\"yes\"}", "tie_word_embeddings must be true or false"},
    {"rope kind", "{" SIZES ",\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4}}", "rope_scaling: rope_type: \"yarn\""},
    {"rope without kind", "{" SIZES ",\"rope_scaling\":{\"factor\":4}}", "rope_scaling: rope_type is missing"},
    {"rope contradiction", "{" SIZES ",\"rope_scaling\":{\"type\":\"linear\",\"rope_type\":\"llama3\"," ROPE3 "}}",
     "contradicts"},
    {"rope not an object", "{" SIZES ",\"rope_scaling\":8}", "rope_scaling must be an object"},
    {"llama3 without factor", "{" SIZES ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"low_freq_factor\":1}}",
     "rope_scaling: factor is missing"},
    {"llama3 bands",
     "{" SIZES ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,\"high_freq_factor\":4,"
     "\"original_max_position_embeddings\":32}}",
     "high_freq_factor: 4 is not above"},
    {"llama3 factor",
     "{" SIZES
     ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":0.5,\"low_freq_factor\":1,\"high_freq_factor\":4,"
     "\"original_max_position_embeddings\":32}}",
     "factor: 0.5 is below 1"},
    {"eos as text", "{" SIZES ",\"eos_token_id\":\"2\"}", "eos_token_id must be"},
    {"eos in a list", "{" SIZES ",\"eos_token_id\":[1,[2]]}", "eos_token_id must be"},
    {"too many eos", "{" SIZES ",\"eos_token_id\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "more than 16"},
    {"bos a list", "{" SIZES ",\"bos_token_id\":[1]}", "bos_token_id must be"},
    {"pad huge", "{" SIZES ",\"pad_token_id\":4294967296}", "pad_token_id must be"},
    {"architecture", "{" SIZES ",\"architectures\":[3]}", "architectures[0]"},
    {"dtype long", "{" SIZES ",\"torch_dtype\":\"a very long name of a type\"}", "torch_dtype"},
};

static void hostile_configs(void **state)
{
    (void)state;
    ix_model_config c;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        ix_status got = read_text(&c, hostile[i].text);
        if (got != IX_EINPUT) fail_msg("%s: gave %d", hostile[i].what, (int)got);
        if (!strstr(ix_message(), hostile[i].message) || !strstr(ix_message(), "c/config.json"))
            fail_msg("%s: '%s' lacks '%s'", hostile[i].what, ix_message(), hostile[i].message);
    }
    CHECK_FAILS(ix_model_config_read(&c, scratch_path("absent")), IX_EINPUT, "absent/config.json: No such file");
}

/* --- rotary positions ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int K;
    double theta, factor;
    int positions;
} ropes[] = {
    {"theta10000_k64", 64, 1e4, 0, 0},         {"theta10000_k96", 96, 1e4, 0, 0},
    {"theta500000_k128", 128, 5e5, 0, 0},      {"theta1000000_k128", 128, 1e6, 0, 0},
    {"llama3_8_8192_k128", 128, 5e5, 8, 8192}, {"llama3_32_8192_k64", 64, 5e5, 32, 8192},
    {"llama3_4_256_k80", 80, 1e4, 4, 256},
};

/* Counts entries that are not transformers' bits; none may be off by more than the last one. */
static int compare_rope(const ix_safetensors *file, const char *name, const ix_model_config *c)
{
    float want[256], got[256];
    int off = 0;
    const ix_tensor_view *t = ix_safetensors_find(file, name);
    assert_non_null(t);
    assert_int_equal(t->count, c->K / 2);
    CHECK_OK(ix_tensor_read_f32(t, 0, t->count, want));
    ix_rope_inv_freq(got, c);
    for (int i = 0; i < c->K / 2; i++) {
        off += got[i] != want[i];
        CHECK_NEAR(got[i], want[i], 1.2e-7 * (double)want[i]);
    }
    return off;
}

static void frequencies(void **state)
{
    (void)state;
    ix_safetensors *file;
    int off = 0;
    CHECK_OK(ix_safetensors_open_file(&file, golden_path("llama_rope/inv_freq.safetensors")));
    assert_int_equal(ix_safetensors_count(file), sizeof ropes / sizeof *ropes);
    for (size_t i = 0; i < sizeof ropes / sizeof *ropes; i++) {
        ix_model_config c = {.K = ropes[i].K,
                             .rope_theta = ropes[i].theta,
                             .rope_factor = ropes[i].factor,
                             .rope_low = 1,
                             .rope_high = 4,
                             .rope_positions = ropes[i].positions,
                             .rope = ropes[i].factor > 0 ? IX_ROPE_LLAMA3 : IX_ROPE_DEFAULT};
        off += compare_rope(file, ropes[i].name, &c);
    }
    ix_safetensors_close(&file);
    printf("inverse frequencies: %d of 312 differ in the last bit\n", off);
#ifdef __x86_64__
    assert_int_equal(off, 0);
#endif
}

static void golden_frequencies(void **state)
{
    (void)state;
    static const char *const cases[] = {"llama_tied", "llama_untied"};
    for (int i = 0; i < 2; i++) {
        ix_model_config c;
        ix_safetensors *file;
        char below[64];
        snprintf(below, sizeof below, "%s/cases.safetensors", cases[i]);
        CHECK_OK(ix_model_config_read(&c, golden_path(cases[i])));
        assert_int_equal(c.rope, i == 0 ? IX_ROPE_LLAMA3 : IX_ROPE_DEFAULT);
        CHECK_OK(ix_safetensors_open_file(&file, golden_path(below)));
        compare_rope(file, "inv_freq", &c);
        ix_safetensors_close(&file);
    }
}

/* --- writing -------------------------------------------------------------------------------------- */

static int views_as_out(const ix_safetensors *file, ix_tensor_out *out, int room)
{
    int n = ix_safetensors_count(file);
    assert_in_range(n, 1, room);
    for (int i = 0; i < n; i++) {
        const ix_tensor_view *t = ix_safetensors_at(file, i);
        float *data = malloc(t->size + 1);
        CHECK_OK(ix_tensor_read_f32(t, 0, t->count, data));
        out[i] = (ix_tensor_out){.name = t->name, .dims = t->dims, .data = data};
        memcpy(out[i].shape, t->shape, sizeof t->shape);
    }
    return n;
}

static void written_folder(void **state)
{
    (void)state;
    static const char *const cases[] = {"llama_tied", "llama_untied"};
    char tok[512];
    snprintf(tok, sizeof tok, "%s", scratch_path("tok"));
    CHECK_OK(ix_make_folders(tok));
    scratch_text("tok/tokenizer.json", "{\"model\":{}}");
    scratch_text("tok/generation_config.json", "{}");
    scratch_text("tok/notes.txt", "not ours");
    for (int k = 0; k < 2; k++) {
        ix_model_config c, back;
        ix_safetensors *file;
        ix_tensor_out out[64];
        const char *folder = scratch_path(k ? "w1" : "w0");
        char below[64];
        CHECK_OK(ix_model_config_read(&c, golden_path(cases[k])));
        CHECK_OK(ix_safetensors_open(&file, golden_path(cases[k])));
        int n = views_as_out(file, out, 64);
        CHECK_OK(ix_folder_write(folder, &c, "LlamaForCausalLM", out, n, &(ix_folder_tokenizer){.from = tok}));
        CHECK_OK(ix_model_config_read(&back, folder));
        assert_memory_equal(&back, &c, sizeof c);
        snprintf(below, sizeof below, "%s/model.safetensors", cases[k]);
        assert_true(same_files(scratch_path(k ? "w1/model.safetensors" : "w0/model.safetensors"), golden_path(below)));
        assert_true(same_files(scratch_path(k ? "w1/tokenizer.json" : "w0/tokenizer.json"),
                               scratch_path("tok/tokenizer.json")));
        assert_true(ix_file_exists(scratch_path(k ? "w1/generation_config.json" : "w0/generation_config.json")));
        assert_false(ix_file_exists(scratch_path(k ? "w1/notes.txt" : "w0/notes.txt")));
        CHECK_FAILS(ix_folder_write(folder, &c, "LlamaForCausalLM", out, n, NULL), IX_EINPUT, "already holds a model");
        for (int i = 0; i < n; i++) free((void *)(uintptr_t)out[i].data);
        ix_safetensors_close(&file);
    }
}

/* Decimal numbers stay as short as they were given, and labels are there for a classifier. */
static void written_config(void **state)
{
    (void)state;
    ix_model_config c, back;
    float u[48] = {0};
    ix_tensor_out score = {"score.weight", 2, {1, 48}, u, NULL};
    char *text;
    size_t size;
    json_t *root;
    CHECK_OK(read_text(&c, "{" SIZES ",\"rms_norm_eps\":1e-05,\"initializer_range\":0.0123456789,"
                           "\"eos_token_id\":[5,6],\"rope_theta\":500000.0}"));
    CHECK_OK(ix_folder_write(scratch_path("s/t"), &c, "LlamaForSequenceClassification", &score, 1, NULL));
    CHECK_OK(ix_file_read(scratch_path("s/t/config.json"), &text, &size));
    assert_non_null(strstr(text, "\"rms_norm_eps\": 1e-5"));
    assert_non_null(strstr(text, "\"initializer_range\": 0.0123456789,"));
    assert_non_null(strstr(text, "\"rope_theta\": 500000.0"));
    free(text);
    CHECK_OK(ix_json_open(&root, scratch_path("s/t/config.json")));
    assert_int_equal(json_object_size(json_object_get(root, "id2label")), 1);
    assert_int_equal(json_object_size(json_object_get(root, "label2id")), 1);
    json_decref(root);
    CHECK_OK(ix_model_config_read(&back, scratch_path("s/t")));
    assert_string_equal(back.architecture, "LlamaForSequenceClassification");
    assert_true(back.eos_count == 2 && back.eos[1] == 6 && back.eps == c.eps && back.pad == -1);
    scratch_empty(scratch_path("s"), 1);
    CHECK_FAILS(ix_folder_write(scratch_path("c/config.json"), &c, "LlamaForCausalLM", &score, 1, NULL), IX_EIO,
                "config.json");
    CHECK_FAILS(ix_folder_write(scratch_path("u"), &c, "\xe9", &score, 1, NULL), IX_ENOMEM, "u/config.json");
}

/* A text of a JSON object, and whether a file of the scratch folder holds it. */
static bool holds(const char *name, const char *text)
{
    char *bytes;
    size_t size;
    CHECK_OK(ix_file_read(scratch_path(name), &bytes, &size));
    bool found = strstr(bytes, text) != NULL;
    free(bytes);
    return found;
}

/* What a chat format added goes into the tokenizer's files; everything else stays as it was. */
static void completed_tokenizer(void **state)
{
    (void)state;
    ix_model_config c;
    float u[48] = {0};
    char from[512];
    ix_tensor_out score = {"score.weight", 2, {1, 48}, u, NULL};
    const ix_folder_token tokens[] = {{"<|padding|>", 5, false}, {"<|user|>", 6, false}, {"<s>", 1, false}};
    snprintf(from, sizeof from, "%s", scratch_path("from"));
    CHECK_OK(ix_make_folders(from));
    CHECK_OK(read_text(&c, "{" SIZES "}"));
    scratch_text("from/tokenizer.json", "{\"version\":\"1.0\",\"added_tokens\":[{\"id\":1,\"content\":\"<s>\"}],"
                                        "\"model\":{\"vocab\":{\"\xc4\xa0z\":0}}}");
    scratch_text("from/tokenizer_config.json",
                 "{\"model_max_length\":1000000000000000019884624838656,\"pad_token\":null,"
                 "\"max_length\":512,\"added_tokens_decoder\":{\"1\":{\"lstrip\":false}}}");
    scratch_text("from/special_tokens_map.json", "{\"pad_token\":\"<s>\",\"eos_token\":\"<s>\"}");
    ix_folder_tokenizer t = {from, tokens, 3, "<|padding|>", "{{ \"a\" }}"};
    CHECK_OK(ix_folder_write(scratch_path("to"), &c, "LlamaForSequenceClassification", &score, 1, &t));
    assert_true(holds("to/tokenizer.json", "\"id\": 5") && holds("to/tokenizer.json", "\"<|user|>\""));
    assert_true(holds("to/tokenizer.json", "\"\xc4\xa0z\": 0"));
    json_t *root;
    CHECK_OK(ix_json_open(&root, scratch_path("to/tokenizer.json")));
    assert_int_equal(json_array_size(json_object_get(root, "added_tokens")), 3); /* <s> was there */
    json_decref(root);
    assert_true(holds("to/tokenizer_config.json", "\"max_length\": 512,"));
    assert_true(holds("to/tokenizer_config.json", "\"model_max_length\": 1e30"));
    assert_true(holds("to/tokenizer_config.json", "\"pad_token\": \"<|padding|>\""));
    assert_true(holds("to/tokenizer_config.json", "\"chat_template\": \"{{ \\\"a\\\" }}\""));
    assert_true(holds("to/special_tokens_map.json", "\"pad_token\": \"<|padding|>\""));
    assert_true(holds("to/special_tokens_map.json", "\"eos_token\": \"<s>\""));

    scratch_text("from/tokenizer.json", "{\"added_tokens\":");
    CHECK_FAILS(ix_folder_write(scratch_path("half"), &c, "LlamaForCausalLM", &score, 1, &t), IX_EINPUT,
                "half/tokenizer.json");
    assert_false(ix_file_exists(scratch_path("half/config.json"))); /* nothing takes that for a model */
}

/* --- identity ------------------------------------------------------------------------------------- */

static void identity(void **state)
{
    (void)state;
    char one[IX_HASH_HEX], two[IX_HASH_HEX], config[IX_HASH_HEX], weights[IX_HASH_HEX], *lines;
    float a[2] = {1, 2};
    ix_tensor_out out = {"a", 1, {2}, a, NULL};
    CHECK_OK(ix_make_folders(scratch_path("h")));
    scratch_text("h/config.json", "{}");
    CHECK_OK(ix_safetensors_write(scratch_path("h/model.safetensors"), &out, 1));
    CHECK_OK(ix_folder_hash(scratch_path("h"), one));
    CHECK_OK(ix_hash_file(scratch_path("h/config.json"), config));
    CHECK_OK(ix_hash_file(scratch_path("h/model.safetensors"), weights));
    lines = ix_format("%s  config.json\n%s  model.safetensors\n", config, weights);
    ix_hash_bytes(lines, strlen(lines), two);
    free(lines);
    assert_string_equal(one, two);
    scratch_text("h/tokenizer.json", "{}");
    CHECK_OK(ix_folder_hash(scratch_path("h"), two));
    assert_string_equal(one, two);
    a[1] = 3;
    CHECK_OK(ix_safetensors_write(scratch_path("h/model.safetensors"), &out, 1));
    CHECK_OK(ix_folder_hash(scratch_path("h"), two));
    assert_string_not_equal(one, two);
    CHECK_FAILS(ix_folder_hash(scratch_path("absent"), two), IX_EINPUT, "absent/config.json");
    assert_string_equal(two, "");
    CHECK_FAILS(ix_folder_hash(scratch_path("tok"), two), IX_EINPUT, "config.json");
}

/* sha256sum config.json model.safetensors.index.json model-0000*.safetensors | sha256sum */
static void shared_identity(void **state)
{
    (void)state;
    char hex[IX_HASH_HEX];
    const char *folder = check_shared("oracle/tiny/llama_sharded_bf16/.");
    if (!folder) skip();
    CHECK_OK(ix_folder_hash(folder, hex));
    assert_string_equal(hex, "d7c31513c161d6396acc8057938df7600060e33dbf23398a4cdac7f74543871d");
}

static void shared_configs(void **state)
{
    (void)state;
    ix_model_config c;
    if (!check_shared("models/TinyStories-656K/config.json")) skip();
    CHECK_OK(ix_model_config_read(&c, check_shared("models/TinyStories-656K/.")));
    assert_true(c.V == 2048 && c.D == 128 && c.H == 8 && c.G == 4 && c.K == 16 && c.F == 384 && c.tied);
    CHECK_OK(ix_model_config_read(&c, check_shared("miniworld/hf/.")));
    assert_true(c.V == 561 && c.bos == -1 && c.eos_count == 1 && c.eos[0] == 1 && c.pad == 0);
    CHECK_OK(ix_model_config_read(&c, check_shared("oracle/tiny/llama_headdim/.")));
    assert_true(c.K == 16 && c.D == 48 && !c.tied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),        cmocka_unit_test(everything),
        cmocka_unit_test(spellings),       cmocka_unit_test(hostile_configs),
        cmocka_unit_test(frequencies),     cmocka_unit_test(golden_frequencies),
        cmocka_unit_test(written_folder),  cmocka_unit_test(written_config),
        cmocka_unit_test(identity),        cmocka_unit_test(completed_tokenizer),
        cmocka_unit_test(shared_identity), cmocka_unit_test(shared_configs),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
