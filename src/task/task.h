/* SPDX-License-Identifier: Apache-2.0
 *
 * task.h - what is trained and how it is judged. A task is a constant struct in one file with one registry line.
 *
 * A run has two halves. Preparing reads what the run depends on (texts, tokenizer, configuration of the model) and
 * hashes it: that gives run_id, so that a finished run is known before anything is loaded. Running loads weights,
 * trains, judges, and fills a result. Material that neighbouring points share (pairs, tokens) stays open between them.
 */
#ifndef IX_TASK_TASK_H
#define IX_TASK_TASK_H

#include "base/start.h"
#include "comm/grid.h"
#include "config/suite.h"
#include "data/sets.h"
#include "machine/memory.h"
#include "model/folder.h"
#include "store/result.h"
#include "task/products.h"
#include "task/record.h"

typedef struct ix_task ix_task;

/* Of two runs with the same id the answer is the same. Twins differ in the objective only. "" where the weights are not
 * there (ix_bench_without_weights). Runs of the same settings differ in the seed only. */
typedef struct {
    char run[192], twin[192], settings[192];
    char model[16], data[16]; /* the beginnings of the hashes of what a run reads; data: with the model */
} ix_run_names;

typedef struct {
    const ix_grid *grid;
    const ix_suite *suite;
    const ix_point *point;
    const ix_run_names *names;
    const char *folder;     /* OUT/<suite>: where a run may leave weights, in <run_id>/ */
    const char *run_folder; /* OUT/<suite>/<run_id>: where it leaves checkpoints */
    ix_result *result;      /* of the group's first rank; NULL elsewhere */
    const ix_watcher *watcher;
    ix_start *start; /* of this run; NULL: nobody wants to know */
    int recompute; /* so many blocks compute their activations twice */
    /* It goes on from a checkpoint after so many steps. Every rank calls; NULL: nobody wants to know. */
    ix_status (*resumed)(void *context, int64_t step);
    void (*listen)(void *context); /* Local, now and then: see ix_saver_settings */
    void *context;
} ix_job;

/* Material kept between points; one per process. */
typedef struct ix_bench ix_bench;

/* What it does counts as stages of `start`, which must outlive it; NULL: nobody wants to know. */
ix_status ix_bench_create(ix_bench **out, ix_start *start);
/* Plans need no weights: from now on a folder without any is prepared by its config.json, and its runs have no name. */
void ix_bench_without_weights(ix_bench *bench);
void ix_bench_destroy(ix_bench **bench); /* NULL is fine; leaves *bench NULL */

/* Local and the same on every rank. Makes ready what the point needs, as far as it is not there already, and names the
 * run. Resolves lanes: auto and compat.clip in the point. IX_EINPUT: data, tokenizer, model folder. */
ix_status ix_bench_prepare(ix_bench *bench, const ix_suite *suite, ix_point *point, ix_run_names *names);

/* Size of what the latest preparation would train, for plans. Local. */
typedef struct {
    int64_t parameters; /* floats in the table */
    int64_t train_pairs, steps;
    int64_t train_tokens;                                               /* of one epoch, each prompt once */
    int64_t response_tokens;                                            /* of one epoch, of both responses */
    int64_t eval_pairs, eval_tokens, eval_response_tokens, evaluations; /* of one evaluation of all sets; how many */
    int64_t asked_tokens,
        written_tokens; /* of one look at what a language model writes: of prompts, of texts at most */
    int64_t longest_pair, pack_tokens;
    ix_memory memory;    /* of the first rank of the axes given, without the program's own; nothing is recomputed */
    int most_recomputed; /* blocks whose activations could be computed twice instead of being kept */
    size_t recomputing_saves; /* bytes of activations, for each of them */
    int layers, width;
    int heads;           /* of the model: so many tensor ranks can share it at most */
    int64_t held;        /* floats of the table that this rank holds */
    int64_t trained;     /* of these, what training changes */
    int64_t trunk, head; /* parameters of the whole model's matrices per trunk token and per head row */
    ix_product product[IX_MODEL_PRODUCTS]; /* of this rank */
    int products;
} ix_run_size;
/* For `data` ranks that share the pairs of a step and `tensor` that share every layer. IX_EINPUT: so many cannot. */
ix_status ix_bench_size(const ix_bench *bench, const ix_point *point, int data, int tensor, ix_run_size *size);

/* Collective over the group, after prepare for the same point. Fills job->result but for its launch (times, hosts,
 * versions are the suite's) and leaves weights in the folder if the point asks for them. IX_STOPPED: asked to stop, and
 * saved in run_folder; called again it goes on from there. */
ix_status ix_bench_run(ix_bench *bench, const ix_job *job);

struct ix_examination; /* bench.h */

struct ix_task {
    const char *name; /* as in YAML */
    /* Training and judging sets as text. NULL: the task judges nothing (pretrain). Local. */
    ix_status (*sets)(ix_sets **out, const ix_suite *suite, const ix_settings *settings);
    /* Does this point start from nothing, no texts and no model folder? NULL: none does. Local. */
    bool (*bare)(const ix_point *point);
    /* Ordinary tokens that its texts have beside the tokenizer's; NULL ends the list. NULL: none. Local. */
    const char *const *(*tokens)(const ix_settings *settings);
    /* What it finds out about language models beside rewards; NULL: nothing. */
    const struct ix_examination *examination;
    /* One prepared run that does not train by steps. Collective over the group. NULL: a reward model is trained on the
     * sets, or a language model on the corpus. */
    ix_status (*run)(const ix_bench *bench, const ix_job *job);
    /* Its own run takes training steps of the point's objective; else it looks at a model and trains none by steps. */
    bool steps;
    /* Training pairs for a model of that shape where sets() gives none: then the model folder needs no tokenizer, and
     * no weights either: they are drawn from the run's seed. NULL: there must be pairs and weights. Local. */
    ix_status (*draw)(ix_texts **out, const ix_model_config *config, const ix_settings *settings);
};

const ix_task *ix_task_find(const char *name); /* NULL if unknown */
const char *ix_task_names(void);

#endif
