/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/check_paths.h"
#include "app/command.h"
#include "base/file.h"
#include "config/suite.h"
#include "store/ledger.h"
#include "store/reader.h"

static const char usage[] =
    "usage: impex check PATH...\n"
    "       impex check --same A B\n"
    "       impex check\n"
    "\n"
    "Says what is wrong with each PATH, and changes nothing:\n"
    "  a suite (.yaml)            as impex run would read it: keys, models, data, every run prepared\n"
    "  a model folder, or a name  config.json, names, shapes and numbers of the weights, tokenizer, chat format\n"
    "  a data file (.jsonl)       pairs; bad rows by line, how many come twice, have equal, empty or cut answers; "
    "lengths\n"
    "  several data files         also what each shares with those before it: training sets first\n"
    "  weights (.safetensors)     the file itself\n"
    "  a result (.h5)             complete and unchanged, its sets, its verdict\n"
    "  a folder of results        every result in it, and runs that were launched and never ended\n"
    "One line each: ok or wrong, then what. Exit code 2 if anything is wrong.\n"
    "\n"
    "--same holds two results against each other, or two folders of results: same bits in everything but time and "
    "place?\n"
    "Prints every difference. Exit code 1 if there is one.\n"
    "\n"
    "Without a path: this program, its libraries, the ranks it was started on and the machines they are on.\n";

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

static bool holds(const char *folder, const char *name)
{
    char *path = ix_format("%s/%s", folder, name);
    bool there = ix_file_exists(path);
    free(path);
    return there;
}

static bool is_model_folder(const char *path)
{
    return holds(path, "config.json") || holds(path, "model.safetensors") || holds(path, "tokenizer.json");
}

/* A word that is no file may be the name of a model. */
static ix_status check_name(const char *name, char **about)
{
    ix_model_place place;
    if (strchr(name, '/') || strchr(name, '.') || ix_find_model(&place, NULL, NULL, name) != IX_OK)
        return ix_fail(IX_EINPUT, "%s: there is no such file, folder or model", name);
    return ix_check_model(place.folder, about);
}

static ix_status check_path(const char *path, char **about)
{
    if (!ix_file_exists(path)) return check_name(path, about);
    if (ix_is_folder(path)) return ix_check_model(path, about);
    if (ends_with(path, ".yaml") || ends_with(path, ".yml")) return ix_check_suite(path, about);
    if (ends_with(path, ".jsonl")) return ix_check_data(path, about);
    if (ends_with(path, ".safetensors")) return ix_check_weights(path, about);
    if (ends_with(path, ".h5")) return ix_check_result(path, about);
    return ix_fail(IX_EINPUT,
                   "%s: neither a suite (.yaml), data (.jsonl), weights (.safetensors), a result (.h5) nor a "
                   "folder",
                   path);
}

/* A message of several lines keeps its label on each; one that does not name the path gets it. */
static void print_wrong(const char *path, const char *message)
{
    for (const char *line = message; *line;) {
        size_t n = strcspn(line, "\n");
        const char *name = strstr(line, path);
        printf("wrong: %s%s%.*s\n", name && name < line + n ? "" : path, name && name < line + n ? "" : ": ", (int)n,
               line);
        line += n + (line[n] == '\n');
    }
}

/* --- folders of results ------------------------------------------------------------------------------------- */

static ix_status name_unfinished(const ix_found_list *found)
{
    ix_status rc = IX_OK;
    ix_ledger_history history = {0};
    const char **ledger = calloc((size_t)found->count + 1, sizeof *ledger);
    int n = 0, *lines = NULL, count = 0;

    IX_NEED(ledger, IX_ENOMEM, "ledgers: out of memory");
    for (int i = 0; i < found->count; i++)
        if (found->at[i].kind == IX_FOUND_LEDGER) ledger[n++] = found->at[i].path;
    IX_TRY(ix_ledger_read(&history, ledger, n));
    IX_TRY(ix_ledger_unfinished(&history, &lines, &count));
    for (int i = 0; i < count; i++) {
        const ix_ledger_line *l = &history.at[lines[i]];
        printf("note: %s: last %s at %s on %s, and never ended\n", l->run_id, ix_ledger_event_name(l->event), l->time,
               l->host);
    }
done:
    ix_ledger_free(&history);
    free(lines);
    free(ledger);
    return rc;
}

/* Good results are counted, the others named. */
static ix_status check_results(const char *folder, int *wrong)
{
    ix_status rc = IX_OK;
    ix_found_list found = {0};
    int results = 0, bad = 0;

    IX_TRY(ix_results_scan(&found, &folder, 1));
    for (int i = 0; i < found.count; i++) {
        char *about = NULL;
        if (found.at[i].kind != IX_FOUND_RESULT) continue;
        results++;
        if (ix_check_result(found.at[i].path, &about) != IX_OK) {
            bad++;
            print_wrong(found.at[i].path, ix_message());
        }
        free(about);
    }
    IX_NEED(found.count, IX_EINPUT, "%s: neither a model folder (config.json) nor results (*.h5) are in it", folder);
    IX_TRY(name_unfinished(&found));
    if (bad) printf("wrong: %s: %d of %d results\n", folder, bad, results);
    else printf("ok: %s: %d result%s\n", folder, results, results == 1 ? "" : "s");
    *wrong = bad;
done:
    ix_found_free(&found);
    return rc;
}

static bool check_one(const char *path)
{
    char *about = NULL;
    int wrong = 0;
    bool results = ix_is_folder(path) && !is_model_folder(path);
    ix_status rc = results ? check_results(path, &wrong) : check_path(path, &about);
    if (rc != IX_OK) print_wrong(path, ix_message());
    else if (!results) printf("ok: %s: %s\n", path, about);
    fflush(stdout);
    free(about);
    return rc != IX_OK || wrong;
}

/* What each file of pairs shares with those named before it. Files that are wrong were named already. */
static void name_overlaps(char **path, int count)
{
    for (int i = 1; i < count; i++)
        for (int k = 0; k < i; k++) {
            char *about = NULL;
            if (!ends_with(path[i], ".jsonl") || !ends_with(path[k], ".jsonl")) continue;
            if (ix_check_overlap(path[k], path[i], &about) == IX_OK && about) printf("note: %s: %s\n", path[i], about);
            free(about);
        }
}

/* --- the same? -------------------------------------------------------------------------------------------- */

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static ix_status compare_files(const char *a, const char *b, int *differences)
{
    int n = 0;
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) return ix_fail(IX_ENOMEM, "comparing results: out of memory");
    ix_status rc = ix_results_compare(a, b, f, &n);
    fclose(f);
    if (rc == IX_OK && size) printf("%s and %s:\n%s", a, b, text);
    *differences += n;
    free(text);
    return rc;
}

static const char *find_by_name(const ix_found_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (list->at[i].kind == IX_FOUND_RESULT && !strcmp(name_of(list->at[i].path), name)) return list->at[i].path;
    return NULL;
}

/* Runs that only one of the folders has. */
static void name_missing(const ix_found_list *in, const ix_found_list *from, const char *folder, int *differences)
{
    for (int i = 0; i < in->count; i++) {
        if (in->at[i].kind != IX_FOUND_RESULT || find_by_name(from, name_of(in->at[i].path))) continue;
        printf("%s is not in %s\n", in->at[i].path, folder);
        (*differences)++;
    }
}

static ix_status compare_folders(const char *a, const char *b, int *differences)
{
    ix_status rc = IX_OK;
    ix_found_list x = {0}, y = {0};
    int results = 0;

    IX_TRY(ix_results_scan(&x, &a, 1));
    IX_TRY(ix_results_scan(&y, &b, 1));
    name_missing(&x, &y, b, differences);
    name_missing(&y, &x, a, differences);
    for (int i = 0; i < x.count; i++) {
        const char *other = find_by_name(&y, name_of(x.at[i].path));
        if (x.at[i].kind != IX_FOUND_RESULT || !other) continue;
        results++;
        IX_TRY(compare_files(x.at[i].path, other, differences));
    }
    IX_NEED(results || *differences, IX_EINPUT, "%s and %s: there are no results", a, b);
done:
    ix_found_free(&x);
    ix_found_free(&y);
    return rc;
}

static ix_status same(const char *a, const char *b, int *exit_code)
{
    int differences = 0;
    bool folders = ix_is_folder(a) && ix_is_folder(b);
    ix_status rc = folders ? compare_folders(a, b, &differences) : compare_files(a, b, &differences);
    if (rc != IX_OK) return rc;
    if (differences) *exit_code = IX_EXIT_FAILED;
    else puts("the same");
    return IX_OK;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    bool compare = ix_take_flag(&argc, argv, "--same");

    IX_TRY(ix_check_operands(argc, argv, compare ? 2 : 0, compare ? 2 : argc, "check"));
    if (compare) return same(argv[1], argv[2], exit_code);
    if (argc == 1) return ix_check_machine();
    for (int i = 1; i < argc; i++)
        if (check_one(argv[i])) *exit_code = IX_EXIT_INPUT;
    name_overlaps(argv + 1, argc - 1);
done:
    return rc;
}

const ix_command ix_command_check = {.name = "check",
                                     .about = "what is wrong with a suite, model, data, result, machine",
                                     .usage = usage,
                                     .ranks = IX_ALL_RANKS_IF_BARE,
                                     .run = run};
