/* SPDX-License-Identifier: Apache-2.0 */
#include "bands.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

const ix_band *ix_band_find(const ix_record *r, const char *row)
{
    int count;
    const ix_band *band = ix_bands(&count);
    for (int i = 0; i < count; i++)
        if (strcmp(band[i].settings, r->settings) == 0 && strcmp(band[i].row, row) == 0) return &band[i];
    return NULL;
}

/* The first row on which the run is outside its band; NULL: none. *banded: it has a band at all. */
static const ix_band *left_band(const ix_record *r, double *accuracy, bool *banded)
{
    const double rounding = 1e-9;
    for (int s = 0; s < r->sets; s++) {
        ix_score score;
        const ix_band *band = ix_band_find(r, r->set[s].group);
        if (!band || !ix_record_score(r, r->set[s].group, &score)) continue;
        *banded = true;
        *accuracy = score.accuracy;
        if (score.accuracy < band->low - rounding || score.accuracy > band->high + rounding) return band;
    }
    return NULL;
}

void ix_bands_apply(ix_material *m)
{
    for (int i = 0; i < m->records; i++) {
        ix_record *r = &m->record[i];
        bool banded = false;
        double accuracy;
        const ix_band *band = r->valid ? left_band(r, &accuracy, &banded) : NULL;
        m->banded += banded;
        if (!band) continue;
        free(r->verdict);
        r->verdict = ix_format("accuracy %.3f on %s is outside its reference band, %.3f to %.3f", accuracy, band->row,
                               band->low, band->high);
        r->valid = false;
        m->outside++;
    }
}
