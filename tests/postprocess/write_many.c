/* SPDX-License-Identifier: Apache-2.0
 *
 * write_many FOLDER MODELS SETS SEEDS PAIRS EPOCHS: a synthetic result set with known truth, through the store: EX-RM
 * and IM-RM runs of so many models and seeds, judged on so many sets. Rewards are drawn: a part of the prompt's, a part
 * of the answer's, more or less apart by model, set and objective. For check_truth.py and check_many.sh. */
#include "base/random.h"
#include "runs.h"

typedef struct {
    const char *folder;
    int models, sets, seeds, pairs, epochs;
} plan;

static uint64_t next;

static double normal(void)
{
    return ix_draw_normal(21, IX_DRAW_TEST, next++);
}

static const char *const category[] = {"in_distribution", "token_shift", "token_shift", "domain_shift"};

static char *set_path(int set, const char *what)
{
    return ix_format("eval/set-%d/%s", set, what);
}

/* Some rewards are equal: ties. Few digits, so that they are the same in any program. */
static void add_rewards(ix_result *r, const plan *p, int model, int set, bool im)
{
    double *reward = calloc((size_t)p->epochs * (size_t)p->pairs * 2, sizeof *reward);
    double apart = 0.3 + 0.1 * (model % 5) +
                   (set % 4 == 1   ? (im ? -0.5 : 0.3)
                    : set % 4 == 3 ? (im ? 0.2 : -0.4)
                                   : 0.5);
    for (int e = im ? 1 : 0; e < p->epochs; e++)
        for (int i = 0; i < p->pairs; i++) {
            double prompt = normal(), *to = reward + 2 * (e * p->pairs + i);
            to[0] = round(8 * (prompt + normal() + apart * e / (p->epochs - 1))) / 8;
            to[1] = round(8 * (prompt + normal())) / 8;
        }
    char *path = set_path(set, "reward");
    CHECK_OK(ix_result_reals(r, path, (int64_t[]){p->epochs, p->pairs, 2}, reward));
    free(path);
    free(reward);
}

static void add_lengths(ix_result *r, const plan *p, int set)
{
    int64_t *tokens = calloc((size_t)p->pairs * 2, sizeof *tokens);
    for (int i = 0; i < 2 * p->pairs; i++) /* the same for every run */
        tokens[i] = 5 + (int64_t)(ix_draw_bits((uint64_t)set, IX_DRAW_TEST, (uint64_t)i) % 20);
    char *path = set_path(set, "tokens");
    CHECK_OK(ix_result_ints(r, path, (int64_t[]){p->pairs, 2}, tokens));
    free(path);
    free(tokens);
}

static void add_set(ix_result *r, const plan *p, int model, int set, bool im)
{
    char *name = ix_format("set-%d", set);
    CHECK_OK(ix_result_add_set(r, &(ix_result_set){.name = name,
                                                   .category = category[set % 4],
                                                   .group = set % 8 < 6 ? NULL : "both",
                                                   .hash = "cafe",
                                                   .count = p->pairs}));
    add_rewards(r, p, model, set, im);
    add_lengths(r, p, set);
    free(name);
}

static void write_run(const plan *p, int model, int seed, bool im)
{
    ix_result *r = NULL;
    const char *objective = im ? "im_rm" : "ex_rm", *yaml = "suite: many\n";
    char *name = ix_format("model-%02d-of-some-length", model), *id = ix_format("%s-%s-s%d", name, objective, seed);
    char *twin = ix_format("%s-s%d", name, seed), *path = ix_format("%s/many/%s.h5", p->folder, id);
    const char *text[][2] = {{"run_id", id},
                             {"twin_id", twin},
                             {"suite", "many"},
                             {"part", ""},
                             {"task", "preference"},
                             {"model", name},
                             {"varied", ""},
                             {"objective", objective},
                             {"verdict", "VALID"},
                             {"version", "0.1.0"},
                             {"started", "2025-01-01T00:00:00Z"},
                             {"finished", "2025-01-01T00:00:04.500000Z"}};
    CHECK_OK(ix_result_create(&r));
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) CHECK_OK(ix_result_text(r, text[i][0], text[i][1]));
    CHECK_OK(ix_result_int(r, "seed", seed));
    CHECK_OK(ix_result_int(r, "ranks", 2));
    CHECK_OK(ix_result_texts(r, "config/resolved", NULL, &yaml));
    for (int s = 0; s < p->sets; s++) add_set(r, p, model, s, im);
    run_add_time(r, im);
    CHECK_OK(ix_result_write(r, path));
    ix_result_destroy(&r);
    free(name);
    free(id);
    free(twin);
    free(path);
}

int main(int argc, char **argv)
{
    if (argc != 7) return 2;
    plan p = {argv[1], atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), atoi(argv[6])};
    char *folder = ix_format("%s/many", p.folder);
    if (p.epochs < 2) return 2;
    CHECK_OK(ix_make_folders(folder));
    for (int m = 0; m < p.models; m++)
        for (int s = 0; s < p.seeds; s++)
            for (int o = 0; o < 2; o++) write_run(&p, m, s, o == 1);
    free(folder);
    return 0;
}
