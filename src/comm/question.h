/* SPDX-License-Identifier: Apache-2.0
 *
 * question.h - a maximum over an axis that forms while the ranks go on computing.
 *
 * Each rank asks when it comes by, with its own numbers, and takes the answer when it comes by again; then it waits
 * only for ranks that have not even asked yet. Every number goes from everybody to everybody in one message of its own,
 * so that nothing has to be passed on by a rank that is computing. All ranks ask and answer equally often. */
#ifndef IX_COMM_QUESTION_H
#define IX_COMM_QUESTION_H

#include "comm/grid.h"

enum { IX_QUESTION = 2 }; /* numbers of a question */

typedef struct ix_question ix_question;

/* Local. The grid must outlive it. IX_ENOMEM. */
ix_status ix_question_create(ix_question **out, const ix_grid *grid, ix_axis axis);
/* Waits for an answer that nobody took. NULL is fine; leaves *question NULL. */
void ix_question_destroy(ix_question **question);

/* Local; contract: none is open. */
void ix_question_ask(ix_question *question, const double x[IX_QUESTION]);
bool ix_question_open(const ix_question *question); /* Local: was one asked, and not answered? */
/* Waits until all have asked; contract: one is open. */
void ix_question_answer(ix_question *question, double x[IX_QUESTION]);

#endif
