/* SPDX-License-Identifier: Apache-2.0
 *
 * folder.h - Hugging Face model folders: config.json as a plain struct, writing a folder, its identity.
 *
 * Weights are safetensors.h's business, tokenizers src/text's. Local. */
#ifndef IX_MODEL_FOLDER_H
#define IX_MODEL_FOLDER_H

#include <stdint.h>

#include "base/hash.h"
#include "model/safetensors.h"

typedef enum { IX_ROPE_DEFAULT, IX_ROPE_LLAMA3 } ix_rope_kind;

#define IX_EOS_IDS 16

/* Absent keys take transformers' defaults for the family; sizes must be there. Bounds keep every product below
 * within int64_t, and (H + 2 G) K and 2 F within int. */
typedef struct {
    char model_type[32];
    char architecture[96]; /* architectures[0]; "" if absent */
    int V, D, layers;      /* vocabulary, width, blocks */
    int H, G, K;           /* query heads, key/value heads (G divides H), size of a head (even) */
    int F;                 /* feed-forward width */
    int R;                 /* numbers of a head that are rotated; 0: all */
    float eps;             /* of the norms */
    int positions;         /* max_position_embeddings */
    bool tied;             /* tie_word_embeddings */
    double rope_theta;
    ix_rope_kind rope;
    double rope_factor, rope_low, rope_high; /* llama3: factor, low_freq_factor, high_freq_factor */
    int rope_positions;                      /* llama3: original_max_position_embeddings */
    bool parallel;                           /* gpt_neox: use_parallel_residual */
    float score_cap, logit_cap;              /* gemma2: attn_ and final_logit_softcapping; 0: none */
    double query_scale;                      /* gemma2: query_pre_attn_scalar; 0: the size of a head */
    int window;                              /* gemma2: sliding_window; 0: none */
    double initializer_range;
    int32_t bos, pad; /* token ids, -1: none */
    int32_t eos[IX_EOS_IDS];
    int eos_count;
    char dtype[16]; /* torch_dtype: what the weights were saved as; "" if absent */
} ix_model_config;

/* Reads FOLDER/config.json. IX_EINPUT, naming file and key, for what is missing, out of bounds, contradictory or not
 * supported: an unknown model_type, biases or an activation that the family does not have, another kind of rope,
 * quantised weights. */
ix_status ix_model_config_read(ix_model_config *out, const char *folder);

/* Numbers of a head that turn: R or K, and one more if that is odd, as transformers' tables have it. */
int ix_rotated(const ix_model_config *c);

/* The name of the family's class, as in config.json's architectures: "LlamaForCausalLM", or the one that has
 * score.weight. */
const char *ix_architecture(const char *model_type, bool classifier);

/* inv_freq[ix_rotated / 2]: angle of a position = position * inv_freq[i]. Single precision and in the order of
 * transformers 4.51's modeling_rope_utils (_compute_default_rope_parameters, _compute_llama3_parameters). */
void ix_rope_inv_freq(float *inv_freq, const ix_model_config *c);

/* The tokenizer's files of a folder that is written: those of `from` as they lie there, but for what a chat format
 * added to them. Everything is borrowed. */
typedef struct {
    const char *content;
    int32_t id;
    bool ordinary; /* no special token: its text is kept when special ones are left out */
} ix_folder_token;
typedef struct {
    const char *from;             /* NULL: none */
    const ix_folder_token *token; /* [tokens], for tokenizer.json where it does not have them */
    int tokens;
    const char *pad, *chat_template; /* for tokenizer_config.json; NULL: as they are */
} ix_folder_tokenizer;

/* Writes a folder that transformers loads: model.safetensors, the tokenizer's files (NULL: none) and, last,
 * config.json. `architecture` is one of ix_architecture (a classifier has one label: score.weight [1,D]). The folder is
 * made; IX_EINPUT if it already holds a model; half a model that could not be written is removed. */
ix_status ix_folder_write(const char *folder, const ix_model_config *config, const char *architecture,
                          const ix_tensor_out *tensors, int count, const ix_folder_tokenizer *tokenizer);

/* Removes the model that ix_folder_write left in a folder, first what makes it one, so that it can be written again. */
void ix_folder_forget(const char *folder);

/* The identity of a model: SHA-256 of what `sha256sum config.json WEIGHTS` prints in that folder, WEIGHTS being
 * model.safetensors, or else model.safetensors.index.json and then the shards it names, sorted. Files are hashed side
 * by side, as far as there are threads of OpenMP. */
ix_status ix_folder_hash(const char *folder, char hex[IX_HASH_HEX]);

/* IX_EINPUT, naming tensor and place, if a number of the folder's weights is NaN or infinite. Reads all of them. */
ix_status ix_folder_check_numbers(const char *folder);

/* Both at once: one thread hashes a file, others look through its tensors. */
ix_status ix_folder_hash_numbers(const char *folder, char hex[IX_HASH_HEX]);

#endif
