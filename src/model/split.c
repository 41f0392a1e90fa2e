/* SPDX-License-Identifier: Apache-2.0 */
#include "model/family.h"

static ix_span times(ix_span s, int64_t each)
{
    return (ix_span){s.lo * each, s.hi * each};
}

/* Whole groups of queries where there are enough of them for all ranks; else queries, and the keys that they need. */
static void split_heads(ix_model_split *s, const ix_model_config *c, int rank)
{
    int64_t group = c->H / c->G;
    if (c->G >= s->ranks) {
        s->keys = s->counted_keys = ix_split(c->G, s->ranks, rank);
        s->heads = times(s->keys, group);
        return;
    }
    s->heads = ix_split(c->H, s->ranks, rank);
    s->keys = (ix_span){s->heads.lo / group, (s->heads.hi - 1) / group + 1};
    s->counted_keys = (ix_span){(s->heads.lo + group - 1) / group, s->keys.hi};
    s->repeated_keys = true;
}

ix_status ix_model_check_split(const ix_model_config *c, int64_t ranks)
{
    if (ranks <= c->H && ranks <= c->F && ranks <= c->V) return IX_OK;
    return ix_fail(IX_EINPUT,
                   "parallel.tensor: %lld ranks cannot share the %d attention heads of this model; take fewer",
                   (long long)ranks, c->H);
}

ix_status ix_model_split_make(ix_model_split *out, const ix_grid *grid, const ix_model_config *c)
{
    ix_status rc = IX_OK;
    int ranks = grid ? ix_grid_size(grid, IX_TENSOR) : 1, rank = grid ? ix_grid_rank(grid, IX_TENSOR) : 0;

    *out = (ix_model_split){.grid = grid, .ranks = ranks};
    IX_TRY(ix_model_check_split(c, ranks));
    split_heads(out, c, rank);
    out->columns = ix_split(c->F, ranks, rank);
    out->words = ix_split(c->V, ranks, rank);
done:
    return rc;
}

static ix_cut cut(ix_share share, ix_span held)
{
    return share == IX_BY_ROWS ? ix_cut_rows(held) : ix_cut_cols(held);
}

ix_cut ix_cut_heads(const ix_model_split *s, ix_share share, int64_t each)
{
    return cut(share, times(s->heads, each));
}

ix_cut ix_cut_keys(const ix_model_split *s, ix_share share, int64_t each)
{
    ix_cut c = cut(share, times(s->keys, each));
    c.counted = times(s->counted_keys, each);
    c.repeated = s->repeated_keys;
    return c;
}

ix_cut ix_cut_columns(const ix_model_split *s, ix_share share)
{
    return cut(share, s->columns);
}

void ix_model_split_sum(const ix_model_split *s, float *x, int64_t n)
{
    if (s->ranks > 1) ix_grid_sum_tensor(s->grid, x, n);
}
