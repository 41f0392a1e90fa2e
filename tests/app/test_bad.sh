#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything a user can hand to impex that is wrong: one message that names the place, exit code 2, nothing written,
# and the same on three ranks (every third case; fewer under sanitizers, where a process takes long to start).
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"

every=3
[ -z "${ASAN_OPTIONS:-}" ] || every=12

nothing_written() {
    for folder in results new; do
        [ ! -e $folder ] || fail "$1: it left $folder"
        rm -rf $folder
    done
}

# bad TEXT COMMAND...: impex COMMAND is refused with one message that holds TEXT.
bad() {
    text=$1
    shift
    cases=$((cases + 1))
    "$impex" "$@" >out 2>err <"${input:-/dev/null}"
    code=$?
    what="impex $*"
    [ $code -eq 2 ] || fail "$what: exit code $code" err
    grep -qF -e "$text" err || fail "$what: lacks '$text'" err
    [ "$(grep -c "^impex $1: " err)" -eq 1 ] || fail "$what: not one message" err
    nothing_written "$what"
    [ $((cases % every)) -eq 0 ] && [ -z "$alone" ] || return 0
    $launcher 3 "$impex" "$@" >out3 2>err3 <"${input:-/dev/null}"
    code=$?
    [ $code -eq 2 ] || fail "$what on 3 ranks: exit code $code" err3
    own_words err3 >err3.own
    cmp -s err err3.own || fail "$what: another message on 3 ranks" err err3.own
    cmp -s out out3 || fail "$what: another output on 3 ranks" out out3
    nothing_written "$what on 3 ranks"
}

# wrong TEXT PATH: impex check says so, and check says it on standard output.
wrong() {
    cases=$((cases + 1))
    what="impex check $2"
    "$impex" check "$2" >out 2>err
    code=$?
    [ $code -eq 2 ] || fail "$what: exit code $code" out err
    grep '^wrong: ' out | grep -qF -e "$1" || fail "$what: lacks '$1'" out
    ! grep -q '^ok' out || fail "$what: ok and wrong" out
    nothing_written "$what"
    [ $((cases % every)) -eq 0 ] || return 0
    $launcher 3 "$impex" check "$2" >out3 2>err3
    [ $? -eq 2 ] || fail "$what on 3 ranks: not exit code 2" err3
    cmp -s out out3 || fail "$what: another output on 3 ranks" out out3
}
alone=
run_with() {
    text=$1
    shift
    bad "$text" run s.yaml --set "$@"
}

# --- the command line ---------------------------------------------------------------------------------------------
bad '0 operands given, 1 wanted; see impex run --help' run
bad '2 operands given' run s.yaml s.yaml
bad '--epochs is not an option of run' run s.yaml --epochs 3
bad '--set: a value is missing' run s.yaml --set
bad 'training.epochs' run s.yaml --set training.epochs
bad '--ranks 0: a whole number from 1' plan s.yaml --ranks 0
bad '--nodes 3: more nodes than the 2 ranks' plan s.yaml --ranks 2 --nodes 3
bad '--models and --options' schema --models --options
bad '1 operand given, 2 wanted' export results/s/x
bad '--columns a,b: three names with commas' score neox pairs.jsonl --columns a,b
bad '--beta none: a number above 0' score neox pairs.jsonl --beta none

bad '--seed x: a whole number from 0' draw neox new --seed x
bad 'nowhere: no file yaml/models/nowhere.yaml' draw nowhere new
bad 'none/tokenizer.json' draw neox new --tokenizer none
bad 'neox: already holds a model' draw neox neox
bad 'there is no recipe persona2; impex data lists them' data persona2 pairs.jsonl --out d
bad 'recipe ultrafeedback reads 2 files; 1 given' data ultrafeedback pairs.jsonl --out d
bad '--out FOLDER is missing' data persona pairs.jsonl
bad 'recipe rewardmath counts tokens: --tokenizer FOLDER' data rewardmath pairs.jsonl --out d
bad 'pairs.jsonl:1: problem is missing' data rewardmath pairs.jsonl --out d --tokenizer neox
bad 'pairs.jsonl:1: question is missing' data persona pairs.jsonl --out d
mkdir hostile && printf '{"version": "1.0", "model": {"type": "Unigram", "vocab": []}}' >hostile/tokenizer.json
bad 'hostile/tokenizer.json: model: type "Unigram" is not known' tokenize hostile

# --- YAML ---------------------------------------------------------------------------------------------------------
bad 'absent.yaml: No such file' run absent.yaml
cp s.yaml broken.yaml && echo 'data: [1' >>broken.yaml
bad 'broken.yaml:' run broken.yaml
wrong 'broken.yaml:' broken.yaml
cp s.yaml unknown.yaml && echo 'trainig: {epochs: 3}' >>unknown.yaml
bad 'unknown.yaml:9:1: trainig: unknown key, did you mean training?' run unknown.yaml
bad 'unknown.yaml:9:1: trainig: unknown key, did you mean training?' plan unknown.yaml
wrong 'unknown.yaml:9:1: trainig: unknown key' unknown.yaml
cp s.yaml twice.yaml && echo 'suite: t' >>twice.yaml
bad 'twice.yaml:9:1: suite: repeated key' run twice.yaml
{ echo 'include: [circle.yaml]'; cat s.yaml; } >circle.yaml
bad 'circle.yaml' run circle.yaml
run_with 'training.epochs: ' training.epochs=many
run_with 'training.learning_rate: ' training.learning_rate=-1
run_with 'training.shuffle: ' training.shuffle=yes
run_with 'did you mean adamw' training.optimizer=adam
run_with 'matrix.seed' 'matrix.seed=[0, 0]'
printf 'suite: t\ntask: hamiltonian\ndata: {hamiltonian: {test: 201}}\nmatrix: {model: [neox]}\n' >graphs.yaml
bad "data.hamiltonian: the authors' generator has 5000 graphs for training and 200" run graphs.yaml
sed 's/\[neox\]/[stories]/' s.yaml >stories.yaml
bad 'stories: ex_grm needs "Yes" to be one token' run stories.yaml --set 'matrix.objective=[ex_grm]'
alone=yes
run_with 'parallel.tensor: 2' parallel.tensor=2
run_with 'make 2 ranks, but there are 1' parallel.data=2
alone=

# --- what a suite names -------------------------------------------------------------------------------------------
run_with 'model neos: no file yaml/models/neos.yaml and no folder with config.json' 'matrix.model=[neos]'
run_with 'model bad/none: no file' 'matrix.model=[bad/none]'
run_with 'none.jsonl: not found. Looked for:' data.train.path=none.jsonl
run_with 'model other: no file' training.reference=other
run_with 'stories: a vocabulary of 512, but ./neox has 428' training.reference=stories
run_with 'neox/config.json: tie_word_embeddings is not that of the model beside it' 'matrix.model=[stories]' \
    --set training.reference=neox

# --- JSON lines ---------------------------------------------------------------------------------------------------
mkdir -p bad
pair='{"prompt": "p", "chosen": "c", "rejected": "r"}'
# with_row NAME ROW TEXT: a data file whose second line is ROW.
with_row() {
    printf '%s\n%s\n%s\n' "$pair" "$2" "$pair" >"bad/$1.jsonl"
    run_with "bad/$1.jsonl:2:$3" "data.train.path=bad/$1.jsonl"
}
with_row cut '{"prompt": "p", "chosen' '23: JSON: premature end of input'
with_row list '[1, 2]' ' '
with_row column '{"prompt": "p", "chosen": "c"}' ' rejected is missing'
with_row number '{"prompt": "p", "chosen": 1, "rejected": "r"}' ' chosen'
with_row empty '{"prompt": "", "chosen": "c", "rejected": "r"}' ' prompt'
with_row repeated '{"prompt": "p", "prompt": "q", "chosen": "c", "rejected": "r"}' '24: JSON: duplicate object key'
with_row turn '{"prompt": [{"role": "assistant", "content": "p"}], "chosen": "c", "rejected": "r"}' ' the last message of prompt must be from "user"'
with_row ids '{"prompt_input_ids": [1], "chosen_input_ids": [2], "rejected_input_ids": [3]}' ' '
with_row utf8 "$(printf '{"prompt": "\377", "chosen": "c", "rejected": "r"}')" '12: JSON: unable to decode byte 0xff'
with_row blank '' ' '
wrong 'bad/cut.jsonl:2:23: ' bad/cut.jsonl
wrong 'bad/column.jsonl:2: rejected is missing' bad/column.jsonl
: >bad/nothing.jsonl
run_with 'bad/nothing.jsonl' data.train.path=bad/nothing.jsonl
echo '{"prompt_input_ids": [1], "chosen_input_ids": [99999], "rejected_input_ids": [3]}' >bad/vocabulary.jsonl
run_with 'bad/vocabulary.jsonl:1: ' data.train.path=bad/vocabulary.jsonl
run_with 'pairs.jsonl: ' data.train.count=50
run_with 'pairs.jsonl:1: ' 'data={train: {path: pairs.jsonl}, max_tokens: {prompt: 2}, too_long: error}'
printf '0 1 2 3\n4 5 77 6\n' >bad/order.txt
run_with 'bad/order.txt:2:5: ' data.train.order=bad/order.txt
bad 'bad/number.jsonl:2: chosen' score neox bad/number.jsonl --reference neox
printf '{"text": "a"}\n{"tex": "b"}\n' >texts.jsonl
input=texts.jsonl
bad 'standard input:2: "text" is missing' tokenize neox
printf '{"text": "a"}\n{"text": "b"\n' >texts.jsonl
bad 'standard input:2:12: JSON: ' tokenize neox
input=

# --- model folders ------------------------------------------------------------------------------------------------
# folder NAME: a copy of neox in bad/NAME, to be damaged.
folder() { rm -rf "bad/$1" && cp -r neox "bad/$1"; }
# with_model NAME TEXT: run and check refuse bad/NAME alike.
with_model() {
    bad "$2" run s.yaml --set "matrix.model=[bad/$1]"
    wrong "$2" "bad/$1"
}
for kind in nan shape missing unknown two_heads score; do folder $kind; done
"$material" damage bad || exit 1
with_model nan 'tensor model.embed_tokens.weight holds NaN or infinity at element 100'
with_model shape 'model.embed_tokens.weight has shape [24, 426]'
with_model missing 'is missing'
with_model unknown 'tensor model.layers.7.mlp.up_proj.weight is not part of a llama with 2 layers'
with_model two_heads 'the file holds two different tensors'
wrong 'score.weight has shape [2, 24]' bad/score
folder absent && rm bad/absent/model.safetensors
with_model absent 'bad/absent'
folder cut && head -c 5000 neox/model.safetensors >bad/cut/model.safetensors
with_model cut 'bad/cut/model.safetensors'
folder length && printf '\377\377\377\377\377\377\377\177{}' >bad/length/model.safetensors
with_model length 'bad/length/model.safetensors'
folder header && printf '\010\000\000\000\000\000\000\000{"a": 1 ' >bad/header/model.safetensors
with_model header 'bad/header/model.safetensors'
folder shards && rm bad/shards/model.safetensors
echo '{"weight_map": {"a": "model-1.safetensors"}}' >bad/shards/model.safetensors.index.json
with_model shards 'model-1.safetensors'

# edit NAME FILE SED: bad/NAME is neox with FILE changed.
edit() {
    folder "$1"
    sed "$3" "neox/$2" >"bad/$1/$2"
    ! cmp -s "neox/$2" "bad/$1/$2" || fail "$1: nothing was changed"
}
edit type config.json 's/"llama"/"lama"/'
with_model type 'bad/type/config.json: model_type: "lama" is not known'
edit width config.json '/hidden_size/d'
with_model width 'bad/width/config.json: hidden_size is missing'
edit heads config.json 's/"num_key_value_heads": 2/"num_key_value_heads": 3/'
with_model heads 'num_key_value_heads: 3 does not divide num_attention_heads 4'
edit bias config.json 's/"attention_bias": false/"attention_bias": true/'
with_model bias 'attention_bias: true is not supported'
edit layers config.json 's/"num_hidden_layers": 2/"num_hidden_layers": 0/'
with_model layers 'num_hidden_layers: 0 is not between 1 and'
edit comma config.json 's/,$//'
with_model comma 'bad/comma/config.json'

folder untokenized && rm bad/untokenized/tokenizer.json
bad 'bad/untokenized/tokenizer.json' run s.yaml --set 'matrix.model=[bad/untokenized]'
edit model tokenizer.json 's/"BPE"/"Unigram"/'
with_model model 'bad/model/tokenizer.json: model'
edit splitter tokenizer.json 's/"type": *"ByteLevel"/"type": "Whitespace"/'
with_model splitter 'bad/splitter/tokenizer.json'
folder half && head -c 1000 neox/tokenizer.json >bad/half/tokenizer.json
with_model half 'bad/half/tokenizer.json'
edit eos tokenizer_config.json 's/endoftext/endofword/'
with_model eos 'eos_token "<|endofword|>" is not in tokenizer.json'
edit template tokenizer_config.json 's/{/{"chat_template": "{{ messages }}", /'
with_model template 'name its format outright'
run_with 'chat format "alpaca" is not known (known: auto, default' model.format=alpaca

# --- score --------------------------------------------------------------------------------------------------------
bad '--reference MODEL must name the model that it started from' score neox pairs.jsonl
bad 'so it is no explicit reward model' score neox pairs.jsonl --objective ex_rm
bad '--objective dpo: ex_rm or im_rm is expected' score neox pairs.jsonl --objective dpo
bad 'stories: a vocabulary of 512, but ./neox has 428' score neox pairs.jsonl --reference stories
bad 'chat format "alpaca" is not known' score neox pairs.jsonl --reference neox --format alpaca
bad 'none.jsonl' score neox none.jsonl --reference neox

# --- results ------------------------------------------------------------------------------------------------------
"$impex" run s.yaml --set output=kept >out 2>err || fail 'a good run' err
run=$(ls -d kept/s/*ex_rm*.h5) && run=${run%.h5}
mkdir -p bad/results/s
head -c 3000 "$run.h5" >bad/results/s/cut.h5
wrong 'bad/results/s/cut.h5' bad/results/s/cut.h5
wrong 'bad/results: 1 of 1 results' bad/results
{ head -c 4000 "$run.h5"; printf '\001\002\003'; tail -c +4004 "$run.h5"; } >bad/changed.h5
wrong 'bad/changed.h5' bad/changed.h5
echo 'not HDF5' >bad/text.h5
wrong 'bad/text.h5' bad/text.h5
mkdir bad/empty
wrong 'neither a model folder (config.json) nor results (*.h5) are in it' bad/empty
wrong 'bad/none.h5: there is no such file, folder or model' bad/none.h5
wrong 'pairs.txt' pairs.txt
bad 'bad/changed.h5' check --same "$run.h5" bad/changed.h5
bad 'bad/none.h5' check --same "$run.h5" bad/none.h5
bad 'kept/s/none.h5: there is no such result' export kept/s/none new
bad 'bad/changed.h5' export bad/changed new
bad 'neox: already holds a model (config.json)' export "$run" neox
bad 'config.json or weights are not those that the run started from' export "$run" new --model stories
bad 'moved: the run started from this folder, which is not there' export "$run" new --model moved
mv "$run/final.safetensors" final && head -c 900 final >"$run/final.safetensors"
bad "$run/final.safetensors" export "$run" new
rm "$run/final.safetensors"
bad 'the run kept no weights. Remove' export "$run" new

finish 100
