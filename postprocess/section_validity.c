/* SPDX-License-Identifier: Apache-2.0
 *
 * Section 5: every run with its verdict, and everything that a reader of the other tables must know. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "sections.h"

enum { LISTED = 60 }; /* more runs than that: texts list only those that are not VALID */

static const ix_column run_columns[] = {
    {"suite", "suite", IX_KEY, 0},
    {"run_id", "run", IX_LEFT, 0},
    {"part", "part", IX_CSV_ONLY, 0},
    {"model", "model", IX_CSV_ONLY, 0},
    {"varied", "varied", IX_CSV_ONLY, 0},
    {"objective", "objective", IX_CSV_ONLY, 0},
    {"seed", "seed", 0, 0},
    {"twin_id", "twin", IX_CSV_ONLY, 0},
    {"ranks", "ranks", 0, 0},
    {"version", "version", IX_LEFT, 0},
    {"git_commit", "commit", IX_CSV_ONLY, 0},
    {"compiler", "compiler", IX_CSV_ONLY, 0},
    {"mpi", "mpi", IX_CSV_ONLY, 0},
    {"cpu", "cpu", IX_CSV_ONLY, 0},
    {"layout", "layout", IX_CSV_ONLY, 0},
    {"file", "file", IX_CSV_ONLY, 0},
    {"verdict", "verdict", IX_LEFT, 0},
};
enum { RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0] };

static const ix_column finding_columns[] = {{"kind", "kind", IX_LEFT, 0}, {"finding", "finding", IX_LEFT, 0}};

static void put_run(ix_table *t, const ix_record *r)
{
    ix_row_begin(t);
    ix_put_text(t, r->suite);
    ix_put_text(t, r->run_id);
    ix_put_text(t, r->part);
    ix_put_text(t, r->model);
    ix_put_text(t, r->varied);
    ix_put_text(t, r->objective);
    ix_put_int(t, r->seed);
    ix_put_text(t, r->twin_id);
    ix_put_int(t, r->ranks);
    ix_put_text(t, r->version);
    ix_put_text(t, r->commit);
    ix_put_text(t, r->compiler);
    ix_put_text(t, r->mpi);
    ix_put_text(t, r->cpu);
    ix_put_text(t, r->layout);
    ix_put_text(t, r->path);
    ix_put_text(t, r->verdict);
}

static void put_runs(const ix_material *m, ix_tables *out)
{
    ix_table *t = ix_table_add(out, "runs", "Runs", run_columns, RUN_COLUMNS);
    int valid = 0;
    for (int i = 0; i < m->records; i++) {
        put_run(t, &m->record[i]);
        valid += m->record[i].valid;
        if (m->records > LISTED && m->record[i].valid) ix_row_quiet(t);
    }
    if (!m->records) ix_table_say(t, "No run has a result here.");
    else if (m->records == 1 && valid == 1) ix_table_say(t, "It is VALID: it ended, and its own checks held.");
    else if (valid == m->records && valid > 0)
        ix_table_say(t, "All %d are VALID: they ended, and their own checks held.", valid);
    else ix_table_say(t, "%d of %d are VALID. The others are in no table above.", valid, m->records);
    if (m->banded)
        ix_table_say(t, "%d of them have reference bands of their settings%s (docs/rules.md).", m->banded,
                     m->outside ? "" : ", and are inside");
    if (m->records > LISTED) ix_table_say(t, "VALID runs are listed one by one in runs.csv.");
}

static void find(ix_table *t, const char *kind, char *text)
{
    ix_row_begin(t);
    ix_put_text(t, kind);
    ix_put_text(t, text);
    free(text);
}

static void find_files(const ix_material *m, ix_table *t)
{
    for (int i = 0; i < m->unreadable; i++) find(t, "unreadable", ix_copy(m->trouble[i]));
    for (int i = 0; i < m->launches; i++) find(t, m->launch[i].kind, ix_copy(m->launch[i].text));
    for (int i = 0; i < m->records; i++)
        if (m->record[i].duplicate)
            find(t, "repeated",
                 ix_format("%s: another file holds run %s too; this one is left out", m->record[i].path,
                           m->record[i].run_id));
}

static bool is(const ix_record *r, const char *objective)
{
    return strcmp(r->objective, objective) == 0;
}

static const ix_record *other_half(const ix_material *m, const ix_record *r, bool *invalid)
{
    const char *wanted = is(r, "ex_rm") ? "im_rm" : "ex_rm";
    *invalid = false;
    for (int i = 0; i < m->records; i++) {
        const ix_record *o = &m->record[i];
        if (!is(o, wanted) || strcmp(o->twin_id, r->twin_id) != 0 || o->duplicate) continue;
        if (o->valid) return o;
        *invalid = true;
    }
    return NULL;
}

static void find_twinless(const ix_material *m, ix_table *t)
{
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        bool invalid;
        if (r->cell < 0 || !r->valid || (!is(r, "ex_rm") && !is(r, "im_rm")) || other_half(m, r, &invalid)) continue;
        find(t, "no twin",
             ix_format("%s: its %s twin is %s", r->run_id, is(r, "ex_rm") ? "IM-RM" : "EX-RM",
                       invalid ? "not VALID" : "not here"));
    }
}

static void find_unequal_sets(const ix_material *m, ix_table *t)
{
    for (int f = 0; f < m->families; f++)
        for (int w = 0; w < m->family[f].twins; w++)
            for (int r = 0; r < m->family[f].rows; r++) {
                const ix_twin *twin = &m->family[f].twin[w];
                if (ix_twin_matches(twin, m->family[f].row[r])) continue;
                find(t, "not compared",
                     ix_format("%s: %s and its twin were not judged on the same pairs at the same epoch",
                               m->family[f].row[r], twin->im->run_id));
            }
}

/* An answer that was trained on can be looked up: its accuracy is no generalisation. */
static void find_odd_pairs(const ix_record *r, const ix_scored *set, ix_table *t)
{
    if (set->known_chosen)
        find(t, "known pairs",
             ix_format(
                 "%s: of %lld pairs, %lld have a prompt and chosen response that is in the training pairs of %s%s%s",
                 set->name, (long long)set->count, (long long)set->known_chosen, r->suite, r->part[0] ? ", " : "",
                 r->part));
    if (set->repeated)
        find(t, "repeated pairs",
             ix_format("%s: %lld pairs repeat another one word for word", set->name, (long long)set->repeated));
    if (set->equal)
        find(t, "equal answers",
             ix_format("%s: %lld pairs have two equal responses, which nothing can tell apart", set->name,
                       (long long)set->equal));
}

static void find_in_sets(const ix_material *m, ix_table *t)
{
    for (int i = 0; i < m->records; i++) {
        const ix_record *r = &m->record[i];
        for (int s = 0; s < r->sets; s++) {
            if (r->valid && !r->set[s].agrees && r->set[s].right)
                find(t, "contradiction",
                     ix_format("%s: the accuracy stored for %s is not that of its rewards; the "
                               "rewards are used",
                               r->run_id, r->set[s].name));
            bool said = false; /* once per family and set */
            for (int j = 0; j < i; j++) said |= m->record[j].cell == r->cell;
            if (r->cell < 0 || said) continue;
            if (s == 0 && r->train_dropped)
                find(t, "dropped",
                     ix_format("training pairs of %s%s%s: %lld were too long for %s; %lld are trained on", r->suite,
                               r->part[0] ? ", " : "", r->part, (long long)r->train_dropped, r->model,
                               (long long)r->train_pairs));
            if (r->set[s].dropped)
                find(t, "dropped",
                     ix_format("%s: %lld pairs were too long for %s and are not judged, in %s%s%s", r->set[s].name,
                               (long long)r->set[s].dropped, r->model, r->suite, r->part[0] ? ", " : "", r->part));
            find_odd_pairs(r, &r->set[s], t);
        }
    }
}

static const char *field_of(const ix_record *r, size_t offset)
{
    return *(char *const *)((const char *)r + offset);
}

/* One finding per attribute in which the runs of a suite's families differ, with its values and their numbers. */
static void find_differences(const ix_material *m, ix_table *t)
{
    static const struct {
        const char *what;
        size_t offset;
    } field[] = {{"version", offsetof(ix_record, version)},   {"commit", offsetof(ix_record, commit)},
                 {"compiler", offsetof(ix_record, compiler)}, {"MPI", offsetof(ix_record, mpi)},
                 {"CPU", offsetof(ix_record, cpu)},           {"layout", offsetof(ix_record, layout)}};
    for (size_t k = 0; k < sizeof field / sizeof field[0]; k++) {
        char *text = NULL;
        int values = 0;
        for (int i = 0; i < m->records; i++) {
            const char *value = field_of(&m->record[i], field[k].offset);
            int runs = 0;
            bool seen = m->record[i].cell < 0 || !m->record[i].valid;
            for (int j = 0; j < i; j++)
                seen |= m->record[j].cell >= 0 && m->record[j].valid &&
                        strcmp(field_of(&m->record[j], field[k].offset), value) == 0;
            if (seen) continue;
            for (int j = 0; j < m->records; j++)
                runs += m->record[j].cell >= 0 && m->record[j].valid &&
                        strcmp(field_of(&m->record[j], field[k].offset), value) == 0;
            if (values < 4) ix_append(&text, "%s%s (%d)", values ? "; " : "", value[0] ? value : "unknown", runs);
            values++;
        }
        if (values > 1)
            find(t, "differs",
                 ix_format("%s, %d values (runs): %s%s", field[k].what, values, text, values > 4 ? "; ..." : ""));
        free(text);
    }
}

void ix_section_validity(const ix_material *m, ix_tables *out)
{
    put_runs(m, out);
    ix_table *t = ix_table_add(out, "findings", "What to know about these runs", finding_columns, 2);
    find_files(m, t);
    find_twinless(m, t);
    find_unequal_sets(m, t);
    find_in_sets(m, t);
    ix_find_mixed(m, t);
    find_differences(m, t);
    if (!t->rows && m->records)
        ix_table_say(
            t,
            "Nothing: no compared run lacks its twin, and all of them have one version, commit, compiler, MPI, CPU "
            "and layout.%s",
            m->ledgers ? " Every launched run ended." : "");
    if (!m->ledgers)
        ix_table_say(t, "There is no ledger here: runs that were launched and never ended cannot be seen.");
}
