/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is named when, on a thousand ranks: the rules of the watchdog without processes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "comm/verdict.h"

enum { RANKS = 1024, EACH = 128 };
#define LIMIT 60.0
#define GRACE 5.0

static ix_watched all[RANKS];

/* Every rank is heard and computes. */
static void fresh(void)
{
    for (int r = 0; r < RANKS; r++) {
        all[r] = (ix_watched){.pid = 4000 + r, .step = r % 2 ? 12 : -1, .what = "forward", .silent = 1};
        snprintf(all[r].host, sizeof all[r].host, "node%d", r / EACH);
    }
}

static ix_verdict judge(void)
{
    return ix_verdict_of(all, RANKS, LIMIT, GRACE);
}

static void expect(ix_verdict_kind kind, int rank, int more, const char *text)
{
    char line[512];
    ix_verdict v = judge();
    assert_int_equal(v.kind, kind);
    assert_int_equal(v.rank, rank);
    if (kind == IX_ALL_WELL) return;
    assert_int_equal(v.more, more);
    ix_verdict_text(line, sizeof line, &v, all);
    assert_string_equal(line, text);
}

static void nobody(void **state)
{
    (void)state;
    fresh();
    expect(IX_ALL_WELL, -1, 0, NULL);
    for (int r = 0; r < RANKS; r++) all[r].still = 1000; /* all do nothing, and none waits for another */
    expect(IX_ALL_WELL, -1, 0, NULL);
    fresh();
    for (int r = 1; r < RANKS; r++) { /* all wait for one that works */
        all[r].waits = true;
        all[r].still = 1000;
    }
    expect(IX_ALL_WELL, -1, 0, NULL);
    for (int r = 0; r < RANKS; r++) all[r].left = all[r].broken = true, all[r].silent = 1e6;
    expect(IX_ALL_WELL, -1, 0, NULL);
}

static void silent(void **state)
{
    (void)state;
    fresh();
    all[3].silent = LIMIT - 0.5;
    expect(IX_ALL_WELL, -1, 0, NULL);
    all[3].silent = LIMIT;
    expect(IX_SILENT, 3, 0, "rank 3 on node0 (pid 4003) has not answered for 60 s (was last in: forward, step 12)");
    for (int r = 2 * EACH; r < 3 * EACH; r++) all[r].silent = 61;
    all[3].silent = 0;
    expect(IX_SILENT, 256, 127,
           "rank 256 on node2 (pid 4256), and 127 more have not answered for 61 s (was last in: forward)");
}

static void gone(void **state)
{
    (void)state;
    fresh();
    all[5].broken = true;
    all[5].silent = GRACE - 1;
    expect(IX_ALL_WELL, -1, 0, NULL);
    all[5].silent = GRACE;
    all[4].silent = LIMIT; /* what is certain goes first */
    expect(IX_GONE, 5, 0, "rank 5 on node0 (pid 4005) is gone (was last in: forward, step 12)");
}

static void stuck(void **state)
{
    (void)state;
    fresh();
    all[8].still = LIMIT + 2;
    expect(IX_ALL_WELL, -1, 0, NULL);
    all[900].waits = true;
    expect(IX_STUCK, 8, 0, "rank 8 on node0 (pid 4008) has not moved for 62 s (was last in: forward)");
    all[900].left = true; /* it waits no more */
    expect(IX_ALL_WELL, -1, 0, NULL);
}

static void lost(void **state)
{
    (void)state;
    fresh();
    for (int r = 0; r < RANKS; r++) all[r].waits = true, all[r].still = LIMIT;
    all[700].still = LIMIT - 1;
    expect(IX_ALL_WELL, -1, 0, NULL);
    all[700].still = LIMIT;
    expect(IX_LOST, 0, 1023, "all ranks have waited for each other for 60 s (rank 0 on node0, pid 4000, in: forward)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody), cmocka_unit_test(silent), cmocka_unit_test(gone),
                                       cmocka_unit_test(stuck), cmocka_unit_test(lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
