/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/begin.h"
#include "app/check_paths.h"
#include "app/table.h"
#include "base/build_info.h"
#include "comm/grid.h"
#include "machine/probe.h"
#include "suite/layout.h"
#include "tensor/tensor.h"

/* What one rank says of itself. */
typedef struct {
    char host[256], cpu[128];
    int cores, all, threads; /* cores that it may use, and those of its machine */
    int64_t memory;
} place;

static place describe_me(const ix_grid *world)
{
    ix_places places;
    ix_places_here(&places, world);
    place p = {.cores = ix_probe_cores(),
               .all = (int)sysconf(_SC_NPROCESSORS_ONLN),
               .threads = ix_layout_threads(0, &places),
               .memory = ix_probe_memory()};
    snprintf(p.host, sizeof p.host, "%s", ix_comm_host());
    ix_probe_cpu(p.cpu, sizeof p.cpu);
    return p;
}

static void print_program(void)
{
    const char *threads = getenv("OMP_NUM_THREADS");
    printf("impex %s, commit %s, %s\n", ix_build_version(), ix_build_commit(), ix_build_compiler());
    printf("compiled with %s\n", ix_build_libraries());
    printf("runs with %s; %s\n", ix_comm_library(), ix_tensor_library());
    printf("OMP_NUM_THREADS: %s\n", threads && *threads ? threads : "not set");
}

/* One row per host. Ranks of a host need not be neighbours. */
static void print_hosts(const place *p, int ranks)
{
    char f[IX_FIGURE];
    ix_table_text *t = ix_table_create("lrrrrl");
    const char *const heading[] = {"host", "ranks", "cores of a rank", "threads of a rank", "memory", "processor"};
    for (int i = 0; i < 6; i++) ix_table_add(t, "%s", heading[i]);
    for (int r = 0; r < ranks; r++) {
        int first = 0, count = 0;
        while (strcmp(p[first].host, p[r].host) != 0) first++;
        if (first != r) continue;
        for (int i = 0; i < ranks; i++) count += !strcmp(p[i].host, p[r].host);
        ix_table_add(t, "%s", p[r].host);
        ix_table_add(t, "%d", count);
        ix_table_add(t, "%d", p[r].cores);
        ix_table_add(t, "%d", p[r].threads);
        ix_table_add(t, "%s", p[r].memory ? ix_figure_bytes(f, (double)p[r].memory) : "?");
        ix_table_add(t, "%s", p[r].cpu);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

/* What costs speed, said for the first host. */
static void print_advice(const place *p, int ranks)
{
    const char *many = p->threads == 1 ? "" : "s";
    int here = 0;
    for (int i = 0; i < ranks; i++) here += !strcmp(p[i].host, p->host);
    if (p->threads > p->cores)
        printf("advice: each rank has %d thread%s on %d core%s: set OMP_NUM_THREADS, or give a rank more cores "
               "(mpirun --bind-to none, srun --cpus-per-task)\n",
               p->threads, many, p->cores, p->cores == 1 ? "" : "s");
    else if (here * p->threads > p->all)
        printf("advice: %d ranks of %d thread%s share the %d cores of %s: fewer of either would be faster\n", here,
               p->threads, many, p->all, p->host);
    else if (here > 1 && 2 * here * p->threads <= p->all)
        printf("advice: %d ranks of %d thread%s leave cores of %s idle: OMP_NUM_THREADS=%d would use them\n", here,
               p->threads, many, p->host, p->all / here);
}

ix_status ix_check_machine(void)
{
    ix_status rc = IX_OK;
    ix_grid *world = NULL;
    ix_parts all = {0};
    place mine;

    IX_TRY(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    mine = describe_me(world);
    IX_TRY(ix_grid_gather_bytes(world, IX_WORLD, 0, &mine, sizeof mine, &all));
    if (ix_comm_rank() == 0) {
        print_program();
        print_hosts((const place *)(const void *)all.bytes, ix_comm_ranks());
        print_advice((const place *)(const void *)all.bytes, ix_comm_ranks());
    }
    IX_TRY(ix_check_together());
    IX_TRY(ix_check_program(world, 0, NULL));
    IX_TRY(ix_check_processors(world, mine.threads));
done:
    ix_parts_free(&all);
    ix_grid_destroy(&world);
    return rc;
}
