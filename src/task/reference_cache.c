/* SPDX-License-Identifier: Apache-2.0 */
#include "task/reference_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/build_info.h"
#include "base/file.h"
#include "base/log.h"
#include "store/cache.h"
#include "tensor/tensor.h"

/* Raised whenever a kernel's bits change. */
#define ARITHMETIC "impex reference, arithmetic 1"

static void add_shape(ix_hash *h, const ix_model_config *c)
{
    char *text = ix_format(
        "%s V %d D %d layers %d H %d G %d K %d F %d eps %.9g tied %d rope %.17g %d %.17g %.17g %.17g %d of %d "
        "parallel %d caps %.9g %.9g scale %.17g window %d",
        c->model_type, c->V, c->D, c->layers, c->H, c->G, c->K, c->F, (double)c->eps, c->tied, c->rope_theta,
        (int)c->rope, c->rope_factor, c->rope_low, c->rope_high, c->rope_positions, c->R, c->parallel,
        (double)c->score_cap, (double)c->logit_cap, c->query_scale, c->window);
    ix_hash_add_text(h, text);
    free(text);
}

/* Of this rank's part of the model. */
static void identify(const ix_reference_cache *c, char hex[IX_HASH_HEX])
{
    const ix_model *model = c->how.model;
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, ARITHMETIC);
    ix_hash_add_text(h, ix_tensor_library());
    ix_hash_add_text(h, ix_build_compiler());
    add_shape(h, ix_model_config_of(model));
    ix_hash_add_large(h, c->how.weights, (size_t)ix_model_params(model)->floats * sizeof *c->how.weights);
    if (ix_model_held(model)) ix_hash_add_large(h, ix_model_held(model), (size_t)ix_model_params(model)->bf16 * 2);
    ix_hash_end(h, hex);
}

/* A model in parts adds up in another order than the whole: its numbers are its own. */
static ix_status identify_parts(ix_reference_cache *c)
{
    ix_status rc = IX_OK;
    char part[IX_HASH_HEX] = "";
    ix_parts all = {0};

    identify(c, part);
    IX_TRY(ix_grid_gather_bytes(c->how.grid, IX_TENSOR, 0, part, sizeof part, &all));
    if (ix_grid_rank(c->how.grid, IX_TENSOR) == 0) {
        ix_hash *h = ix_hash_begin();
        ix_hash_add(h, all.bytes, all.offset[ix_grid_size(c->how.grid, IX_TENSOR)]);
        ix_hash_end(h, c->identity);
    }
done:
    ix_parts_free(&all);
    return rc;
}

ix_status ix_reference_cache_open(ix_reference_cache *c, const ix_reference *how, const char *output, bool keep)
{
    *c = (ix_reference_cache){.how = *how, .keep = keep, .folder = ix_format("%s/cache", output)};
    if (ix_grid_rank(how->grid, IX_DATA) > 0) return IX_OK;
    if (ix_grid_size(how->grid, IX_TENSOR) > 1) return identify_parts(c);
    identify(c, c->identity);
    return IX_OK;
}

void ix_reference_cache_close(ix_reference_cache *c)
{
    free(c->folder);
    *c = (ix_reference_cache){0};
}

static void name_file(const ix_reference_cache *c, const ix_pairs *pairs, char hex[IX_HASH_HEX])
{
    char of_pairs[IX_HASH_HEX];
    ix_hash *h = ix_hash_begin();
    ix_pairs_hash(pairs, of_pairs);
    ix_hash_add_text(h, c->identity);
    ix_hash_add_text(h, of_pairs);
    ix_hash_end(h, hex);
}

/* The file holds two rows for each pair: logp of all pairs, then what it is without the last token. */
static void to_rows(double *row, const ix_pair_result *result, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(row + IX_SIDES * i, result[i].logp, sizeof result[i].logp);
        memcpy(row + IX_SIDES * (n + i), result[i].before, sizeof result[i].before);
    }
}

static void from_rows(ix_pair_result *result, const double *row, int64_t n)
{
    memset(result, 0, (size_t)n * sizeof *result);
    for (int64_t i = 0; i < n; i++) {
        memcpy(result[i].logp, row + IX_SIDES * i, sizeof result[i].logp);
        memcpy(result[i].before, row + IX_SIDES * (n + i), sizeof result[i].before);
    }
}

typedef struct {
    bool found;
    double seconds;
} entry;

/* The first rank reads, all get it. */
static entry read_entry(const ix_reference_cache *c, const char *name, double *row, int64_t n)
{
    char warning[IX_CACHE_WARNING];
    entry e = {0};
    if (ix_grid_rank(c->how.grid, IX_GROUP) == 0) {
        e.found = ix_cache_read(c->folder, name, 2 * n, row, &e.seconds, warning);
        if (warning[0]) ix_warn("%s", warning);
    }
    ix_grid_bcast(c->how.grid, IX_GROUP, 0, &e, sizeof e);
    if (e.found) ix_grid_bcast(c->how.grid, IX_GROUP, 0, row, (size_t)(2 * IX_SIDES * n) * sizeof *row);
    return e;
}

static ix_status try_entry(ix_reference_cache *c, const ix_pairs *pairs, const char *name, double *row,
                           ix_pair_result *result, bool *good)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(pairs);
    entry e = read_entry(c, name, row, n);

    *good = false;
    if (!e.found) return IX_OK;
    from_rows(result, row, n);
    IX_TRY(ix_reference_verify(&c->how, pairs, result, good));
    if (*good) {
        c->seconds += e.seconds;
        c->saved += e.seconds;
    } else if (ix_grid_rank(c->how.grid, IX_GROUP) == 0) {
        ix_warn("%s/%s.h5: a pair computed again has other bits; all are computed again", c->folder, name);
    }
done:
    return rc;
}

/* One set that the cache does not have, after it was judged. */
static ix_status keep_entry(ix_reference_cache *c, const ix_judged_set *set)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(set->pairs);
    double *row = calloc((size_t)(2 * IX_SIDES * n) + 1, sizeof *row);
    char name[IX_HASH_HEX];

    IX_NEED(row, IX_ENOMEM, "reference: out of memory");
    to_rows(row, set->result, n);
    name_file(c, set->pairs, name);
    if (ix_cache_write(c->folder, name, 2 * n, row, set->seconds) != IX_OK)
        ix_warn("%s; later runs will compute it again", ix_message());
done:
    free(row);
    return rc;
}

static ix_status take_entry(ix_reference_cache *c, const ix_judged_set *set, bool *good)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(set->pairs);
    double *row = calloc((size_t)(2 * IX_SIDES * n) + 1, sizeof *row);
    char name[IX_HASH_HEX] = "";

    *good = false;
    IX_TRY(ix_grid_agree(c->how.grid, IX_GROUP, row ? IX_OK : ix_fail(IX_ENOMEM, "reference: out of memory")));
    if (ix_grid_rank(c->how.grid, IX_GROUP) == 0) name_file(c, set->pairs, name);
    IX_TRY(try_entry(c, set->pairs, name, row, set->result, good));
done:
    free(row);
    return rc;
}

ix_status ix_reference_cache_judge(ix_reference_cache *c, ix_judged_set *set, int sets)
{
    ix_status rc = IX_OK, kept = IX_OK;
    ix_judged_set *missing = calloc((size_t)sets + 1, sizeof *missing);
    ix_stage before;
    int n = 0;
    bool good;

    IX_TRY(ix_grid_agree(c->how.grid, IX_GROUP, missing ? IX_OK : ix_fail(IX_ENOMEM, "reference: out of memory")));
    for (int i = 0; i < sets; i++) {
        good = false;
        if (c->keep) IX_TRY(take_entry(c, &set[i], &good));
        if (!good) missing[n++] = set[i];
    }
    if (n == 0) goto done;
    c->how.identity = c->identity;
    before = ix_start_enter(c->start, IX_STAGE_APART);
    IX_TRY(ix_reference_judge(&c->how, missing, n));
    ix_start_enter(c->start, before);
    for (int i = 0; i < n; i++) {
        c->seconds += missing[i].seconds;
        if (c->keep && kept == IX_OK && ix_grid_rank(c->how.grid, IX_GROUP) == 0) kept = keep_entry(c, &missing[i]);
    }
    IX_TRY(ix_grid_agree(c->how.grid, IX_GROUP, kept));
done:
    free(missing);
    return rc;
}
