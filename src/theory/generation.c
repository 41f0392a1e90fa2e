/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/generation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "theory/vectors.h"

typedef struct {
    const double *reference;
    const bool *correct;
    int64_t n;
    double p; /* reference(C) */
    double *policy;
} world;

static const struct {
    double beta, delta;
} cases[] = {{1, 2}, {0.1, 0.5}, {0.01, 0.02}, {0.01, 0.1}};
enum { CASES = sizeof cases / sizeof *cases, VERIFIERS = 1000 };

static double mass(const world *w, const double *of)
{
    double sum = 0;
    for (int64_t y = 0; y < w->n; y++)
        if (w->correct[y]) sum += of[y];
    return sum;
}

static void construct(world *w, double k)
{
    double z = 1 + (k - 1) * w->p;
    for (int64_t y = 0; y < w->n; y++) w->policy[y] = w->reference[y] * (w->correct[y] ? k : 1) / z;
}

/* min over C less max over the rest of beta ln(pi / reference). */
static double margin(const world *w, double beta)
{
    double least = INFINITY, most = -INFINITY;
    for (int64_t y = 0; y < w->n; y++) {
        double r = beta * log(w->policy[y] / w->reference[y]);
        if (w->correct[y]) least = fmin(least, r);
        else most = fmax(most, r);
    }
    return least - most;
}

/* Another verifier: right responses gain delta + |noise|, wrong ones lose |noise|; noise as large as the margin. */
static void draw_verifier(world *w, double beta, double delta, uint64_t seed, uint64_t draw)
{
    for (int64_t y = 0; y < w->n; y++) {
        uint64_t index = draw * (uint64_t)w->n + (uint64_t)y;
        double noise = delta * fabs(ix_draw_normal(seed, IX_DRAW_SAMPLE, index));
        double reward = w->correct[y] ? delta + noise : -noise;
        w->policy[y] = log(w->reference[y]) + reward / beta;
    }
    ix_softmax(w->policy, w->policy, w->n);
}

/* Least pi(C) over the drawn verifiers, in parts of the bound. */
static double least_generation(world *w, double beta, double delta, double lower, uint64_t seed)
{
    double least = INFINITY;
    for (int i = 0; i < VERIFIERS; i++) {
        draw_verifier(w, beta, delta, seed, (uint64_t)i);
        least = fmin(least, mass(w, w->policy) / lower);
    }
    return least;
}

typedef struct {
    double margin, ratio, tight, converse; /* worst over the cases */
} worst;

static void try_case(world *w, ix_sheet *sheet, worst *all, int i, uint64_t seed)
{
    double beta = cases[i].beta, delta = cases[i].delta, k = exp(delta / beta);
    double lower = k * w->p / (1 + (k - 1) * w->p);
    char name[64];

    construct(w, k);
    double m = margin(w, beta), generated = mass(w, w->policy);
    double converse = least_generation(w, beta, delta, lower, seed);
    snprintf(name, sizeof name, "beta %g, delta %g", beta, delta);
    ix_sheet_row(sheet, name, (double[]){delta / beta, w->p, generated, lower, generated / w->p, k, converse * lower},
                 7);
    all->margin = fmax(all->margin, fabs(m - delta) / delta);
    all->ratio = fmax(all->ratio, generated / (k * w->p));
    all->tight = fmax(all->tight, fabs(generated - lower) / lower);
    all->converse = fmin(all->converse, converse);
}

void ix_theorem1(ix_claims *out, const double *reference, const bool *correct, int64_t n, uint64_t seed)
{
    static const char *const columns[] = {"nats", "ref(C)", "pi(C)", "least", "pi/ref", "most", "others"};
    world w = {.reference = reference, .correct = correct, .n = n, .policy = ix_reals(n)};
    worst all = {.converse = INFINITY};

    w.p = mass(&w, reference);
    IX_CONTRACT(w.p > 0 && w.p < 1);
    ix_sheet *sheet = ix_claims_sheet(
        out, "theorem1",
        "A verifier with margin delta, in nats delta / beta, and what it generates: at least k p / (1 + "
        "(k - 1) p), at most k p, with p = ref(C) and k = exp(delta / beta). Last: the "
        "least pi(C) of 1,000 other verifiers with that margin.",
        columns, 7);
    for (int i = 0; i < CASES; i++) try_case(&w, sheet, &all, i, seed);
    ix_claim_state(out, "theorem1.margin",
                   "The construction is a verifier with margin exactly delta (largest relative error).", all.margin,
                   IX_AT_MOST, 1e-12);
    ix_claim_state(out, "theorem1.generation",
                   "Its policy generates correct responses at most exp(delta / beta) times as often as the reference "
                   "(largest part of that).",
                   all.ratio, IX_AT_MOST, 1);
    ix_claim_state(out, "theorem1.tight",
                   "It generates exactly k p / (1 + (k - 1) p) of them (largest relative error).", all.tight,
                   IX_AT_MOST, 1e-12);
    ix_claim_state(out, "theorem1.converse",
                   "No verifier with that margin generates fewer (least of 1,000 others, in parts of it).",
                   all.converse, IX_AT_LEAST, 1);
    free(w.policy);
}

void ix_corollary1(ix_claims *out)
{
    static const char *const columns[] = {"ref(C)", "factor", "pi(C)", "degree"};
    double before = 0, least = INFINITY;
    char name[64];
    ix_sheet *sheet = ix_claims_sheet(out, "corollary1",
                                      "ref(C) = 2^-n and margin delta = beta ln n: pi(C) = n^-degree. A polynomial "
                                      "bound on 1 / pi(C) would need a degree that does not grow.",
                                      columns, 4);
    for (int n = 8; n <= 512; n *= 2) {
        double p = ldexp(1, -n), policy = n * p / (1 + (n - 1) * p), degree = -log(policy) / log(n);
        snprintf(name, sizeof name, "n = %d", n);
        ix_sheet_row(sheet, name, (double[]){p, n, policy, degree}, 4);
        if (before > 0) least = fmin(least, degree / before);
        before = degree;
    }
    ix_claim_state(out, "corollary1",
                   "With a margin of beta ln n a verifier over a reference of 2^-n stays no efficient generator: the "
                   "degree grows with every doubling of n (least factor).",
                   least, IX_ABOVE, 1);
}
