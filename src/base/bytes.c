/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const units[] = {"MiB", "GiB", "TiB"};
enum { UNITS = 3 };

static int64_t unit(int i)
{
    return INT64_C(1) << (20 + 10 * i);
}

bool ix_bytes_read(const char *text, int64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9') return false;
    double n = strtod(text, &end);
    for (int i = 0; i < UNITS; i++) {
        double bytes = n * (double)unit(i);
        if (strcmp(end, units[i]) != 0 || !(bytes >= (double)unit(0) && bytes < 1e18)) continue;
        *out = (int64_t)bytes / unit(0) * unit(0);
        return true;
    }
    return false;
}

const char *ix_bytes_write(char out[IX_BYTES], int64_t bytes)
{
    int i = UNITS - 1;
    while (i > 0 && bytes % unit(i) != 0) i--;
    snprintf(out, IX_BYTES, "%lld%s", (long long)(bytes / unit(i)), units[i]);
    return out;
}
