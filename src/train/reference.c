/* SPDX-License-Identifier: Apache-2.0 */
#include "train/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/span.h"

/* The sets' seconds are shares of all that passed. */
static void share_seconds(ix_judged_set *set, int sets, double seconds)
{
    double judged = 0;
    for (int i = 0; i < sets; i++) judged += set[i].seconds;
    for (int i = 0; i < sets && judged > 0; i++) set[i].seconds *= seconds / judged;
}

/* --- what a checkpoint keeps: which reference and sets it was about, in numbers ----------------------------- */

#define ABOUT_NAME "reference/about"

typedef struct {
    const ix_reference *r;
    const ix_judged_set *set;
    int sets;
    int64_t about[4];
} pause;

static void describe(pause *p)
{
    char hex[IX_HASH_HEX];
    ix_hash *h = ix_hash_begin();
    ix_hash_add_text(h, p->r->identity);
    for (int i = 0; i < p->sets; i++) {
        ix_pairs_hash(p->set[i].pairs, hex);
        ix_hash_add_text(h, hex);
    }
    ix_hash_end(h, hex);
    for (int i = 0; i < 4; i++) {
        char digits[16] = "";
        memcpy(digits, hex + 15 * i, 15);
        p->about[i] = strtoll(digits, NULL, 16);
    }
}

static ix_status save_pause(void *context, ix_moment *m, ix_saver_wish wish)
{
    ix_status rc = IX_OK;
    const pause *p = context;
    IX_TRY(ix_grid_agree(p->r->grid, IX_GROUP, ix_moment_ints(m, ABOUT_NAME, 4, p->about)));
    IX_TRY(ix_saver_save(p->r->saver, m, wish));
done:
    return rc;
}

/* The same on every rank: all read the same file. The first rank's word on which reference it is counts. */
static bool goes_on(pause *p)
{
    const ix_array *a;
    if (!p->r->saver) return false;
    describe(p);
    ix_grid_bcast(p->r->grid, IX_GROUP, 0, p->about, sizeof p->about);
    if (!ix_saver_found(p->r->saver) || !ix_saver_same_tensor(p->r->saver)) return false;
    a = ix_arrays_find(ix_saver_arrays(p->r->saver), ABOUT_NAME);
    return a && a->kind == IX_INTS && a->n == 4 && !memcmp(a->values, p->about, sizeof p->about);
}

ix_status ix_reference_judge(const ix_reference *r, ix_judged_set *set, int sets)
{
    ix_status rc = IX_OK;
    ix_pass *pass = NULL;
    double start = ix_seconds();
    const ix_pairs **list = calloc((size_t)sets + 1, sizeof *list);
    pause p = {.r = r, .set = set, .sets = sets};
    ix_judge judge = {.grid = r->grid,
                      .pack_tokens = r->pack_tokens,
                      .share_prompt = r->share_prompt,
                      .saver = r->saver,
                      .save = save_pause,
                      .context = &p};
    ix_alive_at(ix_phase_name(IX_PHASE_REFERENCE));
    IX_TRY(ix_grid_agree(r->grid, IX_GROUP, list ? IX_OK : ix_fail(IX_ENOMEM, "reference: out of memory")));
    for (int i = 0; i < sets; i++) list[i] = set[i].pairs;
    int64_t tokens = ix_pack_room(r->pack_tokens, list, sets, r->share_prompt);
    IX_TRY(ix_grid_agree(r->grid, IX_GROUP, ix_model_reserve(r->model, tokens, false)));
    IX_TRY(ix_grid_agree(r->grid, IX_GROUP, ix_pass_create(&pass, NULL, NULL, r->model, tokens, NULL)));
    judge.pass = pass;
    judge.resume = goes_on(&p);
    IX_TRY(ix_judge_sets(&judge, r->weights, set, sets));
    if (!judge.resume) share_seconds(set, sets, ix_seconds() - start);
done:
    ix_pass_destroy(&pass);
    free(list);
    return rc;
}

/* One pair in a pack of its own. */
static ix_status judge_alone(const ix_reference *r, const ix_pairs *pairs, int64_t i, ix_pair_result *out)
{
    ix_status rc = IX_OK;
    ix_pass *pass = NULL;
    ix_pack *pack = NULL;
    ix_pair pair = ix_pairs_get(pairs, i);
    const double none[1][IX_SIDES] = {{0}};
    int64_t tokens = ix_pair_tokens(&pair, r->share_prompt);

    IX_TRY(ix_model_reserve(r->model, tokens, false));
    IX_TRY(ix_pass_create(&pass, NULL, NULL, r->model, tokens, NULL));
    IX_TRY(ix_pack_create(&pack, tokens, 4, 1));
    ix_pack_add_pair(pack, &pair, i, r->share_prompt);
    ix_pass_rewards(pass, r->weights, pack, none, out);
done:
    ix_pack_destroy(&pack);
    ix_pass_destroy(&pass);
    return rc;
}

/* Of [span.lo, span.hi), which holds one: a run that knows its reference should not wait for long. */
static int64_t shortest(const ix_pairs *pairs, ix_span span, bool share_prompt)
{
    int64_t best = span.lo, least = INT64_MAX;
    for (int64_t i = span.lo; i < span.hi; i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        int64_t tokens = ix_pair_tokens(&p, share_prompt);
        if (tokens < least) best = i;
        if (tokens < least) least = tokens;
    }
    return best;
}

ix_status ix_reference_verify(const ix_reference *r, const ix_pairs *pairs, const ix_pair_result *result, bool *equal)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(pairs);
    ix_span mine = ix_split(n, ix_grid_size(r->grid, IX_DATA), ix_grid_rank(r->grid, IX_DATA));
    ix_pair_result again;
    double differs = 0;

    *equal = false;
    int64_t one = shortest(pairs, mine, r->share_prompt);
    IX_TRY(ix_grid_agree(r->grid, IX_GROUP, mine.lo < mine.hi ? judge_alone(r, pairs, one, &again) : IX_OK));
    if (mine.lo < mine.hi) {
        const ix_pair_result *known = &result[one];
        differs = memcmp(again.logp, known->logp, sizeof again.logp) != 0 ||
                  memcmp(again.before, known->before, sizeof again.before) != 0;
    }
    ix_grid_max_double(r->grid, IX_GROUP, &differs, 1);
    *equal = differs == 0;
done:
    return rc;
}
