/* SPDX-License-Identifier: Apache-2.0
 *
 * trunk.c - embedding, blocks, final norm: forward and backward, and the memory that they take. What a block keeps per
 * token lies in one stretch of [width, room] floats, place after place; without a backward pass all blocks share one,
 * and so do blocks that are recomputed: each of them finds its own input, [D, room], and the rest in the stretch of the
 * first block that is not, which is through with it by then.
 */
#include <stdlib.h>
#include <string.h>

#include "model/family.h"

static const size_t logits_budget = (size_t)128 << 20; /* bytes of kept logits: a pair or two of large models */

/* --- places ------------------------------------------------------------------------------------- */

ix_place ix_keep(ix_model *m, int64_t floats)
{
    ix_place at = m->width;
    m->width += floats;
    return at;
}

float *ix_kept(const ix_run *r, ix_place place)
{
    return r->kept + place * r->m->room;
}

const float *ix_row(const ix_run *r, int row)
{
    IX_CONTRACT(r->m->params.param[row].bf16 < 0);
    return r->w + r->m->params.param[row].offset;
}

const uint16_t *ix_row_bf16(const ix_model *m, int row)
{
    int64_t at = m->params.param[row].bf16;
    if (at < 0) return NULL;
    IX_CONTRACT(m->held);
    return m->held + at;
}

float *ix_drow(const ix_run *r, int row)
{
    return r->dw + (r->m->params.param[row].offset - r->m->trained.lo);
}

float *ix_take_rows(const ix_run *r, int64_t columns)
{
    return ix_arena_take(r->m->scratch, (size_t)(r->N * columns) * sizeof(float));
}

size_t ix_rows_bytes(int64_t N, int64_t columns)
{
    return ix_arena_need((size_t)(N * columns) * sizeof(float));
}

/* --- memory ------------------------------------------------------------------------------------- */

static int64_t room_for(int64_t N)
{
    return (N + 15) / 16 * 16; /* every place begins at a multiple of 64 bytes */
}

static size_t bytes_of(int64_t floats)
{
    return ix_arena_need((size_t)floats * sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Everything that carve_all hands out beside the head's. */
static size_t trunk_bytes(const ix_model *m, int64_t N, bool keep, int recompute)
{
    int64_t D = m->c.D, table = N * ix_rotated(&m->c) / 2, room = room_for(N);
    size_t blocks = (size_t)(keep ? m->c.layers - recompute : 1), inputs = (size_t)(keep ? recompute : 0);
    return blocks * bytes_of(m->width * room) + inputs * bytes_of(D * room) + bytes_of(m->tail_width * room) +
           (keep ? 2 : 1) * bytes_of(N * D) + 3 * bytes_of(N) + 2 * bytes_of(table);
}

/* The most that blocks and final norm take from scratch at once. */
static size_t trunk_scratch(const ix_model *m, int64_t N, bool keep)
{
    size_t forward = ix_norm_scratch(&m->norm, N, false), back = ix_norm_scratch(&m->norm, N, true);
    for (int l = 0; l < m->c.layers; l++) {
        const ix_layer *b = &m->layer[l];
        forward = larger(forward, b->block->scratch(b, N, false));
        back = larger(back, b->block->scratch(b, N, true));
    }
    back = larger(back, forward); /* which may be repeated */
    return keep ? larger(forward, back + ix_rows_bytes(N, m->c.D)) : forward;
}

static int64_t words_of(const ix_model *m)
{
    return ix_span_size(m->split.words);
}

static int64_t head_rows_for(const ix_model *m, int64_t tokens)
{
    int64_t rows = (int64_t)(logits_budget / ((size_t)words_of(m) * sizeof(float)));
    if (m->head < 0) return 0;
    if (rows > tokens + tokens / 4 + 8) rows = tokens + tokens / 4 + 8; /* a prompt's last row is read twice */
    return rows < 16 ? 16 : rows;
}

static size_t head_bytes(const ix_model *m, int64_t rows)
{
    return bytes_of(rows * words_of(m)) + bytes_of(rows * m->c.D) + 2 * bytes_of(rows) + bytes_of(6 * rows);
}

static size_t scratch_bytes(const ix_model *m, int64_t N, bool backward)
{
    size_t head = backward ? ix_rows_bytes(head_rows_for(m, N), m->c.D) : 0;
    return larger(trunk_scratch(m, N, backward && m->deep), head);
}

/* The largest tile of the products with matrices that are held as bf16. */
static size_t tile_bytes(const ix_model *m)
{
    const ix_layer *b = &m->layer[0];
    const ix_linear *product[] = {&b->attention.in, &b->attention.out, &b->mlp.in, &b->mlp.out};
    size_t most = 0;
    for (int i = 0; i < 4; i++)
        if (m->params.param[product[i]->weight].bf16 >= 0)
            most = larger(most, ix_bf16_gemm_scratch(product[i]->out, product[i]->in));
    if (m->head >= 0 && m->params.param[m->head].bf16 >= 0)
        most = larger(most, ix_bf16_gemm_scratch(words_of(m), m->c.D));
    return most;
}

ix_model_memory ix_model_needs(const ix_model *m, int64_t tokens, bool backward)
{
    return (ix_model_memory){.kept = trunk_bytes(m, tokens, backward && m->deep, m->recompute),
                             .logits = head_bytes(m, head_rows_for(m, tokens)),
                             .scratch = scratch_bytes(m, tokens, backward) + tile_bytes(m)};
}

size_t ix_model_kept_bytes(const ix_model *m, bool backward)
{
    const int64_t many = 4096;                                      /* so that what is rounded up does not count */
    bool keep = backward && (m->deep || !ix_span_size(m->trained)); /* who is only asked has the packs of others */
    return (trunk_bytes(m, many, keep, 0) + trunk_scratch(m, many, keep)) / (size_t)many;
}

void ix_model_recompute(ix_model *m, int blocks)
{
    IX_CONTRACT(blocks >= 0 && blocks <= ix_model_most_recomputed(m) && !m->memory);
    m->recompute = blocks;
}

int ix_model_most_recomputed(const ix_model *m)
{
    return m->deep ? m->c.layers - 1 : 0;
}

size_t ix_model_recomputing_saves(const ix_model *m, int64_t tokens)
{
    return trunk_bytes(m, tokens, true, 0) - trunk_bytes(m, tokens, true, ix_model_most_recomputed(m) ? 1 : 0);
}

/* The next piece of the block that memory is cut from. */
static float *carve(char **at, int64_t floats)
{
    float *piece = (float *)(void *)*at;
    *at += bytes_of(floats);
    return piece;
}

static void carve_blocks(ix_model *m, char **at, bool keep)
{
    int L = m->c.layers, first = keep ? m->recompute : 0; /* that keeps all */
    for (int l = 0; l < L; l++) {
        if (l < first) m->input[l] = carve(at, m->c.D * m->room);
        else m->kept[l] = l > 0 && !keep ? m->kept[0] : carve(at, m->width * m->room);
        if (l >= first) m->input[l] = m->kept[l] + m->layer[l].x * m->room;
    }
    for (int l = 0; l < first; l++) m->kept[l] = m->kept[first];
}

static void carve_all(ix_model *m, int64_t N, bool backward)
{
    char *at = m->memory;
    int64_t D = m->c.D, table = N * ix_rotated(&m->c) / 2;
    bool keep = backward && m->deep;
    m->room = room_for(N);
    carve_blocks(m, &at, keep);
    m->tail = carve(&at, m->tail_width * m->room);
    m->hidden = carve(&at, N * D);
    m->x = keep ? carve(&at, N * D) : NULL;
    m->row = (int32_t *)(void *)carve(&at, N);
    m->row_position = (int32_t *)(void *)carve(&at, N);
    m->token = (int32_t *)(void *)carve(&at, N);
    m->positions = N;
    m->cosine = carve(&at, table);
    m->sine = carve(&at, table);
    m->head_rows = head_rows_for(m, N);
    m->logits = carve(&at, m->head_rows * words_of(m));
    m->head_in = carve(&at, m->head_rows * D);
    m->head_lse = carve(&at, m->head_rows);
    m->head_target = (int32_t *)(void *)carve(&at, m->head_rows);
    m->head_whole = (double *)(void *)carve(&at, 6 * m->head_rows);
    IX_CONTRACT((size_t)(at - (char *)m->memory) ==
                trunk_bytes(m, N, keep, m->recompute) + head_bytes(m, m->head_rows));
}

void ix_model_release(ix_model *m)
{
    free(m->memory);
    free(m->kept);
    free(m->input);
    free(m->attention);
    free(m->tile);
    ix_arena_destroy(&m->scratch);
    m->memory = m->attention = m->tile = NULL;
    m->kept = m->input = NULL;
    m->attention_bytes = 0;
    m->tokens = 0;
}

static ix_status fill_rotations(ix_model *m)
{
    int R = ix_rotated(&m->c);
    float *inv_freq = calloc((size_t)R, sizeof *inv_freq);
    if (!inv_freq) return ix_fail(IX_ENOMEM, "model: out of memory");
    ix_rope_inv_freq(inv_freq, &m->c);
    ix_rope_table(m->cosine, m->sine, inv_freq, m->positions, R);
    free(inv_freq);
    return IX_OK;
}

ix_status ix_model_reserve(ix_model *m, int64_t tokens, bool backward)
{
    ix_status rc = IX_OK;

    IX_CONTRACT(tokens > 0 && tokens <= INT32_MAX);
    if (m->tokens >= tokens && (m->backward || !backward)) return IX_OK;
    ix_model_release(m);
    size_t bytes = trunk_bytes(m, tokens, backward && m->deep, m->recompute) + head_bytes(m, head_rows_for(m, tokens));
    m->kept = calloc((size_t)m->c.layers, sizeof *m->kept);
    m->input = calloc((size_t)m->c.layers, sizeof *m->input);
    IX_NEED(m->kept && m->input, IX_ENOMEM, "activations: out of memory");
    IX_NEED(m->memory = ix_alloc_block(bytes), IX_ENOMEM,
            "activations for %lld tokens: %zu MiB cannot be had; give a rank more memory, or share the model out "
            "(parallel.tensor)",
            (long long)tokens, bytes >> 20);
    IX_TRY(ix_arena_create(&m->scratch, scratch_bytes(m, tokens, backward)));
    IX_NEED(!tile_bytes(m) || (m->tile = ix_alloc_block(tile_bytes(m))), IX_ENOMEM, "activations: out of memory");
    carve_all(m, tokens, backward);
    IX_TRY(fill_rotations(m));
    m->tokens = tokens;
    m->backward = backward;
done:
    if (rc != IX_OK) ix_model_release(m);
    return rc;
}

void *ix_model_attention_scratch(ix_model *m, size_t bytes)
{
    if (bytes <= m->attention_bytes) return m->attention;
    free(m->attention);
    m->attention = ix_alloc_block(bytes);
    IX_CONTRACT(m->attention);
    m->attention_bytes = bytes;
    return m->attention;
}

/* --- rows that are read ------------------------------------------------------------------------- */

ix_run ix_rest(const ix_run *r)
{
    ix_run rest = *r;
    rest.N = r->R;
    rest.read = NULL;
    return rest;
}

void ix_gather(const ix_run *r, float *y, const float *x, int64_t D)
{
    size_t bytes = (size_t)D * sizeof *x;
    if (!r->read) memmove(y, x, (size_t)r->N * bytes);
    for (int64_t i = 0; r->read && i < r->R; i++) memmove(y + i * D, x + r->m->row[i] * D, bytes);
}

void ix_spread(const ix_run *r, float *x, int64_t D)
{
    for (int64_t i = r->R - 1; r->read && i >= 0; i--) memmove(x + r->m->row[i] * D, x + i * D, (size_t)D * sizeof *x);
}

void ix_spread_clear(const ix_run *r, float *x, int64_t D)
{
    if (!r->read) return;
    ix_spread(r, x, D);
    for (int64_t n = 0, i = 0; n < r->N; n++) {
        if (i < r->R && r->m->row[i] == n) i++;
        else memset(x + n * D, 0, (size_t)D * sizeof *x);
    }
}

const float *ix_rows_of(const ix_run *r, const float *x, int64_t D)
{
    if (!r->read) return x;
    float *y = ix_arena_take(r->m->scratch, (size_t)(r->R * D) * sizeof *y);
    ix_gather(r, y, x, D);
    return y;
}

/* Where all is read, or nothing, there is nothing to save. */
static void list_rows(ix_model *m, const ix_pack *pack, const ix_rows *read)
{
    int64_t R = 0;
    for (int32_t s = 0; read && s < pack->S; s++)
        for (int32_t n = read[s].begin; n < read[s].end; n++, R++) {
            m->row[R] = n;
            m->row_position[R] = pack->position[n];
        }
    bool some = R > 0 && R < pack->N;
    m->read = some ? read : NULL;
    m->R = some ? R : pack->N;
}

/* --- passes ------------------------------------------------------------------------------------- */

/* The run as block l sees it. */
static ix_run in_block(const ix_run *r, int l)
{
    ix_run mine = *r;
    bool last = l == r->m->c.layers - 1;
    mine.kept = r->m->kept[l];
    mine.layer = l;
    mine.read = last ? r->m->read : NULL;
    mine.R = last ? r->m->R : r->N;
    return mine;
}

/* Behind the last block. */
static ix_run in_tail(const ix_run *r)
{
    ix_run mine = *r;
    mine.kept = r->m->tail;
    mine.read = r->m->read;
    mine.R = r->m->R;
    return mine;
}

/* What block l is given; block `layers` is the final norm. */
static float *input_of(const ix_model *m, int l, bool keep)
{
    if (!keep) return m->kept[0] + m->layer[0].x * m->room;
    return l < m->c.layers ? m->input[l] : m->x;
}

/* x[N,D]: every rank gives the words that it holds. */
static void embed(const ix_run *r, float *x)
{
    ix_model *m = r->m;
    ix_span words = m->split.words;
    for (int64_t n = 0; n < r->N; n++) {
        int32_t token = r->pack->token[n];
        m->token[n] = token >= words.lo && token < words.hi ? token - (int32_t)words.lo : -1;
    }
    const uint16_t *narrow = ix_row_bf16(m, m->embed);
    if (narrow) ix_bf16_embed(x, narrow, m->token, r->N, m->c.D);
    else ix_embed(x, ix_row(r, m->embed), m->token, r->N, m->c.D);
    ix_model_split_sum(&m->split, x, r->N * m->c.D);
}

static const float *forward(ix_model *m, const float *w, const ix_pack *pack, const ix_rows *read, bool keep,
                            const ix_cached *cached)
{
    IX_CONTRACT(pack->N <= m->tokens && (m->backward || !keep));
    ix_run r = {.m = m, .w = w, .pack = pack, .N = pack->N, .cached = cached};
    int L = m->c.layers;

    keep = keep && m->deep;
    m->logits_kept = false;
    list_rows(m, pack, read);
    embed(&r, input_of(m, 0, keep));
    if (m->family->embedding_scale) ix_scale(input_of(m, 0, keep), m->family->embedding_scale(&m->c), r.N * m->c.D);
    for (int l = 0; l < L; l++) {
        ix_run b = in_block(&r, l);
        if (!keep) b.kept = m->kept[0];
        float *x = input_of(m, keep ? l : 0, keep);
        m->layer[l].block->forward(&b, &m->layer[l], keep ? input_of(m, l + 1, keep) : x, x);
    }
    ix_run tail = in_tail(&r), rest = ix_rest(&tail);
    ix_norm_forward(&rest, &m->norm, m->hidden, input_of(m, L, keep));
    ix_spread(&tail, m->hidden, m->c.D);
    return m->hidden;
}

const float *ix_model_forward(ix_model *m, const float *w, const ix_pack *pack, const ix_rows *read, bool keep)
{
    return forward(m, w, pack, read, keep, NULL);
}

const float *ix_model_prefill(ix_model *m, const float *w, const ix_pack *pack, const ix_rows *read, ix_cache *cache,
                              const int64_t *slot)
{
    return forward(m, w, pack, read, false, &(ix_cached){.cache = cache, .slot = slot});
}

const float *ix_model_follow(ix_model *m, const float *w, const ix_pack *pack, ix_cache *cache, const int64_t *slot,
                             const ix_kept_row *seen)
{
    return forward(m, w, pack, NULL, false, &(ix_cached){.cache = cache, .slot = slot, .seen = seen});
}

float *ix_model_states(ix_model *m)
{
    m->logits_kept = false;
    return m->hidden;
}

void ix_model_watch(ix_model *m, void (*final)(void *context, int64_t from), void *context)
{
    m->final = final;
    m->follower = context;
}

static void tell(const ix_model *m, int64_t from)
{
    if (m->final) m->final(m->follower, from);
}

/* What block l keeps, once more. Its output is known. */
static void recompute(const ix_run *r, int l)
{
    ix_model *m = r->m;
    double products = m->meter.products, attention = m->meter.attention;
    tell(m, INT64_MAX);
    m->layer[l].block->forward(r, &m->layer[l], NULL, input_of(m, l, true));
    m->meter.products = products;
    m->meter.attention = attention;
    m->recomputed_rows += r->N;
}

int64_t ix_model_take_recomputed_rows(ix_model *m)
{
    int64_t n = m->recomputed_rows;
    m->recomputed_rows = 0;
    return n;
}

void ix_model_backward(ix_model *m, const float *w, float *dw, const ix_pack *pack, float *dh)
{
    IX_CONTRACT(m->backward);
    if (!m->deep) return;
    ix_run r = {.m = m, .w = w, .dw = dw, .pack = pack, .N = pack->N}, tail = in_tail(&r), rest = ix_rest(&tail);
    size_t mark = ix_arena_mark(m->scratch);
    float *dx = ix_take_rows(&r, m->c.D);

    memset(dx, 0, (size_t)(rest.N * m->c.D) * sizeof *dx);
    ix_gather(&tail, dh, dh, m->c.D);
    ix_norm_backward(&rest, &m->norm, dx, dh, m->x);
    tell(m, m->first[m->c.layers]);
    for (int l = m->c.layers - 1; l >= 0; l--) {
        ix_run b = in_block(&r, l);
        if (l < m->recompute) recompute(&b, l);
        m->layer[l].block->backward(&b, &m->layer[l], dx, input_of(m, l, true));
        tell(m, m->first[l]);
    }
    if (m->family->embedding_scale) ix_scale(dx, m->family->embedding_scale(&m->c), r.N * m->c.D);
    ix_embed_backward(ix_drow(&r, m->embed), dx, m->token, r.N, m->c.D);
    ix_arena_release(m->scratch, mark);
}
