/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "theory/claims.h"

static void test_verdicts(void **state)
{
    static const struct {
        double measured;
        ix_relation relation;
        double bound;
        ix_claim_verdict want;
    } row[] = {{1, IX_AT_MOST, 1, IX_HOLDS},      {1.1, IX_AT_MOST, 1, IX_FAILS}, {1, IX_AT_LEAST, 1, IX_HOLDS},
               {0.9, IX_AT_LEAST, 1, IX_FAILS},   {1, IX_BELOW, 1, IX_FAILS},     {0.9, IX_BELOW, 1, IX_HOLDS},
               {1, IX_ABOVE, 1, IX_FAILS},        {1.1, IX_ABOVE, 1, IX_HOLDS},   {0, IX_EXACTLY, 0, IX_HOLDS},
               {1e-300, IX_EXACTLY, 0, IX_FAILS}, {NAN, IX_AT_MOST, 1, IX_FAILS}, {NAN, IX_ABOVE, 0, IX_FAILS},
               {NAN, IX_EXACTLY, NAN, IX_FAILS},  {1, IX_AT_MOST, NAN, IX_FAILS}};
    const int n = sizeof row / sizeof *row;
    ix_claims c = {0};
    (void)state;
    for (int i = 0; i < n; i++) ix_claim_state(&c, "a", "b", row[i].measured, row[i].relation, row[i].bound);
    assert_int_equal(c.claims, n);
    for (int i = 0; i < n; i++) assert_int_equal(c.claim[i].verdict, row[i].want);
    ix_claim_skip(&c, "none", "no claim", "because of %d", 7);
    const ix_claim *none = ix_claim_find(&c, "none");
    assert_string_equal(ix_claim_verdict_name(none->verdict), "NOT APPLICABLE");
    assert_string_equal(none->reason, "because of 7");
    assert_true(isnan(none->measured) && isnan(none->bound));
    assert_null(ix_claim_find(&c, "nobody"));
    ix_claims_free(&c);
    assert_int_equal(c.claims, 0);
}

static void test_long_texts_are_cut(void **state)
{
    char text[2000];
    ix_claims c = {0};
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    ix_claim_skip(&c, text, text, "%s", text);
    assert_int_equal(strlen(c.claim[0].name), sizeof c.claim[0].name - 1);
    assert_int_equal(strlen(c.claim[0].statement), sizeof c.claim[0].statement - 1);
    assert_int_equal(strlen(c.claim[0].reason), sizeof c.claim[0].reason - 1);
    ix_claims_free(&c);
}

/* Two lists, packed one after the other, are the list of both. */
static void test_lists_travel(void **state)
{
    static const char *const columns[] = {"x", "y"};
    ix_claims a = {0}, all = {0};
    void *bytes;
    size_t size;
    (void)state;
    ix_claim_state(&a, "first", "is first", 1, IX_ABOVE, 0);
    ix_sheet *s = ix_claims_sheet(&a, "numbers", "two of them", columns, 2);
    ix_sheet_row(s, "both", (double[]){1, 2}, 2);
    ix_sheet_row(s, "one", (double[]){3}, 1);
    for (int i = 0; i < 2; i++) {
        ix_claims_pack(&a, &bytes, &size);
        ix_claims_append(&all, bytes, size);
        free(bytes);
    }
    assert_true(all.claims == 2 && all.sheets == 2);
    assert_string_equal(all.claim[1].statement, "is first");
    const ix_sheet *got = &all.sheet[1];
    assert_true(got->rows == 2 && got->columns == 2 && got->value[0][1] == 2 && got->value[1][0] == 3);
    assert_true(isnan(got->value[1][1]));
    assert_string_equal(got->row[1], "one");
    assert_string_equal(got->column[1], "y");
    ix_claims_free(&a);
    ix_claims_pack(&a, &bytes, &size);
    ix_claims_append(&all, bytes, size);
    free(bytes);
    assert_true(all.claims == 2 && all.sheets == 2);
    ix_claims_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts), cmocka_unit_test(test_long_texts_are_cut),
                                       cmocka_unit_test(test_lists_travel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
