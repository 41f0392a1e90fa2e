/* SPDX-License-Identifier: Apache-2.0
 *
 * check.c - what no row can see: keys that must go together, in every part. */
#include <string.h>

#include "config/inner.h"

typedef struct {
    const ix_suite *suite;
    const ix_node *root;
    const ix_node *part; /* its mapping; NULL: the suite has no parts */
    const char *name;
    ix_reader *r;
} checker;

/* The entry that `word` leads to, or the last on the way that is there (*all false); NULL: none. */
static const ix_entry *find(const ix_node *map, const char *const *word, bool *all)
{
    const ix_entry *e = ix_node_entry(map, word[0]), *below = NULL;
    *all = e && !word[1];
    if (e && word[1]) below = find(e->value, word + 1, all);
    return below ? below : e;
}

/* Where a key is said: in the part, else in the suite, else as near as there is something. */
static ix_spot place(const checker *c, const char *const *word, bool *in_part)
{
    bool all, all_root;
    const ix_entry *e = find(c->part, word, &all), *root = find(c->root, word, &all_root);
    *in_part = c->part && (all || !all_root);
    if (c->part && !all && !all_root && !e) return c->part->at;
    if (*in_part && e) return e->at;
    return root ? root->at : (ix_spot){0, 1, 1};
}

static bool is_axis(const checker *c, const char *key)
{
    const ix_suite_inner *in = c->suite->inner;
    for (int a = 0; a < in->axes; a++)
        if (in->axis[a].training && !strcmp(in->axis[a].row->key, key)) return true;
    return false;
}

static void complain(const checker *c, const char *section, const char *key, const char *below, const char *text)
{
    const char *word[] = {section, key, below, NULL};
    bool in_part;
    if (!strcmp(section, "training") && is_axis(c, key)) word[0] = "matrix";
    ix_spot at = place(c, word, &in_part);
    size_t mark = c->r->size;
    if (in_part) ix_path_push(c->r, "parts"), ix_path_push(c->r, c->name);
    for (int i = 0; word[i]; i++) ix_path_push(c->r, word[i]);
    ix_complain(c->r, at, "%s", text);
    ix_path_pop(c->r, mark);
}

/* data.miniworld, or files; `files` says whether there must be any. */
static void check_sources(const checker *c, const ix_data_settings *d, bool files)
{
    if (d->miniworld) {
        if (d->train || d->order) complain(c, "data", "train", NULL, "data.miniworld brings its own pairs");
        if (d->evaluates > 0) complain(c, "data", "evaluate", NULL, "data.miniworld brings its own sets");
        return;
    }
    if (!d->train && d->order) complain(c, "data", "train", "order", "there is no data.train.path to order");
    if (files && d->evaluates == 0) complain(c, "data", "evaluate", NULL, "is missing: at least one set to judge on");
}

static void check_draw(const checker *c, const ix_data_settings *d)
{
    if (!d->train_seed) return;
    if (!d->train_count) complain(c, "data", "train", "seed", "draws data.train.count pairs: give their number there");
    if (d->order) complain(c, "data", "train", "seed", "data.train.order names the pairs already: leave this out");
}

static void check_data(const checker *c, const ix_settings *s)
{
    const ix_data_settings *d = &s->data;
    check_draw(c, d);
    if (!strcmp(s->task, "theory")) {
        if (!d->train && d->evaluates > 0)
            complain(c, "data", "train", "path", "is missing: the pairs that data.evaluate is compared with");
        check_sources(c, d, d->train);
    }
    if (!strcmp(s->task, "scaling")) check_sources(c, d, false);
    if (strcmp(s->task, "preference") != 0) return;
    if (!d->miniworld && !d->train && s->training.epochs > 0)
        complain(c, "data", "train", "path",
                 "is missing: a file to train on, or data.miniworld, or training.epochs: 0");
    check_sources(c, d, true);
}

static void check_quality(const checker *c, const ix_settings *s)
{
    const ix_data_settings *d = &s->data;
    const char *set = s->quality.set;
    if (!set && s->quality.accuracy > 0) complain(c, "quality", "set", NULL, "is missing: the set to measure on");
    if (set && s->quality.accuracy == 0) complain(c, "quality", "accuracy", NULL, "is missing: what is to be reached");
    if (!set || d->evaluates == 0) return;
    char text[256], hint[128];
    ix_nearest near = ix_nearest_to(set);
    for (int i = 0; i < d->evaluates; i++) {
        if (!strcmp(d->evaluate[i].name, set)) return;
        ix_nearest_offer(&near, d->evaluate[i].name, strlen(d->evaluate[i].name));
    }
    snprintf(text, sizeof text, "%s is not in data.evaluate%s", set, ix_nearest_hint(&near, hint, sizeof hint));
    complain(c, "quality", "set", NULL, text);
}

static void check_training(const checker *c, const ix_settings *s)
{
    const ix_training_settings *t = &s->training;
    char text[160];
    bool cut = s->compat.trim || s->compat.accumulate;
    if (cut && t->pairs_per_step % t->micro_pairs != 0) {
        snprintf(text, sizeof text, "under compat, %lld must divide training.pairs_per_step (%lld)",
                 (long long)t->micro_pairs, (long long)t->pairs_per_step);
        complain(c, "training", "micro_pairs", NULL, text);
    }
    if (s->compat.clip && t->clip_norm > 0)
        complain(c, "compat", "clip", NULL, "clips at norm 1: leave training.clip_norm at none");
    if (s->compat.new_rows && s->model.initial_rows)
        complain(c, "compat", "new_rows", NULL, "draws rows, but model.initial_rows gives them");
    if (s->model.storage == IX_STORAGE_BF16 && t->epochs > 0 && t->freeze != IX_FREEZE_BACKBONE)
        complain(c, "model", "storage", NULL,
                 "bf16 is for weights that are only read, and here training changes them: it needs training.epochs: 0 or "
                 "training.freeze: backbone");
    if (t->cosine_floor > 0 && t->schedule == IX_LR_CONSTANT)
        complain(c, "training", "cosine_floor", NULL, "matters only with schedule: cosine");
}

static void check_architecture(const checker *c, const ix_settings *s)
{
    const ix_pretrain_settings *p = &s->pretrain;
    char text[160];
    if (strcmp(s->task, "pretrain") != 0) return;
    if (p->width % (2 * p->heads) != 0) {
        snprintf(text, sizeof text, "%lld heads do not cut a width of %lld into heads of even size",
                 (long long)p->heads, (long long)p->width);
        complain(c, "pretrain", "architecture", "heads", text);
    }
    if (p->heads % p->kv_heads != 0) {
        snprintf(text, sizeof text, "%lld does not divide heads (%lld)", (long long)p->kv_heads, (long long)p->heads);
        complain(c, "pretrain", "architecture", "kv_heads", text);
    }
    if (p->row_tokens > p->positions)
        complain(c, "pretrain", "row_tokens", NULL, "is more than pretrain.architecture.positions");
    if (p->tokens <= p->row_tokens) complain(c, "pretrain", "tokens", NULL, "is too little for one row");
}

/* Its layouts are its own: a group that has all ranks cuts them. */
static void check_scaling(const checker *c, const ix_settings *s)
{
    if (strcmp(s->task, "scaling") != 0) return;
    if (s->parallel.data)
        complain(c, "parallel", "data", NULL, "task scaling measures 1, 2, 4, ... of them: leave it at auto");
    if (s->parallel.groups)
        complain(c, "parallel", "groups", NULL, "task scaling measures 1, 2, 4, ... of them: leave it at auto");
    if (s->data.order) complain(c, "data", "train", "order", "task scaling takes pairs in the order of their file");
    if (s->parallel.tensor == 0)
        complain(c, "parallel", "tensor", NULL, "task scaling needs a number: of the smallest layout's tensor ranks");
}

static void check_settings(const checker *c, const ix_settings *s)
{
    check_scaling(c, s);
    check_data(c, s);
    check_quality(c, s);
    check_training(c, s);
    check_architecture(c, s);
}

/* Every value of every axis, one axis at a time; the others take their first. */
static void check_axes(const checker *c, ix_settings s)
{
    const ix_suite_inner *in = c->suite->inner;
    for (int a = 0; a < in->axes; a++)
        if (in->axis[a].training) ix_axis_apply(&s, &in->axis[a], 0);
    check_settings(c, &s);
    for (int a = 0; a < in->axes; a++)
        for (int64_t i = 1; in->axis[a].training && i < in->axis[a].n; i++) {
            ix_settings varied = s;
            ix_axis_apply(&varied, &in->axis[a], i);
            check_settings(c, &varied);
        }
}

static void check_matrix(const checker *c)
{
    const ix_suite_inner *in = c->suite->inner;
    const char *task = c->suite->settings.task;
    if (strcmp(task, "pretrain") != 0 && strcmp(task, "theory") != 0 && !in->axis[in->axes - 3].given)
        complain(c, "matrix", "model", NULL, "is missing: a list of models, [name or folder, ...]");
}

void ix_suite_check(const ix_suite *suite, const ix_node *root, ix_reader *r)
{
    const ix_node *parts = ix_node_get(root, "parts");
    checker c = {suite, root, NULL, "", r};
    check_matrix(&c);
    for (int64_t i = 0; i < (suite->parts ? suite->parts : 1); i++) {
        if (suite->parts) c.part = parts->entry[i].value, c.name = suite->part[i];
        check_axes(&c, suite->inner->part[i]);
    }
}
