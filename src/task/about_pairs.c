/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be said of the pairs of a run without training, for its result. What is odd: pairs that come twice, equal
 * answers, and how much of a set can be looked up in the training pairs. And how those rank the sets that know nothing
 * of language: lengths, looking up, a bag of tokens. All over the tokens that were trained on and judged. */
#include <stdio.h>
#include <stdlib.h>

#include "data/bag.h"
#include "data/inspect.h"
#include "task/bench.h"

/* What a set is held against; NULL without training pairs. */
typedef struct {
    ix_known *known;
    ix_bag *bag;
} training;

/* The same pairs as a list of ids. */
static ix_status as_texts(const ix_pairs *pairs, ix_texts **out)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_texts_create(out, "pairs of the run"));
    for (int64_t i = 0; i < ix_pairs_count(pairs); i++) {
        ix_pair p = ix_pairs_get(pairs, i);
        IX_TRY(ix_texts_add_ids(*out, &p));
    }
done:
    return rc;
}

static ix_status store_set(ix_result *result, const char *name, const ix_texts *texts, const ix_known *known)
{
    ix_status rc = IX_OK;
    ix_inspection n;
    IX_TRY(ix_inspect(texts, &n));
    IX_TRY(ix_result_set_int(result, name, "repeated", n.repeated));
    IX_TRY(ix_result_set_int(result, name, "equal", n.equal));
    if (known) {
        ix_overlap o;
        ix_known_overlap(known, texts, &o);
        IX_TRY(ix_result_set_int(result, name, "known_prompts", o.prompts));
        IX_TRY(ix_result_set_int(result, name, "known_chosen", o.response[IX_CHOSEN]));
        IX_TRY(ix_result_set_int(result, name, "known_rejected", o.response[IX_REJECTED]));
    }
done:
    return rc;
}

static ix_status store_train(ix_result *result, const ix_texts *texts)
{
    ix_status rc = IX_OK;
    ix_inspection n;
    IX_TRY(ix_inspect(texts, &n));
    IX_TRY(ix_result_int(result, "train_repeated", n.repeated));
    IX_TRY(ix_result_int(result, "train_equal", n.equal));
done:
    return rc;
}

static ix_status store_sides(ix_result *result, const char *set, const char *what, int64_t pairs, const double *value)
{
    char path[512];
    snprintf(path, sizeof path, "eval/%s/%s", set, what);
    return ix_result_reals(result, path, (int64_t[]){pairs, IX_SIDES}, value);
}

/* Lengths of the texts in characters; nothing where the pairs came as ids. */
static ix_status store_characters(ix_result *result, const ix_eval_set *set, const ix_texts *from)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(set->pairs), *length = NULL;
    char path[512];

    if (ix_texts_as_ids(from)) return IX_OK;
    IX_NEED(length = calloc((size_t)n, IX_SIDES * sizeof *length), IX_ENOMEM, "lengths: out of memory");
    for (int64_t i = 0, k = 0; i < n; i++) { /* rows ascend in both */
        while (ix_texts_get(from, k)->row < ix_pairs_get(set->pairs, i).row) k++;
        for (ix_side s = IX_CHOSEN; s < IX_SIDES; s++)
            length[IX_SIDES * i + s] = ix_response_length(ix_texts_get(from, k), s);
    }
    snprintf(path, sizeof path, "eval/%s/characters", set->name);
    IX_TRY(ix_result_ints(result, path, (int64_t[]){n, IX_SIDES}, length));
done:
    free(length);
    return rc;
}

static ix_status store_scores(ix_result *result, const ix_eval_set *set, const ix_texts *texts, const training *t)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(set->pairs);
    double *score = NULL;

    if (!t->known) return IX_OK;
    IX_NEED(score = calloc((size_t)n, IX_SIDES * sizeof *score), IX_ENOMEM, "baselines: out of memory");
    for (int64_t i = 0; i < n; i++)
        for (ix_side s = IX_CHOSEN; s < IX_SIDES; s++)
            score[IX_SIDES * i + s] = ix_known_chosen(t->known, ix_texts_get(texts, i), s);
    IX_TRY(store_sides(result, set->name, "lookup", n, score));
    IX_TRY(ix_bag_score(t->bag, set->pairs, score));
    IX_TRY(store_sides(result, set->name, "bag_of_tokens", n, score));
done:
    free(score);
    return rc;
}

static ix_status learn(training *t, const ix_pairs *train, ix_result *result)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    IX_TRY(as_texts(train, &texts));
    IX_TRY(store_train(result, texts));
    IX_TRY(ix_known_create(&t->known, texts));
    IX_TRY(ix_bag_fit(&t->bag, train));
done:
    ix_texts_destroy(&texts);
    return rc;
}

ix_status ix_material_store_about_pairs(const ix_material *m, ix_result *result)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    training t = {0};
    if (m->train) IX_TRY(learn(&t, m->train, result));
    for (int i = 0; i < m->sets; i++) {
        IX_TRY(as_texts(m->pairs[i], &texts));
        IX_TRY(store_set(result, m->set[i].name, texts, t.known));
        IX_TRY(store_scores(result, &m->set[i], texts, &t));
        IX_TRY(store_characters(result, &m->set[i], ix_sets_get(m->texts, i)->texts));
        ix_texts_destroy(&texts);
    }
done:
    ix_texts_destroy(&texts);
    ix_known_destroy(&t.known);
    ix_bag_destroy(&t.bag);
    return rc;
}
