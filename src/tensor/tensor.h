/* SPDX-License-Identifier: Apache-2.0
 *
 * tensor.h - the kernels. All matrices are float32, row-major, leading dimension in floats.
 *
 * Every kernel states its formula and shapes, takes outputs first, allocates nothing and has a twin
 * <name>_ref in plain loops that the tests trust. Forward writes; backward adds to its outputs unless
 * it says "writes". Kernels use the OpenMP threads of the calling rank (omp_get_max_threads) and give the
 * same bits for every number of threads; a row's result never depends on the other rows, their number or
 * its place, so a pair's rewards are the same in any pack. Local; call from one thread of a rank. */
#ifndef IX_TENSOR_TENSOR_H
#define IX_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/pack.h"

const char *ix_tensor_library(void); /* "BLIS 0.9.0, kernels for haswell": which products, for provenance */

/* --- products: the one call site of BLIS ------------------------------------------------------ */

/* C[m,n] = op(A)[m,k] op(B)[k,n], or += when `add`; op is the transpose when ta / tb. A is stored [m,k] (or
 * [k,m] when ta) with leading dimension lda, B [k,n] (or [n,k] when tb) with ldb. The bits of a row of C depend
 * on that row of op(A) and on B only (BLIS with l3_sup off; architecture.md 9). */
void ix_gemm(float *C, int64_t ldc, bool add, const float *A, int64_t lda, bool ta, const float *B, int64_t ldb,
             bool tb, int64_t m, int64_t n, int64_t k);
void ix_gemm_ref(float *C, int64_t ldc, bool add, const float *A, int64_t lda, bool ta, const float *B, int64_t ldb,
                 bool tb, int64_t m, int64_t n, int64_t k);

/* Products as above that do not depend on each other, n <= IX_PRODUCTS of them: the same bits, but threads go from one
 * to the next without waiting. */
enum { IX_PRODUCTS = 2 };
typedef struct {
    float *C;
    const float *A, *B;
    int64_t ldc, lda, ldb, m, n, k;
    bool add, ta, tb;
} ix_gemm_args;
void ix_gemms(const ix_gemm_args *args, int n);

/* --- bf16: 16 bits, the sign, exponent and first 7 bits of the fraction of a float --------------- */

/* The nearest, of two as near the even one. NaN stays NaN; what lies beyond the largest becomes infinite. */
void ix_bf16_round(uint16_t *y, const float *x, int64_t n);
void ix_bf16_round_ref(uint16_t *y, const float *x, int64_t n);
void ix_bf16_widen(float *y, const uint16_t *x, int64_t n); /* exact */
void ix_bf16_widen_ref(float *y, const uint16_t *x, int64_t n);
/* As ix_embed. */
void ix_bf16_embed(float *y, const uint16_t *E, const int32_t *token, int64_t N, int64_t D);
void ix_bf16_embed_ref(float *y, const uint16_t *E, const int32_t *token, int64_t N, int64_t D);
/* C[m,n] = A[m,k] B[n,k]^T, or += when `add`: the bits of ix_gemm with B widened. Tiles of B are widened into
 * `scratch`, ix_bf16_gemm_scratch(n, k) bytes, right before they are multiplied. */
size_t ix_bf16_gemm_scratch(int64_t n, int64_t k);
void ix_bf16_gemm(float *C, int64_t ldc, bool add, const float *A, int64_t lda, const uint16_t *B, int64_t m, int64_t n,
                  int64_t k, void *scratch);
void ix_bf16_gemm_ref(float *C, int64_t ldc, bool add, const float *A, int64_t lda, const uint16_t *B, int64_t m,
                      int64_t n, int64_t k);

/* --- embedding -------------------------------------------------------------------------------- */

/* y[N,D] = E[token[n],:]; a token below 0 gives zeros, and below nobody a gradient: its row is held elsewhere */
void ix_embed(float *y, const float *E, const int32_t *token, int64_t N, int64_t D);
void ix_embed_ref(float *y, const float *E, const int32_t *token, int64_t N, int64_t D);
/* dE[token[n],:] += dy[n,:], rows of the same token in order of n */
void ix_embed_backward(float *dE, const float *dy, const int32_t *token, int64_t N, int64_t D);
void ix_embed_backward_ref(float *dE, const float *dy, const int32_t *token, int64_t N, int64_t D);

/* --- RMSNorm (Zhang and Sennrich 2019) -------------------------------------------------------- */

/* y[N,D] = x r g,  r[N] = 1 / sqrt(mean_d x^2 + eps); r is kept for the backward pass. */
void ix_rmsnorm(float *y, float *r, const float *x, const float *g, int64_t N, int64_t D, float eps);
void ix_rmsnorm_ref(float *y, float *r, const float *x, const float *g, int64_t N, int64_t D, float eps);
/* With t = dy g:  dx += r t - x r^3 mean_d(t x);  dg += sum_n dy x r. dg NULL: not wanted. The sum over n is
 * cut by size (fixed chunks of rows, double), never by threads; `scratch` holds ix_rmsnorm_scratch(N, D) bytes. */
size_t ix_rmsnorm_scratch(int64_t N, int64_t D);
void ix_rmsnorm_backward(float *dx, float *dg, const float *dy, const float *x, const float *r, const float *g,
                         int64_t N, int64_t D, void *scratch);
void ix_rmsnorm_backward_ref(float *dx, float *dg, const float *dy, const float *x, const float *r, const float *g,
                             int64_t N, int64_t D);

/* --- LayerNorm (Ba et al. 2016) --------------------------------------------------------------- */

/* y[N,D] = (x - m) r g + b,  m = mean_d x,  r = 1 / sqrt(mean_d (x - m)^2 + eps); stat[N,2] = m, r. */
void ix_layernorm(float *y, float *stat, const float *x, const float *g, const float *b, int64_t N, int64_t D,
                  float eps);
void ix_layernorm_ref(float *y, float *stat, const float *x, const float *g, const float *b, int64_t N, int64_t D,
                      float eps);
/* With t = dy g, u = (x - m) r:  dx += r (t - mean_d t - u mean_d(t u));  dg += sum_n dy u;  db += sum_n dy. The sums
 * over n are cut by size; `scratch` holds ix_layernorm_scratch(N, D) bytes. */
size_t ix_layernorm_scratch(int64_t N, int64_t D);
void ix_layernorm_backward(float *dx, float *dg, float *db, const float *dy, const float *x, const float *stat,
                           const float *g, int64_t N, int64_t D, void *scratch);
void ix_layernorm_backward_ref(float *dx, float *dg, float *db, const float *dy, const float *x, const float *stat,
                               const float *g, int64_t N, int64_t D);

/* --- biases ----------------------------------------------------------------------------------- */

/* y[N,D] += b[D]; ld floats from one row of y to the next */
void ix_bias(float *y, int64_t ld, const float *b, int64_t N, int64_t D);
void ix_bias_ref(float *y, int64_t ld, const float *b, int64_t N, int64_t D);
/* db += sum_n dy, cut by size; `scratch` holds ix_bias_scratch(N, D) bytes. */
size_t ix_bias_scratch(int64_t N, int64_t D);
void ix_bias_backward(float *db, const float *dy, int64_t ld, int64_t N, int64_t D, void *scratch);
void ix_bias_backward_ref(float *db, const float *dy, int64_t ld, int64_t N, int64_t D);

/* --- rotary positions (Su et al. 2021), halves rotated as Hugging Face does -------------------- */

/* cosine[T,R/2], sine[T,R/2] of t * inv_freq[j], angles in float32 as in transformers. */
void ix_rope_table(float *cosine, float *sine, const float *inv_freq, int64_t T, int64_t R);
/* For `heads` heads at x + n * stride + h * step: the first R of their numbers are rotated in place,
 *   x[j] = x[j] c - x[j+R/2] s,  x[j+R/2] = x[j+R/2] c + x[j] s   with c, s of row position[n];
 * inverse: with -s (the transpose, for gradients). */
void ix_rope(float *x, int64_t stride, int64_t step, int heads, int R, const float *cosine, const float *sine,
             const int32_t *position, int64_t N, bool inverse);
void ix_rope_ref(float *x, int64_t stride, int64_t step, int heads, int R, const float *cosine, const float *sine,
                 const int32_t *position, int64_t N, bool inverse);

/* --- attention over segments ------------------------------------------------------------------- */

/* q, k, v of token n and head h lie at q + n * stride + h * q_step and k (or v) + n * stride + g * kv_step with
 * g = (first + h) / group (grouped queries). out[N,H*K] and d_out are dense. */
typedef struct {
    int H, G, K;             /* query heads, key/value heads, head size */
    int group, first;        /* queries that share a key, and the place of head 0 among them; group 0: H / G, 0 */
    int64_t stride;          /* floats from one token to the next in q, k, v (and dq, dk, dv) */
    int64_t q_step, kv_step; /* floats from one head to the next */
    float scale;             /* of the scores, usually 1 / sqrt(K) */
    float softcap;           /* c > 0: scores become c tanh(score / c); 0: none */
    int window;              /* w > 0: a key is seen iff position difference < w; 0: no limit */
} ix_attention_shape;

/* For every token i and head: s_j = scale q_i k_j over the keys it sees (its segment up to itself, and the parent
 * segment), p = softmax(s), out_i = sum_j p_j v_j; lse[N,H] = log sum_j exp(s_j). Key tiles restart at each
 * segment, so the bits of a row do not depend on where its segments lie or on whether the prompt is shared.
 * `read`, [S] or NULL, says which rows of each segment are wanted (NULL: all); of the others out and lse are not
 * written, and their dout counts as 0. `scratch` holds ix_attention_scratch(...) bytes; no [N,N] matrix exists. */
size_t ix_attention_scratch(const ix_attention_shape *shape, const ix_pack *pack);
void ix_attention(float *out, float *lse, const float *q, const float *k, const float *v,
                  const ix_attention_shape *shape, const ix_pack *pack, const ix_rows *read, void *scratch);
void ix_attention_ref(float *out, float *lse, const float *q, const float *k, const float *v,
                      const ix_attention_shape *shape, const ix_pack *pack, const ix_rows *read);
/* Writes dq, dk, dv (same layout as q, k, v), dq at the rows that are read only. Sums over queries run in the order of
 * the pack. */
void ix_attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *lse,
                           const float *q, const float *k, const float *v, const ix_attention_shape *shape,
                           const ix_pack *pack, const ix_rows *read, void *scratch);
void ix_attention_backward_ref(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *lse,
                               const float *q, const float *k, const float *v, const ix_attention_shape *shape,
                               const ix_pack *pack, const ix_rows *read);

/* --- attention of single rows over keys that were kept -------------------------------------------- */

/* Keys and values of one block, by slots: for every key head a panel of keys and strips of values, as the kernel above
 * packs them (ix_kept_floats floats in all; S is a multiple of 16). A run of tokens begins at a multiple of 16. What no
 * token was put into must be finite. */
int64_t ix_kept_floats(const ix_attention_shape *shape, int64_t S);
/* Rows n of k and v (laid out as for ix_attention), one token each, into slot[n] of kept. */
void ix_keep_keys(float *kept, int64_t S, const float *k, const float *v, const ix_attention_shape *shape,
                  const int64_t *slot, int64_t N);
void ix_keep_keys_ref(float *kept, int64_t S, const float *k, const float *v, const ix_attention_shape *shape,
                      const int64_t *slot, int64_t N);

/* What a row sees: size[0] tokens from slot first[0] on, its prompt, and size[1] from first[1] on, of which it is the
 * last itself. Positions count through both. */
typedef struct {
    int64_t first[2];
    int32_t size[2];
} ix_kept_row;

/* out[N,H*K] of the rows, with q laid out as for ix_attention: the bits that ix_attention gives to the last row of a
 * response of size[1] tokens below a prompt segment of size[0]. `scratch`: ix_attention_kept_scratch bytes. */
size_t ix_attention_kept_scratch(const ix_attention_shape *shape, const ix_kept_row *row, int64_t N);
void ix_attention_kept(float *out, const float *q, const float *kept, int64_t S, const ix_attention_shape *shape,
                       const ix_kept_row *row, int64_t N, void *scratch);
void ix_attention_kept_ref(float *out, const float *q, const float *kept, int64_t S, const ix_attention_shape *shape,
                           const ix_kept_row *row, int64_t N);

/* --- activations -------------------------------------------------------------------------------- */

/* y[n] = x Phi(x), Phi the share of a normal distribution below x (Hendrycks and Gimpel 2016, exact: with erf). */
void ix_gelu(float *y, const float *x, int64_t n);
void ix_gelu_ref(float *y, const float *x, int64_t n);
/* Writes dx = dy (Phi(x) + x Phi'(x)); may overwrite x in place. */
void ix_gelu_backward(float *dx, const float *dy, const float *x, int64_t n);
void ix_gelu_backward_ref(float *dx, const float *dy, const float *x, int64_t n);

/* The gate g of y[N,F] = g(a) b is silu in ix_swiglu, and gelu with tanh in ix_geglu:
 * g(a) = a (1 + tanh(sqrt(2 / pi) (a + 0.044715 a^3))) / 2. */

/* y[N,F] = silu(a) b,  silu(a) = a / (1 + exp(-a)); a and b are [N,F] with leading dimension ld (both halves of
 * one product [N,2F] when ld = 2F). */
void ix_swiglu(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F);
void ix_swiglu_ref(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F);
/* Writes da = dy b silu'(a), db = dy silu(a), with leading dimension ld; may overwrite a and b in place. */
void ix_swiglu_backward(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                        int64_t F);
void ix_swiglu_backward_ref(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld,
                            int64_t N, int64_t F);

void ix_geglu(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F);
void ix_geglu_ref(float *y, const float *a, const float *b, int64_t ld, int64_t N, int64_t F);
/* Writes da = dy b g'(a), db = dy g(a), as ix_swiglu_backward. */
void ix_geglu_backward(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                       int64_t F);
void ix_geglu_backward_ref(float *da, float *db, const float *dy, const float *a, const float *b, int64_t ld, int64_t N,
                           int64_t F);

/* --- log-softmax at read positions --------------------------------------------------------------- */

/* logp[n] = z[n,target[n]] - lse[n] (a target below 0 is held elsewhere: -lse[n]),  lse[n] = log sum_v exp z[n,v] with
 * the maximum taken out; sums in double or in a fixed tree of float lanes good to 1e-7 relative. z[N,V], leading
 * dimension V. */
void ix_logp(double *logp, float *lse, const float *z, const int32_t *target, int64_t N, int64_t V);
void ix_logp_ref(double *logp, float *lse, const float *z, const int32_t *target, int64_t N, int64_t V);
/* Overwrites z[n,v] by dlogp[n] (1[v = target[n]] - exp(z[n,v] - lse[n])), and where cap > 0 that times
 * 1 - (z[n,v] / cap)^2: the gradient by what ix_softcap was given. */
void ix_logp_backward(float *z, const float *lse, const int32_t *target, const double *dlogp, float cap, int64_t N,
                      int64_t V);
void ix_logp_backward_ref(float *z, const float *lse, const int32_t *target, const double *dlogp, float cap, int64_t N,
                          int64_t V);
/* z[n] = cap tanh(z / cap) */
void ix_softcap(float *z, float cap, int64_t n);
void ix_softcap_ref(float *z, float cap, int64_t n);

/* --- drawing tokens ---------------------------------------------------------------------------------- */

/* How a token is drawn from logits. */
typedef struct {
    double temperature; /* above 0 */
    int64_t top_k;      /* 0: all */
    double top_p;       /* 1: all */
} ix_sampling;

/* The tokens that may come next; n 0: any. */
typedef struct {
    const int32_t *token;
    int32_t n;
} ix_choice;

/* token[n] ~ softmax(z[n,:] / temperature) over choice[n] (NULL: any token), of which only the top_k largest stay
 * (those that tie with the last of them, too), and of these, from the most probable on (ties: the smaller number
 * first), as few as reach the share top_p. u[n] in [0, 1) picks: the first token, in the order of their numbers, or of
 * the choice's, at which the sum of probabilities exceeds u. `scratch`: ix_sample_scratch bytes. */
size_t ix_sample_scratch(int64_t V);
void ix_sample(int32_t *token, const float *z, const ix_choice *choice, const ix_sampling *how, const double *u,
               int64_t N, int64_t V, void *scratch);
void ix_sample_ref(int32_t *token, const float *z, const ix_choice *choice, const ix_sampling *how, const double *u,
                   int64_t N, int64_t V);

/* --- small things ---------------------------------------------------------------------------------- */

void ix_add(float *y, const float *x, int64_t n);         /* y += x */
void ix_scale(float *x, float by, int64_t n);             /* x *= by */
double ix_dot(const float *x, const float *y, int64_t n); /* double, fixed order */
double ix_sum_squares(const float *x, int64_t n);         /* double, fixed order */
bool ix_all_finite(const float *x, int64_t n);

#endif
