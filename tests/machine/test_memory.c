/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "machine/memory.h"

/* Judging and training do not need their memory at the same time. */
static void the_larger_time_counts(void **state)
{
    (void)state;
    ix_memory m = {.weights = 100, .gradients = 50, .moments = 20, .activations = 8, .logits = 4, .scratch = 2};
    m.judging = 30;
    m.texts = 1000;
    m.program = 10000;
    assert_int_equal(ix_memory_peak(&m, true), 11184);
    assert_int_equal(ix_memory_peak(&m, false), 11130);
    m.judging = 90;
    assert_int_equal(ix_memory_peak(&m, true), 11190);
}

static void programs_grow(void **state)
{
    (void)state;
    assert_true(ix_memory_program(1, 1) < ix_memory_program(1, 2));
    assert_true(ix_memory_program(1, 1) < ix_memory_program(2, 1));
    assert_true(ix_memory_program(1, 1) > (10 << 20) && ix_memory_program(64, 8) < (size_t)1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_larger_time_counts), cmocka_unit_test(programs_grow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
