/* SPDX-License-Identifier: Apache-2.0
 *
 * runs.h - result files with known truth, written through store/result.h, and a folder of one's own for them. */
#ifndef IX_TESTS_POSTPROCESS_RUNS_H
#define IX_TESTS_POSTPROCESS_RUNS_H

#include <ftw.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "check.h"
#include "report.h"
#include "store/result.h"

/* One set: of `pairs` pairs the first `right` are ranked right, the next `tied` tied, the rest wrong. */
typedef struct {
    const char *name, *category, *group;
    int pairs, right, tied;
} run_set;

typedef struct {
    const char *suite, *part, *task, *model, *objective, *verdict, *cpu; /* NULL: the default below */
    const char *weights;                                                 /* their hash; NULL: none */
    int seed, ranks;
    const run_set *set;
    int sets;
    bool untimed;               /* no time of its steps, evaluations, reference */
    int known, repeated, equal; /* pairs of every set that are odd */
    const char *started;        /* NULL: the default below */
    void (*more)(ix_result *r); /* adds what else the file holds; may be NULL */
} run_spec;

static inline const char *run_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static inline int run_remove(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

/* A fresh folder; run_clean removes it. */
static inline char *run_folder(void)
{
    const char *temporary = getenv("TMPDIR");
    char *folder = ix_format("%s/ix-report-XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) fail_msg("no folder: %s", folder);
    return folder;
}

static inline void run_clean(char *folder)
{
    nftw(folder, run_remove, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

/* Epoch 0: everything tied for im_rm; the first half right for others. */
static inline void run_add_set(ix_result *r, const run_set *s, bool im)
{
    double *reward = calloc((size_t)s->pairs * 4, sizeof *reward);
    double untrained = im ? 0.5 : (s->pairs / 2) / (double)s->pairs;
    ix_result_set set = {
        .name = s->name, .category = s->category, .group = s->group, .hash = "cafe", .count = s->pairs};
    CHECK_OK(ix_result_add_set(r, &set));
    for (int p = 0; p < s->pairs; p++) {
        reward[2 * p] = im ? 0 : p < s->pairs / 2 ? 1 : -1;
        double *last = reward + 2 * (s->pairs + p);
        last[p < s->right ? 0 : 1] = 1;
        if (p >= s->right && p < s->right + s->tied) last[0] = last[1];
    }
    double accuracy[] = {untrained, (s->right + 0.5 * s->tied) / s->pairs}, margin[] = {0.25, 1.5};
    char *path = ix_format("eval/%s/reward", s->name);
    CHECK_OK(ix_result_reals(r, path, (int64_t[]){2, s->pairs, 2}, reward));
    free(path);
    path = ix_format("eval/%s/accuracy", s->name);
    CHECK_OK(ix_result_reals(r, path, (int64_t[]){2}, accuracy));
    free(path);
    path = ix_format("eval/%s/margin", s->name);
    CHECK_OK(ix_result_reals(r, path, (int64_t[]){2}, margin));
    free(path);
    free(reward);
}

/* Lengths, and what needs no training: the first pair can be looked up; the reference likes the first half. */
static inline void run_add_trivial(ix_result *r, const run_set *s, bool im)
{
    int64_t *tokens = calloc((size_t)s->pairs * 2, sizeof *tokens), shape[] = {s->pairs, 2};
    double *score = calloc((size_t)s->pairs * 2, sizeof *score);
    for (int p = 0; p < s->pairs; p++) {
        tokens[2 * p] = 5 + p % 3;
        tokens[2 * p + 1] = 6;
    }
    char *path = ix_format("eval/%s/tokens", s->name);
    CHECK_OK(ix_result_ints(r, path, shape, tokens));
    free(path);
    path = ix_format("eval/%s/characters", s->name);
    CHECK_OK(ix_result_ints(r, path, shape, tokens));
    free(path);
    score[0] = 1;
    path = ix_format("eval/%s/lookup", s->name);
    CHECK_OK(ix_result_reals(r, path, shape, score));
    free(path);
    for (int p = 0; p < s->pairs; p++) score[2 * p] = p < s->pairs / 2 ? 1 : -1;
    path = ix_format("eval/%s/%s", s->name, im ? "reference_logp" : "bag_of_tokens");
    CHECK_OK(ix_result_reals(r, path, shape, score));
    free(path);
    free(tokens);
    free(score);
}

/* Two ranks, ten steps of 0.1 s on the faster and 0.12 s on the slower rank, 32 pairs and 640 tokens each. */
static inline void run_add_time(ix_result *r, bool im)
{
    double time[10][2][IX_PHASE_COUNT] = {0}, loss[10], reference = 0.25;
    int64_t pairs[10], tokens[10];
    for (int s = 0; s < 10; s++) {
        for (int rank = 0; rank < 2; rank++) {
            time[s][rank][IX_PHASE_FORWARD] = 0.03;
            time[s][rank][IX_PHASE_BACKWARD] = rank ? 0.07 : 0.05;
            time[s][rank][IX_PHASE_REDUCE] = rank ? 0.02 : 0.02;
        }
        loss[s] = 0.7 - 0.05 * s;
        pairs[s] = 32;
        tokens[s] = 640;
    }
    CHECK_OK(ix_result_reals(r, "train/time", (int64_t[]){10, 2, IX_PHASE_COUNT}, &time[0][0][0]));
    CHECK_OK(ix_result_reals(r, "train/loss", (int64_t[]){10}, loss));
    CHECK_OK(ix_result_ints(r, "train/pairs", (int64_t[]){10}, pairs));
    CHECK_OK(ix_result_ints(r, "train/tokens", (int64_t[]){10}, tokens));
    CHECK_OK(ix_result_ints(r, "train/memory", (int64_t[]){2}, (int64_t[]){100000000, 120000000}));
    if (im) CHECK_OK(ix_result_reals(r, "reference/seconds", NULL, &reference));
}

/* FOLDER/<suite>/<run_id>.h5. Returns its path; free() it. */
static inline char *run_write(const char *folder, const run_spec *s)
{
    ix_result *r = NULL;
    const char *suite = run_or(s->suite, "demo"), *part = run_or(s->part, ""), *model = run_or(s->model, "tiny");
    const char *yaml = "suite: demo\n", *objective = run_or(s->objective, "ex_rm");
    char *id = ix_format("%s%s%s-%s-s%d", part, part[0] ? "-" : "", model, objective, s->seed);
    char *twin = ix_format("%s-%s-%s-s%d", suite, part, model, s->seed);
    char *path = ix_format("%s/%s/%s.h5", folder, suite, id), *below = ix_format("%s/%s", folder, suite);
    const char *text[][2] = {{"run_id", id},
                             {"twin_id", twin},
                             {"suite", suite},
                             {"part", part},
                             {"task", run_or(s->task, "preference")},
                             {"model", model},
                             {"varied", ""},
                             {"objective", objective},
                             {"verdict", run_or(s->verdict, "VALID")},
                             {"version", "0.1.0"},
                             {"git_commit", "0123456"},
                             {"compiler", "cc"},
                             {"mpi", "MPI"},
                             {"cpu", run_or(s->cpu, "CPU")},
                             {"started", run_or(s->started, "2025-01-01T00:00:00Z")},
                             {"finished", "2025-01-01T00:00:04.500000Z"}};

    CHECK_OK(ix_make_folders(below));
    CHECK_OK(ix_result_create(&r));
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) CHECK_OK(ix_result_text(r, text[i][0], text[i][1]));
    if (s->weights) CHECK_OK(ix_result_text(r, "weights_hash", s->weights));
    CHECK_OK(ix_result_int(r, "seed", s->seed));
    CHECK_OK(ix_result_int(r, "ranks", s->ranks ? s->ranks : 2));
    CHECK_OK(ix_result_texts(r, "config/resolved", NULL, &yaml));
    for (int i = 0; i < s->sets; i++) {
        run_add_set(r, &s->set[i], strcmp(objective, "im_rm") == 0);
        if (!s->untimed) run_add_trivial(r, &s->set[i], strcmp(objective, "im_rm") == 0);
        CHECK_OK(ix_result_set_int(r, s->set[i].name, "known_chosen", s->known));
        CHECK_OK(ix_result_set_int(r, s->set[i].name, "repeated", s->repeated));
        CHECK_OK(ix_result_set_int(r, s->set[i].name, "equal", s->equal));
    }
    if (!s->untimed) run_add_time(r, strcmp(objective, "im_rm") == 0);
    if (s->more) s->more(r);
    CHECK_OK(ix_result_write(r, path));
    ix_result_destroy(&r);
    free(id);
    free(twin);
    free(below);
    return path;
}

/* A report's table, NULL if it has none, and a cell of it, which has to be there. */
static inline const ix_table *run_table(const ix_report *r, const char *id)
{
    for (int i = 0; i < r->tables.count; i++)
        if (strcmp(r->tables.at[i]->id, id) == 0) return r->tables.at[i];
    return NULL;
}

static inline const ix_cell *run_cell(const ix_table *t, int row, const char *column, ix_cell_kind kind)
{
    assert_non_null(t);
    for (int c = 0; c < t->columns; c++)
        if (strcmp(t->column[c].name, column) == 0 && ix_table_cell(t, row, c)->kind == kind)
            return ix_table_cell(t, row, c);
    fail_msg("%s has no such %s", t->id, column);
    return NULL;
}

#endif
