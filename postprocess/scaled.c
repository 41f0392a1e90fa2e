/* SPDX-License-Identifier: Apache-2.0 */
#include "scaled.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/file.h"
#include "table.h"

void ix_scaled_free(ix_scaled **scaled)
{
    ix_scaled *s = *scaled;
    if (!s) return;
    for (int i = 0; i < s->layouts; i++) {
        void *const blocks[] = {s->at[i].name,  s->at[i].series, s->at[i].counts,
                                s->at[i].round, s->at[i].rate,   s->at[i].pair_rate};
        for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) free(blocks[k]);
    }
    free(s->at);
    free(s);
    *scaled = NULL;
}

/* --- /scaling ------------------------------------------------------------------------------------------------- */

static ix_status read_names(ix_scaled *s, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    char **name = NULL, **series = NULL;
    int64_t n, m;

    IX_TRY(ix_reader_texts(rd, "/scaling/layout", 1, &n, &name));
    IX_TRY(ix_reader_texts(rd, "/scaling/series", 1, &m, &series));
    IX_NEED(n > 0 && n == m && n < 1 << 20, IX_EINPUT, "%s: /scaling: lists of different lengths", ix_reader_path(rd));
    s->at = ix_grow(NULL, (size_t)n, sizeof *s->at);
    for (; s->layouts < n; s->layouts++)
        s->at[s->layouts] =
            (ix_scaled_layout){.name = ix_copy(name[s->layouts]), .series = ix_copy(series[s->layouts])};
done:
    free(name);
    free(series);
    return rc;
}

static ix_status read_column(const ix_scaled *s, const ix_reader *rd, const char *path, double **value)
{
    ix_status rc = IX_OK;
    int64_t n;
    IX_TRY(ix_reader_array(rd, path, 1, &n, value));
    IX_NEED(n == s->layouts, IX_EINPUT, "%s: %s: %lld values of %d layouts", ix_reader_path(rd), path, (long long)n,
            s->layouts);
done:
    return rc;
}

static ix_status read_columns(ix_scaled *s, const ix_reader *rd)
{
    static const struct {
        const char *path;
        size_t at;
    } column[] = {{"/scaling/groups", offsetof(ix_scaled_layout, groups)},
                  {"/scaling/data", offsetof(ix_scaled_layout, data)},
                  {"/scaling/tensor", offsetof(ix_scaled_layout, tensor)},
                  {"/scaling/threads", offsetof(ix_scaled_layout, threads)},
                  {"/scaling/ranks", offsetof(ix_scaled_layout, ranks)},
                  {"/scaling/pairs", offsetof(ix_scaled_layout, pairs)},
                  {"/scaling/nodes", offsetof(ix_scaled_layout, nodes)},
                  {"/scaling/busy", offsetof(ix_scaled_layout, busy)},
                  {"/scaling/cores", offsetof(ix_scaled_layout, cores)}};
    ix_status rc = IX_OK;
    double *value = NULL;

    for (size_t c = 0; c < sizeof column / sizeof *column; c++) {
        IX_TRY(read_column(s, rd, column[c].path, &value));
        for (int i = 0; i < s->layouts; i++) *(int64_t *)(void *)((char *)&s->at[i] + column[c].at) = (int64_t)value[i];
        free(value);
        value = NULL;
    }
    IX_TRY(read_column(s, rd, "/scaling/deviation", &value));
    for (int i = 0; i < s->layouts; i++) s->at[i].deviation = value[i];
done:
    free(value);
    return rc;
}

static double scalar(const ix_reader *rd, const char *path)
{
    double *value = NULL, x = NAN;
    if (ix_reader_has(rd, path) && ix_reader_array(rd, path, 0, NULL, &value) == IX_OK) x = value[0];
    free(value);
    return x;
}

/* --- one layout ------------------------------------------------------------------------------------------------ */

typedef struct {
    double *round, *warmup, *pairs, *flops, *seconds;
    int64_t dims[3];
    int *known;
} columns;

static void free_columns(columns *c)
{
    free(c->round);
    free(c->warmup);
    free(c->pairs);
    free(c->flops);
    free(c->seconds);
    free(c->known);
}

static ix_status load_columns(columns *c, const ix_scaled_layout *l, const ix_reader *rd)
{
    const struct {
        const char *name;
        double **to;
    } list[] = {{"round", &c->round}, {"warmup", &c->warmup}, {"pairs", &c->pairs}, {"flops", &c->flops}};
    ix_status rc = IX_OK;
    char *path = ix_format("/scaling/%s/time", l->name);
    int64_t n = 0;

    IX_TRY(ix_reader_array(rd, path, 3, c->dims, &c->seconds));
    IX_NEED(c->dims[1] == l->ranks && l->groups > 0 && l->ranks % l->groups == 0, IX_EINPUT,
            "%s: %s: %lld ranks, but the layout has %lld", ix_reader_path(rd), path, (long long)c->dims[1],
            (long long)l->ranks);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        free(path);
        path = ix_format("/scaling/%s/%s", l->name, list[i].name);
        IX_TRY(ix_reader_array(rd, path, 1, &n, list[i].to));
        IX_NEED(n == c->dims[0], IX_EINPUT, "%s: %s: %lld values of %lld steps", ix_reader_path(rd), path, (long long)n,
                (long long)c->dims[0]);
    }
    free(path);
    path = ix_format("/scaling/%s/phase", l->name);
    IX_TRY(ix_times_phases(rd, path, c->dims[2], &c->known));
done:
    free(path);
    return rc;
}

/* Of one step: how much per second, where every group goes its own way through an equal share of `amount`. */
static double rate_of(const ix_scaled_layout *l, const columns *c, int64_t step, double amount)
{
    int64_t ranks = l->ranks / l->groups;
    double sum = 0;
    for (int64_t g = 0; g < l->groups; g++) {
        ix_times alone = {.step = 0};
        const double *seconds = c->seconds + (step * l->ranks + g * ranks) * c->dims[2];
        double longest = ix_times_add(&alone, seconds, ranks, c->dims[2], c->known);
        sum += amount / (double)l->groups / longest;
    }
    return sum;
}

static ix_status read_layout(ix_scaled_layout *l, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    columns c = {0};

    IX_TRY(load_columns(&c, l, rd));
    l->steps = c.dims[0];
    l->counts = ix_grow(NULL, (size_t)l->steps, sizeof *l->counts);
    l->round = ix_grow(NULL, (size_t)l->steps, sizeof *l->round);
    l->rate = ix_grow(NULL, (size_t)l->steps, sizeof *l->rate);
    l->pair_rate = ix_grow(NULL, (size_t)l->steps, sizeof *l->pair_rate);
    for (int64_t s = 0; s < l->steps; s++) {
        l->counts[s] = c.warmup[s] == 0;
        l->round[s] = (int64_t)c.round[s];
        l->rate[s] = rate_of(l, &c, s, c.flops[s]);
        l->pair_rate[s] = rate_of(l, &c, s, c.pairs[s]);
        if (l->counts[s]) ix_times_add(&l->times, c.seconds + s * l->ranks * c.dims[2], l->ranks, c.dims[2], c.known);
    }
done:
    free_columns(&c);
    return rc;
}

ix_status ix_scaled_read(ix_scaled **out, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    *out = NULL;
    if (!ix_reader_has(rd, "/scaling/layout")) return IX_OK;
    ix_scaled *s = ix_grow(NULL, 1, sizeof *s);
    *s = (ix_scaled){.core_peak = scalar(rd, "/scaling/core_peak"), .node_peak = scalar(rd, "/scaling/node_peak")};
    IX_TRY(read_names(s, rd));
    IX_TRY(read_columns(s, rd));
    for (int i = 0; i < s->layouts; i++) IX_TRY(read_layout(&s->at[i], rd));
    *out = s;
    s = NULL;
done:
    ix_scaled_free(&s);
    return rc;
}
