/* SPDX-License-Identifier: Apache-2.0
 *
 * preference.c - pairs of answers of which one is preferred: from JSON lines, or from the embedded world. */
#include "data/miniworld.h"
#include "task/hamiltonian.h"

static ix_status read_file(ix_texts **out, const ix_suite *suite, const ix_data_settings *d, const char *name)
{
    ix_columns columns = {d->column_prompt, d->column_chosen, d->column_rejected};
    char path[4096];
    *out = NULL;
    ix_status rc = ix_find_data(path, sizeof path, suite, name);
    return rc == IX_OK ? ix_texts_read(out, path, &columns) : rc;
}

static ix_status from_files(ix_sets **out, const ix_suite *suite, const ix_data_settings *d)
{
    ix_status rc = IX_OK;
    ix_sets *sets = NULL;
    ix_texts *texts = NULL;

    IX_TRY(ix_sets_create(&sets));
    if (d->train) {
        IX_TRY(read_file(&texts, suite, d, d->train));
        ix_sets_set_train(sets, &texts);
    }
    for (int i = 0; i < d->evaluates; i++) {
        const ix_eval_settings *e = &d->evaluate[i];
        ix_category category;
        IX_TRY(ix_category_find(&category, e->category));
        IX_TRY(read_file(&texts, suite, d, e->path));
        IX_TRY(ix_sets_add(sets, e->name, e->group, category, &texts));
    }
    *out = sets;
    sets = NULL;
done:
    ix_texts_destroy(&texts);
    ix_sets_destroy(&sets);
    return rc;
}

static ix_status from_miniworld(ix_sets **out, const ix_suite *suite, const ix_data_settings *d)
{
    ix_status rc = IX_OK;
    ix_miniworld *world = NULL;
    char path[4096];

    IX_TRY(ix_find_data(path, sizeof path, suite, d->lexicon));
    IX_TRY(ix_miniworld_open(&world, path));
    IX_TRY(ix_miniworld_sets(out, world, d->miniworld));
done:
    ix_miniworld_close(&world);
    return rc;
}

static ix_status sets(ix_sets **out, const ix_suite *suite, const ix_settings *settings)
{
    *out = NULL;
    if (ix_graphs_apply(settings)) {
        ix_graph_settings graphs = ix_graph_settings_of(settings);
        return ix_graphs_sets(out, &graphs);
    }
    return settings->data.miniworld ? from_miniworld(out, suite, &settings->data)
                                    : from_files(out, suite, &settings->data);
}

const ix_task ix_task_preference = {.name = "preference", .sets = sets, .examination = &ix_graph_examination};
