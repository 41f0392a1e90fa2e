/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "table.h"

bool ix_same_group(const ix_family *a, const ix_family *b)
{
    return strcmp(a->suite, b->suite) == 0 && strcmp(a->part, b->part) == 0 && strcmp(a->varied, b->varied) == 0;
}

int ix_category_rank(const char *category)
{
    static const char *const order[] = {"in_distribution", "token_shift", "domain_shift", "control"};
    for (int i = 0; i < 4; i++)
        if (strcmp(order[i], category) == 0) return i;
    return -1;
}

static ix_group *group_of(const ix_material *m, ix_groups *g, const ix_family *f)
{
    for (int i = 0; i < g->count; i++)
        if (ix_same_group(&m->family[g->at[i].family[0]], f)) return &g->at[i];
    g->at = ix_grow(g->at, (size_t)g->count + 1, sizeof *g->at);
    g->at[g->count] = (ix_group){.longest = "",
                                 .name = ix_format("%s%s%s%s%s", f->suite, f->part[0] ? ", " : "", f->part,
                                                   f->varied[0] ? ", " : "", f->varied)};
    return &g->at[g->count++];
}

static void add_row(ix_group *g, const char *row, const char *category)
{
    for (int i = 0; i < g->rows; i++)
        if (strcmp(g->row[i], row) == 0) return;
    g->row = ix_grow(g->row, (size_t)g->rows + 1, sizeof *g->row);
    g->category = ix_grow(g->category, (size_t)g->rows + 1, sizeof *g->category);
    int at = g->rows++;
    for (; at > 0 && ix_category_rank(g->category[at - 1]) > ix_category_rank(category); at--) {
        g->row[at] = g->row[at - 1];
        g->category[at] = g->category[at - 1];
    }
    g->row[at] = row;
    g->category[at] = category;
}

void ix_groups_find(const ix_material *m, ix_groups *out)
{
    *out = (ix_groups){0};
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        if (!f->rows) continue;
        ix_group *g = group_of(m, out, f);
        g->family = ix_grow(g->family, (size_t)g->families + 1, sizeof *g->family);
        g->family[g->families++] = i;
        if (strlen(f->model) > strlen(g->longest)) g->longest = f->model;
        for (int r = 0; r < f->rows; r++) add_row(g, f->row[r], f->category[r]);
    }
}

void ix_groups_free(ix_groups *g)
{
    for (int i = 0; i < g->count; i++) {
        free(g->at[i].name);
        free(g->at[i].family);
        free(g->at[i].row);
        free(g->at[i].category);
    }
    free(g->at);
    *g = (ix_groups){0};
}
