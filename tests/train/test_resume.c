/* SPDX-License-Identifier: Apache-2.0
 *
 * A run that saves itself at every moment it can (between steps, between the packs of a step, while it judges, while
 * its reference judges) goes on from each of these moments, on this and on every other layout of the same ranks, and
 * ends with the bits of a run left alone; on another tensor axis within rounding. A checkpoint that is damaged is
 * passed over for the one before. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/stop.h"
#include "store/checkpoint.h"
#include "synthetic.h"
#include "train/reference.h"

enum { LAYOUTS = 8, PAIRS = 14 };
static const char *const objectives[] = {"ex_rm", "im_rm"};

typedef struct {
    int groups, data, tensor;
} layout;

typedef struct {
    ix_grid *grid;
    ix_model *model;
    float *weights;
    int64_t floats;
    ix_pair_result reference[PAIRS];
    ix_status ended;
} outcome;

static char folder[512];
static ix_pairs *pairs;

static int list_layouts(layout out[LAYOUTS])
{
    int n = 0, ranks = ix_comm_ranks();
    for (int t = 1; t <= ranks; t++)
        for (int d = 1; d * t <= ranks; d++)
            if (ranks % (d * t) == 0) out[n++] = (layout){ranks / (d * t), d, t};
    return n;
}

static void make_model(outcome *o, const ix_objective *objective)
{
    ix_model_config c = {.model_type = "llama",
                         .V = SYNTHETIC_VOCABULARY,
                         .D = 32,
                         .layers = 2,
                         .H = 4,
                         .G = 2,
                         .K = 8,
                         .F = 56,
                         .eps = 1e-5f,
                         .positions = 512,
                         .tied = true,
                         .rope_theta = 10000};
    ix_model_wish wish = {.head = objective->reads == IX_READ_RESPONSE_LOGP,
                          .extra = objective->extra,
                          .extras = objective->extras,
                          .grid = o->grid};
    CHECK_OK(ix_model_create_config(&o->model, &c, &wish));
    o->floats = ix_model_params(o->model)->floats;
    o->weights = synthetic_weights(o->model);
}

static void run(outcome *o, layout l, int objective, const ix_saver_settings *how)
{
    ix_saver *saver = NULL;
    const ix_observer observer = {.context = NULL};
    ix_eval_set set = {"self", "control", "self", pairs, o->reference};
    ix_judged_set judged = {.pairs = pairs, .result = o->reference};
    ix_train_settings s = synthetic_settings(ix_objective_find(objectives[objective]), 6);

    *o = (outcome){0};
    CHECK_OK(ix_grid_create(&o->grid, l.groups, l.data, l.tensor));
    make_model(o, s.objective);
    s.schedule.epochs = 2;
    s.pack_tokens = 120;
    s.clip_norm = 1;
    s.lanes = 5;
    if (how) CHECK_OK(ix_saver_create(&saver, o->grid, how));
    if (how) CHECK_OK(ix_saver_find(saver));
    s.saver = saver;
    ix_reference r = {.grid = o->grid,
                      .model = o->model,
                      .weights = o->weights,
                      .pack_tokens = 120,
                      .share_prompt = true,
                      .saver = saver,
                      .identity = "itself"};
    if (s.objective->needs_reference) o->ended = ix_reference_judge(&r, &judged, 1);
    if (o->ended == IX_OK)
        o->ended = ix_train(o->grid, &s, o->model, o->weights, pairs, o->reference, NULL, &set, 1, &observer);
    ix_saver_destroy(&saver);
}

static void done(outcome *o)
{
    ix_model_destroy(&o->model);
    ix_grid_destroy(&o->grid);
    free(o->weights);
    *o = (outcome){0};
}

/* Of every moment: the step is over at every tick, every step is a long one. */
static ix_saver_settings always(void)
{
    return (ix_saver_settings){.folder = folder, .run_id = "run", .every_seconds = 1e-9, .keep = 100000};
}

static ix_saver_settings never(void)
{
    return (ix_saver_settings){.folder = folder, .run_id = "run"};
}

static void share(void *bytes, size_t size)
{
    ix_grid *g;
    CHECK_OK(ix_grid_create(&g, 1, ix_comm_ranks(), 1));
    ix_grid_bcast(g, IX_WORLD, 0, bytes, size);
    ix_grid_barrier(g, IX_WORLD);
    ix_grid_destroy(&g);
}

static void make_folder(void)
{
    char base[] = "/tmp/impex-resume-XXXXXX";
    if (ix_comm_rank() == 0) {
        assert_non_null(mkdtemp(base));
        snprintf(folder, sizeof folder, "%s/run", base);
    }
    share(folder, sizeof folder);
}

static void remove_folder(void)
{
    share(folder, sizeof folder); /* everybody is done with it */
    if (ix_comm_rank() == 0) {
        char *line = ix_format("rm -rf '%.*s'", (int)(strrchr(folder, '/') - folder), folder);
        assert_int_equal(system(line), 0);
        free(line);
    }
    share(folder, sizeof folder);
}

/* The latest checkpoint goes; returns how many there are. */
static int drop_latest(bool drop)
{
    char **paths = NULL;
    int count = 0;
    if (ix_comm_rank() == 0) {
        CHECK_OK(ix_checkpoint_list(&paths, &count, folder));
        if (drop) {
            char *path = ix_format("%s/COMPLETE", paths[0]);
            assert_int_equal(unlink(path), 0);
            free(path);
            count--;
        }
        ix_checkpoint_paths_free(paths, drop ? count + 1 : count);
    }
    share(&count, sizeof count);
    return count;
}

/* The same weights, bit by bit, or after another order of sums: largest difference over the largest weight. */
static double compare(const outcome *got, const outcome *want, bool same_tensor)
{
    assert_int_equal(got->ended, IX_OK);
    assert_int_equal(got->floats, want->floats);
    if (same_tensor) assert_memory_equal(got->weights, want->weights, (size_t)want->floats * sizeof *want->weights);
    return check_worst(got->weights, want->weights, want->floats) / check_largest(want->weights, want->floats);
}

static void goes_on_from_every_moment(void **state)
{
    layout all[LAYOUTS];
    int layouts = list_layouts(all), turn = 0, resumed = 0;
    double apart = 0;
    (void)state;
    for (int from = 0; from < layouts; from++)
        for (int o = 0; o < 2 && all[from].groups == 1; o++) {
            outcome want[LAYOUTS], got;
            ix_saver_settings saving = always(), reading = never();
            make_folder();
            saving.folder = reading.folder = folder;
            for (int i = 0; i < layouts; i++) run(&want[i], all[i], o, NULL);
            run(&got, all[from], o, &saving);
            compare(&got, &want[from], true);
            done(&got);
            for (int left = drop_latest(false); left > 0; left = drop_latest(true), turn++) {
                int to = turn % layouts;
                run(&got, all[to], o, &reading);
                double d = compare(&got, &want[to], all[to].tensor == all[from].tensor);
                if (d > apart) apart = d;
                if (all[to].tensor == all[from].tensor)
                    assert_memory_equal(got.reference, want[to].reference, sizeof got.reference);
                done(&got);
                resumed++;
            }
            for (int i = 0; i < layouts; i++) done(&want[i]);
            remove_folder();
        }
    if (ix_comm_rank() == 0) printf("%d moments; other tensor axes: weights %.2g apart\n", resumed, apart);
    assert_true(resumed > 100);
    assert_true(apart < 1e-4);
}

/* One bit of one file of the latest checkpoint; `draw` says which. */
static void damage_latest(uint64_t draw)
{
    char **paths, *file = NULL, *bytes;
    int count;
    size_t size;
    uint64_t seen = 0;

    CHECK_OK(ix_checkpoint_list(&paths, &count, folder));
    DIR *dir = opendir(paths[0]);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) { /* one of n files, each with the same chance */
        if (e->d_name[0] == '.') continue;
        seen++;
        if ((uint64_t)(ix_draw_uniform(draw, IX_DRAW_TEST, seen) * (double)seen) != 0) continue;
        free(file);
        file = ix_format("%s/%s", paths[0], e->d_name);
    }
    closedir(dir);
    CHECK_OK(ix_file_read(file, &bytes, &size));
    uint64_t bit = (uint64_t)(ix_draw_uniform(draw, IX_DRAW_TEST, 0) * (double)size * 8);
    bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    CHECK_OK(ix_file_write(file, bytes, size));
    free(bytes);
    free(file);
    ix_checkpoint_paths_free(paths, count);
}

static void passes_over_damage(void **state)
{
    outcome want, got;
    ix_saver_settings saving = always(), reading = never();
    layout l = {1, ix_comm_ranks(), 1};
    (void)state;
    make_folder();
    saving.folder = reading.folder = folder;
    run(&want, l, 0, NULL);
    run(&got, l, 0, &saving);
    done(&got);
    ix_log_speak(false); /* the warnings are expected */
    uint64_t k = 0;
    for (; k < 12 && drop_latest(false) > 0; k++) {
        if (ix_comm_rank() == 0) damage_latest(k);
        share(folder, sizeof folder);
        run(&got, l, 0, &reading);
        compare(&got, &want, true);
        done(&got);
        drop_latest(true);
    }
    ix_log_speak(true);
    assert_true(k >= 8);
    done(&want);
    remove_folder();
}

static void stops_when_asked(void **state)
{
    outcome want, got;
    ix_saver_settings how = never();
    layout l = {1, ix_comm_ranks(), 1};
    (void)state;
    make_folder();
    how.folder = folder;
    how.keep = 2;
    run(&want, l, 1, NULL);
    ix_stop_ask(15);
    run(&got, l, 1, &how);
    assert_int_equal(got.ended, IX_STOPPED);
    assert_non_null(strstr(ix_message(), "stopped by SIGTERM after a checkpoint"));
    done(&got);
    ix_stop_ask(0);
    run(&got, l, 1, &how);
    compare(&got, &want, true);
    done(&got);
    done(&want);
    remove_folder();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(goes_on_from_every_moment),
                                       cmocka_unit_test(passes_over_damage), cmocka_unit_test(stops_when_asked)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    pairs = synthetic_pairs(PAIRS, 5);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_pairs_destroy(&pairs);
    ix_comm_stop();
    return failed;
}
