/* SPDX-License-Identifier: Apache-2.0
 *
 * Amounts of memory as people write them. */
#include "base/bytes.h"

#include "check.h"

static void sizes_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *again;
        int64_t bytes;
    } good[] = {
        {"1MiB", "1MiB", 1 << 20},     {"3GiB", "3GiB", INT64_C(3) << 30}, {"1.5TiB", "1536GiB", INT64_C(3) << 39},
        {"0.5GiB", "512MiB", 1 << 29}, {"1024MiB", "1GiB", 1 << 30},       {"1.0000001GiB", "1GiB", 1 << 30}};
    static const char *const bad[] = {"",     "3",      "GiB",    "3 GiB",   "3GB",  "-3GiB",
                                      "0GiB", "0.5MiB", "nanGiB", "1e30GiB", "3GiBs"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t bytes = 0;
        char text[IX_BYTES];
        assert_true(ix_bytes_read(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
        assert_string_equal(ix_bytes_write(text, bytes), good[i].again);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t bytes = 7;
        assert_false(ix_bytes_read(bad[i], &bytes));
        assert_int_equal(bytes, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes_are_read_and_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
