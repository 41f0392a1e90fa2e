/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/family.h"

ix_status ix_model_create(ix_model **out, const char *folder, const ix_model_wish *wish)
{
    ix_model_config config;
    *out = NULL;
    ix_status rc = ix_model_config_read(&config, folder);
    return rc == IX_OK ? ix_model_create_config(out, &config, wish) : rc;
}

static ix_status add_extras(ix_model *m, const ix_model_wish *wish)
{
    for (int i = 0; i < wish->extras; i++) {
        const ix_extra *e = &wish->extra[i];
        int64_t cols = e->cols ? e->cols : m->c.D;
        ix_params_matrix(&m->params, 1, cols, ix_uncut(), "%s", e->name);
    }
    return m->params.failed ? ix_fail(IX_ENOMEM, "parameter table: out of memory") : IX_OK;
}

/* An untied head joins the table if it is wanted; a tied one is the embedding, which a folder may store under either
 * name. No head: no memory for logits. */
static void describe_head(ix_model *m, const ix_model_wish *wish)
{
    const char *name = m->family->head;
    bool apart = wish->untie || wish->trained == IX_TRAIN_HEAD || wish->trained == IX_TRAIN_TRUNK;
    m->head = -1;
    if (m->c.tied) ix_params_alias(&m->params, m->embed, name);
    if (!wish->head) return;
    if (m->c.tied && !apart) {
        m->head = m->embed;
        return;
    }
    if (wish->trained == IX_TRAIN_HEAD) m->params.narrow = false;
    m->head = ix_params_matrix(&m->params, m->c.V, m->c.D, ix_cut_rows(m->split.words), "%s", name);
    if (!m->c.tied) return;
    ix_params_alias(&m->params, m->head, m->family->embedding);
    m->untied = true;
    m->c.tied = false;
}

/* The head of an objective lies at the end of the table: the matrix of logits, then the objective's rows. */
static void mark_trained(ix_model *m, ix_trained trained)
{
    const ix_params *t = &m->params;
    int64_t matrix = m->head >= 0 ? t->param[m->head].offset : -1;
    int64_t own = m->own < t->count ? t->param[m->own].offset : t->floats;
    m->trained = (ix_span){0, t->floats};
    m->deep = trained != IX_TRAIN_HEAD && trained != IX_TRAIN_NOTHING;
    if (trained == IX_TRAIN_NOTHING) m->trained.lo = t->floats;
    if (trained == IX_TRAIN_HEAD) m->trained.lo = matrix >= 0 ? matrix : own;
    if (trained == IX_TRAIN_TRUNK && matrix >= 0) m->trained.hi = matrix;
}

static void describe(ix_model *m, const ix_model_wish *wish)
{
    ix_cut words = ix_cut_rows(m->split.words);
    bool only_read = wish->trained == IX_TRAIN_HEAD || wish->trained == IX_TRAIN_NOTHING;
    m->params.narrow = wish->storage == IX_BF16 && only_read;
    m->embed = ix_params_matrix(&m->params, m->c.V, m->c.D, words, "%s", m->family->embedding);
    for (int l = 0; l < m->c.layers; l++) {
        m->width = 0; /* every block keeps the same */
        m->first[l] = m->params.floats;
        m->layer[l].x = ix_keep(m, m->c.D);
        m->family->describe_block(m, &m->layer[l], l);
    }
    int64_t width = m->width;
    m->width = 0;
    m->first[m->c.layers] = m->params.floats;
    m->norm = m->family->describe_norm(m);
    m->tail_width = m->width;
    m->width = width;
    describe_head(m, wish);
    m->params.narrow = false;
    m->own = m->params.count;
}

/* The largest tensor of which several ranks hold the same part. */
static ix_status make_repeated(ix_model *m)
{
    int64_t most = 0;
    for (int i = 0; i < m->params.count; i++) {
        const ix_param *p = &m->params.param[i];
        if (p->cut.repeated && p->full_rows * p->full_cols > most) most = p->full_rows * p->full_cols;
    }
    if (!most || (m->repeated = ix_alloc_block((size_t)most * sizeof *m->repeated))) return IX_OK;
    return ix_fail(IX_ENOMEM, "model: out of memory");
}

ix_status ix_model_create_config(ix_model **out, const ix_model_config *config, const ix_model_wish *wish)
{
    ix_status rc = IX_OK;
    ix_model *m = NULL;

    *out = NULL;
    IX_NEED(m = calloc(1, sizeof *m), IX_ENOMEM, "model: out of memory");
    m->c = *config;
    if (wish->vocabulary) m->c.V = (int)wish->vocabulary;
    m->family = ix_family_find(config->model_type);
    IX_NEED(m->family, IX_EINPUT, "model_type \"%s\" is not known; known are: %s", config->model_type,
            ix_family_names());
    IX_TRY(ix_model_split_make(&m->split, wish->grid, &m->c));
    m->layer = calloc((size_t)config->layers, sizeof *m->layer);
    m->first = calloc((size_t)config->layers + 1, sizeof *m->first);
    IX_NEED(m->layer && m->first, IX_ENOMEM, "model: out of memory");
    describe(m, wish);
    IX_TRY(add_extras(m, wish));
    IX_TRY(make_repeated(m));
    mark_trained(m, wish->trained);
    *out = m;
    m = NULL;
done:
    ix_model_destroy(&m);
    return rc;
}

void ix_model_destroy(ix_model **model)
{
    ix_model *m = *model;
    if (!m) return;
    ix_model_release(m);
    free(m->layer);
    free(m->first);
    free(m->repeated);
    free(m->held);
    ix_params_free(&m->params);
    free(m);
    *model = NULL;
}

const ix_model_config *ix_model_config_of(const ix_model *m)
{
    return &m->c;
}

const ix_params *ix_model_params(const ix_model *m)
{
    return &m->params;
}

ix_span ix_model_trained(const ix_model *m)
{
    return m->trained;
}

bool ix_model_trains_trunk(const ix_model *m)
{
    return m->deep;
}

bool ix_model_untied(const ix_model *m)
{
    return m->untied;
}

ix_status ix_model_hold(ix_model *m)
{
    size_t bytes = (size_t)m->params.bf16 * sizeof *m->held;
    if (m->held || !bytes || (m->held = ix_alloc_block(bytes))) return IX_OK;
    return ix_fail(IX_ENOMEM, "weights held as bf16: %zu MiB cannot be had", bytes >> 20);
}

const uint16_t *ix_model_held(const ix_model *m)
{
    return m->held;
}

/* Numbers are drawn by their place in the whole model, so that every split draws the same. */
static void draw_row(const ix_model *m, const ix_param *p, uint64_t seed, double std, float *w)
{
    for (int64_t row = 0; row < p->rows; row++) {
        uint64_t at = (uint64_t)(p->place + ix_param_at(p, row));
        for (int64_t col = 0; col < p->cols; col++) {
            float x = (float)(std * ix_draw_normal(seed, IX_DRAW_WEIGHTS, at + (uint64_t)col));
            if (p->bf16 >= 0) ix_bf16_round(m->held + p->bf16 + row * p->cols + col, &x, 1);
            else w[p->offset + row * p->cols + col] = x;
        }
    }
}

void ix_model_draw(const ix_model *m, uint64_t seed, double std, float *weights)
{
    IX_CONTRACT(m->held || !m->params.bf16);
    for (int i = 0; i < m->params.count; i++) {
        const ix_param *p = &m->params.param[i];
        if (p->dims == 2) draw_row(m, p, seed, std, weights);
        for (int64_t j = 0; p->dims == 1 && j < p->cols; j++) weights[p->offset + j] = p->start;
    }
}

/* --- parts of a split model ----------------------------------------------------------------------- */

/* The whole of a tensor with my part in it, zeros elsewhere; and my part out of the whole. */
static void place_row(const ix_param *p, float *whole, const float *part)
{
    memset(whole, 0, (size_t)(p->full_rows * p->full_cols) * sizeof *whole);
    for (int64_t row = 0; row < p->rows; row++)
        memcpy(whole + ix_param_at(p, row), part + row * p->cols, (size_t)p->cols * sizeof *whole);
}

static void take_row(const ix_param *p, const float *whole, float *part)
{
    for (int64_t row = 0; row < p->rows; row++)
        memcpy(part + row * p->cols, whole + ix_param_at(p, row), (size_t)p->cols * sizeof *whole);
}

bool ix_model_meets(const ix_model *m)
{
    return m->split.repeated_keys && m->deep;
}

void ix_model_meet(const ix_model *m, float *dw)
{
    for (int i = 0; i < m->params.count && ix_model_meets(m); i++) {
        const ix_param *p = &m->params.param[i];
        if (!p->cut.repeated) continue;
        float *part = dw + (p->offset - m->trained.lo);
        place_row(p, m->repeated, part);
        ix_grid_sum_tensor(m->split.grid, m->repeated, p->full_rows * p->full_cols);
        take_row(p, m->repeated, part);
    }
}

/* My part of a tensor as other ranks are sent it: where it begins, its sizes, its numbers. */
enum { HEADER = 3 };

static ix_status wrap_row(const ix_param *p, const float *part, char **out, size_t *size)
{
    int64_t header[HEADER] = {p->cut.held.lo, p->rows, p->cols};
    size_t numbers = (size_t)ix_param_numbers(p) * sizeof *part;
    *size = sizeof header + numbers;
    if (!(*out = malloc(*size))) return ix_fail(IX_ENOMEM, "%s: out of memory", p->name);
    memcpy(*out, header, sizeof header);
    memcpy(*out + sizeof header, part, numbers);
    return IX_OK;
}

static void unwrap_row(const ix_param *p, const char *bytes, float *whole)
{
    int64_t header[HEADER];
    memcpy(header, bytes, sizeof header);
    ix_param theirs = *p;
    theirs.cut.held.lo = header[0];
    theirs.rows = header[1];
    theirs.cols = header[2];
    for (int64_t row = 0; row < theirs.rows; row++)
        memcpy(whole + ix_param_at(&theirs, row), bytes + sizeof header + (size_t)(row * theirs.cols) * sizeof *whole,
               (size_t)theirs.cols * sizeof *whole);
}

static ix_status gather_row(const ix_model *m, const ix_param *p, const float *w, float *whole)
{
    ix_status rc = IX_OK;
    const ix_grid *grid = m->split.grid;
    bool first = m->split.ranks == 1 || ix_grid_rank(grid, IX_TENSOR) == 0;
    const float *part = w + p->offset;
    float *wide = NULL;
    char *mine = NULL;
    size_t size = 0;
    ix_parts parts = {0};

    if (m->split.ranks == 1 || p->cut.share == IX_WHOLE) {
        if (first && p->bf16 >= 0) ix_bf16_widen(whole + p->place, m->held + p->bf16, ix_param_numbers(p));
        else if (first) memcpy(whole + p->place, part, (size_t)ix_param_size(p) * sizeof *whole);
        return IX_OK;
    }
    if (p->bf16 >= 0 && (wide = malloc((size_t)ix_param_numbers(p) * sizeof *wide + 1)))
        ix_bf16_widen(wide, m->held + p->bf16, ix_param_numbers(p));
    if (p->bf16 >= 0) part = wide;
    IX_TRY(ix_grid_agree(grid, IX_TENSOR,
                         part ? wrap_row(p, part, &mine, &size) : ix_fail(IX_ENOMEM, "%s: out of memory", p->name)));
    IX_TRY(ix_grid_gather_bytes(grid, IX_TENSOR, 0, mine, size, &parts));
    for (int rank = 0; first && rank < m->split.ranks; rank++)
        unwrap_row(p, parts.bytes + parts.offset[rank], whole + p->place);
done:
    ix_parts_free(&parts);
    free(mine);
    free(wide);
    return rc;
}

ix_status ix_model_gather(const ix_model *m, const float *w, float *whole)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < m->params.count; i++) IX_TRY(gather_row(m, &m->params.param[i], w, whole));
done:
    return rc;
}
