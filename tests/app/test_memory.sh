#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Less memory: activations that are computed twice change no bit of a result, and come where memory demands them.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"

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

finish 13
