/* SPDX-License-Identifier: Apache-2.0
 *
 * sample.c - drawing tokens. Probabilities are in double and summed in one order, so that a draw is a function of the
 * logits and u alone. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "tensor/parallel.h"
#include "tensor/tensor.h"

/* A token that may come, and its weight: exp((z - largest) / temperature), 0 once it is left out. */
typedef struct {
    float z;
    int32_t token;
    int32_t place; /* in the order in which sums run */
    double weight;
} candidate;

size_t ix_sample_scratch(int64_t V)
{
    return (size_t)omp_get_max_threads() * (size_t)V * sizeof(candidate);
}

static int by_size(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->z != y->z) return x->z > y->z ? -1 : 1;
    return x->token < y->token ? -1 : x->token > y->token;
}

static int by_place(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int64_t list(candidate *c, const float *z, const ix_choice *choice, int64_t V)
{
    bool some = choice && choice->n > 0;
    int64_t n = some ? choice->n : V;
    for (int64_t i = 0; i < n; i++) {
        int32_t token = some ? choice->token[i] : (int32_t)i;
        c[i] = (candidate){.z = z[token], .token = token, .place = (int32_t)i};
    }
    return n;
}

/* How many of the sorted candidates stay. */
static int64_t cut(const candidate *c, int64_t n, const ix_sampling *how)
{
    if (how->top_k > 0 && how->top_k < n) {
        int64_t k = how->top_k;
        while (k < n && c[k].z == c[how->top_k - 1].z) k++;
        n = k;
    }
    double total = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) total += c[i].weight;
    for (int64_t i = 0; i < n && how->top_p < 1; i++) {
        sum += c[i].weight;
        if (sum >= how->top_p * total) return i + 1;
    }
    return n;
}

static int32_t draw(candidate *c, int64_t n, const ix_sampling *how, double u)
{
    float most = -INFINITY;
    double total = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) most = c[i].z > most ? c[i].z : most;
    for (int64_t i = 0; i < n; i++) c[i].weight = exp(((double)c[i].z - (double)most) / how->temperature);
    if ((how->top_k > 0 && how->top_k < n) || how->top_p < 1) {
        qsort(c, (size_t)n, sizeof *c, by_size);
        n = cut(c, n, how);
        qsort(c, (size_t)n, sizeof *c, by_place);
    }
    for (int64_t i = 0; i < n; i++) total += c[i].weight;
    for (int64_t i = 0; i < n; i++) {
        sum += c[i].weight;
        if (u * total < sum) return c[i].token;
    }
    return c[n - 1].token; /* logits that are no numbers */
}

void ix_sample(int32_t *token, const float *z, const ix_choice *choice, const ix_sampling *how, const double *u,
               int64_t N, int64_t V, void *scratch)
{
#pragma omp parallel for schedule(dynamic) if (ix_worth_threads(N * V))
    for (int64_t n = 0; n < N; n++) {
        candidate *c = (candidate *)scratch + omp_get_thread_num() * V;
        int64_t size = list(c, z + n * V, choice ? &choice[n] : NULL, V);
        token[n] = draw(c, size, how, u[n]);
    }
}

/* --- in plain loops --------------------------------------------------------------------------------- */

/* Is candidate a before b in the order of probability? */
static bool before(const float *z, const int32_t *token, int64_t a, int64_t b)
{
    float x = z[token[a]], y = z[token[b]];
    return x > y || (x == y && token[a] < token[b]);
}

/* Does candidate i stay? Counts who is larger, then sums what is before it. */
static bool stays(const float *z, const int32_t *token, int64_t n, const ix_sampling *how, int64_t i)
{
    double total = 0, sum = 0, t = how->temperature;
    for (int64_t j = 0; j < n; j++) {
        int64_t larger = 0;
        for (int64_t k = 0; k < n; k++) larger += z[token[k]] > z[token[j]];
        bool kept = how->top_k == 0 || larger < how->top_k;
        double p = kept ? exp(((double)z[token[j]] - (double)z[token[i]]) / t) : 0;
        if (j == i && !kept) return false;
        total += p;
        if (before(z, token, j, i)) sum += p;
    }
    return how->top_p >= 1 || sum < how->top_p * total;
}

void ix_sample_ref(int32_t *token, const float *z, const ix_choice *choice, const ix_sampling *how, const double *u,
                   int64_t N, int64_t V)
{
    for (int64_t n = 0; n < N; n++) {
        const float *zn = z + n * V;
        int32_t all[V];
        const ix_choice any = {all, (int32_t)V}, *from = choice && choice[n].n > 0 ? &choice[n] : &any;
        double total = 0, sum = 0;
        for (int32_t v = 0; v < (int32_t)V; v++) all[v] = v;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t i = 0; i < from->n; i++) {
                if (!stays(zn, from->token, from->n, how, i)) continue;
                double p = exp((double)zn[from->token[i]] / how->temperature);
                if (pass == 0) total += p;
                else if (sum <= u[n] * total) token[n] = from->token[i];
                if (pass == 1) sum += p;
            }
    }
}
