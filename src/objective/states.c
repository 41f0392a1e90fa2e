/* SPDX-License-Identifier: Apache-2.0 */
#include "objective/states.h"

#include <stdlib.h>
#include <string.h>

/* Tokens of the parent and of the segment, one after the other, then the states of rows [from, from + rows). */
typedef struct {
    uint64_t hash;
    int32_t parent, own, from, rows;
    int32_t *token;
    float *state;
} entry;

struct ix_states {
    int64_t D, count, places; /* places: a power of two, at most half full */
    size_t bytes, most;
    entry *place;
};

ix_status ix_states_create(ix_states **out, int64_t D, size_t most)
{
    ix_states *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) return ix_fail(IX_ENOMEM, "hidden states: out of memory");
    *s = (ix_states){.D = D, .most = most, .places = 1024};
    s->place = calloc((size_t)s->places, sizeof *s->place);
    if (!s->place) {
        free(s);
        return ix_fail(IX_ENOMEM, "hidden states: out of memory");
    }
    *out = s;
    return IX_OK;
}

void ix_states_destroy(ix_states **states)
{
    ix_states *s = *states;
    if (!s) return;
    for (int64_t i = 0; i < s->places; i++) {
        free(s->place[i].token);
        free(s->place[i].state);
    }
    free(s->place);
    free(s);
    *states = NULL;
}

/* FNV-1a over whole tokens. */
static uint64_t mix(uint64_t h, const int32_t *token, int32_t n)
{
    for (int32_t i = 0; i < n; i++) h = (h ^ (uint32_t)token[i]) * 0x100000001b3u;
    return (h ^ (uint32_t)n) * 0x100000001b3u;
}

static entry entry_of(const ix_pack *pack, int32_t segment, const ix_rows *read)
{
    const ix_segment *s = &pack->segment[segment];
    entry e = {.own = s->end - s->begin, .from = read[segment].begin - s->begin};
    e.rows = read[segment].end - read[segment].begin;
    e.hash = 0xcbf29ce484222325u;
    if (s->parent >= 0) {
        const ix_segment *p = &pack->segment[s->parent];
        e.parent = p->end - p->begin;
        e.hash = mix(e.hash, pack->token + p->begin, e.parent);
    }
    e.hash = mix(e.hash, pack->token + s->begin, e.own);
    return e;
}

static bool same(const entry *a, const entry *b, const ix_pack *pack, int32_t segment)
{
    const ix_segment *s = &pack->segment[segment];
    if (a->hash != b->hash || a->parent != b->parent || a->own != b->own) return false;
    if (a->from != b->from || a->rows != b->rows) return false;
    if (a->parent &&
        memcmp(a->token, pack->token + pack->segment[s->parent].begin, (size_t)a->parent * sizeof *a->token))
        return false;
    return !memcmp(a->token + a->parent, pack->token + s->begin, (size_t)a->own * sizeof *a->token);
}

/* Where the segment is, or would go. */
static entry *look_up(const ix_states *s, const entry *e, const ix_pack *pack, int32_t segment)
{
    int64_t at = (int64_t)(e->hash & (uint64_t)(s->places - 1));
    while (s->place[at].token && !same(&s->place[at], e, pack, segment)) at = (at + 1) & (s->places - 1);
    return &s->place[at];
}

bool ix_states_find(const ix_states *s, const ix_pack *pack, const ix_rows *read, float *hidden)
{
    for (int32_t i = 0; i < pack->S; i++) {
        entry e = entry_of(pack, i, read);
        if (e.rows <= 0) continue;
        const entry *found = look_up(s, &e, pack, i);
        if (!found->token) return false;
        memcpy(hidden + read[i].begin * s->D, found->state, (size_t)(e.rows * s->D) * sizeof *hidden);
    }
    return true;
}

static bool grow(ix_states *s)
{
    entry *old = s->place, *more = calloc(2 * (size_t)s->places, sizeof *more);
    int64_t n = s->places;
    if (!more) return false;
    s->place = more;
    s->places = 2 * n;
    for (int64_t i = 0; i < n; i++) {
        if (!old[i].token) continue;
        int64_t at = (int64_t)(old[i].hash & (uint64_t)(s->places - 1));
        while (more[at].token) at = (at + 1) & (s->places - 1);
        more[at] = old[i];
    }
    free(old);
    return true;
}

static void keep_segment(ix_states *s, const ix_pack *pack, int32_t segment, const ix_rows *read, const float *hidden)
{
    const ix_segment *g = &pack->segment[segment];
    entry e = entry_of(pack, segment, read);
    size_t tokens = (size_t)(e.parent + e.own) * sizeof *e.token, states = (size_t)(e.rows * s->D) * sizeof *e.state;

    if (e.rows <= 0 || s->bytes + tokens + states > s->most) return;
    if (2 * (s->count + 1) > s->places && !grow(s)) return;
    entry *to = look_up(s, &e, pack, segment);
    if (to->token) return;
    e.token = malloc(tokens);
    e.state = malloc(states);
    if (!e.token || !e.state) {
        free(e.token);
        free(e.state);
        return;
    }
    if (e.parent) memcpy(e.token, pack->token + pack->segment[g->parent].begin, (size_t)e.parent * sizeof *e.token);
    memcpy(e.token + e.parent, pack->token + g->begin, (size_t)e.own * sizeof *e.token);
    memcpy(e.state, hidden + read[segment].begin * s->D, states);
    *to = e;
    s->count++;
    s->bytes += tokens + states;
}

void ix_states_keep(ix_states *s, const ix_pack *pack, const ix_rows *read, const float *hidden)
{
    for (int32_t i = 0; i < pack->S; i++) keep_segment(s, pack, i, read, hidden);
}
