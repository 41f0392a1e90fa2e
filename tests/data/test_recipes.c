/* SPDX-License-Identifier: Apache-2.0
 *
 * The recipes of the paper's data sets: made-up sources against rows drawn by torch (tests/golden/recipes.json), the
 * persona file that the project owns against the authors' hashes, and, where ../shared is, the authors' own splits. */
#include "base/json.h"
#include "base/random.h"
#include "data/files.h"
#include "data/inspect.h"
#include "data/recipe.h"

#define LONGEST 511 /* tokens of a response that is just short enough: the begin token comes before it */

static ix_tokenizer *tok;
static json_t *golden;

static int open_all(void **state)
{
    (void)state;
    CHECK_OK(ix_tokenizer_open(&tok, IX_SOURCE_DIR "/tests/golden/text/llama"));
    CHECK_OK(ix_json_open(&golden, IX_SOURCE_DIR "/tests/golden/recipes.json"));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    ix_tokenizer_close(&tok);
    json_decref(golden);
    return 0;
}

/* --- made-up sources --------------------------------------------------------------------------------------------- */

/* Row i: every fifth is too long somewhere, the one behind it just not; of seven prompts two speak of translation. */
typedef struct {
    char prompt[1000], chosen[1000], rejected[1000];
} row_text;

static void fill(char *out, size_t tildes, const char *end)
{
    memset(out, '~', tildes);
    strcpy(out + tildes, end);
}

static row_text text_of(int i)
{
    static const char *const begin[7] = {"Say", "Say", "Say", "Please TransLate", "Say", "the tranSlation of", "Say"};
    row_text t;
    char number[16];
    int where = i / 5 % 3;
    snprintf(number, sizeof number, "#%d", i);
    snprintf(t.prompt, sizeof t.prompt, "%s %s", begin[i % 7], number);
    snprintf(t.chosen, sizeof t.chosen, "good %d", i);
    snprintf(t.rejected, sizeof t.rejected, "bad %d", i);
    if (i % 5 == 0 && where == 0) fill(t.prompt, LONGEST + 1, number);
    if (i % 5 == 0 && where > 0) fill(where == 1 ? t.chosen : t.rejected, LONGEST + 1, "");
    if (i % 5 == 1) fill(where == 1 ? t.chosen : t.rejected, LONGEST, "");
    return t;
}

typedef json_t *(*row_maker)(int i);

static json_t *ultrafeedback_row(int i)
{
    row_text t = text_of(i);
    return json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}], s:[{s:s, s:s}, {s:s, s:s}], s:f, s:f}", "prompt", t.prompt,
                     "chosen", "content", t.prompt, "role", "user", "content", t.chosen, "role", "assistant",
                     "rejected", "content", t.prompt, "role", "user", "content", t.rejected, "role", "assistant",
                     "score_chosen", 7.5, "score_rejected", i % 11 == 0 ? 7.5 + i % 2 : 7.0);
}

static json_t *bench_row(int i)
{
    static const char *const subset[] = {"alpacaeval-easy", "math-prm", "hep-cpp", "hep-python"};
    row_text t = text_of(i);
    return json_pack("{s:s, s:s, s:s, s:s, s:i}", "subset", subset[i % 4], "prompt", t.prompt, "chosen", t.chosen,
                     "rejected", t.rejected, "id", i);
}

/* Solutions in steps, of which the better is now A, now B. */
static json_t *rewardmath_row(int i)
{
    row_text t = text_of(i);
    json_t *better = strchr(t.chosen, ' ') ? json_pack("[s, s]", "good", t.chosen + 5) : json_pack("[s]", t.chosen),
           *worse = strchr(t.rejected, ' ') ? json_pack("[s, s]", "bad", t.rejected + 4) : json_pack("[s]", t.rejected);
    bool first = i % 3 == 0;
    return json_pack("{s:s, s:s, s:o, s:o}", "problem", t.prompt, "chosen_position", first ? "A" : "B",
                     "eval_solution_A", first ? better : worse, "eval_solution_B", first ? worse : better);
}

/* Free with free(), after remove(). */
static char *write_source(const char *name, row_maker make, int count)
{
    char *path = strdup(scratch(name));
    FILE *f = fopen(path, "wb");
    for (int i = 0; i < count; i++) {
        json_t *row = make(i);
        json_dumpf(row, f, JSON_COMPACT);
        fputc('\n', f);
        json_decref(row);
    }
    assert_int_equal(fclose(f), 0);
    return path;
}

static void check_set(const ix_recipe_set *set)
{
    const json_t *want = json_object_get(golden, set->name);
    assert_int_equal(ix_texts_count(set->texts), json_array_size(want));
    for (int64_t i = 0; i < ix_texts_count(set->texts); i++) {
        const ix_text_pair *p = ix_texts_get(set->texts, i);
        int row = (int)json_integer_value(json_array_get(want, (size_t)i));
        row_text t = text_of(row);
        if (strcmp(p->turn[0].content, t.prompt) != 0 || strcmp(p->response[IX_CHOSEN], t.chosen) != 0 ||
            strcmp(p->response[IX_REJECTED], t.rejected) != 0)
            fail_msg("%s: pair %d is '%.40s', row %d is wanted", set->name, (int)i, p->turn[0].content, row);
    }
}

typedef struct {
    const char *recipe;
    row_maker make;
    int rows[2], sets;
} made_up;

static void check_steps(const ix_recipe_work *w)
{
    char name[100];
    snprintf(name, sizeof name, "%s steps", w->recipe->name);
    const json_t *want = json_object_get(golden, name);
    assert_int_equal(w->steps, json_array_size(want));
    for (int i = 0; i < w->steps; i++)
        assert_int_equal(w->step[i].count, json_integer_value(json_array_get(want, (size_t)i)));
}

static void rows_of_torch(void **state)
{
    const made_up *m = *state;
    char *path[2] = {write_source("a", m->make, m->rows[0]),
                     m->rows[1] ? write_source("b", m->make, m->rows[1]) : NULL};
    ix_recipe_work w = {.recipe = ix_recipe_find(m->recipe), .path = path, .tok = tok};
    CHECK_OK(ix_recipe_build(&w));
    assert_int_equal(w.sets, m->sets);
    for (int i = 0; i < w.sets; i++) check_set(&w.set[i]);
    check_steps(&w);
    assert_false(ix_recipe_agrees(&w)); /* these are not the authors' files, and that shows */
    ix_recipe_free(&w);
    for (int i = 0; i < 2; i++) {
        if (path[i]) remove(path[i]);
        free(path[i]);
    }
}

/* --- what is wrong with sources ------------------------------------------------------------------------------------
 */

static void bad_sources(void **state)
{
    (void)state;
    static const struct {
        const char *recipe, *text, *message;
    } rows[] = {
        {"rewardbench_math", "{\"subset\": \"math-prm\", \"prompt\": \"a\", \"chosen\": \"b\"}",
         ":1: rejected is missing"},
        {"rewardbench_math", "{\"prompt\": \"a\"}", ":1: subset is missing"},
        {"rewardbench_math", "{\"subset\": \"math-prm\", \"prompt\": \"\", \"chosen\": \"b\", \"rejected\": \"c\"}",
         ":1: the prompt is empty"},
        {"rewardbench_math", "{\"subset\": \"hep-js\"}\n{\"subset\": ", ":2:"},
        {"rewardbench_code", "{\"subset\": \"hep-js\", \"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}",
         "1 rows fit the recipe, which keeps 900 of them for the test set"},
        {"rewardmath", "{\"problem\": \"a\", \"chosen_position\": \"A\", \"eval_solution_A\": \"b\"}",
         "eval_solution_A must be a list"},
        {"rewardmath", "{\"problem\": \"a\", \"chosen_position\": \"A\", \"eval_solution_A\": [1]}",
         "eval_solution_A[0] must be a text"},
        {"ultrafeedback", "{\"prompt\": \"a\", \"chosen\": [{}]}", "chosen must be a list of two messages"},
        {"ultrafeedback", "{\"prompt\": \"a\", \"chosen\": [{}, {}]}", "chosen[1]: content is missing"},
        {"paraphrase", "{\"orig_index\": 7}", "orig_index is 7; the authors' draw has row"},
        {"paraphrase", "{\"orig_index\": \"7\"}", "orig_index must be a whole number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = strdup(written_text("bad", rows[i].text)), *both[2] = {path, path};
        ix_recipe_work w = {.recipe = ix_recipe_find(rows[i].recipe), .path = both, .tok = tok};
        CHECK_FAILS(ix_recipe_build(&w), IX_EINPUT, rows[i].message);
        ix_recipe_free(&w);
        remove(path);
        free(path);
    }
    ix_recipe_work w = {.recipe = ix_recipe_find("rewardmath")};
    CHECK_FAILS(ix_recipe_build(&w), IX_EINPUT, "needs the tokenizer of meta-llama/Llama-3.2-1B");
    assert_null(ix_recipe_find("rewardbench"));
}

/* --- the authors' own -------------------------------------------------------------------------------------------- */

static void persona(void **state)
{
    (void)state;
    char path[] = IX_SOURCE_DIR "/data/persona/agreeableness.jsonl", *paths[1] = {path};
    static const char *const want[] = {"673455ef8124547b", "33d917554b7b7cc9"};
    ix_recipe_work w = {.recipe = ix_recipe_find("persona"), .path = paths};
    CHECK_OK(ix_recipe_build(&w));
    assert_true(ix_recipe_agrees(&w));
    for (int k = 0; k < 2; k++) {
        char hex[IX_HASH_HEX];
        ix_hash *h = ix_hash_begin();
        for (int64_t i = 0; i < ix_texts_count(w.set[k].texts); i++) {
            const ix_text_pair *p = ix_texts_get(w.set[k].texts, i);
            char *line = ix_format("%s%s\t%s\t%s", i ? "\n" : "", p->turn[0].content, p->response[IX_CHOSEN],
                                   p->response[IX_REJECTED]);
            ix_hash_add(h, line, strlen(line));
            free(line);
        }
        ix_hash_end(h, hex);
        assert_memory_equal(hex, want[k], 16);
    }
    ix_recipe_free(&w);
}

static ix_texts *open_split(const char *name)
{
    char below[200];
    ix_texts *t;
    snprintf(below, sizeof below, "data/paper/%s.jsonl", name);
    const char *path = check_shared(below);
    if (!path) skip();
    CHECK_OK(ix_texts_read(&t, path, NULL));
    return t;
}

/* The rows of the authors' repository, from their rewritten and original splits; the test split was taken whole. */
static char *write_rewritten(const char *name, const ix_texts *now, const ix_texts *before, const int64_t *index)
{
    char *path = strdup(scratch(name));
    FILE *f = fopen(path, "wb");
    for (int64_t i = 0; i < ix_texts_count(now); i++) {
        const ix_text_pair *p = ix_texts_get(now, i), *old = ix_texts_get(before, i);
        json_t *row =
            json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "orig_index", (json_int_t)(index ? index[i] : i), "prompt",
                      p->turn[0].content, "chosen", p->response[IX_CHOSEN], "rejected", p->response[IX_REJECTED],
                      "orig_chosen", old->response[IX_CHOSEN], "orig_rejected", old->response[IX_REJECTED]);
        json_dumpf(row, f, JSON_COMPACT);
        fputc('\n', f);
        json_decref(row);
    }
    assert_int_equal(fclose(f), 0);
    return path;
}

/* orig_index as the authors stored it beside the 200 training pairs. */
static void read_index(int64_t index[200])
{
    char *text;
    size_t size;
    const char *path = check_shared("data/ultrafeedback_union_train.jsonl");
    if (!path) skip();
    CHECK_OK(ix_file_read(path, &text, &size));
    int n = 0;
    for (char *line = text; n < 200 && *line; line = strchr(line, '\n') + 1) {
        json_t *row;
        CHECK_OK(ix_json_parse(&row, line, strcspn(line, "\n"), path));
        if (json_object_get(row, "orig_index")) index[n++] = json_integer_value(json_object_get(row, "orig_index"));
        json_decref(row);
    }
    assert_int_equal(n, 200);
    free(text);
}

static void same_texts(const ix_texts *got, const ix_texts *want)
{
    char a[IX_HASH_HEX], b[IX_HASH_HEX];
    ix_texts_hash(got, a);
    ix_texts_hash(want, b);
    assert_string_equal(a, b);
}

static void rewritten(void **state)
{
    const char *name = *state;
    char train_name[100], test_name[100], *path[2];
    int64_t index[200];
    read_index(index);
    snprintf(train_name, sizeof train_name, "%s_train", name);
    snprintf(test_name, sizeof test_name, "%s_test", name);
    ix_texts *now[2] = {open_split(train_name), open_split(test_name)},
             *before[2] = {open_split("ultrafeedback_train200"), open_split("ultrafeedback_test")};
    for (int k = 0; k < 2; k++) path[k] = write_rewritten(k ? "test" : "train", now[k], before[k], k ? NULL : index);
    ix_recipe_work w = {.recipe = ix_recipe_find(name), .path = path};
    CHECK_OK(ix_recipe_build(&w));
    assert_true(ix_recipe_agrees(&w));
    for (int k = 0; k < 2; k++) {
        same_texts(w.set[2 * k].texts, now[k]);
        same_texts(w.set[2 * k + 1].texts, before[k]);
        ix_texts_destroy(&now[k]);
        ix_texts_destroy(&before[k]);
        remove(path[k]);
        free(path[k]);
    }
    ix_recipe_free(&w);
}

/* Mean length of the responses on one side, each with a begin token; every text must be within the recipes' limit. */
static double mean_tokens(const ix_tokenizer *t, const ix_texts *texts, int side)
{
    ix_ids ids = {0};
    int64_t sum = 0;
    for (int64_t i = 0; i < ix_texts_count(texts); i++) {
        const char *text = ix_texts_get(texts, i)->response[side];
        ids.size = 0;
        CHECK_OK(ix_tokenizer_encode(t, text, strlen(text), &ids));
        assert_true(ids.size + 1 <= LONGEST + 1);
        sum += (int64_t)ids.size + 1;
    }
    ix_ids_free(&ids);
    return (double)sum / (double)ix_texts_count(texts);
}

/* The authors' splits have the lengths of their logs, counted as the recipes count. */
static void lengths_of_the_logs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double tokens[IX_SIDES];
    } rows[] = {{"ultrafeedback_test", {196.68, 166.925}},
                {"rewardmath_train", {190.0225, 225.618}},
                {"rewardmath_test", {182.815, 221.05}},
                {"rewardbench_code_train", {81.55952380952381, 80.8452380952381}},
                {"rewardbench_code_test", {83.665, 81.86}}};
    const char *folder = check_shared("tokenizers/llama3");
    ix_tokenizer *llama;
    if (!folder) skip();
    CHECK_OK(ix_tokenizer_open(&llama, folder));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ix_texts *t = open_split(rows[i].name);
        for (int side = 0; side < IX_SIDES; side++) CHECK_NEAR(mean_tokens(llama, t, side), rows[i].tokens[side], 1e-9);
        ix_texts_destroy(&t);
    }
    ix_tokenizer_close(&llama);
}

/* --- what is odd about sets -------------------------------------------------------------------------------------- */

static void look_up(const ix_texts *train, const ix_texts *test, ix_overlap *o)
{
    ix_known *known;
    CHECK_OK(ix_known_create(&known, train));
    ix_known_overlap(known, test, o);
    ix_known_destroy(&known);
    assert_null(known);
}

static void inspected(void **state)
{
    (void)state;
    static const char *const rows[][3] = {{"p", "A full answer.", "Cut in the mid"},
                                          {"p", "same", "same"},
                                          {"p", "A full answer.", "Cut in the mid"},
                                          {"q", " \n", "ends with a list:,"},
                                          {"r", "é", "längere Antwort!"}};
    ix_texts *t, *other;
    ix_inspection n;
    ix_overlap o;
    CHECK_OK(ix_texts_create(&t, "made up"));
    CHECK_OK(ix_inspect(t, &n));
    assert_int_equal(n.pairs, 0);
    for (size_t i = 0; i < 5; i++) CHECK_OK(ix_texts_add(t, rows[i][0], rows[i][1], rows[i][2]));
    CHECK_OK(ix_inspect(t, &n));
    assert_int_equal(n.pairs, 5);
    assert_int_equal(n.repeated, 1);
    assert_int_equal(n.repeated_prompts, 2);
    assert_int_equal(n.equal, 1);
    assert_int_equal(n.empty[IX_CHOSEN], 1);
    assert_int_equal(n.empty[IX_REJECTED], 0);
    assert_int_equal(n.cut[IX_CHOSEN], 2);   /* "same", "é" */
    assert_int_equal(n.cut[IX_REJECTED], 4); /* all but the one that ends with '!' */
    assert_int_equal(n.shortest[IX_CHOSEN], 1);
    assert_int_equal(n.median[IX_CHOSEN], 4);
    assert_int_equal(n.longest[IX_REJECTED], 18);
    assert_true(n.shorter_wins == 0.7);

    CHECK_OK(ix_texts_create(&other, "test"));
    CHECK_OK(ix_texts_add(other, "p", "A full answer.", "another"));
    CHECK_OK(ix_texts_add(other, "p", "same", "same"));
    CHECK_OK(ix_texts_add(other, "z", "same", "same"));
    look_up(t, other, &o);
    assert_int_equal(o.prompts, 2);
    assert_int_equal(o.response[IX_CHOSEN], 2);
    assert_int_equal(o.response[IX_REJECTED], 1);
    assert_int_equal(o.pairs, 1);
    ix_texts_destroy(&t);
    ix_texts_destroy(&other);
}

/* The paper's own sets: what of the test is in the training file, and how far length alone goes (paper.md 2.6). */
static void inspected_paper(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double shorter;
    } rows[] = {{"ultrafeedback_test", .4225},     {"paraphrase_test", .4375}, {"translate_french_test", .4425},
                {"translate_spanish_test", .4375}, {"rewardmath_test", .6375}, {"rewardbench_math_test", .9450},
                {"rewardbench_code_test", .4500}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ix_texts *t = open_split(rows[i].name);
        ix_inspection n;
        CHECK_OK(ix_inspect(t, &n));
        assert_int_equal(n.pairs, 200);
        CHECK_NEAR(n.shorter_wins, rows[i].shorter, 1e-12);
        ix_texts_destroy(&t);
    }
    ix_texts *train = open_split("ultrafeedback_train200");
    ix_inspection n;
    CHECK_OK(ix_inspect(train, &n));
    assert_int_equal(n.equal, 1);
    ix_texts_destroy(&train);
}

/* Of the RewardMATH test, 198 pairs can be looked up in the training file and 179 in the 1,000 pairs of it that are
 * trained on; RewardBench math has 170 prompts in common with these. */
static void shared_paper(void **state)
{
    (void)state;
    static const int64_t head[] = {1281, 790, 1639, 382};
    ix_texts *train = open_split("rewardmath_train"), *used,
             *test[2] = {open_split("rewardmath_test"), open_split("rewardbench_math_test")};
    int64_t order[2000];
    ix_torch_rng rng;
    ix_overlap o;
    ix_torch_seed(&rng, 517);
    ix_torch_randperm(&rng, 2000, order);
    assert_memory_equal(order, head, sizeof head);
    CHECK_OK(ix_texts_create(&used, "used"));
    for (int i = 0; i < 1000; i++) {
        const ix_text_pair *p = ix_texts_get(train, order[i]);
        CHECK_OK(ix_texts_add(used, p->turn[0].content, p->response[IX_CHOSEN], p->response[IX_REJECTED]));
    }
    look_up(train, test[0], &o);
    assert_int_equal(o.response[IX_CHOSEN], 198);
    assert_int_equal(o.response[IX_REJECTED], 0);
    look_up(used, test[0], &o);
    assert_int_equal(o.response[IX_CHOSEN], 179);
    look_up(used, test[1], &o);
    assert_int_equal(o.prompts, 170);
    assert_int_equal(o.pairs, 0);
    ix_texts_destroy(&train);
    ix_texts_destroy(&used);
    for (int i = 0; i < 2; i++) ix_texts_destroy(&test[i]);
}

int main(void)
{
    static made_up m[] = {
        {"ultrafeedback", ultrafeedback_row, {4200, 400}, 2},
        {"rewardmath", rewardmath_row, {3600, 0}, 3},
        {"rewardbench_math", bench_row, {2200, 0}, 2},
        {"rewardbench_code", bench_row, {2200, 0}, 2},
    };
    const struct CMUnitTest tests[] = {
        {"ultrafeedback", rows_of_torch, NULL, NULL, &m[0]},
        {"rewardmath", rows_of_torch, NULL, NULL, &m[1]},
        {"rewardbench_math", rows_of_torch, NULL, NULL, &m[2]},
        {"rewardbench_code", rows_of_torch, NULL, NULL, &m[3]},
        cmocka_unit_test(bad_sources),
        cmocka_unit_test(persona),
        {"paraphrase", rewritten, NULL, NULL, (void *)"paraphrase"},
        {"translate_french", rewritten, NULL, NULL, (void *)"translate_french"},
        {"translate_spanish", rewritten, NULL, NULL, (void *)"translate_spanish"},
        cmocka_unit_test(lengths_of_the_logs),
        cmocka_unit_test(inspected),
        cmocka_unit_test(inspected_paper),
        cmocka_unit_test(shared_paper),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
