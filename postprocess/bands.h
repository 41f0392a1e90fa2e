/* SPDX-License-Identifier: Apache-2.0
 *
 * bands.h - reference bands: between which accuracies a run of given settings must end, by experience. Local. */
#ifndef IX_REPORT_BANDS_H
#define IX_REPORT_BANDS_H

#include "records.h"

typedef struct {
    const char *settings; /* settings_id: task, pairs, weights, objective and everything else but the seed */
    const char *row;
    double low, high;
} ix_band;

/* The bands that ship with the project (suites/quickstart.yaml); docs/rules.md says how they were measured. */
const ix_band *ix_bands(int *count);

/* The band of a run on a row; NULL: there is none. */
const ix_band *ix_band_find(const ix_record *r, const char *row);

#endif
