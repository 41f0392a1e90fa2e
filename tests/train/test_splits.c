/* SPDX-License-Identifier: Apache-2.0
 *
 * Every way to share a model over up to four tensor ranks and a step over up to four data ranks, as far as ranks go,
 * beside one rank alone, through the trainer: every family, every objective, shares that are not equal, fewer key heads
 * than ranks. The first loss within 1e-6, the gradient within 1e-5 of its norm. And the numbers of the reference cases,
 * within the tolerances that one rank keeps.
 *
 *   test_splits shapes | golden | outside */
#include "../model/shapes.h"
#include "../objective/case.h"
#include "synthetic.h"
#include "train/reference.h"

enum { AXIS = 4, PAIRS = 16, STEPS = 20 };

/* Gradient descent by so much: a change of the weights so large that rounding it is nothing. */
static const double STRIDE = 1e3;

/* What one training told. */
typedef struct {
    double loss[STEPS + 1];
    ix_status ended;
} told;

static ix_status note_step(void *context, const ix_step_record *r)
{
    ((told *)context)->loss[r->step] = r->loss;
    return IX_OK;
}

/* One kind of training on one set of pairs. */
typedef struct {
    const ix_objective *objective;
    ix_objective_settings settings;
    const char *rule;
    double rate;
    int64_t steps;
    const ix_pairs *pairs;
    const float *reference; /* weights; NULL: none */
} exercise;

/* Collective over the group of the grid. w[floats] is trained. */
static told train(const exercise *x, const ix_grid *grid, ix_model *m, float *w)
{
    told out = {0};
    int64_t n = ix_pairs_count(x->pairs);
    ix_pair_result *reference = calloc((size_t)n, sizeof *reference);
    ix_judged_set judged = {.pairs = x->pairs, .result = reference};
    ix_observer observer = {.context = &out, .step = note_step};
    ix_eval_set none = {0};
    ix_reference how = {.grid = grid, .model = m, .weights = x->reference, .pack_tokens = 300, .share_prompt = true};
    ix_train_settings s = {.objective = x->objective,
                           .objective_settings = x->settings,
                           .rule = ix_rule_find(x->rule),
                           .optimizer = {x->rate, 0.9, 0.999, 1e-8, 0},
                           .schedule = {.epochs = x->steps, .pairs_per_step = n, .micro_pairs = n},
                           .lanes = 1,
                           .share_prompt = true,
                           .pack_tokens = 300};
    if (x->reference) out.ended = ix_reference_judge(&how, &judged, 1);
    if (out.ended == IX_OK)
        out.ended = ix_train(grid, &s, m, w, x->pairs, x->reference ? reference : NULL, NULL, &none, 0, &observer);
    free(reference);
    return out;
}

/* --- layouts ------------------------------------------------------------------------------------------------------ */

static int failures;

/* One line per thing that is too far away, on the rank that sees it. */
static void expect(double apart, double most, const char *what, const char *where, ix_shape l)
{
    if (apart <= most) return;
    printf("%s, %s, %d data x %d tensor: %.3g apart, %.3g is allowed\n", where, what, l.data, l.tensor, apart, most);
    failures++;
}

/* Collective over the world: nobody failed. */
static void nothing_failed(void)
{
    ix_grid *world;
    double most = failures;
    CHECK_OK(ix_grid_create(&world, 1, ix_comm_ranks(), 1));
    ix_grid_max_double(world, IX_WORLD, &most, 1);
    ix_grid_destroy(&world);
    assert_int_equal((int)most, 0);
}

/* Every layout; ranks beyond it look on. */
typedef void layout_test(void *context, const ix_grid *grid, ix_shape layout);

static void on_every_layout(layout_test *test, void *context)
{
    for (int tensor = 1; tensor <= AXIS; tensor++)
        for (int data = 1; data <= AXIS && data * tensor <= ix_comm_ranks(); data++) {
            ix_grid *grid;
            ix_shape l = {data, tensor};
            CHECK_OK(ix_grid_create_shapes(&grid, &l, 1));
            if (ix_grid_group(grid) == 0) test(context, grid, l);
            ix_grid_destroy(&grid);
        }
}

/* The sum that was taken away, of the whole model; on the first rank, else NULL. Collective over the tensor axis. */
static float *gradient_of(const ix_grid *grid, const ix_model *m, const float *before, const float *after)
{
    const ix_params *t = ix_model_params(m);
    float *part = calloc((size_t)t->floats + 1, sizeof *part),
          *whole = calloc((size_t)t->full_floats + 1, sizeof *whole);
    for (int64_t i = 0; i < t->floats; i++) part[i] = (float)(((double)before[i] - (double)after[i]) / STRIDE);
    if (ix_model_gather(m, part, whole) != IX_OK) failures++;
    free(part);
    if (ix_grid_rank(grid, IX_GROUP) == 0) return whole;
    free(whole);
    return NULL;
}

/* --- models of every family --------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    ix_objective_settings settings;
} objectives[] = {
    {"ex_rm", {.head_std = 0.1}}, {"ex_rm_mean", {.head_std = 0.1}}, {"im_rm", {.beta = 0.1}},
    {"sft", {.beta = 0}},         {"ex_grm", {.verdict = {5, 7}}},
};
enum { OBJECTIVES = sizeof objectives / sizeof *objectives };

typedef struct {
    ix_model_config config;
    exercise x;
    double loss;
    float *gradient; /* on the first rank of the world: by one rank alone */
    char name[64];
} subject;

static void open_model(ix_model **m, float **w, const subject *s, const ix_grid *grid, uint64_t seed)
{
    static const ix_extra score = {.name = "score.weight"};
    ix_model_wish wish = {.head = true, .extra = &score, .extras = 1, .grid = grid};
    CHECK_OK(ix_model_create_config(m, &s->config, &wish));
    *w = calloc((size_t)ix_model_params(*m)->floats, sizeof **w);
    ix_model_draw(*m, seed, 0.2, *w);
}

/* One step; the gradient is the caller's. */
static float *step_on(const subject *s, const ix_grid *grid, double *loss)
{
    ix_model *m, *other;
    float *w, *start, *reference;
    exercise x = s->x;
    open_model(&m, &w, s, grid, 3);
    open_model(&other, &reference, s, grid, 4); /* a reference of its own: rewards that are not zero */
    ix_model_destroy(&other);
    start = calloc((size_t)ix_model_params(m)->floats, sizeof *start);
    memcpy(start, w, (size_t)ix_model_params(m)->floats * sizeof *start);
    x.reference = x.objective->needs_reference ? reference : NULL;
    told t = train(&x, grid, m, w);
    if (t.ended != IX_OK) printf("%s: %s\n", s->name, ix_message());
    failures += t.ended != IX_OK;
    *loss = t.loss[0];
    float *gradient = gradient_of(grid, m, start, w);
    ix_model_destroy(&m);
    free(w), free(start), free(reference);
    return gradient;
}

static void beside_one_rank(void *context, const ix_grid *grid, ix_shape l)
{
    const subject *s = context;
    double loss;
    float *gradient = step_on(s, grid, &loss);
    if (!gradient) return;
    ix_model *whole;
    float *w;
    open_model(&whole, &w, s, NULL, 3);
    expect(fabs(loss - s->loss) / fabs(s->loss), 1e-6, "first loss", s->name, l);
    expect(shape_apart(gradient, s->gradient, ix_model_params(whole)->floats), 1e-5, "gradient", s->name, l);
    ix_model_destroy(&whole);
    free(w), free(gradient);
}

static void every_family(void **state)
{
    (void)state;
    ix_grid *alone;
    ix_pairs *pairs = synthetic_pairs(PAIRS, 9);
    CHECK_OK(ix_grid_create_self(&alone));
    for (int c = 0; c < SHAPES; c++)
        for (int o = 0; o < OBJECTIVES; o++) {
            subject s = {.config = shapes[c]};
            s.config.V = SYNTHETIC_VOCABULARY + 1; /* no number of ranks shares it equally */
            s.x = (exercise){.objective = ix_objective_find(objectives[o].name),
                             .settings = objectives[o].settings,
                             .rule = "sgd",
                             .rate = STRIDE,
                             .steps = 1,
                             .pairs = pairs};
            snprintf(s.name, sizeof s.name, "%s with %d heads of %d keys, %s", s.config.model_type, s.config.H,
                     s.config.G, objectives[o].name);
            if (ix_comm_rank() == 0) s.gradient = step_on(&s, alone, &s.loss);
            on_every_layout(beside_one_rank, &s);
            free(s.gradient);
        }
    ix_pairs_destroy(&pairs);
    ix_grid_destroy(&alone);
    nothing_failed();
}

/* --- reference cases ------------------------------------------------------------------------------------------------
 */

typedef struct {
    char folder[2048];
    const case_row *row;
} question;

static ix_pairs *pairs_of(const oracle *o)
{
    ix_texts *texts;
    ix_pairs *pairs;
    CHECK_OK(ix_texts_create(&texts, "case"));
    for (int i = 0; i < CASE_PAIRS; i++) CHECK_OK(ix_texts_add_ids(texts, &o->pair[i]));
    CHECK_OK(ix_pairs_tokenize(&pairs, texts, NULL, NULL, NULL));
    ix_texts_destroy(&texts);
    return pairs;
}

static exercise exercise_of(const oracle *o, const case_row *r, const ix_pairs *pairs)
{
    const ix_objective *objective = ix_objective_find(r->objective);
    return (exercise){.objective = objective,
                      .settings = r->settings,
                      .rule = "sgd",
                      .rate = STRIDE,
                      .steps = 1,
                      .pairs = pairs,
                      .reference = objective->needs_reference && !r->alone ? o->ref : NULL};
}

/* The name of a file of the case; false: it is not there. */
static bool has_file(const oracle *o, char name[64], const char *kind, const case_row *r)
{
    snprintf(name, 64, "%s.%s.safetensors", kind, r->file);
    FILE *f = fopen(case_path(o, name), "rb");
    if (f) fclose(f);
    return f != NULL;
}

/* Where the model's tensors lie when it is whole. */
static ix_model *whole_model(const oracle *o)
{
    static const ix_extra score = {.name = "score.weight"};
    ix_model_wish wish = {.head = !strstr(ix_model_config_of(o->model)->architecture, "ForSequenceClassification"),
                          .extra = &score,
                          .extras = 1};
    ix_model *m;
    CHECK_OK(ix_model_create_config(&m, ix_model_config_of(o->model), &wish));
    return m;
}

static void check_gradient(const oracle *o, const question *q, const float *gradient, ix_shape l)
{
    char name[64];
    double worst = 0, largest = 0;
    ix_safetensors *file;
    ix_model *whole = whole_model(o);
    const ix_params *t = ix_model_params(whole);
    if (has_file(o, name, "grads", q->row)) {
        CHECK_OK(ix_safetensors_open_file(&file, case_path(o, name)));
        for (int i = 0; i < ix_safetensors_count(file); i++) {
            int p = ix_params_find(t, ix_safetensors_at(file, i)->name);
            if (p < 0) continue;
            int64_t n;
            float *want = case_floats(file, t->param[p].name, &n);
            double off = check_worst(gradient + t->param[p].offset, want, n), big = check_largest(want, n);
            if (off > worst) worst = off;
            if (big > largest) largest = big;
            free(want);
        }
        expect(largest > 0 ? worst / largest : 1, 5e-5, "gradient", q->folder, l);
        ix_safetensors_close(&file);
    }
    ix_model_destroy(&whole);
}

static void check_weights(const oracle *o, const question *q, const float *weights, ix_shape l)
{
    char name[64];
    int64_t far = 0, all = 0, n;
    ix_safetensors *file;
    ix_model *whole = whole_model(o);
    const ix_params *t = ix_model_params(whole);
    if (has_file(o, name, "adamw20", q->row)) {
        CHECK_OK(ix_safetensors_open_file(&file, case_path(o, name)));
        for (int i = 0; i < ix_safetensors_count(file); i++) {
            const ix_param *p = &t->param[ix_params_find(t, ix_safetensors_at(file, i)->name)];
            float *want = case_floats(file, p->name, &n);
            for (int64_t k = 0; k < n; k++, all++) far += fabs((double)weights[p->offset + k] - (double)want[k]) > 1e-4;
            free(want);
        }
        expect((double)far / (double)all, 0.005, "weights after 20 steps", q->folder, l);
        ix_safetensors_close(&file);
    }
    ix_model_destroy(&whole);
}

/* 20 steps of AdamW: losses and weights. */
static void check_trajectory(const oracle *o, const question *q, exercise x, const ix_grid *grid, ix_shape l)
{
    const case_row *r = q->row;
    const ix_params *t = ix_model_params(o->model);
    json_t *losses = json_object_get(json_object_get(o->meta, "trajectory_loss"), r->key);
    if (!losses) return;
    float *w = calloc((size_t)t->floats, sizeof *w), *whole = calloc((size_t)t->full_floats, sizeof *whole);
    memcpy(w, o->w, (size_t)t->floats * sizeof *w);
    if (x.reference) x.reference = o->w; /* a trajectory is its own reference */
    x.rule = "adamw";
    x.rate = 1e-3;
    x.steps = STEPS;
    told got = train(&x, grid, o->model, w);
    for (size_t i = 0; i < STEPS; i++)
        expect(fabs(got.loss[i] - json_real_value(json_array_get(losses, i))), r->loss, "a later loss", q->folder, l);
    if (ix_model_gather(o->model, w, whole) != IX_OK || got.ended != IX_OK) failures++;
    if (ix_grid_rank(grid, IX_GROUP) == 0) check_weights(o, q, whole, l);
    free(w), free(whole);
}

static void beside_the_case(void *context, const ix_grid *grid, ix_shape l)
{
    const question *q = context;
    const case_row *r = q->row;
    oracle o;
    ix_model_config config;
    CHECK_OK(ix_model_config_read(&config, q->folder));
    if (config.H < l.tensor) return; /* so many ranks cannot share it */
    case_open_on(&o, q->folder, grid);
    int64_t floats = ix_model_params(o.model)->floats;
    if (case_has(&o, r)) {
        ix_pairs *pairs = pairs_of(&o);
        exercise x = exercise_of(&o, r, pairs);
        float *w = calloc((size_t)floats, sizeof *w);
        memcpy(w, o.w, (size_t)floats * sizeof *w);
        double want = json_real_value(json_object_get(json_object_get(o.meta, "loss"), r->key));
        told got = train(&x, grid, o.model, w);
        failures += got.ended != IX_OK;
        expect(fabs(got.loss[0] - want), r->relative > 0 ? r->relative * fabs(want) : r->loss, r->key, q->folder, l);
        float *gradient = gradient_of(grid, o.model, o.w, w);
        if (gradient) check_gradient(&o, q, gradient, l);
        check_trajectory(&o, q, x, grid, l);
        free(w), free(gradient);
        ix_pairs_destroy(&pairs);
    }
    case_close(&o);
}

static void every_row(question *q)
{
    for (size_t i = 0; i < sizeof case_rows / sizeof *case_rows; i++) {
        q->row = &case_rows[i];
        on_every_layout(beside_the_case, q);
    }
}

static void golden_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof case_golden / sizeof *case_golden; i++) {
        question q;
        snprintf(q.folder, sizeof q.folder, "%s/tests/golden/%s", IX_SOURCE_DIR, case_golden[i]);
        every_row(&q);
    }
    nothing_failed();
}

static void outside_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof case_outside / sizeof *case_outside; i++) {
        question q;
        if (!case_find_outside(q.folder, sizeof q.folder, case_outside[i])) {
            skip();
            return;
        }
        every_row(&q);
    }
    nothing_failed();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest shapes_only[] = {cmocka_unit_test(every_family)};
    const struct CMUnitTest golden_only[] = {cmocka_unit_test(golden_cases)};
    const struct CMUnitTest outside_only[] = {cmocka_unit_test(outside_cases)};
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    const char *part = argc > 1 ? argv[1] : "";
    int failed = !strcmp(part, "shapes")    ? cmocka_run_group_tests(shapes_only, NULL, NULL)
                 : !strcmp(part, "golden")  ? cmocka_run_group_tests(golden_only, NULL, NULL)
                 : !strcmp(part, "outside") ? cmocka_run_group_tests(outside_only, NULL, NULL)
                                            : 1;
    ix_comm_stop();
    return failed;
}
