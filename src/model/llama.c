/* SPDX-License-Identifier: Apache-2.0
 *
 * llama.c - the Llama family (Touvron et al. 2023): serial blocks (block.h) of RMSNorm, rotary attention with grouped
 * queries, and Wd (silu(Wg x) * Wu x). Nothing has a bias. */
#include "model/config_keys.h"
#include "model/family.h"
#include "model/llama_rows.h"

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
    ix_llama_block(m, b, l, false);
}

static ix_norm describe_norm(ix_model *m)
{
    return ix_llama_final_norm(m, 0);
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
