/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/table.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "config/suite.h"
#include "data/inspect.h"
#include "data/recipe.h"

static const char usage[] =
    "usage: impex data\n"
    "       impex data RECIPE SOURCE... --out FOLDER [--tokenizer MODEL]\n"
    "\n"
    "Builds a data set of the paper from its public source files (JSON lines), with the authors' filters, seeds and\n"
    "order, and writes FOLDER/SET.jsonl and FOLDER/RECIPE.json: counts of every step beside the authors', hashes of\n"
    "sources and sets, and what is odd about the sets. Without a recipe: which there are, and what they read.\n"
    "\n"
    "MODEL is a folder with the tokenizer.json of meta-llama/Llama-3.2-1B, by which the authors measured lengths, or "
    "a\n"
    "name of yaml/models. docs/data.md says where the sources are and how Parquet becomes JSON lines.\n";

static int source_count(const ix_recipe *r)
{
    int n = 0;
    while (r->sources[n]) n++;
    return n;
}

static void print_recipes(void)
{
    ix_table_text *table = ix_table_create("llll");
    const char *const head[] = {"recipe", "sources", "tokenizer", "what it builds"};
    for (int i = 0; i < 4; i++) ix_table_add(table, "%s", head[i]);
    for (int i = 0; ix_recipes[i]; i++) {
        const ix_recipe *r = ix_recipes[i];
        char sources[256] = "";
        for (int k = 0; r->sources[k]; k++)
            snprintf(sources + strlen(sources), sizeof sources - strlen(sources), "%s%s", k ? " " : "", r->sources[k]);
        ix_table_add(table, "%s", r->name);
        ix_table_add(table, "%s", sources);
        ix_table_add(table, "%s", r->tokenizer ? "yes" : "");
        ix_table_add(table, "%s", r->about);
    }
    ix_table_print(table, stdout);
    ix_table_destroy(&table);
}

static ix_status find_recipe(const char *name, int operands, const ix_recipe **out)
{
    *out = ix_recipe_find(name);
    if (!*out) return ix_fail(IX_EINPUT, "there is no recipe %s; impex data lists them", name);
    int n = source_count(*out);
    if (operands == n) return IX_OK;
    return ix_fail(IX_EINPUT, "recipe %s reads %d file%s; %d given (impex data says which)", name, n, n == 1 ? "" : "s",
                   operands);
}

static ix_status open_tokenizer(ix_tokenizer **out, const char *name)
{
    ix_status rc = IX_OK;
    ix_model_place place;
    if (ix_is_folder(name)) return ix_tokenizer_open(out, name);
    IX_TRY(ix_find_model(&place, NULL, NULL, name));
    IX_TRY(ix_tokenizer_open(out, place.folder));
done:
    return rc;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

static ix_status write_set(const ix_texts *texts, const char *path)
{
    ix_status rc = IX_OK;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    IX_NEED(f, IX_ENOMEM, "%s: out of memory", path);
    for (int64_t i = 0; i < ix_texts_count(texts); i++) {
        const ix_text_pair *p = ix_texts_get(texts, i);
        json_t *row = json_pack("{s:s, s:s, s:s}", "prompt", p->turn[0].content, "chosen", p->response[IX_CHOSEN],
                                "rejected", p->response[IX_REJECTED]);
        bool written = row && json_dumpf(row, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF;
        json_decref(row);
        IX_NEED(written, IX_ENOMEM, "%s: out of memory", path);
    }
    IX_NEED(fflush(f) == 0, IX_ENOMEM, "%s: out of memory", path);
    IX_TRY(ix_file_write(path, text, size));
done:
    if (f) fclose(f);
    free(text);
    return rc;
}

static json_t *sides(int64_t chosen, int64_t rejected)
{
    return json_pack("[I, I]", (json_int_t)chosen, (json_int_t)rejected);
}

static json_t *inspection_of(const ix_inspection *n)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:f}", "repeated", (json_int_t)n->repeated,
                     "repeated_prompts", (json_int_t)n->repeated_prompts, "equal", (json_int_t)n->equal, "empty",
                     sides(n->empty[0], n->empty[1]), "cut", sides(n->cut[0], n->cut[1]), "shortest",
                     sides(n->shortest[0], n->shortest[1]), "median", sides(n->median[0], n->median[1]), "longest",
                     sides(n->longest[0], n->longest[1]), "shorter_wins", n->shorter_wins);
}

/* One set's file, and its part of the record. */
static ix_status finish_set(const ix_recipe_set *set, const char *folder, json_t *list)
{
    ix_status rc = IX_OK;
    ix_inspection n;
    char file[IX_HASH_HEX], pairs[IX_HASH_HEX], *path = ix_format("%s/%s.jsonl", folder, set->name);
    IX_TRY(write_set(set->texts, path));
    IX_TRY(ix_hash_file(path, file));
    ix_texts_hash(set->texts, pairs);
    IX_TRY(ix_inspect(set->texts, &n));
    json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:o}", "set", set->name, "pairs", (json_int_t)n.pairs, "sha256", file,
                            "pairs_sha256", pairs, "checks", inspection_of(&n));
    if (set->tokens[0] > 0) {
        json_object_set_new(row, "tokens", json_pack("[f, f]", set->tokens[0], set->tokens[1]));
        if (set->authors[0] > 0)
            json_object_set_new(row, "authors_tokens", json_pack("[f, f]", set->authors[0], set->authors[1]));
    }
    IX_NEED(json_array_append_new(list, row) == 0, IX_ENOMEM, "%s: out of memory", path);
done:
    free(path);
    return rc;
}

static json_t *steps_of(const ix_recipe_work *w)
{
    json_t *list = json_array();
    for (int i = 0; i < w->steps; i++) {
        const ix_recipe_step *s = &w->step[i];
        json_t *row = json_pack("{s:s, s:s, s:I}", "split", s->split, "step", s->what, "count", (json_int_t)s->count);
        if (s->authors >= 0) json_object_set_new(row, "authors", json_integer(s->authors));
        json_array_append_new(list, row);
    }
    return list;
}

static ix_status add_sources(const ix_recipe_work *w, json_t *record)
{
    ix_status rc = IX_OK;
    json_t *list = json_array();
    char hex[IX_HASH_HEX];
    for (int i = 0; w->recipe->sources[i]; i++) {
        IX_TRY(ix_hash_file(w->path[i], hex));
        json_array_append_new(list, json_pack("{s:s, s:s}", "source", w->recipe->sources[i], "sha256", hex));
    }
    if (w->tok) {
        ix_tokenizer_hash(w->tok, hex);
        json_object_set_new(record, "tokenizer_hash", json_string(hex));
    }
done:
    json_object_set_new(record, "sources", list);
    return rc;
}

/* Test sets against the first set, which is trained on. */
static ix_status add_overlaps(const ix_recipe_work *w, json_t *record)
{
    ix_status rc = IX_OK;
    json_t *list = json_array();
    ix_known *train = NULL;
    IX_TRY(ix_known_create(&train, w->set[0].texts));
    for (int i = 0; i < w->sets; i++) {
        ix_overlap o;
        if (!strstr(w->set[i].name, "_test")) continue;
        ix_known_overlap(train, w->set[i].texts, &o);
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:o, s:I}", "train", w->set[0].name, "test",
                                              w->set[i].name, "prompts", (json_int_t)o.prompts, "responses",
                                              sides(o.response[0], o.response[1]), "pairs", (json_int_t)o.pairs));
    }
done:
    ix_known_destroy(&train);
    json_object_set_new(record, "overlaps", list);
    return rc;
}

static ix_status write_record(const ix_recipe_work *w, const char *folder)
{
    ix_status rc = IX_OK;
    char *path = ix_format("%s/%s.json", folder, w->recipe->name), *text = NULL, *line = NULL;
    json_t *record = json_pack("{s:s, s:b, s:o}", "recipe", w->recipe->name, "as_the_authors", ix_recipe_agrees(w),
                               "steps", steps_of(w)),
           *sets = json_array();
    IX_NEED(record && sets, IX_ENOMEM, "%s: out of memory", path);
    json_object_set_new(record, "sets", sets);
    IX_TRY(add_sources(w, record));
    for (int i = 0; i < w->sets; i++) IX_TRY(finish_set(&w->set[i], folder, sets));
    IX_TRY(add_overlaps(w, record));
    IX_NEED(text = json_dumps(record, JSON_INDENT(1) | JSON_REAL_PRECISION(12)), IX_ENOMEM, "%s: out of memory", path);
    line = ix_format("%s\n", text);
    IX_TRY(ix_file_write(path, line, strlen(line)));
done:
    json_decref(record);
    free(line);
    free(text);
    free(path);
    return rc;
}

/* --- what is said ----------------------------------------------------------------------------------------------- */

static void print_steps(const ix_recipe_work *w)
{
    ix_table_text *table = ix_table_create("llrrl");
    const char *const head[] = {"split", "step", "count", "authors", ""};
    for (int i = 0; i < 5; i++) ix_table_add(table, "%s", head[i]);
    for (int i = 0; i < w->steps; i++) {
        const ix_recipe_step *s = &w->step[i];
        ix_table_add(table, "%s", s->split);
        ix_table_add(table, "%s", s->what);
        ix_table_add(table, "%lld", (long long)s->count);
        if (s->authors < 0) ix_table_add(table, "-");
        else ix_table_add(table, "%lld", (long long)s->authors);
        ix_table_add(table, "%s", s->authors >= 0 && s->authors != s->count ? "differs" : "");
    }
    ix_table_print(table, stdout);
    ix_table_destroy(&table);
}

static void print_sets(const ix_recipe_work *w, const char *folder)
{
    char hex[IX_HASH_HEX];
    for (int i = 0; i < w->sets; i++) {
        const ix_recipe_set *s = &w->set[i];
        ix_texts_hash(s->texts, hex);
        printf("%s/%s.jsonl: %lld pairs, %.16s", folder, s->name, (long long)ix_texts_count(s->texts), hex);
        if (s->tokens[0] > 0) printf(", mean tokens %.4f and %.4f", s->tokens[0], s->tokens[1]);
        if (s->tokens[0] > 0 && s->authors[0] > 0) printf(" (authors: %.4f and %.4f)", s->authors[0], s->authors[1]);
        printf("\n");
    }
}

static ix_status build(const ix_recipe *recipe, char **path, const char *folder, const ix_tokenizer *tok)
{
    ix_status rc = IX_OK;
    ix_recipe_work w = {.recipe = recipe, .path = path, .tok = tok};
    IX_TRY(ix_recipe_build(&w));
    IX_TRY(ix_make_folders(folder));
    IX_TRY(write_record(&w, folder));
    print_steps(&w);
    print_sets(&w, folder);
    if (!ix_recipe_agrees(&w))
        ix_warn("%s: this is not the authors' data set: the figures differ from theirs where the table says so",
                recipe->name);
done:
    ix_recipe_free(&w);
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    ix_tokenizer *tok = NULL;
    const ix_recipe *recipe;
    (void)exit_code;
    const char *folder = ix_take_option(&argc, argv, "--out", &rc);
    const char *tokenizer = ix_take_option(&argc, argv, "--tokenizer", &rc);
    if (rc != IX_OK) return rc;
    IX_TRY(ix_check_operands(argc, argv, 0, argc, "data"));
    if (argc == 1) {
        print_recipes();
        goto done;
    }
    IX_TRY(find_recipe(argv[1], argc - 2, &recipe));
    IX_NEED(folder, IX_EINPUT, "--out FOLDER is missing: where the sets are written");
    IX_NEED(tokenizer || !recipe->tokenizer, IX_EINPUT,
            "recipe %s counts tokens: --tokenizer FOLDER, that of meta-llama/Llama-3.2-1B, is missing", recipe->name);
    if (tokenizer) IX_TRY(open_tokenizer(&tok, tokenizer));
    IX_TRY(build(recipe, argv + 2, folder, tok));
done:
    ix_tokenizer_close(&tok);
    return rc;
}

const ix_command ix_command_data = {.name = "data",
                                    .about = "the paper's data sets from their public sources",
                                    .usage = usage,
                                    .ranks = IX_FIRST_ONLY,
                                    .run = run};
