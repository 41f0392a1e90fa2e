/* SPDX-License-Identifier: Apache-2.0 */
#include "task/weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"

/* Of the whole model's numbers, in the order of the table; `whole` NULL: of those that the model itself holds. */
static ix_status list_tensors(ix_tensor_out **out, const ix_model *model, const float *weights, const float *whole)
{
    const ix_params *t = ix_model_params(model);
    const uint16_t *held = ix_model_held(model);
    ix_tensor_out *list = calloc((size_t)t->count + 1, sizeof *list);
    *out = list;
    if (!list) return ix_fail(IX_ENOMEM, "weights: out of memory");
    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        list[i] = (ix_tensor_out){.name = p->name, .dims = p->dims, .data = whole ? whole + p->place : NULL};
        if (!whole && p->bf16 >= 0) list[i].bf16 = held + p->bf16;
        else if (!whole) list[i].data = weights + p->offset;
        list[i].shape[0] = p->dims == 1 ? p->full_cols : p->full_rows;
        list[i].shape[1] = p->dims == 1 ? 0 : p->full_cols;
    }
    return IX_OK;
}

ix_status ix_weights_whole(float **out, const ix_grid *grid, const ix_model *model, const float *weights)
{
    ix_status rc = IX_OK;
    bool first = ix_grid_rank(grid, IX_TENSOR) == 0;

    *out = NULL;
    if (ix_grid_size(grid, IX_TENSOR) == 1) return IX_OK;
    if (first) *out = ix_alloc_block((size_t)ix_model_params(model)->full_floats * sizeof **out);
    IX_TRY(ix_grid_agree(grid, IX_TENSOR, *out || !first ? IX_OK : ix_fail(IX_ENOMEM, "weights: out of memory")));
    IX_TRY(ix_model_gather(model, weights, *out));
done:
    if (rc != IX_OK) {
        free(*out);
        *out = NULL;
    }
    return rc;
}

ix_status ix_weights_write(const char *folder, const char *run_id, const ix_model *model, const float *weights,
                           const float *whole)
{
    ix_status rc = IX_OK;
    ix_tensor_out *list = NULL;
    char *path = ix_format("%s/%s", folder, run_id), *file = ix_format("%s/final.safetensors", path);

    IX_TRY(ix_make_folders(path));
    IX_TRY(list_tensors(&list, model, weights, whole));
    IX_TRY(ix_safetensors_write(file, list, ix_model_params(model)->count));
done:
    free(list);
    free(path);
    free(file);
    return rc;
}

void ix_weights_sweep(const char *folder, const char *run_id)
{
    char *file = ix_format("%s/%s/final.safetensors", folder, run_id);
    ix_file_sweep(file);
    free(file);
}

static ix_status read_row(const ix_safetensors *file, const ix_param *p, const char *path, float *row)
{
    const ix_tensor_view *t = ix_safetensors_find(file, p->name);
    if (!t) return ix_fail(IX_EINPUT, "%s: tensor %s is missing", path, p->name);
    bool flat = t->dims == 1 && p->dims == 1 && t->shape[0] == p->cols;
    bool full = t->dims == 2 && p->dims == 2 && t->shape[0] == p->rows && t->shape[1] == p->cols;
    if (flat || full) return ix_tensor_read_f32(t, 0, t->count, row);
    return ix_fail(IX_EINPUT, "%s: tensor %s should have %lld x %lld numbers", path, p->name, (long long)p->rows,
                   (long long)p->cols);
}

ix_status ix_weights_read(const char *path, const ix_model *model, float *weights)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;
    const ix_params *t = ix_model_params(model);

    IX_TRY(ix_safetensors_open_file(&file, path));
    for (int i = 0; i < t->count; i++) IX_TRY(read_row(file, &t->param[i], path, weights + t->param[i].offset));
    IX_NEED(ix_safetensors_count(file) == t->count, IX_EINPUT, "%s: %d tensors, but the run has %d", path,
            ix_safetensors_count(file), t->count);
done:
    ix_safetensors_close(&file);
    return rc;
}

ix_status ix_weights_export(const char *out, const ix_model *model, const float *weights,
                            const ix_folder_tokenizer *tokenizer, int32_t pad)
{
    ix_status rc = IX_OK;
    ix_tensor_out *list = NULL;
    ix_model_config config = *ix_model_config_of(model);
    bool score = ix_params_find(ix_model_params(model), "score.weight") >= 0;
    const char *architecture = ix_architecture(config.model_type, score);

    if (pad >= 0) config.pad = pad;
    IX_TRY(list_tensors(&list, model, NULL, weights));
    IX_TRY(ix_folder_write(out, &config, architecture, list, ix_model_params(model)->count, tokenizer));
done:
    free(list);
    return rc;
}
