/* SPDX-License-Identifier: Apache-2.0 */
#include "machine/processors.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/thread.h"

int ix_processors_count(const ix_processor_set *set)
{
    int n = 0;
    for (int i = 0; i < IX_PROCESSOR_WORDS; i++) n += __builtin_popcountll(set->word[i]);
    return n;
}

void ix_processors_add(ix_processor_set *to, const ix_processor_set *set)
{
    for (int i = 0; i < IX_PROCESSOR_WORDS; i++) to->word[i] |= set->word[i];
}

static bool has_more(const ix_processor_set *a, const ix_processor_set *b)
{
    for (int i = 0; i < IX_PROCESSOR_WORDS; i++)
        if (a->word[i] & ~b->word[i]) return true;
    return false;
}

/* --- of this process ------------------------------------------------------------------------------------------------
 */

/* Of the thread that calls. */
static void bound_to(ix_processor_set *out)
{
    memset(out, 0, sizeof *out);
    if (sched_getaffinity(0, sizeof *out, (cpu_set_t *)(void *)out) != 0) memset(out, 0, sizeof *out);
    if (ix_processors_count(out) == 0) out->word[0] = 1;
}

/* A thread that asks for every processor gets those that its control group allows: what a launcher's binding, which is
 * no more than a wish, left out comes back. */
static void *ask_for_all(void *argument)
{
    ix_processor_set all;
    memset(&all, 0xff, sizeof all);
    if (sched_setaffinity(0, sizeof all, (const cpu_set_t *)(const void *)&all) == 0) bound_to(argument);
    return NULL;
}

void ix_processors_here(ix_processors *out, const char *host, int threads)
{
    pthread_t thread;
    *out = (ix_processors){.threads = threads};
    snprintf(out->host, sizeof out->host, "%s", host);
    bound_to(&out->may);
    out->could = out->may; /* where nothing more is known */
    if (ix_thread_start(&thread, ask_for_all, &out->could)) pthread_join(thread, NULL);
}

/* --- of all ---------------------------------------------------------------------------------------------------------
 */

/* What one node's ranks have together. */
typedef struct {
    int ranks, threads;
    ix_processor_set may, could;
} node;

static void look_at_node(node *out, const ix_processors *rank, int ranks, int r)
{
    *out = (node){0};
    for (int i = 0; i < ranks; i++) {
        if (strcmp(rank[i].host, rank[r].host) != 0) continue;
        out->ranks++;
        out->threads += rank[i].threads;
        ix_processors_add(&out->may, &rank[i].may);
        ix_processors_add(&out->could, &rank[i].could);
    }
}

int ix_processors_threads(const ix_processors *rank, int ranks, int r)
{
    node n;
    look_at_node(&n, rank, ranks, r);
    return n.threads;
}

static bool is_first_of_node(const ix_processors *rank, int r)
{
    for (int i = 0; i < r; i++)
        if (!strcmp(rank[i].host, rank[r].host)) return false;
    return true;
}

static const char *s_of(int n)
{
    return n == 1 ? "" : "s";
}

#define INSIST "; IMPEX_OVERSUBSCRIBE=1 insists"

static ix_status check_rank(const ix_processors *p, int r)
{
    int may = ix_processors_count(&p->may), could = ix_processors_count(&p->could);
    if (p->threads <= may) return IX_OK;
    if (has_more(&p->could, &p->may))
        return ix_fail(IX_EINPUT,
                       "rank %d on %s has %d threads, but was bound to %d of %d cores: give each rank its cores "
                       "(srun --cpus-per-task %d; mpirun --map-by slot:PE=%d, or --bind-to none), or set "
                       "OMP_NUM_THREADS=%d" INSIST,
                       r, p->host, p->threads, may, could, p->threads, p->threads, may);
    return ix_fail(IX_EINPUT,
                   "rank %d has %d threads, but %s has %d core%s: set OMP_NUM_THREADS or parallel.threads to %d or "
                   "fewer" INSIST,
                   r, p->threads, p->host, could, s_of(could), could);
}

static ix_status check_node(const node *n, const char *host)
{
    int may = ix_processors_count(&n->may), could = ix_processors_count(&n->could);
    if (n->threads <= may || !has_more(&n->could, &n->may)) return IX_OK;
    return ix_fail(IX_EINPUT,
                   "%d ranks of %d thread%s in all on %s were bound to the same %d of its %d cores: give each rank "
                   "its own (srun --cpus-per-task; mpirun --bind-to none, or --map-by core)" INSIST,
                   n->ranks, n->threads, s_of(n->threads), host, may, could);
}

ix_status ix_processors_check(const ix_processors *rank, int ranks, int *crowded)
{
    ix_status rc = IX_OK;
    node n;

    *crowded = -1;
    for (int r = 0; r < ranks; r++) IX_TRY(check_rank(&rank[r], r));
    for (int r = 0; r < ranks; r++) {
        if (!is_first_of_node(rank, r)) continue;
        look_at_node(&n, rank, ranks, r);
        IX_TRY(check_node(&n, rank[r].host));
        if (*crowded < 0 && n.threads > ix_processors_count(&n.may)) *crowded = r;
    }
done:
    return rc;
}
