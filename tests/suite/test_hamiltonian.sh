#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hamiltonian cycles as a user runs them, very small: the project's model and a random GPT-NeoX in the paper's format; the
# same bits on any number of data ranks and after stops at any moment; the report.
report=$1 models=$2
shift 2
. "$3/tests/suite/lib.sh"

# small FOLDER RANKS SETTING...
small() {
    folder=$1 ranks=$2
    shift 2
    # shellcheck disable=SC2086 # the launcher is a list of words
    $launcher "$ranks" "$impex" run "$source/suites/hamiltonian_small.yaml" --set output="$folder" \
        --set data.hamiltonian.train=48 --set data.hamiltonian.test=24 --set 'matrix.seed=[0]' \
        --set training.epochs=1 --set generate.exact=4 --set generate.tries=2 "$@"
}
good 'the suite' "$impex" check "$source/suites/hamiltonian_small.yaml"
says 'hamiltonian_small.yaml: 6 runs'
good 'on one rank' small one 1
good 'on three ranks' small three 3
good 'in small batches' small batch 1 --set generate.batch=3
same one/hamiltonian_small three/hamiltonian_small
same one/hamiltonian_small batch/hamiltonian_small
good 'on two tensor ranks' small tensor 2 --set parallel.tensor=2

# Stopped again and again, every second time later, it ends with the same bits.
stops=0
until timeout -s TERM "$((stops / 2)).$((stops % 2 * 5 + 3))" "$impex" run "$source/suites/hamiltonian_small.yaml" --set output=stopped \
    --set data.hamiltonian.train=48 --set data.hamiltonian.test=24 --set 'matrix.seed=[0]' --set training.epochs=1 \
    --set generate.exact=4 --set generate.tries=2 --set generate.batch=8 >out 2>err; do
    stops=$((stops + 1))
    [ $stops -lt 20 ] || break
done
cases=$((cases + 1))
[ $stops -lt 20 ] || good 'it goes on' small stopped 1
same one/hamiltonian_small stopped/hamiltonian_small
tidy one

# The paper's format, tokens <sep> and <edge_sep> added behind those of the chat format.
"$models" models . "$source/tests/golden/text" || fail 'a random NeoX'
good 'the paper on a random NeoX' $launcher 2 "$impex" run "$source/suites/hamiltonian.yaml" --set output=paper \
    --set 'matrix.model=[neox]' --set 'matrix.seed=[0]' --set data.hamiltonian.train=32 --set data.hamiltonian.test=16 \
    --set training.epochs=1 --set generate.max_tokens=40 --set generate.exact=2
ends 2 'too many graphs' "$impex" run "$source/suites/hamiltonian.yaml" --set 'matrix.model=[neox]' --set output=none \
    --set data.hamiltonian.test=201
grep -qF 'data.hamiltonian' err || fail 'which key' err
ends 2 'no such model' "$impex" run "$source/suites/hamiltonian.yaml" --set output=none
[ ! -e none ] || fail 'bad input left a folder'

good 'report' "$report" one paper
says 'Hamiltonian cycles: what the language model writes'
says 'random permutation'
says 'Where in the answers the implicit reward lies'
good 'report as CSV' "$report" one --format csv --out csv
awk -F, '/,test,policy,48,/ { n++ } END { exit n != 2 }' csv/generation.csv || fail 'rows of the policy' csv/generation.csv
good 'report with figures' "$report" one paper --format html --out page
grep -q 'Verifying and writing Hamiltonian cycles' page/report.html || ! command -v gnuplot >left || fail 'no figure of what was written'
finish 13
