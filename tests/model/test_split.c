/* SPDX-License-Identifier: Apache-2.0
 *
 * A model shared out over tensor ranks beside the same model whole: hidden states, log-probabilities, gradients, rows
 * that are read, numbers drawn, loaded and gathered. Every family, also with fewer key heads than ranks, and with
 * shares that are not equal. */
#include "comm/grid.h"
#include "shapes.h"

enum { READS = 40 };

static ix_grid *grid;

/* One of the two models: what it computed. */
typedef struct {
    ix_model *m;
    float *w, *dw, *hidden;
    double logp[READS];
} side;

static const ix_extra score = {.name = "score.weight"};

static void open_side(side *s, const ix_model_config *c, const ix_grid *g)
{
    ix_model_wish wish = {.head = true, .extra = &score, .extras = 1, .grid = g};
    CHECK_OK(ix_model_create_config(&s->m, c, &wish));
    size_t floats = (size_t)ix_model_params(s->m)->floats;
    s->w = calloc(floats, sizeof *s->w);
    s->dw = calloc(floats, sizeof *s->dw);
    s->hidden = calloc(SHAPE_TOKENS * (size_t)c->D, sizeof *s->hidden);
    ix_model_draw(s->m, 3, 0.2, s->w);
    CHECK_OK(ix_model_reserve(s->m, SHAPE_TOKENS, true));
}

static void close_side(side *s)
{
    ix_model_destroy(&s->m);
    free(s->w), free(s->dw), free(s->hidden);
}

/* Both losses at once: log-probabilities, and hidden states beside them. */
static void compute(side *s, const ix_pack *pack, const ix_rows *read, const int32_t *rows, const int32_t *targets)
{
    int64_t D = ix_model_config_of(s->m)->D;
    size_t bytes = (size_t)(pack->N * D) * sizeof *s->hidden;
    double dlogp[READS];
    float *dh = calloc(1, bytes);
    memcpy(s->hidden, ix_model_forward(s->m, s->w, pack, read, true), bytes);
    ix_model_logp(s->m, s->w, rows, targets, READS, s->logp);
    for (int i = 0; i < READS; i++) {
        dlogp[i] = ix_draw_normal(8, IX_DRAW_TEST, (uint64_t)i);
        for (int64_t d = 0; d < D; d++)
            dh[rows[i] * D + d] = (float)ix_draw_normal(9, IX_DRAW_TEST, (uint64_t)(rows[i] * D + d));
    }
    ix_model_logp_backward(s->m, s->w, s->dw, rows, targets, READS, dlogp, dh);
    ix_model_backward(s->m, s->w, s->dw, pack, dh);
    ix_model_meet(s->m, s->dw);
    free(dh);
}

/* Hidden states and log-probabilities are on every rank; gradients in parts. */
static void compare(const side *part, const side *whole, const ix_pack *pack, const int32_t *rows)
{
    const ix_params *t = ix_model_params(whole->m);
    int64_t D = ix_model_config_of(whole->m)->D;
    float *dw = calloc((size_t)t->floats, sizeof *dw), *w = calloc((size_t)t->floats, sizeof *w);
    (void)pack;
    for (int i = 0; i < READS; i++) {
        CHECK_NEAR(shape_apart(part->hidden + rows[i] * D, whole->hidden + rows[i] * D, D), 0, 3e-6);
        CHECK_NEAR(part->logp[i], whole->logp[i], 1e-5);
    }
    assert_int_equal(t->floats, ix_model_params(part->m)->full_floats);
    CHECK_OK(ix_model_gather(part->m, part->dw, dw));
    CHECK_OK(ix_model_gather(part->m, part->w, w));
    if (ix_grid_rank(grid, IX_TENSOR) == 0) {
        assert_memory_equal(w, whole->w, (size_t)t->floats * sizeof *w);
        CHECK_NEAR(shape_apart(dw, whole->dw, t->floats), 0, 5e-6);
    }
    free(dw), free(w);
}

static void split_computes_the_same(void **state)
{
    (void)state;
    for (int c = 0; c < 2 * SHAPES; c++) {
        const ix_model_config *config = &shapes[c / 2];
        side part = {0}, whole = {0};
        ix_pack *pack = shape_pack();
        ix_rows read[16];
        int32_t rows[READS], targets[READS];
        open_side(&part, config, grid);
        open_side(&whole, config, NULL);
        for (int i = 0; i < READS; i++) {
            rows[i] = pack->segment[1 + i % 2].begin + i % 8;
            targets[i] = (i * 17) % SHAPE_WORDS;
        }
        for (int32_t s = 0; s < pack->S; s++) read[s] = (ix_rows){pack->segment[s].begin, pack->segment[s].begin + 8};
        compute(&part, pack, c % 2 ? read : NULL, rows, targets);
        compute(&whole, pack, c % 2 ? read : NULL, rows, targets);
        compare(&part, &whole, pack, rows);
        close_side(&part), close_side(&whole);
        ix_pack_destroy(&pack);
    }
}

/* The same numbers twice, on every rank. */
static void same_bits_again(void **state)
{
    (void)state;
    side one = {0}, two = {0};
    ix_pack *pack = shape_pack();
    int32_t rows[READS], targets[READS];
    for (int i = 0; i < READS; i++) rows[i] = 40 + i, targets[i] = i;
    open_side(&one, &shapes[0], grid);
    open_side(&two, &shapes[0], grid);
    compute(&one, pack, NULL, rows, targets);
    compute(&two, pack, NULL, rows, targets);
    assert_memory_equal(one.dw, two.dw, (size_t)ix_model_params(one.m)->floats * sizeof *one.dw);
    assert_memory_equal(one.logp, two.logp, sizeof one.logp);
    uint64_t bits;
    double first;
    memcpy(&first, &one.logp[3], sizeof first);
    ix_grid_bcast(grid, IX_TENSOR, 0, &first, sizeof first);
    memcpy(&bits, &first, sizeof bits);
    assert_memory_equal(&bits, &one.logp[3], sizeof bits);
    close_side(&one), close_side(&two);
    ix_pack_destroy(&pack);
}

static void too_many_ranks(void **state)
{
    (void)state;
    ix_model_config c = shapes[0];
    ix_model_wish wish = {.grid = grid};
    ix_model *m;
    c.H = c.G = 1;
    assert_int_equal(ix_model_create_config(&m, &c, &wish), IX_EINPUT);
    assert_non_null(strstr(ix_message(), "attention heads"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(split_computes_the_same), cmocka_unit_test(same_bits_again),
                                       cmocka_unit_test(too_many_ranks)};
    CHECK_OK(ix_comm_start(&argc, &argv));
    CHECK_OK(ix_grid_create(&grid, 1, 1, ix_comm_ranks()));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ix_grid_destroy(&grid);
    ix_comm_stop();
    return failed;
}
