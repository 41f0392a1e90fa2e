/* SPDX-License-Identifier: Apache-2.0 */
#include "comm/question.h"

#include <stdlib.h>
#include <string.h>

#include "comm/mpi_call.h"

enum { TAG_QUESTION = 3 };

struct ix_question {
    MPI_Comm comm;
    int ranks, rank;
    bool open;
    double mine[IX_QUESTION];
    double (*theirs)[IX_QUESTION]; /* [ranks] */
    MPI_Request *request;          /* [2 ranks] */
};

ix_status ix_question_create(ix_question **out, const ix_grid *grid, ix_axis axis)
{
    ix_status rc = IX_OK;
    ix_question *q = calloc(1, sizeof *q);
    *out = NULL;
    IX_NEED(q, IX_ENOMEM, "question: out of memory");
    *q = (ix_question){.comm = grid->comm[axis], .ranks = grid->size[axis], .rank = grid->rank[axis]};
    q->theirs = calloc((size_t)q->ranks, sizeof *q->theirs);
    q->request = calloc(2 * (size_t)q->ranks, sizeof(MPI_Request));
    IX_NEED(q->theirs && q->request, IX_ENOMEM, "question: out of memory");
    *out = q;
    q = NULL;
done:
    ix_question_destroy(&q);
    return rc;
}

void ix_question_destroy(ix_question **question)
{
    ix_question *q = *question;
    double x[IX_QUESTION];
    if (!q) return;
    if (q->open) ix_question_answer(q, x);
    free(q->theirs);
    free(q->request);
    free(q);
    *question = NULL;
}

bool ix_question_open(const ix_question *q)
{
    return q->open;
}

void ix_question_ask(ix_question *q, const double x[IX_QUESTION])
{
    IX_CONTRACT(!q->open);
    q->open = true;
    memcpy(q->mine, x, sizeof q->mine);
    memcpy(q->theirs[q->rank], x, sizeof q->mine);
    q->request[0] = q->request[1] = MPI_REQUEST_NULL;
    for (int step = 1; step < q->ranks; step++) { /* from my neighbour on: not everybody to rank 0 first */
        int to = (q->rank + step) % q->ranks, from = (q->rank + q->ranks - step) % q->ranks;
        MPI_Request *request = q->request + 2 * step;
        IX_MPI(MPI_Irecv(q->theirs[from], IX_QUESTION, MPI_DOUBLE, from, TAG_QUESTION, q->comm, &request[0]));
        IX_MPI(MPI_Isend(q->mine, IX_QUESTION, MPI_DOUBLE, to, TAG_QUESTION, q->comm, &request[1]));
    }
}

void ix_question_answer(ix_question *q, double x[IX_QUESTION])
{
    IX_CONTRACT(q->open);
    IX_MPI(MPI_Waitall(2 * q->ranks, q->request, MPI_STATUSES_IGNORE));
    q->open = false;
    memcpy(x, q->mine, sizeof q->mine);
    for (int r = 0; r < q->ranks; r++)
        for (int i = 0; i < IX_QUESTION; i++)
            if (q->theirs[r][i] > x[i]) x[i] = q->theirs[r][i];
}
