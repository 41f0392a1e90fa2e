/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention over kept keys: beside its twin in plain loops, and bit by bit beside ix_attention on a whole text. */
#include "check.h"
#include "draw.h"
#include "tensor/tensor.h"

enum { PROMPT = 37, OWN = 21, S = 128, N = PROMPT + OWN };

/* clang-format off */
static const ix_attention_shape shapes[] = {
    {.H = 4, .G = 4, .K = 16, .stride = 192, .q_step = 16, .kv_step = 16, .scale = 0.25f},
    {.H = 6, .G = 2, .K = 20, .stride = 240, .q_step = 20, .kv_step = 20, .scale = 0.2f, .softcap = 3, .window = 19},
    {.H = 3, .G = 2, .K = 8, .group = 2, .first = 1, .stride = 72, .q_step = 24, .kv_step = 24, .scale = 0.4f},
    {.H = 30, .G = 1, .K = 5, .stride = 160, .q_step = 5, .kv_step = 5, .scale = 0.4f, .window = 40},
};
/* clang-format on */

typedef struct {
    float *x, *kept, *want, *got, *lse;
    int64_t slot[N];
    const float *q, *k, *v;
} bench;

/* The prompt lies from slot 64 on, what follows it from slot 16 on. */
static void open_bench(bench *b, const ix_attention_shape *a)
{
    int64_t floats = N * a->stride;
    *b = (bench){.x = calloc((size_t)floats, sizeof(float)),
                 .kept = calloc((size_t)ix_kept_floats(a, S), sizeof(float)),
                 .want = calloc((size_t)(N * a->H * a->K), sizeof(float)),
                 .got = calloc((size_t)(N * a->H * a->K), sizeof(float)),
                 .lse = calloc((size_t)(N * a->H), sizeof(float))};
    for (int64_t i = 0; i < floats; i++) b->x[i] = (float)ix_draw_normal(2, IX_DRAW_TEST, (uint64_t)i);
    b->q = b->x;
    bool in_turn = a->q_step == 3 * a->K;
    b->k = b->x + (in_turn ? a->K : a->H * a->K);
    b->v = b->x + (in_turn ? 2 * a->K : (a->H + a->G) * a->K);
    for (int64_t n = 0; n < N; n++) b->slot[n] = n < PROMPT ? 64 + n : 16 + n - PROMPT;
    ix_keep_keys(b->kept, S, b->k, b->v, a, b->slot, N);
}

static void close_bench(bench *b)
{
    free(b->x), free(b->kept), free(b->want), free(b->got), free(b->lse);
}

static void attend(bench *b, const ix_attention_shape *a, const ix_kept_row *row)
{
    void *scratch = aligned_alloc(64, (ix_attention_kept_scratch(a, row, OWN) + 63) / 64 * 64);
    ix_attention_kept(b->got, b->q + PROMPT * a->stride, b->kept, S, a, row, OWN, scratch);
    free(scratch);
}

static void near_its_twin(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        const ix_attention_shape *a = &shapes[c];
        bench b;
        ix_kept_row row[OWN];
        open_bench(&b, a);
        float *kept = calloc((size_t)ix_kept_floats(a, S), sizeof *kept);
        ix_keep_keys_ref(kept, S, b.k, b.v, a, b.slot, N);
        assert_memory_equal(kept, b.kept, (size_t)ix_kept_floats(a, S) * sizeof *kept);
        for (int n = 0; n < OWN; n++) row[n] = (ix_kept_row){.first = {64, 16}, .size = {PROMPT, n + 1}};
        attend(&b, a, row);
        ix_attention_kept_ref(b.want, b.q + PROMPT * a->stride, b.kept, S, a, row, OWN);
        CHECK_NEAR(check_worst(b.got, b.want, OWN * a->H * a->K), 0, 2e-6);
        free(kept);
        close_bench(&b);
    }
}

static void bits_of_the_whole(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof shapes / sizeof *shapes; c++) {
        const ix_attention_shape *a = &shapes[c];
        bench b;
        ix_kept_row row[OWN];
        int32_t ids[N] = {0};
        ix_pack *pack;
        ix_pair pair = {.prompt = ids, .prompt_size = PROMPT, .response = {ids, ids}, .response_size = {OWN, 1}};
        CHECK_OK(ix_pack_create(&pack, N + 1, 4, 1));
        ix_pack_add_pair(pack, &pair, 0, true);
        pack->N = N, pack->S = 2; /* prompt and chosen response alone */
        open_bench(&b, a);
        void *scratch = aligned_alloc(64, (ix_attention_scratch(a, pack) + 63) / 64 * 64);
        ix_attention(b.want, b.lse, b.q, b.k, b.v, a, pack, NULL, scratch);
        for (int n = 0; n < OWN; n++) row[n] = (ix_kept_row){.first = {64, 16}, .size = {PROMPT, n + 1}};
        attend(&b, a, row);
        assert_memory_equal(b.got, b.want + PROMPT * a->H * a->K, (size_t)(OWN * a->H * a->K) * sizeof(float));
        free(scratch);
        close_bench(&b);
        ix_pack_destroy(&pack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(near_its_twin), cmocka_unit_test(bits_of_the_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
