/* SPDX-License-Identifier: Apache-2.0 */
#include "task/theory_states.h"

#include <stdlib.h>
#include <string.h>

enum { PACK_TOKENS = 1024, PACK_DOCUMENTS = 256 };

static void *grown(void *old, int64_t count, size_t each)
{
    void *more = realloc(old, (size_t)count * each + 1);
    IX_CONTRACT(more);
    return more;
}

int64_t ix_documents_add(ix_documents *d, const int32_t *prompt, int32_t prompt_size, const int32_t *response,
                         int32_t response_size, int32_t from)
{
    int32_t size = prompt_size + response_size;
    d->token = grown(d->token, d->tokens + size, sizeof *d->token);
    d->doc = grown(d->doc, d->docs + 1, sizeof *d->doc);
    memcpy(d->token + d->tokens, prompt, (size_t)prompt_size * sizeof *prompt);
    memcpy(d->token + d->tokens + prompt_size, response, (size_t)response_size * sizeof *response);
    d->doc[d->docs++] = (struct ix_document){d->tokens, size, from, d->states};
    d->tokens += size;
    d->states += size - from;
    return d->states - (size - from);
}

void ix_documents_free(ix_documents *d)
{
    free(d->token);
    free(d->doc);
    *d = (ix_documents){0};
}

static int64_t longest(const ix_documents *d)
{
    int64_t most = PACK_TOKENS;
    for (int64_t i = 0; i < d->docs; i++)
        if (d->doc[i].size > most) most = d->doc[i].size;
    return most;
}

/* Documents from `at` on that fit; returns the first that does not. */
static int64_t fill(ix_pack *pack, ix_rows *read, const ix_documents *d, int64_t at, int64_t end, int64_t room)
{
    ix_pack_clear(pack);
    while (at < end && pack->S < PACK_DOCUMENTS && pack->N + d->doc[at].size <= room) {
        const struct ix_document *doc = &d->doc[at++];
        read[pack->S] = (ix_rows){pack->N + doc->from, pack->N + doc->size};
        ix_pack_add_document(pack, d->token + doc->begin, doc->size);
    }
    return at;
}

static ix_status read_span(double *out, const ix_documents *d, ix_span mine, ix_model *model, const float *w)
{
    ix_status rc = IX_OK;
    int64_t room = longest(d), D = ix_model_config_of(model)->D;
    ix_rows read[PACK_DOCUMENTS];
    ix_pack *pack = NULL;

    IX_TRY(ix_model_reserve(model, room, false));
    IX_TRY(ix_pack_create(&pack, room, PACK_DOCUMENTS, 1));
    for (int64_t at = mine.lo, end; at < mine.hi; at = end) {
        end = fill(pack, read, d, at, mine.hi, room);
        const float *h = ix_model_forward(model, w, pack, read, false);
        for (int64_t i = at; i < end; i++) {
            ix_rows rows = read[i - at];
            double *to = out + d->doc[i].state * D;
            for (int64_t k = 0; k < (rows.end - rows.begin) * D; k++) to[k] = h[rows.begin * D + k];
        }
    }
done:
    ix_pack_destroy(&pack);
    return rc;
}

ix_status ix_documents_read(double *out, const ix_documents *d, const ix_grid *grid, ix_model *model, const float *w)
{
    int64_t D = ix_model_config_of(model)->D;
    ix_span mine = ix_split(d->docs, ix_grid_size(grid, IX_GROUP), ix_grid_rank(grid, IX_GROUP));

    memset(out, 0, (size_t)(d->states * D) * sizeof *out);
    ix_status rc = ix_grid_agree(grid, IX_GROUP, read_span(out, d, mine, model, w));
    if (rc == IX_OK) ix_grid_merge_double(grid, IX_GROUP, out, d->states * D);
    return rc;
}

ix_status ix_documents_logp(double *logp, const ix_documents *d, int64_t doc, ix_model *model, const float *w)
{
    ix_status rc = IX_OK;
    const struct ix_document *one = &d->doc[doc];
    const int32_t *token = d->token + one->begin;
    int64_t n = one->size - one->from - 1;
    int32_t *row = NULL;
    ix_pack *pack = NULL;

    IX_TRY(ix_model_reserve(model, one->size, false));
    IX_TRY(ix_pack_create(&pack, one->size, 1, 1));
    IX_NEED(row = calloc((size_t)n + 1, sizeof *row), IX_ENOMEM, "hidden states: out of memory");
    ix_pack_add_document(pack, token, one->size);
    for (int64_t i = 0; i < n; i++) row[i] = one->from + (int32_t)i;
    ix_model_forward(model, w, pack, NULL, false);
    ix_model_logp(model, w, row, token + one->from + 1, n, logp);
done:
    free(row);
    ix_pack_destroy(&pack);
    return rc;
}
