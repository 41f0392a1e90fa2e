/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_kernels [PART]: how fast the kernels are on this machine, with OMP_NUM_THREADS threads (one, unless set). Each
 * line is the fastest of several rounds: GFLOP/s for products and attention, GB/s (bytes that must be read or written
 * once) for the rest. PART (limit, gemm, attention, rows) runs only that part. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "tensor/tensor.h"
#include "tensor/vector.h"

static const double round_seconds = 0.003, all_seconds = 0.4;

/* One measurement: `call` is repeated until a round is long enough; the fastest of many short rounds counts, so that
 * others on the machine disturb little. */
typedef void (*action)(void *of);

static double seconds_of(action call, void *of)
{
    double best = 1e30, begin = ix_seconds();
    int64_t repeats = 1;
    call(of); /* caches and pages */
    do {
        double start = ix_seconds();
        for (int64_t i = 0; i < repeats; i++) call(of);
        double spent = ix_seconds() - start;
        if (spent / (double)repeats < best) best = spent / (double)repeats;
        if (spent < round_seconds && repeats < 1 << 20) repeats *= 2;
    } while (ix_seconds() - begin < all_seconds);
    return best;
}

static void print(const char *what, const char *shape, double seconds, double amount, const char *unit)
{
    printf("%-22s %-34s %10.1f us %8.1f %s\n", what, shape, seconds * 1e6, amount / seconds / 1e9, unit);
    fflush(stdout);
}

static float *numbers(int64_t n, double std)
{
    static uint64_t seed = 1;
    float *x = malloc((size_t)n * sizeof *x);
    if (!x) exit(1);
    seed++;
    for (int64_t i = 0; i < n; i++) x[i] = (float)(std * (ix_draw_uniform(seed, IX_DRAW_TEST, (uint64_t)i) * 2 - 1));
    return x;
}

/* --- the limit ------------------------------------------------------------------------------------ */

enum { SUMS = 12, ROUNDS = 1 << 20 };
static double kept; /* so that nothing is dropped */

/* Independent multiply-adds in registers: what no product can exceed. */
static void multiply_add(void *of)
{
    (void)of;
#pragma omp parallel reduction(+ : kept)
    {
        v8 sum[SUMS], by = v8_all(0.999f), and = v8_all(1e-3f);
        for (int s = 0; s < SUMS; s++) sum[s] = v8_all((float)(s + kept)); /* or one would do for all */
        for (int i = 0; i < ROUNDS; i++)
            for (int s = 0; s < SUMS; s++) sum[s] = v8_fma(sum[s], by, and);
        for (int s = 0; s < SUMS; s++) kept += v8_sum(sum[s]);
    }
}

static void bench_limit(void)
{
    print("multiply-add", "in registers", seconds_of(multiply_add, NULL),
          2.0 * 8 * SUMS * ROUNDS * omp_get_max_threads(), "GFLOP/s");
}

/* --- products ------------------------------------------------------------------------------------- */

typedef struct {
    float *A, *B, *C;
    int64_t m, n, k;
    bool add, ta, tb;
} product;

static void multiply(void *of)
{
    const product *p = of;
    ix_gemm(p->C, p->n, p->add, p->A, p->ta ? p->m : p->k, p->ta, p->B, p->tb ? p->k : p->n, p->tb, p->m, p->n, p->k);
}

static void bench_product(const char *what, product p)
{
    char shape[64];
    p.A = numbers(p.m * p.k, 1);
    p.B = numbers(p.n * p.k, 1);
    p.C = numbers(p.m * p.n, 1);
    snprintf(shape, sizeof shape, "m=%lld n=%lld k=%lld", (long long)p.m, (long long)p.n, (long long)p.k);
    print(what, shape, seconds_of(multiply, &p), 2.0 * (double)p.m * (double)p.n * (double)p.k, "GFLOP/s");
    free(p.A), free(p.B), free(p.C);
}

static void multiply_both(void *of)
{
    ix_gemms(of, 2);
}

/* dx = dy W and dW += dy' x, as backward asks for them. */
static void bench_both(int64_t N, int64_t out, int64_t in)
{
    char shape[64];
    float *x = numbers(N * in, 1), *W = numbers(out * in, 1), *dy = numbers(N * out, 1);
    float *dx = numbers(N * in, 1), *dW = numbers(out * in, 1);
    ix_gemm_args both[] = {{dx, dy, W, in, out, in, N, in, out, false, false, false},
                           {dW, dy, x, in, out, in, out, in, N, true, true, false}};
    snprintf(shape, sizeof shape, "N=%lld out=%lld in=%lld", (long long)N, (long long)out, (long long)in);
    print("gemm dx and dW", shape, seconds_of(multiply_both, both), 4.0 * (double)N * (double)out * (double)in,
          "GFLOP/s");
    free(x), free(W), free(dy), free(dx), free(dW);
}

/* The products of a layer with weights W[out,in] on N tokens. */
static void bench_layer(int64_t N, int64_t out, int64_t in)
{
    bench_product("gemm y = x W'", (product){.m = N, .n = out, .k = in, .tb = true});
    bench_product("gemm dx = dy W", (product){.m = N, .n = in, .k = out});
    bench_product("gemm dW += dy' x", (product){.m = out, .n = in, .k = N, .ta = true, .add = true});
    bench_both(N, out, in);
}

static void bench_products(void)
{
    bench_layer(768, 1280, 768);
    bench_layer(768, 4096, 768);
    bench_layer(1024, 1024, 1024);
    bench_layer(2048, 2048, 2048);
    bench_layer(768, 768, 2048);
    bench_layer(1024, 3072, 2048);
    bench_layer(280, 50277, 768);
    bench_layer(1000, 128, 64);
    bench_layer(1000, 352, 64);
    bench_layer(250, 64, 64);
    bench_layer(200, 561, 64);
}

/* --- attention ------------------------------------------------------------------------------------ */

typedef struct {
    ix_attention_shape shape;
    ix_pack *pack;
    float *qkv, *dqkv, *out, *dout, *lse;
    void *scratch;
} attention;

static void forward(void *of)
{
    const attention *a = of;
    const float *k = a->qkv + a->shape.H * a->shape.q_step, *v = k + a->shape.G * a->shape.kv_step;
    ix_attention(a->out, a->lse, a->qkv, k, v, &a->shape, a->pack, NULL, a->scratch);
}

static void backward(void *of)
{
    const attention *a = of;
    int64_t k = a->shape.H * a->shape.q_step, v = k + a->shape.G * a->shape.kv_step;
    ix_attention_backward(a->dqkv, a->dqkv + k, a->dqkv + v, a->dout, a->out, a->lse, a->qkv, a->qkv + k, a->qkv + v,
                          &a->shape, a->pack, NULL, a->scratch);
}

/* Query-key pairs that are seen, of one head. */
static double seen(const ix_pack *pack, int window)
{
    double sum = 0;
    for (int32_t s = 0; s < pack->S; s++)
        for (int32_t i = pack->segment[s].begin; i < pack->segment[s].end; i++) {
            int keys = pack->position[i] + 1;
            sum += window > 0 && keys > window ? window : keys;
        }
    return sum;
}

static void bench_attention(ix_attention_shape shape, int pairs, int32_t prompt, int32_t response)
{
    attention a = {.shape = shape};
    int32_t *ids = calloc((size_t)(prompt + response), sizeof *ids);
    ix_pair pair = {
        .prompt = ids, .prompt_size = prompt, .response = {ids, ids}, .response_size = {response, response}};
    char text[64];
    if (!ids || ix_pack_create(&a.pack, pairs * ix_pair_tokens(&pair, true), pairs * 3, pairs) != IX_OK) exit(1);
    for (int i = 0; i < pairs; i++) ix_pack_add_pair(a.pack, &pair, i, true);
    a.shape.q_step = a.shape.kv_step = shape.K;
    a.shape.stride = (int64_t)(shape.H + 2 * shape.G) * shape.K;
    a.shape.scale = 0.125f;
    a.qkv = numbers(a.pack->N * a.shape.stride, 1);
    a.dqkv = numbers(a.pack->N * a.shape.stride, 1);
    a.out = numbers((int64_t)a.pack->N * shape.H * shape.K, 1);
    a.dout = numbers((int64_t)a.pack->N * shape.H * shape.K, 1);
    a.lse = numbers((int64_t)a.pack->N * shape.H, 1);
    a.scratch = malloc(ix_attention_scratch(&a.shape, a.pack));
    double flops = 4 * seen(a.pack, shape.window) * shape.H * shape.K;
    snprintf(text, sizeof text, "H=%d G=%d K=%d %dx(%d+2*%d)%s%s", shape.H, shape.G, shape.K, pairs, prompt, response,
             shape.softcap > 0 ? " cap" : "", shape.window > 0 ? " window" : "");
    print("attention", text, seconds_of(forward, &a), flops, "GFLOP/s");
    print("attention backward", text, seconds_of(backward, &a), 2.5 * flops, "GFLOP/s");
    free(a.qkv), free(a.dqkv), free(a.out), free(a.dout), free(a.lse), free(a.scratch), free(ids);
    ix_pack_destroy(&a.pack);
}

static void bench_attentions(void)
{
    bench_attention((ix_attention_shape){.H = 4, .G = 2, .K = 16}, 16, 30, 12);
    bench_attention((ix_attention_shape){.H = 8, .G = 2, .K = 64}, 2, 150, 100);
    bench_attention((ix_attention_shape){.H = 8, .G = 2, .K = 64}, 1, 512, 512);
    bench_attention((ix_attention_shape){.H = 8, .G = 8, .K = 64}, 1, 512, 512);
    bench_attention((ix_attention_shape){.H = 8, .G = 2, .K = 128}, 1, 512, 512);
    bench_attention((ix_attention_shape){.H = 8, .G = 4, .K = 256, .softcap = 50}, 1, 512, 512);
    bench_attention((ix_attention_shape){.H = 8, .G = 2, .K = 64, .window = 128}, 1, 512, 512);
}

/* --- kernels on rows ------------------------------------------------------------------------------ */

typedef struct {
    int64_t N, D;
    float *x, *y, *z, *g, *r, *cosine, *sine;
    double *d;
    int32_t *token;
    void *scratch;
} rows;

static void norm(void *of)
{
    const rows *a = of;
    ix_rmsnorm(a->y, a->r, a->x, a->g, a->N, a->D, 1e-5f);
}

static void norm_backward(void *of)
{
    const rows *a = of;
    ix_rmsnorm_backward(a->z, a->g, a->y, a->x, a->r, a->g, a->N, a->D, a->scratch);
}

/* z serves as the pairs of mean and deviation. */
static void layer_norm(void *of)
{
    const rows *a = of;
    ix_layernorm(a->y, a->z, a->x, a->g, a->g, a->N, a->D, 1e-5f);
}

static void layer_norm_backward(void *of)
{
    const rows *a = of;
    ix_layernorm_backward(a->y, a->g, a->g, a->x, a->x, a->z, a->g, a->N, a->D, a->scratch);
}

static void gelu(void *of)
{
    const rows *a = of;
    ix_gelu(a->y, a->x, a->N * a->D);
}

static void gelu_backward(void *of)
{
    const rows *a = of;
    ix_gelu_backward(a->z, a->y, a->x, a->N * a->D);
}

static void tanh_gate(void *of)
{
    const rows *a = of;
    ix_geglu(a->y, a->x, a->x + a->D / 2, a->D, a->N, a->D / 2);
}

static void tanh_gate_backward(void *of)
{
    const rows *a = of;
    ix_geglu_backward(a->z, a->z + a->D / 2, a->y, a->x, a->x + a->D / 2, a->D, a->N, a->D / 2);
}

/* Half of the columns are a, the other half b. */
static void gate(void *of)
{
    const rows *a = of;
    ix_swiglu(a->y, a->x, a->x + a->D / 2, a->D, a->N, a->D / 2);
}

static void gate_backward(void *of)
{
    const rows *a = of;
    ix_swiglu_backward(a->z, a->z + a->D / 2, a->y, a->x, a->x + a->D / 2, a->D, a->N, a->D / 2);
}

enum { HEAD = 64 };

static void turn(void *of)
{
    const rows *a = of;
    ix_rope(a->x, a->D, HEAD, (int)(a->D / HEAD), HEAD, a->cosine, a->sine, a->token, a->N, false);
}

static void log_softmax(void *of)
{
    const rows *a = of;
    ix_logp(a->d, a->r, a->x, a->token, a->N, a->D);
}

static void log_softmax_backward(void *of)
{
    const rows *a = of;
    ix_logp_backward(a->x, a->r, a->token, a->d, 0, a->N, a->D);
}

static void look_up(void *of)
{
    const rows *a = of;
    ix_embed(a->y, a->x, a->token, a->N, a->D);
}

static void look_up_backward(void *of)
{
    const rows *a = of;
    ix_embed_backward(a->x, a->y, a->token, a->N, a->D);
}

static void sum(void *of)
{
    const rows *a = of;
    ix_add(a->y, a->x, a->N * a->D);
}

static void dot(void *of)
{
    const rows *a = of;
    kept += ix_dot(a->x, a->y, a->N * a->D);
}

static void squares(void *of)
{
    const rows *a = of;
    kept += ix_sum_squares(a->x, a->N * a->D);
}

static void all_finite(void *of)
{
    const rows *a = of;
    kept += ix_all_finite(a->x, a->N * a->D);
}

static const struct {
    const char *name;
    action call;
    double touched; /* floats read or written, in units of N * D */
} row_kernels[] = {{"rmsnorm", norm, 2},
                   {"rmsnorm backward", norm_backward, 4},
                   {"layernorm", layer_norm, 2},
                   {"layernorm backward", layer_norm_backward, 4},
                   {"gelu", gelu, 2},
                   {"gelu backward", gelu_backward, 3},
                   {"geglu", tanh_gate, 1.5},
                   {"geglu backward", tanh_gate_backward, 2.5},
                   {"swiglu", gate, 1.5},
                   {"swiglu backward", gate_backward, 2.5},
                   {"rope", turn, 2},
                   {"embed", look_up, 2},
                   {"embed backward", look_up_backward, 3},
                   {"add", sum, 3},
                   {"dot", dot, 2},
                   {"sum of squares", squares, 1},
                   {"all finite", all_finite, 1},
                   {"logp", log_softmax, 1},
                   {"logp backward", log_softmax_backward, 2}}; /* last: it leaves z changed */

static void bench_rows(int64_t N, int64_t D)
{
    rows a = {.N = N, .D = D, .x = numbers(N * D, 1), .y = numbers(N * D, 1), .z = numbers(N * D, 1)};
    char shape[64];
    a.g = numbers(D, 1);
    a.r = numbers(N, 1);
    a.d = calloc((size_t)N, sizeof *a.d);
    a.token = calloc((size_t)N, sizeof *a.token);
    a.scratch = malloc(ix_layernorm_scratch(N, D));
    a.cosine = calloc((size_t)(N * HEAD), sizeof *a.cosine);
    a.sine = calloc((size_t)(N * HEAD), sizeof *a.sine);
    ix_rope_table(a.cosine, a.sine, a.g, N, HEAD);
    for (int64_t n = 0; n < N; n++) a.token[n] = (int32_t)(n * 7 % (N < D ? N : D));
    snprintf(shape, sizeof shape, "%lld x %lld", (long long)N, (long long)D);
    for (size_t i = 0; i < sizeof row_kernels / sizeof *row_kernels; i++)
        print(row_kernels[i].name, shape, seconds_of(row_kernels[i].call, &a),
              row_kernels[i].touched * (double)(N * D) * sizeof(float), "GB/s");
    free(a.x), free(a.y), free(a.z), free(a.g), free(a.r), free(a.d), free(a.token), free(a.scratch);
    free(a.cosine), free(a.sine);
}

static void bench_all_rows(void)
{
    bench_rows(1000, 64);
    bench_rows(768, 2048);
    bench_rows(280, 50304);
}

int main(int argc, char **argv)
{
    const char *part = argc > 1 ? argv[1] : "";
    if (!getenv("OMP_NUM_THREADS")) omp_set_num_threads(1);
    printf("%d threads\n", omp_get_max_threads());
    if (!part[0] || !strcmp(part, "limit")) bench_limit();
    if (!part[0] || !strcmp(part, "gemm")) bench_products();
    if (!part[0] || !strcmp(part, "attention")) bench_attentions();
    if (!part[0] || !strcmp(part, "rows")) bench_all_rows();
    return kept != kept;
}
