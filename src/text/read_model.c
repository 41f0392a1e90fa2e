/* SPDX-License-Identifier: Apache-2.0
 *
 * The "model" of tokenizer.json: pieces, merges, options. */
#include "base/file.h"
#include "text/parts.h"
#include "text/unicode.h"

/* Which spelling has which id; every id of 0 .. n-1 once. */
static ix_status sort_pieces(const json_t *vocab, const char *where, const char **spelling)
{
    const char *key;
    json_t *value;
    json_int_t n = (json_int_t)json_object_size(vocab);
    json_object_foreach((json_t *)vocab, key, value)
    {
        json_int_t id = json_integer_value(value);
        if (!json_is_integer(value))
            return ix_fail(IX_EINPUT, "%s: the id of \"%s\" must be a whole number", where, key);
        if (id < 0) return ix_fail(IX_EINPUT, "%s: \"%s\" has the negative id %lld", where, key, (long long)id);
        if (id >= n)
            return ix_fail(IX_EINPUT,
                           "%s: \"%s\" has id %lld, but %lld pieces must have the ids 0 to %lld without gaps", where,
                           key, (long long)id, (long long)n, (long long)n - 1);
        if (spelling[id])
            return ix_fail(IX_EINPUT, "%s: \"%s\" and \"%s\" have the same id %lld", where, spelling[id], key,
                           (long long)id);
        spelling[id] = key;
    }
    return IX_OK;
}

static ix_status read_vocab(const json_t *model, const char *where, ix_pieces *pieces)
{
    const json_t *vocab = json_object_get(model, "vocab");
    ix_status rc = IX_OK;
    const char **spelling = NULL;
    char *at = ix_format("%s: vocab", where);
    size_t n;
    IX_NEED(json_is_object(vocab), IX_EINPUT, "%s: must be an object of pieces and their ids", at);
    n = json_object_size(vocab);
    IX_NEED(n > 0 && n < INT32_MAX / 8, IX_EINPUT, "%s: has %zu pieces", at, n);
    IX_NEED(spelling = calloc(n, sizeof *spelling), IX_ENOMEM, "%s: no memory", at);
    IX_TRY(sort_pieces(vocab, at, spelling));
    IX_TRY(ix_pieces_create(pieces, (int32_t)n));
    for (size_t id = 0; id < n; id++) IX_TRY(ix_pieces_add(pieces, spelling[id], strlen(spelling[id])));
done:
    free(spelling);
    free(at);
    return rc;
}

/* The two halves of a merge, "a b" or ["a", "b"]; false if it is neither. */
static bool halves(const json_t *merge, const char *half[2], size_t size[2])
{
    if (json_is_array(merge) && json_array_size(merge) == 2) {
        for (size_t i = 0; i < 2; i++) {
            half[i] = json_string_value(json_array_get(merge, i));
            size[i] = json_string_length(json_array_get(merge, i));
        }
        return half[0] && half[1];
    }
    const char *text = json_string_value(merge), *space = text ? strchr(text, ' ') : NULL;
    if (!space || strchr(space + 1, ' ')) return false;
    half[0] = text;
    half[1] = space + 1;
    size[0] = (size_t)(space - text);
    size[1] = json_string_length(merge) - size[0] - 1;
    return true;
}

static ix_status read_merge(const json_t *merge, const char *where, ix_tokenizer *tok, ix_text *joined, int32_t id[3])
{
    const char *half[2];
    size_t size[2];
    ix_status rc = IX_OK;
    IX_NEED(halves(merge, half, size), IX_EINPUT, "%s: must be \"a b\" or [\"a\", \"b\"]", where);
    joined->size = 0;
    for (int i = 0; i < 2; i++) {
        id[i] = ix_pieces_find(&tok->pieces, half[i], size[i]);
        IX_NEED(id[i] >= 0, IX_EINPUT, "%s: \"%s\" is not in model.vocab", where, half[i]);
        IX_TRY(ix_text_add(joined, half[i], size[i]));
    }
    id[2] = ix_pieces_find(&tok->pieces, joined->bytes, joined->size);
    IX_NEED(id[2] >= 0, IX_EINPUT, "%s: the result \"%.*s\" is not in model.vocab", where, (int)joined->size,
            joined->bytes);
done:
    return rc;
}

/* Strings that begin with "#version" are the head of an old merges.txt, which the library skips too. */
static bool is_head(const json_t *merge)
{
    return json_is_string(merge) && strncmp(json_string_value(merge), "#version", 8) == 0;
}

static ix_status read_merges(const json_t *model, const char *where, ix_tokenizer *tok)
{
    const json_t *list = json_object_get(model, "merges");
    ix_text joined = {0};
    ix_hash *hash = ix_hash_begin();
    ix_status rc = IX_OK;
    int32_t rank = 0, id[3];
    size_t n = json_array_size(list);
    char at[512];
    IX_NEED(json_is_array(list) && n < INT32_MAX / 4, IX_EINPUT, "%s: merges must be a list of pairs", where);
    IX_TRY(ix_bpe_create(&tok->bpe, n));
    for (size_t i = 0; i < n; i++) {
        const json_t *merge = json_array_get(list, i);
        if (is_head(merge)) continue;
        snprintf(at, sizeof at, "%s: merges[%zu]", where, i);
        IX_TRY(read_merge(merge, at, tok, &joined, id));
        ix_bpe_add_merge(&tok->bpe, id[0], id[1], rank++, id[2]);
        ix_hash_add(hash, id, 2 * sizeof id[0]);
    }
done:
    ix_hash_end(hash, tok->merges_hash);
    ix_text_free(&joined);
    return rc;
}

static ix_status need_empty(const json_t *model, const char *where, const char *key)
{
    const char *text;
    ix_status rc = ix_json_text(model, key, where, false, "", &text);
    if (rc == IX_OK && text[0]) rc = ix_fail(IX_EINPUT, "%s: %s \"%s\" is not known (known: null)", where, key, text);
    return rc;
}

/* The id of unk_token; -1 if there is none. */
static ix_status read_unk(const json_t *model, const char *where, bool required, const ix_pieces *pieces, int32_t *out)
{
    const char *unk;
    ix_status rc = ix_json_text(model, "unk_token", where, required, NULL, &unk);
    *out = -1;
    if (rc != IX_OK || !unk) return rc;
    *out = ix_pieces_find(pieces, unk, strlen(unk));
    return *out >= 0 ? IX_OK : ix_fail(IX_EINPUT, "%s: unk_token \"%s\" is not in vocab", where, unk);
}

static ix_status read_bpe(const json_t *model, const char *where, ix_tokenizer *tok)
{
    static const char *const keys[] = {"type",
                                       "dropout",
                                       "unk_token",
                                       "continuing_subword_prefix",
                                       "end_of_word_suffix",
                                       "fuse_unk",
                                       "byte_fallback",
                                       "ignore_merges",
                                       "vocab",
                                       "merges",
                                       NULL};
    ix_bpe *b = &tok->bpe;
    ix_status rc = IX_OK;
    double dropout;
    int missing;
    IX_TRY(ix_only_keys(model, where, keys));
    IX_TRY(ix_json_real(model, "dropout", where, false, 0, &dropout));
    IX_NEED(dropout == 0, IX_EINPUT, "%s: dropout %g would draw merges by lot; it must be null", where, dropout);
    IX_TRY(need_empty(model, where, "continuing_subword_prefix"));
    IX_TRY(need_empty(model, where, "end_of_word_suffix"));
    IX_TRY(ix_json_bool(model, "fuse_unk", where, false, false, &b->fuse_unk));
    IX_TRY(ix_json_bool(model, "byte_fallback", where, false, false, &b->byte_fallback));
    IX_TRY(ix_json_bool(model, "ignore_merges", where, false, false, &b->ignore_merges));
    IX_TRY(read_vocab(model, where, &tok->pieces));
    IX_TRY(read_unk(model, where, false, &tok->pieces, &b->unk));
    b->pieces = &tok->pieces;
    b->count = tok->model_size = tok->pieces.count;
    b->byte_level = tok->splitter.byte_level;
    missing = ix_bpe_find_symbols(b);
    IX_NEED(!b->byte_level || missing < 0, IX_EINPUT,
            "%s: vocab has no piece for the byte 0x%02X, which the ByteLevel pre_tokenizer needs", where,
            (unsigned)missing);
    IX_TRY(read_merges(model, where, tok));
    IX_TRY(ix_bpe_prepare(b));
done:
    return rc;
}

static ix_status read_words(const json_t *model, const char *where, ix_tokenizer *tok)
{
    static const char *const keys[] = {"type", "vocab", "unk_token", NULL};
    ix_status rc = IX_OK;
    IX_TRY(ix_only_keys(model, where, keys));
    IX_NEED(!tok->splitter.byte_level, IX_EINPUT, "%s: WordLevel behind a ByteLevel pre_tokenizer is not known", where);
    IX_TRY(read_vocab(model, where, &tok->pieces));
    IX_TRY(read_unk(model, where, true, &tok->pieces, &tok->unk));
    tok->model_size = tok->pieces.count;
done:
    return rc;
}

ix_status ix_read_model(const json_t *root, ix_tokenizer *tok)
{
    const json_t *model = json_object_get(root, "model");
    char *where = ix_format("%s: model", tok->path);
    const char *type;
    ix_status rc = IX_OK;
    IX_NEED(json_is_object(model), IX_EINPUT, "%s: must be an object", where);
    IX_TRY(ix_json_text(model, "type", where, !json_object_get(model, "merges"), "BPE", &type));
    tok->unk = -1;
    if (strcmp(type, "BPE") == 0) {
        tok->kind = IX_MODEL_BPE;
        IX_TRY(read_bpe(model, where, tok));
    } else if (strcmp(type, "WordLevel") == 0) {
        tok->kind = IX_MODEL_WORDS;
        IX_TRY(read_words(model, where, tok));
    } else rc = ix_fail(IX_EINPUT, "%s: type \"%s\" is not known (known: BPE, WordLevel)", where, type);
done:
    free(where);
    return rc;
}
