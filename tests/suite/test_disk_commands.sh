#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk that fails (shim.c) under everything else that writes: a pretraining run with its model folder, impex export, data,
# probe --save; and output that nobody can take. Exit code 1 and the reason, and the same command works afterwards. First of
# all arguments: "some" (every so manieth operation) or "each"; then the shim.
which=$1 shim=$2
shift 2
. "$3/tests/suite/lib.sh"

# try AT HOW COMMAND...: on such a disk.
try() {
    at=$1 how=$2
    shift 2
    rm -f log
    LD_PRELOAD=$shim SHIM_FOLDER=$scratch/x SHIM_AT=$at SHIM_HOW=$how SHIM_LOG=$scratch/log \
        timeout 60 "$impex" "$@" >try.out 2>try.err </dev/null
}

# breaks TRIES COMMAND...: so many of the operations of the command, which writes into x; and then it works. Its last
# operations are those where most is at stake.
breaks() {
    tries=$1
    shift
    rm -rf x
    mkdir x
    try 0 EIO "$@" || fail "$*: the shim changes something" try.err
    operations=$(wc -l <log)
    [ "$operations" -ge 4 ] || fail "$*: $operations operations"
    [ "$which" = some ] || tries=$operations
    step=$((operations / tries))
    [ $step -gt 0 ] || step=1
    op=$operations turn=0
    while [ "$op" -ge 1 ]; do
        case $((turn % 4)) in
        0) how=EIO ;;
        1) how=FULL ;;
        2) how=SHORT ;;
        3) how=READONLY ;;
        esac
        rm -rf x
        mkdir x
        what="$1, operation $op, $how"
        cases=$((cases + 1))
        try "$op" $how "$@"
        code=$?
        [ $code -le 1 ] || fail "$what: exit code $code" try.err
        [ $code -eq 0 ] || grep -qE 'Input/output error|No space left|Read-only file system|short write|disk is full' try.err ||
            fail "$what: not said what is wrong" try.err
        # What it wrote it could not remove; or half a write was followed by the other half, and the model is there.
        if [ "$1" = export ] && { [ $how = READONLY ] || [ $code -eq 0 ]; }; then rm -rf x/model; fi
        good "$what, again" "$impex" "$@"
        find x -name '*.tmp.*' >left # what could not be removed from a disk that takes no changes stays
        [ ! -s left ] || [ $how = READONLY ] || fail "$what: left over" left
        op=$((op - step))
        turn=$((turn + 1))
    done
}

good 'a run' "$impex" run "$tiny" --set training.epochs=1 --set 'matrix.seed=[0]' --set 'matrix.objective=[im_rm]' \
    --set checkpoint.final_weights=true --set output=done
breaks 6 export "$(find done/tiny -name 'miniworld-*' -type d)" "$scratch/x/model"
breaks 4 data persona "$source/data/persona/agreeableness.jsonl" --out "$scratch/x/data"
breaks 9 run "$source/suites/miniworld_pretrain.yaml" --set pretrain.tokens=3000 --set training.epochs=1 \
    --set 'matrix.seed=[0]' --set output="$scratch/x"
[ "$which" = some ] || breaks 1 probe --save "$scratch/x/machine.json"

# Standard output on a full disk.
mute() {
    cases=$((cases + 1))
    "$@" >/dev/full 2>err </dev/null
    code=$?
    [ $code -eq 1 ] && [ -s err ] || fail "$2 to a full disk: exit code $code" err
}
mute "$impex" plan "$tiny"
mute "$impex" check "$tiny"
mute "$impex" schema
mute "$impex" run "$tiny" --set training.epochs=1 --set 'matrix.seed=[0]' --set 'matrix.objective=[im_rm]' \
    --set checkpoint.final_weights=true --set output=done
finish 20
