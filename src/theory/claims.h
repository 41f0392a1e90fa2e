/* SPDX-License-Identifier: Apache-2.0
 *
 * claims.h - statements with the figure that was measured, the bound that it must keep, and the verdict; and sheets of
 * the numbers behind them.
 *
 * Whoever checks something states claims into a list; the list becomes bytes and comes back, so that ranks can share
 * the work, and goes into a result. Texts that are too long are cut. All functions are local; memory that cannot be had
 * for these small things ends the job. */
#ifndef IX_THEORY_CLAIMS_H
#define IX_THEORY_CLAIMS_H

#include "base/status.h"

typedef enum { IX_HOLDS, IX_FAILS, IX_NOT_APPLICABLE } ix_claim_verdict;
typedef enum { IX_AT_MOST, IX_AT_LEAST, IX_EXACTLY, IX_BELOW, IX_ABOVE } ix_relation;

typedef struct {
    char name[64]; /* "theorem2.unseen" */
    char statement[320];
    ix_relation relation; /* of the measured figure to the bound */
    double measured, bound;
    ix_claim_verdict verdict;
    char reason[256]; /* of IX_NOT_APPLICABLE, else "" */
} ix_claim;

enum { IX_SHEET_ROWS = 64, IX_SHEET_COLUMNS = 12 };

typedef struct {
    char name[64], about[320];
    int rows, columns;
    char row[IX_SHEET_ROWS][64], column[IX_SHEET_COLUMNS][32];
    double value[IX_SHEET_ROWS][IX_SHEET_COLUMNS]; /* NaN: there is none */
} ix_sheet;

typedef struct {
    ix_claim *claim;
    ix_sheet *sheet;
    int claims, sheets;
} ix_claims; /* {0} is an empty list */

void ix_claims_free(ix_claims *c); /* leaves it empty */

/* The verdict follows from the figures; NaN fails. */
void ix_claim_state(ix_claims *c, const char *name, const char *statement, double measured, ix_relation relation,
                    double bound);
/* What would have been stated, and why it is not; printf-style reason. */
void ix_claim_skip(ix_claims *c, const char *name, const char *statement, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));

/* A new sheet, valid until the next one; contract: it has room. Columns that a row does not give are NaN. */
ix_sheet *ix_claims_sheet(ix_claims *c, const char *name, const char *about, const char *const *columns, int count);
void ix_sheet_row(ix_sheet *s, const char *name, const double *value, int count);

const char *ix_claim_verdict_name(ix_claim_verdict verdict);         /* "HOLDS", "FAILS", "NOT APPLICABLE" */
const char *ix_relation_name(ix_relation relation);                  /* "<=", ">=", "=", "<", ">" */
const ix_claim *ix_claim_find(const ix_claims *c, const char *name); /* NULL: there is none */

/* The list as bytes of this program on this machine (free them), and appended from such bytes. */
void ix_claims_pack(const ix_claims *c, void **bytes, size_t *size);
void ix_claims_append(ix_claims *c, const void *bytes, size_t size);

#endif
