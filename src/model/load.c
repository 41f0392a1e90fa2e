/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/family.h"
#include "model/safetensors.h"
#include "tensor/tensor.h"

/* The tensor that fills row p: its own name, or the alias under which a tied folder may keep it. */
static ix_status find_tensor(const ix_tensor_view **out, const ix_safetensors *file, const ix_param *p,
                             const char *folder)
{
    const ix_tensor_view *own = ix_safetensors_find(file, p->name);
    const ix_tensor_view *other = p->alias[0] ? ix_safetensors_find(file, p->alias) : NULL;
    *out = own ? own : other;
    if (!own || !other) return IX_OK;
    bool same = own->dtype == other->dtype && own->size == other->size && !memcmp(own->bytes, other->bytes, own->size);
    if (same) return IX_OK;
    return ix_fail(IX_EINPUT,
                   "%s: config.json ties %s and %s, but the file holds two different tensors; set "
                   "tie_word_embeddings to false or remove one",
                   folder, p->name, p->alias);
}

static ix_status check_shape(const ix_tensor_view *t, const ix_param *p, int64_t rows, const char *folder)
{
    bool flat = t->dims == 1 && p->dims == 1 && t->shape[0] == p->cols;
    bool full = t->dims == 2 && p->dims == 2 && t->shape[0] == rows && t->shape[1] == p->cols;
    if (flat || full) return IX_OK;
    return ix_fail(IX_EINPUT, "%s: %s has shape [%lld%s%lld], config.json wants [%lld, %lld]", folder, t->name,
                   (long long)t->shape[0], t->dims > 1 ? ", " : "] of dims ",
                   (long long)(t->dims > 1 ? t->shape[1] : t->dims), (long long)rows, (long long)p->cols);
}

/* Rows for added tokens with the file's mean and 1e-9 of its covariance (transformers' mean_resizing): with
 * independent g_i ~ N(0, 1), mean + sqrt(1e-9 / n) sum_i g_i (e_i - mean) has exactly that distribution. */
static ix_status draw_rows(float *E, int64_t n, int64_t count, int64_t D, uint64_t seed)
{
    ix_status rc = IX_OK;
    double *mean = calloc((size_t)D, sizeof *mean), *sum = calloc((size_t)D, sizeof *sum);

    IX_NEED(mean && sum, IX_ENOMEM, "new embedding rows: out of memory");
    for (int64_t i = 0; i < n; i++)
        for (int64_t d = 0; d < D; d++) mean[d] += (double)E[i * D + d];
    for (int64_t d = 0; d < D; d++) mean[d] /= (double)n;
    for (int64_t r = 0; r < count; r++) {
        memset(sum, 0, (size_t)D * sizeof *sum);
        for (int64_t i = 0; i < n; i++) {
            double g = ix_draw_normal(seed, IX_DRAW_ROWS, (uint64_t)(r * n + i));
            for (int64_t d = 0; d < D; d++) sum[d] += g * ((double)E[i * D + d] - mean[d]);
        }
        for (int64_t d = 0; d < D; d++) E[(n + r) * D + d] = (float)(mean[d] + sqrt(1e-9 / (double)n) * sum[d]);
    }
done:
    free(mean);
    free(sum);
    return rc;
}

/* Added tokens make the embedding (and an untied head) longer than the file's. */
static ix_status add_rows(const ix_param *p, const ix_new_rows *rows, float *weights)
{
    float *E = weights + p->offset;
    int64_t n = p->rows - rows->count;
    if (!rows->given) return draw_rows(E, n, rows->count, p->cols, rows->seed);
    memcpy(E + n * p->cols, rows->given, (size_t)(rows->count * p->cols) * sizeof *E);
    return IX_OK;
}

/* Added tokens belong to the embedding and to an untied head. */
static bool grows(const ix_model *m, int row)
{
    return row == m->embed || row == m->head;
}

/* The tensor of a row, of the right shape; NULL for a row of an objective that the folder does not have. */
static ix_status find_row(const ix_tensor_view **out, const ix_model *m, const ix_safetensors *file, int row,
                          const char *folder, int64_t added)
{
    ix_status rc = IX_OK;
    const ix_param *p = &m->params.param[row];
    bool extra = row >= m->own;

    IX_TRY(find_tensor(out, file, p, folder));
    if (!*out && extra) return IX_OK;
    IX_NEED(*out, IX_EINPUT, "%s: tensor %s is missing%s%s", folder, p->name, p->alias[0] ? ", and so is " : "",
            p->alias);
    IX_TRY(check_shape(*out, p, p->rows - (grows(m, row) ? added : 0), folder));
done:
    return rc;
}

static ix_status load_row(const ix_model *m, const ix_safetensors *file, int row, const char *folder,
                          const ix_new_rows *rows, float *weights)
{
    ix_status rc = IX_OK;
    const ix_param *p = &m->params.param[row];
    const ix_tensor_view *t;

    IX_TRY(find_row(&t, m, file, row, folder, rows ? rows->count : 0));
    if (!t) return IX_OK;
    IX_TRY(ix_tensor_read_f32(t, 0, t->count, weights + p->offset));
    IX_NEED(ix_all_finite(weights + p->offset, t->count), IX_EINPUT, "%s: tensor %s holds NaN or infinity", folder,
            t->name);
    if (rows && rows->count && grows(m, row)) IX_TRY(add_rows(p, rows, weights));
done:
    return rc;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);
    return n >= k && !strcmp(name + n - k, end);
}

/* A file may hold the head although nobody reads it, a score head of another objective, and old tables. */
static bool may_be_ignored(const ix_model *m, const char *name)
{
    if (!strcmp(name, m->family->head) || !strcmp(name, "score.weight")) return true;
    for (const char *const *end = m->family->ignored; *end; end++)
        if (ends_with(name, *end)) return true;
    return false;
}

static ix_status refuse_unknown(const ix_model *m, const ix_safetensors *file, const char *folder)
{
    for (int i = 0; i < ix_safetensors_count(file); i++) {
        const char *name = ix_safetensors_at(file, i)->name;
        if (ix_params_find(&m->params, name) < 0 && !may_be_ignored(m, name))
            return ix_fail(IX_EINPUT, "%s: tensor %s is not part of a %s with %d layers", folder, name,
                           m->family->model_type, m->c.layers);
    }
    return IX_OK;
}

ix_status ix_model_load(const ix_model *m, const char *folder, const ix_new_rows *rows, float *weights)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;

    IX_TRY(ix_safetensors_open(&file, folder));
    IX_TRY(refuse_unknown(m, file, folder));
    for (int row = 0; row < m->params.count; row++) IX_TRY(load_row(m, file, row, folder, rows, weights));
done:
    ix_safetensors_close(&file);
    return rc;
}

ix_status ix_model_check(const ix_model *m, const char *folder, int64_t added)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;
    const ix_tensor_view *t;

    IX_TRY(ix_safetensors_open(&file, folder));
    IX_TRY(refuse_unknown(m, file, folder));
    for (int row = 0; row < m->params.count; row++) IX_TRY(find_row(&t, m, file, row, folder, added));
done:
    ix_safetensors_close(&file);
    return rc;
}
