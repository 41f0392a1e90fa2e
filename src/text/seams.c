/* SPDX-License-Identifier: Apache-2.0 */
#include "text/seams.h"

#include "text/pieces.h"
#include "text/unicode.h"

#define BITS_PER_PAIR 8

ix_status ix_seams_create(ix_seams *s, size_t pairs)
{
    size_t words = 64;
    while (words * 64 < pairs * BITS_PER_PAIR) words *= 2;
    s->word = calloc(words, sizeof *s->word);
    if (!s->word) return ix_fail(IX_ENOMEM, "text: no memory for %zu pairs of characters", pairs);
    s->mask = words * 64 - 1;
    return IX_OK;
}

void ix_seams_free(ix_seams *s)
{
    free(s->word);
    *s = (ix_seams){0};
}

static size_t bit_of(const ix_seams *s, uint32_t left, uint32_t right)
{
    return ix_mix(0, (uint64_t)left << 32 | right) & s->mask;
}

void ix_seams_add(ix_seams *s, const char *piece, size_t size)
{
    size_t at = 0, length;
    if (size == 0) return;
    uint32_t left = ix_utf8_decode(piece, &length);
    for (at += length; at < size; at += length) {
        uint32_t right = ix_utf8_decode(piece + at, &length);
        size_t bit = bit_of(s, left, right);
        s->word[bit / 64] |= (uint64_t)1 << bit % 64;
        left = right;
    }
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Not before an ASCII letter or digit: parts of about a word are worth remembering, shreds of words are not. */
size_t ix_seams_next(const ix_seams *s, const char *text, size_t at, size_t size)
{
    size_t length, before = at;
    if (!s->word) return size;
    for (at += ix_utf8_length(text[at]); at < size; at += length) {
        length = 1;
        if (!in_word(text[at])) {
            uint32_t left = ix_utf8_decode(text + before, &length), right = ix_utf8_decode(text + at, &length);
            size_t bit = bit_of(s, left, right);
            if (!(s->word[bit / 64] >> bit % 64 & 1)) return at;
        }
        before = at;
    }
    return size;
}
