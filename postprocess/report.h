/* SPDX-License-Identifier: Apache-2.0
 *
 * report.h - all sections of the report, and writing them. Local. */
#ifndef IX_REPORT_REPORT_H
#define IX_REPORT_REPORT_H

#include "records.h"
#include "table.h"

typedef struct {
    char *headline; /* "12 runs, 12 VALID, 6 twins: quickstart" */
    ix_tables tables;
} ix_report;

void ix_report_make(ix_report *out, const ix_material *m);
void ix_report_free(ix_report *r);

/* Accuracies that left their band around the old ones (--against). */
int ix_report_left(const ix_report *r);

void ix_report_term(FILE *out, const ix_report *r);
void ix_report_markdown(FILE *out, const ix_report *r);
/* svg[figures]: the drawn figures (figure.h), NULL for none; missing: why there are none, or NULL. */
void ix_report_html(FILE *out, const ix_report *r, char *const *svg, const char *missing);
/* A document that takes in tables/<table>.tex and figures/<figure>.pdf. */
void ix_report_tex(FILE *out, const ix_report *r, const char *missing);
void ix_table_tex(FILE *out, const ix_table *t); /* a tabular, or a longtable where it is longer than a page */

/* As files; FOLDER is made if it is missing. *drawn is false where figures could not be drawn: the message says why,
 * and the files say it too. */
ix_status ix_report_write_markdown(const ix_report *r, const char *folder);          /* report.md */
ix_status ix_report_write_csv(const ix_report *r, const char *folder);               /* <table>.csv */
ix_status ix_report_write_html(const ix_report *r, const char *folder, bool *drawn); /* report.html; NULL: to stdout */
ix_status ix_report_write_tex(const ix_report *r, const char *folder, bool *drawn);  /* report.tex, tables/, figures/ */

#endif
