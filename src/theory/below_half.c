/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/below_half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "theory/vectors.h"

enum { D = 16, V = 8, TRAIN = 12, TEST = 40, ALL = TRAIN + TEST, STEPS = 2000, DRAWS = 16, MEAN_STEPS = 100 };
static const double BETA = 0.5, STEP = 0.5;
static const int64_t moments[] = {0, 1, 10, 100, 500, STEPS};

/* Two tokens each: a prefix, and what decides. */
typedef struct {
    int prefix, word;
} response;
static const response yes = {0, 1}, no = {2, 3}, other_yes = {4, 5}, other_no = {6, 7};

typedef struct {
    double row[V][D];
} matrix;

typedef struct {
    double prompt[ALL][D];
    double prefix[V][D]; /* added to the prompt's state after that prefix */
    double word[V][D];   /* likewise at the end, whatever the prefix */
    matrix U, start;     /* start: of training, and the reference */
    double u[D];
} toy;

/* In the order of the specification's draws: meaning, prompts, noise of prefixes, noise of words, U, u. */
static void draw(toy *w, double alignment, ix_torch_rng *g)
{
    const double unit = 1 / sqrt(D);
    double meaning[D];
    ix_gauss_fill(meaning, D, unit, g);
    ix_gauss_fill((double *)w->prompt, ALL * D, 0.8 * unit, g);
    ix_gauss_fill((double *)w->prefix, V * D, 0.3 * unit, g);
    ix_gauss_fill((double *)w->word, V * D, 0.3 * unit, g);
    ix_gauss_fill((double *)w->start.row, V * D, 0.3, g);
    ix_gauss_fill(w->u, D, 0.02, g);
    w->U = w->start;
    for (int v = 0; v < V; v++) {
        ix_vec_add(w->prefix[v], alignment * (v == yes.prefix || v == other_yes.prefix ? 1 : -1), meaning, D);
        ix_vec_add(w->word[v], v == yes.word || v == other_yes.word ? 1 : -1, meaning, D);
    }
}

static void state_of(double h[D], const toy *w, int prompt, const double *added)
{
    memcpy(h, w->prompt[prompt], D * sizeof *h);
    if (added) ix_vec_add(h, 1, added, D);
}

static double logp_at(double p[V], const matrix *U, const double h[D], int token)
{
    for (int v = 0; v < V; v++) p[v] = ix_vec_dot(U->row[v], h, D);
    double z = p[token];
    return z - ix_softmax(p, p, V);
}

static double logp(const toy *w, const matrix *U, int prompt, response y)
{
    double h[D], p[V];
    state_of(h, w, prompt, NULL);
    double first = logp_at(p, U, h, y.prefix);
    state_of(h, w, prompt, w->prefix[y.prefix]);
    return first + logp_at(p, U, h, y.word);
}

static double implicit(const toy *w, int prompt, response y)
{
    return BETA * (logp(w, &w->U, prompt, y) - logp(w, &w->start, prompt, y));
}

static double explicit(const toy *w, int prompt, response y)
{
    double h[D];
    state_of(h, w, prompt, w->word[y.word]);
    return ix_vec_dot(w->u, h, D);
}

static double accuracy(const toy *w, double (*reward)(const toy *, int, response), int from, int to, response good,
                       response bad)
{
    double sum = 0;
    for (int i = from; i < to; i++) sum += ix_ranked(reward(w, i, good) - reward(w, i, bad));
    return sum / (to - from);
}

/* gradient += by d ln pi(y | prompt) / d U */
static void add_gradient(matrix *gradient, const toy *w, int prompt, response y, double by)
{
    const double *const added[] = {NULL, w->prefix[y.prefix]};
    const int token[] = {y.prefix, y.word};
    double h[D], p[V];
    for (int k = 0; k < 2; k++) {
        state_of(h, w, prompt, added[k]);
        logp_at(p, &w->U, h, token[k]);
        for (int v = 0; v < V; v++) ix_vec_add(gradient->row[v], by * ((v == token[k]) - p[v]), h, D);
    }
}

/* A full-batch step of both models. */
static void take_step(toy *w)
{
    matrix gradient = {{{0}}};
    double along[D] = {0}, h[D];
    for (int i = 0; i < TRAIN; i++) {
        double g = BETA * ix_sigmoid(implicit(w, i, no) - implicit(w, i, yes)) / TRAIN;
        double e = ix_sigmoid(explicit(w, i, no) - explicit(w, i, yes)) / TRAIN;
        add_gradient(&gradient, w, i, yes, g);
        add_gradient(&gradient, w, i, no, -g);
        state_of(h, w, i, w->word[yes.word]);
        ix_vec_add(along, e, h, D);
        state_of(h, w, i, w->word[no.word]);
        ix_vec_add(along, -e, h, D);
    }
    for (int v = 0; v < V; v++) ix_vec_add(w->U.row[v], STEP, gradient.row[v], D);
    ix_vec_add(w->u, STEP, along, D);
}

typedef struct {
    double train, test, paraphrased, ex_train, ex_paraphrased, difference;
} accuracies;

static accuracies look(const toy *w)
{
    accuracies a = {.train = accuracy(w, implicit, 0, TRAIN, yes, no),
                    .test = accuracy(w, implicit, TRAIN, ALL, yes, no),
                    .paraphrased = accuracy(w, implicit, TRAIN, ALL, other_yes, other_no),
                    .ex_train = accuracy(w, explicit, 0, TRAIN, yes, no),
                    .ex_paraphrased = accuracy(w, explicit, TRAIN, ALL, other_yes, other_no)};
    for (int i = TRAIN; i < ALL; i++) a.difference += (implicit(w, i, other_yes) - implicit(w, i, other_no)) / TEST;
    return a;
}

static void add_row(ix_sheet *sheet, const char *name, int64_t t, accuracies a)
{
    char text[64];
    snprintf(text, sizeof text, "%s, t = %lld", name, (long long)t);
    ix_sheet_row(sheet, text, (double[]){a.train, a.test, a.paraphrased, a.ex_train, a.ex_paraphrased, a.difference},
                 6);
}

/* `end` steps; every moment goes to the sheet unless it is NULL. */
static accuracies descend(toy *w, int64_t end, ix_sheet *sheet, const char *name)
{
    for (int64_t t = 0, next = 0; t < end; t++) {
        if (sheet && t == moments[next]) {
            add_row(sheet, name, t, look(w));
            next++;
        }
        take_step(w);
    }
    if (sheet) add_row(sheet, name, end, look(w));
    return look(w);
}

/* One draw says little about accuracies without alignment, so the claims are on means over several. */
static void average(toy *w, ix_sheet *sheet, uint64_t seed, accuracies mean[2])
{
    ix_torch_rng g;
    for (int k = 0; k < 2; k++) mean[k] = (accuracies){0};
    for (int i = 0; i < DRAWS; i++) {
        ix_torch_seed(&g, 777 + seed + 1000 * (uint64_t)i);
        for (int k = 0; k < 2; k++) {
            draw(w, k == 0, &g);
            accuracies a = descend(w, MEAN_STEPS, NULL, "");
            mean[k].train += a.train / DRAWS;
            mean[k].test += a.test / DRAWS;
            mean[k].paraphrased += a.paraphrased / DRAWS;
            mean[k].ex_train += a.ex_train / DRAWS;
            mean[k].ex_paraphrased += a.ex_paraphrased / DRAWS;
            mean[k].difference += a.difference / DRAWS;
        }
    }
    add_row(sheet, "aligned, mean of 16", MEAN_STEPS, mean[0]);
    add_row(sheet, "apart, mean of 16", MEAN_STEPS, mean[1]);
}

static void state_claims(ix_claims *out, const accuracies mean[2])
{
    ix_claim_state(out, "below_half.learned",
                   "The implicit model ranks the trained words right on new prompts (mean accuracy of 16 draws after "
                   "100 steps).",
                   mean[0].test, IX_AT_LEAST, 0.95);
    ix_claim_state(out, "below_half.implicit",
                   "Where the states of unseen words align with those of trained ones, it ranks unseen words the wrong "
                   "way (mean accuracy).",
                   mean[0].paraphrased, IX_BELOW, 0.5);
    ix_claim_state(out, "below_half.explicit", "The explicit model ranks the same words right (mean accuracy).",
                   mean[0].ex_paraphrased, IX_AT_LEAST, 0.95);
    ix_claim_state(out, "below_half.cause",
                   "The alignment is what pulls it down: without it the implicit model is right more often (mean "
                   "accuracy without and with).",
                   mean[1].paraphrased, IX_ABOVE, mean[0].paraphrased);
}

void ix_below_half(ix_claims *out, uint64_t seed)
{
    static const char *const columns[] = {"IM train", "IM test", "IM unseen", "EX train", "EX unseen", "IM gap"};
    accuracies mean[2];
    toy *w = calloc(1, sizeof *w);
    ix_torch_rng g;

    IX_CONTRACT(w);
    ix_torch_seed(&g, 777 + seed);
    ix_sheet *sheet = ix_claims_sheet(out, "below_half",
                                      "Responses of two tokens over fixed states: accuracies on trained and on unseen "
                                      "words, with the states after unseen prefixes aligned with those after trained "
                                      "ones, and without; one draw, and means of 16. Last: mean reward difference of "
                                      "unseen pairs.",
                                      columns, 6);
    for (int k = 0; k < 2; k++) {
        draw(w, k == 0, &g);
        descend(w, STEPS, sheet, k ? "apart" : "aligned");
    }
    average(w, sheet, seed, mean);
    state_claims(out, mean);
    free(w);
}
