/* SPDX-License-Identifier: Apache-2.0
 *
 * Where only some rows are read, the last block computes these only: hidden states keep their bits, gradients change
 * by rounding. Every family, with packs in which a segment is read whole, in part, at its last row, and not at all. */
#include "shapes.h"

typedef struct {
    ix_model *m;
    ix_pack *pack;
    int64_t floats, D;
    float *w;
} world;

static double draw(uint64_t *at)
{
    return ix_draw_normal(5, IX_DRAW_TEST, (*at)++);
}

static world make(const ix_model_config *c)
{
    ix_model_wish wish = {0};
    world s = {.D = c->D, .pack = shape_pack()};
    CHECK_OK(ix_model_create_config(&s.m, c, &wish));
    s.floats = ix_model_params(s.m)->floats;
    s.w = calloc((size_t)s.floats, sizeof *s.w);
    ix_model_draw(s.m, 3, 0.2, s.w);
    CHECK_OK(ix_model_reserve(s.m, SHAPE_TOKENS, true));
    return s;
}

static void drop(world *s)
{
    ix_pack_destroy(&s->pack);
    ix_model_destroy(&s->m);
    free(s->w);
}

/* Which rows: the last of every segment, stretches, all of some segments and none of others. */
static void choose(ix_rows *read, const ix_pack *pack, int way)
{
    for (int32_t s = 0; s < pack->S; s++) {
        const ix_segment *g = &pack->segment[s];
        read[s] = (ix_rows){g->end - 1, g->end};
        if (way == 1) read[s] = s % 3 == 0 ? (ix_rows){g->begin, g->end} : (ix_rows){g->begin, g->begin};
        if (way == 2) read[s] = (ix_rows){g->begin + s % 4, g->end - 1};
    }
}

static bool is_read(const ix_rows *read, int32_t S, int32_t row)
{
    for (int32_t s = 0; s < S; s++)
        if (row >= read[s].begin && row < read[s].end) return true;
    return false;
}

static float *gradient(const world *s, const ix_rows *read, const float *dh)
{
    size_t rows = (size_t)(s->pack->N * s->D);
    float *dw = calloc((size_t)s->floats, sizeof *dw), *used_up = malloc(rows * sizeof *used_up);
    memcpy(used_up, dh, rows * sizeof *dh);
    ix_model_forward(s->m, s->w, s->pack, read, true);
    ix_model_backward(s->m, s->w, dw, s->pack, used_up);
    free(used_up);
    return dw;
}

static void rows_that_are_read(void **state)
{
    (void)state;
    for (int c = 0; c < SHAPES * 3; c++) {
        world s = make(&shapes[c / 3]);
        ix_rows read[16];
        uint64_t at = 0;
        size_t bytes = (size_t)(s.pack->N * s.D) * sizeof(float);
        float *whole = malloc(bytes), *dh = calloc(1, bytes);
        choose(read, s.pack, c % 3);
        for (int32_t n = 0; n < s.pack->N; n++)
            for (int64_t d = 0; d < s.D && is_read(read, s.pack->S, n); d++) dh[n * s.D + d] = (float)draw(&at);
        memcpy(whole, ix_model_forward(s.m, s.w, s.pack, NULL, false), bytes);
        for (int keep = 0; keep < 2; keep++) {
            const float *some = ix_model_forward(s.m, s.w, s.pack, read, keep);
            for (int32_t n = 0; n < s.pack->N; n++)
                if (is_read(read, s.pack->S, n))
                    assert_memory_equal(some + n * s.D, whole + n * s.D, (size_t)s.D * sizeof *some);
        }
        float *want = gradient(&s, NULL, dh), *got = gradient(&s, read, dh);
        CHECK_NEAR(shape_apart(got, want, s.floats), 0, 2e-6);
        free(whole), free(dh), free(want), free(got);
        drop(&s);
    }
}

/* Nothing to read is no reason to fail. */
static void nothing_is_read(void **state)
{
    (void)state;
    world s = make(&shapes[0]);
    ix_rows read[16] = {{0, 0}};
    float *dh = calloc((size_t)(s.pack->N * s.D), sizeof *dh);
    float *dw = gradient(&s, read, dh);
    for (int64_t i = 0; i < s.floats; i++) assert_true(dw[i] == 0);
    free(dh), free(dw);
    drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_that_are_read), cmocka_unit_test(nothing_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
