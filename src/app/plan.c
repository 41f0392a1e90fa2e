/* SPDX-License-Identifier: Apache-2.0
 *
 * plan.c - what a suite would do: its runs, how the ranks would share them, and what a run needs. */
#include "app/plan.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/open_suite.h"
#include "base/bytes.h"
#include "base/file.h"
#include "machine/probe.h"
#include "store/lock.h"
#include "store/reader.h"

static const char usage[] =
    "usage: impex plan SUITE.yaml [--ranks N] [--nodes M] [--memory-per-node X] [--probe FILE] [--set KEY=VALUE]...\n"
    "                  [--share I/N] [--missing | --yaml-only]\n"
    "\n"
    "Prints what impex run would do on N ranks (1 by default) of M nodes (1): the runs and which of them are "
    "finished,\n"
    "the layout of the ranks and why, memory of a rank, work, bytes sent and an estimate of the time. After a line "
    "---\n"
    "follows the whole suite with all defaults filled in: reading that back gives the same runs. Nothing is written, "
    "no\n"
    "launcher is needed, and no weights: a folder of config.json and tokenizer is enough.\n"
    "\n"
    "  --memory-per-node X  of one node, as 64GiB or 500MiB; else what the probe found, or this machine's\n"
    "  --probe FILE         what the nodes can do, as impex probe --save wrote it; else products and memory are "
    "measured\n"
    "                       here for a second, and messages are not known\n"
    "  --yaml-only          the suite alone\n"
    "  --missing            only the runs that are not finished, and what was last said of each; exit code 1 if there "
    "are\n"
    "                       any\n"
    "  --share I/N          only that share of the runs, as impex run --share\n"
    "  --set KEY=VALUE      overrides one key of the suite\n"
    "\n"
    "Work counts products of matrices: training 6 FLOP, judging and reference 2 FLOP, for every parameter of the "
    "blocks\n"
    "and token, and im_rm's head for every token of a response; texts that a model writes 2 FLOP, as long as they may\n"
    "be. Time is that work at the rate of products at these shapes, passing over weights, gradients and moments, and\n"
    "messages: a lower bound, for attention, norms and waiting are not in it. Small models spend most of their time "
    "there.\n";

/* --- arguments ----------------------------------------------------------------------------------------------- */

static ix_status take_number(int *argc, char **argv, const char *name, int *out)
{
    ix_status rc = IX_OK;
    char *end;
    const char *text = ix_take_option(argc, argv, name, &rc);
    if (!text) return rc;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > 1 << 20)
        return ix_fail(IX_EINPUT, "%s %s: a whole number from 1 to %d is expected", name, text, 1 << 20);
    *out = (int)n;
    return IX_OK;
}

static ix_status take_bytes(int *argc, char **argv, const char *name, int64_t *out)
{
    ix_status rc = IX_OK;
    const char *text = ix_take_option(argc, argv, name, &rc);
    if (!text || ix_bytes_read(text, out)) return rc;
    return ix_fail(IX_EINPUT, "%s %s: a size is expected, %s", name, text, IX_BYTES_WORDS);
}

/* --- gathering ----------------------------------------------------------------------------------------------- */

void ix_plan_look(ix_planned *p, const char *folder)
{
    ix_lock_report report;
    ix_reader *rd;

    if (!p->run.names.run[0]) {
        p->state = IX_WEIGHTLESS;
        return;
    }
    char *result = ix_format("%s/%s.h5", folder, p->run.names.run);
    char *lock = ix_format("%s/%s.lock", folder, p->run.names.run);

    if (ix_file_exists(result)) {
        p->state = ix_reader_open(&rd, result) == IX_OK ? IX_FINISHED : IX_BROKEN;
        if (p->state == IX_FINISHED) {
            snprintf(p->note, sizeof p->note, "%s", ix_reader_text(rd, "/", "verdict"));
            ix_reader_close(&rd);
        }
    } else if (ix_lock_look(lock, IX_LOCK_PATIENCE, &report) == IX_OK && report.state == IX_LOCK_BUSY) {
        p->state = IX_AT_WORK;
        snprintf(p->note, sizeof p->note, "on %s", report.host);
    }
    free(result);
    free(lock);
}

static ix_estimated estimated(const ix_plan *p, const ix_planned *r)
{
    return (ix_estimated){.need = &r->need,
                          .size = r->size,
                          .shape = {r->kind->data, r->kind->tensor},
                          .ranks = p->places.ranks,
                          .ranks_on_node = p->places.ranks_on_node,
                          .threads = p->layout.threads,
                          .recompute = r->recompute};
}

/* Without a probe's file: the products of this run, here. */
static ix_status measure(ix_plan *p, const ix_planned *r)
{
    ix_status rc = IX_OK;
    ix_estimated e = estimated(p, r);
    if (p->probe) return IX_OK;
    for (int i = 0; i < r->size->products; i++) {
        const ix_product *product = &r->size->product[i];
        if (product->head && !r->need.reads_head) continue;
        IX_TRY(ix_machine_add_product(&p->machine, product, ix_estimate_rows(&e, product->head), p->layout.threads));
    }
done:
    return rc;
}

static ix_status gather_run(ix_plan *p, ix_bench *bench, const char *folder, int64_t i)
{
    ix_status rc = IX_OK;
    ix_planned *r = &p->run[i];
    ix_suite_point(&r->run.point, p->suite, i);
    IX_TRY(ix_bench_prepare(bench, p->suite, &r->run.point, &r->run.names));
    IX_TRY(ix_need_of(&r->need, bench, &r->run.point, p->places.ranks));
    ix_plan_look(r, folder);
done:
    return rc;
}

static ix_status choose_layout(ix_plan *p)
{
    ix_status rc = IX_OK;
    size_t n = (size_t)p->count + 1;
    ix_need *need = calloc(n, sizeof *need);
    int *kind_of = calloc(n, sizeof *kind_of);
    double *flops = calloc(n, sizeof *flops);
    int64_t *order = calloc(n, sizeof *order);

    IX_NEED(need && kind_of && flops && order, IX_ENOMEM, "list of runs: out of memory");
    for (int64_t i = 0; i < p->count; i++) need[i] = p->run[i].need;
    IX_TRY(ix_layout_choose(&p->layout, kind_of, &p->suite->settings, &p->places, need, p->count));
    for (int64_t i = 0; i < p->count; i++) {
        p->run[i].kind = &p->layout.kind[kind_of[i]];
        flops[i] = ix_estimate_flops(&need[i], &need[i].size[0]).all;
    }
    ix_order_longest(order, flops, p->count);
    for (int64_t turn = 0; turn < p->count; turn++) p->run[order[turn]].turn = turn;
done:
    free(need);
    free(kind_of);
    free(flops);
    free(order);
    return rc;
}

/* What the runs take on the groups that do them. */
static ix_status settle(ix_plan *p)
{
    ix_status rc = IX_OK;
    if (!p->probe) {
        omp_set_num_threads(p->layout.threads);
        p->machine.cores = p->layout.threads;
        IX_TRY(ix_probe_triad(&p->machine.node_triad, 0.2));
    }
    for (int64_t i = 0; i < p->count; i++) {
        ix_planned *r = &p->run[i];
        int choice = ix_need_choice(&r->need, r->kind->tensor);
        IX_NEED(choice >= 0, IX_EINPUT, "%d tensor ranks cannot share %s", r->kind->tensor, r->need.name);
        r->size = &r->need.size[choice];
        r->memory = ix_need_memory(&r->need, choice, r->kind->data, p->places.ranks, p->layout.threads);
        r->kept = r->memory.activations;
        r->recompute = ix_recompute_choose(&r->memory, r->size, r->need.trains, p->layout.have,
                                           (ix_recompute)p->suite->settings.parallel.recompute);
        r->flops = ix_estimate_flops(&r->need, r->size);
        IX_TRY(measure(p, r));
        ix_estimated e = estimated(p, r);
        ix_estimate_run(&r->time, &p->machine, &e);
    }
done:
    return rc;
}

static ix_status gather(ix_plan *p)
{
    ix_status rc = IX_OK;
    ix_bench *bench = NULL;
    char folder[4096];
    int64_t n = ix_suite_points(p->suite);

    IX_TRY(ix_bench_create(&bench, NULL));
    ix_bench_without_weights(bench);
    IX_NEED(p->run = calloc((size_t)n + 1, sizeof *p->run), IX_ENOMEM, "list of runs: out of memory");
    ix_suite_folder(folder, sizeof folder, p->suite);
    for (; p->count < n; p->count++) IX_TRY(gather_run(p, bench, folder, p->count));
    IX_TRY(choose_layout(p));
    IX_TRY(settle(p));
done:
    ix_bench_destroy(&bench);
    return rc;
}

/* --- the command ----------------------------------------------------------------------------------------------- */

/* What there is: the options, else the probe's file, else this machine. */
static ix_status read_places(ix_plan *p, int *argc, char **argv)
{
    ix_status rc = IX_OK;
    ix_places *x = &p->places;

    IX_TRY(take_number(argc, argv, "--ranks", &x->ranks));
    IX_TRY(take_number(argc, argv, "--nodes", &p->nodes));
    IX_NEED(p->nodes <= x->ranks, IX_EINPUT, "--nodes %d: more nodes than the %d ranks", p->nodes, x->ranks);
    x->ranks_on_node = (x->ranks + p->nodes - 1) / p->nodes;
    p->probe = ix_take_option(argc, argv, "--probe", &rc);
    IX_TRY(rc);
    if (p->probe) IX_TRY(ix_machine_read(&p->machine, p->probe));
    x->memory = p->probe ? p->machine.memory : ix_probe_memory();
    x->cores = p->probe ? p->machine.cores : ix_probe_cores();
    IX_TRY(take_bytes(argc, argv, "--memory-per-node", &x->memory));
done:
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_suite *suite = NULL;
    ix_plan p = {.places.ranks = 1, .nodes = 1};
    ix_suite_share share;
    bool yaml_only = ix_take_flag(&argc, argv, "--yaml-only"), missing = ix_take_flag(&argc, argv, "--missing");

    IX_TRY(read_places(&p, &argc, argv));
    IX_TRY(ix_take_share(&share, &argc, argv));
    IX_TRY(ix_read_suite(&suite, argc, argv, "plan"));
    IX_TRY(ix_apply_share(suite, &share));
    p.suite = suite;
    if (missing) {
        rc = ix_print_missing(suite, exit_code);
        goto done;
    }
    if (!yaml_only) {
        IX_TRY(gather(&p));
        ix_print_plan(&p);
        puts("---");
    }
    char *echo = ix_suite_echo(suite);
    fputs(echo, stdout);
    free(echo);
done:
    free(p.run);
    ix_suite_destroy(&suite);
    return rc;
}

const ix_command ix_command_plan = {.name = "plan",
                                    .about = "what a suite would do, need and take",
                                    .usage = usage,
                                    .ranks = IX_FIRST_ONLY,
                                    .run = run};
