/* SPDX-License-Identifier: Apache-2.0
 *
 * tables.c - every key of a suite. Defaults are the paper's settings (paper.md 2.1) where it has any. */
#include "config/option.h"
#include "config/suite.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof *(rows)))
#define ANSWER IX_OPT_ANSWER
#define ABOVE IX_OPT_ABOVE
#define REQUIRED IX_OPT_REQUIRED
#define PART IX_OPT_PART
#define MANY 1e12
#define ROW(key_, kind_, offset_, min_, max_, words_, fallback_, flags_, help_, ...)                       \
    {                                                                                                      \
        .key = key_, .kind = IX_OPT_##kind_, .offset = offset_, .min = min_, .max = max_, .words = words_, \
        .fallback = fallback_, .flags = flags_, .help = help_, __VA_ARGS__                                 \
    }

static const char tasks[] = "preference|persona|hamiltonian|theory|pretrain|scaling";
static const char rewards[] = "preference|persona|hamiltonian"; /* tasks that train reward models */
static const char steps[] = "preference|persona|hamiltonian|scaling"; /* tasks that take their training steps */
static const char trained[] = "preference|persona|hamiltonian|pretrain";
static const char stepped[] = "preference|persona|hamiltonian|pretrain|scaling"; /* tasks with steps of any kind */
static const char paired[] = "preference|persona|hamiltonian|theory|scaling";    /* tasks that put pairs to a model */
static const char files[] = "preference|theory|scaling";                         /* tasks whose pairs may come from files */
static const char judged[] = "preference|theory"; /* those of them that judge sets */
static const char categories[] = "in_distribution|token_shift|domain_shift|control";

/* clang-format off */
#define AT(field) offsetof(ix_data_settings, field)
static const ix_option train_rows[] = {
    ROW("path", PATH, AT(train), 0, 0, NULL, NULL, 0, "JSON lines with the training pairs"),
    ROW("count", INT, AT(train_count), 1, MANY, "all", "all", ANSWER, "keep the first so many pairs"),
    ROW("seed", INT, AT(train_seed), 1, 2147483647, "none", "none", ANSWER | IX_OPT_USUAL,
     "draw `count` pairs as torch's randperm(n)[:count] with this seed, in place of the first"),
    ROW("order", PATH, AT(order), 0, 0, NULL, NULL, 0,
     "a file that fixes the micro-batches: row numbers, one micro-batch per line"),
};
static const ix_table train_table = {train_rows, COUNT(train_rows)};

static const ix_option max_tokens_rows[] = {
    ROW("prompt", INT, AT(max_prompt), 1, 1e6, "none", "512", ANSWER, "longest prompt"),
    ROW("response", INT, AT(max_response), 1, 1e6, "none", "512", ANSWER, "longest response"),
    ROW("sequence", INT, AT(max_sequence), 1, 1e6, "none", "none", ANSWER | IX_OPT_USUAL,
     "longest prompt with a response behind it: what a model has positions for"),
};
static const ix_table max_tokens_table = {max_tokens_rows, COUNT(max_tokens_rows)};

static const ix_option columns_rows[] = {
    ROW("prompt", TEXT, AT(column_prompt), 0, 200, NULL, "prompt", 0, "column of the prompt"),
    ROW("chosen", TEXT, AT(column_chosen), 0, 200, NULL, "chosen", 0, "column of the better response"),
    ROW("rejected", TEXT, AT(column_rejected), 0, 200, NULL, "rejected", 0, "column of the worse response"),
};
static const ix_table columns_table = {columns_rows, COUNT(columns_rows)};

static const ix_option graph_rows[] = {
    ROW("style", CHOICE, AT(graphs.style), 0, 0, "authors|world", "authors", ANSWER,
     "whose generator and writing: the paper's, or that of the embedded world's small model"),
    ROW("vertices", INT, AT(graphs.vertices), 4, 12, NULL, "10", ANSWER, "vertices of a graph"),
    ROW("edge_probability", REAL, AT(graphs.edge_probability), 0, 1, NULL, "0.2", ANSWER,
     "of an edge beside the planted cycle"),
    ROW("train", INT, AT(graphs.train), 1, 1e6, NULL, "1000", ANSWER, "graphs to train on"),
    ROW("test", INT, AT(graphs.test), 1, 1e6, NULL, "200", ANSWER, "graphs to judge on"),
    ROW("seed", INT, AT(graphs.seed), 0, 2147483647, NULL, "982", ANSWER, "seed of the generator"),
};
static const ix_table graph_table = {graph_rows, COUNT(graph_rows)};

static const ix_option data_rows[] = {
    ROW("miniworld", WORD, AT(miniworld), 0, 0, "persona|chat|math|graphs", NULL, ANSWER,
     "a part of the embedded world, in place of files", .task = files),
    ROW("lexicon", PATH, AT(lexicon), 0, 0, NULL, "miniworld/lexicon.yaml", 0, "lexicon of the embedded world",
     .task = "preference|theory|pretrain|scaling"),
    ROW("persona", PATH, AT(persona), 0, 0, NULL, "persona/agreeableness.jsonl", 0,
     "JSON lines with question and answer_matching_behavior", .task = "persona|theory"),
    ROW("hamiltonian", SECTION, 0, 0, 0, NULL, NULL, 0, "graphs with a Hamiltonian cycle", .task = "hamiltonian",
     .table = &graph_table),
    ROW("train", SECTION, 0, 0, 0, NULL, NULL, 0, "what is trained on", .task = files, .table = &train_table),
    ROW("evaluate", SETS, AT(evaluate), 0, 0, NULL, NULL, ANSWER, "sets to judge on, by name", .task = judged,
     .table = &ix_table_eval),
    ROW("max_tokens", SECTION, 0, 0, 0, NULL, NULL, 0, "the longest pairs that are kept",
     .task = paired, .table = &max_tokens_table),
    ROW("too_long", CHOICE, AT(too_long), 0, 0, "drop|error", "drop", ANSWER,
     "what happens to longer ones; what is dropped is counted in the result", .task = paired),
    ROW("columns", SECTION, 0, 0, 0, NULL, NULL, 0, "names of the columns in JSON lines", .task = files,
     .table = &columns_table),
};
static const ix_table data_table = {data_rows, COUNT(data_rows)};
#undef AT

#define AT(field) offsetof(ix_eval_settings, field)
static const ix_option eval_rows[] = {
    ROW("path", PATH, AT(path), 0, 0, NULL, NULL, REQUIRED, "JSON lines with the pairs"),
    ROW("category", WORD, AT(category), 0, 0, categories, NULL, ANSWER | REQUIRED,
     "how the set differs from the training data: win-rates are counted by category"),
    ROW("count", INT, AT(count), 1, MANY, "all", "all", ANSWER, "keep the first so many pairs"),
    ROW("group", NAME, AT(group), 0, 0, NULL, NULL, ANSWER, "sets of one group are averaged into one row"),
    ROW("about", TEXT, AT(about), 0, 1000, NULL, NULL, 0, "a sentence to print beside the set"),
};
const ix_table ix_table_eval = {eval_rows, COUNT(eval_rows)};
#undef AT

#define AT(field) offsetof(ix_training_settings, field)
static const ix_option training_rows[] = {
    ROW("epochs", INT, AT(epochs), 0, 10000, NULL, "5", ANSWER, "passes over the pairs; 0 only judges",
     .task = trained),
    ROW("pairs_per_step", INT, AT(pairs_per_step), 1, 1e6, NULL, "32", ANSWER, "the effective batch", .task = steps),
    ROW("micro_pairs", INT, AT(micro_pairs), 1, 1e6, NULL, "4", ANSWER,
     "how the authors cut the batch: matters only under compat", .task = rewards),
    ROW("optimizer", WORD, AT(optimizer), 0, 0, "adamw|rmsprop|sgd", "adamw", ANSWER, "the rule of the update"),
    ROW("learning_rate", REAL, AT(learning_rate), 0, 10, NULL, "1e-6", ANSWER, "step size of the optimizer"),
    ROW("betas", PAIR, AT(betas), 0, 1, NULL, "0.9 0.999", ANSWER | IX_OPT_BELOW, "decay of both moments (adamw)"),
    ROW("eps", REAL, AT(eps), 0, 1, NULL, "1e-8", ANSWER | ABOVE, "added to the root of the second moment"),
    ROW("weight_decay", REAL, AT(weight_decay), 0, 10, NULL, "0", ANSWER, "decoupled weight decay"),
    ROW("schedule", CHOICE, AT(schedule), 0, 0, "constant|cosine|linear", "constant", ANSWER,
     "the learning rate after the warm-up"),
    ROW("cosine_floor", REAL, AT(cosine_floor), 0, 1, NULL, "0", ANSWER,
     "share of the learning rate that a cosine, or a line, ends with"),
    ROW("warmup_steps", INT, AT(warmup_steps), 0, 1e9, NULL, "0", ANSWER, "steps of linear warm-up"),
    ROW("clip_norm", REAL, AT(clip_norm), 0, 1e9, "none", "none", ANSWER | ABOVE, "largest norm of the gradient"),
    ROW("beta", REAL, AT(beta), 0, 1000, NULL, "0.01", ANSWER | ABOVE, "factor of the log-ratio (im_rm)",
     .only = "im_rm", .task = steps),
    ROW("reference", PATH, AT(reference), 0, 0, "initial|none", "initial", ANSWER,
     "the reference of the log-ratio (im_rm): initial, a model, or none: beta log pi alone", .only = "im_rm", .task = rewards),
    ROW("head_std", REAL, AT(head_std), 0, 10, NULL, "0.02", ANSWER,
     "the head starts as N(0, head_std^2) (ex_rm, ex_rm_mean); a folder that brings score.weight starts from it", .only = "ex_rm|ex_rm_mean",
     .task = steps),
    ROW("freeze", CHOICE, AT(freeze), 0, 0, "none|backbone|unembedding", "none", ANSWER,
     "what is not trained: all but the head of the objective, or only the matrix that gives logits",
     .task = steps),
    ROW("shuffle", BOOL, AT(shuffle), 0, 0, NULL, "true", ANSWER, "a new order every epoch; false: file order",
     .task = rewards),
};
const ix_table ix_table_training = {training_rows, COUNT(training_rows)};
#undef AT

#define AT(field) offsetof(ix_pretrain_settings, field)
static const ix_option architecture_rows[] = {
    ROW("width", INT, AT(width), 2, 65536, NULL, "64", ANSWER, "hidden width"),
    ROW("layers", INT, AT(layers), 1, 1000, NULL, "3", ANSWER, "blocks"),
    ROW("heads", INT, AT(heads), 1, 1024, NULL, "4", ANSWER, "query heads; width / heads is even"),
    ROW("kv_heads", INT, AT(kv_heads), 1, 1024, NULL, "4", ANSWER, "key and value heads; divides heads"),
    ROW("ffn", INT, AT(ffn), 1, 262144, NULL, "176", ANSWER, "feed-forward width (SwiGLU)"),
    ROW("tied", BOOL, AT(tied), 0, 0, NULL, "true", ANSWER, "one matrix embeds and predicts"),
    ROW("rope_theta", REAL, AT(rope_theta), 1, 1e9, NULL, "10000", ANSWER, "base of the rotary angles"),
    ROW("norm_eps", REAL, AT(norm_eps), 0, 1, NULL, "1e-5", ANSWER | ABOVE, "epsilon of the norms"),
    ROW("positions", INT, AT(positions), 1, 1e7, NULL, "512", ANSWER, "max_position_embeddings"),
};
static const ix_table architecture_table = {architecture_rows, COUNT(architecture_rows)};

static const ix_option pretrain_rows[] = {
    ROW("corpus", WORD, AT(corpus), 0, 0, "miniworld|hamiltonian", "miniworld", ANSWER, "where the text comes from"),
    ROW("lessons", TEXT, AT(lessons), 0, 400, NULL, "lookup 4-6 4000, lookup 4-10 600, format 8-10 1200", ANSWER,
     "of the corpus hamiltonian: kind, vertices and steps of each"),
    ROW("corpus_seed", INT, AT(corpus_seed), 0, 2147483647, NULL, "1", ANSWER,
     "seed of the generator; the run's seed is added"),
    ROW("order_seed", INT, AT(order_seed), 0, 2147483647, NULL, "7", ANSWER, "seed of the order of rows"),
    ROW("tokens", INT, AT(tokens), 2, MANY, NULL, "2000000", ANSWER, "length of the corpus"),
    ROW("row_tokens", INT, AT(row_tokens), 1, 1e6, NULL, "64", ANSWER, "tokens that one row predicts"),
    ROW("rows_per_step", INT, AT(rows_per_step), 1, 1e6, NULL, "32", ANSWER, "the batch"),
    ROW("init_std", REAL, AT(init_std), 0, 10, NULL, "0.02", ANSWER | ABOVE, "matrices start as N(0, init_std^2)"),
    ROW("architecture", SECTION, 0, 0, 0, NULL, NULL, 0, "sizes of the Llama that is made",
     .table = &architecture_table),
};
static const ix_table pretrain_table = {pretrain_rows, COUNT(pretrain_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, model))
static const ix_option model_rows[] = {
    ROW("format", TEXT, AT(model.format), 0, 63, NULL, "auto", 0, "chat format: auto, or the name of one"),
    ROW("llama_date", TEXT, AT(model.llama_date), 0, 63, NULL, "26 Jul 2024", 0,
     "the date that Llama's template prints"),
    ROW("initial_rows", PATH, AT(model.initial_rows), 0, 0, NULL, NULL, 0,
     "safetensors file with policy.new_rows (rows of added tokens), ref.new_rows and score.weight; else they are drawn",
     .task = trained),
    ROW("storage", CHOICE, AT(model.storage), 0, 0, "fp32|bf16", "fp32", ANSWER | IX_OPT_USUAL,
     "how weights that are only read are held (epochs: 0, or freeze: backbone): bf16 takes half the memory",
     .task = rewards),
};
static const ix_table model_table = {model_rows, COUNT(model_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, theory))
static const ix_option theory_rows[] = {
    ROW("steps", INT, AT(theory.steps), 1, 1e9, NULL, "100000", ANSWER, "steps of gradient descent in Theorem 2"),
    ROW("pairs", INT, AT(theory.pairs), 1, 2000, NULL, "80", ANSWER, "the first so many pairs of every set are used"),
    ROW("beta", REAL, AT(theory.beta), 0, 1000, NULL, "0.5", ANSWER | ABOVE,
     "factor of the log-ratio; random states have the specification's own"),
};
static const ix_table theory_table = {theory_rows, COUNT(theory_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, scaling))
static const ix_option scaling_rows[] = {
    ROW("data", BOOL, AT(scaling.data), 0, 0, NULL, "true", ANSWER, "measure 1, 2, 4, ... data ranks, strong and weak"),
    ROW("tensor", BOOL, AT(scaling.tensor), 0, 0, NULL, "true", ANSWER, "measure 1, 2, 4, ... tensor ranks"),
    ROW("threads", BOOL, AT(scaling.threads), 0, 0, NULL, "true", ANSWER, "measure 1, 2, 4, ... threads of one rank"),
    ROW("groups", BOOL, AT(scaling.groups), 0, 0, NULL, "true", ANSWER, "measure 1, 2, 4, ... runs side by side"),
    ROW("pairs_per_rank", INT, AT(scaling.pairs_per_rank), 1, 1e6, NULL, "8", ANSWER,
     "weak scaling: pairs of a data rank; strong: training.pairs_per_step of all"),
    ROW("warmup", INT, AT(scaling.warmup), 0, 1000, NULL, "1", ANSWER, "steps before those that count; stored too"),
    ROW("steps", INT, AT(scaling.steps), 1, 10000, NULL, "3", ANSWER, "steps that count, of each layout and round"),
    ROW("rounds", INT, AT(scaling.rounds), 1, 1000, NULL, "3", ANSWER, "how often all layouts take their turn"),
    ROW("most_ranks", INT, AT(scaling.most_ranks), 1, 1e6, "auto", "auto", ANSWER,
     "layouts of up to so many ranks; auto: all that were started"),
    ROW("most_threads", INT, AT(scaling.most_threads), 1, 4096, "auto", "auto", ANSWER,
     "up to so many threads; auto: the cores that one rank may use"),
    ROW("prompt_tokens", INT, AT(scaling.prompt_tokens), 1, 1e6, NULL, "67", ANSWER,
     "median length of a drawn prompt (UltraFeedback's)"),
    ROW("response_tokens", INT, AT(scaling.response_tokens), 1, 1e6, NULL, "123", ANSWER,
     "median length of a drawn response"),
};
static const ix_table scaling_table = {scaling_rows, COUNT(scaling_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, evaluate))
static const ix_option evaluate_rows[] = {
    ROW("every", INT, AT(evaluate.every), 1, 1e9, "epoch", "epoch", ANSWER,
     "judge after every epoch, or after so many steps"),
};
static const ix_table evaluate_table = {evaluate_rows, COUNT(evaluate_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, generate))
static const ix_option generate_rows[] = {
    ROW("tries", INT, AT(generate.tries), 1, 10000, NULL, "1", ANSWER, "texts for every prompt"),
    ROW("train_prompts", INT, AT(generate.train_prompts), 1, 1e6, "all", "all", ANSWER,
     "training prompts that are answered, beside those of the test"),
    ROW("temperature", REAL, AT(generate.temperature), 0, 1000, NULL, "1", ANSWER | ABOVE,
     "what logits are divided by"),
    ROW("top_k", INT, AT(generate.top_k), 1, 1e6, "all", "all", ANSWER, "only so many most probable tokens"),
    ROW("top_p", REAL, AT(generate.top_p), 0, 1, NULL, "1", ANSWER | ABOVE,
     "only the most probable tokens that reach this share"),
    ROW("max_tokens", INT, AT(generate.max_tokens), 1, 100000, NULL, "300", ANSWER, "of a text"),
    ROW("exact", INT, AT(generate.exact), 0, 100000, NULL, "30", ANSWER,
     "graphs whose correct answers are all judged: those with fewest of the first twice as many"),
    ROW("batch", INT, AT(generate.batch), 1, 65536, "auto", "auto", 0, "texts that a rank writes at a time"),
};
static const ix_table generate_table = {generate_rows, COUNT(generate_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, quality))
static const ix_option quality_rows[] = {
    ROW("set", NAME, AT(quality.set), 0, 0, NULL, NULL, 0, "time to quality is measured on this set"),
    ROW("accuracy", REAL, AT(quality.accuracy), 0, 1, "none", "none", ABOVE, "the accuracy to reach and hold"),
};
static const ix_table quality_table = {quality_rows, COUNT(quality_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, checkpoint))
static const ix_option checkpoint_rows[] = {
    ROW("every_seconds", REAL, AT(checkpoint.every_seconds), 0, 1e9, "never", "600", IX_OPT_ABOVE, "seconds between two"),
    ROW("keep", INT, AT(checkpoint.keep), 1, 1000, NULL, "2", 0, "how many are kept"),
    ROW("before_limit", INT, AT(checkpoint.before_limit), 0, 1e6, NULL, "120", 0,
     "seconds before a job's time limit"),
    ROW("final_weights", BOOL, AT(checkpoint.final_weights), 0, 0, NULL, "false", 0,
     "keep the trained weights (impex export)"),
};
static const ix_table checkpoint_table = {checkpoint_rows, COUNT(checkpoint_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, watchdog))
static const ix_option watchdog_rows[] = {
    ROW("seconds", REAL, AT(watchdog.seconds), 2, 1e9, "never", "300", 0,
     "a rank that has not answered for so long is named, and the job ends"),
};
static const ix_table watchdog_table = {watchdog_rows, COUNT(watchdog_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, parallel))
static const ix_option parallel_rows[] = {
    ROW("tensor", INT, AT(parallel.tensor), 1, 1024, "auto", "1", 0, "ranks that split a layer"),
    ROW("data", INT, AT(parallel.data), 1, 65536, "auto", "auto", 0, "ranks that split the pairs of a step"),
    ROW("groups", INT, AT(parallel.groups), 1, 65536, "auto", "auto", 0, "runs at the same time"),
    ROW("threads", INT, AT(parallel.threads), 1, 4096, "auto", "auto", 0, "threads of a rank"),
    ROW("memory_per_rank", BYTES, AT(parallel.memory_per_rank), 0, 0, "auto", "auto", 0,
     "memory that a rank may take; auto: its share of the node's, or of the job's"),
    ROW("recompute", CHOICE, AT(parallel.recompute), 0, 0, "auto|never|always", "auto", 0,
     "compute activations of blocks again in the backward pass instead of keeping them: the same bits in less memory "
     "and more time; auto: of as few blocks as make a run fit"),
    ROW("lanes", INT, AT(parallel.lanes), 1, 4096, "auto", "auto", ANSWER,
     "shares of a step with a gradient of their own: sums that do not depend on the number of ranks"),
    ROW("optimizer_shards", BOOL, AT(parallel.optimizer_shards), 0, 0, NULL, "true", 0,
     "cut the optimizer's state over the data axis"),
};
static const ix_table parallel_table = {parallel_rows, COUNT(parallel_rows)};
#undef AT

#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, compat))
static const ix_option compat_rows[] = {
    ROW("trim", BOOL, AT(compat.trim), 0, 0, NULL, "false", ANSWER,
     "the longest rows of a micro-batch lose their last token"),
    ROW("accumulate", BOOL, AT(compat.accumulate), 0, 0, NULL, "false", ANSWER,
     "the short last group of an epoch weighs less"),
    ROW("clip", BOOL, AT(compat.clip), 0, 0, NULL, "false", ANSWER, "gradients are clipped to norm 1"),
    ROW("new_rows", BOOL, AT(compat.new_rows), 0, 0, NULL, "false", ANSWER,
     "policy and reference draw the rows of added tokens each for itself"),
};
static const ix_table compat_table = {compat_rows, COUNT(compat_rows)};
#undef AT

/* What is left out because the answer does not need it. The first three change the order of sums over tokens. */
#define AT(field) (offsetof(ix_settings, field) - offsetof(ix_settings, speed))
static const ix_option speed_rows[] = {
    ROW("share_prompts", BOOL, AT(speed.share_prompts), 0, 0, NULL, "true", ANSWER | IX_OPT_USUAL,
     "compute the prompt of both responses once"),
    ROW("last_block", BOOL, AT(speed.last_block), 0, 0, NULL, "true", ANSWER | IX_OPT_USUAL,
     "compute the last block only where its output is read"),
    ROW("head_rows", BOOL, AT(speed.head_rows), 0, 0, NULL, "true", ANSWER | IX_OPT_USUAL,
     "compute logits only where they are read; false computes last_block everywhere too"),
    ROW("keep_logits", BOOL, AT(speed.keep_logits), 0, 0, NULL, "true", 0,
     "keep logits for the gradient, where they fit"),
    ROW("reference_cache", BOOL, AT(speed.reference_cache), 0, 0, NULL, "true", 0,
     "read from OUTPUT/cache what a reference said before, and leave it there (im_rm)"),
    ROW("frozen_states", BOOL, AT(speed.frozen_states), 0, 0, NULL, "true", 0,
     "remember the hidden states of a trunk that is not trained"),
};
static const ix_table speed_table = {speed_rows, COUNT(speed_rows)};
#undef AT

#define AT(field) offsetof(ix_settings, field)
#define SECTION(name, field, flags, help, ...) ROW(name, SECTION, AT(field), 0, 0, NULL, NULL, flags, help, __VA_ARGS__)
static const ix_option root_rows[] = {
    ROW("suite", NAME, AT(suite), 0, 0, NULL, NULL, REQUIRED, "the suite's name, and its folder in output"),
    ROW("task", WORD, AT(task), 0, 0, tasks, NULL, REQUIRED | ANSWER, "what is trained and how it is judged"),
    ROW("include", INCLUDE, 0, 0, 0, NULL, NULL, 0,
     "files whose keys this one starts from, relative to it; later ones win"),
    SECTION("data", data, PART, "where the pairs come from", .table = &data_table),
    ROW("matrix", MATRIX, 0, 0, 0, NULL, NULL, 0, "lists that multiply into runs"),
    ROW("parts", PARTS, 0, 0, 0, NULL, NULL, 0,
     "runs the whole matrix once per part, each with settings of its own; by name"),
    SECTION("model", model, PART, "how texts are put to the model", .table = &model_table),
    SECTION("training", training, PART, "how the model is trained", .task = stepped, .table = &ix_table_training),
    SECTION("pretrain", pretrain, PART, "a model made from nothing", .task = "pretrain", .table = &pretrain_table),
    SECTION("theory", theory, PART, "statements about fixed hidden states", .task = "theory", .table = &theory_table),
    SECTION("scaling", scaling, PART, "which layouts of the ranks are timed, and how often", .task = "scaling",
            .table = &scaling_table),
    SECTION("evaluate", evaluate, PART, "when the sets are judged", .task = rewards, .table = &evaluate_table),
    SECTION("generate", generate, PART, "texts that trained language models write", .task = "hamiltonian",
            .table = &generate_table),
    SECTION("quality", quality, PART, "the target of time to quality", .task = rewards, .table = &quality_table),
    SECTION("checkpoint", checkpoint, 0, "what is saved to go on after a stop", .table = &checkpoint_table),
    SECTION("watchdog", watchdog, 0, "ranks that stop answering", .table = &watchdog_table),
    SECTION("parallel", parallel, 0, "how ranks and threads share the work", .table = &parallel_table),
    SECTION("compat", compat, PART, "peculiarities of the authors' code", .task = rewards, .table = &compat_table),
    SECTION("speed", speed, PART, "what is left out because the answer does not need it", .task = steps,
            .table = &speed_table),
    ROW("output", PATH, AT(output), 0, 0, NULL, "results", 0, "folder of the results"),
};
const ix_table ix_table_root = {root_rows, COUNT(root_rows)};
#undef AT

/* Lists in matrix, besides those that training's rows give. */
static const ix_option matrix_rows[] = {
    ROW("model", PATH, 0, 0, 0, NULL, NULL, 0, "names of yaml/models/*.yaml, or Hugging Face folders", .task = paired),
    ROW("objective", WORD, 0, 0, 0, "ex_rm|ex_rm_mean|im_rm|ex_grm|sft", NULL, 0,
     "kinds of reward model; ex_rm and im_rm by default",
     .task = steps),
    ROW("seed", INT, 0, 0, 2147483647, NULL, NULL, 0, "seeds of head and order; [0] by default"),
};
const ix_table ix_table_matrix = {matrix_rows, COUNT(matrix_rows)};

static const ix_option model_file_rows[] = {
    ROW("path", PATH, offsetof(ix_model_file, path), 0, 0, NULL, NULL, REQUIRED, "the model's folder"),
    ROW("format", TEXT, offsetof(ix_model_file, format), 0, 63, NULL, "auto", 0, "chat format"),
    ROW("about", TEXT, offsetof(ix_model_file, about), 0, 1000, NULL, NULL, 0, "what it is and where to get it"),
};
const ix_table ix_table_model = {model_file_rows, COUNT(model_file_rows)};
/* clang-format on */
