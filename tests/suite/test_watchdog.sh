#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A rank of a suite at work is stopped (SIGSTOP): the others name it and end, and so does it; the same command then
# finishes with the bits of a run left alone.
. "$3/tests/suite/lib.sh"

job="$tiny --set training.epochs=80 --set matrix.seed=[0] --set checkpoint.every_seconds=0.1 --set watchdog.seconds=3"
good 'undisturbed' "$impex" run $job --set output=calm

# The ranks of the job, the first one first.
ranks() {
    ps -eo pid=,args= | awk -v folder="$scratch/stopped" -v impex="$impex" \
        'index($0, folder) && $2 == impex { print $1 }'
}

# begun RUNS: so many runs have been saved.
begun() {
    tries=0
    while [ "$(find stopped -name COMPLETE 2>/dev/null | sed 's,/[^/]*/COMPLETE$,,' | sort -u | wc -l)" -lt "$1" ] &&
        [ $tries -lt 600 ] && kill -0 $pid 2>/dev/null; do
        sleep 0.05
        tries=$((tries + 1))
    done
}

# stops RANKS RANK RUNS OPTIONS: that rank of so many is stopped while so many runs are at work.
stops() {
    n=$1 rank=$2 runs=$3
    shift 3
    what="rank $rank of $n"
    cases=$((cases + 1))
    timeout -k 5 200 $launcher "$n" "$impex" run $job "$@" --set output="$scratch/stopped" >out 2>err </dev/null &
    pid=$!
    begun $runs
    victim=$(ranks | sed -n "$((rank + 1))p")
    kill -STOP "$victim" || fail "$what: there is none" err
    wait $pid
    code=$?
    [ $code -eq 75 ] || fail "$what: exit code $code" err
    [ "$(grep -c '^impex run: ' err)" -eq 1 ] || fail "$what: not one message" err
    grep -q "^impex run: rank $rank on .* (pid $victim) has not answered for [3-9] s (was last in: " err ||
        fail "$what: it is not named" err
    [ -z "$(ranks)" ] || fail "$what: processes are left" err
    good "$what: again" "$impex" run $job --set output=stopped
    grep -q ': goes on after [0-9]* steps' err || fail "$what: it did not go on" err
    tidy stopped
    same stopped calm
    rm -rf stopped
}
stops 3 0 1
stops 4 2 2 --set parallel.groups=2
finish 7
