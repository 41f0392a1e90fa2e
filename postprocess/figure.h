/* SPDX-License-Identifier: Apache-2.0
 *
 * figure.h - figures as gnuplot scripts with their data inside, and drawing them. Local.
 *
 * A section adds its figures to the tables that it writes; they stand behind its latest table. A script neither sets a
 * terminal nor an output: draw.c does, once for SVG and once for PDF. Texts out of results (names of models, sets) go
 * through ix_figure_name, which leaves nothing that gnuplot would obey. */
#ifndef IX_REPORT_FIGURE_H
#define IX_REPORT_FIGURE_H

#include "base/status.h"
#include "table.h"

/* Colours that colour-blind people tell apart (Okabe and Ito), and that differ in black and white. */
#define IX_EX_COLOUR "#0072B2"
#define IX_IM_COLOUR "#E69F00"

struct ix_figure {
    char *id, *title, *caption;
    int width, height; /* pixels, 96 to an inch */
    int after;         /* tables that stand before it */
    char *script;
    size_t size;
    FILE *writing; /* until ix_figure_end */
};

/* A new figure behind the latest of `tables`, which owns it; its script is written to the file that is handed out,
 * until ix_figure_end. The caption says what is drawn and with which intervals. */
FILE *ix_figure_begin(ix_tables *tables, const char *id, const char *title, int width, int height);
void ix_figure_end(ix_tables *tables, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ix_figure_free(ix_figure *figure);

/* Writes text as a quoted string of gnuplot. */
void ix_figure_name(FILE *out, const char *text);

/* A grid of panels: n of them in at most `across` columns, each `wide` by `high` pixels, `left` pixels before the first
 * column for names, `top` above for the legend. `set multiplot` with its margins; the size is that of the figure. */
typedef struct {
    int n, across, down, wide, high, left, top;
} ix_panels;
ix_panels ix_panels_of(int n, int across, int wide, int high, int left, int top);
int ix_panels_width(const ix_panels *p);
int ix_panels_height(const ix_panels *p);
void ix_panels_begin(FILE *out, const ix_panels *p);
void ix_panels_next(FILE *out, const ix_panels *p, int i, const char *title); /* before the plot of panel i */
bool ix_panels_left(const ix_panels *p, int i);                               /* is it the first of its line? */
bool ix_panels_lowest(const ix_panels *p, int i);                             /* is none below it? */
/* EX-RM and IM-RM at the top, each a line (dashed for IM-RM) and its point. */
void ix_panels_legend(FILE *out, const ix_panels *p, const char *ex, const char *im);

/* Draws all figures, as FOLDER/<id>.svg or .pdf. IX_EINPUT: there is no gnuplot; IX_EIO: it failed. */
typedef enum { IX_DRAW_SVG, IX_DRAW_PDF } ix_drawing;
ix_status ix_figures_draw(const ix_tables *tables, ix_drawing kind, const char *folder);

/* The same as text: svg[figures], NULL where there is no figure. Free with ix_svgs_free. */
ix_status ix_figures_svg(const ix_tables *tables, char ***svg);
void ix_svgs_free(const ix_tables *tables, char **svg);

#endif
