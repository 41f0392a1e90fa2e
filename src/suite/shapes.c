/* SPDX-License-Identifier: Apache-2.0
 *
 * shapes.c - groups of several shapes side by side.
 *
 * A run needs at least so many tensor ranks. The numbers of tensor ranks that occur ("levels") are few: what some run
 * needs, and the next divisor of the ranks. For every choice of up to three levels, each run goes to the lowest level
 * that it fits, the ranks are shared out among the levels in up to 64 steps each, and within a level the data axis is
 * the largest that divides its ranks and that a step fills, as it is where all groups are alike. What counts is when
 * the queue ends, longest run first, by times on a plain machine: a pure function of sizes, so that every rank of a
 * job, and `impex plan` before it, finds the same. Kinds one after the other, on all ranks each, are not considered:
 * groups stay as they are for a whole job. */
#include "suite/shapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "suite/estimate.h"
#include "suite/runs.h"

enum { LEVELS = 6, STEPS = 64 };

int ix_largest_divisor(int n, int64_t limit)
{
    for (int d = n; d > 1; d--)
        if (n % d == 0 && d <= limit) return d;
    return 1;
}

size_t ix_need_bytes(const ix_question *q, const ix_need *need, ix_shape shape)
{
    int choice = ix_need_choice(need, shape.tensor);
    if (choice < 0) return SIZE_MAX;
    ix_memory m = ix_need_memory(need, choice, shape.data, q->places->ranks, q->threads);
    ix_recompute_choose(&m, &need->size[choice], need->trains, q->have, (ix_recompute)q->s->parallel.recompute);
    return ix_memory_peak(&m, need->trains);
}

static bool fits(const ix_question *q, const ix_need *need, ix_shape shape)
{
    size_t bytes = ix_need_bytes(q, need, shape);
    return bytes != SIZE_MAX && (!q->have || bytes <= q->have);
}

/* Ranks that share a layer stay on a node, or fill whole ones. */
static bool keeps_to_nodes(const ix_places *p, int tensor)
{
    int each = p->ranks_on_node;
    if (each >= p->ranks) return true;
    return tensor <= each ? each % tensor == 0 : tensor % each == 0;
}

/* The fewest tensor ranks with which it fits, on one data rank or on as many as it fills; 0: it fits nowhere. */
static int least_tensor(const ix_question *q, const ix_need *need)
{
    for (int i = 0; i < need->choices; i++) {
        int t = need->tensor[i], most = q->places->ranks / t;
        if (most < 1 || !keeps_to_nodes(q->places, t)) continue;
        int data = most < need->pairs ? most : (int)need->pairs;
        if (fits(q, need, (ix_shape){1, t}) || fits(q, need, (ix_shape){data, t})) return t;
    }
    return 0;
}

bool ix_shapes_differ(const ix_question *q)
{
    int first = q->needs ? least_tensor(q, &q->need[0]) : 1;
    for (int64_t i = 1; i < q->needs; i++)
        if (least_tensor(q, &q->need[i]) != first) return true;
    return first == 0;
}

/* --- time ---------------------------------------------------------------------------------------------------- */

/* What times are counted with where shapes are compared: per core 40 GFLOP/s and 8 GB/s, per rank messages of 2 us and
 * 4 GB/s within a node, 10 us and 1 GB/s between nodes. */
static ix_machine plain_machine(void)
{
    ix_machine a = {.cores = 1, .node_peak = 40e9, .node_triad = 8e9, .core_triad = 8e9};
    a.within.ranks = a.between.ranks = 2;
    for (int i = 0; i < IX_LINK_SIZES; i++) {
        int64_t bytes = INT64_C(8) << (3 * i);
        a.within.bytes[i] = a.between.bytes[i] = bytes;
        a.within.message[i] = 2e-6 + (double)bytes / 4e9;
        a.between.message[i] = 1e-5 + (double)bytes / 1e9;
    }
    return a;
}

/* The runs, longest first, and who takes them. */
typedef struct {
    const ix_question *q;
    ix_machine machine;
    int64_t *order; /* [needs] */
    int *least;     /* [needs] */
    int *level;     /* [needs]: of each run */
    double *busy;   /* [ranks]: until when a group is at work */
} search;

static double seconds_of(const search *x, const ix_need *need, ix_shape shape)
{
    ix_estimate out;
    ix_estimated e = {.need = need,
                      .size = &need->size[ix_need_choice(need, shape.tensor)],
                      .shape = shape,
                      .ranks = x->q->places->ranks,
                      .ranks_on_node = x->q->places->ranks_on_node,
                      .threads = x->q->threads};
    ix_estimate_run(&out, &x->machine, &e);
    return out.run;
}

static void put_in_order(search *x)
{
    const ix_question *q = x->q;
    double *flops = calloc((size_t)q->needs + 1, sizeof *flops);
    IX_CONTRACT(flops);
    for (int64_t i = 0; i < q->needs; i++) flops[i] = ix_estimate_flops(&q->need[i], &q->need[i].size[0]).all;
    ix_order_longest(x->order, flops, q->needs);
    free(flops);
}

static void open_search(search *x, const ix_question *q)
{
    size_t n = (size_t)q->needs + 1;
    *x = (search){.q = q, .machine = plain_machine()};
    x->order = calloc(n, sizeof *x->order);
    x->least = calloc(n, sizeof *x->least);
    x->level = calloc(n, sizeof *x->level);
    x->busy = calloc((size_t)q->places->ranks + 1, sizeof *x->busy);
    IX_CONTRACT(x->order && x->least && x->level && x->busy);
    put_in_order(x);
    for (int64_t i = 0; i < q->needs; i++) x->least[i] = least_tensor(q, &q->need[i]);
}

static void close_search(search *x)
{
    free(x->order);
    free(x->least);
    free(x->level);
    free(x->busy);
}

/* When the runs of a level are over: a group that is free takes the next one. Infinite: one of them does not fit. */
static double end_of_level(search *x, int level, ix_shape shape, int groups)
{
    double last = 0;
    memset(x->busy, 0, (size_t)groups * sizeof *x->busy);
    for (int64_t i = 0; i < x->q->needs; i++) {
        int64_t run = x->order[i];
        const ix_need *need = &x->q->need[run];
        int free_first = 0;
        if (x->level[run] != level) continue;
        if (!fits(x->q, need, shape)) return INFINITY;
        for (int g = 1; g < groups; g++)
            if (x->busy[g] < x->busy[free_first]) free_first = g;
        x->busy[free_first] += seconds_of(x, need, shape);
        if (x->busy[free_first] > last) last = x->busy[free_first];
    }
    return last;
}

double ix_shapes_end(const ix_question *q, ix_shape shape, int groups)
{
    search x;
    open_search(&x, q);
    double end = end_of_level(&x, 0, shape, groups);
    close_search(&x);
    return end;
}

/* --- sharing out ----------------------------------------------------------------------------------------------- */

/* One choice of levels, most tensor ranks first, and what became known of a level on so many ranks. */
typedef struct {
    double end;
    int data, groups;
    bool known;
} outcome;
typedef struct {
    int tensor[IX_KINDS], levels;
    int groups[IX_KINDS]; /* as set; 0: what comes out */
    int64_t pairs[IX_KINDS];
    outcome *known[IX_KINDS]; /* [ranks / tensor + 1] */
    ix_division now, *best;
} attempt;

static int64_t fewest_pairs(const search *x, int level)
{
    int64_t pairs = INT64_MAX;
    for (int64_t i = 0; i < x->q->needs; i++)
        if (x->level[i] == level && x->q->need[i].pairs < pairs) pairs = x->q->need[i].pairs;
    return pairs;
}

static outcome level_on(search *x, const attempt *a, int level, int places)
{
    outcome o = {.end = INFINITY, .known = true};
    int64_t data = x->q->s->parallel.data, groups = a->groups[level], pairs = a->pairs[level];
    if (!data && groups) data = places / groups < pairs ? places / groups : pairs;
    else if (!data) data = ix_largest_divisor(places, pairs);
    if (data < 1 || data > pairs || data > places) return o;
    if (!groups) groups = places / data;
    if (groups * data > places) return o;
    o.data = (int)data;
    o.groups = (int)groups;
    o.end = end_of_level(x, level, (ix_shape){o.data, a->tensor[level]}, o.groups);
    return o;
}

static const outcome *look_up(search *x, attempt *a, int level, int places)
{
    outcome *o = &a->known[level][places];
    if (!o->known) *o = level_on(x, a, level, places);
    return o;
}

/* Ends earlier; or as early with fewer ranks that have nothing to do. */
static bool better(const ix_division *a, const ix_division *b)
{
    if (!isfinite(a->end)) return false;
    if (!b->kinds || a->end < b->end * (1 - 1e-9)) return true;
    return a->end <= b->end * (1 + 1e-9) && a->idle < b->idle;
}

static bool take_level(attempt *a, int level, const outcome *o, double end, int idle)
{
    a->now.shape[level] = (ix_shape){o->data, a->tensor[level]};
    a->now.groups[level] = o->groups;
    a->now.end = o->end > end ? o->end : end;
    a->now.idle = idle - o->data * o->groups * a->tensor[level];
    return isfinite(a->now.end);
}

/* Ranks from `first` on go to this level and the ones behind it. */
static bool share_ranks(search *x, attempt *a, int level, int first, double end, int idle)
{
    int ranks = x->q->places->ranks, t = a->tensor[level], left = ranks - first;
    int step = t * ((left / t + STEPS - 1) / STEPS);
    bool found = false, last = level + 1 == IX_KINDS || level + 1 == a->levels,
         one_node = x->q->places->ranks_on_node >= ranks;

    if (left < t || (!one_node && first % t != 0)) return false;
    for (int n = last ? left : step; n <= left; n += step) {
        if (!take_level(a, level, look_up(x, a, level, n / t), end, idle)) continue;
        int next = first + a->now.groups[level] * a->now.shape[level].data * t;
        if (!last) found |= share_ranks(x, a, level + 1, next, a->now.end, a->now.idle);
        else if (better(&a->now, a->best)) *a->best = a->now, found = true;
    }
    return found;
}

/* Every run to the lowest level that it fits; false: one fits none, or a level has no runs. */
static bool assign(search *x, const attempt *a)
{
    bool used[IX_KINDS] = {false};
    for (int64_t i = 0; i < x->q->needs; i++) {
        int level = a->levels - 1;
        while (level >= 0 && (a->tensor[level] < x->least[i] || ix_need_choice(&x->q->need[i], a->tensor[level]) < 0))
            level--;
        if (level < 0) return false;
        x->level[i] = level;
        used[level] = true;
    }
    for (int l = 0; l < a->levels; l++)
        if (!used[l]) return false;
    return true;
}

static bool share_with_groups(search *x, attempt *a)
{
    int ranks = x->q->places->ranks;
    for (int l = 0; l < a->levels; l++) {
        a->pairs[l] = fewest_pairs(x, l);
        a->known[l] = calloc((size_t)(ranks / a->tensor[l]) + 1, sizeof *a->known[l]);
        IX_CONTRACT(a->known[l]);
    }
    bool found = share_ranks(x, a, 0, 0, 0, ranks);
    for (int l = 0; l < a->levels; l++) free(a->known[l]);
    return found;
}

/* With a number of groups that is set, they too are shared out among the levels, of which there are two at most. */
static bool try_levels(search *x, attempt *a)
{
    int64_t set = x->q->s->parallel.groups;
    bool found = false;
    a->now = (ix_division){.kinds = a->levels};
    if (!assign(x, a)) return false;
    if (!set) return share_with_groups(x, a);
    if (set > STEPS || a->levels > 2 || set < a->levels) return false;
    for (int g = a->levels == 1 ? (int)set : 1; g <= set - (a->levels - 1); g++) {
        a->groups[0] = g;
        a->groups[1] = (int)set - g;
        found |= share_with_groups(x, a);
    }
    return found;
}

/* --- levels ------------------------------------------------------------------------------------------------------ */

static void add_level(int tensor[LEVELS], int *n, int t)
{
    int at = 0;
    while (at < *n && tensor[at] > t) at++;
    if ((at < *n && tensor[at] == t) || *n == LEVELS) return;
    memmove(tensor + at + 1, tensor + at, (size_t)(*n - at) * sizeof *tensor);
    tensor[at] = t;
    ++*n;
}

/* Most tensor ranks first; 0: some run fits nowhere. */
static int list_levels(const search *x, int tensor[LEVELS])
{
    int n = 0, ranks = x->q->places->ranks;
    for (int64_t i = 0; i < x->q->needs; i++) {
        if (!x->least[i]) return 0;
        add_level(tensor, &n, x->least[i]);
    }
    for (int64_t i = 0; i < x->q->needs; i++) {
        int t = x->least[i];
        while (t < ranks && (ranks % t != 0 || !keeps_to_nodes(x->q->places, t))) t++;
        add_level(tensor, &n, t);
    }
    return n;
}

static int bits_in(int mask)
{
    int n = 0;
    for (; mask; mask &= mask - 1) n++;
    return n;
}

bool ix_shapes_divide(ix_division *out, int *kind_of, const ix_question *q)
{
    search x;
    int tensor[LEVELS], n;
    *out = (ix_division){0};
    open_search(&x, q);
    n = list_levels(&x, tensor);
    for (int size = 1; size <= IX_KINDS; size++)
        for (int mask = 1; mask < 1 << n; mask++) {
            attempt a = {.best = out};
            if (bits_in(mask) != size) continue;
            for (int l = 0; l < n; l++)
                if (mask >> l & 1) a.tensor[a.levels++] = tensor[l];
            if (try_levels(&x, &a)) memcpy(kind_of, x.level, (size_t)q->needs * sizeof *kind_of);
        }
    close_search(&x);
    return out->kinds > 0;
}
