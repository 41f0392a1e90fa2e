/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/verdict.h"

#include <stdio.h>

typedef struct {
    const ix_watched *rank;
    int ranks, waiting, here; /* ranks that wait, that have not left */
    double limit, grace;
} question;

static bool is_gone(const question *q, const ix_watched *w)
{
    return !w->left && w->broken && w->silent >= q->grace;
}

static bool is_silent(const question *q, const ix_watched *w)
{
    return !w->left && !w->broken && w->silent >= q->limit;
}

static bool is_stuck(const question *q, const ix_watched *w)
{
    return !w->left && !w->broken && !w->waits && w->still >= q->limit && q->waiting > 0;
}

static bool is_lost(const question *q, const ix_watched *w)
{
    return !w->left && w->waits && w->still >= q->limit && q->waiting == q->here;
}

typedef struct {
    ix_verdict_kind kind;
    bool (*is)(const question *q, const ix_watched *w);
} rule;

static const rule rules[] = {{IX_GONE, is_gone}, {IX_SILENT, is_silent}, {IX_STUCK, is_stuck}, {IX_LOST, is_lost}};

/* The first rank that it is true of, and of how many. */
static ix_verdict try_rule(const question *q, const rule *r)
{
    ix_verdict v = {.rank = -1};
    int count = 0;
    for (int i = 0; i < q->ranks; i++) {
        const ix_watched *w = &q->rank[i];
        if (!r->is(q, w)) continue;
        if (count++ > 0) continue;
        v.rank = i;
        v.seconds = r->kind == IX_GONE || r->kind == IX_SILENT ? w->silent : w->still;
    }
    bool all = r->kind != IX_LOST || count == q->here; /* somebody may have begun to wait just now */
    if (count > 0 && all) v.kind = r->kind;
    v.more = count - 1;
    return v;
}

ix_verdict ix_verdict_of(const ix_watched *rank, int ranks, double limit, double grace)
{
    question q = {.rank = rank, .ranks = ranks, .limit = limit, .grace = grace};
    for (int i = 0; i < ranks; i++) {
        q.here += !rank[i].left;
        q.waiting += !rank[i].left && rank[i].waits;
    }
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        ix_verdict v = try_rule(&q, &rules[i]);
        if (v.kind != IX_ALL_WELL) return v;
    }
    return (ix_verdict){.rank = -1};
}

void ix_verdict_text(char *out, size_t capacity, const ix_verdict *v, const ix_watched *rank)
{
    const ix_watched *w = &rank[v->rank];
    char place[64] = "", others[48] = "", step[40] = "", what[96];

    if (w->step >= 0) snprintf(step, sizeof step, ", step %lld", (long long)w->step);
    if (v->more > 0) snprintf(others, sizeof others, ", and %d more", v->more);
    snprintf(what, sizeof what, "%s%s", w->what, step);
    if (v->kind == IX_LOST) {
        snprintf(out, capacity, "all ranks have waited for each other for %.0f s (rank %d on %s, pid %lld, in: %s)",
                 v->seconds, v->rank, w->host, (long long)w->pid, what);
        return;
    }
    const char *verb = v->more > 0 ? "have" : "has";
    snprintf(place, sizeof place, "(pid %lld)%s", (long long)w->pid, others);
    if (v->kind == IX_GONE)
        snprintf(out, capacity, "rank %d on %s %s %s gone (was last in: %s)", v->rank, w->host, place,
                 v->more > 0 ? "are" : "is", what);
    else
        snprintf(out, capacity, "rank %d on %s %s %s not %s for %.0f s (was last in: %s)", v->rank, w->host, place,
                 verb, v->kind == IX_SILENT ? "answered" : "moved", v->seconds, what);
}
