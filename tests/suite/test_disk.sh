#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk that fails at any operation (shim.c): EIO, half of a write, full or read-only from there on; a sync, a rename, a
# close that fails. Clear words and exit code 1 where the run could not go on; every result that is there is whole; the
# next start goes on from what was complete and ends with the bits of a run left alone. First of all arguments: "some" (one
# operation of each kind of file that changes something, and one of each that a run that goes on reads) or "each"; then
# the shim.
which=$1 shim=$2
shift 2
. "$3/tests/suite/lib.sh"

job="$tiny --set training.epochs=4 --set matrix.seed=[0] --set checkpoint.every_seconds=0.01
    --set checkpoint.final_weights=true"
good 'undisturbed' "$impex" run $job --set output=calm

# broken AT HOW: the job on such a disk, alone; the file log has its operations.
broken() {
    rm -f log
    LD_PRELOAD=$shim SHIM_FOLDER=$scratch/broken SHIM_AT=$1 SHIM_HOW=$2 SHIM_LOG=$scratch/log \
        timeout 60 "$impex" run $job --set output="$scratch/broken" >job.out 2>job.err </dev/null
}

# The operations of the log, as "number operation kind-of-file".
kinds() {
    awk '{
        kind = "folder"
        if ($2 ~ /\/ledger/) kind = "ledger"
        else if ($2 ~ /\/cache/) kind = "cache"
        else if ($2 ~ /COMPLETE/) kind = "list"
        else if ($2 ~ /\/step-/) kind = "checkpoint"
        else if ($2 ~ /safetensors/) kind = "weights"
        else if ($2 ~ /\.lock/ || $2 ~ /#/) kind = "lock"
        else if ($2 ~ /\.h5/) kind = "result"
        print NR, $1, kind
    }' log
}

# Of each operation and kind of file the one in the middle.
one_of_each() {
    awk '{ key = $2 " " $3; at[key, ++n[key]] = $1 } END { for (k in n) print at[k, int((n[k] + 1) / 2)], k }' | sort -n
}

# The ways in which an operation can fail, as $ways; of "one" way the next in turn.
turn=0
choose_ways() {
    case $1 in
    write) ways='SHORT FULL EIO READONLY' ;;
    fsync | rename | close | read | stat | opendir) ways='EIO' ;;
    *) ways='READONLY EIO FULL' ;;
    esac
    [ "$2" = one ] || return 0
    set -- $ways
    shift $((turn % $#))
    turn=$((turn + 1))
    ways=$1
}

# Every result that is there opens.
whole() {
    for file in broken/tiny/*.h5; do
        [ -e "$file" ] || return 0
        "$impex" check "$file" >out 2>err || fail "$what: a broken result" out err
    done
}

# A checkpoint of a run that has no result.
unfinished() {
    find broken -name COMPLETE 2>/dev/null | while read -r list; do
        run=${list%/step-*}
        [ -e "$run.h5" ] || { echo "$list" && break; }
    done
}

failed=0
# breaks AT HOW OPERATION KIND [FOLDER]: on a disk that fails so, from that folder or from nothing, and then on a good one.
breaks() {
    what="operation $1 ($3 $4), $2${5:+, going on}"
    rm -rf broken
    [ -z "${5:-}" ] || cp -r "$5" broken
    cases=$((cases + 1))
    broken "$1" "$2"
    code=$?
    on=
    case $code in
    0) # what it could not read it said
        [ -z "${5:-}" ] || grep -q 'goes on after\|^warning: ' job.err || fail "$what: silently begun anew" job.err
        ;;
    1)
        failed=$((failed + 1))
        grep -qE 'Input/output error|No space left|Read-only file system|short write|the disk is full' job.err ||
            fail "$what: not said what is wrong" job.err
        on=$(unfinished)
        ;;
    *) fail "$what: exit code $code" job.err ;;
    esac
    whole
    good "after $what" "$impex" run $job --set output=broken
    [ -z "$on" ] || grep -qE 'goes on after|^0 runs done' err out || fail "$what: $on is lost" job.err err
    tidy broken
    same broken calm
    [ "$(find broken -type d | grep -c /step-)" -eq 0 ] || fail "$what: checkpoints are left" job.err
}

broken 0 EIO || fail 'the shim changes something' job.err
kinds >fresh
[ "$(wc -l <fresh)" -gt 200 ] || fail 'only a few operations were seen' fresh

# A job that could not write its last weights: one run is finished, of the other there are checkpoints.
rm -rf broken
at=$(awk '$2 == "rename" && $3 == "weights" { n = $1 } END { print n }' fresh)
broken $((at - 60)) READONLY
[ -n "$(find broken -name COMPLETE)" ] || fail 'no checkpoint to go on from' job.err
mv broken half
cp -r half broken
broken 0 EIO || fail 'it does not go on' job.err
kinds >on

# all_of WAYS [FOLDER]: the operations that it reads, in one way each or in every way.
all_of() {
    while read -r at operation kind; do
        choose_ways "$operation" "$1"
        for how in $ways; do breaks "$at" "$how" "$operation" "$kind" ${2:+"$2"}; done
    done
}
one_of_each <fresh >try
one_of_each <on >try.on
if [ "$which" = each ]; then
    all_of every <try
    all_of every half <try.on
    all_of one <fresh
    all_of one half <on
else
    grep -E ' (write|fsync|rename|link|mkdir) ' try >try.some
    all_of one <try.some
    grep -E ' (read|opendir|stat) (list|checkpoint|result|folder)' try.on >try.some
    all_of one half <try.some
fi

# The disk of one rank of two: no checkpoint is whole, and the run ends as it would have. What could not be made is that
# rank's file, or the checkpoint's folder where this rank comes first.
for how in FULL READONLY; do
    rm -rf broken
    good "two ranks, $how on the second" $launcher 1 "$impex" run $job --set output="$scratch/broken" : \
        "${launcher##* }" 1 env LD_PRELOAD="$shim" SHIM_FOLDER="$scratch/broken" SHIM_AT=1 SHIM_HOW=$how \
        "$impex" run $job --set output="$scratch/broken"
    grep -qE '^warning: .*/tiny/miniworld-.*(No space left|Read-only).*; the run goes on without that checkpoint' err ||
        fail "two ranks, $how on the second: not said" err
    tidy broken
    same broken calm
done
echo "$(wc -l <fresh) operations, $(wc -l <on) of a run that goes on; $failed of $cases cases ended the run"
finish 30
