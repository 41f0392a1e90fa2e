/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: accuracy over epochs, a panel per set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "groups.h"
#include "sections.h"

enum { WIDE = 190, HIGH = 140, ACROSS = 4, LEFT = 66, TOP = 34, PANELS = 32 };

static const struct {
    const char *objective, *colour, *pale;
    int dash, point;
} line[] = {{"ex_rm", IX_EX_COLOUR, "#80B8D8", 1, 7}, {"im_rm", IX_IM_COLOUR, "#F2CF80", 2, 9}};

/* Accuracies of a row after every evaluation. */
typedef struct {
    int n;
    double *epoch, *accuracy;
} curve;

static void free_curve(curve *c)
{
    free(c->epoch);
    free(c->accuracy);
}

/* The mean over the sets of a row; n is 0 where they were not judged together. */
static curve curve_of(const ix_record *r, const char *row)
{
    curve c = {0};
    int sets = 0;
    for (int i = 0; i < r->sets; i++) {
        const ix_scored *s = &r->set[i];
        if (strcmp(s->group, row) != 0 || !s->right || (sets && s->epochs != c.n)) continue;
        if (!sets) {
            c = (curve){s->epochs, ix_grow(NULL, (size_t)s->epochs, sizeof *c.epoch),
                        ix_grow(NULL, (size_t)s->epochs, sizeof *c.accuracy)};
            memset(c.accuracy, 0, (size_t)c.n * sizeof *c.accuracy);
        }
        for (int e = 0; e < c.n; e++) {
            c.epoch[e] = s->curve[e].epoch;
            c.accuracy[e] += (double)s->curve[e].half / (2.0 * (double)s->count);
        }
        sets++;
    }
    for (int e = 0; e < c.n; e++) c.accuracy[e] /= sets;
    return c;
}

/* A block of data: the curve, then an empty line. */
static void write_curve(FILE *out, const curve *c)
{
    for (int e = 0; e < c->n; e++) fprintf(out, "%.6g %.6g\n", c->epoch[e], c->accuracy[e]);
    fputc('\n', out);
}

static void add_curve(curve *sum, const curve *c, int *added)
{
    if (c->n == 0 || (*added && c->n != sum->n)) return;
    if (!*added) {
        *sum = (curve){c->n, ix_grow(NULL, (size_t)c->n, sizeof *sum->epoch),
                       ix_grow(NULL, (size_t)c->n, sizeof *sum->accuracy)};
        memset(sum->accuracy, 0, (size_t)c->n * sizeof *sum->accuracy);
    }
    for (int e = 0; e < c->n; e++) sum->epoch[e] = c->epoch[e];
    for (int e = 0; e < c->n; e++) sum->accuracy[e] += c->accuracy[e];
    ++*added;
}

static void scale(curve *c, int by)
{
    for (int e = 0; e < c->n; e++) c->accuracy[e] /= by;
}

/* $o<objective>_<panel>: single curves (of the runs of one model, or of the means of several), and behind two empty
 * lines their mean. Lowest and highest accuracy so far in range[2]. Returns how many curves there are. */
static int write_panel(FILE *out, const ix_material *m, const ix_group *g, int row, int objective, double range[2])
{
    curve all = {0};
    int curves = 0;
    fprintf(out, "$o%d_%d << END_OF_DATA\n", objective, row);
    for (int k = 0; k < g->families; k++) {
        const ix_family *f = &m->family[g->family[k]];
        curve mean = {0};
        int runs = 0;
        for (int i = f->first; i < f->end; i++) {
            const ix_record *r = &m->record[i];
            if (r->cell != g->family[k] || !r->valid || strcmp(r->objective, line[objective].objective) != 0) continue;
            curve c = curve_of(r, g->row[row]);
            add_curve(&mean, &c, &runs);
            for (int e = 0; e < c.n; e++) {
                range[0] = fmin(range[0], c.accuracy[e]);
                range[1] = fmax(range[1], c.accuracy[e]);
            }
            if (g->families == 1) write_curve(out, &c);
            free_curve(&c);
        }
        scale(&mean, runs);
        if (g->families > 1) write_curve(out, &mean);
        add_curve(&all, &mean, &curves);
        free_curve(&mean);
    }
    scale(&all, curves);
    fputc('\n', out);
    write_curve(out, &all);
    fputs("END_OF_DATA\n", out);
    free_curve(&all);
    return curves;
}

static void plot_panel(FILE *out, const ix_panels *p, const ix_group *g, int row, const bool there[2])
{
    const char *comma = "plot 0.5 with lines lc rgb '#808080' dt 3 lw 1";
    ix_panels_next(out, p, row, g->row[row]);
    fputs(ix_panels_left(p, row) ? "set ylabel 'accuracy' font ',12' offset 1.5,0\nset format y '%.1f'\n"
                                 : "unset ylabel\nset format y ''\n",
          out);
    fputs(ix_panels_lowest(p, row) ? "set xlabel 'epoch' font ',12' offset 0,0.9\n" : "unset xlabel\n", out);
    for (int o = 0; o < 2; o++) {
        if (!there[o]) continue;
        fprintf(out, "%s, $o%d_%d index 0 with lines lw 1 dt %d lc rgb '%s'", comma, o, row, line[o].dash,
                line[o].pale);
        comma = "";
    }
    for (int o = 0; o < 2; o++)
        if (there[o])
            fprintf(out, ", $o%d_%d index 1 with linespoints lw 2.5 dt %d pt %d ps 0.6 lc rgb '%s'", o, row,
                    line[o].dash, line[o].point, line[o].colour);
    fputs("\n", out);
    if (row == 0) fputs("unset arrow\nunset label\n", out); /* the legend is drawn with the first panel */
}

/* Axes common to all panels, in whole tenths that hold 1/2. */
static void set_range(FILE *out, const double range[2], double epochs)
{
    if (epochs > 0) fprintf(out, "set xrange [0:%g]\n", epochs * 1.03);
    if (epochs > 2 && epochs < 8) fputs("set xtics 1 offset 0,0.3\n", out);
    double low = fmax(0, floor(fmin(range[0], 0.5) * 10 - 0.3) / 10);
    double high = fmin(1, ceil(fmax(range[1], 0.5) * 10 + 0.3) / 10);
    fprintf(out, "set yrange [%.2f:%.2f]\nset ytics %.1f\n", low - 0.02, high + 0.02, high - low > 0.55 ? 0.2 : 0.1);
}

static bool has_curves(const ix_material *m, const ix_group *g)
{
    for (int k = 0; k < g->families; k++)
        for (int i = m->family[g->family[k]].first; i < m->family[g->family[k]].end; i++)
            for (int s = 0; m->record[i].valid && s < m->record[i].sets; s++)
                if (m->record[i].set[s].epochs > 1) return true;
    return false;
}

static double last_epoch(const ix_material *m, const ix_group *g)
{
    double last = 0;
    for (int k = 0; k < g->families; k++)
        for (int i = m->family[g->family[k]].first; i < m->family[g->family[k]].end; i++)
            for (int s = 0; m->record[i].valid && s < m->record[i].sets; s++)
                last = fmax(last, m->record[i].set[s].epoch);
    return last;
}

static void plot_group(const ix_material *m, const ix_group *g, int number, ix_tables *out)
{
    int rows = g->rows < PANELS ? g->rows : PANELS;
    ix_panels p = ix_panels_of(rows, ACROSS, WIDE, HIGH, LEFT, TOP);
    char *id = ix_format("epochs-%d", number), *title = ix_format("Accuracy over epochs: %s", g->name);
    FILE *f = ix_figure_begin(out, id, title, ix_panels_width(&p), ix_panels_height(&p));
    bool(*there)[2] = ix_grow(NULL, (size_t)rows, sizeof *there);
    double range[2] = {1, 0}, latest = last_epoch(m, g);
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < 2; o++) there[r][o] = write_panel(f, m, g, r, o, range) > 0;
    ix_panels_begin(f, &p);
    set_range(f, range, latest);
    ix_panels_legend(f, &p, "EX-RM", "IM-RM");
    for (int r = 0; r < rows; r++) plot_panel(f, &p, g, r, there[r]);
    ix_figure_end(out,
                  "Accuracy on every set before training (epoch 0) and after each evaluation. Thick: the mean over "
                  "%s. Thin: %s. Dotted: chance.%s",
                  g->families > 1 ? "models" : "seeds",
                  g->families > 1 ? "each model, the mean over its seeds" : "each seed",
                  rows < g->rows ? " Further sets are in the tables only." : "");
    free(there);
    free(id);
    free(title);
}

void ix_plot_curves(const ix_material *m, ix_tables *out)
{
    ix_groups g;
    ix_groups_find(m, &g);
    for (int i = 0, number = 0; i < g.count; i++)
        if (has_curves(m, &g.at[i])) plot_group(m, &g.at[i], ++number, out);
    ix_groups_free(&g);
}
