/* SPDX-License-Identifier: Apache-2.0
 *
 * From a lexicon's entries to numbered concepts, forms, words and templates. */
#include "data/miniworld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/miniworld_lexicon.h"
#include "data/miniworld_world.h"
#include "data/word_tokenizer.h"

static const char *const special_names[IX_WORLD_SPECIAL_COUNT] = {
#define S(name, text) text,
    IX_WORLD_SPECIALS(S)
#undef S
};
static const char *const bind_names[IX_BIND_COUNT] = {
#define B(name, text) text,
    IX_WORLD_BINDS(B)
#undef B
};
static const struct {
    const char *name;
    int fewest;
} slot_table[IX_SLOT_COUNT] = {
#define S(name, text, fewest) {text, fewest},
    IX_WORLD_SLOTS(S)
#undef S
};
static const struct {
    const char *name;
    int fewest;
    unsigned binds;
} key_table[IX_KEY_COUNT] = {
#define K(name, text, fewest, binds) {text, fewest, binds},
    IX_WORLD_KEYS(K)
#undef K
};
static const char *const named[IX_NAMED_COUNT] = {
#define C(name, text) text,
    IX_WORLD_NAMED(C)
#undef C
};

/* A concept before its forms have word numbers: words first..first+a of the lexicon, then b more. */
typedef struct {
    int64_t first, a, b, line;
} draft;

typedef struct {
    ix_lexicon lexicon;
    ix_miniworld *w;
    draft *draft; /* [concepts] */
    int64_t draft_room;
} builder;

static ix_status wrong(const builder *b, int64_t line, const char *what, const char *text)
{
    return ix_fail(IX_EINPUT, "%s:%lld: %s: %s", b->lexicon.path, (long long)line, what, text);
}

/* Room for one more in `list`, or out of the function. */
#define MAKE_ROOM(list, room, count)                                             \
    do {                                                                         \
        void *grown_ = ix_grown((list), &(room), (count) + 1, sizeof *(list));   \
        if (!grown_) return ix_fail(IX_ENOMEM, "embedded world: out of memory"); \
        (list) = grown_;                                                         \
    } while (0)

/* The concept of that name; made from words first.. of the lexicon if it is new. */
static ix_status concept_of(builder *b, const char *name, draft d, int32_t *id)
{
    int32_t before = ix_words_count(b->w->name);
    ix_status rc = ix_words_add(b->w->name, name, strlen(name), id);
    if (rc != IX_OK || *id < before) return rc;
    MAKE_ROOM(b->draft, b->draft_room, before);
    b->draft[before] = d;
    return IX_OK;
}

static ix_status add_concepts(builder *b)
{
    ix_status rc = IX_OK;
    int32_t id;
    for (int64_t i = 0; i < b->lexicon.entries; i++) {
        const ix_lexicon_entry *e = &b->lexicon.entry[i];
        if (e->section != IX_LEXICON_CONCEPTS) continue;
        IX_TRY(concept_of(b, e->key, (draft){e->first, e->parted, e->count - e->parted, e->line}, &id));
    }
done:
    return rc;
}

/* Word i of the lexicon as a concept: the one of that name, else a new one with the word as its only form. */
static ix_status concept_of_word(builder *b, int64_t i, int64_t line, int32_t *id)
{
    return concept_of(b, b->lexicon.word[i], (draft){i, 1, 0, line}, id);
}

static ix_status add_slot(builder *b, const ix_lexicon_entry *e)
{
    ix_status rc = IX_OK;
    ix_miniworld *w = b->w;
    if (e->count > IX_SLOT_MOST) return wrong(b, e->line, e->key, "a slot may hold 64 words");
    MAKE_ROOM(w->slot, w->slot_room, w->slots);
    w->slot[w->slots++] = (ix_range){(int32_t)w->listeds, (int32_t)e->count};
    for (int64_t i = 0; i < e->count; i++) {
        MAKE_ROOM(w->listed, w->listed_room, w->listeds);
        IX_TRY(concept_of_word(b, e->first + i, e->line, &w->listed[w->listeds++]));
    }
    for (int s = 0; s < IX_SLOT_COUNT; s++)
        if (strcmp(slot_table[s].name, e->key) == 0) w->known_slot[s] = w->slot[w->slots - 1];
done:
    return rc;
}

/* The slots follow each other in the file's order: number of the slot of that name, -1 if there is none. */
static int slot_number(const ix_lexicon *l, const char *name, size_t size)
{
    int number = 0;
    for (int64_t i = 0; i < l->entries; i++) {
        if (l->entry[i].section != IX_LEXICON_SLOTS) continue;
        if (strlen(l->entry[i].key) == size && memcmp(l->entry[i].key, name, size) == 0) return number;
        number++;
    }
    return -1;
}

static int key_number(const char *name)
{
    for (int k = 0; k < IX_KEY_COUNT; k++)
        if (strcmp(key_table[k].name, name) == 0) return k;
    return -1;
}

/* {name}: what the speaker fixes in templates of this key, else a slot. */
static ix_status place_of(const builder *b, const ix_lexicon_entry *e, const char *word, ix_template_word *out)
{
    size_t size = strlen(word);
    int key = key_number(e->key), slot;
    if (size < 3 || word[size - 1] != '}') return wrong(b, e->line, word, "a place is written {name}");
    slot = slot_number(&b->lexicon, word + 1, size - 2);
    *out = (ix_template_word){.concept = -1, .bind = -1, .slot = (int16_t)slot};
    for (int i = 0; i < IX_BIND_COUNT; i++)
        if (strlen(bind_names[i]) == size - 2 && memcmp(bind_names[i], word + 1, size - 2) == 0 &&
            (key < 0 || (key_table[key].binds >> i & 1)))
            out->bind = (int16_t)i;
    if (out->bind < 0 && slot < 0) return wrong(b, e->line, word, "there is no slot of that name");
    if (key == IX_KEY_PERSONA_PREFIX) return wrong(b, e->line, word, "a prefix may not have places");
    return IX_OK;
}

static ix_status add_template(builder *b, const ix_lexicon_entry *e)
{
    ix_status rc = IX_OK;
    ix_miniworld *w = b->w;
    int key = key_number(e->key);
    if (e->count > IX_TEMPLATE_MOST) return wrong(b, e->line, e->key, "a template may have 32 words");
    MAKE_ROOM(w->template, w->template_room, w->templates);
    if (key >= 0 && w->key[key].count++ == 0) w->key[key].first = (int32_t)w->templates;
    w->template[w->templates++] = (ix_range){(int32_t)w->template_words, (int32_t)e->count};
    for (int64_t i = 0; i < e->count; i++) {
        const char *text = b->lexicon.word[e->first + i];
        MAKE_ROOM(w->template_word, w->template_word_room, w->template_words);
        ix_template_word *word = &w->template_word[w->template_words++];
        *word = (ix_template_word){.bind = -1, .slot = -1};
        if (text[0] == '{') IX_TRY(place_of(b, e, text, word));
        else IX_TRY(concept_of_word(b, e->first + i, e->line, &word->concept));
    }
done:
    return rc;
}

/* Concepts are numbered in three passes: those of the list, words of slots, words of templates. */
static ix_status number_concepts(builder *b)
{
    ix_status rc = IX_OK;
    const ix_lexicon *l = &b->lexicon;
    IX_TRY(add_concepts(b));
    for (int64_t i = 0; i < l->entries; i++)
        if (l->entry[i].section == IX_LEXICON_SLOTS) IX_TRY(add_slot(b, &l->entry[i]));
    for (int64_t i = 0; i < l->entries; i++)
        if (l->entry[i].section == IX_LEXICON_TEMPLATES) IX_TRY(add_template(b, &l->entry[i]));
done:
    return rc;
}

/* A form: its words, parted by '_', enter the vocabulary. */
static ix_status add_form(builder *b, const char *text, int64_t line)
{
    ix_status rc = IX_OK;
    ix_miniworld *w = b->w;
    MAKE_ROOM(w->form, w->form_room, w->forms);
    ix_form *f = &w->form[w->forms++];
    *f = (ix_form){.first = (int32_t)w->pieces};
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, "_");
        if (size == 0) return wrong(b, line, text, "'_' stands for a blank between two words");
        if (f->count == IX_FORM_MOST) return wrong(b, line, text, "a form may have 8 words");
        MAKE_ROOM(w->piece, w->piece_room, w->pieces);
        int32_t *id = &w->piece[w->pieces++];
        IX_TRY(ix_words_add(w->word, at, size, id));
        if (*id < IX_WORLD_SPECIAL_COUNT) return wrong(b, line, text, "a special word cannot be said");
        f->count++;
        at += size;
        if (!*at) break;
    }
done:
    return rc;
}

/* A first form that starts with '=' is the only form A, without the '='. */
static ix_status add_forms(builder *b, int64_t k)
{
    ix_status rc = IX_OK;
    const draft *d = &b->draft[k];
    const char *first = b->lexicon.word[d->first];
    bool same = first[0] == '=';
    b->w->concept[k] = (ix_concept){(int32_t)b->w->forms, same ? 1 : (int32_t)d->a, (int32_t)d->b, -1};
    if (same && (!first[1] || strchr(first, '_')))
        return wrong(b, d->line, first, "one word is expected behind the '='");
    IX_TRY(add_form(b, first + same, d->line));
    for (int64_t i = same ? d->a : 1; i < d->a + d->b; i++) IX_TRY(add_form(b, b->lexicon.word[d->first + i], d->line));
done:
    return rc;
}

/* The Lumi word of concept k; one whose form starts with '=' keeps that. */
static ix_status add_lumi(builder *b, int64_t k)
{
    static const char syllables[24][3] = {"ka", "lo", "mi", "tu", "re", "sa", "vo", "ni", "pe", "du", "ha", "go",
                                          "li", "ba", "zu", "te", "mo", "fi", "ra", "ju", "ki", "su", "wa", "yo"};
    const draft *d = &b->draft[k];
    ix_concept *c = &b->w->concept[k];
    int32_t before = ix_words_count(b->w->word), shown = b->w->piece[b->w->form[c->first].first];
    int64_t j = 131 * k % 576;
    char word[5];
    if (b->lexicon.word[d->first][0] == '=') {
        c->lumi = shown;
        return IX_OK;
    }
    snprintf(word, sizeof word, "%s%s", syllables[j / 24], syllables[j % 24]);
    ix_status rc = ix_words_add(b->w->word, word, 4, &c->lumi);
    if (rc == IX_OK && c->lumi < before && c->lumi != shown)
        return wrong(b, d->line, word, "the word of the second language is taken (it has 576 words)");
    return rc;
}

static ix_status build_vocabulary(builder *b)
{
    ix_status rc = IX_OK;
    ix_miniworld *w = b->w;
    int32_t id;
    int64_t n = w->concepts = ix_words_count(w->name);
    for (int s = 0; s < IX_WORLD_SPECIAL_COUNT; s++)
        IX_TRY(ix_words_add(w->word, special_names[s], strlen(special_names[s]), &id));
    IX_NEED(w->concept = calloc((size_t)n, sizeof *w->concept), IX_ENOMEM, "embedded world: out of memory");
    for (int64_t k = 0; k < n; k++) IX_TRY(add_forms(b, k));
    for (int64_t k = 0; k < n; k++) IX_TRY(add_lumi(b, k));
done:
    return rc;
}

/* Does the lexicon have everything that the dialogues speak of? */
static ix_status check_complete(builder *b)
{
    ix_status rc = IX_OK;
    ix_miniworld *w = b->w;
    const char *path = b->lexicon.path;
    for (int s = 0; s < IX_SLOT_COUNT; s++)
        IX_NEED(w->known_slot[s].count >= slot_table[s].fewest, IX_EINPUT,
                "%s: slots: %s has %d words; at least %d are needed", path, slot_table[s].name,
                (int)w->known_slot[s].count, slot_table[s].fewest);
    for (int k = 0; k < IX_KEY_COUNT; k++)
        IX_NEED(w->key[k].count >= key_table[k].fewest, IX_EINPUT,
                "%s: templates: %s has %d templates; at least %d are needed", path, key_table[k].name,
                (int)w->key[k].count, key_table[k].fewest);
    for (int c = 0; c < IX_NAMED_COUNT; c++) {
        w->named[c] = ix_words_find(w->name, named[c], strlen(named[c]));
        IX_NEED(w->named[c] >= 0, IX_EINPUT, "%s: there is no concept \"%s\"", path, named[c]);
        IX_NEED(c > IX_NAMED_NO || w->concept[w->named[c]].b > 0, IX_EINPUT,
                "%s: the concept \"%s\" must have unseen forms behind a '/'", path, named[c]);
    }
    IX_NEED(ix_miniworld_find(w, ".") >= 0, IX_EINPUT, "%s: there is no word \".\"", path);
done:
    return rc;
}

ix_status ix_miniworld_open(ix_miniworld **out, const char *path)
{
    ix_status rc = IX_OK;
    builder b = {.draft = NULL};

    *out = NULL;
    IX_TRY(ix_lexicon_read(&b.lexicon, path));
    IX_NEED(b.w = calloc(1, sizeof *b.w), IX_ENOMEM, "%s: out of memory", path);
    IX_NEED(b.w->word = ix_words_create(), IX_ENOMEM, "%s: out of memory", path);
    IX_NEED(b.w->name = ix_words_create(), IX_ENOMEM, "%s: out of memory", path);
    IX_TRY(number_concepts(&b));
    IX_TRY(build_vocabulary(&b));
    IX_TRY(check_complete(&b));
    *out = b.w;
    b.w = NULL;
done:
    ix_lexicon_free(&b.lexicon);
    free(b.draft);
    ix_miniworld_close(&b.w);
    return rc;
}

void ix_miniworld_close(ix_miniworld **world)
{
    ix_miniworld *w = *world;
    *world = NULL;
    if (!w) return;
    ix_words_destroy(&w->word);
    ix_words_destroy(&w->name);
    free(w->concept);
    free(w->form);
    free(w->piece);
    free(w->listed);
    free(w->slot);
    free(w->template);
    free(w->template_word);
    free(w);
}

int32_t ix_miniworld_size(const ix_miniworld *world)
{
    return ix_words_count(world->word);
}

const char *ix_miniworld_word(const ix_miniworld *world, int32_t id)
{
    return ix_words_text(world->word, id);
}

int32_t ix_miniworld_find(const ix_miniworld *world, const char *word)
{
    return ix_words_find(world->word, word, strlen(word));
}

/* --- as a tokenizer ---------------------------------------------------------------------------------- */

static const char *word_of(const void *world, int32_t id)
{
    return ix_miniworld_word(world, id);
}

static bool is_special(int32_t id)
{
    return id < IX_WORLD_SPECIAL_COUNT;
}

ix_status ix_miniworld_write_tokenizer(const ix_miniworld *world, const char *folder)
{
    const ix_word_list words = {.count = ix_miniworld_size(world),
                                .word = word_of,
                                .special = is_special,
                                .context = world,
                                .pad = IX_WORLD_PAD,
                                .eos = IX_WORLD_END,
                                .unk = IX_WORLD_UNK};
    return ix_word_tokenizer_write(&words, folder);
}
