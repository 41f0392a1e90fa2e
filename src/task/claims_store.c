/* SPDX-License-Identifier: Apache-2.0 */
#include "task/claims_store.h"

#include <stdlib.h>

#include "base/file.h"

enum { TEXTS = 5 };

static ix_status store_list(const ix_claims *c, ix_result *result)
{
    static const char *const paths[TEXTS] = {"claims/name", "claims/statement", "claims/relation", "claims/verdict",
                                             "claims/reason"};
    ix_status rc = IX_OK;
    int64_t n = c->claims;
    const char **text = calloc((size_t)(TEXTS * n) + 1, sizeof *text);
    double *real = calloc((size_t)(2 * n) + 1, sizeof *real);

    IX_NEED(text && real, IX_ENOMEM, "claims: out of memory");
    for (int64_t i = 0; i < n; i++) {
        const ix_claim *k = &c->claim[i];
        const char *const of[TEXTS] = {k->name, k->statement, ix_relation_name(k->relation),
                                       ix_claim_verdict_name(k->verdict), k->reason};
        for (int t = 0; t < TEXTS; t++) text[t * n + i] = of[t];
        real[i] = k->measured;
        real[n + i] = k->bound;
    }
    for (int t = 0; t < TEXTS; t++) IX_TRY(ix_result_texts(result, paths[t], &n, text + t * n));
    IX_TRY(ix_result_reals(result, "claims/measured", &n, real));
    IX_TRY(ix_result_reals(result, "claims/bound", &n, real + n));
done:
    free(text);
    free(real);
    return rc;
}

static ix_status store_sheet(const ix_sheet *s, ix_result *result)
{
    ix_status rc = IX_OK;
    const int64_t shape[] = {s->rows, s->columns};
    const char *row[IX_SHEET_ROWS], *column[IX_SHEET_COLUMNS], *about = s->about;
    double value[IX_SHEET_ROWS * IX_SHEET_COLUMNS];
    char *path[] = {ix_format("sheets/%s/row", s->name), ix_format("sheets/%s/column", s->name),
                    ix_format("sheets/%s/value", s->name), ix_format("sheets/%s/about", s->name)};

    for (int i = 0; i < s->rows; i++) row[i] = s->row[i];
    for (int k = 0; k < s->columns; k++) column[k] = s->column[k];
    for (int i = 0; i < s->rows; i++)
        for (int k = 0; k < s->columns; k++) value[i * s->columns + k] = s->value[i][k];
    IX_TRY(ix_result_texts(result, path[0], &shape[0], row));
    IX_TRY(ix_result_texts(result, path[1], &shape[1], column));
    IX_TRY(ix_result_reals(result, path[2], shape, value));
    IX_TRY(ix_result_texts(result, path[3], NULL, &about));
done:
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) free(path[i]);
    return rc;
}

ix_status ix_claims_store(const ix_claims *c, ix_result *result)
{
    ix_status rc = IX_OK;
    int64_t n = c->sheets;
    const char **name = calloc((size_t)n + 1, sizeof *name);

    IX_NEED(name, IX_ENOMEM, "claims: out of memory");
    IX_TRY(store_list(c, result));
    for (int64_t i = 0; i < n; i++) {
        name[i] = c->sheet[i].name;
        IX_TRY(store_sheet(&c->sheet[i], result));
    }
    IX_TRY(ix_result_texts(result, "claims/sheet", &n, name));
done:
    free(name);
    return rc;
}
