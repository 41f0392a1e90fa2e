/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory/below_half.h"
#include "theory/generation.h"
#include "theory/vectors.h"

/* Theorem 1: responses, of which three are right. */
enum { RESPONSES = 50 };

/* Learning dynamics: a pair and another response, each state drawn for its own prefix. */
enum { WIDTH = 6, TOKENS = 7, PLUS = 4, MINUS = 3, OTHER = 5 };
static const int32_t plus[PLUS] = {0, 2, 2, 5}, minus[MINUS] = {1, 2, 4}, other[OTHER] = {0, 3, 4, 4, 6};

/* Theorem 2: tokens 0 to 4 agree, 5 to 9 do not; 0, 1, 5, 6 are trained on. */
enum { D = 12, V = 10, TRAIN = 8, TEST = 40, PROMPTS = TRAIN + TEST, AGREE = 5 };

struct ix_random_world {
    uint64_t seed;
    double reference[RESPONSES];
    double U_reference[TOKENS][WIDTH], U[TOKENS][WIDTH], u[WIDTH];
    double plus[PLUS + 1][WIDTH], minus[MINUS + 1][WIDTH], other[OTHER + 1][WIDTH];
    double prompt[PROMPTS][D], after[PROMPTS][V][D], start_u[D], start_U[V][D];
    ix_single train[TRAIN], seen[TEST * 4], half[TEST * 12], unseen[TEST * 9];
    int seen_pairs, half_pairs, unseen_pairs;
};

/* States in the order in which the rewards of y-, then y+, then the other response first ask for them: the ends of y-
 * and y+ for the explicit model, then prefixes. The prompt's state is drawn once. */
static void draw_dynamics(ix_random_world *w, ix_torch_rng *g)
{
    ix_gauss_fill((double *)w->U_reference, TOKENS * WIDTH, 0.7, g);
    ix_gauss_fill(w->u, WIDTH, 0.02, g);
    memcpy(w->U, w->U_reference, sizeof w->U);
    for (int v = 0; v < TOKENS; v++)
        for (int j = 0; j < WIDTH; j++) w->U[v][j] += 0.2 * ix_gauss(g);
    double *const states[] = {w->minus[MINUS], w->plus[PLUS], w->minus[0], w->minus[1], w->minus[2],
                              w->plus[1],      w->plus[2],    w->plus[3],  w->other[0], w->other[1],
                              w->other[2],     w->other[3],   w->other[4], w->other[5]};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        for (int j = 0; j < WIDTH; j++) states[i][j] = ix_gauss(g) / sqrt(WIDTH);
    memcpy(w->plus[0], w->minus[0], sizeof w->plus[0]);
}

/* A prompt's state is a common part and noise; after a token comes its meaning, noise of the token, and a part of the
 * prompt's. */
static void draw_states(ix_random_world *w, ix_torch_rng *g)
{
    double common[D], meaning[D], noise[V][D];
    ix_gauss_fill(common, D, 1, g);
    for (int i = 0; i < PROMPTS; i++)
        for (int j = 0; j < D; j++) w->prompt[i][j] = 0.6 * common[j] + 0.5 * ix_gauss(g);
    for (int j = 0; j < D; j++) meaning[j] = ix_gauss(g) / sqrt(D);
    ix_gauss_fill((double *)noise, V * D, 0.25, g);
    for (int i = 0; i < PROMPTS; i++)
        for (int v = 0; v < V; v++)
            for (int j = 0; j < D; j++)
                w->after[i][v][j] = (v < AGREE ? 1 : -1) * meaning[j] + noise[v][j] + 0.3 * w->prompt[i][j];
}

static ix_single pair_of(const ix_random_world *w, int prompt, int good, int bad)
{
    return (ix_single){w->prompt[prompt], {w->after[prompt][good], w->after[prompt][bad]}, {good, bad}};
}

/* All pairs of an agreeing token with one that does not. */
static void list_pairs(ix_random_world *w)
{
    for (int i = TRAIN; i < PROMPTS; i++)
        for (int a = 0; a < AGREE; a++)
            for (int b = AGREE; b < V; b++) {
                int trained = (a < 2) + (b < AGREE + 2);
                ix_single pair = pair_of(w, i, a, b);
                if (trained == 0) w->unseen[w->unseen_pairs++] = pair;
                else if (trained == 1) w->half[w->half_pairs++] = pair;
                else w->seen[w->seen_pairs++] = pair;
            }
}

ix_random_world *ix_random_world_create(uint64_t seed)
{
    ix_torch_rng g;
    ix_random_world *w = calloc(1, sizeof *w);

    IX_CONTRACT(w);
    w->seed = seed;
    ix_torch_seed(&g, 12345 + seed);
    ix_gauss_fill(w->reference, RESPONSES, 1, &g);
    ix_softmax(w->reference, w->reference, RESPONSES);
    draw_dynamics(w, &g);
    draw_states(w, &g);
    for (int i = 0; i < TRAIN; i++) {
        int good = (int)(ix_torch_next(&g) % 2), bad = (int)(ix_torch_next(&g) % 2);
        w->train[i] = pair_of(w, i, good, AGREE + bad);
    }
    list_pairs(w);
    ix_gauss_fill(w->start_u, D, 0.02, &g);
    ix_gauss_fill((double *)w->start_U, V * D, 0.3, &g);
    return w;
}

void ix_random_world_destroy(ix_random_world **world)
{
    free(*world);
    *world = NULL;
}

ix_status ix_random_theorem1(ix_claims *out, const ix_random_world *w)
{
    bool correct[RESPONSES] = {false};
    correct[3] = correct[17] = correct[29] = true;
    ix_theorem1(out, w->reference, correct, RESPONSES, w->seed);
    ix_corollary1(out);
    return IX_OK;
}

static double reference_logp(const ix_random_world *w, const ix_response *y)
{
    double p[TOKENS], sum = 0;
    for (int k = 0; k < y->size; k++) {
        for (int v = 0; v < TOKENS; v++) p[v] = ix_vec_dot(w->U_reference[v], y->state + k * WIDTH, WIDTH);
        double z = p[y->token[k]];
        sum += z - ix_softmax(p, p, TOKENS);
    }
    return sum;
}

ix_status ix_random_dynamics(ix_claims *out, const ix_random_world *w)
{
    ix_response seen = {other, (const double *)w->other, OTHER, "another response"};
    ix_dynamics p = {
        .U = {.wide = (const double *)w->U, .V = TOKENS, .d = WIDTH},
        .u = w->u,
        .beta = 0.3,
        .trained = {{plus, (const double *)w->plus, PLUS, "y+"}, {minus, (const double *)w->minus, MINUS, "y-"}},
        .other = &seen,
        .others = 1,
        .rate = 1};
    for (int side = 0; side < 2; side++) p.reference[side] = reference_logp(w, &p.trained[side]);
    ix_learning_dynamics(out, &p);
    p.U.V = 2; /* nothing but yes and no */
    ix_generative_dynamics(out, &p, 0, 1);
    return IX_OK;
}

ix_status ix_random_theorem2(ix_claims *out, const ix_random_world *w, int64_t steps)
{
    ix_descent p = {.d = D,
                    .tokens = V,
                    .train = {w->train, TRAIN},
                    .seen = {w->seen, w->seen_pairs},
                    .half = {w->half, w->half_pairs},
                    .unseen = {w->unseen, w->unseen_pairs},
                    .u = w->start_u,
                    .U = (const double *)w->start_U,
                    .beta = 0.5,
                    .steps = steps,
                    .whole = true};
    return ix_theorem2(out, &p);
}

ix_status ix_random_below_half(ix_claims *out, const ix_random_world *w)
{
    ix_below_half(out, w->seed);
    return IX_OK;
}
