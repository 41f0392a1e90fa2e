/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/build_info.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "comm/bell.h"
#include "machine/probe.h"
#include "store/checkpoint.h"
#include "store/ledger.h"
#include "store/lock.h"
#include "store/reader.h"
#include "suite/progress.h"
#include "suite/pulse.h"
#include "task/weights.h"
#include "tensor/tensor.h"

void ix_suite_folder(char *out, size_t capacity, const ix_suite *suite)
{
    ix_join_path(out, capacity, suite->settings.output, suite->settings.suite);
}

/* --- one launch --------------------------------------------------------------------------------------------- */

/* How a run ended, as one group saw it; what another group knows better counts more. */
typedef enum { UNSEEN, SEEN_ELSEWHERE, SEEN_KEPT, SEEN_FAILED, SEEN_DONE } fate;

typedef struct {
    const ix_launched *what;
    const ix_grid *grid;
    const ix_kind *kind; /* of its group; NULL: it is in none */
    char folder[4096];
    bool leads;                /* first rank of its group: the one that touches files */
    char name[IX_LAUNCH_NAME]; /* of this launch, the same on every rank */
    ix_ledger *ledger;
    ix_lock *lock;
    const ix_run *run; /* that is being done */
    ix_show *progress;
    ix_bell *bell; /* stops all groups when one is stopped */
    double *fate;  /* [runs] */
} launch;

/* What the leader of a group decided about a run. */
typedef enum { TAKE, KEPT, ELSEWHERE, STOP } decision;

static ix_status note_event(launch *l, ix_ledger_event event, const char *run_id, const char *verdict, const char *text)
{
    ix_ledger_entry e = {.event = event,
                         .run_id = run_id,
                         .verdict = verdict,
                         .message = text,
                         .ranks = ix_grid_size(l->grid, IX_GROUP)};
    return l->leads ? ix_ledger_add(l->ledger, &e) : IX_OK;
}

/* Collective over the world. */
static void name_launch(launch *l)
{
    if (ix_grid_rank(l->grid, IX_WORLD) == 0) ix_ledger_launch_name(l->name);
    ix_grid_bcast(l->grid, IX_WORLD, 0, l->name, sizeof l->name);
}

/* Each group writes a ledger of its own. Free with free(). */
static char *ledger_of(const launch *l, int group)
{
    return group ? ix_format("%s-group%d", l->name, group) : ix_format("%s", l->name);
}

static ix_status open_files(launch *l)
{
    ix_status rc = IX_OK;
    if (!l->leads) return IX_OK;
    char *name = ledger_of(l, ix_grid_group(l->grid));
    IX_TRY(ix_make_folders(l->folder));
    IX_TRY(ix_ledger_open(&l->ledger, l->folder, name));
    if (ix_grid_rank(l->grid, IX_WORLD) != 0) goto done;
    ix_lock_sweep(l->folder);
    for (int64_t i = 0; i < l->what->runs->count; i++)
        IX_TRY(note_event(l, IX_LEDGER_LAUNCH, l->what->runs->run[i].names.run, NULL, NULL));
done:
    free(name);
    return rc;
}

static ix_status holds_failure(const char *path, const char *run_id, bool *failed)
{
    ix_ledger_history h;
    ix_status rc = ix_ledger_read(&h, &path, 1);
    if (rc != IX_OK) return rc;
    for (int i = 0; i < h.count; i++)
        if (h.at[i].event == IX_LEDGER_FAIL && !strcmp(h.at[i].run_id, run_id)) *failed = true;
    ix_ledger_free(&h);
    return IX_OK;
}

/* Did another group of this launch try that run and fail? It would fail here too. */
static ix_status failed_before(const launch *l, const char *run_id, bool *failed)
{
    ix_status rc = IX_OK;
    *failed = false;
    for (int g = 0; g < ix_grid_groups(l->grid) && rc == IX_OK; g++) {
        if (g == ix_grid_group(l->grid)) continue;
        char *name = ledger_of(l, g), *path = ix_format("%s/ledger/%s.jsonl", l->folder, name);
        if (ix_file_exists(path)) rc = holds_failure(path, run_id, failed);
        free(name);
        free(path);
    }
    return rc;
}

/* The groups' common word reaches a run as a signal would. */
static bool asked_to_stop(launch *l)
{
    if (l->leads && !ix_stop_asked() && ix_bell_heard(l->bell)) ix_stop_ask(SIGUSR1);
    return ix_stop_asked();
}

static bool is_finished(const char *path)
{
    ix_reader *rd;
    if (!ix_file_exists(path)) return false;
    if (ix_reader_open(&rd, path) != IX_OK) {
        ix_warn("%s; the run is done again", ix_message());
        return false;
    }
    ix_reader_close(&rd);
    return true;
}

/* A finished run whose owner died before it could say so: its end is noted, its lock goes. */
static ix_status close_finished(launch *l, const ix_run *run, const ix_lock_report *report)
{
    ix_status rc = IX_OK;
    if (report->state == IX_LOCK_TAKEN_OVER)
        rc = note_event(l, IX_LEDGER_END, run->names.run, NULL, "finished; its owner died before it noted that");
    ix_lock_release(&l->lock);
    return rc;
}

/* A finished run is kept; where its lock is still there, its owner is about to remove it, or dead. */
static ix_status decide(launch *l, const ix_run *run, const char *result, decision *out)
{
    ix_status rc = IX_OK;
    ix_lock_report report;
    char *path = ix_format("%s/%s.lock", l->folder, run->names.run);

    *out = KEPT;
    if (is_finished(result) && !ix_file_exists(path)) {
        if (l->leads) ix_weights_sweep(l->folder, run->names.run); /* a disk that failed may have kept some */
        goto done;
    }
    IX_TRY(ix_lock_take(&l->lock, path, IX_LOCK_PATIENCE, &report));
    if (report.state == IX_LOCK_TAKEN_OVER) ix_warn("%s: its owner died: %s", run->names.run, report.text);
    bool failed = false, finished = is_finished(result); /* its owner may have ended between our two looks */
    if (!finished && l->lock) IX_TRY(failed_before(l, run->names.run, &failed));
    *out = finished ? KEPT : !l->lock || failed ? ELSEWHERE : asked_to_stop(l) ? STOP : TAKE;
    if (finished && l->lock) IX_TRY(close_finished(l, run, &report));
    if (failed) ix_lock_release(&l->lock);
done:
    free(path);
    return rc;
}

static ix_status describe_answer(const ix_run *run, ix_result *r)
{
    ix_status rc = IX_OK;
    const ix_settings *s = &run->point.settings;
    IX_TRY(ix_result_text(r, "run_id", run->names.run));
    IX_TRY(ix_result_text(r, "twin_id", run->names.twin));
    IX_TRY(ix_result_text(r, "settings_id", run->names.settings));
    IX_TRY(ix_result_text(r, "suite", s->suite));
    IX_TRY(ix_result_text(r, "part", run->point.part));
    IX_TRY(ix_result_text(r, "task", s->task));
    IX_TRY(ix_result_text(r, "model", run->point.model));
    IX_TRY(ix_result_text(r, "objective", run->point.objective));
    IX_TRY(ix_result_text(r, "varied", run->point.varied));
    IX_TRY(ix_result_int(r, "seed", run->point.seed));
    IX_TRY(ix_result_int(r, "lanes", s->parallel.lanes));
done:
    return rc;
}

static ix_status describe_place(const launch *l, ix_result *r)
{
    ix_status rc = IX_OK;
    const ix_kind *k = l->kind;
    char cpu[256], *layout = ix_format("%d groups x %d data x %d tensor", k->groups, k->data, k->tensor);
    ix_probe_cpu(cpu, sizeof cpu);
    IX_TRY(ix_result_text(r, "version", ix_build_version()));
    IX_TRY(ix_result_text(r, "git_commit", ix_build_commit()));
    IX_TRY(ix_result_text(r, "compiler", ix_build_compiler()));
    IX_TRY(ix_result_text(r, "mpi", ix_comm_library()));
    IX_TRY(ix_result_text(r, "blis", ix_tensor_library()));
    IX_TRY(ix_result_text(r, "layout", layout));
    IX_TRY(ix_result_int(r, "ranks", ix_grid_size(l->grid, IX_GROUP)));
    IX_TRY(ix_result_int(r, "threads", l->what->layout->threads));
    IX_TRY(ix_result_text(r, "cpu", cpu));
    IX_TRY(ix_result_text(r, "command", l->what->command));
    if (getenv("SLURM_JOB_ID")) IX_TRY(ix_result_text(r, "job", getenv("SLURM_JOB_ID")));
done:
    free(layout);
    return rc;
}

static ix_status describe_config(const launch *l, const ix_run *run, ix_result *r)
{
    ix_status rc = IX_OK;
    char *given = ix_suite_given(l->what->suite), *resolved = ix_point_echo(&run->point, IX_ECHO_RUN);
    const char *texts[] = {given, resolved};
    IX_TRY(ix_result_texts(r, "config/given", NULL, &texts[0]));
    IX_TRY(ix_result_texts(r, "config/resolved", NULL, &texts[1]));
done:
    free(given);
    free(resolved);
    return rc;
}

static ix_status begin_result(const launch *l, const ix_run *run, const char *started, ix_result **out)
{
    ix_status rc = IX_OK;
    *out = NULL;
    if (!l->leads) return IX_OK;
    IX_TRY(ix_result_create(out));
    IX_TRY(ix_result_text(*out, "started", started));
    IX_TRY(describe_answer(run, *out));
    IX_TRY(describe_place(l, *out));
    IX_TRY(describe_config(l, run, *out));
done:
    return rc;
}

static ix_status end_result(const launch *l, const char *path, ix_result *r)
{
    ix_status rc = IX_OK;
    char now[IX_UTC];
    if (!l->leads) return IX_OK;
    ix_utc(now);
    IX_TRY(ix_result_text(r, "finished", now));
    IX_TRY(ix_result_write(r, path));
done:
    return rc;
}

/* Where its checkpoints are. Free with free(). */
static char *folder_of(const launch *l, const ix_run *run)
{
    return ix_format("%s/%s", l->folder, run->names.run);
}

/* Of a run that is finished no checkpoint is needed any more. */
static void drop_checkpoints(const launch *l, const ix_run *run)
{
    char *folder = folder_of(l, run);
    if (l->leads) ix_checkpoint_tidy(folder, 0);
    free(folder);
}

static ix_status on_resume(void *context, int64_t step)
{
    launch *l = context;
    char *text = ix_format("after %lld steps", (long long)step);
    ix_note("%s: goes on %s", l->run->names.run, text);
    ix_status rc = note_event(l, IX_LEDGER_RESUME, l->run->names.run, NULL, text);
    free(text);
    return rc;
}

static void listen(void *context)
{
    asked_to_stop(context);
}

/* Local and the same on every rank of the group. */
static ix_status choose_recompute(const launch *l, const ix_run *run, int *blocks)
{
    int ranks = ix_grid_size(l->grid, IX_WORLD);
    ix_status rc = ix_recompute_of(blocks, l->what->bench, &run->point, l->what->layout, l->kind, ranks);
    if (rc == IX_OK && *blocks > 0 && run->point.settings.parallel.recompute == IX_RECOMPUTE_AUTO)
        ix_note("%s: computes the activations of %d block%s twice, for a rank may take no more than %.2f GiB",
                run->names.run, *blocks, *blocks == 1 ? "" : "s", (double)l->what->layout->have / (1 << 30));
    return rc;
}

/* Collective over the group. The turn-th of the order. */
static ix_status do_run(launch *l, int64_t turn, const char *path)
{
    ix_status rc = IX_OK;
    int64_t i = l->what->runs->order[turn];
    ix_run run = l->what->runs->run[i];
    ix_result *result = NULL;
    char started[IX_UTC], *folder = folder_of(l, &run);
    int recompute = 0;

    ix_utc(started);
    IX_TRY(note_event(l, IX_LEDGER_START, run.names.run, NULL, NULL));
    rc = ix_bench_prepare(l->what->bench, l->what->suite, &run.point, &run.names);
    if (rc == IX_OK) rc = choose_recompute(l, &run, &recompute);
    IX_TRY(ix_grid_agree(l->grid, IX_GROUP, rc));
    IX_TRY(ix_grid_same_hash(l->grid, IX_GROUP, run.names.run + strlen(run.names.run) - 12, "the run's identity"));
    IX_TRY(ix_grid_agree(l->grid, IX_GROUP, begin_result(l, &run, started, &result)));
    ix_show_run(l->progress, turn, &run);
    ix_watcher watcher = ix_show_watcher(l->progress);
    ix_job job = {.grid = l->grid,
                  .suite = l->what->suite,
                  .point = &run.point,
                  .names = &run.names,
                  .folder = l->folder,
                  .run_folder = folder,
                  .result = result,
                  .watcher = &watcher,
                  .start = l->what->start,
                  .recompute = recompute,
                  .resumed = on_resume,
                  .listen = listen,
                  .context = l};
    l->run = &run;
    IX_TRY(ix_bench_run(l->what->bench, &job));
    IX_TRY(ix_grid_agree(l->grid, IX_GROUP, end_result(l, path, result)));
    ix_show_end(l->progress);
    drop_checkpoints(l, &run);
done:
    free(folder);
    ix_result_destroy(&result);
    return rc;
}

/* The same, while the leader's lock gets its signs of life. Whoever took the lock from us computes the same bits: that
 * is said, and no failure. */
static ix_status do_watched(launch *l, int64_t turn, const char *path)
{
    ix_pulse *pulse = NULL;
    ix_status rc = l->leads ? ix_pulse_start(&pulse, l->lock) : IX_OK;

    rc = ix_grid_agree(l->grid, IX_GROUP, rc);
    if (rc == IX_OK) rc = do_run(l, turn, path);
    ix_start_again(l->what->start);
    char *why = ix_format("%s", ix_message());
    if (ix_pulse_stop(&pulse) != IX_OK) {
        ix_warn("%s", ix_message());
        if (rc != IX_OK) ix_fail(rc, "%s", why);
    }
    free(why);
    return rc;
}

/* It will go on when it is started again, and so will all that come after it. */
static ix_status stopped(launch *l, const ix_run *run)
{
    char *text = ix_format("%s", ix_message());
    ix_status noted = note_event(l, IX_LEDGER_STOP, run->names.run, NULL, text);
    noted = noted == IX_OK ? ix_fail(IX_STOPPED, "%s", text) : noted;
    free(text);
    return ix_grid_agree(l->grid, IX_GROUP, noted);
}

/* What is wrong with one run is no reason to leave the others; what is wrong with the machine is. */
static ix_status settle(launch *l, int64_t i, ix_status rc)
{
    const ix_run *run = &l->what->runs->run[i];
    if (rc == IX_OK) {
        l->fate[i] = SEEN_DONE;
        return ix_grid_agree(l->grid, IX_GROUP, note_event(l, IX_LEDGER_END, run->names.run, "VALID", NULL));
    }
    if (rc == IX_STOPPED) return stopped(l, run);
    l->fate[i] = SEEN_FAILED;
    char *text = ix_format("%s", ix_message());
    ix_status noted = note_event(l, IX_LEDGER_FAIL, run->names.run, NULL, text);
    if (l->leads) ix_warn("%s failed: %s", run->names.run, text);
    if (rc == IX_EINPUT || rc == IX_ENUMERIC) rc = ix_grid_agree(l->grid, IX_GROUP, noted);
    else ix_fail(rc, "%s", text);
    free(text);
    return rc;
}

/* It is not done here and now. */
static ix_status pass_by(launch *l, int64_t i, decision what)
{
    const ix_run *run = &l->what->runs->run[i];
    const char *why = what == KEPT ? "finished" : "held by another group or job";
    l->fate[i] = what == KEPT ? SEEN_KEPT : SEEN_ELSEWHERE;
    if (what == KEPT) drop_checkpoints(l, run);
    return ix_grid_agree(l->grid, IX_GROUP, note_event(l, IX_LEDGER_SKIP, run->names.run, NULL, why));
}

static ix_status visit(launch *l, int64_t turn)
{
    ix_status rc = IX_OK;
    int64_t i = l->what->runs->order[turn];
    const ix_run *run = &l->what->runs->run[i];
    decision what = KEPT;
    char *path = ix_format("%s/%s.h5", l->folder, run->names.run);

    IX_TRY(ix_grid_agree(l->grid, IX_GROUP, l->leads ? decide(l, run, path, &what) : IX_OK));
    ix_grid_bcast(l->grid, IX_GROUP, 0, &what, sizeof what);
    if (what == STOP) rc = ix_fail(IX_STOPPED, "%s: not begun: asked to stop", run->names.run);
    else if (what == TAKE) rc = settle(l, i, do_watched(l, turn, path));
    else rc = pass_by(l, i, what);
done:
    if (l->lock) ix_lock_release(&l->lock);
    free(path);
    return rc;
}

/* The runs that are meant for this kind of group. */
static ix_status walk(launch *l)
{
    ix_status rc = IX_OK;
    const ix_runs *runs = l->what->runs;
    if (!l->kind) return IX_OK;
    int kind = (int)(l->kind - l->what->layout->kind);
    for (int64_t turn = 0; turn < runs->count && rc == IX_OK; turn++)
        if (l->what->kind_of[runs->order[turn]] == kind) rc = visit(l, turn);
    if (rc == IX_STOPPED && l->leads) ix_bell_ring(l->bell);
    return rc;
}

static bool asked(void)
{
    return ix_stop_asked();
}

/* Waits for the other groups. A failure of this one does not hold them up. */
static ix_status meet_again(launch *l, ix_status rc)
{
    char *text = ix_format("%s", rc != IX_OK ? ix_message() : "");
    ix_bell_rest(l->bell, asked);
    if (rc != IX_OK) ix_fail(rc, "%s", text);
    free(text);
    return ix_grid_agree(l->grid, IX_WORLD, rc);
}

/* Collective over the world. A run that one group did is not "elsewhere" for having been passed by by another. */
static void count_fates(launch *l, ix_tally *out)
{
    int64_t n[SEEN_DONE + 1] = {0}, count = l->what->runs->count;
    ix_grid_max_double(l->grid, IX_WORLD, l->fate, count);
    for (int64_t i = 0; i < count; i++) n[(int)l->fate[i]]++;
    *out = (ix_tally){
        .done = n[SEEN_DONE], .failed = n[SEEN_FAILED], .kept = n[SEEN_KEPT], .elsewhere = n[SEEN_ELSEWHERE]};
}

static ix_status open_launch(launch *l)
{
    ix_status rc = IX_OK;
    const ix_runs *runs = l->what->runs;
    IX_NEED(l->fate = calloc((size_t)runs->count + 1, sizeof *l->fate), IX_ENOMEM, "list of runs: out of memory");
    IX_TRY(ix_bell_create(&l->bell, l->grid));
    IX_TRY(ix_show_create(&l->progress, l->grid, runs));
done:
    return rc;
}

ix_status ix_launch(ix_tally *tally, const ix_launched *what)
{
    ix_status rc = IX_OK;
    int group = ix_grid_group(what->grid);
    launch l = {.what = what,
                .grid = what->grid,
                .kind = group < 0 ? NULL : &what->layout->kind[ix_layout_kind(what->layout, group)],
                .leads = group >= 0 && ix_grid_rank(what->grid, IX_GROUP) == 0};

    ix_suite_folder(l.folder, sizeof l.folder, what->suite);
    IX_TRY(ix_grid_agree(l.grid, IX_WORLD, open_launch(&l)));
    name_launch(&l);
    IX_TRY(ix_grid_agree(l.grid, IX_WORLD, open_files(&l)));
    IX_TRY(meet_again(&l, walk(&l)));
    count_fates(&l, tally);
done:
    ix_show_destroy(&l.progress);
    ix_bell_destroy(&l.bell);
    ix_ledger_close(&l.ledger);
    free(l.fate);
    return rc;
}
