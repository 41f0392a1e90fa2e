/* SPDX-License-Identifier: Apache-2.0
 *
 * generate.c - units (the sequences of one prompt) are dealt to data ranks by their work and cut into batches. A batch
 * puts its prompts into the cache, then takes a step for all its sequences together until each has ended. */
#include "train/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "pack/cut.h"
#include "train/judge.h"

enum { MOST_AT_ONCE = 256, INDEX_BITS = 28, ATTEMPT_BITS = 16, POSITION_BITS = 20 };
static const size_t cache_budget = (size_t)1 << 30;

/* --- what was said ---------------------------------------------------------------------------------- */

ix_status ix_said_create(ix_said *out, int64_t n, int32_t most)
{
    size_t tokens = (size_t)n * (size_t)most + 1;
    *out = (ix_said){.n = n, .most = most};
    out->size = calloc((size_t)n + 1, sizeof *out->size);
    out->token = calloc(tokens, sizeof *out->token);
    out->logp = calloc(tokens, sizeof *out->logp);
    if (out->size && out->token && out->logp) return IX_OK;
    ix_said_free(out);
    return ix_fail(IX_ENOMEM, "generation of %lld sequences: out of memory", (long long)n);
}

void ix_said_free(ix_said *said)
{
    free(said->size);
    free(said->token);
    free(said->logp);
    *said = (ix_said){0};
}

double ix_said_logp(const ix_said *said, int64_t i)
{
    double sum = 0;
    for (int32_t k = 0; k < said->size[i]; k++) sum += said->logp[i * said->most + k];
    return sum;
}

/* --- the work of a rank ----------------------------------------------------------------------------- */

/* A sequence that is being written. */
typedef struct {
    int64_t i;           /* as asked */
    int64_t prompt, own; /* first slots in the cache */
    int32_t size, said;  /* tokens of the prompt, and after it */
    ix_choice next;
} sequence;

typedef struct {
    const ix_generator *g;
    const ix_asked *asked;
    ix_said *out;
    ix_cache *cache;
    ix_pack *pack;
    int64_t n, units, pieces, batch, room, V;
    ix_span *unit, *piece; /* [units] of asked; [pieces] of one unit each, this rank's */
    int32_t *part;         /* [units] */
    int64_t *work;         /* [units] */
    sequence *live;        /* [batch] */
    int64_t *slot;         /* [room] */
    ix_kept_row *seen;     /* [batch] */
    ix_choice *choice;     /* [batch] */
    int32_t *row, *token;  /* [batch] */
    double *u, *logp;      /* [batch] */
    ix_rows *read;         /* [batch] */
    float *z;              /* [batch, V] */
    void *sampling;
} writer;

static void close_writer(writer *w)
{
    ix_cache_destroy(&w->cache);
    ix_pack_destroy(&w->pack);
    free(w->unit);
    free(w->piece);
    free(w->part);
    free(w->work);
    free(w->live);
    free(w->slot);
    free(w->seen);
    free(w->choice);
    free(w->row);
    free(w->token);
    free(w->u);
    free(w->logp);
    free(w->read);
    free(w->z);
    free(w->sampling);
}

static bool same_prompt(const ix_asked *a, const ix_asked *b)
{
    return a->size == b->size && !memcmp(a->prompt, b->prompt, (size_t)a->size * sizeof *a->prompt);
}

static void find_units(writer *w)
{
    for (int64_t i = 0; i < w->n; i++) {
        if (i == 0 || !same_prompt(&w->asked[i], &w->asked[i - 1])) w->unit[w->units++] = (ix_span){i, i};
        w->unit[w->units - 1].hi = i + 1;
    }
    for (int64_t u = 0; u < w->units; u++)
        w->work[u] = w->asked[w->unit[u].lo].size + w->g->most * ix_span_size(w->unit[u]);
}

/* The units of a data rank, cut into pieces of at most a batch. */
static int64_t list_pieces(writer *w, int rank)
{
    w->pieces = 0;
    for (int64_t u = 0; u < w->units; u++)
        for (int64_t at = w->unit[u].lo; w->part[u] == rank && at < w->unit[u].hi; at += w->batch) {
            int64_t hi = at + w->batch < w->unit[u].hi ? at + w->batch : w->unit[u].hi;
            w->piece[w->pieces++] = (ix_span){at, hi};
        }
    return w->pieces;
}

/* Pieces [from, returned) fill a batch. */
static int64_t end_of_batch(const writer *w, int64_t from)
{
    int64_t sequences = 0, at = from;
    for (; at < w->pieces; at++) {
        sequences += ix_span_size(w->piece[at]);
        if (at > from && sequences > w->batch) break;
    }
    return at;
}

static int64_t slots_of_batch(const writer *w, int64_t from, int64_t to)
{
    int64_t slots = 0;
    for (int64_t p = from; p < to; p++)
        slots += ix_cache_run(w->asked[w->piece[p].lo].size) + ix_span_size(w->piece[p]) * ix_cache_run(w->g->most);
    return slots;
}

static int64_t most_slots(const writer *w)
{
    int64_t most = 1;
    for (int64_t from = 0, to; from < w->pieces; from = to) {
        to = end_of_batch(w, from);
        int64_t slots = slots_of_batch(w, from, to);
        if (slots > most) most = slots;
    }
    return most;
}

static int64_t longest_prompt(const writer *w)
{
    int64_t most = 1;
    for (int64_t i = 0; i < w->n; i++) most = w->asked[i].size > most ? w->asked[i].size : most;
    return most;
}

/* Sequences at a time, and tokens of the largest pack. */
static void choose_batch(writer *w)
{
    const ix_generator *g = w->g;
    int64_t longest = longest_prompt(w), each = ix_cache_run(longest) + ix_cache_run(g->most);
    int64_t fit = (int64_t)(cache_budget / ix_cache_bytes(g->model, each));
    w->batch = g->batch ? g->batch : fit < 1 ? 1 : fit < MOST_AT_ONCE ? fit : MOST_AT_ONCE;
    if (w->batch > w->n) w->batch = w->n;
    w->room = ix_pack_budget(g->model, IX_PACK_BYTES);
    if (w->room < longest + g->most) w->room = longest + g->most;
    if (w->room < w->batch) w->room = w->batch;
}

static ix_status make_buffers(writer *w)
{
    ix_status rc = IX_OK;
    size_t n = (size_t)w->batch;

    IX_TRY(ix_cache_create(&w->cache, w->g->model, most_slots(w)));
    IX_TRY(ix_pack_create(&w->pack, w->room, w->batch, 0));
    w->live = calloc(n, sizeof *w->live);
    w->slot = calloc((size_t)w->room, sizeof *w->slot);
    w->seen = calloc(n, sizeof *w->seen);
    w->choice = calloc(n, sizeof *w->choice);
    w->row = calloc(n, sizeof *w->row);
    w->token = calloc(n, sizeof *w->token);
    w->u = calloc(n, sizeof *w->u);
    w->logp = calloc(n, sizeof *w->logp);
    w->read = calloc(n, sizeof *w->read);
    w->z = ix_alloc_block(n * (size_t)w->V * sizeof *w->z);
    w->sampling = ix_alloc_block(ix_sample_scratch(w->V));
    IX_NEED(w->live && w->slot && w->seen && w->choice && w->row && w->token && w->u && w->logp && w->read && w->z &&
                w->sampling,
            IX_ENOMEM, "generation of %lld sequences at a time: out of memory; lower generate.batch",
            (long long)w->batch);
done:
    return rc;
}

static ix_status open_writer(writer *w)
{
    ix_status rc = IX_OK;
    const ix_generator *g = w->g;
    size_t n = (size_t)w->n;

    choose_batch(w);
    w->V = ix_model_config_of(g->model)->V;
    w->unit = calloc(n, sizeof *w->unit);
    w->piece = calloc(n, sizeof *w->piece);
    w->part = calloc(n, sizeof *w->part);
    w->work = calloc(n, sizeof *w->work);
    IX_NEED(w->unit && w->piece && w->part && w->work, IX_ENOMEM, "generation: out of memory");
    IX_TRY(ix_model_reserve(g->model, w->room, false));
    if (w->batch > ix_model_head_rows(g->model)) w->batch = ix_model_head_rows(g->model);
    find_units(w);
    IX_TRY(ix_cut_parts(w->part, w->work, w->units, ix_grid_size(g->grid, IX_DATA)));
    list_pieces(w, ix_grid_rank(g->grid, IX_DATA));
    IX_TRY(make_buffers(w));
done:
    return rc;
}

/* --- one batch -------------------------------------------------------------------------------------- */

/* May the sequence say another token, and which? */
static bool goes_on(const writer *w, sequence *s)
{
    const ix_generator *g = w->g;
    const int32_t *said = w->out->token + s->i * g->most;
    s->next = (ix_choice){0};
    if (s->said == g->most) return false;
    for (int k = 0; s->said > 0 && k < g->ends; k++)
        if (said[s->said - 1] == g->end[k]) return false;
    return !g->guide || g->guide(g->context, s->i, said, s->said, &s->next);
}

static uint64_t place_of_draw(const ix_asked *a, int32_t position)
{
    return (((uint64_t)a->index << ATTEMPT_BITS) + (uint64_t)a->attempt) * ((uint64_t)1 << POSITION_BITS) +
           (uint64_t)position;
}

/* The next token of each of live[from, from + n), whose hidden states are at row[]. Those with one choice say it. */
static ix_status say(writer *w, int64_t from, int64_t n)
{
    ix_status rc = IX_OK;
    const ix_generator *g = w->g;

    ix_model_logits(g->model, g->weights, w->row, n, w->z);
    for (int64_t k = 0; k < n; k++) {
        const sequence *s = &w->live[from + k];
        w->choice[k] = s->next;
        w->u[k] = ix_draw_uniform(g->seed, IX_DRAW_SAMPLE, place_of_draw(&w->asked[s->i], s->said));
    }
    ix_sample(w->token, w->z, w->choice, &g->sampling, w->u, n, w->V, w->sampling);
    ix_model_chosen_logp(g->model, w->token, n, w->logp);
    for (int64_t k = 0; k < n; k++) {
        sequence *s = &w->live[from + k];
        int64_t at = s->i * g->most + s->said++;
        IX_NEED(isfinite(w->logp[k]), IX_ENUMERIC, "generation: a log-probability is no number");
        w->out->token[at] = w->token[k];
        w->out->logp[at] = w->logp[k];
        w->out->size[s->i] = s->said;
    }
done:
    return rc;
}

/* Sequences of the pieces [from, to) that say anything, and their slots. The prompt's come first. */
static int64_t begin_batch(writer *w, int64_t from, int64_t to)
{
    int64_t n = 0, slots = 0;
    for (int64_t p = from; p < to; p++) {
        int64_t prompt = slots;
        slots += ix_cache_run(w->asked[w->piece[p].lo].size);
        for (int64_t i = w->piece[p].lo; i < w->piece[p].hi; i++) {
            sequence s = {.i = i, .prompt = prompt, .own = slots, .size = w->asked[i].size};
            if (!goes_on(w, &s)) continue;
            slots += ix_cache_run(w->g->most);
            w->live[n++] = s;
        }
    }
    return n;
}

/* Sequences live[from, returned) whose prompts go into one pack, which is filled; row[] of their last tokens. */
static int64_t fill_prompts(writer *w, int64_t from, int64_t n)
{
    int64_t at = from;
    ix_pack_clear(w->pack);
    for (; at < n; at++) {
        const sequence *s = &w->live[at];
        bool again = at > from && s->prompt == s[-1].prompt;
        if (!again && w->pack->N + s->size > w->room) break;
        if (!again) {
            for (int32_t k = 0; k < s->size; k++) w->slot[w->pack->N + k] = s->prompt + k;
            ix_pack_add_document(w->pack, w->asked[s->i].prompt, s->size);
            w->read[w->pack->S - 1] = (ix_rows){w->pack->N - 1, w->pack->N};
        }
        w->row[at - from] = w->pack->N - 1;
    }
    return at;
}

static ix_status read_prompts(writer *w, int64_t n)
{
    ix_status rc = IX_OK;
    const ix_generator *g = w->g;
    for (int64_t from = 0, to; from < n; from = to) {
        to = fill_prompts(w, from, n);
        ix_model_prefill(g->model, g->weights, w->pack, w->read, w->cache, w->slot);
        IX_TRY(say(w, from, to - from));
    }
done:
    return rc;
}

/* The last token of every sequence, one row each. */
static void fill_step(writer *w, int64_t n)
{
    ix_pack_clear(w->pack);
    for (int64_t k = 0; k < n; k++) {
        const sequence *s = &w->live[k];
        int32_t last = s->said - 1;
        w->pack->token[k] = w->out->token[s->i * w->g->most + last];
        w->pack->position[k] = s->size + last;
        w->slot[k] = s->own + last;
        w->seen[k] = (ix_kept_row){.first = {s->prompt, s->own}, .size = {s->size, s->said}};
        w->row[k] = (int32_t)k;
    }
    w->pack->N = (int32_t)n;
}

static int64_t drop_ended(writer *w, int64_t n)
{
    int64_t left = 0;
    for (int64_t k = 0; k < n; k++)
        if (goes_on(w, &w->live[k])) w->live[left++] = w->live[k];
    return left;
}

static ix_status write_batch(writer *w, int64_t from, int64_t to)
{
    ix_status rc = IX_OK;
    const ix_generator *g = w->g;
    int64_t n = begin_batch(w, from, to);
    IX_TRY(read_prompts(w, n));
    while ((n = drop_ended(w, n)) > 0) {
        fill_step(w, n);
        ix_model_follow(g->model, g->weights, w->pack, w->cache, w->slot, w->seen);
        IX_TRY(say(w, 0, n));
    }
done:
    return rc;
}

/* --- all of them ------------------------------------------------------------------------------------ */

static int64_t count_batches(const writer *w)
{
    int64_t batches = 0;
    for (int64_t from = 0; from < w->pieces; batches++) from = end_of_batch(w, from);
    return batches;
}

/* Batches of the rank that has most: so often all ranks ask whether to save. */
static int64_t most_batches(writer *w)
{
    int64_t most = 0;
    for (int rank = 0; rank < ix_grid_size(w->g->grid, IX_DATA); rank++) {
        list_pieces(w, rank);
        int64_t batches = count_batches(w);
        if (batches > most) most = batches;
    }
    list_pieces(w, ix_grid_rank(w->g->grid, IX_DATA));
    return most;
}

static ix_status save(const ix_generator *g, ix_saver_wish wish)
{
    if (g->save) return g->save(g->saving, wish);
    return wish == IX_SAVE_AND_STOP ? ix_fail(IX_STOPPED, "stopped while texts were generated") : IX_OK;
}

static ix_status write_all(writer *w)
{
    ix_status rc = IX_OK, mine = IX_OK;
    int64_t rounds = most_batches(w);
    for (int64_t round = 0, from = 0, to; round < rounds; round++, from = to) {
        to = from < w->pieces ? end_of_batch(w, from) : from;
        if (from < to && mine == IX_OK) mine = write_batch(w, from, to);
        ix_saver_wish wish = ix_saver_tick_apart(w->g->saver);
        if (wish != IX_GO_ON) IX_TRY(save(w->g, wish));
    }
    IX_TRY(ix_grid_agree(w->g->grid, IX_GROUP, mine));
done:
    return rc;
}

/* Everybody's sequences on every rank. */
static ix_status meet(const writer *w)
{
    ix_status rc = IX_OK;
    const ix_grid *grid = w->g->grid;
    ix_said *out = w->out;
    int64_t tokens = out->n * out->most, n = out->n + 2 * tokens;
    double *all = calloc((size_t)n + 1, sizeof *all);

    IX_TRY(ix_grid_agree(grid, IX_GROUP, all ? IX_OK : ix_fail(IX_ENOMEM, "generation: out of memory")));
    for (int64_t i = 0; i < out->n; i++) all[i] = out->size[i];
    for (int64_t i = 0; i < tokens; i++) all[out->n + i] = out->token[i];
    memcpy(all + out->n + tokens, out->logp, (size_t)tokens * sizeof *all);
    ix_grid_merge_double(grid, IX_DATA, all, n);
    for (int64_t i = 0; i < out->n; i++) out->size[i] = (int32_t)all[i];
    for (int64_t i = 0; i < tokens; i++) out->token[i] = (int32_t)all[out->n + i];
    memcpy(out->logp, all + out->n + tokens, (size_t)tokens * sizeof *all);
done:
    free(all);
    return rc;
}

static void check_asked(const ix_generator *g, const ix_asked *asked, int64_t n)
{
    IX_CONTRACT(g->most > 0 && g->most < 1 << POSITION_BITS && g->sampling.temperature > 0);
    for (int64_t i = 0; i < n; i++)
        IX_CONTRACT(asked[i].size > 0 && asked[i].attempt >= 0 && asked[i].attempt < 1 << ATTEMPT_BITS &&
                    asked[i].index >= 0 && asked[i].index < 1 << INDEX_BITS);
}

ix_status ix_generate(const ix_generator *g, const ix_asked *asked, int64_t n, ix_said *out)
{
    ix_status rc = IX_OK;
    writer w = {.g = g, .asked = asked, .out = out, .n = n};

    check_asked(g, asked, n);
    IX_TRY(ix_grid_agree(g->grid, IX_GROUP, ix_said_create(out, n, g->most)));
    if (n == 0) goto done;
    IX_TRY(ix_grid_agree(g->grid, IX_GROUP, open_writer(&w)));
    IX_TRY(write_all(&w));
    IX_TRY(meet(&w));
done:
    close_writer(&w);
    if (rc != IX_OK) ix_said_free(out);
    return rc;
}
