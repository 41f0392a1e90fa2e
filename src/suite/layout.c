/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/lanes.h"

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

/* --- choosing ------------------------------------------------------------------------------------------------ */

typedef struct {
    const ix_settings *s;
    const ix_places *places;
    const ix_need *need;
    int64_t needs, runs;
    int64_t pairs; /* of the smallest step */
    int threads;
} question;

static int64_t pairs_of(const ix_settings *s)
{
    return !strcmp(s->task, "pretrain") ? s->pretrain.rows_per_step : s->training.pairs_per_step;
}

/* The largest divisor of n that is at most `limit`. */
static int largest_divisor(int n, int64_t limit)
{
    for (int d = n; d > 1; d--)
        if (n % d == 0 && d <= limit) return d;
    return 1;
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
static void share_out(const question *q, int places, int *data, int *groups)
{
    int64_t d = q->s->parallel.data, g = q->s->parallel.groups;
    if (!d && g) d = places / g > 0 ? places / g : 1;
    if (!d) d = largest_divisor(places, q->pairs);
    if (!g) g = places / d > 0 ? places / d : 1;
    *data = (int)d;
    *groups = (int)g;
}

/* Of the rank that needs most; *who needs it. 0: sizes are not known, SIZE_MAX: so many cannot share a layer. */
static size_t most_bytes(const question *q, int tensor, int data, const ix_need **who)
{
    size_t most = 0;
    *who = NULL;
    for (int64_t i = 0; i < q->needs; i++) {
        const ix_need *need = &q->need[i];
        int choice = ix_need_choice(need, tensor);
        if (need->choices && choice < 0) return SIZE_MAX;
        if (!need->choices) continue;
        ix_memory m = ix_need_memory(need, choice, data, q->places->ranks, q->threads);
        size_t bytes = ix_memory_peak(&m, need->trains);
        if (bytes <= most) continue;
        most = bytes;
        *who = need;
    }
    return most;
}

/* Bytes of a node that one rank may take; 0: unknown. */
static size_t share_of_node(const ix_places *p)
{
    return p->memory > 0 ? (size_t)p->memory / (size_t)p->ranks_on_node : 0;
}

typedef struct {
    int tensor;
    bool fits, found;
    size_t bytes, alone; /* of a rank; of one that shares no layer */
    const ix_need *who;
} sharing;

/* The fewest that fit; if none do, those that need least. */
static sharing choose_tensor(const question *q)
{
    sharing best = {.tensor = 1};
    size_t have = share_of_node(q->places);
    int most = q->s->parallel.tensor ? (int)q->s->parallel.tensor : q->places->ranks, data, groups;
    const ix_need *who;

    for (int t = q->s->parallel.tensor ? most : 1; t <= most && !best.fits; t++) {
        if (!q->s->parallel.tensor && q->places->ranks % t != 0) continue;
        share_out(q, q->places->ranks / t, &data, &groups);
        size_t bytes = most_bytes(q, t, data, &who);
        if (t == 1) best.alone = bytes;
        if (bytes == SIZE_MAX || (best.found && bytes >= best.bytes)) continue;
        best.tensor = t;
        best.bytes = bytes;
        best.who = who;
        best.found = true;
        best.fits = !have || bytes <= have;
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

static void explain_tensor(char *out, size_t room, const question *q, const sharing *t)
{
    size_t have = share_of_node(q->places);
    const char *name = t->who ? t->who->name : "";
    if (q->s->parallel.tensor)
        snprintf(out, room, "as set%s", t->fits ? "" : "; a rank's share of a node's memory is too small for it");
    else if (!have || !t->bytes) snprintf(out, room, "memory is not known to demand more");
    else if (!t->fits)
        snprintf(out, room, "a rank of %s needs %.2f GiB of the %.2f it may have, and no sharing makes it fit", name,
                 gib(t->bytes), gib(have));
    else if (t->tensor == 1)
        snprintf(out, room, "a rank of %s needs %.2f GiB of the %.2f it may have", name, gib(t->bytes), gib(have));
    else
        snprintf(out, room,
                 "alone a rank of %s would need %.2f GiB and may have %.2f; sharing every layer it needs %.2f", name,
                 gib(t->alone), gib(have), gib(t->bytes));
}

static void explain_rest(ix_layout *l, const question *q)
{
    const ix_places *p = q->places;
    enum { ROOM = sizeof l->why[0] };
    if (!strcmp(q->s->task, "scaling")) snprintf(l->why[1], ROOM, "all: the task cuts layouts of its own out of them");
    else if (q->s->parallel.data) snprintf(l->why[1], ROOM, "as set");
    else if (q->s->parallel.groups) snprintf(l->why[1], ROOM, "what the groups leave");
    else
        snprintf(l->why[1], ROOM, "the largest divisor of %d that a step of %lld pair%s fills", p->ranks / l->tensor,
                 (long long)q->pairs, s_of(q->pairs));
    if (q->s->parallel.groups) snprintf(l->why[2], ROOM, "as set");
    else snprintf(l->why[2], ROOM, "what remains of %d rank%s", p->ranks, s_of(p->ranks));
    if (l->groups > q->runs && q->runs > 0) {
        size_t used = strlen(l->why[2]);
        snprintf(l->why[2] + used, ROOM - used, "; with %lld run%s %lld of them have nothing to do", (long long)q->runs,
                 s_of(q->runs), (long long)(l->groups - q->runs));
    }
    if (q->s->parallel.threads) snprintf(l->why[3], ROOM, "as set");
    else if (getenv("OMP_NUM_THREADS")) snprintf(l->why[3], ROOM, "OMP_NUM_THREADS");
    else
        snprintf(l->why[3], ROOM, "%d core%s of a node for its %d rank%s", p->cores, s_of(p->cores), p->ranks_on_node,
                 s_of(p->ranks_on_node));
}

static void summarize(ix_layout *l, const question *q)
{
    char shares[64] = "";
    const ix_settings *s = q->s;
    if (l->tensor > 1) snprintf(shares, sizeof shares, " times %d that share every layer", l->tensor);
    const char *why = s->parallel.data     ? "as set"
                      : s->parallel.groups ? "what the groups leave"
                                           : "as many as a step fills";
    if (!strcmp(s->task, "scaling")) {
        snprintf(l->reason, sizeof l->reason,
                 "%d rank%s, of which each run cuts layouts of its own; %d thread%s per rank", q->places->ranks,
                 s_of(q->places->ranks), l->threads, s_of(l->threads));
        return;
    }
    snprintf(
        l->reason, sizeof l->reason,
        "%d rank%s: %d run%s at a time, each on %d data rank%s%s (%s; a step has %lld pairs), %d thread%s per rank",
        q->places->ranks, s_of(q->places->ranks), l->groups, s_of(l->groups), l->data, s_of(l->data), shares, why,
        (long long)q->pairs, l->threads, s_of(l->threads));
}

ix_status ix_layout_choose(ix_layout *out, const ix_settings *s, const ix_places *places, const ix_need *need,
                           int64_t needs, int64_t runs)
{
    ix_status rc = IX_OK;
    int64_t tensor = s->parallel.tensor;
    int data, groups, ranks = places->ranks;
    question q = {.s = s, .places = places, .need = need, .needs = needs, .runs = runs, .pairs = pairs_of(s)};

    *out = (ix_layout){0};
    for (int64_t i = 0; i < needs; i++)
        if (need[i].pairs < q.pairs || i == 0) q.pairs = need[i].pairs;
    q.threads = ix_layout_threads(s->parallel.threads, places);
    IX_NEED(tensor <= ranks, IX_EINPUT, "parallel.tensor: %lld ranks share a layer, but there are only %d",
            (long long)tensor, ranks);
    sharing t = choose_tensor(&q);
    tensor = t.tensor;
    share_out(&q, ranks / t.tensor, &data, &groups);
    IX_NEED((int64_t)groups * data * tensor == ranks, IX_EINPUT,
            "parallel: %d groups x %d data x %lld tensor make %lld ranks, but there are %d", groups, data,
            (long long)tensor, (long long)groups * data * (long long)tensor, ranks);
    IX_NEED(data <= q.pairs, IX_EINPUT, "parallel.data: %d ranks cannot share the %lld pairs of a step", data,
            (long long)q.pairs);
    *out = (ix_layout){
        .groups = groups, .data = data, .tensor = t.tensor, .threads = q.threads, .fits = t.fits, .bytes = t.bytes};
    explain_tensor(out->why[0], sizeof out->why[0], &q, &t);
    explain_rest(out, &q);
    summarize(out, &q);
done:
    return rc;
}
