/* SPDX-License-Identifier: Apache-2.0
 *
 * These runs against others (--against OLD): another machine, version, model folder. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sections.h"

static const ix_column columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"part", "part", IX_KEY, 0},
    {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0},
    {"set", "set", IX_LEFT, 0},
    {"objective", "", IX_LEFT, 0},
    {"old_runs", "old runs", IX_CSV_ONLY, 0},
    {"runs", "runs", IX_CSV_ONLY, 0},
    {"matched", "seeds", 0, 0},
    {"old", "old", 0, 3},
    {"new", "new", 0, 3},
    {"difference", "new - old", 0, 3},
    {"difference_95", "95 % paired", IX_RANGE, 3},
    {"band", "band", IX_RANGE, 3},
    {"reading", "reading", IX_LEFT, 0},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const ix_column speed_columns[] = {
    {"suite", "suite", IX_KEY, 0}, {"part", "part", IX_KEY, 0},   {"model", "model", IX_KEY, 0},
    {"varied", "with", IX_KEY, 0}, {"objective", "", IX_LEFT, 0}, {"old_ranks", "ranks", 0, 0},
    {"old", "old pairs/s", 0, 1},  {"old_cv", "cv %", 0, 1},      {"ranks", "ranks", 0, 0},
    {"new", "new pairs/s", 0, 1},  {"new_cv", "cv %", 0, 1},      {"ratio", "new / old", 0, 3},
};
enum { SPEED_COLUMNS = sizeof speed_columns / sizeof speed_columns[0] };

static int find_family(const ix_material *m, const ix_family *like)
{
    for (int i = 0; i < m->families; i++) {
        const ix_family *f = &m->family[i];
        if (strcmp(f->suite, like->suite) == 0 && strcmp(f->part, like->part) == 0 &&
            strcmp(f->model, like->model) == 0 && strcmp(f->varied, like->varied) == 0)
            return i;
    }
    return -1;
}

static bool belongs(const ix_record *r, int family, const char *objective)
{
    return r->cell == family && r->valid && strcmp(r->objective, objective) == 0;
}

/* The old run of the same objective and seed. */
static const ix_record *old_run(const ix_material *old, int family, const ix_record *new)
{
    for (int i = old->family[family].first; i < old->family[family].end; i++)
        if (belongs(&old->record[i], family, new->objective) && old->record[i].seed == new->seed)
            return &old->record[i];
    return NULL;
}

/* Runs of equal seeds on equal pairs: what --against can compare pair by pair. */
typedef struct {
    ix_family pseudo; /* its twins are (new, old) */
    bool equal_bits;
} match;

static match matches(const ix_material *m, int family, const ix_material *old, int old_family, const char *objective,
                     const char *row)
{
    match all = {.equal_bits = true};
    for (int i = m->family[family].first; i < m->family[family].end; i++) {
        const ix_record *new = &m->record[i];
        if (!belongs(new, family, objective)) continue;
        const ix_record *before = old_run(old, old_family, new);
        ix_twin twin = {new, before};
        if (!before || !ix_twin_matches(&twin, row)) {
            all.equal_bits = false;
            continue;
        }
        all.pseudo.twin = ix_grow(all.pseudo.twin, (size_t)all.pseudo.twins + 1, sizeof twin);
        all.pseudo.twin[all.pseudo.twins++] = twin;
        for (int a = 0; a < new->sets; a++)
            for (int b = 0; b < before->sets; b++)
                if (strcmp(new->set[a].group, row) == 0 && strcmp(new->set[a].name, before->set[b].name) == 0)
                    all.equal_bits &=
                        memcmp(new->set[a].right, before->set[b].right, (size_t) new->set[a].count) == 0 &&
                        new->set[a].traits.brier == before->set[b].traits.brier;
    }
    return all;
}

/* Around the old mean: 0.02, or what so many seeds may differ by if theirs is the only chance; few seeds say little. */
static ix_interval band_of(const ix_summary *old, const ix_summary *new)
{
    enum { FEW = 3 };
    double half = 0.05;
    if (old->runs >= FEW)
        half =
            fmax(0.02, ix_t_quantile(0.9995, old->runs - 1) * old->deviation * sqrt(1.0 / old->runs + 1.0 / new->runs));
    return (ix_interval){fmax(0, old->accuracy - half), fmin(1, old->accuracy + half)};
}

/* Where every new run has an old one of its seed, these are compared and no others. */
static void take_matched(ix_summary sums[2], const ix_comparison *c)
{
    if (c->twins != sums[1].runs) return;
    sums[0].accuracy = c->im;
    sums[1].accuracy = c->ex;
}

static void put_row(ix_table *t, const ix_family *f, int r, const char *objective, ix_summary sums[2],
                    const match *pairs)
{
    ix_comparison c = {0};
    bool paired = pairs->pseudo.twins && ix_compare_twins(&pairs->pseudo, f->row[r], &c);
    if (paired) take_matched(sums, &c);
    ix_interval band = band_of(&sums[0], &sums[1]);
    bool left = sums[1].accuracy < band.low - 1e-9 || sums[1].accuracy > band.high + 1e-9;
    ix_row_begin(t);
    ix_put_text(t, f->suite);
    ix_put_text(t, f->part);
    ix_put_text(t, f->model);
    ix_put_text(t, f->varied);
    ix_put_text(t, f->row[r]);
    ix_put_text(t, ix_objective_name(objective));
    ix_put_int(t, sums[0].runs);
    ix_put_int(t, sums[1].runs);
    ix_put_int(t, c.twins);
    ix_put_real(t, sums[0].accuracy);
    ix_put_real(t, sums[1].accuracy);
    ix_put_real(t, sums[1].accuracy - sums[0].accuracy);
    ix_put_range(t, paired ? c.interval : (ix_interval){NAN, NAN});
    ix_put_range(t, band);
    ix_put_text(t, left ? IX_LEFT_BAND : paired && pairs->equal_bits ? "equal" : "inside");
}

static void put_family(const ix_material *m, int family, ix_table *t, int *alone)
{
    const ix_family *f = &m->family[family];
    int old_family = find_family(m->old, f);
    *alone += old_family < 0;
    for (int r = 0; old_family >= 0 && r < f->rows; r++)
        for (int o = 0; o < f->objectives; o++) {
            ix_summary sums[2];
            if (!ix_summarise(m->old, old_family, f->objective[o], f->row[r], &sums[0]) ||
                !ix_summarise(m, family, f->objective[o], f->row[r], &sums[1]))
                continue;
            match pairs = matches(m, family, m->old, old_family, f->objective[o], f->row[r]);
            put_row(t, f, r, f->objective[o], sums, &pairs);
            free(pairs.pseudo.twin);
        }
}

/* --- speed --------------------------------------------------------------------------------------------------- */

typedef struct {
    int runs;
    int64_t ranks; /* -1: several numbers of them */
    double mean, cv;
} rate;

static rate rate_of(const ix_material *m, int family, const char *objective)
{
    double *x = ix_grow(NULL, (size_t)(m->family[family].end - m->family[family].first), sizeof *x);
    rate r = {0};
    for (int i = m->family[family].first; i < m->family[family].end; i++) {
        const ix_record *one = &m->record[i];
        if (!belongs(one, family, objective) || !one->cost.pairs || !(one->cost.train > 0)) continue;
        r.ranks = r.runs && r.ranks != one->ranks ? -1 : one->ranks;
        x[r.runs++] = (double)one->cost.pairs / one->cost.train;
    }
    r.mean = ix_mean(x, r.runs);
    r.cv = 100 * ix_deviation(x, r.runs) / r.mean;
    free(x);
    return r;
}

static void put_ranks(ix_table *t, const rate *r)
{
    if (r->ranks > 0) ix_put_int(t, r->ranks);
    else ix_put_none(t);
}

static void put_speed(const ix_material *m, int family, ix_table *t)
{
    const ix_family *f = &m->family[family];
    int old_family = find_family(m->old, f);
    for (int o = 0; old_family >= 0 && o < f->objectives; o++) {
        rate old = rate_of(m->old, old_family, f->objective[o]), new = rate_of(m, family, f->objective[o]);
        if (!old.runs || !new.runs) continue;
        ix_row_begin(t);
        ix_put_text(t, f->suite);
        ix_put_text(t, f->part);
        ix_put_text(t, f->model);
        ix_put_text(t, f->varied);
        ix_put_text(t, ix_objective_name(f->objective[o]));
        put_ranks(t, &old);
        ix_put_real(t, old.mean);
        ix_put_real(t, old.cv);
        put_ranks(t, &new);
        ix_put_real(t, new.mean);
        ix_put_real(t, new.cv);
        ix_put_real(t, new.mean / old.mean);
    }
}

/* What the first VALID runs of both say of themselves, where it differs. */
static void say_places(ix_table *t, const ix_material *m)
{
    const ix_record *new = NULL, *old = NULL;
    for (int i = m->records - 1; i >= 0; i--)
        if (m->record[i].valid && m->record[i].cell >= 0) new = &m->record[i];
    for (int i = m->old->records - 1; i >= 0; i--)
        if (m->old->record[i].valid && m->old->record[i].cell >= 0) old = &m->old->record[i];
    if (!new || !old) return;
    const struct {
        const char *what, *before, *after;
    } row[] = {{"version", old->version, new->version},
               {"commit", old->commit, new->commit},
               {"compiler", old->compiler, new->compiler},
               {"MPI", old->mpi, new->mpi},
               {"CPU", old->cpu, new->cpu},
               {"layout", old->layout, new->layout},
               {"start weights", old->weights_hash, new->weights_hash}};
    char *text = NULL;
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++)
        if (strcmp(row[k].before, row[k].after) != 0)
            ix_append(&text, "%s%s: old %s, new %s", text ? "; " : "", row[k].what, row[k].before, row[k].after);
    if (text) ix_append(&text, ". ");
    ix_table_say_text(t, &text);
}

static int readings(const ix_table *t, const char *reading)
{
    int n = 0;
    for (int r = 0; r < t->rows; r++) n += strcmp(ix_table_cell(t, r, COLUMNS - 1)->text, reading) == 0;
    return n;
}

static void say_outcome(ix_table *t, int alone)
{
    int left = readings(t, IX_LEFT_BAND), equal = readings(t, "equal");
    if (!t->rows) ix_table_say(t, "Nothing to compare: no suite, part, model and setting is in both.");
    else if (left) ix_table_say(t, "%d of %d accuracies LEFT THEIR BAND.", left, t->rows);
    else if (equal == t->rows) ix_table_say(t, "All %d are equal, pair by pair.", equal);
    else ix_table_say(t, "All %d are inside their bands; %d are equal, pair by pair.", t->rows, equal);
    if (alone) ix_table_say(t, "%d families of these runs have no counterpart in the old ones.", alone);
}

void ix_section_against(const ix_material *m, ix_tables *out)
{
    int alone = 0;
    if (!m->old) return;
    ix_table *t = ix_table_add(out, "against", "Against the old results", columns, COLUMNS);
    for (int i = 0; i < m->families; i++) put_family(m, i, t, &alone);
    say_outcome(t, alone);
    say_places(t, m);
    ix_table_close(t,
                   "band: 0.02 around the old mean, or more where its own seeds differ by more (docs/report.md); 0.05 "
                   "with fewer than three old seeds. seeds: runs that have an old one of their seed on the same pairs; "
                   "if all have, only these are compared.");
    ix_table *speed = ix_table_add(out, "against_speed", "Speed against the old results", speed_columns, SPEED_COLUMNS);
    for (int i = 0; i < m->families; i++) put_speed(m, i, speed);
    if (speed->rows)
        ix_table_say(speed, "A ratio within the spread of its two sides shows nothing; nor does one over other ranks.");
}
