/* SPDX-License-Identifier: Apache-2.0
 *
 * weights.h - a run's final weights in its folder, and from there into a Hugging Face folder. Local. */
#ifndef IX_TASK_WEIGHTS_H
#define IX_TASK_WEIGHTS_H

#include "model/model.h"

/* Collective over the tensor axis. *out: the whole model on its first rank, in the order of the table; free with
 * free(). NULL where the model is not split, for then `weights` is it, and on the other ranks. */
ix_status ix_weights_whole(float **out, const ix_grid *grid, const ix_model *model, const float *weights);

/* FOLDER/RUN_ID/final.safetensors: every row of the table under its own name. Of the whole model, which is `whole` if
 * it was gathered; else (NULL) `weights` and, written as BF16, what the model itself holds. */
ix_status ix_weights_write(const char *folder, const char *run_id, const ix_model *model, const float *weights,
                           const float *whole);

/* Removes what writers of that file left half-written; when nobody writes it any more. Local. */
void ix_weights_sweep(const char *folder, const char *run_id);

/* The same back, each row in its shape and nothing else in the file. IX_EINPUT names file and tensor. */
ix_status ix_weights_read(const char *path, const ix_model *model, float *weights);

/* A Hugging Face folder of a whole model: a causal language model, or with score.weight one for sequence
 * classification. `tokenizer` NULL: none is written. `pad`: id of the padding token for config.json; -1: as the
 * model's. */
ix_status ix_weights_export(const char *out, const ix_model *model, const float *weights,
                            const ix_folder_tokenizer *tokenizer, int32_t pad);

#endif
