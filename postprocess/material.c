/* SPDX-License-Identifier: Apache-2.0
 *
 * All result files below the given paths. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "records.h"
#include "store/reader.h"
#include "table.h"

static void append(char ***list, int *count, char *text)
{
    *list = ix_grow(*list, (size_t)*count + 1, sizeof(char *));
    (*list)[(*count)++] = text;
}

static ix_status read_results(ix_material *m, const ix_found_list *found)
{
    for (int i = 0; i < found->count; i++) {
        if (found->at[i].kind != IX_FOUND_RESULT) continue;
        m->record = ix_grow(m->record, (size_t)m->records + 1, sizeof *m->record);
        ix_status rc = ix_record_read(&m->record[m->records], found->at[i].path);
        if (rc == IX_OK) m->records++;
        else if (rc == IX_ENOMEM) return rc;
        else append(&m->trouble, &m->unreadable, ix_copy(ix_message()));
    }
    return IX_OK;
}

static int compare(const char *a, const char *b, int so_far)
{
    return so_far ? so_far : strcmp(a, b);
}

/* ex_rm before im_rm before others. */
static int rank_of(const char *objective)
{
    return strcmp(objective, "ex_rm") == 0 ? 0 : strcmp(objective, "im_rm") == 0 ? 1 : 2;
}

static int by_place(const void *a, const void *b)
{
    const ix_record *x = a, *y = b;
    int order = compare(x->suite, y->suite, 0);
    order = compare(x->part, y->part, order);
    order = compare(x->model, y->model, order);
    order = compare(x->varied, y->varied, order);
    if (!order) order = rank_of(x->objective) - rank_of(y->objective);
    order = compare(x->objective, y->objective, order);
    if (!order) order = (x->seed > y->seed) - (x->seed < y->seed);
    order = compare(x->run_id, y->run_id, order);
    return compare(x->path, y->path, order);
}

static int by_run(const void *a, const void *b)
{
    const ix_record *const *x = a, *const *y = b;
    int order = strcmp((*x)->run_id, (*y)->run_id);
    if (!order) order = (int)(*y)->valid - (int)(*x)->valid; /* a VALID file stands for the run */
    return compare((*x)->path, (*y)->path, order);
}

static void mark_duplicates(ix_material *m)
{
    ix_record **order = ix_grow(NULL, (size_t)m->records, sizeof *order);
    for (int i = 0; i < m->records; i++) order[i] = &m->record[i];
    qsort(order, (size_t)m->records, sizeof *order, by_run);
    for (int i = 1; i < m->records; i++) order[i]->duplicate = strcmp(order[i]->run_id, order[i - 1]->run_id) == 0;
    free(order);
}

ix_status ix_material_read(ix_material *out, const char *const *paths, int count)
{
    ix_status rc = IX_OK;
    ix_found_list found = {0};

    *out = (ix_material){0};
    IX_TRY(ix_results_scan(&found, paths, count));
    IX_TRY(read_results(out, &found));
    if (out->records) qsort(out->record, (size_t)out->records, sizeof *out->record, by_place);
    mark_duplicates(out);
    ix_bands_apply(out);
    IX_TRY(ix_launches_read(out, &found));
    ix_families_find(out);
done:
    ix_found_free(&found);
    if (rc != IX_OK) ix_material_free(out);
    return rc;
}

void ix_material_free(ix_material *m)
{
    for (int i = 0; i < m->records; i++) ix_record_free(&m->record[i]);
    for (int i = 0; i < m->families; i++) {
        free(m->family[i].row);
        free(m->family[i].category);
        free(m->family[i].objective);
        free(m->family[i].twin);
    }
    for (int i = 0; i < m->unreadable; i++) free(m->trouble[i]);
    ix_launches_free(m);
    free(m->record);
    free(m->family);
    free(m->trouble);
    *m = (ix_material){0};
}
