/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of a suite look up in its files.
 *   look zero RESULT...     0 if every reward of the first evaluation is exactly 0, its loss ln 2, its accuracy 1/2
 *   look saved RESULT       prints reference/seconds and saved/reference_cache
 *   look forge FOLDER       rewrites every file of a reference cache with numbers one rounding away
 *   look near RESULT OTHER  0 if the losses of the first step agree within 1e-6 of their size and its gradient norms
 *                           within 1e-5, for runs that add up in different orders
 *   look judged RESULT      prints of each set its pairs and after which steps it was judged: "test 12: 0 2 4"
 *   look starts FOLDER      prints how often each run was started, by the ledgers of that folder: "run_id times" */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "store/cache.h"
#include "store/ledger.h"
#include "store/reader.h"

static ix_status load(const ix_reader *rd, const char *set, const char *name, int rank, int64_t *dims, double **out)
{
    char *path = ix_format("/eval/%s/%s", set, name);
    ix_status rc = ix_reader_array(rd, path, rank, dims, out);
    free(path);
    return rc;
}

static ix_status zero_set(const ix_reader *rd, const char *set)
{
    ix_status rc = IX_OK;
    int64_t dims[3], epochs;
    double *reward = NULL, *loss = NULL, *accuracy = NULL;

    IX_TRY(load(rd, set, "reward", 3, dims, &reward));
    IX_TRY(load(rd, set, "loss", 1, &epochs, &loss));
    IX_TRY(load(rd, set, "accuracy", 1, &epochs, &accuracy));
    for (int64_t i = 0; i < dims[1] * dims[2]; i++)
        IX_NEED(reward[i] == 0, IX_EINPUT, "%s: reward %lld is %g", set, (long long)i, reward[i]);
    IX_NEED(loss[0] == log(2), IX_EINPUT, "%s: the loss is %.17g", set, loss[0]);
    IX_NEED(accuracy[0] == 0.5, IX_EINPUT, "%s: the accuracy is %.17g", set, accuracy[0]);
    IX_NEED(reward[dims[1] * dims[2]] != 0, IX_EINPUT, "%s: nothing was trained", set);
done:
    free(reward);
    free(loss);
    free(accuracy);
    return rc;
}

static ix_status zero(const char *path)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    IX_TRY(ix_reader_open(&rd, path));
    IX_NEED(ix_reader_sets(rd) > 0, IX_EINPUT, "%s: no sets", path);
    for (int i = 0; i < ix_reader_sets(rd); i++) IX_TRY(zero_set(rd, ix_reader_set(rd, i)));
done:
    ix_reader_close(&rd);
    return rc;
}

static ix_status saved(const char *path)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    double *seconds = NULL, *of_these = NULL;
    IX_TRY(ix_reader_open(&rd, path));
    IX_TRY(ix_reader_array(rd, "/reference/seconds", 0, NULL, &seconds));
    IX_TRY(ix_reader_array(rd, "/saved/reference_cache", 0, NULL, &of_these));
    printf("%.17g %.17g\n", *seconds, *of_these);
done:
    ix_reader_close(&rd);
    free(seconds);
    free(of_these);
    return rc;
}

static ix_status judged(const char *path)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    double *reward = NULL, *step = NULL;

    IX_TRY(ix_reader_open(&rd, path));
    for (int i = 0; i < ix_reader_sets(rd); i++) {
        const char *set = ix_reader_set(rd, i);
        int64_t dims[3], epochs;
        IX_TRY(load(rd, set, "reward", 3, dims, &reward));
        IX_TRY(load(rd, set, "step", 1, &epochs, &step));
        printf("%s %lld:", set, (long long)dims[1]);
        for (int64_t e = 0; e < epochs; e++) printf(" %g", step[e]);
        printf("\n");
        free(reward);
        free(step);
        reward = step = NULL;
    }
done:
    ix_reader_close(&rd);
    free(reward);
    free(step);
    return rc;
}

/* The pairs of tests/suite/train.jsonl, test.jsonl and shift.jsonl, two rows each. */
static ix_status forge_file(const char *folder, const char *hash)
{
    static const int64_t rows[] = {2 * 44, 2 * 12, 2 * 9};
    double number[2 * 2 * 44], seconds;
    char warning[IX_CACHE_WARNING];

    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (!ix_cache_read(folder, hash, rows[k], number, &seconds, warning)) continue;
        for (int64_t i = 0; i < 2 * rows[k]; i++) number[i] = nextafter(number[i], 0);
        return ix_cache_write(folder, hash, rows[k], number, seconds);
    }
    return ix_fail(IX_EINPUT, "%s/%s.h5: %s", folder, hash, warning);
}

static ix_status forge(const char *folder)
{
    ix_status rc = IX_OK;
    DIR *dir = opendir(folder);
    int files = 0;

    IX_NEED(dir, IX_EINPUT, "%s: no such folder", folder);
    for (struct dirent *e; (e = readdir(dir));) {
        char hash[IX_HASH_HEX];
        if (strlen(e->d_name) != IX_HASH_HEX - 1 + 3) continue;
        snprintf(hash, sizeof hash, "%.64s", e->d_name);
        IX_TRY(forge_file(folder, hash));
        files++;
    }
    IX_NEED(files, IX_EINPUT, "%s: no files", folder);
done:
    if (dir) closedir(dir);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ix_status count_starts(const ix_ledger_history *h)
{
    ix_status rc = IX_OK;
    const char **name = calloc((size_t)h->count + 1, sizeof *name);
    int n = 0;

    IX_NEED(name, IX_ENOMEM, "no memory");
    for (int i = 0; i < h->count; i++)
        if (h->at[i].event == IX_LEDGER_START) name[n++] = h->at[i].run_id;
    qsort(name, (size_t)n, sizeof *name, by_name);
    for (int i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && !strcmp(name[i], name[i + same]);) same++;
        printf("%s %d\n", name[i], same);
    }
done:
    free(name);
    return rc;
}

static ix_status starts(const char *folder)
{
    ix_status rc = IX_OK;
    ix_found_list found = {0};
    ix_ledger_history history = {0};
    int n = 0;
    const char **path = NULL;

    IX_TRY(ix_results_scan(&found, &folder, 1));
    IX_NEED(path = calloc((size_t)found.count + 1, sizeof *path), IX_ENOMEM, "no memory");
    for (int i = 0; i < found.count; i++)
        if (found.at[i].kind == IX_FOUND_LEDGER) path[n++] = found.at[i].path;
    IX_TRY(ix_ledger_read(&history, path, n));
    IX_TRY(count_starts(&history));
done:
    ix_ledger_free(&history);
    ix_found_free(&found);
    free(path);
    return rc;
}

static ix_status first(const char *path, const char *series, double *out)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    double *x = NULL;
    int64_t steps;
    IX_TRY(ix_reader_open(&rd, path));
    IX_TRY(ix_reader_array(rd, series, 1, &steps, &x));
    IX_NEED(steps > 0, IX_EINPUT, "%s: %s is empty", path, series);
    *out = x[0];
done:
    ix_reader_close(&rd);
    free(x);
    return rc;
}

static ix_status near(const char *one, const char *other)
{
    static const char *const series[] = {"/train/loss", "/train/gradient_norm"};
    static const double within[] = {1e-6, 1e-5};
    ix_status rc = IX_OK;
    double a, b;
    for (int i = 0; i < 2; i++) {
        IX_TRY(first(one, series[i], &a));
        IX_TRY(first(other, series[i], &b));
        IX_NEED(fabs(a - b) <= within[i] * fabs(a), IX_EINPUT, "%s: %.17g and %.17g in %s", series[i], a, b, other);
    }
done:
    return rc;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "near")) {
        ix_status close = near(argv[2], argv[3]);
        if (close != IX_OK) fprintf(stderr, "look: %s\n", ix_message());
        return close == IX_OK ? 0 : 1;
    }
    ix_status rc = argc < 3 ? ix_fail(IX_EINPUT, "see the head of look.c") : IX_OK;
    for (int i = 2; i < argc && rc == IX_OK; i++)
        rc = !strcmp(argv[1], "zero")     ? zero(argv[i])
             : !strcmp(argv[1], "saved")  ? saved(argv[i])
             : !strcmp(argv[1], "forge")  ? forge(argv[i])
             : !strcmp(argv[1], "judged") ? judged(argv[i])
             : !strcmp(argv[1], "starts") ? starts(argv[i])
                                          : ix_fail(IX_EINPUT, "see the head of look.c");
    if (rc != IX_OK) fprintf(stderr, "look: %s\n", ix_message());
    return rc == IX_OK ? 0 : 1;
}
