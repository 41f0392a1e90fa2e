/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the program are about, made from tests/golden/text:
 *
 *   material models FOLDER GOLDEN   neox (tied, the chat format adds rows) and stories (untied, it does not)
 *   material sizes FOLDER GOLDEN    wide and narrow: two families, one of them twice as large
 *   material bf16 FOLDER            stories again as stories-bf16, matrices in bf16; stories-other: the same of another
 * seed material damage FOLDER          FOLDER/neox with weights that are wrong, one folder per kind: nan, shape, ...
 *   material rewards RESULT SET     the rewards of the last evaluation as impex score prints them */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "pack/pack.h"
#include "store/reader.h"
#include "task/weights.h"
#include "tensor/tensor.h"

typedef struct {
    const char *name, *text, *settings; /* text: whose tokenizer; settings: tokenizer_config.json */
    ix_model_config config;
} example;

/* A number beyond 64 bits and a list of ids, as real folders have them. */
#define SIZES .D = 24, .layers = 2, .H = 4, .G = 2, .K = 6, .F = 40, .eps = 1e-5F, .positions = 128
#define WORDS(family) \
    .model_type = family, .rope_theta = 10000, .initializer_range = 0.02, .bos = -1, .pad = -1, .eos_count = 1
static const char neox_settings[] =
    "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"<|endoftext|>\",\n"
    " \"model_max_length\": 1000000000000000019884624838656, \"clean_up_tokenization_spaces\": false}\n";
static const char stories_settings[] =
    "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"</s>\", \"unk_token\": \"<unk>\",\n"
    " \"pad_token\": \"<unk>\", \"clean_up_tokenization_spaces\": false}\n";
static const example examples[] = {
    {"neox", "neox", neox_settings, {SIZES, WORDS("llama"), .V = 426, .tied = true, .eos = {0}}},
    {"stories", "stories", stories_settings, {SIZES, WORDS("llama"), .V = 512, .eos = {2}}},
};
#define WIDE .D = 144, .layers = 6, .H = 4, .G = 4, .K = 36, .R = 8, .F = 576, .eps = 1e-5F, .positions = 512
#define NARROW .D = 112, .layers = 4, .H = 4, .G = 2, .K = 28, .F = 336, .eps = 1e-5F, .positions = 512
static const example of_sizes[] = {
    {"wide", "neox", neox_settings, {WIDE, WORDS("gpt_neox"), .V = 426, .parallel = true, .eos = {0}}},
    {"narrow", "stories", stories_settings, {NARROW, WORDS("qwen2"), .V = 512, .tied = true, .eos = {2}}},
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static ix_status open_model(const example *e, ix_model **model, float **weights)
{
    ix_status rc = IX_OK;
    IX_TRY(ix_model_create_config(model, &e->config, &(ix_model_wish){.head = true}));
    IX_NEED(*weights = calloc((size_t)ix_model_params(*model)->floats, sizeof **weights), IX_ENOMEM, "no memory");
    ix_model_draw(*model, 3, 0.3, *weights);
done:
    return rc;
}

static ix_status write_model(const example *e, const char *folder, const char *golden)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    float *weights = NULL;
    char *from = ix_format("%s/%s", golden, e->text), *to = ix_format("%s/%s", folder, e->name);
    char *settings = ix_format("%s/tokenizer_config.json", to);

    IX_TRY(open_model(e, &model, &weights));
    IX_TRY(ix_weights_export(to, model, weights, &(ix_folder_tokenizer){.from = from}, -1));
    IX_TRY(ix_file_write(settings, e->settings, strlen(e->settings)));
done:
    ix_model_destroy(&model);
    free(weights);
    free(from);
    free(to);
    free(settings);
    return rc;
}

static ix_status models(const example list[EXAMPLES], const char *folder, const char *golden)
{
    ix_status rc = IX_OK;
    for (int i = 0; i < EXAMPLES && rc == IX_OK; i++) rc = write_model(&list[i], folder, golden);
    return rc;
}

enum { ROOM = 64 };

static int list(ix_tensor_out out[ROOM], const ix_params *t, const float *weights)
{
    IX_CONTRACT(t->count + 2 <= ROOM);
    for (int i = 0; i < t->count; i++) {
        const ix_param *p = &t->param[i];
        out[i] =
            (ix_tensor_out){p->name, p->dims, {p->dims == 1 ? p->cols : p->rows, p->cols}, weights + p->offset, NULL};
    }
    return t->count;
}

/* --- bf16 --------------------------------------------------------------------------------------------------- */

/* The example that lies in the folder, under another name. */
static ix_status write_bf16(const example *e, const char *folder, const char *name, uint64_t seed)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    float *weights = NULL;
    uint16_t *rounded = NULL;
    ix_tensor_out t[ROOM];
    char *from = ix_format("%s/%s", folder, e->name), *to = ix_format("%s/%s", folder, name);
    char *settings = ix_format("%s/tokenizer_config.json", to);

    IX_TRY(open_model(e, &model, &weights));
    ix_model_draw(model, seed, 0.3, weights);
    int64_t n = ix_model_params(model)->floats;
    IX_NEED(rounded = calloc((size_t)n, sizeof *rounded), IX_ENOMEM, "no memory");
    ix_bf16_round(rounded, weights, n);
    int tensors = list(t, ix_model_params(model), weights);
    for (int i = 0; i < tensors; i++)
        if (t[i].dims == 2) t[i].bf16 = rounded + (t[i].data - weights);
    IX_TRY(ix_folder_write(to, &e->config, "LlamaForCausalLM", t, tensors, &(ix_folder_tokenizer){.from = from}));
    IX_TRY(ix_file_write(settings, e->settings, strlen(e->settings)));
done:
    ix_model_destroy(&model);
    free(weights);
    free(rounded);
    free(from);
    free(to);
    free(settings);
    return rc;
}

static ix_status models_bf16(const char *folder)
{
    ix_status rc = write_bf16(&examples[1], folder, "stories-bf16", 3);
    return rc == IX_OK ? write_bf16(&examples[1], folder, "stories-other", 4) : rc;
}

/* --- damage ----------------------------------------------------------------------------------------------- */

/* Swaps the sides of the first matrix: as many numbers, another shape. */
static void turn(ix_tensor_out *t)
{
    int64_t rows = t->shape[0];
    t->shape[0] = t->shape[1];
    t->shape[1] = rows;
}

static ix_status write_damaged(const char *folder, const char *kind, const ix_tensor_out *tensors, int count)
{
    ix_status rc = IX_OK;
    char *to = ix_format("%s/%s", folder, kind), *path = ix_format("%s/model.safetensors", to);
    IX_TRY(ix_make_folders(to));
    IX_TRY(ix_safetensors_write(path, tensors, count));
done:
    free(to);
    free(path);
    return rc;
}

static ix_status damage(const char *folder)
{
    ix_status rc = IX_OK;
    ix_model *model = NULL;
    float *weights = NULL;
    ix_tensor_out t[ROOM];

    IX_TRY(open_model(&examples[0], &model, &weights));
    int n = list(t, ix_model_params(model), weights);
    t[n] = (ix_tensor_out){"model.layers.7.mlp.up_proj.weight", 1, {4}, weights, NULL};
    IX_TRY(write_damaged(folder, "unknown", t, n + 1));
    t[n] = (ix_tensor_out){"lm_head.weight", 2, {426, 24}, weights + 24, NULL};
    IX_TRY(write_damaged(folder, "two_heads", t, n + 1));
    t[n] = (ix_tensor_out){"score.weight", 2, {2, 24}, weights, NULL};
    IX_TRY(write_damaged(folder, "score", t, n + 1));
    IX_TRY(write_damaged(folder, "missing", t, n - 1));
    turn(&t[0]);
    IX_TRY(write_damaged(folder, "shape", t, n));
    turn(&t[0]);
    weights[100] = NAN;
    IX_TRY(write_damaged(folder, "nan", t, n));
done:
    ix_model_destroy(&model);
    free(weights);
    return rc;
}

/* --- rewards ---------------------------------------------------------------------------------------------- */

static ix_status rewards(const char *result, const char *set)
{
    ix_status rc = IX_OK;
    ix_reader *rd = NULL;
    int64_t dims[3];
    double *r = NULL;
    char *path = ix_format("/eval/%s/reward", set);

    IX_TRY(ix_reader_open(&rd, result));
    IX_TRY(ix_reader_array(rd, path, 3, dims, &r));
    const double *last = r + (dims[0] - 1) * dims[1] * IX_SIDES;
    for (int64_t i = 0; i < dims[1]; i++)
        printf("{\"row\": %lld, \"chosen\": %.17g, \"rejected\": %.17g}\n", (long long)i, last[2 * i], last[2 * i + 1]);
done:
    ix_reader_close(&rd);
    free(r);
    free(path);
    return rc;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    ix_status rc = !strcmp(what, "models") && argc == 4    ? models(examples, argv[2], argv[3])
                   : !strcmp(what, "sizes") && argc == 4   ? models(of_sizes, argv[2], argv[3])
                   : !strcmp(what, "bf16")                 ? models_bf16(argv[2])
                   : !strcmp(what, "damage")               ? damage(argv[2])
                   : !strcmp(what, "rewards") && argc == 4 ? rewards(argv[2], argv[3])
                                                           : ix_fail(IX_EINPUT, "see the head of material.c");
    if (rc != IX_OK) fprintf(stderr, "material: %s\n", ix_message());
    return rc == IX_OK ? 0 : 1;
}
