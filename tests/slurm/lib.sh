# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests on a real Slurm of four virtual nodes, whose arguments are: IMPEX LOOK SOURCE LAUNCHER... They
# are skipped where ../shared/slurmlab, Slurm or what it needs is absent. A cluster of their own, which is always stopped.
. "$3/tests/suite/lib.sh"
lab=${IMPEX_SHARED:-$source/../shared}/slurmlab/slurmlab.sh

skip() {
    echo "SKIP: $1"
    exit 77
}

[ -x "$lab" ] || skip 'slurmlab is not here'
for program in sbatch munged ip nsenter unshare; do
    command -v $program >/dev/null || skip "$program is not installed"
done
[ "$(id -u)" -eq 0 ] || skip 'virtual nodes need root'

# Names and numbers that another cluster on this machine does not have.
export SLURMLAB_RUN=$scratch/lab SLURMLAB_TAG=x$$ SLURMLAB_PORT=$((20000 + $$ % 20000))
export SLURMLAB_NET=10.$((128 + $$ / 256 % 64)).$(($$ % 256))
unset SLURM_CONF
chmod 711 "$scratch" # munge wants others to get at its socket

# The cluster is stopped at the end; if this process is killed, as ctest does when a test takes too long, by a guard in
# a session of its own.
stop="sh $source/tests/slurm/stop.sh $lab $scratch $$"
setsid $stop wait >/dev/null 2>&1 </dev/null &
trap '$stop' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

timeout 60 "$lab" start >lab.out 2>&1 || {
    tail -n 5 lab.out
    skip 'the virtual cluster does not start here'
}
export SLURM_CONF=$SLURMLAB_RUN/slurm.conf

# await SECONDS WHAT COMMAND...: until it succeeds. After that long the test is over.
await() {
    limit=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -gt $limit ]; then # nothing that follows would mean anything
            squeue >queue
            fail "waited in vain: $what" queue results/tiny/slurm/*.log
            finish 0
        fi
        sleep 0.1
    done
}

# submit WHAT ARGUMENTS...: impex slurm --submit; ids in $array and $report.
submit() {
    what=$1
    shift
    good "$what" "$impex" slurm $suite --set output="$scratch/results" "$@" --submit
    array=$(sed -n 's/^runs: job array //p' out)
    report=$(sed -n 's/^report: job \([0-9]*\).*/\1/p' out)
}

# Has the run of that name something to go on from?
saved() {
    set -- results/tiny/$1-*/step-*/COMPLETE
    [ -e "$1" ]
}

# The job or task is in the queue no more.
gone() {
    [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]
}

# Nodes of a running task, one a line.
nodes_of() {
    scontrol show hostnames "$(squeue -h -j "$1" -t R -o %N)"
}

# ask TASK: USR1 for its script, once; scancel repeats it every few seconds while Slurm says that the job is changing.
ask() {
    timeout 3 scancel --signal=USR1 --batch "$(squeue -h -j "$1" -t R -o %A)"
}

# crash NODE: nothing runs there any more, and Slurm is told.
crash() {
    "$lab" kill-node "$1" >/dev/null
    lost=$(ip netns pids "$SLURMLAB_TAG-$1")
    [ -z "$lost" ] || kill -9 $lost
}

# exit_code JOB: "0:0" and so on.
exit_code() {
    scontrol show job "$1" | sed -n 's/.* ExitCode=\([0-9]*:[0-9]*\).*/\1/p'
}
