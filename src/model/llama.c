/* SPDX-License-Identifier: Apache-2.0
 *
 * llama.c - the Llama family (Touvron et al. 2023): serial blocks (block.h) of RMSNorm, rotary attention with grouped
 * queries, and Wd (silu(Wg x) * Wu x). Nothing has a bias. Wq, Wk, Wv lie one after the other in the table, so they are
 * one product; likewise Wg and Wu. */
#include "model/config_keys.h"
#include "model/family.h"

static ix_status read_config(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_key_refused(o, "attention_bias", where, "this family has no biases here"));
    IX_TRY(ix_key_refused(o, "mlp_bias", where, "this family has no biases here"));
    IX_TRY(ix_key_only(o, "hidden_act", where, "silu"));
    IX_TRY(ix_key_one(o, "partial_rotary_factor", where));
    IX_TRY(ix_keys_heads(c, o, where));
    IX_TRY(ix_key_eps(c, o, "rms_norm_eps", where));
    IX_TRY(ix_keys_rope(c, o, "rope_theta", where));
done:
    return rc;
}

static bool write_config(json_t *o, const ix_model_config *c)
{
    return ix_keys_write(o, json_pack("{s:s, s:f, s:i, s:i, s:b, s:b}", "hidden_act", "silu", "rms_norm_eps",
                                      ix_key_decimal(c->eps), "num_key_value_heads", c->G, "head_dim", c->K,
                                      "attention_bias", 0, "mlp_bias", 0)) &&
           ix_keys_write_rope(o, "rope_theta", c);
}

static void describe_block(ix_model *m, ix_layer *b, int l)
{
    ix_params *t = &m->params;
    int64_t D = m->c.D, Q = (int64_t)m->c.H * m->c.K, KV = (int64_t)m->c.G * m->c.K, F = m->c.F;

    int n1 = ix_params_vector(t, D, 1, IX_WHOLE, "model.layers.%d.input_layernorm.weight", l);
    int wq = ix_params_matrix(t, Q, D, IX_BY_ROWS, "model.layers.%d.self_attn.q_proj.weight", l);
    ix_params_matrix(t, KV, D, IX_BY_ROWS, "model.layers.%d.self_attn.k_proj.weight", l);
    ix_params_matrix(t, KV, D, IX_BY_ROWS, "model.layers.%d.self_attn.v_proj.weight", l);
    int wo = ix_params_matrix(t, D, Q, IX_BY_COLS, "model.layers.%d.self_attn.o_proj.weight", l);
    int n2 = ix_params_vector(t, D, 1, IX_WHOLE, "model.layers.%d.post_attention_layernorm.weight", l);
    int wg = ix_params_matrix(t, F, D, IX_BY_ROWS, "model.layers.%d.mlp.gate_proj.weight", l);
    ix_params_matrix(t, F, D, IX_BY_ROWS, "model.layers.%d.mlp.up_proj.weight", l);
    int wd = ix_params_matrix(t, D, F, IX_BY_COLS, "model.layers.%d.mlp.down_proj.weight", l);

    b->block = &ix_block_serial;
    b->norm[0] = ix_rmsnorm_of(m, n1);
    b->attention = ix_heads_of(m, wq, -1, wo, -1);
    b->mid = ix_keep(m, D);
    b->norm[1] = ix_rmsnorm_of(m, n2);
    b->mlp = ix_mlp_of(m, &ix_activation_swiglu, wg, -1, wd, -1);
}

static ix_norm describe_norm(ix_model *m)
{
    return ix_rmsnorm_of(m, ix_params_vector(&m->params, m->c.D, 1, IX_WHOLE, "model.norm.weight"));
}

static const char *const ignored[] = {"rotary_emb.inv_freq", NULL};

const ix_family ix_family_llama = {
    .model_type = "llama",
    .causal = "LlamaForCausalLM",
    .classifier = "LlamaForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .head = "lm_head.weight",
    .ignored = ignored,
    .defaults = {.positions = 2048, .eps = 1e-6f, .rope_theta = 10000, .bos = 1, .pad = -1, .eos = {2}, .eos_count = 1},
    .read_config = read_config,
    .write_config = write_config,
    .describe_block = describe_block,
    .describe_norm = describe_norm,
};
