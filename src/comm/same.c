/* SPDX-License-Identifier: Apache-2.0
 *
 * same.c - do all ranks hold the same program, files, settings? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "comm/mpi_call.h"

typedef struct {
    char hex[IX_HASH_HEX];
    char host[MPI_MAX_PROCESSOR_NAME];
} card;

enum { NAMED = 6, SHORT = 12 }; /* how many ranks, how many digits a message shows */

/* ": rank 0 on a has 1234, rank 3 on b has 5678, ...": the first rank, then those that differ from it. */
static void list_differences(char *text, size_t room, const card *all, int ranks)
{
    int used = snprintf(text, room, "rank 0 on %s has %.*s", all[0].host, SHORT, all[0].hex), different = 0;
    for (int r = 1; r < ranks; r++) {
        if (strcmp(all[r].hex, all[0].hex) == 0 || ++different > NAMED) continue;
        used +=
            snprintf(text + used, room - (size_t)used, ", rank %d on %s has %.*s", r, all[r].host, SHORT, all[r].hex);
    }
    if (different > NAMED) snprintf(text + used, room - (size_t)used, " and %d more differ", different - NAMED);
}

ix_status ix_grid_same_hash(const ix_grid *g, ix_axis axis, const char *hex, const char *what)
{
    ix_status rc = IX_OK;
    int ranks = g->size[axis], differ;
    card mine = {0}, *all = NULL;
    char first[IX_HASH_HEX], text[(NAMED + 2) * (MPI_MAX_PROCESSOR_NAME + 64)];

    IX_CONTRACT(strlen(hex) < IX_HASH_HEX);
    snprintf(mine.hex, sizeof mine.hex, "%s", hex);
    snprintf(mine.host, sizeof mine.host, "%s", ix_comm_host());
    memcpy(first, mine.hex, sizeof first);
    ix_grid_bcast(g, axis, 0, first, sizeof first);
    differ = strcmp(first, mine.hex) != 0;
    IX_MPI(MPI_Allreduce(MPI_IN_PLACE, &differ, 1, MPI_INT, MPI_MAX, g->comm[axis]));
    if (!differ) return IX_OK;
    all = calloc((size_t)ranks, sizeof *all);
    IX_TRY(ix_grid_agree(g, axis, all ? IX_OK : ix_fail(IX_ENOMEM, "%s: out of memory", what)));
    IX_MPI(MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, g->comm[axis]));
    list_differences(text, sizeof text, all, ranks);
    IX_NEED(false, IX_EINPUT, "%s is not the same on all ranks: %s: give all ranks the same", what, text);
done:
    free(all);
    return rc;
}
