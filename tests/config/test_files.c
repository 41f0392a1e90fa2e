/* SPDX-License-Identifier: Apache-2.0
 *
 * Several files and overrides as one suite; where data and models are found; the schema in the tree. */
#include <sys/stat.h>

#include "scratch.h"

static void includes_merge(void **state)
{
    (void)state;
    CHECK_OK(ix_make_folders("parts/deep"));
    scratch_write("parts/deep/a.yaml", "training: {epochs: 7, beta: 0.5, betas: [0.1, 0.2]}\noutput: a\n");
    scratch_write("parts/b.yaml", "include: [deep/a.yaml]\ntraining: {epochs: 8, eps: 0.25}\n");
    scratch_write("parts/c.yaml", "training: {eps: 0.125}\nmatrix: {seed: [4, 5, 6]}\n");
    ix_suite *suite = scratch_read("include: [parts/b.yaml, parts/c.yaml]\nsuite: s\ntask: preference\n"
                                   "data: {miniworld: chat}\nmatrix: {model: [m]}\ntraining: {shuffle: false}\n",
                                   NULL);
    const ix_training_settings *t = &suite->settings.training;
    assert_int_equal(t->epochs, 8);
    assert_true(t->beta == 0.5 && t->betas[0] == 0.1 && t->betas[1] == 0.2 && t->eps == 0.125 && !t->shuffle);
    assert_string_equal(suite->settings.output, "a");
    assert_int_equal(suite->seeds, 3);
    char *given = ix_suite_given(suite);
    assert_non_null(strstr(given, "# file: suite.yaml\ninclude:"));
    assert_non_null(strstr(given, "# file: parts/deep/a.yaml\ntraining: {epochs: 7"));
    free(given);
    ix_suite_destroy(&suite);
}

/* Errors of all files, each with its own place, in one message. */
static void errors_of_all_files(void **state)
{
    (void)state;
    scratch_write("one.yaml", "training:\n  epochs: x\n");
    scratch_write("two.yaml", "training: {eps: 2}\n# a comment\nunknown: 1\n");
    scratch_write("three.yaml", "training: [\n");
    scratch_refuse("include: [one.yaml, none.yaml, two.yaml, three.yaml]\nsuite: a b\n", NULL,
                   "suite.yaml:1:21: include: none.yaml: No such file or directory\n"
                   "suite.yaml:2:8: suite: a b is no name: letters, digits, '.', '-', '_', at most 64, the first a "
                   "letter or digit\n"
                   "one.yaml:2:11: training.epochs: a whole number is expected, not x\n"
                   "two.yaml:1:17: training.eps: 2 is above 1: above 0 to 1 is allowed\n"
                   "two.yaml:3:1: unknown: unknown key. Known: suite, task, include, data, matrix, parts, model, "
                   "training, pretrain, theory, scaling, evaluate, generate, quality, checkpoint, watchdog, parallel, compat, speed, output\n"
                   "three.yaml:2:1: training: YAML: did not find expected node content (while parsing a flow node)");
}

static void cycles_end(void **state)
{
    (void)state;
    CHECK_OK(ix_make_folders("ring"));
    scratch_write("ring/a.yaml", "include: [b.yaml]\n");
    scratch_write("ring/b.yaml", "include: [../ring/../suite.yaml]\n");
    scratch_refuse(SUITE "include: [ring/a.yaml]\n", NULL,
                   "ring/b.yaml:1:11: include: ring/../ring/../suite.yaml: includes itself, by way of ring/b.yaml");
}

static void include_depth_is_bounded(void **state)
{
    ix_suite *suite = NULL;
    (void)state;
    for (int i = 0; i < 20; i++) {
        char *path = ix_format("d%d.yaml", i), *text = ix_format("include: [d%d.yaml]\n", i + 1);
        scratch_write(path, text);
        free(path);
        free(text);
    }
    scratch_write("suite.yaml", SUITE "include: [d0.yaml]\n");
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT,
                "d14.yaml:1:11: include: d15.yaml: files include one another more than 16 deep");
}

/* Every file asks for the two below it twice: without a bound that would be 2^15 readings. */
static void include_count_is_bounded(void **state)
{
    ix_suite *suite = NULL;
    (void)state;
    for (int i = 0; i < 12; i++) {
        char *path = ix_format("d%d.yaml", i), *text = ix_format("include: [d%d.yaml, d%d.yaml]\n", i + 1, i + 1);
        scratch_write(path, text);
        free(path);
        free(text);
    }
    scratch_write("d12.yaml", "{}\n");
    scratch_write("suite.yaml", SUITE "include: [d0.yaml]\n");
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT, "more than 100 files");
}

static char *repeat(const char *first, const char *item, int n, const char *last)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    fputs(first, f);
    for (int i = 0; i < n; i++) fprintf(f, item, i);
    fputs(last, f);
    fclose(f);
    return text;
}

static void sizes_are_bounded(void **state)
{
    char *nodes = repeat(SUITE "output: [", "%d,", 100000, "0]\n");
    char *keys = repeat(SUITE "training: {", "k%d: 1, ", 1001, "}\n");
    char *deep = repeat(SUITE "output: ", "{a%d: ", 5000, "\n");
    char *large = repeat(SUITE, "# comment number %060d\n", 20000, "");
    ix_suite *suite = NULL;
    (void)state;
    scratch_write("suite.yaml", nodes);
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT, "more than 100000 values");
    scratch_write("suite.yaml", keys);
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT, "more than 1000 keys");
    scratch_write("suite.yaml", deep);
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT, "nested more than 32 deep");
    scratch_write("suite.yaml", large);
    CHECK_FAILS(ix_suite_read(&suite, "suite.yaml", NULL, 0), IX_EINPUT, "suite.yaml: longer than 1 MiB");
    free(nodes);
    free(keys);
    free(deep);
    free(large);
}

static void overrides(void **state)
{
    const char *sets[] = {"training.epochs=3", "matrix.seed=[7, 8]", "data.max_tokens={prompt: 9}",
                          "model.format=\"chatml\"", "parts.b.training.beta=4"};
    ix_suite *suite;
    ix_point p;
    (void)state;
    scratch_write("suite.yaml", SUITE "parts:\n  a: {training: {epochs: 1, eps: 0.5}}\n  b: {training: {beta: 2}}\n"
                                      "  c: {data: {max_tokens: {prompt: 1, response: 2}}}\n");
    CHECK_OK(ix_suite_read(&suite, "suite.yaml", sets, 5));
    assert_int_equal(ix_suite_points(suite), 12);
    ix_suite_point(&p, suite, 0);
    assert_int_equal(p.settings.training.epochs, 3); /* wins over the part */
    assert_true(p.settings.training.eps == 0.5);
    assert_int_equal(p.seed, 7);
    assert_int_equal(p.settings.data.max_prompt, 9);
    assert_string_equal(p.settings.model.format, "chatml");
    ix_suite_point(&p, suite, 4);
    assert_true(p.settings.training.beta == 4);
    ix_suite_point(&p, suite, 8);
    assert_int_equal(p.settings.data.max_prompt, 9);
    assert_int_equal(p.settings.data.max_response, 2);
    char *given = ix_suite_given(suite);
    assert_non_null(strstr(given, "# --set training.epochs=3\n# --set matrix.seed=[7, 8]\n"));
    free(given);
    ix_suite_destroy(&suite);
}

static void bad_overrides(void **state)
{
    (void)state;
    scratch_refuse(SUITE, "training.epochs", "--set training.epochs: key.path=value is expected");
    scratch_refuse(SUITE, "=3", "--set =3: key.path=value is expected");
    scratch_refuse(SUITE, "training..epochs=3", "--set training..epochs=3: key.path=value is expected");
    scratch_refuse(SUITE, "training.epochs=", "--set training.epochs=: a value is expected behind the =");
    scratch_refuse(SUITE, "training.epochs=-1",
                   "--set training.epochs=-1: training.epochs: -1 is below 0: 0 to 10000 is allowed");
    scratch_refuse(SUITE, "training.shuffle=no",
                   "--set training.shuffle=no: training.shuffle: no is no truth value here: write true or false");
    scratch_refuse(SUITE, "matrix.seed=[1",
                   "--set matrix.seed=[1: YAML: did not find expected ',' or ']' (while parsing a flow sequence)");
    scratch_refuse(SUITE, "trainig.epochs=1",
                   "--set trainig.epochs=1: trainig: unknown key, did you mean training? Known: suite, task, include, "
                   "data, matrix, parts, model, training, pretrain, theory, scaling, evaluate, generate, quality, checkpoint, watchdog, parallel, compat, "
                   "speed, output");
    scratch_refuse("suite: s\ntask: preference\ndata: {miniworld: chat}\nmatrix: {model: [m], epochs: [1, 2]}\n",
                   "training.epochs=3",
                   "--set training.epochs=3: training.epochs: matrix.epochs gives the values: this one would be lost");
}

/* Every rank parses the bytes that one rank gathered, and needs no file for it. */
static void parsing_needs_no_files(void **state)
{
    char *blob;
    size_t size;
    ix_suite *suite;
    (void)state;
    scratch_write("gone.yaml", "training: {epochs: 9}\n");
    scratch_write("suite.yaml", SUITE "include: [gone.yaml]\n");
    CHECK_OK(ix_suite_load(&blob, &size, "suite.yaml"));
    assert_int_equal(remove("gone.yaml") | remove("suite.yaml"), 0);
    CHECK_OK(ix_suite_parse(&suite, blob, size, NULL, 0));
    assert_int_equal(suite->settings.training.epochs, 9);
    assert_string_equal(suite->path, "suite.yaml");
    ix_suite_destroy(&suite);
    free(blob);
}

static void data_are_found(void **state)
{
    char path[4096], *root = ix_format("%s/tree", scratch_folder);
    ix_suite *suite = NULL;
    (void)state;
    CHECK_OK(ix_make_folders("tree/suites/beside"));
    CHECK_OK(ix_make_folders("tree/data"));
    CHECK_OK(ix_make_folders("elsewhere"));
    scratch_write("tree/suites/s.yaml", SUITE);
    scratch_write("tree/suites/beside/x.jsonl", "");
    scratch_write("tree/data/x.jsonl", "");
    scratch_write("tree/data/y.jsonl", "");
    scratch_write("elsewhere/z.jsonl", "");
    CHECK_OK(ix_suite_read(&suite, "tree/suites/s.yaml", NULL, 0));
    CHECK_OK(ix_find_data(path, sizeof path, suite, "beside/x.jsonl"));
    assert_string_equal(path, "tree/suites/beside/x.jsonl");
    CHECK_OK(ix_find_data(path, sizeof path, suite, "x.jsonl"));
    assert_string_equal(path, "tree/suites/../data/x.jsonl");
    CHECK_FAILS(ix_find_data(path, sizeof path, suite, "z.jsonl"), IX_EINPUT,
                "z.jsonl: not found. Looked for: tree/suites/z.jsonl, ./z.jsonl, ./data/z.jsonl, "
                "tree/suites/../data/z.jsonl, ");
    setenv("IMPEX_DATA", "elsewhere", 1);
    CHECK_OK(ix_find_data(path, sizeof path, suite, "z.jsonl"));
    assert_string_equal(path, "elsewhere/z.jsonl");
    unsetenv("IMPEX_DATA");
    CHECK_OK(ix_find_data(path, sizeof path, NULL, "tree/data/y.jsonl"));
    CHECK_FAILS(ix_find_data(path, sizeof path, NULL, "/nowhere/y"), IX_EINPUT, "/nowhere/y: not found");
    ix_suite_destroy(&suite);
    free(root);
}

static void models_are_found(void **state)
{
    ix_model_place place;
    ix_suite *suite;
    (void)state;
    CHECK_OK(ix_make_folders("m/suites"));
    CHECK_OK(ix_make_folders("m/yaml/models"));
    CHECK_OK(ix_make_folders("weights/tiny"));
    CHECK_OK(ix_make_folders("m/data/small/model"));
    scratch_write("weights/tiny/config.json", "{}");
    scratch_write("m/data/small/model/config.json", "{}");
    scratch_write("m/yaml/models/tiny.yaml", "path: tiny\nformat: llama3\nabout: ask me\n");
    scratch_write("m/yaml/models/small.yaml", "path: small/model\n");
    scratch_write("m/yaml/models/odd.yaml", "path: [a]\nformt: b\n");
    scratch_write("m/suites/s.yaml", SUITE "model: {format: chatml}\n");
    CHECK_OK(ix_suite_read(&suite, "m/suites/s.yaml", NULL, 0));
    CHECK_OK(ix_find_model(&place, suite, NULL, "small"));
    assert_string_equal(place.folder, "m/suites/../data/small/model");
    assert_string_equal(place.format, "auto");
    CHECK_FAILS(ix_find_model(&place, suite, NULL, "tiny"), IX_EINPUT, ". About this model: ask me");
    setenv("IMPEX_MODELS", "weights", 1);
    CHECK_OK(ix_find_model(&place, suite, NULL, "tiny"));
    assert_string_equal(place.folder, "weights/tiny");
    assert_string_equal(place.format, "llama3");
    assert_string_equal(place.llama_date, "26 Jul 2024");
    CHECK_OK(ix_find_model(&place, suite, &suite->settings, "tiny"));
    assert_string_equal(place.format, "chatml"); /* the suite says it outright */
    unsetenv("IMPEX_MODELS");
    CHECK_OK(ix_find_model(&place, NULL, NULL, "weights/tiny"));
    assert_string_equal(place.folder, "./weights/tiny");
    CHECK_FAILS(
        ix_find_model(&place, suite, NULL, "tinny"), IX_EINPUT,
        "model tinny: no file yaml/models/tinny.yaml and no folder with config.json, did you mean tiny? Looked");
    CHECK_FAILS(ix_find_model(&place, suite, NULL, "odd"), IX_EINPUT,
                "m/suites/../yaml/models/odd.yaml:1:7: path: a text is expected, not a list\n"
                "m/suites/../yaml/models/odd.yaml:2:1: formt: unknown key, did you mean format?");
    ix_suite_destroy(&suite);
}

static void check_schema(ix_schema what, const char *path)
{
    char *text, *stored;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    CHECK_OK(ix_schema_write(f, what));
    fclose(f);
    CHECK_OK(ix_file_read(path, &stored, &size));
    if (strcmp(text, stored) != 0)
        fail_msg("%s is not what the option tables say: write it anew (build target `schema`)", path);
    free(text);
    free(stored);
}

static void schemas_are_up_to_date(void **state)
{
    (void)state;
    check_schema(IX_SCHEMA_SUITE, IX_SOURCE_DIR "/yaml/schema/suite.json");
    check_schema(IX_SCHEMA_MODEL, IX_SOURCE_DIR "/yaml/schema/model.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(includes_merge),
        cmocka_unit_test(errors_of_all_files),
        cmocka_unit_test(cycles_end),
        cmocka_unit_test(include_depth_is_bounded),
        cmocka_unit_test(include_count_is_bounded),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(overrides),
        cmocka_unit_test(bad_overrides),
        cmocka_unit_test(parsing_needs_no_files),
        cmocka_unit_test(data_are_found),
        cmocka_unit_test(models_are_found),
        cmocka_unit_test(schemas_are_up_to_date),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
