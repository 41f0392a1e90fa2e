#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# paper.sh --data FOLDER --models FOLDER --tokenizer FOLDER [--ranks N] [--output FOLDER] [--build FOLDER]
#
# Runs all suites of the paper, with models that one machine can bear, and makes one report of them:
#
#   persona, rewardmath, ultrafeedback    TinyStories-656K (of --models), rows that fit its 512 positions
#   hamiltonian, persona with EX-GRM      a random GPT-NeoX in the paper's format (data/shapes/neox-3m), which proves
#                                         the machinery and nothing else
#   hamiltonian_small                     the project's own small model
#   baselines                             all pairs of the paper's test sets, judged without training
#
# --data holds paper/*.jsonl as `impex data ... --out FOLDER/paper` writes them (docs/data.md) and the pairs to train on,
# paper/ultrafeedback_train.jsonl or ultrafeedback_union_train.jsonl; --tokenizer is a folder with the tokenizer.json of
# GPT-NeoX (that of pythia-1b, say). Started again it goes on where it stopped. Results and report go to results/paper.
set -u
build=build output=results/paper ranks=2 data= models= tokenizer=
usage() {
    sed -n '3,16s/^# \{0,1\}//p' "$0"
}
wrong() {
    echo "paper.sh: $1" >&2
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --data | --models | --tokenizer | --ranks | --output | --build) [ $# -ge 2 ] || wrong "$1: a value is missing" ;;
    *) wrong "'$1' is not an option; --help lists them" ;;
    esac
    case $1 in
    --data) data=$2 ;;
    --models) models=$2 ;;
    --tokenizer) tokenizer=$2 ;;
    --ranks) ranks=$2 ;;
    --output) output=$2 ;;
    --build) build=$2 ;;
    esac
    shift 2
done
[ -n "$data" ] && [ -n "$models" ] && [ -n "$tokenizer" ] || wrong "--data, --models and --tokenizer must be given; --help"
source=$(cd "$(dirname "$0")/.." && pwd)
# whole FOLDER: its path from the root
whole() {
    (cd "$1" 2>/dev/null && pwd)
}
for folder in "$data" "$models" "$tokenizer" "$build"; do
    [ -d "$folder" ] || wrong "$folder is no folder"
done
data=$(whole "$data") models=$(whole "$models") tokenizer=$(whole "$tokenizer") build=$(whole "$build")
train=paper/ultrafeedback_train.jsonl
[ -f "$data/$train" ] || train=ultrafeedback_union_train.jsonl
for file in "$data/paper/rewardmath_train.jsonl" "$data/$train" "$models/TinyStories-656K/config.json" \
    "$tokenizer/tokenizer.json" "$build/impex" "$build/impex-report"; do
    [ -f "$file" ] || wrong "$file is not there"
done
. "$source/scripts/environment.sh"
mkdir -p "$output" && cd "$output" || exit
IMPEX_DATA=$data IMPEX_MODELS=$models
export IMPEX_DATA IMPEX_MODELS

started=$(date +%s)
say() {
    printf '== %4d s: %s\n' $(($(date +%s) - started)) "$*"
}
# suite NAME --set SETTING...: runs suites/NAME.yaml with these settings.
suite() {
    name=$1
    shift
    say "suites/$name.yaml $*"
    mpirun -n "$ranks" "$build/impex" run "$source/suites/$name.yaml" --set output=. "$@" || {
        code=$?
        echo "paper.sh: $name did not finish (exit code $code); started again it goes on there" >&2
        exit $code
    }
}

[ -f neox-3m/config.json ] || "$build/impex" draw "$source/data/shapes/neox-3m" neox-3m --tokenizer "$tokenizer" || exit
# A suite with the small model, with settings for its size; and one with the random model.
with_stories() {
    name=$1
    shift
    suite "$name" --set 'matrix.model=[tinystories-656k]' --set training.learning_rate=3e-4 "$@"
}
with_random() {
    name=$1
    shift
    suite "$name" --set 'matrix.model=[neox-3m]' "$@"
}
with_random baselines --set 'matrix.objective=[ex_rm]' # what a random model finds probable is no baseline
with_stories persona --set 'matrix.objective=[ex_rm, im_rm]'
with_random persona --set 'matrix.objective=[ex_grm]' --set 'matrix.seed=[0]' --set training.learning_rate=1e-3
with_random hamiltonian --set 'matrix.seed=[0]' --set training.learning_rate=1e-3 --set training.epochs=3 \
    --set evaluate.every=96 --set generate.max_tokens=60
suite hamiltonian_small
with_stories rewardmath --set data.max_tokens.sequence=512 --set 'matrix.seed=[0]'
with_stories ultrafeedback --set data.max_tokens.sequence=512 --set 'matrix.seed=[0]' \
    --set "data.train.path=$train" --set data.train.count=all
say "the report"
"$build/impex-report" . || exit
"$build/impex-report" . --format md,html,csv,tex --out report || exit
say "done. The report with figures is $output/report/report.html"
