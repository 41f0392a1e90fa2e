/* SPDX-License-Identifier: Apache-2.0 */
#include "task/theory_tokens.h"

#include <stdlib.h>
#include <string.h>

enum { TRAINED = 1, OTHERWISE = 4 }; /* times 1 for the chosen side, 2 for the rejected */

typedef struct {
    unsigned char *where; /* [vocabulary] sides on which a token occurs */
    int64_t *count;       /* [vocabulary] */
    int64_t vocabulary;
} survey;

static void mark(survey *s, const ix_pairs *pairs, int as)
{
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        for (int side = 0; side < IX_SIDES; side++)
            for (int32_t t = 0; t < p.response_size[side]; t++)
                s->where[p.response[side][t]] |= (unsigned char)(as << side);
    }
}

static bool tells(const survey *s, int32_t token, int side, bool seen)
{
    int all = s->where[token], other = (TRAINED | OTHERWISE) << !side;
    if (all & other) return false;
    return seen ? all & (TRAINED << side) : !(all & (TRAINED << side));
}

static void count(survey *s, const ix_pairs *pairs, int side, bool seen)
{
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        for (int32_t t = p.response_size[side] - 1; t >= 0; t--)
            if (tells(s, p.response[side][t], side, seen)) {
                s->count[p.response[side][t]]++;
                break;
            }
    }
}

/* The tokens that count most, at most `room`; the counts are used up. */
static int take_most(survey *s, int32_t *token, int room)
{
    int n = 0;
    for (; n < room; n++) {
        int64_t best = 0;
        for (int64_t v = 1; v < s->vocabulary; v++)
            if (s->count[v] > s->count[best]) best = v;
        if (s->count[best] == 0) break;
        token[n] = (int32_t)best;
        s->count[best] = 0;
    }
    memset(s->count, 0, (size_t)s->vocabulary * sizeof *s->count);
    return n;
}

ix_status ix_told_tokens_find(ix_told_tokens *out, const ix_pairs *train, const ix_pairs *const *other, int others,
                              int64_t vocabulary)
{
    ix_status rc = IX_OK;
    survey s = {.where = calloc((size_t)vocabulary + 1, 1),
                .count = calloc((size_t)vocabulary + 1, sizeof *s.count),
                .vocabulary = vocabulary};

    *out = (ix_told_tokens){0};
    IX_NEED(s.where && s.count, IX_ENOMEM, "tokens: out of memory");
    mark(&s, train, TRAINED);
    for (int k = 0; k < others; k++) mark(&s, other[k], OTHERWISE);
    for (int side = 0; side < IX_SIDES; side++) {
        count(&s, train, side, true);
        out->seen_count[side] = take_most(&s, out->seen[side], IX_SEEN_TOKENS);
        for (int k = 0; k < others; k++) count(&s, other[k], side, false);
        out->unseen_count[side] = take_most(&s, out->unseen[side], IX_UNSEEN_TOKENS);
    }
done:
    free(s.where);
    free(s.count);
    return rc;
}
