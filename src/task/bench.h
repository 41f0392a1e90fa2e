/* SPDX-License-Identifier: Apache-2.0
 *
 * bench.h - the inside of a bench: material of a reward-model point and of a pretraining point. Not for use outside
 * src/task. */
#ifndef IX_TASK_BENCH_H
#define IX_TASK_BENCH_H

#include "data/hamiltonian_lessons.h"
#include "data/miniworld.h"
#include "objective/objective.h"
#include "task/task.h"
#include "train/saver.h"

/* Everything in tokens that neighbouring points share. `key` says for what it was made. */
typedef struct {
    char *key;
    ix_start *start;                 /* NULL: nobody wants to know */
    bool weights_needed, weightless; /* what is asked for, and what was found */
    bool drawn;                      /* the folder is a shape: its run draws weights from the seed */
    ix_model_place place;
    char folder_hash[IX_HASH_HEX]; /* of the model folder */
    ix_model_place reference;      /* training.reference where that is a model, else empty */
    char reference_hash[IX_HASH_HEX];
    char chat_name[64], chat_hash[IX_HASH_HEX], tokenizer_hash[IX_HASH_HEX];
    char contents[IX_HASH_HEX]; /* of all pairs, the order, tokens: what a run depends on beside its settings */
    int32_t vocabulary;         /* rows the embedding needs; 0: the folder's own */
    int32_t added;              /* of these, rows that the folder does not have */
    const char *const *tokens;  /* that the task adds; NULL: none */
    ix_safetensors *draws;      /* model.initial_rows; NULL: rows are drawn */
    ix_sets *texts;
    ix_pairs *train;
    ix_order *order;
    ix_eval_set *set; /* [sets], the reference not filled in */
    ix_pairs **pairs; /* [sets], owned */
    int sets;
    int32_t verdict[IX_VERDICTS]; /* IX_FORM_VERIFY: the tokens "Yes" and "No" */
} ix_material;

/* What a task finds out about a language model beside rewards: about the reference before training, and about the
 * trained one. `state` is its own. Collective functions run on every rank of the group. */
typedef struct {
    ix_model *model;
    const float *weights;
    bool reference;
    ix_saver *saver;
    ix_status (*save)(void *saving, ix_saver_wish wish); /* as ix_generator has them */
    void *saving;
} ix_looked_at;

struct ix_examination {
    /* Local. *state NULL: there is nothing to find out. */
    ix_status (*open)(void **state, const ix_material *m, const ix_job *job);
    void (*close)(void **state); /* NULL is fine */
    /* Local: tokens of one look, of prompts and of texts that all reach their full length. */
    void (*size)(const void *state, int64_t *asked, int64_t *written);
    ix_status (*look)(void *state, const ix_looked_at *at);   /* Collective */
    ix_status (*save)(void *state, ix_moment *moment);        /* Local: what was found so far */
    ix_status (*restore)(void *state, const ix_saver *saver); /* Local: the same back */
    ix_status (*store)(void *state, ix_result *result);       /* Local, on the group's first rank */
};

/* The same for the generated corpus: a stream of the embedded world, or lessons about graphs (world NULL). */
typedef struct {
    char *key;
    ix_miniworld *world;
    ix_corpus corpus;
    ix_lesson_plan lessons;
    char contents[IX_HASH_HEX];
} ix_corpus_material;

struct ix_bench {
    ix_start *start; /* NULL: nobody wants to know */
    const ix_task *task;
    bool bare;         /* the latest point starts from nothing */
    ix_pair_form form; /* of the latest point */
    ix_material m[IX_FORMS];
    ix_corpus_material c;
};

const ix_material *ix_bench_material(const ix_bench *b); /* of the latest point */
/* Without weights; `grid` as in ix_model_wish. */
ix_status ix_bench_model(ix_model **out, const ix_bench *b, const ix_point *point, const ix_grid *grid);

ix_status ix_material_prepare(ix_material *m, ix_pair_form form, const ix_task *task, const ix_suite *suite,
                              const ix_point *point);
void ix_material_close(ix_material *m);
/* Into the result: counts of pairs that come twice, have equal answers, or are known from training; and of every
 * response its length in characters, whether it was chosen in training, and its score as a bag of tokens. Local. */
ix_status ix_material_store_about_pairs(const ix_material *m, ix_result *result);
/* Do the folders hold what the model of a point needs? */
ix_status ix_material_check(const ix_material *m, const ix_model *model, const ix_objective *objective);
/* The model of a point, without weights. */
ix_status ix_material_model(ix_model **out, const ix_material *m, const ix_objective *objective,
                            const ix_settings *settings, const ix_grid *grid);
ix_status ix_reward_run(const ix_material *m, const ix_job *job);
/* How a point trains reward models, without a saver. Local. */
ix_train_settings ix_reward_settings(const ix_material *m, const ix_point *point);
/* The objective's own rows of a block of weights, drawn from the point's seed. Local. */
void ix_reward_draw_own(const ix_point *point, const ix_model *model, float *weights);

/* Collective over the group: the saver of a run, with the latest checkpoint if there is one. */
ix_status ix_job_saver(ix_saver **out, const ix_job *job);
/* Into the result: how often the run went on from a checkpoint, how many were written, what that took. Local. */
ix_status ix_job_store_counts(const ix_saver *saver, ix_result *result);

ix_status ix_corpus_prepare(ix_corpus_material *c, const ix_suite *suite, const ix_point *point);
void ix_corpus_close(ix_corpus_material *c);
ix_status ix_corpus_model(ix_model **out, const ix_corpus_material *c, const ix_point *point, const ix_grid *grid);
int64_t ix_corpus_steps(const ix_corpus_material *c, const ix_settings *s); /* Local */
ix_status ix_corpus_run(const ix_corpus_material *c, const ix_job *job);

#endif
