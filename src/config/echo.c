/* SPDX-License-Identifier: Apache-2.0
 *
 * echo.c - a suite, or one run of it, as YAML. */
#include <stdlib.h>
#include <string.h>

#include "config/inner.h"

static void write_axis(FILE *f, const ix_matrix_axis *a)
{
    fprintf(f, "  %s: [", a->row->key);
    for (int64_t i = 0; i < a->n; i++) {
        fputs(i ? ", " : "", f);
        ix_option_write_value(f, a->row, ix_axis_value(a, i));
    }
    fputs("]\n", f);
}

static void write_exclude(FILE *f, const ix_suite_inner *in)
{
    if (in->excludes) fputs("  exclude:\n", f);
    for (int64_t e = 0; e < in->excludes; e++) {
        const char *comma = "";
        fputs("    - {", f);
        for (int a = 0; a < in->axes; a++) {
            if (in->exclude[e][a] < 0) continue;
            fprintf(f, "%s%s: ", comma, in->axis[a].row->key);
            ix_option_write_value(f, in->axis[a].row, ix_axis_value(&in->axis[a], in->exclude[e][a]));
            comma = ", ";
        }
        fputs("}\n", f);
    }
}

static void write_part(FILE *f, const ix_suite *suite, int64_t i)
{
    ix_shown what = {.flags = 0, .task = suite->settings.task, .unlike = &suite->settings};
    char *text = NULL;
    size_t size = 0;
    FILE *inner = open_memstream(&text, &size);
    IX_CONTRACT(inner);
    ix_option_write(inner, &ix_table_root, &suite->inner->part[i], 4, &what);
    IX_CONTRACT(fclose(inner) == 0);
    fputs("  ", f);
    ix_write_text(f, suite->part[i]);
    if (size) fprintf(f, ":\n%s", text);
    else fputs(": {}\n", f);
    free(text);
}

char *ix_suite_echo(const ix_suite *suite)
{
    const ix_suite_inner *in = suite->inner;
    ix_shown all = {.flags = 0, .task = suite->settings.task};
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    ix_option_write(f, &ix_table_root, &suite->settings, 0, &all);
    if (suite->parts) fputs("parts:\n", f);
    for (int64_t i = 0; i < suite->parts; i++) write_part(f, suite, i);
    fputs("matrix:\n", f);
    for (int a = in->axes - 3; a < in->axes; a++)
        if (ix_option_of_task(in->axis[a].row, suite->settings.task)) write_axis(f, &in->axis[a]);
    for (int a = 1; a < in->axes - 3; a++) write_axis(f, &in->axis[a]);
    write_exclude(f, in);
    IX_CONTRACT(fclose(f) == 0);
    return text;
}

static void write_run(FILE *f, const ix_point *p)
{
    ix_shown all = {.flags = 0, .task = p->settings.task};
    ix_option_write(f, &ix_table_root, &p->settings, 0, &all);
    if (p->part[0]) {
        fputs("parts:\n  ", f);
        ix_write_text(f, p->part);
        fputs(": {}\n", f);
    }
    fputs("matrix:\n", f);
    if (ix_option_of_task(ix_option_find(&ix_table_matrix, "model"), p->settings.task)) {
        fputs("  model: [", f);
        ix_write_text(f, p->model);
        fputs("]\n", f);
    }
    if (ix_option_of_task(ix_option_find(&ix_table_matrix, "objective"), p->settings.task))
        fprintf(f, "  objective: [%s]\n", p->objective);
    fprintf(f, "  seed: [%lld]\n", (long long)p->seed);
}

static void write_answer(FILE *f, const ix_point *p, bool twin, bool seed)
{
    ix_shown what = {
        .flags = IX_OPT_ANSWER, .task = p->settings.task, .objective = twin ? "" : p->objective, .contents = true};
    if (!twin) fprintf(f, "objective: %s\n", p->objective);
    if (seed) fprintf(f, "seed: %lld\n", (long long)p->seed);
    ix_option_write(f, &ix_table_root, &p->settings, 0, &what);
}

char *ix_point_echo(const ix_point *point, ix_echo what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    IX_CONTRACT(f);
    if (what == IX_ECHO_RUN) write_run(f, point);
    else write_answer(f, point, what == IX_ECHO_TWIN, what != IX_ECHO_SETTINGS);
    IX_CONTRACT(fclose(f) == 0);
    return text;
}
