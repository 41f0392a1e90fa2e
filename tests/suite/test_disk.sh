#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk that fails at any single operation, or is full from there on (shim.c): clear words, exit code 1 where the run
# could not go on, and the next start ends with the bits of a run left alone. First of all arguments: how many of the
# operations are tried (evenly over all of them; 0: each one), then the shim.
tries=$1 shim=$2
shift 2
. "$3/tests/suite/lib.sh"

job="$tiny --set training.epochs=4 --set matrix.seed=[0] --set checkpoint.every_seconds=0.01"
good 'undisturbed' "$impex" run $job --set output=calm

# broken AT HOW: the job on such a disk, alone.
broken() {
    LD_PRELOAD=$shim SHIM_FOLDER=$scratch/broken SHIM_AT=$1 SHIM_HOW=$2 SHIM_COUNT=$scratch/count \
        timeout 60 "$impex" run $job --set output="$scratch/broken" >job.out 2>job.err </dev/null
}

broken 0 EIO || fail 'the shim changes something' job.err
operations=$(cat count)
[ "$operations" -gt 100 ] || fail "only $operations operations were seen"
[ "$tries" -gt 0 ] || tries=$operations
step=$((operations / tries))
[ $step -gt 0 ] || step=1

at=1 failed=0
while [ $at -le "$operations" ]; do
    case $((at / step % 4)) in
    0) how=EIO ;;
    1) how=FULL ;;
    2) how=SHORT ;;
    3) how=EROFS ;;
    esac
    rm -rf broken
    cases=$((cases + 1))
    broken $at $how
    code=$?
    case $code in
    0) ;;
    1)
        failed=$((failed + 1))
        grep -qE 'Input/output error|No space left|Read-only file system|short write' job.err ||
            fail "operation $at, $how: not said what is wrong" job.err
        ;;
    *) fail "operation $at, $how: exit code $code" job.err ;;
    esac
    good "after operation $at, $how" "$impex" run $job --set output=broken
    tidy broken
    same broken calm
    [ "$(find broken -type d | grep -c /step-)" -eq 0 ] || fail "operation $at, $how: checkpoints are left"
    at=$((at + step))
done
echo "$operations operations; $failed of $cases disks ended the run"
finish 20
