/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: what a language model verifies beside what it writes, a panel per model and objective. Drawn from the table
 * of what was written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "sections.h"

enum { ACROSS = 2, WIDE = 300, LINE = 30, LEFT = 232, TOP = 40, PANELS = 12 };

/* What one line shows: a column of the table over its tries where it is a number of texts, else as it is. */
typedef struct {
    const char *name, *set, *column;
    bool texts;
} line;

static const line lines[] = {{"verifies: accuracy on the test", NULL, NULL, false},
                             {"writes a correct cycle", "test", "correct", true},
                             {"writes a permutation", "test", "permutations", true},
                             {"steps along an edge", "test", "edge_steps", false},
                             {"unvisited only: correct", "test-unvisited", "correct", true},
                             {"unvisited only: along an edge", "test-unvisited", "edge_steps", false}};
enum { LINES = sizeof lines / sizeof *lines };

typedef enum { POLICY, REFERENCE, CHANCE, POINTS } point;
static const char *const writer[POINTS] = {"policy", "reference", "random permutation"};

static const char *text_in(const ix_table *t, int row, const char *column)
{
    return ix_table_named(t, row, column)->text;
}

static const char *const of_model[] = {"suite", "part", "model", "varied", "objective", NULL};

static double number(const ix_cell *c)
{
    return c->kind == IX_CELL_INT ? (double)c->whole : c->kind == IX_CELL_REAL ? c->real : NAN;
}

/* A writer's share on a line; NaN: the table does not say. Chance has the same graphs whether the choice is free or
 * restricted, and its share of correct texts is what is to be expected. */
static double share_of(const ix_table *t, int head, const line *l, point who)
{
    const char *set = who == CHANCE ? "test" : l->set;
    for (int r = head; r < t->rows; r++) {
        if (t->quiet[r] || !ix_rows_alike(t, head, r, of_model)) continue;
        if (strcmp(text_in(t, r, "set"), set) != 0 || strcmp(text_in(t, r, "writer"), writer[who]) != 0) continue;
        bool expected = who == CHANCE && l->texts;
        double x = number(ix_table_named(t, r, expected ? "expected" : l->column));
        return l->texts ? x / number(ix_table_named(t, r, "tries")) : x;
    }
    return NAN;
}

static bool is_chance(const line *l)
{
    return l->texts && strcmp(l->column, "correct") != 0; /* a random permutation is one */
}

static double accuracy_of(const ix_material *m, const ix_table *t, int row)
{
    ix_summary s;
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        if (strcmp(f->suite, text_in(t, row, "suite")) != 0 || strcmp(f->part, text_in(t, row, "part")) != 0) continue;
        if (strcmp(f->model, text_in(t, row, "model")) != 0 || strcmp(f->varied, text_in(t, row, "varied")) != 0)
            continue;
        for (int o = 0; o < f->objectives; o++)
            if (!strcmp(ix_objective_name(f->objective[o]), text_in(t, row, "objective")) &&
                ix_summarise(m, i, f->objective[o], "test", &s))
                return s.accuracy;
    }
    return NAN;
}

/* x and y of every point that is known, in one block of data per writer. */
static void write_data(FILE *out, const ix_material *m, const ix_table *t, int head, int panel)
{
    for (int who = 0; who < POINTS; who++) {
        fprintf(out, "$g%d_%d << END_OF_DATA\nNaN 0\n", panel, who);
        for (int k = 0; k < LINES; k++) {
            double x = NAN;
            if (lines[k].set && !(who == CHANCE && is_chance(&lines[k]))) x = share_of(t, head, &lines[k], (point)who);
            else if (!lines[k].set && who == POLICY) x = accuracy_of(m, t, head);
            else if (!lines[k].set && who == CHANCE) x = 0.5;
            if (!isnan(x)) fprintf(out, "%.6g %d\n", x, -k);
        }
        fputs("END_OF_DATA\n", out);
    }
}

static void plot_panel(FILE *out, const ix_table *t, const ix_panels *p, int head, int panel)
{
    const char *part = text_in(t, head, "part"), *with = text_in(t, head, "varied");
    char *title = ix_format("%s%s%s, %s%s%s, %s", text_in(t, head, "suite"), part[0] ? ", " : "", part,
                            text_in(t, head, "model"), with[0] ? ", " : "", with, text_in(t, head, "objective"));
    ix_panels_next(out, p, panel, title);
    free(title);
    fputs(ix_panels_lowest(p, panel) ? "set xlabel 'share' font ',12' offset 0,0.9\n" : "unset xlabel\n", out);
    fputs("set ytics (", out);
    for (int k = 0; k < LINES; k++)
        fprintf(out, "%s'%s' %d", k ? ", " : "", ix_panels_left(p, panel) ? lines[k].name : "", -k);
    fprintf(out,
            ")\nplot $g%d_2 using 1:2 with points pt 2 ps 0.9 lw 1.6 lc rgb '#606060', "
            "$g%d_1 using 1:2 with points pt 8 ps 1.1 lw 1.8 lc rgb '%s', "
            "$g%d_0 using 1:2 with points pt 7 ps 0.8 lc rgb '%s'\n",
            panel, panel, IX_IM_COLOUR, panel, IX_EX_COLOUR);
}

static void write_legend(FILE *out, const ix_panels *p)
{
    static const struct {
        const char *name, *colour;
        int point;
    } of[POINTS] = {{"policy", IX_EX_COLOUR, 7}, {"reference", IX_IM_COLOUR, 8}, {"chance", "#606060", 2}};
    double width = ix_panels_width(p), y = 1 - 18.0 / ix_panels_height(p);
    for (int k = 0; k < POINTS; k++) {
        double x = p->left + 110.0 * k;
        fprintf(out,
                "set label %d '%s' at screen %.5f,%.5f left font ',12' offset 1.5,0 point pt %d ps 1 lc rgb '%s'\n",
                k + 1, of[k].name, x / width, y, of[k].point, of[k].colour);
    }
}

void ix_plot_generation(const ix_material *m, const ix_table *t, ix_tables *out)
{
    int head[PANELS], panels = 0;
    for (int r = 0; r < t->rows && panels < PANELS; r++)
        if (!t->quiet[r] && (panels == 0 || !ix_rows_alike(t, head[panels - 1], r, of_model))) head[panels++] = r;
    if (panels == 0) return;
    ix_panels p = ix_panels_of(panels, ACROSS, WIDE, 16 + LINE * LINES, LEFT, TOP);
    FILE *f = ix_figure_begin(out, "generation", "Verifying and writing Hamiltonian cycles", ix_panels_width(&p),
                              ix_panels_height(&p));
    for (int k = 0; k < panels; k++) write_data(f, m, t, head[k], k);
    ix_panels_begin(f, &p);
    fprintf(f, "set xrange [-0.03:1.03]\nset xtics 0.25\nset yrange [%.1f:0.6]\n", 0.4 - LINES);
    write_legend(f, &p);
    for (int k = 0; k < panels; k++) {
        plot_panel(f, t, &p, head[k], k);
        if (k == 0) fputs("unset label\n", f);
    }
    ix_figure_end(out, "What the trained policy verifies (top line), and what policy and reference write to the test "
                       "prompts: share of texts, or of steps. Chance: one half; a random permutation; the share of "
                       "pairs of vertices that are edges. Numbers, intervals and the training prompts are in the "
                       "table.");
}
