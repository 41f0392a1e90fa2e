/* SPDX-License-Identifier: Apache-2.0 */
#include <omp.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/random.h"
#include "base/span.h"
#include "check.h"

/* splitmix64 of seed 1; MT19937 of seed 5489, whose 10,000th number is the standard's (C++ [rand.predef]). */
static void generators_are_the_published_ones(void **state)
{
    ix_splitmix s = {1};
    ix_torch_rng g;
    uint32_t last = 0;
    (void)state;
    assert_true(ix_splitmix_next(&s) == 0x910a2dec89025cc1u);
    assert_true(ix_splitmix_next(&s) == 0xbeeb8da1658eec67u);
    assert_true(ix_splitmix_next(&s) == 0xf893a2eefb32555eu);
    ix_torch_seed(&g, 5489);
    for (int i = 0; i < 10000; i++) last = ix_torch_next(&g);
    assert_true(last == 4123659995u);
}

static void permutations_are_torchs(void **state)
{
    /* torch.randperm(80, generator=torch.Generator().manual_seed(1000))[:6] */
    static const int64_t want[] = {67, 52, 59, 49, 79, 4};
    int64_t order[80], seen[80] = {0};
    ix_torch_rng g;
    (void)state;
    ix_torch_seed(&g, 1000);
    ix_torch_randperm(&g, 80, order);
    assert_memory_equal(order, want, sizeof want);
    for (int i = 0; i < 80; i++) seen[order[i]]++;
    for (int i = 0; i < 80; i++) assert_int_equal(seen[i], 1);
}

/* Mean, deviation and symmetry of 100,000 draws; other purposes and seeds give other numbers. */
static void counter_draws_are_normal(void **state)
{
    double sum = 0, squares = 0, cubes = 0, n = 100000;
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        double x = ix_draw_normal(7, IX_DRAW_TEST, i), u = ix_draw_uniform(7, IX_DRAW_TEST, i);
        sum += x;
        squares += x * x;
        cubes += x * x * x;
        assert_true(u >= 0 && u < 1);
    }
    CHECK_NEAR(sum / n, 0, 0.015);
    CHECK_NEAR(squares / n, 1, 0.02);
    CHECK_NEAR(cubes / n, 0, 0.06);
    assert_true(ix_draw_bits(7, IX_DRAW_HEAD, 3) != ix_draw_bits(7, IX_DRAW_ROWS, 3));
    assert_true(ix_draw_bits(7, IX_DRAW_HEAD, 3) != ix_draw_bits(8, IX_DRAW_HEAD, 3));
    assert_true(ix_draw_bits(7, IX_DRAW_HEAD, 3) == ix_draw_bits(7, IX_DRAW_HEAD, 3));
}

/* The hashes of 16 MiB pieces in place of the bytes, whatever the number of threads. */
static void large_hashes_are_of_pieces(void **state)
{
    const size_t piece = (size_t)16 << 20, size = 2 * piece + 5;
    unsigned char *bytes = malloc(size);
    char part[IX_HASH_HEX], want[IX_HASH_HEX], got[IX_HASH_HEX];
    const int before = omp_get_max_threads();
    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i >> 9 ^ i);
    ix_hash *h = ix_hash_begin();
    for (size_t at = 0; at < size; at += piece) {
        ix_hash_bytes(bytes + at, size - at < piece ? size - at : piece, part);
        ix_hash_add_text(h, part);
    }
    ix_hash_end(h, want);
    for (int threads = 1; threads <= 4; threads += 3) {
        omp_set_num_threads(threads);
        h = ix_hash_begin();
        ix_hash_add_large(h, bytes, size);
        ix_hash_end(h, got);
        assert_string_equal(got, want);
    }
    omp_set_num_threads(before);
    free(bytes);
}

static void splits_cover_everything(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 40; n++)
        for (int parts = 1; parts < 9; parts++) {
            int64_t at = 0;
            for (int i = 0; i < parts; i++) {
                ix_span s = ix_split(n, parts, i);
                assert_true(s.lo == at && ix_span_size(s) >= n / parts && ix_span_size(s) <= n / parts + 1);
                at = s.hi;
            }
            assert_int_equal(at, n);
        }
}

static void hashes_are_sha256(void **state)
{
    char hex[IX_HASH_HEX], other[IX_HASH_HEX];
    (void)state;
    ix_hash_bytes("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, "a");
    ix_hash_add_text(h, "b");
    ix_hash_end(h, hex);
    h = ix_hash_begin();
    ix_hash_add_text(h, "ab");
    ix_hash_add_text(h, "");
    ix_hash_end(h, other);
    assert_string_not_equal(hex, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generators_are_the_published_ones), cmocka_unit_test(permutations_are_torchs),
        cmocka_unit_test(counter_draws_are_normal),          cmocka_unit_test(large_hashes_are_of_pieces),
        cmocka_unit_test(splits_cover_everything),           cmocka_unit_test(hashes_are_sha256)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
