/* SPDX-License-Identifier: Apache-2.0
 *
 * Figure: where the time of training goes, a bar per family, objective and number of ranks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "sections.h"

enum { WIDE = 520, BAR = 22, TOP = 56, BOTTOM = 52, RIGHT = 30, LETTER = 7, BARS = 120 };

/* Greys that stay apart in black and white: 1, .23, .64, .43, .88, .07. */
static const struct {
    ix_phase phase;
    const char *colour;
} part[] = {{IX_PHASE_DATA, "#FFFFFF"},     {IX_PHASE_FORWARD, "#253494"}, {IX_PHASE_HEAD, "#66C2A5"},
            {IX_PHASE_BACKWARD, "#2C7FB8"}, {IX_PHASE_REDUCE, "#FEE08B"},  {IX_PHASE_UPDATE, "#111111"}};
enum { PARTS = sizeof part / sizeof part[0] };

typedef struct {
    const ix_record *first;
    char *name;
    double seconds[IX_PHASE_COUNT], pairs;
} bar;

static bool alike(const ix_record *a, const ix_record *b)
{
    return a->cell == b->cell && a->ranks == b->ranks && strcmp(a->objective, b->objective) == 0;
}

static bool several_suites(const ix_material *m)
{
    for (int i = 1; i < m->families; i++)
        if (strcmp(m->family[i].suite, m->family[0].suite) != 0) return true;
    return false;
}

static char *name_of(const ix_family *f, const ix_record *r, bool suite)
{
    return ix_format("%s%s%s%s%s%s%s %s, %lld", suite ? f->suite : "", suite ? " " : "", f->part, f->part[0] ? " " : "",
                     f->model, f->varied[0] ? " " : "", f->varied, ix_objective_name(r->objective),
                     (long long)r->ranks);
}

static int find_bars(const ix_material *m, bar *list)
{
    bool suites = several_suites(m);
    int bars = 0;
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        int at = 0;
        if (!r->valid || r->duplicate || r->cell < 0 || !r->cost.pairs || isnan(r->cost.train)) continue;
        while (at < bars && !alike(list[at].first, r)) at++;
        if (at == bars) list[bars++] = (bar){.first = r, .name = name_of(&m->family[r->cell], r, suites)};
        for (int p = 0; p < IX_PHASE_COUNT; p++) list[at].seconds[p] += r->cost.times.phase[p];
        list[at].pairs += (double)r->cost.pairs;
    }
    return bars;
}

static void write_data(FILE *out, const bar *list, int bars)
{
    for (int k = 0; k < PARTS; k++) {
        fprintf(out, "$d%d << END_OF_DATA\n", k);
        for (int i = 0; i < bars; i++) {
            double before = 0, here = 1e3 * list[i].seconds[part[k].phase] / list[i].pairs;
            for (int j = 0; j < k; j++) before += 1e3 * list[i].seconds[part[j].phase] / list[i].pairs;
            fprintf(out, "%g %d %g %g %g %g\n", before + here / 2, -i, before, before + here, -i - 0.36, -i + 0.36);
        }
        fputs("END_OF_DATA\n", out);
    }
}

static void write_plot(FILE *out, const bar *list, int bars)
{
    fputs("set ytics (", out);
    for (int i = 0; i < bars; i++) {
        fputs(i ? ", " : "", out);
        ix_figure_name(out, list[i].name);
        fprintf(out, " %d", -i);
    }
    fprintf(out,
            ")\nset xrange [0:*]\nset yrange [%.2f:0.6]\nset xlabel 'milliseconds per pair (mean over ranks)' offset "
            "0,0.7\n"
            "set border 1 lc rgb '#404040'\nset tics nomirror out scale 0.6 font ',11'\n"
            "set key outside top center horizontal samplen 2 width 1\n",
            -bars + 0.4);
    for (int k = 0; k < PARTS; k++)
        fprintf(out,
                "%s$d%d using 1:2:3:4:5:6 with boxxyerror fs solid 1 border lc rgb '#202020' fc rgb '%s' title '%s'",
                k ? ", " : "plot ", k, part[k].colour, ix_phase_name(part[k].phase));
    fputs("\n", out);
}

void ix_plot_phases(const ix_material *m, ix_tables *out)
{
    bar *list = ix_grow(NULL, (size_t)m->records, sizeof *list);
    int found = find_bars(m, list), bars = found < BARS ? found : BARS;
    size_t longest = 0;
    for (int i = 0; i < bars; i++)
        if (strlen(list[i].name) > longest) longest = strlen(list[i].name);
    int left = 24 + LETTER * (int)longest, width = left + WIDE + RIGHT, height = TOP + BAR * bars + BOTTOM;
    if (bars) {
        FILE *f = ix_figure_begin(out, "phases", "Time by phase", width, height);
        write_data(f, list, bars);
        fprintf(f,
                "set lmargin at screen %.5f\nset rmargin at screen %.5f\nset tmargin at screen %.5f\n"
                "set bmargin at screen %.5f\n",
                (double)left / width, 1 - (double)RIGHT / width, 1 - (double)TOP / height, (double)BOTTOM / height);
        write_plot(f, list, bars);
        ix_figure_end(out,
                      "Time of the training steps of VALID runs per pair, by phase; behind the objective the number "
                      "of ranks. reduce holds the time in which early ranks wait.%s",
                      bars < found ? " Further runs are in the tables only." : "");
    }
    for (int i = 0; i < found; i++) free(list[i].name);
    free(list);
}
