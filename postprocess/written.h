/* SPDX-License-Identifier: Apache-2.0
 *
 * written.h - what a run's language model wrote about graphs, as sums: /generate of a result. Local. */
#ifndef IX_REPORT_WRITTEN_H
#define IX_REPORT_WRITTEN_H

#include <stdbool.h>

#include "store/reader.h"

typedef enum { IX_WROTE_TEST, IX_WROTE_TRAIN, IX_WROTE_UNVISITED, IX_WROTE_SETS } ix_wrote_set;
typedef enum { IX_BY_POLICY, IX_BY_REFERENCE, IX_WRITERS } ix_writer;

/* Texts of one writer to one set of prompts. */
typedef struct {
    int64_t tries, correct, permutations, steps, edges, tokens; /* tries 0: there are none */
    double logp;                                                /* sum over texts */
} ix_wrote_sum;

/* What chance would have done with the same prompts, as often. */
typedef struct {
    bool there;
    int64_t graphs;
    double uniform, walk; /* expected correct texts of all tries */
    double density;       /* mean share of pairs of vertices that are edges */
} ix_wrote_chance;

enum { IX_WROTE_PARTS = 4 };

typedef struct ix_wrote {
    ix_wrote_sum sum[IX_WROTE_SETS][IX_WRITERS];
    ix_wrote_chance chance[IX_WROTE_SETS]; /* of test and train */
    int64_t graphs;                        /* whose correct answers were all judged; 0: none */
    double exact[IX_WRITERS];              /* mean probability of a correct answer; NaN: not known */
    double log_exact[IX_WRITERS];          /* mean of its logarithm */
    int64_t pairs;                         /* 0: where rewards lie is not known */
    double where[IX_WROTE_PARTS]; /* mean log pi - log reference: chosen; rejected before, at and after its gap */
} ix_wrote;

/* *out stays NULL where the result has no /generate/test. IX_EINPUT: columns that do not fit each other. */
ix_status ix_wrote_read(ix_wrote **out, const ix_reader *rd);
void ix_wrote_free(ix_wrote **wrote); /* NULL is fine; leaves *wrote NULL */

const char *ix_wrote_set_name(ix_wrote_set set); /* "test", "train", "test-unvisited" */

#endif
