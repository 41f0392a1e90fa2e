/* SPDX-License-Identifier: Apache-2.0
 *
 * The explicit model is a logistic regression on z_i = h(x, y+) - h(x, y-). So is the implicit one on
 * beta (e_y+ - e_y-) (x) h(x): both responses follow the same prompt, so the normaliser cancels, and rows of tokens
 * that are not trained on never move. */
#include "theory/descent_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory/vectors.h"

void ix_descending_close(ix_descending *s)
{
    double *const blocks[] = {s->z, s->u, s->U, s->gradient, s->weight[IX_EX], s->weight[IX_IM], s->best};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) free(blocks[i]);
    for (int i = 0; i < s->moments; i++) free(s->at[i].u);
    free(s->trained);
}

static double step_size(const ix_descent *p)
{
    double B = 0;
    for (int i = 0; i < p->train.n; i++) {
        const ix_single *s = &p->train.at[i];
        const double *const states[] = {s->prompt, s->after[0], s->after[1]};
        for (int k = 0; k < 3; k++) B = fmax(B, ix_vec_norm(states[k], p->d));
    }
    return B > 0 ? 1.9 / (B * B) * fmin(1, 1 / (p->beta * p->beta)) : 1;
}

void ix_descending_open(ix_descending *s, const ix_descent *p)
{
    *s = (ix_descending){.p = p, .d = p->d, .n = p->train.n, .step = step_size(p)};
    size_t row = (size_t)p->d * sizeof(double);
    s->z = ix_reals(s->n * p->d);
    s->u = ix_reals(p->d);
    s->U = ix_reals(p->tokens * p->d);
    s->gradient = ix_reals(p->tokens * p->d);
    s->best = ix_reals(p->d);
    s->trained = calloc((size_t)p->tokens + 1, sizeof *s->trained);
    IX_CONTRACT(s->trained);
    memcpy(s->u, p->u, row);
    memcpy(s->U, p->U, (size_t)p->tokens * row);
    for (int i = 0; i < s->n; i++) {
        const ix_single *pair = &p->train.at[i];
        ix_vec_less(s->z + i * p->d, pair->after[0], pair->after[1], p->d);
        s->trained[pair->token[0]] = s->trained[pair->token[1]] = true;
    }
    for (int k = 0; k < IX_KINDS; k++) {
        s->weight[k] = ix_reals(s->n);
        s->rise[k] = -INFINITY;
        s->previous[k] = INFINITY;
    }
}

/* --- both max-margin directions ------------------------------------------------------------------------------------
 */

ix_status ix_descending_separators(ix_descending *s)
{
    const ix_descent *p = s->p;
    int64_t d = p->d, width = p->tokens * d;
    double *phi = ix_reals(s->n * width), *w = ix_reals(width);
    ix_status rc = ix_separator(s->best, &s->separation[IX_EX], s->z, s->n, d);

    for (int i = 0; i < s->n; i++) {
        const ix_single *pair = &p->train.at[i];
        ix_vec_add(phi + i * width + pair->token[0] * d, p->beta, pair->prompt, d);
        ix_vec_add(phi + i * width + pair->token[1] * d, -p->beta, pair->prompt, d);
    }
    if (rc == IX_OK) rc = ix_separator(w, &s->separation[IX_IM], phi, s->n, width);
    free(phi);
    free(w);
    return rc;
}

/* --- rewards ---------------------------------------------------------------------------------------------------------
 */

double ix_descending_along(const double *u, const ix_single *pair, int64_t d)
{
    return ix_vec_dot(u, pair->after[0], d) - ix_vec_dot(u, pair->after[1], d);
}

static double score(const double *U, const ix_single *pair, int64_t d)
{
    return ix_vec_dot(U + pair->token[0] * d, pair->prompt, d) - ix_vec_dot(U + pair->token[1] * d, pair->prompt, d);
}

/* r(x, y+) - r(x, y-) of the implicit model. */
static double implicit_difference(const ix_descending *s, const ix_single *pair)
{
    return s->p->beta * (score(s->U, pair, s->d) - score(s->p->U, pair, s->d));
}

static double accuracy(const ix_descending *s, ix_singles pairs, const double *u)
{
    double sum = 0;
    if (pairs.n == 0) return NAN;
    for (int i = 0; i < pairs.n; i++)
        sum += ix_ranked(u ? ix_descending_along(u, &pairs.at[i], s->d) : implicit_difference(s, &pairs.at[i]));
    return sum / pairs.n;
}

/* --- steps -----------------------------------------------------------------------------------------------------------
 */

/* The loss, and the weights sigmoid(-difference) of the next step. */
static double find_loss(ix_descending *s, int kind)
{
    double loss = 0;
    for (int i = 0; i < s->n; i++) {
        double m = kind == IX_EX ? ix_vec_dot(s->u, s->z + i * s->d, s->d) : implicit_difference(s, &s->p->train.at[i]);
        loss += ix_softplus(-m);
        s->weight[kind][i] = ix_sigmoid(-m);
    }
    loss /= s->n;
    s->rise[kind] = fmax(s->rise[kind], loss - s->previous[kind]);
    return s->previous[kind] = loss;
}

static void explicit_step(ix_descending *s)
{
    double *g = s->gradient;
    memset(g, 0, (size_t)s->d * sizeof *g);
    for (int i = 0; i < s->n; i++) ix_vec_add(g, s->weight[IX_EX][i] / s->n, s->z + i * s->d, s->d);
    ix_vec_add(s->u, s->step, g, s->d);
}

static void implicit_step(ix_descending *s)
{
    int64_t d = s->d;
    memset(s->gradient, 0, (size_t)(s->p->tokens * d) * sizeof *s->gradient);
    for (int i = 0; i < s->n; i++) {
        const ix_single *pair = &s->p->train.at[i];
        double by = s->p->beta * s->weight[IX_IM][i] / s->n;
        ix_vec_add(s->gradient + pair->token[0] * d, by, pair->prompt, d);
        ix_vec_add(s->gradient + pair->token[1] * d, -by, pair->prompt, d);
    }
    for (int v = 0; v < s->p->tokens; v++)
        if (s->trained[v]) ix_vec_add(s->U + v * d, s->step, s->gradient + v * d, d);
}

/* --- what is looked at
 * ------------------------------------------------------------------------------------------------- */

/* Largest |difference| of unseen pairs; and how far half-unseen ones are from beta <Delta U_seen, h>. */
static void look_at_tokens(const ix_descending *s, ix_moment *m)
{
    int64_t d = s->d;
    double *moved = ix_reals(d);
    for (int i = 0; i < s->p->unseen.n; i++)
        m->largest = fmax(m->largest, fabs(implicit_difference(s, &s->p->unseen.at[i])));
    for (int i = 0; i < s->p->half.n; i++) {
        const ix_single *pair = &s->p->half.at[i];
        int side = s->trained[pair->token[0]] ? 0 : 1;
        ix_vec_less(moved, s->U + pair->token[side] * d, s->p->U + pair->token[side] * d, d);
        double want = s->p->beta * (side ? -1 : 1) * ix_vec_dot(moved, pair->prompt, d);
        double size = s->p->beta * ix_vec_norm(moved, d) * ix_vec_norm(pair->prompt, d);
        if (size > 0) m->half_off = fmax(m->half_off, fabs(implicit_difference(s, pair) - want) / size);
    }
    free(moved);
}

/* The margin in nats, (r+ - r-) / beta, least over the training pairs. */
static double least_nats(const ix_descending *s)
{
    double least = INFINITY;
    for (int i = 0; i < s->n; i++) least = fmin(least, implicit_difference(s, &s->p->train.at[i]) / s->p->beta);
    return least;
}

static void look(ix_descending *s, int64_t t, const double loss[IX_KINDS])
{
    IX_CONTRACT(s->moments < IX_MOMENTS);
    const ix_descent *p = s->p;
    const double *const who[] = {s->u, NULL};
    const ix_separation *best = &s->separation[IX_EX];
    ix_moment *m = &s->at[s->moments++];
    double size = ix_vec_norm(s->u, s->d), least = INFINITY;

    *m = (ix_moment){.t = t, .cosine = NAN, .margin = NAN, .nats = least_nats(s), .u = ix_reals(s->d)};
    memcpy(m->u, s->u, (size_t)s->d * sizeof *m->u);
    for (int k = 0; k < IX_KINDS; k++) {
        m->loss[k] = loss[k];
        m->train[k] = accuracy(s, p->train, who[k]);
        m->seen[k] = accuracy(s, p->seen, who[k]);
        m->unseen[k] = accuracy(s, p->unseen, who[k]);
    }
    for (int i = 0; i < s->n; i++) least = fmin(least, ix_vec_dot(s->u, s->z + i * s->d, s->d));
    if (best->separable) m->cosine = ix_vec_cosine(s->u, s->best, s->d);
    if (best->separable && size > 0) m->margin = least / size * best->norm;
    look_at_tokens(s, m);
}

void ix_descending_run(ix_descending *s)
{
    int64_t next = 0;
    for (int64_t t = 0; t <= s->p->steps; t++) {
        double loss[IX_KINDS] = {find_loss(s, IX_EX), find_loss(s, IX_IM)};
        if (t == next || t == s->p->steps) {
            look(s, t, loss);
            next = t ? 10 * t : 1;
        }
        explicit_step(s);
        implicit_step(s);
    }
}

/* dL/dU_v = -beta mean_i weight_i (([v = y+] - pi_v) - ([v = y-] - pi_v)) h_i, nothing cancelled beforehand. */
static void whole_step(ix_descending *s, double *p)
{
    int V = s->p->tokens;
    memset(s->gradient, 0, (size_t)(V * s->d) * sizeof *s->gradient);
    for (int i = 0; i < s->n; i++) {
        const ix_single *pair = &s->p->train.at[i];
        for (int v = 0; v < V; v++) p[v] = ix_vec_dot(s->U + v * s->d, pair->prompt, s->d);
        ix_softmax(p, p, V);
        for (int v = 0; v < V; v++) {
            double by = ((v == pair->token[0]) - p[v]) - ((v == pair->token[1]) - p[v]);
            ix_vec_add(s->gradient + v * s->d, s->p->beta * s->weight[IX_IM][i] / s->n * by, pair->prompt, s->d);
        }
    }
    ix_vec_add(s->U, s->step, s->gradient, V * s->d);
}

double ix_descending_whole(ix_descending *s, int steps)
{
    ix_moment m = {0};
    double *p = ix_reals(s->p->tokens);
    memcpy(s->U, s->p->U, (size_t)(s->p->tokens * s->d) * sizeof *s->U);
    for (int t = 0; t < steps; t++) {
        find_loss(s, IX_IM);
        whole_step(s, p);
    }
    look_at_tokens(s, &m);
    free(p);
    return m.largest;
}
