/* SPDX-License-Identifier: Apache-2.0
 *
 * theorem2.c - what Theorem 2 says of a descent, as claims. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "theory/descent_inner.h"
#include "theory/vectors.h"

/* A run is long when gamma^2 eta t, of which its loss is about the inverse, is at least this. */
static const double LONG_RUN = 1e3;

static const ix_moment *last(const ix_descending *s)
{
    return &s->at[s->moments - 1];
}

/* gamma^2 eta t of a moment: gamma is the largest margin of that model's logistic regression. */
static double progress(const ix_descending *s, int kind, const ix_moment *m)
{
    double norm = s->separation[kind].norm;
    return s->step * (double)m->t / (norm * norm);
}

static void fill_sheets(ix_claims *out, const ix_descending *s)
{
    static const char *const learned[] = {"EX loss", "IM loss", "EX seen", "EX unseen", "IM seen", "IM unseen"};
    static const char *const directed[] = {"cos(u, u*)", "margin/best", "IM nats", "max |unseen|"};
    char name[64];
    ix_sheet *sheet = ix_claims_sheet(out, "theorem2",
                                      "Gradient descent on u and on U, hidden states fixed, responses of one token: "
                                      "losses, and accuracies on new prompts with seen and with unseen tokens.",
                                      learned, 6);
    for (int i = 0; i < s->moments; i++) {
        const ix_moment *m = &s->at[i];
        snprintf(name, sizeof name, "t = %lld", (long long)m->t);
        ix_sheet_row(sheet, name,
                     (double[]){m->loss[IX_EX], m->loss[IX_IM], m->seen[IX_EX], m->unseen[IX_EX], m->seen[IX_IM],
                                m->unseen[IX_IM]},
                     6);
    }
    sheet = ix_claims_sheet(out, "theorem2_direction",
                            "The same descent: u beside the max-margin direction u*, the margin of u in parts of the "
                            "largest, the least margin of IM-RM's training pairs in nats, and the largest reward "
                            "difference of unseen tokens.",
                            directed, 4);
    for (int i = 0; i < s->moments; i++) {
        const ix_moment *m = &s->at[i];
        snprintf(name, sizeof name, "t = %lld", (long long)m->t);
        ix_sheet_row(sheet, name, (double[]){m->cosine, m->margin, m->nats, m->largest}, 4);
    }
}

/* --- unseen tokens
 * ----------------------------------------------------------------------------------------------------- */

static void claim_unseen(ix_claims *out, ix_descending *s)
{
    static const char zero[] = "The implicit model's reward difference of two unseen tokens stays exactly what it was, "
                               "at every step (largest change).",
                      half[] = "Its accuracy on them is exactly one half (furthest from it at any step).",
                      whole[] = "It stays so, too, when the gradient of the whole softmax is followed (largest change "
                                "after 200 steps).",
                      moved[] =
                          "Where one token was trained on, the difference moves by beta <Delta U, h> of that token "
                          "alone (largest error, relative to |Delta U| |h|).";
    double largest = 0, off = 0, half_off = 0;
    for (int i = 0; i < s->moments; i++) {
        largest = fmax(largest, s->at[i].largest);
        off = fmax(off, fabs(s->at[i].unseen[IX_IM] - 0.5));
        half_off = fmax(half_off, s->at[i].half_off);
    }
    if (s->p->unseen.n) {
        ix_claim_state(out, "theorem2.unseen", zero, largest, IX_EXACTLY, 0);
        ix_claim_state(out, "theorem2.half", half, off, IX_EXACTLY, 0);
        if (s->p->whole)
            ix_claim_state(out, "theorem2.whole_softmax", whole, ix_descending_whole(s, 200), IX_EXACTLY, 0);
    } else {
        ix_claim_skip(out, "theorem2.unseen", zero, "there are no unseen tokens");
        ix_claim_skip(out, "theorem2.half", half, "there are no unseen tokens");
    }
    if (s->p->half.n) ix_claim_state(out, "theorem2.half_unseen", moved, half_off, IX_AT_MOST, 1e-12);
    else ix_claim_skip(out, "theorem2.half_unseen", moved, "there are no such pairs");
}

/* --- fitting
 * ------------------------------------------------------------------------------------------------------------- */

static const char *const kind_names[] = {"ex_rm", "im_rm"};

/* The step is below 2 over the smoothness of that loss: max |z|^2 / 4, max beta^2 |h|^2 / 2. */
static double smoothness(const ix_descending *s, int kind)
{
    double most = 0;
    for (int i = 0; i < s->n; i++) {
        double size = kind == IX_EX ? ix_vec_norm(s->z + i * s->d, s->d) / 2
                                    : s->p->beta * ix_vec_norm(s->p->train.at[i].prompt, s->d) / sqrt(2);
        most = fmax(most, size * size);
    }
    return most;
}

/* L(u_t) <= 1 / (gamma^2 eta t) + (|u_0| + ln(gamma^2 eta t) / gamma)^2 / (2 eta t), from gamma^2 eta t = 1 on. */
static double worst_of_rate(const ix_descending *s, int kind)
{
    double worst = 0, start = kind == IX_EX ? ix_vec_norm(s->p->u, s->d) : 0;
    for (int i = 0; i < s->moments; i++) {
        double x = progress(s, kind, &s->at[i]);
        if (x < 1) continue;
        double reach = start + log(x) * s->separation[kind].norm;
        worst = fmax(worst, s->at[i].loss[kind] / (1 / x + reach * reach / (2 * s->step * (double)s->at[i].t)));
    }
    return worst;
}

static void claim_rate(ix_claims *out, const ix_descending *s, int kind)
{
    static const char bound[] =
        "The loss is at most 1/(gamma^2 eta t) + (|u_0| + ln(gamma^2 eta t)/gamma)^2 / (2 eta t) "
        "(largest part of it).",
                      constant[] = "L(t) t goes to a constant (relative change over the last tenfold of steps).";
    const ix_moment *end = last(s), *before = s->moments > 1 ? end - 1 : end;
    double x = progress(s, kind, end);
    char name[64];

    snprintf(name, sizeof name, "theorem2.rate.%s", kind_names[kind]);
    if (s->step * smoothness(s, kind) > 1)
        ix_claim_skip(out, name, bound, "it needs a step of at most 1 / smoothness; this one is %.3g times that",
                      s->step * smoothness(s, kind));
    else if (x < 1) ix_claim_skip(out, name, bound, "gamma^2 eta t is %.3g: too few steps to say anything", x);
    else ix_claim_state(out, name, bound, worst_of_rate(s, kind), IX_AT_MOST, 1);
    snprintf(name, sizeof name, "theorem2.constant.%s", kind_names[kind]);
    if (progress(s, kind, before) < LONG_RUN)
        ix_claim_skip(out, name, constant, "gamma^2 eta t is %.3g a tenfold before the end: too few steps",
                      progress(s, kind, before));
    else
        ix_claim_state(out, name, constant,
                       fabs(end->loss[kind] * (double)end->t / (before->loss[kind] * (double)before->t) - 1),
                       IX_AT_MOST, 0.1);
}

static void claim_fit(ix_claims *out, const ix_descending *s, int kind)
{
    static const char falls[] = "With a step below 2 B^-2 min(1, beta^-2) the loss falls at every step (largest rise).",
                      fits[] = "All training pairs are ranked right at the end (accuracy).";
    char name[64];
    snprintf(name, sizeof name, "theorem2.falls.%s", kind_names[kind]);
    ix_claim_state(out, name, falls, s->rise[kind], IX_AT_MOST, 0);
    if (s->separation[kind].separable) {
        snprintf(name, sizeof name, "theorem2.fits.%s", kind_names[kind]);
        if (progress(s, kind, last(s)) < 1 && last(s)->train[kind] < 1)
            ix_claim_skip(out, name, fits, "gamma^2 eta t is %.3g: too few steps", progress(s, kind, last(s)));
        else ix_claim_state(out, name, fits, last(s)->train[kind], IX_EXACTLY, 1);
        claim_rate(out, s, kind);
        return;
    }
    snprintf(name, sizeof name, "theorem2.fits.%s", kind_names[kind]);
    ix_claim_skip(out, name, fits, "the training pairs cannot be separated");
}

/* --- the max-margin direction
 * ----------------------------------------------------------------------------------------- */

/* Cosine of u* with what u gained from one moment to a later one. */
static double growth(const ix_descending *s, const ix_moment *from, const ix_moment *to)
{
    double *gain = ix_reals(s->d);
    ix_vec_less(gain, to->u, from->u, s->d);
    double cosine = ix_vec_cosine(gain, s->best, s->d);
    free(gain);
    return cosine;
}

static void claim_direction(ix_claims *out, const ix_descending *s)
{
    static const char grows[] = "u(t) = u* ln t + O(1): what u gains over the last tenfold of steps points along u* "
                                "more closely than u does (its cosine, and that of u).",
                      nearer[] = "u turns towards u* (gain of the cosine over the last tenfold of steps).";
    const ix_moment *end = last(s), *before = s->moments > 1 ? end - 1 : end;
    if (progress(s, IX_EX, before) < LONG_RUN) {
        const char *reason = "gamma^2 eta t is %.3g a tenfold before the end: too few steps";
        ix_claim_skip(out, "theorem2.growth", grows, reason, progress(s, IX_EX, before));
        ix_claim_skip(out, "theorem2.direction", nearer, reason, progress(s, IX_EX, before));
        return;
    }
    ix_claim_state(out, "theorem2.growth", grows, growth(s, before, end), IX_ABOVE, end->cosine);
    ix_claim_state(out, "theorem2.direction", nearer, end->cosine - before->cosine, IX_ABOVE, 0);
}

/* Unseen pairs for which t is past t_0, |rho| |z| < ln t |<u*, z>| with rho = u - u* ln t; how many of them u ranks as
 * u* does; and the share of all that u* ranks right. */
typedef struct {
    int past, agree;
    double right;
} ranking;

static ranking rank_unseen(const ix_descending *s)
{
    const ix_moment *end = last(s);
    ranking r = {0};
    double *z = ix_reals(s->d), *rho = ix_reals(s->d), t = log((double)end->t);
    ix_vec_add(rho, 1, end->u, s->d);
    ix_vec_add(rho, -t, s->best, s->d);
    double size = ix_vec_norm(rho, s->d);
    for (int i = 0; i < s->p->unseen.n; i++) {
        const ix_single *pair = &s->p->unseen.at[i];
        ix_vec_less(z, pair->after[0], pair->after[1], s->d);
        double best = ix_vec_dot(s->best, z, s->d);
        r.right += best > 0;
        if (size * ix_vec_norm(z, s->d) >= t * fabs(best)) continue;
        r.past++;
        r.agree += (best > 0) == (ix_descending_along(end->u, pair, s->d) > 0);
    }
    r.right /= s->p->unseen.n;
    free(z);
    free(rho);
    return r;
}

static void claim_ranking(ix_claims *out, const ix_descending *s)
{
    static const char past[] = "Unseen pairs whose t_0 has passed are ranked as u* ranks them (share of them).",
                      least[] =
                          "The explicit model ranks at least as many unseen pairs right as u* does (its accuracy).";
    if (!s->p->unseen.n) {
        ix_claim_skip(out, "theorem2.past_t0", past, "there are no unseen tokens");
        ix_claim_skip(out, "theorem2.accuracy", least, "there are no unseen tokens");
        return;
    }
    ranking r = rank_unseen(s);
    if (r.past) ix_claim_state(out, "theorem2.past_t0", past, (double)r.agree / r.past, IX_EXACTLY, 1);
    else ix_claim_skip(out, "theorem2.past_t0", past, "t_0 lies beyond the last step for every one of them");
    if (last(s)->unseen[IX_EX] < r.right && r.past < s->p->unseen.n)
        ix_claim_skip(out, "theorem2.accuracy", least,
                      "t_0 lies beyond the last step for %d of %d pairs; %.4f now, %.4f by u*", s->p->unseen.n - r.past,
                      s->p->unseen.n, last(s)->unseen[IX_EX], r.right);
    else ix_claim_state(out, "theorem2.accuracy", least, last(s)->unseen[IX_EX], IX_AT_LEAST, r.right);
}

static void claim_separator(ix_claims *out, const ix_descending *s)
{
    static const char text[] = "u* separates all training pairs, and no shorter vector does (shortfall of the least "
                               "<u*, z> from 1, or duality gap).";
    const ix_separation *best = &s->separation[IX_EX];
    if (!best->separable) {
        ix_claim_skip(out, "theorem2.separator", text, "the differences of hidden states cannot be separated");
        ix_claim_skip(out, "theorem2.direction", "u turns towards u*.", "there is no u*");
        return;
    }
    static const char *const columns[] = {"|u*|", "margin", "least <u*, z>", "support", "pairs"};
    ix_sheet *sheet = ix_claims_sheet(out, "max_margin", "The max-margin separator of the training pairs.", columns, 5);
    for (int k = 0; k < IX_KINDS; k++) {
        const ix_separation *m = &s->separation[k];
        if (m->separable)
            ix_sheet_row(sheet, k == IX_EX ? "EX-RM, u*" : "IM-RM, U*",
                         (double[]){m->norm, 1 / m->norm, m->least, (double)m->support, s->n}, 5);
    }
    ix_claim_state(out, "theorem2.separator", text, fmax(1 - best->least, best->gap), IX_AT_MOST, 1e-9);
    claim_direction(out, s);
    claim_ranking(out, s);
}

ix_status ix_theorem2(ix_claims *out, const ix_descent *p)
{
    ix_descending s;
    ix_descending_open(&s, p);
    ix_status rc = ix_descending_separators(&s);
    if (rc == IX_OK) {
        ix_descending_run(&s);
        fill_sheets(out, &s);
        for (int k = 0; k < IX_KINDS; k++) claim_fit(out, &s, k);
        claim_separator(out, &s);
        claim_unseen(out, &s);
    }
    ix_descending_close(&s);
    return rc;
}
