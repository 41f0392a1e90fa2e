#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Less memory: activations that are computed twice change no bit of a result, and come where memory demands them; weights
# that are only read are held as bf16, which changes no bit of a model that is stored so, and is said everywhere.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"
"$material" bf16 . || exit 1

# --- computed twice ------------------------------------------------------------------------------------------------
# twice FOLDER: rows of blocks that the runs there computed a second time.
twice() {
    for file in "$1"/s/*.h5; do
        h5dump -d /saved/blocks_computed_twice "$file" | sed -n 's/^ *(0): //p'
    done
}
good 'never' "$impex" run s.yaml --set output=never --set parallel.recompute=never
good 'always' "$impex" run s.yaml --set output=always --set parallel.recompute=always
good 'always, on 2 tensor ranks' $launcher 2 "$impex" run s.yaml --set output=shared --set parallel.recompute=always \
    --set parallel.tensor=2
good 'never, on 2 tensor ranks' $launcher 2 "$impex" run s.yaml --set output=kept --set parallel.recompute=never \
    --set parallel.tensor=2
good 'memory is far too small' "$impex" run s.yaml --set output=small --set parallel.memory_per_rank=1MiB
grep -q 'computes the activations of 1 block twice, for a rank may take no more than' err || fail 'it is not said why' err
grep -q 'memory may not be enough' err && fail 'sizes are not known before a run with tensor ranks as set' err
good 'memory is plenty' "$impex" run s.yaml --set output=plenty --set parallel.memory_per_rank=1GiB
grep -q 'twice' err && fail 'something is computed twice although memory is plenty' err
for other in always small plenty; do
    good "the same in never and $other" "$impex" check --same never $other
done
good 'the same on 2 tensor ranks' "$impex" check --same kept shared
if command -v h5dump >/dev/null; then
    for folder in always shared small; do
        [ "$(twice $folder | awk '$1 > 0' | wc -l)" -eq 2 ] || fail "$folder: no rows are counted"
    done
    for folder in never plenty; do
        [ "$(twice $folder | awk '$1 == 0' | wc -l)" -eq 2 ] || fail "$folder: rows are counted"
    done
fi
good 'plan: always' "$impex" plan s.yaml --set parallel.recompute=always
says 'as set: blocks of neox compute their activations twice: a rank then needs'
says '1 of 2'
good 'plan: plenty' "$impex" plan s.yaml --memory-per-node 1GiB
says 'activations fit, and are kept'
says '0 of 2'
good 'plan: small' "$impex" plan s.yaml --memory-per-node 1MiB
says 'blocks of neox compute their activations twice'

# --- bf16 -----------------------------------------------------------------------------------------------------------
# A folder that holds bf16 loses nothing; stories needs no rows for tokens of the chat format.
# score MODEL STORAGE OPTIONS...
score() {
    model=$1 storage=$2
    shift 2
    good "score of $model, $storage" "$impex" score "$model" pairs.jsonl --storage "$storage" "$@"
}
score stories-bf16 fp32 --reference stories --beta 1
mv out floats
score stories-bf16 bf16 --reference stories-bf16
grep -q 'im_rm, bf16 storage: 12 pairs' err || fail 'score does not say how weights were held' err
[ "$(grep -c '"chosen": 0, "rejected": 0}' out)" -eq 12 ] || fail 'a model against itself: rewards are not 0' out
grep -q '"chosen": 0,' floats && fail 'a model against its rounded weights: rewards are 0' floats
good 'score on 3 ranks' $launcher 3 "$impex" score stories-bf16 pairs.jsonl --storage bf16 --reference stories-bf16
[ "$(grep -c '"chosen": 0, "rejected": 0}' out)" -eq 12 ] || fail 'the same on 3 ranks: rewards are not 0' out

# judged FOLDER OPTIONS...: rewards of the runs there, ex_rm then im_rm, in the files ex and im.
judged() {
    folder=$1
    shift
    good "run $folder" "$impex" run s.yaml --set output="$folder" --set 'matrix.model=[stories-bf16]' "$@"
    "$material" rewards "$(ls "$folder"/s/*-ex_rm-*.h5)" test >ex || fail "rewards of $folder"
    "$material" rewards "$(ls "$folder"/s/*-im_rm-*.h5)" test >im || fail "rewards of $folder"
}
# as_floats FOLDER LAUNCHER OPTIONS...: bf16 has the rewards of fp32, under another name.
as_floats() {
    kind=$1
    shift
    judged "$kind-fp32" "$@"
    mv ex ex-fp32 && mv im im-fp32
    judged "$kind-bf16" --set model.storage=bf16 "$@"
    cmp -s ex ex-fp32 && cmp -s im im-fp32 || fail "$kind: bf16 has other rewards than fp32" im im-fp32
    [ "$(ls "$kind-fp32/s"/*.h5 | sed 's|.*/||')" != "$(ls "$kind-bf16/s"/*.h5 | sed 's|.*/||')" ] ||
        fail "$kind: both storages have one name"
}
as_floats untrained --set training.epochs=0 --set training.reference=stories-other
[ "$(grep -c '"chosen": 0,' im)" -eq 0 ] || fail 'another reference: rewards are 0' im
as_floats head --set training.freeze=backbone --set training.learning_rate=0.01
command -v h5dump >/dev/null && for storage in fp32 bf16; do
    h5dump -a /storage head-$storage/s/*-im_rm-*.h5 | grep -q "(0): \"$storage\"" || fail "head-$storage: storage is not said"
done
good 'head, on 2 tensor ranks' $launcher 2 "$impex" run s.yaml --set output=head-2 --set 'matrix.model=[stories-bf16]' \
    --set training.freeze=backbone --set training.learning_rate=0.01 --set model.storage=bf16 --set parallel.tensor=2
good 'twins' "$(dirname "$impex")/impex-report" head-bf16
says 'stories-bf16 (bf16 storage)'
good 'plan' "$impex" plan s.yaml --set training.epochs=0 --set model.storage=bf16
says 'storage: bf16'

# What was trained on weights held as bf16 is exported and scored like any other.
for objective in ex_rm im_rm; do
    for folder in head-bf16 head-2; do
        run=$(ls $folder/s/*-$objective-*.h5)
        "$material" rewards "$run" test >wanted
        good "export of $folder, $objective" "$impex" export "${run%.h5}" "$folder-$objective"
        set --
        [ $objective = ex_rm ] || set -- --reference stories-bf16
        [ $folder = head-2 ] || for storage in fp32 bf16; do
            [ $objective-$storage = im_rm-bf16 ] && continue # the trained head is fp32
            score $folder-$objective $storage "$@"
            cmp -s out wanted || fail "score of $folder-$objective, $storage: other rewards than the run's" out wanted
        done
    done
done

# A folder of floats is rounded; rewards stay near.
good 'floats, rounded' "$impex" run s.yaml --set output=rounded --set 'matrix.model=[stories]' --set training.epochs=0 \
    --set model.storage=bf16 --set training.reference=stories-bf16
"$material" rewards "$(ls rounded/s/*-im_rm-*.h5)" test >rounded.im
[ "$(grep -c '"chosen": 0, "rejected": 0}' rounded.im)" -eq 12 ] || fail 'rounding is not that of who stored bf16' rounded.im

# --- refusals --------------------------------------------------------------------------------------------------------
# refused TEXT COMMAND...
refused() {
    text=$1
    shift
    cases=$((cases + 1))
    "$impex" "$@" >out 2>err </dev/null
    code=$?
    what="impex $*"
    [ $code -eq 2 ] || fail "$what: exit code $code" err
    grep -qF -e "$text" err || fail "$what: lacks '$text'" err
    [ ! -e refused ] || fail "$what: something was written"
}
to='--set output=refused'
refused 'model.storage: bf16 is for weights that are only read' run s.yaml $to --set model.storage=bf16
refused 'model.storage: bf16 is for' run s.yaml $to --set model.storage=bf16 --set training.freeze=unembedding
refused 'model.storage: bf16 is for' run s.yaml $to --set model.storage=bf16 --set 'matrix.freeze=[backbone, none]'
refused 'fp32 or bf16 is expected, not fp16' run s.yaml $to --set model.storage=fp16
refused 'auto, never or always' run s.yaml $to --set parallel.recompute=true
refused '--storage fp16: fp32 or bf16 is expected' score stories pairs.jsonl --reference stories --storage fp16
refused '--storage' score stories pairs.jsonl --reference stories --storage
printf 'suite: t\ntask: theory\nmodel: {storage: bf16}\nmatrix: {model: [stories]}\n' >theory.yaml
refused 'model.storage' run theory.yaml $to
finish 35
