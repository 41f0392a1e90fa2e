/* SPDX-License-Identifier: Apache-2.0
 *
 * gpt_neox.c - GPT-NeoX and Pythia (Black et al. 2022, Biderman et al. 2023): LayerNorm, biases everywhere, exact GELU,
 * queries, keys and values of a head side by side in one matrix, rotary positions on the first part of a head. With
 * n1, n2 = norm[0], norm[1] the blocks are serial (block.h), or parallel:
 *
 *     next = x + attention(n1 x) + mlp(n2 x) */
#include <math.h>
#include <string.h>

#include "model/config_keys.h"
#include "model/family.h"

/* --- config.json ---------------------------------------------------------------------------------- */

/* transformers 4 has rotary_pct, transformers 5 rope_parameters.partial_rotary_factor. */
static ix_status read_rotary(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    double share;
    const json_t *rope = json_object_get(o, "rope_parameters");
    bool five = json_is_object(rope) && !json_object_get(o, "rotary_pct");

    IX_TRY(
        ix_key_positive(five ? rope : o, five ? "partial_rotary_factor" : "rotary_pct", where, false, 0.25, 1, &share));
    c->R = (int)((double)c->K * share);
    IX_NEED(c->R > 0 && ix_rotated(c) <= c->K, IX_EINPUT,
            "%s: rotary_pct: %g of a head of %d is %d; rotary positions turn pairs of numbers", where, share, c->K,
            c->R);
done:
    return rc;
}

static ix_status read_config(ix_model_config *c, const json_t *o, const char *where)
{
    ix_status rc = IX_OK;
    bool biases;
    IX_TRY(ix_json_bool(o, "attention_bias", where, false, true, &biases));
    IX_NEED(biases, IX_EINPUT, "%s: attention_bias: false is not supported: this family has biases here", where);
    IX_TRY(ix_key_only(o, "hidden_act", where, "gelu"));
    IX_NEED(c->D % c->H == 0, IX_EINPUT, "%s: num_attention_heads: %d does not divide hidden_size %d", where, c->H,
            c->D);
    c->G = c->H;
    c->K = c->D / c->H;
    IX_TRY(read_rotary(c, o, where));
    IX_TRY(ix_json_bool(o, "use_parallel_residual", where, false, true, &c->parallel));
    IX_TRY(ix_key_eps(c, o, "layer_norm_eps", where));
    IX_TRY(ix_keys_rope(c, o, "rotary_emb_base", where));
done:
    return rc;
}

/* A share that gives R again when it is read. */
static double rotary_share(const ix_model_config *c)
{
    int R = c->R ? c->R : c->K;
    double share = (double)R / (double)c->K;
    return (int)((double)c->K * share) < R ? nextafter(share, 1) : share;
}

static bool write_config(json_t *o, const ix_model_config *c)
{
    return ix_keys_write(o, json_pack("{s:s, s:f, s:f, s:b, s:b}", "hidden_act", "gelu", "layer_norm_eps",
                                      ix_key_decimal(c->eps), "rotary_pct", rotary_share(c), "use_parallel_residual",
                                      c->parallel, "attention_bias", 1)) &&
           ix_keys_write_rope(o, "rotary_emb_base", c);
}

/* --- the parallel block --------------------------------------------------------------------------- */

static void parallel_forward(const ix_run *r, const ix_layer *l, float *next, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *b = ix_take_rows(r, D);

    ix_norm_forward(r, &l->norm[0], a, x);
    if (next) ix_gather(r, next, x, D);
    ix_norm_forward(&rest, &l->norm[1], b, next ? next : x);
    ix_heads_forward(r, &l->attention, next, true, a);
    ix_mlp_forward(&rest, &l->mlp, next, true, b);
    ix_arena_release(scratch, mark);
}

static void parallel_backward(const ix_run *r, const ix_layer *l, float *dx, const float *x)
{
    ix_arena *scratch = r->m->scratch;
    size_t mark = ix_arena_mark(scratch);
    int64_t D = r->m->c.D;
    ix_run rest = ix_rest(r);
    float *a = ix_take_rows(r, D), *da = ix_take_rows(r, D), *db = ix_take_rows(r, D);
    const float *read = ix_rows_of(r, x, D);

    ix_norm_forward(&rest, &l->norm[1], a, read);
    ix_mlp_backward(&rest, &l->mlp, db, dx, a);
    ix_norm_forward(r, &l->norm[0], a, x);
    ix_heads_backward(r, &l->attention, da, dx, a);
    ix_norm_backward(&rest, &l->norm[1], dx, db, read);
    ix_spread_clear(r, dx, D);
    ix_norm_backward(r, &l->norm[0], dx, da, x);
    ix_arena_release(scratch, mark);
}

static size_t parallel_scratch(const ix_layer *l, int64_t N, bool backward)
{
    return (backward ? 4 : 2) * ix_rows_bytes(N, l->norm[0].D) + ix_block_parts_scratch(l, 2, N, backward);
}

static const ix_block parallel = {parallel_forward, parallel_backward, parallel_scratch};

/* --- the table ------------------------------------------------------------------------------------ */

static ix_norm norm(ix_model *m, const char *name)
{
    int weight = ix_params_vector(&m->params, m->c.D, 1, ix_uncut(), "gpt_neox.%s.weight", name);
    int bias = ix_params_vector(&m->params, m->c.D, 0, ix_uncut(), "gpt_neox.%s.bias", name);
    return ix_layernorm_of(m, weight, bias);
}

static ix_norm block_norm(ix_model *m, int l, const char *which)
{
    char name[64];
    snprintf(name, sizeof name, "layers.%d.%s", l, which);
    return norm(m, name);
}

static ix_heads heads(ix_model *m, int l)
{
    ix_params *t = &m->params;
    const ix_model_split *s = &m->split;
    int64_t D = m->c.D, K = m->c.K;
    ix_cut rows = ix_cut_heads(s, IX_BY_ROWS, 3 * K), biases = ix_cut_heads(s, IX_BY_COLS, 3 * K);
    int in = ix_params_matrix(t, 3 * D, D, rows, "gpt_neox.layers.%d.attention.query_key_value.weight", l);
    int in_bias = ix_params_vector(t, 3 * D, 0, biases, "gpt_neox.layers.%d.attention.query_key_value.bias", l);
    int out = ix_params_matrix(t, D, D, ix_cut_heads(s, IX_BY_COLS, K), "gpt_neox.layers.%d.attention.dense.weight", l);
    int out_bias = ix_params_vector(t, D, 0, ix_uncut(), "gpt_neox.layers.%d.attention.dense.bias", l);
    return ix_heads_in_turn(m, in, in_bias, out, out_bias);
}

static ix_mlp mlp(ix_model *m, int l)
{
    ix_params *t = &m->params;
    int64_t D = m->c.D, F = m->c.F;
    ix_cut rows = ix_cut_columns(&m->split, IX_BY_ROWS), cols = ix_cut_columns(&m->split, IX_BY_COLS);
    int in = ix_params_matrix(t, F, D, rows, "gpt_neox.layers.%d.mlp.dense_h_to_4h.weight", l);
    int in_bias = ix_params_vector(t, F, 0, cols, "gpt_neox.layers.%d.mlp.dense_h_to_4h.bias", l);
    int out = ix_params_matrix(t, D, F, cols, "gpt_neox.layers.%d.mlp.dense_4h_to_h.weight", l);
    int out_bias = ix_params_vector(t, D, 0, ix_uncut(), "gpt_neox.layers.%d.mlp.dense_4h_to_h.bias", l);
    return ix_mlp_of(m, &ix_activation_gelu, in, in_bias, out, out_bias);
}

static void describe_block(ix_model *m, ix_layer *b, int l)
{
    b->block = m->c.parallel ? &parallel : &ix_block_serial;
    b->norm[0] = block_norm(m, l, "input_layernorm");
    b->norm[1] = block_norm(m, l, "post_attention_layernorm");
    b->attention = heads(m, l);
    b->mlp = mlp(m, l);
    if (!m->c.parallel) b->mid = ix_keep(m, m->c.D);
}

static ix_norm describe_norm(ix_model *m)
{
    return norm(m, "final_layer_norm");
}

/* Masks and tables that old files hold. */
static const char *const ignored[] = {".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq", NULL};

const ix_family ix_family_gpt_neox = {
    .model_type = "gpt_neox",
    .causal = "GPTNeoXForCausalLM",
    .classifier = "GPTNeoXForSequenceClassification",
    .embedding = "gpt_neox.embed_in.weight",
    .head = "embed_out.weight",
    .ignored = ignored,
    .defaults = {.positions = 2048, .eps = 1e-5f, .rope_theta = 10000, .bos = 0, .pad = -1, .eos = {2}, .eos_count = 1},
    .read_config = read_config,
    .write_config = write_config,
    .describe_block = describe_block,
    .describe_norm = describe_norm,
};
