/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims: what runs stated, with measured figure, bound and verdict; what the statements are; the numbers behind them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "claims.h"
#include "sections.h"

static const ix_column claim_columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"seed", "seed", IX_KEY, 0},
    {"run_id", "run", IX_CSV_ONLY, 0},
    {"claim", "claim", IX_LEFT, 0},
    {"statement", "statement", IX_CSV_ONLY, 0},
    {"measured", "measured", IX_SIGNIFICANT, 4},
    {"relation", "", 0, 0},
    {"bound", "bound", IX_SIGNIFICANT, 4},
    {"verdict", "verdict", IX_LEFT, 0},
    {"reason", "why not", IX_LEFT, 0},
};
static const ix_column statement_columns[] = {{"claim", "claim", IX_LEFT, 0}, {"statement", "statement", IX_LEFT, 0}};
enum { CLAIM_COLUMNS = sizeof claim_columns / sizeof *claim_columns };

static bool shown(const ix_record *r)
{
    return r->stated && r->valid && !r->duplicate;
}

static void put_keys(ix_table *t, const ix_record *r)
{
    char *seed = ix_format("%lld", (long long)r->seed);
    ix_row_begin(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->part);
    ix_put_text(t, r->varied);
    ix_put_text(t, r->model);
    ix_put_text(t, seed);
    free(seed);
}

static void put_claim(ix_table *t, const ix_record *r, int64_t i)
{
    const ix_stated *s = r->stated;
    put_keys(t, r);
    ix_put_text(t, r->run_id);
    ix_put_text(t, s->name[i]);
    ix_put_text(t, s->statement[i]);
    ix_put_real(t, s->measured[i]);
    ix_put_text(t, isnan(s->bound[i]) ? "" : s->relation[i]);
    ix_put_real(t, s->bound[i]);
    ix_put_text(t, s->verdict[i]);
    ix_put_text(t, s->reason[i]);
}

/* How many claims of a run hold, and which fail. */
static void sum_up(ix_table *t, const ix_record *r)
{
    const ix_stated *s = r->stated;
    int64_t holds = 0, fails = 0;
    char *text = NULL, *names = NULL;
    for (int64_t i = 0; i < s->claims; i++) {
        holds += !strcmp(s->verdict[i], "HOLDS");
        if (strcmp(s->verdict[i], "FAILS") != 0) continue;
        ix_append(&names, "%s%s", fails++ ? ", " : "", s->name[i]);
    }
    ix_append(&text, "%lld claims: %lld hold%s, %lld fail%s%s", (long long)s->claims, (long long)holds,
              holds == 1 ? "s" : "", (long long)fails, fails == 1 ? "s" : "", names ? " (" : "");
    if (names) ix_append(&text, "%s)", names);
    int64_t rest = s->claims - holds - fails;
    if (rest) ix_append(&text, ", %lld %s not applicable", (long long)rest, rest == 1 ? "is" : "are");
    ix_append(&text, ".");
    ix_table_say_text(t, &text);
    free(names);
}

static bool is_said(const ix_table *t, const char *claim)
{
    for (int r = 0; r < t->rows; r++)
        if (!strcmp(ix_table_cell(t, r, 0)->text, claim)) return true;
    return false;
}

/* Every statement once. */
static void put_statements(ix_table *t, const ix_stated *s)
{
    for (int64_t i = 0; i < s->claims; i++) {
        if (is_said(t, s->name[i])) continue;
        ix_row_begin(t);
        ix_put_text(t, s->name[i]);
        ix_put_text(t, s->statement[i]);
    }
}

/* --- sheets ---------------------------------------------------------------------------------------------- */

static bool alike(const ix_stated_sheet *a, const ix_stated_sheet *b)
{
    if (strcmp(a->name, b->name) != 0 || a->columns != b->columns) return false;
    for (int64_t i = 0; i < a->columns; i++)
        if (strcmp(a->column[i], b->column[i]) != 0) return false;
    return true;
}

static void put_sheet(ix_table *t, const ix_record *r, const ix_stated_sheet *s)
{
    for (int64_t i = 0; i < s->rows; i++) {
        put_keys(t, r);
        ix_put_text(t, s->row[i]);
        for (int64_t k = 0; k < s->columns; k++) ix_put_real(t, s->value[i * s->columns + k]);
    }
}

/* Sheets like this one, of this run and all that follow, in one table; nothing if an earlier run has one. */
static void put_alike(const ix_material *m, int first, const ix_stated_sheet *like, ix_tables *out)
{
    for (int i = 0; i < first; i++)
        for (int64_t k = 0; shown(&m->record[i]) && k < m->record[i].stated->sheets; k++)
            if (alike(&m->record[i].stated->sheet[k], like)) return;
    char *title = ix_format("Behind the claims: %s", like->name);
    ix_table *t = ix_table_add(out, like->name, title, like->header, like->headers);
    free(title);
    for (int i = first; i < m->records; i++)
        for (int64_t k = 0; shown(&m->record[i]) && k < m->record[i].stated->sheets; k++)
            if (alike(&m->record[i].stated->sheet[k], like))
                put_sheet(t, &m->record[i], &m->record[i].stated->sheet[k]);
    ix_table_say(t, "%s", like->about);
}

void ix_section_claims(const ix_material *m, ix_tables *out)
{
    ix_table *t = NULL, *what = NULL;
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        if (!shown(r)) continue;
        if (!t) t = ix_table_add(out, "claims", "Claims", claim_columns, CLAIM_COLUMNS);
        for (int64_t k = 0; k < r->stated->claims; k++) put_claim(t, r, k);
        sum_up(t, r);
    }
    for (int i = 0; t && i < m->records; i++) {
        if (!shown(&m->record[i])) continue;
        if (!what) what = ix_table_add(out, "statements", "What the claims say", statement_columns, 2);
        put_statements(what, m->record[i].stated);
    }
    for (int i = 0; i < m->records; i++)
        for (int64_t k = 0; shown(&m->record[i]) && k < m->record[i].stated->sheets; k++)
            put_alike(m, i, &m->record[i].stated->sheet[k], out);
}
