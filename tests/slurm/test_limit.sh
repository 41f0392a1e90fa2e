#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The shortest time limit that Slurm has, a minute. It may send USR1 a minute early, so seconds after the start; each time
# the run saves itself and its task goes back into the queue, until it is finished. All bits are those of mpirun on one node.
. "$3/tests/slurm/lib.sh"

suite="$tiny --set training.epochs=120 --set matrix.seed=[0] --set checkpoint.before_limit=30"
good 'undisturbed' $launcher 2 "$impex" run $suite --set output=calm
submit 'submit' --nodes 2 --ranks-per-node 1 --time 1
await 1500 'the end of the array' gone $array
await 60 'the end of the report' gone $report
log=results/tiny/slurm/report-$report.log
grep -q '^2 of 2 runs are finished: ' $log || fail 'the report is not complete' $log results/tiny/slurm/${array}_*.log
for task in 1 2; do
    grep -q 'back into the queue' results/tiny/slurm/${array}_$task.log ||
        fail "task $task never met its limit" results/tiny/slurm/${array}_$task.log
    cases=$((cases + 1))
done
same calm results
finish 5
