/* SPDX-License-Identifier: Apache-2.0 */
#include "train/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/span.h"
#include "pack/cut.h"

int64_t ix_longest_pair(const ix_pairs *pairs, bool share_prompt)
{
    int64_t most = 1;
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        int64_t n = ix_pair_tokens(&p, share_prompt);
        if (n > most) most = n;
    }
    return most;
}

int64_t ix_pack_room(int64_t pack_tokens, const ix_pairs *const *sets, int n, bool share_prompt)
{
    int64_t total = 0, most = 1;
    for (int k = 0; k < n; k++)
        for (int64_t i = 0; sets[k] && i < ix_pairs_count(sets[k]); i++) {
            ix_pair p = ix_pairs_get(sets[k], i);
            int64_t tokens = ix_pair_tokens(&p, share_prompt);
            total += tokens;
            if (tokens > most) most = tokens;
        }
    if (total < pack_tokens) pack_tokens = total;
    return most > pack_tokens ? most : pack_tokens;
}

int64_t ix_pack_budget(const ix_model *model, size_t bytes)
{
    int64_t tokens = (int64_t)(bytes / ix_model_kept_bytes(model, true));
    return tokens < 256 ? 256 : tokens > 4096 ? 4096 : tokens;
}

ix_pair ix_trimmed(ix_pair pair, const uint8_t lost[IX_SIDES])
{
    for (int s = 0; s < IX_SIDES; s++) pair.response_size[s] -= lost[s];
    return pair;
}

void ix_trimmed_reference(double out[IX_SIDES], const ix_pair_result *reference, const uint8_t lost[IX_SIDES])
{
    for (int s = 0; s < IX_SIDES; s++) out[s] = !reference ? 0 : lost[s] ? reference->before[s] : reference->logp[s];
}

ix_status ix_trim_pairs(uint8_t *lost, const ix_pairs *pairs, const int64_t *index, int64_t n, int64_t batch)
{
    ix_status rc = IX_OK;
    ix_pair *p = calloc((size_t)n + 1, sizeof *p);

    IX_NEED(p, IX_ENOMEM, "compat.trim: out of memory");
    for (int64_t i = 0; i < n; i++) p[i] = ix_pairs_get(pairs, index ? index[i] : i);
    for (int64_t at = 0; at < n; at += batch) ix_cut_trim(lost + 2 * at, p + at, n - at < batch ? n - at : batch);
    for (int64_t i = 0; i < 2 * n; i++)
        IX_NEED(!lost[i] || p[i / 2].response_size[i % 2] > 1, IX_EINPUT,
                "compat.trim would leave row %lld without a response: its only token is cut off",
                (long long)p[i / 2].row);
done:
    free(p);
    return rc;
}

/* One pair of one set. */
typedef struct {
    ix_pair pair;
    int32_t set;
    uint8_t lost[IX_SIDES];
    int64_t place;
} item;

/* Everything that judging allocates. Items are sorted by prompt and cut into units of one prompt each; a unit is
 * computed by one rank, in one pack. */
typedef struct {
    int64_t n, units;
    item *item;                    /* [n] */
    ix_span *unit;                 /* [units] items */
    int64_t *tokens, *cost, *list; /* [units] cost: of the unit's forward pass */
    int32_t *part;
    double *merged;                /* [n, FIGURES] */
    double *known;                 /* [n] 1: this rank computed the pair, or an earlier launch did */
    double (*reference)[IX_SIDES]; /* of the pairs of one pack */
    ix_pair_result *packed;
    ix_pack *pack;
} work;

enum { FIGURES = 7 };

static void free_work(work *k)
{
    free(k->item);
    free(k->unit);
    free(k->tokens);
    free(k->cost);
    free(k->list);
    free(k->part);
    free(k->merged);
    free(k->known);
    free(k->reference);
    free(k->packed);
    ix_pack_destroy(&k->pack);
}

static int by_prompt(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->pair.prompt_size != y->pair.prompt_size) return x->pair.prompt_size < y->pair.prompt_size ? -1 : 1;
    int order = memcmp(x->pair.prompt, y->pair.prompt, (size_t)x->pair.prompt_size * sizeof *x->pair.prompt);
    if (order) return order;
    if (x->set != y->set) return x->set < y->set ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static ix_status take_items(work *k, const ix_judge *j, const ix_judged_set *set, int sets)
{
    ix_status rc = IX_OK;
    item *at = k->item;
    uint8_t *lost = calloc((size_t)k->n + 1, IX_SIDES);

    IX_NEED(lost, IX_ENOMEM, "judging %lld pairs: out of memory", (long long)k->n);
    for (int s = 0; s < sets; s++) {
        int64_t n = ix_pairs_count(set[s].pairs);
        if (j->trim) IX_TRY(ix_trim_pairs(lost, set[s].pairs, NULL, n, j->trim));
        for (int64_t i = 0; i < n; i++, at++) {
            *at = (item){.pair = ix_trimmed(ix_pairs_get(set[s].pairs, i), lost + 2 * i), .set = s, .place = i};
            memcpy(at->lost, lost + 2 * i, sizeof at->lost);
        }
    }
    qsort(k->item, (size_t)k->n, sizeof *k->item, by_prompt);
done:
    free(lost);
    return rc;
}

static void add_item(work *k, const ix_judge *j, int64_t i)
{
    if (j->share_prompt) ix_pack_join_pair(k->pack, &k->item[i].pair, i);
    else ix_pack_add_pair(k->pack, &k->item[i].pair, i, false);
}

static bool same_prompt(const ix_pair *a, const ix_pair *b)
{
    return a->prompt_size == b->prompt_size &&
           !memcmp(a->prompt, b->prompt, (size_t)a->prompt_size * sizeof *a->prompt);
}

static void close_unit(work *k, const ix_judge *j)
{
    if (k->units == 0) return;
    k->tokens[k->units - 1] = k->pack->N;
    k->cost[k->units - 1] = ix_pass_work(j->pass, k->pack);
}

/* A unit ends where the prompt changes, and where it would be more than `most` tokens. */
static void cut_units(work *k, const ix_judge *j, int64_t most)
{
    for (int64_t i = 0; i < k->n; i++) {
        const ix_pair *p = &k->item[i].pair;
        bool begins = i == 0 || !j->share_prompt || !same_prompt(p, &k->item[i - 1].pair) ||
                      k->pack->N + ix_pack_join_tokens(k->pack, p) > most;
        if (begins) {
            close_unit(k, j);
            ix_pack_clear(k->pack);
            k->unit[k->units++] = (ix_span){i, i};
        }
        add_item(k, j, i);
        k->unit[k->units - 1].hi = i + 1;
    }
    close_unit(k, j);
}

/* Units are small enough that every rank finds work, where one prompt has very many answers. */
static int64_t most_of_unit(const work *k, const ix_judge *j)
{
    int64_t total = 0, ranks = ix_grid_size(j->grid, IX_DATA);
    for (int64_t i = 0; i < k->n; i++) total += ix_pair_tokens(&k->item[i].pair, true);
    int64_t share = total / (4 * ranks);
    return share < j->pack_tokens ? share : j->pack_tokens;
}

static ix_status make_work(work *k, const ix_judge *j, const ix_judged_set *set, int sets)
{
    ix_status rc = IX_OK;
    int64_t tokens = j->pack_tokens;

    *k = (work){0};
    for (int s = 0; s < sets; s++) {
        int64_t longest = ix_longest_pair(set[s].pairs, j->share_prompt);
        if (longest > tokens) tokens = longest;
        k->n += ix_pairs_count(set[s].pairs);
    }
    size_t n = (size_t)k->n + 1;
    k->item = calloc(n, sizeof *k->item);
    k->unit = calloc(n, sizeof *k->unit);
    k->tokens = calloc(n, sizeof *k->tokens);
    k->cost = calloc(n, sizeof *k->cost);
    k->list = calloc(n, sizeof *k->list);
    k->part = calloc(n, sizeof *k->part);
    k->merged = calloc(n, FIGURES * sizeof *k->merged);
    k->known = calloc(n, sizeof *k->known);
    k->reference = calloc(n, sizeof *k->reference);
    k->packed = calloc(n, sizeof *k->packed);
    IX_NEED(k->item && k->unit && k->tokens && k->cost && k->list && k->part && k->merged && k->known && k->reference &&
                k->packed,
            IX_ENOMEM, "judging %lld pairs: out of memory", (long long)k->n);
    IX_TRY(ix_pack_create(&k->pack, tokens, 4 * k->n + 4, k->n + 1));
    IX_TRY(take_items(k, j, set, sets));
    cut_units(k, j, most_of_unit(k, j));
    IX_TRY(ix_cut_parts(k->part, k->cost, k->units, ix_grid_size(j->grid, IX_DATA)));
done:
    return rc;
}

static void write_figures(double *f, const ix_pair_result *r)
{
    memcpy(f, r->reward, sizeof r->reward);
    memcpy(f + 2, r->logp, sizeof r->logp);
    memcpy(f + 4, r->before, sizeof r->before);
    f[6] = r->loss;
}

static void read_figures(ix_pair_result *r, const double *f)
{
    memcpy(r->reward, f, sizeof r->reward);
    memcpy(r->logp, f + 2, sizeof r->logp);
    memcpy(r->before, f + 4, sizeof r->before);
    r->loss = f[6];
}

/* The units list[from, to) in one pack. */
static void judge_pack(const ix_judge *j, work *k, const float *weights, const ix_judged_set *set, int64_t from,
                       int64_t to)
{
    ix_pack_clear(k->pack);
    for (int64_t u = from; u < to; u++)
        for (int64_t i = k->unit[k->list[u]].lo; i < k->unit[k->list[u]].hi; i++) {
            const item *t = &k->item[i];
            const ix_pair_result *reference = set[t->set].reference;
            ix_trimmed_reference(k->reference[k->pack->P], reference ? &reference[t->place] : NULL, t->lost);
            add_item(k, j, i);
        }
    ix_pass_rewards(j->pass, weights, k->pack, (const double(*)[IX_SIDES])k->reference, k->packed);
    for (int32_t p = 0; p < k->pack->P; p++) {
        int64_t i = k->pack->pair[p].index;
        write_figures(k->merged + FIGURES * i, &k->packed[p]);
        k->known[i] = 1;
    }
}

/* Hands results out to the sets, and the time by tokens. */
static void finish(const work *k, ix_judged_set *set, int sets, double seconds)
{
    double total = 0;
    for (int s = 0; s < sets; s++) set[s].seconds = 0;
    for (int64_t i = 0; i < k->n; i++) {
        const item *t = &k->item[i];
        double tokens = (double)ix_pair_tokens(&t->pair, true);
        read_figures(&set[t->set].result[t->place], k->merged + FIGURES * i);
        set[t->set].seconds += tokens;
        total += tokens;
    }
    for (int s = 0; s < sets && total > 0; s++) set[s].seconds *= seconds / total;
}

/* --- judging that was interrupted ------------------------------------------------------------------------- */

#define FIGURES_NAME "judged/figures"
#define KNOWN_NAME "judged/known"
#define SECONDS_NAME "judged/seconds"

/* Everybody's pairs on one rank, in a moment; what this rank goes on with stays as it is. */
static ix_status save_known(const ix_judge *j, const work *k, double seconds, ix_saver_wish wish)
{
    ix_status rc = IX_OK;
    ix_moment *m = NULL;
    double *both = malloc((size_t)k->n * (FIGURES + 1) * sizeof *both + 1), *figures = both;

    IX_TRY(ix_grid_agree(j->grid, IX_GROUP, both ? IX_OK : ix_fail(IX_ENOMEM, "judging: out of memory")));
    double *known = figures + FIGURES * k->n;
    memcpy(figures, k->merged, (size_t)(FIGURES * k->n) * sizeof *figures);
    memcpy(known, k->known, (size_t)k->n * sizeof *known);
    ix_grid_merge_double(j->grid, IX_DATA, both, (FIGURES + 1) * k->n);
    rc = ix_moment_create(&m, j->saver, j->step, ix_model_params(ix_pass_model(j->pass)));
    if (rc == IX_OK) rc = ix_moment_doubles(m, FIGURES_NAME, FIGURES * k->n, figures);
    if (rc == IX_OK) rc = ix_moment_doubles(m, KNOWN_NAME, k->n, known);
    if (rc == IX_OK) rc = ix_moment_doubles(m, SECONDS_NAME, 1, &seconds);
    IX_TRY(ix_grid_agree(j->grid, IX_GROUP, rc));
    IX_TRY(j->save(j->context, m, wish));
done:
    ix_moment_destroy(&m);
    free(both);
    return rc;
}

/* Units that an earlier launch judged as a whole are done: one rank brings their figures. *seconds: what it took. */
static ix_status take_known(const ix_judge *j, work *k, double *seconds)
{
    ix_status rc = IX_OK;
    const ix_arrays *all = ix_saver_arrays(j->saver);
    const ix_array *figures, *known, *spent;

    IX_TRY(ix_arrays_need(&figures, all, FIGURES_NAME, IX_DOUBLES, FIGURES * k->n, ix_saver_place(j->saver)));
    IX_TRY(ix_arrays_need(&known, all, KNOWN_NAME, IX_DOUBLES, k->n, ix_saver_place(j->saver)));
    IX_TRY(ix_arrays_need(&spent, all, SECONDS_NAME, IX_DOUBLES, 1, ix_saver_place(j->saver)));
    *seconds = *(const double *)spent->values;
    for (int64_t u = 0; u < k->units; u++) {
        ix_span unit = k->unit[u];
        bool whole = true;
        for (int64_t i = unit.lo; i < unit.hi; i++) whole &= ((const double *)known->values)[i] != 0;
        if (!whole) continue;
        k->part[u] = -1;
        if (ix_grid_rank(j->grid, IX_DATA) != 0) continue;
        memcpy(k->merged + FIGURES * unit.lo, (const double *)figures->values + FIGURES * unit.lo,
               (size_t)(FIGURES * ix_span_size(unit)) * sizeof *k->merged);
        for (int64_t i = unit.lo; i < unit.hi; i++) k->known[i] = 1;
    }
done:
    return rc;
}

/* The units of a rank, in k->list. */
static int64_t list_units(work *k, int rank)
{
    int64_t n = 0;
    for (int64_t u = 0; u < k->units; u++)
        if (k->part[u] == rank) k->list[n++] = u;
    return n;
}

static int64_t count_packs(const ix_judge *j, const work *k, int64_t units)
{
    int64_t packs = 0;
    for (int64_t from = 0; from < units; packs++) from = ix_cut_pack(k->tokens, k->list, units, from, j->pack_tokens);
    return packs;
}

/* Packs of the rank that has most: so often all ranks ask whether to save. */
static int64_t most_packs(const ix_judge *j, work *k)
{
    int64_t most = 0;
    for (int r = 0; r < ix_grid_size(j->grid, IX_DATA); r++) {
        int64_t packs = count_packs(j, k, list_units(k, r));
        if (packs > most) most = packs;
    }
    return most;
}

static ix_status judge_packs(const ix_judge *j, work *k, const float *weights, const ix_judged_set *set, double start)
{
    ix_status rc = IX_OK;
    int64_t rounds = j->saver ? most_packs(j, k) : 0, mine = list_units(k, ix_grid_rank(j->grid, IX_DATA));

    for (int64_t from = 0, to; from < mine || rounds > 0; from = to, rounds--) {
        to = from < mine ? ix_cut_pack(k->tokens, k->list, mine, from, j->pack_tokens) : from;
        if (from < to) judge_pack(j, k, weights, set, from, to);
        ix_saver_wish wish = ix_saver_tick_apart(j->saver);
        if (wish != IX_GO_ON) IX_TRY(save_known(j, k, ix_seconds() - start, wish));
    }
done:
    return rc;
}

ix_status ix_judge_sets(const ix_judge *j, const float *weights, ix_judged_set *set, int sets)
{
    work k = {0};
    double start = ix_seconds(), before = 0;
    ix_status rc = ix_grid_agree(j->grid, IX_GROUP, make_work(&k, j, set, sets));
    if (rc != IX_OK) goto done;
    if (j->resume) IX_TRY(ix_grid_agree(j->grid, IX_GROUP, take_known(j, &k, &before)));
    start -= before;
    IX_TRY(judge_packs(j, &k, weights, set, start));
    ix_grid_merge_double(j->grid, IX_DATA, k.merged, FIGURES * k.n);
    finish(&k, set, sets, ix_seconds() - start);
done:
    free_work(&k);
    return rc;
}

ix_status ix_judge_pairs(const ix_judge *j, const float *weights, const ix_pairs *pairs,
                         const ix_pair_result *reference, ix_pair_result *result)
{
    ix_judged_set set = {.pairs = pairs, .reference = reference, .result = result};
    return ix_judge_sets(j, weights, &set, 1);
}
