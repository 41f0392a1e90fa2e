/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 4: accuracy by the difference of lengths. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"set", "set", IX_LEFT, 0},
    {"objective", "", IX_LEFT, 0},
    {"shorter_pairs", "shorter", 0, 0},
    {"shorter_accuracy", "acc.", 0, 3},
    {"equal_pairs", "equal", 0, 0},
    {"equal_accuracy", "acc.", 0, 3},
    {"longer_pairs", "longer", 0, 0},
    {"longer_accuracy", "acc.", 0, 3},
    {"controlled", "contr.", 0, 3},
    {"controlled_95", "95 %", IX_RANGE, 3},
    {"lean", "lean", 0, 2},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void put_row(ix_table *t, const ix_family *f, const char *row, const char *objective, const ix_habits *h)
{
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, row);
    ix_put_text(t, ix_objective_name(objective));
    for (int s = 0; s < IX_STRATA; s++) {
        ix_put_int(t, h->pairs[s]);
        ix_put_real(t, h->right[s]);
    }
    ix_put_real(t, h->controlled);
    ix_put_range(t, h->interval);
    ix_put_real(t, h->lean);
}

/* Right where the chosen response has one length and wrong where it has the other: it is the length that is read. */
static void say_length(char **text, const char *row, const char *objective, const ix_habits *h)
{
    ix_chance shorter = ix_against_chance(h->right[IX_SHORTER], h->pairs[IX_SHORTER] / h->sets);
    ix_chance longer = ix_against_chance(h->right[IX_LONGER], h->pairs[IX_LONGER] / h->sets);
    if (isnan(h->controlled) || shorter + longer != IX_ABOVE_CHANCE || shorter == longer) return;
    ix_append(text, "%s on %s follows length: %.3f where the chosen response is shorter, %.3f where it is longer. ",
              ix_objective_name(objective), row, h->right[IX_SHORTER], h->right[IX_LONGER]);
}

void ix_section_length(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    ix_habits h;
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        char *text = NULL;
        for (int r = 0; r < f->rows; r++)
            for (int o = 0; o < f->objectives; o++) {
                if (!ix_habits_of(m, i, f->objective[o], f->row[r], &h)) continue;
                if (h.pairs[IX_SHORTER] + h.pairs[IX_AS_LONG] + h.pairs[IX_LONGER] == 0) continue;
                if (!t)
                    t = ix_table_add(out, "length", "Accuracy by the length of the chosen response", columns, COLUMNS);
                put_row(t, f, f->row[r], f->objective[o], &h);
                say_length(&text, f->row[r], f->objective[o], &h);
            }
        if (t) ix_table_say_text(t, &text);
        free(text);
    }
    if (t)
        ix_table_close(t, "Pairs whose chosen response has fewer, as many, more tokens than the rejected one. contr.: "
                          "the mean of the accuracies of the shorter and the longer, 0.500 for whatever goes by length "
                          "alone. lean: correlation of r_chosen - r_rejected with the difference of lengths.");
}
