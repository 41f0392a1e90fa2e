/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: win-rates as bars, with the exact interval of EX-RM's share. Drawn from the table. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "sections.h"

enum { WIDE = 560, BAR = 34, TOP = 48, BOTTOM = 56, RIGHT = 24, LETTER = 7 };

/* NULL: there is none of that kind; a share and its interval have one name. */
static const ix_cell *cell_named(const ix_table *t, int row, const char *name, ix_cell_kind kind)
{
    for (int c = 0; c < t->columns; c++)
        if (strcmp(t->column[c].name, name) == 0 && ix_table_cell(t, row, c)->kind == kind)
            return ix_table_cell(t, row, c);
    return NULL;
}

static bool several_suites(const ix_table *t)
{
    static const char *const suite[] = {"suite", NULL};
    for (int r = 1; r < t->rows; r++)
        if (!ix_rows_alike(t, 0, r, suite)) return true;
    return false;
}

static char *bar_name(const ix_table *t, int row)
{
    const char *suite = several_suites(t) ? ix_table_named(t, row, "suite")->text : "";
    const ix_cell *category = cell_named(t, row, "category", IX_CELL_TEXT);
    const ix_cell *part = cell_named(t, row, "part", IX_CELL_TEXT), *with = cell_named(t, row, "varied", IX_CELL_TEXT);
    const char *p = part ? part->text : "", *w = with ? with->text : "";
    const ix_cell *all = cell_named(t, row, "evaluations", IX_CELL_INT);
    return ix_format("%s%s%s%s%s%s%s (%lld)", suite, suite[0] ? ", " : "", p, p[0] ? ", " : "", w, w[0] ? ", " : "",
                     category->text, (long long)all->whole);
}

/* One bar: numbers of wins and ties as boxes (x, y, xlow, xhigh, ylow, yhigh), and the interval. */
static void write_bar(FILE *data[4], const ix_table *t, int row)
{
    double ex = (double)cell_named(t, row, "ex_wins", IX_CELL_INT)->whole;
    double ties = (double)cell_named(t, row, "ties", IX_CELL_INT)->whole;
    double all = (double)cell_named(t, row, "evaluations", IX_CELL_INT)->whole;
    const ix_cell *interval = cell_named(t, row, "ex_share", IX_CELL_RANGE);
    const double end[4] = {0, 100 * ex / all, 100 * (ex + ties) / all, 100};
    double y = -row;
    for (int k = 0; k < 3; k++)
        if (end[k + 1] > end[k])
            fprintf(data[k], "%g %g %g %g %g %g\n", (end[k] + end[k + 1]) / 2, y, end[k], end[k + 1], y - 0.32,
                    y + 0.32);
    if (interval) fprintf(data[3], "%g %g %g %g\n", end[1], y - 0.2, 100 * interval->real, 100 * interval->high);
}

static void write_data(FILE *out, const ix_table *t)
{
    char *text[4] = {0};
    size_t size;
    FILE *data[4];
    for (int k = 0; k < 4; k++) IX_CONTRACT((data[k] = open_memstream(&text[k], &size)));
    for (int r = 0; r < t->rows; r++) write_bar(data, t, r);
    for (int k = 0; k < 4; k++) {
        IX_CONTRACT(fclose(data[k]) == 0);
        fprintf(out, "$d%d << END_OF_DATA\n%sEND_OF_DATA\n", k, text[k][0] ? text[k] : "0 NaN 0 0 0 0\n");
        free(text[k]);
    }
}

static void write_names(FILE *out, const ix_table *t)
{
    fputs("set ytics (", out);
    for (int r = 0; r < t->rows; r++) {
        char *name = bar_name(t, r);
        fputs(r ? ", " : "", out);
        ix_figure_name(out, name);
        fprintf(out, " %d", -r);
        free(name);
    }
    fputs(")\n", out);
}

static int longest_name(const ix_table *t)
{
    int longest = 0;
    for (int r = 0; r < t->rows; r++) {
        char *name = bar_name(t, r);
        if ((int)strlen(name) > longest) longest = (int)strlen(name);
        free(name);
    }
    return longest;
}

void ix_plot_winrate(const ix_table *t, ix_tables *out)
{
    if (!t->rows) return;
    int left = 24 + LETTER * longest_name(t), width = left + WIDE + RIGHT, height = TOP + t->rows * BAR + BOTTOM;
    FILE *f = ix_figure_begin(out, "winrates", "Win-rates", width, height);
    write_data(f, t);
    write_names(f, t);
    fprintf(f,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset tmargin at screen %.5f\n"
            "set bmargin at screen %.5f\n",
            (double)left / width, 1 - (double)RIGHT / width, 1 - (double)TOP / height, (double)BOTTOM / height);
    fprintf(f,
            "set xrange [0:100]\nset yrange [%.2f:0.6]\nset xlabel 'share of comparisons (%%)' offset 0,0.7\nset "
            "border 1 lc rgb "
            "'#404040'\nset tics nomirror out scale 0.6\nset xtics offset 0,0.3\nset key outside top center horizontal "
            "samplen 2\n"
            "set style fill solid 1 border lc rgb '#202020'\n",
            -t->rows + 0.4);
    fputs("plot $d0 using 1:2:3:4:5:6 with boxxyerror fs solid 1 border lc rgb '#202020' fc rgb '" IX_EX_COLOUR
          "' title 'EX-RM wins', "
          "$d1 using 1:2:3:4:5:6 with boxxyerror fs solid 1 border lc rgb '#202020' fc rgb '#EDEDED' title 'tie', "
          "$d2 using 1:2:3:4:5:6 with boxxyerror fs solid 1 border lc rgb '#202020' fc rgb '" IX_IM_COLOUR
          "' title 'IM-RM wins', "
          "$d3 using 1:2:3:4 with xerrorbars pt 7 ps 0.5 lw 2 lc rgb '#000000' title '95 % of EX-RM share'\n",
          f);
    ix_figure_end(out, "Share of comparisons that each objective wins (their number in brackets); a tie: accuracies "
                       "within 1 %%. Black: the exact "
                       "95 %% interval of EX-RM's share, which takes comparisons for independent and is too narrow.");
}
