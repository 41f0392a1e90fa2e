/* SPDX-License-Identifier: Apache-2.0 */
#include "app/launcher.h"

#include <stddef.h>
#include <stdlib.h>

/* Open MPI's mpirun; Hydra (MPICH, Intel MPI) and Slurm's PMI; MVAPICH2; PMIx; a step of srun. A batch script of Slurm
 * has no SLURM_STEP_NUM_TASKS and is nobody's rank. */
static const struct {
    const char *rank, *size;
} launchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                 {"PMI_RANK", "PMI_SIZE"},
                 {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
                 {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
                 {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};

static int number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    long n = text ? strtol(text, &end, 10) : -1;
    return text && end > text && !*end && n >= 0 && n <= 1 << 30 ? (int)n : -1;
}

int ix_launcher_rank(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (number(launchers[i].rank) >= 0) return number(launchers[i].rank);
    return 0;
}

bool ix_launcher_alone(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (getenv(launchers[i].rank)) return false;
    return true;
}

int ix_launcher_size(void)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (number(launchers[i].rank) >= 0 && number(launchers[i].size) > 0) return number(launchers[i].size);
    return 0;
}
