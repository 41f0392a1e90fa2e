/* SPDX-License-Identifier: Apache-2.0
 *
 * LaTeX (booktabs): a table as a tabular that a paper can \input, and a document that holds all of them. */
#include <stdlib.h>
#include <string.h>

#include "base/build_info.h"
#include "figure.h"
#include "report.h"

enum { PAGE_ROWS = 28, LONG_TEXT = 44 };

/* What LaTeX would obey is escaped; what the standard fonts do not have becomes "?". */
static void escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr("&%$#_{}", c)) fprintf(out, "\\%c", c);
        else if (c == '\\') fputs("\\textbackslash{}", out);
        else if (c == '~') fputs("\\textasciitilde{}", out);
        else if (c == '^') fputs("\\textasciicircum{}", out);
        else if (c == '<' || c == '>') fprintf(out, "$%c$", c);
        else if (c == '"') fputs("''", out);
        else if (c == 0xC3 && (text[1] & 0xC0) == 0x80 && (unsigned char)text[1] != 0x97 &&
                 (unsigned char)text[1] != 0xB7) /* U+00C0 to U+00FF, letters */
            fputc(c, out), fputc(*++text, out);
        else if (c >= 0xC0) fputc('?', out);
        else if (c < 0x80) fputc(c < ' ' || c == 0x7F ? ' ' : c, out);
    }
}

static bool in_text(const ix_table *t, int column)
{
    return !(t->column[column].flags & (IX_KEY | IX_CSV_ONLY));
}

static int shown_rows(const ix_table *t)
{
    int rows = 0;
    for (int r = 0; r < t->rows; r++) rows += !t->quiet[r];
    return rows;
}

/* Some cell of the column is a sentence. */
static bool is_long(const ix_table *t, int column)
{
    char room[IX_CELL_TEXT_MAX];
    for (int r = 0; r < t->rows; r++)
        if (!t->quiet[r] && strlen(ix_cell_show(ix_table_cell(t, r, column), &t->column[column], room)) > LONG_TEXT)
            return true;
    return false;
}

static void write_columns(FILE *out, const ix_table *t)
{
    int longs = 0;
    for (int c = 0; c < t->columns; c++) longs += in_text(t, c) && t->column[c].flags & IX_LEFT && is_long(t, c);
    for (int c = 0; c < t->columns; c++) {
        if (!in_text(t, c)) continue;
        if (!(t->column[c].flags & IX_LEFT)) fputc('r', out);
        else if (is_long(t, c)) fprintf(out, "p{%.2f\\linewidth}", 0.6 / longs);
        else fputc('l', out);
    }
}

static void write_line(FILE *out, const ix_table *t, int row)
{
    char room[IX_CELL_TEXT_MAX];
    const char *between = "";
    for (int c = 0; c < t->columns; c++) {
        if (!in_text(t, c)) continue;
        fputs(between, out);
        escaped(out, row < 0 ? t->column[c].header : ix_cell_show(ix_table_cell(t, row, c), &t->column[c], room));
        between = " & ";
    }
    fputs(" \\\\\n", out);
}

static void write_block(FILE *out, const ix_table *t, int first, int end, int columns)
{
    char *heading = ix_table_heading(t, first);
    if (first > 0) fputs("\\addlinespace\n", out);
    if (heading[0]) {
        fprintf(out, "\\multicolumn{%d}{l}{\\textit{", columns);
        escaped(out, heading);
        fputs("}} \\\\\n", out);
    }
    free(heading);
    for (int r = first; r < end; r++)
        if (!t->quiet[r]) write_line(out, t, r);
}

void ix_table_tex(FILE *out, const ix_table *t)
{
    const char *kind = shown_rows(t) > PAGE_ROWS ? "longtable" : "tabular";
    int columns = 0;
    for (int c = 0; c < t->columns; c++) columns += in_text(t, c);
    fprintf(out, "\\begin{%s}{", kind);
    write_columns(out, t);
    fputs("}\n\\toprule\n", out);
    write_line(out, t, -1);
    fputs("\\midrule\n", out);
    if (kind[0] == 'l') fputs("\\endhead\n\\bottomrule\n\\endfoot\n", out);
    for (int r = 0; r < t->rows;) {
        bool shown = false;
        int first = r;
        r = ix_table_block(t, r, &shown);
        if (shown) write_block(out, t, first, r, columns);
    }
    fprintf(out, "%s\\end{%s}\n", kind[0] == 'l' ? "" : "\\bottomrule\n", kind);
}

static void write_figures(FILE *out, const ix_tables *t, int *figure, int until)
{
    for (; *figure < t->figures && t->figure[*figure]->after <= until; ++*figure) {
        const ix_figure *f = t->figure[*figure];
        fprintf(out,
                "\\begin{center}\n\\includegraphics[width=%.2f\\linewidth,height=0.85\\textheight,keepaspectratio]"
                "{figures/%s.pdf}\\\\[1ex]\n\\begin{minipage}{0.9\\linewidth}\\small\\textbf{",
                f->width < 700 ? 0.6 : 0.95, f->id);
        escaped(out, f->title);
        fputs(".} ", out);
        escaped(out, f->caption);
        fputs("\\end{minipage}\n\\end{center}\n\n", out);
    }
}

static void write_section(FILE *out, const ix_table *t)
{
    fputs("\\section*{", out);
    escaped(out, t->title);
    fputs("}\n", out);
    if (shown_rows(t) > PAGE_ROWS) fprintf(out, "{\\footnotesize\\input{tables/%s.tex}}\n\n", t->id);
    else if (shown_rows(t) > 0) fprintf(out, "{\\footnotesize\\noindent\\fitted{\\input{tables/%s.tex}}}\n\n", t->id);
    for (int i = 0; i < t->notes; i++) {
        fputs("\\noindent ", out);
        escaped(out, t->note[i].text);
        fputs("\\par\\smallskip\n", out);
    }
}

void ix_report_tex(FILE *out, const ix_report *r, const char *missing)
{
    int figure = 0;
    fprintf(out, "%% written by impex-report %s; pdflatex report.tex\n", ix_build_version());
    fputs(
        "\\documentclass[a4paper,10pt]{article}\n\\usepackage[utf8]{inputenc}\n"
        "\\usepackage[landscape,margin=15mm]{geometry}\n\\usepackage{booktabs,longtable,graphicx}\n"
        "\\setlength{\\tabcolsep}{4pt}\\setlength{\\LTleft}{0pt}\n"
        "% a table, made smaller where it is wider than the page\n"
        "\\newsavebox{\\fitbox}\n\\newcommand{\\fitted}[1]{\\sbox{\\fitbox}{#1}"
        "\\ifdim\\wd\\fitbox>\\linewidth\\resizebox{\\linewidth}{!}{\\usebox{\\fitbox}}\\else\\usebox{\\fitbox}\\fi}\n"
        "\\begin{document}\n\\section*{impex report}\n",
        out);
    escaped(out, r->headline);
    fputs("\n\n", out);
    if (missing) escaped(out, missing), fputs("\n\n", out);
    for (int i = 0; i < r->tables.count; i++) {
        if (!ix_table_silent(r->tables.at[i])) write_section(out, r->tables.at[i]);
        if (!missing) write_figures(out, &r->tables, &figure, i + 1);
    }
    fputs("\\end{document}\n", out);
}
