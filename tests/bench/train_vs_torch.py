#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training speed of impex beside PyTorch done as the paper's authors do it: same pairs, same weights, same head, same cores.

usage: train_vs_torch.py [--impex build/impex] [--peer ../shared/peer] [--python PYTHON] [--threads 2] [--repeats 1] ...

The programs alternate, and so does a measurement of the peak of products (impex probe); medians over the repeats are
compared. What is timed: whole optimizer steps (batch x micro
pairs each), from the first token to the new weights. impex's seconds are those its result keeps for its steps
(train/time, the slowest rank of every step), without start-up, evaluation and writing; PyTorch's are those that
torch_baseline.py prints, without start-up too. PyTorch runs the reference model at every step; impex once: that pass is
shown apart and, for IM-RM, added to a step after division by --epochs. Evaluation is compared too: rewards of the same
pairs, by torch_evaluate.py with the reference run again, by impex with the reference cached. How near impex comes to
the peak is read from its result (/speed), and so is the time from the start of the process to the first step, without
reference pass and evaluations. Losses of every micro-batch before its first
update must agree within 1e-5 relative, else the exit code is 1.

PYTHON needs torch 2.5.1 and transformers 4.51.3; without it (or with --no-torch) only impex is measured. Model folders
are made once by the peer's make_model.py and kept in --work. Standard library only; h5dump reads the results."""
import argparse
import json
import math
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SPEED = "seconds", "flop", "product_seconds", "attention_flop", "attention_seconds", "start"
STEP_PHASES = 6  # data, forward, head, backward, reduce, update
COLUMNS = "prompt_input_ids", "chosen_input_ids", "rejected_input_ids"

SUITE = """suite: bench
task: preference
data:
  train: {{path: {pairs}}}
  evaluate: {{same: {{path: {pairs}, category: in_distribution}}}}
matrix: {{model: [{model}], objective: [{objective}], seed: [0]}}
training: {{epochs: 1, pairs_per_step: {step}, micro_pairs: {batch}, learning_rate: 1e-6, beta: 0.01, shuffle: false}}
parallel: {{lanes: 1, threads: {threads}}}
output: {output}
"""

ADD_HEAD = """
import sys
from safetensors.torch import load_file, save_file
import torch
source, out, head = sys.argv[1:]
w = load_file(source)
w["score.weight"] = torch.tensor([float(x) for x in open(head).read().split()]).reshape(1, -1)
save_file(w, out, metadata={"format": "pt"})
"""

# transformers 4.51 leaves a tied embedding empty that a file holds under the head's name only
NAME_EMBEDDING = """
import sys
from safetensors.torch import load_file, save_file
w = load_file(sys.argv[1])
w["model.embed_tokens.weight"] = w.pop("lm_head.weight")
save_file(w, sys.argv[2], metadata={"format": "pt"})
"""

MAKE_SMALLER = """
import sys
import torch
from transformers import AutoConfig, AutoModelForCausalLM
out, layers = sys.argv[1], int(sys.argv[2])
config = AutoConfig.for_model("llama", vocab_size=50277, max_position_embeddings=4096, tie_word_embeddings=True,
                              rms_norm_eps=1e-5, bos_token_id=0, eos_token_id=0, num_hidden_layers=layers,
                              **dict(zip(("hidden_size", "num_attention_heads", "num_key_value_heads",
                                          "intermediate_size"), map(int, sys.argv[3:]))))
torch.manual_seed(0)
AutoModelForCausalLM.from_config(config).save_pretrained(out)
"""
WIDTHS = {"llama-20m": (384, 6, 2, 1024), "llama-110m": (768, 12, 4, 2048), "llama-1b": (2048, 32, 8, 8192)}


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--impex", default=str(ROOT / "build" / "impex"))
    a.add_argument("--peer", default=str(ROOT.parent / "shared" / "peer"))
    a.add_argument("--python", help="with torch and transformers; default: python3 of PATH")
    a.add_argument("--work", default=str(Path(tempfile.gettempdir()) / "impex-bench"), help="model folders, made once")
    a.add_argument("--size", default="llama-110m", help="of make_model.py; head_768.txt fits llama-110m")
    a.add_argument("--layers", type=int, help="so many layers of that size, for machines that cannot hold all")
    a.add_argument("--model", help="a folder made before, instead of --size; ids beyond its vocabulary are folded into it")
    a.add_argument("--limit", type=int, default=512, help="longest prompt or response, in tokens")
    a.add_argument("--objective", choices=["ex_rm", "im_rm"], action="append", help="default: both")
    a.add_argument("--threads", type=int, default=2, help="of PyTorch, and of all of impex's ranks together")
    a.add_argument("--ranks", type=int, default=1, help="of impex; more than one are started by MPIEXEC (\"mpirun -n\")")
    a.add_argument("--batch", type=int, default=4)
    a.add_argument("--micro", type=int, default=2, help="micro-batches per optimizer step")
    a.add_argument("--steps", type=int, default=1)
    a.add_argument("--repeats", type=int, default=1)
    a.add_argument("--epochs", type=int, default=5, help="over which the reference pass is spread")
    a.add_argument("--pause", type=float, default=5, help="seconds between programs, in which the system takes memory back")
    a.add_argument("--no-torch", action="store_true")
    a.add_argument("--markdown", help="file; default: standard output")
    a.add_argument("--json", help="file")
    o = a.parse_args()
    if o.threads % o.ranks or o.micro % o.ranks:
        a.error("--threads and --micro have to be multiples of --ranks")
    return o


def torch_python(o):
    """The interpreter, or the reason why there is none."""
    python = o.python or shutil.which("python3")
    if not python:
        return None, "no python3 in PATH"
    test = subprocess.run([python, "-c", "import torch, transformers, tokenizers"], capture_output=True, text=True)
    if test.returncode:
        return None, f"{python}: {test.stderr.strip().splitlines()[-1]}"
    return python, None


def make_folders(o, python):
    """(plain folder, folder with the head); impex gets no tokenizer, because the pairs are ids."""
    work = Path(o.work)
    source = Path(o.model) if o.model else work / (f"{o.size}-{o.layers}" if o.layers else o.size)
    if not (source / "config.json").exists():
        if not python:
            sys.exit(f"{source} does not exist, and no python with torch can make it: give --model or --python")
        if o.layers:
            subprocess.run([python, "-c", MAKE_SMALLER, str(source), str(o.layers), *map(str, WIDTHS[o.size])], check=True)
        else:
            subprocess.run([python, str(Path(o.peer) / "make_model.py"), str(source), o.size,
                            str(Path(o.peer).parent / "tokenizers" / "gpt-neox")], check=True)
    if python and '"model.embed_tokens.weight":{' not in header_of(source / "model.safetensors"):
        named = work / f"{source.name}-named"
        named.mkdir(exist_ok=True)
        shutil.copy(source / "config.json", named)
        subprocess.run([python, "-c", NAME_EMBEDDING, str(source / "model.safetensors"),
                        str(named / "model.safetensors")], check=True)
        source = named
    head = head_of(o, source)
    plain, headed = work / f"{source.name}-plain", work / f"{source.name}-head"
    for folder in plain, headed:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / "config.json", folder)
    if not (plain / "model.safetensors").exists():
        os.symlink((source / "model.safetensors").resolve(), plain / "model.safetensors")
    if not (headed / "model.safetensors").exists():
        if not python:
            sys.exit(f"{headed}/model.safetensors: the head cannot be added without torch: give --python")
        subprocess.run([python, "-c", ADD_HEAD, str(source / "model.safetensors"), str(headed / "model.safetensors"),
                        str(head)], check=True)
    return {"torch": source, "im_rm": plain, "ex_rm": headed, "head": head}


def header_of(path):
    with open(path, "rb") as file:
        return file.read(int.from_bytes(file.read(8), "little")).decode()


def head_of(o, source):
    """A file with a number per line, as torch_baseline.py wants it; numbers of our own where the peer's do not fit."""
    width = json.loads((source / "config.json").read_text())["hidden_size"]
    given = (Path(o.peer) / "head_768.txt").read_text().split()
    numbers = given if width == len(given) else [f"{0.02 * math.sin(i + 1):.8f}" for i in range(width)]
    lines = Path(o.work) / f"head_{width}.txt"
    lines.write_text("\n".join(numbers))
    return lines


def write_data(o, folders):
    """The peer's pairs within the limit, with ids that the model has."""
    size = json.loads((folders["torch"] / "config.json").read_text())["vocab_size"]
    kept = []
    for line in open(Path(o.peer) / "ultrafeedback_ids.jsonl", encoding="utf-8"):
        row = json.loads(line)
        if max(len(row[c]) for c in COLUMNS) <= o.limit:
            kept.append({c: [t % size for t in row[c]] for c in COLUMNS})
    folders["data"] = Path(o.work) / "ids.jsonl"
    folders["data"].write_text("".join(json.dumps(row) + "\n" for row in kept))


def choose_pairs(o, folders, path):
    """The first pairs, as torch_baseline.py takes them."""
    want = o.batch * o.micro * o.steps
    kept = [json.loads(line) for line in folders["data"].read_text().splitlines()[:want]]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return [sum(len(row[c]) for c in COLUMNS) for row in kept]


def run_measured(command, env=None):
    """Runs to the end; (stdout, peak memory in GiB)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{err.read()[-2000:]}")
        return out.read(), usage.ru_maxrss / 2**20


def doubles(result, dataset, work):
    raw = Path(work) / "dataset.bin"
    subprocess.run(["h5dump", "-d", dataset, "-b", "LE", "-o", str(raw), str(result)], check=True, capture_output=True)
    data = raw.read_bytes()
    return struct.unpack(f"<{len(data) // 8}d", data)


def micro_losses(o, reward):
    """Of the untrained model, from both rewards of every pair: reward[evaluation][pair][side]."""
    pairs = o.batch * o.micro * o.steps
    loss = [math.log1p(math.exp(-(reward[2 * i] - reward[2 * i + 1]))) for i in range(pairs)]
    return [sum(loss[at:at + o.batch]) / o.batch for at in range(0, o.batch * o.micro, o.batch)]


def launcher(o):
    return [] if o.ranks == 1 else os.environ.get("MPIEXEC", "mpirun -n").split() + [str(o.ranks)]


def run_impex(o, objective, folders):
    with tempfile.TemporaryDirectory(dir=o.work) as work:
        pairs, suite, out = Path(work) / "pairs.jsonl", Path(work) / "suite.yaml", Path(work) / "out"
        tokens = choose_pairs(o, folders, pairs)
        suite.write_text(SUITE.format(pairs=pairs, model=folders[objective], objective=objective, batch=o.batch,
                                      step=o.batch * o.micro, threads=o.threads // o.ranks, output=out))
        env = dict(os.environ, OMP_NUM_THREADS=str(o.threads // o.ranks))
        _, memory = run_measured([*launcher(o), o.impex, "run", str(suite)], env)
        result = next((out / "bench").glob("*.h5"))
        times, evaluations = doubles(result, "/train/time", work), doubles(result, "/eval/same/seconds", work)
        phases = len(times) // (o.steps * o.ranks)
        ranks = [times[at:at + phases] for at in range(0, len(times), phases)]
        slowest = [max(ranks[at:at + o.ranks], key=sum) for at in range(0, len(ranks), o.ranks)]
        spent = sum(map(sum, slowest))
        speed = {name: doubles(result, f"/speed/{name}", work) for name in SPEED}
        saved = doubles(result, "/saved/reference_cache", work)[0] if objective == "im_rm" else 0
        whole = doubles(result, "/reference/seconds", work)[0] if objective == "im_rm" else 0
        return {"seconds": spent, "phases": [sum(x[p] for x in slowest) for p in range(phases)], "speed": speed,
                "start_seconds": sum(speed["start"]),
                "reference_seconds": whole - saved, "pairs": o.batch * o.micro * o.steps, "tokens": sum(tokens),
                "evaluation_seconds": min(evaluations), "peak_gib": o.ranks * memory,
                "losses": micro_losses(o, doubles(result, "/eval/same/reward", work))}


def run_torch(o, objective, folders, python):
    head = ["--head", str(folders["head"])] if objective == "ex_rm" else []
    common = ["--model", str(folders["torch"]), "--data", str(folders["data"]), "--objective", objective, "--batch",
              str(o.batch), "--threads", str(o.threads), "--limit", str(o.limit)]
    out, _ = run_measured([python, str(Path(o.peer) / "torch_baseline.py"), *common, "--micro", str(o.micro), "--steps",
                           str(o.steps), "--warmup", "0", *head])
    answer = json.loads(out.strip().splitlines()[-1])
    out, _ = run_measured([python, str(HERE / "torch_evaluate.py"), *common, "--pairs", str(answer["pairs"])])
    return {"evaluation_seconds": json.loads(out.strip().splitlines()[-1])["seconds"], "seconds": answer["seconds"], "pairs": answer["pairs"], "peak_gib": answer["peak_gib"],
            "losses": answer["losses"][:o.micro], "padded_tokens": answer["padded_tokens"], "tokens": answer["tokens"]}


def run_probe(o, folders):
    env = dict(os.environ, OMP_NUM_THREADS=str(o.threads // o.ranks))
    out, _ = run_measured([*launcher(o), o.impex, "probe", str(folders["torch"]), "--json"], env)
    return {"peak": json.loads(out)["products"]["node_peak_flop_per_s"]}


def measure(o, folders, python):
    runs = []
    for repeat in range(o.repeats):
        time.sleep(o.pause)
        runs.append({"program": "probe", "objective": None, "repeat": repeat, **run_probe(o, folders)})
        for objective in o.objective or ["ex_rm", "im_rm"]:
            for program in ["impex", "torch"] if python else ["impex"]:
                time.sleep(o.pause)
                one = run_impex(o, objective, folders) if program == "impex" else run_torch(o, objective, folders, python)
                runs.append({"program": program, "objective": objective, "repeat": repeat, **one})
                print(f"{program} {objective} {repeat + 1}/{o.repeats}: {one['seconds']:.2f} s, {one['peak_gib']:.2f} GiB",
                      file=sys.stderr)
    return runs


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def of_peak(runs, ours):
    """Shares of the peak and of a step's time, from the run with the shortest step."""
    peak = max(r["peak"] for r in runs if r["program"] == "probe")
    s = min(ours, key=lambda r: r["seconds"])["speed"]
    step = range(STEP_PHASES)

    def of(name, phases=step):
        return sum(s[name][p] for p in phases)
    rates = {name: (of("flop", phases) + of("attention_flop", phases)) / of("seconds", phases) / peak
             for name, phases in {"step": step, "forward": [1], "head": [2], "backward": [3], "evaluation": [6]}.items()
             if of("flop", phases) > 0}
    shares = {"attention": of("attention_seconds") / of("seconds"),
              "rest": 1 - (of("product_seconds") + of("attention_seconds")) / of("seconds")}
    return {"peak_flops": peak, "of_peak": rates | {"products": of("flop") / of("product_seconds") / peak},
            "share_of_step": shares}


def compare(o, runs, objective):
    ours, theirs = ([r for r in runs if r["objective"] == objective and r["program"] == p] for p in ("impex", "torch"))
    step, reference, pairs = median(ours, "seconds"), median(ours, "reference_seconds"), ours[0]["pairs"]
    row = {"objective": objective, "threads": o.threads, "ranks": o.ranks, "impex_pairs_per_second": pairs / step,
           "impex_reference_seconds": reference, "impex_evaluation_pairs_per_second": pairs / median(ours, "evaluation_seconds"),
           "impex_peak_gib": median(ours, "peak_gib"), "impex_losses": ours[0]["losses"],
           "impex_start_seconds": median(ours, "start_seconds")} | of_peak(runs, ours)
    if theirs:
        speed = pairs / median(theirs, "seconds")
        apart = max(abs(a - b) / abs(b) for a, b in zip(ours[0]["losses"], theirs[0]["losses"]))
        theirs_judge = pairs / median(theirs, "evaluation_seconds")
        row |= {"torch_evaluation_pairs_per_second": theirs_judge,
                "evaluation_ratio": row["impex_evaluation_pairs_per_second"] / theirs_judge,
                "torch_pairs_per_second": speed, "ratio": pairs / step / speed,
                "ratio_with_reference": pairs / (step + reference / o.epochs) / speed,
                "torch_peak_gib": median(theirs, "peak_gib"), "torch_losses": theirs[0]["losses"],
                "losses_apart": apart, "losses_agree": apart <= 1e-5}
    return row


def percent(value):
    return "-" if value is None else f"{100 * value:.1f} %"


MORE = [("evaluation, impex pairs/s", lambda r: f"{r['impex_evaluation_pairs_per_second']:.3f}"),
        ("PyTorch", lambda r: f"{r['torch_evaluation_pairs_per_second']:.3f}" if "evaluation_ratio" in r else "-"),
        ("ratio", lambda r: f"{r['evaluation_ratio']:.2f}" if "evaluation_ratio" in r else "-"),
        ("peak of products, GFLOP/s", lambda r: f"{r['peak_flops'] / 1e9:.0f}"),
        *((f"{name} of it", lambda r, name=name: percent(r["of_peak"].get(name)))
          for name in ("products", "forward", "head", "backward", "step", "evaluation")),
        ("attention, of a step's time", lambda r: percent(r["share_of_step"]["attention"])),
        ("all else that is no product", lambda r: percent(r["share_of_step"]["rest"])),
        ("start to first step, s", lambda r: f"{r['impex_start_seconds']:.2f}")]


def markdown(o, rows, reason):
    def cell(row, key, form):
        return format(row[key], form) if key in row else "-"
    name = Path(o.model).name if o.model else f"{o.size}, {o.layers} layers" if o.layers else o.size
    lines = [f"{name}, batch {o.batch} x {o.micro}, {o.steps} step(s) of {o.batch * o.micro} pairs, "
             f"{o.ranks} rank(s) of {o.threads // o.ranks} thread(s) beside {o.threads} of PyTorch, medians of {o.repeats} alternating repeat(s), {cpu()}", "",
             "| | impex pairs/s | PyTorch pairs/s | ratio | ratio with 1/%d of the reference pass | reference pass, s | "
             "impex GiB | PyTorch GiB | first losses impex | first losses PyTorch | largest relative difference |" % o.epochs,
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for r in rows:
        losses = [", ".join(f"{x:.7f}" for x in r.get(f"{p}_losses", [])) or "-" for p in ("impex", "torch")]
        lines.append(" | ".join(["| " + r["objective"], cell(r, "impex_pairs_per_second", ".3f"),
                                 cell(r, "torch_pairs_per_second", ".3f"), cell(r, "ratio", ".2f"),
                                 cell(r, "ratio_with_reference", ".2f"), cell(r, "impex_reference_seconds", ".2f"),
                                 cell(r, "impex_peak_gib", ".2f"), cell(r, "torch_peak_gib", ".2f"), *losses,
                                 cell(r, "losses_apart", ".1e")]) + " |")
    lines += ["", "| | " + " | ".join(name for name, _ in MORE) + " |", "|---" * (len(MORE) + 1) + "|"]
    for r in rows:
        lines.append("| " + " | ".join([r["objective"], *(show(r) for _, show in MORE)]) + " |")
    if reason:
        lines += ["", f"PyTorch was not measured: {reason}"]
    return "\n".join(lines) + "\n"


def cpu():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return f"{line.split(':')[1].strip()}, {os.cpu_count()} cores"
    return f"{os.cpu_count()} cores"


def main():
    o = options()
    if not Path(o.peer, "torch_baseline.py").exists():
        print(f"SKIP: {o.peer}/torch_baseline.py is not there")
        sys.exit(77)
    Path(o.work).mkdir(parents=True, exist_ok=True)
    python, reason = torch_python(o)
    folders = make_folders(o, python)
    write_data(o, folders)
    if o.no_torch:
        python, reason = None, "--no-torch"
    runs = measure(o, folders, python)
    rows = [compare(o, runs, objective) for objective in o.objective or ["ex_rm", "im_rm"]]
    text = markdown(o, rows, reason)
    Path(o.markdown).write_text(text) if o.markdown else print(text, end="")
    if o.json:
        Path(o.json).write_text(json.dumps({"machine": cpu(), "options": vars(o), "summary": rows, "runs": runs}, indent=1))
    sys.exit(0 if all(r.get("losses_agree", True) for r in rows) else 1)


if __name__ == "__main__":
    main()
