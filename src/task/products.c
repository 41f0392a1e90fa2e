/* SPDX-License-Identifier: Apache-2.0 */
#include "task/products.h"

#include "model/work.h"

static void add(ix_product *list, int *count, ix_product p)
{
    if (p.n < 1) return;
    for (int i = 0; i < *count; i++)
        if (list[i].n == p.n && list[i].k == p.k && list[i].head == p.head) {
            list[i].count += p.count;
            return;
        }
    if (*count < IX_MODEL_PRODUCTS) list[(*count)++] = p;
}

int ix_products_of(const ix_model *m, bool head, ix_product product[IX_MODEL_PRODUCTS])
{
    const ix_params *t = ix_model_params(m);
    const ix_model_config *c = ix_model_config_of(m);
    ix_product open = {0}; /* matrices that are shared out by rows come one behind the other, and are one product */
    int count = 0;
    int64_t words = 0;

    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        if (p->dims == 2 && p->full_rows == c->V) words = p->rows;
        if (!ix_is_trunk(p, c)) continue;
        bool joins = p->cut.share == IX_BY_ROWS && open.n > 0 && open.k == p->cols;
        if (!joins) add(product, &count, open);
        if (joins) open.n += p->rows;
        else open = (ix_product){.n = p->rows, .k = p->cols, .count = 1};
        if (p->cut.share == IX_BY_ROWS) continue;
        add(product, &count, open);
        open = (ix_product){0};
    }
    add(product, &count, open);
    if (head) add(product, &count, (ix_product){.n = words, .k = c->D, .count = 1, .head = true});
    return count;
}
