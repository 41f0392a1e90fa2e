/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder read into the table of a model: embeddings that grow and shrink, folders that compute something else, and
 * how much memory it takes. */
#include <math.h>
#include <omp.h>

#include "base/arena.h"
#include "model/model.h"
#include "scratch.h"

/* A folder of these weights, in table order. */
static ix_model *write_weights(const char *folder, const ix_model_config *c, const float *weights)
{
    ix_model *m;
    ix_tensor_out list[128];
    CHECK_OK(ix_model_create_config(&m, c, &(ix_model_wish){.head = true}));
    const ix_params *t = ix_model_params(m);
    assert_true(t->count <= 128);
    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        list[i] = (ix_tensor_out){.name = p->name, .dims = p->dims, .data = weights + p->offset};
        list[i].shape[0] = p->dims == 1 ? p->cols : p->rows;
        list[i].shape[1] = p->cols;
    }
    CHECK_OK(ix_folder_write(folder, c, "LlamaForCausalLM", list, t->count, NULL));
    return m;
}

/* A folder of fresh weights, tied or not; *out holds them in table order. */
static ix_model *write_folder(const char *folder, const ix_model_config *c, float **out)
{
    ix_model *m;
    CHECK_OK(ix_model_create_config(&m, c, &(ix_model_wish){.head = true}));
    *out = calloc((size_t)ix_model_params(m)->floats, sizeof **out);
    assert_non_null(*out);
    ix_model_draw(m, 5, 0.3, *out);
    ix_model_destroy(&m);
    return write_weights(folder, c, *out);
}

static ix_model_config small(int V, bool tied)
{
    ix_model_config c = {.V = V, .D = 16, .layers = 2, .H = 2, .G = 1, .K = 8, .F = 24, .eps = 1e-5F, .positions = 64};
    memcpy(c.model_type, "llama", 6);
    c.tied = tied;
    c.rope_theta = 10000;
    c.initializer_range = 0.02;
    c.bos = c.pad = -1;
    return c;
}

/* Reads the folder into a table of `rows` rows; the block is the caller's. */
static float *load(ix_model **m, const char *folder, int64_t rows, const ix_new_rows *new)
{
    CHECK_OK(ix_model_create(m, folder, &(ix_model_wish){.head = true, .vocabulary = rows}));
    CHECK_OK(ix_model_check(*m, folder));
    float *w = calloc((size_t)ix_model_params(*m)->floats, sizeof *w);
    CHECK_OK(ix_model_load(*m, folder, new, w));
    return w;
}

/* The rows of a name are, as far as both have them, the same bits. */
static void check_rows(const ix_model *a, const float *wa, const ix_model *b, const float *wb, const char *name)
{
    const ix_param *p = &ix_model_params(a)->param[ix_params_find(ix_model_params(a), name)];
    const ix_param *q = &ix_model_params(b)->param[ix_params_find(ix_model_params(b), name)];
    int64_t rows = p->rows < q->rows ? p->rows : q->rows;
    assert_int_equal(p->cols, q->cols);
    assert_memory_equal(wa + p->offset, wb + q->offset, (size_t)(rows * p->cols) * sizeof *wa);
}

/* Pythia's way: fewer rows than the folder has, of the embedding and of an untied head. */
static void shrinks(void **state)
{
    (void)state;
    for (int tied = 0; tied < 2; tied++) {
        ix_model_config c = small(40, tied);
        const char *folder = scratch_path(tied ? "t40" : "u40");
        float *own, *w;
        ix_model *m, *whole = write_folder(folder, &c, &own);
        w = load(&m, folder, 33, NULL);
        assert_int_equal(ix_model_config_of(m)->V, 33);
        assert_int_equal(ix_model_params(whole)->floats - ix_model_params(m)->floats, (tied ? 7 : 14) * 16);
        for (int i = 0; i < ix_model_params(m)->count; i++)
            check_rows(m, w, whole, own, ix_model_params(m)->param[i].name);
        free(own);
        free(w);
        ix_model_destroy(&m);
        ix_model_destroy(&whole);
    }
}

static double distance(const float *a, const float *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sqrt(sum);
}

/* Llama-3.2's way: new rows near the mean of the others, 1e-9 of their covariance; the seed alone decides. */
static void grows(void **state)
{
    (void)state;
    enum { V = 200, NEW = 300, D = 16 };
    ix_model_config c = small(V, true);
    float *own, *one, *same, *other, mean[D] = {0};
    double spread = 0, variance = 0;
    ix_model *m[3], *whole = write_folder(scratch_path("grow"), &c, &own);
    one = load(&m[0], scratch_path("grow"), V + NEW, NULL);
    same = load(&m[1], scratch_path("grow"), V + NEW, &(ix_new_rows){.seed = 0});
    other = load(&m[2], scratch_path("grow"), V + NEW, &(ix_new_rows){.seed = 1});
    const ix_param *p = &ix_model_params(m[0])->param[0];
    assert_true(p->rows == V + NEW && p->offset == 0);
    for (int i = 0; i < ix_model_params(m[0])->count; i++)
        check_rows(m[0], one, whole, own, ix_model_params(m[0])->param[i].name);
    assert_memory_equal(one, same, (size_t)ix_model_params(m[0])->floats * sizeof *one);
    assert_true(distance(one + V * D, other + V * D, NEW * D) > 0);
    for (int i = 0; i < V * D; i++) mean[i % D] += own[i] / V;
    for (int i = 0; i < V * D; i++) variance += pow((double)own[i] - (double)mean[i % D], 2) / V;
    for (int i = 0; i < NEW; i++) spread += pow(distance(one + (V + i) * D, mean, D), 2) / NEW;
    CHECK_NEAR(spread / (1e-9 * variance), 1, 0.15); /* 4800 squares of normals: 0.02 */
    for (int i = 0; i < 3; i++) ix_model_destroy(&m[i]);
    ix_model_destroy(&whole);
    free(own);
    free(one);
    free(same);
    free(other);
}

static void given_rows(void **state)
{
    (void)state;
    ix_model_config c = small(20, false);
    float *own, rows[2 * 16], *w;
    ix_model *m, *whole = write_folder(scratch_path("given"), &c, &own);
    for (int i = 0; i < 32; i++) rows[i] = (float)i;
    w = load(&m, scratch_path("given"), 22, &(ix_new_rows){.given = rows, .count = 2});
    const ix_params *t = ix_model_params(m);
    static const char *const names[] = {"model.embed_tokens.weight", "lm_head.weight"};
    for (int i = 0; i < 2; i++)
        assert_memory_equal(w + t->param[ix_params_find(t, names[i])].offset + 20 * 16, rows, sizeof rows);
    CHECK_FAILS(ix_model_load(m, scratch_path("given"), &(ix_new_rows){.given = rows, .count = 1}, w), IX_EINPUT,
                "1 rows are given for new tokens, but it lacks 2");
    ix_model_destroy(&m);
    ix_model_destroy(&whole);
    free(own);
    free(w);
}

/* A reference that fits the table but computes otherwise is refused by name of the key. */
static void other_configs(void **state)
{
    (void)state;
    ix_model_config c = small(20, true);
    float *own, *w;
    ix_model *m, *other, *whole = write_folder(scratch_path("policy"), &c, &own);
    w = load(&m, scratch_path("policy"), 20, NULL);
    free(own);
    c.positions = 32; /* nothing is computed from it */
    c.eos_count = 1;
    other = write_folder(scratch_path("alike"), &c, &own);
    CHECK_OK(ix_model_check(m, scratch_path("alike")));
    ix_model_destroy(&other);
    free(own);
    c.rope_theta = 500000;
    other = write_folder(scratch_path("theta"), &c, &own);
    CHECK_FAILS(ix_model_check(m, scratch_path("theta")), IX_EINPUT, "theta/config.json: rope_theta is not that of");
    CHECK_FAILS(ix_model_load(m, scratch_path("theta"), NULL, w), IX_EINPUT, "rope_theta");
    ix_model_destroy(&other);
    ix_model_destroy(&m);
    ix_model_destroy(&whole);
    free(own);
    free(w);
}

/* --- memory --------------------------------------------------------------------------------------- */

/* A line of /proc/self/status in bytes; 0 where there is no such thing. */
static int64_t status_of(const char *key)
{
    char line[256];
    long long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) sscanf(line + strlen(key), ": %lld", &kib);
    if (f) fclose(f);
    return (int64_t)kib << 10;
}

static bool forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    bool good = f && fputs("5", f) >= 0;
    if (f && fclose(f) != 0) good = false;
    return good;
}

/* 160 MiB of weights: checked for numbers and read, they take that and at most 64 MiB more. */
static void peak_of_loading(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    print_message("SKIP: memory is the sanitizer's here\n");
    skip();
#endif
    ix_model_config c = small(40000, true);
    float *own;
    ix_model *m;
    c.D = 1024;
    c.H = 16;
    c.K = 64;
    CHECK_OK(ix_model_create_config(&m, &c, &(ix_model_wish){.head = true}));
    int64_t bytes = ix_model_params(m)->floats * (int64_t)sizeof *own;
    ix_model_destroy(&m);
    m = write_folder(scratch_path("large"), &c, &own);
    free(own);
    int64_t before = status_of("VmRSS");
    if (!forget_peak() || before == 0) {
        print_message("SKIP: this system does not tell the peak of memory\n");
        skip();
    }
    float *w = ix_alloc_block((size_t)bytes);
    CHECK_OK(ix_folder_check_numbers(scratch_path("large")));
    CHECK_OK(ix_model_load(m, scratch_path("large"), NULL, w));
    double peak = (double)(status_of("VmHWM") - before);
    print_message("%.0f MiB of weights took %.0f MiB\n", (double)bytes / (1 << 20), peak / (1 << 20));
    assert_true(peak >= (double)bytes && peak <= (double)bytes + (64 << 20));
    free(w);
    ix_model_destroy(&m);
}

static void check_bad(const ix_model *m, const char *folder, float *w, int threads, char said[2][512])
{
    char hex[IX_HASH_HEX];
    omp_set_num_threads(threads);
    CHECK_FAILS(ix_model_load(m, folder, NULL, w), IX_EINPUT, "model.embed_tokens.weight holds NaN");
    snprintf(said[0], sizeof said[0], "%s", ix_message());
    CHECK_FAILS(ix_folder_hash_numbers(folder, hex), IX_EINPUT, "model.embed_tokens.weight holds NaN");
    snprintf(said[1], sizeof said[1], "%s", ix_message());
    assert_string_equal(hex, "");
}

/* An embedding in several pieces: one thread and four read the same bits, find the same identity, and say the same of
 * numbers that are none, the first of several. */
static void threads_read_alike(void **state)
{
    (void)state;
    ix_model_config c = small(40000, true);
    const int before = omp_get_max_threads();
    char said[2][2][512], hex[2][IX_HASH_HEX];
    float *own;
    c.D = 64;
    c.H = 8;
    ix_model *m = write_folder(scratch_path("pieces"), &c, &own);
    int64_t n = ix_model_params(m)->floats;
    float *w = calloc((size_t)n, sizeof *w);
    for (int i = 0; i < 2; i++) {
        omp_set_num_threads(i ? 4 : 1);
        memset(w, 0, (size_t)n * sizeof *w);
        CHECK_OK(ix_model_load(m, scratch_path("pieces"), NULL, w));
        assert_memory_equal(w, own, (size_t)n * sizeof *w);
        CHECK_OK(ix_folder_hash_numbers(scratch_path("pieces"), hex[0]));
        CHECK_OK(ix_folder_hash(scratch_path("pieces"), hex[1]));
        assert_string_equal(hex[0], hex[1]);
    }
    const ix_param *embed = &ix_model_params(m)->param[ix_params_find(ix_model_params(m), "model.embed_tokens.weight")];
    own[embed->offset + 30000 * 64] = NAN;
    own[embed->offset + 39999 * 64] = INFINITY;
    own[n - 1] = NAN;
    free(w);
    w = own;
    ix_model_destroy(&m);
    m = write_weights(scratch_path("bad"), &c, own);
    for (int i = 0; i < 2; i++) check_bad(m, scratch_path("bad"), w, i ? 4 : 1, said[i]);
    assert_string_equal(said[0][0], said[1][0]);
    assert_string_equal(said[0][1], said[1][1]);
    assert_non_null(strstr(said[0][1], "at element 1920000"));
    omp_set_num_threads(before);
    ix_model_destroy(&m);
    free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrinks),       cmocka_unit_test(grows),           cmocka_unit_test(given_rows),
        cmocka_unit_test(other_configs), cmocka_unit_test(peak_of_loading), cmocka_unit_test(threads_read_alike),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
