/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/bell.h"

#include <stdlib.h>
#include <time.h>

#include "base/alive.h"
#include "comm/mpi_call.h"

enum { TAG_TO_FIRST = 7, TAG_TO_GROUPS = 8 };

/* Words are empty messages. They are counted, so that at the end none is left on its way. */
struct ix_bell {
    const ix_grid *grid;
    MPI_Comm comm;
    bool rang, heard;
    int told; /* words that the first rank has received; that a group has */
};

ix_status ix_bell_create(ix_bell **out, const ix_grid *grid)
{
    *out = calloc(1, sizeof **out);
    if (!*out) return ix_fail(IX_ENOMEM, "bell: out of memory");
    **out = (ix_bell){.grid = grid, .comm = grid->comm[IX_WORLD]};
    return IX_OK;
}

void ix_bell_destroy(ix_bell **bell)
{
    free(*bell);
    *bell = NULL;
}

static bool is_first(const ix_bell *b)
{
    return b->grid->rank[IX_WORLD] == 0;
}

static void tell(const ix_bell *b, int rank, int tag)
{
    IX_MPI(MPI_Send(NULL, 0, MPI_BYTE, rank, tag, b->comm)); /* an empty message does not wait for its reader */
}

static void take(ix_bell *b, int tag)
{
    IX_MPI(MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, tag, b->comm, MPI_STATUS_IGNORE));
    b->told++;
    b->heard = true;
}

static bool has_come(const ix_bell *b, int tag)
{
    int there;
    IX_MPI(MPI_Iprobe(MPI_ANY_SOURCE, tag, b->comm, &there, MPI_STATUS_IGNORE));
    return there;
}

/* The first rank: once, to the first ranks of all groups but its own. */
static void pass_on(ix_bell *b)
{
    if (b->rang) return;
    b->rang = b->heard = true;
    for (int g = 0; g < b->grid->groups; g++)
        if (b->grid->first[g] != 0) tell(b, b->grid->first[g], TAG_TO_GROUPS);
}

void ix_bell_ring(ix_bell *b)
{
    if (is_first(b)) {
        pass_on(b);
    } else if (!b->heard) {
        b->rang = b->heard = true;
        tell(b, 0, TAG_TO_FIRST);
    }
}

bool ix_bell_heard(ix_bell *b)
{
    int tag = is_first(b) ? TAG_TO_FIRST : TAG_TO_GROUPS;
    while (has_come(b, tag)) take(b, tag);
    if (is_first(b) && b->heard) pass_on(b);
    return b->heard;
}

/* All have come: what is still on its way is taken. */
static void collect(ix_bell *b)
{
    const ix_grid *g = b->grid;
    double words[2] = {is_first(b) ? 0 : b->rang, is_first(b) ? b->rang : 0}; /* to the first rank, and passed on */
    ix_grid_sum_double(g, IX_WORLD, words, 2);
    if (is_first(b)) {
        while (b->told < (int)words[0]) take(b, TAG_TO_FIRST);
    } else if (words[1] > 0 && g->group >= 0 && g->first[g->group] == g->rank[IX_WORLD]) {
        while (b->told < 1) take(b, TAG_TO_GROUPS);
    }
}

void ix_bell_rest(ix_bell *b, bool (*asked)(void))
{
    const struct timespec nap = {.tv_nsec = 2000000};
    MPI_Request all;
    int come = 0;
    ix_alive_at("waiting for other groups");
    IX_MPI(MPI_Ibarrier(b->comm, &all));
    for (;;) {
        IX_MPI(MPI_Test(&all, &come, MPI_STATUS_IGNORE));
        if (come) break;
        if (asked()) ix_bell_ring(b);
        ix_bell_heard(b);
        nanosleep(&nap, NULL);
    }
    collect(b);
}
