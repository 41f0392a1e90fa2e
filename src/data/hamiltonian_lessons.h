/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian_lessons.h - what the small model of the world of graphs is pretrained on: looking up edges, and writing
 * permutations. No cycle, no verdict on an answer, no preference. Its vocabulary is here, too. Local.
 *
 * A plan is a list of lessons, "lookup 4-6 4000, lookup 4-10 600, format 8-10 1200": kind, fewest and most vertices,
 * steps. Each step draws one number of vertices n and of edges m, for rows of one length; graphs are m random pairs of
 * n random names. lookup   <user> (<edge> u v)* (a b OK|BAD)* (<nb> a n1 n2 ...)* up to 20 questions whether a pair is
 * an edge, then every vertex' neighbours. Weighted tokens: verdicts; neighbours with the <nb> that ends their list.
 * Those of a kind weigh 1 together. format   <user> (<edge> u v)* (<asst> permutation <end>)(<asst> permutation <end>)
 *            permutations that have nothing to do with the edges. Weighted tokens: theirs and <end>. Every fourth step
 *            is one of lookup. */
#ifndef IX_DATA_HAMILTONIAN_LESSONS_H
#define IX_DATA_HAMILTONIAN_LESSONS_H

#include "base/random.h"
#include "base/status.h"

enum { IX_LESSONS = 8, IX_LESSON_ROW = 256 }; /* lessons of a plan; no row is longer */

typedef struct {
    bool format;
    int lo, hi;
    int64_t steps;
} ix_lesson;

typedef struct {
    ix_lesson lesson[IX_LESSONS];
    int lessons;
} ix_lesson_plan;

/* IX_EINPUT says what is wrong with the text. */
ix_status ix_lessons_parse(ix_lesson_plan *out, const char *text);
int64_t ix_lessons_steps(const ix_lesson_plan *plan);

/* The rows of one step after the other, from the first on. */
typedef struct {
    ix_lesson_plan plan;
    ix_splitmix mix;
    int at;       /* lesson */
    int64_t step; /* of that lesson */
} ix_lesson_source;
ix_lesson_source ix_lessons_begin(const ix_lesson_plan *plan, uint64_t seed);

/* token[rows, length] and weight[rows, length], which hold rows * IX_LESSON_ROW; returns length. Contract: steps are
 * left. */
int ix_lessons_next(ix_lesson_source *s, int64_t rows, int32_t *token, float *weight);

/* The words: ids from 0 on. */
enum {
    IX_GRAPH_PAD,
    IX_GRAPH_END,
    IX_GRAPH_USER,
    IX_GRAPH_ASST,
    IX_GRAPH_EDGE,
    IX_GRAPH_BAD,
    IX_GRAPH_OK,
    IX_GRAPH_VERTEX,
    IX_GRAPH_NB = IX_GRAPH_VERTEX + 10,
    IX_GRAPH_WORDS
};
/* tokenizer.json and tokenizer_config.json (the embedded world's chat format) into a folder. */
ix_status ix_graph_write_tokenizer(const char *folder);

#endif
