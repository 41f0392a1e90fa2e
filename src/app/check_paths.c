/* SPDX-License-Identifier: Apache-2.0 */
#include "app/check_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/table.h"
#include "base/file.h"
#include "data/inspect.h"
#include "data/pairs.h"
#include "data/persona.h"
#include "model/model.h"
#include "store/reader.h"
#include "suite/launch.h"
#include "task/vocabulary.h"

ix_status ix_check_suite(const char *path, char **about)
{
    ix_status rc = IX_OK;
    ix_suite *suite = NULL;
    ix_bench *bench = NULL;
    ix_runs runs = {0};

    IX_TRY(ix_suite_read(&suite, path, NULL, 0));
    IX_TRY(ix_bench_create(&bench, NULL));
    IX_TRY(ix_runs_list(&runs, bench, suite));
    *about = ix_format("%lld run%s", (long long)runs.count, runs.count == 1 ? "" : "s");
done:
    ix_runs_free(&runs);
    ix_bench_destroy(&bench);
    ix_suite_destroy(&suite);
    return rc;
}

/* --- data --------------------------------------------------------------------------------------------------- */

/* The file of task persona holds statements, not pairs. */
static bool is_persona(const char *path, char **about)
{
    ix_sets *sets = NULL;
    if (ix_persona_sets(&sets, path) != IX_OK) return false;
    *about = ix_format("persona statements: %lld pairs to train, %d sets to judge",
                       (long long)ix_texts_count(ix_sets_train(sets)), ix_sets_count(sets));
    ix_sets_destroy(&sets);
    return true;
}

static char *about_pairs(const ix_texts *texts, const ix_inspection *n)
{
    char a[IX_FIGURE], b[IX_FIGURE], c[IX_FIGURE];
    const char *unit = ix_texts_as_ids(texts) ? "tokens" : "characters";
    return ix_format(
        "%s pair%s of %s, %s of them repeated, %s with equal answers; responses, chosen and rejected: %lld "
        "and %lld empty, %lld and %lld look cut, median %lld and %lld %s; the shorter one is chosen in %.4f",
        ix_figure_count(a, n->pairs), n->pairs == 1 ? "" : "s", ix_texts_as_ids(texts) ? "token ids" : "texts",
        ix_figure_count(b, n->repeated), ix_figure_count(c, n->equal), (long long)n->empty[0], (long long)n->empty[1],
        (long long)n->cut[0], (long long)n->cut[1], (long long)n->median[0], (long long)n->median[1], unit,
        n->shorter_wins);
}

ix_status ix_check_data(const char *path, char **about)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    ix_inspection n;

    if (is_persona(path, about)) return IX_OK;
    IX_TRY(ix_texts_read(&texts, path, NULL));
    IX_TRY(ix_inspect(texts, &n));
    *about = about_pairs(texts, &n);
done:
    ix_texts_destroy(&texts);
    return rc;
}

ix_status ix_check_overlap(const char *train, const char *test, char **about)
{
    ix_status rc = IX_OK;
    ix_texts *a = NULL, *b = NULL;
    ix_known *known = NULL;
    ix_overlap o;
    *about = NULL;
    IX_TRY(ix_texts_read(&a, train, NULL));
    IX_TRY(ix_texts_read(&b, test, NULL));
    IX_TRY(ix_known_create(&known, a));
    ix_known_overlap(known, b, &o);
    if (o.prompts > 0)
        *about = ix_format("of %lld pairs, %s has %lld prompts, %lld with the same chosen response, %lld with the same "
                           "rejected one",
                           (long long)ix_texts_count(b), train, (long long)o.prompts, (long long)o.response[IX_CHOSEN],
                           (long long)o.response[IX_REJECTED]);
done:
    ix_known_destroy(&known);
    ix_texts_destroy(&a);
    ix_texts_destroy(&b);
    return rc;
}

/* --- models --------------------------------------------------------------------------------------------------- */

/* Which rows the folder claims to have: a head unless it is a classifier, a score head if there is one. */
static ix_status make_model(ix_model **out, const char *folder, int64_t vocabulary, bool *score)
{
    static const ix_extra row = {.name = "score.weight"};
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;

    IX_TRY(ix_safetensors_open(&file, folder));
    *score = ix_safetensors_find(file, row.name) != NULL;
    bool head = !*score || ix_safetensors_find(file, "lm_head.weight");
    ix_model_wish wish = {.head = head, .vocabulary = vocabulary, .extra = &row, .extras = *score};
    IX_TRY(ix_model_create(out, folder, &wish));
done:
    ix_safetensors_close(&file);
    return rc;
}

/* The tokenizer, and what its chat format adds to it. */
static ix_status describe_tokenizer(const char *folder, int32_t V, char **out)
{
    ix_vocabulary v = {0};
    char *path = ix_format("%s/tokenizer.json", folder);
    bool there = ix_file_exists(path);

    free(path);
    if (!there) {
        *out = ix_format("no tokenizer: it takes pairs of token ids only");
        return IX_OK;
    }
    ix_status rc = ix_vocabulary_open(&v, folder, "auto", NULL, NULL);
    if (rc == IX_OK && v.rows < V)
        *out = ix_format("%d tokens, chat format %s (adds %d tokens, drops %d padded rows)", v.own,
                         ix_chat_name(v.chat), v.tokens - v.own, V - v.rows);
    else if (rc == IX_OK)
        *out = ix_format("%d tokens, chat format %s (adds %d tokens, %d rows)", v.own, ix_chat_name(v.chat),
                         v.tokens - v.own, v.added);
    ix_vocabulary_close(&v);
    return rc;
}

ix_status ix_check_model(const char *folder, char **about)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    ix_model_config config;
    char *text = NULL, f[IX_FIGURE];
    bool score;

    IX_TRY(ix_model_config_read(&config, folder));
    IX_TRY(make_model(&model, folder, 0, &score));
    IX_TRY(ix_model_check(model, folder));
    IX_TRY(ix_folder_check_numbers(folder));
    IX_TRY(describe_tokenizer(folder, config.V, &text));
    *about = ix_format("%s, %s parameters, %d layers of width %d, vocabulary %d%s; %s", config.model_type,
                       ix_figure_count(f, ix_model_params(model)->floats), config.layers, config.D, config.V,
                       score ? ", with a score head (ex_rm)" : "", text);
done:
    ix_model_destroy(&model);
    free(text);
    return rc;
}

ix_status ix_check_weights(const char *path, char **about)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;
    char f[IX_FIGURE];
    int64_t numbers = 0, at;

    IX_TRY(ix_safetensors_open_file(&file, path));
    for (int i = 0; i < ix_safetensors_count(file); i++) {
        const ix_tensor_view *t = ix_safetensors_at(file, i);
        IX_NEED(ix_tensor_finite(t, &at), IX_EINPUT, "%s: tensor %s holds NaN or infinity at element %lld", path,
                t->name, (long long)at);
        numbers += t->count;
    }
    *about = ix_format("%d tensors, %s numbers, all finite", ix_safetensors_count(file), ix_figure_count(f, numbers));
done:
    ix_safetensors_close(&file);
    return rc;
}

/* --- results --------------------------------------------------------------------------------------------------- */

ix_status ix_check_result(const char *path, char **about)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    int64_t pairs = 0, count;

    IX_TRY(ix_reader_open(&rd, path));
    const char *verdict = ix_reader_text(rd, "/", "verdict");
    IX_NEED(!strcmp(verdict, "VALID"), IX_EINPUT, "%s: the run is not valid: %s", path, verdict);
    for (int i = 0; i < ix_reader_sets(rd); i++) {
        char *group = ix_format("/eval/%s", ix_reader_set(rd, i));
        if (ix_reader_int(rd, group, "count", &count)) pairs += count;
        free(group);
    }
    *about = ix_format("%s, %s, %s; %d sets of %lld pairs; VALID", ix_reader_text(rd, "/", "model"),
                       ix_reader_text(rd, "/", "objective"), ix_reader_text(rd, "/", "finished"), ix_reader_sets(rd),
                       (long long)pairs);
done:
    ix_reader_close(&rd);
    return rc;
}
