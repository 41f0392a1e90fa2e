/* SPDX-License-Identifier: Apache-2.0
 *
 * records.h - what the report keeps of result files, and how runs belong together.
 *
 * Rewards are reduced to one byte per pair as soon as a file is read, so a thousand runs need a few megabytes.
 *
 * cell   the runs that differ in objective and seed only: one suite, part, model and varied setting
 * row    the evaluation sets of one group (Persona's word pairs); most groups are one set
 * twin   an EX-RM and an IM-RM run of one twin_id, both VALID */
#ifndef IX_REPORT_RECORDS_H
#define IX_REPORT_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/start.h"
#include "base/status.h"
#include "store/ledger.h"
#include "store/reader.h"
#include "times.h"
#include "traits.h"

/* What ranks the pairs without a trained model: twice the pairs ranked right, ties one half; -1: the file does not say.
 * Who ranks the longer response first is right where `shorter` is not. */
typedef struct {
    int64_t shorter;            /* the response of fewer tokens wins */
    int64_t shorter_characters; /* of fewer characters (code points) */
    int64_t lookup;             /* the one that was chosen in training, after the same prompt */
    int64_t bag;                /* a bag of tokens trained on the same pairs */
    int64_t reference;          /* the one that the reference model finds more probable */
    int64_t reference_mean;     /* the same per token */
} ix_trivial;

/* One evaluation set of one run, by its last evaluation. */
typedef struct {
    char *name, *category, *group, *hash;
    int64_t count, dropped;
    int64_t repeated, equal; /* pairs that come twice; with two equal answers; 0 where the file does not say */
    int64_t known_prompts, known_chosen; /* with a prompt that was trained on; and with the same chosen response */
    int64_t half;                        /* twice the number of pairs ranked right: ties count one half */
    int64_t half_first;                  /* the same at epoch 0, the untrained model; -1: there is no such evaluation */
    double epoch, margin;
    signed char *right; /* [count] 2 right, 1 tied, 0 wrong; NULL: no pairs or no rewards */
    bool agrees;        /* the stored accuracy is that of the stored rewards */
    ix_traits traits;
    ix_trivial trivial;
    int epochs; /* evaluations, in order */
    struct {
        double epoch;
        int64_t step; /* training steps done before; -1: the file does not say */
        int64_t half;
    } * curve; /* [epochs] */
} ix_scored;

/* What a launch multiplied in each phase: seconds are means over ranks, FLOP sums. */
typedef struct {
    bool known;
    double seconds[IX_PHASE_COUNT], flop[IX_PHASE_COUNT], product_seconds[IX_PHASE_COUNT];
    double attention_flop[IX_PHASE_COUNT], attention_seconds[IX_PHASE_COUNT];
    double update_bytes; /* read and written by updates of weights */
    double peak;         /* FLOP/s of large products on all ranks; NaN: not measured */
    double bandwidth;    /* bytes/s of memory, likewise */
} ix_speed;

/* Times in seconds; NaN: not in the file. */
typedef struct {
    double train, evaluate, reference, wall, start; /* start: up to the first step */
    double stage[IX_STAGE_COUNT];                   /* of start */
    ix_times times; /* of training steps; zeros: not in the file */
    double memory;  /* peak bytes of the largest rank */
    int64_t pairs, tokens, steps;
    double quality; /* seconds until the suite's quality was reached and held; infinity: it was not */
    ix_speed speed;
    double loss_first, loss_last; /* mean over the first and the last hundredth of the steps */
} ix_cost;

typedef struct {
    char *path, *run_id, *twin_id, *suite, *part, *task, *model, *varied, *objective, *verdict;
    char *version, *commit, *cpu, *compiler, *mpi, *layout, *world;
    char *weights_hash, *tokenizer_hash, *format_hash;
    char *started, *settings; /* settings_id; "" in files of older versions */
    char *quality_set;        /* "": the suite has no target of time to quality */
    double quality_accuracy;
    int64_t seed, ranks;
    int64_t train_pairs, train_dropped; /* trained on; left out as too long; 0 where the file does not say */
    bool valid;                         /* verdict VALID */
    bool duplicate;                     /* another file has this run_id; left out of everything but validity */
    int cell;
    int sets;
    ix_scored *set;
    ix_cost cost;
    struct ix_stated *stated; /* claims.h; NULL: it states nothing */
    struct ix_scaled *scaled; /* scaled.h; NULL: it times no layouts */
    struct ix_wrote *wrote;   /* written.h; NULL: its model wrote nothing */
} ix_record;

typedef struct {
    const ix_record *ex, *im;
} ix_twin;

typedef struct {
    const char *suite, *part, *task, *model, *varied; /* of its first run */
    int rows, objectives, twins;
    int first, end;         /* its records are among [first, end) */
    const char **row;       /* [rows] group names, in the order of the sets */
    const char **category;  /* [rows] */
    const char **objective; /* [objectives] of its VALID runs: ex_rm, im_rm, then others */
    ix_twin *twin;          /* [twins] by seed */
} ix_family;

/* What ledgers and locks say of runs without a result. */
typedef struct {
    const char *kind; /* unfinished, failed, no result, locked, ledger */
    char *run_id;     /* "": of no single run */
    char *text;
} ix_launch_finding;

typedef struct ix_material {
    int records, families, unreadable, launches, ledgers;
    ix_record *record;         /* by suite, part, model, varied, objective, seed */
    ix_family *family;         /* of preference runs; pretraining has none */
    char **trouble;            /* [unreadable] one message per file that could not be read */
    ix_launch_finding *launch; /* [launches] */
    int banded, outside;       /* VALID runs that have a reference band; runs that left it, and are not VALID for it */
    const struct ix_material *old; /* what these runs are held against (--against); NULL: nothing */
} ix_material;

/* Reads everything below the paths. IX_EINPUT: a path is wrong. A file that cannot be read is counted, not an error. */
ix_status ix_material_read(ix_material *out, const char *const *paths, int count);
void ix_material_free(ix_material *m);

/* For ix_record_read: one set and its rewards. IX_EINPUT: they do not fit each other. *set can be
 * freed in any case. */
ix_status ix_scored_read(ix_scored *set, const ix_reader *rd, const char *name);
void ix_scored_free(ix_scored *set);

/* For ix_material_read: one file, its cost, the ledger and the locks, the families. */
ix_status ix_record_read(ix_record *out, const char *path);
void ix_record_free(ix_record *r);
void ix_cost_read(ix_cost *out, const ix_reader *rd);
ix_status ix_launches_read(ix_material *m, const ix_found_list *found); /* after the records */
void ix_launches_free(ix_material *m);
void ix_families_find(ix_material *m);
/* Seconds until the accuracy on the suite's set was reached and held, into c->quality: after[step] is the time of all
 * steps before, the evaluations and the reference pass come on top. (quality.c) */
void ix_quality_read(ix_cost *c, const ix_reader *rd, const double *after, int64_t steps);
/* Runs that left the reference band of their settings are no longer VALID. (bands.c) */
void ix_bands_apply(ix_material *m);
bool ix_is_pretraining(const ix_record *r);

/* A run on one row. Sets are averaged: accuracy is half / whole exactly, in integers, where the common multiple of the
 * sets' sizes is below 2^40, and rounded to 2^-40 where it is not. */
typedef struct {
    int64_t half, whole; /* accuracy = half / whole */
    int64_t pairs;       /* of all sets of the row */
    int64_t prompts;     /* pairs of its largest set: the sets of a row ask the same prompts */
    int sets;
    double accuracy, untrained, margin; /* untrained: NaN without epoch 0 */
    double correlation;                 /* of chosen and rejected rewards; NaN where it does not exist */
} ix_score;
bool ix_record_score(const ix_record *r, const char *row, ix_score *out); /* false: it has no such set */

/* Scores of the VALID runs of one objective on one row, by seed: at most `room`. Returns how many there are. */
int ix_family_scores(const ix_material *m, int family, const char *objective, const char *row, ix_score *out, int room);

/* Were the twins judged on the same pairs of this row? Only then are they compared. */
bool ix_twin_matches(const ix_twin *t, const char *row);

/* 1: EX-RM has the higher accuracy; 0: they are within 1 % (inclusive); -1: IM-RM has. In integers. */
int ix_twin_outcome(const ix_score *ex, const ix_score *im);

#endif
