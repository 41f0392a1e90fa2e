/* SPDX-License-Identifier: Apache-2.0
 *
 * recipe.h - the paper's data sets, built from their public source files as the authors built them: their filters in
 * their order, and torch's generator with their seeds (paper.md 2.6). Every step's count stands beside the authors', so
 * that a source of another revision shows. A recipe is a constant struct and a line in recipe.c. Local. */
#ifndef IX_DATA_RECIPE_H
#define IX_DATA_RECIPE_H

#include "data/texts.h"
#include "text/tokenizer.h"

typedef struct {
    const char *split; /* "train", "test" */
    const char *what;  /* "within 512 tokens" */
    int64_t count;
    int64_t authors; /* the count in their log; -1: not known */
} ix_recipe_step;

typedef struct {
    const char *name; /* of the file, without ".jsonl" */
    ix_texts *texts;
    double tokens[IX_SIDES];  /* mean length of the responses, begin token included; 0 without a tokenizer */
    double authors[IX_SIDES]; /* the same in their log; 0: not known */
} ix_recipe_set;

enum { IX_RECIPE_STEPS = 16, IX_RECIPE_SETS = 4 };

typedef struct ix_recipe ix_recipe;

/* What a recipe is given (the first three members), and what it leaves. Free with ix_recipe_free. */
typedef struct {
    const ix_recipe *recipe;
    char *const *path;       /* one for each of the recipe's sources */
    const ix_tokenizer *tok; /* that of meta-llama/Llama-3.2-1B; NULL if the recipe counts no tokens */
    ix_recipe_step step[IX_RECIPE_STEPS];
    int steps;
    ix_recipe_set set[IX_RECIPE_SETS];
    int sets;
} ix_recipe_work;

struct ix_recipe {
    const char *name, *about;
    const char *const *sources; /* what the files are, in their order; NULL ends */
    bool tokenizer;             /* does it count tokens? */
    ix_status (*build)(ix_recipe_work *w);
};

extern const ix_recipe *const ix_recipes[];        /* NULL ends */
const ix_recipe *ix_recipe_find(const char *name); /* NULL: there is none */

/* Runs the recipe. IX_EINPUT names file and line, or what is missing. */
ix_status ix_recipe_build(ix_recipe_work *w);
void ix_recipe_free(ix_recipe_work *w);

/* Does every known count and length equal the authors'? */
bool ix_recipe_agrees(const ix_recipe_work *w);

#endif
