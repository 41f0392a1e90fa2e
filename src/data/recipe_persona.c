/* SPDX-License-Identifier: Apache-2.0
 *
 * Persona: the authors' 80 training and 40 test prompts with the answers they drew (persona.h). The suites make these
 * and all further sets of the experiment by themselves; as files they serve other programs. */
#include "data/persona.h"
#include "data/recipe_parts.h"

static ix_status build(ix_recipe_work *w)
{
    ix_status rc = IX_OK;
    ix_sets *sets = NULL;
    IX_TRY(ix_persona_sets(&sets, w->path[0]));
    const ix_texts *train = ix_sets_train(sets), *test = ix_sets_find(sets, "original")->texts;
    ix_recipe_note(w, "train", "drawn", ix_texts_count(train), 80);
    ix_recipe_note(w, "test", "drawn", ix_texts_count(test), 40);
    IX_TRY(ix_recipe_add_all(w, "persona_train", train));
    IX_TRY(ix_recipe_add_all(w, "persona_test", test));
done:
    ix_sets_destroy(&sets);
    return rc;
}

const ix_recipe ix_recipe_persona = {
    .name = "persona",
    .about = "80 training and 40 test pairs of Anthropic's persona/agreeableness.jsonl",
    .sources = (const char *const[]){"agreeableness.jsonl", NULL},
    .build = build,
};
