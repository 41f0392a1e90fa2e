/* SPDX-License-Identifier: Apache-2.0
 *
 * The figures of the specification, to the digits in which it prints them, from the same draws: seed 0. */
#include "check.h"
#include "theory/random.h"

static ix_random_world *world;

static int setup(void **state)
{
    (void)state;
    world = ix_random_world_create(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ix_random_world_destroy(&world);
    return 0;
}

static const ix_sheet *sheet(const ix_claims *c, const char *name)
{
    for (int i = 0; i < c->sheets; i++)
        if (!strcmp(c->sheet[i].name, name)) return &c->sheet[i];
    fail_msg("there is no sheet %s", name);
    return NULL;
}

static const double *row(const ix_sheet *s, const char *name, const char *column)
{
    int c = 0;
    while (c < s->columns && strcmp(s->column[c], column) != 0) c++;
    for (int r = 0; r < s->rows; r++)
        if (c < s->columns && !strcmp(s->row[r], name)) return &s->value[r][c];
    fail_msg("%s has no row %s with %s", s->name, name, column);
    return NULL;
}

static void check_all_hold(const ix_claims *c, int claims)
{
    assert_int_equal(c->claims, claims);
    for (int i = 0; i < c->claims; i++)
        if (c->claim[i].verdict != IX_HOLDS)
            fail_msg("%s: %s: %g %s %g %s", c->claim[i].name, ix_claim_verdict_name(c->claim[i].verdict),
                     c->claim[i].measured, ix_relation_name(c->claim[i].relation), c->claim[i].bound,
                     c->claim[i].reason);
}

/* The figure has these digits when it is printed by that format. */
static void check_digits(double got, const char *format, const char *want)
{
    char text[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, got);
#pragma GCC diagnostic pop
    assert_string_equal(text, want);
}

static void test_theorem1(void **state)
{
    static const struct {
        const char *name, *generated, *ratio, *most;
    } want[] = {{"beta 1, delta 2", "2.412424e-01", "5.847745", "7.389056"},
                {"beta 0.1, delta 0.5", "8.646101e-01", "20.958253", "148.413159"},
                {"beta 0.01, delta 0.02", "2.412424e-01", "5.847745", "7.389056"}};
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_random_theorem1(&c, world));
    check_all_hold(&c, 5);
    const ix_sheet *s = sheet(&c, "theorem1");
    for (int i = 0; i < 3; i++) {
        check_digits(*row(s, want[i].name, "ref(C)"), "%.6e", "4.125392e-02");
        check_digits(*row(s, want[i].name, "pi(C)"), "%.6e", want[i].generated);
        check_digits(*row(s, want[i].name, "least"), "%.6e", want[i].generated);
        check_digits(*row(s, want[i].name, "pi/ref"), "%.6f", want[i].ratio);
        check_digits(*row(s, want[i].name, "most"), "%.6f", want[i].most);
    }
    check_digits(*row(s, "beta 0.01, delta 0.1", "most"), "%.0f", "22026");
    ix_claims_free(&c);
}

static void test_dynamics(void **state)
{
    static const char *const explicit_change[] = {"2.062100550904e-02", "2.062100550904e-03", "2.062100550904e-04",
                                                  "2.062100550904e-05"};
    static const char *const implicit_change[] = {"-2.3331994e-03", "-2.3026449e-04", "-2.2995968e-05",
                                                  "-2.2992921e-06"};
    static const char *const rest[] = {"-0.003394", "-0.003387", "-0.003386", "-0.003386"};
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_random_dynamics(&c, world));
    check_all_hold(&c, 7);
    const ix_sheet *s = sheet(&c, "dynamics");
    assert_true(s->rows == 4 && s->columns == 6);
    for (int i = 0; i < 4; i++) {
        CHECK_NEAR(s->value[i][0], pow(10, -1 - i), 1e-12);
        check_digits(s->value[i][1], "%.12e", explicit_change[i]);
        check_digits(s->value[i][2], "%.12e", explicit_change[i]);
        check_digits(s->value[i][3], "%.7e", implicit_change[i]);
        check_digits(s->value[i][4] / s->value[i][0], "%.10e", "-2.2992582133e-02");
        check_digits(s->value[i][5], "%.6f", rest[i]);
    }
    check_digits(ix_claim_find(&c, "dynamics.rho")->measured, "%.3f", "0.875");
    ix_claims_free(&c);
}

static void test_theorem2(void **state)
{
    static const struct {
        const char *t, *loss[2], *unseen, *cosine, *margin, *seen;
    } want[] = {{"t = 0", {"7.054e-01", "6.931e-01"}, "0.5556", "-0.128106", "-0.4434", "0.5"},
                {"t = 1", {"6.138e-01", "6.168e-01"}, "1.0000", "0.736924", "0.7055", "1"},
                {"t = 10", {"2.539e-01", "2.996e-01"}, "1.0000", "0.849064", "0.8111", "1"},
                {"t = 100", {"3.392e-02", "5.180e-02"}, "1.0000", "0.875329", "0.8401", "1"},
                {"t = 1000", {"3.768e-03", "5.395e-03"}, "1.0000", "0.904366", "0.8730", "1"},
                {"t = 10000", {"4.063e-04", "5.377e-04"}, "1.0000", "0.928094", "0.9006", "1"},
                {"t = 100000", {"4.250e-05", "5.399e-05"}, "1.0000", "0.945615", "0.9215", "1"}};
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_random_theorem2(&c, world, 100000));
    check_all_hold(&c, 17);
    const ix_sheet *s = sheet(&c, "theorem2"), *towards = sheet(&c, "theorem2_direction");
    assert_int_equal(s->rows, 7);
    for (int i = 0; i < 7; i++) {
        check_digits(*row(s, want[i].t, "EX loss"), "%.3e", want[i].loss[0]);
        check_digits(*row(s, want[i].t, "IM loss"), "%.3e", want[i].loss[1]);
        check_digits(*row(s, want[i].t, "EX unseen"), "%.4f", want[i].unseen);
        check_digits(*row(s, want[i].t, "IM seen"), "%g", want[i].seen);
        check_digits(*row(s, want[i].t, "IM unseen"), "%.17g", "0.5");
        check_digits(*row(towards, want[i].t, "max |unseen|"), "%.17g", "0");
        check_digits(*row(towards, want[i].t, "cos(u, u*)"), "%.6f", want[i].cosine);
        check_digits(*row(towards, want[i].t, "margin/best"), "%.4f", want[i].margin);
    }
    const ix_sheet *best = sheet(&c, "max_margin");
    check_digits(*row(best, "EX-RM, u*", "|u*|"), "%.6f", "0.789000");
    check_digits(*row(best, "EX-RM, u*", "margin"), "%.6f", "1.267427");
    check_digits(*row(best, "EX-RM, u*", "support"), "%g", "2");
    ix_claims_free(&c);
}

static void test_below_half(void **state)
{
    static const struct {
        const char *name;
        const char *want[6]; /* IM train, test, unseen, EX train, unseen, mean difference */
    } rows[] = {{"aligned, t = 0", {"0.500", "0.500", "0.500", "0.000", "0.000", "0.0000"}},
                {"aligned, t = 1", {"1.000", "1.000", "0.000", "1.000", "1.000", "-0.0370"}},
                {"aligned, t = 10", {"1.000", "1.000", "0.000", "1.000", "1.000", "-0.3016"}},
                {"aligned, t = 100", {"1.000", "1.000", "0.000", "1.000", "1.000", "-1.0842"}},
                {"aligned, t = 500", {"1.000", "1.000", "0.000", "1.000", "1.000", "-1.5446"}},
                {"aligned, t = 2000", {"1.000", "0.975", "0.050", "1.000", "1.000", "-1.7065"}},
                {"apart, t = 1", {"1.000", "0.875", "0.875", "1.000", "1.000", "0.0003"}},
                {"apart, t = 10", {"1.000", "0.875", "0.875", "1.000", "1.000", "0.0034"}},
                {"apart, t = 100", {"1.000", "0.875", "0.825", "1.000", "1.000", "0.0260"}},
                {"apart, t = 500", {"1.000", "0.850", "0.850", "1.000", "1.000", "0.0718"}},
                {"apart, t = 2000", {"1.000", "0.775", "0.825", "1.000", "1.000", "0.1237"}}};
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_random_below_half(&c, world));
    check_all_hold(&c, 4);
    const ix_sheet *s = sheet(&c, "below_half");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double *got = row(s, rows[i].name, s->column[0]);
        for (int k = 0; k < 6; k++) check_digits(got[k], k < 5 ? "%.3f" : "%.4f", rows[i].want[k]);
    }
    ix_claims_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_theorem1), cmocka_unit_test(test_dynamics),
                                       cmocka_unit_test(test_theorem2), cmocka_unit_test(test_below_half)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
