#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Death and signals at random moments, checkpoints being written all the time. KILLS (first of all arguments) times a job
# is started, and one of its ranks, or all, get SIGKILL, SIGTERM or SIGUSR1; every result that is there is whole, nothing
# hangs, and starting again ends with the bits of a run left alone.
kills=$1
shift
. "$3/tests/suite/lib.sh"

job="$tiny --set training.epochs=10"
good 'undisturbed' "$impex" run $job --set output=calm

# A number below $1 from a fixed sequence (Park and Miller's generator).
state=20250131
draw() {
    state=$((state * 48271 % 2147483647))
    drawn=$((state % $1))
}

# Every result that is there opens.
whole() {
    for file in storm/tiny/*.h5; do
        [ -e "$file" ] || return 0
        "$impex" check "$file" >out 2>err || fail "kill $kill left a broken result" out err
    done
}

# The job as $pid: alone, or two ranks under the launcher, or two groups, or three ranks.
storm="--set output=$scratch/storm --set checkpoint.every_seconds=0.03"
start() {
    case $1 in
    0) "$impex" run $job $storm >job.out 2>job.err </dev/null & ;;
    1) $launcher 2 "$impex" run $job $storm >job.out 2>job.err </dev/null & ;;
    2) $launcher 2 "$impex" run $job $storm --set parallel.groups=2 >job.out 2>job.err </dev/null & ;;
    3) $launcher 3 "$impex" run $job $storm >job.out 2>job.err </dev/null & ;;
    esac
    pid=$!
}

# The processes of the job, by the folder that only it has.
alive() {
    ps -eo pid=,args= | awk -v folder="$scratch/storm" 'index($0, folder) && !/awk/ { print $1 }'
}

# Its ranks: the launcher is not among them.
ranks() {
    ps -eo pid=,args= | awk -v folder="$scratch/storm" -v impex="$impex" \
        'index($0, folder) && $2 == impex { print $1 }'
}

# Until nothing is left, for a rank may be born while we look.
strike_all() {
    while left=$(alive) && [ -n "$left" ]; do kill -9 $left 2>/dev/null; done
}

# $1 tenths of a second for the job to end by itself.
patience() {
    tries=0
    while [ $tries -lt "$1" ] && [ -n "$(alive)" ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}

# One rank, or every rank, gets a signal. A launcher that loses a rank while it starts the others may wait for ever (Open
# MPI 4.1): after SIGKILL it gets ten seconds. Whoever is asked to stop must do so: 75, or 0 when it was ready first;
# before the program listens (while it starts) a signal ends it as any other program.
strike() {
    draw 6
    case $drawn in
    0 | 1) signal=KILL ;;
    2 | 3) signal=TERM ;;
    4 | 5) signal=USR1 ;;
    esac
    struck=$(ranks)
    [ $((drawn % 2)) -eq 0 ] || struck=$(echo "$struck" | head -n 1)
    [ -z "$struck" ] || kill -$signal $struck 2>/dev/null
    if [ $signal = KILL ]; then
        [ $((drawn % 2)) -eq 0 ] || patience 100
    else
        patience 300
        listening=$(grep -c '^tiny: ' job.err)
        [ -z "$(alive)" ] || [ "$listening" -eq 0 ] || fail "kill $kill: SIG$signal: still there after 30 seconds" job.err
    fi
    strike_all
}

kill=0 finished=0 stopped=0
while [ $kill -lt "$kills" ]; do
    kill=$((kill + 1))
    draw 4
    start $drawn
    draw 900
    sleep "$(printf '0.%03d' $drawn)"
    strike
    wait $pid
    code=$?
    whole
    [ $code -ne 75 ] || stopped=$((stopped + 1))
    [ $code -ne 2 ] || fail "kill $kill: exit code 2" job.err
    if [ $code -eq 0 ]; then # it was faster than the blow
        finished=$((finished + 1))
        tidy storm
        same storm calm
        rm -rf storm
    fi
done
good 'the start after the last blow' "$impex" run $job --set output=storm
tidy storm
same storm calm
[ "$(find storm -type d | grep -c /step-)" -eq 0 ] || fail 'checkpoints of finished runs are left'
good 'its ledger' "$impex" check storm
grep -q 'never ended' out && fail 'runs that never ended' out
echo "$kill kills; $stopped stopped after a checkpoint; the suite was finished $finished times in between"
finish 4
