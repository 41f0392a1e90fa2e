/* SPDX-License-Identifier: Apache-2.0
 *
 * gemma2.c - Gemma 2 (Gemma Team 2024): embeddings times sqrt(D), RMSNorm by 1 + w, a norm before and one after
 * attention and feed-forward, GELU gates, capped attention scores and logits, and a sliding window in every other block
 * from the first on. With n0 .. n3 = norm[0] .. norm[3]:
 *
 *     mid  = x + n1 attention(n0 x)
 *     next = mid + n3 mlp(n2 mid) */
#include <math.h>
#include <string.h>

#include "model/config_keys.h"
#include "model/family.h"
#include "model/llama_rows.h"

/* --- config.json ---------------------------------------------------------------------------------- */

/* null: no cap */
static ix_status read_cap(const json_t *o, const char *key, const char *where, float *cap)
{
    double x;
    const json_t *given = json_object_get(o, key);
    ix_status rc = ix_key_positive(o, key, where, false, (double)*cap, 1e6, &x);
    if (rc == IX_OK) *cap = given && json_is_null(given) ? 0 : (float)x;
    return rc;
}

static ix_status read_window(ix_model_config *c, const json_t *o, const char *where)
{
    const json_t *given = json_object_get(o, "sliding_window");
    if (given && json_is_null(given)) {
        c->window = 0;
        return IX_OK;
    }
    return ix_key_whole(o, "sliding_window", where, false, c->window, 1 << 30, &c->window);
}

static bool sliding(int l)
{
    return l % 2 == 0;
}

/* Newer files list the kind of every block. */
static ix_status check_layers(const ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    const json_t *types = json_object_get(o, "layer_types");
    if (!types || json_is_null(types)) return IX_OK;
    IX_NEED(json_is_array(types) && (int)json_array_size(types) == c->layers, IX_EINPUT,
            "%s: layer_types must be a list of %d", where, c->layers);
    for (int l = 0; l < c->layers; l++) {
        const char *kind = json_string_value(json_array_get(types, (size_t)l));
        IX_NEED(kind && !strcmp(kind, sliding(l) ? "sliding_attention" : "full_attention"), IX_EINPUT,
                "%s: layer_types: only sliding_attention and full_attention in turn are supported", where);
    }
done:
    return rc;
}

static ix_status read_config(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_key_refused(o, "attention_bias", where, "this family has no biases here"));
    IX_TRY(ix_key_refused(o, "use_bidirectional_attention", where, "tokens see what is before them only"));
    IX_TRY(ix_key_only(o, "hidden_activation", where, "gelu_pytorch_tanh"));
    IX_TRY(ix_keys_heads(c, o, where));
    IX_TRY(ix_key_eps(c, o, "rms_norm_eps", where));
    IX_TRY(ix_key_positive(o, "query_pre_attn_scalar", where, false, c->query_scale, 1e6, &c->query_scale));
    IX_TRY(read_cap(o, "attn_logit_softcapping", where, &c->score_cap));
    IX_TRY(read_cap(o, "final_logit_softcapping", where, &c->logit_cap));
    IX_TRY(read_window(c, o, where));
    IX_TRY(check_layers(c, o, where));
    IX_TRY(ix_keys_rope(c, o, "rope_theta", where));
done:
    return rc;
}

static json_t *cap_of(float cap)
{
    return cap > 0 ? json_real(ix_key_decimal(cap)) : json_null();
}

static bool write_config(json_t *o, const ix_model_config *c)
{
    return ix_keys_write(o, json_pack("{s:s, s:f, s:i, s:i, s:b}", "hidden_activation", "gelu_pytorch_tanh",
                                      "rms_norm_eps", ix_key_decimal(c->eps), "num_key_value_heads", c->G, "head_dim",
                                      c->K, "attention_bias", 0)) &&
           ix_keys_write(o, json_pack("{s:f, s:o, s:o, s:o}", "query_pre_attn_scalar", c->query_scale,
                                      "attn_logit_softcapping", cap_of(c->score_cap), "final_logit_softcapping",
                                      cap_of(c->logit_cap), "sliding_window",
                                      c->window ? json_integer(c->window) : json_null())) &&
           ix_keys_write_rope(o, "rope_theta", c);
}

/* --- the block ------------------------------------------------------------------------------------ */

/* y = x + n z, with n z in a[N,D]; y NULL: only what the norm keeps */
static void add_norm(const ix_run *r, const ix_norm *n, float *y, const float *x, const float *z, float *a)
{
    int64_t size = r->N * n->D;
    ix_norm_forward(r, n, a, z);
    if (!y) return;
    if (y != x) memcpy(y, x, (size_t)size * sizeof *y);
    ix_add(y, a, size);
}

static void forward(const ix_run *r, const ix_layer *l, float *next, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *mid = ix_kept(r, l->mid);
    float *attended = ix_kept(r, l->inner[0]), *fed = ix_kept(r, l->inner[1]);

    ix_norm_forward(r, &l->norm[0], a, x);
    ix_heads_forward(r, &l->attention, attended, false, a);
    ix_gather(r, mid, x, D);
    add_norm(&rest, &l->norm[1], mid, mid, attended, a);
    ix_norm_forward(&rest, &l->norm[2], a, mid);
    ix_mlp_forward(&rest, &l->mlp, fed, false, a);
    add_norm(&rest, &l->norm[3], next, mid, fed, a);
    ix_arena_release(scratch, mark);
}

/* dz[N,D] = the gradient by z of n z, dy being that of n z */
static void only_norm(const ix_run *r, const ix_norm *n, float *dz, const float *dy, const float *z)
{
    memset(dz, 0, (size_t)(r->N * n->D) * sizeof *dz);
    ix_norm_backward(r, n, dz, dy, z);
}

static void backward(const ix_run *r, const ix_layer *l, float *dx, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *da = ix_take_rows(r, D), *dz = ix_take_rows(r, D), *mid = ix_kept(r, l->mid);

    only_norm(&rest, &l->norm[3], dz, dx, ix_kept(r, l->inner[1]));
    ix_norm_forward(&rest, &l->norm[2], a, mid);
    ix_mlp_backward(&rest, &l->mlp, da, dz, a);
    ix_norm_backward(&rest, &l->norm[2], dx, da, mid);
    only_norm(&rest, &l->norm[1], dz, dx, ix_kept(r, l->inner[0]));
    ix_norm_forward(r, &l->norm[0], a, x);
    ix_heads_backward(r, &l->attention, da, dz, a);
    ix_spread_clear(r, dx, D);
    ix_norm_backward(r, &l->norm[0], dx, da, x);
    ix_arena_release(scratch, mark);
}

static size_t scratch_bytes(const ix_layer *l, int64_t N, bool backward_too)
{
    return (backward_too ? 3 : 1) * ix_rows_bytes(N, l->norm[0].D) + ix_block_parts_scratch(l, 4, N, backward_too);
}

static const ix_block block = {forward, backward, scratch_bytes};

/* --- the table ------------------------------------------------------------------------------------ */

static void describe_block(ix_model *m, ix_layer *b, int l)
{
    const ix_model_config *c = &m->c;
    b->block = &block;
    b->norm[0] = ix_llama_norm(m, l, "input_layernorm", 1);
    b->attention = ix_llama_heads(m, l, false);
    b->attention.shape.scale = (float)(1 / sqrt(c->query_scale));
    b->attention.shape.softcap = c->score_cap;
    b->attention.shape.window = sliding(l) ? c->window : 0;
    b->norm[1] = ix_llama_norm(m, l, "post_attention_layernorm", 1);
    b->norm[2] = ix_llama_norm(m, l, "pre_feedforward_layernorm", 1);
    b->mlp = ix_llama_mlp(m, l, &ix_activation_geglu);
    b->norm[3] = ix_llama_norm(m, l, "post_feedforward_layernorm", 1);
    b->mid = ix_keep(m, c->D);
    for (int i = 0; i < 2; i++) b->inner[i] = ix_keep(m, c->D);
}

static ix_norm describe_norm(ix_model *m)
{
    return ix_llama_final_norm(m, 1);
}

static float embedding_scale(const ix_model_config *c)
{
    return (float)sqrt((double)c->D);
}

static const char *const ignored[] = {"rotary_emb.inv_freq", NULL};

const ix_family ix_family_gemma2 = {
    .model_type = "gemma2",
    .causal = "Gemma2ForCausalLM",
    .classifier = "Gemma2ForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .head = "lm_head.weight",
    .ignored = ignored,
    .defaults = {.G = 4,
                 .K = 256,
                 .positions = 8192,
                 .eps = 1e-6f,
                 .tied = true,
                 .rope_theta = 10000,
                 .query_scale = 256,
                 .score_cap = 50,
                 .logit_cap = 30,
                 .window = 4096,
                 .pad = 0,
                 .eos = {1},
                 .eos_count = 1,
                 .bos = 2},
    .read_config = read_config,
    .write_config = write_config,
    .describe_block = describe_block,
    .describe_norm = describe_norm,
    .embedding_scale = embedding_scale,
};
