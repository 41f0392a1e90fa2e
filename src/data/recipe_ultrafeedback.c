/* SPDX-License-Identifier: Apache-2.0
 *
 * UltraFeedback: HuggingFaceH4/ultrafeedback_binarized, train_prefs and test_prefs. One generator draws both splits. */
#include "data/recipe_parts.h"

enum { SEED = 982, TRAIN = 2000, TEST = 200, LONGEST = 512 };

/* The text of the second message: the assistant's answer to the prompt. */
static ix_status read_answer(const json_t *row, const char *key, const char *where, const char **out)
{
    char at[4200];
    const json_t *list = json_object_get(row, key);
    if (json_array_size(list) < 2) return ix_fail(IX_EINPUT, "%s: %s must be a list of two messages", where, key);
    snprintf(at, sizeof at, "%s: %s[1]", where, key);
    return ix_json_text(json_array_get(list, 1), "content", at, true, NULL, out);
}

static ix_status read_row(void *context, const json_t *row, const char *where, ix_texts *texts)
{
    ix_status rc = IX_OK;
    const char *prompt, *chosen, *rejected;
    double better, worse;
    (void)context;
    IX_TRY(ix_json_text(row, "prompt", where, true, NULL, &prompt));
    IX_TRY(read_answer(row, "chosen", where, &chosen));
    IX_TRY(read_answer(row, "rejected", where, &rejected));
    IX_TRY(ix_json_real(row, "score_chosen", where, true, 0, &better));
    IX_TRY(ix_json_real(row, "score_rejected", where, true, 0, &worse));
    if (better > worse) IX_TRY(ix_source_add(texts, where, prompt, chosen, rejected));
done:
    return rc;
}

typedef struct {
    const char *split, *name;
    int64_t most, authors[4]; /* counts: rows, scores differ, short enough, no translation */
    double tokens[IX_SIDES];
} half;

static ix_status build_half(ix_recipe_work *w, int source, const half *h, ix_torch_rng *rng)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    ix_picks p = {0};
    int64_t rows;
    IX_TRY(ix_source_read(w->path[source], read_row, NULL, &rows, &texts));
    ix_recipe_note(w, h->split, "rows", rows, h->authors[0]);
    IX_TRY(ix_picks_all(&p, texts));
    ix_recipe_note(w, h->split, "score_chosen above score_rejected", p.count, h->authors[1]);
    IX_TRY(ix_picks_within(&p, w->tok, LONGEST));
    ix_recipe_note(w, h->split, "prompt and responses within 512 tokens", p.count, h->authors[2]);
    ix_picks_untranslated(&p);
    ix_recipe_note(w, h->split, "no \"translate\", \"translation\" in the prompt", p.count, h->authors[3]);
    IX_TRY(ix_picks_draw(&p, rng, h->most));
    ix_recipe_note(w, h->split, "drawn", p.count, h->most);
    IX_TRY(ix_recipe_add(w, h->name, &p, h->tokens));
done:
    ix_picks_free(&p);
    ix_texts_destroy(&texts);
    return rc;
}

static ix_status build(ix_recipe_work *w)
{
    static const half train = {"train",
                               "ultrafeedback_train",
                               TRAIN,
                               {61135, 53748, 39022, 35936},
                               {195.6835, 163.943}},
                      test = {"test", "ultrafeedback_test", TEST, {2000, 1728, 1246, 1145}, {196.68, 166.925}};
    ix_torch_rng rng;
    ix_torch_seed(&rng, SEED);
    ix_status rc = build_half(w, 0, &train, &rng);
    return rc == IX_OK ? build_half(w, 1, &test, &rng) : rc;
}

const ix_recipe ix_recipe_ultrafeedback = {
    .name = "ultrafeedback",
    .about = "2,000 training and 200 test pairs of HuggingFaceH4/ultrafeedback_binarized",
    .sources = (const char *const[]){"train_prefs.jsonl", "test_prefs.jsonl", NULL},
    .tokenizer = true,
    .build = build,
};
