#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a suite to results, to folders, to rewards: what one command leaves the next one reads.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"

# --- run, continue, look at it ------------------------------------------------------------------------------------
good 'run' "$impex" run s.yaml --set output=one --set 'matrix.model=[neox, stories]'
says '4 runs done, 0 kept from before: one/s'
good 'run again' "$impex" run s.yaml --set output=one --set 'matrix.model=[neox, stories]'
says '0 runs done, 4 kept from before'
good 'plan of finished runs' "$impex" plan s.yaml --set output=one
says 's: 2 runs, 2 finished'
says 'finished, VALID'
good 'check of a folder' "$impex" check one one/s
says 'ok: one: 4 results'
good 'check of files' "$impex" check one/s/*.h5
[ "$(grep -c '^ok: .*1 sets of 12 pairs; VALID' out)" -eq 4 ] || fail 'check of files: not 4 of them ok' out

# The suite judges what it trains on, and the result knows it.
for file in one/s/neox-*.h5; do
    command -v h5dump >/dev/null || break
    h5dump -a /eval/test/known_chosen "$file" | grep -q '(0): 12$' || fail "$file: not 12 known pairs"
    h5dump -a /eval/test/equal "$file" | grep -q '(0): 0$' || fail "$file: pairs with equal answers"
done

# Ranks share the same runs, and the bits are the same.
good 'run on 3 ranks' $launcher 3 "$impex" run s.yaml --set output=three --set parallel.data=3
says '2 runs done'
good 'run on 2 groups' $launcher 2 "$impex" run s.yaml --set output=two --set parallel.groups=2
says '2 runs done'
ex=$(basename one/s/neox-ex_rm-*.h5) im=$(basename one/s/neox-im_rm-*.h5)
for run in "$ex" "$im"; do
    good "same $run" "$impex" check --same "one/s/$run" "three/s/$run"
    says 'the same'
done
good 'same folders' "$impex" check --same two three
says 'the same'
"$impex" check --same one two >out 2>err
[ $? -eq 1 ] && grep -q 'is not in two' out || fail 'folders with different runs: not exit code 1' out err
"$impex" check --same "one/s/$ex" "one/s/$im" >out 2>err
[ $? -eq 1 ] && grep -q '@objective: "ex_rm" / "im_rm"' out || fail 'different runs: not exit code 1' out err

# Every answer asked about, on one rank and on three; a head alone keeps all other weights.
good 'ex_grm' "$impex" run s.yaml --set output=grm1 --set 'matrix.objective=[ex_grm]'
good 'ex_grm on 3 ranks' $launcher 3 "$impex" run s.yaml --set output=grm3 --set 'matrix.objective=[ex_grm]'
good 'the same ex_grm' "$impex" check --same grm1 grm3

# A run that died: its folder says so, the next start goes on.
rm "three/s/$im" three/s/ledger/*
printf '{"event":"start","time":"2025-01-31T12:00:00.000000Z","run_id":"%s","host":"h","pid":1}\n' "${im%.h5}" \
    >three/s/ledger/a.jsonl
good 'check of an unfinished folder' "$impex" check three
says "note: ${im%.h5}: last start at 2025-01-31T12:00:00.000000Z on h, and never ended"
: >"three/s/$im"
good 'plan of a broken result' "$impex" plan s.yaml --set output=three
says 'file is broken: to do'
good 'run over a broken result' "$impex" run s.yaml --set output=three
says '1 run done, 1 kept from before'

# --- export and score: the rewards of the run, bit for bit -----------------------------------------------------------
# exported NAME OBJECTIVE OPTIONS: the folder of a run scores as the run's last evaluation.
exported() {
    run=$(ls one/s/$1-$2-*.h5) folder=$1-$2
    good "export $folder" "$impex" export "${run%.h5}" "$folder"
    "$material" rewards "$run" test >wanted || fail "rewards of $run"
    good "check $folder" "$impex" check "$folder"
    shift 2
    good "score $folder" "$impex" score "$folder" pairs.jsonl "$@"
    cmp -s out wanted || fail "score $folder: other rewards than the run's" out wanted
    grep -q ': 12 pairs, accuracy ' err || fail "score $folder: no summary" err
}
for name in neox stories; do
    exported $name ex_rm
    exported $name im_rm --reference $name
done
good 'score on 3 ranks' $launcher 3 "$impex" score stories-im_rm pairs.jsonl --reference stories
cmp -s out wanted || fail 'score on 3 ranks: other bytes'
good 'score with another beta' "$impex" score stories-im_rm pairs.jsonl --reference stories-im_rm --beta 0.5
[ "$(grep -c '"chosen": 0, "rejected": 0}' out)" -eq 12 ] || fail 'a model against itself: rewards are not 0' out
sed 's/"prompt"/"question"/; s/"rejected"/"worse"/' pairs.jsonl >named.jsonl
good 'score with other columns' "$impex" score stories-im_rm named.jsonl --reference stories --columns question,chosen,worse
cmp -s out wanted || fail 'score with other columns: other rewards'
good 'the tokens of the chat format' "$impex" check neox-im_rm stories-ex_rm
says 'vocabulary 428; 428 tokens, chat format default (adds 0 tokens, 0 rows)'
says 'vocabulary 503, with a score head (ex_rm); 503 tokens, chat format default (adds 0 tokens, 0 rows)'
good 'a run from an exported folder' "$impex" run s.yaml --set output=four --set 'matrix.model=[neox-im_rm]'

# An untrained implicit reward is 0 where policy and reference have the same new rows, and nearly so where they do not.
for apart in false true; do
    good "new rows apart: $apart" "$impex" run s.yaml --set output=rows-$apart --set compat.new_rows=$apart \
        --set training.epochs=0 --set 'matrix.objective=[im_rm]'
    "$material" rewards "$(ls rows-$apart/s/*.h5)" test >rows.$apart || fail "rewards of rows-$apart"
    good "new rows apart: $apart, the verdict" "$impex" check rows-$apart
done
[ "$(grep -c '"chosen": 0, "rejected": 0}' rows.false)" -eq 12 ] || fail 'equal rows: rewards are not 0' rows.false
[ "$(grep -c '"chosen": 0,' rows.true)" -eq 0 ] || fail 'rows apart: rewards are 0' rows.true
[ "$(grep -cE '"chosen": -?(0\.000|[0-9.]*e-)' rows.true)" -eq 12 ] || fail 'rows apart: rewards are large' rows.true

# Models that others trained are judged by a suite as by score: no training set, no epochs.
cat >judge.yaml <<'YAML'
suite: judge
task: preference
data:
  evaluate: {test: {path: pairs.jsonl, category: in_distribution}}
training: {epochs: 0, reference: stories}
matrix: {model: [stories-ex_rm], objective: [ex_rm], seed: [0]}
YAML
sed 's/ex_rm/im_rm/g' judge.yaml >dpo.yaml
for kind in judge:ex_rm dpo:im_rm; do
    suite=${kind%%:*} objective=${kind##*:} reference='--reference stories'
    [ "$objective" = im_rm ] || reference=
    good "judge $objective" "$impex" run $suite.yaml --set output=$suite
    "$material" rewards "$(ls $suite/judge/*.h5)" test >wanted || fail "rewards of $suite"
    good "score what was judged, $objective" "$impex" score stories-$objective pairs.jsonl $reference
    cmp -s out wanted || fail "judge $objective: score gives other rewards" out wanted
done

# The folder that a run started from may move, if its contents stay.
cp -r neox moved && mv neox away
"$impex" export "one/s/$ex" new >out 2>err
[ $? -eq 2 ] && grep -q 'which is not there; --model names where it is now' err || fail 'export without its model' err
good 'export with --model' "$impex" export "one/s/$ex" new --model moved
cmp -s new/model.safetensors neox-ex_rm/model.safetensors || fail 'export with --model: other weights'

# --- pretraining ------------------------------------------------------------------------------------------------------
good 'pretrain' "$impex" run "$source/suites/miniworld_pretrain.yaml" --set pretrain.tokens=20000 \
    --set training.epochs=1 --set 'matrix.seed=[0]' --set output=pre
run=$(ls -d pre/miniworld_pretrain/*.h5) && run=${run%.h5}
good 'check of its folder' "$impex" check "$run/model"
says '561 tokens, chat format miniworld'
"$impex" export "$run" new2 >out 2>err
[ $? -eq 2 ] && grep -qF "$run/model" err || fail 'export of a pretraining run: the folder is not named' err

finish 30
