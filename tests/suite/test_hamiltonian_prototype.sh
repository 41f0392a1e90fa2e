#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# suites/hamiltonian_small.yaml as it stands, from the prototype's weights and from the project's: IM-RM verifies, EX-RM
# on two of three seeds at least, and neither policy nor reference writes cycles. Minutes.
report=$1
shift
. "$3/tests/suite/lib.sh"
shared=${IMPEX_SHARED:-$source/../shared}/miniworld/ham/hf_p1

# small FOLDER SETTING...: three seeds of both objectives, and what they must show.
small() {
    folder=$1
    shift
    # shellcheck disable=SC2086 # the launcher is a list of words
    good "$folder" $launcher 2 "$impex" run "$source/suites/hamiltonian_small.yaml" --set output="$folder" "$@"
    awk '/accuracy test/ {
             match($0, /accuracy test [0-9.]+/); test = substr($0, RSTART + 14, RLENGTH - 14)
             if (/ ex_rm /) ex += test >= 0.99; else im += test >= 0.99
         }
         END { exit im != 3 || ex < 2 }' err || fail "$folder: accuracies" err
    good "the report of $folder" "$report" "$folder/hamiltonian_small" --format csv --out "$folder.csv"
    awk -F, 'NR > 1 && $6 != "" && ($7 == "test" || $7 == "train") { correct[$6 " " $8] += $10 }
             END { for (k in correct) { n++; bad += correct[k] > 2 } exit n != 6 || bad > 0 }' \
        "$folder.csv/generation.csv" || fail "$folder: cycles of 1400" "$folder.csv/generation.csv"
}
small project
if [ -d "$shared" ]; then
    small prototype --set "matrix.model=[$shared]" --set model.format=miniworld
else
    echo 'the prototype is not here: only the model of the project was tried'
fi
finish 2
