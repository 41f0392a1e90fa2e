/* SPDX-License-Identifier: Apache-2.0
 *
 * recipe_parts.h - what recipes are made of. Inside data only. Local. */
#ifndef IX_DATA_RECIPE_PARTS_H
#define IX_DATA_RECIPE_PARTS_H

#include "base/json.h"
#include "base/random.h"
#include "data/recipe.h"

/* Rows of a list by number. Start with {0}; free with ix_picks_free. */
typedef struct {
    const ix_texts *from;
    int64_t *row;
    int64_t count;
} ix_picks;
void ix_picks_free(ix_picks *p);
ix_status ix_picks_all(ix_picks *p, const ix_texts *from);
/* rows[order[first .. first + count)], of the picks as they are; contract: within them. */
ix_status ix_picks_select(ix_picks *p, const int64_t *order, int64_t first, int64_t count);
/* The first `most` rows of torch.randperm(count); all of them if there are fewer, or most < 0. */
ix_status ix_picks_draw(ix_picks *p, ix_torch_rng *rng, int64_t most);
/* Cuts torch.randperm(count) in two: the last `tail` rows become *rest, the others stay. IX_EINPUT if there are not
 * more than `tail`. */
ix_status ix_picks_cut(ix_picks *p, ix_torch_rng *rng, int64_t tail, ix_picks *rest);

/* The authors' filters, on what is left. */
ix_status ix_picks_within(ix_picks *p, const ix_tokenizer *tok, int64_t most); /* prompt and responses, in tokens */
void ix_picks_untranslated(ix_picks *p); /* no "translate" or "translation" in the prompt, in either case */

/* Notes a step's count; the texts are kept, not copied. */
void ix_recipe_note(ix_recipe_work *w, const char *split, const char *what, int64_t count, int64_t authors);
/* The picks become a set, copied. `authors`: mean lengths of chosen and rejected, NULL if not known. */
ix_status ix_recipe_add(ix_recipe_work *w, const char *name, const ix_picks *p, const double authors[IX_SIDES]);
ix_status ix_recipe_add_all(ix_recipe_work *w, const char *name, const ix_texts *texts);

/* One row of a source as JSON, its place in `where`; adds what it gives to *texts. */
typedef ix_status (*ix_source_row)(void *context, const json_t *row, const char *where, ix_texts *texts);
/* Reads a whole source; *rows counts its lines, *out holds what the rows gave. */
ix_status ix_source_read(const char *path, ix_source_row row, void *context, int64_t *rows, ix_texts **out);
/* Adds a pair of texts; IX_EINPUT if the prompt is empty. */
ix_status ix_source_add(ix_texts *texts, const char *where, const char *prompt, const char *chosen,
                        const char *rejected);

#endif
