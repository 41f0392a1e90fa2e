/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "app/plan.h"
#include "app/table.h"
#include "comm/lanes.h"

static void add_row(ix_table_text *t, const char *const *cell, int n)
{
    for (int i = 0; i < n; i++) ix_table_add(t, "%s", cell[i]);
}

static void print_runs(const ix_plan *p)
{
    static const char *const words[] = {"to do", "finished", "file is broken: to do", "at work",
                                        "the model's weights are not there"};
    static const char *const heading[] = {"#", "turn", "part", "model", "objective", "seed", "varied", "run", "state"};
    ix_table_text *t = ix_table_create("rrlllrlll");
    add_row(t, heading, 9);
    for (int64_t i = 0; i < p->count; i++) {
        const ix_planned *r = &p->run[i];
        ix_table_add(t, "%lld", (long long)i + 1);
        ix_table_add(t, "%lld", (long long)r->turn + 1);
        ix_table_add(t, "%s", r->run.point.part);
        ix_table_add(t, "%s", r->run.point.model);
        ix_table_add(t, "%s", r->run.point.objective);
        ix_table_add(t, "%lld", (long long)r->run.point.seed);
        ix_table_add(t, "%s", r->run.point.varied);
        ix_table_add(t, "%s", r->run.names.run[0] ? r->run.names.run : "-");
        ix_table_add(t, "%s%s%s", words[r->state], r->note[0] ? ", " : "", r->note);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void print_choice(const char *axis, int size, const char *why)
{
    printf("  %-9s %5d  %s\n", axis, size, why);
}

/* "ranks 0 to 7, 6 runs of llama and pythia" */
static void print_kind_heading(const ix_plan *p, int k, int first)
{
    const ix_kind *kind = &p->layout.kind[k];
    int ranks = kind->groups * kind->data * kind->tensor;
    printf("ranks %d to %d, for %lld run%s", first, first + ranks - 1, (long long)kind->runs,
           kind->runs == 1 ? "" : "s");
    int named = 0;
    for (int64_t i = 0; i < p->count; i++) {
        bool before = p->run[i].kind != kind;
        for (int64_t j = 0; j < i && !before; j++)
            before = p->run[j].kind == kind && !strcmp(p->run[j].need.name, p->run[i].need.name);
        if (!before) printf("%s%s", named++ ? ", " : " of ", p->run[i].need.name);
    }
    putchar('\n');
}

static void print_layout(const ix_plan *p)
{
    const ix_layout *l = &p->layout;
    printf("%s\n", l->reason);
    for (int k = 0, first = 0; k < l->kinds; k++) {
        const ix_kind *kind = &l->kind[k];
        if (l->kinds > 1) print_kind_heading(p, k, first);
        print_choice("tensor", kind->tensor, kind->why[0]);
        print_choice("data", kind->data, kind->why[1]);
        print_choice("groups", kind->groups, kind->why[2]);
        print_choice("recompute", kind->recompute, kind->why[3]);
        first += kind->groups * kind->data * kind->tensor;
    }
    if (l->idle) printf("ranks %d to %d: nothing to do\n", p->places.ranks - l->idle, p->places.ranks - 1);
    if (l->kinds > 1) puts("all ranks");
    print_choice("threads", l->threads, l->why_threads);
    putchar('\n');
}

/* Runs that differ in nothing but the seed need the same: they share a line. */
static bool alike(const ix_planned *a, const ix_planned *b)
{
    const ix_point *x = &a->run.point, *y = &b->run.point;
    return !strcmp(x->part, y->part) && !strcmp(x->model, y->model) && !strcmp(x->objective, y->objective) &&
           !strcmp(x->varied, y->varied);
}

static bool is_first(const ix_plan *p, int64_t i)
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

static size_t peak_of(const ix_planned *r)
{
    return ix_memory_peak(&r->memory, r->run.point.settings.training.epochs > 0);
}

static void add_bytes(ix_table_text *t, double bytes)
{
    char f[IX_FIGURE];
    ix_table_add(t, "%s", ix_figure_bytes(f, bytes));
}

/* What gradients cost beyond one lane per rank. */
static size_t lanes_bytes(const ix_planned *r)
{
    if (r->size->trained < 1) return 0;
    size_t one_each = ix_lanes_bytes(r->kind->data, r->kind->data, r->size->trained);
    return r->memory.gradients > one_each ? r->memory.gradients - one_each : 0;
}

static void print_memory(const ix_plan *p)
{
    static const char *const heading[] = {"part",           "model",   "objective",   "varied",
                                          "parameters",     "weights", "gradients",   "of it for lanes",
                                          "lanes",          "moments", "activations", "of blocks twice",
                                          "not recomputed", "logits",  "scratch",     "judging, reference",
                                          "texts",          "program", "at most"};
    ix_table_text *t = ix_table_create("llllrrrrrrrrrrrrrrr");
    printf("\nmemory of one rank: judging and reference come before gradients and moments are there\n");
    add_row(t, heading, sizeof heading / sizeof *heading);
    for (int64_t i = 0; i < p->count; i++) {
        const ix_memory *m = &p->run[i].memory;
        if (!is_first(p, i)) continue;
        char f[IX_FIGURE];
        add_name(t, &p->run[i].run.point);
        ix_table_add(t, "%s", ix_figure_count(f, p->run[i].size->parameters));
        add_bytes(t, (double)m->weights);
        add_bytes(t, (double)m->gradients);
        add_bytes(t, (double)lanes_bytes(&p->run[i]));
        ix_table_add(t, "%lld", (long long)p->run[i].run.point.settings.parallel.lanes);
        add_bytes(t, (double)m->moments);
        add_bytes(t, (double)m->activations);
        ix_table_add(t, "%d of %d", p->run[i].recompute, p->run[i].size->layers);
        add_bytes(t, (double)p->run[i].kept);
        const size_t parts[] = {m->logits, m->scratch, m->judging, m->texts, m->program};
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) add_bytes(t, (double)parts[k]);
        add_bytes(t, (double)peak_of(&p->run[i]));
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void print_work(const ix_plan *p)
{
    static const char *const heading[] = {"part",     "model",   "objective", "varied", "pairs",         "steps",
                                          "training", "judging", "reference", "texts",  "time at least", "ranks"};
    ix_table_text *t = ix_table_create("llllrrrrrrrr");
    char f[IX_FIGURE];
    printf("\nwork of one run; ranks: data x tensor of the group that does it\n");
    add_row(t, heading, 12);
    for (int64_t i = 0; i < p->count; i++) {
        const ix_planned *r = &p->run[i];
        if (!is_first(p, i)) continue;
        add_name(t, &r->run.point);
        ix_table_add(t, "%s", ix_figure_count(f, r->size->train_pairs));
        ix_table_add(t, "%s", ix_figure_count(f, r->size->steps));
        ix_table_add(t, "%s", ix_figure_flop(f, r->flops.training));
        ix_table_add(t, "%s", ix_figure_flop(f, r->flops.judging));
        ix_table_add(t, "%s", r->flops.reference > 0 ? ix_figure_flop(f, r->flops.reference) : "");
        ix_table_add(t, "%s", r->flops.writing > 0 ? ix_figure_flop(f, r->flops.writing) : "");
        ix_table_add(t, "%s", ix_figure_time(f, r->time.run));
        ix_table_add(t, "%d x %d", r->kind->data, r->kind->tensor);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

static void add_milliseconds(ix_table_text *t, double seconds, bool known)
{
    if (!known) ix_table_add(t, "%s", "?");
    else if (seconds >= 0.1) ix_table_add(t, "%.0f", 1e3 * seconds);
    else ix_table_add(t, "%.3g", 1e3 * seconds);
}

static void print_steps(const ix_plan *p)
{
    static const char *const heading[] = {"part",       "model",        "objective",    "varied",
                                          "sent: data", "sent: tensor", "products",     "memory",
                                          "data axis",  "tensor axis",  "step at least"};
    ix_table_text *t = ix_table_create("llllrrrrrrr");
    printf("\none training step of one rank, in milliseconds (%s%s)\n", p->probe ? "rates of " : "rates measured here",
           p->probe ? p->probe : "");
    add_row(t, heading, 11);
    for (int64_t i = 0; i < p->count; i++) {
        const ix_estimate *e = &p->run[i].time;
        if (!is_first(p, i)) continue;
        add_name(t, &p->run[i].run.point);
        add_bytes(t, e->data_bytes);
        add_bytes(t, e->tensor_bytes);
        add_milliseconds(t, e->products, true);
        add_milliseconds(t, e->memory, true);
        add_milliseconds(t, e->data, e->messages_known || e->data_bytes <= 0);
        add_milliseconds(t, e->tensor, e->messages_known || e->tensor_bytes <= 0);
        add_milliseconds(t, e->step, true);
    }
    ix_table_print(t, stdout);
    ix_table_destroy(&t);
}

/* Groups take the next run in turn as soon as they are free. */
static double time_of_kind(const ix_plan *p, const ix_kind *kind, const int64_t *order)
{
    double *busy = calloc((size_t)kind->groups, sizeof *busy), last = 0;
    IX_CONTRACT(busy);
    for (int64_t turn = 0; turn < p->count; turn++) {
        const ix_planned *r = &p->run[order[turn]];
        int free_first = 0;
        if (r->kind != kind || r->state == IX_FINISHED) continue;
        for (int g = 1; g < kind->groups; g++)
            if (busy[g] < busy[free_first]) free_first = g;
        busy[free_first] += r->time.run;
        if (busy[free_first] > last) last = busy[free_first];
    }
    free(busy);
    return last;
}

/* Kinds work side by side. */
static double time_of_all(const ix_plan *p)
{
    double last = 0;
    int64_t *order = calloc((size_t)p->count + 1, sizeof *order);
    IX_CONTRACT(order);
    for (int64_t i = 0; i < p->count; i++) order[p->run[i].turn] = i;
    for (int k = 0; k < p->layout.kinds; k++) {
        double end = time_of_kind(p, &p->layout.kind[k], order);
        if (end > last) last = end;
    }
    free(order);
    return last;
}

static void print_sum(const ix_plan *p)
{
    char f[IX_FIGURE], of_node[IX_FIGURE], here[IX_FIGURE];
    size_t most = 0;
    double have = (double)p->places.memory;
    bool known = true;

    for (int64_t i = 0; i < p->count; i++) {
        if (peak_of(&p->run[i]) > most) most = peak_of(&p->run[i]);
        known = known && p->run[i].time.messages_known;
    }
    double need = (double)most * p->places.ranks_on_node;
    printf("\n%s for the ranks of one node at most; it has %s%s\n", ix_figure_bytes(of_node, need),
           have > 0 ? ix_figure_bytes(here, have) : "an unknown amount", have > 0 && need > have ? ": TOO LITTLE" : "");
    printf("%s for everything that is not finished, at least, on %d rank%s with %d thread%s each%s\n",
           ix_figure_time(f, time_of_all(p)), p->places.ranks, p->places.ranks == 1 ? "" : "s", p->layout.threads,
           p->layout.threads == 1 ? "" : "s",
           known ? "" : "; messages are not in it: a probe on these nodes would tell (--probe)");
}

void ix_print_plan(const ix_plan *p)
{
    int64_t finished = 0;
    for (int64_t i = 0; i < p->count; i++) finished += p->run[i].state == IX_FINISHED;
    printf("%s: %lld run%s, %lld finished\n", p->suite->settings.suite, (long long)p->count, p->count == 1 ? "" : "s",
           (long long)finished);
    print_layout(p);
    print_runs(p);
    print_memory(p);
    print_work(p);
    print_steps(p);
    print_sum(p);
}
