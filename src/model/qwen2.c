/* SPDX-License-Identifier: Apache-2.0
 *
 * qwen2.c - Qwen2 and Qwen2.5 (Yang et al. 2024): Llama's blocks, but queries, keys and values have biases. */
#include "model/config_keys.h"
#include "model/family.h"
#include "model/llama_rows.h"

static ix_status read_config(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_key_refused(o, "use_sliding_window", where, "attention over a window is not computed for this family"));
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
    return ix_keys_write(o, json_pack("{s:s, s:f, s:i, s:i, s:b}", "hidden_act", "silu", "rms_norm_eps",
                                      ix_key_decimal(c->eps), "num_key_value_heads", c->G, "head_dim", c->K,
                                      "use_sliding_window", 0)) &&
           ix_keys_write_rope(o, "rope_theta", c);
}

static void describe_block(ix_model *m, ix_layer *b, int l)
{
    ix_llama_block(m, b, l, true);
}

static ix_norm describe_norm(ix_model *m)
{
    return ix_llama_final_norm(m, 0);
}

static const char *const ignored[] = {"rotary_emb.inv_freq", NULL};

const ix_family ix_family_qwen2 = {
    .model_type = "qwen2",
    .causal = "Qwen2ForCausalLM",
    .classifier = "Qwen2ForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .head = "lm_head.weight",
    .ignored = ignored,
    .defaults = {.G = 32, .positions = 32768, .eps = 1e-6f, .rope_theta = 10000, .bos = -1, .pad = -1},
    .read_config = read_config,
    .write_config = write_config,
    .describe_block = describe_block,
    .describe_norm = describe_norm,
};
