/* SPDX-License-Identifier: Apache-2.0
 *
 * Time to quality: how long a run takes until the accuracy that its suite asks for is reached for good. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "records.h"

/* The evaluation from which on the accuracy is never again below the target; -1: there is none. */
static int64_t first_held(const double *accuracy, int64_t n, double target)
{
    int64_t e = n;
    while (e > 0 && accuracy[e - 1] >= target) e--;
    return e < n ? e : -1;
}

/* Of one set, the seconds of its evaluations up to number `last`. */
static double evaluated(const ix_reader *rd, const char *set, int64_t last)
{
    double *seconds = NULL, sum = 0;
    int64_t n = 0;
    char *path = ix_format("/eval/%s/seconds", set);
    if (ix_reader_has(rd, path) && ix_reader_array(rd, path, 1, &n, &seconds) == IX_OK)
        for (int64_t e = 0; e < n && e <= last; e++) sum += seconds[e];
    free(seconds);
    free(path);
    return sum;
}

void ix_quality_read(ix_cost *c, const ix_reader *rd, const double *after, int64_t steps)
{
    const char *set = ix_reader_text(rd, "/", "quality_set");
    double target = 0, *accuracy = NULL, *step = NULL;
    int64_t n = 0, m = 0;
    if (!set || !ix_reader_real(rd, "/", "quality_accuracy", &target)) return;
    char *series = ix_format("/eval/%s/accuracy", set), *steps_path = ix_format("/eval/%s/step", set);
    if (ix_reader_has(rd, series) && ix_reader_array(rd, series, 1, &n, &accuracy) == IX_OK &&
        ix_reader_has(rd, steps_path) && ix_reader_array(rd, steps_path, 1, &m, &step) == IX_OK && m == n) {
        int64_t held = first_held(accuracy, n, target), at = held < 0 ? 0 : (int64_t)step[held];
        c->quality = held < 0 ? INFINITY : NAN;
        if (held >= 0 && at <= steps) {
            c->quality = after[at] + (isnan(c->reference) ? 0 : c->reference);
            for (int i = 0; i < ix_reader_sets(rd); i++) c->quality += evaluated(rd, ix_reader_set(rd, i), held);
        }
    }
    free(accuracy);
    free(step);
    free(series);
    free(steps_path);
}
