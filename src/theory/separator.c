/* SPDX-License-Identifier: Apache-2.0
 *
 * With s the longest |z_i|, columns e_i = (z_i / s, 1) and f = (0, ..., 0, 1): of the a >= 0 that makes |f - E a|
 * least, the residual r = f - E a says all. r = 0: no separator. Else x = -r_[1..d] / r_[d+1] has the least norm of all
 * with <x, z_i / s> >= 1, and the e_i with a_i > 0 are its support. w itself is then computed again from the support
 * alone, where <w, z_i> = 1: that keeps the digits that r loses when the margin is small. */
#include "theory/separator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "theory/vectors.h"

typedef struct {
    const double *z;
    int64_t n, d, rows; /* rows = d + 1 */
    double scale;       /* 1 / s */
    double *a;          /* [n] */
    bool *refused;      /* [n] columns that lie in the span of the support */
    int64_t *support;   /* [most] in the order of the basis */
    int64_t k, most;
    double *basis;    /* [most, rows] orthonormal */
    double *triangle; /* [most, most] column j: e_support[j] in the basis, at j * most */
    double *trial;    /* [most] */
    double *r, *e;    /* [rows] */
} solver;

static void close_solver(solver *s)
{
    free(s->a);
    free(s->refused);
    free(s->support);
    free(s->basis);
    free(s->triangle);
    free(s->trial);
    free(s->r);
    free(s->e);
}

static void open_solver(solver *s)
{
    s->rows = s->d + 1;
    s->most = s->n < s->rows ? s->n : s->rows;
    s->a = ix_reals(s->n);
    s->refused = calloc((size_t)s->n + 1, sizeof *s->refused);
    s->support = calloc((size_t)s->most + 1, sizeof *s->support);
    IX_CONTRACT(s->refused && s->support);
    s->basis = ix_reals(s->most * s->rows);
    s->triangle = ix_reals(s->most * s->most);
    s->trial = ix_reals(s->most);
    s->r = ix_reals(s->rows);
    s->e = ix_reals(s->rows);
}

static void column(const solver *s, int64_t i, double *e)
{
    for (int64_t j = 0; j < s->d; j++) e[j] = s->scale * s->z[i * s->d + j];
    e[s->d] = 1;
}

/* Gram and Schmidt, twice, on the first k vectors of `basis`; coefficients go to `along`. Returns what is left. */
static double orthogonalise(double *x, double *along, const double *basis, int64_t k, int64_t rows)
{
    for (int64_t j = 0; j < k; j++) along[j] = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 0; j < k; j++) {
            double c = ix_vec_dot(basis + j * rows, x, rows);
            along[j] += c;
            ix_vec_add(x, -c, basis + j * rows, rows);
        }
    return ix_vec_norm(x, rows);
}

/* Column i joins the basis; false: it lies in its span already. */
static bool join(solver *s, int64_t i)
{
    if (s->k == s->most) return false;
    double *q = s->basis + s->k * s->rows, *along = s->triangle + s->k * s->most;
    column(s, i, q);
    double whole = ix_vec_norm(q, s->rows), left = orthogonalise(q, along, s->basis, s->k, s->rows);
    if (left <= 1e-13 * whole) return false;
    for (int64_t j = 0; j < s->rows; j++) q[j] /= left;
    along[s->k] = left;
    s->support[s->k++] = i;
    return true;
}

/* x of triangle x = y; y and x may be one. */
static void solve_upper(double *x, const double *triangle, int64_t k, int64_t most)
{
    for (int64_t i = k - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < k; j++) x[i] -= triangle[j * most + i] * x[j];
        x[i] /= triangle[i * most + i];
    }
}

static void find_trial(solver *s)
{
    for (int64_t j = 0; j < s->k; j++) s->trial[j] = s->basis[j * s->rows + s->d]; /* Q^T f */
    solve_upper(s->trial, s->triangle, s->k, s->most);
}

static void find_residual(solver *s)
{
    memset(s->r, 0, (size_t)s->rows * sizeof *s->r);
    s->r[s->d] = 1;
    orthogonalise(s->r, s->e, s->basis, s->k, s->rows);
}

/* As far towards the trial as all a stay nonnegative; whoever reaches 0 leaves. */
static void step_back(solver *s)
{
    double reach = 1;
    int64_t old = s->k, first = -1;
    for (int64_t j = 0; j < s->k; j++) {
        double a = s->a[s->support[j]];
        if (s->trial[j] <= 0 && a / (a - s->trial[j]) < reach) reach = a / (a - s->trial[j]), first = j;
    }
    for (int64_t j = 0; j < s->k; j++) {
        double *a = &s->a[s->support[j]];
        *a += reach * (s->trial[j] - *a);
        if (j == first || *a <= 0) *a = 0;
    }
    s->k = 0;
    for (int64_t j = 0; j < old; j++)
        if (s->a[s->support[j]] > 0 && !join(s, s->support[j])) s->a[s->support[j]] = 0;
}

/* The column that the residual leans on most; -1: none by more than rounding. */
static int64_t next_column(const solver *s)
{
    double rho = s->r[s->d], most = 1e-13 * rho + 1e-16;
    int64_t best = -1;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->a[i] > 0 || s->refused[i]) continue;
        double lean = s->scale * ix_vec_dot(s->z + i * s->d, s->r, s->d) + rho;
        if (lean > most) most = lean, best = i;
    }
    return best;
}

static bool all_positive(const solver *s)
{
    for (int64_t j = 0; j < s->k; j++)
        if (s->trial[j] <= 0) return false;
    return true;
}

static ix_status find_support(solver *s)
{
    ix_status rc = IX_OK;
    int64_t rounds = 0, i;
    find_residual(s);
    while ((i = next_column(s)) >= 0) {
        IX_NEED(rounds++ < 20 * s->n + 1000, IX_ENUMERIC, "max-margin separator: no end after %lld rounds",
                (long long)rounds);
        if (!join(s, i)) {
            s->refused[i] = true;
            continue;
        }
        find_trial(s);
        if (s->trial[s->k - 1] <= 0) { /* only rounding made it look useful */
            s->refused[i] = true;
            s->k--;
            continue;
        }
        for (; !all_positive(s); find_trial(s)) step_back(s);
        for (int64_t j = 0; j < s->k; j++) s->a[s->support[j]] = s->trial[j];
        memset(s->refused, 0, (size_t)s->n * sizeof *s->refused);
        find_residual(s);
    }
done:
    return rc;
}

/* The shortest w with <w, z_i> = 1 on the support: w = Q y with R^T y = 1, z_support = Q R. */
static void from_support(solver *s, double *w, double *dual)
{
    int64_t k = s->k, d = s->d;
    double *y = s->trial;
    for (int64_t j = 0; j < k; j++) {
        double *q = s->basis + j * d, *along = s->triangle + j * s->most;
        memcpy(q, s->z + s->support[j] * d, (size_t)d * sizeof *q);
        double left = orthogonalise(q, along, s->basis, j, d);
        for (int64_t i = 0; i < d; i++) q[i] /= left;
        along[j] = left;
        y[j] = 1;
        for (int64_t i = 0; i < j; i++) y[j] -= along[i] * y[i];
        y[j] /= left;
    }
    memset(w, 0, (size_t)d * sizeof *w);
    for (int64_t j = 0; j < k; j++) ix_vec_add(w, y[j], s->basis + j * d, d);
    solve_upper(y, s->triangle, k, s->most); /* now w = sum_j y_j z_support[j] */
    *dual = 0;
    for (int64_t j = 0; j < k; j++) *dual += y[j] > 0 ? y[j] : 0;
}

static ix_status find_scale(solver *s)
{
    ix_status rc = IX_OK;
    double longest = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double size = ix_vec_norm(s->z + i * s->d, s->d);
        IX_NEED(isfinite(size), IX_ENUMERIC, "max-margin separator: vector %lld is not finite", (long long)i);
        if (size > longest) longest = size;
    }
    s->scale = longest > 0 ? 1 / longest : 1;
done:
    return rc;
}

ix_status ix_separator(double *w, ix_separation *out, const double *z, int64_t n, int64_t d)
{
    ix_status rc = IX_OK;
    solver s = {.z = z, .n = n, .d = d};
    double dual;

    *out = (ix_separation){0};
    memset(w, 0, (size_t)d * sizeof *w);
    open_solver(&s);
    IX_TRY(find_scale(&s));
    IX_TRY(find_support(&s));
    if (s.r[d] <= 1e-14) goto done; /* margin^2 / (1 + margin^2), of vectors no longer than 1 */
    from_support(&s, w, &dual);
    out->norm = ix_vec_norm(w, d);
    out->least = INFINITY;
    for (int64_t i = 0; i < n; i++) out->least = fmin(out->least, ix_vec_dot(w, z + i * d, d));
    out->gap = fabs(out->norm * out->norm - dual) / (out->norm * out->norm);
    out->support = s.k;
    out->separable = out->least > 1 - 1e-6;
    if (!out->separable) memset(w, 0, (size_t)d * sizeof *w);
done:
    close_solver(&s);
    return rc;
}
