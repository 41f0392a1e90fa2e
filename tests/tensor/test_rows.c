/* SPDX-License-Identifier: Apache-2.0
 *
 * A row's result has the same bits wherever the row lies in memory, whatever rows lie beside it and for any number of
 * threads; and no kernel hides a number that is not one. Sizes are large enough that threads are really used. */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

enum { N = 150, D = 501, HEAD = 50, TURNED = 34 };

/* What a kernel reads and writes, rows of D numbers; the kernel itself, on `rows` rows from `at` on. */
typedef struct {
    float *x, *y, *z, *g, *r, *pairs, *cosine, *sine;
    double *d;
    int32_t token[N];
} table;

typedef void (*kernel)(table *t, int64_t at, int64_t rows);

static void norm(table *t, int64_t at, int64_t rows)
{
    ix_rmsnorm(t->y + at * D, t->r + at, t->x + at * D, t->g, rows, D, 1e-6f);
}

static void norm_backward(table *t, int64_t at, int64_t rows)
{
    void *scratch = malloc(ix_rmsnorm_scratch(rows, D));
    ix_rmsnorm_backward(t->z + at * D, NULL, t->y + at * D, t->x + at * D, t->r + at, t->g, rows, D, scratch);
    free(scratch);
}

static void gate(table *t, int64_t at, int64_t rows)
{
    ix_swiglu(t->z + at * D, t->x + at * D, t->y + at * D, D, rows, D);
}

static void gate_backward(table *t, int64_t at, int64_t rows)
{
    ix_swiglu_backward(t->x + at * D, t->y + at * D, t->z + at * D, t->x + at * D, t->y + at * D, D, rows, D);
}

static void layer_norm(table *t, int64_t at, int64_t rows)
{
    ix_layernorm(t->y + at * D, t->pairs + 2 * at, t->x + at * D, t->g, t->x, rows, D, 1e-6f);
}

static void layer_norm_backward(table *t, int64_t at, int64_t rows)
{
    float dg[D], db[D];
    void *scratch = malloc(ix_layernorm_scratch(rows, D));
    for (int64_t n = at; n < at + rows; n++) t->pairs[2 * n + 1] = t->r[n];
    ix_layernorm_backward(t->z + at * D, dg, db, t->y + at * D, t->x + at * D, t->pairs + 2 * at, t->g, rows, D,
                          scratch);
    free(scratch);
}

static void bias(table *t, int64_t at, int64_t rows)
{
    ix_bias(t->y + at * D, D, t->g, rows, D);
}

static void gelu(table *t, int64_t at, int64_t rows)
{
    ix_gelu(t->z + at * D, t->x + at * D, rows * D);
}

static void gelu_backward(table *t, int64_t at, int64_t rows)
{
    ix_gelu_backward(t->x + at * D, t->y + at * D, t->x + at * D, rows * D);
}

static void tanh_gate(table *t, int64_t at, int64_t rows)
{
    ix_geglu(t->z + at * D, t->x + at * D, t->y + at * D, D, rows, D);
}

static void tanh_gate_backward(table *t, int64_t at, int64_t rows)
{
    ix_geglu_backward(t->x + at * D, t->y + at * D, t->z + at * D, t->x + at * D, t->y + at * D, D, rows, D);
}

static void softcap(table *t, int64_t at, int64_t rows)
{
    ix_softcap(t->x + at * D, 3, rows * D);
}

static void turn(table *t, int64_t at, int64_t rows)
{
    ix_rope(t->x + at * D, D, HEAD, D / HEAD, TURNED, t->cosine, t->sine, t->token + at, rows, false);
}

static void log_softmax(table *t, int64_t at, int64_t rows)
{
    ix_logp(t->d + at, t->r + at, t->x + at * D, t->token + at, rows, D);
}

static void log_softmax_backward(table *t, int64_t at, int64_t rows)
{
    log_softmax(t, at, rows);
    ix_logp_backward(t->x + at * D, t->r + at, t->token + at, t->d + at, 3, rows, D);
}

static void look_up(table *t, int64_t at, int64_t rows)
{
    ix_embed(t->z + at * D, t->x, t->token + at, rows, D);
}

/* The table lies `shift` floats behind where malloc puts it. */
static table make(int shift)
{
    static float *x, *y, *z, *g, *cosine, *sine;
    float frequency[TURNED / 2];
    if (!x) {
        x = draw(N * D, 2), y = draw(N * D, 1), z = draw(N * D, 1), g = draw(D, 1);
        cosine = draw(N * TURNED / 2, 0), sine = draw(N * TURNED / 2, 0);
        for (int j = 0; j < TURNED / 2; j++) frequency[j] = 1 / (float)(1 + j);
        ix_rope_table(cosine, sine, frequency, N, TURNED);
    }
    table t = {.g = g, .cosine = cosine, .sine = sine};
    float **const to[3] = {&t.x, &t.y, &t.z};
    const float *const from[3] = {x, y, z};
    for (int i = 0; i < 3; i++) {
        *to[i] = (float *)malloc((N * D + 8) * sizeof **to[i]) + shift;
        memcpy(*to[i], from[i], N * D * sizeof **to[i]);
    }
    t.r = (float *)calloc(N + 8, sizeof *t.r) + shift;
    t.pairs = (float *)calloc(2 * N + 8, sizeof *t.pairs) + shift;
    t.d = calloc(N, sizeof *t.d);
    for (int n = 0; n < N; n++) t.r[n] = 0.1f + (float)n / N;
    for (int n = 0; n < N; n++) t.token[n] = (n * 37 + 11) % N;
    return t;
}

static void drop(table *t, int shift)
{
    free(t->x - shift), free(t->y - shift), free(t->z - shift), free(t->r - shift), free(t->pairs - shift), free(t->d);
}

static void rows_stand_alone(void **state)
{
    static const kernel kernels[] = {norm,          norm_backward, layer_norm,           layer_norm_backward,
                                     bias,          gelu,          gelu_backward,        gate,
                                     gate_backward, tanh_gate,     tanh_gate_backward,   softcap,
                                     turn,          log_softmax,   log_softmax_backward, look_up};
    static const int64_t parts[] = {0, 1, 3, 68, 69, 77, N};
    (void)state;
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++)
        for (int threads = 1; threads <= 4; threads++) {
            table whole = make(0), cut = make(threads);
            omp_set_num_threads(threads);
            kernels[k](&whole, 0, N);
            omp_set_num_threads(1);
            for (size_t p = 0; p + 1 < sizeof parts / sizeof *parts; p++)
                kernels[k](&cut, parts[p], parts[p + 1] - parts[p]);
            assert_memory_equal(whole.x, cut.x, N * D * sizeof *cut.x);
            assert_memory_equal(whole.y, cut.y, N * D * sizeof *cut.y);
            assert_memory_equal(whole.z, cut.z, N * D * sizeof *cut.z);
            assert_memory_equal(whole.r, cut.r, N * sizeof *cut.r);
            assert_memory_equal(whole.pairs, cut.pairs, 2 * N * sizeof *cut.pairs);
            assert_memory_equal(whole.d, cut.d, N * sizeof *cut.d);
            drop(&whole, 0);
            drop(&cut, threads);
        }
}

/* Sums over rows are cut by size: the same for any number of threads. */
static void sums_do_not_depend_on_threads(void **state)
{
    float *dg[4], *dE[4];
    (void)state;
    for (int t = 0; t < 4; t++) {
        table a = make(t);
        void *scratch = malloc(ix_rmsnorm_scratch(N, D));
        dg[t] = calloc(D, sizeof *dg[t]);
        dE[t] = calloc(N * D, sizeof *dE[t]);
        omp_set_num_threads(t + 1);
        ix_rmsnorm_backward(a.z, dg[t], a.y, a.x, a.r, a.g, N, D, scratch);
        for (int n = 0; n < N; n++) a.token[n] %= 7; /* many rows of one token */
        ix_embed_backward(dE[t], a.x, a.token, N, D);
        omp_set_num_threads(1);
        assert_memory_equal(dg[t], dg[0], D * sizeof *dg[t]);
        assert_memory_equal(dE[t], dE[0], N * D * sizeof *dE[t]);
        free(scratch);
        drop(&a, t);
    }
    for (int t = 0; t < 4; t++) free(dg[t]), free(dE[t]);
}

static void finds_every_bad_number(void **state)
{
    static const int64_t sizes[] = {1, 7, 8, 31, 32, 33, 4095, 4096, 4097, 70001};
    const float bad[3] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        float *x = draw(sizes[s], 1e30);
        omp_set_num_threads(1 + (int)s % 3);
        assert_true(ix_all_finite(x, sizes[s]));
        for (int64_t i = 0; i < sizes[s]; i += 1 + sizes[s] / 97) {
            float good = x[i];
            x[i] = bad[i % 3];
            assert_false(ix_all_finite(x, sizes[s]));
            x[i] = good;
        }
        x[sizes[s] - 1] = NAN;
        assert_false(ix_all_finite(x, sizes[s]));
        omp_set_num_threads(1);
        free(x);
    }
    assert_true(ix_all_finite(NULL, 0));
}

/* One NaN in row `bad` of x: that row of the result is not finite, the others are. */
static void nan_stays_in_its_row(void **state)
{
    enum { BAD = 77, COLUMN = 500 };
    (void)state;
    for (int k = 0; k < 9; k++) {
        table t = make(0);
        const float *out = k == 0 || k == 5 ? t.y : k < 3 || k == 6 ? t.z : t.x;
        t.x[BAD * D + COLUMN] = NAN;
        if (k == 0) norm(&t, 0, N);
        if (k == 1) norm_backward(&t, 0, N);
        if (k == 2) gate(&t, 0, N);
        if (k == 3) gate_backward(&t, 0, N);
        if (k == 4) log_softmax_backward(&t, 0, N);
        if (k == 5) layer_norm(&t, 0, N);
        if (k == 6) layer_norm_backward(&t, 0, N);
        if (k == 7) gelu_backward(&t, 0, N);
        if (k == 8) tanh_gate_backward(&t, 0, N);
        assert_true(ix_all_finite(out, BAD * D));
        assert_false(ix_all_finite(out + BAD * D, D));
        assert_true(ix_all_finite(out + (BAD + 1) * D, (N - BAD - 1) * D));
        drop(&t, 0);
    }
}

static void nan_passes_through_sums(void **state)
{
    float A[6] = {1, 2, NAN, 4, 5, 6}, B[6] = {1, 1, 1, 1, 1, 1}, C[4], dE[4] = {0}, dg[3] = {0}, dx[6] = {0};
    float x[6] = {1, 2, 3, 4, 5, 6}, r[2] = {1, 1};
    int32_t token[3] = {0, 1, 0};
    double scratch[64];
    (void)state;
    ix_gemm(C, 2, false, A, 3, false, B, 2, false, 2, 2, 3);
    assert_true(isnan(C[0]) && isnan(C[1]) && C[2] == 15);
    ix_embed_backward(dE, A, token, 3, 2);
    assert_true(dE[0] == 6 && dE[1] == 8 && isnan(dE[2]) && dE[3] == 4);
    ix_rmsnorm_backward(dx, dg, A, x, r, B, 2, 3, scratch);
    assert_true(isnan(dg[2]) && dg[0] == 17 && isnan(dx[0]) && !isnan(dx[3]));
    assert_true(isnan(ix_dot(A, B, 6)) && isnan(ix_sum_squares(A, 6)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_stand_alone),
                                       cmocka_unit_test(sums_do_not_depend_on_threads),
                                       cmocka_unit_test(finds_every_bad_number), cmocka_unit_test(nan_stays_in_its_row),
                                       cmocka_unit_test(nan_passes_through_sums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
