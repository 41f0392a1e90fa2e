/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "base/file.h"
#include "base/random.h"
#include "model/config_keys.h"
#include "model/family.h"
#include "model/safetensors.h"
#include "tensor/tensor.h"

/* A folder that is read into the table of a model. */
typedef struct {
    const ix_model *m;
    const char *folder;
    ix_safetensors *file;
    int64_t vocabulary; /* rows of its embedding, by its config.json */
} source;

/* --- what a folder computes ----------------------------------------------------------------------- */

/* Keys of config.json that do not change what is computed from the same weights. */
static bool is_apart(const char *key)
{
    static const char *const apart[] = {"architectures",     "vocab_size",   "max_position_embeddings",
                                        "initializer_range", "bos_token_id", "eos_token_id",
                                        "pad_token_id",      "torch_dtype"};
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (!strcmp(apart[i], key)) return true;
    return false;
}

/* A reference of another shape would be silently wrong. */
static ix_status check_alike(const ix_model_config *own, const ix_model_config *model, bool untied, const char *folder)
{
    ix_status rc = IX_OK;
    json_t *one = ix_config_json(own, ""), *two = ix_config_json(model, ""), *value;
    const char *key;

    IX_NEED(one && two, IX_ENOMEM, "%s/config.json: out of memory", folder);
    json_object_foreach(one, key, value)
    {
        if (untied && !strcmp(key, "tie_word_embeddings")) continue;
        IX_NEED(is_apart(key) || json_equal(value, json_object_get(two, key)), IX_EINPUT,
                "%s/config.json: %s is not that of the model beside it, so they do not compute the same", folder, key);
    }
done:
    json_decref(one);
    json_decref(two);
    return rc;
}

/* --- the tensor of a row -------------------------------------------------------------------------- */

/* The tensor that fills row p: its own name, or the alias under which a tied folder may keep it. */
static ix_status find_tensor(const ix_tensor_view **out, const source *s, const ix_param *p)
{
    const ix_tensor_view *own = ix_safetensors_find(s->file, p->name);
    const ix_tensor_view *other = p->alias[0] ? ix_safetensors_find(s->file, p->alias) : NULL;
    *out = own ? own : other;
    if (!own || !other || ix_tensor_equal(own, other)) return IX_OK;
    return ix_fail(IX_EINPUT,
                   "%s: config.json ties %s and %s, but the file holds two different tensors; set "
                   "tie_word_embeddings to false or remove one",
                   s->folder, p->name, p->alias);
}

static ix_status check_shape(const source *s, const ix_tensor_view *t, const ix_param *p, int64_t rows)
{
    bool flat = t->dims == 1 && p->dims == 1 && t->shape[0] == p->full_cols;
    bool full = t->dims == 2 && p->dims == 2 && t->shape[0] == rows && t->shape[1] == p->full_cols;
    if (flat || full) return IX_OK;
    char *has = t->dims == 2   ? ix_format("[%lld, %lld]", (long long)t->shape[0], (long long)t->shape[1])
                : t->dims == 1 ? ix_format("[%lld]", (long long)t->shape[0])
                               : ix_format("of %d dimensions", t->dims);
    char *wants = p->dims == 2 ? ix_format("[%lld, %lld]", (long long)rows, (long long)p->full_cols)
                               : ix_format("[%lld]", (long long)p->full_cols);
    ix_status rc = ix_fail(IX_EINPUT, "%s: %s has shape %s, config.json wants %s", s->folder, t->name, has, wants);
    free(has);
    free(wants);
    return rc;
}

/* Tokens that are added or dropped change the rows of the embedding and of an untied head. */
static bool resizes(const ix_model *m, int row)
{
    return row == m->embed || row == m->head;
}

/* The tensor of a row, of the right shape; NULL for a row of an objective that the folder does not have. */
static ix_status find_row(const ix_tensor_view **out, const source *s, int row)
{
    ix_status rc = IX_OK;
    const ix_param *p = &s->m->params.param[row];
    bool extra = row >= s->m->own;

    IX_TRY(find_tensor(out, s, p));
    if (!*out && extra) return IX_OK;
    IX_NEED(*out, IX_EINPUT, "%s: tensor %s is missing%s%s", s->folder, p->name, p->alias[0] ? ", and so is " : "",
            p->alias);
    IX_TRY(check_shape(s, *out, p, resizes(s->m, row) ? s->vocabulary : p->full_rows));
    IX_TRY(ix_tensor_check_f32(*out));
done:
    return rc;
}

/* --- rows of added tokens ------------------------------------------------------------------------- */

/* A tensor of the file, some rows at a time. */
typedef struct {
    const ix_tensor_view *t;
    int64_t rows, cols, many, at, size; /* rows [at, at + size) are in memory */
    float *x;
} window;

static ix_status open_window(window *v, const ix_tensor_view *t)
{
    *v = (window){.t = t, .rows = t->shape[0], .cols = t->shape[1]};
    v->many = ((int64_t)1 << 20) / v->cols + 1;
    v->x = calloc((size_t)(v->many * v->cols), sizeof *v->x);
    return v->x ? IX_OK : ix_fail(IX_ENOMEM, "new embedding rows: out of memory");
}

/* Rows are asked for in order, as often as one likes. */
static ix_status row_of(window *v, int64_t row, const float **out)
{
    ix_status rc = IX_OK;
    if (row < v->at || row >= v->at + v->size) {
        v->at = row;
        v->size = v->rows - row < v->many ? v->rows - row : v->many;
        IX_TRY(ix_tensor_read_f32(v->t, row * v->cols, v->size * v->cols, v->x));
    }
    *out = v->x + (row - v->at) * v->cols;
done:
    return rc;
}

static ix_status mean_of(window *v, double *mean)
{
    ix_status rc = IX_OK;
    const float *e;
    for (int64_t i = 0; i < v->rows; i++) {
        IX_TRY(row_of(v, i, &e));
        for (int64_t d = 0; d < v->cols; d++) mean[d] += (double)e[d];
    }
    for (int64_t d = 0; d < v->cols; d++) mean[d] /= (double)v->rows;
done:
    return rc;
}

/* Rows for added tokens with the file's mean and 1e-9 of its covariance (transformers' mean_resizing): with
 * independent g_i ~ N(0, 1), mean + sqrt(1e-9 / n) sum_i g_i (e_i - mean) has exactly that distribution. Row r of the
 * new ones, whoever holds it, is drawn from (seed, r n + i). */
static ix_status draw_rows(float *out, const ix_tensor_view *t, ix_span new_rows, uint64_t seed)
{
    ix_status rc = IX_OK;
    int64_t n = t->shape[0], D = t->shape[1], count = ix_span_size(new_rows);
    double *mean = calloc((size_t)D, sizeof *mean), *sum = calloc((size_t)(count * D), sizeof *sum);
    window v = {0};
    const float *e;

    IX_NEED(mean && sum, IX_ENOMEM, "new embedding rows: out of memory");
    IX_TRY(open_window(&v, t));
    IX_TRY(mean_of(&v, mean));
    for (int64_t i = 0; i < n; i++) {
        IX_TRY(row_of(&v, i, &e));
        for (int64_t r = 0; r < count; r++) {
            double g = ix_draw_normal(seed, IX_DRAW_ROWS, (uint64_t)((new_rows.lo + r) * n + i));
            for (int64_t d = 0; d < D; d++) sum[r * D + d] += g * ((double)e[d] - mean[d]);
        }
    }
    for (int64_t at = 0; at < count * D; at++) out[at] = (float)(mean[at % D] + sqrt(1e-9 / (double)n) * sum[at]);
done:
    free(v.x);
    free(mean);
    free(sum);
    return rc;
}

/* n numbers as bf16; whatever is beyond its range is said. */
static ix_status hold(uint16_t *out, const float *x, int64_t n, const ix_tensor_view *t)
{
    ix_bf16_round(out, x, n);
    for (int64_t i = 0; i < n; i++)
        if ((out[i] & 0x7f80) == 0x7f80)
            return ix_fail(IX_EINPUT, "%s: tensor %s holds %g, which bf16 cannot hold (model.storage)", t->path,
                           t->name, (double)x[i]);
    return IX_OK;
}

static ix_status make_rows(float *out, const ix_param *p, const ix_tensor_view *t, ix_span mine,
                           const ix_new_rows *rows)
{
    if (!rows || !rows->given) return draw_rows(out, t, mine, rows ? rows->seed : 0);
    memcpy(out, rows->given + mine.lo * p->cols, (size_t)(ix_span_size(mine) * p->cols) * sizeof *out);
    return IX_OK;
}

/* What I hold of the rows behind the folder's vocabulary. */
static ix_status add_rows(const source *s, const ix_param *p, const ix_tensor_view *t, const ix_new_rows *rows,
                          float *weights)
{
    ix_status rc = IX_OK;
    ix_span held = p->cut.share == IX_BY_ROWS ? p->cut.held : (ix_span){0, p->rows};
    int64_t n = s->vocabulary, lacks = p->full_rows - n, from = held.lo > n ? held.lo : n;
    ix_span mine = {from - n, held.hi - n};
    int64_t at = (from - held.lo) * p->cols, numbers = ix_span_size(mine) * p->cols;
    float *made = NULL;

    if (rows && rows->given && rows->count != lacks)
        return ix_fail(IX_EINPUT, "%s: %lld rows are given for new tokens, but it lacks %lld", s->folder,
                       (long long)rows->count, (long long)lacks);
    if (mine.lo >= mine.hi) return IX_OK;
    if (p->bf16 < 0) return make_rows(weights + p->offset + at, p, t, mine, rows);
    IX_NEED(made = malloc((size_t)numbers * sizeof *made), IX_ENOMEM, "new embedding rows: out of memory");
    IX_TRY(make_rows(made, p, t, mine, rows));
    IX_TRY(hold(s->m->held + p->bf16 + at, made, numbers, t));
done:
    free(made);
    return rc;
}

/* --- a folder ------------------------------------------------------------------------------------- */

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

static ix_status refuse_unknown(const source *s)
{
    for (int i = 0; i < ix_safetensors_count(s->file); i++) {
        const char *name = ix_safetensors_at(s->file, i)->name;
        if (ix_params_find(&s->m->params, name) < 0 && !may_be_ignored(s->m, name))
            return ix_fail(IX_EINPUT, "%s: tensor %s is not part of a %s with %d layers", s->folder, name,
                           s->m->family->model_type, s->m->c.layers);
    }
    return IX_OK;
}

static ix_status open_source(source *s, const ix_model *m, const char *folder)
{
    ix_status rc = IX_OK;
    ix_model_config own;

    *s = (source){.m = m, .folder = folder};
    IX_TRY(ix_model_config_read(&own, folder));
    IX_TRY(check_alike(&own, &m->c, m->untied, folder));
    s->vocabulary = own.V;
    IX_TRY(ix_safetensors_open(&s->file, folder));
    IX_TRY(refuse_unknown(s));
done:
    return rc;
}

/* Rows [lo, hi) of what this rank holds of a tensor: what one thread reads at a time. */
enum { PIECE = 1 << 20 }; /* numbers, if a row does not have more */
typedef struct {
    const ix_param *p;
    const ix_tensor_view *t;
    int64_t lo, hi;
} piece;

/* Numbers [at, at + n) of the tensor become those from `to` on of this rank's: floats, or bf16 in the model itself. */
static ix_status read_numbers(const source *s, const piece *w, int64_t at, int64_t n, int64_t to, float *weights)
{
    enum { ROOM = 1 << 14 };
    ix_status rc = IX_OK;
    float room[ROOM];
    uint16_t *bf16 = w->p->bf16 >= 0 ? s->m->held + w->p->bf16 + to : NULL;

    for (int64_t done = 0, some; done < n; done += some) {
        some = !bf16 || n - done < ROOM ? n - done : ROOM;
        float *out = bf16 ? room : weights + w->p->offset + to + done;
        IX_TRY(ix_tensor_read_f32(w->t, at + done, some, out));
        IX_NEED(ix_all_finite(out, some), IX_EINPUT, "%s: tensor %s holds NaN or infinity", w->t->path, w->t->name);
        if (bf16) IX_TRY(hold(bf16 + done, out, some, w->t));
    }
done:
    return rc;
}

/* Whole rows lie in one stretch, columns in one per row. */
static ix_status read_piece(const source *s, const piece *w, float *weights)
{
    ix_status rc = IX_OK;
    const ix_param *p = w->p;
    int64_t at = ix_param_at(p, w->lo), n = (w->hi - w->lo) * p->cols;

    if (p->cols == p->full_cols) {
        if (at + n > w->t->count) n = at < w->t->count ? w->t->count - at : 0; /* the rest are rows of new tokens */
        return read_numbers(s, w, at, n, w->lo * p->cols, weights);
    }
    for (int64_t row = w->lo; row < w->hi; row++)
        IX_TRY(read_numbers(s, w, ix_param_at(p, row), p->cols, row * p->cols, weights));
done:
    return rc;
}

static int64_t rows_of_piece(const ix_param *p)
{
    return p->cols > 0 && p->cols < PIECE ? PIECE / p->cols : 1;
}

/* Every row of the table that the folder has, in pieces. Free *out with free(). */
static ix_status list_pieces(const source *s, piece **out, int64_t *count)
{
    ix_status rc = IX_OK;
    const ix_params *table = &s->m->params;
    int64_t most = 0;
    piece w;

    for (int row = 0; row < table->count; row++) most += table->param[row].rows / rows_of_piece(&table->param[row]) + 1;
    *count = 0;
    IX_NEED(*out = calloc((size_t)most + 1, sizeof **out), IX_ENOMEM, "%s: out of memory", s->folder);
    for (int row = 0; row < table->count; row++) {
        const ix_param *p = w.p = &table->param[row];
        IX_TRY(find_row(&w.t, s, row));
        for (w.lo = 0; w.t && w.lo < p->rows; w.lo = w.hi) {
            w.hi = p->rows - w.lo < rows_of_piece(p) ? p->rows : w.lo + rows_of_piece(p);
            (*out)[(*count)++] = w;
        }
    }
done:
    return rc;
}

/* By all threads. A message belongs to its thread, so the first piece that failed is read again by the caller's. */
static ix_status read_pieces(const source *s, const piece *list, int64_t count, float *weights)
{
    int64_t bad = count;
#pragma omp parallel for schedule(dynamic) reduction(min : bad) if (count > 1)
    for (int64_t i = 0; i < count; i++)
        if (read_piece(s, &list[i], weights) != IX_OK && i < bad) bad = i;
    return bad < count ? read_piece(s, &list[bad], weights) : IX_OK;
}

static ix_status add_new_rows(const source *s, const ix_new_rows *rows, float *weights)
{
    ix_status rc = IX_OK;
    const ix_tensor_view *t;
    for (int row = 0; row < s->m->params.count; row++) {
        const ix_param *p = &s->m->params.param[row];
        if (!resizes(s->m, row) || p->full_rows <= s->vocabulary) continue;
        IX_TRY(find_row(&t, s, row));
        if (t) IX_TRY(add_rows(s, p, t, rows, weights));
    }
done:
    return rc;
}

ix_status ix_model_load(const ix_model *m, const char *folder, const ix_new_rows *rows, float *weights)
{
    ix_status rc = IX_OK;
    source s;
    piece *list = NULL;
    int64_t count;

    IX_CONTRACT(m->held || !m->params.bf16);
    ix_alive_at("reading weights");
    IX_TRY(open_source(&s, m, folder));
    IX_TRY(list_pieces(&s, &list, &count));
    IX_TRY(read_pieces(&s, list, count, weights));
    IX_TRY(add_new_rows(&s, rows, weights));
done:
    free(list);
    ix_safetensors_close(&s.file);
    return rc;
}

ix_status ix_model_check(const ix_model *m, const char *folder)
{
    ix_status rc = IX_OK;
    source s;
    const ix_tensor_view *t;

    IX_TRY(open_source(&s, m, folder));
    for (int row = 0; row < m->params.count; row++) IX_TRY(find_row(&t, &s, row));
done:
    ix_safetensors_close(&s.file);
    return rc;
}
