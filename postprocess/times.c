/* SPDX-License-Identifier: Apache-2.0 */
#include "times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static bool in_step(int phase)
{
    return phase != IX_PHASE_EVALUATE && phase != IX_PHASE_REFERENCE && phase != IX_PHASE_WRITE;
}

static int phase_named(const char *name)
{
    for (int p = 0; p < IX_PHASE_COUNT; p++)
        if (strcmp(name, ix_phase_name((ix_phase)p)) == 0) return p;
    return -1;
}

ix_status ix_times_phases(const ix_reader *rd, const char *path, int64_t phases, int **known)
{
    ix_status rc = IX_OK;
    char **name = NULL;
    int64_t names = 0;

    *known = NULL;
    IX_TRY(ix_reader_texts(rd, path, 1, &names, &name));
    IX_NEED(names == phases, IX_EINPUT, "%s: %s: %lld names of %lld phases", ix_reader_path(rd), path, (long long)names,
            (long long)phases);
    *known = ix_grow(NULL, (size_t)names, sizeof **known);
    for (int64_t k = 0; k < names; k++) (*known)[k] = phase_named(name[k]);
done:
    free(name);
    return rc;
}

/* One rank's seconds of one step. */
typedef struct {
    double step, work, reduce;
} rank_step;

static rank_step sum_rank(const double *seconds, int64_t phases, const int *known)
{
    rank_step sum = {0};
    for (int64_t k = 0; k < phases; k++) {
        if (known[k] < 0 || !in_step(known[k])) continue;
        sum.step += seconds[k];
        *(known[k] == IX_PHASE_REDUCE ? &sum.reduce : &sum.work) += seconds[k];
    }
    return sum;
}

/* Mean and maximum of each phase. */
static void add_phases(ix_times *t, const double *seconds, int64_t ranks, int64_t phases, const int *known)
{
    for (int64_t k = 0; k < phases; k++) {
        double most = 0, sum = 0, there = 0;
        for (int64_t r = 0; r < ranks && known[k] >= 0; r++) {
            double s = seconds[r * phases + k];
            if (isnan(s)) continue;
            there++;
            sum += s;
            most = fmax(most, s);
        }
        if (there == 0) continue;
        t->phase[known[k]] += sum / there;
        t->most[known[k]] += most;
    }
}

double ix_times_add(ix_times *t, const double *seconds, int64_t ranks, int64_t phases, const int *known)
{
    double longest = 0, slowest = 0, work = 0, wait = 0, there = 0;
    add_phases(t, seconds, ranks, phases, known);
    for (int64_t r = 0; r < ranks; r++) {
        rank_step sum = sum_rank(seconds + r * phases, phases, known);
        if (isnan(sum.step)) continue; /* a rank that joined at a later step */
        there++;
        longest = fmax(longest, sum.step);
        slowest = fmax(slowest, sum.work);
        work += sum.work;
    }
    for (int64_t r = 0; r < ranks; r++) {
        rank_step sum = sum_rank(seconds + r * phases, phases, known);
        if (!isnan(sum.step)) wait += fmin(sum.reduce, slowest - sum.work);
    }
    t->step += longest;
    t->most_work += slowest;
    t->work += there > 0 ? work / there : 0;
    t->wait += there > 0 ? wait / there : 0;
    return longest;
}

double ix_times_imbalance(const ix_times *t)
{
    return t->work > 0 ? t->most_work / t->work : NAN;
}

double ix_times_uneven(const ix_times *t, int phase)
{
    return t->phase[phase] > 0 ? t->most[phase] / t->phase[phase] : NAN;
}
