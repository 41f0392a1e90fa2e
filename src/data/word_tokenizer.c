/* SPDX-License-Identifier: Apache-2.0 */
#include "data/word_tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

static const char chat_template[] =
    "{% for m in messages %}{% if m['role'] == 'user' %}<user> {{ m['content'] }}{% else %}<asst> {{ m['content'] }} "
    "<end>{% endif %}{% if not loop.last %} {% endif %}{% endfor %}{% if add_generation_prompt %} <asst> {% endif %}";

static const char *word_of(const ix_word_list *words, int32_t id)
{
    return words->word(words->context, id);
}

static json_t *added_token(const ix_word_list *words, int32_t id)
{
    return json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", (int)id, "content", word_of(words, id), "single_word",
                     0, "lstrip", 0, "rstrip", 0, "normalized", 0, "special", 1);
}

static json_t *tokenizer_json(const ix_word_list *words)
{
    json_t *vocabulary = json_object(), *added = json_array();
    int failed = 0;
    for (int32_t id = 0; id < words->count; id++) {
        failed |= json_object_set_new(vocabulary, word_of(words, id), json_integer(id));
        if (words->special(id)) failed |= json_array_append_new(added, added_token(words, id));
    }
    if (failed) {
        json_decref(vocabulary);
        json_decref(added);
        return NULL;
    }
    return json_pack("{s:s, s:n, s:n, s:o, s:n, s:{s:s}, s:n, s:n, s:{s:s, s:o, s:s}}", "version", "1.0", "truncation",
                     "padding", "added_tokens", added, "normalizer", "pre_tokenizer", "type", "WhitespaceSplit",
                     "post_processor", "decoder", "model", "type", "WordLevel", "vocab", vocabulary, "unk_token",
                     word_of(words, words->unk));
}

static json_t *config_json(const ix_word_list *words)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "tokenizer_class", "PreTrainedTokenizerFast", "pad_token",
                     word_of(words, words->pad), "eos_token", word_of(words, words->eos), "unk_token",
                     word_of(words, words->unk), "chat_template", chat_template);
}

/* Writes and releases the value. */
static ix_status write_json(const char *folder, const char *name, json_t *value)
{
    ix_status rc = IX_OK;
    char *path = ix_format("%s/%s", folder, name), *text = NULL;
    IX_NEED(value, IX_ENOMEM, "%s: out of memory", path);
    IX_NEED(text = json_dumps(value, JSON_INDENT(1)), IX_ENOMEM, "%s: out of memory", path);
    IX_TRY(ix_file_write(path, text, strlen(text)));
done:
    json_decref(value);
    free(text);
    free(path);
    return rc;
}

ix_status ix_word_tokenizer_write(const ix_word_list *words, const char *folder)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_make_folders(folder));
    IX_TRY(write_json(folder, "tokenizer.json", tokenizer_json(words)));
    IX_TRY(write_json(folder, "tokenizer_config.json", config_json(words)));
done:
    return rc;
}
