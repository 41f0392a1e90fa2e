/* SPDX-License-Identifier: Apache-2.0
 *
 * UltraFeedback with rewritten responses, from the folders of the authors' repository (data_files/rewritten/...): the
 * columns orig_index, prompt, chosen, rejected, orig_chosen, orig_rejected. Which pairs were rewritten is their draw
 * with seed 517, which must be found again. */
#include <stdlib.h>

#include "data/recipe_parts.h"

enum { SEED = 517, TRAIN = 2000, TEST = 200, REWRITTEN = 200 };

typedef struct {
    const char *split;
    int64_t want[REWRITTEN]; /* row in the whole split, ascending */
    int64_t next;
    ix_texts *originals;
} half;

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* sort(torch.randperm(n)[:200]) */
static ix_status draw_rows(ix_torch_rng *rng, int64_t n, int64_t want[REWRITTEN])
{
    int64_t *order = malloc((size_t)n * sizeof *order);
    if (!order) return ix_fail(IX_ENOMEM, "recipe: out of memory");
    ix_torch_randperm(rng, n, order);
    qsort(order, REWRITTEN, sizeof *order, by_number);
    for (int i = 0; i < REWRITTEN; i++) want[i] = order[i];
    free(order);
    return IX_OK;
}

static ix_status read_row(void *context, const json_t *row, const char *where, ix_texts *texts)
{
    ix_status rc = IX_OK;
    half *h = context;
    const char *prompt, *chosen, *rejected, *was_chosen, *was_rejected;
    int64_t index;
    IX_TRY(ix_json_int(row, "orig_index", where, true, 0, &index));
    IX_NEED(h->next < REWRITTEN, IX_EINPUT, "%s: more than the %d rows of the authors' draw", where, REWRITTEN);
    int64_t want = h->want[h->next++];
    IX_NEED(index == want, IX_EINPUT, "%s: orig_index is %lld; the authors' draw has row %lld here", where,
            (long long)index, (long long)want);
    IX_TRY(ix_json_text(row, "prompt", where, true, NULL, &prompt));
    IX_TRY(ix_json_text(row, "chosen", where, true, NULL, &chosen));
    IX_TRY(ix_json_text(row, "rejected", where, true, NULL, &rejected));
    IX_TRY(ix_json_text(row, "orig_chosen", where, true, NULL, &was_chosen));
    IX_TRY(ix_json_text(row, "orig_rejected", where, true, NULL, &was_rejected));
    IX_TRY(ix_source_add(texts, where, prompt, chosen, rejected));
    IX_TRY(ix_source_add(h->originals, where, prompt, was_chosen, was_rejected));
done:
    return rc;
}

/* `name`: of the rewritten set, then of the same pairs before. */
static ix_status build_half(ix_recipe_work *w, int source, half *h, const char *const name[2])
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    int64_t rows;
    IX_TRY(ix_texts_create(&h->originals, name[1]));
    IX_TRY(ix_source_read(w->path[source], read_row, h, &rows, &texts));
    ix_recipe_note(w, h->split, "rows, each where the draw has it", rows, REWRITTEN);
    IX_TRY(ix_recipe_add_all(w, name[0], texts));
    IX_TRY(ix_recipe_add_all(w, name[1], h->originals));
done:
    ix_texts_destroy(&texts);
    ix_texts_destroy(&h->originals);
    return rc;
}

static ix_status build(ix_recipe_work *w, const char *train_name, const char *test_name)
{
    ix_status rc = IX_OK;
    half train = {.split = "train"}, test = {.split = "test"};
    ix_torch_rng rng;
    ix_torch_seed(&rng, SEED);
    IX_TRY(draw_rows(&rng, TRAIN, train.want));
    IX_TRY(draw_rows(&rng, TEST, test.want));
    IX_TRY(build_half(w, 0, &train, (const char *const[]){train_name, "ultrafeedback_train200"}));
    IX_TRY(build_half(w, 1, &test, (const char *const[]){test_name, "ultrafeedback_test"}));
done:
    return rc;
}

static ix_status build_paraphrase(ix_recipe_work *w)
{
    return build(w, "paraphrase_train", "paraphrase_test");
}

static ix_status build_french(ix_recipe_work *w)
{
    return build(w, "translate_french_train", "translate_french_test");
}

static ix_status build_spanish(ix_recipe_work *w)
{
    return build(w, "translate_spanish_train", "translate_spanish_test");
}

static const char *const splits[] = {"train.jsonl", "test.jsonl", NULL};

const ix_recipe ix_recipe_paraphrase = {
    .name = "paraphrase",
    .about = "UltraFeedback pairs with paraphrased responses, and the same pairs before: 200 each",
    .sources = splits,
    .build = build_paraphrase,
};

const ix_recipe ix_recipe_translate_french = {
    .name = "translate_french",
    .about = "the same pairs with responses in French",
    .sources = splits,
    .build = build_french,
};

const ix_recipe ix_recipe_translate_spanish = {
    .name = "translate_spanish",
    .about = "the same pairs with responses in Spanish",
    .sources = splits,
    .build = build_spanish,
};
