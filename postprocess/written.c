/* SPDX-License-Identifier: Apache-2.0 */
#include "written.h"

#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "table.h"

static const char *const set_names[IX_WROTE_SETS] = {"test", "train", "test-unvisited"};

const char *ix_wrote_set_name(ix_wrote_set set)
{
    return set_names[set];
}

void ix_wrote_free(ix_wrote **wrote)
{
    free(*wrote);
    *wrote = NULL;
}

/* The sum of a column, and how many numbers it has; NaN are left out. */
static ix_status sum_of(const ix_reader *rd, const char *set, const char *name, int rank, double *sum, int64_t *n)
{
    double *value = NULL;
    int64_t dims[IX_READER_DIMS], size = 1;
    char *path = ix_format("/generate/%s/%s", set, name);
    ix_status rc = ix_reader_array(rd, path, rank, dims, &value);
    *sum = 0;
    for (int i = 0; rc == IX_OK && i < rank; i++) size *= dims[i];
    for (int64_t i = 0; rc == IX_OK && i < size; i++) *sum += isnan(value[i]) ? 0 : value[i];
    *n = size;
    free(value);
    free(path);
    return rc;
}

static bool has(const ix_reader *rd, const char *set, const char *name)
{
    char *path = ix_format("/generate/%s/%s", set, name);
    bool there = ix_reader_has(rd, path);
    free(path);
    return there;
}

static ix_status read_sum(ix_wrote_sum *out, const ix_reader *rd, const char *set)
{
    ix_status rc = IX_OK;
    const struct {
        const char *name;
        int64_t *at;
    } column[] = {{"correct", &out->correct},
                  {"permutation", &out->permutations},
                  {"steps", &out->steps},
                  {"edges", &out->edges},
                  {"tokens", &out->tokens}};
    int64_t n;
    double sum;

    *out = (ix_wrote_sum){0};
    if (!has(rd, set, "correct") || !has(rd, set, "permutation")) return IX_OK;
    IX_TRY(sum_of(rd, set, "logp", 2, &out->logp, &out->tries));
    for (size_t k = 0; k < sizeof column / sizeof *column; k++) {
        IX_TRY(sum_of(rd, set, column[k].name, 2, &sum, &n));
        IX_NEED(n == out->tries, IX_EINPUT, "%s: /generate/%s: columns of different lengths", ix_reader_path(rd), set);
        *column[k].at = (int64_t)sum;
    }
done:
    return rc;
}

static ix_status read_chance(ix_wrote_chance *out, const ix_reader *rd, const char *set, int64_t tries)
{
    ix_status rc = IX_OK;
    int64_t n;
    *out = (ix_wrote_chance){0};
    if (!has(rd, set, "uniform") || !has(rd, set, "density")) return IX_OK;
    IX_TRY(sum_of(rd, set, "uniform", 1, &out->uniform, &out->graphs));
    IX_TRY(sum_of(rd, set, "walk", 1, &out->walk, &n));
    IX_TRY(sum_of(rd, set, "density", 1, &out->density, &n));
    IX_NEED(out->graphs > 0 && n == out->graphs && tries % out->graphs == 0, IX_EINPUT,
            "%s: /generate/%s: columns of different lengths", ix_reader_path(rd), set);
    out->uniform *= (double)(tries / out->graphs);
    out->walk *= (double)(tries / out->graphs);
    out->density /= (double)out->graphs;
    out->there = true;
done:
    return rc;
}

static ix_status read_exact(ix_wrote *w, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    static const char *const path[] = {"/generate/test-exact/exact", "/generate/test-exact/reference_exact"};
    double *value = NULL;
    for (int who = 0; who < IX_WRITERS; who++) {
        w->exact[who] = w->log_exact[who] = NAN;
        if (!ix_reader_has(rd, path[who])) continue;
        IX_TRY(ix_reader_array(rd, path[who], 1, &w->graphs, &value));
        double p = 0, logp = 0;
        for (int64_t i = 0; i < w->graphs; i++) p += exp(value[i]), logp += value[i];
        w->exact[who] = p / (double)w->graphs;
        w->log_exact[who] = logp / (double)w->graphs;
        free(value);
        value = NULL;
    }
done:
    free(value);
    return rc;
}

/* Pairs whose rejected answer lacks an inner edge. */
static ix_status read_where(ix_wrote *w, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    double *value = NULL;
    int64_t dims[2];

    if (!ix_reader_has(rd, "/generate/test-where/where")) return IX_OK;
    IX_TRY(ix_reader_array(rd, "/generate/test-where/where", 2, dims, &value));
    IX_NEED(dims[1] == IX_WROTE_PARTS, IX_EINPUT, "%s: /generate/test-where/where: %lld parts", ix_reader_path(rd),
            (long long)dims[1]);
    for (int64_t i = 0; i < dims[0]; i++) {
        const double *row = value + i * IX_WROTE_PARTS;
        if (isnan(row[1])) continue;
        w->pairs++;
        for (int k = 0; k < IX_WROTE_PARTS; k++) w->where[k] += row[k];
    }
    for (int k = 0; k < IX_WROTE_PARTS && w->pairs; k++) w->where[k] /= (double)w->pairs;
done:
    free(value);
    return rc;
}

ix_status ix_wrote_read(ix_wrote **out, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    *out = NULL;
    if (!has(rd, "test", "correct") || !has(rd, "test", "permutation")) return IX_OK;
    ix_wrote *w = ix_grow(NULL, 1, sizeof *w);
    *w = (ix_wrote){0};
    for (int k = 0; k < IX_WROTE_SETS; k++) {
        char *reference = ix_format("%s.reference", set_names[k]);
        rc = read_sum(&w->sum[k][IX_BY_POLICY], rd, set_names[k]);
        if (rc == IX_OK) rc = read_sum(&w->sum[k][IX_BY_REFERENCE], rd, reference);
        free(reference);
        IX_TRY(rc);
        IX_TRY(read_chance(&w->chance[k], rd, set_names[k], w->sum[k][IX_BY_POLICY].tries));
    }
    IX_TRY(read_exact(w, rd));
    IX_TRY(read_where(w, rd));
    *out = w;
    w = NULL;
done:
    ix_wrote_free(&w);
    return rc;
}
