/* SPDX-License-Identifier: Apache-2.0
 *
 * step.c - training steps of EX-RM as src/train makes them: pairs are dealt to lanes, every rank makes a pass over the
 * packs of its lane, the last backward pass sends what it finishes, and then norm, update, and everybody's weights.
 * Prints one line of figures: see `print`. */
#include "step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "comm/grid.h"
#include "comm/lanes.h"
#include "comm/question.h"
#include "pack/cut.h"

static const shape shapes[] = {
    {"10m", 4, 4, 2, 64, 256, 1024, 32000},
    {"110m", 12, 12, 4, 64, 768, 2048, 50277},
    {"1.2b", 16, 32, 8, 64, 2048, 8192, 128256},
    {"8b", 32, 32, 8, 128, 4096, 14336, 128256},
};

/* Seconds of a step, by what a rank was doing. */
typedef enum { PREPARE, COMPUTE, TENSOR, REDUCE, NORM, UPDATE, GATHER, QUESTION, DOINGS } doing;

typedef struct {
    int64_t tokens;
    double attended;
    bool last; /* what its backward pass finishes is final */
} pass;

typedef struct {
    settings s;
    ix_grid *grid;
    ix_lanes *lanes;
    ix_question *question;
    int32_t *part;    /* [pairs] the lane of each */
    int64_t *tokens;  /* [pairs] */
    double *attended; /* [pairs] tokens that the tokens of a pair see, summed */
    int64_t *work, *list;
    pass *pass;    /* [pairs + 1] */
    int64_t n;     /* floats of this tensor rank */
    float *x;      /* where sums over the tensor axis happen */
    double *norms; /* a number for every chunk of floats */
    double spent[DOINGS], since;
    doing now;
} run;

static void begin(run *r, doing what)
{
    double now = world_time();
    r->spent[r->now] += now - r->since;
    r->now = what;
    r->since = now;
}

/* --- the model ------------------------------------------------------------------------------------------------- */

/* Its linear maps in a block, in the order of the forward pass: inputs, outputs; tensor ranks meet after the second
 * and the fourth. */
enum { LINEARS = 4 };
typedef struct {
    int64_t in, out;
} linear;

static void linears_of(const run *r, linear out[LINEARS])
{
    const shape *m = &r->s.model;
    int64_t T = r->s.tensor, queries = (int64_t)m->heads * m->head / T, keys = (int64_t)m->keys * m->head / T;
    out[0] = (linear){m->width, queries + 2 * keys};
    out[1] = (linear){queries, m->width};
    out[2] = (linear){m->width, 2 * m->hidden / T};
    out[3] = (linear){m->hidden / T, m->width};
}

static int64_t block_floats(const run *r)
{
    linear l[LINEARS];
    int64_t n = 2 * r->s.model.width; /* two norms */
    linears_of(r, l);
    for (int i = 0; i < LINEARS; i++) n += l[i].in * l[i].out;
    return n;
}

/* Embedding, blocks, norm, score. */
static int64_t block_at(const run *r, int block)
{
    return r->s.model.vocabulary / r->s.tensor * r->s.model.width + block * block_floats(r);
}

static int64_t all_floats(const run *r)
{
    return block_at(r, r->s.model.layers) + 2 * r->s.model.width;
}

/* --- a pass ---------------------------------------------------------------------------------------------------- */

static void multiply(run *r, double multiply_adds)
{
    world_compute(2 * multiply_adds / r->s.flops);
}

static void meet(run *r, const pass *p)
{
    if (r->s.tensor == 1) return;
    begin(r, TENSOR);
    ix_grid_sum_tensor(r->grid, r->x, p->tokens * r->s.model.width);
    begin(r, COMPUTE);
}

static void tell(run *r, const pass *p, int64_t from)
{
    if (!p->last) return;
    begin(r, REDUCE);
    ix_lanes_ready(r->lanes, from);
    begin(r, COMPUTE);
}

/* Scores and values of this rank's heads, forward. */
static double attention(const run *r, const pass *p)
{
    return 2.0 * r->s.model.heads * r->s.model.head / r->s.tensor * p->attended;
}

static void forward(run *r, const pass *p)
{
    linear l[LINEARS];
    linears_of(r, l);
    meet(r, p); /* the embedding */
    for (int block = 0; block < r->s.model.layers; block++)
        for (int i = 0; i < LINEARS; i++) {
            if (i == 1) multiply(r, attention(r, p));
            multiply(r, (double)(l[i].in * l[i].out) * (double)p->tokens);
            if (i % 2) meet(r, p);
        }
}

static void backward(run *r, const pass *p)
{
    linear l[LINEARS];
    linears_of(r, l);
    tell(r, p, block_at(r, r->s.model.layers));
    for (int block = r->s.model.layers - 1; block >= 0; block--) {
        for (int i = LINEARS - 1; i >= 0; i--) {
            for (int way = 0; way < 2; way++) { /* dx, dW */
                tell(r, p, INT64_MAX);
                multiply(r, (double)(l[i].in * l[i].out) * (double)p->tokens);
            }
            if (i == 1) multiply(r, 2 * attention(r, p));
            if (i % 2 == 0) meet(r, p);
        }
        tell(r, p, block_at(r, block));
    }
}

/* --- a step ---------------------------------------------------------------------------------------------------- */

/* Every rank deals all pairs; one that is simulated takes what the first one found, and passes the time. */
static void prepare(run *r)
{
    begin(r, PREPARE);
    world_compute(r->s.pair * (double)r->s.pairs);
    for (int i = 0; i < 2; i++) ix_grid_agree(r->grid, IX_GROUP, IX_OK);
}

/* The passes of this rank's lane; of a mean lane where all are made alike. Returns how many. */
static int64_t passes_of(run *r, pass *out)
{
    int lane = ix_grid_rank(r->grid, IX_DATA), lanes = ix_grid_size(r->grid, IX_DATA);
    int64_t count = 0, n = 0;
    for (int64_t i = 0; i < r->s.pairs; i++)
        if (r->part[i] == lane) r->list[count++] = i;
    for (int64_t from = 0, to; from < count; from = to, n++) {
        to = ix_cut_pack(r->tokens, r->list, count, from, r->s.pack_tokens);
        out[n] = (pass){.last = to == count};
        for (int64_t i = from; i < to; i++) {
            out[n].tokens += r->tokens[r->list[i]];
            out[n].attended += r->attended[r->list[i]];
        }
    }
    if (!r->s.alike) return n;
    pass mean = {0};
    for (int64_t i = 0; i < r->s.pairs; i++) {
        mean.tokens += r->tokens[i];
        mean.attended += r->attended[i];
    }
    n = mean.tokens / lanes / r->s.pack_tokens + 1;
    for (int64_t i = 0; i < n; i++)
        out[i] = (pass){mean.tokens / lanes / n, mean.attended / (double)(lanes * n), i + 1 == n};
    return n;
}

static void compute_lane(run *r)
{
    int64_t n = passes_of(r, r->pass);
    begin(r, COMPUTE);
    ix_lanes_begin(r->lanes);
    for (int64_t i = 0; i < n; i++) {
        if (r->pass[i].last) ix_lanes_closing(r->lanes);
        forward(r, &r->pass[i]);
        backward(r, &r->pass[i]);
    }
    begin(r, REDUCE);
    ix_lanes_end(r->lanes);
}

static void update(run *r)
{
    double share = sizeof(float) * (double)ix_lanes_share(r->n, ix_grid_size(r->grid, IX_DATA), 0), total = 0;
    begin(r, REDUCE);
    ix_lanes_reduce(r->lanes);
    begin(r, NORM);
    world_pass(share);
    ix_grid_agree(r->grid, IX_GROUP, IX_OK);
    ix_grid_merge_double(r->grid, IX_DATA, r->norms, (r->n + IX_LANE_CHUNK - 1) / IX_LANE_CHUNK);
    ix_grid_sum_double(r->grid, IX_TENSOR, &total, 1);
    begin(r, UPDATE);
    world_pass(7 * share); /* AdamW: weight, gradient and two moments are read, all but the gradient are written */
    begin(r, GATHER);
    ix_lanes_gather(r->lanes, r->x);
    begin(r, NORM);
    ix_grid_agree(r->grid, IX_GROUP, IX_OK);
}

static void ask(run *r)
{
    double x[IX_QUESTION] = {0};
    int others = ix_grid_size(r->grid, IX_GROUP) - 1;
    begin(r, QUESTION);
    if (r->s.question) {
        ix_question_ask(r->question, x);
        ix_question_answer(r->question, x);
    } else {
        world_compute(2 * others * (r->s.message + r->s.request));
    }
}

static void step(run *r)
{
    ask(r);
    prepare(r);
    compute_lane(r);
    begin(r, NORM);
    ix_grid_merge_double(r->grid, IX_DATA, r->norms, 3 * r->s.pairs); /* rewards and losses */
    update(r);
}

/* --- pairs ----------------------------------------------------------------------------------------------------- */

/* Lengths like those of UltraFeedback's prompts, chosen and rejected answers within 512 tokens: log-normal, cut off. */
static int64_t length(int64_t pair, int segment)
{
    static const double mean[] = {4.20, 4.60, 4.44}, deviation[] = {0.94, 1.36, 1.38};
    double x =
        exp(mean[segment] + deviation[segment] * ix_draw_normal(1, IX_DRAW_TEST, (uint64_t)(3 * pair + segment)));
    return x < 1 ? 1 : x > 512 ? 512 : (int64_t)x;
}

static void draw_pairs(run *r)
{
    linear l[LINEARS];
    double token = 0;
    linears_of(r, l);
    for (int i = 0; i < LINEARS; i++) token += (double)(l[i].in * l[i].out);
    for (int64_t i = 0; i < r->s.pairs; i++) {
        int64_t prompt = length(i, 0);
        r->tokens[i] = prompt;
        r->attended[i] = 0.5 * (double)(prompt * (prompt + 1));
        for (int side = 1; side <= 2; side++) {
            int64_t n = length(i, side);
            r->tokens[i] += n;
            r->attended[i] += (double)(n * prompt) + 0.5 * (double)(n * (n + 1));
        }
        pass p = {.attended = r->attended[i]};
        r->work[i] = (int64_t)(token * (double)r->tokens[i] + attention(r, &p));
    }
}

/* --- figures --------------------------------------------------------------------------------------------------- */

static void add_all(run *r, double *x, int n, bool most)
{
    if (most) ix_grid_max_double(r->grid, IX_WORLD, x, n);
    else ix_grid_sum_double(r->grid, IX_WORLD, x, n);
}

static const char *const names[DOINGS] = {"prepare", "compute", "tensor", "reduce",
                                          "norm",    "update",  "gather", "question"};

/* key=value on one line: the seconds of a step, mean over ranks, and what all ranks sent in a step. */
static void print(run *r, double seconds)
{
    int ranks = ix_comm_ranks();
    sent mine = world_sent();
    double most = r->spent[COMPUTE], tokens = 0;
    double sums[DOINGS + 5 + 2] = {0};
    memcpy(sums, r->spent, sizeof r->spent);
    double counts[] = {mine.messages, mine.bytes, mine.together, mine.together_bytes, mine.charged};
    memcpy(sums + DOINGS, counts, sizeof counts);
    sums[DOINGS + 5] = (double)(mine.order >> 40); /* small enough to be summed exactly */
    sums[DOINGS + 6] = (double)(mine.order >> 16 & 0xffffff);
    add_all(r, sums, DOINGS + 7, false);
    add_all(r, &most, 1, true);
    for (int64_t i = 0; i < r->s.pairs; i++) tokens += (double)r->tokens[i];
    if (ix_comm_rank() != 0) return;
    double each = 1.0 / r->s.steps;
    printf("model=%s ranks=%d tensor=%d pairs=%lld tokens=%.0f floats=%lld step=%.6f", r->s.model.name, ranks,
           r->s.tensor, (long long)r->s.pairs, tokens, (long long)r->n, seconds * each);
    for (int i = 0; i < DOINGS; i++) printf(" %s=%.6f", names[i], sums[i] / ranks * each);
    printf(" slowest=%.6f charged=%.6f", most * each, sums[DOINGS + 4] / ranks * each);
    printf(" messages=%.0f bytes=%.0f together=%.0f together_bytes=%.0f order=%.0f-%.0f\n", sums[DOINGS] * each,
           sums[DOINGS + 1] * each, sums[DOINGS + 2] * each, sums[DOINGS + 3] * each, sums[DOINGS + 5],
           sums[DOINGS + 6]);
}

/* --- the program ----------------------------------------------------------------------------------------------- */

static bool read_number(settings *s, const char *key, double x)
{
    const struct {
        const char *key;
        double *at;
    } reals[] = {{"flops", &s->flops},
                 {"memory", &s->memory},
                 {"message", &s->message},
                 {"request", &s->request},
                 {"pair", &s->pair}};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        if (strcmp(key, reals[i].key) == 0) return *reals[i].at = x, true;
    if (strcmp(key, "tensor") == 0) return s->tensor = (int)x, true;
    if (strcmp(key, "pairs") == 0) return s->pairs = (int64_t)x, true;
    if (strcmp(key, "pack_tokens") == 0) return s->pack_tokens = (int64_t)x, true;
    if (strcmp(key, "question") == 0) return s->question = x > 0, true;
    if (strcmp(key, "block") == 0) return s->block = (int64_t)x, true;
    if (strcmp(key, "bucket") == 0) return s->bucket = (int64_t)x, true;
    if (strcmp(key, "alike") == 0) return s->alike = x > 0, true;
    if (strcmp(key, "steps") == 0) return s->steps = (int)x, true;
    return false;
}

static bool read_setting(settings *s, char *argument)
{
    char *value = strchr(argument, '='), *end;
    if (!value) return false;
    *value++ = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(argument, "model") == 0 && strcmp(value, shapes[i].name) == 0) return s->model = shapes[i], true;
    double x = strtod(value, &end);
    return end != value && !*end && read_number(s, argument, x);
}

static ix_status open_run(run *r)
{
    ix_status rc = IX_OK;
    int data = ix_comm_ranks() / r->s.tensor;
    size_t pairs = (size_t)r->s.pairs;

    r->n = all_floats(r);
    int64_t sums = r->s.pack_tokens * r->s.model.width, largest = 4 * (r->n > sums ? r->n : sums) + (4 << 20);
    world_start(&r->s, largest);
    ix_lane_way way = {(int)r->s.block, r->s.bucket};
    IX_TRY(ix_grid_create(&r->grid, 1, data, r->s.tensor));
    IX_TRY(ix_lanes_create(&r->lanes, r->grid, IX_DATA, data, r->n, &way));
    IX_TRY(ix_question_create(&r->question, r->grid, IX_GROUP));
    r->x = ix_alloc_block((size_t)largest);
    r->norms = ix_alloc_block(sizeof(double) * ((size_t)(r->n / IX_LANE_CHUNK) + 1 + 3 * pairs));
    r->part = calloc(pairs, sizeof *r->part);
    r->tokens = calloc(pairs, sizeof *r->tokens);
    r->attended = calloc(pairs, sizeof *r->attended);
    r->work = calloc(pairs, sizeof *r->work);
    r->list = calloc(pairs, sizeof *r->list);
    r->pass = calloc(pairs + 1, sizeof *r->pass);
    IX_NEED(r->x && r->norms && r->part && r->tokens && r->attended && r->work && r->list && r->pass, IX_ENOMEM,
            "no memory");
    draw_pairs(r);
    IX_TRY(ix_cut_parts(r->part, r->work, r->s.pairs, data));
done:
    return rc;
}

int main(int argc, char **argv)
{
    run r = {.s = {.model = shapes[0],
                   .tensor = 1,
                   .pack_tokens = 4096,
                   .flops = 1e11,
                   .memory = 1e10,
                   .question = true,
                   .steps = 1}};
    if (ix_comm_start(&argc, &argv) != IX_OK) return 1;
    for (int i = 1; i < argc; i++)
        if (!read_setting(&r.s, argv[i])) {
            fprintf(stderr, "step: %s: not a setting: see settings in step.h\n", argv[i]);
            return 2;
        }
    if (r.s.pairs < 1) r.s.pairs = ix_comm_ranks();
    if (open_run(&r) != IX_OK) {
        fprintf(stderr, "step: %s\n", ix_message());
        return 1;
    }
    ix_grid_barrier(r.grid, IX_WORLD);
    double from = r.since = world_time();
    for (int i = 0; i < r.s.steps; i++) step(&r);
    ix_grid_barrier(r.grid, IX_WORLD);
    begin(&r, PREPARE);
    print(&r, world_time() - from);
    fflush(stdout);
    ix_comm_stop();
    return 0;
}
