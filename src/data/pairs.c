/* SPDX-License-Identifier: Apache-2.0 */
#include "data/pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/random.h"
#include "data/lines.h"
#include "data/words.h"

enum { BLOCK = 512 }; /* rows tokenized at a time */

typedef struct {
    int64_t at, row;
    int32_t prompt_size, response_size[IX_SIDES];
} place;

struct ix_pairs {
    int32_t *token;
    int64_t tokens, token_capacity;
    place *place;
    int64_t count, capacity;
    int64_t dropped, rows;
    bool drawn; /* rows do not ascend */
};

/* What becomes of one row. Kept for the next block, so that its lists keep their memory. */
typedef struct {
    ix_ids prompt, response[IX_SIDES];
    ix_ids question[IX_SIDES]; /* IX_FORM_VERIFY: whole sequences */
    ix_status rc;
    bool too_long;
    char *error;
} slot;

typedef struct {
    const ix_texts *texts;
    const ix_tokenizer *tok;
    const ix_chat *chat;
    ix_limits limits;
    slot slot[BLOCK];
    ix_row_errors errors;
} work;

static ix_status copy_list(ix_ids *out, const int32_t *id, int32_t n)
{
    if (out->capacity < (size_t)n) {
        int32_t *grown = realloc(out->id, (size_t)n * sizeof *grown);
        if (!grown) return ix_fail(IX_ENOMEM, "token ids: out of memory");
        out->id = grown;
        out->capacity = (size_t)n;
    }
    memcpy(out->id, id, (size_t)n * sizeof *id);
    out->size = (size_t)n;
    return IX_OK;
}

static ix_status copy_pair(slot *s, const ix_pair *ids)
{
    ix_status rc = IX_OK;
    IX_TRY(copy_list(&s->prompt, ids->prompt, ids->prompt_size));
    for (int side = 0; side < IX_SIDES; side++)
        IX_TRY(copy_list(&s->response[side], ids->response[side], ids->response_size[side]));
done:
    return rc;
}

static ix_status encode_texts(const work *w, slot *s, const ix_text_pair *p)
{
    ix_status rc = IX_OK;
    char *prompt = NULL, *response = NULL;
    size_t prompt_size, response_size;
    ix_chat_message *turn = calloc((size_t)p->turns, sizeof *turn);

    IX_NEED(turn, IX_ENOMEM, "conversation: out of memory");
    for (int i = 0; i < p->turns; i++)
        turn[i] = (ix_chat_message){p->turn[i].role, p->turn[i].content, strlen(p->turn[i].content)};
    for (int side = 0; side < IX_SIDES; side++) {
        const char *text = p->response[side];
        IX_TRY(ix_chat_pair(w->chat, turn, p->turns, text, strlen(text), &prompt, &prompt_size, &response,
                            &response_size));
        if (side == IX_CHOSEN) IX_TRY(ix_tokenizer_encode(w->tok, prompt, prompt_size, &s->prompt));
        IX_TRY(ix_tokenizer_encode(w->tok, response, response_size, &s->response[side]));
        free(prompt);
        free(response);
        prompt = response = NULL;
    }
done:
    free(prompt);
    free(response);
    free(turn);
    return rc;
}

/* --- the question whether an answer is correct ---------------------------------------------------- */

/* The prompt as one text; free() it. */
static char *question_of(const ix_text_pair *p)
{
    char *all = ix_format("%s", p->turns == 1 ? p->turn[0].content : "");
    for (int i = 0; p->turns > 1 && i < p->turns; i++) {
        char *more = ix_format("%s%s%s: %s", all, i ? "\n" : "", p->turn[i].role, p->turn[i].content);
        free(all);
        all = more;
    }
    return all;
}

static ix_status encode_question(const work *w, const char *question, const char *answer, ix_ids *out)
{
    char *text = ix_format("Question: %s\nAnswer: %s\nVerification: Is the answer correct (Yes/No)?", question, answer);
    char *whole = NULL;
    size_t size;
    ix_chat_message turn = {"user", text, strlen(text)};
    ix_status rc = ix_chat_render(w->chat, &turn, 1, true, &whole, &size);
    if (rc == IX_OK) rc = ix_tokenizer_encode(w->tok, whole, size, out);
    free(whole);
    free(text);
    return rc;
}

/* What both sequences begin with becomes the prompt; each keeps at least its last token. */
static ix_status split_questions(slot *s)
{
    ix_status rc = IX_OK;
    const ix_ids *a = &s->question[IX_CHOSEN], *b = &s->question[IX_REJECTED];
    size_t least = a->size < b->size ? a->size : b->size, n = 0;

    while (n + 1 < least && a->id[n] == b->id[n]) n++;
    IX_NEED(n > 0, IX_EINPUT, "the questions about both answers begin with different tokens");
    IX_TRY(copy_list(&s->prompt, a->id, (int32_t)n));
    for (int side = 0; side < IX_SIDES; side++)
        IX_TRY(copy_list(&s->response[side], s->question[side].id + n, (int32_t)(s->question[side].size - n)));
done:
    return rc;
}

static ix_status ask(const work *w, slot *s, const ix_text_pair *p)
{
    ix_status rc = IX_OK;
    char *question = question_of(p);
    IX_NEED(!p->ids.prompt, IX_EINPUT, "the pair came as token ids: ex_grm needs its texts to ask about them");
    for (int side = 0; side < IX_SIDES; side++)
        IX_TRY(encode_question(w, question, p->response[side], &s->question[side]));
    IX_TRY(split_questions(s));
done:
    free(question);
    return rc;
}

/* --- checks --------------------------------------------------------------------------------------- */

static ix_status check_ids(const ix_ids *ids, const char *what, int32_t vocabulary)
{
    if (ids->size == 0) return ix_fail(IX_EINPUT, "the %s has no tokens", what);
    if (ids->size > INT32_MAX / 4) return ix_fail(IX_EINPUT, "the %s has %zu tokens, too many", what, ids->size);
    for (size_t i = 0; vocabulary > 0 && i < ids->size; i++)
        if (ids->id[i] < 0 || ids->id[i] >= vocabulary)
            return ix_fail(IX_EINPUT, "token %zu of the %s has id %d, outside the model's vocabulary of %d", i, what,
                           (int)ids->id[i], (int)vocabulary);
    return IX_OK;
}

static ix_status check_length(const ix_ids *ids, const char *what, int32_t most)
{
    if (most == 0 || ids->size <= (size_t)most) return IX_OK;
    return ix_fail(IX_EINPUT, "the %s has %zu tokens, more than max_tokens: %d", what, ids->size, (int)most);
}

static ix_status check_sequence(const slot *s, ix_side side, int32_t most)
{
    size_t n = s->prompt.size + s->response[side].size;
    if (most == 0 || n <= (size_t)most) return IX_OK;
    return ix_fail(IX_EINPUT, "prompt and %s response have %zu tokens, more than max_tokens.sequence: %d",
                   side == IX_CHOSEN ? "chosen" : "rejected", n, (int)most);
}

static bool too_long(const work *w, const slot *s)
{
    return check_length(&s->prompt, "prompt", w->limits.max_prompt) != IX_OK ||
           check_length(&s->response[IX_CHOSEN], "chosen response", w->limits.max_response) != IX_OK ||
           check_length(&s->response[IX_REJECTED], "rejected response", w->limits.max_response) != IX_OK ||
           check_sequence(s, IX_CHOSEN, w->limits.max_sequence) != IX_OK ||
           check_sequence(s, IX_REJECTED, w->limits.max_sequence) != IX_OK;
}

/* Fills the slot of one row; any thread. A message belongs to its thread, so the slot takes a copy along. */
static void encode_row(const work *w, slot *s, int64_t i)
{
    ix_status rc = IX_OK;
    const ix_text_pair *p = ix_texts_get(w->texts, i);
    s->prompt.size = s->response[IX_CHOSEN].size = s->response[IX_REJECTED].size = 0;
    s->question[IX_CHOSEN].size = s->question[IX_REJECTED].size = 0;
    s->too_long = false;
    IX_TRY(p->ids.prompt ? copy_pair(s, &p->ids) : encode_texts(w, s, p));
    IX_TRY(check_ids(&s->prompt, "prompt", w->limits.vocabulary));
    IX_TRY(check_ids(&s->response[IX_CHOSEN], "chosen response", w->limits.vocabulary));
    IX_TRY(check_ids(&s->response[IX_REJECTED], "rejected response", w->limits.vocabulary));
    s->too_long = too_long(w, s);
    if (w->limits.form == IX_FORM_VERIFY && !s->too_long) IX_TRY(ask(w, s, p));
done:
    s->rc = rc;
    s->error = rc == IX_OK && !s->too_long
                   ? NULL
                   : ix_format("%s:%lld: %s", ix_texts_name(w->texts), (long long)p->row + 1, ix_message());
}

static ix_status make_room(ix_pairs *pairs, int64_t tokens)
{
    place *p = ix_grown(pairs->place, &pairs->capacity, pairs->count + 1, sizeof *p);
    if (!p) return ix_fail(IX_ENOMEM, "%lld pairs do not fit into memory", (long long)pairs->count);
    pairs->place = p;
    int32_t *token = ix_grown(pairs->token, &pairs->token_capacity, pairs->tokens + tokens, sizeof *token);
    if (!token) return ix_fail(IX_ENOMEM, "%lld tokens do not fit into memory", (long long)pairs->tokens);
    pairs->token = token;
    return IX_OK;
}

static void append(ix_pairs *pairs, const int32_t *id, int32_t n)
{
    memcpy(pairs->token + pairs->tokens, id, (size_t)n * sizeof *id);
    pairs->tokens += n;
}

static ix_status keep(ix_pairs *pairs, const ix_pair *p)
{
    ix_status rc = IX_OK;
    const int32_t c = p->response_size[IX_CHOSEN], r = p->response_size[IX_REJECTED];
    IX_TRY(make_room(pairs, (int64_t)p->prompt_size + c + r));
    pairs->place[pairs->count++] =
        (place){.at = pairs->tokens, .row = p->row, .prompt_size = p->prompt_size, .response_size = {c, r}};
    append(pairs, p->prompt, p->prompt_size);
    append(pairs, p->response[IX_CHOSEN], c);
    append(pairs, p->response[IX_REJECTED], r);
done:
    return rc;
}

static ix_pair pair_of(const slot *s, int64_t row)
{
    const ix_ids *c = &s->response[IX_CHOSEN], *r = &s->response[IX_REJECTED];
    return (ix_pair){.prompt = s->prompt.id,
                     .prompt_size = (int32_t)s->prompt.size,
                     .response = {c->id, r->id},
                     .response_size = {(int32_t)c->size, (int32_t)r->size},
                     .row = row};
}

static bool enough(const ix_pairs *pairs, const ix_limits *limits)
{
    return limits->count > 0 && limits->seed == 0 && pairs->count == limits->count;
}

/* Rows lo..hi in order: kept, dropped, or complained about. */
static ix_status settle_block(ix_pairs *pairs, work *w, int64_t lo, int64_t hi)
{
    ix_status rc = IX_OK;
    for (int64_t i = lo; i < hi && !enough(pairs, &w->limits) && !ix_row_errors_full(&w->errors); i++) {
        const slot *s = &w->slot[i - lo];
        const ix_pair p = pair_of(s, ix_texts_get(w->texts, i)->row);
        IX_NEED(s->rc == IX_OK || s->rc == IX_EINPUT, s->rc, "%s", s->error);
        if (s->rc != IX_OK) {
            ix_row_errors_add(&w->errors, s->error);
        } else if (!s->too_long) {
            IX_TRY(keep(pairs, &p));
        } else if (w->limits.too_long == IX_TOO_LONG_DROP) {
            pairs->dropped++;
        } else {
            ix_fail(IX_EINPUT, "%s (too_long: drop leaves such pairs out)", s->error);
            ix_row_errors_add(&w->errors, ix_message());
        }
    }
done:
    for (int64_t i = lo; i < hi; i++) {
        free(w->slot[i - lo].error);
        w->slot[i - lo].error = NULL;
    }
    return rc;
}

static ix_status tokenize(ix_pairs *pairs, work *w)
{
    ix_status rc = IX_OK;
    int64_t n = ix_texts_count(w->texts), want = w->limits.count;

    for (int64_t lo = 0; lo < n && !enough(pairs, &w->limits) && !ix_row_errors_full(&w->errors); lo += BLOCK) {
        int64_t hi = lo + BLOCK < n ? lo + BLOCK : n;
#pragma omp parallel for schedule(dynamic, 8)
        for (int64_t i = lo; i < hi; i++) encode_row(w, &w->slot[i - lo], i);
        IX_TRY(settle_block(pairs, w, lo, hi));
    }
    IX_TRY(ix_row_errors_status(&w->errors));
    IX_NEED(pairs->count > 0, IX_EINPUT, "%s: no pair is left of %lld; %lld were longer than max_tokens",
            ix_texts_name(w->texts), (long long)n, (long long)pairs->dropped);
    IX_NEED(pairs->count >= want, IX_EINPUT,
            "%s: count is %lld, but only %lld pairs are left of %lld; %lld were longer than max_tokens",
            ix_texts_name(w->texts), (long long)want, (long long)pairs->count, (long long)n, (long long)pairs->dropped);
done:
    return rc;
}

/* Of all pairs that remained those that torch draws, in its order. */
static ix_status draw(ix_pairs *pairs, const ix_limits *limits)
{
    ix_status rc = IX_OK;
    ix_pairs drawn = {.dropped = pairs->dropped, .rows = pairs->rows, .drawn = true}, all = *pairs;
    int64_t *order = calloc((size_t)pairs->count, sizeof *order);
    ix_torch_rng rng;

    IX_NEED(order, IX_ENOMEM, "the draw of %lld pairs: out of memory", (long long)limits->count);
    ix_torch_seed(&rng, limits->seed);
    ix_torch_randperm(&rng, pairs->count, order);
    for (int64_t i = 0; i < limits->count; i++) {
        const ix_pair p = ix_pairs_get(pairs, order[i]);
        IX_TRY(keep(&drawn, &p));
    }
    *pairs = drawn;
    drawn = all;
done:
    free(drawn.token);
    free(drawn.place);
    free(order);
    return rc;
}

ix_status ix_pairs_tokenize(ix_pairs **out, const ix_texts *texts, const ix_tokenizer *tok, const ix_chat *chat,
                            const ix_limits *limits)
{
    ix_status rc = IX_OK;
    ix_pairs *pairs = NULL;
    work *w = NULL;

    *out = NULL;
    IX_CONTRACT(ix_texts_as_ids(texts) || (tok && chat) || ix_texts_count(texts) == 0);
    IX_NEED(pairs = calloc(1, sizeof *pairs), IX_ENOMEM, "%s: out of memory", ix_texts_name(texts));
    IX_NEED(w = calloc(1, sizeof *w), IX_ENOMEM, "%s: out of memory", ix_texts_name(texts));
    w->texts = texts;
    w->tok = tok;
    w->chat = chat;
    if (limits) w->limits = *limits;
    IX_CONTRACT(w->limits.max_prompt >= 0 && w->limits.max_response >= 0 && w->limits.count >= 0);
    IX_CONTRACT(w->limits.seed == 0 || w->limits.count > 0);
    pairs->rows = ix_texts_count(texts);
    IX_TRY(tokenize(pairs, w));
    if (w->limits.seed) IX_TRY(draw(pairs, &w->limits));
    *out = pairs;
    pairs = NULL;
done:
    for (int i = 0; w && i < BLOCK; i++) {
        ix_ids_free(&w->slot[i].prompt);
        for (int side = 0; side < IX_SIDES; side++) {
            ix_ids_free(&w->slot[i].response[side]);
            ix_ids_free(&w->slot[i].question[side]);
        }
    }
    free(w);
    ix_pairs_destroy(&pairs);
    return rc;
}

void ix_pairs_destroy(ix_pairs **pairs)
{
    if (!*pairs) return;
    free((*pairs)->token);
    free((*pairs)->place);
    free(*pairs);
    *pairs = NULL;
}

int64_t ix_pairs_count(const ix_pairs *pairs)
{
    return pairs->count;
}

ix_pair ix_pairs_get(const ix_pairs *pairs, int64_t i)
{
    IX_CONTRACT(i >= 0 && i < pairs->count);
    const place *p = &pairs->place[i];
    const int32_t *at = pairs->token + p->at;
    return (ix_pair){.prompt = at,
                     .response = {at + p->prompt_size, at + p->prompt_size + p->response_size[IX_CHOSEN]},
                     .prompt_size = p->prompt_size,
                     .response_size = {p->response_size[IX_CHOSEN], p->response_size[IX_REJECTED]},
                     .row = p->row};
}

int64_t ix_pairs_tokens(const ix_pairs *pairs)
{
    return pairs->tokens;
}

int64_t ix_pairs_dropped(const ix_pairs *pairs)
{
    return pairs->dropped;
}

int64_t ix_pairs_rows(const ix_pairs *pairs)
{
    return pairs->rows;
}

int64_t ix_pairs_find_row(const ix_pairs *pairs, int64_t row)
{
    IX_CONTRACT(!pairs->drawn);
    int64_t lo = 0, hi = pairs->count; /* rows ascend */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (pairs->place[mid].row < row) lo = mid + 1;
        else hi = mid;
    }
    return lo < pairs->count && pairs->place[lo].row == row ? lo : -1;
}

void ix_pairs_hash(const ix_pairs *pairs, char hex[IX_HASH_HEX])
{
    ix_hash *h = ix_hash_begin();
    ix_hash_add(h, &pairs->count, sizeof pairs->count);
    for (int64_t i = 0; i < pairs->count; i++) {
        ix_hash_add(h, &pairs->place[i].prompt_size, sizeof pairs->place[i].prompt_size);
        ix_hash_add(h, pairs->place[i].response_size, sizeof pairs->place[i].response_size);
    }
    ix_hash_add(h, pairs->token, (size_t)pairs->tokens * sizeof *pairs->token);
    ix_hash_end(h, hex);
}
