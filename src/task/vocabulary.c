/* SPDX-License-Identifier: Apache-2.0 */
#include "task/vocabulary.h"

#include <stdlib.h>

#include "base/file.h"
#include "model/folder.h"

ix_status ix_vocabulary_open(ix_vocabulary *out, const char *folder, const char *format, const char *date,
                             const char *const *tokens)
{
    ix_status rc = IX_OK;
    ix_vocabulary v = {0};
    ix_model_config config;

    *out = v;
    IX_TRY(ix_model_config_read(&config, folder));
    IX_TRY(ix_tokenizer_open(&v.tok, folder));
    v.own = ix_tokenizer_size(v.tok);
    IX_NEED(v.own <= config.V, IX_EINPUT, "%s/tokenizer.json: %d tokens, but config.json has a vocab_size of %d",
            folder, v.own, config.V);
    IX_TRY(ix_chat_open(&v.chat, v.tok, format, date));
    for (int32_t id; tokens && *tokens; tokens++) IX_TRY(ix_tokenizer_add(v.tok, *tokens, false, &id));
    v.tokens = ix_tokenizer_size(v.tok);
    v.rows = v.tokens > v.own ? v.tokens : config.V;
    v.added = v.rows > config.V ? v.rows - config.V : 0;
    *out = v;
    v = (ix_vocabulary){0};
done:
    ix_vocabulary_close(&v);
    return rc;
}

void ix_vocabulary_close(ix_vocabulary *v)
{
    ix_chat_close(&v->chat);
    ix_tokenizer_close(&v->tok);
    *v = (ix_vocabulary){0};
}

ix_status ix_vocabulary_check_reference(const char *folder, int64_t rows, const char *model)
{
    ix_status rc = IX_OK;
    ix_model_config config;
    ix_tokenizer *tok = NULL;
    char *path = ix_format("%s/tokenizer.json", folder);

    IX_TRY(ix_model_config_read(&config, folder));
    if (config.V <= rows) goto done;
    if (ix_file_exists(path)) IX_TRY(ix_tokenizer_open(&tok, folder));
    IX_NEED(tok && ix_tokenizer_size(tok) <= rows, IX_EINPUT, "%s: a vocabulary of %d, but %s has %lld", folder,
            config.V, model, (long long)rows);
done:
    ix_tokenizer_close(&tok);
    free(path);
    return rc;
}
