/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention against its twin over packs of pairs and documents, grouped heads, windows and soft-caps; the twin's
 * backward against differences of its forward; the same bits alone and in company, shared or not, for any threads. */
#include <omp.h>

#include "draw.h"
#include "tensor/tensor.h"

typedef struct {
    ix_attention_shape shape;
    ix_pack *pack;
    float *qkv, *out, *lse;
    int64_t width;       /* H K */
    const ix_rows *read; /* [S], NULL: all */
} attention;

static int32_t ids[400];

static ix_pair pair_of(int32_t prompt, int32_t chosen, int32_t rejected)
{
    return (ix_pair){.prompt = ids, .prompt_size = prompt, .response = {ids, ids}, .response_size = {chosen, rejected}};
}

static attention make(int H, int G, int K, float softcap, int window)
{
    attention a = {.shape = {.H = H,
                             .G = G,
                             .K = K,
                             .stride = (H + 2 * G) * K + 3,
                             .q_step = K,
                             .kv_step = K,
                             .scale = 1 / sqrtf((float)K),
                             .softcap = softcap,
                             .window = window}};
    a.width = (int64_t)H * K;
    CHECK_OK(ix_pack_create(&a.pack, 3000, 64, 16));
    return a;
}

static void *scratch_of(const attention *a)
{
    void *p = malloc(ix_attention_scratch(&a->shape, a->pack) + 64);
    memset(p, 0xff, ix_attention_scratch(&a->shape, a->pack)); /* nothing may be taken for granted */
    return p;
}

static void forward(attention *a, bool ref)
{
    const float *q = a->qkv, *k = q + a->width, *v = k + a->shape.G * a->shape.K;
    void *scratch = scratch_of(a);
    if (ref) ix_attention_ref(a->out, a->lse, q, k, v, &a->shape, a->pack, a->read);
    else ix_attention(a->out, a->lse, q, k, v, &a->shape, a->pack, a->read, scratch);
    free(scratch);
}

static void fill(attention *a)
{
    a->qkv = draw(a->pack->N * a->shape.stride, 1);
    a->out = draw(a->pack->N * a->width, 1);
    a->lse = draw(a->pack->N * a->shape.H, 1);
}

static void drop(attention *a)
{
    ix_pack_destroy(&a->pack);
    free(a->qkv), free(a->out), free(a->lse);
}

static void backward(const attention *a, float *d, const float *dout, bool ref)
{
    int64_t kv = a->shape.G * a->shape.K;
    const float *q = a->qkv, *k = q + a->width, *v = k + kv;
    void *scratch = scratch_of(a);
    if (ref)
        ix_attention_backward_ref(d, d + a->width, d + a->width + kv, dout, a->out, a->lse, q, k, v, &a->shape, a->pack,
                                  a->read);
    else
        ix_attention_backward(d, d + a->width, d + a->width + kv, dout, a->out, a->lse, q, k, v, &a->shape, a->pack,
                              a->read, scratch);
    free(scratch);
}

static void matches_its_twin(void **state)
{
    static const struct {
        int H, G, K, window;
        float softcap;
    } cases[] = {{4, 2, 16, 0, 0},  {3, 3, 8, 0, 0},    {6, 1, 20, 0, 0}, {4, 4, 64, 0, 30},
                 {4, 2, 24, 9, 0},  {2, 1, 16, 5, 4},   {1, 1, 1, 0, 0},  {2, 2, 15, 0, 0},
                 {2, 1, 17, 40, 0}, {2, 1, 128, 0, 50}, {1, 1, 32, 1, 0}, {2, 1, 16, 16, 0}};
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        attention a = make(cases[c].H, cases[c].G, cases[c].K, cases[c].softcap, cases[c].window);
        ix_pair one = pair_of(17, 33, 8), two = pair_of(1, 1, 16), three = pair_of(40, 15, 31);
        ix_pack_add_pair(a.pack, &one, 0, true);
        ix_pack_add_document(a.pack, ids, 29);
        ix_pack_add_pair(a.pack, &two, 1, true);
        ix_pack_add_pair(a.pack, &three, 2, false);
        ix_pack_add_document(a.pack, ids, (int32_t)(120 + c * 7)); /* about KEYS_AT_ONCE */
        fill(&a);
        int64_t n = a.pack->N * a.width, all = a.pack->N * a.shape.stride;
        forward(&a, true);
        float *out = copy_of(a.out, n), *lse = copy_of(a.lse, a.pack->N * a.shape.H);
        float *dout = draw(n, 1), *want = calloc((size_t)all, sizeof *want), *got = calloc((size_t)all, sizeof *got);
        backward(&a, want, dout, true);
        forward(&a, false);
        CHECK_NEAR(apart(a.out, out, n), 0, 2e-6);
        CHECK_NEAR(apart(a.lse, lse, a.pack->N * a.shape.H), 0, 2e-6);
        backward(&a, got, dout, false);
        CHECK_NEAR(apart(got, want, all), 0, 5e-6);
        free(out), free(lse), free(dout), free(want), free(got);
        drop(&a);
    }
}

/* Of three segments: the last row, none, and a stretch that begins and ends within tiles. */
static const ix_rows some_rows[3] = {{32, 33}, {33, 33}, {83 + 7, 83 + 40}};

static bool is_read(int32_t row)
{
    for (int s = 0; s < 3; s++)
        if (row >= some_rows[s].begin && row < some_rows[s].end) return true;
    return false;
}

/* Rows that are read keep their bits, the others are not touched; gradients are those of dout 0 there. */
static void only_what_is_read(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        attention a = make(4, 2, 24, c ? 20 : 0, c ? 30 : 0);
        ix_pair pair = pair_of(33, 50, 61);
        ix_pack_add_pair(a.pack, &pair, 0, true);
        fill(&a);
        int64_t w = a.width, all = a.pack->N * a.shape.stride;
        float *dout = draw(a.pack->N * w, 1), *want = calloc((size_t)all, sizeof *want),
              *got = calloc((size_t)all, sizeof *got);
        for (int32_t i = 0; i < a.pack->N; i++)
            if (!is_read(i)) memset(dout + i * w, 0, (size_t)w * sizeof *dout);
        forward(&a, false);
        backward(&a, want, dout, true);
        float *out = copy_of(a.out, a.pack->N * w), *lse = copy_of(a.lse, a.pack->N * a.shape.H);
        a.read = some_rows;
        for (int64_t i = 0; i < a.pack->N * w; i++) a.out[i] = 7;
        for (int64_t i = 0; i < a.pack->N * a.shape.H; i++) a.lse[i] = 7;
        forward(&a, false);
        for (int32_t i = 0; i < a.pack->N; i++)
            for (int64_t k = 0; k < w; k++) assert_true(a.out[i * w + k] == (is_read(i) ? out[i * w + k] : 7));
        for (int32_t i = 0; i < a.pack->N; i++)
            for (int h = 0; h < 4; h++) assert_true(a.lse[i * 4 + h] == (is_read(i) ? lse[i * 4 + h] : 7));
        for (int ref = 0; ref < 2; ref++) {
            memset(got, 0, (size_t)all * sizeof *got);
            backward(&a, got, dout, ref);
            CHECK_NEAR(apart(got, want, all), 0, 5e-6);
        }
        free(dout), free(want), free(got), free(out), free(lse);
        drop(&a);
    }
}

/* d (sum dout . out) / d qkv[at] of the twin, by central differences. */
static double difference(attention *a, int64_t at, const float *dout)
{
    double side[2];
    float kept = a->qkv[at], h = 1e-2f;
    for (int s = 0; s < 2; s++) {
        a->qkv[at] = s ? kept - h : kept + h;
        forward(a, true);
        side[s] = 0;
        for (int64_t i = 0; i < a->pack->N * a->width; i++) side[s] += (double)dout[i] * (double)a->out[i];
    }
    double step = (double)(kept + h) - (double)(kept - h);
    a->qkv[at] = kept;
    return (side[0] - side[1]) / step;
}

static void twin_differentiates(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        attention a = make(2, 1, 4, c ? 3 : 0, c ? 4 : 0);
        ix_pair pair = pair_of(3, 4, 2);
        ix_pack_add_pair(a.pack, &pair, 0, true);
        fill(&a);
        int64_t all = a.pack->N * a.shape.stride;
        float *dout = draw(a.pack->N * a.width, 1), *d = calloc((size_t)all, sizeof *d);
        forward(&a, true);
        backward(&a, d, dout, true);
        for (int64_t at = 0; at < all; at++)
            if (at % a.shape.stride < a.shape.stride - 3) CHECK_NEAR(d[at], difference(&a, at, dout), 2e-3);
        free(dout), free(d);
        drop(&a);
    }
}

/* --- bits ----------------------------------------------------------------------------------------- */

/* The same numbers in rows [a.begin, a.end) of one pack and from b.begin on of another. */
static void copy_rows(float *to, const float *from, const ix_segment *a, const ix_segment *b, int64_t stride)
{
    memcpy(to + a->begin * stride, from + b->begin * stride, (size_t)((a->end - a->begin) * stride) * sizeof *to);
}

static void same_rows(const float *x, const float *y, const ix_segment *a, const ix_segment *b, int64_t stride)
{
    size_t bytes = (size_t)((a->end - a->begin) * stride) * sizeof *x;
    assert_memory_equal(x + a->begin * stride, y + b->begin * stride, bytes);
}

static const struct {
    int H, G, K, window;
    float softcap;
} bit_cases[] = {{4, 2, 16, 0, 0}, {4, 4, 20, 0, 0}, {2, 1, 64, 30, 0}, {2, 2, 16, 50, 20}};
enum { BIT_CASES = sizeof bit_cases / sizeof *bit_cases };

static attention bit_case(int c)
{
    return make(bit_cases[c].H, bit_cases[c].G, bit_cases[c].K, bit_cases[c].softcap, bit_cases[c].window);
}

static void bits_do_not_depend_on_company(void **state)
{
    static const int from[4] = {0, 1, 0, 2}; /* prompt, chosen, rejected of the pack: p c p r alone */
    ix_pair pairs[3] = {pair_of(21, 30, 9), pair_of(53, 64, 17), pair_of(33, 3, 150)};
    (void)state;
    for (int c = 0; c < BIT_CASES * 3; c++) {
        attention alone = bit_case(c / 3), pack = bit_case(c / 3);
        int pair = c % 3;
        for (int i = 0; i < 3; i++) ix_pack_add_pair(pack.pack, &pairs[i], i, true);
        ix_pack_add_pair(alone.pack, &pairs[pair], 0, false); /* alone, with a prompt of its own for each response */
        fill(&pack);
        fill(&alone);
        const ix_segment *in = &pack.pack->segment[3 * pair], *own = alone.pack->segment;
        for (int s = 0; s < 4; s++) copy_rows(alone.qkv, pack.qkv, &own[s], &in[from[s]], pack.shape.stride);
        forward(&alone, false);
        for (int threads = 1; threads <= 3; threads++) {
            omp_set_num_threads(threads);
            forward(&pack, false);
            for (int s = 0; s < 4; s++) {
                same_rows(alone.out, pack.out, &own[s], &in[from[s]], pack.width);
                same_rows(alone.lse, pack.lse, &own[s], &in[from[s]], pack.shape.H);
            }
        }
        omp_set_num_threads(1);
        drop(&alone);
        drop(&pack);
    }
}

static void gradients_do_not_depend_on_company(void **state)
{
    ix_pair pairs[3] = {pair_of(21, 30, 45), pair_of(130, 70, 17), pair_of(1, 3, 150)};
    (void)state;
    for (int c = 0; c < BIT_CASES * 3; c++) {
        attention alone = bit_case(c / 3), pack = bit_case(c / 3);
        int pair = c % 3;
        for (int i = 0; i < 3; i++) ix_pack_add_pair(pack.pack, &pairs[i], i, true);
        ix_pack_add_pair(alone.pack, &pairs[pair], 0, true);
        fill(&pack);
        fill(&alone);
        const ix_segment *in = &pack.pack->segment[3 * pair], *own = alone.pack->segment;
        int64_t stride = pack.shape.stride;
        float *dout = draw(pack.pack->N * pack.width, 1), *dout_alone = draw(alone.pack->N * alone.width, 1);
        float *d = calloc((size_t)(pack.pack->N * stride), sizeof *d),
              *d_alone = calloc((size_t)(alone.pack->N * stride), sizeof *d_alone);
        for (int s = 0; s < 3; s++) copy_rows(alone.qkv, pack.qkv, &own[s], &in[s], stride);
        for (int s = 0; s < 3; s++) copy_rows(dout_alone, dout, &own[s], &in[s], pack.width);
        forward(&alone, false);
        backward(&alone, d_alone, dout_alone, false);
        for (int threads = 1; threads <= 3; threads++) {
            omp_set_num_threads(threads);
            forward(&pack, false);
            backward(&pack, d, dout, false);
            for (int s = 0; s < 3; s++) same_rows(d_alone, d, &own[s], &in[s], stride);
        }
        omp_set_num_threads(1);
        free(dout), free(dout_alone), free(d), free(d_alone);
        drop(&alone);
        drop(&pack);
    }
}

static void wide_window_is_no_window(void **state)
{
    ix_pair pair = pair_of(60, 130, 41);
    attention a = make(2, 1, 16, 0, 0), b = make(2, 1, 16, 0, 190); /* 190: the longest sequence */
    (void)state;
    ix_pack_add_pair(a.pack, &pair, 0, true);
    ix_pack_add_pair(b.pack, &pair, 0, true);
    fill(&a);
    fill(&b);
    memcpy(b.qkv, a.qkv, (size_t)(a.pack->N * a.shape.stride) * sizeof *a.qkv);
    forward(&a, false);
    forward(&b, false);
    assert_memory_equal(a.out, b.out, (size_t)(a.pack->N * a.width) * sizeof *a.out);
    b.shape.window = 189;
    forward(&b, false);
    assert_true(memcmp(a.out, b.out, (size_t)(a.pack->N * a.width) * sizeof *a.out) != 0);
    drop(&a);
    drop(&b);
}

/* --- hard numbers --------------------------------------------------------------------------------- */

static void large_scores_do_not_overflow(void **state)
{
    ix_pair pair = pair_of(40, 20, 30);
    attention a = make(2, 1, 16, 0, 0);
    (void)state;
    ix_pack_add_pair(a.pack, &pair, 0, true);
    fill(&a);
    for (int64_t i = 0; i < a.pack->N * a.shape.stride; i++) a.qkv[i] *= 300; /* scores about 1e5 */
    int64_t n = a.pack->N * a.width;
    forward(&a, true);
    float *out = copy_of(a.out, n);
    forward(&a, false);
    CHECK_NEAR(apart(a.out, out, n), 0, 0.05); /* a score of 1e5 is good to 0.02 in float: weights to as much */
    free(out);
    drop(&a);
}

/* A value that is not a number reaches every row that sees it, and no other sequence (0 NaN is NaN: rows shortly before
 * it in its own segment may be spoilt too). */
static void nan_reaches_who_sees_it(void **state)
{
    enum { WIDTH = 32, TOKEN = 25 }; /* in the chosen response of the first pair */
    ix_pair pair = pair_of(20, 30, 10);
    attention a = make(2, 1, 16, 0, 0);
    (void)state;
    for (int i = 0; i < 2; i++) ix_pack_add_pair(a.pack, &pair, i, true);
    fill(&a);
    a.qkv[TOKEN * a.shape.stride + 48 + 3] = NAN; /* of v */
    forward(&a, false);
    for (int32_t i = 0; i < a.pack->N; i++) {
        bool sees = i >= TOKEN && i < 50, bad = isnan(a.out[i * WIDTH + 3]) && isnan(a.out[i * WIDTH + 16 + 3]);
        if (sees) assert_true(bad);
        else if (i < 20 || i >= 50) assert_true(ix_all_finite(a.out + i * WIDTH, WIDTH));
    }
    a.qkv[TOKEN * a.shape.stride + 48 + 3] = 0;
    a.qkv[TOKEN * a.shape.stride] = NAN; /* of q: only its own row, of one head */
    forward(&a, false);
    for (int32_t i = 0; i < a.pack->N; i++) {
        assert_true(ix_all_finite(a.out + i * WIDTH, 16) == (i != TOKEN));
        assert_true(ix_all_finite(a.out + i * WIDTH + 16, 16));
    }
    drop(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matches_its_twin),
                                       cmocka_unit_test(twin_differentiates),
                                       cmocka_unit_test(only_what_is_read),
                                       cmocka_unit_test(bits_do_not_depend_on_company),
                                       cmocka_unit_test(gradients_do_not_depend_on_company),
                                       cmocka_unit_test(wide_window_is_no_window),
                                       cmocka_unit_test(large_scores_do_not_overflow),
                                       cmocka_unit_test(nan_reaches_who_sees_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
