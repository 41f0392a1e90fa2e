#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What impex export writes, transformers loads: every family, causal and classifier.

usage: check_export.py IMPEX SOURCE
An untrained run's folder holds the same bits as the folder it began with and gives the same logits, to the bit; a
trained run's folder holds the bits of its final weights and gives, in double, the rewards that impex score prints, within
1e-5.
Skipped (77) unless torch and transformers can be imported."""
import glob
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification
except ImportError as missing:
    print(f"SKIP: {missing}: this check needs torch and transformers (pip install them for the interpreter that "
          "cmake -DPython3_EXECUTABLE names)")
    sys.exit(77)

FOLDERS = ["llama_tied", "llama_untied", "qwen2", "gpt_neox", "gpt_neox_serial", "gemma2"]
SUITE = """suite: s
task: preference
data:
  train: {path: pairs.jsonl}
  evaluate: {test: {path: pairs.jsonl, category: in_distribution}}
matrix: {model: [%s], seed: [0]}
training: {epochs: 4, pairs_per_step: 4, learning_rate: 1e-3}
checkpoint: {final_weights: true}
"""
SIDES, TOLERANCE = ("chosen", "rejected"), 1e-5


def impex(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def write_pairs(vocabulary):
    draw = random.Random(1)
    def ids(low, high):
        return [draw.randrange(vocabulary) for _ in range(draw.randrange(low, high))]
    pairs = [dict(prompt_input_ids=ids(2, 20), chosen_input_ids=ids(1, 12), rejected_input_ids=ids(1, 12))
             for _ in range(8)]
    with open("pairs.jsonl", "w", encoding="utf-8") as f:
        f.writelines(json.dumps(p) + "\n" for p in pairs)
    return pairs


def rewards(value, pairs):
    return [[value(p["prompt_input_ids"], p[side + "_input_ids"]) for side in SIDES] for p in pairs]


def load(kind, folder, **more):
    model, about = kind.from_pretrained(folder, attn_implementation="eager", output_loading_info=True, **more)
    assert not about["missing_keys"] and not about["unexpected_keys"] and not about["mismatched_keys"], about
    return model.eval()


def logits(model, pairs):
    with torch.no_grad():
        return [model(torch.tensor([p["prompt_input_ids"] + p["chosen_input_ids"]]), use_cache=False).logits
                for p in pairs]


def logp(model, prompt, response):
    with torch.no_grad():
        rows = model(torch.tensor([prompt + response]), use_cache=False).logits[0, len(prompt) - 1:-1]
    return torch.log_softmax(rows.double(), -1).gather(1, torch.tensor(response)[:, None]).sum().item()


def score(model, prompt, response):
    with torch.no_grad():
        hidden = model.base_model(torch.tensor([prompt + response]), use_cache=False).last_hidden_state[0, -1]
        return model.score(hidden).item()


def same_bits(a, b):
    """Tensors of both files; what one lacks must be named in the answer."""
    one, two = load_file(a), load_file(b)
    for name in one.keys() & two.keys():
        assert one[name].dtype == two[name].dtype and torch.equal(one[name].view(torch.int32),
                                                                  two[name].view(torch.int32)), name
    return one.keys() ^ two.keys()


def export(program, out, objective, folder):
    run = glob.glob(f"{out}/s/*-{objective}-*.h5")[0][:-3]
    impex(program, "export", run, folder)
    assert not same_bits(f"{run}/final.safetensors", f"{folder}/model.safetensors")
    return folder


def compare(program, name, theirs, *arguments):
    ours = [json.loads(line) for line in impex(program, "score", *arguments).splitlines()]
    worst = max(abs(o[side] - t[i]) for o, t in zip(ours, theirs, strict=True) for i, side in enumerate(SIDES))
    largest = max(abs(x) for t in theirs for x in t)
    print(f"{name}: rewards up to {largest:.3f} differ by {worst:.1e}")
    assert worst <= TOLERANCE and largest > 100 * worst


def check(program, source):
    with open(f"{source}/config.json", encoding="utf-8") as f:
        pairs = write_pairs(json.load(f)["vocab_size"])
    name = os.path.basename(source)
    with open("s.yaml", "w", encoding="utf-8") as f:
        f.write(SUITE % source)
    impex(program, "run", "s.yaml", "--set", "output=start", "--set", "training.epochs=0")
    impex(program, "run", "s.yaml", "--set", "output=trained")

    start = export(program, "start", "im_rm", "start-causal")
    assert same_bits(f"{source}/model.safetensors", f"{start}/model.safetensors") <= {"lm_head.weight"}
    own, back = (load(AutoModelForCausalLM, f) for f in (source, start))
    assert type(own) is type(back)
    assert all(torch.equal(a, b) for a, b in zip(logits(own, pairs), logits(back, pairs), strict=True))

    causal, own = load(AutoModelForCausalLM, export(program, "trained", "im_rm", "causal")).double(), own.double()
    theirs = rewards(lambda *x: logp(causal, *x) - logp(own, *x), pairs)
    compare(program, f"{name} causal", theirs, "causal", "pairs.jsonl", "--reference", source, "--beta", "1")
    classifier = load(AutoModelForSequenceClassification, export(program, "trained", "ex_rm", "classifier"))
    assert classifier.config.num_labels == 1
    compare(program, f"{name} classifier", rewards(lambda *x: score(classifier, *x), pairs), "classifier",
            "pairs.jsonl")


def main():
    program, source = sys.argv[1:3]
    torch.set_num_threads(1)
    for name in FOLDERS:
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            check(program, f"{source}/tests/golden/{name}")
            os.chdir("/")


if __name__ == "__main__":
    main()
