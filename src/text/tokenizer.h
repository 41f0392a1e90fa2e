/* SPDX-License-Identifier: Apache-2.0
 *
 * tokenizer.h - Hugging Face tokenizer.json files: text to token ids, exactly as the `tokenizers` library gives them
 * with add_special_tokens=False.
 *
 * A file is read only if every part of it is known: normalizer, pre-tokenizer, model and their options. Anything else
 * is an error that names file and field; nothing is guessed. All functions are local. A tokenizer is constant after
 * opening but for ix_tokenizer_add: any number of threads may encode with one tokenizer at the same time. */
#ifndef IX_TEXT_TOKENIZER_H
#define IX_TEXT_TOKENIZER_H

#include <stdint.h>

#include "base/hash.h"
#include "base/status.h"

typedef struct ix_tokenizer ix_tokenizer;

/* A list of ids that grows. Start with {0}; free with ix_ids_free, which leaves it {0}. */
typedef struct {
    int32_t *id;
    size_t size, capacity;
} ix_ids;
void ix_ids_free(ix_ids *ids);

/* Reads folder/tokenizer.json and, where they exist, folder/tokenizer_config.json and folder/special_tokens_map.json
 * (names of the special tokens, chat template). IX_EINPUT names file and field. */
ix_status ix_tokenizer_open(ix_tokenizer **out, const char *folder);
void ix_tokenizer_close(ix_tokenizer **tok); /* NULL is fine; leaves *tok NULL */

/* Appends the ids of `size` bytes of UTF-8, which may contain U+0000, to *out. No special token is added, but one that
 * is spelled out in the text is found. Invalid UTF-8: IX_EINPUT with the byte offset; *out is then as before. */
ix_status ix_tokenizer_encode(const ix_tokenizer *tok, const char *text, size_t size, ix_ids *out);

int32_t ix_tokenizer_size(const ix_tokenizer *tok);                    /* highest id + 1 */
int32_t ix_tokenizer_find(const ix_tokenizer *tok, const char *piece); /* -1: no such piece */
/* The piece as the file spells it (byte-level pieces in their printable alphabet: "Ġthe"); contract: 0 <= id < size. */
const char *ix_tokenizer_piece(const ix_tokenizer *tok, int32_t id);

/* The text of n ids: bytes of byte-level pieces, blanks between words, added tokens as they are spelled. Ids that
 * spell no UTF-8 together give U+FFFD for every byte that does not fit. *out has a zero byte behind it; free() it. */
ix_status ix_tokenizer_decode(const ix_tokenizer *tok, const int32_t *id, size_t n, char **out);

/* Makes `content` a token that is found in texts before anything else, as add_tokens of `transformers` does: id is that
 * of the piece if it exists, else the next free one. Not while another thread encodes. */
ix_status ix_tokenizer_add(ix_tokenizer *tok, const char *content, bool special, int32_t *id);

/* Names of the special tokens, NULL where the folder names none. They belong to the tokenizer. */
const char *ix_tokenizer_bos(const ix_tokenizer *tok);
const char *ix_tokenizer_eos(const ix_tokenizer *tok);
const char *ix_tokenizer_pad(const ix_tokenizer *tok);
const char *ix_tokenizer_unk(const ix_tokenizer *tok);

const char *ix_tokenizer_template(const ix_tokenizer *tok); /* the chat template's text; NULL: there is none */
const char *ix_tokenizer_folder(const ix_tokenizer *tok);

/* SHA-256 of everything that decides ids: pipeline, pieces, merges, added tokens. Not of how the file is formatted. */
void ix_tokenizer_hash(const ix_tokenizer *tok, char hex[IX_HASH_HEX]);

#endif
