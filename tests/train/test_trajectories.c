/* SPDX-License-Identifier: Apache-2.0
 *
 * The authors' own code, step by step: their model, their initial draws, their order of pairs (../shared/oracle/
 * trajectories), through tokenizer, chat format, packs, objectives, trimming, accumulation, AdamW and evaluation. */
#include "base/json.h"
#include "check.h"
#include "data/persona.h"
#include "train/reference.h"
#include "train/trainer.h"

typedef struct {
    char root[1024];
    json_t *log;
    ix_safetensors *draws;
    ix_tokenizer *tok;
    ix_chat *chat;
    ix_model *model;
    ix_grid *grid;
    float *weights, *reference;
    ix_pairs *train;
    ix_order *order;
    ix_train_settings s;
    int64_t batch;   /* micro-batches seen */
    int64_t checked; /* micro-batches whose loss is compared */
    double tolerance;
    int evaluations;
} run;

static const char *below(const run *r, const char *name)
{
    static char path[8][2048];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", r->root, name);
    return p;
}

static float *draw(const run *r, const char *name)
{
    const ix_tensor_view *t = ix_safetensors_find(r->draws, name);
    if (!t) return NULL;
    float *x = malloc((size_t)t->count * sizeof *x);
    CHECK_OK(ix_tensor_read_f32(t, 0, t->count, x));
    return x;
}

static int64_t number(const run *r, const char *key)
{
    return (int64_t)json_number_value(json_object_get(r->log, key));
}

/* Weights of the policy (or the reference) with the authors' rows for the three added tokens, and their head. */
static float *load(run *r, const char *rows_name)
{
    const ix_params *t = ix_model_params(r->model);
    float *w = calloc((size_t)t->floats, sizeof *w), *rows = draw(r, rows_name), *head = draw(r, "score.weight");
    ix_new_rows rows_of = {.given = rows, .count = 3};
    assert_non_null(rows);
    CHECK_OK(ix_model_load(r->model, below(r, "models/TinyStories-656K"), &rows_of, w));
    int score = ix_params_find(t, "score.weight");
    if (score >= 0) memcpy(w + t->param[score].offset, head, (size_t)t->param[score].cols * sizeof *head);
    free(rows);
    free(head);
    return w;
}

static void write_order(const run *r, char *path)
{
    strcpy(path, "/tmp/impex-order-XXXXXX");
    FILE *f = fdopen(mkstemp(path), "w");
    json_t *batch;
    size_t i;
    json_array_foreach(json_object_get(r->log, "batch_order"), i, batch)
    {
        char *line = json_dumps(batch, JSON_COMPACT);
        fprintf(f, "%s\n", line);
        free(line);
    }
    fclose(f);
}

static void open_run(run *r, const char *root, const char *set, const char *name, const char *train_file)
{
    char path[2048];
    memset(r, 0, sizeof *r);
    snprintf(r->root, sizeof r->root, "%s", root);
    snprintf(path, sizeof path, "%s/oracle/trajectories/%s/%s.json", root, set, name);
    CHECK_OK(ix_json_open(&r->log, path));
    snprintf(path, sizeof path, "%s/oracle/trajectories/%s/%s.init.safetensors", root, set, name);
    CHECK_OK(ix_safetensors_open_file(&r->draws, path));
    CHECK_OK(ix_tokenizer_open(&r->tok, below(r, "models/TinyStories-656K")));
    CHECK_OK(ix_chat_open(&r->chat, r->tok, "auto", NULL));
    assert_int_equal(ix_tokenizer_size(r->tok), 2051);
    const ix_objective *objective = ix_objective_find(json_string_value(json_object_get(r->log, "objective")));
    ix_model_wish wish = {.head = objective->reads == IX_READ_RESPONSE_LOGP,
                          .vocabulary = 2051,
                          .extra = objective->extra,
                          .extras = objective->extras};
    CHECK_OK(ix_model_create(&r->model, below(r, "models/TinyStories-656K"), &wish));
    CHECK_OK(ix_grid_create_self(&r->grid));
    r->weights = load(r, "policy.new_rows");
    if (objective->needs_reference) r->reference = load(r, "ref.new_rows");
    ix_limits limits = {.max_prompt = (int32_t)number(r, "max_prompt_tokens"),
                        .max_response = (int32_t)number(r, "max_response_tokens"),
                        .vocabulary = 2051};
    ix_texts *texts;
    CHECK_OK(ix_texts_read(&texts, below(r, train_file), NULL));
    CHECK_OK(ix_pairs_tokenize(&r->train, texts, r->tok, r->chat, &limits));
    ix_texts_destroy(&texts);
    write_order(r, path);
    CHECK_OK(ix_order_read(&r->order, path, r->train));
    remove(path);
    const char *trim = json_string_value(json_object_get(r->log, "trim"));
    int64_t micro = number(r, "batch_size");
    r->s = (ix_train_settings){.objective = objective,
                               .objective_settings = {.beta = json_number_value(json_object_get(r->log, "beta"))},
                               .rule = ix_rule_find("adamw"),
                               .optimizer = {json_number_value(json_object_get(r->log, "lr")), 0.9, 0.999, 1e-8, 0},
                               .schedule = {.epochs = number(r, "epochs"),
                                            .micro_pairs = micro,
                                            .accumulate = true,
                                            .pairs_per_step = micro * number(r, "gradient_accumulation_steps"),
                                            .trim = strncmp(trim, "as in", 5) == 0},
                               .lanes = 1,
                               .share_prompt = true};
}

static void close_run(run *r)
{
    json_decref(r->log);
    ix_safetensors_close(&r->draws);
    ix_order_destroy(&r->order);
    ix_pairs_destroy(&r->train);
    ix_model_destroy(&r->model);
    ix_chat_close(&r->chat);
    ix_tokenizer_close(&r->tok);
    ix_grid_destroy(&r->grid);
    free(r->weights);
    free(r->reference);
}

static ix_pair_result *reference_of(run *r, const ix_pairs *pairs)
{
    ix_reference how = {
        .grid = r->grid, .model = r->model, .weights = r->reference, .pack_tokens = 2048, .share_prompt = true};
    if (!r->reference) return NULL;
    ix_pair_result *out = calloc((size_t)ix_pairs_count(pairs), sizeof *out);
    ix_judged_set set = {.pairs = pairs, .result = out};
    CHECK_OK(ix_reference_judge(&how, &set, 1));
    return out;
}

static double logged_loss(const run *r, int64_t batch)
{
    const json_t *list = json_object_get(r->log, "batch_loss");
    if (list) return json_number_value(json_array_get(list, (size_t)batch));
    list = json_object_get(r->log, "micro_batches");
    return json_number_value(json_object_get(json_array_get(list, (size_t)batch), "train loss"));
}

/* Losses of the micro-batches, each before the update of its step. */
static ix_status compare_step(void *context, const ix_step_record *record)
{
    run *r = context;
    for (int64_t b = 0; b < record->plan->batches; b++, r->batch++) {
        int64_t lo = record->plan->first[b], hi = record->plan->first[b + 1];
        double loss = 0;
        for (int64_t i = lo; i < hi; i++) loss += record->result[i].loss / (double)(hi - lo);
        if (r->batch < r->checked) CHECK_NEAR(loss, logged_loss(r, r->batch), r->tolerance);
    }
    return IX_OK;
}

/* --- UltraFeedback ------------------------------------------------------------------------------------ */

static ix_pairs *test_rows(run *r)
{
    ix_texts *all, *some;
    ix_pairs *pairs;
    json_t *row;
    size_t i;
    CHECK_OK(ix_texts_read(&all, below(r, "data/paper/ultrafeedback_test.jsonl"), NULL));
    CHECK_OK(ix_texts_create(&some, "test rows"));
    json_array_foreach(json_object_get(r->log, "test_rows"), i, row)
    {
        const ix_text_pair *p = ix_texts_get(all, json_integer_value(row));
        CHECK_OK(ix_texts_add_turns(some, p->turn, p->turns, p->response[IX_CHOSEN], p->response[IX_REJECTED]));
    }
    CHECK_OK(ix_pairs_tokenize(&pairs, some, r->tok, r->chat, NULL));
    ix_texts_destroy(&all);
    ix_texts_destroy(&some);
    return pairs;
}

static ix_status compare_evaluation(void *context, const ix_eval_record *record)
{
    run *r = context;
    bool first = record->evaluation == 0;
    const json_t *want = json_object_get(r->log, first ? "initial_test_rewards" : "final_test_rewards");
    const json_t *metrics = json_object_get(r->log, first ? "initial_metrics" : "final_metrics");
    for (size_t i = 0; i < json_array_size(want); i++)
        for (size_t s = 0; s < IX_SIDES; s++)
            CHECK_NEAR(record->result[i].reward[s], json_number_value(json_array_get(json_array_get(want, i), s)),
                       first ? 1e-5 : 1e-3);
    CHECK_NEAR(record->metrics.loss, json_number_value(json_object_get(metrics, "eval test loss")), 1e-4);
    r->evaluations++;
    return IX_OK;
}

static void ultrafeedback(const char *root, const char *set, const char *name)
{
    run r;
    printf("%s %s\n", set, name);
    open_run(&r, root, set, name, "data/ultrafeedback_union_train.jsonl");
    ix_pairs *test = test_rows(&r);
    ix_pair_result *train_reference = reference_of(&r, r.train), *reference = reference_of(&r, test);
    ix_eval_set sets[] = {{"test", "in_distribution", "test", test, reference}};
    ix_observer observer = {.context = &r, .step = compare_step, .evaluated = compare_evaluation};
    assert_int_equal(ix_pairs_count(r.train), json_array_size(json_object_get(r.log, "train_rows")));
    r.checked = INT64_MAX;
    r.tolerance = 1e-4;
    CHECK_OK(ix_train(r.grid, &r.s, r.model, r.weights, r.train, train_reference, r.order, sets, 1, &observer));
    assert_int_equal(r.batch, json_array_size(json_object_get(r.log, "batch_order")));
    assert_int_equal(r.evaluations, 2);
    free(train_reference);
    free(reference);
    ix_pairs_destroy(&test);
    close_run(&r);
}

static const char *shared_root(void)
{
    static char root[2048];
    const char *path = check_shared("oracle/trajectories/persona/train.jsonl");
    if (!path) {
        skip();
        return NULL;
    }
    snprintf(root, sizeof root, "%.*s", (int)(strlen(path) - strlen("/oracle/trajectories/persona/train.jsonl")), path);
    return root;
}

static void ultrafeedback_runs(void **state)
{
    const char *root = shared_root();
    (void)state;
    ultrafeedback(root, "ultrafeedback", "ex_rm.asis");
    ultrafeedback(root, "ultrafeedback", "ex_rm.fixedtrim");
    ultrafeedback(root, "ultrafeedback", "im_rm.asis");
    ultrafeedback(root, "ultrafeedback", "im_rm.fixedtrim");
    ultrafeedback(root, "ultrafeedback_lr1e-3", "ex_rm.fixedtrim");
    ultrafeedback(root, "ultrafeedback_lr1e-3", "im_rm.fixedtrim");
}

/* --- Persona -------------------------------------------------------------------------------------------- */

typedef struct {
    run r;
    const ix_eval_set *sets;
    int64_t evaluation;
    double unseen[2], seen[2]; /* mean accuracy: train prompts, test prompts */
    int count[2];
} persona_run;

static ix_status sum_accuracies(void *context, const ix_eval_record *record)
{
    persona_run *p = context;
    const ix_eval_set *set = &p->sets[record->set];
    bool train_prompts = !strcmp(set->group, "train-prompts"), test_prompts = !strcmp(set->group, "paraphrased");
    if (record->evaluation != p->evaluation) {
        p->evaluation = record->evaluation;
        memset(p->unseen, 0, sizeof p->unseen);
        memset(p->count, 0, sizeof p->count);
    }
    if (!strcmp(set->name, "original")) p->seen[1] = record->metrics.accuracy;
    if (!strcmp(set->name, "train")) p->seen[0] = record->metrics.accuracy;
    if (train_prompts || test_prompts) {
        p->unseen[test_prompts] += record->metrics.accuracy;
        p->count[test_prompts]++;
    }
    return IX_OK;
}

static ix_status persona_step(void *context, const ix_step_record *record)
{
    return compare_step(&((persona_run *)context)->r, record);
}

static void persona(const char *root, const char *name, double lowest, double highest)
{
    enum { MOST = 64 };
    persona_run p = {0};
    ix_eval_set sets[MOST] = {{"train", "control", "train", NULL, NULL}};
    ix_sets *all;
    int n = 1;
    printf("persona %s\n", name);
    open_run(&p.r, root, "persona", name, "oracle/trajectories/persona/train.jsonl");
    p.r.checked = 30;
    p.r.tolerance = 1e-3;
    p.r.s.evaluate_every = INT64_MAX; /* before the first step and after the last */
    p.sets = sets;
    CHECK_OK(ix_persona_sets(&all, below(&p.r, "data/persona/agreeableness.jsonl")));
    sets[0].pairs = p.r.train;
    for (int i = 0; i < ix_sets_count(all); i++) {
        const ix_named_set *s = ix_sets_get(all, i);
        if (strcmp(s->group, "original") && strcmp(s->group, "paraphrased") && strcmp(s->group, "train-prompts"))
            continue;
        ix_pairs *pairs;
        CHECK_OK(ix_pairs_tokenize(&pairs, s->texts, p.r.tok, p.r.chat, NULL));
        sets[n++] = (ix_eval_set){s->name, ix_category_name(s->category), s->group, pairs, reference_of(&p.r, pairs)};
    }
    ix_pair_result *train_reference = reference_of(&p.r, p.r.train);
    sets[0].reference = train_reference;
    ix_observer observer = {.context = &p, .step = persona_step, .evaluated = sum_accuracies};
    CHECK_OK(
        ix_train(p.r.grid, &p.r.s, p.r.model, p.r.weights, p.r.train, train_reference, p.r.order, sets, n, &observer));
    CHECK_NEAR(p.seen[0], 1, 0);
    CHECK_NEAR(p.seen[1], 1, 0);
    for (int k = 0; k < 2; k++) {
        double accuracy = p.unseen[k] / p.count[k];
        printf("  unseen answers, %s prompts: %.4f\n", k ? "test" : "train", accuracy);
        assert_int_equal(p.count[k], 4);
        assert_true(accuracy >= lowest && accuracy <= highest);
    }
    for (int i = 1; i < n; i++) {
        ix_pairs *pairs = (ix_pairs *)(uintptr_t)sets[i].pairs;
        ix_pairs_destroy(&pairs);
        free((ix_pair_result *)(uintptr_t)sets[i].reference);
    }
    free(train_reference);
    ix_sets_destroy(&all);
    close_run(&p.r);
}

/* "Unseen-answer accuracy, last epoch: ex_rm 0.96 to 1.00, im_rm 0.000", accuracies within 0.03. */
static void persona_runs(void **state)
{
    const char *root = shared_root();
    (void)state;
    persona(root, "ex_rm.seed1", 0.93, 1);
    persona(root, "ex_rm.seed2", 0.93, 1);
    persona(root, "ex_rm.seed3", 0.93, 1);
    persona(root, "im_rm.seed1", 0, 0.03);
    persona(root, "im_rm.seed2", 0, 0.03);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ultrafeedback_runs), cmocka_unit_test(persona_runs)};
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_comm_stop();
    return failed;
}
