/* SPDX-License-Identifier: Apache-2.0
 *
 * Which runs belong together: families, their rows, their twins. */
#include <stdlib.h>
#include <string.h>

#include "records.h"
#include "table.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Runs that only state claims or time layouts judge nothing. */
static bool compared(const ix_record *r)
{
    return !r->duplicate && !ix_is_pretraining(r) && !((r->stated || r->scaled) && r->sets == 0);
}

static int find_text(const char **list, int count, const char *text)
{
    for (int i = 0; i < count; i++)
        if (same(list[i], text)) return i;
    return -1;
}

static void add_rows(ix_family *f, const ix_record *r)
{
    for (int s = 0; s < r->sets; s++) {
        if (!r->set[s].right || find_text(f->row, f->rows, r->set[s].group) >= 0) continue;
        f->row = ix_grow(f->row, (size_t)f->rows + 1, sizeof *f->row);
        f->category = ix_grow(f->category, (size_t)f->rows + 1, sizeof *f->category);
        f->row[f->rows] = r->set[s].group;
        f->category[f->rows++] = r->set[s].category;
    }
}

static void add_record(ix_family *f, const ix_record *r)
{
    if (!r->valid) return;
    add_rows(f, r);
    if (find_text(f->objective, f->objectives, r->objective) >= 0) return;
    f->objective = ix_grow(f->objective, (size_t)f->objectives + 1, sizeof *f->objective);
    f->objective[f->objectives++] = r->objective;
}

static void add_twin(ix_family *f, const ix_record *ex, const ix_record *im)
{
    f->twin = ix_grow(f->twin, (size_t)f->twins + 1, sizeof *f->twin);
    f->twin[f->twins++] = (ix_twin){ex, im};
}

static int by_twin(const void *a, const void *b)
{
    const ix_record *const *x = a, *const *y = b;
    int order = strcmp((*x)->twin_id, (*y)->twin_id);
    return order ? order : (*x > *y) - (*x < *y);
}

static int by_seed(const void *a, const void *b)
{
    const ix_twin *x = a, *y = b;
    return (x->im > y->im) - (x->im < y->im);
}

/* Every VALID EX-RM run beside every VALID IM-RM run of its twin_id. A twin belongs to the IM-RM run's family. */
static void find_twins(ix_material *m)
{
    const ix_record **order = ix_grow(NULL, (size_t)m->records, sizeof *order);
    int count = 0;
    for (int i = 0; i < m->records; i++)
        if (m->record[i].cell >= 0 && m->record[i].valid) order[count++] = &m->record[i];
    qsort(order, (size_t)count, sizeof *order, by_twin);
    for (int a = 0; a < count; a++) {
        if (!same(order[a]->objective, "ex_rm")) continue;
        int first = a, end = a;
        while (first > 0 && same(order[first - 1]->twin_id, order[a]->twin_id)) first--;
        while (end < count && same(order[end]->twin_id, order[a]->twin_id)) end++;
        for (int b = first; b < end; b++)
            if (same(order[b]->objective, "im_rm")) add_twin(&m->family[order[b]->cell], order[a], order[b]);
    }
    for (int f = 0; f < m->families; f++)
        if (m->family[f].twins) qsort(m->family[f].twin, (size_t)m->family[f].twins, sizeof(ix_twin), by_seed);
    free(order);
}

void ix_families_find(ix_material *m)
{
    const ix_record *before = NULL;
    for (int i = 0; i < m->records; i++) {
        ix_record *r = &m->record[i];
        if (!compared(r)) continue;
        if (!before || !same(before->suite, r->suite) || !same(before->part, r->part) ||
            !same(before->model, r->model) || !same(before->varied, r->varied)) {
            m->family = ix_grow(m->family, (size_t)m->families + 1, sizeof *m->family);
            m->family[m->families++] = (ix_family){.suite = r->suite,
                                                   .part = r->part,
                                                   .task = r->task,
                                                   .model = r->model,
                                                   .varied = r->varied,
                                                   .first = i};
        }
        before = r;
        r->cell = m->families - 1;
        m->family[r->cell].end = i + 1;
        add_record(&m->family[r->cell], r);
    }
    find_twins(m);
}

int ix_family_scores(const ix_material *m, int family, const char *objective, const char *row, ix_score *out, int room)
{
    int count = 0;
    ix_score score;
    for (int i = m->family[family].first; i < m->family[family].end && count < room; i++) {
        const ix_record *r = &m->record[i];
        if (r->cell != family || !r->valid || !same(r->objective, objective)) continue;
        if (ix_record_score(r, row, &score)) out[count++] = score;
    }
    return count;
}
