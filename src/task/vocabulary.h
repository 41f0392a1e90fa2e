/* SPDX-License-Identifier: Apache-2.0
 *
 * vocabulary.h - tokenizer and chat format of a model folder, and the rows that the embedding has with them. Local.
 *
 * The authors' rule: where the chat format adds tokens, the embedding gets as many rows as the tokenizer has tokens,
 * whether that makes it longer (rows are drawn or given) or shorter (padded rows go, and the new tokens take over rows
 * that were padding, as with Pythia). Where nothing is added, padded rows stay. */
#ifndef IX_TASK_VOCABULARY_H
#define IX_TASK_VOCABULARY_H

#include "config/suite.h"
#include "text/chat.h"

typedef struct {
    ix_tokenizer *tok; /* with the format's tokens */
    ix_chat *chat;
    int32_t own, tokens; /* of the tokenizer before and after */
    int32_t rows;        /* of the embedding */
    int32_t added;       /* of these, rows that the folder does not have */
} ix_vocabulary;

/* `format`, `date`: as for ix_chat_open. `tokens`: what a task adds behind the format's, as ordinary tokens; NULL, or
 * NULL at its end. IX_EINPUT: tokenizer, template, or more tokens than the embedding has rows. */
ix_status ix_vocabulary_open(ix_vocabulary *out, const char *folder, const char *format, const char *date,
                             const char *const *tokens);
void ix_vocabulary_close(ix_vocabulary *v); /* leaves it empty */

/* May the folder be the reference of a model with so many rows? It may have fewer; of more only padding is cut off. */
ix_status ix_vocabulary_check_reference(const char *folder, int64_t rows, const char *model);

#endif
