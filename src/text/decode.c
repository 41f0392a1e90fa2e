/* SPDX-License-Identifier: Apache-2.0
 *
 * decode.c - ids back to text. What a normalizer or a splitter took away does not come back. */
#include <stdio.h>

#include "text/buffer.h"
#include "text/parts.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The byte that a character of GPT-2's alphabet stands for; -1: it is none. */
static int byte_of(uint32_t character)
{
    for (int b = 0; b < 256; b++)
        if (ix_byte_character((unsigned char)b) == character) return b;
    return -1;
}

static ix_status add_byte_level(ix_text *out, const char *piece)
{
    ix_status rc = IX_OK;
    size_t length;
    for (; *piece; piece += length) {
        int b = byte_of(ix_utf8_decode(piece, &length));
        char byte = (char)b;
        IX_TRY(b >= 0 ? ix_text_add(out, &byte, 1) : ix_text_add(out, piece, length));
    }
done:
    return rc;
}

/* "<0x0A>" is a byte; the low line that stands for a blank is one. */
static ix_status add_plain(ix_text *out, const char *piece, bool fallback)
{
    static const char blank[] = "\xE2\x96\x81"; /* U+2581 */
    ix_status rc = IX_OK;
    unsigned value;
    char end;
    if (fallback && strlen(piece) == 6 && sscanf(piece, "<0x%2X%c", &value, &end) == 2 && end == '>') {
        char byte = (char)value;
        return ix_text_add(out, &byte, 1);
    }
    for (const char *at; (at = strstr(piece, blank)); piece = at + strlen(blank)) {
        IX_TRY(ix_text_add(out, piece, (size_t)(at - piece)));
        IX_TRY(ix_text_add(out, " ", 1));
    }
    rc = ix_text_add(out, piece, strlen(piece));
done:
    return rc;
}

static ix_status add_piece(ix_text *out, const ix_tokenizer *tok, int32_t id)
{
    const char *piece = ix_tokenizer_piece(tok, id);
    if (ix_added_find(tok, id)) return ix_text_add(out, piece, strlen(piece));
    if (tok->splitter.byte_level) return add_byte_level(out, piece);
    return add_plain(out, piece, tok->kind == IX_MODEL_BPE && tok->bpe.byte_fallback);
}

/* Bytes that are no UTF-8, and zeros, become U+FFFD. */
static ix_status mend(ix_text *out, const ix_text *raw)
{
    ix_status rc = IX_OK;
    for (size_t at = 0; at < raw->size;) {
        size_t good = ix_utf8_valid(raw->bytes + at, raw->size - at);
        size_t zero = strnlen(raw->bytes + at, good);
        IX_TRY(ix_text_add(out, raw->bytes + at, zero));
        at += zero;
        if (at == raw->size) break;
        IX_TRY(ix_text_add(out, unknown, strlen(unknown)));
        at++;
    }
    rc = ix_text_add(out, "", 1);
done:
    return rc;
}

ix_status ix_tokenizer_decode(const ix_tokenizer *tok, const int32_t *id, size_t n, char **out)
{
    ix_status rc = IX_OK;
    ix_text raw = {0}, whole = {0};
    bool words = tok->kind == IX_MODEL_WORDS;

    *out = NULL;
    for (size_t i = 0; i < n; i++) {
        if (words && i) IX_TRY(ix_text_add(&raw, " ", 1));
        IX_TRY(add_piece(&raw, tok, id[i]));
    }
    IX_TRY(mend(&whole, &raw));
    *out = whole.bytes;
    whole = (ix_text){0};
done:
    ix_text_free(&raw);
    ix_text_free(&whole);
    return rc;
}
