#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The untrained implicit model is its own reference: rewards of exactly 0. And the cache of the reference's numbers: it
# saves time, changes no bit, and a damaged one is noticed.
. "$3/tests/suite/lib.sh"
suite() {
    "$impex" run "$tiny" --set 'matrix.objective=[im_rm]' "$@"
}

good 'two seeds' suite --set output=one
good 'at the start all is 0' "$look" zero one/tiny/*.h5
first=$(ls one/tiny/*im_rm-s0-*.h5) second=$(ls one/tiny/*im_rm-s1-*.h5)
[ "$("$look" saved "$first" | awk '{ print ($1 > 0 && $2 == 0) }')" = 1 ] || fail 'the first seed computed nothing'
[ "$("$look" saved "$second" | awk '{ print ($1 > 0 && $2 == $1) }')" = 1 ] || fail 'the second seed read nothing'
[ "$(ls one/cache/*.h5 | wc -l)" -eq 3 ] || fail 'the cache should hold training set, test and shift'

good 'every seed computes' suite --set output=alone --set 'matrix.seed=[0]'
good 'every seed computes' suite --set output=alone2 --set 'matrix.seed=[1]'
cp alone2/tiny/*.h5 alone/tiny/
same one alone

# Three kinds of damage: cut short, a bit turned, the right bytes under the wrong name. Warned of and computed again.
set -- one/cache/*.h5
size=$(wc -c <"$1")
head -c $((size / 2)) "$1" >cut && mv cut "$1"
printf 'x' | dd of="$2" bs=1 seek=2100 conv=notrunc 2>/dev/null
cp "$2" "$3"
rm "$first" "$second"
good 'damaged cache' $launcher 2 "$impex" run "$tiny" --set 'matrix.objective=[im_rm]' --set output=one
[ "$(grep -c 'it is computed again' err)" -eq 3 ] || fail 'not three warnings' err
same one alone
[ "$("$look" saved "$first" | awk '{ print ($1 > 0 && $2 == 0) }')" = 1 ] || fail 'damaged numbers were used'
[ "$("$look" saved "$second" | awk '{ print ($1 > 0 && $2 == $1) }')" = 1 ] || fail 'the cache was not written again'

# Numbers of other arithmetic under the right name: sealed, but a pair that is computed again differs.
"$look" forge one/cache || fail 'forging the cache'
rm "$first" "$second"
good 'other arithmetic' $launcher 2 "$impex" run "$tiny" --set 'matrix.objective=[im_rm]' --set output=one
[ "$(grep -c 'other bits; all are computed again' err)" -eq 3 ] || fail 'not three warnings' err
same one alone

# No room for a cache is no reason to fail.
mkdir two && : >two/cache
good 'no cache possible' suite --set output=two
warns 'later runs will compute it again'
same two alone

# Nothing is read or left where no cache is wanted; logits that are computed twice are the same bits.
good 'no cache wanted' suite --set output=none --set speed.reference_cache=false --set speed.keep_logits=false
[ ! -e none/cache ] || fail 'a cache was left'
same none alone

# A reference of its own: its numbers are others, and kept apart.
good 'another reference' suite --set output=one --set training.reference=miniworld-second
[ "$(ls one/cache/*.h5 | wc -l)" -eq 6 ] || fail 'the cache should hold three sets of two references'
"$look" zero one/tiny/*.h5 >out 2>&1 && fail 'another reference gives rewards of 0'
finish 14
