/* SPDX-License-Identifier: Apache-2.0
 *
 * word_tokenizer.h - a list of words as a Hugging Face tokenizer folder: cut at white space, one word is one id. It has
 * the embedded world's chat format. Inside data only. Local. */
#ifndef IX_DATA_WORD_TOKENIZER_H
#define IX_DATA_WORD_TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct {
    int32_t count;
    const char *(*word)(const void *context, int32_t id);
    bool (*special)(int32_t id); /* found in texts before anything else */
    const void *context;
    int32_t pad, eos, unk;
} ix_word_list;

/* tokenizer.json and tokenizer_config.json in `folder`, which is made if it is missing. */
ix_status ix_word_tokenizer_write(const ix_word_list *words, const char *folder);

#endif
