/* SPDX-License-Identifier: Apache-2.0
 *
 * One result file into one record. */
#include "records.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "claims.h"
#include "scaled.h"
#include "store/reader.h"
#include "table.h"
#include "written.h"

static char *text_of(const ix_reader *rd, const char *group, const char *name)
{
    return ix_copy(ix_reader_text(rd, group, name));
}

/* Weights that were rounded are another model, and never averaged with it. */
static void label_storage(ix_record *r, const char *storage)
{
    char *name = r->model;
    if (!storage || strcmp(storage, "bf16") != 0) return;
    r->model = ix_format("%s (bf16 storage)", name);
    free(name);
}

static void read_attributes(ix_record *r, const ix_reader *rd)
{
    const struct {
        char **to;
        const char *name;
    } row[] = {{&r->run_id, "run_id"},
               {&r->twin_id, "twin_id"},
               {&r->suite, "suite"},
               {&r->part, "part"},
               {&r->task, "task"},
               {&r->model, "model"},
               {&r->varied, "varied"},
               {&r->verdict, "verdict"},
               {&r->objective, "objective"},
               {&r->version, "version"},
               {&r->commit, "git_commit"},
               {&r->cpu, "cpu"},
               {&r->compiler, "compiler"},
               {&r->mpi, "mpi"},
               {&r->layout, "layout"},
               {&r->world, "world"},
               {&r->weights_hash, "weights_hash"},
               {&r->tokenizer_hash, "tokenizer_hash"},
               {&r->format_hash, "format_hash"},
               {&r->started, "started"},
               {&r->settings, "settings_id"},
               {&r->quality_set, "quality_set"}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) *row[i].to = text_of(rd, "/", row[i].name);
    label_storage(r, ix_reader_text(rd, "/", "storage"));
    ix_reader_int(rd, "/", "seed", &r->seed);
    ix_reader_int(rd, "/", "ranks", &r->ranks);
    ix_reader_int(rd, "/", "train_pairs", &r->train_pairs);
    ix_reader_int(rd, "/", "train_dropped", &r->train_dropped);
    ix_reader_real(rd, "/", "quality_accuracy", &r->quality_accuracy);
    r->valid = strcmp(r->verdict, "VALID") == 0;
}

/* Seconds since 1970 of "2025-01-31T12:00:00Z"; NaN if it is something else. */
static double utc_seconds(const char *text)
{
    struct tm t = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &t) : NULL;
    return rest ? (double)timegm(&t) + (*rest == '.' ? strtod(rest, NULL) : 0) : NAN;
}

/* A run that stopped early may lack rewards; a VALID one may not. */
ix_status ix_record_read(ix_record *out, const char *path)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;

    *out = (ix_record){.path = ix_copy(path), .cell = -1};
    IX_TRY(ix_reader_open(&rd, path));
    read_attributes(out, rd);
    out->set = ix_grow(NULL, (size_t)ix_reader_sets(rd), sizeof *out->set);
    for (int i = 0; i < ix_reader_sets(rd); i++) {
        rc = ix_scored_read(&out->set[out->sets], rd, ix_reader_set(rd, i));
        out->sets++;
        if (rc != IX_OK && out->valid) goto done;
        rc = IX_OK;
    }
    IX_TRY(ix_stated_read(&out->stated, rd));
    IX_TRY(ix_scaled_read(&out->scaled, rd));
    IX_TRY(ix_wrote_read(&out->wrote, rd));
    ix_cost_read(&out->cost, rd);
    out->cost.wall = utc_seconds(ix_reader_text(rd, "/", "finished")) - utc_seconds(ix_reader_text(rd, "/", "started"));
done:
    ix_reader_close(&rd);
    if (rc != IX_OK) ix_record_free(out);
    return rc;
}

void ix_record_free(ix_record *r)
{
    char *text[] = {r->path,    r->run_id,   r->twin_id,      r->suite,          r->part,
                    r->task,    r->model,    r->varied,       r->objective,      r->verdict,
                    r->version, r->commit,   r->cpu,          r->compiler,       r->mpi,
                    r->layout,  r->world,    r->weights_hash, r->tokenizer_hash, r->format_hash,
                    r->started, r->settings, r->quality_set};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) free(text[i]);
    for (int i = 0; i < r->sets; i++) ix_scored_free(&r->set[i]);
    free(r->set);
    ix_stated_free(&r->stated);
    ix_scaled_free(&r->scaled);
    ix_wrote_free(&r->wrote);
    *r = (ix_record){0};
}

bool ix_is_pretraining(const ix_record *r)
{
    return strcmp(r->objective, "next_token") == 0;
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The least common multiple of the sizes of the row's sets, or 2^40 when it grows beyond. */
static int64_t common_size(const ix_record *r, const char *row)
{
    const int64_t most = INT64_C(1) << 40;
    int64_t common = 1;
    for (int i = 0; i < r->sets; i++) {
        int64_t n = r->set[i].count;
        if (strcmp(r->set[i].group, row) != 0 || n < 1) continue;
        int64_t factor = n / greatest_divisor(common, n);
        if (factor > most / common) return most;
        common *= factor;
    }
    return common;
}

bool ix_record_score(const ix_record *r, const char *row, ix_score *out)
{
    int64_t common = common_size(r, row);
    double untrained = 0;
    *out = (ix_score){0};
    for (int i = 0; i < r->sets; i++) {
        const ix_scored *s = &r->set[i];
        if (strcmp(s->group, row) != 0 || !s->right) continue;
        if (common % s->count == 0) out->half += s->half * (common / s->count);
        else out->half += llround((double)s->half / (double)s->count * (double)common);
        untrained += s->half_first < 0 ? NAN : (double)s->half_first / (2.0 * (double)s->count);
        out->margin += s->margin;
        out->correlation += s->traits.correlation;
        out->pairs += s->count;
        if (s->count > out->prompts) out->prompts = s->count;
        out->sets++;
    }
    if (!out->sets) return false;
    out->whole = 2 * common * out->sets;
    out->accuracy = (double)out->half / (double)out->whole;
    out->untrained = untrained / out->sets;
    out->margin /= out->sets;
    out->correlation /= out->sets;
    return true;
}

static int next_of_row(const ix_record *r, const char *row, int at)
{
    while (at < r->sets && strcmp(r->set[at].group, row) != 0) at++;
    return at;
}

bool ix_twin_matches(const ix_twin *t, const char *row)
{
    int a = next_of_row(t->ex, row, 0), b = next_of_row(t->im, row, 0), sets = 0;
    while (a < t->ex->sets && b < t->im->sets) {
        const ix_scored *ex = &t->ex->set[a], *im = &t->im->set[b];
        if (strcmp(ex->name, im->name) != 0 || ex->count != im->count || strcmp(ex->hash, im->hash) != 0) return false;
        if (!ex->right || !im->right || ex->epoch != im->epoch) return false;
        a = next_of_row(t->ex, row, a + 1);
        b = next_of_row(t->im, row, b + 1);
        sets++;
    }
    return sets > 0 && a >= t->ex->sets && b >= t->im->sets;
}

int ix_twin_outcome(const ix_score *ex, const ix_score *im)
{
    IX_CONTRACT(ex->whole == im->whole);
    int64_t apart = ex->half - im->half, size = apart < 0 ? -apart : apart;
    if (size <= ex->whole / 100) return 0; /* whole numbers: 100 size <= whole without overflow */
    return apart > 0 ? 1 : -1;
}
