/* SPDX-License-Identifier: Apache-2.0
 *
 * export.c - a finished run's weights as a Hugging Face folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "base/arena.h"
#include "base/file.h"
#include "objective/objective.h"
#include "store/reader.h"
#include "task/weights.h"
#include "text/chat.h"

static const char usage[] =
    "usage: impex export OUT/SUITE/RUN_ID DIR [--model FOLDER]\n"
    "\n"
    "Writes the final weights of a run as a Hugging Face folder DIR: ...ForSequenceClassification with score.weight\n"
    "for ex_rm, ...ForCausalLM for im_rm, with tokenizer and chat template, ready for transformers and impex score.\n"
    "The run must have kept its weights: checkpoint: {final_weights: true} in its suite.\n"
    "\n"
    "  --model FOLDER   the folder that the run started from, when it is no longer where it was; its contents are\n"
    "                   compared with what the run read\n";

enum { TOKENS = 3, TASK_TOKENS = 8 }; /* of the default chat format, and of a task at most */

typedef struct {
    char *run;    /* OUT/SUITE/RUN_ID */
    char *folder; /* the run started from it */
    ix_reader *rd;
    const ix_objective *objective;
    ix_model *model;
    float *weights;
    ix_tokenizer *tok;
    ix_chat *chat;
    ix_folder_token token[TOKENS + TASK_TOKENS];
    char *task_tokens; /* cut into words */
    ix_folder_tokenizer files;
    int32_t pad;
} export;

static void close_export(export *e)
{
    ix_chat_close(&e->chat);
    ix_tokenizer_close(&e->tok);
    ix_model_destroy(&e->model);
    ix_reader_close(&e->rd);
    free(e->weights);
    free(e->task_tokens);
    free(e->folder);
    free(e->run);
}

/* The operand may be the run's folder, with or without a slash, or its result file. */
static char *run_of(const char *operand)
{
    char *run = ix_format("%s", operand);
    size_t n = strlen(run);
    while (n > 1 && run[n - 1] == '/') run[--n] = 0;
    if (n > 3 && !strcmp(run + n - 3, ".h5")) run[n - 3] = 0;
    return run;
}

static ix_status open_result(export *e)
{
    ix_status rc = IX_OK;
    char *result = ix_format("%s.h5", e->run), *weights = ix_format("%s/final.safetensors", e->run);

    IX_NEED(ix_file_exists(result), IX_EINPUT, "%s: there is no such result; name a run as OUT/SUITE/RUN_ID", result);
    IX_TRY(ix_reader_open(&e->rd, result));
    IX_NEED(strcmp(ix_reader_text(e->rd, "/", "task"), "pretrain"), IX_EINPUT,
            "%s: a pretraining run leaves its model folder by itself: it is %s/model", result, e->run);
    e->objective = ix_objective_find(ix_reader_text(e->rd, "/", "objective"));
    IX_NEED(e->objective, IX_EINPUT, "%s: its objective %s is not known to this program", result,
            ix_reader_text(e->rd, "/", "objective"));
    IX_NEED(ix_file_exists(weights), IX_EINPUT,
            "%s: the run kept no weights. Remove %s and run its suite again with --set checkpoint.final_weights=true",
            weights, result);
done:
    free(result);
    free(weights);
    return rc;
}

/* The folder is believed only if it is what the run read. */
static ix_status find_folder(export *e, const char *given)
{
    ix_status rc = IX_OK;
    char hex[IX_HASH_HEX];
    const char *recorded = ix_reader_text(e->rd, "/", "place_model_folder");
    const char *want = ix_reader_text(e->rd, "/", "weights_hash");

    IX_NEED(want && (given || recorded), IX_EINPUT, "%s.h5: does not say which model the run started from", e->run);
    e->folder = ix_format("%s", given ? given : recorded);
    IX_NEED(ix_is_folder(e->folder), IX_EINPUT, "%s: the run started from this folder, which is not there%s", e->folder,
            given ? "" : "; --model names where it is now");
    IX_TRY(ix_folder_hash(e->folder, hex));
    IX_NEED(!strcmp(hex, want), IX_EINPUT,
            "%s: config.json or weights are not those that the run started from (now %.12s, then %.12s); "
            "--model names another folder",
            e->folder, hex, want);
done:
    return rc;
}

static ix_status read_weights(export *e)
{
    ix_status rc = IX_OK;
    int64_t vocabulary = 0, untied = 0;
    char *path = ix_format("%s/final.safetensors", e->run);
    ix_model_wish wish = {
        .head = ix_objective_reads_head(e->objective), .extra = e->objective->extra, .extras = e->objective->extras};

    ix_reader_int(e->rd, "/", "vocabulary", &vocabulary);
    ix_reader_int(e->rd, "/", "untied_head", &untied);
    wish.vocabulary = vocabulary;
    wish.untie = untied;
    IX_TRY(ix_model_create(&e->model, e->folder, &wish));
    size_t bytes = (size_t)ix_model_params(e->model)->floats * sizeof *e->weights;
    IX_NEED(e->weights = ix_alloc_block(bytes), IX_ENOMEM, "%s: %zu MiB cannot be had", path, bytes >> 20);
    IX_TRY(ix_weights_read(path, e->model, e->weights));
done:
    free(path);
    return rc;
}

/* The padding token, for a classifier to find where a row ends; never the token that ends every answer. */
static int32_t pad_of(const export *e)
{
    const char *pad = e->files.pad ? e->files.pad : ix_tokenizer_pad(e->tok), *eos = ix_tokenizer_eos(e->tok);
    return pad && (!eos || strcmp(pad, eos) != 0) ? ix_tokenizer_find(e->tok, pad) : -1;
}

/* Ordinary tokens that the task added behind those of the chat format. */
static ix_status add_task_tokens(export *e)
{
    ix_status rc = IX_OK;
    const char *all = ix_reader_text(e->rd, "/", "added_tokens");
    char *rest = NULL;

    if (!all) return IX_OK;
    e->task_tokens = ix_format("%s", all);
    for (char *one = strtok_r(e->task_tokens, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
        int32_t id;
        IX_NEED(e->files.tokens < TOKENS + TASK_TOKENS, IX_EINPUT, "%s.h5: more added tokens than any task has",
                e->run);
        IX_TRY(ix_tokenizer_add(e->tok, one, false, &id));
        e->token[e->files.tokens++] = (ix_folder_token){one, id, true};
    }
    e->files.token = e->token;
done:
    return rc;
}

/* The authors' default format added tokens when the run started; the folder is to have them, and the template. */
static ix_status complete_tokenizer(export *e)
{
    static const char *const names[TOKENS] = {"<|padding|>", "<|user|>", "<|assistant|>"};
    ix_status rc = IX_OK;
    const char *format = ix_reader_text(e->rd, "/", "format");
    char *path = ix_format("%s/tokenizer.json", e->folder);

    e->pad = -1;
    e->files.from = e->folder;
    if (!ix_file_exists(path) || !format || !*format) goto done;
    IX_TRY(ix_tokenizer_open(&e->tok, e->folder));
    const char *pad = ix_tokenizer_pad(e->tok);
    bool no_pad = !pad || ix_tokenizer_find(e->tok, pad) == 0;
    IX_TRY(ix_chat_open(&e->chat, e->tok, format, NULL));
    e->files.chat_template = ix_tokenizer_template(e->tok) ? NULL : ix_chat_jinja(e->chat);
    if (e->files.chat_template) {
        for (int i = no_pad ? 0 : 1; i < TOKENS; i++)
            e->token[e->files.tokens++] = (ix_folder_token){names[i], ix_tokenizer_find(e->tok, names[i]), false};
        e->files.token = e->token;
        e->files.pad = no_pad ? names[0] : NULL;
    }
    IX_TRY(add_task_tokens(e));
    e->pad = pad_of(e);
done:
    free(path);
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    export e = {0};
    const char *given = ix_take_option(&argc, argv, "--model", &rc);
    (void)exit_code;

    if (rc == IX_OK) IX_TRY(ix_check_operands(argc, argv, 2, 2, "export"));
    if (rc != IX_OK) goto done;
    e.run = run_of(argv[1]);
    IX_TRY(open_result(&e));
    IX_TRY(find_folder(&e, given));
    IX_TRY(read_weights(&e));
    IX_TRY(complete_tokenizer(&e));
    bool classifier = e.objective->reads == IX_READ_LAST;
    IX_TRY(ix_weights_export(argv[2], e.model, e.weights, &e.files, classifier ? e.pad : -1));
    printf("%s: %s, %s\n", argv[2], ix_architecture(ix_model_config_of(e.model)->model_type, classifier),
           e.files.chat_template ? "tokenizer with the tokens and the template of the default chat format"
           : e.tok               ? "tokenizer as it was"
                                 : "no tokenizer");
done:
    close_export(&e);
    return rc;
}

const ix_command ix_command_export = {.name = "export",
                                      .about = "a run's final weights as a Hugging Face folder",
                                      .usage = usage,
                                      .ranks = IX_FIRST_ONLY,
                                      .run = run};
