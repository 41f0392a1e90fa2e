/* SPDX-License-Identifier: Apache-2.0
 *
 * option.h - the option tables: one row per key. Parser, range check, echo, help and JSON Schema follow from them.
 * All functions are local; tables are constant. */
#ifndef IX_CONFIG_OPTION_H
#define IX_CONFIG_OPTION_H

#include <stdio.h>

#include "config/node.h"

/* What a value is, and the type of its field. */
typedef enum {
    IX_OPT_TEXT,   /* const char *; max: bytes */
    IX_OPT_NAME,   /* const char *: fit for files, groups of a result and YAML keys */
    IX_OPT_PATH,   /* const char *: says where, so it is no part of the answer; words are */
    IX_OPT_WORD,   /* const char *, one of `words` */
    IX_OPT_CHOICE, /* int, its number in `words` */
    IX_OPT_BOOL,   /* bool */
    IX_OPT_INT,    /* int64_t; a word of `words` is stored as 0 */
    IX_OPT_BYTES,  /* int64_t, as base/bytes.h reads it; likewise */
    IX_OPT_REAL,   /* double; likewise */
    IX_OPT_PAIR,   /* double[2], a list of two */
    IX_OPT_SECTION,
    IX_OPT_SETS, /* data.evaluate: name -> table */
    IX_OPT_INCLUDE,
    IX_OPT_MATRIX,
    IX_OPT_PARTS
} ix_opt_kind;

enum {
    IX_OPT_ANSWER = 1,   /* changes the answer of a run */
    IX_OPT_ABOVE = 2,    /* `min` itself is not allowed */
    IX_OPT_BELOW = 4,    /* `max` itself is not allowed */
    IX_OPT_REQUIRED = 8, /* has no default and must be given */
    IX_OPT_PART = 16,    /* a part may say it differently */
    IX_OPT_USUAL = 32    /* no part of the answer while it has its default: a switch, or a number that is a word */
};

typedef struct ix_table ix_table;
typedef struct {
    const char *key;
    ix_opt_kind kind;
    size_t offset; /* in the struct of its table; a section's rows count from the section */
    double min, max;
    const char *words;    /* "adamw|rmsprop|sgd" */
    const char *fallback; /* the default as YAML; NULL: none */
    int flags;
    const char *help;
    const char *only;      /* the only objectives it matters to, "ex_rm|ex_rm_mean" */
    const char *task;      /* the only tasks it may be given for, "preference|persona" */
    const ix_table *table; /* IX_OPT_SECTION, IX_OPT_SETS */
} ix_option;

struct ix_table {
    const ix_option *row;
    int rows;
};

extern const ix_table ix_table_root;     /* ix_settings */
extern const ix_table ix_table_training; /* ix_training_settings */
extern const ix_table ix_table_eval;     /* ix_eval_settings */
extern const ix_table ix_table_matrix;   /* model, objective, seed: lists of these */
extern const ix_table ix_table_model;    /* ix_model_file */

/* yaml/models/NAME.yaml */
typedef struct {
    const char *path, *format, *about;
} ix_model_file;

const ix_option *ix_option_find(const ix_table *table, const char *key); /* NULL: there is none */
bool ix_option_is_scalar(const ix_option *row);                          /* may be an axis of the matrix */
bool ix_option_of_task(const ix_option *row, const char *task);          /* may it be given for this task? */
size_t ix_option_size(const ix_option *row);                             /* bytes of a scalar's field */

int ix_word_index(const char *words, const char *word);             /* -1: not one of them */
const char *ix_word_at(const char *words, int index, size_t *size); /* not terminated */
int ix_word_count(const char *words);

/* The nearest of many spellings, or nothing. Offer each, then ask. */
typedef struct {
    const char *wrong;
    char best[80];
    int distance;
} ix_nearest;
ix_nearest ix_nearest_to(const char *wrong);
void ix_nearest_offer(ix_nearest *n, const char *candidate, size_t size);
const char *ix_nearest_hint(const ix_nearest *n, char *out, size_t capacity); /* ", did you mean X?" or "" */

/* Every field of the table takes its default, fields without one stay as they are: `base` is zeroed before. */
void ix_option_defaults(void *base, const ix_table *table, ix_reader *r);

/* The keys that `map` gives are written at `base`, whatever is wrong is complained about. Rows without all of `flags`
 * do not exist (IX_OPT_PART: what a part may say). */
void ix_option_read(void *base, const ix_table *table, const ix_node *map, ix_reader *r, int flags);
/* Complains, at the spot, about required keys that are not set and that `map` does not give (wrongly, then). */
void ix_option_required(const void *base, const ix_table *table, const ix_node *map, ix_spot at, ix_reader *r);
bool ix_option_scalar(void *field, const ix_option *row, const ix_node *node, ix_reader *r); /* false: complained */

/* Letters, digits, '.', '-', '_'; begins with a letter or digit; at most 64. */
bool ix_is_name(const char *text);
bool ix_is_number(const char *text, double *value); /* as YAML 1.2 and JSON write numbers, finite or not */

/* What a list of keys shows. */
typedef struct {
    int flags;             /* only rows with all of these */
    const char *task;      /* rows of other tasks are left out */
    const char *objective; /* rows of other objectives are left out; NULL: shows all, "": those of none */
    bool contents;         /* of paths only their words ("initial"): what lies there is hashed by others */
    const void *unlike;    /* only what differs from this other struct; NULL: everything */
} ix_shown;

/* The table at `base` as YAML that reads back to the same bits, every line indented by `indent` blanks. */
void ix_option_write(FILE *f, const ix_table *table, const void *base, int indent, const ix_shown *what);
void ix_option_write_value(FILE *f, const ix_option *row, const void *field);
bool ix_option_equal(const ix_option *row, const void *a, const void *b); /* of scalars */
void ix_write_text(FILE *f, const char *text);                            /* quoted where it has to be */

#endif
