/* SPDX-License-Identifier: Apache-2.0
 *
 * scaling.c - the trainer's own steps, timed on layouts of a job's ranks that take turns: what the machine does between
 * two rounds, it does to all of them. Ranks that are not in a layout sleep. */
#include "task/scaling.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/stop.h"
#include "machine/machine.h"
#include "model/work.h"
#include "task/bench.h"
#include "train/judge.h"

/* Losses of one step on different layouts differ by no more than this share of them. */
#define TOLERANCE 1e-6

/* Starting weights of this rank where so many share the model. */
typedef struct {
    int tensor;
    float *weights;
} start;

enum { STARTS = 32 };

typedef struct {
    const ix_material *m;
    const ix_job *job;
    const ix_objective *objective;
    ix_train_settings train;
    ix_scaling_layouts list;
    start start[STARTS];
    int starts;
    ix_scaling_place *place;  /* [ranks], on the group's first rank */
    double *tokens, *flops;   /* [pairs of the pool] */
    double *known;            /* [pairs] the loss of each before training, NaN: of no layout yet */
    ix_scaling_step *step;    /* [layouts][steps] of this rank */
    double *deviation;        /* [layouts] of the losses that this rank saw */
    int threads;              /* of the job */
    int64_t per_round, steps; /* of a layout: in one round, in all */
    int64_t done;             /* of all layouts, for who looks on */
    ix_machine machine;
} scaling;

static void close_scaling(scaling *s)
{
    for (int i = 0; i < s->starts; i++) free(s->start[i].weights);
    free(s->place);
    free(s->tokens);
    free(s->flops);
    free(s->known);
    free(s->step);
    free(s->deviation);
}

static ix_status agree(const scaling *s, ix_status rc)
{
    return ix_grid_agree(s->job->grid, IX_GROUP, rc);
}

/* --- what there is ------------------------------------------------------------------------------------------ */

/* Collective over the group. */
static ix_status gather_places(scaling *s)
{
    ix_status rc = IX_OK;
    const ix_grid *g = s->job->grid;
    ix_scaling_place mine = {0};
    ix_parts all = {0};

    snprintf(mine.host, sizeof mine.host, "%s", ix_comm_host());
    ix_probe_core_set(&mine.cores);
    IX_TRY(ix_grid_gather_bytes(g, IX_GROUP, 0, &mine, sizeof mine, &all));
    if (all.bytes) s->place = (ix_scaling_place *)(void *)all.bytes;
    all.bytes = NULL;
done:
    ix_parts_free(&all);
    return rc;
}

/* Threads that each rank of a unit can have on the first node, if there are cores for all of them. */
static int most_threads(const scaling *s, int unit)
{
    const ix_cores *set[IX_SCALING_LAYOUTS];
    int n = 0;
    for (int r = 0; r < unit && n < IX_SCALING_LAYOUTS; r++)
        if (!strcmp(s->place[r].host, s->place[0].host)) set[n++] = &s->place[r].cores;
    int each = ix_cores_together(set, n) / n;
    return each > 1 ? each : 1;
}

static int smaller(int a, int64_t b)
{
    return b > 0 && b < a ? (int)b : a;
}

/* Collective over the group: the same list everywhere. */
static void list_layouts(scaling *s, const ix_model_config *config)
{
    const ix_settings *set = &s->job->point->settings;
    const ix_grid *g = s->job->grid;
    ix_scaling_room room = {.ranks = smaller(ix_grid_size(g, IX_GROUP), set->scaling.most_ranks),
                            .tensor = (int)set->parallel.tensor,
                            .threads = s->threads,
                            .most_tensor = (int)set->parallel.tensor};
    if (room.ranks < room.tensor) room.ranks = room.tensor;
    while (room.most_tensor < room.ranks && ix_model_check_split(config, room.most_tensor + 1) == IX_OK)
        room.most_tensor++;
    if (s->place) room.most_threads = (int)set->scaling.most_threads;
    if (s->place && !room.most_threads) room.most_threads = most_threads(s, room.tensor);
    ix_grid_bcast(g, IX_GROUP, 0, &room.most_threads, sizeof room.most_threads);
    if (s->place && set->scaling.threads && room.most_threads == 1)
        ix_warn("scaling.threads: a rank has one core only, so more threads are not measured (a rank that is bound to "
                "its core is not where mpirun has --bind-to none)");
    ix_scaling_list(&s->list, set, &room);
}

static ix_status look_at_pairs(scaling *s)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    ix_pack *pack = NULL;
    int64_t n = ix_pairs_count(s->m->train), most = 0;
    bool head = ix_objective_reads_head(s->objective);

    for (int i = 0; i < s->list.count; i++)
        if (s->list.at[i].pairs > most) most = s->list.at[i].pairs;
    IX_NEED(n >= most, IX_EINPUT,
            "a step of the largest layout takes %lld pairs, but the data has %lld: lower "
            "training.pairs_per_step or scaling.pairs_per_rank",
            (long long)most, (long long)n);
    s->tokens = calloc((size_t)n, sizeof *s->tokens);
    s->flops = calloc((size_t)n, sizeof *s->flops);
    s->known = calloc((size_t)n, sizeof *s->known);
    IX_NEED(s->tokens && s->flops && s->known, IX_ENOMEM, "scaling: out of memory");
    IX_TRY(ix_material_model(&model, s->m, s->objective, &s->job->point->settings, NULL));
    IX_TRY(ix_pack_create(&pack, ix_longest_pair(s->m->train, true), 4, 1));
    const ix_work work = ix_model_work(model);
    for (int64_t i = 0; i < n; i++) {
        ix_pair pair = ix_pairs_get(s->m->train, i);
        ix_pack_clear(pack);
        ix_pack_add_pair(pack, &pair, i, true);
        s->tokens[i] = pack->N;
        s->flops[i] = 6 * (double)ix_pack_work(&work, pack, head); /* two a multiply-add, and three passes' worth */
        s->known[i] = NAN;
    }
done:
    ix_pack_destroy(&pack);
    ix_model_destroy(&model);
    return rc;
}

/* --- one layout ----------------------------------------------------------------------------------------------- */

/* Weights that all layouts with so many tensor ranks start from; this rank's part is always the same one. */
static ix_status find_start(scaling *s, const ix_model *model, int tensor, const float **out)
{
    ix_status rc = IX_OK;
    const ix_point *p = s->job->point;
    const ix_new_rows rows = {.count = s->m->added};

    for (int i = 0; i < s->starts; i++)
        if (s->start[i].tensor == tensor) {
            *out = s->start[i].weights;
            return IX_OK;
        }
    IX_CONTRACT(s->starts < STARTS);
    float *w = ix_alloc_block((size_t)ix_model_params(model)->floats * sizeof *w);
    IX_NEED(w, IX_ENOMEM, "weights: out of memory");
    s->start[s->starts++] = (start){tensor, w};
    if (s->m->drawn) ix_model_draw(model, (uint64_t)p->seed, ix_model_config_of(model)->initializer_range, w);
    ix_reward_draw_own(p, model, w);
    if (!s->m->drawn) IX_TRY(ix_model_load(model, s->m->place.folder, &rows, w));
    *out = w;
done:
    return rc;
}

/* Who looks on while one layout trains. */
typedef struct {
    scaling *s;
    int layout;
    int64_t first; /* its steps of earlier rounds */
    int64_t steps; /* of this round */
} watch;

/* By how much the losses of a first step differ from those of the same pairs on other layouts. */
static double compare_first(scaling *s, const ix_step_record *r)
{
    double sum = 0, apart = 0;
    for (int64_t i = 0; i < r->plan->n; i++) {
        double *known = &s->known[r->plan->pair[i]], loss = r->result[i].loss;
        if (isnan(*known)) *known = loss;
        sum += fabs(*known);
        apart += loss - *known;
    }
    return sum > 0 ? fabs(apart) / sum : fabs(apart);
}

/* The step as part of all that are to be done. */
static void show(scaling *s, const ix_step_record *r)
{
    const ix_watcher *w = s->job->watcher;
    ix_step_record all = *r;
    all.step = s->done++;
    all.steps = s->steps * s->list.count;
    if (w && w->step) w->step(w->context, &all);
}

static ix_status on_step(void *context, const ix_step_record *r)
{
    watch *w = context;
    scaling *s = w->s;
    ix_scaling_step *step = &s->step[w->layout * s->steps + w->first + w->steps];

    *step = (ix_scaling_step){.loss = r->loss, .pairs = (double)r->plan->n};
    memcpy(step->seconds, r->seconds, sizeof step->seconds);
    for (int64_t i = 0; i < r->plan->n; i++) {
        step->tokens += s->tokens[r->plan->pair[i]];
        step->flops += s->flops[r->plan->pair[i]];
    }
    if (w->steps == 0) s->deviation[w->layout] = fmax(s->deviation[w->layout], compare_first(s, r));
    show(s, r);
    return ++w->steps == s->per_round ? ix_fail(IX_STOPPED, "these are the steps of a round") : IX_OK;
}

/* As runs train, but in the order of the file, and for as many epochs as the steps of a round need. */
static ix_train_settings settings_of(const scaling *s, const ix_scaling_layout *l)
{
    ix_train_settings t = s->train;
    t.schedule.pairs_per_step = l->pairs;
    t.schedule.shuffle = false;
    t.schedule.epochs = s->per_round * l->pairs / ix_pairs_count(s->m->train) + 1;
    t.evaluate_every = INT64_MAX;
    return t;
}

/* Collective over the part. */
static ix_status train(scaling *s, int at, int64_t round, const ix_grid *part)
{
    ix_status rc = IX_OK;
    const ix_scaling_layout *l = &s->list.at[at];
    ix_model *model = NULL;
    float *weights = NULL;
    const float *initial = NULL;
    watch w = {.s = s, .layout = at, .first = round * s->per_round};
    ix_observer observer = {.context = &w, .step = on_step};
    ix_train_settings settings = settings_of(s, l);

    omp_set_num_threads(l->threads);
    rc = ix_material_model(&model, s->m, s->objective, &s->job->point->settings, part);
    if (rc == IX_OK) ix_model_recompute(model, s->job->recompute);
    if (rc == IX_OK) rc = find_start(s, model, l->tensor, &initial);
    size_t bytes = rc == IX_OK ? (size_t)ix_model_params(model)->floats * sizeof *weights : 0;
    if (rc == IX_OK && !(weights = ix_alloc_block(bytes))) rc = ix_fail(IX_ENOMEM, "weights: out of memory");
    if (rc == IX_OK) memcpy(weights, initial, bytes);
    IX_TRY(ix_grid_agree(part, IX_WORLD, rc)); /* groups begin together */
    rc = ix_train(part, &settings, model, weights, s->m->train, NULL, NULL, NULL, 0, &observer);
    if (rc == IX_STOPPED && w.steps == s->per_round) rc = IX_OK;
done:
    omp_set_num_threads(s->threads);
    ix_model_destroy(&model);
    free(weights);
    return rc;
}

/* Collective over the group. */
static ix_status measure(scaling *s, int at, int64_t round)
{
    ix_status rc = IX_OK;
    const ix_scaling_layout *l = &s->list.at[at];
    ix_grid *part = NULL;

    ix_grid_create_part(&part, s->job->grid, l->groups, l->data, l->tensor);
    if (part) rc = train(s, at, round, part);
    ix_grid_rest(s->job->grid, IX_GROUP);
    ix_grid_destroy(&part);
    if (rc == IX_OK && ix_stop_asked())
        rc = ix_fail(IX_STOPPED, "%s: a run of task scaling begins anew when it is started again", ix_stop_asked());
    return agree(s, rc);
}

/* --- the outcome ------------------------------------------------------------------------------------------------ */

/* Do two layouts add up in the same order, so that they stay equal after the first step? */
static bool same_sums(const scaling *s, const ix_scaling_layout *a, const ix_scaling_layout *b)
{
    return a->tensor == b->tensor && a->data <= s->train.lanes && b->data <= s->train.lanes;
}

/* Losses on every rank against those of the first layout with as many pairs, on its first rank, in the first round. */
static double compare_losses(const scaling *s, const ix_scaling_tape *tape, int at)
{
    const ix_scaling_layout *l = tape[at].layout;
    double worst = s->deviation[at];
    int like = 0;
    while (tape[like].layout->pairs != l->pairs) like++;
    bool all = same_sums(s, l, tape[like].layout);
    for (int64_t i = 0; i < tape[at].steps * ix_scaling_ranks(l); i++) {
        int64_t in_round = i % s->per_round;
        double want = tape[like].step[in_round].loss, loss = tape[at].step[i].loss;
        if (in_round > 0 && !all) continue;
        worst = fmax(worst, fabs(loss - want) / (want != 0 ? fabs(want) : 1));
    }
    return worst;
}

static ix_status store_verdict(const ix_scaling_tape *tape, int tapes, ix_result *result)
{
    char text[200] = "VALID";
    ix_scaling_name name;
    const ix_scaling_tape *worst = &tape[0];
    for (int i = 1; i < tapes; i++)
        if (tape[i].deviation > worst->deviation) worst = &tape[i];
    ix_scaling_name_of(name, worst->layout);
    if (!(worst->deviation <= TOLERANCE))
        snprintf(text, sizeof text, "the loss of layout %s differs by %.1e of it from that of others; %.0e is allowed",
                 name, worst->deviation, TOLERANCE);
    return ix_result_text(result, "verdict", text);
}

static ix_status fill_result(scaling *s, ix_scaling_tape *tape)
{
    ix_status rc = IX_OK;
    ix_result *result = s->job->result;
    ix_scaling_outcome out = {.settings = &s->job->point->settings,
                              .tape = tape,
                              .tapes = s->list.count,
                              .place = s->place,
                              .ranks = ix_grid_size(s->job->grid, IX_GROUP),
                              .core_peak = s->machine.core_peak,
                              .node_peak = s->machine.node_peak};

    for (int i = 0; i < s->list.count; i++) tape[i].deviation = compare_losses(s, tape, i);
    IX_TRY(store_verdict(tape, s->list.count, result));
    IX_TRY(ix_result_text(result, "weights_hash", s->m->folder_hash));
    IX_TRY(ix_result_text(result, "tokenizer_hash", s->m->tokenizer_hash));
    IX_TRY(ix_result_int(result, "drawn_weights", s->m->drawn));
    IX_TRY(ix_result_int(result, "train_pairs", ix_pairs_count(s->m->train)));
    IX_TRY(ix_scaling_store(&out, result));
done:
    return rc;
}

/* Collective over the group: everybody's steps to the first rank, and from there into the result. */
static ix_status store(scaling *s)
{
    ix_status rc = IX_OK;
    const ix_grid *g = s->job->grid;
    ix_parts part[IX_SCALING_LAYOUTS] = {{0}};
    ix_scaling_tape tape[IX_SCALING_LAYOUTS];
    size_t bytes = (size_t)s->steps * sizeof *s->step;

    for (int i = 0; i < s->list.count; i++) {
        const ix_scaling_layout *l = &s->list.at[i];
        bool mine = ix_grid_rank(g, IX_GROUP) < ix_scaling_ranks(l);
        IX_TRY(ix_grid_gather_bytes(g, IX_GROUP, 0, s->step + i * s->steps, mine ? bytes : 0, &part[i]));
        const void *at = part[i].bytes;
        tape[i] = (ix_scaling_tape){.layout = l, .steps = s->steps, .step = at};
    }
    IX_TRY(agree(s, s->job->result ? fill_result(s, tape) : IX_OK));
done:
    for (int i = 0; i < s->list.count; i++) ix_parts_free(&part[i]);
    return rc;
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static ix_status open_scaling(scaling *s)
{
    ix_status rc = IX_OK;
    ix_model_config config;
    size_t layouts = IX_SCALING_LAYOUTS;

    IX_TRY(gather_places(s));
    IX_TRY(agree(s, ix_model_config_read(&config, s->m->place.folder)));
    list_layouts(s, &config);
    layouts = (size_t)s->list.count;
    s->step = calloc(layouts * (size_t)s->steps, sizeof *s->step);
    s->deviation = calloc(layouts, sizeof *s->deviation);
    if (!s->step || !s->deviation) rc = ix_fail(IX_ENOMEM, "scaling: out of memory");
    IX_TRY(agree(s, rc));
    IX_TRY(agree(s, look_at_pairs(s)));
done:
    return rc;
}

static ix_status run(const ix_bench *b, const ix_job *job)
{
    ix_status rc = IX_OK;
    const ix_settings *set = &job->point->settings;
    scaling s = {.m = ix_bench_material(b),
                 .job = job,
                 .objective = ix_objective_find(job->point->objective),
                 .threads = omp_get_max_threads(),
                 .per_round = set->scaling.warmup + set->scaling.steps};

    s.steps = s.per_round * set->scaling.rounds;
    s.train = ix_reward_settings(s.m, job->point);
    IX_TRY(open_scaling(&s));
    IX_TRY(ix_machine_measure_peaks(&s.machine, job->grid, s.threads));
    for (int64_t round = 0; round < set->scaling.rounds; round++)
        for (int i = 0; i < s.list.count; i++) IX_TRY(measure(&s, i, round));
    IX_TRY(store(&s));
done:
    close_scaling(&s);
    return rc;
}

static ix_status sets(ix_sets **out, const ix_suite *suite, const ix_settings *settings)
{
    return ix_task_find("preference")->sets(out, suite, settings);
}

const ix_task ix_task_scaling = {.name = "scaling", .sets = sets, .run = run, .steps = true, .draw = ix_scaling_draw};
