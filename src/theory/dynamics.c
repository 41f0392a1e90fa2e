/* SPDX-License-Identifier: Apache-2.0
 *
 * Both objectives that read probabilities move U by sums of terms c_l (e_v_l - pi_l) h_l^T: the implicit model with one
 * term for every token of both answers, EX-GRM with one for "yes" and one for "no". To first order in the step eta,
 *   Delta sum_k ln pi(y_k | h_k) = eta sum_k sum_l c_l rho_kl <h_k, h_l>,
 *   rho_kl = <e_y_k - pi_k, e_v_l - pi_l> = [y_k = v_l] - pi_l(y_k) - pi_k(v_l) + <pi_k, pi_l>.
 * A real step is taken beside it: every row of U moves, and the probabilities are computed again. */
#include "theory/dynamics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory/vectors.h"

enum { RATES = 4 };

/* States with the token that follows each; trained ones with the weight of their term. */
typedef struct {
    int n;
    const double **h;
    int32_t *token;
    double *weight;
    double *p;    /* [n, V] probabilities */
    double *logp; /* [n] of the token */
} states;

static void open_states(states *s, int room)
{
    *s = (states){0};
    s->h = calloc((size_t)room + 1, sizeof *s->h);
    s->token = calloc((size_t)room + 1, sizeof *s->token);
    IX_CONTRACT(s->h && s->token);
    s->weight = ix_reals(room);
    s->logp = ix_reals(room);
}

static void close_states(states *s)
{
    free(s->h);
    free(s->token);
    free(s->weight);
    free(s->p);
    free(s->logp);
}

static void add_state(states *s, const double *h, int32_t token, double weight)
{
    s->h[s->n] = h;
    s->token[s->n] = token;
    s->weight[s->n++] = weight;
}

static void add_response(states *s, const ix_response *y, int64_t d, double weight)
{
    for (int k = 0; k < y->size; k++) add_state(s, y->state + k * d, y->token[k], weight);
}

void ix_unembedding_row(const ix_unembedding *U, int64_t v, double *row)
{
    if (U->wide) memcpy(row, U->wide + v * U->d, (size_t)U->d * sizeof *row);
    else
        for (int64_t j = 0; j < U->d; j++) row[j] = U->narrow[v * U->d + j];
}

/* Probabilities at the states of s under U, after a step of size eta by the terms of `by` (NULL: before it). */
static void compute(states *s, const ix_unembedding *U, const states *by, double eta)
{
    double *row = ix_reals(U->d);
    if (!s->p) s->p = ix_reals(s->n * U->V);
    for (int64_t v = 0; v < U->V; v++) {
        ix_unembedding_row(U, v, row);
        for (int l = 0; by && l < by->n; l++) {
            double c = (by->token[l] == v) - by->p[l * U->V + v];
            ix_vec_add(row, eta * by->weight[l] * c, by->h[l], U->d);
        }
        for (int k = 0; k < s->n; k++) s->p[k * U->V + v] = ix_vec_dot(row, s->h[k], U->d);
    }
    for (int k = 0; k < s->n; k++) {
        double *p = s->p + k * U->V, z = p[s->token[k]];
        s->logp[k] = z - ix_softmax(p, p, U->V);
    }
    free(row);
}

typedef struct {
    double least, most, least_match; /* of rho */
} range;

static double rho_of(const states *seen, int k, const states *by, int l, int64_t V, range *all)
{
    const double *a = seen->p + k * V, *b = by->p + l * V;
    bool match = seen->token[k] == by->token[l];
    double rho = match - b[seen->token[k]] - a[by->token[l]] + ix_vec_dot(a, b, V);
    all->least = fmin(all->least, rho);
    all->most = fmax(all->most, rho);
    if (match) all->least_match = fmin(all->least_match, rho);
    return rho;
}

/* d / d eta of sum over states [from, to) of logp. */
static double first_order(const states *seen, int from, int to, const states *by, const ix_unembedding *U, range *all)
{
    double sum = 0;
    for (int k = from; k < to; k++)
        for (int l = 0; l < by->n; l++)
            sum += by->weight[l] * rho_of(seen, k, by, l, U->V, all) * ix_vec_dot(seen->h[k], by->h[l], U->d);
    return sum;
}

static double sum_logp(const states *s, int from, int to)
{
    double sum = 0;
    for (int k = from; k < to; k++) sum += s->logp[k];
    return sum;
}

/* --- how well a first order holds ------------------------------------------------------------------------------ */

/* What a real step did, and what was predicted, for every rate and observed response. */
typedef struct {
    int n;
    double rate[RATES];
    double *actual, *predicted; /* [RATES, n] */
} comparison;

static void open_comparison(comparison *c, int n, double rate)
{
    c->n = n;
    for (int i = 0; i < RATES; i++) c->rate[i] = rate * pow(10, -1 - i);
    c->actual = ix_reals(RATES * n);
    c->predicted = ix_reals(RATES * n);
}

static void close_comparison(comparison *c)
{
    free(c->actual);
    free(c->predicted);
}

/* (actual - predicted) / eta^2 of response i */
static double quotient(const comparison *c, int rate, int i)
{
    return (c->actual[rate * c->n + i] - c->predicted[rate * c->n + i]) / (c->rate[rate] * c->rate[rate]);
}

/* How much the quotients of all responses still change from the last rate but one to the last, relative. */
static double unrest(const comparison *c)
{
    double change = 0, size = 0;
    for (int i = 0; i < c->n; i++) {
        double last = quotient(c, RATES - 1, i), before = quotient(c, RATES - 2, i);
        change += (last - before) * (last - before);
        size += last * last;
    }
    return size > 0 ? sqrt(change / size) : 0;
}

/* --- explicit: r = <u, h> ------------------------------------------------------------------------------------- */

static const double *last_state(const ix_response *y, int64_t d)
{
    return y->state + y->size * d;
}

/* Delta r = eta g <h', h+ - h->, with nothing left over: r is linear in u. */
static double explicit_step(const ix_dynamics *p, comparison *c)
{
    int64_t d = p->U.d;
    double *z = ix_reals(d), *after = ix_reals(d), worst = 0;
    ix_vec_less(z, last_state(&p->trained[0], d), last_state(&p->trained[1], d), d);
    double g = ix_sigmoid(-ix_vec_dot(p->u, z, d));
    for (int r = 0; r < RATES; r++) {
        memcpy(after, p->u, (size_t)d * sizeof *after);
        ix_vec_add(after, c->rate[r] * g, z, d);
        for (int i = 0; i < p->others; i++) {
            const double *h = last_state(&p->other[i], d);
            double before = ix_vec_dot(p->u, h, d), actual = ix_vec_dot(after, h, d) - before;
            double predicted = c->rate[r] * g * ix_vec_dot(h, z, d), size = fmax(fabs(before), fabs(predicted));
            c->actual[r * c->n + i] = actual;
            c->predicted[r * c->n + i] = predicted;
            if (size > 0) worst = fmax(worst, fabs(actual - predicted) / size);
        }
    }
    free(z);
    free(after);
    return worst;
}

/* --- implicit: r = beta (ln pi - ln pi_ref) -------------------------------------------------------------------- */

static int tokens_of(const ix_response *y, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += y[i].size;
    return sum;
}

/* The step's terms: beta g for every token of y+, -beta g for every token of y-. */
static void open_step(states *by, const ix_dynamics *p)
{
    open_states(by, tokens_of(p->trained, 2));
    add_response(by, &p->trained[0], p->U.d, 1);
    add_response(by, &p->trained[1], p->U.d, -1);
    compute(by, &p->U, NULL, 0);
    int cut = p->trained[0].size;
    double r[2] = {sum_logp(by, 0, cut) - p->reference[0], sum_logp(by, cut, by->n) - p->reference[1]};
    double g = p->own_reference ? 0.5 : ix_sigmoid(p->beta * (r[1] - r[0]));
    for (int l = 0; l < by->n; l++) by->weight[l] *= p->beta * g;
}

static range implicit_step(const ix_dynamics *p, comparison *c)
{
    range rho = {.least = INFINITY, .most = -INFINITY, .least_match = INFINITY};
    states by, seen, after;
    int room = tokens_of(p->other, p->others);

    open_step(&by, p);
    open_states(&seen, room);
    open_states(&after, room);
    for (int i = 0; i < p->others; i++) {
        add_response(&seen, &p->other[i], p->U.d, 0);
        add_response(&after, &p->other[i], p->U.d, 0);
    }
    compute(&seen, &p->U, NULL, 0);
    double *slope = ix_reals(p->others);
    for (int i = 0, at = 0; i < p->others; at += p->other[i++].size)
        slope[i] = p->beta * first_order(&seen, at, at + p->other[i].size, &by, &p->U, &rho);
    for (int r = 0; r < RATES; r++) {
        compute(&after, &p->U, &by, c->rate[r]);
        for (int i = 0, at = 0; i < p->others; at += p->other[i++].size) {
            int end = at + p->other[i].size;
            c->actual[r * c->n + i] = p->beta * (sum_logp(&after, at, end) - sum_logp(&seen, at, end));
            c->predicted[r * c->n + i] = c->rate[r] * slope[i];
        }
    }
    free(slope);
    close_states(&by);
    close_states(&seen);
    close_states(&after);
    return rho;
}

/* --- claims ------------------------------------------------------------------------------------------------------ */

static double longest_state(const ix_dynamics *p)
{
    double most = 0;
    const ix_response *lists[] = {p->trained, p->other};
    const int n[] = {2, p->others};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < n[k]; i++)
            for (int t = 0; t <= lists[k][i].size; t++)
                most = fmax(most, ix_vec_norm(lists[k][i].state + t * p->U.d, p->U.d));
    return most;
}

static double rate_of(const ix_dynamics *p)
{
    double longest = longest_state(p);
    if (p->rate > 0) return p->rate;
    return longest > 0 ? 1 / (p->beta * p->beta * longest * longest) : 1;
}

static void fill_sheet(ix_claims *out, const ix_dynamics *p, const comparison *ex, const comparison *im)
{
    static const char *const columns[] = {"step",      "EX actual",  "EX formula",
                                          "IM actual", "IM formula", "IM rest/step^2"};
    ix_sheet *s = ix_claims_sheet(out, "dynamics",
                                  "Change of the reward of another response by one gradient step on a pair, hidden "
                                  "states fixed: measured, and by the formula.",
                                  columns, 6);
    for (int i = 0; i < ex->n && i < 8; i++)
        for (int r = 0; r < RATES; r++) {
            int at = r * ex->n + i;
            ix_sheet_row(s, p->other[i].name,
                         (double[]){ex->rate[r], ex->actual[at], ex->predicted[at], im->actual[at], im->predicted[at],
                                    quotient(im, r, i)},
                         6);
        }
}

void ix_learning_dynamics(ix_claims *out, const ix_dynamics *p)
{
    comparison ex, im;
    double rate = rate_of(p);

    open_comparison(&ex, p->others, rate);
    open_comparison(&im, p->others, rate);
    double worst = explicit_step(p, &ex);
    range rho = implicit_step(p, &im);
    fill_sheet(out, p, &ex, &im);
    ix_claim_state(out, "dynamics.ex_rm",
                   "A step changes an explicit reward by exactly eta g <h', h+ - h-> (largest relative error).", worst,
                   IX_AT_MOST, 1e-12);
    ix_claim_state(out, "dynamics.im_rm",
                   "A step changes an implicit reward by eta g beta^2 sum rho <h', h>, and the rest is proportional to "
                   "eta^2 (change of rest / eta^2 from the last step size but one to the last).",
                   unrest(&im), IX_AT_MOST, 0.02);
    ix_claim_state(out, "dynamics.rho", "rho lies between -2 and 2 (largest |rho|).", fmax(-rho.least, rho.most),
                   IX_AT_MOST, 2);
    const char *matched = "Where both tokens are the same rho is not negative (least).";
    if (isfinite(rho.least_match)) ix_claim_state(out, "dynamics.rho_match", matched, rho.least_match, IX_AT_LEAST, 0);
    else ix_claim_skip(out, "dynamics.rho_match", matched, "the responses have no token in common");
    close_comparison(&ex);
    close_comparison(&im);
}

/* --- one step on many pairs
 * -------------------------------------------------------------------------------------------- */

typedef struct {
    const ix_unembedding *U;
    double beta, rate;
    states by; /* terms of the step on U */
    double *u; /* after the step from 0, [d] */
} first_step;

static double longest_of(const ix_response_pairs *g, int64_t d)
{
    double most = 0;
    for (int i = 0; i < 2 * g->n; i++) {
        const ix_response *y = &g->pair[i / 2][i % 2];
        for (int t = 0; t <= y->size; t++) most = fmax(most, ix_vec_norm(y->state + t * d, d));
    }
    return most;
}

static int tokens_of_pairs(const ix_response_pairs *g)
{
    int sum = 0;
    for (int i = 0; i < g->n; i++) sum += tokens_of(g->pair[i], 2);
    return sum;
}

/* Where all differences are 0 every pair weighs 1/2. */
static void take_first_step(first_step *s, const ix_response_pairs *trained)
{
    int64_t d = s->U->d;
    double longest = longest_of(trained, d), weight = 0.5 / trained->n;
    s->rate = longest > 0 ? 1e-3 / (s->beta * s->beta * longest * longest) : 1;
    s->u = ix_reals(d);
    open_states(&s->by, tokens_of_pairs(trained));
    for (int i = 0; i < trained->n; i++)
        for (int side = 0; side < 2; side++) {
            const ix_response *y = &trained->pair[i][side];
            double by = side ? -weight : weight;
            add_response(&s->by, y, d, s->beta * by);
            ix_vec_add(s->u, s->rate * by, last_state(y, d), d);
        }
    compute(&s->by, s->U, NULL, 0);
}

/* beta times what logp gained over states [from, to). */
static double gained(const first_step *s, const states *before, const states *after, int from, int to)
{
    return s->beta * (sum_logp(after, from, to) - sum_logp(before, from, to));
}

static void look_at_pairs(ix_sheet *sheet, const first_step *s, const ix_response_pairs *g)
{
    states before, after;
    double im[2] = {0}, ex[2] = {0}; /* accuracy, mean difference */
    int room = tokens_of_pairs(g);
    open_states(&before, room);
    open_states(&after, room);
    for (int i = 0; i < 2 * g->n; i++) {
        add_response(&before, &g->pair[i / 2][i % 2], s->U->d, 0);
        add_response(&after, &g->pair[i / 2][i % 2], s->U->d, 0);
    }
    compute(&before, s->U, NULL, 0);
    compute(&after, s->U, &s->by, s->rate);
    for (int i = 0, at = 0; i < g->n; i++) {
        const ix_response *y = g->pair[i];
        int middle = at + y[0].size, end = middle + y[1].size;
        double implicit = gained(s, &before, &after, at, middle) - gained(s, &before, &after, middle, end);
        double explicit = ix_vec_dot(s->u, last_state(&y[0], s->U->d), s->U->d) -
                          ix_vec_dot(s->u, last_state(&y[1], s->U->d), s->U->d);
        im[0] += ix_ranked(implicit) / g->n;
        im[1] += implicit / g->n;
        ex[0] += ix_ranked(explicit) / g->n;
        ex[1] += explicit / g->n;
        at = end;
    }
    ix_sheet_row(sheet, g->name, (double[]){im[0], ex[0], im[1], ex[1], g->n}, 5);
    close_states(&before);
    close_states(&after);
}

void ix_one_step(ix_claims *out, const ix_unembedding *U, double beta, const ix_response_pairs *trained,
                 const ix_response_pairs *group, int groups)
{
    static const char *const columns[] = {"IM accuracy", "EX accuracy", "IM mean", "EX mean", "pairs"};
    first_step s = {.U = U, .beta = beta};
    ix_sheet *sheet = ix_claims_sheet(out, "one_step",
                                      "Accuracies and mean reward differences after one small full-batch step on the "
                                      "trained pairs, from u = 0 and U = the reference, hidden states fixed: below one "
                                      "half a group is pushed the wrong way.",
                                      columns, 5);
    take_first_step(&s, trained);
    look_at_pairs(sheet, &s, trained);
    for (int i = 0; i < groups; i++) look_at_pairs(sheet, &s, &group[i]);
    close_states(&s.by);
    free(s.u);
}

/* --- EX-GRM --------------------------------------------------------------------------------------------------------
 */

static void take_generative_steps(const ix_dynamics *p, const states *by, const states *seen, comparison *c)
{
    range rho = {0};
    states after;
    open_states(&after, 1);
    add_state(&after, seen->h[0], seen->token[0], 0);
    double slope = first_order(seen, 0, 1, by, &p->U, &rho);
    for (int r = 0; r < RATES; r++) {
        compute(&after, &p->U, by, c->rate[r]);
        c->actual[r] = after.logp[0] - seen->logp[0];
        c->predicted[r] = c->rate[r] * slope;
    }
    close_states(&after);
}

static void fill_generative_sheet(ix_claims *out, const comparison *c, const double factor[2])
{
    static const char *const columns[] = {"step", "actual", "formula", "rest/step^2", "c1", "c2"};
    ix_sheet *s = ix_claims_sheet(out, "ex_grm",
                                  "Change of ln pi(yes) after another response by one step on a pair of questions: "
                                  "eta (c1 <h', h+> + c2 <h', h->).",
                                  columns, 6);
    for (int r = 0; r < RATES; r++)
        ix_sheet_row(s, "ln pi(yes)",
                     (double[]){c->rate[r], c->actual[r], c->predicted[r], quotient(c, r, 0), factor[0], factor[1]}, 6);
}

void ix_generative_dynamics(ix_claims *out, const ix_dynamics *p, int32_t yes, int32_t no)
{
    range rho = {0};
    states by, seen;
    comparison c;
    int64_t d = p->U.d, V = p->U.V;
    double rate = p->rate > 0 ? p->rate : p->beta * p->beta * rate_of(p); /* the step has no beta */

    open_states(&by, 2);
    open_states(&seen, 1);
    open_comparison(&c, 1, rate);
    add_state(&by, last_state(&p->trained[0], d), yes, 1);
    add_state(&by, last_state(&p->trained[1], d), no, 1);
    add_state(&seen, last_state(&p->other[0], d), yes, 0);
    compute(&by, &p->U, NULL, 0);
    compute(&seen, &p->U, NULL, 0);
    take_generative_steps(p, &by, &seen, &c);
    double factor[2] = {rho_of(&seen, 0, &by, 0, V, &rho), rho_of(&seen, 0, &by, 1, V, &rho)};
    fill_generative_sheet(out, &c, factor);
    ix_claim_state(out, "ex_grm.first_order",
                   "A step of EX-GRM changes ln pi(yes) by eta (c1 <h', h+> + c2 <h', h->), and the rest is "
                   "proportional to eta^2 (change of rest / eta^2 between the last two step sizes).",
                   unrest(&c), IX_AT_MOST, 0.02);
    ix_claim_state(out, "ex_grm.c1", "c1 is not negative.", factor[0], IX_AT_LEAST, 0);
    if (V == 2)
        ix_claim_state(out, "ex_grm.c2",
                       "With nothing but yes and no to say, c2 is -2 (1 - pi'(yes)) pi-(yes) (difference).",
                       fabs(factor[1] + 2 * (1 - seen.p[yes]) * by.p[V + yes]), IX_AT_MOST, 1e-12);
    close_states(&by);
    close_states(&seen);
    close_comparison(&c);
}
