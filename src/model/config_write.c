/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "model/config_keys.h"
#include "model/family.h"

double ix_key_decimal(float x)
{
    char text[32];
    for (int digits = 1; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)x);
        if (strtof(text, NULL) == x) return strtod(text, NULL);
    }
    return (double)x;
}

bool ix_keys_write(json_t *o, json_t *more)
{
    bool good = more && json_object_update(o, more) == 0;
    json_decref(more);
    return good;
}

bool ix_keys_write_rope(json_t *o, const char *theta, const ix_model_config *c)
{
    json_t *scaling = json_null();
    if (c->rope == IX_ROPE_LLAMA3)
        scaling = json_pack("{s:s, s:f, s:f, s:f, s:i}", "rope_type", "llama3", "factor", c->rope_factor,
                            "low_freq_factor", c->rope_low, "high_freq_factor", c->rope_high,
                            "original_max_position_embeddings", c->rope_positions);
    return ix_keys_write(o, json_pack("{s:f, s:o}", theta, c->rope_theta, "rope_scaling", scaling));
}

static json_t *id_of(int32_t id)
{
    return id < 0 ? json_null() : json_integer(id);
}

static json_t *eos_of(const ix_model_config *c)
{
    if (c->eos_count < 2) return id_of(c->eos_count ? c->eos[0] : -1);
    json_t *list = json_array();
    for (int i = 0; list && i < c->eos_count; i++) json_array_append_new(list, json_integer(c->eos[i]));
    return list;
}

json_t *ix_config_json(const ix_model_config *c, const char *architecture)
{
    const ix_family *family = ix_family_find(c->model_type);
    json_t *o =
        json_pack("{s:s, s:[s], s:i, s:i, s:i, s:i, s:i, s:i}", "model_type", c->model_type, "architectures",
                  architecture, "vocab_size", c->V, "hidden_size", c->D, "num_hidden_layers", c->layers,
                  "num_attention_heads", c->H, "intermediate_size", c->F, "max_position_embeddings", c->positions);
    json_t *more = json_pack("{s:b, s:f, s:s, s:o, s:o, s:o}", "tie_word_embeddings", c->tied, "initializer_range",
                             c->initializer_range, "torch_dtype", "float32", "bos_token_id", id_of(c->bos),
                             "pad_token_id", id_of(c->pad), "eos_token_id", eos_of(c));
    if (ix_keys_write(o, more) && family->write_config(o, c)) return o;
    json_decref(o);
    return NULL;
}
