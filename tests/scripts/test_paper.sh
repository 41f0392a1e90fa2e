#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_paper.sh SOURCE IMPEX: scripts/paper.sh says what is missing, and every suite that it starts reads well with the
# settings that it gives (a launcher that only plans).
source=$1 impex=$2 failures=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
paper=$source/scripts/paper.sh
fail() {
    echo "FAIL: $1"
    failures=$((failures + 1))
}

# refused TEXT OPTION...: exit code 2, and the text on standard error.
refused() {
    text=$1
    shift
    "$paper" "$@" >out 2>err
    [ $? -eq 2 ] && grep -qF -e "$text" err && [ ! -e results ] || fail "paper.sh $*: lacks '$text'"
}
mkdir -p build data/paper models/TinyStories-656K tokenizer bin
refused '--data, --models and --tokenizer must be given'
refused "'--fast' is not an option" --fast
refused '--ranks: a value is missing' --ranks
refused 'nowhere is no folder' --data nowhere --models models --tokenizer tokenizer
refused 'rewardmath_train.jsonl is not there' --data data --models models --tokenizer tokenizer
"$paper" --help | grep -q 'TinyStories-656K' || fail 'paper.sh --help'

touch data/paper/rewardmath_train.jsonl data/ultrafeedback_union_train.jsonl models/TinyStories-656K/config.json
cp "$source/tests/golden/text/neox/tokenizer.json" tokenizer
ln -s "$impex" build/impex
printf '#!/bin/sh\nexit 0\n' >build/impex-report
printf '#!/bin/sh\nshift 3\nshift\nexec "%s" plan "$@" --yaml-only\n' "$impex" >bin/mpirun
chmod +x build/impex-report bin/mpirun
PATH=$work/bin:$PATH "$paper" --data data --models models --tokenizer tokenizer >out 2>err || fail "all suites: $(cat err)"
[ "$(grep -c '^suite: ' out)" -eq 7 ] || fail "not 7 suites: $(grep '^suite: ' out)"
[ -f results/paper/neox-3m/model.safetensors ] || fail 'no random model'
grep -q 'report.html' out || fail 'where the report is'
[ $failures -eq 0 ]
