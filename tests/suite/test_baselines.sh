#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the paper's data give away without a trained model: the figures known of its sets, exactly, in the report that
# anybody gets who runs suites/baselines.yaml on all their rows.
report=$1
shift
. "$3/tests/suite/lib.sh"
shared=${IMPEX_SHARED:-$source/../shared}
if [ ! -d "$shared/data/paper" ] || [ ! -d "$shared/tokenizers/gpt-neox" ]; then
    echo "SKIP: the paper's data and the tokenizer of GPT-NeoX are not here ($shared)"
    exit 77
fi
export IMPEX_DATA="$shared/data"

good 'a model that has learnt nothing' "$impex" draw "$source/data/shapes/neox-3m" neox --tokenizer "$shared/tokenizers/gpt-neox"
good 'baselines' $launcher 2 "$impex" run "$source/suites/baselines.yaml" --set output=results --set 'matrix.model=[neox]' \
    --set 'matrix.objective=[ex_rm]'
says '2 runs done'
good 'report' "$report" results --format csv --out csv

# column NAME of a CSV file, of the rows of a part and a set.
column() {
    awk -F, -v column="$1" -v part="$2" -v set="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["part"] == part && $at["set"] == set { print $at[column] }' csv/baselines.csv
}
# equals WHAT HAS WANTED
equals() {
    cases=$((cases + 1))
    awk -v has="$2" -v wanted="$3" 'BEGIN { exit !(has != "" && has - wanted < 1e-12 && wanted - has < 1e-12) }' ||
        fail "$1: '$2', not $3"
}
for part in 1000 2000; do
    while read -r set shorter; do
        equals "$set, pairs" "$(column pairs trained-on-$part "$set")" 200
        equals "$set, shorter in characters" "$(column shorter_characters trained-on-$part "$set")" "$shorter"
    done <<'TABLE'
ultrafeedback 0.4225
paraphrase 0.4375
french 0.4425
spanish 0.4375
rewardmath 0.6375
rewardbench-math 0.9450
rewardbench-code 0.4500
TABLE
done
equals 'look-up, 1000' "$(column lookup trained-on-1000 rewardmath)" 0.9475
equals 'look-up, 2000' "$(column lookup trained-on-2000 rewardmath)" 0.9950
for set in ultrafeedback paraphrase french spanish rewardbench-math rewardbench-code; do
    equals "look-up, $set" "$(column lookup trained-on-2000 $set)" 0.5
done

# known PART TEXT: a finding about the pairs of that part.
known() {
    cases=$((cases + 1))
    grep 'known pairs' csv/findings.csv | grep -F "$1" | grep -qF "$2" || fail "known pairs, $1: lacks '$2'" csv/findings.csv
}
known 'training pairs of baselines, trained-on-1000' 'of 200 pairs, 179 have'
known 'training pairs of baselines, trained-on-2000' 'of 200 pairs, 198 have'
finish 30
