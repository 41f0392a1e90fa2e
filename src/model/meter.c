/* SPDX-License-Identifier: Apache-2.0
 *
 * meter.c - how much is multiplied, and in what time. */
#include "base/clock.h"
#include "model/family.h"

void ix_meter_products(ix_model *m, double since, const ix_gemm_args *p, int n)
{
    for (int i = 0; i < n; i++) m->meter.products += 2.0 * (double)p[i].m * (double)p[i].n * (double)p[i].k;
    m->meter.product_seconds += ix_seconds() - since;
}

/* Tokens that the rows of segment s see, those that are read of them: the parent's and their own up to themselves, as
 * far as the window reaches. */
static double seen(const ix_run *r, int32_t s, int window)
{
    const ix_segment *g = &r->pack->segment[s];
    ix_rows rows = r->read ? r->read[s] : (ix_rows){g->begin, g->end};
    double sum = 0;
    int64_t before = 0;
    if (g->parent >= 0) before = r->pack->segment[g->parent].end - r->pack->segment[g->parent].begin;
    for (int32_t i = rows.begin; i < rows.end; i++) {
        int64_t n = before + i - g->begin + 1;
        sum += (double)(window > 0 && n > window ? window : n);
    }
    return sum;
}

void ix_meter_attention(const ix_run *r, double since, const ix_attention_shape *shape, bool backward)
{
    ix_model_meter *meter = &r->m->meter;
    meter->attention_seconds += ix_seconds() - since;
    double numbers = (double)shape->H * (double)shape->K * (backward ? 8 : 4);
    for (int32_t s = 0; s < r->pack->S; s++) meter->attention += numbers * seen(r, s, shape->window);
}

ix_model_meter ix_model_take_meter(ix_model *m)
{
    ix_model_meter taken = m->meter;
    m->meter = (ix_model_meter){0};
    return taken;
}
