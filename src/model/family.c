/* SPDX-License-Identifier: Apache-2.0 */
#include "model/family.h"

#include <stdio.h>
#include <string.h>

extern const ix_family ix_family_llama, ix_family_qwen2, ix_family_gpt_neox, ix_family_gemma2;

static const ix_family *const families[] = {&ix_family_llama, &ix_family_qwen2, &ix_family_gpt_neox, &ix_family_gemma2};

const ix_family *ix_family_find(const char *model_type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (!strcmp(families[i]->model_type, model_type)) return families[i];
    return NULL;
}

const char *ix_family_names(void)
{
    static char text[256]; /* the same whoever fills it */
    size_t at = 0;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "", families[i]->model_type);
    return text;
}

const char *ix_architecture(const char *model_type, bool classifier)
{
    const ix_family *family = ix_family_find(model_type);
    IX_CONTRACT(family);
    return classifier ? family->classifier : family->causal;
}
