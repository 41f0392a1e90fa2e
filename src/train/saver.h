/* SPDX-License-Identifier: Apache-2.0
 *
 * saver.h - when a run saves its state, what goes where, and how it comes back, on any number of ranks.
 *
 * Whoever computes calls ix_saver_tick() after each piece of work; once in a while the ranks agree there whether to
 * save. A moment is then gathered from its owners (trainer, judging, record) and written: every rank a file of its own
 * pieces, the group's first rank also what all have in common.
 *
 * Blocks are laid out by the parameter table. A piece of one is written in the coordinates of the whole tensor
 * ("place" of its array: share, columns of the tensor, first row and column of what the rank holds, columns of it, and
 * the numbers [from, to) of what it holds), so that ranks that cut the model and its optimizer's state otherwise find
 * what they need. Of what several tensor ranks hold one writes. Private blocks are sums that only ranks with the same
 * tensor index can go on with. */
#ifndef IX_TRAIN_SAVER_H
#define IX_TRAIN_SAVER_H

#include "comm/grid.h"
#include "model/params.h"
#include "store/arrays.h"

typedef struct {
    const char *folder; /* OUT/<suite>/<run_id>; NULL: nothing is ever saved */
    const char *run_id;
    double every_seconds; /* 0: only when asked to stop */
    int64_t keep;         /* so many checkpoints stay */
    int64_t before_limit; /* seconds before the end of the job at which to stop */
    double pace;          /* seconds between two agreements; 0: at every tick */
    double long_step;     /* steps that take as long are saved within; 0: all */
    void (*listen)(void *context); /* called before this rank says what it wishes: was it asked to stop in other ways
                                      than by a signal? It then calls ix_stop_ask. Local; NULL: it was not */
    void *context;
} ix_saver_settings;

typedef struct ix_saver ix_saver;

/* Collective over the group, like everything here that does not say Local. The grid must outlive it. */
ix_status ix_saver_create(ix_saver **out, const ix_grid *grid, const ix_saver_settings *settings);
void ix_saver_destroy(ix_saver **saver); /* Local. NULL is fine; leaves *saver NULL */

typedef enum { IX_GO_ON, IX_SAVE, IX_SAVE_AND_STOP } ix_saver_wish;

/* After each piece of work, on all ranks equally often; cheap: the ranks speak once in `pace`. NULL: go on. */
ix_saver_wish ix_saver_tick(ix_saver *saver);
/* The same where ranks are not together anyway, as between packs: a rank learns what all wished the last time, and
 * waits only for those that are a whole piece behind. */
ix_saver_wish ix_saver_tick_apart(ix_saver *saver);

/* Local, the same on every rank: do steps take so long that one should save within them? */
bool ix_saver_is_slow(const ix_saver *saver);
void ix_saver_count_step(ix_saver *saver); /* Local: a step is over */

/* --- saving ------------------------------------------------------------------------------------------------- */

/* A moment while it is gathered. Local: adding fails with IX_ENOMEM; arrays count on the group's first rank only. */
typedef struct ix_moment ix_moment;
ix_status ix_moment_create(ix_moment **out, const ix_saver *saver, int64_t step, const ix_params *params);
void ix_moment_destroy(ix_moment **moment);
ix_status ix_moment_doubles(ix_moment *m, const char *name, int64_t n, const double *values);
ix_status ix_moment_ints(ix_moment *m, const char *name, int64_t n, const int64_t *values);
/* Numbers [span.lo, span.hi) of a block, of which `at` is the first; borrowed until the moment is saved. The parts of
 * one block are added one after the other, in order. */
ix_status ix_moment_block(ix_moment *m, const char *name, const float *at, ix_span span);
ix_status ix_moment_private(ix_moment *m, const char *name, const float *at, int64_t n);

/* Writes it, removes older ones. With IX_SAVE a failure is said as a warning, and the run goes on; with
 * IX_SAVE_AND_STOP it returns IX_STOPPED, or the failure. */
ix_status ix_saver_save(ix_saver *saver, ix_moment *m, ix_saver_wish wish);

/* --- going on ------------------------------------------------------------------------------------------------ */

/* Finds the latest checkpoint that is whole; broken ones are passed over, and said. */
ix_status ix_saver_find(ix_saver *saver);
bool ix_saver_found(const ix_saver *saver);              /* Local; false for NULL */
int64_t ix_saver_step(const ix_saver *saver);            /* Local: steps done there */
bool ix_saver_same_tensor(const ix_saver *saver);        /* Local: as many tensor ranks as now? */
const ix_arrays *ix_saver_arrays(const ix_saver *saver); /* Local: what all ranks have in common */
const char *ix_saver_place(const ix_saver *saver);       /* Local: its folder, for messages */

/* Local. Fills every part, floats `span` of the block at at[0], ..., from whoever wrote some of it; the parts are in
 * order. IX_EINPUT: something is missing. */
typedef struct {
    float *at;
    ix_span span;
} ix_saved_part;
ix_status ix_saver_read_block(const ix_saver *saver, const char *name, const ix_params *params,
                              const ix_saved_part *part, int parts);
/* Local. The private block of that name of data rank `data` and my tensor index. */
ix_status ix_saver_read_private(const ix_saver *saver, const char *name, int64_t data, float *at, int64_t n);

/* Local: over all launches of the run. */
typedef struct {
    int64_t resumed, written;
    double seconds; /* spent on writing, on the group's first rank */
} ix_saver_counts;
ix_saver_counts ix_saver_count(const ix_saver *saver);

#endif
