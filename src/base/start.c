/* SPDX-License-Identifier: Apache-2.0 */
#include "base/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static const char *const names[] = {
#define P(name, text) text,
    IX_STAGES(P)
#undef P
};

const char *ix_stage_name(ix_stage stage)
{
    return names[stage];
}

/* Seconds since the process was born, to the kernel's hundredths; 0 where it does not say. The birth is the 22nd field
 * of its line; the second is the name, which may hold anything but ends with the last ")". */
static double process_age(void)
{
    enum { BIRTH = 22 };
    char line[1024], *at;
    struct timespec now;
    FILE *fp = fopen("/proc/self/stat", "r");
    bool read = fp && fgets(line, sizeof line, fp);

    if (fp) fclose(fp);
    if (!read || !(at = strrchr(line, ')')) || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
    for (int field = 2; at && field < BIRTH; field++) at = strchr(at + 1, ' ');
    if (!at) return 0;
    double born = strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK);
    double age = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - born;
    return age > 0 ? age : 0;
}

void ix_start_begin(ix_start *s)
{
    *s = (ix_start){.since = ix_seconds(), .stage = IX_STAGE_OTHER};
    s->spent[IX_STAGE_LAUNCH] = process_age();
}

void ix_start_again(ix_start *s)
{
    if (s) *s = (ix_start){.since = ix_seconds(), .stage = IX_STAGE_OTHER};
}

ix_stage ix_start_enter(ix_start *s, ix_stage stage)
{
    if (!s || s->over) return IX_STAGE_APART;
    ix_stage before = s->stage;
    double now = ix_seconds();
    if (before != IX_STAGE_APART) s->spent[before] += now - s->since;
    s->since = now;
    s->stage = stage;
    return before;
}

void ix_start_end(ix_start *s)
{
    if (!s) return;
    ix_start_enter(s, IX_STAGE_APART);
    s->over = true;
}
