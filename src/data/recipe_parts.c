/* SPDX-License-Identifier: Apache-2.0 */
#include "data/recipe_parts.h"

#include <stdlib.h>
#include <string.h>

#include "data/lines.h"

void ix_picks_free(ix_picks *p)
{
    free(p->row);
    *p = (ix_picks){0};
}

ix_status ix_picks_all(ix_picks *p, const ix_texts *from)
{
    int64_t n = ix_texts_count(from);
    *p = (ix_picks){.from = from, .count = n};
    p->row = malloc((size_t)(n + 1) * sizeof *p->row);
    if (!p->row) return ix_fail(IX_ENOMEM, "%s: out of memory", ix_texts_name(from));
    for (int64_t i = 0; i < n; i++) p->row[i] = i;
    return IX_OK;
}

ix_status ix_picks_select(ix_picks *p, const int64_t *order, int64_t first, int64_t count)
{
    IX_CONTRACT(first >= 0 && count >= 0 && first + count <= p->count);
    int64_t *row = malloc((size_t)(count + 1) * sizeof *row);
    if (!row) return ix_fail(IX_ENOMEM, "%s: out of memory", ix_texts_name(p->from));
    for (int64_t i = 0; i < count; i++) row[i] = p->row[order[first + i]];
    free(p->row);
    p->row = row;
    p->count = count;
    return IX_OK;
}

static ix_status draw_order(const ix_picks *p, ix_torch_rng *rng, int64_t **order)
{
    *order = malloc((size_t)(p->count + 1) * sizeof **order);
    if (!*order) return ix_fail(IX_ENOMEM, "%s: out of memory", ix_texts_name(p->from));
    ix_torch_randperm(rng, p->count, *order);
    return IX_OK;
}

ix_status ix_picks_draw(ix_picks *p, ix_torch_rng *rng, int64_t most)
{
    ix_status rc = IX_OK;
    int64_t *order = NULL;
    IX_TRY(draw_order(p, rng, &order));
    IX_TRY(ix_picks_select(p, order, 0, most < 0 || most > p->count ? p->count : most));
done:
    free(order);
    return rc;
}

ix_status ix_picks_cut(ix_picks *p, ix_torch_rng *rng, int64_t tail, ix_picks *rest)
{
    ix_status rc = IX_OK;
    int64_t *order = NULL, n = p->count;
    IX_NEED(n > tail, IX_EINPUT,
            "%s: %lld rows fit the recipe, which keeps %lld of them for the test set; is the "
            "file whole?",
            ix_texts_name(p->from), (long long)n, (long long)tail);
    IX_TRY(draw_order(p, rng, &order));
    IX_TRY(ix_picks_all(rest, p->from));
    memcpy(rest->row, p->row, (size_t)n * sizeof *p->row);
    rest->count = n;
    IX_TRY(ix_picks_select(rest, order, n - tail, tail));
    IX_TRY(ix_picks_select(p, order, 0, n - tail));
done:
    free(order);
    return rc;
}

/* Tokens of a text as the authors count them, with the begin token that their tokenizer puts before each. */
static ix_status count_tokens(const ix_tokenizer *tok, const char *text, ix_ids *ids, int64_t *count)
{
    ids->size = 0;
    ix_status rc = ix_tokenizer_encode(tok, text, strlen(text), ids);
    *count = (int64_t)ids->size + 1;
    return rc;
}

static ix_status is_within(const ix_text_pair *pair, const ix_tokenizer *tok, int64_t most, ix_ids *ids, bool *good)
{
    ix_status rc = IX_OK;
    const char *const text[] = {pair->turn[0].content, pair->response[IX_CHOSEN], pair->response[IX_REJECTED]};
    *good = true;
    for (int i = 0; i < 3 && *good; i++) {
        int64_t n;
        IX_TRY(count_tokens(tok, text[i], ids, &n));
        *good = n <= most;
    }
done:
    return rc;
}

ix_status ix_picks_within(ix_picks *p, const ix_tokenizer *tok, int64_t most)
{
    ix_status rc = IX_OK;
    ix_ids ids = {0};
    int64_t kept = 0;
    for (int64_t i = 0; i < p->count; i++) {
        bool good;
        IX_TRY(is_within(ix_texts_get(p->from, p->row[i]), tok, most, &ids, &good));
        if (good) p->row[kept++] = p->row[i];
    }
    p->count = kept;
done:
    ix_ids_free(&ids);
    return rc;
}

void ix_picks_untranslated(ix_picks *p)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < p->count; i++) {
        const char *prompt = ix_texts_get(p->from, p->row[i])->turn[0].content;
        if (!strcasestr(prompt, "translate") && !strcasestr(prompt, "translation")) p->row[kept++] = p->row[i];
    }
    p->count = kept;
}

void ix_recipe_note(ix_recipe_work *w, const char *split, const char *what, int64_t count, int64_t authors)
{
    IX_CONTRACT(w->steps < IX_RECIPE_STEPS);
    w->step[w->steps++] = (ix_recipe_step){split, what, count, authors};
}

static ix_status measure(ix_recipe_set *set, const ix_tokenizer *tok)
{
    ix_status rc = IX_OK;
    ix_ids ids = {0};
    int64_t pairs = ix_texts_count(set->texts);
    for (int side = 0; side < IX_SIDES && tok && pairs > 0; side++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < pairs; i++) {
            int64_t n;
            IX_TRY(count_tokens(tok, ix_texts_get(set->texts, i)->response[side], &ids, &n));
            sum += n;
        }
        set->tokens[side] = (double)sum / (double)pairs;
    }
done:
    ix_ids_free(&ids);
    return rc;
}

ix_status ix_recipe_add(ix_recipe_work *w, const char *name, const ix_picks *p, const double authors[IX_SIDES])
{
    ix_status rc = IX_OK;
    IX_CONTRACT(w->sets < IX_RECIPE_SETS);
    ix_recipe_set *set = &w->set[w->sets++];
    *set = (ix_recipe_set){.name = name};
    IX_TRY(ix_texts_create(&set->texts, name));
    for (int64_t i = 0; i < p->count; i++) {
        const ix_text_pair *pair = ix_texts_get(p->from, p->row[i]);
        IX_TRY(ix_texts_add_turns(set->texts, pair->turn, pair->turns, pair->response[IX_CHOSEN],
                                  pair->response[IX_REJECTED]));
    }
    for (int side = 0; authors && side < IX_SIDES; side++) set->authors[side] = authors[side];
    IX_TRY(measure(set, w->tok));
done:
    return rc;
}

ix_status ix_recipe_add_all(ix_recipe_work *w, const char *name, const ix_texts *texts)
{
    ix_picks all = {0};
    ix_status rc = ix_picks_all(&all, texts);
    if (rc == IX_OK) rc = ix_recipe_add(w, name, &all, NULL);
    ix_picks_free(&all);
    return rc;
}

typedef struct {
    ix_source_row row;
    void *context;
    ix_texts *texts;
    int64_t rows;
} source;

static ix_status read_row(void *context, const ix_lines *lines)
{
    ix_status rc = IX_OK;
    source *s = context;
    json_t *row = NULL;
    char where[4096];
    snprintf(where, sizeof where, "%s:%lld", lines->path, (long long)lines->number);
    s->rows++;
    IX_TRY(ix_json_parse(&row, lines->text, lines->size, where));
    IX_TRY(s->row(s->context, row, where, s->texts));
done:
    json_decref(row);
    return rc;
}

ix_status ix_source_read(const char *path, ix_source_row row, void *context, int64_t *rows, ix_texts **out)
{
    ix_status rc = IX_OK;
    source s = {.row = row, .context = context};
    *out = NULL;
    IX_TRY(ix_texts_create(&s.texts, path));
    IX_TRY(ix_lines_each(path, read_row, &s));
    *rows = s.rows;
    *out = s.texts;
    s.texts = NULL;
done:
    ix_texts_destroy(&s.texts);
    return rc;
}

ix_status ix_source_add(ix_texts *texts, const char *where, const char *prompt, const char *chosen,
                        const char *rejected)
{
    if (!prompt[0]) return ix_fail(IX_EINPUT, "%s: the prompt is empty", where);
    return ix_texts_add(texts, prompt, chosen, rejected);
}
