/* SPDX-License-Identifier: Apache-2.0
 *
 * inspect.h - figures that show what is odd about a data set before anything is trained on it. Local. */
#ifndef IX_DATA_INSPECT_H
#define IX_DATA_INSPECT_H

#include "data/texts.h"

typedef struct {
    int64_t pairs;
    int64_t repeated;         /* pairs that another one before them repeats in every word */
    int64_t repeated_prompts; /* prompts that another pair before them has */
    int64_t equal;            /* pairs whose two responses are the same */
    int64_t empty[IX_SIDES];  /* responses of nothing but white space */
    int64_t cut[IX_SIDES];    /* responses that look cut: the last character is a letter, a comma or an open bracket */
    int64_t shortest[IX_SIDES], median[IX_SIDES], longest[IX_SIDES]; /* code points; tokens if the pairs are ids */
    double shorter_wins; /* share of pairs whose chosen response is the shorter one; equal lengths count a half */
} ix_inspection;

/* Code points of a response; tokens if the pair came as ids. */
int64_t ix_response_length(const ix_text_pair *pair, ix_side side);

/* IX_ENOMEM. Of an empty list all figures are 0. */
ix_status ix_inspect(const ix_texts *texts, ix_inspection *out);

/* What can be looked up: the pairs of a training set. */
typedef struct ix_known ix_known;
ix_status ix_known_create(ix_known **out, const ix_texts *train);
void ix_known_destroy(ix_known **known); /* NULL is fine; leaves *known NULL */

/* How many pairs of `test` can be found there. */
typedef struct {
    int64_t prompts;            /* the prompt is there */
    int64_t response[IX_SIDES]; /* the prompt with the same response on the same side */
    int64_t pairs;              /* the whole pair */
} ix_overlap;
/* Is the response of that side, after the pair's prompt, the chosen one of a training pair? */
bool ix_known_chosen(const ix_known *known, const ix_text_pair *pair, ix_side side);
void ix_known_overlap(const ix_known *known, const ix_texts *test, ix_overlap *out);

#endif
