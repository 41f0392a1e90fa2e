/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "task/scaling.h"

int ix_scaling_ranks(const ix_scaling_layout *l)
{
    return l->groups * l->data * l->tensor;
}

void ix_scaling_name_of(ix_scaling_name out, const ix_scaling_layout *l)
{
    snprintf(out, sizeof(ix_scaling_name), "g%d_d%d_t%d_x%d_p%lld", l->groups, l->data, l->tensor, l->threads,
             (long long)l->pairs);
}

static bool alike(const ix_scaling_layout *a, const ix_scaling_layout *b)
{
    return a->groups == b->groups && a->data == b->data && a->tensor == b->tensor && a->threads == b->threads &&
           a->pairs == b->pairs;
}

/* A point of a series; a layout that is there already joins it. */
static void add(ix_scaling_layouts *list, ix_scaling_layout l, ix_scaling_series series)
{
    int i = 0;
    if (l.pairs < l.data) return;
    while (i < list->count && !alike(&list->at[i], &l)) i++;
    IX_CONTRACT(i < IX_SCALING_LAYOUTS);
    if (i == list->count) list->at[list->count++] = l;
    list->at[i].member[series] = true;
}

/* 1, 2, 4, ... and `most`; 0 behind that. */
static int next(int n, int most)
{
    if (n >= most) return 0;
    return n <= most / 2 ? 2 * n : most;
}

void ix_scaling_list(ix_scaling_layouts *out, const ix_settings *s, const ix_scaling_room *room)
{
    ix_scaling_layout unit = {
        .groups = 1, .data = 1, .tensor = room->tensor, .threads = room->threads, .pairs = s->training.pairs_per_step};
    int units = room->ranks / room->tensor, most = room->most_tensor / room->tensor;
    if (most > units) most = units;

    *out = (ix_scaling_layouts){.at = {unit}, .count = 1};
    for (int n = 1; s->scaling.data && n; n = next(n, units)) {
        ix_scaling_layout strong = unit, weak = unit;
        strong.data = weak.data = n;
        weak.pairs = n * s->scaling.pairs_per_rank;
        add(out, strong, IX_SERIES_DATA);
        if (units > 1) add(out, weak, IX_SERIES_DATA_WEAK);
    }
    for (int n = 1; s->scaling.tensor && n; n = next(n, most)) {
        ix_scaling_layout l = unit;
        l.tensor = n * unit.tensor;
        add(out, l, IX_SERIES_TENSOR);
    }
    for (int n = 1; s->scaling.threads && n; n = next(n, room->most_threads)) {
        ix_scaling_layout l = unit;
        l.threads = n;
        add(out, l, IX_SERIES_THREADS);
    }
    for (int n = 1; s->scaling.groups && n; n = next(n, units)) {
        ix_scaling_layout l = unit;
        l.groups = n;
        add(out, l, IX_SERIES_GROUPS);
    }
}
