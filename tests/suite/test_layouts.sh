#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One suite on any number of ranks, threads and run groups, and again: the same bits. The second start finds all done.
. "$3/tests/suite/lib.sh"

good 'one rank' "$impex" run "$tiny" --set output=one
says '4 runs done, 0 kept from before'
tidy one
good 'the same layout again' "$impex" run "$tiny" --set output=again
same one again
for n in 2 3 4; do
    good "$n ranks" $launcher $n "$impex" run "$tiny" --set output=ranks$n --set parallel.data=$n
    says '4 runs done'
    same one ranks$n
done
good '2 threads' "$impex" run "$tiny" --set output=threads --set parallel.threads=2
same one threads
good '2 ranks of 2 threads' $launcher 2 "$impex" run "$tiny" --set output=both --set parallel.threads=2
same one both
good '2 groups of 1 rank' $launcher 2 "$impex" run "$tiny" --set output=groups --set parallel.groups=2
says '4 runs done, 0 kept from before'
same one groups
tidy groups
"$look" starts groups/tiny >starts
[ "$(grep -c ' 1$' starts)" -eq 4 ] || fail '2 groups: a run was started twice, or not at all' starts
good '2 groups of 2 ranks' $launcher 4 "$impex" run "$tiny" --set output=square --set parallel.groups=2
same one square

# Ranks that share every layer add up in another order than one rank alone; among themselves all layouts agree. Three
# ranks share four heads.
good '2 tensor ranks' $launcher 2 "$impex" run "$tiny" --set output=tensor --set parallel.tensor=2
says '4 runs done, 0 kept from before'
tidy tensor
good '2 tensor ranks again' $launcher 2 "$impex" run "$tiny" --set output=tensor-again --set parallel.tensor=2
same tensor tensor-again
good '2 x 2 ranks' $launcher 4 "$impex" run "$tiny" --set output=tensor-data --set parallel.tensor=2
same tensor tensor-data
good '2 groups of 2 tensor ranks' $launcher 4 "$impex" run "$tiny" --set output=tensor-groups \
    --set parallel.tensor=2 --set parallel.groups=2
same tensor tensor-groups
good '3 tensor ranks' $launcher 3 "$impex" run "$tiny" --set output=tensor3 --set parallel.tensor=3
for result in one/tiny/*.h5; do
    for folder in tensor tensor3; do
        good "$folder near one rank" "$look" near "$result" "$folder/tiny/${result##*/}"
    done
done
ends 2 'more ranks than heads' $launcher 5 "$impex" run "$tiny" --set output=tensor5 --set parallel.tensor=5
warns 'cannot share the 4 attention heads'
[ ! -e tensor5/tiny ] || [ -z "$(find tensor5 -name '*.h5')" ] || fail 'a model that cannot be shared left results'

# What is frozen changes nothing of this; every objective.
for freeze in backbone unembedding; do
    set -- --set training.freeze=$freeze --set 'matrix.objective=[ex_rm, ex_rm_mean, im_rm, sft]' --set 'matrix.seed=[0]'
    good "$freeze frozen" "$impex" run "$tiny" "$@" --set output=$freeze
    good "$freeze frozen, 3 ranks" $launcher 3 "$impex" run "$tiny" "$@" --set output=$freeze-3
    same $freeze $freeze-3
done

# A second start does nothing; a deleted result is done again, alone.
find one -name '*.h5' -exec sha256sum {} + | sort >before
good 'a second start' "$impex" run "$tiny" --set output=one
says '0 runs done, 4 kept from before'
find one -name '*.h5' -exec sha256sum {} + | sort >after
cmp -s before after || fail 'a second start changed a result' before after
good 'its ledger' "$impex" check one
grep -q 'never ended' out && fail 'a second start leaves runs that never ended' out
gone=$(ls one/tiny/*im_rm-s1-*.h5)
mv "$gone" kept.h5
good 'after a deletion' "$impex" run "$tiny" --set output=one
says '1 run done, 3 kept from before'
[ -f "$gone" ] || fail 'the deleted result is not there again'
same one again
"$look" starts one/tiny >starts
[ "$(grep -c ' 1$' starts)" -eq 3 ] && [ "$(grep -c ' 2$' starts)" -eq 1 ] || fail 'more than that run was started' starts
finish 20
