/* SPDX-License-Identifier: Apache-2.0
 *
 * draw.c - a Hugging Face folder with random weights: whatever a suite does can be tried without a download. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/table.h"
#include "base/arena.h"
#include "base/file.h"
#include "config/suite.h"
#include "task/weights.h"
#include "text/tokenizer.h"

static const char usage[] =
    "usage: impex draw SHAPE DIR [--tokenizer FOLDER] [--seed N]\n"
    "\n"
    "Writes a Hugging Face folder DIR whose weights are random: of the sizes in SHAPE's config.json, matrices\n"
    "N(0, initializer_range^2), biases 0, norms 1. SHAPE is a folder (data/shapes has some) or a name of yaml/models.\n"
    "Such a model has learnt nothing; it is for trying what a suite does, and for baselines that need no model.\n"
    "\n"
    "  --tokenizer FOLDER   whose tokenizer files DIR gets; SHAPE's own by default. Where they name no end token, it "
    "is\n"
    "                       that of config.json\n"
    "  --seed N             of the draw, 0 by default\n";

typedef struct {
    ix_model_place place;
    ix_model_config config;
    const char *tokenizer; /* folder; NULL: there is none */
    ix_tokenizer *tok;
    ix_model *model;
    float *weights;
} drawing;

static ix_status take_seed(int *argc, char **argv, uint64_t *seed)
{
    ix_status rc = IX_OK;
    char *end;
    const char *text = ix_take_option(argc, argv, "--seed", &rc);
    if (!text) return rc;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || n < 0 || n > INT32_MAX)
        return ix_fail(IX_EINPUT, "--seed %s: a whole number from 0 to %d is expected", text, INT32_MAX);
    *seed = (uint64_t)n;
    return IX_OK;
}

static ix_status find_shape(drawing *d, const char *name)
{
    ix_status rc = ix_find_model(&d->place, NULL, NULL, name);
    return rc == IX_OK ? ix_model_config_read(&d->config, d->place.folder) : rc;
}

/* The folder that is asked for must have one, the shape's may. */
static ix_status find_tokenizer(drawing *d, const char *given)
{
    ix_status rc = IX_OK;
    const char *folder = given ? given : d->place.folder;
    char *path = ix_format("%s/tokenizer.json", folder);

    if (!given && !ix_file_exists(path)) goto done;
    d->tokenizer = folder;
    IX_TRY(ix_tokenizer_open(&d->tok, folder));
    IX_NEED(ix_tokenizer_size(d->tok) <= d->config.V, IX_EINPUT,
            "%s: %d tokens, but %s/config.json has a vocab_size of %d", path, ix_tokenizer_size(d->tok),
            d->place.folder, d->config.V);
done:
    free(path);
    return rc;
}

static ix_status draw(drawing *d, uint64_t seed)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_model_create_config(&d->model, &d->config, &(ix_model_wish){.head = true}));
    size_t bytes = (size_t)ix_model_params(d->model)->floats * sizeof *d->weights;
    IX_NEED(d->weights = ix_alloc_block(bytes), IX_ENOMEM, "%s: %zu MiB cannot be had", d->place.folder, bytes >> 20);
    ix_model_draw(d->model, seed, d->config.initializer_range, d->weights);
done:
    return rc;
}

/* A chat format asks the tokenizer for its end token, and some folders only have tokenizer.json. */
static ix_status name_end(const drawing *d, const char *folder)
{
    ix_status rc = IX_OK;
    char *path = ix_format("%s/tokenizer_config.json", folder), *text = NULL;
    int32_t end = d->config.eos_count ? d->config.eos[0] : -1;

    if (!d->tok || ix_tokenizer_eos(d->tok) || ix_file_exists(path)) goto done;
    if (end < 0 || end >= ix_tokenizer_size(d->tok)) goto done;
    text = ix_format("{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"%s\"}\n",
                     ix_tokenizer_piece(d->tok, end));
    IX_TRY(ix_file_write(path, text, strlen(text)));
done:
    free(path);
    free(text);
    return rc;
}

static ix_status run(int argc, char **argv, int *exit_code)
{
    ix_status rc = IX_OK;
    drawing d = {0};
    uint64_t seed = 0;
    char figure[IX_FIGURE];
    const char *given = ix_take_option(&argc, argv, "--tokenizer", &rc);
    (void)exit_code;

    if (rc != IX_OK) goto done;
    IX_TRY(take_seed(&argc, argv, &seed));
    IX_TRY(ix_check_operands(argc, argv, 2, 2, "draw"));
    IX_TRY(find_shape(&d, argv[1]));
    IX_TRY(find_tokenizer(&d, given));
    IX_TRY(draw(&d, seed));
    IX_TRY(ix_weights_export(argv[2], d.model, d.weights, &(ix_folder_tokenizer){.from = d.tokenizer}, -1));
    rc = name_end(&d, argv[2]);
    if (rc != IX_OK) ix_folder_forget(argv[2]);
    IX_NEED(rc == IX_OK, rc, "%s", ix_message());
    printf("%s: %s, %s parameters, drawn with seed %lld; %s\n", argv[2], ix_architecture(d.config.model_type, false),
           ix_figure_count(figure, ix_model_params(d.model)->full_floats), (long long)seed,
           d.tokenizer ? "with a tokenizer" : "no tokenizer");
done:
    ix_tokenizer_close(&d.tok);
    ix_model_destroy(&d.model);
    free(d.weights);
    return rc;
}

const ix_command ix_command_draw = {.name = "draw",
                                    .about = "a Hugging Face folder with random weights, to try suites on",
                                    .usage = usage,
                                    .ranks = IX_FIRST_ONLY,
                                    .run = run};
