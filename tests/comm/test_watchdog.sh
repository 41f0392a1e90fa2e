#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_watchdog.sh PROGRAM LAUNCHER...: a rank stops, dies, sleeps or is waited for in vain (watched.c): one line names
# it, no process is left, and the job fails. Ranks that work, long and without a word, are left alone.
program=$1
shift
launcher=$*
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export OMPI_MCA_odls_base_sigkill_timeout=0
cases=0

fail() {
    echo "FAIL: $*"
    cat "$log"
    exit 1
}

# ends CODE TEXT OPTIONS RANKS KIND RANK SECONDS: that exit code; the one line, or none if TEXT is empty.
ends() {
    wanted=$1 text=$2 options=$3
    shift 3
    cases=$((cases + 1))
    timeout -k 5 100 $launcher "$1" $options "$program" "$2" "$3" "$4" >"$log" 2>&1 </dev/null
    code=$?
    [ $code -ne 124 ] && [ $code -ne 137 ] || [ "$wanted" = 137 ] || fail "$*: the job does not end"
    [ $code -eq "$wanted" ] || fail "$*: exit code $code, not $wanted"
    grep -q '^watched: yes' "$log" || fail "$*: nobody watches"
    lines=$(grep -c '^impex watched: ' "$log")
    if [ -z "$text" ]; then
        [ "$lines" -eq 0 ] || fail "$*: somebody is missed"
    else
        [ "$lines" -eq 1 ] || fail "$*: $lines lines, not one"
        grep -q "^impex watched: $text.*: the job ends; the end$" "$log" || fail "$*: lacks '$text'"
    fi
    ps -eo args= | grep -qxF "$program $2 $3 $4" && fail "$*: a process is left"
    return 0
}

host=$(uname -n)
moved='has not moved for [2-9] s (was last in: grief, step 7)'
answered='has not answered for [2-9] s (was last in: .*)'
ends 0 '' '' 3 nothing 0 2
ends 0 '' '' 2 busy 1 2.2
ends 0 '' '' 2 idle 1 2
ends 4 "rank 0 on $host (pid [0-9]*) $moved" '' 2 stuck 0 2
ends 4 "rank 2 on $host (pid [0-9]*) $moved" '' 3 stuck 2 2
ends 4 "rank 0 on $host (pid [0-9]*) $answered" '' 3 stop 0 2
ends 4 "rank 1 on $host (pid [0-9]*) $answered" '' 2 stop 1 2
ends 4 "all ranks have waited for each other for [2-9] s (rank 0 on $host, pid [0-9]*, in: grief, step 7)" '' 2 lost 0 2

# A launcher that sees a rank die ends the job with words of its own; where it does not, the others do.
ends 137 '' '' 2 kill 1 2.3
ends 1 '' '' 2 exit 0 2.4
ends 1 '' '' 2 contract 1 2.5
if $launcher 1 --version 2>&1 | grep -q 'Open MPI) [1-4]\.'; then
    ends 0 "rank 1 on $host (pid [0-9]*) is gone (was last in: .*)" --enable-recovery 2 kill 1 2.6
    ends 0 "rank 0 on $host (pid [0-9]*) is gone (was last in: .*)" --enable-recovery 2 kill 0 2.7
fi

# A job that is suspended as a whole for longer than the limit goes on afterwards.
cases=$((cases + 1))
timeout -k 5 100 $launcher 2 "$program" work 0 4.5 >"$log" 2>&1 </dev/null &
job=$!
ranks() {
    ps -eo pid=,args= | awk -v program="$program" '$2 == program && $5 == "4.5" { print $1 }'
}
tries=0
while ! grep -q '^watched: yes' "$log" && [ $tries -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -STOP $(ranks) || fail 'suspended: there are no ranks'
sleep 7
kill -CONT $(ranks)
wait $job || fail "suspended: the job did not go on"
echo "$cases cases"
