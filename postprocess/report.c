/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "sections.h"

/* One row per section or figure, in the order of the report. A figure stands behind the table before it. */
/* clang-format off */
static void (*const sections[])(const ix_material *, ix_tables *) = {
    ix_section_against,
    ix_section_winrate,
    ix_section_accuracy,
    ix_plot_curves,
    ix_plot_margin,
    ix_section_persona,
    ix_section_hamiltonian,
    ix_section_paired,
    ix_section_baselines,
    ix_section_paper,
    ix_section_calibration,
    ix_plot_rewards,
    ix_section_length,
    ix_section_headline,
    ix_section_cost,
    ix_section_speed,
    ix_section_scaling,
    ix_section_pretrain,
    ix_section_claims,
    ix_section_validity,
};
/* clang-format on */

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

int ix_report_left(const ix_report *r)
{
    int left = 0;
    for (int i = 0; i < r->tables.count; i++) {
        const ix_table *t = r->tables.at[i];
        for (int row = 0; strcmp(t->id, "against") == 0 && row < t->rows; row++)
            left += strcmp(ix_table_cell(t, row, t->columns - 1)->text, IX_LEFT_BAND) == 0;
    }
    return left;
}
