/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 4: do the rewards, read as log-odds, say how sure one may be? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},      {"part", "part", IX_KEY, 0},    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},      {"set", "set", IX_LEFT, 0},     {"objective", "", IX_LEFT, 0},
    {"seeds", "seeds", 0, 0},           {"accuracy", "accuracy", 0, 3}, {"brier", "Brier", 0, 3},
    {"brier_sd", "sd", 0, 3},           {"ece", "ECE", 0, 3},           {"ece_sd", "sd", 0, 3},
    {"reading", "reading", IX_LEFT, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* 1/4 is what p = 1/2 everywhere gives. */
static const char *reading(const ix_habits *h)
{
    if (h->brier > 0.25) return "worse than saying 1/2";
    if (h->ece <= 0.05) return "calibrated within 0.05";
    return "";
}

static void put_row(ix_table *t, const ix_family *f, const char *row, const char *objective, const ix_habits *h)
{
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, row);
    ix_put_text(t, ix_objective_name(objective));
    ix_put_int(t, h->runs);
    ix_put_real(t, h->accuracy);
    ix_put_real(t, h->brier);
    ix_put_real(t, h->brier_deviation);
    ix_put_real(t, h->ece);
    ix_put_real(t, h->ece_deviation);
    ix_put_text(t, reading(h));
}

void ix_section_calibration(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL;
    ix_habits h;
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        for (int r = 0; r < f->rows; r++)
            for (int o = 0; o < f->objectives; o++) {
                if (!ix_habits_of(m, i, f->objective[o], f->row[r], &h) || isnan(h.brier)) continue;
                if (!t) t = ix_table_add(out, "calibration", "Calibration: rewards as log-odds", columns, COLUMNS);
                put_row(t, f, f->row[r], f->objective[o], &h);
            }
    }
    if (t)
        ix_table_close(t,
                       "Both objectives are trained so that sigmoid(r_chosen - r_rejected) is the probability that the "
                       "chosen response is better. Brier: its mean squared error, 0.250 for saying 1/2 always. ECE: "
                       "how far stated confidence and accuracy are apart, in ten bins; with few pairs it is above 0 "
                       "for a calibrated model too.");
}
