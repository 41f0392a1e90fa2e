/* SPDX-License-Identifier: Apache-2.0 */
#include "data/recipe.h"

#include <math.h>
#include <string.h>

extern const ix_recipe ix_recipe_ultrafeedback, ix_recipe_rewardmath, ix_recipe_rewardbench_math,
    ix_recipe_rewardbench_code, ix_recipe_persona, ix_recipe_paraphrase, ix_recipe_translate_french,
    ix_recipe_translate_spanish;

const ix_recipe *const ix_recipes[] = {&ix_recipe_ultrafeedback,     &ix_recipe_paraphrase, &ix_recipe_translate_french,
                                       &ix_recipe_translate_spanish, &ix_recipe_rewardmath, &ix_recipe_rewardbench_math,
                                       &ix_recipe_rewardbench_code,  &ix_recipe_persona,    NULL};

const ix_recipe *ix_recipe_find(const char *name)
{
    for (int i = 0; ix_recipes[i]; i++)
        if (strcmp(ix_recipes[i]->name, name) == 0) return ix_recipes[i];
    return NULL;
}

ix_status ix_recipe_build(ix_recipe_work *w)
{
    if (w->recipe->tokenizer && !w->tok)
        return ix_fail(IX_EINPUT, "recipe %s counts tokens: it needs the tokenizer of meta-llama/Llama-3.2-1B",
                       w->recipe->name);
    return w->recipe->build(w);
}

void ix_recipe_free(ix_recipe_work *w)
{
    for (int i = 0; i < w->sets; i++) ix_texts_destroy(&w->set[i].texts);
    w->sets = w->steps = 0;
}

bool ix_recipe_agrees(const ix_recipe_work *w)
{
    for (int i = 0; i < w->steps; i++)
        if (w->step[i].authors >= 0 && w->step[i].count != w->step[i].authors) return false;
    for (int i = 0; i < w->sets; i++)
        for (int side = 0; side < IX_SIDES; side++) {
            const ix_recipe_set *s = &w->set[i];
            /* their means are of whole numbers over at most a few thousand pairs */
            if (s->authors[side] > 0 && s->tokens[side] > 0 && fabs(s->tokens[side] - s->authors[side]) > 1e-9)
                return false;
        }
    return true;
}
