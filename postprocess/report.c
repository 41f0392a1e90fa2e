/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sections.h"

/* One row per section, in the order of the report. */
static void (*const sections[])(const ix_material *, ix_tables *) = {
    ix_section_winrate,   ix_section_accuracy,    ix_section_persona,  ix_section_paired,
    ix_section_baselines, ix_section_calibration, ix_section_length,   ix_section_cost,
    ix_section_pretrain,  ix_section_claims,      ix_section_validity,
};

static char *headline(const ix_material *m)
{
    int valid = 0, twins = 0, suites = 0;
    char *text = NULL, *names = NULL;
    for (int i = 0; i < m->records; i++) {
        valid += m->record[i].valid;
        if (i && strcmp(m->record[i].suite, m->record[i - 1].suite) == 0) continue;
        if (suites++ < 8) ix_append(&names, "%s%s", suites > 1 ? ", " : "", m->record[i].suite);
    }
    for (int f = 0; f < m->families; f++) twins += m->family[f].twins;
    ix_append(&text, "%d run%s, %d VALID, %d twin%s", m->records, m->records == 1 ? "" : "s", valid, twins,
              twins == 1 ? "" : "s");
    if (names) ix_append(&text, ": %s%s", names, suites > 8 ? ", ..." : "");
    free(names);
    return text;
}

void ix_report_make(ix_report *out, const ix_material *m)
{
    *out = (ix_report){.headline = headline(m)};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) sections[i](m, &out->tables);
}

void ix_report_free(ix_report *r)
{
    free(r->headline);
    ix_tables_free(&r->tables);
    *r = (ix_report){0};
}

void ix_report_term(FILE *out, const ix_report *r)
{
    fprintf(out, "%s\n\n", r->headline);
    for (int i = 0; i < r->tables.count; i++)
        if (!ix_table_silent(r->tables.at[i])) ix_table_term(out, r->tables.at[i]);
}

void ix_report_markdown(FILE *out, const ix_report *r)
{
    fprintf(out, "# impex report\n\n%s\n\n", r->headline);
    for (int i = 0; i < r->tables.count; i++)
        if (!ix_table_silent(r->tables.at[i])) ix_table_markdown(out, r->tables.at[i]);
}

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
