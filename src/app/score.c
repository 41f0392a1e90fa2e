/* SPDX-License-Identifier: Apache-2.0
 *
 * score.c - rewards of a model for pairs of a file. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/begin.h"
#include "app/command.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "config/suite.h"
#include "task/vocabulary.h"
#include "train/metrics.h"
#include "train/reference.h"
#include "train/trainer.h"

static const char usage[] =
    "usage: impex score MODEL pairs.jsonl [--reference MODEL] [--beta B] [--objective NAME] [--format NAME]\n"
    "       [--columns PROMPT,CHOSEN,REJECTED] [--storage fp32|bf16]\n"
    "\n"
    "Rewards of the pairs as JSON lines: {\"row\": 0, \"chosen\": 1.25, \"rejected\": -0.5}, in the order of the file, "
    "row\n"
    "counted from 0. Accuracy and margin go to standard error. Works under mpirun; the output is the same, byte for\n"
    "byte, on any number of ranks.\n"
    "\n"
    "MODEL is a Hugging Face folder or a name of yaml/models; pairs.jsonl holds prompt, chosen, rejected as suites "
    "have\n"
    "them. A folder with score.weight is an explicit reward model (ex_rm): the reward is its score of the last token.\n"
    "Without one the model is an implicit reward model (im_rm): the reward is beta times the log-ratio of the "
    "response\n"
    "under MODEL and under --reference.\n"
    "\n"
    "  --reference MODEL   what an implicit reward model started from; required for im_rm\n"
    "  --beta B            of im_rm, 0.01 by default\n"
    "  --objective NAME    ex_rm or im_rm, where the folder could be both\n"
    "  --format NAME       chat format; auto by default: by the tokenizer's template\n"
    "  --columns NAMES     of the three columns, where they have others, with commas between them\n"
    "  --storage bf16      matrices are held as bf16, in half the memory, and multiplied as fp32: the same bits for a\n"
    "                      folder that holds bf16, another one is rounded\n";

typedef struct {
    const char *name, *reference_name, *format, *path;
    char *names; /* the text that columns point into; NULL: none was given */
    ix_columns columns;
    const ix_objective *objective;
    ix_objective_settings settings;
    ix_storage storage;
    ix_grid *grid;
    ix_model_place place;
    int64_t vocabulary; /* rows of the embedding with what the chat format adds */
    ix_pairs *pairs;
    ix_pair_result *reference, *result;
    /* the model in hand: the reference's, then the policy's */
    ix_model *model;
    float *weights;
} scoring;

static void close_model(scoring *s)
{
    ix_model_destroy(&s->model);
    free(s->weights);
    s->weights = NULL;
}

static void close_scoring(scoring *s)
{
    close_model(s);
    ix_pairs_destroy(&s->pairs);
    free(s->names);
    free(s->reference);
    free(s->result);
    ix_grid_destroy(&s->grid);
}

/* --- what was asked ------------------------------------------------------------------------------------------- */

static ix_status take_beta(int *argc, char **argv, double *beta)
{
    ix_status rc = IX_OK;
    char *end;
    const char *text = ix_take_option(argc, argv, "--beta", &rc);
    *beta = text ? strtod(text, &end) : 0.01;
    if (rc != IX_OK || !text || (end > text && !*end && *beta > 0 && *beta <= 1e3)) return rc;
    return ix_fail(IX_EINPUT, "--beta %s: a number above 0 and at most 1000 is expected", text);
}

static ix_status take_storage(int *argc, char **argv, ix_storage *storage)
{
    ix_status rc = IX_OK;
    const char *text = ix_take_option(argc, argv, "--storage", &rc);
    *storage = text && !strcmp(text, "bf16") ? IX_BF16 : IX_FP32;
    if (rc != IX_OK || !text || *storage == IX_BF16 || !strcmp(text, "fp32")) return rc;
    return ix_fail(IX_EINPUT, "--storage %s: fp32 or bf16 is expected", text);
}

static ix_status take_columns(scoring *s, const char *text)
{
    char *rest = NULL;
    if (!text) return IX_OK;
    s->names = ix_format("%s", text);
    s->columns.prompt = strtok_r(s->names, ",", &rest);
    s->columns.chosen = strtok_r(NULL, ",", &rest);
    s->columns.rejected = strtok_r(NULL, ",", &rest);
    if (s->columns.rejected && !strtok_r(NULL, ",", &rest)) return IX_OK;
    return ix_fail(IX_EINPUT, "--columns %s: three names with commas between them are expected", text);
}

static ix_status take_arguments(scoring *s, int argc, char **argv, const char **objective)
{
    ix_status rc = IX_OK, missing = IX_OK;
    s->reference_name = ix_take_option(&argc, argv, "--reference", &missing);
    *objective = ix_take_option(&argc, argv, "--objective", &missing);
    s->format = ix_take_option(&argc, argv, "--format", &missing);
    const char *columns = ix_take_option(&argc, argv, "--columns", &missing);
    IX_TRY(missing);
    IX_TRY(take_beta(&argc, argv, &s->settings.beta));
    IX_TRY(take_storage(&argc, argv, &s->storage));
    IX_TRY(take_columns(s, columns));
    IX_TRY(ix_check_operands(argc, argv, 2, 2, "score"));
    s->name = argv[1];
    s->path = argv[2];
done:
    return rc;
}

/* The folder tells what it is, unless it is told. */
static ix_status choose_objective(scoring *s, const char *asked)
{
    ix_status rc = IX_OK;
    ix_safetensors *file = NULL;

    IX_TRY(ix_safetensors_open(&file, s->place.folder));
    bool score = ix_safetensors_find(file, "score.weight") != NULL;
    s->objective = ix_objective_find(asked ? asked : score ? "ex_rm" : "im_rm");
    IX_NEED(s->objective, IX_EINPUT, "--objective %s: ex_rm or im_rm is expected", asked);
    bool needs = s->objective->needs_reference;
    IX_NEED(needs || score, IX_EINPUT, "%s: has no score.weight, so it is no explicit reward model (%s)",
            s->place.folder, s->objective->name);
    IX_NEED(!needs || s->reference_name, IX_EINPUT,
            "%s: %s, so it is taken for an implicit reward model: --reference MODEL must name the model that it "
            "started from",
            s->place.folder, score ? "im_rm was asked for" : "has no score.weight");
    IX_NEED(needs || !s->reference_name, IX_EINPUT,
            "--reference: %s is an explicit reward model (score.weight), which has no reference; --objective im_rm "
            "takes its log-ratio",
            s->place.folder);
done:
    ix_safetensors_close(&file);
    return rc;
}

static ix_status read_pairs(scoring *s)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    ix_vocabulary v = {0};
    ix_model_config config;

    IX_TRY(ix_model_config_read(&config, s->place.folder));
    IX_TRY(ix_texts_read(&texts, s->path, &s->columns));
    s->vocabulary = config.V;
    if (!ix_texts_as_ids(texts)) {
        const char *format = s->format ? s->format : s->place.format;
        IX_TRY(ix_vocabulary_open(&v, s->place.folder, format, s->place.llama_date, NULL));
        s->vocabulary = v.rows;
    }
    ix_limits limits = {.vocabulary = (int32_t)s->vocabulary};
    IX_TRY(ix_pairs_tokenize(&s->pairs, texts, v.tok, v.chat, &limits));
    size_t n = (size_t)ix_pairs_count(s->pairs);
    IX_NEED(s->result = calloc(n + 1, sizeof *s->result), IX_ENOMEM, "%s: out of memory", s->path);
    IX_NEED(s->reference = calloc(n + 1, sizeof *s->reference), IX_ENOMEM, "%s: out of memory", s->path);
done:
    ix_vocabulary_close(&v);
    ix_texts_destroy(&texts);
    return rc;
}

static ix_status prepare(scoring *s, const char *objective)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_find_model(&s->place, NULL, NULL, s->name));
    IX_TRY(choose_objective(s, objective));
    IX_TRY(read_pairs(s));
done:
    return rc;
}

/* --- judging ---------------------------------------------------------------------------------------------------- */

/* Rows that a folder lacks are drawn as a run draws them, alike for policy and reference. */
static ix_status load(scoring *s, const char *folder, bool own_rows)
{
    ix_status rc = IX_OK;
    ix_model_wish wish = {.head = s->objective->reads == IX_READ_RESPONSE_LOGP,
                          .vocabulary = s->vocabulary,
                          .extra = s->objective->extra,
                          .extras = own_rows ? s->objective->extras : 0,
                          .trained = s->storage == IX_BF16 ? IX_TRAIN_NOTHING : IX_TRAIN_ALL,
                          .storage = s->storage};

    IX_TRY(ix_model_create(&s->model, folder, &wish));
    IX_TRY(ix_model_hold(s->model));
    size_t bytes = (size_t)ix_model_params(s->model)->floats * sizeof *s->weights;
    IX_NEED(s->weights = ix_alloc_block(bytes), IX_ENOMEM, "%s: %zu MiB cannot be had", folder, bytes >> 20);
    IX_TRY(ix_model_load(s->model, folder, NULL, s->weights));
done:
    return rc;
}

static ix_status judge_reference(scoring *s)
{
    ix_status rc = IX_OK;
    ix_model_place place;
    ix_judged_set set = {.pairs = s->pairs, .result = s->reference};

    rc = ix_find_model(&place, NULL, NULL, s->reference_name);
    if (rc == IX_OK) rc = ix_vocabulary_check_reference(place.folder, s->vocabulary, s->place.folder);
    if (rc == IX_OK) rc = load(s, place.folder, false);
    IX_TRY(ix_grid_agree(s->grid, IX_WORLD, rc));
    ix_reference how = {.grid = s->grid,
                        .model = s->model,
                        .weights = s->weights,
                        .share_prompt = true,
                        .pack_tokens = ix_train_pack_tokens(s->model)};
    IX_TRY(ix_reference_judge(&how, &set, 1));
done:
    close_model(s);
    return rc;
}

static ix_status judge(scoring *s)
{
    ix_status rc = IX_OK;
    ix_pass *pass = NULL;

    IX_TRY(ix_grid_agree(s->grid, IX_WORLD, load(s, s->place.folder, true)));
    ix_judge how = {.grid = s->grid, .share_prompt = true, .pack_tokens = ix_train_pack_tokens(s->model)};
    const ix_pairs *const pairs = s->pairs;
    int64_t tokens = ix_pack_room(how.pack_tokens, &pairs, 1, true);
    rc = ix_model_reserve(s->model, tokens, false);
    if (rc == IX_OK) rc = ix_pass_create(&pass, s->objective, &s->settings, s->model, tokens, NULL);
    IX_TRY(ix_grid_agree(s->grid, IX_WORLD, rc));
    how.pass = pass;
    IX_TRY(ix_judge_pairs(&how, s->weights, s->pairs, s->objective->needs_reference ? s->reference : NULL, s->result));
done:
    ix_pass_destroy(&pass);
    return rc;
}

static ix_status print_rewards(const scoring *s)
{
    ix_status rc = IX_OK;
    int64_t n = ix_pairs_count(s->pairs);
    for (int64_t i = 0; i < n; i++) {
        const double *r = s->result[i].reward;
        long long row = (long long)ix_pairs_get(s->pairs, i).row;
        IX_NEED(isfinite(r[IX_CHOSEN]) && isfinite(r[IX_REJECTED]), IX_ENUMERIC, "%s:%lld: a reward is no number",
                s->path, row + 1);
        if (ix_grid_rank(s->grid, IX_WORLD) != 0) continue;
        int sent =
            printf("{\"row\": %lld, \"chosen\": %.17g, \"rejected\": %.17g}\n", row, r[IX_CHOSEN], r[IX_REJECTED]);
        IX_NEED(sent > 0, IX_EIO, "standard output: %s", strerror(errno));
    }
    ix_metrics m = ix_metrics_of(s->result, n);
    ix_note("%s: %s%s: %lld pairs, accuracy %.4f, margin %.4f", s->name, s->objective->name,
            s->storage == IX_BF16 ? ", bf16 storage" : "", (long long)n, m.accuracy, m.margin);
done:
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    scoring s = {0};
    ix_watchdog *watchdog = NULL;
    const char *objective;
    (void)exit_code;

    IX_TRY(take_arguments(&s, argc, argv, &objective));
    IX_TRY(ix_grid_create(&s.grid, 1, ix_comm_ranks(), 1));
    ix_watch_ranks(&watchdog, s.grid, IX_WATCH_SECONDS, "score", "start it again");
    IX_TRY(ix_grid_agree(s.grid, IX_WORLD, prepare(&s, objective)));
    if (s.objective->needs_reference) IX_TRY(judge_reference(&s));
    IX_TRY(judge(&s));
    ix_watchdog_stop(&watchdog); /* whoever reads what is printed may take their time */
    IX_TRY(ix_grid_agree(s.grid, IX_WORLD, print_rewards(&s)));
done:
    ix_watchdog_stop(&watchdog);
    close_scoring(&s);
    return rc;
}

const ix_command ix_command_score = {.name = "score",
                                     .about = "rewards of a model for pairs, as JSON lines",
                                     .usage = usage,
                                     .ranks = IX_ALL_RANKS,
                                     .run = run};
