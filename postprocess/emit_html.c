/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTML page that needs nothing else: no script, no file beside it. */
#include <stdlib.h>
#include <string.h>

#include "base/build_info.h"
#include "figure.h"
#include "report.h"

static const char style[] =
    "body{font:15px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1a1a1a;"
    "background:#fff;max-width:1080px;margin:0 auto;padding:0 16px 48px}\n"
    "h1{font-size:1.5em;margin:.9em 0 .2em}h2{font-size:1.15em;margin:2.2em 0 .5em;border-bottom:1px solid #ccc;"
    "padding-bottom:.2em}\n"
    ".lead{color:#444;margin:.2em 0 1em}nav{font-size:.9em;line-height:1.9}nav a{margin-right:1em;white-space:nowrap}"
    "a{color:#0b5394}\n"
    ".wide{overflow-x:auto;margin:.6em 0}table{border-collapse:collapse;font-size:.87em;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.18em .6em;text-align:right;white-space:nowrap;vertical-align:top}"
    "th.l,td.l{text-align:left}td.l{white-space:normal;min-width:5em}\n"
    "thead th{border-bottom:1.5px solid #333;font-weight:600}tbody tr:hover{background:#f2f6fa}\n"
    "tr.b th{text-align:left;padding-top:.9em;font-weight:600;color:#0b5394;border-bottom:1px solid #ddd}\n"
    "table{border-top:1.5px solid #333;border-bottom:1.5px solid #333}"
    "p.n{max-width:62em;margin:.5em 0;color:#333;font-size:.93em}\n"
    "figure{margin:1.2em 0;overflow-x:auto}figure svg{display:block;max-width:100%;height:auto}"
    "figcaption{font-size:.88em;color:#444;max-width:62em;margin-top:.3em}figcaption b{color:#1a1a1a}\n"
    "footer{margin-top:3em;font-size:.85em;color:#666}\n"
    "@media(max-width:640px){body{padding:0 10px 32px;font-size:14px}figure.big svg{max-width:none;width:640px}}\n"
    "@media print{@page{margin:14mm}body{max-width:none;font-size:9.5pt;padding:0}nav{display:none}"
    ".wide,figure{overflow:visible}table{font-size:7.5pt}tr,figure{break-inside:avoid}h2{break-after:avoid}"
    "th,td{padding:.1em .4em}}\n";

static void escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&') fputs("&amp;", out);
        else if (c == '<') fputs("&lt;", out);
        else if (c == '>') fputs("&gt;", out);
        else if (c == '"') fputs("&quot;", out);
        else fputc(c < ' ' || c == 0x7F ? ' ' : c, out);
    }
}

static bool in_text(const ix_table *t, int column)
{
    return !(t->column[column].flags & (IX_KEY | IX_CSV_ONLY));
}

static void write_cell(FILE *out, const ix_table *t, int column, const char *tag, const char *text)
{
    fprintf(out, "<%s%s>", tag, t->column[column].flags & IX_LEFT ? " class=l" : "");
    escaped(out, text);
    fprintf(out, "</%s>", tag);
}

static void write_head(FILE *out, const ix_table *t)
{
    fputs("<div class=wide><table>\n<thead><tr>", out);
    for (int c = 0; c < t->columns; c++)
        if (in_text(t, c)) write_cell(out, t, c, "th", t->column[c].header);
    fputs("</tr></thead>\n<tbody>\n", out);
}

static void write_block(FILE *out, const ix_table *t, int first, int end)
{
    char room[IX_CELL_TEXT_MAX], *heading = ix_table_heading(t, first);
    int columns = 0;
    for (int c = 0; c < t->columns; c++) columns += in_text(t, c);
    if (heading[0]) {
        fprintf(out, "<tr class=b><th colspan=%d>", columns);
        escaped(out, heading);
        fputs("</th></tr>\n", out);
    }
    free(heading);
    for (int r = first; r < end; r++) {
        if (t->quiet[r]) continue;
        fputs("<tr>", out);
        for (int c = 0; c < t->columns; c++)
            if (in_text(t, c)) write_cell(out, t, c, "td", ix_cell_show(ix_table_cell(t, r, c), &t->column[c], room));
        fputs("</tr>\n", out);
    }
}

static void write_notes(FILE *out, const ix_table *t, int *note, int until)
{
    for (; *note < t->notes && t->note[*note].after <= until; ++*note) {
        fputs("<p class=n>", out);
        escaped(out, t->note[*note].text);
        fputs("</p>\n", out);
    }
}

static void write_table(FILE *out, const ix_table *t)
{
    int note = 0;
    bool open = false;
    for (int r = 0; r < t->rows;) {
        bool shown = false, noted = note < t->notes && t->note[note].after <= r;
        if (noted && open) fputs("</tbody></table></div>\n", out), open = false;
        write_notes(out, t, &note, r);
        int first = r;
        r = ix_table_block(t, r, &shown);
        if (!shown) continue;
        if (!open) write_head(out, t);
        open = true;
        write_block(out, t, first, r);
    }
    if (open) fputs("</tbody></table></div>\n", out);
    for (; note < t->notes;) write_notes(out, t, &note, t->note[note].after);
}

static void write_figure(FILE *out, const ix_figure *f, const char *svg)
{
    enum { BIG = 700 };
    if (!svg) return;
    fprintf(out, "<figure id=\"%s\"%s>\n%s<figcaption><b>", f->id, f->width > BIG ? " class=big" : "", svg);
    escaped(out, f->title);
    fputs(".</b> ", out);
    escaped(out, f->caption);
    fputs("</figcaption></figure>\n", out);
}

static void write_top(FILE *out, const ix_report *r, const char *missing)
{
    fputs("<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
          "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>impex report</title>\n<style>\n",
          out);
    fprintf(out, "%s</style></head>\n<body>\n<h1>impex report</h1>\n<p class=lead>", style);
    escaped(out, r->headline);
    fputs("</p>\n<nav>", out);
    for (int i = 0; i < r->tables.count; i++) {
        if (ix_table_silent(r->tables.at[i])) continue;
        fprintf(out, "<a href=\"#t-%d\">", i);
        escaped(out, r->tables.at[i]->title);
        fputs("</a> ", out);
    }
    fputs("</nav>\n", out);
    if (!missing) return;
    fputs("<p class=n><b>There are no figures here:</b> ", out);
    escaped(out, missing);
    fputs(".</p>\n", out);
}

void ix_report_html(FILE *out, const ix_report *r, char *const *svg, const char *missing)
{
    int figure = 0;
    write_top(out, r, missing);
    for (int i = 0; i < r->tables.count; i++) {
        const ix_table *t = r->tables.at[i];
        if (!ix_table_silent(t)) {
            fprintf(out, "<section id=t-%d>\n<h2>", i);
            escaped(out, t->title);
            fputs("</h2>\n", out);
            write_table(out, t);
            fputs("</section>\n", out);
        }
        for (; figure < r->tables.figures && r->tables.figure[figure]->after <= i + 1; figure++)
            write_figure(out, r->tables.figure[figure], svg ? svg[figure] : NULL);
    }
    fprintf(out, "<footer>impex-report %s (%s). What every column means, with its formula: docs/report.md.</footer>\n",
            ix_build_version(), ix_build_commit());
    fputs("</body></html>\n", out);
}
