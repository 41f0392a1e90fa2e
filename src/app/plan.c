/* SPDX-License-Identifier: Apache-2.0
 *
 * plan.c - what a suite would do: its runs, how the ranks would share them, and what a run needs. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/open_suite.h"
#include "app/table.h"
#include "base/file.h"
#include "comm/lanes.h"
#include "machine/probe.h"
#include "objective/objective.h"
#include "store/lock.h"
#include "store/reader.h"
#include "suite/launch.h"

static const char usage[] =
    "usage: impex plan SUITE.yaml [--ranks N] [--nodes M] [--set KEY=VALUE]... [--yaml-only]\n"
    "\n"
    "Prints what impex run would do on N ranks (1 by default) of M nodes (1): the runs and which of them are "
    "finished,\n"
    "the layout of the ranks, memory of a rank, work, bytes sent and an estimate of the time. After a line --- "
    "follows\n"
    "the whole suite with all defaults filled in: reading that back gives the same runs. Nothing is written, no\n"
    "launcher is needed, and no weights: a folder of config.json and tokenizer is enough.\n"
    "\n"
    "  --yaml-only       the suite alone\n"
    "  --set KEY=VALUE   overrides one key of the suite\n"
    "\n"
    "Work counts products of matrices: training 6 FLOP, judging and reference 2 FLOP, for every parameter of the "
    "blocks\n"
    "and token, and im_rm's head for every token of a response. Time is that work at the rate of products measured on\n"
    "this machine, 0.3 s per model: a lower bound, for what is not a product (attention, norms, the optimizer, "
    "waiting)\n"
    "is not in it. Small models spend most of their time there.\n";

typedef enum { TO_DO, FINISHED, BROKEN, AT_WORK, WEIGHTLESS } state;

typedef struct {
    ix_run run;
    ix_run_size size;
    state state;
    char note[320];
    double training, judging, reference; /* FLOP */
    double seconds;
} planned;

typedef struct {
    const ix_suite *suite;
    int ranks, nodes;
    ix_layout layout;
    planned *run;
    int64_t count;
    /* the rate that was measured last, and for what */
    int width;
    int64_t tokens;
    double rate;
} plan;

/* --- gathering ----------------------------------------------------------------------------------------------- */

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

static void look_at_result(planned *p, const char *folder)
{
    ix_lock_report report;
    ix_reader *rd;

    if (!p->run.names.run[0]) {
        p->state = WEIGHTLESS;
        return;
    }
    char *result = ix_format("%s/%s.h5", folder, p->run.names.run);
    char *lock = ix_format("%s/%s.lock", folder, p->run.names.run);

    if (ix_file_exists(result)) {
        p->state = ix_reader_open(&rd, result) == IX_OK ? FINISHED : BROKEN;
        if (p->state == FINISHED) {
            snprintf(p->note, sizeof p->note, "%s", ix_reader_text(rd, "/", "verdict"));
            ix_reader_close(&rd);
        }
    } else if (ix_lock_look(lock, IX_LOCK_PATIENCE, &report) == IX_OK && report.state == IX_LOCK_BUSY) {
        p->state = AT_WORK;
        snprintf(p->note, sizeof p->note, "on %s", report.host);
    }
    free(result);
    free(lock);
}

static void count_work(planned *p)
{
    const ix_run_size *z = &p->size;
    const ix_objective *o = ix_objective_find(p->run.point.objective);
    double epochs = (double)p->run.point.settings.training.epochs, evaluations = (double)z->evaluations;
    double trunk = (double)z->trunk, head = o && !ix_objective_reads_head(o) ? 0 : (double)z->head;
    double train = trunk * (double)z->train_tokens + head * (double)z->response_tokens;
    double judge = trunk * (double)z->eval_tokens + head * (double)z->eval_response_tokens;

    p->training = 6 * train * epochs;
    p->judging = 2 * judge * evaluations;
    bool none = !strcmp(p->run.point.settings.training.reference, "none");
    p->reference = o && o->needs_reference && !none ? 2 * (train + judge) : 0;
}

/* The products of a block: as many tokens as a pack holds, the model's width, four times the width (within 64 MiB). */
static ix_status measure(plan *p, const ix_run_size *z)
{
    enum { MOST = 16 << 20 };
    if (p->width == z->width && p->tokens == z->pack_tokens) return IX_OK;
    int64_t n = 4 * (int64_t)z->width, most = MOST / z->width;
    omp_set_num_threads(p->layout.threads);
    p->width = z->width;
    p->tokens = z->pack_tokens;
    return ix_probe_gemm(&p->rate, z->pack_tokens, n < most ? n : most < 1 ? 1 : most, z->width, 0.3);
}

static ix_status gather_run(plan *p, ix_bench *bench, const char *folder, int64_t i)
{
    ix_status rc = IX_OK;
    planned *r = &p->run[i];
    ix_suite_point(&r->run.point, p->suite, i);
    IX_TRY(ix_bench_prepare(bench, p->suite, &r->run.point, &r->run.names));
    IX_TRY(ix_bench_size(bench, &r->run.point, p->layout.data, p->layout.tensor, &r->size));
    r->size.memory.program = ix_memory_program(p->ranks, p->layout.threads);
    look_at_result(r, folder);
    count_work(r);
    IX_TRY(measure(p, &r->size));
    r->seconds = (r->training + r->judging + r->reference) / (p->rate * p->layout.data);
done:
    return rc;
}

static ix_status gather(plan *p)
{
    ix_status rc = IX_OK;
    ix_bench *bench = NULL;
    char folder[4096];
    int64_t n = ix_suite_points(p->suite);
    int per_node = (p->ranks + p->nodes - 1) / p->nodes;

    IX_TRY(ix_layout_choose(&p->layout, &p->suite->settings, p->ranks, per_node));
    IX_TRY(ix_bench_create(&bench));
    ix_bench_without_weights(bench);
    IX_NEED(p->run = calloc((size_t)n + 1, sizeof *p->run), IX_ENOMEM, "list of runs: out of memory");
    ix_suite_folder(folder, sizeof folder, p->suite);
    for (; p->count < n; p->count++) IX_TRY(gather_run(p, bench, folder, p->count));
done:
    ix_bench_destroy(&bench);
    return rc;
}

/* --- printing ------------------------------------------------------------------------------------------------- */

static void print_runs(const plan *p)
{
    static const char *const words[] = {"to do", "finished", "file is broken: to do", "at work",
                                        "the model's weights are not there"};
    ix_table_text *t = ix_table_create("rlllrlll");
    const char *const heading[] = {"#", "part", "model", "objective", "seed", "varied", "run", "state"};
    for (int i = 0; i < 8; i++) ix_table_add(t, "%s", heading[i]);
    for (int64_t i = 0; i < p->count; i++) {
        const planned *r = &p->run[i];
        ix_table_add(t, "%lld", (long long)i + 1);
        ix_table_add(t, "%s", r->run.point.part);
        ix_table_add(t, "%s", r->run.point.model);
        ix_table_add(t, "%s", r->run.point.objective);
        ix_table_add(t, "%lld", (long long)r->run.point.seed);
        ix_table_add(t, "%s", r->run.point.varied);
        ix_table_add(t, "%s", *r->run.names.run ? r->run.names.run : "-");
        ix_table_add(t, "%s%s%s", words[r->state], *r->note ? ", " : "", r->note);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

/* Runs that differ in nothing but the seed need the same: they share a line. */
static bool alike(const planned *a, const planned *b)
{
    const ix_point *x = &a->run.point, *y = &b->run.point;
    return !strcmp(x->part, y->part) && !strcmp(x->model, y->model) && !strcmp(x->objective, y->objective) &&
           !strcmp(x->varied, y->varied);
}

static bool is_first(const plan *p, int64_t i)
{
    for (int64_t k = 0; k < i; k++)
        if (alike(&p->run[k], &p->run[i])) return false;
    return true;
}

static void add_name(ix_table_text *t, const ix_point *point)
{
    ix_table_add(t, "%s", point->part);
    ix_table_add(t, "%s", point->model);
    ix_table_add(t, "%s", point->objective);
    ix_table_add(t, "%s", point->varied);
}

static size_t peak_of(const planned *r)
{
    return ix_memory_peak(&r->size.memory, r->run.point.settings.training.epochs > 0);
}

static void add_bytes(ix_table_text *t, size_t bytes)
{
    char f[IX_FIGURE];
    ix_table_add(t, "%s", ix_figure_bytes(f, (double)bytes));
}

/* What gradients cost beyond one lane per rank. */
static size_t lanes_bytes(const plan *p, const ix_run_size *z)
{
    size_t one_each = ix_lanes_bytes(p->layout.data, p->layout.data, z->parameters);
    return z->memory.gradients > one_each ? z->memory.gradients - one_each : 0;
}

static void print_memory(const plan *p)
{
    static const char *const heading[] = {"part",        "model",
                                          "objective",   "varied",
                                          "parameters",  "weights",
                                          "gradients",   "of it for lanes",
                                          "lanes",       "moments",
                                          "activations", "logits",
                                          "scratch",     "judging, reference",
                                          "texts",       "program",
                                          "at most"};
    enum { COLUMNS = sizeof heading / sizeof *heading };
    ix_table_text *t = ix_table_create("llllrrrrrrrrrrrrr");
    printf("\nmemory of one rank: judging and reference come before gradients and moments are there\n");
    for (int i = 0; i < COLUMNS; i++) ix_table_add(t, "%s", heading[i]);
    for (int64_t i = 0; i < p->count; i++) {
        const ix_memory *m = &p->run[i].size.memory;
        if (!is_first(p, i)) continue;
        char f[IX_FIGURE];
        add_name(t, &p->run[i].run.point);
        ix_table_add(t, "%s", ix_figure_count(f, p->run[i].size.parameters));
        add_bytes(t, m->weights);
        add_bytes(t, m->gradients);
        add_bytes(t, lanes_bytes(p, &p->run[i].size));
        ix_table_add(t, "%lld", (long long)p->run[i].run.point.settings.parallel.lanes);
        const size_t parts[] = {m->moments, m->activations, m->logits, m->scratch, m->judging, m->texts, m->program};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) add_bytes(t, parts[k]);
        add_bytes(t, peak_of(&p->run[i]));
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void print_work(const plan *p)
{
    static const char *const heading[] = {"part",     "model",   "objective", "varied",    "pairs",        "steps",
                                          "training", "judging", "reference", "sent/step", "time at least"};
    ix_table_text *t = ix_table_create("llllrrrrrrr");
    char f[IX_FIGURE];
    printf("\nwork of one run\n");
    for (int i = 0; i < 11; i++) ix_table_add(t, "%s", heading[i]);
    for (int64_t i = 0; i < p->count; i++) {
        const planned *r = &p->run[i];
        int lanes = (int)r->run.point.settings.parallel.lanes, data = p->layout.data;
        if (!is_first(p, i)) continue;
        add_name(t, &r->run.point);
        ix_table_add(t, "%s", ix_figure_count(f, r->size.train_pairs));
        ix_table_add(t, "%s", ix_figure_count(f, r->size.steps));
        ix_table_add(t, "%s", ix_figure_flop(f, r->training));
        ix_table_add(t, "%s", ix_figure_flop(f, r->judging));
        ix_table_add(t, "%s", r->reference > 0 ? ix_figure_flop(f, r->reference) : "");
        ix_table_add(t, "%s", ix_figure_bytes(f, ix_lanes_sent(lanes > data ? lanes : data, data, r->size.parameters)));
        ix_table_add(t, "%s", ix_figure_time(f, r->seconds));
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

/* Groups take the next run as soon as they are free. */
static double time_of_all(const plan *p)
{
    double *busy = calloc((size_t)p->layout.groups, sizeof *busy), last = 0;
    IX_CONTRACT(busy);
    for (int64_t i = 0; i < p->count; i++) {
        int free_first = 0;
        if (p->run[i].state == FINISHED) continue;
        for (int g = 1; g < p->layout.groups; g++)
            if (busy[g] < busy[free_first]) free_first = g;
        busy[free_first] += p->run[i].seconds;
        if (busy[free_first] > last) last = busy[free_first];
    }
    free(busy);
    return last;
}

static void print_sum(const plan *p)
{
    char f[IX_FIGURE], of_node[IX_FIGURE], here[IX_FIGURE];
    size_t most = 0;
    int per_node = (p->ranks + p->nodes - 1) / p->nodes;
    double have = (double)ix_probe_memory();

    for (int64_t i = 0; i < p->count; i++)
        if (peak_of(&p->run[i]) > most) most = peak_of(&p->run[i]);
    double need = (double)most * per_node;
    printf("\n%s for the ranks of one node at most; this machine has %s%s\n", ix_figure_bytes(of_node, need),
           have > 0 ? ix_figure_bytes(here, have) : "an unknown amount", have > 0 && need > have ? ": TOO LITTLE" : "");
    printf("%s for everything that is not finished, at least, on ranks like this machine with %d thread%s each\n",
           ix_figure_time(f, time_of_all(p)), p->layout.threads, p->layout.threads == 1 ? "" : "s");
}

static void print_plan(const plan *p)
{
    int64_t finished = 0;
    for (int64_t i = 0; i < p->count; i++) finished += p->run[i].state == FINISHED;
    printf("%s: %lld run%s, %lld finished\n%s\n\n", p->suite->settings.suite, (long long)p->count,
           p->count == 1 ? "" : "s", (long long)finished, p->layout.reason);
    print_runs(p);
    print_memory(p);
    print_work(p);
    print_sum(p);
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_suite *suite = NULL;
    plan p = {.ranks = 1, .nodes = 1};
    bool yaml_only = ix_take_flag(&argc, argv, "--yaml-only");
    (void)exit_code;

    IX_TRY(take_number(&argc, argv, "--ranks", &p.ranks));
    IX_TRY(take_number(&argc, argv, "--nodes", &p.nodes));
    IX_NEED(p.nodes <= p.ranks, IX_EINPUT, "--nodes %d: more nodes than the %d ranks", p.nodes, p.ranks);
    IX_TRY(ix_read_suite(&suite, argc, argv, "plan"));
    p.suite = suite;
    if (!yaml_only) {
        IX_TRY(gather(&p));
        print_plan(&p);
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
