/* SPDX-License-Identifier: Apache-2.0 */
#include "model/work.h"

bool ix_is_trunk(const ix_param *p, const ix_model_config *c)
{
    return p->dims == 2 && p->full_rows > 1 && p->full_rows != c->V;
}

ix_work ix_model_work(const ix_model *model)
{
    const ix_model_config *c = ix_model_config_of(model);
    const ix_params *t = ix_model_params(model);
    ix_work w = {.row = (int64_t)c->V * c->D, .attended = 2 * (int64_t)c->layers * c->H * c->K};
    for (int i = 0; i < t->count; i++)
        if (ix_is_trunk(&t->param[i], c)) w.token += t->param[i].full_rows * t->param[i].full_cols;
    return w;
}

/* Each token of n sees those of the parent, those before it, and itself. */
static int64_t seen(const ix_pack *pack, const ix_segment *s)
{
    int64_t n = s->end - s->begin, before = 0;
    if (s->parent >= 0) before = pack->segment[s->parent].end - pack->segment[s->parent].begin;
    return n * before + n * (n + 1) / 2;
}

int64_t ix_pack_work(const ix_work *w, const ix_pack *pack, bool head)
{
    int64_t sum = w->token * pack->N;
    for (int32_t i = 0; i < pack->S; i++) {
        const ix_segment *s = &pack->segment[i];
        sum += w->attended * seen(pack, s);
        if (head && s->parent >= 0) sum += w->row * (s->end - s->begin);
    }
    return sum;
}
