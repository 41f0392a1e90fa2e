#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a run takes from the start of the process to its first training step, and where that goes.

usage: start.py [--impex build/impex]... [--model FOLDER] [--objective ex_rm] [--suite SUITE.yaml] [--repeats 5] ...

Every program given runs the same suite in turn, --repeats times; they swap places at every repeat. Medians are printed as
Markdown: the stages that each result keeps (speed/start; "-" for versions before it), their sum, and around, all of the
process's time but steps, evaluations and reference pass, which older versions have too. Each turn is measured twice: as
the machine is some seconds after the run before, and right after a small program has written to and freed --touch GiB of
memory. Where memory belongs to a host that hands it out on first use, as in many virtual machines, only the second shows
what the program itself costs.

Without --suite, the four shortest pairs of the peer's are one step of --model, a folder of train_vs_torch.py; IM-RM finds
its reference in the cache from a run before. With --suite the first run of its share (--share) is looked at. The medians
of warm starts have to stay below --most seconds, if that is given: else the exit code is 1.

Standard library only; h5dump reads the results."""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from train_vs_torch import COLUMNS, ROOT, SUITE, cpu, doubles  # noqa: E402

CONDITIONS = "as it is", "memory warm"


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--impex", action="append", help="may be given several times: they alternate")
    a.add_argument("--peer", default=str(ROOT.parent / "shared" / "peer"))
    a.add_argument("--model", default=str(Path(tempfile.gettempdir()) / "impex-bench" / "llama-110m-head"))
    a.add_argument("--objective", default="ex_rm", choices=["ex_rm", "im_rm"])
    a.add_argument("--suite", help="instead of --model: its runs, of which the first is looked at")
    a.add_argument("--share", help="of the runs of --suite, as impex run --share: 1/30 is the first of 30")
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--repeats", type=int, default=5)
    a.add_argument("--touch", type=float, default=6, help="GiB that are written to and freed before warm starts")
    a.add_argument("--pause", type=float, default=5, help="seconds before a start as it is")
    a.add_argument("--most", type=float, help="seconds")
    a.add_argument("--json", help="file")
    o = a.parse_args()
    o.impex = o.impex or [str(ROOT / "build" / "impex")]
    return o


def touch(gib):
    """In a process of its own, so that all of it is free again."""
    code = f"""import mmap
m = mmap.mmap(-1, {int(gib * 2**30)}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(mmap.MADV_HUGEPAGE)
zeros = bytes(2**24)
for _ in range(len(m) // len(zeros)):
    m.write(zeros)"""
    subprocess.run([sys.executable, "-c", code], check=True)


def make_suite(o, work):
    """The four shortest pairs: one step, and the set that is judged."""
    rows = [json.loads(line) for line in open(Path(o.peer) / "ultrafeedback_ids.jsonl", encoding="utf-8")]
    size = json.loads((Path(o.model) / "config.json").read_text())["vocab_size"]
    rows = sorted(rows, key=lambda row: sum(len(row[c]) for c in COLUMNS))[:4]
    rows = [{c: [t % size for t in row[c]] for c in COLUMNS} for row in rows]
    pairs, suite = work / "pairs.jsonl", work / "suite.yaml"
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = SUITE.format(pairs=pairs, model=o.model, objective=o.objective, batch=4, step=4, threads=o.threads, output=work / "out")
    suite.write_text(text)
    return suite


def texts(result, dataset):
    out = subprocess.run(["h5dump", "-d", dataset, str(result)], check=True, capture_output=True, text=True).stdout
    return re.findall(r'"([^"\n]*)"', out[out.index("DATA {"):out.index("}", out.index("DATA {"))])


def has(result, dataset):
    return subprocess.run(["h5dump", "-H", "-d", dataset, str(result)], capture_output=True).returncode == 0


def run_once(o, impex, suite, work):
    """Seconds by stage, around, and whole."""
    out = work / "out"
    for folder in out.glob("*"):
        if folder.name != "cache":
            shutil.rmtree(folder)
    command = [impex, "run", str(suite), "--set", f"output={out}", *(["--share", o.share] if o.share else [])]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(o.threads)))
    wall = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    result = min((f for f in out.glob("*/*.h5") if f.parent.name != "cache"), key=lambda f: f.stat().st_mtime)
    measured = sum(doubles(result, "/train/time", work))
    sets = subprocess.run(["h5dump", "-n", str(result)], check=True, capture_output=True, text=True).stdout
    measured += sum(sum(doubles(result, s, work)) for s in re.findall(r"dataset\s+(/eval/.*/seconds)", sets))
    if has(result, "/reference/seconds"):
        saved = doubles(result, "/saved/reference_cache", work)[0] if has(result, "/saved/reference_cache") else 0
        measured += doubles(result, "/reference/seconds", work)[0] - saved
    start = {}
    if has(result, "/speed/start"):
        start = dict(zip(texts(result, "/speed/stage"), doubles(result, "/speed/start", work)))
    return {"stages": start, "start": sum(start.values()) if start else None, "around": wall - measured}


def measure(o, suite, work):
    runs = []
    if o.objective == "im_rm" and not o.suite:
        for impex in o.impex:
            run_once(o, impex, suite, work)  # leaves the reference in the cache
    for repeat in range(o.repeats):
        for condition in CONDITIONS:
            for impex in o.impex if repeat % 2 == 0 else reversed(o.impex):
                if condition == CONDITIONS[0]:
                    time.sleep(o.pause)  # what the run before freed goes back to a host
                else:
                    touch(o.touch)
                one = run_once(o, impex, suite, work)
                runs.append({"impex": impex, "condition": condition, "repeat": repeat, **one})
                shown = one["start"] if one["start"] is not None else one["around"]
                print(f"{impex}, {condition}, {repeat + 1}/{o.repeats}: {shown:.2f} s", file=sys.stderr)
    return runs


def median(values):
    known = [v for v in values if v is not None]
    return statistics.median(known) if known else None


def summary(o, runs):
    rows = []
    for condition in CONDITIONS:
        for impex in o.impex:
            own = [r for r in runs if r["impex"] == impex and r["condition"] == condition]
            stages = {s: median([r["stages"][s] for r in own]) for s in own[0]["stages"]}
            rows.append({"impex": impex, "condition": condition, "stages": stages, "start": median([r["start"] for r in own]),
                         "around": median([r["around"] for r in own])})
    return rows


def markdown(o, rows):
    def cell(value):
        return "-" if value is None else f"{value:.3f}"
    names = next((list(r["stages"]) for r in rows if r["stages"]), [])
    what = f"{Path(o.suite).name}, first run" if o.suite else f"{Path(o.model).name}, {o.objective}"
    lines = [f"{what}, {o.threads} thread(s), medians of {o.repeats} alternating repeats, s, {cpu()}", "",
             "| | memory | " + " | ".join(names) + " | start to first step | around |", "|---" * (len(names) + 4) + "|"]
    for r in rows:
        cells = [r["impex"], r["condition"], *(cell(r["stages"].get(n)) for n in names), cell(r["start"]), cell(r["around"])]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    o = options()
    if not o.suite and not (Path(o.model, "config.json").exists() and Path(o.peer, "ultrafeedback_ids.jsonl").exists()):
        print(f"SKIP: {o.model} or {o.peer}/ultrafeedback_ids.jsonl is not there (train_vs_torch.py makes the folders)")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "out").mkdir()
        suite = Path(o.suite) if o.suite else make_suite(o, work)
        runs = measure(o, suite, work)
    rows = summary(o, runs)
    print(markdown(o, rows))
    if o.json:
        Path(o.json).write_text(json.dumps({"machine": cpu(), "summary": rows, "runs": runs}, indent=1))
    warm = [r["start"] for r in rows if r["condition"] == CONDITIONS[1] and r["start"] is not None]
    sys.exit(1 if o.most and max(warm, default=0) > o.most else 0)


if __name__ == "__main__":
    main()
