/* SPDX-License-Identifier: Apache-2.0
 *
 * resume.c - a saved moment comes back, on any number of ranks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "train/pieces.h"
#include "train/saver_inner.h"

/* --- finding it -------------------------------------------------------------------------------------------- */

static ix_status check_files(const ix_saver *s, const ix_checkpoint *c)
{
    ix_status rc = IX_OK;
    int ranks = ix_grid_size(s->grid, IX_GROUP);
    for (int i = ix_grid_rank(s->grid, IX_GROUP); i < c->count; i += ranks) {
        char *path = ix_format("%s/%s", c->path, c->file[i].name);
        rc = ix_arrays_check(path, c->file[i].seal);
        free(path);
        if (rc != IX_OK) break;
    }
    return rc;
}

static const ix_checkpoint_file *common_file(const ix_checkpoint *c)
{
    for (int i = 0; i < c->count; i++)
        if (!strcmp(c->file[i].block, IX_SAVER_COMMON)) return &c->file[i];
    return NULL;
}

static ix_status load_common(ix_saver *s)
{
    ix_status rc = IX_OK;
    const ix_checkpoint_file *f = common_file(&s->found);
    const ix_array *counts;
    char *path = NULL;

    IX_NEED(f, IX_EINPUT, "%s: lacks what all ranks have in common", s->found.path);
    path = ix_format("%s/%s", s->found.path, f->name);
    IX_TRY(ix_arrays_load(&s->common, path, f->seal));
    IX_TRY(ix_arrays_need(&counts, &s->common, IX_SAVER_COUNTS, IX_DOUBLES, 3, path));
    const double *n = counts->values;
    s->counts = (ix_saver_counts){.resumed = (int64_t)n[0] + 1, .written = (int64_t)n[1], .seconds = n[2]};
done:
    free(path);
    return rc;
}

static ix_status open_one(ix_saver *s, const char *path)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_checkpoint_open(&s->found, path));
    IX_NEED(!strcmp(s->found.run_id, s->settings.run_id), IX_EINPUT, "%s: is a checkpoint of another run, %s", path,
            s->found.run_id);
done:
    return rc;
}

/* Collective. Is that checkpoint whole? Every rank reads its share of the files. */
static ix_status try_one(ix_saver *s, const char *path)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, open_one(s, path)));
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, check_files(s, &s->found)));
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, load_common(s)));
done:
    if (rc == IX_OK) return rc;
    ix_checkpoint_free(&s->found);
    ix_arrays_free(&s->common);
    return rc;
}

ix_status ix_saver_find(ix_saver *s)
{
    ix_status rc = IX_OK;
    char **paths = NULL, path[IX_CHECKPOINT_PATH] = "";
    int count = 0;
    bool first = s && ix_grid_rank(s->grid, IX_GROUP) == 0;

    if (!s || !s->settings.folder) return IX_OK;
    IX_TRY(ix_grid_agree(s->grid, IX_GROUP, first ? ix_checkpoint_list(&paths, &count, s->settings.folder) : IX_OK));
    ix_grid_bcast(s->grid, IX_GROUP, 0, &count, sizeof count);
    for (int i = 0; i < count && !s->has_found; i++) {
        if (first) snprintf(path, sizeof path, "%s", paths[i]);
        ix_grid_bcast(s->grid, IX_GROUP, 0, path, sizeof path);
        rc = try_one(s, path);
        s->has_found = rc == IX_OK;
        if (rc != IX_OK && rc != IX_EINPUT) goto done;
        if (rc == IX_EINPUT && first)
            ix_warn("%s; %s", ix_message(),
                    i + 1 < count ? "the checkpoint before it is taken" : "the run begins anew");
        rc = IX_OK;
    }
done:
    if (first) ix_checkpoint_paths_free(paths, count);
    return rc;
}

bool ix_saver_found(const ix_saver *s)
{
    return s && s->has_found;
}

int64_t ix_saver_step(const ix_saver *s)
{
    return s->found.step;
}

bool ix_saver_same_tensor(const ix_saver *s)
{
    return s->found.tensor == ix_grid_size(s->grid, IX_TENSOR);
}

const ix_arrays *ix_saver_arrays(const ix_saver *s)
{
    return &s->common;
}

const char *ix_saver_place(const ix_saver *s)
{
    return s->found.path;
}

/* --- reading it -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *block;
    const ix_params *params;
    const ix_saved_part *part;
    int parts;
    int64_t copied;
} reading;

static ix_status take_array(reading *r, const ix_array *a, const char *where)
{
    ix_status rc = IX_OK;
    int row = ix_piece_row(a, r->block, r->params);

    IX_NEED(row >= 0 && ix_piece_is_sound(a), IX_EINPUT, "%s: %s: this model has no such numbers", where, a->name);
    const ix_param *p = &r->params->param[row];
    for (int i = 0; i < r->parts; i++) {
        ix_span span = r->part[i].span, held = ix_piece_within(p, span);
        ix_array wanted = ix_piece_of("", p, held, NULL);
        if (ix_span_size(held) == 0) continue;
        r->copied += ix_piece_copy(r->part[i].at + (p->offset + held.lo - span.lo), wanted.place, a);
    }
done:
    return rc;
}

/* Has any part numbers of rows [first, last] of the table? */
static bool concerns(const reading *r, int64_t first, int64_t last)
{
    if (first < 0 || last >= r->params->count || first > last) return false;
    const ix_param *a = &r->params->param[first], *b = &r->params->param[last];
    int64_t lo = a->offset, hi = b->offset + ix_param_size(b);
    for (int i = 0; i < r->parts; i++)
        if (r->part[i].span.lo < hi && r->part[i].span.hi > lo) return true;
    return false;
}

ix_status ix_saver_read_block(const ix_saver *s, const char *name, const ix_params *params, const ix_saved_part *part,
                              int parts)
{
    ix_status rc = IX_OK;
    reading r = {.block = name, .params = params, .part = part, .parts = parts};
    ix_arrays list = {0};
    char *path = NULL;
    int64_t wanted = 0;

    for (int i = 0; i < parts; i++) wanted += ix_span_size(part[i].span);
    for (int i = 0; i < s->found.count; i++) {
        const ix_checkpoint_file *f = &s->found.file[i];
        if (strcmp(f->block, name) != 0 || !concerns(&r, f->first, f->last)) continue;
        free(path);
        path = ix_format("%s/%s", s->found.path, f->name);
        IX_TRY(ix_arrays_load(&list, path, f->seal));
        for (int k = 0; k < list.count; k++) IX_TRY(take_array(&r, &list.at[k], path));
        ix_arrays_free(&list);
    }
    IX_NEED(r.copied == wanted, IX_EINPUT, "%s: has %lld numbers of %s where %lld are needed", s->found.path,
            (long long)r.copied, name, (long long)wanted);
done:
    ix_arrays_free(&list);
    free(path);
    return rc;
}

ix_status ix_saver_read_private(const ix_saver *s, const char *name, int64_t data, float *at, int64_t n)
{
    ix_status rc = IX_OK;
    int64_t copied = 0;
    ix_arrays list = {0};
    char *path = NULL;

    for (int i = 0; i < s->found.count; i++) {
        const ix_checkpoint_file *f = &s->found.file[i];
        if (strcmp(f->block, name) != 0 || f->data != data || f->tensor != ix_grid_rank(s->grid, IX_TENSOR)) continue;
        free(path);
        path = ix_format("%s/%s", s->found.path, f->name);
        IX_TRY(ix_arrays_load(&list, path, f->seal));
        for (int k = 0; k < list.count; k++) {
            const ix_array *a = &list.at[k];
            int64_t lo = a->place[0];
            IX_NEED(a->kind == IX_FLOATS && lo >= 0 && a->n <= n && lo <= n - a->n, IX_EINPUT,
                    "%s: %s: is not of this run", path, a->name);
            memcpy(at + lo, a->values, (size_t)a->n * sizeof *at);
            copied += a->n;
        }
        ix_arrays_free(&list);
    }
    IX_NEED(copied == n, IX_EINPUT, "%s: has %lld numbers of %s where %lld are needed", s->found.path,
            (long long)copied, name, (long long)n);
done:
    ix_arrays_free(&list);
    free(path);
    return rc;
}
