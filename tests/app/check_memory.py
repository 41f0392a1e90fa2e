#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What impex plan says of memory is what a run takes, within 5 % or 20 MiB.

usage: check_memory.py IMPEX SIZE LAUNCHER...
SIZE middle: 110 million parameters, both objectives, 1 and 8 lanes, one rank and two that share the pairs or the
layers; activations computed twice, by all blocks and by as many as a limit demands; weights that are only read held as
floats and as bf16. SIZE large: the shape of Llama-3.2-1B with its vocabulary, one IM-RM step of 2 pairs in at most 22
GiB, and judging only in both storages; skipped (77) where less is free. The folders hold weights of our own, two pairs
of token ids as long as UltraFeedback's, and no tokenizer."""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

SIZES = {  # width, layers, heads, key/value heads, feed-forward, vocabulary
    "middle": (768, 12, 12, 4, 2048, 50277),
    "large": (2048, 16, 32, 8, 8192, 128256),
}
SUITE = """suite: memory
task: preference
data:
  train: {path: pairs.jsonl}
  evaluate: {test: {path: pairs.jsonl, category: in_distribution}}
matrix: {model: [model], seed: [0]}
training: {epochs: 1, pairs_per_step: 2, learning_rate: 1e-6}
"""
MOST, SKIP, GIB, PIECE = 22 << 30, 77, 1 << 30, 1 << 20
PROGRAM = 20 << 20  # what program and libraries take is known to within


def shapes(width, layers, heads, kv, ffn, vocabulary):
    """Names and shapes of a Llama with a tied head."""
    head = width // heads
    out = {"model.embed_tokens.weight": [vocabulary, width], "model.norm.weight": [width]}
    for i in range(layers):
        at = f"model.layers.{i}."
        out.update({at + "self_attn.q_proj.weight": [width, width], at + "self_attn.k_proj.weight": [kv * head, width],
                    at + "self_attn.v_proj.weight": [kv * head, width], at + "self_attn.o_proj.weight": [width, width],
                    at + "mlp.gate_proj.weight": [ffn, width], at + "mlp.up_proj.weight": [ffn, width],
                    at + "mlp.down_proj.weight": [width, ffn], at + "input_layernorm.weight": [width],
                    at + "post_attention_layernorm.weight": [width]})
    return out


def pattern():
    """PIECE small numbers of both signs."""
    x, piece = 12345, []
    for _ in range(PIECE):
        x = (1103515245 * x + 12345) % 2**31
        piece.append((x / 2**31 - 0.5) * 0.07)
    return struct.pack(f"<{PIECE}f", *piece)


def numbers(count, piece):
    while count > 0:
        yield piece[:4 * min(count, PIECE)]
        count -= PIECE


def write_model(folder, size):
    width, layers, heads, kv, ffn, vocabulary = SIZES[size]
    os.makedirs(folder)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": width,
              "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv,
              "intermediate_size": ffn, "vocab_size": vocabulary, "max_position_embeddings": 4096,
              "tie_word_embeddings": True, "rms_norm_eps": 1e-5, "bos_token_id": 0, "eos_token_id": 0}
    with open(f"{folder}/config.json", "w", encoding="utf-8") as f:
        json.dump(config, f)
    header, at = {}, 0
    for name, shape in shapes(*SIZES[size]).items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + 4 * count]}
        at += 4 * count
    text, matrix, vector = json.dumps(header).encode(), pattern(), struct.pack("<f", 1) * PIECE
    with open(f"{folder}/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for tensor in header.values():
            count = (tensor["data_offsets"][1] - tensor["data_offsets"][0]) // 4
            f.writelines(numbers(count, vector if len(tensor["shape"]) == 1 else matrix))


def write_pairs(path):
    ids = lambda n, step: [(step * i) % 50000 for i in range(1, n + 1)]
    with open(path, "w", encoding="utf-8") as f:
        for prompt, chosen, rejected in ((414, 319, 216), (128, 355, 139)):
            f.write(json.dumps({"prompt_input_ids": ids(prompt, 7), "chosen_input_ids": ids(chosen, 11),
                                "rejected_input_ids": ids(rejected, 13)}) + "\n")


def planned(program, ranks, options):
    """What plan calls the most of one rank, in bytes."""
    text = subprocess.run([program, "plan", "s.yaml", "--ranks", str(ranks), *options], capture_output=True, text=True,
                          check=True).stdout
    amount, unit = re.search(r"([0-9.]+) (MiB|GiB) for the ranks of one node", text).groups()
    return float(amount) * {"MiB": 1 << 20, "GiB": 1 << 30}[unit] / ranks


def measured(program, launcher, ranks, options):
    """The largest resident size of any rank."""
    status = "peak.$OMPI_COMM_WORLD_RANK" if ranks > 1 else "peak.0"
    watch = ("import os, resource, subprocess, sys; code = subprocess.call(sys.argv[2:]); "
             "open(os.path.expandvars(sys.argv[1]), 'w').write("
             "str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10)); sys.exit(code)")
    launcher = [*launcher, str(ranks)] if ranks > 1 else []
    begin = time.monotonic()
    subprocess.run([*launcher, sys.executable, "-c", watch, status, program, "run", "s.yaml", *options], check=True,
                   capture_output=True)
    print(f"  {time.monotonic() - begin:.0f} s", flush=True)
    return max(int(open(f"peak.{r}", encoding="utf-8").read()) for r in range(ranks))


def check(program, launcher, ranks, objective, lanes, tensor=1, more=()):
    values = [f"matrix.objective=[{objective}]", f"parallel.lanes={lanes}", f"parallel.tensor={tensor}", *more]
    values.append("output=out-" + "-".join([str(ranks), *values]).translate(str.maketrans("[]/: ", "-----")))
    options = [word for value in values for word in ("--set", value)]
    plan, real = planned(program, ranks, options), measured(program, launcher, ranks, options)
    print(f"{objective}, {ranks} ranks, {tensor} of them share layers, {lanes} lanes{''.join(', ' + m for m in more)}: "
          f"planned {plan / GIB:.3f} GiB, taken {real / GIB:.3f} GiB ({100 * (plan / real - 1):+.1f} %)", flush=True)
    assert abs(plan - real) <= max(0.05 * real, PROGRAM)
    return real


JUDGE, FREEZE, BF16 = "training.epochs=0", "training.freeze=backbone", "model.storage=bf16"


def less_memory(program, launcher, kept):
    """What computing twice and bf16 save. kept: what IM-RM takes that keeps all, on one rank."""
    twice = check(program, launcher, 1, "im_rm", 1, more=["parallel.recompute=always"])
    assert twice < kept
    limit = (kept + twice) / 2  # then some blocks are computed twice, and it fits
    assert check(program, launcher, 1, "im_rm", 1, more=[f"parallel.memory_per_rank={limit / GIB:.3f}GiB"]) < 1.01 * limit
    check(program, launcher, 2, "im_rm", 1, tensor=2, more=["parallel.recompute=always"])
    for objective in ("im_rm", "ex_rm"):
        for how in ([JUDGE], [FREEZE]):
            floats = check(program, launcher, 1, objective, 1, more=how)
            assert check(program, launcher, 1, objective, 1, more=[*how, BF16]) < floats
    check(program, launcher, 2, "im_rm", 1, tensor=2, more=[JUDGE, BF16])


def available():
    with open("/proc/meminfo", encoding="utf-8") as f:
        return int(re.search(r"MemAvailable: +(\d+)", f.read()).group(1)) << 10


def main():
    program, size, *launcher = sys.argv[1:]
    if size == "large" and available() < MOST:
        print(f"SKIP: {available() / GIB:.1f} GiB of memory are free, 22 are needed")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        write_model("model", size)
        write_pairs("pairs.jsonl")
        with open("s.yaml", "w", encoding="utf-8") as f:
            f.write(SUITE)
        if size == "large":
            assert check(program, launcher, 1, "im_rm", 1) <= MOST
            for how in ([JUDGE], [JUDGE, BF16]):
                check(program, launcher, 1, "im_rm", 1, more=how)
            return
        kept = check(program, launcher, 1, "im_rm", 1)
        for ranks, objective, lanes in ((1, "ex_rm", 1), (1, "im_rm", 8), (2, "im_rm", 2)):
            check(program, launcher, ranks, objective, lanes)
        for objective in ("im_rm", "ex_rm"):
            check(program, launcher, 2, objective, 1, tensor=2)
        less_memory(program, launcher, kept)


if __name__ == "__main__":
    main()
