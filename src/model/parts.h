/* SPDX-License-Identifier: Apache-2.0
 *
 * parts.h - what families are put together from: linear maps, norms, attention, feed-forward.
 *
 * A part is a plain value that names rows of the parameter table, its sizes, and where it keeps what its backward
 * pass needs. Every part works on rows of a pack, [N, .]; a row's bits depend on that row (and, in attention, on the
 * rows it sees) only. Forward functions write, or add to y where `add` says so; backward functions write dx unless they
 * say otherwise, and add to dw. Sizes (heads, columns) are counts that a part is handed: under a tensor split they are
 * this rank's share, and the output product of attention and feed-forward is where the ranks' sums meet. Nothing here
 * allocates: what is kept lies in the model's activations, everything else in its scratch, of which every part says how
 * many bytes it takes for N tokens. Not for use outside src/model. */
#ifndef IX_MODEL_PARTS_H
#define IX_MODEL_PARTS_H

#include "base/arena.h"
#include "model/cache.h"
#include "model/model.h"
#include "tensor/tensor.h"

/* A pass of generation: every row's keys go into slot[n] of the cache; with `seen` the rows are tokens that follow
 * what lies there, and look at that instead of the pack. */
typedef struct {
    ix_cache *cache;
    const int64_t *slot;     /* [N] */
    const ix_kept_row *seen; /* [N]; NULL: prompts, which see themselves */
} ix_cached;

/* One pass over one pack, and the block that it is in. */
typedef struct {
    ix_model *m;
    const float *w;
    float *dw; /* NULL in a forward pass */
    const ix_pack *pack;
    int64_t N;
    const ix_rows *read;     /* of each segment, in the last block: the rows whose output is read; NULL: all */
    int64_t R;               /* how many these are, N if all */
    float *kept;             /* of this block */
    int layer;               /* its number */
    const ix_cached *cached; /* keys and values go into a cache, or come from there; NULL: neither */
} ix_run;

/* A block keeps some floats per token; each part has its own from a place on. */
typedef int64_t ix_place;
ix_place ix_keep(ix_model *m, int64_t floats);   /* a place of the block that is being described */
float *ix_kept(const ix_run *r, ix_place place); /* [N, floats] */

const float *ix_row(const ix_run *r, int row);           /* contract: it is held as floats */
const uint16_t *ix_row_bf16(const ix_model *m, int row); /* NULL: it is held as floats */
float *ix_drow(const ix_run *r, int row);
float *ix_take_rows(const ix_run *r, int64_t columns); /* [N, columns] of the model's scratch */
size_t ix_rows_bytes(int64_t N, int64_t columns);      /* what that takes */

/* Products of these sizes, or attention forward or backward, began at `since` and have ended. */
void ix_meter_products(ix_model *m, double since, const ix_gemm_args *product, int n);
void ix_meter_attention(const ix_run *r, double since, const ix_attention_shape *shape, bool backward);

/* Where only some rows are read, attention turns [N, .] into [R, .], the rows that are read in order, and what follows
 * in the block works on these alone. */
ix_run ix_rest(const ix_run *r);                                      /* the run from there on */
void ix_gather(const ix_run *r, float *y, const float *x, int64_t D); /* y[R,D] = these rows of x[N,D]; y may be x */
void ix_spread(const ix_run *r, float *x, int64_t D);                 /* x[R,D] to [N,D], in place; other rows: any */
void ix_spread_clear(const ix_run *r, float *x, int64_t D);           /* likewise; other rows: 0 */
const float *ix_rows_of(const ix_run *r, const float *x, int64_t D);  /* those of x, in scratch; x itself if all */

/* --- y = x W^T + b ------------------------------------------------------------------------------ */

/* Adjacent rows of the table that are one product; bias -1: none. */
typedef struct {
    int weight, bias;
    int64_t out, in;
    int ranks; /* that share out the columns of W (ix_linear_meet); 0 or 1: none */
} ix_linear;

void ix_linear_forward(const ix_run *r, const ix_linear *l, float *y, bool add, const float *x);
/* dx = dy W,  dW += dy^T x,  db += sum_n dy */
void ix_linear_backward(const ix_run *r, const ix_linear *l, float *dx, const float *dy, const float *x);
/* Forward where the columns of W, and so the numbers of x, are shared out over the tensor ranks: y gets the sum over
 * ranks, then the bias. */
void ix_linear_meet(const ix_run *r, const ix_linear *l, float *y, bool add, const float *x);
/* The same with ld floats from one row of y or dy to the next. */
void ix_linear_into(const ix_run *r, const ix_linear *l, float *y, int64_t ld, bool add, const float *x);
void ix_linear_from(const ix_run *r, const ix_linear *l, float *dx, const float *dy, int64_t ld, const float *x);
size_t ix_linear_scratch(const ix_linear *l, int64_t N, bool backward);

/* --- norms -------------------------------------------------------------------------------------- */

typedef struct {
    int weight, bias; /* bias -1: RMSNorm, else LayerNorm */
    float offset;     /* RMSNorm: the table's weight is less by this, 0 or 1 */
    int64_t D;
    float eps;
    ix_place stat; /* [1]; LayerNorm: [2] */
} ix_norm;

ix_norm ix_rmsnorm_of(ix_model *m, int weight, float offset);
ix_norm ix_layernorm_of(ix_model *m, int weight, int bias);
void ix_norm_forward(const ix_run *r, const ix_norm *n, float *y, const float *x);
/* Adds to dx; x is what the forward pass was given. */
void ix_norm_backward(const ix_run *r, const ix_norm *n, float *dx, const float *dy, const float *x);
size_t ix_norm_scratch(const ix_norm *n, int64_t N, bool backward);

/* --- attention ---------------------------------------------------------------------------------- */

/* y = out(attention(rope(q), rope(k), v)),  q, k, v = in(x). `shape` says where a head lies in a row of in(x). */
typedef struct {
    ix_linear in, out;
    ix_linear query, keys; /* parts of `in`: all queries, and all keys and values; keys.out 0: they are not apart */
    ix_attention_shape shape;
    int64_t k, v;           /* where the first key and the first value lie in a row; the first query lies at 0 */
    ix_place qkv, att, lse; /* [in.out] rotated, [H K], [H] */
} ix_heads;

/* All queries, all keys, all values: three adjacent matrices from row `in` on, three biases from `in_bias` on. */
ix_heads ix_heads_of(ix_model *m, int in, int in_bias, int out, int out_bias);
/* One matrix whose rows are [q k v] of a head, head after head; every head has its own keys. */
ix_heads ix_heads_in_turn(ix_model *m, int in, int in_bias, int out, int out_bias);
/* y[R,D], x[N,D]; y NULL: only what the backward pass needs */
void ix_heads_forward(const ix_run *r, const ix_heads *p, float *y, bool add, const float *x);
/* dx[N,D], dy[R,D] */
void ix_heads_backward(const ix_run *r, const ix_heads *p, float *dx, const float *dy, const float *x);
size_t ix_heads_scratch(const ix_heads *p, int64_t N, bool backward);

/* --- feed-forward ------------------------------------------------------------------------------- */

/* From h[N, parts F], what the first product gives, to y[N,F]; backward turns h into its gradient. */
typedef struct {
    int parts; /* 1: an activation; 2: a gate, then what it lets through */
    void (*forward)(float *y, const float *h, int64_t N, int64_t F);
    void (*backward)(float *h, const float *dy, int64_t N, int64_t F);
} ix_activation;

extern const ix_activation ix_activation_swiglu; /* silu(a) b */
extern const ix_activation ix_activation_geglu;  /* gelu(a) b, gelu with tanh */
extern const ix_activation ix_activation_gelu;   /* exact */

/* y = out(activation(in(x))) */
typedef struct {
    ix_linear in, out;
    const ix_activation *activation;
    ix_place h; /* [in.out] */
} ix_mlp;

ix_mlp ix_mlp_of(ix_model *m, const ix_activation *activation, int in, int in_bias, int out, int out_bias);
/* y NULL: only what the backward pass needs */
void ix_mlp_forward(const ix_run *r, const ix_mlp *p, float *y, bool add, const float *x);
/* Uses up what was kept. */
void ix_mlp_backward(const ix_run *r, const ix_mlp *p, float *dx, const float *dy, const float *x);
size_t ix_mlp_scratch(const ix_mlp *p, int64_t N, bool backward);

#endif
