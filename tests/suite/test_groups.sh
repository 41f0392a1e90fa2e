#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two models of different size in one job: memory makes two ranks share the large one, the small one needs none to share
# it with. Groups of both shapes work side by side, and every run ends with the bits of a job that does only its kind.
# shellcheck disable=SC2086,SC2046 # launcher, common, peace, storm are lists of words
made=$1
shift
. "$3/tests/suite/lib.sh"

"$made" sizes . "$source/tests/golden/text" || exit 1
IMPEX_MODELS=$scratch
export IMPEX_MODELS
sed -e 's/model: .*/model: [wide, narrow]/' -e 's/seed: .*/seed: [0]/' -e 's/epochs: 2/epochs: 1/' \
    -e 's/pairs_per_step: 16/pairs_per_step: 4/' "$tiny" >mixed.yaml
for set in train test shift; do head -n 6 "$source/tests/suite/$set.jsonl" >$set.jsonl; done
common='mixed.yaml --set parallel.tensor=auto --set parallel.memory_per_rank=150MiB --set parallel.recompute=never'

# The plan, with a sentence for each choice.
good 'plan' "$impex" plan $common --ranks 3
says '2 runs on 1 group of 1 data x 2 tensor ranks, 2 runs on 1 group of 1 data x 1 tensor rank'
says 'alone a rank of wide would need'
says 'ranks 0 to 1, for 2 runs of wide'
says 'ranks 2 to 2, for 2 runs of narrow'
says 'memory_per_rank: 150MiB'
"$impex" plan $common --ranks 3 --yaml-only >echo.yaml
"$impex" plan echo.yaml --ranks 3 --yaml-only >again.yaml
cmp -s echo.yaml again.yaml || fail 'the echo does not read back' echo.yaml again.yaml

# What each kind gives in a job of its own.
good 'wide apart' $launcher 2 "$impex" run mixed.yaml --set parallel.tensor=2 --set 'matrix.model=[wide]' --set output=apart
good 'narrow apart' "$impex" run mixed.yaml --set 'matrix.model=[narrow]' --set output=apart

good 'together on 3 ranks' $launcher 3 "$impex" run $common --set output=three
says '4 runs done, 0 kept from before'
grep -q 'tiny: 4 runs; 3 ranks, 2 runs at a time: ' err || fail 'the start does not say how' err
same apart three
tidy three
"$look" starts three/tiny >starts
[ "$(grep -c ' 1$' starts)" -eq 4 ] || fail '3 ranks: a run was started twice, or not at all' starts
[ "$(grep '"event":"start"' three/tiny/ledger/*-group1.jsonl | grep -c narrow)" -eq 2 ] ||
    fail '3 ranks: the second group did something else'
cat $(ls three/tiny/ledger/*.jsonl | grep -v group1) | grep '"event":"start"' >order
head -n 1 order | grep -q wide-im_rm || fail '3 ranks: the longest run was not the first' order
good 'a second start' $launcher 3 "$impex" run $common --set output=three
says '0 runs done, 4 kept from before'
good 'together on 4 ranks' $launcher 4 "$impex" run $common --set parallel.groups=3 --set output=four
grep -q 'on 2 groups of 1 data x 1 tensor' err || fail '4 ranks: not two groups of one rank' err
same apart four

# One rank alone can not have the large one: that is said before anything is written.
ends 2 'one rank' "$impex" run $common --set output=one
warns 'memory is not enough'
warns 'wide'
[ ! -e one ] || fail 'one rank: something was written'
ends 2 'a size that is none' "$impex" run mixed.yaml --set parallel.memory_per_rank=3 --set output=one
warns 'parallel.memory_per_rank'

# The small model leaves the numbers: its group says so and goes on with its next run, and the other one with its own.
printf '  exclude: [{model: wide, learning_rate: 10}, {model: wide, objective: im_rm}]\n' >exclude
sed '/^  seed:/r exclude' mixed.yaml >wild.yaml
ends 1 'NaN in one group' $launcher 3 "$impex" run wild.yaml ${common#mixed.yaml} --set 'matrix.learning_rate=[10, 1e-3]' \
    --set training.weight_decay=10 --set training.pairs_per_step=2 --set training.epochs=5 --set evaluate.every=1000 \
    --set parallel.groups=2 --set output=wild
says '3 runs done, 0 kept from before, 2 failed'
[ "$(grep -c '^warning: narrow.* failed: ' err)" -eq 2 ] || fail 'NaN in one group: not two warnings' err
[ "$(ls wild/tiny/*.h5 | wc -l)" -eq 3 ] || fail 'NaN in one group: not three results'

# The group of the small model has nothing left to do when its rank is asked to stop: the other group stops. Then the job
# loses a rank. It goes on with other ranks, to the same bits.
printf '  exclude: [{model: narrow, objective: im_rm}]\n' >exclude
sed '/^  seed:/r exclude' mixed.yaml >storm.yaml
peace='--set training.epochs=30 --set evaluate.every=1000'
storm="storm.yaml $peace ${common#mixed.yaml} --set output=$scratch/storm --set checkpoint.every_seconds=0.2"
rank() {
    for p in $(ps -eo pid=,args= | awk -v s="$scratch/storm" -v i="$impex" 'index($0, s) && $2 == i { print $1 }'); do
        tr '\0' '\n' <"/proc/$p/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$" && echo "$p"
    done
}
# noted EVENT MODEL: how often in the ledger.
noted() {
    cat storm/tiny/ledger/*.jsonl 2>/dev/null | grep "\"event\":\"$1\"" | grep -c "$2"
}
# start EVENT MODEL TIMES: the job, until that is in the ledger; runs last long enough to be struck then.
start() {
    $launcher 3 "$impex" run $storm --set parallel.groups=2 >out 2>err </dev/null &
    pid=$!
    tries=0
    while [ $tries -lt 600 ] && kill -0 $pid 2>/dev/null && [ "$(noted "$1" "$2")" -lt "$3" ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
}
start end narrow 1
what='a rank without work is asked to stop' cases=$((cases + 1))
kill -USR1 $(rank 2)
wait $pid
code=$?
[ $code -eq 75 ] || fail "$what: exit code $code" err
[ "$(noted stop wide)" -eq 1 ] || fail "$what: the ledger does not say so"
start 'resume' wide 1
what='one rank dies' cases=$((cases + 1))
kill -9 $(rank 0)
wait $pid
code=$?
[ $code -ne 0 ] || fail "$what: exit code $code" err
good 'the rest on 4 ranks' $launcher 4 "$impex" run $storm --set parallel.groups=3
tidy storm
good 'wide in peace' $launcher 2 "$impex" run mixed.yaml $peace --set parallel.tensor=2 --set 'matrix.model=[wide]' --set output=peace
good 'narrow in peace' "$impex" run mixed.yaml $peace --set 'matrix.model=[narrow]' --set 'matrix.objective=[ex_rm]' \
    --set output=peace
same peace storm
finish 17
