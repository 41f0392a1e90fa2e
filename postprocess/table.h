/* SPDX-License-Identifier: Apache-2.0
 *
 * table.h - tables as values, and what writes them: terminal, Markdown, CSV.
 *
 * A table has columns, rows of cells, and notes: sentences that follow the rows they were written after. Leading
 * IX_KEY columns are headings in texts (a new block of rows when one changes) and plain columns in CSV. Texts are
 * copied. All functions are local; when there is no memory they end the program, as ix_format does. */
#ifndef IX_REPORT_TABLE_H
#define IX_REPORT_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "stats.h"

enum { IX_KEY = 1, IX_CSV_ONLY = 2, IX_LEFT = 4, IX_RANGE = 8, IX_SIGNIFICANT = 16 };

typedef struct {
    const char *name;   /* in CSV; an IX_RANGE takes two columns, <name>_low and <name>_high */
    const char *header; /* in texts */
    int flags;
    int digits; /* behind the point of a real, or significant ones, in texts; CSV has all 17 */
} ix_column;

typedef enum { IX_CELL_NONE, IX_CELL_TEXT, IX_CELL_INT, IX_CELL_REAL, IX_CELL_RANGE } ix_cell_kind;
typedef struct {
    ix_cell_kind kind;
    int64_t whole;
    double real, high;
    char *text;
} ix_cell;

typedef struct {
    char *text;
    int after; /* rows before it; INT_MAX: at the very end */
} ix_table_note;

typedef struct {
    char *id, *title;
    const ix_column *column; /* not owned: constant */
    int columns, rows, filled, notes;
    ix_cell *cell; /* [rows][columns] */
    bool *quiet;   /* [rows] only in CSV */
    ix_table_note *note;
} ix_table;

typedef struct ix_figure ix_figure; /* figure.h */

typedef struct {
    ix_table **at;
    int count;
    ix_figure **figure; /* [figures] in the order in which they stand between the tables */
    int figures;
} ix_tables;

/* A new table at the end of `tables`, which owns it. */
ix_table *ix_table_add(ix_tables *tables, const char *id, const char *title, const ix_column *columns, int count);
void ix_tables_free(ix_tables *tables);

/* Rows are filled from left to right; contract: a row is full before the next one or a note begins. */
void ix_row_begin(ix_table *t);
void ix_row_quiet(ix_table *t); /* the latest row is for CSV only */
void ix_put_none(ix_table *t);
void ix_put_text(ix_table *t, const char *text); /* NULL: none */
void ix_put_int(ix_table *t, int64_t value);
void ix_put_real(ix_table *t, double value); /* NaN: none */
void ix_put_range(ix_table *t, ix_interval range);
void ix_table_say(ix_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ix_table_close(ix_table *t, const char *format, ...) __attribute__((format(printf, 2, 3))); /* at the very end */
/* *text as a note, unless it is NULL; frees it and leaves *text NULL. */
void ix_table_say_text(ix_table *t, char **text);

/* At most 100 columns of UTF-8 text; names that are longer are wrapped inside their column. */
void ix_table_term(FILE *out, const ix_table *t);
void ix_table_markdown(FILE *out, const ix_table *t); /* a GitHub table */
void ix_table_csv(FILE *out, const ix_table *t);      /* RFC 4180: CRLF, quotes doubled */

/* For the emitters. */
#define IX_CELL_TEXT_MAX 64
const ix_cell *ix_table_cell(const ix_table *t, int row, int column);
const ix_cell *ix_table_named(const ix_table *t, int row, const char *column); /* contract: there is such a column */
/* Do two rows have the same texts in these columns? `columns` ends with NULL. */
bool ix_rows_alike(const ix_table *t, int a, int b, const char *const *columns);
/* The cell as people read it: its own text, or a number written into `room`. */
const char *ix_cell_show(const ix_cell *cell, const ix_column *column, char room[IX_CELL_TEXT_MAX]);
/* Rows [first, end) with equal keys. Returns end; false in *shown if all of them are quiet. */
int ix_table_block(const ix_table *t, int first, bool *shown);
/* "part persona, model miniworld" of a row; empty keys are left out. Free with free(). */
char *ix_table_heading(const ix_table *t, int row);

/* Nothing to show in texts: no rows but those for CSV only, and no notes. */
bool ix_table_silent(const ix_table *t);

/* *text grows by formatted text; *text is NULL or from malloc. */
void ix_append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory that is there or ends the program. */
void *ix_grow(void *old, size_t count, size_t size);
char *ix_copy(const char *text); /* NULL gives "" */

#endif
