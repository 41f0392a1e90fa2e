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
        ix_params_matrix(&m->params, 1, cols, IX_WHOLE, "%s", e->name);
    }
    return m->params.failed ? ix_fail(IX_ENOMEM, "parameter table: out of memory") : IX_OK;
}

/* An untied head joins the table if it is wanted; a tied one is the embedding, which a folder may store under either
 * name. No head: no memory for logits. */
static void describe_head(ix_model *m, bool wanted)
{
    const char *name = m->family->head;
    m->head = -1;
    if (m->c.tied) {
        if (wanted) m->head = m->embed;
        ix_params_alias(&m->params, m->embed, name);
    } else if (wanted) {
        m->head = ix_params_matrix(&m->params, m->c.V, m->c.D, IX_BY_ROWS, "%s", name);
    }
}

static void describe(ix_model *m, bool head)
{
    m->embed = ix_params_matrix(&m->params, m->c.V, m->c.D, IX_BY_ROWS, "%s", m->family->embedding);
    for (int l = 0; l < m->c.layers; l++) {
        m->width = 0; /* every block keeps the same */
        m->layer[l].x = ix_keep(m, m->c.D);
        m->family->describe_block(m, &m->layer[l], l);
    }
    int64_t width = m->width;
    m->width = 0;
    m->norm = m->family->describe_norm(m);
    m->tail_width = m->width;
    m->width = width;
    describe_head(m, head);
    m->own = m->params.count;
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
    IX_NEED(m->layer = calloc((size_t)config->layers, sizeof *m->layer), IX_ENOMEM, "model: out of memory");
    describe(m, wish->head);
    IX_TRY(add_extras(m, wish));
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

void ix_model_draw(const ix_model *m, uint64_t seed, double std, float *weights)
{
    for (int i = 0; i < m->params.count; i++) {
        const ix_param *p = &m->params.param[i];
        for (int64_t j = p->offset; j < p->offset + ix_param_size(p); j++)
            weights[j] = p->dims == 1 ? p->start : (float)(std * ix_draw_normal(seed, IX_DRAW_WEIGHTS, (uint64_t)j));
    }
}
