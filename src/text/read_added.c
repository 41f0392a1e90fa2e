/* SPDX-License-Identifier: Apache-2.0
 *
 * Added tokens: "added_tokens" of tokenizer.json, and what the files beside it say about special tokens. */
#include "base/file.h"
#include "text/parts.h"
#include "text/unicode.h"

const ix_added_token *ix_added_find(const ix_tokenizer *tok, int32_t id)
{
    const ix_added_list *list = &tok->added;
    return (size_t)id < list->places && list->place[id] >= 0 ? &list->token[list->place[id]] : NULL;
}

ix_status ix_added_put(ix_tokenizer *tok, ix_added_token token)
{
    ix_added_list *list = &tok->added;
    size_t needed = (size_t)token.id + 1;
    ix_status rc = IX_OK;
    IX_TRY(ix_grow((void **)&list->token, list->size, &list->capacity, 1, sizeof *list->token));
    if (needed > list->places) {
        IX_TRY(ix_grow((void **)&list->place, list->places, &list->place_capacity, needed - list->places,
                       sizeof *list->place));
        while (list->places < needed) list->place[list->places++] = -1;
    }
    list->place[token.id] = (int32_t)list->size;
    list->token[list->size++] = token;
done:
    return rc;
}

/* Of equal patterns the library takes the first, special tokens before the others. A normalized token is looked for as
 * its normal form, beginning included: behind Prepend only where the normalized text begins a piece like that. */
static ix_status index_tokens(ix_tokenizer *tok, bool special, ix_text work[2])
{
    ix_status rc = IX_OK;
    for (size_t i = 0; i < tok->added.size; i++) {
        const ix_added_token *t = &tok->added.token[i];
        const char *pattern = ix_pieces_spelling(&tok->pieces, t->id);
        size_t size = ix_pieces_size(&tok->pieces, t->id);
        if (t->special != special) continue;
        if (t->normalized) IX_TRY(ix_normalize(&tok->normalizer, pattern, size, work, &pattern, &size));
        IX_NEED(size > 0, IX_EINPUT, "%s: added_tokens: id %d normalizes to nothing", tok->path, (int)t->id);
        IX_TRY(ix_trie_add(t->normalized ? &tok->normal : &tok->raw, pattern, size, t));
    }
done:
    return rc;
}

ix_status ix_added_index(ix_tokenizer *tok)
{
    ix_text work[2] = {{0}, {0}};
    ix_trie_free(&tok->raw);
    ix_trie_free(&tok->normal);
    ix_status rc = index_tokens(tok, true, work);
    if (rc == IX_OK) rc = index_tokens(tok, false, work);
    ix_text_free(&work[0]);
    ix_text_free(&work[1]);
    return rc;
}

static ix_status read_flags(const json_t *object, const char *where, ix_added_token *t)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_json_bool(object, "special", where, true, false, &t->special));
    IX_TRY(ix_json_bool(object, "normalized", where, true, false, &t->normalized));
    IX_TRY(ix_json_bool(object, "lstrip", where, true, false, &t->lstrip));
    IX_TRY(ix_json_bool(object, "rstrip", where, true, false, &t->rstrip));
    IX_TRY(ix_json_bool(object, "single_word", where, true, false, &t->single_word));
done:
    return rc;
}

/* The id the library gives: of the piece if there is one, else the next free one. The file must agree. */
static ix_status give_id(ix_tokenizer *tok, const char *content, int64_t id, const char *where, int32_t *out)
{
    size_t size = strlen(content);
    ix_status rc = IX_OK;
    IX_NEED(size > 0, IX_EINPUT, "%s: content is empty", where);
    IX_NEED(id >= 0, IX_EINPUT, "%s: id %lld is negative", where, (long long)id);
    *out = ix_pieces_find(&tok->pieces, content, size);
    IX_NEED(*out < 0 || !ix_added_find(tok, *out), IX_EINPUT, "%s: \"%s\" is added twice", where, content);
    if (*out < 0) {
        *out = tok->pieces.count;
        IX_NEED(id == *out, IX_EINPUT, "%s: \"%s\" has id %lld, but the next free id is %d", where, content,
                (long long)id, (int)*out);
        IX_TRY(ix_pieces_add(&tok->pieces, content, size));
    }
    IX_NEED(id == *out, IX_EINPUT, "%s: \"%s\" has id %lld here and %d in model.vocab", where, content, (long long)id,
            (int)*out);
done:
    return rc;
}

static ix_status read_token(const json_t *object, const char *where, ix_tokenizer *tok)
{
    static const char *const keys[] = {"id",     "content", "special",     "normalized",
                                       "lstrip", "rstrip",  "single_word", NULL};
    ix_status rc = IX_OK;
    const char *content;
    ix_added_token t;
    int64_t id;
    IX_TRY(ix_only_keys(object, where, keys));
    IX_TRY(ix_json_int(object, "id", where, true, 0, &id));
    IX_TRY(ix_json_text(object, "content", where, true, NULL, &content));
    IX_TRY(read_flags(object, where, &t));
    IX_TRY(give_id(tok, content, id, where, &t.id));
    IX_TRY(ix_added_put(tok, t));
done:
    return rc;
}

ix_status ix_read_added(const json_t *root, ix_tokenizer *tok)
{
    const json_t *list = json_object_get(root, "added_tokens");
    char *where = ix_format("%s: added_tokens", tok->path);
    ix_status rc = IX_OK;
    if (!list || json_is_null(list)) goto done;
    IX_NEED(json_is_array(list), IX_EINPUT, "%s: must be a list", where);
    for (size_t i = 0; i < json_array_size(list); i++) {
        free(where);
        where = ix_format("%s: added_tokens[%zu]", tok->path, i);
        IX_TRY(read_token(json_array_get(list, i), where, tok));
    }
done:
    free(where);
    return rc;
}
