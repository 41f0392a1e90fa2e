/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: speed-up over what a run of task scaling varied, a panel per series. Drawn from the table. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "sections.h"

enum { ACROSS = 3, WIDE = 230, HIGH = 190, LEFT = 62, TOP = 12, PANELS = 12 };

/* Rows [first, end) of the table: one series of one run. */
typedef struct {
    int first, end;
} stretch;

static const char *const of_run[] = {"suite", "part", "model", "varied", "objective", "seed", NULL};
static const char *const of_series[] = {"suite", "part", "model", "varied", "objective", "seed", "series", NULL};

/* The series of the run whose rows begin at `first`; returns where they end. */
static int find_series(const ix_table *t, int first, stretch list[PANELS], int *count)
{
    int row = first;
    for (*count = 0; row < t->rows && ix_rows_alike(t, first, row, of_run) && *count < PANELS; (*count)++) {
        list[*count].first = row;
        while (row < t->rows && ix_rows_alike(t, list[*count].first, row, of_series)) row++;
        list[*count].end = row;
    }
    return row;
}

/* n, median and middle half of the speed-up: once of layouts that fit the cores, once of those that do not. */
static void write_data(FILE *out, const ix_table *t, const stretch *s, int number)
{
    for (int crowded = 0; crowded < 2; crowded++) {
        fprintf(out, "$s%d_%d << END_OF_DATA\n1 NaN NaN NaN\n", number, crowded);
        for (int r = s->first; r < s->end; r++) {
            const ix_cell *half = ix_table_named(t, r, "speedup_half");
            double speedup = ix_table_named(t, r, "speedup")->real;
            bool range = half->kind == IX_CELL_RANGE;
            if ((ix_table_named(t, r, "crowded")->text[0] != 0) != crowded) continue;
            fprintf(out, "%lld %.6g %.6g %.6g\n", (long long)ix_table_named(t, r, "n")->whole, speedup,
                    range ? half->real : speedup, range ? half->high : speedup);
        }
        fputs("END_OF_DATA\n", out);
    }
}

/* The same axes in all panels: the largest n, and the smallest speed-up. */
static void write_axes(FILE *out, const ix_table *t, const stretch *all, int count)
{
    double most = 2, least = 0.6;
    for (int r = all[0].first; r < all[count - 1].end; r++) {
        most = fmax(most, (double)ix_table_named(t, r, "n")->whole);
        least = fmin(least, ix_table_named(t, r, "speedup")->real);
    }
    fprintf(out, "set logscale xy 2\nset xrange [0.8:%.4g]\nset yrange [%.4g:%.4g]\n", 1.25 * most, 0.8 * least,
            1.25 * most);
}

static void plot_series(FILE *out, const ix_table *t, const ix_panels *p, const stretch *s, int number)
{
    bool left = ix_panels_left(p, number);
    ix_panels_next(out, p, number, ix_table_named(t, s->first, "series")->text);
    fprintf(out, "%s\n%s\nset format y '%s'\n",
            ix_panels_lowest(p, number) ? "set xlabel 'n' font ',12' offset 0,0.9" : "unset xlabel",
            left ? "set ylabel 'speed-up' font ',12'" : "unset ylabel", left ? "%g" : "");
    fprintf(out,
            "plot x with lines dt 3 lw 1.5 lc rgb '#606060', $s%d_0 using 1:2:3:4 with yerrorlines pt 7 ps 0.8 lw 1.6 "
            "lc rgb '%s', $s%d_1 using 1:2:3:4 with yerrorbars pt 6 ps 0.8 lw 1.6 lc rgb '%s'\n",
            number, IX_EX_COLOUR, number, IX_EX_COLOUR);
}

static char *name_of(const ix_table *t, int row)
{
    const char *part = ix_table_named(t, row, "part")->text, *with = ix_table_named(t, row, "varied")->text;
    return ix_format("%s%s%s, %s%s%s, %s", ix_table_named(t, row, "suite")->text, part[0] ? ", " : "", part,
                     ix_table_named(t, row, "model")->text, with[0] ? ", " : "", with,
                     ix_table_named(t, row, "objective")->text);
}

void ix_plot_scaling(const ix_table *t, ix_tables *out)
{
    stretch list[PANELS];
    int number = 0, count;
    for (int first = 0; first < t->rows;) {
        int end = find_series(t, first, list, &count);
        char *name = name_of(t, first), *id = ix_format("scaling-%d", ++number);
        char *title = ix_format("Speed-up of a training step: %s", name);
        ix_panels p = ix_panels_of(count, ACROSS, WIDE, HIGH, LEFT, TOP);
        FILE *f = ix_figure_begin(out, id, title, ix_panels_width(&p), ix_panels_height(&p));
        for (int k = 0; k < count; k++) write_data(f, t, &list[k], k);
        ix_panels_begin(f, &p);
        write_axes(f, t, list, count);
        for (int k = 0; k < count; k++) plot_series(f, t, &p, &list[k], k);
        ix_figure_end(out,
                      "Operations per second over those of the first layout, against n, how many times as much of what "
                      "the panel names: medians with their middle half, both axes logarithmic. Dotted: n times as "
                      "fast. Open: more threads on a node than cores.");
        free(name);
        free(id);
        free(title);
        first = end;
    }
}
