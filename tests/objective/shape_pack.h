/* SPDX-License-Identifier: Apache-2.0
 *
 * shape_pack.h - three pairs for the models of model/shapes.h; the second one's prompt is not shared. */
#ifndef TESTS_SHAPE_PACK_H
#define TESTS_SHAPE_PACK_H

#include "../model/shapes.h"
#include "pack/pack.h"

enum { PAIRS = 3 };

static ix_pack *make_pack(void)
{
    static int32_t ids[SHAPE_TOKENS];
    ix_pack *pack;
    for (int i = 0; i < SHAPE_TOKENS; i++)
        ids[i] = (int32_t)(ix_draw_uniform(7, IX_DRAW_TEST, (uint64_t)i) * SHAPE_WORDS);
    CHECK_OK(ix_pack_create(&pack, SHAPE_TOKENS, 4 * PAIRS, PAIRS));
    for (int i = 0; i < PAIRS; i++) {
        ix_pair pair = {.prompt = ids + i,
                        .prompt_size = 12 + i,
                        .response = {ids + 40, ids + 70},
                        .response_size = {27 - i, 9 + i}};
        ix_pack_add_pair(pack, &pair, i, i != 1);
    }
    return pack;
}

#endif
