/* SPDX-License-Identifier: Apache-2.0 */
#include "text/tokenizer.h"

#include "base/file.h"
#include "text/parts.h"
#include "text/unicode.h"

/* Working memory of one call. */
typedef struct {
    ix_text normal[2], prefixed;
    ix_bpe_scratch bpe;
} scratch;

void ix_ids_free(ix_ids *ids)
{
    free(ids->id);
    *ids = (ix_ids){0};
}

static ix_status check_top(const json_t *root, const char *path)
{
    static const char *const keys[] = {"version",       "truncation",     "padding", "added_tokens", "normalizer",
                                       "pre_tokenizer", "post_processor", "decoder", "model",        NULL};
    const char *version;
    ix_status rc = ix_only_keys(root, path, keys);
    if (rc == IX_OK) rc = ix_json_text(root, "version", path, true, NULL, &version);
    if (rc != IX_OK || strcmp(version, "1.0") == 0) return rc;
    return ix_fail(IX_EINPUT, "%s: version \"%s\" is not known (known: \"1.0\")", path, version);
}

/* Truncation and padding apply to batches, post-processor and decoder to special tokens and to the way back to text:
 * none of them changes the ids of one text without special tokens. */
static ix_status read_file(ix_tokenizer *tok)
{
    ix_status rc = IX_OK;
    json_t *root = NULL;
    IX_TRY(ix_json_open(&root, tok->path));
    IX_TRY(check_top(root, tok->path));
    IX_TRY(ix_read_normalizer(root, tok->path, &tok->normalizer));
    IX_TRY(ix_read_splitter(root, tok->path, &tok->splitter));
    IX_TRY(ix_read_model(root, tok));
    IX_TRY(ix_read_added(root, tok));
done:
    json_decref(root);
    return rc;
}

ix_status ix_tokenizer_open(ix_tokenizer **out, const char *folder)
{
    ix_status rc = IX_OK;
    ix_tokenizer *tok = NULL;

    *out = NULL;
    IX_NEED(tok = calloc(1, sizeof *tok), IX_ENOMEM, "%s: no memory for a tokenizer", folder);
    tok->folder = ix_format("%s", folder);
    tok->path = ix_format("%s/tokenizer.json", folder);
    IX_TRY(read_file(tok));
    IX_TRY(ix_read_config(tok));
    IX_TRY(ix_added_index(tok));
    *out = tok;
    tok = NULL;
done:
    ix_tokenizer_close(&tok);
    return rc;
}

void ix_tokenizer_close(ix_tokenizer **tok)
{
    ix_tokenizer *t = *tok;
    if (!t) return;
    ix_trie_free(&t->raw);
    ix_trie_free(&t->normal);
    free(t->added.token);
    free(t->added.place);
    ix_splitter_free(&t->splitter);
    ix_normalizer_free(&t->normalizer);
    ix_bpe_free(&t->bpe);
    ix_pieces_free(&t->pieces);
    for (int i = 0; i < IX_NAMES; i++) free(t->name[i]);
    free(t->chat_template);
    free(t->path);
    free(t->folder);
    free(t);
    *tok = NULL;
}

static ix_status encode_word(const ix_tokenizer *tok, const char *word, size_t size, scratch *s, ix_ids *out)
{
    if (tok->kind == IX_MODEL_BPE) return ix_bpe_word(&tok->bpe, word, size, &s->bpe, out);
    int32_t id = ix_pieces_find(&tok->pieces, word, size);
    if (id < 0 || id >= tok->model_size) id = tok->unk;
    if (id < 0)
        return ix_fail(IX_EINPUT, "the word \"%.*s\" is not in %s, which has no unk_token",
                       (int)(size < 60 ? size : 60), word, tok->path);
    return ix_ids_add(out, &id, 1);
}

/* Normalized text without added tokens. */
static ix_status encode_plain(const ix_tokenizer *tok, const char *text, size_t size, scratch *s, ix_ids *out)
{
    ix_status rc = IX_OK;
    if (tok->splitter.prefix_space && text[0] != ' ') {
        s->prefixed.size = 0;
        IX_TRY(ix_text_add(&s->prefixed, " ", 1));
        IX_TRY(ix_text_add(&s->prefixed, text, size));
        text = s->prefixed.bytes;
        size = s->prefixed.size;
    }
    for (size_t at = 0, begin; ix_split_next(&tok->splitter, text, size, &at, &begin);)
        IX_TRY(encode_word(tok, text + begin, at - begin, s, out));
    if (tok->kind == IX_MODEL_BPE) IX_TRY(ix_bpe_flush(&tok->bpe, &s->bpe, out));
done:
    return rc;
}

static ix_status encode_piece(const ix_tokenizer *tok, const char *text, size_t size, scratch *s, ix_ids *out)
{
    ix_status rc = IX_OK;
    ix_stretches walk = {0};
    ix_stretch part;
    IX_TRY(ix_normalize(&tok->normalizer, text, size, s->normal, &walk.text, &walk.size));
    while (ix_trie_next(&tok->normal, &walk, &part)) {
        if (part.token) IX_TRY(ix_ids_add(out, &part.token->id, 1));
        else IX_TRY(encode_plain(tok, walk.text + part.begin, part.end - part.begin, s, out));
    }
done:
    return rc;
}

ix_status ix_tokenizer_encode(const ix_tokenizer *tok, const char *text, size_t size, ix_ids *out)
{
    ix_status rc = IX_OK;
    scratch s = {0};
    size_t valid, before = out->size;
    ix_stretches walk = {.text = text, .size = size};
    ix_stretch part;

    IX_NEED(size <= IX_TEXT_LIMIT, IX_EINPUT, "a text of %zu bytes is too long for one encoding", size);
    valid = ix_utf8_valid(text, size);
    IX_NEED(valid == size, IX_EINPUT, "the text is not UTF-8: byte 0x%02X at offset %zu", (unsigned char)text[valid],
            valid);
    while (ix_trie_next(&tok->raw, &walk, &part)) {
        if (part.token) IX_TRY(ix_ids_add(out, &part.token->id, 1));
        else IX_TRY(encode_piece(tok, text + part.begin, part.end - part.begin, &s, out));
    }
done:
    if (rc != IX_OK) out->size = before;
    ix_bpe_scratch_free(&s.bpe);
    ix_text_free(&s.normal[0]);
    ix_text_free(&s.normal[1]);
    ix_text_free(&s.prefixed);
    return rc;
}

int32_t ix_tokenizer_size(const ix_tokenizer *tok)
{
    return tok->pieces.count;
}

int32_t ix_tokenizer_find(const ix_tokenizer *tok, const char *piece)
{
    return ix_pieces_find(&tok->pieces, piece, strlen(piece));
}

const char *ix_tokenizer_piece(const ix_tokenizer *tok, int32_t id)
{
    IX_CONTRACT(id >= 0 && id < tok->pieces.count);
    return ix_pieces_spelling(&tok->pieces, id);
}

ix_status ix_tokenizer_add(ix_tokenizer *tok, const char *content, bool special, int32_t *id)
{
    ix_status rc = IX_OK;
    size_t size = strlen(content);
    *id = -1;
    IX_NEED(size > 0, IX_EINPUT, "%s: an added token must not be empty", tok->path);
    IX_NEED(ix_utf8_valid(content, size) == size, IX_EINPUT, "%s: an added token must be UTF-8", tok->path);
    int32_t known = ix_pieces_find(&tok->pieces, content, size);
    const ix_added_token *old = known >= 0 ? ix_added_find(tok, known) : NULL;
    if (old) {
        bool same = old->normalized == !special && !old->lstrip && !old->rstrip && !old->single_word;
        IX_NEED(same, IX_EINPUT, "%s: the added token \"%s\" is there already, under other matching rules", tok->path,
                content);
        *id = known;
        goto done;
    }
    if (known < 0) {
        known = tok->pieces.count;
        IX_TRY(ix_pieces_add(&tok->pieces, content, size));
    }
    IX_TRY(ix_added_put(tok, (ix_added_token){.id = known, .special = special, .normalized = !special}));
    IX_TRY(ix_added_index(tok));
    *id = known;
done:
    return rc;
}

const char *ix_tokenizer_bos(const ix_tokenizer *tok)
{
    return tok->name[IX_NAME_BOS];
}

const char *ix_tokenizer_eos(const ix_tokenizer *tok)
{
    return tok->name[IX_NAME_EOS];
}

const char *ix_tokenizer_pad(const ix_tokenizer *tok)
{
    return tok->name[IX_NAME_PAD];
}

const char *ix_tokenizer_unk(const ix_tokenizer *tok)
{
    return tok->name[IX_NAME_UNK];
}

const char *ix_tokenizer_template(const ix_tokenizer *tok)
{
    return tok->chat_template;
}

const char *ix_tokenizer_folder(const ix_tokenizer *tok)
{
    return tok->folder;
}

static void add_number(ix_hash *h, int64_t n)
{
    unsigned char little[8];
    for (int i = 0; i < 8; i++) little[i] = (unsigned char)((uint64_t)n >> (8 * i));
    ix_hash_add(h, little, sizeof little);
}

void ix_tokenizer_hash(const ix_tokenizer *tok, char hex[IX_HASH_HEX])
{
    ix_hash *h = ix_hash_begin();
    const ix_bpe *b = &tok->bpe;
    for (int i = 0; i < tok->normalizer.steps; i++) {
        const ix_normal_step *s = &tok->normalizer.step[i];
        add_number(h, s->kind);
        ix_hash_add_text(h, s->pattern ? s->pattern : "");
        ix_hash_add_text(h, s->content ? s->content : "");
    }
    add_number(h, tok->splitter.kind);
    ix_hash_add_text(h, tok->splitter.scanner ? tok->splitter.scanner->name : "");
    ix_hash_add_text(h, tok->splitter.literal ? tok->splitter.literal : "");
    add_number(h, tok->splitter.byte_level | tok->splitter.prefix_space << 1);
    add_number(h, tok->kind);
    add_number(h, tok->unk);
    add_number(h, b->unk);
    add_number(h, b->byte_fallback | b->fuse_unk << 1 | b->ignore_merges << 2);
    ix_hash_add_text(h, tok->merges_hash);
    add_number(h, tok->model_size);
    ix_hash_add(h, tok->pieces.bytes, tok->pieces.used);
    for (size_t i = 0; i < tok->added.size; i++) {
        const ix_added_token *t = &tok->added.token[i];
        add_number(h, t->id);
        add_number(h, t->special | t->normalized << 1 | t->lstrip << 2 | t->rstrip << 3 | t->single_word << 4);
    }
    ix_hash_end(h, hex);
}
