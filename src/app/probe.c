/* SPDX-License-Identifier: Apache-2.0
 *
 * probe.c - what this machine can do. */
#include <stdio.h>
#include <stdlib.h>

#include "app/begin.h"
#include "app/command.h"
#include "app/probe_print.h"
#include "comm/grid.h"
#include "suite/layout.h"
#include "task/products.h"
#include "train/judge.h"

static const char usage[] =
    "usage: [mpirun -n RANKS] impex probe [MODEL] [--folder DIR] [--save FILE] [--json]\n"
    "\n"
    "Measures, in some 20 seconds, what plans are made of: products of matrices and memory on one core and on whole\n"
    "nodes, messages within a node and between nodes, the sum of a gradient. Start it as a run would be started: with\n"
    "the same ranks per node and threads, and on at least two nodes if the network is to be measured.\n"
    "\n"
    "  MODEL         products at the shapes of this model (a folder, or a name of yaml/models; no weights are needed)\n"
    "                and sums of as many numbers as it has, up to 64 MiB; without it at a few general shapes\n"
    "  --folder DIR  measures files in DIR too: 64 MiB are written three times, and removed\n"
    "  --save FILE   keeps the figures, for impex plan --probe FILE\n"
    "  --json        prints the figures as JSON in place of tables\n";

enum { GENERAL_ROWS = 1024, MOST_FLOATS = 16 << 20 };

/* Narrow, middle, wide: into and out of four times the width. */
static const ix_product general[] = {{256, 64, 1, false},   {64, 256, 1, false},    {2048, 512, 1, false},
                                     {512, 2048, 1, false}, {8192, 2048, 1, false}, {2048, 8192, 1, false}};

static ix_status look_at_model(const char *name, ix_product product[IX_MODEL_PRODUCTS], ix_measure_wish *wish)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    ix_model_wish all = {.head = true};
    ix_model_place place;

    IX_TRY(ix_find_model(&place, NULL, NULL, name));
    IX_TRY(ix_model_create(&model, place.folder, &all));
    int64_t floats = ix_model_params(model)->floats;
    wish->products = ix_products_of(model, true, product);
    wish->product = product;
    wish->rows = ix_pack_budget(model, IX_PACK_BYTES);
    wish->floats = floats < MOST_FLOATS ? floats : MOST_FLOATS;
done:
    ix_model_destroy(&model);
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_grid *world = NULL;
    ix_watchdog *watchdog = NULL;
    ix_machine machine;
    ix_product product[IX_MODEL_PRODUCTS];
    ix_measure_wish wish = {
        .product = general,
        .products = sizeof general / sizeof *general,
        .rows = GENERAL_ROWS,
        .floats = MOST_FLOATS,
    };
    ix_places places;
    bool json = ix_take_flag(&argc, argv, "--json"), first = ix_comm_rank() == 0;
    const char *save;
    (void)exit_code;

    wish.folder = ix_take_option(&argc, argv, "--folder", &rc);
    IX_TRY(rc);
    save = ix_take_option(&argc, argv, "--save", &rc);
    IX_TRY(rc);
    IX_TRY(ix_check_operands(argc, argv, 0, 1, "probe"));
    IX_TRY(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    ix_watch_ranks(&watchdog, world, IX_WATCH_SECONDS, "probe", "start it again");
    ix_places_here(&places, world);
    wish.threads = ix_layout_threads(0, &places);
    IX_TRY(ix_check_processors(world, wish.threads));
    if (argc > 1) IX_TRY(ix_grid_agree(world, IX_WORLD, look_at_model(argv[1], product, &wish)));
    IX_TRY(ix_machine_measure(&machine, world, &wish));
    ix_watchdog_stop(&watchdog);
    if (first && json) {
        char *text = ix_machine_json(&machine);
        puts(text);
        free(text);
    } else if (first) ix_print_machine(&machine);
    IX_TRY(ix_grid_agree(world, IX_WORLD, first && save ? ix_machine_write(&machine, save) : IX_OK));
done:
    ix_watchdog_stop(&watchdog);
    ix_grid_destroy(&world);
    return rc;
}

const ix_command ix_command_probe = {
    .name = "probe", .about = "what this machine can do", .usage = usage, .ranks = IX_ALL_RANKS, .run = run};
