# SPDX-License-Identifier: Apache-2.0
# Sourced by a POSIX shell: what Open MPI needs to run many small ranks on one machine. Only variables that are not
# set are set, so a cluster's own settings stand. Other MPI libraries ignore all of it.

# As root (containers, CI) mpirun refuses to start without both.
: "${OMPI_ALLOW_RUN_AS_ROOT:=1}" "${OMPI_ALLOW_RUN_AS_ROOT_CONFIRM:=1}"
# More ranks than cores: else "not enough slots available".
: "${OMPI_MCA_rmaps_base_oversubscribe:=1}"
# A waiting rank lets the others on its core run.
: "${OMPI_MCA_mpi_yield_when_idle:=1}"
# mpirun would pin two ranks to one core each, and all threads of a rank with it.
: "${OMPI_MCA_hwloc_base_binding_policy:=none}"
# Inside one machine: shared memory and no search for a network, which halves the time to start.
if [ -z "${SLURM_JOB_ID:-}" ]; then
    : "${OMPI_MCA_pml:=ob1}"
    # More threads than cores are meant, here: impex need not refuse them.
    : "${IMPEX_OVERSUBSCRIBE:=1}"
    export OMPI_MCA_pml IMPEX_OVERSUBSCRIBE
fi
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_rmaps_base_oversubscribe \
    OMPI_MCA_mpi_yield_when_idle OMPI_MCA_hwloc_base_binding_policy

# Threads of one of two ranks; small models gain nothing from more than four.
if [ -z "${OMP_NUM_THREADS:-}" ]; then
    OMP_NUM_THREADS=$(($(nproc 2>/dev/null || echo 2) / 2))
    [ "$OMP_NUM_THREADS" -ge 1 ] || OMP_NUM_THREADS=1
    [ "$OMP_NUM_THREADS" -le 4 ] || OMP_NUM_THREADS=4
    export OMP_NUM_THREADS
fi
