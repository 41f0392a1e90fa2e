/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: margin against accuracy. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "figure.h"
#include "groups.h"
#include "sections.h"

enum { WIDTH = 800, HEIGHT = 460, CATEGORIES = 4 };

static const struct {
    const char *title;
    int full, open;
} kind[CATEGORIES] = {{"in distribution", 7, 6}, {"token shift", 9, 8}, {"domain shift", 5, 4}, {"control", 13, 12}};

static int write_points(FILE *out, const ix_material *m, const char *objective, int category)
{
    int points = 0;
    ix_summary s;
    for (int i = 0; i < m->families; i++)
        for (int r = 0; r < m->family[i].rows; r++) {
            if (ix_category_rank(m->family[i].category[r]) != category) continue;
            if (!ix_summarise(m, i, objective, m->family[i].row[r], &s) || isnan(s.margin)) continue;
            fprintf(out, "%.6g %.6g %.6g %.6g\n", s.accuracy, s.margin, s.over_pairs.low, s.over_pairs.high);
            points++;
        }
    return points;
}

void ix_plot_margin(const ix_material *m, ix_tables *out)
{
    enum { CROWDED = 120 }; /* more points than that: no intervals */
    int points = 0, here[2][CATEGORIES];
    if (!m->families) return;
    FILE *f = ix_figure_begin(out, "margin", "Margin against accuracy", WIDTH, HEIGHT);
    for (int o = 0; o < 2; o++)
        for (int c = 0; c < CATEGORIES; c++) {
            fprintf(f, "$m%d_%d << END_OF_DATA\n", o, c);
            points += here[o][c] = write_points(f, m, o ? "im_rm" : "ex_rm", c);
            fputs("END_OF_DATA\n", f);
        }
    fputs("set border 3 lc rgb '#404040'\nset tics nomirror out scale 0.6\nset grid lc rgb '#d9d9d9'\n"
          "set xrange [-0.02:1.02]\nset yrange [0:2.1]\nset xlabel 'accuracy'\n"
          "set ylabel 'normalised margin (deviations of the rewards)'\n"
          "set key outside right top vertical Left reverse samplen 1 spacing 1.2\n"
          "set label 1 '1.128: rewards at random' at graph 0.01, first 1.17 left font ',11' textcolor rgb '#606060'\n"
          "plot 1.12838 with lines dt 3 lw 1.5 lc rgb '#606060' notitle",
          f);
    for (int o = 0; o < 2; o++)
        for (int c = 0; c < CATEGORIES; c++) {
            const char *colour = o ? IX_IM_COLOUR : IX_EX_COLOUR;
            if (!here[o][c]) continue;
            if (points <= CROWDED)
                fprintf(f, ", $m%d_%d using 1:2:3:4 with xerrorbars pt 0 lw 0.7 lc rgb '#a0a0a0' notitle", o, c);
            fprintf(f, ", $m%d_%d using 1:2 with points pt %d ps 0.9 lw 1.5 lc rgb '%s' title '%s-RM %s'", o, c,
                    o ? kind[c].open : kind[c].full, colour, o ? "IM" : "EX", kind[c].title);
        }
    fputs("\n", f);
    ix_figure_end(out,
                  "Normalised margin against accuracy, a point per model and set (mean over seeds). EX-RM filled, "
                  "IM-RM open.%s A large margin at a low accuracy is a sure mistake.",
                  points <= CROWDED ? " Bars: Wilson's 95 % interval." : "");
}
