#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Task scaling as a user runs it, on 1 to 4 ranks and a shape of some thousand parameters: which layouts are timed, equal
# losses on all of them, the same losses again, and the report. No time is looked at.
report=$1
shift
. "$3/tests/suite/lib.sh"

good 'the suite' "$impex" check "$source/suites/scaling.yaml"
says 'scaling.yaml: 1 run'
good 'its plan' "$impex" plan "$source/suites/scaling.yaml" --ranks 4
says 'all: the task cuts layouts of its own out of them'

mkdir tiny
cat >tiny/config.json <<'END'
{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 96, "hidden_size": 32,
 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 48,
 "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true}
END
cat >tiny.yaml <<'END'
suite: tiny
task: scaling
matrix: {model: [tiny], objective: [im_rm]}
training: {pairs_per_step: 5}
scaling: {pairs_per_rank: 2, steps: 2, rounds: 2, most_threads: 2, prompt_tokens: 8, response_tokens: 6}
parallel: {threads: 1}
END

# scaled FOLDER RANKS SET...: the suite on so many ranks; the report as CSV in csv/.
scaled() {
    folder=$1 ranks=$2
    shift 2
    # shellcheck disable=SC2086 # the launcher is a list of words
    good "$ranks ranks" $launcher "$ranks" "$impex" run tiny.yaml --set output="$folder" "$@"
    tidy "$folder"
    good "check of $ranks ranks" "$impex" check "$folder/tiny"
    rm -rf csv
    good "report of $ranks ranks" "$report" "$folder/tiny" --format csv --out csv
}

# layouts NAME...: these, and no others, are in the report's last table.
layouts() {
    printf '%s\n' "$@" | sort >want
    tr -d '\r' <csv/scaling_phases.csv | awk -F, 'NR > 1 { print $7 }' | sort >got
    cmp -s want got || fail "$what: layouts" want got
}

scaled one 1
layouts g1_d1_t1_x1_p5 g1_d1_t1_x2_p5
scaled two 2
layouts g1_d1_t1_x1_p5 g1_d2_t1_x1_p5 g1_d1_t1_x1_p2 g1_d2_t1_x1_p4 g1_d1_t2_x1_p5 g1_d1_t1_x2_p5 g2_d1_t1_x1_p5
scaled three 3 --set scaling.threads=false --set parallel.tensor=3
layouts g1_d1_t3_x1_p5
scaled four 4 --set 'matrix.objective=[ex_rm]' --set scaling.groups=false --set scaling.rounds=1
layouts g1_d1_t1_x1_p5 g1_d2_t1_x1_p5 g1_d4_t1_x1_p5 g1_d1_t1_x1_p2 g1_d2_t1_x1_p4 g1_d4_t1_x1_p8 g1_d1_t2_x1_p5 \
    g1_d1_t4_x1_p5 g1_d1_t1_x2_p5

# Losses are the answer, times are not; a finished run is kept; with other ranks it is another run.
scaled again 2
same two/tiny again/tiny
# shellcheck disable=SC2086
good 'the same ranks once more' $launcher 2 "$impex" run tiny.yaml --set output=again
says '0 runs done, 1 kept from before'
[ "$(ls two/tiny/*.h5 one/tiny/*.h5 | sed 's/.*tiny-//' | sort -u | wc -l)" -eq 2 ] || fail 'one name for 1 and 2 ranks'

# Pairs from a file, and a model with weights and a tokenizer.
# shellcheck disable=SC2086
good 'pairs of a file' $launcher 2 "$impex" run tiny.yaml --set output=file --set 'matrix.model=[miniworld]' \
    --set "data.train.path=$source/tests/suite/train.jsonl" --set scaling.tensor=false --set scaling.threads=false
good 'report of pairs of a file' "$report" file/tiny
says 'over data ranks (weak)'
says 'over runs side by side'
says 'Nothing to compare over: tensor, threads.'

# What is wrong is said before anything is written.
ends 2 'no such model' "$impex" run tiny.yaml --set 'matrix.model=[nobody]' --set output=none
ends 2 'more tensor ranks than heads' "$impex" run tiny.yaml --set parallel.tensor=64 --set output=none
ends 2 'a verdict needs texts' "$impex" run tiny.yaml --set 'matrix.objective=[ex_grm]' --set output=none
[ ! -e none ] || fail 'bad input left a folder'
ends 1 'too few pairs' "$impex" run tiny.yaml --set output=few --set 'matrix.model=[miniworld]' \
    --set "data.train.path=$source/tests/suite/train.jsonl" --set training.pairs_per_step=1000
warns 'takes 1000 pairs, but the data has 44'
finish 20
