/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fields.h"

#include <stddef.h>
#include <string.h>

#include "base/status.h"

#define ANSWER IX_OF_ANSWER
#define TIME IX_OF_TIME
#define PLACE IX_OF_PLACE
#define VERSION IX_OF_VERSION

/* clang-format off */
static const ix_field rows[] = {
    {"config", "given", IX_TEXT, VERSION, {0}, "1", "the suite as the user wrote it"},
    {"config", "resolved", IX_TEXT, VERSION, {0}, "1", "this run with every setting spelled out"},
    {"", "hosts", IX_TEXT, PLACE, {"rank"}, "1", "host of every rank"},
    {"train", "loss", IX_REAL, ANSWER, {"step"}, "nat", "mean loss of the step's pairs"},
    {"train", "accuracy", IX_REAL, ANSWER, {"step"}, "1", "share of the step's pairs ranked right, ties one half"},
    {"train", "gradient_norm", IX_REAL, ANSWER, {"step"}, "1", "norm of the gradient before clipping"},
    {"train", "learning_rate", IX_REAL, ANSWER, {"step"}, "1", "step size of the optimizer"},
    {"train", "pairs", IX_INT, ANSWER, {"step"}, "1", "pairs of the step"},
    {"train", "tokens", IX_INT, ANSWER, {"step"}, "1", "tokens of the step, a shared prompt counted once"},
    {"train", "time", IX_REAL, TIME, {"step", "rank", "phase"}, "s", "time every rank spent in every phase"},
    {"train", "memory", IX_INT, PLACE, {"rank"}, "byte", "peak resident memory of every rank"},
    {"eval/", "reward", IX_REAL, ANSWER, {"epoch", "pair", "side"}, "1", "reward of every response"},
    {"eval/", "logp", IX_REAL, ANSWER, {"epoch", "pair", "side"}, "nat", "log-probability of every response"},
    {"eval/", "reference_logp", IX_REAL, ANSWER, {"pair", "side"}, "nat", "log-probability under the reference"},
    {"eval/", "tokens", IX_INT, ANSWER, {"pair", "side"}, "1", "tokens of every response"},
    {"eval/", "characters", IX_INT, ANSWER, {"pair", "side"}, "1", "code points of every response as text"},
    {"eval/", "lookup", IX_REAL, ANSWER, {"pair", "side"}, "1", "1 where the response was chosen in training"},
    {"eval/", "bag_of_tokens", IX_REAL, ANSWER, {"pair", "side"}, "nat", "reward of a bag of tokens fit to training"},
    {"eval/", "prompt_tokens", IX_INT, ANSWER, {"pair"}, "1", "tokens of every prompt"},
    {"eval/", "accuracy", IX_REAL, ANSWER, {"epoch"}, "1", "share of pairs ranked right, ties count one half"},
    {"eval/", "margin", IX_REAL, ANSWER, {"epoch"}, "1", "mean |r_chosen - r_rejected| over the deviation of rewards"},
    {"eval/", "loss", IX_REAL, ANSWER, {"epoch"}, "nat", "mean loss of the set"},
    {"eval/", "seconds", IX_REAL, TIME, {"epoch"}, "s", "the set's share, by tokens, of the time the evaluation took"},
    {"eval/", "step", IX_INT, ANSWER, {"epoch"}, "1", "training steps done before the evaluation"},
    {"generate/", "correct", IX_INT, ANSWER, {"pair", "try"}, "1", "1 where the generated text is correct"},
    {"generate/", "text", IX_TEXT, ANSWER, {"pair", "try"}, "1", "the generated text"},
    {"generate/", "permutation", IX_INT, ANSWER, {"pair", "try"}, "1", "1 where the text is a permutation of the vertices"},
    {"generate/", "steps", IX_INT, ANSWER, {"pair", "try"}, "1", "places where two vertices follow each other"},
    {"generate/", "edges", IX_INT, ANSWER, {"pair", "try"}, "1", "of these, those that are edges"},
    {"generate/", "tokens", IX_INT, ANSWER, {"pair", "try"}, "1", "tokens of the text, its end token included"},
    {"generate/", "logp", IX_REAL, ANSWER, {"pair", "try"}, "nat", "log-probability of the text by the model itself"},
    {"generate/", "uniform", IX_REAL, ANSWER, {"pair"}, "1", "share of all permutations that are correct"},
    {"generate/", "walk", IX_REAL, ANSWER, {"pair"}, "1", "probability that a walk along edges to unseen vertices is correct"},
    {"generate/", "density", IX_REAL, ANSWER, {"pair"}, "1", "share of the pairs of vertices that are edges"},
    {"generate/", "graph", IX_INT, ANSWER, {"pair"}, "1", "number of the graph in its set"},
    {"generate/", "answers", IX_INT, ANSWER, {"pair"}, "1", "correct answers of the graph"},
    {"generate/", "exact", IX_REAL, ANSWER, {"pair"}, "nat", "log of the probability of a correct answer"},
    {"generate/", "reference_exact", IX_REAL, ANSWER, {"pair"}, "nat", "the same under the reference"},
    {"generate/", "where", IX_REAL, ANSWER, {"pair", "part"}, "nat", "log pi - log reference over a part of the responses"},
    {"reference", "seconds", IX_REAL, TIME, {0}, "s", "time of the pass that computed reference log-probabilities"},
    {"cache", "logp", IX_REAL, ANSWER, {"pair", "side"}, "nat", "log-probability under the reference"},
    {"claims", "name", IX_TEXT, ANSWER, {"claim"}, "1", "name of the claim"},
    {"claims", "statement", IX_TEXT, ANSWER, {"claim"}, "1", "what is claimed, and what was measured"},
    {"claims", "relation", IX_TEXT, ANSWER, {"claim"}, "1", "of the measured figure to the bound"},
    {"claims", "measured", IX_REAL, ANSWER, {"claim"}, "1", "the figure that was measured"},
    {"claims", "bound", IX_REAL, ANSWER, {"claim"}, "1", "the bound that it must keep"},
    {"claims", "verdict", IX_TEXT, ANSWER, {"claim"}, "1", "HOLDS, FAILS or NOT APPLICABLE"},
    {"claims", "reason", IX_TEXT, ANSWER, {"claim"}, "1", "why a claim is not applicable"},
    {"claims", "sheet", IX_TEXT, ANSWER, {"sheet"}, "1", "names of the groups of /sheets"},
    {"sheets/", "value", IX_REAL, ANSWER, {"row", "column"}, "1", "the numbers behind claims"},
    {"sheets/", "about", IX_TEXT, VERSION, {0}, "1", "what the sheet shows"},
    {"scaling", "series", IX_TEXT, ANSWER, {"layout"}, "1", "series that the layout is a point of"},
    {"scaling", "groups", IX_INT, ANSWER, {"layout"}, "1", "runs side by side"},
    {"scaling", "data", IX_INT, ANSWER, {"layout"}, "1", "ranks that share the pairs of a step"},
    {"scaling", "tensor", IX_INT, ANSWER, {"layout"}, "1", "ranks that share every layer"},
    {"scaling", "threads", IX_INT, ANSWER, {"layout"}, "1", "threads of a rank"},
    {"scaling", "ranks", IX_INT, ANSWER, {"layout"}, "1", "ranks of the layout, the first ones of the job"},
    {"scaling", "pairs", IX_INT, ANSWER, {"layout"}, "1", "pairs of a step of one group"},
    {"scaling", "nodes", IX_INT, PLACE, {"layout"}, "1", "nodes that its ranks are on"},
    {"scaling", "busy", IX_INT, PLACE, {"layout"}, "1", "threads at work on the node with least cores for each"},
    {"scaling", "cores", IX_INT, PLACE, {"layout"}, "1", "cores that the ranks on that node may use"},
    {"scaling", "deviation", IX_REAL, ANSWER, {"layout"}, "1", "relative difference of its losses to those of others"},
    {"scaling", "core_peak", IX_REAL, TIME, {0}, "FLOP/s", "matrix products on one core, the others idle"},
    {"scaling", "node_peak", IX_REAL, TIME, {0}, "FLOP/s", "matrix products on all ranks of a node at once"},
    {"scaling/", "time", IX_REAL, TIME, {"step", "rank", "phase"}, "s", "time every rank spent in every phase"},
    {"scaling/", "round", IX_INT, ANSWER, {"step"}, "1", "round of the layouts in which the step was taken"},
    {"scaling/", "warmup", IX_INT, ANSWER, {"step"}, "1", "1 for steps that do not count"},
    {"scaling/", "pairs", IX_INT, ANSWER, {"step"}, "1", "pairs of the step, of all groups"},
    {"scaling/", "tokens", IX_INT, ANSWER, {"step"}, "1", "tokens of the step, a shared prompt counted once"},
    {"scaling/", "flops", IX_REAL, ANSWER, {"step"}, "1", "operations of the step's products and attention"},
    {"scaling/", "loss", IX_REAL, ANSWER, {"step"}, "nat", "mean loss of a group's pairs"},
    {"speed", "seconds", IX_REAL, TIME, {"phase"}, "s", "of training steps, and of evaluations, mean over ranks"},
    {"speed", "flop", IX_REAL, TIME, {"phase"}, "FLOP", "of the products of these phases, all ranks"},
    {"speed", "product_seconds", IX_REAL, TIME, {"phase"}, "s", "that products took, mean over ranks"},
    {"speed", "attention_flop", IX_REAL, TIME, {"phase"}, "FLOP", "of attention, all ranks"},
    {"speed", "attention_seconds", IX_REAL, TIME, {"phase"}, "s", "that attention took, mean over ranks"},
    {"speed", "update_bytes", IX_REAL, TIME, {0}, "B", "that updates of weights read and wrote, all ranks"},
    {"speed", "peak", IX_REAL, TIME, {0}, "FLOP/s", "of products of 1024^3 and 2048^3 on all ranks; NaN: not measured"},
    {"speed", "bandwidth", IX_REAL, TIME, {0}, "B/s", "of memory (triad) on all ranks at once; NaN: not measured"},
    {"speed", "start", IX_REAL, TIME, {"stage"}, "s", "from the start of the process, or the end of the run before, to the first step"},
    {"saved", NULL, IX_REAL, PLACE, {0}, NULL, NULL},
    /* scales; eval/<set>/step, a data set of its own, stands above */
    {NULL, "step", IX_INT, ANSWER, {"step"}, "1", "training step, from 0"},
    {NULL, "epoch", IX_REAL, ANSWER, {"epoch"}, "1", "epochs done before the evaluation; 0 is untrained"},
    {NULL, "pair", IX_INT, ANSWER, {"pair"}, "1", "pair, in the order of the set"},
    {NULL, "part", IX_TEXT, ANSWER, {"part"}, "1", "part of the pair's responses"},
    {NULL, "try", IX_INT, ANSWER, {"try"}, "1", "attempt"},
    {NULL, "claim", IX_INT, ANSWER, {"claim"}, "1", "claim, in the order in which it was stated"},
    {NULL, "row", IX_TEXT, ANSWER, {"row"}, "1", "row of the sheet"},
    {NULL, "column", IX_TEXT, ANSWER, {"column"}, "1", "column of the sheet"},
    {NULL, "layout", IX_TEXT, ANSWER, {"layout"}, "1", "groups, data, tensor, threads (x) and pairs of a group's step"},
    {NULL, "side", IX_TEXT, ANSWER, {"side"}, "1", "response of the pair"},
    {NULL, "rank", IX_INT, PLACE, {"rank"}, "1", "rank of the run's group"},
    {NULL, "phase", IX_TEXT, TIME, {"phase"}, "1", "phase of a step"},
    {NULL, "stage", IX_TEXT, TIME, {"stage"}, "1", "stage of the start of a run"},
};
static const ix_attribute_rule rules[] = {
    {"content", IX_TEXT, ANSWER, true}, {"schema", IX_INT, ANSWER, true},
    {"run_id", IX_TEXT, ANSWER, true}, {"twin_id", IX_TEXT, ANSWER, true},
    {"suite", IX_TEXT, ANSWER, true}, {"task", IX_TEXT, ANSWER, true},
    {"model", IX_TEXT, ANSWER, true}, {"objective", IX_TEXT, ANSWER, true},
    {"seed", IX_INT, ANSWER, true}, {"verdict", IX_TEXT, ANSWER, true},
    {"version", IX_TEXT, VERSION, true}, {"git_commit", IX_TEXT, VERSION, false},
    {"compiler", IX_TEXT, VERSION, false}, {"mpi", IX_TEXT, VERSION, false},
    {"blis", IX_TEXT, VERSION, false}, {"hdf5", IX_TEXT, VERSION, false},
    {"started", IX_TEXT, TIME, true}, {"finished", IX_TEXT, TIME, true},
    {"ranks", IX_INT, PLACE, true}, {"layout", IX_TEXT, PLACE, false},
    {"threads", IX_INT, PLACE, false}, {"cpu", IX_TEXT, PLACE, false},
    {"command", IX_TEXT, PLACE, false}, {"job", IX_TEXT, PLACE, false},
    {"about", IX_TEXT, VERSION, false},
};
/* clang-format on */

static bool is_in(const char *group, const char *of)
{
    if (!of) return true;
    size_t n = strlen(of);
    if (n == 0 || of[n - 1] != '/') return strcmp(group, of) == 0;
    return strncmp(group, of, n) == 0 && group[n] != 0;
}

const ix_field *ix_field_find(const char *group, const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (is_in(group, rows[i].group) && (!rows[i].name || strcmp(name, rows[i].name) == 0)) return &rows[i];
    return NULL;
}

int ix_field_rank(const ix_field *row)
{
    int rank = 0;
    while (rank < IX_FIELD_DIMS && row->dims[rank]) rank++;
    return rank;
}

const ix_attribute_rule *ix_attribute_rules(int *count)
{
    *count = (int)(sizeof rules / sizeof rules[0]);
    return rules;
}

ix_concern ix_attribute_concern(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(name, rules[i].name) == 0) return rules[i].concern;
    return strncmp(name, "place_", 6) == 0 ? IX_OF_PLACE : IX_OF_ANSWER;
}
