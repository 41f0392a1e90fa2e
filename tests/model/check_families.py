#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""impex score reads folders that transformers wrote, of every family, and computes what transformers does with its
parameters in float64.

usage: check_families.py IMPEX
Random models with prompts of hundreds of tokens, several times gemma2's sliding window; in shards, and one of them in
bfloat16; classifiers and language models with their reference. Skipped (77) unless torch and transformers can be
imported."""
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    import torch
    from transformers import (AutoModelForCausalLM, AutoModelForSequenceClassification, Gemma2Config, GPTNeoXConfig,
                              LlamaConfig, Qwen2Config)
except ImportError as missing:
    print(f"SKIP: {missing}: this check needs torch and transformers (pip install them for the interpreter that "
          "cmake -DPython3_EXECUTABLE names)")
    sys.exit(77)

SIZES = dict(vocab_size=3000, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, pad_token_id=0)
MODELS = {
    "llama": LlamaConfig(**SIZES, intermediate_size=700, num_key_value_heads=2, initializer_range=0.06,
                         rope_theta=5e5, rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
                                                           high_freq_factor=4.0, original_max_position_embeddings=64)),
    "qwen2": Qwen2Config(**SIZES, intermediate_size=700, num_key_value_heads=2, rope_theta=1e6, initializer_range=0.06),
    "qwen2_tied": Qwen2Config(**SIZES, intermediate_size=300, num_key_value_heads=1, tie_word_embeddings=True,
                              initializer_range=0.06),
    "gpt_neox": GPTNeoXConfig(**SIZES, intermediate_size=1024, initializer_range=0.06),
    "gpt_neox_serial": GPTNeoXConfig(**SIZES, intermediate_size=1024, initializer_range=0.06, rotary_pct=0.5,
                                     use_parallel_residual=False),
    "gemma2": Gemma2Config(**SIZES, intermediate_size=700, num_key_value_heads=2, head_dim=128, sliding_window=64,
                           query_pre_attn_scalar=100, attn_logit_softcapping=5.0, final_logit_softcapping=8.0,
                           initializer_range=0.08),
}
BETA, SIDES = 0.01, ("chosen", "rejected")


def make_pairs():
    draw = random.Random(3)
    def ids(low, high):
        return [draw.randrange(3000) for _ in range(draw.randrange(low, high))]
    return [dict(prompt_input_ids=ids(100, 300), chosen_input_ids=ids(1, 200), rejected_input_ids=ids(20, 200))
            for _ in range(4)]


def write(kind, config, folder, dtype):
    """A model whose biases and norms are not those of a fresh one, as the folder holds it."""
    model = kind.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() == 1:
                p.add_(0.2 * torch.randn_like(p))
    model.to(dtype).save_pretrained(folder, max_shard_size="1MB")
    return kind.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval().double()


def logp(model, prompt, response):
    with torch.no_grad():
        logits = model(torch.tensor([prompt + response]), use_cache=False).logits[0].double()
    rows = torch.log_softmax(logits[len(prompt) - 1:-1], -1)
    return rows.gather(1, torch.tensor(response)[:, None]).sum().item()


def score(model, prompt, response):
    with torch.no_grad():
        hidden = model.base_model(torch.tensor([prompt + response]), use_cache=False).last_hidden_state[0, -1]
        return model.score(hidden).item()


def rewards(value, pairs):
    return [[value(p["prompt_input_ids"], p[side + "_input_ids"]) for side in SIDES] for p in pairs]


def compare(program, name, theirs, tolerance, *arguments):
    done = subprocess.run([program, "score", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    worst = max(abs(o[side] - t[i]) for o, t in zip(ours, theirs, strict=True) for i, side in enumerate(SIDES))
    largest = max(abs(x) for t in theirs for x in t)
    print(f"{name}: rewards up to {largest:.3f} differ by {worst:.1e}")
    assert worst <= tolerance and largest > 100 * worst


def check(program, name, config, pairs):
    dtype = torch.bfloat16 if name == "llama" else torch.float32
    config.num_labels = 1
    classifier = write(AutoModelForSequenceClassification, config, f"{name}_ex", dtype)
    compare(program, f"{name} ex_rm", rewards(lambda *x: score(classifier, *x), pairs), 2e-5, f"{name}_ex",
            "pairs.jsonl")
    theta = write(AutoModelForCausalLM, config, name, dtype)
    reference = write(AutoModelForCausalLM, config, f"{name}_ref", dtype)
    theirs = rewards(lambda *x: BETA * (logp(theta, *x) - logp(reference, *x)), pairs)
    # 5e-4: log-probabilities, as in the tests' reference cases
    compare(program, f"{name} im_rm", theirs, 5e-4 * BETA, name, "pairs.jsonl", "--reference", f"{name}_ref", "--beta",
            str(BETA))


def main():
    program = os.path.abspath(sys.argv[1])
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        pairs = make_pairs()
        with open("pairs.jsonl", "w", encoding="utf-8") as f:
            f.writelines(json.dumps(p) + "\n" for p in pairs)
        for name, config in MODELS.items():
            check(program, name, config, pairs)


if __name__ == "__main__":
    main()
