/* SPDX-License-Identifier: Apache-2.0 */
#include "model/llama_rows.h"

#include "model/family.h"

ix_norm ix_llama_norm(ix_model *m, int l, const char *name, float offset)
{
    int row = ix_params_vector(&m->params, m->c.D, 1 - offset, ix_uncut(), "model.layers.%d.%s.weight", l, name);
    return ix_rmsnorm_of(m, row, offset);
}

ix_norm ix_llama_final_norm(ix_model *m, float offset)
{
    int row = ix_params_vector(&m->params, m->c.D, 1 - offset, ix_uncut(), "model.norm.weight");
    return ix_rmsnorm_of(m, row, offset);
}

/* q, k and v lie one after the other, so that they are one product. */
ix_heads ix_llama_heads(ix_model *m, int l, bool biases)
{
    static const char name[3] = {'q', 'k', 'v'};
    ix_params *t = &m->params;
    const ix_model_split *s = &m->split;
    int64_t K = m->c.K;
    int64_t D = m->c.D, Q = m->c.H * K, KV = m->c.G * K, rows[3] = {Q, KV, KV};
    ix_cut weights[3] = {ix_cut_heads(s, IX_BY_ROWS, K), ix_cut_keys(s, IX_BY_ROWS, K), ix_cut_keys(s, IX_BY_ROWS, K)};
    ix_cut vectors[3] = {ix_cut_heads(s, IX_BY_COLS, K), ix_cut_keys(s, IX_BY_COLS, K), ix_cut_keys(s, IX_BY_COLS, K)};
    int in[3], bias[3] = {-1};

    for (int i = 0; i < 3; i++)
        in[i] = ix_params_matrix(t, rows[i], D, weights[i], "model.layers.%d.self_attn.%c_proj.weight", l, name[i]);
    for (int i = 0; i < 3 && biases; i++)
        bias[i] = ix_params_vector(t, rows[i], 0, vectors[i], "model.layers.%d.self_attn.%c_proj.bias", l, name[i]);
    int out = ix_params_matrix(t, D, Q, vectors[0], "model.layers.%d.self_attn.o_proj.weight", l);
    return ix_heads_of(m, in[0], bias[0], out, -1);
}

/* So do gate and up. */
ix_mlp ix_llama_mlp(ix_model *m, int l, const ix_activation *activation)
{
    ix_params *t = &m->params;
    int64_t D = m->c.D, F = m->c.F;
    ix_cut rows = ix_cut_columns(&m->split, IX_BY_ROWS), cols = ix_cut_columns(&m->split, IX_BY_COLS);
    int gate = ix_params_matrix(t, F, D, rows, "model.layers.%d.mlp.gate_proj.weight", l);
    ix_params_matrix(t, F, D, rows, "model.layers.%d.mlp.up_proj.weight", l);
    int down = ix_params_matrix(t, D, F, cols, "model.layers.%d.mlp.down_proj.weight", l);
    return ix_mlp_of(m, activation, gate, -1, down, -1);
}

void ix_llama_block(ix_model *m, ix_layer *b, int l, bool biases)
{
    b->block = &ix_block_serial;
    b->norm[0] = ix_llama_norm(m, l, "input_layernorm", 0);
    b->attention = ix_llama_heads(m, l, biases);
    b->mid = ix_keep(m, m->c.D);
    b->norm[1] = ix_llama_norm(m, l, "post_attention_layernorm", 0);
    b->mlp = ix_llama_mlp(m, l, &ix_activation_swiglu);
}
