/* SPDX-License-Identifier: Apache-2.0
 *
 * watched KIND RANK SECONDS: that rank comes to grief in one way or another, under a watchdog of so many seconds. Run
 * by test_watchdog.sh. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/clock.h"
#include "comm/watchdog.h"

static void sleep_for_ever(void)
{
    for (;;) pause();
}

/* Long work that leaves no mark. */
static void compute(double seconds)
{
    volatile double x = 0;
    for (double end = ix_seconds() + seconds; ix_seconds() < end;)
        for (int i = 0; i < 1000000; i++) x = x + i;
}

/* Half of the ranks wait where the others never come. */
static void miss_each_other(const ix_grid *one, const ix_grid *two)
{
    ix_grid_barrier(ix_grid_rank(one, IX_WORLD) % 2 ? one : two, IX_WORLD);
}

static void come_to_grief(const char *kind, double seconds)
{
    ix_alive_at("grief");
    ix_alive_step(7);
    if (!strcmp(kind, "stuck")) sleep_for_ever();
    if (!strcmp(kind, "stop")) raise(SIGSTOP);
    if (!strcmp(kind, "kill")) raise(SIGKILL);
    if (!strcmp(kind, "exit")) _exit(0);
    if (!strcmp(kind, "contract")) IX_CONTRACT(kind == NULL);
    if (!strcmp(kind, "busy")) compute(3 * seconds);
    if (!strcmp(kind, "idle")) sleep((unsigned)(2 * seconds)); /* nobody waits for it meanwhile */
}

int main(int argc, char **argv)
{
    ix_grid *one = NULL, *two = NULL;
    ix_watchdog *watchdog;
    if (ix_comm_start(&argc, &argv) != IX_OK || argc != 4) return 2;
    const char *kind = argv[1];
    int ranks = ix_comm_ranks();
    if (ix_grid_create(&one, 1, ranks, 1) != IX_OK || ix_grid_create(&two, 1, ranks, 1) != IX_OK) return 2;
    ix_watchdog_settings settings = {
        .seconds = atof(argv[3]), .command = "watched", .hint = "the end", .failed = 3, .again = 4};
    bool mine = ix_grid_rank(one, IX_WORLD) == atoi(argv[2]);

    ix_watchdog_start(&watchdog, one, &settings);
    if (mine) printf("watched: %s\n", watchdog ? "yes" : "no");
    fflush(stdout);
    ix_grid_barrier(one, IX_WORLD);
    if (mine) come_to_grief(kind, settings.seconds);
    else if (!strcmp(kind, "idle")) compute(3 * settings.seconds);
    if (!strcmp(kind, "lost")) miss_each_other(one, two);
    if (!strcmp(kind, "work"))
        for (double left = 2 * settings.seconds, since = ix_seconds(); left > 0;) { /* all stop after the same round */
            left = 2 * settings.seconds - (ix_seconds() - since);
            ix_grid_max_double(one, IX_WORLD, &left, 1);
        }
    ix_grid_barrier(one, IX_WORLD);
    ix_watchdog_stop(&watchdog);
    ix_grid_destroy(&two);
    ix_grid_destroy(&one);
    ix_comm_stop();
    return 0;
}
