/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded world as its prototype measured it (../shared/miniworld): the prototype's weights, heads and order,
 * persona and chat at lr 1e-3, three seeds, both objectives. The tables of results.md are read, and every cell of ours
 * (mean accuracy over the seeds) is held against the same cell there: within 0.02, where it is not at chance.
 *
 * At chance is a cell whose own mean there is within 0.06 of one half (400 pairs: three standard errors of a mean of
 * fair coins are 0.075), and every cell of the rows that results.md itself calls "at or near chance": math and list
 * after training on chat.
 *
 * IM-RM on chat is chaotic: rounding grows from 1e-6 to 1e-2 of the loss between steps 20 and 45 of 128, in the
 * prototype as here, and the prototype's own accuracies depend on it (lumi 0.700 in results.md, 0.7225 when the same
 * code ran again elsewhere). So golden/prototype/chat_im.json keeps what golden/make_prototype.py measured: the losses
 * of the first 24 steps in float64, which ours must follow, and the accuracies of the same runs under three roundings.
 * There a cell of ours must lie within 0.02 of the range from the lowest to the highest of the four means.
 *
 * Arguments: the cases to do (persona, steps, chat); none: all. */
#include "base/json.h"
#include "check.h"
#include "data/miniworld.h"
#include "train/reference.h"
#include "train/trainer.h"

enum { SEEDS = 3, MOST = 16, OBJECTIVES = 2, JUDGED = 400 }; /* the prototype judges the first 400 pairs of a set */
#define TOLERANCE 0.02
#define NEAR_CHANCE 0.06
#define STEP_TOLERANCE 1e-5 /* of a loss; the prototype in float32 is up to 2e-6 away from itself in float64 */
static const char *const objective_name[OBJECTIVES] = {"ex_rm", "im_rm"};

/* A part of the world, and its table in results.md. */
typedef struct {
    const char *part, *heading;
    int64_t epochs;
    const char *repeats; /* of IM-RM, under other roundings */
} experiment;
static const experiment persona = {
    .part = "persona", .heading = "### persona, model d64L, lr 0.001, 15 epochs, 80 training pairs", .epochs = 15};
static const experiment chat = {.part = "chat",
                                .heading = "### chat, model d64L, lr 0.001, 4 epochs, 1000 training pairs",
                                .epochs = 4,
                                .repeats = IX_SOURCE_DIR "/tests/golden/prototype/chat_im.json"};

typedef struct {
    char root[1024];
    json_t *heads;
    ix_tokenizer *tok;
    ix_chat *chat;
    ix_grid *grid;
    ix_pairs *train;
    ix_eval_set set[MOST]; /* the training set first */
    int sets;
    double got[OBJECTIVES][MOST], want[OBJECTIVES][MOST];       /* sums over the seeds */
    double lowest[OBJECTIVES][MOST], highest[OBJECTIVES][MOST]; /* of the prototype's means */
    bool listed[MOST];
    double *now;          /* accuracies of the run in hand */
    const json_t *first;  /* the first order, where heads.json has it */
    int64_t seen;         /* pairs of the first epoch that were compared */
    const json_t *losses; /* of the first steps, where they are to be followed: the run stops behind them */
} bench;

static char *below(const bench *b, const char *name)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", b->root, name);
    return path;
}

/* --- the tables of results.md ------------------------------------------------------------------------ */

/* "token:lumi", "paraphrased.same-prefix", "seen-prefix.unseen-word" as our sets are called. */
static void our_name(char out[64], const char *theirs)
{
    static const char *const before[] = {"token:", "domain:", "paraphrased."};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (!strncmp(theirs, before[i], strlen(before[i]))) theirs += strlen(before[i]);
    snprintf(out, 64, "%s", theirs);
    for (char *c = out; *c; c++)
        if (*c == '.') *c = '-';
}

static int find_set(const bench *b, const char *name)
{
    for (int i = 0; i < b->sets; i++)
        if (!strcmp(b->set[i].name, name)) return i;
    return -1;
}

/* "| token:lumi | 0.772 (1.15) | ...": three seeds of EX, then three of IM. */
static void read_row(bench *b, char *line)
{
    char name[64], *rest = NULL;
    char *cell = strtok_r(line, "|", &rest);
    if (!cell) return;
    cell[strlen(cell) - 1] = 0;
    our_name(name, cell + 1);
    int i = find_set(b, name);
    if (i < 0) return; /* its heading, its final loss */
    for (int k = 0; k < OBJECTIVES * SEEDS; k++) {
        cell = strtok_r(NULL, "|", &rest);
        assert_non_null(cell);
        b->want[k / SEEDS][i] += strtod(cell, NULL);
    }
    b->listed[i] = true;
}

static void read_table(bench *b, const char *heading)
{
    char line[1024];
    bool inside = false;
    FILE *f = fopen(below(b, "results.md"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#') inside = !strncmp(line, heading, strlen(heading));
        else if (inside && line[0] == '|') read_row(b, line);
    }
    fclose(f);
    for (int i = 0; i < b->sets; i++)
        if (!b->listed[i]) fail_msg("results.md has no row of %s under '%s'", b->set[i].name, heading);
}

static void widen(bench *b, int objective, int set, double mean)
{
    b->lowest[objective][set] = fmin(b->lowest[objective][set], mean);
    b->highest[objective][set] = fmax(b->highest[objective][set], mean);
}

/* What the prototype's means range over: one value, or several where it was repeated. */
static void read_repeats(bench *b, const experiment *e)
{
    json_t *repeats = NULL, *cells, *seeds;
    const char *rounding, *name;
    for (int i = 0; i < b->sets; i++)
        for (int o = 0; o < OBJECTIVES; o++) b->lowest[o][i] = b->highest[o][i] = b->want[o][i] / SEEDS;
    if (!e->repeats) return;
    CHECK_OK(ix_json_open(&repeats, e->repeats));
    json_object_foreach(json_object_get(repeats, "accuracy"), rounding, cells)
    {
        json_object_foreach(cells, name, seeds)
        {
            int i = find_set(b, name);
            double sum = 0;
            assert_true(i >= 0 && json_array_size(seeds) == SEEDS);
            for (size_t k = 0; k < SEEDS; k++) sum += json_number_value(json_array_get(seeds, k));
            widen(b, 1, i, sum / SEEDS);
        }
    }
    json_decref(repeats);
}

static bool at_chance(const bench *b, const experiment *e, int objective, int set)
{
    const char *name = b->set[set].name;
    if (e == &chat && (!strcmp(name, "math") || !strcmp(name, "list"))) return true;
    return fabs(b->want[objective][set] / SEEDS - 0.5) < NEAR_CHANCE;
}

/* --- runs -------------------------------------------------------------------------------------------- */

static ix_status follow_step(void *context, const ix_step_record *r)
{
    bench *b = context;
    if (b->losses) {
        CHECK_NEAR(r->loss, json_number_value(json_array_get(b->losses, (size_t)r->step)), STEP_TOLERANCE);
        b->seen++;
        if (r->step + 1 == (int64_t)json_array_size(b->losses)) return ix_fail(IX_STOPPED, "that is all");
    }
    if (!b->first || r->epoch > 0) return IX_OK;
    for (int64_t i = 0; i < r->plan->n; i++, b->seen++)
        assert_int_equal(r->plan->pair[i], json_integer_value(json_array_get(b->first, (size_t)b->seen)));
    return IX_OK;
}

static ix_status keep_accuracy(void *context, const ix_eval_record *r)
{
    bench *b = context;
    b->now[r->set] = r->metrics.accuracy; /* the last one stays */
    return IX_OK;
}

static void put_head(const bench *b, const ix_model *model, int seed, float *weights)
{
    const ix_params *t = ix_model_params(model);
    char key[16];
    const ix_param *score = &t->param[ix_params_find(t, "score.weight")];
    snprintf(key, sizeof key, "%d", seed);
    const json_t *head = json_object_get(json_object_get(b->heads, "head"), key);
    assert_int_equal(json_array_size(head), score->cols);
    for (int64_t i = 0; i < score->cols; i++)
        weights[score->offset + i] = (float)json_number_value(json_array_get(head, (size_t)i));
}

static ix_pair_result *reference_of(const bench *b, ix_model *model, const float *weights, const ix_pairs *pairs)
{
    ix_reference how = {.grid = b->grid,
                        .model = model,
                        .weights = weights,
                        .pack_tokens = ix_train_pack_tokens(model),
                        .share_prompt = true};
    ix_pair_result *out = calloc((size_t)ix_pairs_count(pairs), sizeof *out);
    ix_judged_set set = {.pairs = pairs, .result = out};
    CHECK_OK(ix_reference_judge(&how, &set, 1));
    return out;
}

static ix_train_settings settings_of(const experiment *e, const ix_objective *o, int seed)
{
    return (ix_train_settings){.objective = o,
                               .objective_settings = {.beta = 0.01, .head_std = 0.02},
                               .rule = ix_rule_find("adamw"),
                               .optimizer = {1e-3, 0.9, 0.999, 1e-8, 0},
                               .schedule = {.epochs = e->epochs,
                                            .pairs_per_step = 32,
                                            .micro_pairs = 32,
                                            .shuffle = true,
                                            .seed = (uint64_t)seed},
                               .evaluate_every = INT64_MAX,
                               .lanes = 8,
                               .share_prompt = true};
}

static void note_order(bench *b, const experiment *e, int seed)
{
    char key[16];
    snprintf(key, sizeof key, "%d", seed);
    const json_t *order = json_object_get(json_object_get(b->heads, "order"), key);
    b->first = e == &persona ? json_object_get(order, "randperm_80_first_epoch") : NULL;
    b->seen = 0;
}

static void run(bench *b, const experiment *e, int objective, int seed)
{
    const ix_objective *o = ix_objective_find(objective_name[objective]);
    ix_model_wish wish = {.head = o->reads == IX_READ_RESPONSE_LOGP, .extra = o->extra, .extras = o->extras};
    ix_model *model;
    ix_pair_result *reference[MOST] = {0}, *train_reference = NULL;
    double now[MOST] = {0};
    ix_observer observer = {.context = b, .step = follow_step, .evaluated = keep_accuracy};

    CHECK_OK(ix_model_create(&model, below(b, "hf"), &wish));
    float *weights = calloc((size_t)ix_model_params(model)->floats, sizeof *weights);
    CHECK_OK(ix_model_load(model, below(b, "hf"), NULL, weights));
    if (o->extras) put_head(b, model, seed, weights);
    if (o->needs_reference) train_reference = reference_of(b, model, weights, b->train);
    for (int i = 0; o->needs_reference && i < b->sets; i++)
        reference[i] = reference_of(b, model, weights, b->set[i].pairs);
    for (int i = 0; i < b->sets; i++) b->set[i].reference = reference[i];
    note_order(b, e, seed);
    b->now = now;
    ix_train_settings s = settings_of(e, o, seed);
    ix_status rc = ix_train(b->grid, &s, model, weights, b->train, train_reference, NULL, b->set, b->sets, &observer);
    if (rc != (b->losses ? IX_STOPPED : IX_OK)) fail_msg("the run ended with %d: %s", (int)rc, ix_message());
    if (b->first) assert_int_equal(b->seen, json_array_size(b->first));
    for (int i = 0; i < b->sets; i++) {
        b->got[objective][i] += now[i];
        free(reference[i]);
    }
    free(train_reference);
    free(weights);
    ix_model_destroy(&model);
}

/* --- one table ----------------------------------------------------------------------------------------- */

static void open_sets(bench *b, const experiment *e)
{
    ix_miniworld *world;
    ix_sets *sets;
    static char names[MOST][64];
    CHECK_OK(ix_miniworld_open(&world, below(b, "miniworld.yaml")));
    CHECK_OK(ix_miniworld_sets(&sets, world, e->part));
    const ix_texts *train = ix_sets_train(sets);
    ix_limits limits = {.count = ix_texts_count(train) < JUDGED ? 0 : JUDGED};
    ix_pairs *judged;
    CHECK_OK(ix_pairs_tokenize(&b->train, train, b->tok, b->chat, NULL));
    CHECK_OK(ix_pairs_tokenize(&judged, train, b->tok, b->chat, &limits));
    b->set[b->sets++] = (ix_eval_set){"train", "control", "train", judged, NULL};
    for (int i = 0; i < ix_sets_count(sets); i++) {
        const ix_named_set *s = ix_sets_get(sets, i);
        ix_pairs *pairs;
        CHECK_OK(ix_pairs_tokenize(&pairs, s->texts, b->tok, b->chat, NULL));
        snprintf(names[i], sizeof names[i], "%s", s->name);
        b->set[b->sets++] = (ix_eval_set){names[i], ix_category_name(s->category), names[i], pairs, NULL};
    }
    ix_sets_destroy(&sets);
    ix_miniworld_close(&world);
}

static bool open_bench(bench *b, const experiment *e)
{
    const char *path = check_shared("miniworld/heads.json");
    *b = (bench){0};
    if (!path) return false;
    snprintf(b->root, sizeof b->root, "%.*s", (int)(strlen(path) - strlen("/heads.json")), path);
    CHECK_OK(ix_json_open(&b->heads, below(b, "heads.json")));
    CHECK_OK(ix_tokenizer_open(&b->tok, below(b, "hf")));
    CHECK_OK(ix_chat_open(&b->chat, b->tok, "auto", NULL));
    CHECK_OK(ix_grid_create_self(&b->grid));
    open_sets(b, e);
    return true;
}

static void close_bench(bench *b)
{
    for (int i = 0; i < b->sets; i++) {
        ix_pairs *pairs = (ix_pairs *)(uintptr_t)b->set[i].pairs;
        ix_pairs_destroy(&pairs);
    }
    ix_pairs_destroy(&b->train);
    ix_chat_close(&b->chat);
    ix_tokenizer_close(&b->tok);
    ix_grid_destroy(&b->grid);
    json_decref(b->heads);
}

/* One cell; is it off? */
static bool print_cell(const bench *b, const experiment *e, int o, int set, int *checked)
{
    double got = b->got[o][set] / SEEDS, low = b->lowest[o][set], high = b->highest[o][set];
    bool chance = at_chance(b, e, o, set), off = !(got >= low - TOLERANCE - 1e-9 && got <= high + TOLERANCE + 1e-9);
    printf("  %.4f %.4f %.4f-%.4f%s", got, b->want[o][set] / SEEDS, low, high, chance ? "~" : off ? "!" : " ");
    *checked += !chance;
    return !chance && off;
}

static void compare(const experiment *e)
{
    bench b;
    int checked = 0, wrong = 0;
    if (!open_bench(&b, e)) {
        skip();
        return;
    }
    read_table(&b, e->heading);
    read_repeats(&b, e);
    for (int o = 0; o < OBJECTIVES; o++)
        for (int seed = 0; seed < SEEDS; seed++) run(&b, e, o, seed);
    printf("%-24s  ex_rm: ours, results.md, range  im_rm: ours, results.md, range\n", e->part);
    for (int i = 0; i < b.sets; i++) {
        printf("%-24s", b.set[i].name);
        for (int o = 0; o < OBJECTIVES; o++) wrong += print_cell(&b, e, o, i, &checked);
        printf("\n");
    }
    close_bench(&b);
    printf("%d cells compared (~: at chance, not compared), %d off by more than %g\n", checked, wrong, TOLERANCE);
    assert_int_equal(wrong, 0);
    assert_true(checked >= 10);
}

/* Before rounding has grown, every step of IM-RM on chat is the prototype's. */
static void follow_steps(void **state)
{
    bench b;
    json_t *golden = NULL;
    (void)state;
    if (!open_bench(&b, &chat)) {
        skip();
        return;
    }
    CHECK_OK(ix_json_open(&golden, chat.repeats));
    while (b.sets) { /* nothing is judged */
        ix_pairs *pairs = (ix_pairs *)(uintptr_t)b.set[--b.sets].pairs;
        ix_pairs_destroy(&pairs);
    }
    for (int seed = 0; seed < SEEDS; seed++) {
        char key[16];
        snprintf(key, sizeof key, "%d", seed);
        b.losses = json_object_get(json_object_get(golden, "steps"), key);
        run(&b, &chat, 1, seed);
        assert_true(b.seen == (int64_t)json_array_size(b.losses) && b.seen >= 20);
    }
    json_decref(golden);
    close_bench(&b);
}

static void persona_as_measured(void **state)
{
    (void)state;
    compare(&persona);
}

static void chat_as_measured(void **state)
{
    (void)state;
    compare(&chat);
}

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name)) return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest all[] = {cmocka_unit_test(persona_as_measured), cmocka_unit_test(follow_steps),
                                     cmocka_unit_test(chat_as_measured)};
    static const char *const name[] = {"persona", "steps", "chat"};
    int failed = 0;
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    for (int i = 0; i < 3; i++) {
        struct CMUnitTest one[] = {all[i]};
        if (wanted(argc, argv, name[i])) failed += cmocka_run_group_tests(one, NULL, NULL);
    }
    ix_comm_stop();
    return failed;
}
