/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the premises of a statement are not met it is not claimed, and where a statement is false it fails. */
#include "base/random.h"
#include "check.h"
#include "theory/descent.h"
#include "theory/dynamics.h"
#include "theory/random.h"
#include "theory/vectors.h"

enum { D = 6, N = 30, TOKENS = 4 }; /* tokens 0, 1 are trained on */

typedef struct {
    double state[3 * N][D], u[D], U[TOKENS][D];
    ix_single train[N], other[N];
} problem;

/* Differences that point all ways (shift 0), or one way. */
static ix_descent make(problem *p, double shift)
{
    for (int i = 0; i < 3 * N; i++)
        for (int j = 0; j < D; j++)
            p->state[i][j] =
                ix_draw_normal(5, IX_DRAW_TEST, (uint64_t)(i * D + j)) + (i % 3 == 1 && j == 0 ? shift : 0);
    for (int i = 0; i < N; i++) {
        double(*s)[D] = &p->state[3 * i];
        p->train[i] = (ix_single){s[0], {s[1], s[2]}, {0, 1}};
        p->other[i] = (ix_single){s[0], {s[1], s[2]}, {2, 3}};
    }
    for (int j = 0; j < TOKENS * D; j++) p->U[j / D][j % D] = ix_draw_normal(6, IX_DRAW_TEST, (uint64_t)j);
    return (ix_descent){.d = D,
                        .tokens = TOKENS,
                        .train = {p->train, N},
                        .unseen = {p->other, N},
                        .u = p->u,
                        .U = (const double *)p->U,
                        .beta = 0.5,
                        .steps = 100};
}

static ix_claim_verdict verdict(const ix_claims *c, const char *name)
{
    const ix_claim *k = ix_claim_find(c, name);
    if (!k) fail_msg("no claim %s", name);
    return k->verdict;
}

static void test_not_separable(void **state)
{
    problem p = {0};
    ix_descent d = make(&p, 0);
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theorem2(&c, &d));
    assert_int_equal(verdict(&c, "theorem2.fits.ex_rm"), IX_NOT_APPLICABLE);
    assert_int_equal(verdict(&c, "theorem2.separator"), IX_NOT_APPLICABLE);
    assert_int_equal(verdict(&c, "theorem2.falls.ex_rm"), IX_HOLDS);
    assert_int_equal(verdict(&c, "theorem2.unseen"), IX_HOLDS);
    assert_non_null(strstr(ix_claim_find(&c, "theorem2.separator")->reason, "cannot be separated"));
    ix_claims_free(&c);
}

static void test_too_few_steps(void **state)
{
    problem p = {0};
    ix_descent d = make(&p, 9);
    ix_claims c = {0};
    (void)state;
    CHECK_OK(ix_theorem2(&c, &d));
    assert_int_equal(verdict(&c, "theorem2.separator"), IX_HOLDS);
    assert_int_equal(verdict(&c, "theorem2.growth"), IX_NOT_APPLICABLE);
    assert_int_equal(verdict(&c, "theorem2.constant.ex_rm"), IX_NOT_APPLICABLE);
    assert_int_equal(verdict(&c, "theorem2.half_unseen"), IX_NOT_APPLICABLE);
    ix_claims_free(&c);
}

/* Pairs that are called unseen and were trained on: the exact zero is gone, and it says so. */
static void test_false_claims_fail(void **state)
{
    problem p = {0};
    ix_descent d = make(&p, 9);
    ix_claims c = {0};
    (void)state;
    d.unseen = d.train;
    d.whole = true;
    CHECK_OK(ix_theorem2(&c, &d));
    assert_int_equal(verdict(&c, "theorem2.unseen"), IX_FAILS);
    assert_int_equal(verdict(&c, "theorem2.half"), IX_FAILS);
    assert_int_equal(verdict(&c, "theorem2.whole_softmax"), IX_FAILS);
    ix_claims_free(&c);
}

/* Steps far beyond what a first order can tell. */
static void test_large_steps(void **state)
{
    double h[9 * D], U[TOKENS * D], u[D];
    int32_t token[] = {0, 1, 2, 3};
    for (int i = 0; i < 9 * D; i++) h[i] = ix_draw_normal(7, IX_DRAW_TEST, (uint64_t)i);
    for (int i = 0; i < TOKENS * D; i++) U[i] = ix_draw_normal(8, IX_DRAW_TEST, (uint64_t)i);
    for (int i = 0; i < D; i++) u[i] = 0.1;
    ix_response other = {token, h + 6 * D, 2, "other"};
    ix_dynamics p = {.U = {.wide = U, .V = TOKENS, .d = D},
                     .u = u,
                     .beta = 1,
                     .trained = {{token, h, 2, "y+"}, {token + 2, h + 3 * D, 2, "y-"}},
                     .own_reference = true,
                     .other = &other,
                     .others = 1};
    ix_claims c = {0};
    (void)state;
    ix_learning_dynamics(&c, &p);
    assert_int_equal(verdict(&c, "dynamics.im_rm"), IX_HOLDS);
    p.rate = 1e6;
    ix_claims_free(&c);
    ix_learning_dynamics(&c, &p);
    assert_int_equal(verdict(&c, "dynamics.im_rm"), IX_FAILS);
    assert_int_equal(verdict(&c, "dynamics.ex_rm"), IX_HOLDS); /* linear: any step */
    ix_claims_free(&c);
}

/* Theorems do not depend on the draw. */
static void test_other_seeds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        ix_claims c = {0};
        ix_random_world *w = ix_random_world_create(seed);
        CHECK_OK(ix_random_theorem1(&c, w));
        CHECK_OK(ix_random_dynamics(&c, w));
        CHECK_OK(ix_random_theorem2(&c, w, 20000));
        for (int i = 0; i < c.claims; i++)
            if (c.claim[i].verdict == IX_FAILS)
                fail_msg("seed %d: %s: %g, bound %g", (int)seed, c.claim[i].name, c.claim[i].measured,
                         c.claim[i].bound);
        assert_int_equal(verdict(&c, "theorem2.unseen"), IX_HOLDS);
        ix_claims_free(&c);
        ix_random_world_destroy(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_not_separable), cmocka_unit_test(test_too_few_steps),
                                       cmocka_unit_test(test_false_claims_fail), cmocka_unit_test(test_large_steps),
                                       cmocka_unit_test(test_other_seeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
