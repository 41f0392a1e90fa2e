/* SPDX-License-Identifier: Apache-2.0
 *
 * gnuplot draws all figures in one go. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "figure.h"

enum { NO_PROGRAM = 127 };

static const char *const ending[] = {[IX_DRAW_SVG] = "svg", [IX_DRAW_PDF] = "pdf"};

static void write_script(FILE *out, const ix_tables *tables, ix_drawing kind, const char *folder)
{
    fputs("set encoding utf8\n", out);
    for (int i = 0; i < tables->figures; i++) {
        const ix_figure *f = tables->figure[i];
        fputs("reset\n", out);
        if (kind == IX_DRAW_SVG)
            fprintf(out, "set terminal svg size %d,%d noenhanced font 'Helvetica,13' background '#ffffff'\n", f->width,
                    f->height);
        else
            fprintf(out, "set terminal pdfcairo size %.3fin,%.3fin noenhanced font 'Helvetica,9.5' fontscale 1\n",
                    f->width / 96.0, f->height / 96.0);
        fputs("set output ", out);
        char *path = ix_format("%s/%s.%s", folder, f->id, ending[kind]);
        ix_figure_name(out, path);
        free(path);
        fprintf(out, "\n%s\nunset multiplot\nunset output\n", f->script);
    }
}

/* Runs gnuplot on a script; what it says goes to a file. Its exit code, NO_PROGRAM without gnuplot, -1 if it died. */
static int run_gnuplot(const char *script, const char *says)
{
    int state = 0;
    pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        int to = open(says, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (to < 0 || dup2(to, STDOUT_FILENO) < 0 || dup2(to, STDERR_FILENO) < 0) _exit(1);
        execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(errno == ENOENT ? NO_PROGRAM : 1);
    }
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static ix_status make_temporary(char **folder)
{
    const char *temporary = getenv("TMPDIR");
    *folder = ix_format("%s/impex-report-XXXXXX", temporary && temporary[0] ? temporary : "/tmp");
    if (mkdtemp(*folder)) return IX_OK;
    return ix_fail(IX_EIO, "%s: %s", *folder, strerror(errno));
}

/* The first line of a file, for a message. */
static char *first_line(const char *path)
{
    char *text = NULL;
    size_t size;
    if (ix_file_read(path, &text, &size) != IX_OK) return ix_copy("");
    char *from = text + strspn(text, "\n ");
    char *line = ix_format("%.*s", (int)strcspn(from, "\n"), from);
    free(text);
    return line;
}

ix_status ix_figures_draw(const ix_tables *tables, ix_drawing kind, const char *folder)
{
    ix_status rc = IX_OK;
    char *own = NULL, *script = NULL, *says = NULL, *line = NULL, *bytes = NULL;
    size_t size = 0;

    if (tables->figures == 0) return IX_OK;
    IX_TRY(make_temporary(&own));
    script = ix_format("%s/figures.gp", own);
    says = ix_format("%s/says", own);
    FILE *out = open_memstream(&bytes, &size);
    IX_NEED(out, IX_ENOMEM, "figures: no memory");
    write_script(out, tables, kind, folder);
    IX_NEED(fclose(out) == 0, IX_ENOMEM, "figures: no memory");
    IX_TRY(ix_file_write(script, bytes, size));
    int code = run_gnuplot(script, says);
    IX_NEED(code != NO_PROGRAM, IX_EINPUT, "gnuplot is not installed: figures are left out");
    line = first_line(says);
    IX_NEED(code == 0, IX_EIO, "gnuplot could not draw the figures: %s", line);
done:
    if (script) unlink(script);
    if (says) unlink(says);
    if (own) rmdir(own);
    free(own);
    free(script);
    free(says);
    free(line);
    free(bytes);
    return rc;
}

/* --- as text ------------------------------------------------------------------------------------------------ */

/* Names inside a drawing are told apart by its number where several drawings share a page. */
static char *renamed(const char *svg, int number)
{
    static const char *const before[] = {"id='", "id=\"", "url(#", "href='#", "href=\"#"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    IX_CONTRACT(out);
    for (const char *c = svg; *c;) {
        size_t length = 0;
        for (size_t k = 0; !length && k < sizeof before / sizeof before[0]; k++)
            if (strncmp(c, before[k], strlen(before[k])) == 0) length = strlen(before[k]);
        fwrite(c, 1, length ? length : 1, out);
        if (length) fprintf(out, "f%d-", number);
        c += length ? length : 1;
    }
    IX_CONTRACT(fclose(out) == 0);
    return text;
}

static char *read_svg(const char *path, int number)
{
    char *bytes = NULL, *svg = NULL;
    size_t size;
    if (ix_file_read(path, &bytes, &size) != IX_OK) return NULL;
    const char *start = strstr(bytes, "<svg");
    if (start) svg = renamed(start, number);
    free(bytes);
    return svg;
}

ix_status ix_figures_svg(const ix_tables *tables, char ***svg)
{
    ix_status rc = IX_OK;
    char *folder = NULL;
    *svg = ix_grow(NULL, (size_t)tables->figures, sizeof **svg);
    for (int i = 0; i < tables->figures; i++) (*svg)[i] = NULL;
    IX_TRY(make_temporary(&folder));
    rc = ix_figures_draw(tables, IX_DRAW_SVG, folder);
    for (int i = 0; i < tables->figures; i++) {
        char *path = ix_format("%s/%s.svg", folder, tables->figure[i]->id);
        if (rc == IX_OK) (*svg)[i] = read_svg(path, i);
        unlink(path);
        free(path);
    }
    rmdir(folder);
done:
    free(folder);
    return rc;
}

void ix_svgs_free(const ix_tables *tables, char **svg)
{
    for (int i = 0; svg && i < tables->figures; i++) free(svg[i]);
    free(svg);
}
