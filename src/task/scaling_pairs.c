/* SPDX-License-Identifier: Apache-2.0
 *
 * scaling_pairs.c - pairs for timing: what matters of a token is that it is there. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "comm/grid.h"
#include "task/scaling.h"

/* Of UltraFeedback's pairs in tokens of GPT-NeoX: deviations of the logarithms of lengths. */
static const double spread_of_prompts = 0.94, spread_of_responses = 1.2;
enum { SHORTEST_PROMPT = 16, SHORTEST_RESPONSE = 2, TRIES = 64, MOST_DRAWN = 8192 };

typedef struct {
    double spread;
    int64_t median, shortest, longest;
} lengths;

/* `longest` 0: no limit. */
static lengths lengths_around(int64_t median, double spread, int64_t shortest, int64_t longest)
{
    lengths l = {spread, median, shortest < median ? shortest : median, longest ? longest : INT32_MAX / 4};
    if (l.shortest > l.longest) l.shortest = l.longest;
    return l;
}

/* The `which`-th length: the first of some draws that is within its bounds. */
static int64_t draw_length(const lengths *l, uint64_t which)
{
    int64_t n = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        n = llround((double)l->median * exp(l->spread * ix_draw_normal(0, IX_DRAW_LENGTHS, which * TRIES + i)));
        if (n >= l->shortest && n <= l->longest) return n;
    }
    return n < l->shortest ? l->shortest : l->longest;
}

static int64_t most_pairs(const ix_settings *s)
{
    int64_t ranks = s->scaling.most_ranks ? s->scaling.most_ranks : ix_comm_ranks();
    int64_t step = ranks / s->parallel.tensor * s->scaling.pairs_per_rank, strong = s->training.pairs_per_step;
    if (step < strong) step = strong;
    int64_t all = step * (s->scaling.warmup + s->scaling.steps), most = step < MOST_DRAWN ? MOST_DRAWN : step;
    return all < most ? all : most;
}

static void draw_tokens(int32_t *id, int64_t n, int32_t vocabulary, uint64_t *at)
{
    for (int64_t i = 0; i < n; i++) id[i] = (int32_t)(ix_draw_bits(0, IX_DRAW_TOKENS, (*at)++) % (uint64_t)vocabulary);
}

ix_status ix_scaling_draw(ix_texts **out, const ix_model_config *config, const ix_settings *s)
{
    ix_status rc = IX_OK;
    const lengths prompts =
        lengths_around(s->scaling.prompt_tokens, spread_of_prompts, SHORTEST_PROMPT, s->data.max_prompt);
    const lengths responses =
        lengths_around(s->scaling.response_tokens, spread_of_responses, SHORTEST_RESPONSE, s->data.max_response);
    int64_t n = most_pairs(s), room = 0;
    uint64_t at = 0;
    int32_t *id = NULL;
    ix_texts *texts = NULL;

    IX_TRY(ix_texts_create(&texts, "drawn pairs"));
    for (int64_t i = 0; i < n; i++) {
        const int64_t size[] = {draw_length(&prompts, (uint64_t)(3 * i)),
                                draw_length(&responses, (uint64_t)(3 * i + 1)),
                                draw_length(&responses, (uint64_t)(3 * i + 2))};
        int64_t all = size[0] + size[1] + size[2];
        if (all > room) {
            int32_t *more = realloc(id, (size_t)all * sizeof *id);
            IX_NEED(more, IX_ENOMEM, "drawn pairs: out of memory");
            id = more;
            room = all;
        }
        draw_tokens(id, all, config->V, &at);
        ix_pair pair = {.prompt = id,
                        .prompt_size = (int32_t)size[0],
                        .response = {id + size[0], id + size[0] + size[1]},
                        .response_size = {(int32_t)size[1], (int32_t)size[2]}};
        IX_TRY(ix_texts_add_ids(texts, &pair));
    }
    *out = texts;
    texts = NULL;
done:
    free(id);
    ix_texts_destroy(&texts);
    return rc;
}
