#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every command by itself: help, and good use of those that need no finished run.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"

# --- help -----------------------------------------------------------------------------------------------------------
good 'help' "$impex" --help
for command in run plan slurm check export score tokenize data schema probe draw; do
    grep -q "^  impex $command " out || fail "help: lacks $command" out
done
for command in run plan slurm check export score tokenize data schema probe draw; do
    good "$command --help" "$impex" "$command" --help
    says "impex $command"
    [ ! -s err ] || fail "$command --help: something on standard error" err
done
good 'help on 3 ranks' $launcher 3 "$impex" run --help
[ "$(grep -c '^usage' out)" -eq 1 ] || fail 'help on 3 ranks: not once' out
good 'version' "$impex" --version
says 'impex 0.'
for arguments in '' 'runn'; do
    "$impex" $arguments >out 2>err
    [ $? -eq 2 ] && grep -q '^  impex run ' err && [ ! -s out ] || fail "impex $arguments: no exit code 2 with a list" err
done
grep -q 'there is no command runn' err || fail 'impex runn: is not named' err

# --- schema ---------------------------------------------------------------------------------------------------------
good 'schema' "$impex" schema
cmp -s out "$source/yaml/schema/suite.json" || fail 'yaml/schema/suite.json is not what impex schema prints'
good 'schema --models' "$impex" schema --models
cmp -s out "$source/yaml/schema/model.json" || fail 'yaml/schema/model.json is not what impex schema --models prints'
good 'schema --options' "$impex" schema --options
sed -n '/^| key | values/,/^$/p' "$source/docs/suites.md" | grep '^|' >table
cmp -s out table || fail 'the table of keys in docs/suites.md is not what impex schema --options prints'

# --- the suites of the documentation ----------------------------------------------------------------------------------
mkdir suites && ln -s "$source/yaml" yaml
awk '/^```yaml/ { n++; on = 1; next } /^```/ { on = 0 } on { print > ("suites/" n ".yaml") }' "$source/docs/suites.md"
for suite in $(grep -l '^suite:' suites/*.yaml); do
    good "docs/suites.md, example $suite" "$impex" plan "$suite" --yaml-only
done
rm yaml

# --- tokenize -------------------------------------------------------------------------------------------------------
for name in neox stories words; do
    texts=$source/tests/golden/text/$name/texts.jsonl
    sed 's/.*"ids"://; s/}$//' "$texts" >wanted
    "$impex" tokenize "$source/tests/golden/text/$name" <"$texts" >out 2>err || fail "tokenize $name" err
    sed 's/^{"ids"://; s/,"pieces".*//' out | cmp -s - wanted || fail "tokenize $name: other ids"
    cases=$((cases + 1))
done
printf '{"text": "the <end>", "row": 3}\n' >texts.jsonl
"$impex" tokenize miniworld <texts.jsonl >out 2>err || fail 'tokenize miniworld' err
grep -qF '"pieces":["the","<end>"]' out || fail 'tokenize miniworld: other pieces' out
: >texts.jsonl
"$impex" tokenize neox <texts.jsonl >out || fail 'tokenize nothing'
[ ! -s out ] || fail 'tokenize nothing: something came' out

# --- draw -----------------------------------------------------------------------------------------------------------
for draw in a:0 b:1 c:0; do
    good "draw $draw" "$impex" draw "$source/data/shapes/neox-3m" "drawn.${draw%:*}" --seed "${draw#*:}" \
        --tokenizer "$source/tests/golden/text/neox"
    says "drawn.${draw%:*}: GPTNeoXForCausalLM, 3,244,928 parameters, drawn with seed ${draw#*:}; with a tokenizer"
done
good 'draw a shape without tokenizer' "$impex" draw llama-5m drawn.d
says 'no tokenizer'
good 'check of a drawn folder' "$impex" check drawn.a
says 'ok: drawn.a: gpt_neox, 3,244,928 parameters, 2 layers of width 32, vocabulary 50304'
cmp -s drawn.a/model.safetensors drawn.c/model.safetensors || fail 'draw: the same seed gives other weights'
cmp -s drawn.a/model.safetensors drawn.b/model.safetensors && fail 'draw: another seed gives the same weights'

# --- data -----------------------------------------------------------------------------------------------------------
good 'data' "$impex" data
says 'rewardbench_code   filtered.jsonl'
statements=$source/data/persona/agreeableness.jsonl
good 'data persona' "$impex" data persona "$statements" --out sets
says 'train  drawn     80       80'
[ "$(wc -l <sets/persona_train.jsonl)" -eq 80 ] || fail 'data persona: not 80 training pairs' sets/persona_train.jsonl
grep -q '"as_the_authors": true' sets/persona.json || fail 'data persona: not as the authors' sets/persona.json
good 'check what data wrote' "$impex" check sets/persona_train.jsonl sets/persona_test.jsonl
says 'ok: sets/persona_test.jsonl: 40 pairs of texts, 0 of them repeated, 0 with equal answers; responses, chosen and rejected: 0 and 0 empty, '
cat sets/persona_test.jsonl sets/persona_train.jsonl >sets/both.jsonl
good 'check files that overlap' "$impex" check sets/persona_train.jsonl sets/both.jsonl
says 'note: sets/both.jsonl: of 120 pairs, sets/persona_train.jsonl has 80 prompts, 80 with the same chosen response'

# --- check ----------------------------------------------------------------------------------------------------------
cat >chat.jsonl <<'JSON'
{"prompt": "a", "chosen": "b", "rejected": "b"}
{"prompt": [{"role": "user", "content": "a"}], "chosen": "b", "rejected": "b"}
{"prompt": "a", "chosen": "b", "rejected": ""}
JSON
printf '{"prompt_input_ids": [1, 2], "chosen_input_ids": [3], "rejected_input_ids": [3]}\n' >ids.jsonl
good 'check' "$impex" check s.yaml "$source/suites/quickstart.yaml" neox stories miniworld pairs.jsonl chat.jsonl ids.jsonl \
    neox/model.safetensors "$source/data/persona/agreeableness.jsonl"
says 'ok: s.yaml: 2 runs'
says 'ok: neox: llama, 19,560 parameters, 2 layers of width 24, vocabulary 426; 426 tokens, chat format default (adds 2 tokens, 2 rows)'
says 'ok: stories: llama,'
says 'chat format default (adds 3 tokens, drops 9 padded rows)'
says 'chat format miniworld'
says 'ok: pairs.jsonl: 12 pairs of texts, 0 of them repeated, 0 with equal answers'
says 'ok: chat.jsonl: 3 pairs of texts, 1 of them repeated, 2 with equal answers'
says 'ok: ids.jsonl: 1 pair of token ids, 0 of them repeated, 1 with equal answers'
says 'numbers, all finite'
says 'ok: '"$source"'/data/persona/agreeableness.jsonl: persona statements'
good 'check of the machine' "$impex" check
says 'MPI'
says 'BLIS'
good 'check of the machine on 3 ranks' $launcher 3 "$impex" check
[ "$(grep -c '^impex' out)" -eq 1 ] || fail 'check of the machine on 3 ranks: not once' out
OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4 "$impex" check >out 2>err
[ $? -eq 2 ] && grep -q 'started 4 processes, but each is alone' err || fail 'foreign launcher: not named' err

# --- probe ----------------------------------------------------------------------------------------------------------
good 'probe on 2 ranks' $launcher 2 "$impex" probe miniworld --folder probed --save machine.json
says 'messages within a node'
says 'ordered sum'
says 'files in probed'
[ -z "$(ls probed)" ] || fail 'probe: left files' out
good 'probe as JSON' "$impex" probe miniworld --json
grep -q '"node_peak_flop_per_s"' out && grep -q '"k": 176' out || fail 'probe --json: figures are missing' out
good 'plan with a probe' "$impex" plan s.yaml --ranks 2 --probe machine.json --memory-per-node 3GiB
says 'rates of machine.json'
says 'it has 3.00 GiB'
grep -q '?' out && fail 'plan with a probe: something is not known' out
good 'plan of tensor ranks' "$impex" plan s.yaml --ranks 4 --set parallel.tensor=auto --memory-per-node 1MiB
says 'no sharing makes it fit'
for wrong in '--memory-per-node 3' '--memory-per-node 0GiB' '--memory-per-node xGiB' '--probe s.yaml' '--probe none.json'; do
    "$impex" plan s.yaml $wrong >out 2>err
    [ $? -eq 2 ] && [ -s err ] && [ ! -s out ] || fail "plan $wrong: not refused" err
done

# --- plan -----------------------------------------------------------------------------------------------------------
good 'plan' "$impex" plan s.yaml --ranks 6 --set 'matrix.seed=[0, 1, 2]' --set matrix.learning_rate='[1e-3, 1e-4]'
says 's: 12 runs, 0 finished'
says '6 ranks: 2 runs at a time, each on 3 data ranks'
says 'learning_rate=0.0001'
says 'of it for lanes'
[ "$(grep -c ' to do$' out)" -eq 12 ] || fail 'plan: not 12 runs to do' out
[ ! -e results ] || fail 'plan: wrote results'
good 'plan without a suite of pairs' "$impex" plan "$source/suites/miniworld_pretrain.yaml" --set pretrain.tokens=20000
says 'next_token'
good 'plan --yaml-only' "$impex" plan s.yaml --yaml-only --set training.epochs=7
says '  epochs: 7'
mv out echo.yaml
# memory LINES: what the plan in the file out says of memory.
memory() { sed -n '/^memory of one rank/,/^$/p' out; }
good 'plan' "$impex" plan s.yaml && memory >with_weights
mkdir config_only && cp neox/*.json config_only
good 'plan without weights' "$impex" plan s.yaml --set 'matrix.model=[config_only]'
says "the model's weights are not there"
memory | sed 's/config_only/neox       /' | tr -s ' ' >without_weights
tr -s ' ' <with_weights | cmp -s - without_weights || fail 'plan without weights: other memory' with_weights without_weights
good 'plan of a plan' "$impex" plan echo.yaml
grep -o 'neox-[a-z_]*rm-s0-[0-9a-f]*' out | sort >again
sed -n '/^---$/,$p' out | sed 1d | cmp -s - echo.yaml || fail 'plan of a plan: another suite' out
good 'plan with the same settings' "$impex" plan s.yaml --set training.epochs=7
grep -o 'neox-[a-z_]*rm-s0-[0-9a-f]*' out | sort | cmp -s - again || fail 'plan of a plan: other runs' out again
cp -r neox other && sed 's/.*eos_token_id.*/  "eos_token_id": [0, 1],/' neox/config.json >other/config.json
good 'plan with a reference' "$impex" plan s.yaml --set training.epochs=7 --set training.reference=other
grep -o 'neox-[a-z_]*rm-s0-[0-9a-f]*' out | sort >reference
[ "$(comm -12 again reference | grep -c ex_rm)" -eq 1 ] || fail 'a reference changes the name of an ex_rm run' reference
[ "$(comm -12 again reference | grep -c im_rm)" -eq 0 ] || fail 'another reference, but the same im_rm run' reference

finish 33
