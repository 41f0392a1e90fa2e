/* SPDX-License-Identifier: Apache-2.0
 *
 * moment.c - a moment of a run: gathered, cut into files, written. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "train/pieces.h"
#include "train/saver_inner.h"

enum { FILE_FLOATS = 16 << 20 }; /* 64 MiB: a file is built in memory, twice */

typedef struct {
    char name[32];
    const float *at;
    ix_span span;
    bool own; /* private: no parameters, no coordinates */
} block;

struct ix_moment {
    const ix_saver *saver;
    const ix_params *params;
    int64_t step;
    ix_arrays common;
    block *block;
    int blocks;
};

ix_status ix_moment_create(ix_moment **out, const ix_saver *saver, int64_t step, const ix_params *params)
{
    ix_moment *m = *out = calloc(1, sizeof *m);
    if (!m) return ix_fail(IX_ENOMEM, "checkpoint: out of memory");
    m->saver = saver;
    m->step = step;
    m->params = params;
    return IX_OK;
}

void ix_moment_destroy(ix_moment **moment)
{
    if (!*moment) return;
    ix_arrays_free(&(*moment)->common);
    free((*moment)->block);
    free(*moment);
    *moment = NULL;
}

static bool is_first(const ix_saver *s)
{
    return ix_grid_rank(s->grid, IX_GROUP) == 0;
}

ix_status ix_moment_doubles(ix_moment *m, const char *name, int64_t n, const double *values)
{
    return is_first(m->saver) ? ix_arrays_copy(&m->common, name, IX_DOUBLES, n, values) : IX_OK;
}

ix_status ix_moment_ints(ix_moment *m, const char *name, int64_t n, const int64_t *values)
{
    return is_first(m->saver) ? ix_arrays_copy(&m->common, name, IX_INTS, n, values) : IX_OK;
}

static ix_status add_block(ix_moment *m, block b, const char *name)
{
    block *more = realloc(m->block, ((size_t)m->blocks + 1) * sizeof *more);
    if (!more) return ix_fail(IX_ENOMEM, "checkpoint: out of memory");
    IX_CONTRACT(strlen(name) < sizeof b.name);
    strcpy(b.name, name);
    m->block = more;
    m->block[m->blocks++] = b;
    return IX_OK;
}

ix_status ix_moment_block(ix_moment *m, const char *name, const float *at, ix_span span)
{
    return add_block(m, (block){.at = at, .span = span}, name);
}

ix_status ix_moment_private(ix_moment *m, const char *name, const float *at, int64_t n)
{
    return add_block(m, (block){.at = at, .span = {0, n}, .own = true}, name);
}

/* --- this rank's files ------------------------------------------------------------------------------------- */

typedef struct {
    const ix_moment *m;
    const char *folder, *block;
    ix_arrays list; /* of the file that is being filled */
    int64_t floats, first, last;
    ix_checkpoint_file *file; /* written */
    int files;
} filler;

/* The arrays gathered so far become a file. */
static ix_status flush(filler *f)
{
    ix_status rc = IX_OK;
    const ix_grid *g = f->m->saver->grid;
    ix_checkpoint_file file = {
        .data = ix_grid_rank(g, IX_DATA), .tensor = ix_grid_rank(g, IX_TENSOR), .first = f->first, .last = f->last};
    char *path = NULL;

    if (f->list.count == 0) return IX_OK;
    snprintf(file.name, sizeof file.name, "rank-%d-%d.h5", ix_grid_rank(g, IX_GROUP), f->files);
    snprintf(file.block, sizeof file.block, "%s", f->block);
    path = ix_format("%s/%s", f->folder, file.name);
    IX_TRY(ix_arrays_save(&f->list, path, file.seal));
    ix_checkpoint_file *more = realloc(f->file, ((size_t)f->files + 1) * sizeof *more);
    IX_NEED(more, IX_ENOMEM, "checkpoint: out of memory");
    f->file = more;
    f->file[f->files++] = file;
    ix_arrays_free(&f->list);
    f->floats = 0;
done:
    free(path);
    return rc;
}

/* An array of row `row` of the table that need not fit into what is left of the file. */
static ix_status fill(filler *f, const ix_array *a, int64_t row)
{
    ix_status rc = IX_OK;
    if (f->list.count == 0) f->first = row;
    f->last = row;
    f->floats += a->n;
    IX_TRY(ix_arrays_borrow(&f->list, a));
    if (f->floats >= FILE_FLOATS) IX_TRY(flush(f));
done:
    return rc;
}

/* Row `row` of the table as far as the block has it and this rank speaks for it, no file above its size. */
static ix_status fill_row(filler *f, const block *b, int row)
{
    ix_status rc = IX_OK;
    const ix_param *p = &f->m->params->param[row];
    ix_span held = ix_piece_within(p, b->span),
            counted = ix_param_counted(p, ix_grid_rank(f->m->saver->grid, IX_TENSOR));

    if (held.lo < counted.lo) held.lo = counted.lo;
    if (held.hi > counted.hi) held.hi = counted.hi;
    for (int64_t lo = held.lo, hi; lo < held.hi; lo = hi) {
        hi = held.hi - lo < FILE_FLOATS - f->floats ? held.hi : lo + FILE_FLOATS - f->floats;
        ix_array a = ix_piece_of(b->name, p, (ix_span){lo, hi}, b->at + (p->offset + lo - b->span.lo));
        IX_TRY(fill(f, &a, row));
    }
done:
    return rc;
}

static ix_status fill_private(filler *f, const block *b)
{
    ix_status rc = IX_OK;
    for (int64_t lo = 0, hi; lo < b->span.hi; lo = hi) {
        hi = b->span.hi - lo < FILE_FLOATS ? b->span.hi : lo + FILE_FLOATS;
        ix_array a = {.kind = IX_FLOATS, .n = hi - lo, .values = (void *)(b->at + lo), .place = {lo, hi}};
        snprintf(a.name, sizeof a.name, "%s/numbers", b->name);
        IX_TRY(fill(f, &a, 0));
        IX_TRY(flush(f));
    }
done:
    return rc;
}

static ix_status write_files(filler *f)
{
    ix_status rc = IX_OK;
    const ix_moment *m = f->m;

    IX_TRY(ix_make_folders(f->folder));
    for (int i = 0; i < m->blocks; i++) {
        if (f->block && strcmp(f->block, m->block[i].name) != 0) IX_TRY(flush(f));
        f->block = m->block[i].name;
        if (m->block[i].own) IX_TRY(fill_private(f, &m->block[i]));
        for (int row = 0; row < m->params->count && !m->block[i].own; row++) IX_TRY(fill_row(f, &m->block[i], row));
        IX_TRY(flush(f));
    }
    for (int i = 0; i < m->common.count; i++) IX_TRY(ix_arrays_borrow(&f->list, &m->common.at[i]));
    f->block = IX_SAVER_COMMON;
    f->first = f->last = 0;
    IX_TRY(flush(f));
done:
    ix_arrays_free(&f->list);
    return rc;
}

/* --- all together ---------------------------------------------------------------------------------------------- */

/* Collective: the list of everybody's files, and with it the checkpoint. */
static ix_status complete(const ix_saver *s, const ix_moment *m, const filler *f)
{
    ix_status rc = IX_OK;
    ix_parts all = {0};
    ix_checkpoint c = {
        .step = m->step, .data = ix_grid_size(s->grid, IX_DATA), .tensor = ix_grid_size(s->grid, IX_TENSOR)};

    IX_TRY(ix_grid_gather_bytes(s->grid, IX_GROUP, 0, f->file, (size_t)f->files * sizeof *f->file, &all));
    if (is_first(s)) {
        c.file = (ix_checkpoint_file *)(void *)all.bytes;
        c.count = (int)(all.offset[ix_grid_size(s->grid, IX_GROUP)] / sizeof *c.file);
        snprintf(c.path, sizeof c.path, "%s", f->folder);
        snprintf(c.run_id, sizeof c.run_id, "%s", s->settings.run_id);
        rc = ix_checkpoint_complete(&c);
    }
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, rc));
done:
    ix_parts_free(&all);
    return rc;
}

static ix_status write_moment(ix_saver *s, ix_moment *m)
{
    ix_status rc = IX_OK;
    char path[IX_CHECKPOINT_PATH] = "";
    filler f = {.m = m, .folder = path};
    const double counts[] = {(double)s->counts.resumed, (double)s->counts.written + 1, s->counts.seconds};

    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, ix_moment_doubles(m, IX_SAVER_COUNTS, 3, counts)));
    rc = is_first(s) ? ix_checkpoint_place(path, s->settings.folder, m->step) : IX_OK;
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, rc));
    ix_grid_bcast(s->grid, IX_GROUP, 0, path, sizeof path);
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, write_files(&f)));
    IX_TRY(complete(s, m, &f));
done:
    free(f.file);
    if (is_first(s)) ix_checkpoint_tidy(s->settings.folder, (int)s->settings.keep);
    return rc;
}

ix_status ix_saver_save(ix_saver *s, ix_moment *m, ix_saver_wish wish)
{
    double start = ix_seconds();
    const char *why = ix_stop_asked();
    ix_alive_at("writing a checkpoint");
    ix_status rc = s->settings.folder ? write_moment(s, m) : IX_OK;

    s->saved = s->agreed = ix_seconds();
    if (rc == IX_OK) s->counts.written++;
    s->counts.seconds += s->saved - start;
    if (wish == IX_SAVE) {
        if (rc != IX_OK && is_first(s)) ix_warn("%s; the run goes on without that checkpoint", ix_message());
        if (s->apart) ix_saver_ask(s);
        return IX_OK;
    }
    if (rc != IX_OK) return rc;
    return ix_fail(IX_STOPPED, "%s: stopped by %s%s: start the same command again to go on", s->settings.run_id,
                   why ? why : "the end of the job's time", s->settings.folder ? " after a checkpoint" : "");
}
