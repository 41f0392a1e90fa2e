/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.h - what a run states: its claims, and the sheets of numbers behind them, as a result holds them. Local. */
#ifndef IX_REPORT_CLAIMS_H
#define IX_REPORT_CLAIMS_H

#include "store/reader.h"
#include "table.h"

typedef struct {
    char *name, *about;
    int64_t rows, columns;
    char **row, **column; /* [rows], [columns] */
    double *value;        /* [rows, columns]; NaN: there is none */
    ix_column *header;    /* of a table of such sheets: the run's keys, the row, the columns */
    int headers;
} ix_stated_sheet;

typedef struct ix_stated {
    int64_t claims, sheets;
    char **name, **statement, **relation, **verdict, **reason; /* [claims] */
    double *measured, *bound;                                  /* [claims]; NaN: there is none */
    ix_stated_sheet *sheet;
} ix_stated;

/* *out stays NULL where the result states nothing. IX_EINPUT: claims that do not fit each other. */
ix_status ix_stated_read(ix_stated **out, const ix_reader *rd);
void ix_stated_free(ix_stated **stated); /* NULL is fine; leaves *stated NULL */

#endif
