/* SPDX-License-Identifier: Apache-2.0
 *
 * The report as files, each whole or not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "figure.h"
#include "report.h"

/* What `emit` writes, as a file that is whole or not there. */
static ix_status write_whole(const char *folder, const char *name, void (*emit)(FILE *, const void *), const void *what)
{
    ix_status rc = IX_OK;
    char *bytes = NULL, *path = ix_format("%s/%s", folder, name);
    size_t size = 0;
    FILE *memory = open_memstream(&bytes, &size);

    IX_NEED(memory, IX_ENOMEM, "%s: no memory", path);
    emit(memory, what);
    int failed = fclose(memory);
    memory = NULL;
    IX_NEED(!failed, IX_ENOMEM, "%s: no memory", path);
    IX_TRY(ix_file_write(path, bytes, size));
done:
    free(bytes);
    free(path);
    return rc;
}

static void emit_markdown(FILE *out, const void *report)
{
    ix_report_markdown(out, report);
}

static void emit_csv(FILE *out, const void *table)
{
    ix_table_csv(out, table);
}

ix_status ix_report_write_markdown(const ix_report *r, const char *folder)
{
    ix_status rc = ix_make_folders(folder);
    return rc == IX_OK ? write_whole(folder, "report.md", emit_markdown, r) : rc;
}

ix_status ix_report_write_csv(const ix_report *r, const char *folder)
{
    ix_status rc = ix_make_folders(folder);
    for (int i = 0; rc == IX_OK && i < r->tables.count; i++) {
        const ix_table *t = r->tables.at[i];
        if (!t->rows) continue;
        char *name = ix_format("%s.csv", t->id);
        rc = write_whole(folder, name, emit_csv, t);
        free(name);
    }
    return rc;
}

/* A page and what goes into it beside the report. */
typedef struct {
    const ix_report *report;
    char **svg;
    const char *missing;
} page;

static void emit_html(FILE *out, const void *p)
{
    const page *from = p;
    ix_report_html(out, from->report, from->svg, from->missing);
}

static void emit_tex(FILE *out, const void *p)
{
    const page *from = p;
    ix_report_tex(out, from->report, from->missing);
}

static void emit_table(FILE *out, const void *table)
{
    ix_table_tex(out, table);
}

ix_status ix_report_write_html(const ix_report *r, const char *folder, bool *drawn)
{
    ix_status rc = folder ? ix_make_folders(folder) : IX_OK;
    page p = {.report = r};
    if (rc != IX_OK) return rc;
    *drawn = ix_figures_svg(&r->tables, &p.svg) == IX_OK;
    char *why = ix_copy(ix_message());
    if (!*drawn) p.missing = why;
    if (folder) rc = write_whole(folder, "report.html", emit_html, &p);
    else emit_html(stdout, &p);
    ix_svgs_free(&r->tables, p.svg);
    if (rc == IX_OK && !*drawn) ix_fail(IX_EINPUT, "%s", why); /* the message of the latest failure again */
    free(why);
    return rc;
}

static ix_status write_tables(const ix_report *r, const char *folder)
{
    ix_status rc = ix_make_folders(folder);
    for (int i = 0; rc == IX_OK && i < r->tables.count; i++) {
        const ix_table *t = r->tables.at[i];
        if (!t->rows) continue;
        char *name = ix_format("%s.tex", t->id);
        rc = write_whole(folder, name, emit_table, t);
        free(name);
    }
    return rc;
}

ix_status ix_report_write_tex(const ix_report *r, const char *folder, bool *drawn)
{
    ix_status rc = IX_OK;
    page p = {.report = r};
    char *tables = ix_format("%s/tables", folder), *figures = ix_format("%s/figures", folder), *why = NULL;

    IX_TRY(write_tables(r, tables));
    IX_TRY(ix_make_folders(figures));
    *drawn = ix_figures_draw(&r->tables, IX_DRAW_PDF, figures) == IX_OK;
    why = ix_copy(ix_message());
    if (!*drawn) p.missing = why;
    IX_TRY(write_whole(folder, "report.tex", emit_tex, &p));
    if (!*drawn) ix_fail(IX_EINPUT, "%s", why);
done:
    free(tables);
    free(figures);
    free(why);
    return rc;
}
