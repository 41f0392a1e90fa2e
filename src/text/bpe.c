/* SPDX-License-Identifier: Apache-2.0 */
#include "text/bpe.h"

#include <stdio.h>

#include "text/unicode.h"

#define SHORT_WORD 40 /* symbols: up to here a scan for the lowest rank beats a heap */

static size_t merge_slot(const ix_bpe *bpe, uint64_t pair)
{
    return ix_mix(0, pair) & (bpe->slots - 1);
}

static const ix_merge *find_merge(const ix_bpe *bpe, int32_t left, int32_t right)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    for (size_t at = merge_slot(bpe, pair);; at = (at + 1) & (bpe->slots - 1)) {
        const ix_merge *m = &bpe->merge[at];
        if (m->id < 0) return NULL;
        if (m->pair == pair) return m;
    }
}

ix_status ix_bpe_create(ix_bpe *bpe, size_t merges)
{
    bpe->slots = 64;
    while (bpe->slots < merges * 2) bpe->slots *= 2;
    bpe->merge = malloc(bpe->slots * sizeof *bpe->merge);
    if (!bpe->merge) return ix_fail(IX_ENOMEM, "text: no memory for %zu merges", merges);
    memset(bpe->merge, -1, bpe->slots * sizeof *bpe->merge);
    return IX_OK;
}

void ix_bpe_free(ix_bpe *bpe)
{
    free(bpe->merge);
    ix_seams_free(&bpe->seams);
    ix_word_cache_destroy(&bpe->cache);
    *bpe = (ix_bpe){0};
}

void ix_bpe_add_merge(ix_bpe *bpe, int32_t left, int32_t right, int32_t rank, int32_t id)
{
    uint64_t pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t at = merge_slot(bpe, pair);
    while (bpe->merge[at].id >= 0 && bpe->merge[at].pair != pair) at = (at + 1) & (bpe->slots - 1);
    bpe->merges += bpe->merge[at].id < 0;
    bpe->merge[at] = (ix_merge){pair, rank, id};
}

/* Printable Latin-1 bytes stand for themselves; the others, in order, for U+0100 and on. */
uint32_t ix_byte_character(unsigned char byte)
{
    uint32_t others = 0x100;
    for (unsigned b = 0; b < 256; b++) {
        bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        if (b == byte) return printable ? b : others;
        if (!printable) others++;
    }
    return 0;
}

static int32_t model_piece(const ix_bpe *bpe, const char *s, size_t n)
{
    int32_t id = ix_pieces_find(bpe->pieces, s, n);
    return id < bpe->count ? id : -1;
}

int ix_bpe_find_symbols(ix_bpe *bpe)
{
    int missing = -1;
    for (int b = 255; b >= 0; b--) {
        char s[8];
        size_t n;
        if (bpe->byte_level) {
            uint32_t c = ix_byte_character((unsigned char)b);
            n = c < 0x80 ? 1 : 2;
            s[0] = (char)(c < 0x80 ? c : 0xC0 | c >> 6);
            s[1] = (char)(0x80 | (c & 0x3F));
        } else n = (size_t)snprintf(s, sizeof s, "<0x%02X>", (unsigned)b);
        bpe->byte[b] = model_piece(bpe, s, n);
        if (bpe->byte[b] < 0 && b != 0xC0 && b != 0xC1 && b < 0xF5) missing = b;
    }
    for (int c = 0; c < 128; c++) bpe->ascii[c] = model_piece(bpe, &(char){(char)c}, 1);
    return missing;
}

/* By its spelling: true for every piece that a byte falls back to. */
static bool is_byte_piece(const ix_bpe *bpe, int32_t id)
{
    return ix_pieces_size(bpe->pieces, id) == 6 && memcmp(ix_pieces_spelling(bpe->pieces, id), "<0x", 3) == 0;
}

/* May words be cut at all? Only if every symbol is one character, or a byte that nothing merges: no unknown waits for
 * its neighbours then. And a whole word must not be a piece by itself. */
static bool has_seams(const ix_bpe *bpe)
{
    if (bpe->byte_level || !bpe->byte_fallback || bpe->ignore_merges) return false;
    for (int b = 0; b < 0xF5; b++)
        if (bpe->byte[b] < 0 && b != 0xC0 && b != 0xC1) return false;
    for (size_t i = 0; i < bpe->slots; i++) {
        const ix_merge *m = &bpe->merge[i];
        if (m->id < 0) continue;
        if (is_byte_piece(bpe, (int32_t)(m->pair >> 32)) || is_byte_piece(bpe, (int32_t)m->pair)) return false;
    }
    return true;
}

ix_status ix_bpe_prepare(ix_bpe *bpe)
{
    ix_status rc = IX_OK;
    bool seams = has_seams(bpe);
    if (!seams && !bpe->byte_level) return IX_OK;
    IX_TRY(ix_word_cache_create(&bpe->cache));
    if (!seams) return IX_OK;
    IX_TRY(ix_seams_create(&bpe->seams, bpe->merges));
    for (size_t i = 0; i < bpe->slots; i++) {
        int32_t id = bpe->merge[i].id;
        if (id >= 0) ix_seams_add(&bpe->seams, ix_pieces_spelling(bpe->pieces, id), ix_pieces_size(bpe->pieces, id));
    }
done:
    return rc;
}

void ix_bpe_scratch_free(ix_bpe_scratch *s)
{
    free(s->symbol);
    free(s->before);
    free(s->after);
    free(s->heap);
    ix_text_free(&s->spelled);
    *s = (ix_bpe_scratch){0};
}

/* A word of n bytes has at most n symbols. */
static ix_status make_room(ix_bpe_scratch *s, size_t n)
{
    size_t symbols = s->capacity, before = s->capacity, after = s->capacity;
    ix_status rc = IX_OK;
    if (n <= s->capacity) return IX_OK;
    IX_TRY(ix_grow((void **)&s->symbol, 0, &symbols, n, sizeof *s->symbol));
    IX_TRY(ix_grow((void **)&s->before, 0, &before, n, sizeof *s->before));
    IX_TRY(ix_grow((void **)&s->after, 0, &after, n, sizeof *s->after));
    s->capacity = symbols;
done:
    return rc;
}

/* The pieces of one character that has none of its own: its bytes', else none. Returns how many. */
static size_t fall_back(const ix_bpe *bpe, const char *c, size_t length, int32_t *symbol)
{
    if (!bpe->byte_fallback) return 0;
    for (size_t i = 0; i < length; i++)
        if ((symbol[i] = bpe->byte[(unsigned char)c[i]]) < 0) return 0;
    return length;
}

/* One symbol per character. An unknown waits until the next known character: so the library fuses neighbours, and so it
 * puts byte pieces that come between before it. */
static size_t characters(const ix_bpe *bpe, const char *word, size_t size, int32_t *symbol)
{
    size_t n = 0;
    bool waiting = false;
    for (size_t at = 0, length; at < size; at += length) {
        length = ix_utf8_length(word[at]);
        int32_t id = length == 1 ? bpe->ascii[(unsigned char)word[at]] : model_piece(bpe, word + at, length);
        if (id >= 0) {
            if (waiting) symbol[n++] = bpe->unk;
            waiting = false;
            symbol[n++] = id;
            continue;
        }
        size_t bytes = fall_back(bpe, word + at, length, symbol + n);
        n += bytes;
        if (bytes > 0 || bpe->unk < 0) continue;
        if (waiting && !bpe->fuse_unk) symbol[n++] = bpe->unk;
        waiting = true;
    }
    if (waiting) symbol[n++] = bpe->unk;
    return n;
}

/* Lowest rank by scanning: quadratic, and the fastest way for a few symbols. Returns the new number of symbols. */
static size_t merge_short(const ix_bpe *bpe, int32_t *symbol, size_t n)
{
    const ix_merge *merge[SHORT_WORD];
    for (size_t i = 0; i + 1 < n; i++) merge[i] = find_merge(bpe, symbol[i], symbol[i + 1]);
    while (n > 1) {
        size_t best = 0;
        int32_t rank = INT32_MAX;
        for (size_t i = 0; i + 1 < n; i++)
            if (merge[i] && merge[i]->rank < rank) {
                best = i;
                rank = merge[i]->rank;
            }
        if (rank == INT32_MAX) break;
        symbol[best] = merge[best]->id;
        n--;
        memmove(symbol + best + 1, symbol + best + 2, (n - best - 1) * sizeof *symbol);
        if (best + 1 < n) memmove(merge + best, merge + best + 1, (n - best - 1) * sizeof *merge);
        if (best + 1 < n) merge[best] = find_merge(bpe, symbol[best], symbol[best + 1]);
        if (best > 0) merge[best - 1] = find_merge(bpe, symbol[best - 1], symbol[best]);
    }
    return n;
}

static ix_status heap_push(ix_bpe_scratch *s, uint64_t key)
{
    ix_status rc = ix_grow((void **)&s->heap, s->heap_size, &s->heap_capacity, 1, sizeof *s->heap);
    if (rc != IX_OK) return rc;
    size_t i = s->heap_size++;
    for (; i > 0 && s->heap[(i - 1) / 2] > key; i = (i - 1) / 2) s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = key;
    return IX_OK;
}

static uint64_t heap_pop(ix_bpe_scratch *s)
{
    uint64_t top = s->heap[0], key = s->heap[--s->heap_size];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < s->heap_size) {
        if (child + 1 < s->heap_size && s->heap[child + 1] < s->heap[child]) child++;
        if (s->heap[child] >= key) break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = key;
    return top;
}

static ix_status push_pair(const ix_bpe *bpe, ix_bpe_scratch *s, uint32_t left, uint32_t right)
{
    const ix_merge *m = find_merge(bpe, s->symbol[left], s->symbol[right]);
    return m ? heap_push(s, (uint64_t)(uint32_t)m->rank << 32 | left) : IX_OK;
}

/* Lowest rank from a heap over a doubly linked list: n log n. An entry is stale when its pair has changed since, which
 * its rank betrays: ranks belong to one pair. Removed symbols are -1. */
static ix_status merge_long(const ix_bpe *bpe, ix_bpe_scratch *s, size_t n, size_t *left_over)
{
    ix_status rc = IX_OK;
    uint32_t end = (uint32_t)n;
    s->heap_size = 0;
    for (uint32_t i = 0; i < end; i++) {
        s->before[i] = i - 1; /* of the first: UINT32_MAX */
        s->after[i] = i + 1;
        if (i + 1 < end) IX_TRY(push_pair(bpe, s, i, i + 1));
    }
    while (s->heap_size > 0) {
        uint64_t top = heap_pop(s);
        uint32_t at = (uint32_t)top, next;
        if (s->symbol[at] < 0 || (next = s->after[at]) == end) continue;
        const ix_merge *m = find_merge(bpe, s->symbol[at], s->symbol[next]);
        if (!m || (uint32_t)m->rank != top >> 32) continue;
        s->symbol[at] = m->id;
        s->symbol[next] = -1;
        s->after[at] = s->after[next];
        if (s->after[at] != end) s->before[s->after[at]] = at;
        if (s->before[at] != UINT32_MAX) IX_TRY(push_pair(bpe, s, s->before[at], at));
        if (s->after[at] != end) IX_TRY(push_pair(bpe, s, at, s->after[at]));
    }
    *left_over = 0;
    for (uint32_t i = 0; i < end; i++)
        if (s->symbol[i] >= 0) s->symbol[(*left_over)++] = s->symbol[i];
done:
    return rc;
}

/* ignore_merges: a word that is a piece is that piece. -1 if it is none. */
static ix_status whole_piece(const ix_bpe *bpe, const char *word, size_t size, ix_bpe_scratch *s, int32_t *id)
{
    ix_status rc = IX_OK;
    *id = -1;
    if (!bpe->byte_level) {
        *id = model_piece(bpe, word, size);
        return IX_OK;
    }
    s->spelled.size = 0;
    for (size_t i = 0; i < size; i++) {
        int32_t b = bpe->byte[(unsigned char)word[i]];
        IX_TRY(ix_text_add(&s->spelled, ix_pieces_spelling(bpe->pieces, b), ix_pieces_size(bpe->pieces, b)));
    }
    *id = model_piece(bpe, s->spelled.bytes, s->spelled.size);
done:
    return rc;
}

static ix_status split_word(const ix_bpe *bpe, const char *word, size_t size, ix_bpe_scratch *s, size_t *n)
{
    ix_status rc = IX_OK;
    *n = 1;
    IX_TRY(make_room(s, size));
    if (bpe->ignore_merges) {
        IX_TRY(whole_piece(bpe, word, size, s, &s->symbol[0]));
        if (s->symbol[0] >= 0) goto done;
    }
    *n = size;
    if (bpe->byte_level)
        for (size_t i = 0; i < size; i++) s->symbol[i] = bpe->byte[(unsigned char)word[i]];
    else *n = characters(bpe, word, size, s->symbol);
    if (*n <= SHORT_WORD) *n = merge_short(bpe, s->symbol, *n);
    else IX_TRY(merge_long(bpe, s, *n, n));
done:
    return rc;
}

static ix_status encode_part(const ix_bpe *bpe, const ix_bpe_part *p, bool keep, ix_bpe_scratch *s, ix_ids *out)
{
    size_t n;
    if (keep) {
        const int32_t *id = ix_word_cache_find(bpe->cache, p->hash, p->bytes, p->size, &n);
        if (id) return ix_ids_add(out, id, n);
    }
    ix_status rc = split_word(bpe, p->bytes, p->size, s, &n);
    if (rc != IX_OK) return rc;
    if (keep && ix_word_cache_fits(p->size, n))
        ix_word_cache_keep(bpe->cache, p->hash, p->bytes, p->size, s->symbol, n);
    return ix_ids_add(out, s->symbol, n);
}

static bool may_keep(const ix_bpe *bpe, size_t size)
{
    return bpe->cache && ix_word_cache_fits(size, 1);
}

ix_status ix_bpe_flush(const ix_bpe *bpe, ix_bpe_scratch *s, ix_ids *out)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < s->parts && rc == IX_OK; i++)
        rc = encode_part(bpe, &s->part[i], may_keep(bpe, s->part[i].size), s, out);
    s->parts = 0;
    return rc;
}

ix_status ix_bpe_word(const ix_bpe *bpe, const char *word, size_t size, ix_bpe_scratch *s, ix_ids *out)
{
    ix_status rc = IX_OK;
    for (size_t at = 0, end; at < size && rc == IX_OK; at = end) {
        end = ix_seams_next(&bpe->seams, word, at, size);
        uint64_t hash = may_keep(bpe, end - at) ? ix_word_cache_hash(bpe->cache, word + at, end - at) : 0;
        s->part[s->parts++] = (ix_bpe_part){word + at, end - at, hash};
        if (s->parts == IX_BPE_PARTS) rc = ix_bpe_flush(bpe, s, out);
    }
    return rc;
}
