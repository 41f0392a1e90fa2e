#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# suites/theory.yaml as a user runs it: the same bits on any number of ranks, finished runs kept, claims in the report.
report=$1
shift
. "$3/tests/suite/lib.sh"

good 'the suite' "$impex" check "$source/suites/theory.yaml"
says 'theory.yaml: 3 runs'
mkdir models
ends 2 'Persona without its model' env IMPEX_MODELS=models "$impex" check "$source/suites/theory_persona.yaml"
grep -qF 'huggingface.co/meta-llama/Llama-3.2-1B-Instruct' out || fail 'which model Persona wants' out
good 'Persona with another' "$impex" plan "$source/suites/theory_persona.yaml" --set 'matrix.model=[random]'
says 'theory_persona: 1 run'
# theory FOLDER RANKS
theory() {
    # shellcheck disable=SC2086 # the launcher is a list of words
    good "theory on $2 ranks" $launcher "$2" "$impex" run "$source/suites/theory.yaml" --set output="$1" \
        --set 'matrix.model=[random, miniworld]' --set theory.steps=1000 --set theory.pairs=16
}
theory one 1
theory three 3
same one/theory three/theory
for run in one/theory/*.h5; do same "$run" "three/theory/${run##*/}"; done
tidy one
tidy three
theory one 2
says '2 kept from before'

good 'report' "$report" one
says 'suite theory, model random, seed 0'
says 'theorem2.unseen'
says 'Behind the claims: footnote3'
grep -q 'FAILS' out && fail 'a claim fails' out
grep -q '[1-9][0-9] claims: [1-9][0-9] hold, 0 fail' out || fail 'sums of claims' out
good 'report as CSV' "$report" one --format csv --out csv
awk -F, '$7 == "theorem2.unseen" && /,=,0,HOLDS,/ { n++ } END { exit n != 2 }' csv/claims.csv ||
    fail 'theorem2.unseen of both models in claims.csv' csv/claims.csv
good 'report as Markdown' "$report" one --format md --out md
grep -qF '| theorem2.unseen | 0 | = | 0 | HOLDS |' md/report.md || fail 'claims in Markdown' md/report.md

ends 2 'no such model' "$impex" run "$source/suites/theory.yaml" --set 'matrix.model=[nobody]' --set output=none
ends 2 'nothing is trained by steps' "$impex" check "$source/suites/theory.yaml" --set 'matrix.objective=[ex_rm]'
[ ! -e none ] || fail 'bad input left a folder'
finish 14
