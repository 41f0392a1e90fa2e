/* SPDX-License-Identifier: Apache-2.0 */
#include "theory/claims.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ix_claims_free(ix_claims *c)
{
    free(c->claim);
    free(c->sheet);
    *c = (ix_claims){0};
}

static void *one_more(void *array, int count, size_t each)
{
    char *more = realloc(array, (size_t)(count + 1) * each);
    IX_CONTRACT(more);
    memset(more + (size_t)count * each, 0, each);
    return more;
}

static ix_claim *add_claim(ix_claims *c, const char *name, const char *statement)
{
    c->claim = one_more(c->claim, c->claims, sizeof *c->claim);
    ix_claim *claim = &c->claim[c->claims++];
    snprintf(claim->name, sizeof claim->name, "%s", name);
    snprintf(claim->statement, sizeof claim->statement, "%s", statement);
    return claim;
}

static bool keeps(double measured, ix_relation relation, double bound)
{
    switch (relation) {
    case IX_AT_MOST:
        return measured <= bound;
    case IX_AT_LEAST:
        return measured >= bound;
    case IX_EXACTLY:
        return measured == bound;
    case IX_BELOW:
        return measured < bound;
    case IX_ABOVE:
        return measured > bound;
    }
    return false;
}

void ix_claim_state(ix_claims *c, const char *name, const char *statement, double measured, ix_relation relation,
                    double bound)
{
    ix_claim *claim = add_claim(c, name, statement);
    claim->relation = relation;
    claim->measured = measured;
    claim->bound = bound;
    claim->verdict = keeps(measured, relation, bound) ? IX_HOLDS : IX_FAILS;
}

void ix_claim_skip(ix_claims *c, const char *name, const char *statement, const char *reason, ...)
{
    va_list list;
    ix_claim *claim = add_claim(c, name, statement);
    claim->measured = claim->bound = NAN;
    claim->verdict = IX_NOT_APPLICABLE;
    va_start(list, reason);
    vsnprintf(claim->reason, sizeof claim->reason, reason, list);
    va_end(list);
}

ix_sheet *ix_claims_sheet(ix_claims *c, const char *name, const char *about, const char *const *columns, int count)
{
    IX_CONTRACT(count <= IX_SHEET_COLUMNS);
    c->sheet = one_more(c->sheet, c->sheets, sizeof *c->sheet);
    ix_sheet *s = &c->sheet[c->sheets++];
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->about, sizeof s->about, "%s", about);
    for (s->columns = 0; s->columns < count; s->columns++)
        snprintf(s->column[s->columns], sizeof s->column[0], "%s", columns[s->columns]);
    return s;
}

void ix_sheet_row(ix_sheet *s, const char *name, const double *value, int count)
{
    IX_CONTRACT(s->rows < IX_SHEET_ROWS && count <= s->columns);
    snprintf(s->row[s->rows], sizeof s->row[0], "%s", name);
    for (int i = 0; i < s->columns; i++) s->value[s->rows][i] = i < count ? value[i] : NAN;
    s->rows++;
}

const char *ix_claim_verdict_name(ix_claim_verdict verdict)
{
    static const char *const names[] = {"HOLDS", "FAILS", "NOT APPLICABLE"};
    return names[verdict];
}

const char *ix_relation_name(ix_relation relation)
{
    static const char *const names[] = {"<=", ">=", "=", "<", ">"};
    return names[relation];
}

const ix_claim *ix_claim_find(const ix_claims *c, const char *name)
{
    for (int i = 0; i < c->claims; i++)
        if (!strcmp(c->claim[i].name, name)) return &c->claim[i];
    return NULL;
}

void ix_claims_pack(const ix_claims *c, void **bytes, size_t *size)
{
    const int counts[2] = {c->claims, c->sheets};
    size_t claims = (size_t)c->claims * sizeof *c->claim, sheets = (size_t)c->sheets * sizeof *c->sheet;
    char *out = malloc(sizeof counts + claims + sheets);

    IX_CONTRACT(out);
    memcpy(out, counts, sizeof counts);
    if (claims) memcpy(out + sizeof counts, c->claim, claims);
    if (sheets) memcpy(out + sizeof counts + claims, c->sheet, sheets);
    *bytes = out;
    *size = sizeof counts + claims + sheets;
}

void ix_claims_append(ix_claims *c, const void *bytes, size_t size)
{
    int counts[2];
    const char *from = bytes;

    IX_CONTRACT(size >= sizeof counts);
    memcpy(counts, from, sizeof counts);
    from += sizeof counts;
    IX_CONTRACT(size == sizeof counts + (size_t)counts[0] * sizeof *c->claim + (size_t)counts[1] * sizeof *c->sheet);
    for (int i = 0; i < counts[0]; i++, from += sizeof *c->claim) {
        c->claim = one_more(c->claim, c->claims, sizeof *c->claim);
        memcpy(&c->claim[c->claims++], from, sizeof *c->claim);
    }
    for (int i = 0; i < counts[1]; i++, from += sizeof *c->sheet) {
        c->sheet = one_more(c->sheet, c->sheets, sizeof *c->sheet);
        memcpy(&c->sheet[c->sheets++], from, sizeof *c->sheet);
    }
}
