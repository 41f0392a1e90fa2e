/* SPDX-License-Identifier: Apache-2.0
 *
 * What is odd about the pairs of a run, for its result: pairs that come twice, equal answers, and how much of
 * a set can be looked up in the training pairs. Counted over the tokens that were trained on and judged. */
#include "data/inspect.h"
#include "task/bench.h"

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

ix_status ix_material_store_odd_pairs(const ix_material *m, ix_result *result)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    ix_known *known = NULL;
    if (m->train) {
        IX_TRY(as_texts(m->train, &texts));
        IX_TRY(store_train(result, texts));
        IX_TRY(ix_known_create(&known, texts));
        ix_texts_destroy(&texts);
    }
    for (int i = 0; i < m->sets; i++) {
        IX_TRY(as_texts(m->pairs[i], &texts));
        IX_TRY(store_set(result, m->set[i].name, texts, known));
        ix_texts_destroy(&texts);
    }
done:
    ix_texts_destroy(&texts);
    ix_known_destroy(&known);
    return rc;
}
