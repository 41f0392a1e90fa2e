/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "task/task.h"

extern const ix_task ix_task_preference, ix_task_persona, ix_task_hamiltonian, ix_task_theory, ix_task_pretrain,
    ix_task_scaling;

static const ix_task *const tasks[] = {&ix_task_preference, &ix_task_persona,  &ix_task_hamiltonian,
                                       &ix_task_theory,     &ix_task_pretrain, &ix_task_scaling};

const ix_task *ix_task_find(const char *name)
{
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (!strcmp(tasks[i]->name, name)) return tasks[i];
    return NULL;
}

const char *ix_task_names(void)
{
    return "preference, persona, hamiltonian, theory, pretrain, scaling";
}
