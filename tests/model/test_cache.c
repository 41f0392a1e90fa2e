/* SPDX-License-Identifier: Apache-2.0
 *
 * A model that writes token by token with cached keys beside a forward pass over the whole text: hidden states and
 * log-probabilities have the same bits, for every family, whatever else is in a step, and on tensor ranks. */
#include "comm/grid.h"
#include "model/cache.h"
#include "shapes.h"

enum { TEXTS = 4, PROMPTS = 2, LONGEST = 40, ROOM = 256 };

static ix_grid *grid;

/* Two texts follow each prompt; text t says said[t] tokens. */
static const int32_t prompt_size[PROMPTS] = {33, 16}, said[TEXTS] = {40, 1, 17, 16};

static int32_t token_of(int64_t text, int64_t at)
{
    return (int32_t)(ix_draw_uniform(12, IX_DRAW_TEST, (uint64_t)(1000 * text + at)) * SHAPE_WORDS);
}

static void fill(int32_t *out, int64_t text, int32_t n)
{
    for (int32_t i = 0; i < n; i++) out[i] = token_of(text, i);
}

/* What a text had: the states of its last prompt token and of its own tokens, and the log-probability of each of its
 * own. */
typedef struct {
    float hidden[LONGEST + 1][48];
    double logp[LONGEST];
} trace;

/* The definition: one pack that holds prompt and text as a pair does. */
static void forward_whole(ix_model *m, const float *w, int t, trace *out)
{
    int32_t prompt[ROOM], own[ROOM], rows[LONGEST];
    ix_pack *pack;
    ix_pair pair = {.prompt = prompt, .prompt_size = prompt_size[t / 2], .response = {own, own}};
    pair.response_size[0] = pair.response_size[1] = said[t];
    fill(prompt, -1 - t / 2, pair.prompt_size);
    fill(own, t, said[t]);
    CHECK_OK(ix_pack_create(&pack, ROOM, 4, 1));
    ix_pack_add_pair(pack, &pair, 0, true);
    const float *h = ix_model_forward(m, w, pack, NULL, false);
    for (int i = 0; i < said[t]; i++) rows[i] = pair.prompt_size - 1 + i;
    for (int i = 0; i <= said[t]; i++)
        memcpy(out->hidden[i], h + (pair.prompt_size - 1 + i) * 48, sizeof out->hidden[i]);
    ix_model_logp(m, w, rows, own, said[t], out->logp);
    ix_pack_destroy(&pack);
}

/* Where the texts lie in the cache: prompts first, then every text behind its prompt. */
static void place(int64_t *prompt, int64_t *own, int64_t *slots)
{
    *slots = IX_CACHE_TILE; /* nothing has to begin at slot 0 */
    for (int p = 0; p < PROMPTS; p++) {
        prompt[p] = *slots;
        *slots += ix_cache_run(prompt_size[p]);
        for (int t = 2 * p; t < 2 * p + 2; t++) {
            own[t] = *slots;
            *slots += ix_cache_run(said[t]);
        }
    }
}

static void chosen(ix_model *m, const float *w, const int *text, const int32_t *row, int n, int step, trace *out)
{
    static float z[TEXTS * SHAPE_WORDS];
    int32_t token[TEXTS];
    double logp[TEXTS];
    for (int k = 0; k < n; k++) token[k] = token_of(text[k], step);
    ix_model_logits(m, w, row, n, z);
    ix_model_chosen_logp(m, token, n, logp);
    for (int k = 0; k < n; k++) out[text[k]].logp[step] = logp[k];
}

static void read_prompts(ix_model *m, const float *w, ix_cache *cache, const int64_t *first, trace *out)
{
    int32_t ids[ROOM], row[TEXTS];
    int64_t slot[ROOM];
    int text[TEXTS];
    ix_pack *pack;
    ix_rows read[PROMPTS];
    CHECK_OK(ix_pack_create(&pack, ROOM, 4, 0));
    for (int p = 0; p < PROMPTS; p++) {
        fill(ids, -1 - p, prompt_size[p]);
        for (int i = 0; i < prompt_size[p]; i++) slot[pack->N + i] = first[p] + i;
        ix_pack_add_document(pack, ids, prompt_size[p]);
        read[p] = (ix_rows){pack->N - 1, pack->N};
        for (int t = 2 * p; t < 2 * p + 2; t++) text[t] = t, row[t] = pack->N - 1;
    }
    const float *h = ix_model_prefill(m, w, pack, read, cache, slot);
    for (int t = 0; t < TEXTS; t++) memcpy(out[t].hidden[0], h + row[t] * 48, sizeof out[t].hidden[0]);
    chosen(m, w, text, row, TEXTS, 0, out);
    ix_pack_destroy(&pack);
}

static void write_texts(ix_model *m, const float *w, trace *out)
{
    int64_t prompt[PROMPTS], own[TEXTS], slots, slot[TEXTS];
    ix_cache *cache;
    ix_pack *pack;
    place(prompt, own, &slots);
    CHECK_OK(ix_cache_create(&cache, m, slots));
    CHECK_OK(ix_pack_create(&pack, ROOM, 4, 0));
    read_prompts(m, w, cache, prompt, out);
    for (int step = 0; step < LONGEST; step++) {
        ix_kept_row seen[TEXTS];
        int text[TEXTS], n = 0, left = 0;
        int32_t row[TEXTS];
        for (int t = TEXTS - 1; t >= 0; t--) { /* another order than that of the prompts */
            if (step >= said[t]) continue;
            pack->token[n] = token_of(t, step);
            pack->position[n] = prompt_size[t / 2] + step;
            slot[n] = own[t] + step;
            seen[n] = (ix_kept_row){.first = {prompt[t / 2], own[t]}, .size = {prompt_size[t / 2], step + 1}};
            text[n++] = t;
        }
        pack->N = n;
        const float *h = ix_model_follow(m, w, pack, cache, slot, seen);
        for (int k = 0; k < n; k++) {
            memcpy(out[text[k]].hidden[step + 1], h + k * 48, sizeof out->hidden[0]);
            if (step + 1 < said[text[k]]) text[left] = text[k], row[left++] = k;
        }
        if (left) chosen(m, w, text, row, left, step + 1, out);
    }
    ix_pack_destroy(&pack);
    ix_cache_destroy(&cache);
}

static void same_bits(void **state)
{
    (void)state;
    static trace want, got[TEXTS];
    for (int c = 0; c < SHAPES + 2; c++) {
        ix_model *m;
        ix_model_wish wish = {.head = true, .grid = grid};
        if (c >= SHAPES) wish.trained = IX_TRAIN_NOTHING, wish.storage = IX_BF16;
        CHECK_OK(ix_model_create_config(&m, &shapes[c % SHAPES], &wish));
        CHECK_OK(ix_model_hold(m));
        float *w = calloc((size_t)ix_model_params(m)->floats, sizeof *w);
        ix_model_draw(m, 5, 0.3, w);
        CHECK_OK(ix_model_reserve(m, ROOM, false));
        write_texts(m, w, got);
        for (int t = 0; t < TEXTS; t++) {
            forward_whole(m, w, t, &want);
            for (int i = 0; i <= said[t]; i++)
                if (memcmp(want.hidden[i], got[t].hidden[i], sizeof want.hidden[i]))
                    fail_msg("%s: text %d, token %d: %g, wanted %g", shapes[c % SHAPES].model_type, t, i,
                             (double)got[t].hidden[i][0], (double)want.hidden[i][0]);
            assert_memory_equal(want.logp, got[t].logp, (size_t)said[t] * sizeof want.logp[0]);
        }
        free(w);
        ix_model_destroy(&m);
    }
}

/* Every tensor rank gets the whole row of logits, and they are those whose log-softmax is reported. */
static void whole_logits(void **state)
{
    (void)state;
    static float z[2 * SHAPE_WORDS];
    ix_model *m;
    ix_pack *pack = shape_pack();
    int32_t row[2] = {40, 12}, token[2] = {SHAPE_WORDS - 1, 3};
    double logp[2];
    CHECK_OK(ix_model_create_config(&m, &shapes[5], &(ix_model_wish){.head = true, .grid = grid}));
    float *w = calloc((size_t)ix_model_params(m)->floats, sizeof *w);
    ix_model_draw(m, 5, 0.3, w);
    CHECK_OK(ix_model_reserve(m, SHAPE_TOKENS, false));
    ix_model_forward(m, w, pack, NULL, false);
    ix_model_logits(m, w, row, 2, z);
    ix_model_chosen_logp(m, token, 2, logp);
    for (int i = 0; i < 2; i++) {
        double sum = 0;
        for (int v = 0; v < SHAPE_WORDS; v++) sum += exp((double)z[i * SHAPE_WORDS + v]);
        CHECK_NEAR(logp[i], (double)z[i * SHAPE_WORDS + token[i]] - log(sum), 1e-5);
    }
    free(w);
    ix_model_destroy(&m);
    ix_pack_destroy(&pack);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits), cmocka_unit_test(whole_logits)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    CHECK_OK(ix_grid_create(&grid, 1, 1, ix_comm_ranks()));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_destroy(&grid);
    ix_comm_stop();
    return failed;
}
