/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kernel against its reference twin at awkward sizes; the twins' backward against differences of their forward;
 * the same bits for any number of threads. Tolerances are relative to the largest number: rounding of the longest sum
 * (2^-24 times the square root of its length, with a factor of 8). */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

static const int64_t sizes[] = {1, 2, 7, 8, 9, 31, 63, 64, 65, 130};
enum { SIZES = sizeof sizes / sizeof *sizes };

static double rounding(int64_t length)
{
    return 8 * 6e-8 * sqrt((double)length + 1);
}

static void gemm_matches(void **state)
{
    (void)state;
    for (int c = 0; c < 240; c++) {
        int64_t m = sizes[(c * 7) % SIZES], n = sizes[(c * 3 + 1) % SIZES], k = sizes[(c * 5 + 2) % SIZES];
        bool ta = c & 1, tb = c & 2, add = c & 4;
        int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 2, ldc = n + 1;
        float *A = draw((ta ? k : m) * lda, 1), *B = draw((tb ? n : k) * ldb, 1), *C = draw(m * ldc, 1);
        float *want = copy_of(C, m * ldc);
        ix_gemm(C, ldc, add, A, lda, ta, B, ldb, tb, m, n, k);
        ix_gemm_ref(want, ldc, add, A, lda, ta, B, ldb, tb, m, n, k);
        CHECK_NEAR(apart(C, want, m * ldc), 0, rounding(k));
        free(A), free(B), free(C), free(want);
    }
    float C[4] = {1, 2, 3, 4};
    ix_gemm(C, 2, true, NULL, 1, false, NULL, 1, false, 2, 2, 0);
    assert_true(C[3] == 4);
    ix_gemm(C, 2, false, NULL, 1, false, NULL, 1, false, 2, 2, 0);
    assert_true(C[0] == 0 && C[3] == 0);
}

/* A row of C has the same bits whatever rows are computed with it, and for any number of threads, also when asked for
 * from inside a parallel region. */
static void gemm_rows_stand_alone(void **state)
{
    (void)state;
    for (int c = 0; c < 24; c++) {
        int64_t m = 37 + 61 * (c % 12), n = 48 + 131 * (c % 5), k = 64 + 211 * (c % 4);
        bool ta = c & 1, tb = c & 2, add = c % 3 == 0;
        int64_t lda = ta ? m : k, ldb = tb ? k : n;
        float *A = draw(m * k, 1), *B = draw(n * k, 1), *all = draw(m * n, 1), *start = copy_of(all, m * n);
        ix_gemm(all, n, add, A, lda, ta, B, ldb, tb, m, n, k);
        for (int t = 1; t <= 4; t++) {
            int64_t lo = (13 * t * (c + 1)) % m, rows = 1 + (m - lo) * t / 5;
            float *some = copy_of(start + lo * n, rows * n);
            omp_set_num_threads(t);
            ix_gemm(some, n, add, A + lo * (ta ? 1 : lda), lda, ta, B, ldb, tb, rows, n, k);
            assert_memory_equal(some, all + lo * n, (size_t)(rows * n) * sizeof *all);
            free(some);
        }
#pragma omp parallel num_threads(2)
        if (omp_get_thread_num() == 1) ix_gemm(start, n, add, A, lda, ta, B, ldb, tb, m, n, k);
        omp_set_num_threads(1);
        assert_memory_equal(start, all, (size_t)(m * n) * sizeof *all);
        free(A), free(B), free(all), free(start);
    }
}

static ix_gemm_args drawn_product(int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool add)
{
    return (ix_gemm_args){
        draw(m * n, 1), draw(m * k, 1), draw(n * k, 1), n, ta ? m : k, tb ? k : n, m, n, k, add, ta, tb};
}

/* Two at once, large enough for threads to take pieces of the rest, long in rows and long in columns: the bits of one
 * after the other on one thread. */
static void gemms_share_the_rest(void **state)
{
    (void)state;
    for (int add = 0; add < 2; add++) {
        ix_gemm_args p[] = {
            drawn_product(2700, 530, 70, true, false, add), drawn_product(541, 2690, 80, false, true, !add), {.n = 3}};
        float *one[2], *start[2];
        for (int i = 0; i < 2; i++) {
            const ix_gemm_args *q = &p[i];
            start[i] = copy_of(q->C, q->m * q->n);
            one[i] = copy_of(q->C, q->m * q->n);
            ix_gemm(one[i], q->ldc, q->add, q->A, q->lda, q->ta, q->B, q->ldb, q->tb, q->m, q->n, q->k);
        }
        for (int t = 1; t <= 4; t++) {
            for (int i = 0; i < 2; i++) memcpy(p[i].C, start[i], (size_t)(p[i].m * p[i].n) * sizeof *start[i]);
            omp_set_num_threads(t);
            ix_gemms(p, 2);
            for (int i = 0; i < 2; i++) assert_memory_equal(p[i].C, one[i], (size_t)(p[i].m * p[i].n) * sizeof *one[i]);
        }
        ix_gemms(p + 1, 2); /* the second is empty */
        omp_set_num_threads(1);
        for (int i = 0; i < 2; i++) free((void *)(uintptr_t)p[i].A), free((void *)(uintptr_t)p[i].B), free(p[i].C);
        for (int i = 0; i < 2; i++) free(one[i]), free(start[i]);
    }
}

static void embedding_matches(void **state)
{
    enum { V = 11, N = 200, D = 37 };
    int32_t token[N];
    float *E = draw(V * D, 1), *dy = draw(N * D, 1), *y = draw(N * D, 1), *want = draw(N * D, 1);
    float *got = draw(V * D, 1), *twin = copy_of(got, V * D);
    (void)state;
    for (int n = 0; n < N; n++) token[n] = (n * 7) % V;
    ix_embed(y, E, token, N, D);
    ix_embed_ref(want, E, token, N, D);
    assert_memory_equal(y, want, N * D * sizeof *y);
    omp_set_num_threads(3);
    ix_embed_backward(got, dy, token, N, D);
    omp_set_num_threads(1);
    ix_embed_backward_ref(twin, dy, token, N, D);
    assert_memory_equal(got, twin, V * D * sizeof *got);
    free(E), free(dy), free(y), free(want), free(got), free(twin);
}

static void rmsnorm_matches(void **state)
{
    (void)state;
    for (int c = 0; c < SIZES * SIZES; c++) {
        int64_t N = sizes[c / SIZES], D = sizes[c % SIZES];
        float *x = draw(N * D, 2), *g = draw(D, 1), *dy = draw(N * D, 1), *y = draw(N * D, 1), *r = draw(N, 1);
        float *wy = draw(N * D, 1), *wr = draw(N, 1), *dx = draw(N * D, 1), *dg = draw(D, 1);
        float *wdx = copy_of(dx, N * D), *wdg = copy_of(dg, D), *tdx = copy_of(dx, N * D), *tdg = copy_of(dg, D);
        void *scratch = malloc(ix_rmsnorm_scratch(N, D));
        ix_rmsnorm(y, r, x, g, N, D, 1e-5f);
        ix_rmsnorm_ref(wy, wr, x, g, N, D, 1e-5f);
        CHECK_NEAR(apart(y, wy, N * D), 0, 1e-6);
        CHECK_NEAR(apart(r, wr, N), 0, 1e-6);
        ix_rmsnorm_backward(dx, dg, dy, x, r, g, N, D, scratch);
        ix_rmsnorm_backward_ref(wdx, wdg, dy, x, r, g, N, D);
        double term = check_largest(r, N) * check_largest(dy, N * D) * check_largest(g, D); /* two of them cancel */
        CHECK_NEAR(check_worst(dx, wdx, N * D), 0, 2e-7 * (term + check_largest(wdx, N * D)));
        double most = 0; /* the largest term of a sum for dg, which may cancel */
        for (int64_t i = 0; i < N * D; i++) most = fmax(most, fabs((double)(dy[i] * x[i] * r[i / D])));
        CHECK_NEAR(check_worst(dg, wdg, D), 0, rounding(N) * most + 1e-7 * check_largest(wdg, D));
        omp_set_num_threads(3);
        ix_rmsnorm_backward(tdx, tdg, dy, x, r, g, N, D, scratch);
        omp_set_num_threads(1);
        assert_memory_equal(dx, tdx, (size_t)(N * D) * sizeof *dx);
        assert_memory_equal(dg, tdg, (size_t)D * sizeof *dg);
        free(x), free(g), free(dy), free(y), free(r), free(wy), free(wr), free(dx), free(dg), free(wdx), free(wdg);
        free(tdx), free(tdg), free(scratch);
    }
}

/* sum_i dy_i f_i(x) differentiated by x[at], by central differences of the reference forward. */
static double norm_difference(float *x, int64_t at, const float *g, const float *dy, int64_t N, int64_t D)
{
    double side[2];
    float *y = malloc((size_t)(N * D) * sizeof *y), r[8], kept = x[at], h = 1e-2f;
    for (int s = 0; s < 2; s++) {
        x[at] = s ? kept - h : kept + h;
        ix_rmsnorm_ref(y, r, x, g, N, D, 1e-5f);
        side[s] = 0;
        for (int64_t i = 0; i < N * D; i++) side[s] += (double)dy[i] * (double)y[i];
    }
    double step = (double)(kept + h) - (double)(kept - h);
    x[at] = kept;
    free(y);
    return (side[0] - side[1]) / step;
}

static void rmsnorm_twin_differentiates(void **state)
{
    enum { N = 3, D = 10 };
    float *x = draw(N * D, 1), *g = draw(D, 1), *dy = draw(N * D, 1), y[N * D], r[N], dx[N * D] = {0}, dg[D] = {0};
    (void)state;
    ix_rmsnorm_ref(y, r, x, g, N, D, 1e-5f);
    ix_rmsnorm_backward_ref(dx, dg, dy, x, r, g, N, D);
    for (int64_t i = 0; i < N * D; i++) CHECK_NEAR(dx[i], norm_difference(x, i, g, dy, N, D), 2e-3);
    for (int64_t d = 0; d < D; d++) { /* y is linear in g */
        double slope = 0;
        for (int64_t n = 0; n < N; n++) slope += (double)(dy[n * D + d] * y[n * D + d]) / (double)g[d];
        CHECK_NEAR(dg[d], slope, 1e-5);
    }
    free(x), free(g), free(dy);
}

static void rope_matches_and_turns_back(void **state)
{
    enum { N = 50, H = 3, K = 24, R = 16, T = 70 };
    float inv[R / 2], cosine[T * R / 2], sine[T * R / 2];
    int32_t position[N];
    int64_t stride = H * K + 5;
    float *x = draw(N * stride, 1), *want = copy_of(x, N * stride), *start = copy_of(x, N * stride);
    (void)state;
    for (int j = 0; j < R / 2; j++) inv[j] = (float)pow(10000, -2.0 * j / R);
    for (int n = 0; n < N; n++) position[n] = (n * 13) % T;
    ix_rope_table(cosine, sine, inv, T, R);
    for (int t = 0; t < T; t++)
        for (int j = 0; j < R / 2; j++) {
            CHECK_NEAR(cosine[t * R / 2 + j], cosf((float)t * inv[j]), 1e-7);
            CHECK_NEAR(sine[t * R / 2 + j], sinf((float)t * inv[j]), 1e-7);
        }
    ix_rope(x, stride, K, H, R, cosine, sine, position, N, false);
    ix_rope_ref(want, stride, K, H, R, cosine, sine, position, N, false);
    CHECK_NEAR(apart(x, want, N * stride), 0, 3e-7);
    ix_rope(x, stride, K, H, R, cosine, sine, position, N, true);
    CHECK_NEAR(apart(x, start, N * stride), 0, 6e-7);
    for (int n = 0; n < N; n++) assert_true(x[n * stride + R] == start[n * stride + R]); /* not rotated */
    free(x), free(want), free(start);
}

static void logp_matches(void **state)
{
    static const int64_t vocabularies[] = {1, 2, 7, 8, 9, 97, 511, 512, 513, 5003};
    (void)state;
    for (size_t c = 0; c < sizeof vocabularies / sizeof *vocabularies; c++) {
        enum { N = 5 };
        int64_t V = vocabularies[c];
        float *z = draw(N * V, 5), *wz, lse[N], wlse[N], cap = c % 2 ? 6 : 0;
        double logp[N], wlogp[N], d[N] = {0.3, -1, 2, 0, 1e-3};
        int32_t target[N];
        for (int n = 0; n < N; n++) target[n] = (int32_t)((n * 31) % V);
        if (cap > 0) ix_softcap_ref(z, cap, N * V);
        wz = copy_of(z, N * V);
        ix_logp(logp, lse, z, target, N, V);
        ix_logp_ref(wlogp, wlse, z, target, N, V);
        for (int n = 0; n < N; n++) {
            CHECK_NEAR(logp[n], wlogp[n], 1e-7 * (1 + fabs(wlogp[n])));
            CHECK_NEAR(lse[n], wlse[n], 1e-6 * (1 + fabs((double)wlse[n])));
        }
        ix_logp_backward(z, lse, target, d, cap, N, V);
        ix_logp_backward_ref(wz, lse, target, d, cap, N, V);
        CHECK_NEAR(check_worst(z, wz, N * V), 0, 2e-6);
        for (int n = 0; n < N && cap <= 0; n++) { /* gradients of a normalised distribution sum to 0 */
            double sum = 0;
            for (int64_t v = 0; v < V; v++) sum += (double)z[n * V + v];
            CHECK_NEAR(sum, 0, 4e-6);
        }
        free(z), free(wz);
    }
}

/* log softmax(cap tanh(z / cap))[target], or without a cap, in double; z[at] is moved. */
static double bent_logp(const float *z, int V, int target, double cap, int at, double moved)
{
    double sum = 0, own = 0;
    for (int v = 0; v < V; v++) {
        double x = (double)z[v] + (v == at ? moved : 0), y = cap > 0 ? cap * tanh(x / cap) : x;
        sum += exp(y);
        if (v == target) own = y;
    }
    return own - log(sum);
}

/* The twin's gradient against differences of the formula. */
static void logp_twin_differentiates(void **state)
{
    enum { N = 3, V = 13 };
    static const int32_t target[N] = {0, 12, 5};
    static const double weight[N] = {0.7, -1.3, 2};
    (void)state;
    for (int c = 0; c < 2; c++) {
        float *z = draw(N * V, 3), *d = copy_of(z, N * V), lse[N], cap = c ? 4 : 0;
        double logp[N], h = 1e-5;
        if (c) ix_softcap_ref(d, cap, N * V);
        ix_logp_ref(logp, lse, d, target, N, V);
        ix_logp_backward_ref(d, lse, target, weight, cap, N, V);
        for (int at = 0; at < N * V; at++) {
            int n = at / V;
            const float *row = z + n * V;
            double up = bent_logp(row, V, target[n], (double)cap, at % V, h);
            double down = bent_logp(row, V, target[n], (double)cap, at % V, -h);
            CHECK_NEAR(d[at], weight[n] * (up - down) / (2 * h), 2e-6);
        }
        free(z), free(d);
    }
}

static void nothing_hides_a_nan(void **state)
{
    float x[20] = {0}, y[20], r[2], g[10] = {0}, lse[1];
    double logp[1];
    int32_t target[1] = {3};
    (void)state;
    assert_true(ix_all_finite(x, 20));
    x[13] = NAN;
    assert_false(ix_all_finite(x, 20));
    ix_rmsnorm(y, r, x, g, 2, 10, 1e-5f);
    assert_true(isnan(r[1]) && !isnan(r[0]));
    ix_logp(logp, lse, x, target, 1, 20);
    assert_true(isnan(logp[0]));
    x[13] = INFINITY;
    assert_false(ix_all_finite(x, 20));
}

static void sums_are_exact(void **state)
{
    float *x = draw(1001, 1), *y = draw(1001, 1);
    double dot = 0, squares = 0;
    (void)state;
    for (int i = 0; i < 1001; i++) {
        dot += (double)x[i] * (double)y[i];
        squares += (double)x[i] * (double)x[i];
    }
    CHECK_NEAR(ix_dot(x, y, 1001), dot, 1e-12);
    CHECK_NEAR(ix_sum_squares(x, 1001), squares, 1e-11);
    free(x), free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gemm_matches),
                                       cmocka_unit_test(gemm_rows_stand_alone),
                                       cmocka_unit_test(gemms_share_the_rest),
                                       cmocka_unit_test(embedding_matches),
                                       cmocka_unit_test(rmsnorm_matches),
                                       cmocka_unit_test(rmsnorm_twin_differentiates),
                                       cmocka_unit_test(rope_matches_and_turns_back),
                                       cmocka_unit_test(logp_matches),
                                       cmocka_unit_test(logp_twin_differentiates),
                                       cmocka_unit_test(nothing_hides_a_nan),
                                       cmocka_unit_test(sums_are_exact)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
