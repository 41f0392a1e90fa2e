/* SPDX-License-Identifier: Apache-2.0 */
#include "task/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"

/* A growing list of numbers. */
typedef struct {
    double *value;
    int64_t n, capacity;
} series;

static ix_status push(series *s, const double *value, int64_t n)
{
    if (s->n + n > s->capacity) {
        int64_t capacity = 2 * (s->n + n);
        double *more = realloc(s->value, (size_t)capacity * sizeof *more);
        if (!more) return ix_fail(IX_ENOMEM, "record of the run: out of memory");
        s->value = more;
        s->capacity = capacity;
    }
    if (n > 0) memcpy(s->value + s->n, value, (size_t)n * sizeof *value); /* an empty list has no memory */
    s->n += n;
    return IX_OK;
}

/* Columns of train/, in the order in which a step is pushed. */
enum { LOSS, ACCURACY, NORM, RATE, PAIRS, TOKENS, COLUMNS };
static const char *const column_path[COLUMNS] = {"train/loss",          "train/accuracy", "train/gradient_norm",
                                                 "train/learning_rate", "train/pairs",    "train/tokens"};

typedef struct {
    series accuracy, margin, loss, step, epoch, seconds, reward, logp;
} set_record;

struct ix_record {
    const ix_grid *grid;
    const ix_eval_set *sets;
    int n_sets;
    ix_watcher watcher;
    series steps, seconds; /* [steps, COLUMNS], [steps, IX_PHASE_COUNT] */
    set_record *set;       /* [n_sets] */
};

ix_status ix_record_create(ix_record **out, const ix_grid *grid, const ix_eval_set *sets, int n_sets,
                           const ix_watcher *watcher)
{
    ix_status rc = IX_OK;
    ix_record *r = NULL;

    *out = NULL;
    IX_NEED(r = calloc(1, sizeof *r), IX_ENOMEM, "record of the run: out of memory");
    *r = (ix_record){.grid = grid, .sets = sets, .n_sets = n_sets};
    if (watcher) r->watcher = *watcher;
    IX_NEED(r->set = calloc((size_t)n_sets + 1, sizeof *r->set), IX_ENOMEM, "record of the run: out of memory");
    *out = r;
    r = NULL;
done:
    ix_record_destroy(&r);
    return rc;
}

void ix_record_destroy(ix_record **record)
{
    ix_record *r = *record;
    if (!r) return;
    for (int i = 0; r->set && i < r->n_sets; i++) {
        set_record *s = &r->set[i];
        free(s->accuracy.value);
        free(s->margin.value);
        free(s->loss.value);
        free(s->step.value);
        free(s->epoch.value);
        free(s->seconds.value);
        free(s->reward.value);
        free(s->logp.value);
    }
    free(r->set);
    free(r->steps.value);
    free(r->seconds.value);
    free(r);
    *record = NULL;
}

/* --- looking on -------------------------------------------------------------------------------------- */

static ix_status on_step(void *context, const ix_step_record *s)
{
    ix_status rc = IX_OK;
    ix_record *r = context;
    double row[COLUMNS] = {s->loss,          s->accuracy,        s->gradient_norm,
                           s->learning_rate, (double)s->plan->n, (double)s->tokens};
    IX_TRY(push(&r->steps, row, COLUMNS));
    IX_TRY(push(&r->seconds, s->seconds, IX_PHASE_COUNT));
    if (r->watcher.step) r->watcher.step(r->watcher.context, s);
done:
    return rc;
}

static ix_status on_evaluation(void *context, const ix_eval_record *e)
{
    ix_status rc = IX_OK;
    ix_record *r = context;
    set_record *s = &r->set[e->set];
    double step = (double)e->step;

    IX_TRY(push(&s->accuracy, &e->metrics.accuracy, 1));
    IX_TRY(push(&s->margin, &e->metrics.margin, 1));
    IX_TRY(push(&s->loss, &e->metrics.loss, 1));
    IX_TRY(push(&s->step, &step, 1));
    IX_TRY(push(&s->epoch, &e->epoch, 1));
    IX_TRY(push(&s->seconds, &e->seconds, 1));
    for (int64_t i = 0; i < ix_pairs_count(r->sets[e->set].pairs); i++) {
        IX_TRY(push(&s->reward, e->result[i].reward, IX_SIDES));
        if (r->sets[e->set].reference) IX_TRY(push(&s->logp, e->result[i].logp, IX_SIDES));
    }
    if (r->watcher.evaluated) r->watcher.evaluated(r->watcher.context, &r->sets[e->set], e);
done:
    return rc;
}

/* --- checkpoints ------------------------------------------------------------------------------------- */

#define SERIES 8

/* The series of set i, by name. */
static void list_series(set_record *s, const char *name[SERIES], series *list[SERIES])
{
    const char *const names[SERIES] = {"accuracy", "margin", "loss", "step", "epoch", "seconds", "reward", "logp"};
    series *const all[SERIES] = {&s->accuracy, &s->margin,  &s->loss,   &s->step,
                                 &s->epoch,    &s->seconds, &s->reward, &s->logp};
    memcpy(name, names, sizeof names);
    memcpy(list, all, sizeof all);
}

static void name_series(char *out, size_t capacity, int set, const char *name)
{
    snprintf(out, capacity, "record/set-%d/%s", set, name);
}

static ix_status save_sets(ix_record *r, ix_moment *m)
{
    ix_status rc = IX_OK;
    const char *name[SERIES];
    series *list[SERIES];
    char path[64];
    for (int i = 0; i < r->n_sets; i++) {
        list_series(&r->set[i], name, list);
        for (int k = 0; k < SERIES; k++) {
            name_series(path, sizeof path, i, name[k]);
            IX_TRY(ix_moment_doubles(m, path, list[k]->n, list[k]->value));
        }
    }
done:
    return rc;
}

/* The seconds of all ranks, one rank after the other. */
static ix_status save_seconds(ix_record *r, ix_moment *m)
{
    ix_status rc = IX_OK;
    ix_parts all = {0};
    size_t bytes = (size_t)r->seconds.n * sizeof *r->seconds.value;
    int64_t n = r->seconds.n * ix_grid_size(r->grid, IX_GROUP);

    IX_TRY(ix_grid_gather_bytes(r->grid, IX_GROUP, 0, r->seconds.value, bytes, &all));
    if (all.bytes) rc = ix_moment_doubles(m, "record/seconds", n, (const double *)(const void *)all.bytes);
done:
    ix_parts_free(&all);
    return rc;
}

static ix_status on_save(void *context, ix_moment *m)
{
    ix_record *r = context;
    ix_status rc = save_seconds(r, m);
    if (rc == IX_OK) rc = ix_moment_doubles(m, "record/steps", r->steps.n, r->steps.value);
    if (rc == IX_OK) rc = save_sets(r, m);
    return ix_grid_agree(r->grid, IX_GROUP, rc);
}

static ix_status take_series(series *s, const ix_saver *saver, const char *name)
{
    const ix_array *a;
    ix_status rc = ix_arrays_need(&a, ix_saver_arrays(saver), name, IX_DOUBLES, -1, ix_saver_place(saver));
    s->n = 0;
    return rc == IX_OK ? push(s, a->values, a->n) : rc;
}

/* This rank's own, if there was such a rank: nobody knows the others'. */
static ix_status take_seconds(ix_record *r, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    const ix_array *a;
    const double unknown = NAN;
    int64_t n = r->steps.n / COLUMNS * IX_PHASE_COUNT, rank = ix_grid_rank(r->grid, IX_GROUP);

    IX_TRY(ix_arrays_need(&a, ix_saver_arrays(saver), "record/seconds", IX_DOUBLES, -1, ix_saver_place(saver)));
    r->seconds.n = 0;
    if ((rank + 1) * n <= a->n) return push(&r->seconds, (const double *)a->values + rank * n, n);
    for (int64_t i = 0; i < n; i++) IX_TRY(push(&r->seconds, &unknown, 1));
done:
    return rc;
}

static ix_status check_set(const ix_record *r, int i, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    const set_record *s = &r->set[i];
    int64_t n = s->accuracy.n, pairs = IX_SIDES * ix_pairs_count(r->sets[i].pairs);
    bool logp = r->sets[i].reference != NULL;
    IX_NEED(s->reward.n == n * pairs && s->logp.n == (logp ? n * pairs : 0) && s->step.n == n && s->epoch.n == n,
            IX_EINPUT, "%s: the rewards of set %d do not fit its pairs", ix_saver_place(saver), i);
done:
    return rc;
}

static ix_status on_restore(void *context, const ix_saver *saver)
{
    ix_status rc = IX_OK;
    ix_record *r = context;
    const char *name[SERIES];
    series *list[SERIES];
    char path[64];

    IX_TRY(take_series(&r->steps, saver, "record/steps"));
    IX_TRY(take_seconds(r, saver));
    for (int i = 0; i < r->n_sets; i++) {
        list_series(&r->set[i], name, list);
        for (int k = 0; k < SERIES; k++) {
            name_series(path, sizeof path, i, name[k]);
            IX_TRY(take_series(list[k], saver, path));
        }
        IX_TRY(check_set(r, i, saver));
    }
done:
    return rc;
}

ix_observer ix_record_observer(ix_record *record)
{
    return (ix_observer){
        .context = record, .step = on_step, .evaluated = on_evaluation, .save = on_save, .restore = on_restore};
}

double ix_record_accuracy(const ix_record *record, int set)
{
    const series *a = &record->set[set].accuracy;
    return a->n ? a->value[a->n - 1] : NAN;
}

bool ix_record_started_at_zero(const ix_record *record, int set)
{
    int64_t n = IX_SIDES * ix_pairs_count(record->sets[set].pairs);
    for (int64_t i = 0; i < n; i++)
        if (record->set[set].reward.value[i] != 0) return false;
    return true;
}

/* --- into the result ----------------------------------------------------------------------------------- */

static ix_status store_whole(ix_result *result, const char *path, const int64_t *shape, const double *value, int64_t n)
{
    ix_status rc = IX_OK;
    int64_t *whole = calloc((size_t)n + 1, sizeof *whole);
    IX_NEED(whole, IX_ENOMEM, "record of the run: out of memory");
    for (int64_t i = 0; i < n; i++) whole[i] = (int64_t)value[i];
    IX_TRY(ix_result_ints(result, path, shape, whole));
done:
    free(whole);
    return rc;
}

static ix_status store_steps(const ix_record *r, ix_result *result)
{
    ix_status rc = IX_OK;
    int64_t steps = r->steps.n / COLUMNS;
    double *column = calloc((size_t)steps + 1, sizeof *column);

    IX_NEED(column, IX_ENOMEM, "record of the run: out of memory");
    for (int c = 0; c < COLUMNS; c++) {
        for (int64_t i = 0; i < steps; i++) column[i] = r->steps.value[i * COLUMNS + c];
        if (c == PAIRS || c == TOKENS) IX_TRY(store_whole(result, column_path[c], &steps, column, steps));
        else IX_TRY(ix_result_reals(result, column_path[c], &steps, column));
    }
done:
    free(column);
    return rc;
}

/* One rank's part of train/time, train/memory and hosts. */
typedef struct {
    char host[256];
    int64_t memory;
} place;

static ix_status store_times(const ix_parts *times, int ranks, int64_t steps, ix_result *result)
{
    ix_status rc = IX_OK;
    int64_t shape[] = {steps, ranks, IX_PHASE_COUNT};
    double *all = calloc((size_t)(steps * ranks * IX_PHASE_COUNT) + 1, sizeof *all);

    IX_NEED(all, IX_ENOMEM, "record of the run: out of memory");
    for (int rank = 0; rank < ranks; rank++)
        for (int64_t s = 0; s < steps; s++)
            memcpy(all + (s * ranks + rank) * IX_PHASE_COUNT,
                   times->bytes + times->offset[rank] + (size_t)s * IX_PHASE_COUNT * sizeof *all,
                   IX_PHASE_COUNT * sizeof *all);
    IX_TRY(ix_result_reals(result, "train/time", shape, all));
done:
    free(all);
    return rc;
}

static ix_status store_places(const ix_parts *places, int64_t ranks, ix_result *result)
{
    ix_status rc = IX_OK;
    const char **host = calloc((size_t)ranks, sizeof *host);
    int64_t *memory = calloc((size_t)ranks, sizeof *memory);

    IX_NEED(host && memory, IX_ENOMEM, "record of the run: out of memory");
    for (int64_t i = 0; i < ranks; i++) {
        const place *p = (const place *)(const void *)(places->bytes + places->offset[i]);
        host[i] = p->host;
        memory[i] = p->memory;
    }
    IX_TRY(ix_result_texts(result, "hosts", &ranks, host));
    IX_TRY(ix_result_ints(result, "train/memory", &ranks, memory));
done:
    free(host);
    free(memory);
    return rc;
}

static ix_status store_pairs(const ix_eval_set *set, ix_result *result)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(set->pairs), shape[] = {n, IX_SIDES};
    int64_t *tokens = calloc((size_t)n, IX_SIDES * sizeof *tokens), *prompt = calloc((size_t)n, sizeof *prompt);
    double *reference = calloc((size_t)n, IX_SIDES * sizeof *reference);
    char path[512];

    IX_NEED(tokens && prompt && reference, IX_ENOMEM, "record of the run: out of memory");
    for (int64_t i = 0; i < n; i++) {
        ix_pair p = ix_pairs_get(set->pairs, i);
        prompt[i] = p.prompt_size;
        for (int s = 0; s < IX_SIDES; s++) {
            tokens[IX_SIDES * i + s] = p.response_size[s];
            if (set->reference) reference[IX_SIDES * i + s] = set->reference[i].logp[s];
        }
    }
    snprintf(path, sizeof path, "eval/%s/tokens", set->name);
    IX_TRY(ix_result_ints(result, path, shape, tokens));
    snprintf(path, sizeof path, "eval/%s/prompt_tokens", set->name);
    IX_TRY(ix_result_ints(result, path, &n, prompt));
    snprintf(path, sizeof path, "eval/%s/reference_logp", set->name);
    if (set->reference) IX_TRY(ix_result_reals(result, path, shape, reference));
done:
    free(tokens);
    free(prompt);
    free(reference);
    return rc;
}

static ix_status store_set(const ix_eval_set *set, const set_record *s, ix_result *result)
{
    ix_status rc = IX_OK;
    char hash[IX_HASH_HEX], path[512];
    int64_t n = ix_pairs_count(set->pairs), epochs = s->accuracy.n, shape[] = {epochs, n, IX_SIDES};
    const struct {
        const char *name;
        const series *values;
    } reals[] = {{"accuracy", &s->accuracy}, {"margin", &s->margin}, {"loss", &s->loss}, {"epoch", &s->epoch},
                 {"seconds", &s->seconds},   {"reward", &s->reward}, {"logp", &s->logp}};

    ix_pairs_hash(set->pairs, hash);
    ix_result_set about = {.name = set->name,
                           .category = set->category,
                           .group = set->group,
                           .hash = hash,
                           .count = n,
                           .dropped = ix_pairs_dropped(set->pairs)};
    IX_TRY(ix_result_add_set(result, &about));
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) {
        snprintf(path, sizeof path, "eval/%s/%s", set->name, reals[i].name);
        if (reals[i].values->n) IX_TRY(ix_result_reals(result, path, shape, reals[i].values->value));
    }
    snprintf(path, sizeof path, "eval/%s/step", set->name);
    IX_TRY(store_whole(result, path, shape, s->step.value, epochs));
    IX_TRY(store_pairs(set, result));
done:
    return rc;
}

static ix_status store_all(const ix_record *r, const ix_parts *times, const ix_parts *places, ix_result *result)
{
    ix_status rc = IX_OK;
    int ranks = ix_grid_size(r->grid, IX_GROUP);
    int64_t steps = r->steps.n / COLUMNS;
    IX_TRY(store_places(places, ranks, result));
    if (steps) {
        IX_TRY(store_steps(r, result));
        IX_TRY(store_times(times, ranks, steps, result));
    }
    for (int i = 0; i < r->n_sets; i++) IX_TRY(store_set(&r->sets[i], &r->set[i], result));
done:
    return rc;
}

ix_status ix_record_store(ix_record *r, ix_result *result)
{
    ix_status rc = IX_OK;
    ix_parts times = {0}, places = {0};
    struct rusage usage;
    place mine = {0};

    getrusage(RUSAGE_SELF, &usage);
    mine.memory = usage.ru_maxrss * 1024;
    snprintf(mine.host, sizeof mine.host, "%s", ix_comm_host());
    size_t bytes = (size_t)r->seconds.n * sizeof *r->seconds.value;
    IX_TRY(ix_grid_gather_bytes(r->grid, IX_GROUP, 0, r->seconds.value, bytes, &times));
    IX_TRY(ix_grid_gather_bytes(r->grid, IX_GROUP, 0, &mine, sizeof mine, &places));
    bool writes = ix_grid_rank(r->grid, IX_GROUP) == 0;
    IX_TRY(ix_grid_agree(r->grid, IX_GROUP, writes ? store_all(r, &times, &places, result) : IX_OK));
done:
    ix_parts_free(&times);
    ix_parts_free(&places);
    return rc;
}
