/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/probe.h"

#include <unistd.h>

#include "check.h"

static void products_have_a_rate(void **state)
{
    (void)state;
    double flops = 0;
    CHECK_OK(ix_probe_gemm(&flops, 64, 96, 32, 0));
    assert_true(isfinite(flops) && flops > 1e3);
    CHECK_OK(ix_probe_gemm(&flops, 1, 1, 1, 0)); /* the smallest shape is one, too */
    assert_true(isfinite(flops) && flops > 0);
}

static void other_rates(void **state)
{
    (void)state;
    double rate[IX_WAYS], bytes, small;
    CHECK_OK(ix_probe_product(rate, 33, 65, 17, 0));
    for (int way = 0; way < IX_WAYS; way++) assert_true(isfinite(rate[way]) && rate[way] > 1e3);
    CHECK_OK(ix_probe_product(rate, 1, INT64_C(1) << 40, 1 << 24, 0)); /* cut to 64 MiB */
    CHECK_OK(ix_probe_triad(&bytes, 0));
    assert_true(isfinite(bytes) && bytes > 1e6);
    CHECK_OK(ix_probe_files("probed", &bytes, &small));
    assert_true(isfinite(bytes) && bytes > 1e3 && small > 0);
    assert_int_equal(rmdir("probed"), 0); /* nothing is left in it */
    CHECK_FAILS(ix_probe_files("/proc/none", &bytes, &small), IX_EIO, "/proc/none");
}

static void no_memory_is_said(void **state)
{
    (void)state;
    double flops = 1;
    CHECK_FAILS(ix_probe_gemm(&flops, 1, 1, INT64_C(1) << 49, 0), IX_ENOMEM, "out of memory");
}

static void machine_is_described(void **state)
{
    (void)state;
    char name[64], cut[4];
    assert_true(ix_probe_cores() >= 1);
    ix_cores mine, none = {{0}}, other = {{0x05, [IX_CORES_BYTES - 1] = 0x80}}, more = {{0x03}};
    ix_probe_core_set(&mine);
    assert_int_equal(ix_cores_together((const ix_cores *[]){&mine, &mine, &none}, 3), ix_probe_cores());
    assert_int_equal(ix_cores_together((const ix_cores *[]){&other, &more}, 2), 4);
    assert_true(ix_probe_memory() > (1 << 20));
    ix_probe_cpu(name, sizeof name);
    assert_true(strlen(name) > 0 && !strchr(name, '\n'));
    ix_probe_cpu(cut, sizeof cut);
    assert_int_equal(strlen(cut), strlen(name) < 3 ? strlen(name) : 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_have_a_rate),
        cmocka_unit_test(other_rates),
        cmocka_unit_test(no_memory_is_said),
        cmocka_unit_test(machine_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
