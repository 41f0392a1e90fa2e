/* SPDX-License-Identifier: Apache-2.0
 *
 * case.h - one folder of reference numbers (the layout of tests/golden/make_llama.py): a model, six pairs, and what
 * an independent float64 implementation computed for them. */
#ifndef IX_TESTS_OBJECTIVE_CASE_H
#define IX_TESTS_OBJECTIVE_CASE_H

#include "base/json.h"
#include "check.h"
#include "model/model.h"
#include "objective/pass.h"

enum { CASE_PAIRS = 6 };

/* Folders of tests/golden, and of oracle/tiny where there is one. */
static const char *const case_golden[] = {"llama_tied", "llama_untied",    "qwen2",
                                          "gpt_neox",   "gpt_neox_serial", "gemma2"};
static const char *const case_outside[] = {
    "llama_rope3_tied", "llama_headdim", "llama_sharded_bf16", "qwen2",          "gpt_neox",
    "gpt_neox_serial",  "gemma2",        "qwen2_seqcls",       "gpt_neox_seqcls"};

/* One objective of the cases: its keys in their files, and how near loss and rewards must come. */
typedef struct {
    const char *objective, *key, *file;
    ix_objective_settings settings;
    double loss, rewards, relative; /* loss: absolute, or relative */
    bool alone;                     /* without a reference */
} case_row;
static const case_row case_rows[] = {
    {.objective = "ex_rm", .key = "ex", .file = "ex", .loss = 2e-5, .rewards = 1e-4},
    {"im_rm", "im:0.01", "im_0.01", {.beta = 0.01}, .loss = 2e-5, .rewards = 5e-4 * 0.01 + 1e-7},
    {"im_rm", "im:0.5", "im_0.5", {.beta = 0.5}, .loss = 2e-5, .rewards = 5e-4 * 0.5 + 1e-7},
    {"ex_rm_mean", "ex_mean", "ex_mean", .loss = 2e-5, .rewards = 1e-4},
    {"im_rm",
     "im_noref:0.01",
     "im_noref_0.01",
     {.beta = 0.01},
     .loss = 2e-5,
     .rewards = 5e-4 * 0.01 + 1e-7,
     .alone = true},
    {"sft", "sft", "sft", .relative = 1e-6, .rewards = 5e-4},
    {"ex_grm", "genrm", "genrm", {.verdict = {5, 7}}, .loss = 2e-5, .rewards = 1e-5},
};

typedef struct {
    char folder[2048];
    ix_safetensors *cases;
    ix_model *model;
    int64_t floats, T;
    float *w, *ref, *dw;
    int32_t *ids;
    ix_pair pair[CASE_PAIRS];
    json_t *meta;
} oracle;

/* false: it is not there, and why was printed. */
static inline bool case_find_outside(char *folder, size_t room, const char *name)
{
    char below[256];
    snprintf(below, sizeof below, "oracle/tiny/%s/config.json", name);
    const char *path = check_shared(below);
    if (path) snprintf(folder, room, "%.*s", (int)(strlen(path) - strlen("/config.json")), path);
    return path != NULL;
}

static inline const char *case_path(const oracle *o, const char *name)
{
    static char path[2560];
    snprintf(path, sizeof path, "%s/%s", o->folder, name);
    return path;
}

static inline float *case_floats(const ix_safetensors *file, const char *name, int64_t *n)
{
    const ix_tensor_view *t = ix_safetensors_find(file, name);
    if (!t) fail_msg("%s is missing", name);
    float *x = malloc((size_t)t->count * sizeof *x + 1);
    CHECK_OK(ix_tensor_read_f32(t, 0, t->count, x));
    if (n) *n = t->count;
    return x;
}

static inline int32_t *case_ints(const ix_safetensors *file, const char *name, int64_t *n)
{
    const ix_tensor_view *t = ix_safetensors_find(file, name);
    if (!t) fail_msg("%s is missing", name);
    int32_t *x = malloc((size_t)t->count * sizeof *x + 1);
    CHECK_OK(ix_tensor_read_i32(t, 0, t->count, x));
    if (n) *n = t->count;
    return x;
}

static inline void case_pairs(oracle *o)
{
    int32_t *size[3] = {case_ints(o->cases, "prompt_len", NULL), case_ints(o->cases, "chosen_len", NULL),
                        case_ints(o->cases, "rejected_len", NULL)};
    int32_t *at = o->ids = case_ints(o->cases, "ids", &o->T);
    for (int i = 0; i < CASE_PAIRS; i++) {
        ix_pair *p = &o->pair[i];
        *p = (ix_pair){.prompt = at, .prompt_size = size[0][i], .row = i};
        for (int s = 0; s < IX_SIDES; s++) {
            p->response_size[s] = size[1 + s][i];
            p->response[s] = at + p->prompt_size;
            at += p->prompt_size + p->response_size[s];
        }
    }
    for (int i = 0; i < 3; i++) free(size[i]);
}

/* Head and score row are in the table, so that every objective runs on one model; a classifier has no head. The ranks
 * of the grid's tensor axis share the model. */
static inline void case_open_on(oracle *o, const char *folder, const ix_grid *grid)
{
    static const ix_extra score = {.name = "score.weight"};
    ix_model_config config;
    ix_model_wish wish = {.extra = &score, .extras = 1, .grid = grid};
    memset(o, 0, sizeof *o);
    snprintf(o->folder, sizeof o->folder, "%s", folder);
    CHECK_OK(ix_safetensors_open_file(&o->cases, case_path(o, "cases.safetensors")));
    CHECK_OK(ix_json_open(&o->meta, case_path(o, "meta.json")));
    case_pairs(o);
    CHECK_OK(ix_model_config_read(&config, folder));
    wish.head = !strstr(config.architecture, "ForSequenceClassification");
    CHECK_OK(ix_model_create_config(&o->model, &config, &wish));
    o->floats = ix_model_params(o->model)->floats;
    o->w = calloc((size_t)o->floats, sizeof *o->w);
    o->ref = calloc((size_t)o->floats, sizeof *o->ref);
    o->dw = calloc((size_t)o->floats, sizeof *o->dw);
    CHECK_OK(ix_model_load(o->model, folder, NULL, o->w));
    FILE *f = fopen(case_path(o, "ref/config.json"), "rb"); /* a case without ref/ is its own reference */
    if (f) fclose(f);
    CHECK_OK(ix_model_load(o->model, f ? case_path(o, "ref") : folder, NULL, o->ref));
    if (wish.head) { /* a classifier's own score row has been read */
        float *u = case_floats(o->cases, "score.weight", NULL);
        const ix_params *t = ix_model_params(o->model);
        memcpy(o->w + t->param[ix_params_find(t, "score.weight")].offset, u, (size_t)config.D * sizeof *u);
        free(u);
    }
    CHECK_OK(ix_model_reserve(o->model, o->T, true));
}

static inline void case_open(oracle *o, const char *folder)
{
    case_open_on(o, folder, NULL);
}

static inline void case_close(oracle *o)
{
    ix_model_destroy(&o->model);
    ix_safetensors_close(&o->cases);
    json_decref(o->meta);
    free(o->w);
    free(o->ref);
    free(o->dw);
    free(o->ids);
}

/* The matrix that gives logits, whatever the family calls it. */
static inline const float *case_head(const oracle *o)
{
    static const char *const names[] = {"lm_head.weight", "embed_out.weight", "model.embed_tokens.weight",
                                        "gpt_neox.embed_in.weight"};
    const ix_params *t = ix_model_params(o->model);
    for (int i = 0; i < 4; i++) {
        int row = ix_params_find(t, names[i]);
        if (row >= 0) return o->w + t->param[row].offset;
    }
    fail_msg("%s: no matrix gives logits", o->folder);
    return NULL;
}

/* Are there numbers for that objective? */
static inline bool case_has(const oracle *o, const case_row *r)
{
    return json_is_real(json_object_get(json_object_get(o->meta, "loss"), r->key));
}

/* All six pairs in one pack. */
static inline ix_pack *case_pack(const oracle *o, bool share)
{
    ix_pack *pack;
    CHECK_OK(ix_pack_create(&pack, o->T, 4 * CASE_PAIRS, CASE_PAIRS));
    for (int i = 0; i < CASE_PAIRS; i++) ix_pack_add_pair(pack, &o->pair[i], i, share);
    return pack;
}

#endif
