/* SPDX-License-Identifier: Apache-2.0 */
#include "data/hamiltonian_lessons.h"

#include <stdio.h>
#include <string.h>

#include "data/word_tokenizer.h"

enum { NAMES = 10, PAIRS = NAMES * (NAMES - 1) / 2, QUESTIONS = 20, WALKS = 2, LOOKUP_EVERY = 4 };

/* --- plans ------------------------------------------------------------------------------------------ */

/* One lesson from a text of its own. */
static ix_status parse_lesson(ix_lesson *out, const char *text)
{
    ix_status rc = IX_OK;
    char kind[16] = "", rest;
    long long steps;
    int n = sscanf(text, " %15s %d-%d %lld %c", kind, &out->lo, &out->hi, &steps, &rest);
    bool format = !strcmp(kind, "format"), lookup = !strcmp(kind, "lookup");
    IX_NEED(n == 4 && (format || lookup), IX_EINPUT,
            "pretrain.lessons: \"%s\" is no lesson; one is \"lookup 4-6 4000\" or \"format 8-10 1200\"", text);
    IX_NEED(out->lo >= 2 && out->lo <= out->hi && out->hi <= NAMES, IX_EINPUT,
            "pretrain.lessons: \"%s\": from 2 to %d vertices are possible", text, NAMES);
    IX_NEED(steps >= 1 && steps <= 1000000000, IX_EINPUT, "pretrain.lessons: \"%s\": steps from 1 to 1e9", text);
    out->format = format;
    out->steps = steps;
done:
    return rc;
}

ix_status ix_lessons_parse(ix_lesson_plan *out, const char *text)
{
    ix_status rc = IX_OK;
    *out = (ix_lesson_plan){0};
    for (bool more = true; more;) {
        char one[64];
        size_t size = strcspn(text, ",");
        IX_NEED(size < sizeof one && out->lessons < IX_LESSONS, IX_EINPUT,
                "pretrain.lessons: at most %d lessons, each \"lookup 4-6 4000\" or \"format 8-10 1200\"", IX_LESSONS);
        memcpy(one, text, size);
        one[size] = 0;
        IX_TRY(parse_lesson(&out->lesson[out->lessons++], one));
        more = text[size] == ',';
        text += size + 1;
    }
done:
    return rc;
}

int64_t ix_lessons_steps(const ix_lesson_plan *plan)
{
    int64_t steps = 0;
    for (int i = 0; i < plan->lessons; i++) steps += plan->lesson[i].steps;
    return steps;
}

/* --- rows ------------------------------------------------------------------------------------------- */

/* What a weighted token is; those of a kind weigh 1 together. */
typedef enum { PLAIN, WALK, VERDICT, LIST, KINDS } kind;

/* A row that is being written, and its graph. */
typedef struct {
    ix_splitmix *mix;
    int n, m, size;
    int32_t token[IX_LESSON_ROW];
    kind kind[IX_LESSON_ROW];
    int name[NAMES], pair[PAIRS][2], order[PAIRS];
    bool edge[NAMES][NAMES];
} row;

static int below(row *r, int n)
{
    return (int)ix_splitmix_below(r->mix, n);
}

static void shuffle(row *r, int *list, int n)
{
    for (int i = 0; i + 1 < n; i++) {
        int k = i + below(r, n - i), t = list[i];
        list[i] = list[k];
        list[k] = t;
    }
}

static void put(row *r, int32_t token, kind what)
{
    IX_CONTRACT(r->size < IX_LESSON_ROW);
    r->kind[r->size] = what;
    r->token[r->size++] = token;
}

static void put_vertex(row *r, int name, kind what)
{
    put(r, IX_GRAPH_VERTEX + name, what);
}

/* n of ten names, all their pairs, and an order of those. */
static void draw_names(row *r)
{
    int pairs = 0;
    for (int i = 0; i < NAMES; i++) r->name[i] = i;
    for (int i = 0; i < r->n; i++) {
        int k = i + below(r, NAMES - i), t = r->name[i];
        r->name[i] = r->name[k];
        r->name[k] = t;
    }
    for (int i = 0; i < r->n; i++)
        for (int k = i + 1; k < r->n; k++, pairs++) {
            r->pair[pairs][0] = r->name[i];
            r->pair[pairs][1] = r->name[k];
        }
    for (int i = 0; i < pairs; i++) r->order[i] = i;
    shuffle(r, r->order, pairs);
}

/* <user> and m edges; then the order in which pairs are asked about. */
static void put_graph(row *r)
{
    r->size = 0;
    memset(r->edge, 0, sizeof r->edge);
    draw_names(r);
    put(r, IX_GRAPH_USER, PLAIN);
    for (int i = 0; i < r->m; i++) {
        int u = r->pair[r->order[i]][0], v = r->pair[r->order[i]][1];
        r->edge[u][v] = r->edge[v][u] = true;
        put(r, IX_GRAPH_EDGE, PLAIN);
        put_vertex(r, u < v ? u : v, PLAIN);
        put_vertex(r, u < v ? v : u, PLAIN);
    }
    int pairs = r->n * (r->n - 1) / 2;
    for (int i = 0; i < pairs; i++) r->order[i] = i;
    shuffle(r, r->order, pairs);
}

static void put_questions(row *r)
{
    int pairs = r->n * (r->n - 1) / 2;
    for (int i = 0; i < QUESTIONS && i < pairs; i++) {
        const int *pair = r->pair[r->order[i]];
        bool turn = below(r, 2) == 1;
        put_vertex(r, pair[turn], PLAIN);
        put_vertex(r, pair[!turn], PLAIN);
        put(r, r->edge[pair[0]][pair[1]] ? IX_GRAPH_OK : IX_GRAPH_BAD, VERDICT);
    }
}

static void put_lists(row *r)
{
    int vertex[NAMES];
    memcpy(vertex, r->name, sizeof vertex);
    shuffle(r, vertex, r->n);
    for (int i = 0; i < r->n; i++) {
        put(r, IX_GRAPH_NB, i ? LIST : PLAIN);
        put_vertex(r, vertex[i], PLAIN);
        for (int v = 0; v < NAMES; v++)
            if (r->edge[vertex[i]][v]) put_vertex(r, v, LIST);
    }
}

static void put_permutations(row *r)
{
    for (int k = 0; k < WALKS; k++) {
        int vertex[NAMES];
        memcpy(vertex, r->name, sizeof vertex);
        put(r, IX_GRAPH_ASST, PLAIN);
        shuffle(r, vertex, r->n);
        for (int i = 0; i < r->n; i++) put_vertex(r, vertex[i], WALK);
        put(r, IX_GRAPH_END, WALK);
    }
}

/* --- steps ------------------------------------------------------------------------------------------ */

ix_lesson_source ix_lessons_begin(const ix_lesson_plan *plan, uint64_t seed)
{
    return (ix_lesson_source){.plan = *plan, .mix = {seed}};
}

/* Kinds to weights. */
static void weigh(float *weight, int64_t tokens)
{
    int64_t count[KINDS] = {0};
    for (int64_t i = 0; i < tokens; i++) count[(int)weight[i]]++;
    for (int64_t i = 0; i < tokens; i++) weight[i] = weight[i] > 0 ? 1 / (float)count[(int)weight[i]] : 0;
}

static int write_rows(ix_lesson_source *s, row *r, bool format, int64_t rows, int32_t *token, float *weight)
{
    for (int64_t i = 0; i < rows; i++) {
        put_graph(r);
        if (format) put_permutations(r);
        else put_questions(r), put_lists(r);
        memcpy(token + i * r->size, r->token, (size_t)r->size * sizeof *token);
        for (int k = 0; k < r->size; k++) weight[i * r->size + k] = (float)r->kind[k];
    }
    weigh(weight, rows * r->size);
    s->step++;
    return r->size;
}

int ix_lessons_next(ix_lesson_source *s, int64_t rows, int32_t *token, float *weight)
{
    row r = {.mix = &s->mix};
    if (s->step == s->plan.lesson[s->at].steps) {
        s->at++;
        s->step = 0;
    }
    IX_CONTRACT(s->at < s->plan.lessons);
    const ix_lesson *l = &s->plan.lesson[s->at];
    r.n = l->lo + below(&r, l->hi - l->lo + 1);
    int pairs = r.n * (r.n - 1) / 2, least = 3 * pairs / 10, most = (pairs + 1) / 2;
    if (least < 1) least = 1;
    r.m = least + below(&r, most - least + 1);
    return write_rows(s, &r, l->format && s->step % LOOKUP_EVERY != 0, rows, token, weight);
}

/* --- words ------------------------------------------------------------------------------------------ */

static const char *word_of(const void *context, int32_t id)
{
    static const char *const words[IX_GRAPH_WORDS] = {"<pad>", "<end>", "<user>", "<asst>", "<edge>", "BAD",
                                                      "OK",    "0",     "1",      "2",      "3",      "4",
                                                      "5",     "6",     "7",      "8",      "9",      "<nb>"};
    (void)context;
    return words[id];
}

static bool is_special(int32_t id)
{
    return id < IX_GRAPH_BAD || id == IX_GRAPH_NB;
}

ix_status ix_graph_write_tokenizer(const char *folder)
{
    const ix_word_list words = {.count = IX_GRAPH_WORDS,
                                .word = word_of,
                                .special = is_special,
                                .pad = IX_GRAPH_PAD,
                                .eos = IX_GRAPH_END,
                                .unk = IX_GRAPH_PAD};
    return ix_word_tokenizer_write(&words, folder);
}
