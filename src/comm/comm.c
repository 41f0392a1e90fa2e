/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/mpi_call.h"

void ix_mpi_broken(const char *file, int line, int code)
{
    char text[MPI_MAX_ERROR_STRING + 32] = "message passing failed: ";
    size_t used = strlen(text);
    int length;
    if (MPI_Error_string(code, text + used, &length) != MPI_SUCCESS)
        snprintf(text + used, sizeof text - used, "error %d", code);
    ix_abort(file, line, text);
}

/* The world when MPI is up: before and after, this process is alone. */
static bool is_running(void)
{
    int started, stopped;
    return MPI_Initialized(&started) == MPI_SUCCESS && started && MPI_Finalized(&stopped) == MPI_SUCCESS && !stopped;
}

static void end_all_ranks(void)
{
    if (!is_running()) return;
    fprintf(stderr, "impex: rank %d on %s ends the job\n", ix_comm_rank(), ix_comm_host());
    fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* Parameters of Open MPI that other libraries do not look at: no daemon and no folder of its own under /tmp, and no
 * search for networks. What the user set stands. A process that has others after all still finds them. */
void ix_comm_alone(void)
{
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
}

ix_status ix_comm_start(int *argc, char ***argv)
{
    ix_status rc = IX_OK;
    int level;

    IX_MPI(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level));
    IX_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    IX_MPI(MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN));
    ix_set_abort_hook(end_all_ranks);
    IX_NEED(level >= MPI_THREAD_FUNNELED, IX_EINPUT,
            "this MPI library was built without MPI_THREAD_FUNNELED: impex needs it (%s)", ix_comm_library());
done:
    return rc;
}

void ix_comm_stop(void)
{
    ix_set_abort_hook(NULL);
    IX_MPI(MPI_Finalize());
}

int ix_comm_ranks(void)
{
    int ranks = 1;
    if (is_running()) IX_MPI(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
    return ranks;
}

int ix_comm_rank(void)
{
    int rank = 0;
    if (is_running()) IX_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    return rank;
}

int ix_comm_ranks_on_node(void)
{
    int ranks = 1;
    MPI_Comm node;
    if (!is_running()) return ranks;
    IX_MPI(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    IX_MPI(MPI_Comm_size(node, &ranks));
    IX_MPI(MPI_Comm_free(&node));
    return ranks;
}

void ix_comm_merge_on_node(uint64_t *bits, int n)
{
    MPI_Comm node;
    if (!is_running()) return;
    IX_MPI(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    IX_MPI(MPI_Allreduce(MPI_IN_PLACE, bits, n, MPI_UINT64_T, MPI_BOR, node));
    IX_MPI(MPI_Comm_free(&node));
}

const char *ix_comm_host(void)
{
    static char host[MPI_MAX_PROCESSOR_NAME];
    int length;
    if (!host[0]) IX_MPI(MPI_Get_processor_name(host, &length));
    return host;
}

const char *ix_comm_library(void)
{
    static char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    if (!text[0]) IX_MPI(MPI_Get_library_version(text, &length));
    text[strcspn(text, "\n")] = 0; /* MPICH prints its whole configuration */
    return text;
}
