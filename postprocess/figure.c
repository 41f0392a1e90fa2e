/* SPDX-License-Identifier: Apache-2.0 */
#include "figure.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { GAP_X = 22, GAP_Y = 64, BOTTOM = 58, RIGHT = 16, TITLE = 24 };

FILE *ix_figure_begin(ix_tables *tables, const char *id, const char *title, int width, int height)
{
    ix_figure *f = ix_grow(NULL, 1, sizeof *f);
    *f = (ix_figure){
        .id = ix_copy(id), .title = ix_copy(title), .width = width, .height = height, .after = tables->count};
    tables->figure = ix_grow(tables->figure, (size_t)tables->figures + 1, sizeof(ix_figure *));
    tables->figure[tables->figures++] = f;
    f->writing = open_memstream(&f->script, &f->size);
    IX_CONTRACT(f->writing);
    return f->writing;
}

void ix_figure_end(ix_tables *tables, const char *format, ...)
{
    ix_figure *f = tables->figure[tables->figures - 1];
    va_list arguments;
    va_start(arguments, format);
    IX_CONTRACT(vasprintf(&f->caption, format, arguments) >= 0);
    va_end(arguments);
    IX_CONTRACT(fclose(f->writing) == 0);
    f->writing = NULL;
}

void ix_figure_free(ix_figure *f)
{
    free(f->id);
    free(f->title);
    free(f->caption);
    free(f->script);
    free(f);
}

void ix_figure_name(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        fputc(c < ' ' || c == 0x7F ? ' ' : strchr("\"\\`", c) ? '\'' : c, out);
    }
    fputc('"', out);
}

/* --- panels ------------------------------------------------------------------------------------------------ */

ix_panels ix_panels_of(int n, int across, int wide, int high, int left, int top)
{
    ix_panels p = {.n = n, .across = n < across ? n : across, .wide = wide, .high = high, .left = left, .top = top};
    p.down = (n + p.across - 1) / p.across;
    return p;
}

int ix_panels_width(const ix_panels *p)
{
    return p->left + p->across * p->wide + (p->across - 1) * GAP_X + RIGHT;
}

int ix_panels_height(const ix_panels *p)
{
    return p->top + TITLE + p->down * p->high + (p->down - 1) * GAP_Y + BOTTOM;
}

void ix_panels_begin(FILE *out, const ix_panels *p)
{
    (void)p;
    fputs("set multiplot\nset style line 100 lc rgb '#d9d9d9' lw 1\nset grid back ls 100\n"
          "set border 3 lc rgb '#404040'\nset tics nomirror out scale 0.6 font ',11'\nset xtics offset 0,0.3\nunset "
          "key\n",
          out);
}

void ix_panels_next(FILE *out, const ix_panels *p, int i, const char *title)
{
    double width = ix_panels_width(p), height = ix_panels_height(p);
    int left = p->left + i % p->across * (p->wide + GAP_X), top = p->top + TITLE + i / p->across * (p->high + GAP_Y);
    fprintf(out, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n", left / width, (left + p->wide) / width);
    fprintf(out, "set tmargin at screen %.6f\nset bmargin at screen %.6f\nset title ", 1 - top / height,
            1 - (top + p->high) / height);
    ix_figure_name(out, title);
    fputs(" font ',12' offset 0,-0.6\n", out);
}

bool ix_panels_left(const ix_panels *p, int i)
{
    return i % p->across == 0;
}

bool ix_panels_lowest(const ix_panels *p, int i)
{
    return i + p->across >= p->n;
}

/* A sample of a line with its point, and its text, at x pixels from the left. */
static void sample(FILE *out, const ix_panels *p, int number, int x, const char *colour, int dash, int point,
                   const char *text)
{
    double width = ix_panels_width(p), height = ix_panels_height(p), y = 1 - 18 / height;
    fprintf(out, "set arrow %d from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 2.5 dt %d lc rgb '%s'\n", number,
            x / width, y, (x + 36) / width, y, dash, colour);
    fprintf(out, "set label %d '' at screen %.5f,%.5f point pt %d ps 0.9 lc rgb '%s'\n", number, (x + 18) / width, y,
            point, colour);
    fprintf(out, "set label %d ", number + 50);
    ix_figure_name(out, text);
    fprintf(out, " at screen %.5f,%.5f left font ',12'\n", (x + 44) / width, y);
}

void ix_panels_legend(FILE *out, const ix_panels *p, const char *ex, const char *im)
{
    int x = p->left;
    sample(out, p, 1, x, IX_EX_COLOUR, 1, 7, ex);
    sample(out, p, 2, x + 64 + 7 * (int)strlen(ex), IX_IM_COLOUR, 2, 9, im);
}
