/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "task/scaling.h"

static const char *const series_name[IX_SERIES_COUNT] = {
#define S(name, text) [IX_SERIES_##name] = text,
    IX_SCALING_SERIES(S)
#undef S
};

/* --- a row for each layout -------------------------------------------------------------------------------------- */

/* Columns of whole numbers below /scaling. */
enum { GROUPS, DATA, TENSOR, THREADS, RANKS, PAIRS, NODES, BUSY, CORES, COLUMNS };
static const char *const column_path[COLUMNS] = {"scaling/groups",  "scaling/data",  "scaling/tensor",
                                                 "scaling/threads", "scaling/ranks", "scaling/pairs",
                                                 "scaling/nodes",   "scaling/busy",  "scaling/cores"};

/* Of the node that has least cores for each of its threads. */
static void look_at_nodes(const ix_scaling_outcome *o, const ix_scaling_layout *l, int64_t *nodes, int64_t *busy,
                          int64_t *cores)
{
    int ranks = ix_scaling_ranks(l);
    const ix_cores **set = calloc((size_t)ranks, sizeof *set);
    IX_CONTRACT(set);
    *nodes = *busy = *cores = 0;
    for (int r = 0; r < ranks; r++) {
        int first = 0, n = 0;
        while (strcmp(o->place[first].host, o->place[r].host) != 0) first++;
        if (first != r) continue;
        for (int i = r; i < ranks; i++)
            if (!strcmp(o->place[i].host, o->place[r].host)) set[n++] = &o->place[i].cores;
        int64_t here = (int64_t)n * l->threads, have = ix_cores_together(set, n);
        if (++*nodes == 1 || here * *cores > *busy * have) {
            *busy = here;
            *cores = have;
        }
    }
    free(set);
}

static char *list_series(const ix_scaling_layout *l)
{
    char *text = ix_format("%s", "");
    for (int s = 0; s < IX_SERIES_COUNT; s++) {
        if (!l->member[s]) continue;
        char *more = ix_format("%s%s%s", text, *text ? "," : "", series_name[s]);
        free(text);
        text = more;
    }
    return text;
}

static ix_status store_columns(const ix_scaling_outcome *o, ix_result *result)
{
    ix_status rc = IX_OK;
    int64_t n = o->tapes, *value = calloc((size_t)(COLUMNS * n), sizeof *value);
    double *deviation = calloc((size_t)n, sizeof *deviation);

    IX_NEED(value && deviation, IX_ENOMEM, "scaling: out of memory");
    for (int i = 0; i < n; i++) {
        const ix_scaling_layout *l = o->tape[i].layout;
        const int64_t known[] = {l->groups, l->data, l->tensor, l->threads, ix_scaling_ranks(l), l->pairs};
        for (int c = 0; c < NODES; c++) value[c * n + i] = known[c];
        look_at_nodes(o, l, &value[NODES * n + i], &value[BUSY * n + i], &value[CORES * n + i]);
        deviation[i] = o->tape[i].deviation;
    }
    for (int c = 0; c < COLUMNS; c++) IX_TRY(ix_result_ints(result, column_path[c], &n, value + c * n));
    IX_TRY(ix_result_reals(result, "scaling/deviation", &n, deviation));
done:
    free(value);
    free(deviation);
    return rc;
}

static ix_status store_names(const ix_scaling_outcome *o, ix_result *result)
{
    ix_status rc = IX_OK;
    const int64_t n = o->tapes;
    ix_scaling_name *name = calloc((size_t)n, sizeof *name);
    const char **names = calloc((size_t)n, sizeof *names);
    char **series = calloc((size_t)n, sizeof *series);

    IX_NEED(name && names && series, IX_ENOMEM, "scaling: out of memory");
    for (int i = 0; i < n; i++) {
        ix_scaling_name_of(name[i], o->tape[i].layout);
        names[i] = name[i];
        series[i] = list_series(o->tape[i].layout);
    }
    IX_TRY(ix_result_texts(result, "scaling/layout", &n, names));
    IX_TRY(ix_result_texts(result, "scaling/series", &n, (const char *const *)series));
done:
    for (int i = 0; series && i < n; i++) free(series[i]);
    free(series);
    free(names);
    free(name);
    return rc;
}

/* --- a group for each layout -------------------------------------------------------------------------------------- */

static ix_status put(ix_result *result, const ix_scaling_layout *l, const char *what, const int64_t *shape,
                     const double *reals, const int64_t *ints)
{
    ix_scaling_name name;
    ix_scaling_name_of(name, l);
    char *path = ix_format("scaling/%s/%s", name, what);
    ix_status rc = ints ? ix_result_ints(result, path, shape, ints) : ix_result_reals(result, path, shape, reals);
    free(path);
    return rc;
}

/* seconds[step, rank, phase] from the ranks' tapes. */
static ix_status store_times(const ix_scaling_tape *t, ix_result *result)
{
    ix_status rc = IX_OK;
    const int64_t ranks = ix_scaling_ranks(t->layout), shape[] = {t->steps, ranks, IX_PHASE_COUNT};
    double *all = calloc((size_t)(t->steps * ranks * IX_PHASE_COUNT), sizeof *all);

    IX_NEED(all, IX_ENOMEM, "scaling: out of memory");
    for (int64_t s = 0; s < t->steps; s++)
        for (int64_t r = 0; r < ranks; r++)
            memcpy(all + (s * ranks + r) * IX_PHASE_COUNT, t->step[r * t->steps + s].seconds, sizeof t->step->seconds);
    IX_TRY(put(result, t->layout, "time", shape, all, NULL));
done:
    free(all);
    return rc;
}

/* Of all groups together; they do the same. */
static ix_status store_steps(const ix_scaling_tape *t, const ix_settings *s, ix_result *result)
{
    enum { ROUND, WARMUP, STEP_PAIRS, TOKENS, STEP_COLUMNS };
    static const char *const path[STEP_COLUMNS] = {"round", "warmup", "pairs", "tokens"};
    ix_status rc = IX_OK;
    const int64_t n = t->steps, per_round = s->scaling.warmup + s->scaling.steps;
    int64_t *whole = calloc((size_t)(STEP_COLUMNS * n), sizeof *whole);
    double *real = calloc((size_t)(2 * n), sizeof *real), groups = t->layout->groups;

    IX_NEED(whole && real, IX_ENOMEM, "scaling: out of memory");
    for (int64_t i = 0; i < n; i++) {
        const ix_scaling_step *step = &t->step[i];
        const int64_t row[STEP_COLUMNS] = {i / per_round, i % per_round < s->scaling.warmup,
                                           (int64_t)(groups * step->pairs), (int64_t)(groups * step->tokens)};
        for (int c = 0; c < STEP_COLUMNS; c++) whole[c * n + i] = row[c];
        real[i] = step->loss;
        real[n + i] = groups * step->flops;
    }
    for (int c = 0; c < STEP_COLUMNS; c++) IX_TRY(put(result, t->layout, path[c], &n, NULL, whole + c * n));
    IX_TRY(put(result, t->layout, "loss", &n, real, NULL));
    IX_TRY(put(result, t->layout, "flops", &n, real + n, NULL));
done:
    free(whole);
    free(real);
    return rc;
}

static ix_status store_hosts(const ix_scaling_outcome *o, ix_result *result)
{
    const int64_t n = o->ranks;
    const char **host = calloc((size_t)n, sizeof *host);
    if (!host) return ix_fail(IX_ENOMEM, "scaling: out of memory");
    for (int64_t i = 0; i < n; i++) host[i] = o->place[i].host;
    ix_status rc = ix_result_texts(result, "hosts", &n, host);
    free(host);
    return rc;
}

ix_status ix_scaling_store(const ix_scaling_outcome *o, ix_result *result)
{
    ix_status rc = IX_OK;
    IX_TRY(store_hosts(o, result));
    IX_TRY(store_names(o, result));
    IX_TRY(store_columns(o, result));
    IX_TRY(ix_result_reals(result, "scaling/core_peak", NULL, &o->core_peak));
    IX_TRY(ix_result_reals(result, "scaling/node_peak", NULL, &o->node_peak));
    for (int i = 0; i < o->tapes; i++) {
        IX_TRY(store_times(&o->tape[i], result));
        IX_TRY(store_steps(&o->tape[i], o->settings, result));
    }
done:
    return rc;
}
