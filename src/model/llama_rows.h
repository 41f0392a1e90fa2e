/* SPDX-License-Identifier: Apache-2.0
 *
 * llama_rows.h - rows of the table, and the part that they make, under the names that Llama's tensors have
 * ("model.layers.3.self_attn.q_proj.weight"). Families that came after it kept them. Not for use outside src/model. */
#ifndef IX_MODEL_LLAMA_ROWS_H
#define IX_MODEL_LLAMA_ROWS_H

#include "model/block.h"

/* model.layers.l.NAME.weight; `offset` as in ix_norm */
ix_norm ix_llama_norm(ix_model *m, int l, const char *name, float offset);
ix_norm ix_llama_final_norm(ix_model *m, float offset);
/* self_attn.{q,k,v,o}_proj; `biases`: q, k and v have one */
ix_heads ix_llama_heads(ix_model *m, int l, bool biases);
/* mlp.{gate,up,down}_proj */
ix_mlp ix_llama_mlp(ix_model *m, int l, const ix_activation *activation);
/* The whole of Llama's own block. */
void ix_llama_block(ix_model *m, ix_layer *b, int l, bool biases);

#endif
