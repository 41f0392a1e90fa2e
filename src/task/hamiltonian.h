/* SPDX-License-Identifier: Apache-2.0
 *
 * hamiltonian.h - what is asked of a model about graphs, and what it said. Not for use outside src/task. */
#ifndef IX_TASK_HAMILTONIAN_H
#define IX_TASK_HAMILTONIAN_H

#include "task/bench.h"
#include "task/hamiltonian_layout.h"
#include "train/generate.h"

/* Lists of sequences: answers to test and training prompts; answers to test prompts whose choice is restricted to
 * vertices that are not there yet; both responses of the test pairs, recited; all correct answers to some test prompts,
 * recited. The last four need a layout. */
typedef enum {
    IX_ASK_TEST,
    IX_ASK_TRAIN,
    IX_ASK_UNVISITED,
    IX_ASK_CHOSEN,
    IX_ASK_REJECTED,
    IX_ASK_ANSWERS,
    IX_ASKS
} ix_ask;

typedef enum { IX_POLICY, IX_REFERENCE, IX_SAYERS } ix_sayer;

typedef struct {
    int64_t n, capacity;
    ix_asked *asked; /* [n] */
    int64_t *graph;  /* [n] of the test, or of the training graphs */
    int32_t most;    /* tokens of a sequence */
    int32_t *script; /* [n, most] what is recited, -1 behind its end; NULL: nothing */
} ix_ask_list;

typedef struct {
    const ix_material *m;
    const ix_job *job;
    ix_graphs graphs;
    ix_graph_style style;
    ix_graph_layout layout;
    int32_t end[IX_EOS_IDS + 1];
    int ends;
    ix_ask_list list[IX_ASKS];
    int32_t (*free)[IX_VERTICES]; /* [batch of sequences] what each may say next: IX_ASK_UNVISITED */
    ix_said said[IX_SAYERS][IX_ASKS];
    bool done[IX_SAYERS][IX_ASKS];
    double seconds;
} ix_graph_talk;

/* Are the run's pairs about graphs: task hamiltonian, or data.miniworld: graphs? */
bool ix_graphs_apply(const ix_settings *s);
/* For data.hamiltonian; of data.miniworld: its defaults, in the world's style. Local. */
ix_graph_settings ix_graph_settings_of(const ix_settings *s);

/* Opens to nothing where the pairs are about something else. */
extern const struct ix_examination ix_graph_examination;

/* Fills the lists. Local. */
ix_status ix_graph_talk_ask(ix_graph_talk *t);

/* Everything that was said, judged, into a result. Local, on the group's first rank. */
ix_status ix_graph_talk_store(ix_graph_talk *t, ix_result *result);

#endif
