/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing tokens: the kernel beside its twin on the same numbers, frequencies beside exact probabilities, and what
 * top_k, top_p and a choice leave. */
#include "check.h"
#include "draw.h"
#include "tensor/tensor.h"

enum { V = 37, DRAWS = 20000 };

static void logits(float *z, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) z[i] = (float)(1.5 * ix_draw_normal(seed, IX_DRAW_TEST, (uint64_t)i));
    for (int64_t i = 5; i + 3 < n; i += 9) z[i + 3] = z[i]; /* ties */
}

static void sample(int32_t *token, const float *z, const ix_choice *choice, const ix_sampling *how, const double *u,
                   int64_t N)
{
    void *scratch = malloc(ix_sample_scratch(V));
    ix_sample(token, z, choice, how, u, N, V, scratch);
    free(scratch);
}

static void equals_its_twin(void **state)
{
    (void)state;
    enum { N = 400 };
    static float z[N * V];
    static double u[N];
    static int32_t got[N], want[N], some[] = {30, 2, 17, 8};
    static ix_choice choice[N];
    const ix_sampling how[] = {{1, 0, 1}, {0.5, 0, 1}, {2, 7, 1}, {1, 0, 0.6}, {1, 9, 0.8}, {1, 1, 1}, {1, 0, 1e-9}};
    logits(z, N * V, 3);
    for (int i = 0; i < N; i++) {
        u[i] = ix_draw_uniform(4, IX_DRAW_TEST, (uint64_t)i);
        if (i % 3 == 0) choice[i] = (ix_choice){some, 4};
    }
    u[0] = 0;
    u[1] = 1 - 0x1p-53;
    for (size_t k = 0; k < sizeof how / sizeof *how; k++) {
        sample(got, z, choice, &how[k], u, N);
        ix_sample_ref(want, z, choice, &how[k], u, N, V);
        assert_memory_equal(got, want, sizeof got);
        sample(got, z, NULL, &how[k], u, N);
        ix_sample_ref(want, z, NULL, &how[k], u, N, V);
        assert_memory_equal(got, want, sizeof got);
    }
}

/* Counts of many draws within five standard deviations of their probabilities, and nothing outside of what stays. */
static void check_frequencies(const float *z, const ix_sampling *how, const double *p)
{
    static double u[DRAWS];
    static int32_t token[DRAWS];
    static float all[DRAWS * V];
    int64_t count[V] = {0};
    for (int i = 0; i < DRAWS; i++) {
        u[i] = ix_draw_uniform(11, IX_DRAW_TEST, (uint64_t)i);
        memcpy(all + i * V, z, V * sizeof *z);
    }
    sample(token, all, NULL, how, u, DRAWS);
    for (int i = 0; i < DRAWS; i++) count[token[i]]++;
    for (int v = 0; v < V; v++) {
        if (p[v] == 0) assert_int_equal(count[v], 0);
        CHECK_NEAR(count[v], DRAWS * p[v], 5 * sqrt(DRAWS * p[v] * (1 - p[v])) + 1e-9);
    }
}

/* Probabilities of the tokens marked in `stays`. */
static void exact(double *p, const float *z, double temperature, const bool *stays)
{
    double total = 0;
    for (int v = 0; v < V; v++) total += p[v] = stays[v] ? exp((double)z[v] / temperature) : 0;
    for (int v = 0; v < V; v++) p[v] /= total;
}

static void frequencies(void **state)
{
    (void)state;
    float z[V];
    double p[V], all[V];
    bool every[V], largest[V] = {false}, nucleus[V] = {false};
    logits(z, V, 8);
    for (int v = 0; v < V; v++) every[v] = true;
    exact(p, z, 1, every);
    check_frequencies(z, &(ix_sampling){1, 0, 1}, p);
    exact(p, z, 0.7, every);
    check_frequencies(z, &(ix_sampling){0.7, 0, 1}, p);
    exact(all, z, 1, every);
    double reached = 0;
    for (int rank = 0; rank < V; rank++) { /* one after the other, from the largest on */
        int best = -1;
        for (int v = 0; v < V; v++)
            if (every[v] && (best < 0 || z[v] > z[best])) best = v;
        every[best] = false;
        if (rank < 6) largest[best] = true;
        if (reached < 0.75) nucleus[best] = true;
        reached += all[best];
    }
    exact(p, z, 1, largest);
    check_frequencies(z, &(ix_sampling){1, 6, 1}, p);
    exact(p, z, 1, nucleus);
    check_frequencies(z, &(ix_sampling){1, 0, 0.75}, p);
}

/* The sixth and the seventh are equal: both stay under top_k 6. */
static void ties_stay(void **state)
{
    (void)state;
    float z[V];
    double p[V];
    bool stays[V] = {false};
    for (int v = 0; v < V; v++) z[v] = v < 5 ? 2 : v < 7 ? 1 : -1;
    for (int v = 0; v < 7; v++) stays[v] = true;
    exact(p, z, 1, stays);
    check_frequencies(z, &(ix_sampling){1, 6, 1}, p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_its_twin), cmocka_unit_test(frequencies),
                                       cmocka_unit_test(ties_stay)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
