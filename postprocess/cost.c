/* SPDX-License-Identifier: Apache-2.0
 *
 * The cost of a run, out of its result file. What is not there stays NaN or 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "records.h"
#include "store/reader.h"
#include "table.h"

/* after[step]: seconds of all steps before, so that after[steps] is that of the training; NULL without times. */
static double *read_times(ix_cost *c, const ix_reader *rd)
{
    double *after = NULL;
    double *seconds = NULL;
    int64_t dims[3] = {0};
    int *known = NULL;

    if (ix_reader_array(rd, "/train/time", 3, dims, &seconds) != IX_OK) goto done;
    if (ix_times_phases(rd, "/train/phase", dims[2], &known) != IX_OK) goto done;
    c->steps = dims[0];
    after = ix_grow(NULL, (size_t)dims[0] + 1, sizeof *after);
    after[0] = 0;
    for (int64_t s = 0; s < dims[0]; s++) {
        ix_times_add(&c->times, seconds + s * dims[1] * dims[2], dims[1], dims[2], known);
        after[s + 1] = c->times.step;
    }
    c->train = c->times.step;
done:
    free(seconds);
    free(known);
    return after;
}

/* Sum of a vector of the file; false if it is not there. */
static bool sum_of(const ix_reader *rd, const char *path, double *sum)
{
    double *value = NULL;
    int64_t n = 0;
    if (!ix_reader_has(rd, path) || ix_reader_array(rd, path, 1, &n, &value) != IX_OK) return false;
    *sum = 0;
    for (int64_t i = 0; i < n; i++) *sum += value[i];
    free(value);
    return true;
}

static void read_evaluation(ix_cost *c, const ix_reader *rd)
{
    double sum = 0, total = 0;
    bool any = false;
    for (int i = 0; i < ix_reader_sets(rd); i++) {
        char *path = ix_format("/eval/%s/seconds", ix_reader_set(rd, i));
        if (sum_of(rd, path, &sum)) {
            any = true;
            total += sum;
        }
        free(path);
    }
    if (any) c->evaluate = total;
    else if (c->times.phase[IX_PHASE_EVALUATE] > 0) c->evaluate = c->times.phase[IX_PHASE_EVALUATE];
}

/* The numbers of /speed/<name> by phase. */
static bool read_phases(const ix_reader *rd, const char *name, double out[IX_PHASE_COUNT])
{
    char *path = ix_format("/speed/%s", name);
    double *value = NULL;
    int64_t n = 0;
    int *known = NULL;
    bool good = ix_reader_has(rd, path) && ix_reader_array(rd, path, 1, &n, &value) == IX_OK &&
                ix_times_phases(rd, "/speed/phase", n, &known) == IX_OK;
    for (int64_t i = 0; good && i < n; i++)
        if (known[i] >= 0) out[known[i]] = value[i];
    free(path);
    free(value);
    free(known);
    return good;
}

/* NaN where the file has none. */
static double read_figure(const ix_reader *rd, const char *path)
{
    double *value = NULL, figure = NAN;
    if (ix_reader_has(rd, path) && ix_reader_array(rd, path, 0, NULL, &value) == IX_OK) figure = *value;
    free(value);
    return figure;
}

static void read_speed(ix_speed *s, const ix_reader *rd)
{
    *s = (ix_speed){.peak = NAN, .bandwidth = NAN, .update_bytes = NAN};
    s->known = read_phases(rd, "seconds", s->seconds) && read_phases(rd, "flop", s->flop) &&
               read_phases(rd, "product_seconds", s->product_seconds) &&
               read_phases(rd, "attention_flop", s->attention_flop) &&
               read_phases(rd, "attention_seconds", s->attention_seconds);
    if (!s->known) return;
    s->peak = read_figure(rd, "/speed/peak");
    s->bandwidth = read_figure(rd, "/speed/bandwidth");
    s->update_bytes = read_figure(rd, "/speed/update_bytes");
}

/* Stages by name: a file may have others. */
static void read_start(ix_cost *c, const ix_reader *rd)
{
    double *value = NULL;
    char **name = NULL;
    int64_t n = 0, names = 0;
    for (int s = 0; s < IX_STAGE_COUNT; s++) c->stage[s] = NAN;
    if (!ix_reader_has(rd, "/speed/start") || ix_reader_array(rd, "/speed/start", 1, &n, &value) != IX_OK) return;
    c->start = 0;
    for (int64_t i = 0; i < n; i++) c->start += value[i];
    if (ix_reader_texts(rd, "/speed/stage", 1, &names, &name) == IX_OK && names == n)
        for (int64_t i = 0; i < n; i++)
            for (int s = 0; s < IX_STAGE_COUNT; s++)
                if (!strcmp(name[i], ix_stage_name((ix_stage)s))) c->stage[s] = value[i];
    free(name);
    free(value);
}

static void read_loss(ix_cost *c, const ix_reader *rd)
{
    double *loss = NULL, first = 0, last = 0;
    int64_t n = 0;
    if (ix_reader_has(rd, "/train/loss") && ix_reader_array(rd, "/train/loss", 1, &n, &loss) == IX_OK && n > 0) {
        int64_t some = n >= 200 ? n / 100 : 1;
        for (int64_t i = 0; i < some; i++) {
            first += loss[i] / (double)some;
            last += loss[n - 1 - i] / (double)some;
        }
        c->loss_first = first;
        c->loss_last = last;
    }
    free(loss);
}

void ix_cost_read(ix_cost *out, const ix_reader *rd)
{
    double sum = 0, *value = NULL, *after = NULL;
    int64_t ranks = 0;
    *out = (ix_cost){.train = NAN,
                     .evaluate = NAN,
                     .reference = NAN,
                     .wall = NAN,
                     .start = NAN,
                     .memory = NAN,
                     .quality = NAN,
                     .loss_first = NAN,
                     .loss_last = NAN};
    if (ix_reader_has(rd, "/train/time")) after = read_times(out, rd);
    if (sum_of(rd, "/train/pairs", &sum)) out->pairs = (int64_t)sum;
    if (sum_of(rd, "/train/tokens", &sum)) out->tokens = (int64_t)sum;
    read_evaluation(out, rd);
    read_loss(out, rd);
    read_speed(&out->speed, rd);
    read_start(out, rd);
    if (ix_reader_has(rd, "/reference/seconds") &&
        ix_reader_array(rd, "/reference/seconds", 0, NULL, &value) == IX_OK) {
        out->reference = value[0];
        free(value);
    }
    value = NULL;
    if (ix_reader_has(rd, "/train/memory") && ix_reader_array(rd, "/train/memory", 1, &ranks, &value) == IX_OK)
        for (int64_t r = 0; r < ranks; r++) out->memory = fmax(r ? out->memory : 0, value[r]);
    free(value);
    if (after) ix_quality_read(out, rd, after, out->steps);
    free(after);
}
