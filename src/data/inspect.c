/* SPDX-License-Identifier: Apache-2.0 */
#include "data/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "text/unicode.h"

typedef enum { PROMPT, WITH_CHOSEN, WITH_REJECTED, WHOLE, KEYS } key;

typedef struct {
    char hex[IX_HASH_HEX];
} digest;

static void hash_ids(ix_hash *h, const int32_t *id, int32_t n)
{
    ix_hash_add(h, &n, sizeof n);
    if (n > 0) ix_hash_add(h, id, (size_t)n * sizeof *id);
}

static void hash_response(ix_hash *h, const ix_text_pair *p, int side)
{
    if (p->turns > 0) ix_hash_add_text(h, p->response[side]);
    else hash_ids(h, p->ids.response[side], p->ids.response_size[side]);
}

static void hash_part(const ix_text_pair *p, key what, digest *out)
{
    ix_hash *h = ix_hash_begin();
    if (p->turns == 0) hash_ids(h, p->ids.prompt, p->ids.prompt_size);
    for (int i = 0; i < p->turns; i++) {
        ix_hash_add_text(h, p->turn[i].role);
        ix_hash_add_text(h, p->turn[i].content);
    }
    if (what == WITH_CHOSEN || what == WHOLE) hash_response(h, p, IX_CHOSEN);
    if (what == WITH_REJECTED || what == WHOLE) hash_response(h, p, IX_REJECTED);
    ix_hash_end(h, out->hex);
}

static int by_hex(const void *a, const void *b)
{
    return strcmp(((const digest *)a)->hex, ((const digest *)b)->hex);
}

/* Digests of all pairs, sorted. Free with free(). */
static ix_status sorted_digests(const ix_texts *texts, key what, digest **out)
{
    int64_t n = ix_texts_count(texts);
    *out = malloc((size_t)(n + 1) * sizeof **out);
    if (!*out) return ix_fail(IX_ENOMEM, "%s: out of memory", ix_texts_name(texts));
    for (int64_t i = 0; i < n; i++) hash_part(ix_texts_get(texts, i), what, &(*out)[i]);
    qsort(*out, (size_t)n, sizeof **out, by_hex);
    return IX_OK;
}

static ix_status count_repeated(const ix_texts *texts, key what, int64_t *repeated)
{
    digest *d = NULL;
    ix_status rc = sorted_digests(texts, what, &d);
    *repeated = 0;
    for (int64_t i = 1; rc == IX_OK && i < ix_texts_count(texts); i++) *repeated += by_hex(&d[i - 1], &d[i]) == 0;
    free(d);
    return rc;
}

static bool answers_equal(const ix_text_pair *p)
{
    const ix_pair *ids = &p->ids;
    if (p->turns > 0) return strcmp(p->response[IX_CHOSEN], p->response[IX_REJECTED]) == 0;
    return ids->response_size[IX_CHOSEN] == ids->response_size[IX_REJECTED] &&
           memcmp(ids->response[IX_CHOSEN], ids->response[IX_REJECTED],
                  (size_t)ids->response_size[IX_CHOSEN] * sizeof(int32_t)) == 0;
}

/* The last character that is no white space: its class, and its first byte in *lead; false if there is none. */
static bool last_character(const char *text, unsigned *classes, char *lead)
{
    size_t at = strlen(text), length;
    while (at > 0) {
        at = ix_utf8_before(text, at);
        *classes = ix_class_at(text, at, &length);
        *lead = text[at];
        if (!(*classes & IX_SPACE)) return true;
    }
    return false;
}

int64_t ix_response_length(const ix_text_pair *p, ix_side side)
{
    int64_t n = 0;
    if (p->turns == 0) return p->ids.response_size[side];
    for (const char *c = p->response[side]; *c; c++) n += ((unsigned char)*c & 0xC0) != 0x80;
    return n;
}

static void look_at_end(const ix_text_pair *p, ix_side side, ix_inspection *out)
{
    unsigned classes;
    char lead;
    if (p->turns == 0) out->empty[side] += p->ids.response_size[side] == 0;
    else if (!last_character(p->response[side], &classes, &lead)) out->empty[side]++;
    else out->cut[side] += (classes & IX_LETTER) || strchr(",([{", lead) != NULL;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static ix_status measure_side(const ix_texts *texts, ix_side side, ix_inspection *out)
{
    int64_t n = ix_texts_count(texts), *length = malloc((size_t)n * sizeof *length);
    if (!length) return ix_fail(IX_ENOMEM, "%s: out of memory", ix_texts_name(texts));
    for (int64_t i = 0; i < n; i++) length[i] = ix_response_length(ix_texts_get(texts, i), side);
    qsort(length, (size_t)n, sizeof *length, by_number);
    out->shortest[side] = length[0];
    out->median[side] = length[(n - 1) / 2];
    out->longest[side] = length[n - 1];
    free(length);
    return IX_OK;
}

ix_status ix_inspect(const ix_texts *texts, ix_inspection *out)
{
    ix_status rc = IX_OK;
    int64_t n = ix_texts_count(texts), halves = 0;
    *out = (ix_inspection){.pairs = n};
    if (n == 0) return IX_OK;
    IX_TRY(count_repeated(texts, WHOLE, &out->repeated));
    IX_TRY(count_repeated(texts, PROMPT, &out->repeated_prompts));
    for (int64_t i = 0; i < n; i++) {
        const ix_text_pair *p = ix_texts_get(texts, i);
        int64_t chosen = ix_response_length(p, IX_CHOSEN), rejected = ix_response_length(p, IX_REJECTED);
        out->equal += answers_equal(p);
        halves += chosen < rejected ? 2 : chosen == rejected;
        for (ix_side side = IX_CHOSEN; side < IX_SIDES; side++) look_at_end(p, side, out);
    }
    out->shorter_wins = (double)halves / (2.0 * (double)n);
    for (ix_side side = IX_CHOSEN; side < IX_SIDES; side++) IX_TRY(measure_side(texts, side, out));
done:
    return rc;
}

struct ix_known {
    digest *key[KEYS]; /* sorted */
    int64_t count;
};

ix_status ix_known_create(ix_known **out, const ix_texts *train)
{
    ix_status rc = IX_OK;
    ix_known *k = calloc(1, sizeof *k);
    *out = NULL;
    IX_NEED(k, IX_ENOMEM, "%s: out of memory", ix_texts_name(train));
    k->count = ix_texts_count(train);
    for (key what = 0; what < KEYS; what++) IX_TRY(sorted_digests(train, what, &k->key[what]));
    *out = k;
    k = NULL;
done:
    ix_known_destroy(&k);
    return rc;
}

void ix_known_destroy(ix_known **known)
{
    if (!*known) return;
    for (int what = 0; what < KEYS; what++) free((*known)->key[what]);
    free(*known);
    *known = NULL;
}

static bool is_known(const ix_known *known, key what, const digest *d)
{
    return bsearch(d, known->key[what], (size_t)known->count, sizeof *d, by_hex) != NULL;
}

static int64_t count_shared(const ix_known *known, const ix_texts *test, key what)
{
    int64_t shared = 0;
    for (int64_t i = 0; i < ix_texts_count(test); i++) {
        digest one;
        hash_part(ix_texts_get(test, i), what, &one);
        shared += is_known(known, what, &one);
    }
    return shared;
}

bool ix_known_chosen(const ix_known *known, const ix_text_pair *pair, ix_side side)
{
    digest d;
    hash_part(pair, side == IX_CHOSEN ? WITH_CHOSEN : WITH_REJECTED, &d);
    return is_known(known, WITH_CHOSEN, &d);
}

void ix_known_overlap(const ix_known *known, const ix_texts *test, ix_overlap *out)
{
    out->prompts = count_shared(known, test, PROMPT);
    out->response[IX_CHOSEN] = count_shared(known, test, WITH_CHOSEN);
    out->response[IX_REJECTED] = count_shared(known, test, WITH_REJECTED);
    out->pairs = count_shared(known, test, WHOLE);
}
