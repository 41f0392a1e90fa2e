/* SPDX-License-Identifier: Apache-2.0
 *
 * added.h - tokens that are found in a text before anything else splits it.
 *
 * As in added_vocabulary.rs of the `tokenizers` library: leftmost match, the longest there; a match that fails its
 * single_word condition is passed over whole; lstrip and rstrip swallow white space around it. Tokens that are not
 * `normalized` are looked for in the text as given, the others in the normalized pieces between. Local. */
#ifndef IX_TEXT_ADDED_H
#define IX_TEXT_ADDED_H

#include "text/buffer.h"

typedef struct {
    int32_t id;
    bool special, normalized, lstrip, rstrip, single_word;
} ix_added_token;

typedef struct {
    ix_added_token *token;
    size_t size, capacity;
    int32_t *place; /* of id in token, for id < places; -1: not added */
    size_t places, place_capacity;
} ix_added_list;

typedef struct {
    unsigned char byte;
    int32_t child, sibling; /* nodes; 0: none, node 0 being the root */
    const ix_added_token *token;
} ix_trie_node;

/* Patterns by their bytes. Start with {0}. */
typedef struct {
    ix_trie_node *node;
    size_t size, capacity;
    int32_t first[256]; /* the root's children */
} ix_trie;
void ix_trie_free(ix_trie *t); /* leaves it {0} */
/* The first of equal patterns stays; contract: size > 0, and `token` outlives the trie. */
ix_status ix_trie_add(ix_trie *t, const char *pattern, size_t size, const ix_added_token *token);

/* A stretch of the text: a token, or plain text (token NULL, not empty). */
typedef struct {
    const ix_added_token *token;
    size_t begin, end;
} ix_stretch;

/* Walks over `text`: start with {.text, .size}; false at the end. */
typedef struct {
    const char *text;
    size_t size;
    size_t at;          /* where plain text that was not handed out begins */
    size_t searched;    /* matches before this were seen */
    ix_stretch waiting; /* a token found behind plain text that was handed out first */
} ix_stretches;
bool ix_trie_next(const ix_trie *t, ix_stretches *walk, ix_stretch *out);

#endif
