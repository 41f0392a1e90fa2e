/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: histograms of rewards, EX-RM above, IM-RM below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "groups.h"
#include "sections.h"

enum { WIDE = 190, HIGH = 150, ACROSS = 4, LEFT = 66, TOP = 34, PANELS = 32 };

typedef struct {
    double share[2][IX_REWARD_BINS]; /* side, bin */
    double all;
} histogram;

static histogram sum_of(const ix_material *m, const ix_group *g, const char *row, const char *objective)
{
    histogram h = {0};
    for (int k = 0; k < g->families; k++)
        for (int i = m->family[g->family[k]].first; i < m->family[g->family[k]].end; i++) {
            const ix_record *r = &m->record[i];
            if (r->cell != g->family[k] || !r->valid || strcmp(r->objective, objective) != 0) continue;
            for (int s = 0; s < r->sets; s++) {
                if (strcmp(r->set[s].group, row) != 0 || !r->set[s].right) continue;
                for (int b = 0; b < 2 * IX_REWARD_BINS; b++)
                    h.share[b / IX_REWARD_BINS][b % IX_REWARD_BINS] +=
                        r->set[s].traits.histogram[b / IX_REWARD_BINS][b % IX_REWARD_BINS];
                h.all += (double)r->set[s].count;
            }
        }
    for (int b = 0; h.all > 0 && b < 2 * IX_REWARD_BINS; b++) h.share[b / IX_REWARD_BINS][b % IX_REWARD_BINS] /= h.all;
    return h;
}

/* Reward, share of chosen and rejected under EX-RM, and under IM-RM below 0. Returns the largest share. */
static double write_row(FILE *out, const ix_material *m, const ix_group *g, int row)
{
    histogram ex = sum_of(m, g, g->row[row], "ex_rm"), im = sum_of(m, g, g->row[row], "im_rm");
    double most = 0;
    fprintf(out, "$h%d << END_OF_DATA\n", row);
    for (int b = 0; b < IX_REWARD_BINS; b++) {
        double at = -IX_REWARD_RANGE + (b + 0.5) * 2 * IX_REWARD_RANGE / IX_REWARD_BINS;
        fprintf(out, "%g %g %g %g %g\n", at, ex.share[0][b], ex.share[1][b], -im.share[0][b], -im.share[1][b]);
        for (int s = 0; s < 2; s++) most = fmax(most, fmax(ex.share[s][b], im.share[s][b]));
    }
    fputs("END_OF_DATA\n", out);
    return most;
}

static void plot_panel(FILE *out, const ix_panels *p, const ix_group *g, int row)
{
    ix_panels_next(out, p, row, g->row[row]);
    fputs(ix_panels_left(p, row) ? "set ylabel 'share:  IM-RM  |  EX-RM' font ',12' offset 1.5,0\n" : "unset ylabel\n",
          out);
    fputs(ix_panels_lowest(p, row) ? "set xlabel 'reward (deviations)' font ',12' offset 0,0.9\n" : "unset xlabel\n",
          out);
    fputs(ix_panels_left(p, row) ? "set ytics (sprintf('%.2f', most) most, '0' 0, sprintf('%.2f', most) -most)\n"
                                 : "set ytics ('' most, '' 0, '' -most)\n",
          out);
    fprintf(out,
            "plot $h%d using 1:2 with boxes fs solid 1 noborder lc rgb '" IX_EX_COLOUR "', "
            "'' using 1:4 with boxes fs solid 1 noborder lc rgb '" IX_IM_COLOUR "', "
            "'' using 1:3 with histeps lw 1.6 lc rgb '#000000', '' using 1:5 with histeps lw 1.6 lc rgb '#000000', "
            "0 with lines lw 1 lc rgb '#404040'\n",
            row);
    if (row == 0) fputs("unset arrow\nunset label\nunset object\n", out);
}

static void write_legend(FILE *out, const ix_panels *p)
{
    double width = ix_panels_width(p), height = ix_panels_height(p), y = 1 - 18 / height, half = 6 / height;
    const char *colour[] = {IX_EX_COLOUR, IX_IM_COLOUR};
    for (int k = 0; k < 2; k++)
        fprintf(out, "set object %d rect from screen %.5f,%.5f to screen %.5f,%.5f fc rgb '%s' fs solid 1 noborder\n",
                k + 1, (p->left + 18 * k) / width, y - half, (p->left + 18 * k + 16) / width, y + half, colour[k]);
    fprintf(out, "set label 1 'chosen (EX-RM, IM-RM)' at screen %.5f,%.5f font ',12'\n", (p->left + 42) / width, y);
    fprintf(out, "set arrow 1 from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 1.6 lc rgb '#000000'\n",
            (p->left + 205) / width, y, (p->left + 235) / width, y);
    fprintf(out, "set label 2 'rejected' at screen %.5f,%.5f font ',12'\n", (p->left + 243) / width, y);
}

static void plot_group(const ix_material *m, const ix_group *g, int number, ix_tables *out)
{
    int rows = g->rows < PANELS ? g->rows : PANELS;
    ix_panels p = ix_panels_of(rows, ACROSS, WIDE, HIGH, LEFT, TOP);
    if (p.across < 2) p.wide = 2 * WIDE; /* room for the legend */
    char *id = ix_format("rewards-%d", number), *title = ix_format("Rewards: %s", g->name);
    FILE *f = ix_figure_begin(out, id, title, ix_panels_width(&p), ix_panels_height(&p));
    double most = 0;
    for (int r = 0; r < rows; r++) most = fmax(most, write_row(f, m, g, r));
    ix_panels_begin(f, &p);
    most = ceil(fmax(most, 0.05) * 20) / 20;
    fprintf(f, "most = %.2f\nset yrange [-most*1.05:most*1.05]\nset xrange [-%g:%g]\nset xtics 2\nset boxwidth %g\n",
            most, IX_REWARD_RANGE, IX_REWARD_RANGE, 2 * IX_REWARD_RANGE / IX_REWARD_BINS);
    write_legend(f, &p);
    for (int r = 0; r < rows; r++) plot_panel(f, &p, g, r);
    ix_figure_end(out,
                  "Rewards after the last epoch, minus the mean and over the deviation of all rewards of a run and "
                  "set; %s pooled. EX-RM upwards, IM-RM downwards; filled: chosen, outline: rejected. What lies "
                  "beyond the axis is in its last bars.",
                  g->families > 1 ? "models and seeds" : "seeds");
    free(id);
    free(title);
}

void ix_plot_rewards(const ix_material *m, ix_tables *out)
{
    ix_groups g;
    ix_groups_find(m, &g);
    for (int i = 0; i < g.count; i++) plot_group(m, &g.at[i], i + 1, out);
    ix_groups_free(&g);
}
