/* SPDX-License-Identifier: Apache-2.0
 *
 * plan.h - what impex plan gathers, and how it is printed. */
#ifndef IX_APP_PLAN_H
#define IX_APP_PLAN_H

#include "suite/estimate.h"
#include "suite/launch.h"

typedef enum { IX_TO_DO, IX_FINISHED, IX_BROKEN, IX_AT_WORK, IX_WEIGHTLESS } ix_plan_state;

typedef struct {
    ix_run run;
    ix_need need;
    const ix_kind *kind;     /* of the groups that take it */
    int64_t turn;            /* its place in the order of the launch */
    const ix_run_size *size; /* at its tensor ranks */
    ix_memory memory;        /* of a rank */
    int recompute;           /* blocks whose activations are computed twice */
    size_t kept;             /* activations if none were */
    ix_plan_state state;
    char note[320];
    ix_flops flops;
    ix_estimate time;
} ix_planned;

typedef struct {
    const ix_suite *suite;
    ix_places places;
    int nodes;
    const char *probe; /* the file that the rates come from; NULL: measured here */
    ix_machine machine;
    ix_layout layout;
    ix_planned *run;
    int64_t count;
} ix_plan;

void ix_print_plan(const ix_plan *plan);

/* State and note of a run whose names are known: its result and its lock in the suite's folder. Local. */
void ix_plan_look(ix_planned *run, const char *folder);

/* The runs that are not finished, a line each with what its ledgers said last; *exit_code: IX_EXIT_FAILED if there are
 * any. Local. */
ix_status ix_print_missing(const ix_suite *suite, int *exit_code);

#endif
