#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What goes wrong in a launch: a run that leaves the numbers, a folder that cannot be written, a suite that is wrong;
# two jobs on one folder.
. "$3/tests/suite/lib.sh"

# Weights that grow a hundredfold with every step overflow: those runs fail and say so, the others are done.
groups=
wild() {
    what=$1 output=$2
    shift 2
    ends 1 "$what" "$@" run "$tiny" --set output=$output $groups --set 'matrix.learning_rate=[10, 1e-3]' \
        --set training.weight_decay=10 --set training.epochs=5
}
for n in 1 3; do
    wild "NaN on $n" nan$n $launcher $n "$impex"
    says '4 runs done, 0 kept from before, 4 failed'
    [ "$(ls nan$n/tiny/*.h5 | wc -l)" -eq 4 ] || fail "NaN on $n: not four results"
    [ "$(cat nan$n/tiny/ledger/*.jsonl | grep '"event":"fail"' | grep -c ' is no number')" -eq 4 ] ||
        fail "NaN on $n: the ledger lacks the four failures" nan$n/tiny/ledger/*.jsonl
    tidy nan$n
done
same nan1 nan3
wild 'NaN again' nan1 "$impex"
says '0 runs done, 4 kept from before, 4 failed'

# Failures of every group are said, not only those of the first.
groups='--set parallel.groups=2'
wild 'NaN in 2 groups' nan2 $launcher 2 "$impex"
[ "$(grep -c '^warning: .* failed: ' err)" -eq 4 ] || fail 'NaN in 2 groups: not four warnings' err
[ "$(grep -c '^\[[1-8]/8\] .* s, accuracy' err)" -eq 4 ] || fail 'NaN in 2 groups: not four finished runs' err
same nan1 nan2

# A disk that takes no more than a few kilobytes of a file: one message, and nothing is left but the ledger. Then there
# is room.
small() {
    (trap '' XFSZ && ulimit -f 8 && exec "$@")
}
ends 1 'full disk' small "$impex" run "$tiny" --set output=full
warns 'File too large'
find full -type f ! -path '*/ledger/*' >left
[ ! -s left ] || fail 'full disk: something was left' left
good 'room again' "$impex" run "$tiny" --set output=full
says '4 runs done, 0 kept'
tidy full

# A file where the folder should be: one line, exit code 1. A wrong suite: exit code 2, and nothing is written.
: >file
cp "$tiny" wrong.yaml
printf 'trainig: {}\n' >>wrong.yaml
for n in 1 3; do
    ends 1 "no folder on $n" $launcher $n "$impex" run "$tiny" --set output=file/below
    warns 'file/below'
    own_words err | grep -c 'impex run: ' >lines
    [ "$(cat lines)" -eq 1 ] || fail "no folder on $n: not one message" err
    ends 2 "wrong suite on $n" $launcher $n "$impex" run wrong.yaml --set output=absent
    warns 'trainig: unknown key'
    ends 2 "absent data on $n" $launcher $n "$impex" run "$tiny" --set data.train.path=nowhere.jsonl --set output=absent
    ends 2 "too many groups on $n" $launcher $n "$impex" run "$tiny" --set parallel.groups=7 --set output=absent
    [ ! -e absent ] || fail "something was written on $n"
done

# Two jobs at once: they share the runs, none is done twice, and whoever ends first says what the other still holds.
job() {
    "$impex" run "$tiny" --set output=jobs --set 'matrix.seed=[0, 1, 2, 3, 4, 5]' >"$1.out" 2>"$1.err" </dev/null
}
job a &
a=$!
job b &
b=$!
wait $a
code_a=$?
wait $b
code_b=$?
[ $code_a -le 1 ] && [ $code_b -le 1 ] || fail "two jobs: exit codes $code_a and $code_b" a.err b.err
[ "$(ls jobs/tiny/*.h5 | wc -l)" -eq 12 ] || fail 'two jobs: not 12 results' a.out b.out
"$look" starts jobs/tiny >starts
[ "$(grep -c ' 1$' starts)" -eq 12 ] || fail 'two jobs: a run was started twice' starts
done_by() {
    sed -n 's/^\([0-9]*\) runs* done.*/\1/p' "$1"
}
[ $(($(done_by a.out) + $(done_by b.out))) -eq 12 ] || fail 'two jobs: their counts do not add up' a.out b.out
tidy jobs
good 'after two jobs' "$impex" run "$tiny" --set output=jobs --set 'matrix.seed=[0, 1, 2, 3, 4, 5]'
says '0 runs done, 12 kept from before'
good 'alone' "$impex" run "$tiny" --set output=alone --set 'matrix.seed=[0, 1, 2, 3, 4, 5]'
same jobs alone

# Two jobs on one run: the second says who has it; when the first is killed the next one takes over and goes on.
one="$tiny --set matrix.seed=[0] --set matrix.objective=[ex_rm] --set checkpoint.every_seconds=0.05"
"$impex" run $one --set training.epochs=60 --set output="$scratch/one" >a.out 2>a.err </dev/null &
a=$!
tries=0
while [ -z "$(find one -name COMPLETE 2>/dev/null)" ] && [ $tries -lt 600 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
kill -STOP $a
ends 1 'a run that another job has' "$impex" run $one --set training.epochs=60 --set output=one
says '0 runs done, 0 kept from before, 1 held by another job'
kill -KILL $a
wait $a 2>/dev/null
good 'a run whose owner was killed' "$impex" run $one --set training.epochs=60 --set output=one
warns 'its owner died: '
warns 'goes on after '
says '1 run done'
tidy one
finish 21
