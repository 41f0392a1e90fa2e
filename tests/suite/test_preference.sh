#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Pairs of one's own, end to end: conversations of several messages in columns of other names, a draw of them, judging
# between epochs, judging alone, and what the report makes of it.
report=$1
shift
. "$3/tests/suite/lib.sh"

# Twelve conversations; the last one is longer than the others.
i=0
while [ $i -lt 12 ]; do
    tail=
    [ $i -ne 11 ] || tail=' or not or not or not or not'
    printf '{"talk": [{"role": "user", "content": "would you say it ?"}, {"role": "assistant", "content": "no ."}, '
    printf '{"role": "user", "content": "and would you say it%s ?"}], ' "$tail"
    printf '"good": [{"role": "assistant", "content": "yes ."}], "bad": "no .", "number": %d}\n' $i
    i=$((i + 1))
done >talks.jsonl
cat >talks.yaml <<'YAML'
suite: talks
task: preference
data:
  train: {path: talks.jsonl, count: 10, seed: 3}
  evaluate:
    test: {path: talks.jsonl, category: in_distribution}
    first: {path: talks.jsonl, category: control, count: 3}
  columns: {prompt: talk, chosen: good, rejected: bad}
  max_tokens: {sequence: 25}
matrix: {model: [miniworld], seed: [0]}
training: {epochs: 2, pairs_per_step: 4, learning_rate: 1e-3}
evaluate: {every: 2}
YAML
good 'conversations' "$impex" run talks.yaml --set output=one
says '2 runs done'
good 'judged' "$look" judged one/talks/*.h5
[ "$(grep -cx 'test 11: 0 2 4 6' out)" -eq 2 ] && [ "$(grep -cx 'first 3: 0 2 4 6' out)" -eq 2 ] || fail 'judged: when' out
good 'judged at the end of an odd number of steps' "$impex" run talks.yaml --set output=odd --set evaluate.every=4
good 'judged: odd' "$look" judged odd/talks/*im_rm*.h5
says 'test 11: 0 4 6'

# The draw and the limit are part of a run's identity.
good 'on three ranks' $launcher 3 "$impex" run talks.yaml --set output=three --set parallel.data=3
same one three
for setting in data.train.seed=4 data.max_tokens.sequence=24; do
    good "with $setting" "$impex" plan talks.yaml --set output=one --set "$setting"
    says 'talks: 2 runs, 0 finished'
done
ends 2 'more than there are' "$impex" run talks.yaml --set output=none --set data.train.count=12
warns 'count is 12, but only 11 pairs are left of 12; 1 were longer than max_tokens'
ends 2 'too long is an error' "$impex" run talks.yaml --set output=none --set data.too_long=error
warns 'talks.jsonl:12: prompt and chosen response have '
warns 'more than max_tokens.sequence: 25'

# Judging alone: one evaluation, of the untrained model, beside what is known from the training pairs.
good 'judging alone' "$impex" run talks.yaml --set output=judged --set training.epochs=0
good 'judged: alone' "$look" judged judged/talks/*im_rm*.h5
says 'test 11: 0'
good 'report as CSV' "$report" judged --format csv --out csv
grep -q '^dropped,training pairs of talks: 1 were too long for miniworld; 10 are trained on' csv/findings.csv &&
    grep -q '^dropped,"test: 1 pairs were too long for miniworld and are not judged, in talks"' csv/findings.csv ||
    fail 'dropped pairs are not named' csv/findings.csv
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["set"] == "test" && $at["lookup"] == 1 && $at["im_untrained"] == 0.5 { n++ }
    END { exit n != 1 }' csv/baselines.csv || fail 'baselines of judging alone' csv/baselines.csv
finish 11
