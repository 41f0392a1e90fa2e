/* SPDX-License-Identifier: Apache-2.0 */
#include "claims.h"

#include <stdlib.h>

#include "base/file.h"

enum { COLUMNS_MOST = 24 };

/* Headings of a run, and its row. */
static const ix_column keys[] = {{"suite", "suite", IX_KEY, 0}, {"part", "part", IX_KEY, 0},
                                 {"varied", "with", IX_KEY, 0}, {"model", "model", IX_KEY, 0},
                                 {"seed", "seed", IX_KEY, 0},   {"row", "", IX_LEFT, 0}};
enum { KEYS = sizeof keys / sizeof *keys };

static void free_sheet(ix_stated_sheet *s)
{
    free(s->name);
    free(s->about);
    free(s->row);
    free(s->column);
    free(s->value);
    free(s->header);
}

void ix_stated_free(ix_stated **stated)
{
    ix_stated *s = *stated;
    if (!s) return;
    for (int64_t i = 0; i < s->sheets; i++) free_sheet(&s->sheet[i]);
    void *const blocks[] = {s->name, s->statement, s->relation, s->verdict, s->reason, s->measured, s->bound, s->sheet};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) free(blocks[i]);
    free(s);
    *stated = NULL;
}

static ix_status read_claims(ix_stated *s, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    const struct {
        const char *path;
        char ***texts;
    } text[] = {{"/claims/name", &s->name},
                {"/claims/statement", &s->statement},
                {"/claims/relation", &s->relation},
                {"/claims/verdict", &s->verdict},
                {"/claims/reason", &s->reason}};
    int64_t n[7];

    for (int i = 0; i < 5; i++) IX_TRY(ix_reader_texts(rd, text[i].path, 1, &n[i], text[i].texts));
    IX_TRY(ix_reader_array(rd, "/claims/measured", 1, &n[5], &s->measured));
    IX_TRY(ix_reader_array(rd, "/claims/bound", 1, &n[6], &s->bound));
    s->claims = n[0];
    for (int i = 1; i < 7; i++)
        IX_NEED(n[i] == n[0], IX_EINPUT, "%s: /claims: lists of different lengths", ix_reader_path(rd));
done:
    return rc;
}

/* The columns of a table that shows this sheet. */
static void make_header(ix_stated_sheet *s)
{
    s->headers = KEYS + (int)s->columns;
    s->header = ix_grow(NULL, (size_t)s->headers, sizeof *s->header);
    for (int i = 0; i < KEYS; i++) s->header[i] = keys[i];
    for (int i = 0; i < (int)s->columns; i++)
        s->header[KEYS + i] = (ix_column){s->column[i], s->column[i], IX_SIGNIFICANT, 4};
}

static ix_status read_sheet(ix_stated_sheet *s, const ix_reader *rd, const char *name)
{
    ix_status rc = IX_OK;
    int64_t dims[2];
    char **about = NULL, *path[] = {ix_format("/sheets/%s/row", name), ix_format("/sheets/%s/column", name),
                                    ix_format("/sheets/%s/value", name), ix_format("/sheets/%s/about", name)};

    s->name = ix_copy(name);
    IX_TRY(ix_reader_texts(rd, path[0], 1, &s->rows, &s->row));
    IX_TRY(ix_reader_texts(rd, path[1], 1, &s->columns, &s->column));
    IX_TRY(ix_reader_array(rd, path[2], 2, dims, &s->value));
    IX_NEED(dims[0] == s->rows && dims[1] == s->columns && dims[1] <= COLUMNS_MOST, IX_EINPUT,
            "%s: %s: not the numbers of its rows and columns", ix_reader_path(rd), path[2]);
    IX_TRY(ix_reader_texts(rd, path[3], 0, NULL, &about));
    s->about = ix_copy(about[0]);
    make_header(s);
done:
    free(about);
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) free(path[i]);
    return rc;
}

static ix_status read_sheets(ix_stated *s, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    char **name = NULL;
    int64_t n;

    IX_TRY(ix_reader_texts(rd, "/claims/sheet", 1, &n, &name));
    s->sheet = ix_grow(NULL, (size_t)n, sizeof *s->sheet);
    for (int64_t i = 0; i < n; i++) {
        s->sheet[s->sheets] = (ix_stated_sheet){0};
        IX_TRY(read_sheet(&s->sheet[s->sheets++], rd, name[i]));
    }
done:
    free(name);
    return rc;
}

ix_status ix_stated_read(ix_stated **out, const ix_reader *rd)
{
    ix_status rc = IX_OK;
    *out = NULL;
    if (!ix_reader_has(rd, "/claims/name")) return IX_OK;
    ix_stated *s = ix_grow(NULL, 1, sizeof *s);
    *s = (ix_stated){0};
    IX_TRY(read_claims(s, rd));
    IX_TRY(read_sheets(s, rd));
    *out = s;
    s = NULL;
done:
    ix_stated_free(&s);
    return rc;
}
