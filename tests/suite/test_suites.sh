#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The suites that the project ships: each is read, its runs are prepared, and it says what it needs.
. "$3/tests/suite/lib.sh"

good 'those of the embedded world' "$impex" check "$source"/suites/quickstart.yaml "$source"/suites/miniworld.yaml \
    "$source"/suites/miniworld_pretrain.yaml "$source"/suites/ablations.yaml
says 'quickstart.yaml: 12 runs'
says 'miniworld.yaml: 76 runs'
says 'miniworld_pretrain.yaml: 2 runs'
says 'ablations.yaml: 75 runs'
good 'tiny.yaml' "$impex" check "$tiny"
says 'tiny.yaml: 4 runs'

# persona.yaml needs a model that everybody fetches for himself; it says which, and from where.
mkdir models
ends 2 'persona.yaml without its model' env IMPEX_MODELS=models "$impex" plan "$source/suites/persona.yaml"
warns 'no folder with config.json'
warns 'huggingface.co/meta-llama/Llama-3.2-1B-Instruct'

# So do those of the paper's figures 2 and 5, and they read well.
for suite in ultrafeedback rewardmath baselines; do
    ends 2 "$suite.yaml without its models" env IMPEX_MODELS=models "$impex" plan "$source/suites/$suite.yaml"
    warns 'no folder with config.json'
    good "$suite.yaml in full" "$impex" plan "$source/suites/$suite.yaml" --yaml-only
done

# The line of its comment, with a tiny model where there is one.
stories=${IMPEX_SHARED:-$source/../shared}/models
if [ -d "$stories/TinyStories-656K" ]; then
    good 'persona.yaml with a tiny model' env IMPEX_MODELS="$stories" "$impex" plan "$source/suites/persona.yaml" \
        --set 'matrix.model=[tinystories-656k]' --set 'matrix.objective=[ex_rm, im_rm]' --set training.learning_rate=3e-4
    says 'persona: 6 runs'
    says 'epochs: 50'
    says 'micro_pairs: 8'
    says 'every: 15'
    says 'learning_rate: 0.0003'
    good 'rewardmath.yaml with a tiny model' env IMPEX_MODELS="$stories" IMPEX_DATA="$stories/../data" "$impex" plan \
        "$source/suites/rewardmath.yaml" --set 'matrix.model=[tinystories-656k]' --set data.max_tokens.sequence=512
    says 'rewardmath: 6 runs'
    says '1,000'
else
    echo 'SKIP: TinyStories-656K is not here: persona.yaml is read, but none of its runs prepared'
fi
finish 3
