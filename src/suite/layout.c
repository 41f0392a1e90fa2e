/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/lanes.h"
#include "suite/shapes.h"

/* --- memory ------------------------------------------------------------------------------------------------ */

int ix_need_choice(const ix_need *need, int tensor)
{
    for (int i = 0; i < need->choices; i++)
        if (need->tensor[i] == tensor) return i;
    return -1;
}

ix_memory ix_need_memory(const ix_need *need, int choice, int data, int ranks, int threads)
{
    const ix_run_size *z = &need->size[choice];
    ix_memory m = z->memory;
    if (m.gradients && data > 1) {
        double share = (double)ix_lanes_share(z->trained, data, 0) / (double)z->trained;
        m.gradients = ix_lanes_bytes(need->lanes > data ? need->lanes : data, data, z->trained);
        m.moments = (size_t)(share * (double)m.moments);
    }
    m.program = ix_memory_program(ranks, threads);
    return m;
}

int ix_recompute_choose(ix_memory *memory, const ix_run_size *z, bool trains, size_t have, ix_recompute wish)
{
    int blocks = 0, most = trains ? z->most_recomputed : 0;
    size_t all = memory->activations;
    if (wish == IX_RECOMPUTE_NEVER || (wish == IX_RECOMPUTE_AUTO && !have)) return 0;
    while (blocks < most && (wish == IX_RECOMPUTE_ALWAYS || ix_memory_peak(memory, trains) > have)) {
        blocks++;
        memory->activations = all - (size_t)blocks * z->recomputing_saves;
    }
    return blocks;
}

/* --- groups that are alike -------------------------------------------------------------------------------------- */

static int64_t pairs_of(const ix_settings *s)
{
    return !strcmp(s->task, "pretrain") ? s->pretrain.rows_per_step : s->training.pairs_per_step;
}

int ix_layout_threads(int64_t wished, const ix_places *places)
{
    const char *set = getenv("OMP_NUM_THREADS");
    if (wished) return (int)wished;
    if (set && atoi(set) > 0) return atoi(set);
    int each = places->cores / (places->ranks_on_node > 0 ? places->ranks_on_node : 1);
    return each > 0 ? each : 1;
}

/* Data axis and groups, where `places` of them can be had. */
static void share_out(const ix_question *q, int places, int *data, int *groups)
{
    int64_t d = q->s->parallel.data, g = q->s->parallel.groups;
    if (!d && g) d = places / g > 0 ? places / g : 1;
    if (!d) d = ix_largest_divisor(places, q->pairs);
    if (!g) g = places / d > 0 ? places / d : 1;
    *data = (int)d;
    *groups = (int)g;
}

/* What all its runs, those of one kind, take on a shape. */
typedef struct {
    size_t bytes; /* of the rank that needs most; 0: sizes are not known, SIZE_MAX: so many cannot share a layer */
    const ix_need *who;
} demand;

static demand most_bytes(const ix_question *q, const int *kind_of, int kind, ix_shape shape)
{
    demand most = {0};
    for (int64_t i = 0; i < q->needs; i++) {
        const ix_need *need = &q->need[i];
        if (!need->choices || (kind_of && kind_of[i] != kind)) continue;
        size_t bytes = ix_need_bytes(q, need, shape);
        if (bytes == SIZE_MAX) return (demand){.bytes = SIZE_MAX};
        if (bytes > most.bytes) most = (demand){bytes, need};
    }
    return most;
}

typedef struct {
    int tensor;
    bool fits, found;
    size_t bytes;
} sharing;

/* The fewest that fit; if none do, those that need least. */
static sharing choose_tensor(const ix_question *q)
{
    sharing best = {.tensor = 1};
    int64_t set = q->s->parallel.tensor;
    int most = set ? (int)set : q->places->ranks, data, groups;

    for (int t = set ? most : 1; t <= most && !best.fits; t++) {
        if (!set && q->places->ranks % t != 0) continue;
        share_out(q, q->places->ranks / t, &data, &groups);
        demand d = most_bytes(q, NULL, 0, (ix_shape){data, t});
        if (d.bytes == SIZE_MAX || (best.found && d.bytes >= best.bytes)) continue;
        best = (sharing){.tensor = t, .found = true, .bytes = d.bytes, .fits = !q->have || d.bytes <= q->have};
    }
    if (!best.found) best = (sharing){.tensor = most, .fits = true}; /* loading says that so many cannot share it */
    return best;
}

/* --- saying why ------------------------------------------------------------------------------------------------ */

static const char *s_of(int64_t n)
{
    return n == 1 ? "" : "s";
}

static double gib(size_t bytes)
{
    return (double)bytes / (1 << 30);
}

enum { ROOM = sizeof((ix_kind *)NULL)->why[0] };

/* `alone`: what a rank would take that shares no layer. */
static void explain_tensor(ix_kind *k, const ix_question *q, const ix_need *who, size_t alone)
{
    const char *name = who ? who->name : "", *limit = q->s->parallel.memory_per_rank ? "parallel.memory_per_rank" : "";
    char *out = k->why[0];
    if (q->s->parallel.tensor)
        snprintf(out, ROOM, "as set%s", k->fits ? "" : "; a rank's share of a node's memory is too small for it");
    else if (!q->have || !k->bytes) snprintf(out, ROOM, "memory is not known to demand more");
    else if (!k->fits)
        snprintf(out, ROOM, "a rank of %s needs %.2f GiB of the %.2f it may have%s%s%s, and no sharing makes it fit",
                 name, gib(k->bytes), gib(q->have), *limit ? " (" : "", limit, *limit ? ")" : "");
    else if (k->tensor == 1)
        snprintf(out, ROOM, "a rank of %s needs %.2f GiB of the %.2f it may have", name, gib(k->bytes), gib(q->have));
    else
        snprintf(out, ROOM,
                 "alone a rank of %s would need %.2f GiB and may have %.2f; sharing every layer it needs %.2f", name,
                 gib(alone), gib(q->have), gib(k->bytes));
}

/* The run of this kind that recomputes most, and what it would take otherwise. */
static void explain_recompute(ix_kind *k, const ix_question *q, const int *kind_of, int kind)
{
    ix_recompute wish = (ix_recompute)q->s->parallel.recompute;
    size_t without = 0, with = 0;
    const ix_need *who = NULL;
    for (int64_t i = 0; i < q->needs; i++) {
        const ix_need *need = &q->need[i];
        int choice = ix_need_choice(need, k->tensor);
        if (choice < 0 || (kind_of && kind_of[i] != kind)) continue;
        ix_memory m = ix_need_memory(need, choice, k->data, q->places->ranks, q->threads);
        size_t all = ix_memory_peak(&m, need->trains);
        int blocks = ix_recompute_choose(&m, &need->size[choice], need->trains, q->have, wish);
        if (blocks <= k->recompute) continue;
        k->recompute = blocks;
        who = need;
        without = all;
        with = ix_memory_peak(&m, need->trains);
    }
    char *out = k->why[3];
    if (who)
        snprintf(out, ROOM, "%sblocks of %s compute their activations twice: a rank then needs %.2f GiB, else %.2f",
                 wish == IX_RECOMPUTE_ALWAYS ? "as set: " : "", who->name, gib(with), gib(without));
    else if (wish != IX_RECOMPUTE_AUTO) snprintf(out, ROOM, "as set");
    else snprintf(out, ROOM, q->have ? "activations fit, and are kept" : "memory is not known to demand it");
}

static bool cuts_itself(const ix_question *q)
{
    return !strcmp(q->s->task, "scaling");
}

/* `ranks`: of this kind, or of all. */
static void explain_rest(ix_kind *k, const ix_question *q, int ranks, int64_t pairs)
{
    if (cuts_itself(q)) snprintf(k->why[1], ROOM, "all: the task cuts layouts of its own out of them");
    else if (q->s->parallel.data) snprintf(k->why[1], ROOM, "as set");
    else if (q->s->parallel.groups) snprintf(k->why[1], ROOM, "what the groups leave");
    else
        snprintf(k->why[1], ROOM, "the largest divisor of %d that a step of %lld pair%s fills", ranks / k->tensor,
                 (long long)pairs, s_of(pairs));
    if (q->s->parallel.groups) snprintf(k->why[2], ROOM, "as set");
    else snprintf(k->why[2], ROOM, "what remains of %d rank%s", ranks, s_of(ranks));
    if (k->groups > k->runs && k->runs > 0) {
        size_t used = strlen(k->why[2]);
        snprintf(k->why[2] + used, ROOM - used, "; with %lld run%s %lld of them have nothing to do", (long long)k->runs,
                 s_of(k->runs), (long long)(k->groups - k->runs));
    }
}

static void explain_threads(ix_layout *l, const ix_question *q)
{
    const ix_places *p = q->places;
    if (q->s->parallel.threads) snprintf(l->why_threads, sizeof l->why_threads, "as set");
    else if (getenv("OMP_NUM_THREADS")) snprintf(l->why_threads, sizeof l->why_threads, "OMP_NUM_THREADS");
    else
        snprintf(l->why_threads, sizeof l->why_threads, "%d core%s of a node for its %d rank%s", p->cores,
                 s_of(p->cores), p->ranks_on_node, s_of(p->ranks_on_node));
}

static void summarize(ix_layout *l, const ix_question *q)
{
    char shares[64] = "";
    const ix_settings *s = q->s;
    const ix_kind *k = &l->kind[0];
    if (k->tensor > 1) snprintf(shares, sizeof shares, " times %d that share every layer", k->tensor);
    const char *why = s->parallel.data     ? "as set"
                      : s->parallel.groups ? "what the groups leave"
                                           : "as many as a step fills";
    if (cuts_itself(q)) {
        snprintf(l->reason, sizeof l->reason,
                 "%d rank%s, of which each run cuts layouts of its own; %d thread%s per rank", q->places->ranks,
                 s_of(q->places->ranks), l->threads, s_of(l->threads));
        return;
    }
    snprintf(
        l->reason, sizeof l->reason,
        "%d rank%s: %d run%s at a time, each on %d data rank%s%s (%s; a step has %lld pairs), %d thread%s per rank",
        q->places->ranks, s_of(q->places->ranks), k->groups, s_of(k->groups), k->data, s_of(k->data), shares, why,
        (long long)q->pairs, l->threads, s_of(l->threads));
}

static void add_words(ix_layout *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_words(ix_layout *l, const char *format, ...)
{
    size_t used = strlen(l->reason);
    va_list list;
    va_start(list, format);
    vsnprintf(l->reason + used, sizeof l->reason - used, format, list);
    va_end(list);
}

static void summarize_kinds(ix_layout *l, const ix_question *q)
{
    add_words(l, "%d ranks, %d run%s at a time: ", q->places->ranks, ix_layout_groups(l), s_of(ix_layout_groups(l)));
    for (int i = 0; i < l->kinds; i++) {
        const ix_kind *k = &l->kind[i];
        add_words(l, "%s%lld run%s on %d group%s of %d data x %d tensor rank%s", i ? ", " : "", (long long)k->runs,
                  s_of(k->runs), k->groups, s_of(k->groups), k->data, k->tensor, s_of(k->data * k->tensor));
    }
    add_words(l, " (tensor ranks as memory demands), %d thread%s per rank", l->threads, s_of(l->threads));
}

/* --- choosing ------------------------------------------------------------------------------------------------ */

static bool sizes_known(const ix_question *q)
{
    for (int64_t i = 0; i < q->needs; i++)
        if (!q->need[i].choices) return false;
    return q->needs > 0;
}

/* All groups alike, every run to any of them. */
static ix_division uniform(const ix_question *q, bool *fits)
{
    sharing t = choose_tensor(q);
    ix_division one = {.kinds = 1, .shape[0].tensor = t.tensor};
    share_out(q, q->places->ranks / t.tensor, &one.shape[0].data, &one.groups[0]);
    *fits = t.fits;
    return one;
}

static ix_status check_uniform(const ix_division *one, const ix_question *q)
{
    ix_status rc = IX_OK;
    int64_t groups = one->groups[0], data = one->shape[0].data, tensor = one->shape[0].tensor, ranks = q->places->ranks;
    IX_NEED(groups * data * tensor == ranks, IX_EINPUT,
            "parallel: %lld groups x %lld data x %lld tensor make %lld ranks, but there are %lld", (long long)groups,
            (long long)data, (long long)tensor, (long long)(groups * data * tensor), (long long)ranks);
    IX_NEED(data <= q->pairs, IX_EINPUT, "parallel.data: %lld ranks cannot share the %lld pairs of a step",
            (long long)data, (long long)q->pairs);
done:
    return rc;
}

/* Several kinds of groups, or ranks that are left over, where one kind for all does not do or takes longer. */
static bool several_are_better(ix_division *out, int *kind_of, const ix_question *q, const ix_division *one, bool fits)
{
    bool possible = fits && one->groups[0] * one->shape[0].data * one->shape[0].tensor == q->places->ranks &&
                    one->shape[0].data <= q->pairs;
    if (q->s->parallel.tensor || !q->have || !sizes_known(q) || cuts_itself(q)) return false;
    if (possible && !ix_shapes_differ(q)) return false;
    if (!ix_shapes_divide(out, kind_of, q)) return false;
    return !possible || out->end < ix_shapes_end(q, one->shape[0], one->groups[0]) * (1 - 1e-9);
}

static int64_t fewest_pairs(const ix_question *q, const int *kind_of, int kind)
{
    int64_t pairs = q->needs ? INT64_MAX : q->pairs;
    for (int64_t i = 0; i < q->needs; i++)
        if (kind_of[i] == kind && q->need[i].pairs < pairs) pairs = q->need[i].pairs;
    return pairs;
}

static void fill_kind(ix_layout *l, int i, const ix_division *d, const int *kind_of, const ix_question *q)
{
    ix_kind *k = &l->kind[i];
    *k = (ix_kind){.groups = d->groups[i], .data = d->shape[i].data, .tensor = d->shape[i].tensor};
    for (int64_t n = 0; n < q->needs; n++) k->runs += kind_of[n] == i;
    demand most = most_bytes(q, kind_of, i, d->shape[i]), alone = most_bytes(q, kind_of, i, (ix_shape){k->data, 1});
    k->bytes = most.bytes == SIZE_MAX ? 0 : most.bytes;
    k->fits = !q->have || k->bytes <= q->have;
    l->fits = l->fits && k->fits;
    explain_tensor(k, q, most.who, alone.bytes);
    explain_recompute(k, q, kind_of, i);
    int ranks = d->kinds > 1 || d->idle ? k->groups * k->data * k->tensor : q->places->ranks;
    explain_rest(k, q, ranks, fewest_pairs(q, kind_of, i));
}

static void describe(ix_layout *l, const ix_division *d, const int *kind_of, const ix_question *q)
{
    *l = (ix_layout){.kinds = d->kinds, .idle = d->idle, .threads = q->threads, .have = q->have, .fits = true};
    for (int i = 0; i < d->kinds; i++) fill_kind(l, i, d, kind_of, q);
    explain_threads(l, q);
    if (d->kinds == 1) summarize(l, q);
    else summarize_kinds(l, q);
    if (l->idle)
        add_words(l, "; %d rank%s no work: no group of what runs need is left", l->idle,
                  l->idle == 1 ? " has" : "s have");
}

static ix_question ask(const ix_settings *s, const ix_places *places, const ix_need *need, int64_t needs)
{
    ix_question q = {.s = s, .places = places, .need = need, .needs = needs, .pairs = pairs_of(s)};
    for (int64_t i = 0; i < needs; i++)
        if (need[i].pairs < q.pairs || i == 0) q.pairs = need[i].pairs;
    q.threads = ix_layout_threads(s->parallel.threads, places);
    q.have = s->parallel.memory_per_rank ? (size_t)s->parallel.memory_per_rank
             : places->memory > 0        ? (size_t)places->memory / (size_t)places->ranks_on_node
                                         : 0;
    return q;
}

ix_status ix_layout_choose(ix_layout *out, int *kind_of, const ix_settings *s, const ix_places *places,
                           const ix_need *need, int64_t needs)
{
    ix_status rc = IX_OK;
    bool fits;
    ix_division one, several;
    ix_question q = ask(s, places, need, needs);
    int *kinds = calloc((size_t)needs + 1, sizeof *kinds);

    *out = (ix_layout){0};
    IX_NEED(kinds, IX_ENOMEM, "list of runs: out of memory");
    IX_NEED(s->parallel.tensor <= places->ranks, IX_EINPUT,
            "parallel.tensor: %lld ranks share a layer, but there are only %d", (long long)s->parallel.tensor,
            places->ranks);
    one = uniform(&q, &fits);
    if (several_are_better(&several, kinds, &q, &one, fits)) {
        describe(out, &several, kinds, &q);
    } else {
        memset(kinds, 0, (size_t)needs * sizeof *kinds);
        IX_TRY(check_uniform(&one, &q));
        describe(out, &one, kinds, &q);
    }
    if (kind_of) memcpy(kind_of, kinds, (size_t)needs * sizeof *kinds);
done:
    free(kinds);
    return rc;
}

/* --- the ranks ------------------------------------------------------------------------------------------------- */

int ix_layout_groups(const ix_layout *l)
{
    int groups = 0;
    for (int i = 0; i < l->kinds; i++) groups += l->kind[i].groups;
    return groups;
}

int ix_layout_kind(const ix_layout *l, int group)
{
    int kind = 0;
    for (; kind < l->kinds && group >= l->kind[kind].groups; kind++) group -= l->kind[kind].groups;
    return kind;
}

ix_status ix_layout_grid(ix_grid **out, const ix_layout *l)
{
    int groups = ix_layout_groups(l);
    ix_shape *shape = calloc((size_t)groups + 1, sizeof *shape);
    IX_CONTRACT(shape); /* before anything can be agreed on */
    for (int g = 0; g < groups; g++) {
        const ix_kind *k = &l->kind[ix_layout_kind(l, g)];
        shape[g] = (ix_shape){k->data, k->tensor};
    }
    ix_status rc = ix_grid_create_shapes(out, shape, groups);
    free(shape);
    return rc;
}
