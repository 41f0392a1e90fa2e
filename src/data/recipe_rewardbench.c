/* SPDX-License-Identifier: Apache-2.0
 *
 * RewardMATH and RewardBench: one source, of which a fixed number of rows is set apart for the test before anything is
 * filtered by length. */
#include <stdlib.h>
#include <string.h>

#include "data/recipe_parts.h"

enum { SEED = 982, TEST = 200, LONGEST = 512, TRAINED = 1000, TRAINED_SEED = 517 };

typedef struct {
    const char *name[2]; /* train, test */
    ix_source_row row;
    const char *subset;  /* of RewardBench; one that ends with '*' stands for all that begin so */
    const char *chosen;  /* what the first count is of */
    int64_t pool, train; /* rows set apart for the test; most training pairs, -1: all */
    int64_t rows, chosen_rows, kept[2];
    double tokens[2][IX_SIDES];
} source;

static const char *const split[2] = {"train", "test"};

static ix_status finish_split(ix_recipe_work *w, const source *s, int k, ix_picks *p, ix_torch_rng *rng)
{
    ix_status rc = IX_OK;
    int64_t most = k == 0 ? s->train : TEST;
    IX_TRY(ix_picks_draw(p, rng, most));
    ix_recipe_note(w, split[k], "drawn", p->count, most < 0 ? s->kept[k] : most);
    IX_TRY(ix_recipe_add(w, s->name[k], p, s->tokens[k]));
done:
    return rc;
}

static ix_status build_source(ix_recipe_work *w, const source *s)
{
    ix_status rc = IX_OK;
    ix_texts *texts = NULL;
    ix_picks p[2] = {{0}, {0}};
    ix_torch_rng rng;
    int64_t rows;
    ix_torch_seed(&rng, SEED);
    IX_TRY(ix_source_read(w->path[0], s->row, (void *)s, &rows, &texts));
    ix_recipe_note(w, "source", "rows", rows, s->rows);
    IX_TRY(ix_picks_all(&p[0], texts));
    if (s->chosen) ix_recipe_note(w, "source", s->chosen, p[0].count, s->chosen_rows);
    IX_TRY(ix_picks_cut(&p[0], &rng, s->pool, &p[1]));
    for (int k = 0; k < 2; k++) {
        ix_recipe_note(w, split[k], k == 0 ? "the others" : "set apart", p[k].count,
                       k == 0 ? s->chosen_rows - s->pool : s->pool);
        IX_TRY(ix_picks_within(&p[k], w->tok, LONGEST));
        ix_recipe_note(w, split[k], "prompt and responses within 512 tokens", p[k].count, s->kept[k]);
    }
    for (int k = 0; k < 2; k++) IX_TRY(finish_split(w, s, k, &p[k], &rng));
done:
    ix_picks_free(&p[0]);
    ix_picks_free(&p[1]);
    ix_texts_destroy(&texts);
    return rc;
}

/* --- RewardBench ------------------------------------------------------------------------------------------------ */

static bool is_subset(const char *name, const char *wanted)
{
    size_t n = strlen(wanted);
    return wanted[n - 1] == '*' ? strncmp(name, wanted, n - 1) == 0 : strcmp(name, wanted) == 0;
}

static ix_status read_bench(void *context, const json_t *row, const char *where, ix_texts *texts)
{
    ix_status rc = IX_OK;
    const source *s = context;
    const char *subset, *prompt, *chosen, *rejected;
    IX_TRY(ix_json_text(row, "subset", where, true, NULL, &subset));
    if (!is_subset(subset, s->subset)) goto done;
    IX_TRY(ix_json_text(row, "prompt", where, true, NULL, &prompt));
    IX_TRY(ix_json_text(row, "chosen", where, true, NULL, &chosen));
    IX_TRY(ix_json_text(row, "rejected", where, true, NULL, &rejected));
    IX_TRY(ix_source_add(texts, where, prompt, chosen, rejected));
done:
    return rc;
}

static ix_status build_math(ix_recipe_work *w)
{
    static const source math = {.name = {"rewardbench_math_train", "rewardbench_math_test"},
                                .row = read_bench,
                                .subset = "math-prm",
                                .chosen = "subset math-prm",
                                .pool = 400,
                                .train = -1,
                                .rows = -1,
                                .chosen_rows = 447,
                                .kept = {34, 279}};
    return build_source(w, &math);
}

/* The authors' code says 492 where their shipped set was made with 900. */
static ix_status build_code(ix_recipe_work *w)
{
    static const source code = {.name = {"rewardbench_code_train", "rewardbench_code_test"},
                                .row = read_bench,
                                .subset = "hep*",
                                .chosen = "subsets that begin with hep",
                                .pool = 900,
                                .train = -1,
                                .rows = -1,
                                .chosen_rows = 984,
                                .kept = {84, 899},
                                .tokens = {{81.55952380952381, 80.8452380952381}, {83.665, 81.86}}};
    return build_source(w, &code);
}

static const char *const filtered[] = {"filtered.jsonl", NULL};

const ix_recipe ix_recipe_rewardbench_math = {
    .name = "rewardbench_math",
    .about = "the subset math-prm of allenai/reward-bench, split filtered: 200 test pairs",
    .sources = filtered,
    .tokenizer = true,
    .build = build_math,
};

const ix_recipe ix_recipe_rewardbench_code = {
    .name = "rewardbench_code",
    .about = "the subsets hep-* of allenai/reward-bench, split filtered: 200 test pairs",
    .sources = filtered,
    .tokenizer = true,
    .build = build_code,
};

/* --- RewardMATH ------------------------------------------------------------------------------------------------- */

/* The steps of a solution, joined by blanks. Free with free(). */
static ix_status join_steps(const json_t *row, const char *key, const char *where, char **out)
{
    ix_status rc = IX_OK;
    const json_t *list = json_object_get(row, key);
    size_t size = 1, used = 0;
    *out = NULL;
    IX_NEED(json_is_array(list), IX_EINPUT, "%s: %s must be a list of texts", where, key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *step = json_array_get(list, i);
        IX_NEED(json_is_string(step) && strlen(json_string_value(step)) == json_string_length(step), IX_EINPUT,
                "%s: %s[%zu] must be a text without U+0000", where, key, i);
        size += json_string_length(step) + 1;
    }
    IX_NEED(*out = malloc(size), IX_ENOMEM, "%s: out of memory", where);
    (*out)[0] = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *step = json_string_value(json_array_get(list, i));
        used += (size_t)snprintf(*out + used, size - used, "%s%s", i > 0 ? " " : "", step);
    }
done:
    return rc;
}

static ix_status read_solutions(void *context, const json_t *row, const char *where, ix_texts *texts)
{
    ix_status rc = IX_OK;
    const char *problem, *position;
    char *a = NULL, *b = NULL;
    (void)context;
    IX_TRY(ix_json_text(row, "problem", where, true, NULL, &problem));
    IX_TRY(ix_json_text(row, "chosen_position", where, true, NULL, &position));
    IX_TRY(join_steps(row, "eval_solution_A", where, &a));
    IX_TRY(join_steps(row, "eval_solution_B", where, &b));
    bool first = strcmp(position, "A") == 0;
    IX_TRY(ix_source_add(texts, where, problem, first ? a : b, first ? b : a));
done:
    free(a);
    free(b);
    return rc;
}

/* The experiments train on 1,000 of the 2,000: the draw of the authors' data module. */
static ix_status add_trained(ix_recipe_work *w)
{
    ix_status rc = IX_OK;
    ix_picks p = {0};
    ix_torch_rng rng;
    ix_torch_seed(&rng, TRAINED_SEED);
    IX_TRY(ix_picks_all(&p, w->set[0].texts));
    IX_TRY(ix_picks_draw(&p, &rng, TRAINED));
    ix_recipe_note(w, "train", "drawn for training, seed 517", p.count, TRAINED);
    IX_TRY(ix_recipe_add(w, "rewardmath_train1000", &p, NULL));
done:
    ix_picks_free(&p);
    return rc;
}

static ix_status build_rewardmath(ix_recipe_work *w)
{
    static const source solutions = {.name = {"rewardmath_train", "rewardmath_test"},
                                     .row = read_solutions,
                                     .pool = 1000,
                                     .train = 2000,
                                     .rows = 4347,
                                     .chosen_rows = 4347,
                                     .kept = {2959, 878},
                                     .tokens = {{190.0225, 225.618}, {182.815, 221.05}}};
    ix_status rc = build_source(w, &solutions);
    return rc == IX_OK ? add_trained(w) : rc;
}

const ix_recipe ix_recipe_rewardmath = {
    .name = "rewardmath",
    .about = "2,000 training pairs, the 1,000 that are trained on, and 200 test pairs of RewardMATH_pairwise",
    .sources = (const char *const[]){"test.jsonl", NULL},
    .tokenizer = true,
    .build = build_rewardmath,
};
