/* SPDX-License-Identifier: Apache-2.0
 *
 * suite.h - a suite: one YAML file (and what it includes), checked, resolved and multiplied into points.
 *
 * Reading has two halves, so that every rank parses the same bytes: ix_suite_load gathers the files into one block of
 * bytes (one rank does it and broadcasts the block), ix_suite_parse is a pure function of that block and of the
 * --set overrides. All errors of the file set are reported in one message, one per line:
 * `file:line:column: key.path: what is wrong, what is allowed`.
 *
 * Every key is one row of an option table (tables.c), which also holds default, range and help; parser, resolved echo
 * and JSON Schema follow from the rows. In the structs below: texts belong to the suite; a word in place of a number
 * (auto, all, none, epoch) is stored as 0, which no such number may be; choices are stored as text unless an enum is
 * named. All functions are local; a parsed suite is constant. Memory that cannot be had for these small things ends
 * the job. */
#ifndef IX_CONFIG_SUITE_H
#define IX_CONFIG_SUITE_H

#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

typedef enum { IX_LR_CONSTANT, IX_LR_COSINE, IX_LR_LINEAR } ix_lr_schedule;
typedef enum { IX_FREEZE_NONE, IX_FREEZE_BACKBONE, IX_FREEZE_UNEMBEDDING } ix_freeze;
typedef enum { IX_STORAGE_FP32, IX_STORAGE_BF16 } ix_storage_wish;
typedef enum { IX_RECOMPUTE_AUTO, IX_RECOMPUTE_NEVER, IX_RECOMPUTE_ALWAYS } ix_recompute;

/* data.evaluate.<name> */
typedef struct {
    const char *name, *path;
    const char *category; /* in_distribution, token_shift, domain_shift, control */
    const char *group;    /* sets averaged into one row of a table share it; default: the name */
    const char *about;    /* the sentence a table prints beside it; NULL: none */
    int64_t count;        /* 0: all */
} ix_eval_settings;

/* Where the pairs come from: a world (task preference), the persona file (task persona), or files. */
typedef struct {
    const char *miniworld;            /* part of the embedded world: persona, chat, math; NULL: not from there */
    const char *lexicon;              /* of the embedded world, for ix_find_data */
    const char *persona;              /* task persona: JSON lines, for ix_find_data */
    const char *train;                /* data.train.path, for ix_find_data; NULL: none (a world, or epochs 0) */
    int64_t train_count;              /* 0: all */
    int64_t train_seed;               /* 0: the first train_count; else they are drawn */
    const char *order;                /* data.train.order, for ix_find_data; NULL: none */
    const ix_eval_settings *evaluate; /* [evaluates], in the order of the file */
    int evaluates;
    int64_t max_prompt, max_response, max_sequence; /* data.max_tokens; 0: no limit */
    int too_long;                                   /* 0 drop, 1 error: ix_too_long of data/pairs.h */
    const char *column_prompt, *column_chosen, *column_rejected;
    struct {                /* task hamiltonian */
        int style;          /* ix_graph_style of data/hamiltonian.h */
        int64_t vertices, train, test, seed;
        double edge_probability;
    } graphs;
} ix_data_settings;

typedef struct {
    int64_t epochs; /* 0: judge only */
    int64_t pairs_per_step, micro_pairs;
    const char *optimizer; /* adamw, rmsprop, sgd */
    double learning_rate, betas[2], eps, weight_decay;
    int schedule;        /* ix_lr_schedule */
    double cosine_floor; /* share of the learning rate that is left at the end */
    int64_t warmup_steps;
    double clip_norm;      /* 0: none */
    double beta;           /* im_rm */
    const char *reference; /* "initial", "none", or a model for ix_find_model */
    double head_std;       /* ex_rm, ex_rm_mean */
    int freeze;            /* ix_freeze */
    bool shuffle;
} ix_training_settings;

/* task pretrain: a Llama of these sizes, trained on a generated corpus; training.* holds epochs and optimizer. */
typedef struct {
    const char *corpus;                /* miniworld, hamiltonian */
    const char *lessons;               /* hamiltonian: ix_lessons_parse of data/hamiltonian_lessons.h */
    int64_t corpus_seed;               /* run seed s takes corpus_seed + s */
    int64_t order_seed;                /* torch's, for the order of rows: one permutation per epoch */
    int64_t tokens;                    /* the corpus has at least this many */
    int64_t row_tokens, rows_per_step; /* rows of row_tokens + 1, row i from token row_tokens * i; a step's rows */
    double init_std;                   /* matrices start as N(0, init_std^2), norms as 1 */
    int64_t width, layers, heads, kv_heads, ffn; /* pretrain.architecture.*; size of a head = width / heads */
    bool tied;
    double rope_theta, norm_eps;
    int64_t positions; /* max_position_embeddings */
} ix_pretrain_settings;

/* Everything that is set for one run. */
typedef struct {
    const char *suite, *task; /* task: preference, persona, hamiltonian, theory, pretrain, scaling */
    ix_data_settings data;
    struct {
        const char *format;       /* "auto" or a chat format */
        const char *llama_date;   /* what templates that print a date print */
        const char *initial_rows; /* given draws, for ix_find_data; NULL: drawn from the seed */
        int storage;              /* ix_storage_wish: of weights that are only read */
    } model;
    ix_training_settings training;
    ix_pretrain_settings pretrain;
    struct {
        int64_t steps; /* of gradient descent in Theorem 2 */
        int64_t pairs; /* the first so many of every set */
        double beta;
    } theory;
    struct {
        bool data, tensor, threads, groups;
        int64_t pairs_per_rank, warmup, steps, rounds;
        int64_t most_ranks, most_threads; /* 0: auto */
        int64_t prompt_tokens, response_tokens;
    } scaling;
    struct {
        int64_t every; /* steps; 0: every epoch */
    } evaluate;
    struct {                   /* task hamiltonian */
        int64_t tries, train_prompts; /* train_prompts 0: all */
        int64_t top_k, max_tokens, exact, batch; /* top_k, batch 0: all, auto */
        double temperature, top_p;
    } generate;
    struct {
        const char *set; /* NULL: no target */
        double accuracy; /* 0: no target */
    } quality;
    struct {
        double every_seconds; /* 0: never by the clock */
        int64_t keep, before_limit;
        bool final_weights;
    } checkpoint;
    struct {
        double seconds; /* 0: never */
    } watchdog;
    struct {
        int64_t tensor, data, groups, threads, lanes; /* 0: auto */
        int64_t memory_per_rank;                      /* bytes; 0: auto */
        int recompute;                                /* ix_recompute */
        bool optimizer_shards;
    } parallel;
    struct {
        bool trim, accumulate, clip, new_rows;
    } compat;
    struct {
        bool share_prompts, last_block, head_rows, keep_logits, reference_cache, frozen_states;
    } speed;
    const char *output; /* folder, relative to the current one */
} ix_settings;

typedef struct ix_suite_inner ix_suite_inner;

typedef struct {
    const char *path;         /* the file as it was given */
    ix_settings settings;     /* without parts and matrix */
    const char *const *part;  /* [parts]; a suite without parts has parts == 0 */
    const char *const *model; /* [models], and so on: the lists of matrix */
    const char *const *objective;
    const int64_t *seed;
    int64_t parts, models, objectives, seeds;
    ix_suite_inner *inner;
} ix_suite;

/* One run: a point of parts x matrix. A plain value; it points into its suite. A caller may write into `settings`
 * what it resolved itself (lanes: auto) before it asks for the echo. */
typedef struct {
    const char *part;      /* "" in a suite without parts */
    const char *model;     /* for ix_find_model; task pretrain: "scratch"; theory: also "random" */
    const char *objective; /* ex_rm, im_rm, ...; task pretrain: "next_token"; theory: "both" */
    int64_t seed;
    char varied[192]; /* further axes of the matrix: "learning_rate=0.001,beta=0.1"; "" if there are none */
    ix_settings settings;
} ix_point;

/* Gathers the file and everything it includes into *blob (free it). Fails only if `path` itself cannot be read: what
 * is wrong with the others, ix_suite_parse reports along with the rest. */
ix_status ix_suite_load(char **blob, size_t *size, const char *path);

/* sets[n_sets]: "key.path=value", the value as YAML ("training.epochs=3", "matrix.seed=[0, 1]"). They win over the
 * files and over what parts give the same key. IX_EINPUT with all errors. */
ix_status ix_suite_parse(ix_suite **out, const char *blob, size_t size, const char *const *sets, int n_sets);
ix_status ix_suite_read(ix_suite **out, const char *path, const char *const *sets, int n_sets); /* both */
void ix_suite_destroy(ix_suite **suite); /* NULL is fine; leaves *suite NULL */

/* Points in order: part, then the matrix's further axes, then model, seed and, fastest, objective: twins are
 * neighbours. `exclude` is applied; an axis over another objective's own key (beta: im_rm) does not repeat a run. */
int64_t ix_suite_points(const ix_suite *suite);
void ix_suite_point(ix_point *out, const ix_suite *suite, int64_t i); /* contract: 0 <= i < points */

/* From now on the suite has only the points of share i of n, 1 <= i <= n: the i-th of n stretches of neighbours whose
 * lengths differ by one at most. IX_EINPUT: it has fewer than n points. */
ix_status ix_suite_take_share(ix_suite *suite, int64_t i, int64_t n);

/* Resolved YAML that reads back to the same suite; and the files and overrides as they were given. free() both. */
char *ix_suite_echo(const ix_suite *suite);
char *ix_suite_given(const ix_suite *suite);

/* Resolved YAML of one run. IX_ECHO_RUN is a suite of its own that reads back to this one point. IX_ECHO_ANSWER keeps
 * what changes the answer, in a fixed order and spelling, for run_id: no names and paths (hash the contents they lead
 * to), no machine, checkpoint or output, of parallel only lanes, and no key that belongs to another objective.
 * IX_ECHO_TWIN is that without the objective and its own keys (beta, reference, head_std): equal for twins.
 * IX_ECHO_SETTINGS is IX_ECHO_ANSWER without the seed: equal for runs that repeat each other. */
typedef enum { IX_ECHO_RUN, IX_ECHO_ANSWER, IX_ECHO_TWIN, IX_ECHO_SETTINGS } ix_echo;
char *ix_point_echo(const ix_point *point, ix_echo what);

/* Where a relative path may lie, in this order: beside the suite, in the current folder, under data/ of the current
 * folder, of the project the suite belongs to (suites/../data) and of the project this program was built from, under
 * IMPEX_DATA. out[capacity] takes the first that exists; IX_EINPUT lists where it was looked for. suite may be NULL. */
ix_status ix_find_data(char *out, size_t capacity, const ix_suite *suite, const char *path);

/* A model: the name of yaml/models/<name>.yaml (looked for like data/), which says path and format; else a Hugging
 * Face folder, one with config.json. Folders are looked for like data, with IMPEX_MODELS in place of IMPEX_DATA; the
 * path in a model file first beside that file. IX_EINPUT: as above, or the model file is wrong. */
typedef struct {
    char folder[4096];
    char format[64];     /* the suite's model.format if that is not auto, else the model file's, else "auto" */
    char llama_date[64]; /* the suite's */
} ix_model_place;
/* suite and settings may be NULL: defaults. */
ix_status ix_find_model(ix_model_place *out, const ix_suite *suite, const ix_settings *settings, const char *name);

/* JSON Schema (draft-07) of a suite, or of a model file; and all keys with default, range and help as Markdown. */
typedef enum { IX_SCHEMA_SUITE, IX_SCHEMA_MODEL } ix_schema;
ix_status ix_schema_write(FILE *f, ix_schema what);
ix_status ix_options_write(FILE *f);

#endif
