/* SPDX-License-Identifier: Apache-2.0
 *
 * pairs.h - preference pairs as token ids, in one block.
 *
 * Prompt and response are tokenized apart and no special token is added; end-of-turn tokens belong to the response
 * (paper.md 2.2). All functions are local; a finished list is constant and may be shared by threads.
 *
 * IX_FORM_VERIFY asks of each answer whether it is correct (ex_grm; paper.md 2.4): one message of the user,
 *
 *     Question: {prompt}
 *     Answer: {answer}
 *     Verification: Is the answer correct (Yes/No)?
 *
 * with the assistant's turn opened behind it. A prompt of several messages stands there as lines "role: content". What
 * the two sequences of a pair have in common is its prompt, the rest their responses. Limits are those of the pair
 * itself, so that all objectives see the same pairs. */
#ifndef IX_DATA_PAIRS_H
#define IX_DATA_PAIRS_H

#include "data/texts.h"
#include "text/chat.h"

typedef enum { IX_TOO_LONG_DROP, IX_TOO_LONG_ERROR } ix_too_long;

typedef struct {
    int32_t max_prompt, max_response; /* tokens; 0: no limit */
    int32_t max_sequence;             /* prompt and either response together; likewise */
    ix_too_long too_long;             /* what happens to a pair above a limit */
    int64_t count;                    /* keep the first `count` pairs that remain; 0: all */
    uint64_t seed;      /* draw them instead, torch's randperm(n)[:count] of the n that remain; 0: do not */
    int32_t vocabulary; /* every id must be below; 0: not checked */
    ix_pair_form form;
} ix_limits;

typedef struct ix_pairs ix_pairs;

/* Renders and tokenizes `texts` in order, with all threads of OpenMP; the result does not depend on their number. Rows
 * are looked at until `count` have been kept, or all of them where they are drawn: these come in the order of the draw.
 * Pairs that came as ids need no tokenizer: tok and chat may be NULL. `limits` NULL: none. IX_EINPUT names every row
 * (up to 20): too long under IX_TOO_LONG_ERROR, an id outside the vocabulary, a conversation that the chat format
 * refuses, a text without tokens; also if fewer than `count` remain, or none at all. */
ix_status ix_pairs_tokenize(ix_pairs **out, const ix_texts *texts, const ix_tokenizer *tok, const ix_chat *chat,
                            const ix_limits *limits);
void ix_pairs_destroy(ix_pairs **pairs); /* NULL is fine; leaves *pairs NULL */

int64_t ix_pairs_count(const ix_pairs *pairs);
ix_pair ix_pairs_get(const ix_pairs *pairs, int64_t i); /* contract: 0 <= i < count; points into the block */
int64_t ix_pairs_tokens(const ix_pairs *pairs);         /* of all pairs, each prompt counted once */
int64_t ix_pairs_dropped(const ix_pairs *pairs);        /* too long, among the rows that were looked at */
int64_t ix_pairs_rows(const ix_pairs *pairs);           /* rows of the file, kept or not: the bound of `row` */

/* The pair of that row of the file; -1: there is none (unknown, dropped, or behind the first `count`). Contract: pairs
 * were not drawn. */
int64_t ix_pairs_find_row(const ix_pairs *pairs, int64_t row);

/* SHA-256 of all ids and lengths. */
void ix_pairs_hash(const ix_pairs *pairs, char hex[IX_HASH_HEX]);

#endif
