/* SPDX-License-Identifier: Apache-2.0
 *
 * How runs behave on a row beyond accuracy: calibration, and what length does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

typedef struct {
    double brier, ece, lean;
    int64_t pairs[IX_STRATA], half[IX_STRATA];
    int sets;
} habit;

static habit habit_of(const ix_record *r, const char *row)
{
    habit h = {0};
    for (int i = 0; i < r->sets; i++) {
        const ix_traits *t = &r->set[i].traits;
        if (strcmp(r->set[i].group, row) != 0 || !r->set[i].right) continue;
        h.brier += t->brier;
        h.ece += t->ece;
        h.lean += t->lean;
        for (int s = 0; s < IX_STRATA; s++) h.pairs[s] += t->pairs[s], h.half[s] += t->half[s];
        h.sets++;
    }
    return h;
}

/* Seeds judge the same pairs, and the sets of a row the same prompts: the interval is that of the prompts of one set
 * around the mean over all. */
static void control(ix_habits *out)
{
    const double a = out->right[IX_SHORTER], b = out->right[IX_LONGER];
    const double na = (double)out->pairs[IX_SHORTER] / out->sets, nb = (double)out->pairs[IX_LONGER] / out->sets;
    out->controlled = (a + b) / 2; /* NaN where one is */
    out->interval = ix_mean_of_two(a, ix_wilson(a * na, na, 0.95), b, ix_wilson(b * nb, nb, 0.95));
}

bool ix_habits_of(const ix_material *m, int family, const char *objective, const char *row, ix_habits *out)
{
    const ix_family *f = &m->family[family];
    double *brier = ix_grow(NULL, 2 * (size_t)(f->end - f->first), sizeof *brier), *ece = brier + f->end - f->first;
    *out = (ix_habits){0};
    for (int i = f->first; i < f->end; i++) {
        const ix_record *r = &m->record[i];
        if (r->cell != family || !r->valid || strcmp(r->objective, objective) != 0) continue;
        habit h = habit_of(r, row);
        ix_score score;
        if (!h.sets || !ix_record_score(r, row, &score)) continue;
        brier[out->runs] = h.brier / h.sets;
        ece[out->runs++] = h.ece / h.sets;
        out->accuracy += score.accuracy;
        out->sets = h.sets;
        out->lean += h.lean / h.sets;
        for (int s = 0; s < IX_STRATA; s++) {
            out->pairs[s] = h.pairs[s];
            out->right[s] += (double)h.half[s] / (2.0 * (double)h.pairs[s]); /* 0 / 0: none */
        }
    }
    for (int s = 0; s < IX_STRATA; s++) out->right[s] /= out->runs;
    out->accuracy /= out->runs;
    out->lean /= out->runs;
    out->brier = ix_mean(brier, out->runs);
    out->brier_deviation = ix_deviation(brier, out->runs);
    out->ece = ix_mean(ece, out->runs);
    out->ece_deviation = ix_deviation(ece, out->runs);
    control(out);
    free(brier);
    return out->runs > 0;
}
