/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of a run: its stages add up to the whole, what stands apart is in none, and the first step ends it. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/start.h"
#include "check.h"

#define SHORT 20000 /* microseconds */

static double sum(const ix_start *s)
{
    double all = 0;
    for (int i = 0; i < IX_STAGE_COUNT; i++) all += s->spent[i];
    return all;
}

static void every_moment_has_one_stage(void **state)
{
    ix_start s;
    double begun = ix_seconds();
    (void)state;
    ix_start_begin(&s);
    assert_true(s.spent[IX_STAGE_LAUNCH] >= 0 && s.spent[IX_STAGE_LAUNCH] < 3600);
    double launch = s.spent[IX_STAGE_LAUNCH], apart;
    ix_stage before = ix_start_enter(&s, IX_STAGE_DATA);
    assert_int_equal(before, IX_STAGE_OTHER);
    usleep(SHORT);
    assert_int_equal(ix_start_enter(&s, IX_STAGE_CHECKSUM), IX_STAGE_DATA);
    usleep(SHORT);
    assert_int_equal(ix_start_enter(&s, IX_STAGE_APART), IX_STAGE_CHECKSUM);
    apart = ix_seconds();
    usleep(SHORT);
    apart = ix_seconds() - apart;
    assert_int_equal(ix_start_enter(&s, before), IX_STAGE_APART);
    ix_start_end(&s);
    double whole = ix_seconds() - begun;
    assert_true(s.spent[IX_STAGE_DATA] >= 1e-6 * SHORT && s.spent[IX_STAGE_CHECKSUM] >= 1e-6 * SHORT);
    assert_true(sum(&s) - launch <= whole - 1e-6 * SHORT);
    assert_true(sum(&s) - launch + apart <= whole);
}

static void nothing_counts_after_the_first_step(void **state)
{
    ix_start s, ended;
    (void)state;
    ix_start_begin(&s);
    ix_start_end(&s);
    ended = s;
    assert_int_equal(ix_start_enter(&s, IX_STAGE_DATA), IX_STAGE_APART);
    usleep(SHORT);
    ix_start_end(&s);
    assert_memory_equal(s.spent, ended.spent, sizeof s.spent);
    ix_start_again(&s);
    assert_false(s.over);
    assert_true(sum(&s) == 0);
}

static void nobody_need_want_to_know(void **state)
{
    (void)state;
    assert_int_equal(ix_start_enter(NULL, IX_STAGE_DATA), IX_STAGE_APART);
    ix_start_end(NULL);
    ix_start_again(NULL);
}

static void stages_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < IX_STAGE_COUNT; i++)
        for (int j = 0; j < i; j++) assert_string_not_equal(ix_stage_name((ix_stage)i), ix_stage_name((ix_stage)j));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_moment_has_one_stage),
        cmocka_unit_test(nothing_counts_after_the_first_step),
        cmocka_unit_test(nobody_need_want_to_know),
        cmocka_unit_test(stages_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
