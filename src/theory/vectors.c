/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/vectors.h"

#include <math.h>
#include <stdlib.h>

enum { LANES = 8 };

double ix_vec_dot(const double *a, const double *b, int64_t n)
{
    double lane[LANES] = {0}, rest = 0;
    int64_t whole = n / LANES * LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += a[i + k] * b[i + k];
    for (int64_t i = whole; i < n; i++) rest += a[i] * b[i];
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7])) + rest;
}

double ix_vec_norm(const double *a, int64_t n)
{
    return sqrt(ix_vec_dot(a, a, n));
}

double ix_vec_cosine(const double *a, const double *b, int64_t n)
{
    double size = ix_vec_norm(a, n) * ix_vec_norm(b, n);
    return size > 0 ? ix_vec_dot(a, b, n) / size : 0;
}

void ix_vec_add(double *y, double by, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] += by * x[i];
}

void ix_vec_less(double *y, const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] = a[i] - b[i];
}

double ix_sigmoid(double x)
{
    double e = exp(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double ix_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

double ix_softmax(double *p, const double *z, int64_t n)
{
    double most = z[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        if (z[i] > most) most = z[i];
    for (int64_t i = 0; i < n; i++) sum += p[i] = exp(z[i] - most);
    for (int64_t i = 0; i < n; i++) p[i] /= sum;
    return most + log(sum);
}

double ix_gauss(ix_torch_rng *g)
{
    double u = (ix_torch_next(g) + 0.5) / 4294967296.0;
    double v = (ix_torch_next(g) + 0.5) / 4294967296.0;
    return sqrt(-2 * log(u)) * cos(2 * 3.141592653589793 * v);
}

void ix_gauss_fill(double *x, int64_t n, double scale, ix_torch_rng *g)
{
    for (int64_t i = 0; i < n; i++) x[i] = scale * ix_gauss(g);
}

double *ix_reals(int64_t n)
{
    double *x = calloc((size_t)n + 1, sizeof *x);
    IX_CONTRACT(x);
    return x;
}
