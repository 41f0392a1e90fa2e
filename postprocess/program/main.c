/* SPDX-License-Identifier: Apache-2.0
 *
 * impex-report: tables out of result files. Never reruns anything, needs no MPI. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/build_info.h"
#include "report.h"

/* Exit codes: 0 good, 1 no VALID run or files that cannot be read, 2 the input is wrong. */
enum { GOOD = 0, FAILED = 1, WRONG_INPUT = 2 };

enum { TERM = 1, MARKDOWN = 2, CSV = 4, HTML = 8, TEX = 16 };

static const struct {
    const char *name;
    unsigned flag;
} formats[] = {{"term", TERM}, {"md", MARKDOWN}, {"csv", CSV}, {"html", HTML}, {"tex", TEX}};

static const char usage[] =
    "usage: impex-report PATH... [--format FORMAT[,FORMAT...]] [--out DIR] [--against OLD]\n"
    "\n"
    "Tables and figures of win-rates, accuracies, paired differences, baselines, cost and validity. PATH: result "
    "files\n"
    "(*.h5), the folder of a suite (results/quickstart), or a folder of such folders (results).\n"
    "\n"
    "  --format term      aligned tables on stdout (the default)\n"
    "  --format md        Markdown: DIR/report.md, or stdout without --out\n"
    "  --format html      one page with figures: DIR/report.html, or stdout without --out\n"
    "  --format csv       one file per table, with all digits: DIR/<table>.csv; needs --out\n"
    "  --format tex       LaTeX: DIR/report.tex, DIR/tables/*.tex, DIR/figures/*.pdf; needs --out\n"
    "  --out DIR          where files go; made if it is missing\n"
    "  --against OLD      compares with other results, of another machine, version or model\n"
    "  --help, --version\n"
    "\n"
    "Exit code: 0 good; 1 no VALID run, a file that cannot be read, or an accuracy that left its reference band or "
    "that\n"
    "of the old results; 2 wrong input.\n";

typedef struct {
    const char **path;
    int paths;
    unsigned format;
    const char *out, *against;
    bool help, version;
} options;

static ix_status read_formats(const char *list, unsigned *format)
{
    for (const char *at = list; at;) {
        size_t length = strcspn(at, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
            if (strlen(formats[i].name) == length && strncmp(formats[i].name, at, length) == 0) found = formats[i].flag;
        if (!found) return ix_fail(IX_EINPUT, "--format %s: the formats are term, md, csv, html and tex", list);
        *format |= found;
        at = at[length] ? at + length + 1 : NULL;
    }
    return IX_OK;
}

/* "--name value" or "--name=value"; NULL: it is another option. *i moves on. */
static ix_status take_value(const char *name, int argc, char **argv, int *i, const char **value)
{
    size_t length = strlen(name);
    *value = NULL;
    if (strncmp(argv[*i], name, length) != 0) return IX_OK;
    if (argv[*i][length] == '=') *value = argv[*i] + length + 1;
    else if (argv[*i][length]) return IX_OK;
    else if (*i + 1 < argc) *value = argv[++*i];
    else return ix_fail(IX_EINPUT, "%s needs a value", name);
    return (*value)[0] ? IX_OK : ix_fail(IX_EINPUT, "%s needs a value", name);
}

static ix_status read_argument(options *o, int argc, char **argv, int *i)
{
    ix_status rc = IX_OK;
    const char *value = NULL;
    if (argv[*i][0] != '-') {
        o->path[o->paths++] = argv[*i];
        return IX_OK;
    }
    if (strcmp(argv[*i], "--help") == 0 || strcmp(argv[*i], "-h") == 0) {
        o->help = true;
        return IX_OK;
    }
    if (strcmp(argv[*i], "--version") == 0) {
        o->version = true;
        return IX_OK;
    }
    IX_TRY(take_value("--format", argc, argv, i, &value));
    if (value) return read_formats(value, &o->format);
    IX_TRY(take_value("--against", argc, argv, i, &value));
    if (value) {
        o->against = value;
        return IX_OK;
    }
    IX_TRY(take_value("--out", argc, argv, i, &value));
    IX_NEED(value, IX_EINPUT, "%s: no such option; --help lists them", argv[*i]);
    o->out = value;
done:
    return rc;
}

static ix_status read_options(options *o, int argc, char **argv)
{
    ix_status rc = IX_OK;
    for (int i = 1; i < argc; i++) IX_TRY(read_argument(o, argc, argv, &i));
    if (o->help || o->version) goto done;
    if (!o->format) o->format = TERM;
    IX_NEED(o->paths > 0, IX_EINPUT, "no results named; for example: impex-report results/quickstart");
    IX_NEED(!(o->format & (CSV | TEX)) || o->out, IX_EINPUT,
            "--format %s writes several files: name a folder with --out", o->format & CSV ? "csv" : "tex");
    IX_NEED(!o->out || o->format & ~(unsigned)TERM, IX_EINPUT, "--out is for --format md, csv, html or tex");
done:
    return rc;
}

static ix_status write_all(const options *o, const ix_report *r)
{
    ix_status rc = IX_OK;
    bool drawn = true;
    if (o->format & TERM) ix_report_term(stdout, r);
    if (o->format & MARKDOWN && !o->out) ix_report_markdown(stdout, r);
    if (o->format & MARKDOWN && o->out) IX_TRY(ix_report_write_markdown(r, o->out));
    if (o->format & CSV) IX_TRY(ix_report_write_csv(r, o->out));
    if (o->format & HTML) IX_TRY(ix_report_write_html(r, o->out, &drawn));
    if (o->format & TEX) IX_TRY(ix_report_write_tex(r, o->out, &drawn));
    if (!drawn) fprintf(stderr, "impex-report: %s\n", ix_message());
    IX_NEED(fflush(stdout) == 0 && !ferror(stdout), IX_EIO, "stdout: %s", strerror(errno));
done:
    return rc;
}

static int valid_runs(const ix_material *m)
{
    int valid = 0;
    for (int i = 0; i < m->records; i++) valid += m->record[i].valid;
    return valid;
}

/* What makes a report that was written a failure. */
static int judge(const ix_material *m, const ix_report *r)
{
    int left = ix_report_left(r);
    if (!valid_runs(m)) fprintf(stderr, "impex-report: there is no VALID run here\n");
    if (m->outside)
        fprintf(stderr, "impex-report: %d run%s left the reference band: see the verdicts\n", m->outside,
                m->outside == 1 ? "" : "s");
    if (left)
        fprintf(stderr, "impex-report: %d accurac%s left the band of the old results\n", left, left == 1 ? "y" : "ies");
    if (m->unreadable)
        fprintf(stderr, "impex-report: %d file%s could not be read: %s\n", m->unreadable, m->unreadable == 1 ? "" : "s",
                m->trouble[0]);
    return valid_runs(m) && !m->outside && !left && !m->unreadable ? GOOD : FAILED;
}

static int report(const options *o)
{
    ix_status rc = IX_OK;
    ix_material m = {0}, old = {0};
    ix_report r = {0};
    int code = GOOD;

    IX_TRY(ix_material_read(&m, o->path, o->paths));
    if (o->against) IX_TRY(ix_material_read(&old, &o->against, 1));
    if (o->against) m.old = &old;
    ix_report_make(&r, &m);
    IX_TRY(write_all(o, &r));
    code = judge(&m, &r);
done:
    if (rc != IX_OK) fprintf(stderr, "impex-report: %s\n", ix_message());
    if (rc != IX_OK) code = rc == IX_EINPUT ? WRONG_INPUT : FAILED;
    ix_report_free(&r);
    ix_material_free(&m);
    ix_material_free(&old);
    return code;
}

int main(int argc, char **argv)
{
    options o = {.path = ix_grow(NULL, (size_t)argc, sizeof *o.path)};
    int code = GOOD;
    if (read_options(&o, argc, argv) != IX_OK) {
        fprintf(stderr, "impex-report: %s\n", ix_message());
        code = WRONG_INPUT;
    } else if (o.help) fputs(usage, stdout);
    else if (o.version) printf("impex-report %s (%s)\n", ix_build_version(), ix_build_commit());
    else code = report(&o);
    free(o.path);
    return code;
}
