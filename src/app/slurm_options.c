/* SPDX-License-Identifier: Apache-2.0
 *
 * slurm_options.c - one table is parser, range check and defaults. */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/slurm.h"
#include "base/file.h"

typedef enum { NUMBER, TEXT, WORDS, FLAG } kind;

typedef struct {
    const char *name;
    kind kind;
    size_t offset;
    int64_t least, most; /* of a number */
} row;

#define AT(field) offsetof(ix_slurm_options, field)
static const row rows[] = {
    {"--nodes", NUMBER, AT(nodes), 1, 1 << 20},
    {"--ranks-per-node", NUMBER, AT(ranks_per_node), 1, 1 << 20},
    {"--ranks", NUMBER, AT(ranks), 1, 1 << 20},
    {"--threads", NUMBER, AT(threads), 1, 4096},
    {"--runs-per-job", NUMBER, AT(runs_per_job), 1, 100000},
    {"--max-running", NUMBER, AT(max_running), 1, 100000},
    {"--restarts", NUMBER, AT(restarts), 0, 1000000},
    {"--time", TEXT, AT(time), 0, 0},
    {"--mem", TEXT, AT(memory), 0, 0},
    {"--partition", TEXT, AT(partition), 0, 0},
    {"--account", TEXT, AT(account), 0, 0},
    {"--qos", TEXT, AT(qos), 0, 0},
    {"--constraint", TEXT, AT(constraint), 0, 0},
    {"--job-name", TEXT, AT(name), 0, 0},
    {"--launcher", TEXT, AT(launcher), 0, 0},
    {"--mpi", TEXT, AT(mpi), 0, 0},
    {"--modules", TEXT, AT(modules), 0, 0},
    {"--write", TEXT, AT(write), 0, 0},
    {"--prolog", WORDS, AT(prolog), 0, 0},
    {"--sbatch", WORDS, AT(sbatch), 0, 0},
    {"--set", WORDS, AT(set), 0, 0},
    {"--submit", FLAG, AT(submit), 0, 0},
    {"--hardware-threads", FLAG, AT(hardware_threads), 0, 0},
    {"--no-report", FLAG, AT(report), 0, 0},
};

/* --- a file of options ---------------------------------------------------------------------------------------- */

static char *trim(char *line)
{
    while (isspace((unsigned char)*line)) line++;
    for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--) line[n - 1] = 0;
    return line;
}

/* "--name value" or "--name=value": cuts the line in two; value NULL: there is none. */
static void cut(char *line, char **value)
{
    char *end = line + strcspn(line, "= \t");
    *value = *end ? trim(end + 1) : NULL;
    *end = 0;
}

/* Appends what the lines of `text` say: options of the command line come first, and win. */
static ix_status add_lines(char *text, const char *path, char **argv, int *argc)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *value, *word = trim(line);
        if (!*word || *word == '#') continue;
        if (strncmp(word, "--", 2) != 0)
            return ix_fail(IX_EINPUT, "%s: '%s': a line is an option as on the command line, as --partition batch",
                           path, word);
        cut(word, &value);
        argv[(*argc)++] = word;
        if (value) argv[(*argc)++] = value;
    }
    argv[*argc] = NULL;
    return IX_OK;
}

static ix_status add_file(int *argc, char ***argv, char **text)
{
    ix_status rc = IX_OK;
    size_t size, lines = 1;
    const char *path = ix_take_option(argc, *argv, "--options", &rc);

    IX_TRY(rc);
    if (path) IX_TRY(ix_file_read_most(path, 1 << 20, text, &size));
    for (const char *c = *text ? *text : ""; *c; c++) lines += *c == '\n';
    char **longer = calloc((size_t)*argc + 2 * lines + 1, sizeof *longer);
    IX_NEED(longer, IX_ENOMEM, "options: out of memory");
    memcpy(longer, *argv, ((size_t)*argc + 1) * sizeof *longer);
    *argv = longer;
    if (path) IX_TRY(add_lines(*text, path, longer, argc));
done:
    return rc;
}

/* --- values -------------------------------------------------------------------------------------------------- */

static ix_status check_text(const row *r, const char *text)
{
    for (const char *c = text; *c; c++)
        if (iscntrl((unsigned char)*c))
            return ix_fail(IX_EINPUT, "%s: a line break or control character cannot be in it", r->name);
    return *text ? IX_OK : ix_fail(IX_EINPUT, "%s: a value is missing", r->name);
}

static ix_status read_number(const row *r, const char *text, int64_t *out)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || n < r->least || n > r->most)
        return ix_fail(IX_EINPUT, "%s %s: a whole number from %lld to %lld is expected", r->name, text,
                       (long long)r->least, (long long)r->most);
    *out = n;
    return IX_OK;
}

/* Once; of repeats the first counts, which is the one of the command line. */
static ix_status take_one(const row *r, int *argc, char **argv, void *field)
{
    ix_status rc = IX_OK;
    bool taken = false;
    for (const char *text; (text = ix_take_option(argc, argv, r->name, &rc)); taken = true) {
        IX_TRY(check_text(r, text));
        if (taken) continue;
        if (r->kind == NUMBER) IX_TRY(read_number(r, text, field));
        else *(const char **)field = text;
    }
done:
    return rc;
}

static ix_status take_words(const row *r, int *argc, char **argv, ix_words *out)
{
    ix_status rc = IX_OK;
    const char *text;
    IX_NEED(out->at = calloc((size_t)*argc + 1, sizeof *out->at), IX_ENOMEM, "options: out of memory");
    while ((text = ix_take_option(argc, argv, r->name, &rc))) {
        IX_TRY(check_text(r, text));
        out->at[out->n++] = text;
    }
done:
    return rc;
}

static ix_status take_all(ix_slurm_options *o, int *argc, char **argv)
{
    ix_status rc = IX_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        void *field = (char *)o + r->offset;
        if (r->kind == WORDS) IX_TRY(take_words(r, argc, argv, field));
        else if (r->kind == FLAG) *(bool *)field = ix_take_flag(argc, argv, r->name);
        else IX_TRY(take_one(r, argc, argv, field));
    }
    o->report = !o->report; /* the flag is --no-report */
done:
    return rc;
}

/* Slurm's ways to say a time: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S. */
static ix_status read_time(const char *text, int64_t *seconds)
{
    long long d, a, b, c;
    int n[6] = {0}, size = (int)strlen(text);
    if (strspn(text, "0123456789-:") == strlen(text) && size < 32) {
        if (sscanf(text, "%lld-%lld:%lld:%lld%n", &d, &a, &b, &c, &n[0]) == 4 && n[0] == size)
            *seconds = ((d * 24 + a) * 60 + b) * 60 + c;
        else if (sscanf(text, "%lld-%lld:%lld%n", &d, &a, &b, &n[1]) == 3 && n[1] == size)
            *seconds = ((d * 24 + a) * 60 + b) * 60;
        else if (sscanf(text, "%lld-%lld%n", &d, &a, &n[2]) == 2 && n[2] == size) *seconds = (d * 24 + a) * 3600;
        else if (sscanf(text, "%lld:%lld:%lld%n", &a, &b, &c, &n[3]) == 3 && n[3] == size)
            *seconds = (a * 60 + b) * 60 + c;
        else if (sscanf(text, "%lld:%lld%n", &a, &b, &n[4]) == 2 && n[4] == size) *seconds = a * 60 + b;
        else if (sscanf(text, "%lld%n", &a, &n[5]) == 1 && n[5] == size) *seconds = a * 60;
    }
    if (*seconds > 0) return IX_OK;
    return ix_fail(IX_EINPUT, "--time %s: a time above 0 is expected, as 30 (minutes), 4:00:00 or 1-12:00:00", text);
}

/* Slurm's ways to say a size: megabytes, or with one of K, M, G, T. "0" is all of a node. */
static ix_status read_memory(const char *text, int64_t *bytes)
{
    static const char units[] = "KMGT";
    char *end;
    long long n = strtoll(text, &end, 10);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : units + 1;
    if (end == text || n < 0 || n > 1 << 30 || !unit || (*end && end[1]))
        return ix_fail(IX_EINPUT, "--mem %s: a size per node is expected, as 64G or 8000M", text);
    *bytes = (int64_t)n << (10 * (unit - units + 1));
    return IX_OK;
}

/* Ranks and nodes follow from each other. */
static ix_status settle_ranks(ix_slurm_options *o)
{
    if (o->ranks && o->ranks_per_node && o->ranks != o->ranks_per_node * o->nodes)
        return ix_fail(IX_EINPUT, "--ranks %lld: %lld nodes with --ranks-per-node %lld have %lld", (long long)o->ranks,
                       (long long)o->nodes, (long long)o->ranks_per_node, (long long)(o->nodes * o->ranks_per_node));
    if (o->ranks && o->ranks < o->nodes)
        return ix_fail(IX_EINPUT, "--ranks %lld: fewer than the %lld nodes", (long long)o->ranks, (long long)o->nodes);
    if (!o->ranks_per_node) o->ranks_per_node = o->ranks ? (o->ranks + o->nodes - 1) / o->nodes : 1;
    if (!o->ranks) o->ranks = o->ranks_per_node * o->nodes;
    return IX_OK;
}

static ix_status check_values(ix_slurm_options *o)
{
    ix_status rc = IX_OK;
    IX_NEED(!strcmp(o->launcher, "srun") || !strcmp(o->launcher, "mpirun"), IX_EINPUT,
            "--launcher %s: srun or mpirun is expected", o->launcher);
    for (int i = 0; i < o->sbatch.n; i++)
        IX_NEED(o->sbatch.at[i][0] == '-', IX_EINPUT, "--sbatch %s: an option of sbatch is expected, as --sbatch=%s",
                o->sbatch.at[i], "--exclusive");
    if (o->time) IX_TRY(read_time(o->time, &o->seconds));
    if (o->memory) IX_TRY(read_memory(o->memory, &o->bytes));
    IX_TRY(settle_ranks(o));
done:
    return rc;
}

ix_status ix_slurm_read_options(ix_slurm_options *out, int *argc, char ***argv, char **text)
{
    ix_status rc = IX_OK;
    *out = (ix_slurm_options){.nodes = 1, .runs_per_job = 1, .restarts = 100, .launcher = "srun", .mpi = "pmix"};
    IX_TRY(add_file(argc, argv, text));
    IX_TRY(take_all(out, argc, *argv));
    IX_TRY(check_values(out));
done:
    return rc;
}

void ix_slurm_free_options(ix_slurm_options *o)
{
    free(o->prolog.at);
    free(o->sbatch.at);
    free(o->set.at);
}
