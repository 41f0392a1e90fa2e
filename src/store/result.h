/* SPDX-License-Identifier: Apache-2.0
 *
 * result.h - one run's result file, OUT/<suite>/<run_id>.h5.
 *
 * A result is gathered in memory and written once: under a temporary name, synced, renamed. So a file
 * of that name is complete, and a sha-256 seal behind its last HDF5 byte proves it (h5py, xarray and
 * h5dump do not mind the seal). Every text is UTF-8; every data set carries units, long_name and a
 * dimension scale per dimension. All functions are local and copy what they are given.
 *
 * Attributes of "/": ix_result_write demands those marked *; others may be added freely.
 *   answer    run_id* twin_id* settings_id suite* part task* model* objective* seed* verdict* (VALID, or why not),
 *             weights_hash tokenizer_hash format_hash, format
 *   versions  version* git_commit compiler mpi blis hdf5
 *   time      started* finished* (UTC, ISO 8601)
 *   place     ranks* layout threads cpu command job, and every name that starts with place_
 * `impex check --same` holds the answer (and every unknown name) against the other result's, reports
 * differing versions, and ignores time and place. content and schema are written here.
 *
 * Data sets: `path` as given to the functions below, dimensions, type.
 *   config/given config/resolved                            text
 *   hosts                          [rank]                   text     the host of every rank
 *   train/loss accuracy gradient_norm learning_rate  [step] real
 *   train/pairs tokens             [step]                   int
 *   train/time                     [step, rank, phase]      real     seconds
 *   train/memory                   [rank]                   int      peak bytes of every rank
 *   eval/<set>/reward logp         [epoch, pair, side]      real     side: chosen, rejected
 *   eval/<set>/reference_logp      [pair, side]             real
 *   eval/<set>/tokens              [pair, side]             int      length of the response
 *   eval/<set>/characters          [pair, side]             int      the same of its text, in code points
 *   eval/<set>/lookup              [pair, side]             real     1: chosen in training after the same prompt
 *   eval/<set>/bag_of_tokens       [pair, side]             real     reward of a bag of tokens fit to the training pairs
 *   eval/<set>/prompt_tokens       [pair]                   int
 *   eval/<set>/accuracy margin loss seconds  [epoch]        real
 *   eval/<set>/step                [epoch]                  int      training steps done before
 *   generate/<set>/correct         [pair, try]              int
 *   generate/<set>/text            [pair, try]              text
 *   generate/<set>/permutation steps edges tokens  [pair, try]   int
 *   generate/<set>/logp            [pair, try]              real
 *   generate/<set>/uniform walk density exact reference_exact  [pair]    real
 *   generate/<set>/graph answers   [pair]                   int
 *   generate/<set>/where           [pair, part]             real
 *   reference/seconds                                       real     IM-RM's reference pass
 *   claims/name statement relation verdict reason  [claim]  text
 *   claims/measured bound          [claim]                  real
 *   claims/sheet                   [sheet]                  text     which sheets there are
 *   sheets/<sheet>/value           [row, column]            real     with the scales row, column (text), given
 *   sheets/<sheet>/about                                    text
 *   scaling/layout series          [layout]                 text     names of the groups below
 *   scaling/groups data tensor threads ranks pairs nodes busy cores  [layout]  int
 *   scaling/deviation              [layout]                 real
 *   scaling/core_peak node_peak                             real     FLOP/s
 *   scaling/<layout>/time          [step, rank, phase]      real     seconds
 *   scaling/<layout>/round warmup pairs tokens  [step]      int
 *   scaling/<layout>/loss flops    [step]                   real
 *   speed/seconds flop product_seconds attention_flop attention_seconds  [phase]  real
 *   speed/update_bytes                                      real     read and written by updates
 *   speed/peak bandwidth                                    real     FLOP/s, bytes/s
 *   speed/start                    [stage]                  real     seconds up to the first step
 * A dimension has one length within a group (contract). Scales are data sets like the others and may
 * be given: train/step (int), train/rank (int), train/phase (text), eval/<set>/epoch (real), ... . If
 * not: 0, 1, 2, ...; phase takes the names of base/clock.h and stage those of base/start.h (contract: all
 * of them), side chosen and rejected. */
#ifndef IX_STORE_RESULT_H
#define IX_STORE_RESULT_H

#include <stdint.h>

#include "base/status.h"

#define IX_RESULT_SCHEMA 1

typedef struct ix_result ix_result;

ix_status ix_result_create(ix_result **out);
void ix_result_destroy(ix_result **r); /* NULL is fine; leaves *r NULL */

/* An attribute of "/". A second value replaces the first. IX_EINPUT: a text is not UTF-8. */
ix_status ix_result_text(ix_result *r, const char *name, const char *value);
ix_status ix_result_int(ix_result *r, const char *name, int64_t value);
ix_status ix_result_real(ix_result *r, const char *name, double value);

/* The group /eval/<name> and its attributes. Readers see sets in the order they were added. */
typedef struct {
    const char *name;
    const char *category; /* in_distribution, token_shift, domain_shift, control */
    const char *group;    /* sets that are averaged into one row of a table share it; NULL: the name */
    const char *about;    /* the sentence a table prints beside it; NULL: none */
    const char *hash;     /* of the pairs as judged; NULL: none */
    int64_t count;        /* pairs judged */
    int64_t dropped;      /* pairs that were too long */
} ix_result_set;
ix_status ix_result_add_set(ix_result *r, const ix_result_set *set);
/* One more attribute of a set that was added: a count of something about its pairs. */
ix_status ix_result_set_int(ix_result *r, const char *set, const char *name, int64_t value);

/* May a set or switch have this name? IX_EINPUT unless it is UTF-8, not empty, at most 200 bytes, without
 * '/', and neither "." nor "..". For configuration, so that a bad name is refused before the work. */
ix_status ix_result_check_name(const char *name);

/* A data set of the table above; contract: the path is there, and of this type. shape: one length per
 * dimension, NULL for a scalar. values: in row-major order. A second call replaces the first.
 *
 *     ix_result_reals(r, "train/loss", (int64_t[]){steps}, loss);
 *     ix_result_reals(r, "eval/persona/reward", (int64_t[]){epochs, pairs, 2}, reward);
 *     ix_result_texts(r, "config/resolved", NULL, &yaml); */
ix_status ix_result_reals(ix_result *r, const char *path, const int64_t *shape, const double *values);
ix_status ix_result_ints(ix_result *r, const char *path, const int64_t *shape, const int64_t *values);
ix_status ix_result_texts(ix_result *r, const char *path, const int64_t *shape, const char *const *values);

/* /saved/<name>: what a speed-up saved, as a number of `units` ("1" for plain counts). */
ix_status ix_result_saved(ix_result *r, const char *name, double value, const char *units, const char *about);

/* Writes the file; an older one of that name is replaced at the last moment or not at all. One writer at a
 * time (the run's lock): half-written files that killed ones left are removed. Contract: the attributes
 * marked * are there, and config/resolved. IX_EIO: full disk, no permission, ... */
ix_status ix_result_write(const ix_result *r, const char *path);

#endif
