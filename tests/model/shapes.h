/* SPDX-License-Identifier: Apache-2.0
 *
 * shapes.h - small models of every family, with sizes that do not divide each other, and a pack to put to them. */
#ifndef IX_TESTS_MODEL_SHAPES_H
#define IX_TESTS_MODEL_SHAPES_H

#include <math.h>

#include "base/random.h"
#include "check.h"
#include "model/model.h"

enum { SHAPE_WORDS = 91, SHAPE_TOKENS = 300 };

/* clang-format off */
#define SHAPE_COMMON .V = SHAPE_WORDS, .D = 48, .layers = 2, .positions = 512, .rope_theta = 10000, .eps = 1e-5f
static const ix_model_config shapes[] = {
    {SHAPE_COMMON, .model_type = "llama", .H = 6, .G = 2, .K = 8, .F = 81, .tied = true},
    {SHAPE_COMMON, .model_type = "llama", .H = 4, .G = 4, .K = 12, .F = 62},
    {SHAPE_COMMON, .model_type = "qwen2", .H = 5, .G = 1, .K = 8, .F = 80, .tied = true},
    {SHAPE_COMMON, .model_type = "gpt_neox", .H = 4, .G = 4, .K = 12, .R = 4, .F = 97, .parallel = true},
    {SHAPE_COMMON, .model_type = "gpt_neox", .H = 4, .G = 4, .K = 12, .R = 4, .F = 96},
    {SHAPE_COMMON, .model_type = "gemma2", .H = 8, .G = 2, .K = 16, .F = 96, .tied = true, .query_scale = 24,
     .score_cap = 5, .logit_cap = 3, .window = 8},
};
/* clang-format on */
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* A pair, a pair with prompts of its own, a document. */
static inline ix_pack *shape_pack(void)
{
    static int32_t ids[SHAPE_TOKENS];
    ix_pack *pack;
    for (int i = 0; i < SHAPE_TOKENS; i++)
        ids[i] = (int32_t)(ix_draw_uniform(6, IX_DRAW_TEST, (uint64_t)i) * SHAPE_WORDS);
    CHECK_OK(ix_pack_create(&pack, SHAPE_TOKENS, 16, 4));
    for (int i = 0; i < 2; i++) {
        ix_pair pair = {
            .prompt = ids + i, .prompt_size = 33, .response = {ids + 40, ids + 70}, .response_size = {27, 9}};
        ix_pack_add_pair(pack, &pair, i, i == 0);
    }
    ix_pack_add_document(pack, ids + 100, 30);
    return pack;
}

/* |x - y| / |y| */
static inline double shape_apart(const float *x, const float *y, int64_t n)
{
    double apart = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) {
        apart += pow((double)x[i] - (double)y[i], 2);
        norm += pow((double)y[i], 2);
    }
    return sqrt(apart / norm);
}

#endif
