/* SPDX-License-Identifier: Apache-2.0
 *
 * What families add to a model folder: their keys of config.json, read, refused and written again; the parameter counts
 * of the published models; fresh weights; scratch that is as large as it must be and no larger. */
#include "base/json.h"
#include "model/config_keys.h"
#include "model/family.h"
#include "scratch.h"

static ix_status read_text(ix_model_config *c, const char *text)
{
    CHECK_OK(ix_make_folders(scratch_path("c")));
    scratch_text("c/config.json", text);
    return ix_model_config_read(c, scratch_path("c"));
}

/* --- published models ----------------------------------------------------------------------------- */

/* The configurations of the models on the Hugging Face hub, but for what does not concern the shape. */
static const struct {
    const char *name, *text;
    int64_t parameters;
} published[] = {
    {"pythia-1b",
     "{\"architectures\":[\"GPTNeoXForCausalLM\"],\"bos_token_id\":0,\"eos_token_id\":0,\"hidden_act\":\"gelu\","
     "\"hidden_size\":2048,\"initializer_range\":0.02,\"intermediate_size\":8192,\"layer_norm_eps\":1e-05,"
     "\"max_position_embeddings\":2048,\"model_type\":\"gpt_neox\",\"num_attention_heads\":8,"
     "\"num_hidden_layers\":16,\"rotary_emb_base\":10000,\"rotary_pct\":0.25,\"tie_word_embeddings\":false,"
     "\"torch_dtype\":\"float16\",\"use_parallel_residual\":true,\"vocab_size\":50304}",
     1011781632},
    {"qwen2.5-1.5b-instruct",
     "{\"architectures\":[\"Qwen2ForCausalLM\"],\"bos_token_id\":151643,\"eos_token_id\":151645,"
     "\"hidden_act\":\"silu\",\"hidden_size\":1536,\"initializer_range\":0.02,\"intermediate_size\":8960,"
     "\"max_position_embeddings\":32768,\"max_window_layers\":21,\"model_type\":\"qwen2\","
     "\"num_attention_heads\":12,\"num_hidden_layers\":28,\"num_key_value_heads\":2,\"rms_norm_eps\":1e-06,"
     "\"rope_theta\":1000000.0,\"sliding_window\":32768,\"tie_word_embeddings\":true,"
     "\"torch_dtype\":\"bfloat16\",\"use_sliding_window\":false,\"vocab_size\":151936}",
     1543714304},
    {"qwen2.5-3b-instruct",
     "{\"hidden_act\":\"silu\",\"hidden_size\":2048,\"intermediate_size\":11008,\"model_type\":\"qwen2\","
     "\"num_attention_heads\":16,\"num_hidden_layers\":36,\"num_key_value_heads\":2,\"rms_norm_eps\":1e-06,"
     "\"rope_theta\":1000000.0,\"tie_word_embeddings\":true,\"vocab_size\":151936}",
     3085938688},
    {"gemma-2-2b-it",
     "{\"architectures\":[\"Gemma2ForCausalLM\"],\"attention_bias\":false,\"attn_logit_softcapping\":50.0,"
     "\"bos_token_id\":2,\"cache_implementation\":\"hybrid\",\"eos_token_id\":[1,107],"
     "\"final_logit_softcapping\":30.0,\"head_dim\":256,\"hidden_act\":\"gelu_pytorch_tanh\","
     "\"hidden_activation\":\"gelu_pytorch_tanh\",\"hidden_size\":2304,\"initializer_range\":0.02,"
     "\"intermediate_size\":9216,\"max_position_embeddings\":8192,\"model_type\":\"gemma2\","
     "\"num_attention_heads\":8,\"num_hidden_layers\":26,\"num_key_value_heads\":4,\"pad_token_id\":0,"
     "\"query_pre_attn_scalar\":256,\"rms_norm_eps\":1e-06,\"rope_theta\":10000.0,\"sliding_window\":4096,"
     "\"torch_dtype\":\"bfloat16\",\"vocab_size\":256000}",
     2614341888},
    {"llama-3.2-1b-instruct",
     "{\"hidden_act\":\"silu\",\"head_dim\":64,\"hidden_size\":2048,\"intermediate_size\":8192,"
     "\"model_type\":\"llama\",\"num_attention_heads\":32,\"num_hidden_layers\":16,\"num_key_value_heads\":8,"
     "\"rms_norm_eps\":1e-05,\"rope_scaling\":{\"factor\":32.0,\"high_freq_factor\":4.0,\"low_freq_factor\":1.0,"
     "\"original_max_position_embeddings\":8192,\"rope_type\":\"llama3\"},\"rope_theta\":500000.0,"
     "\"tie_word_embeddings\":true,\"vocab_size\":128256}",
     1235814400},
    {"llama-3.2-3b-instruct",
     "{\"head_dim\":128,\"hidden_size\":3072,\"intermediate_size\":8192,\"model_type\":\"llama\","
     "\"num_attention_heads\":24,\"num_hidden_layers\":28,\"num_key_value_heads\":8,\"rms_norm_eps\":1e-05,"
     "\"tie_word_embeddings\":true,\"vocab_size\":128256}",
     3212749824},
    {"llama-3.1-8b-instruct",
     "{\"hidden_size\":4096,\"intermediate_size\":14336,\"model_type\":\"llama\",\"num_attention_heads\":32,"
     "\"num_hidden_layers\":32,\"num_key_value_heads\":8,\"rms_norm_eps\":1e-05,\"tie_word_embeddings\":false,"
     "\"vocab_size\":128256}",
     8030261248},
};

static void published_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        ix_model_config c;
        ix_model *m;
        ix_model_wish wish = {.head = true};
        CHECK_OK(read_text(&c, published[i].text));
        CHECK_OK(ix_model_create_config(&m, &c, &wish));
        if (ix_model_params(m)->floats != published[i].parameters)
            fail_msg("%s: %lld parameters", published[i].name, (long long)ix_model_params(m)->floats);
        ix_model_destroy(&m);
    }
}

static void published_values(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c, published[0].text));
    assert_true(c.G == 8 && c.K == 256 && c.R == 64 && ix_rotated(&c) == 64 && c.parallel && c.eps == 1e-5f && !c.tied);
    assert_true(c.rope_theta == 10000 && c.bos == 0 && c.eos_count == 1 && c.eos[0] == 0);
    CHECK_OK(read_text(&c, published[1].text));
    assert_true(c.G == 2 && c.K == 128 && c.R == 0 && ix_rotated(&c) == 128 && c.tied && c.rope_theta == 1e6);
    assert_true(c.window == 0 && c.positions == 32768 && c.pad == -1 && c.eos[0] == 151645);
    CHECK_OK(read_text(&c, published[3].text));
    assert_true(c.G == 4 && c.K == 256 && c.tied && c.query_scale == 256 && c.score_cap == 50 && c.logit_cap == 30);
    assert_true(c.window == 4096 && c.pad == 0 && c.bos == 2 && c.eos_count == 2 && c.eos[1] == 107);
}

/* --- keys ----------------------------------------------------------------------------------------- */

#define SIZES                                                                                                       \
    "\"vocab_size\":100,\"hidden_size\":48,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\"" \
    ":64"
#define QWEN2 "{\"model_type\":\"qwen2\"," SIZES ",\"num_key_value_heads\":2"
#define NEOX "{\"model_type\":\"gpt_neox\"," SIZES
#define GEMMA2 "{\"model_type\":\"gemma2\"," SIZES

static void defaults(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c, QWEN2 "}"));
    assert_true(c.K == 12 && c.positions == 32768 && c.eps == 1e-6f && c.bos == -1 && c.eos_count == 0 && !c.tied);
    CHECK_OK(read_text(&c, "{\"model_type\":\"qwen2\"," SIZES ",\"num_key_value_heads\":null}"));
    assert_true(c.G == 4);
    CHECK_OK(read_text(&c, NEOX "}"));
    assert_true(c.G == 4 && c.K == 12 && c.R == 3 && ix_rotated(&c) == 4 && c.parallel && c.positions == 2048);
    assert_true(c.eps == 1e-5f && c.rope_theta == 10000 && c.bos == 0 && c.eos[0] == 2 && c.pad == -1 && !c.tied);
    CHECK_OK(read_text(&c, GEMMA2 "}"));
    assert_true(c.G == 4 && c.K == 256 && c.positions == 8192 && c.tied && c.query_scale == 256 && c.window == 4096);
    assert_true(c.score_cap == 50 && c.logit_cap == 30 && c.pad == 0 && c.eos[0] == 1 && c.bos == 2);
}

/* The spellings that transformers has had for the same thing. */
static void spellings(void **state)
{
    (void)state;
    ix_model_config c;
    CHECK_OK(read_text(&c, NEOX ",\"use_parallel_residual\":false,\"rotary_pct\":1,\"rotary_emb_base\":5000}"));
    assert_true(!c.parallel && c.R == 12 && c.rope_theta == 5000);
    CHECK_OK(read_text(&c, NEOX ",\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":7000,"
                                "\"partial_rotary_factor\":0.5}}"));
    assert_true(c.R == 6 && c.rope_theta == 7000);
    CHECK_OK(read_text(&c, GEMMA2 ",\"attn_logit_softcapping\":null,\"final_logit_softcapping\":null,"
                                  "\"sliding_window\":null,\"layer_types\":[\"sliding_attention\","
                                  "\"full_attention\"]}"));
    assert_true(c.score_cap == 0 && c.logit_cap == 0 && c.window == 0);
}

static const struct {
    const char *text, *message;
} hostile[] = {
    {QWEN2 ",\"use_sliding_window\":true}", "use_sliding_window: true is not supported"},
    {QWEN2 ",\"hidden_act\":\"gelu\"}", "hidden_act: \"gelu\" is not supported"},
    {"{\"model_type\":\"qwen2\"," SIZES "}", "num_key_value_heads: 32 does not divide num_attention_heads 4"},
    {NEOX ",\"hidden_act\":\"gelu_new\"}", "hidden_act: \"gelu_new\" is not supported, only \"gelu\""},
    {NEOX ",\"attention_bias\":false}", "attention_bias: false is not supported"},
    {NEOX ",\"rotary_pct\":0}", "rotary_pct: 0 is not above 0"},
    {NEOX ",\"rotary_pct\":1.5}", "rotary_pct: 1.5 is not above 0 and at most 1"},
    {NEOX ",\"rotary_pct\":0.01}", "rotary_pct: 0.01 of a head of 12 is 0"},
    {NEOX ",\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":7,\"partial_rotary_factor\":\"x\"}}",
     "partial_rotary_factor"},
    {NEOX ",\"use_parallel_residual\":\"no\"}", "use_parallel_residual must be true or false"},
    {NEOX ",\"layer_norm_eps\":0}", "layer_norm_eps: 0 is not above 0"},
    {NEOX ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}", "rope_type: \"linear\" is not supported"},
    {"{\"model_type\":\"gpt_neox\",\"vocab_size\":9,\"hidden_size\":50,\"num_hidden_layers\":1,"
     "\"num_attention_heads\":4,\"intermediate_size\":8}",
     "num_attention_heads: 4 does not divide hidden_size 50"},
    {"{\"model_type\":\"gpt_neox\",\"vocab_size\":9,\"hidden_size\":4,\"num_hidden_layers\":1,"
     "\"num_attention_heads\":4,\"intermediate_size\":8,\"rotary_pct\":1}",
     "of a head of 1 is 1"},
    {GEMMA2 ",\"hidden_activation\":\"gelu\"}", "hidden_activation: \"gelu\" is not supported"},
    {GEMMA2 ",\"attention_bias\":true}", "attention_bias: true is not supported"},
    {GEMMA2 ",\"use_bidirectional_attention\":true}", "use_bidirectional_attention: true is not supported"},
    {GEMMA2 ",\"attn_logit_softcapping\":-1}", "attn_logit_softcapping: -1 is not above 0"},
    {GEMMA2 ",\"final_logit_softcapping\":\"30\"}", "final_logit_softcapping must be a number"},
    {GEMMA2 ",\"query_pre_attn_scalar\":0}", "query_pre_attn_scalar: 0 is not above 0"},
    {GEMMA2 ",\"sliding_window\":0}", "sliding_window: 0 is not between"},
    {GEMMA2 ",\"layer_types\":[\"full_attention\",\"full_attention\"]}", "layer_types: only sliding_attention and"},
    {GEMMA2 ",\"layer_types\":[\"sliding_attention\"]}", "layer_types must be a list of 2"},
    {GEMMA2 ",\"layer_types\":\"all\"}", "layer_types must be a list of 2"},
};

static void hostile_configs(void **state)
{
    (void)state;
    ix_model_config c;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        CHECK_FAILS(read_text(&c, hostile[i].text), IX_EINPUT, hostile[i].message);
        assert_non_null(strstr(ix_message(), "c/config.json"));
    }
}

static const char *const golden[] = {"llama_tied", "llama_untied", "qwen2", "gpt_neox", "gpt_neox_serial", "gemma2"};
enum { GOLDEN = sizeof golden / sizeof *golden };

static void written_again(void **state)
{
    (void)state;
    float zero[64] = {0};
    ix_tensor_out one = {"x", 1, {64}, zero, NULL};
    for (int i = 0; i < GOLDEN; i++) {
        ix_model_config c, back;
        char name[32];
        snprintf(name, sizeof name, "written%d", i);
        CHECK_OK(ix_model_config_read(&c, golden_path(golden[i])));
        assert_string_equal(c.architecture, ix_architecture(c.model_type, false));
        CHECK_OK(ix_folder_write(scratch_path(name), &c, ix_architecture(c.model_type, true), &one, 1, NULL));
        CHECK_OK(ix_model_config_read(&back, scratch_path(name)));
        assert_string_equal(back.architecture, ix_architecture(c.model_type, true));
        memcpy(back.architecture, c.architecture, sizeof back.architecture);
        assert_memory_equal(&back, &c, sizeof c);
        scratch_empty(scratch_path(name), 0);
        rmdir(scratch_path(name));
    }
}

/* Every share of a head comes back, whatever it was rounded to. */
static void every_share(void **state)
{
    (void)state;
    for (int K = 2; K < 260; K += 7)
        for (int R = 1; R + R % 2 <= K; R++) {
            ix_model_config c = {.model_type = "gpt_neox", .K = K, .R = R, .eps = 1e-5f, .rope_theta = 1};
            json_t *o = ix_config_json(&c, "");
            assert_non_null(o);
            assert_int_equal((int)(K * json_real_value(json_object_get(o, "rotary_pct"))), R);
            json_decref(o);
        }
}

static void frequencies(void **state)
{
    (void)state;
    for (int i = 0; i < GOLDEN; i++) {
        ix_model_config c;
        ix_safetensors *file;
        char below[64];
        float want[64], got[64];
        snprintf(below, sizeof below, "%s/cases.safetensors", golden[i]);
        CHECK_OK(ix_model_config_read(&c, golden_path(golden[i])));
        CHECK_OK(ix_safetensors_open_file(&file, golden_path(below)));
        const ix_tensor_view *t = ix_safetensors_find(file, "inv_freq");
        assert_int_equal(t->count, ix_rotated(&c) / 2);
        CHECK_OK(ix_tensor_read_f32(t, 0, t->count, want));
        ix_rope_inv_freq(got, &c);
        for (int k = 0; k < ix_rotated(&c) / 2; k++) CHECK_NEAR(got[k], want[k], 1.2e-7 * (double)want[k]);
        ix_safetensors_close(&file);
    }
}

/* --- weights and memory --------------------------------------------------------------------------- */

static void fresh_weights(void **state)
{
    (void)state;
    for (int i = 0; i < GOLDEN; i++) {
        ix_model *m;
        ix_model_wish wish = {.head = true};
        CHECK_OK(ix_model_create(&m, golden_path(golden[i]), &wish));
        const ix_params *t = ix_model_params(m);
        float *w = calloc((size_t)t->floats, sizeof *w);
        bool less_one = !strcmp(ix_model_config_of(m)->model_type, "gemma2");
        ix_model_draw(m, 7, 0.02, w);
        for (int row = 0; row < t->count; row++) {
            const ix_param *p = &t->param[row];
            float start = strstr(p->name, "bias") || less_one ? 0 : 1;
            double squares = 0, n = (double)ix_param_size(p);
            for (int64_t j = p->offset; j < p->offset + ix_param_size(p); j++) {
                if (p->dims == 1) assert_true(w[j] == start);
                squares += (double)w[j] * (double)w[j];
            }
            if (p->dims == 2) CHECK_NEAR(sqrt(squares / n), 0.02, 0.02 * 3.5 / sqrt(2 * n));
        }
        free(w);
        ix_model_destroy(&m);
    }
}

/* A whole pass fits into what was reserved, and hardly anything was reserved in vain. */
static void scratch_is_exact(void **state)
{
    enum { N = 300 };
    (void)state;
    for (int i = 0; i < 2 * GOLDEN; i++) {
        bool backward = i % 2;
        ix_model *m;
        ix_model_wish wish = {.head = true};
        ix_pack *pack;
        int32_t token[N] = {0}, rows[N] = {0};
        double logp[N];
        ix_rows read = {0, N - 1}; /* nearly all: takes the most, because what is read is copied */
        CHECK_OK(ix_model_create(&m, golden_path(golden[i / 2]), &wish));
        float *w = calloc((size_t)m->params.floats, sizeof *w), *dw = calloc((size_t)m->params.floats, sizeof *dw);
        float *dh = calloc(N * (size_t)m->c.D, sizeof *dh);
        CHECK_OK(ix_pack_create(&pack, N, 1, 0));
        ix_pack_add_document(pack, token, N);
        ix_model_draw(m, 7, 0.02, w);
        CHECK_OK(ix_model_reserve(m, N, backward));
        ix_model_forward(m, w, pack, &read, backward);
        ix_model_logp(m, w, rows, token, N, logp);
        if (backward) {
            ix_model_logp_backward(m, w, dw, rows, token, N, logp, dh);
            ix_model_backward(m, w, dw, pack, dh);
        }
        double size = (double)(ix_arena_room(m->scratch) + ix_arena_mark(m->scratch));
        CHECK_NEAR((double)ix_arena_peak(m->scratch) / size, 1, 0.05);
        assert_true(size == (double)ix_model_needs(m, N, backward).scratch);
        ix_pack_destroy(&pack);
        ix_model_destroy(&m);
        free(w), free(dw), free(dh);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_sizes), cmocka_unit_test(published_values),
                                       cmocka_unit_test(defaults),        cmocka_unit_test(spellings),
                                       cmocka_unit_test(hostile_configs), cmocka_unit_test(written_again),
                                       cmocka_unit_test(every_share),     cmocka_unit_test(frequencies),
                                       cmocka_unit_test(fresh_weights),   cmocka_unit_test(scratch_is_exact)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
