/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stop.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

static volatile sig_atomic_t asked;

static void leave_note(int number)
{
    if (number == SIGINT && asked) signal(SIGINT, SIG_DFL);
    if (number == SIGINT && asked) raise(SIGINT);
    asked = number;
}

void ix_stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = leave_note, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

void ix_stop_ask(int number)
{
    asked = number;
}

const char *ix_stop_asked(void)
{
    switch (asked) {
    case 0:
        return NULL;
    case SIGUSR1:
        return "SIGUSR1";
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    default:
        return "a signal";
    }
}

double ix_stop_seconds_left(void)
{
    const char *end = getenv("SLURM_JOB_END_TIME");
    double at = end ? strtod(end, NULL) : 0;
    return at > 0 ? at - (double)time(NULL) : INFINITY;
}
