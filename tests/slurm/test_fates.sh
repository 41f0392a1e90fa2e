#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One array, a fate for each of its tasks: USR1, a node that crashes, preemption, scancel. Those that can go on do so by
# themselves; the report says what the last one left; asking again does the rest, with the other launcher. All bits are
# those of mpirun on one node. First argument: the launcher, srun or mpirun.
starter=$1
shift
. "$3/tests/slurm/lib.sh"
case $starter in
srun) other=mpirun ;;
*) other=srun ;;
esac

suite="$tiny --set training.epochs=200 --set checkpoint.every_seconds=0.2"
task="--nodes 2 --ranks-per-node 1 --time 10 --sbatch=--exclusive"
good 'undisturbed' $launcher 2 "$impex" run $suite --set output=calm
submit 'submit' $task --launcher $starter
[ -n "$array" ] || finish 0
# A run goes on where it was saved, by the ledgers.
goes_on() {
    cat results/tiny/ledger/*.jsonl | grep '"event":"resume"' | grep -q "\"$1-"
}
resumed() {
    goes_on "$1" || fail "$2: $1 did not go on from a checkpoint" results/tiny/slurm/${array}_*.log
}

await 60 'the first checkpoint of task 1' saved miniworld-ex_rm-s0
ask ${array}_1
await 60 'the first checkpoint of task 2' saved miniworld-im_rm-s0
# Its first node holds the script and the lock of the run; with the other launcher the last one is lost.
victim=$(nodes_of ${array}_2 | if [ $starter = srun ]; then head -n 1; else tail -n 1; fi)
crash "$victim"
await 60 'the first checkpoint of task 3' saved miniworld-ex_rm-s1
sbatch --partition=urgent --nodelist="$(squeue -h -j ${array}_3 -t R -o %N)" --exclusive --time=1 --output=/dev/null \
    --wrap 'sleep 1' >/dev/null
await 150 'the first checkpoint of task 4' saved miniworld-im_rm-s1
scancel ${array}_4
await 150 'task 2 elsewhere' goes_on miniworld-im_rm-s0
"$lab" start-node "$victim" # not before: srun would stumble over what the crashed step left in its /tmp
await 120 'the end of the array' gone $array
await 60 'the end of the report' gone $report

log=results/tiny/slurm/report-$report.log
grep -Eq '^missing: miniworld-im_rm-s1-.*: last word: (stop|start) at ' $log || fail 'the report lacks the missing run' $log
grep -q '^3 of 4 runs are finished: ' $log || fail 'the report does not count the runs' $log
grep -q '3 VALID' $log || fail 'the report has no tables' $log
[ "$(exit_code $report)" = 1:0 ] || fail "a report of an incomplete suite ended with $(exit_code $report)" $log
resumed miniworld-ex_rm-s0 USR1
resumed miniworld-im_rm-s0 crash
resumed miniworld-ex_rm-s1 preemption
grep -q 'back into the queue' results/tiny/slurm/${array}_1.log || fail 'USR1: not said' results/tiny/slurm/${array}_1.log
grep -Eq 'that (job was started again|process is gone)' results/tiny/slurm/${array}_2.log ||
    fail 'crash: the lock was not taken over at once' results/tiny/slurm/${array}_2.log
cases=$((cases + 8))

# mpirun kills its ranks a second after TERM: then their lock is left, here as if it had been silent for long.
find results/tiny -name '*.lock' -exec touch -d '1 minute ago' {} +
submit 'once more' $task --launcher $other
grep -q '^#SBATCH --array=4$' results/tiny/slurm/runs.sbatch || fail 'finished runs were asked for again' err
await 120 'the end of the rest' gone $array
await 60 'the end of its report' gone $report
log=results/tiny/slurm/report-$report.log
grep -q '^4 of 4 runs are finished: ' $log || fail 'the report is not complete' $log
[ "$(exit_code $report)" = 0:0 ] || fail "the report ended with $(exit_code $report)" $log
[ -s results/tiny/report/report.md ] || fail 'there is no report.md'
resumed miniworld-im_rm-s1 scancel
same calm results
find results -type f ! -name '*.h5' ! -path '*/ledger/*.jsonl' ! -path '*/slurm/*' ! -path '*/report/*' >left
[ ! -s left ] || fail 'something was left' left
submit 'nothing to do' $task
[ -z "$array" ] && grep -q 'every run is finished' err || fail 'a finished suite was submitted' out err
finish 13
