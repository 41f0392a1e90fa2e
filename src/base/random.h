/* SPDX-License-Identifier: Apache-2.0
 *
 * random.h - the only sources of chance. No state is hidden: every generator is a value.
 *
 * 1. Draws as functions of (seed, purpose, index): no split over ranks or threads changes them.
 * 2. splitmix64 as a stream: the embedded world's generator (data/miniworld).
 * 3. torch's CPU generator (MT19937): the order of pairs and the authors' data sets, so that PyTorch
 *    can follow them (at::mt19937, at::native::randperm_cpu). All functions are local. */
#ifndef IX_BASE_RANDOM_H
#define IX_BASE_RANDOM_H

#include <stdint.h>

/* What a counter-based draw is for: two purposes never share numbers. */
typedef enum {
    IX_DRAW_HEAD = 1,
    IX_DRAW_ROWS,
    IX_DRAW_WEIGHTS,
    IX_DRAW_SAMPLE,
    IX_DRAW_TEST,
    IX_DRAW_BOOTSTRAP,
    IX_DRAW_LENGTHS,
    IX_DRAW_TOKENS
} ix_draw;

uint64_t ix_draw_bits(uint64_t seed, ix_draw purpose, uint64_t index);
double ix_draw_uniform(uint64_t seed, ix_draw purpose, uint64_t index); /* [0, 1), 53 bits */
double ix_draw_normal(uint64_t seed, ix_draw purpose, uint64_t index);  /* N(0, 1), Box-Muller */

typedef struct {
    uint64_t state;
} ix_splitmix;
uint64_t ix_splitmix_next(ix_splitmix *g);
int64_t ix_splitmix_below(ix_splitmix *g, int64_t n); /* (next >> 33) % n; n >= 1 */

typedef struct {
    uint32_t word[624];
    int used;
} ix_torch_rng;
void ix_torch_seed(ix_torch_rng *g, uint64_t seed); /* torch.Generator().manual_seed(seed): the low 32 bits */
uint32_t ix_torch_next(ix_torch_rng *g);
void ix_torch_randperm(ix_torch_rng *g, int64_t n, int64_t *order); /* torch.randperm(n), n < 2^32 / 20 */
int64_t ix_torch_randint(ix_torch_rng *g, int64_t n);               /* torch.randint(0, n), n < 2^32 */
double ix_torch_rand(ix_torch_rng *g);                              /* torch.rand(1), float32: 24 bits */

#endif
