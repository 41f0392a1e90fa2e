#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A training step on several data ranks beside the same step on one, of impex and of PyTorch's DistributedDataParallel.

usage: ranks_vs_one.py [--ranks 2] [--impex build/impex] [--peer ../shared/peer] [--python PYTHON] [--repeats 3] ...

One thread per rank, the same pairs in a step whatever the ranks, lanes: 1. Runs alternate: one rank, several ranks, and
for PyTorch the same; the ratio of each repeat is formed from neighbours in time, and the median of the ratios is printed.
What is timed is what train_vs_torch.py times. MPIEXEC ("mpirun -n") is followed by the number of ranks."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import train_vs_torch as one


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--impex", default=str(one.ROOT / "build" / "impex"))
    a.add_argument("--peer", default=str(one.ROOT.parent / "shared" / "peer"))
    a.add_argument("--python", help="with torch and transformers; default: python3 of PATH")
    a.add_argument("--work", default=str(Path(tempfile.gettempdir()) / "impex-bench"), help="model folders, made once")
    a.add_argument("--size", default="llama-110m", help="of make_model.py; head_768.txt fits llama-110m")
    a.add_argument("--model", help="a folder made before, instead of --size")
    a.add_argument("--objective", choices=["ex_rm", "im_rm"], action="append", help="default: both")
    a.add_argument("--ranks", type=int, default=2)
    a.add_argument("--batch", type=int, default=4)
    a.add_argument("--micro", type=int, default=4, help="micro-batches per optimizer step, over all ranks")
    a.add_argument("--steps", type=int, default=1)
    a.add_argument("--repeats", type=int, default=3)
    a.add_argument("--no-torch", action="store_true")
    a.add_argument("--json", help="file")
    o = a.parse_args()
    if o.micro % o.ranks:
        a.error("--micro has to be a multiple of --ranks")
    o.threads, o.layers, o.limit = 1, None, 512
    return o


def impex_seconds(o, objective, folders, ranks):
    with tempfile.TemporaryDirectory(dir=o.work) as work:
        pairs, suite, out = Path(work) / "pairs.jsonl", Path(work) / "suite.yaml", Path(work) / "out"
        one.choose_pairs(o, folders, pairs)
        suite.write_text(one.SUITE.format(pairs=pairs, model=folders[objective], objective=objective, batch=o.batch,
                                          step=o.batch * o.micro, threads=1, output=out))
        start = os.environ.get("MPIEXEC", "mpirun -n").split() + [str(ranks)]
        one.run_measured(start + [o.impex, "run", str(suite)], dict(os.environ, OMP_NUM_THREADS="1"))
        result = next((out / "bench").glob("*.h5"))
        time = one.doubles(result, "/train/time", work)
        phases = [time[9 * rank:9 * rank + 9] for rank in range(ranks)]
        for rank, p in enumerate(phases):
            print(f"impex {objective}, rank {rank} of {ranks}: " + " ".join(f"{x:.3f}" for x in p), file=sys.stderr)
        return max(map(sum, phases))


def torch_seconds(o, objective, folders, ranks, python):
    with tempfile.TemporaryDirectory(dir=o.work) as work, socket.socket() as free:
        pairs = Path(work) / "pairs.jsonl"
        one.choose_pairs(o, folders, pairs)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [python, str(one.HERE / "torch_ddp.py"), "--model", str(folders["torch"]), "--pairs",
                   str(pairs), "--objective", objective, "--threads", "1"]
        command += [x for name in ("batch", "micro", "steps") for x in ("--" + name, str(getattr(o, name)))]
        env = dict(os.environ, WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
        children = [subprocess.Popen(command, env=dict(env, RANK=str(rank)), stdout=subprocess.PIPE, text=True)
                    for rank in range(ranks)]
        answers = [child.communicate()[0] for child in children]
        if any(child.returncode for child in children):
            sys.exit("torch_ddp.py failed")
        seconds = json.loads(answers[0].strip().splitlines()[-1])["seconds"]
        print(f"torch {objective}, {ranks} rank(s): {seconds:.3f}", file=sys.stderr)
        return seconds


def main():
    o = options()
    Path(o.work).mkdir(parents=True, exist_ok=True)
    python, reason = one.torch_python(o)
    folders = one.make_folders(o, python)
    one.write_data(o, folders)
    programs = {"impex": lambda *a: impex_seconds(o, *a)}
    if python and not o.no_torch:
        programs["torch"] = lambda *a: torch_seconds(o, *a, python)
    rows = []
    for objective in o.objective or ["ex_rm", "im_rm"]:
        for program, seconds in programs.items():
            runs = [(seconds(objective, folders, 1), seconds(objective, folders, o.ranks)) for _ in range(o.repeats)]
            ratio = [a / b for a, b in runs]
            rows.append({"objective": objective, "program": program, "seconds": runs, "ratio": statistics.median(ratio),
                         "ratios": ratio})
    print(f"{o.size}, {o.batch * o.micro} pairs a step, 1 thread a rank, {one.cpu()}\n")
    print(f"| | | 1 rank, s | {o.ranks} ranks, s | ratio, median of {o.repeats} | smallest | largest |\n|---|---|---|---|---|---|---|")
    for r in rows:
        alone, many = (statistics.median(x[i] for x in r["seconds"]) for i in (0, 1))
        print(f"| {r['program']} | {r['objective']} | {alone:.2f} | {many:.2f} | {r['ratio']:.3f} | "
              f"{min(r['ratios']):.3f} | {max(r['ratios']):.3f} |")
    if "torch" not in programs:
        print(f"\nPyTorch was not measured: {reason or '--no-torch'}")
    if o.json:
        Path(o.json).write_text(json.dumps({"machine": one.cpu(), "options": vars(o), "rows": rows}, indent=1))


main()
