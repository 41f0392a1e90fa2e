/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: paired differences with their intervals. With several models a panel per set and a line per model, with one
 * model a line per set. Drawn from the table, which has worked the intervals out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "groups.h"
#include "sections.h"

enum { LINE = 19, ACROSS = 4, WIDE = 190, ALONE = 460, TOP = 12, LETTER = 7, PANELS = 32, WIDEST_NAME = 34 };

static const char *text_in(const ix_table *t, int row, const char *name)
{
    return ix_table_named(t, row, name)->text;
}

/* The line of the table with this family's row; -1: none. */
static int find_line(const ix_table *t, const ix_family *f, const char *row)
{
    for (int r = 0; r < t->rows; r++)
        if (strcmp(text_in(t, r, "set"), row) == 0 && strcmp(text_in(t, r, "model"), f->model) == 0 &&
            strcmp(text_in(t, r, "suite"), f->suite) == 0 && strcmp(text_in(t, r, "part"), f->part) == 0 &&
            strcmp(text_in(t, r, "varied"), f->varied) == 0)
            return r;
    return -1;
}

/* What one panel shows: a line per (family, row). */
typedef struct {
    int lines;
    int *at;           /* [lines] in the table; -1: not compared */
    const char **name; /* [lines] */
} panel;

static panel panel_of(const ix_material *m, const ix_table *t, const ix_group *g, int row)
{
    bool alone = g->families == 1;
    panel p = {.lines = alone ? g->rows : g->families};
    p.at = ix_grow(NULL, (size_t)p.lines, sizeof *p.at);
    p.name = ix_grow(NULL, (size_t)p.lines, sizeof *p.name);
    for (int i = 0; i < p.lines; i++) {
        const ix_family *f = &m->family[g->family[alone ? 0 : i]];
        p.at[i] = find_line(t, f, g->row[alone ? i : row]);
        p.name[i] = alone ? g->row[i] : f->model;
    }
    return p;
}

/* The furthest interval from 0. */
static double write_panel(FILE *out, const ix_table *t, const panel *p, int number)
{
    double far = 0;
    fprintf(out, "$p%d << END_OF_DATA\n0 NaN 0 0\n", number);
    for (int i = 0; i < p->lines; i++) {
        if (p->at[i] < 0) continue;
        const ix_cell *d = ix_table_named(t, p->at[i], "difference"),
                      *range = ix_table_named(t, p->at[i], "difference_95");
        if (range->kind != IX_CELL_RANGE) continue;
        fprintf(out, "%.6g %d %.6g %.6g\n", d->real, -i, range->real, range->high);
        far = fmax(far, fmax(fabs(range->real), fabs(range->high)));
    }
    fputs("END_OF_DATA\n", out);
    return far;
}

static void plot_panel(FILE *out, const ix_panels *p, const panel *lines, int number, const char *title)
{
    ix_panels_next(out, p, number, title);
    fputs(ix_panels_lowest(p, number) ? "set xlabel 'accuracy: EX - IM' font ',12' offset 0,0.9\n" : "unset xlabel\n",
          out);
    fputs("set ytics (", out);
    for (int i = 0; i < lines->lines; i++) {
        char *name = ix_format("%.*s", WIDEST_NAME, ix_panels_left(p, number) ? lines->name[i] : "");
        fputs(i ? ", " : "", out);
        ix_figure_name(out, name);
        fprintf(out, " %d", -i);
        free(name);
    }
    fprintf(out, ")\nplot $p%d using 1:2:3:4 with xerrorbars pt 7 ps 0.6 lw 1.6 lc rgb '#000000'\n", number);
}

static int longest_name(const ix_group *g)
{
    size_t longest = strlen(g->longest);
    for (int r = 0; g->families == 1 && r < g->rows; r++)
        if (r == 0 || strlen(g->row[r]) > longest) longest = strlen(g->row[r]);
    return longest > WIDEST_NAME ? WIDEST_NAME : (int)longest;
}

static void write_figure(FILE *f, const ix_panels *p, const panel *lines, const ix_group *g, double far)
{
    far = fmin(1, fmax(0.05, ceil(far * 20) / 20));
    double step = far > 0.6 ? 0.5 : far > 0.3 ? 0.25 : far > 0.12 ? 0.1 : far > 0.06 ? 0.05 : 0.02;
    double last = step * floor(0.95 * far / step); /* none at the ends, where they would meet the next panel's */
    ix_panels_begin(f, p);
    fprintf(f, "set xrange [-%.3f:%.3f]\nset xtics %.3f,%.3f,%.3f\n", far * 1.05, far * 1.05, -last, step, last);
    fprintf(f, "set format x '%%+.2f'\nset yrange [%.2f:0.7]\n", -lines[0].lines + 0.3);
    fputs("set arrow 1 from 0, graph 0 to 0, graph 1 nohead lw 1.2 lc rgb '#606060' back\n", f);
    for (int k = 0; k < p->n; k++) plot_panel(f, p, &lines[k], k, g->families == 1 ? g->name : g->row[k]);
}

static void plot_group(const ix_material *m, const ix_table *t, const ix_group *g, int number, ix_tables *out)
{
    bool alone = g->families == 1;
    int panels = alone ? 1 : g->rows < PANELS ? g->rows : PANELS, lines = alone ? g->rows : g->families;
    ix_panels p =
        ix_panels_of(panels, ACROSS, alone ? ALONE : WIDE, 20 + LINE * lines, 24 + LETTER * longest_name(g), TOP);
    char *id = ix_format("paired-%d", number), *title = ix_format("EX - IM on the same pairs: %s", g->name);
    panel *list = ix_grow(NULL, (size_t)panels, sizeof *list);
    double far = 0;
    FILE *f = ix_figure_begin(out, id, title, ix_panels_width(&p), ix_panels_height(&p));
    for (int k = 0; k < panels; k++) {
        list[k] = panel_of(m, t, g, k);
        far = fmax(far, write_panel(f, t, &list[k], k));
    }
    write_figure(f, &p, list, g, far);
    ix_figure_end(out,
                  "Difference of accuracies, EX-RM minus IM-RM, on the same pairs, with its 95 %% bootstrap interval "
                  "over pairs and seeds. To the right of the line EX-RM is ahead.");
    for (int k = 0; k < panels; k++) free(list[k].at), free(list[k].name);
    free(list);
    free(id);
    free(title);
}

/* Only families that have twins are left. */
static void keep_twins(const ix_material *m, ix_group *g)
{
    int n = 0;
    for (int k = 0; k < g->families; k++)
        if (m->family[g->family[k]].twins > 0) g->family[n++] = g->family[k];
    g->families = n;
}

void ix_plot_paired(const ix_material *m, const ix_table *t, ix_tables *out)
{
    ix_groups g;
    ix_groups_find(m, &g);
    for (int i = 0, number = 0; i < g.count; i++) {
        keep_twins(m, &g.at[i]);
        if (g.at[i].families) plot_group(m, t, &g.at[i], ++number, out);
    }
    ix_groups_free(&g);
}
