#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokenizing speed of impex beside the `tokenizers` package: same files, same texts, one core.

usage: tokenize_vs_package.py [--bench build/tests/bench/bench_tokenize] [--shared ../shared] [--python PYTHON] ...

For each tokenizer the two programs alternate, a fresh process each time, both on one and the same core. Each opens the
tokenizer and encodes every text of the files in several passes. The first pass has not seen a word before; of the
later ones the median counts. Both columns are medians over the repeats. Seconds are those of the processor, so that a
shared machine does not disturb them. The package's are those of encode_batch_fast in one thread over 256 texts at a time
(its fastest way: no offsets), without making lists of the ids; impex's those of one call per text, ids included. The
ids of both must be equal, else the exit code is 1.

PYTHON needs tokenizers (0.21.4). Standard library only beside it. TOKENIZER may be given instead of those of --shared:
a folder with tokenizer.json; then FILEs are JSON lines, of whose rows every string is a text."""
import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILIES = {"Pythia": "gpt-neox", "Llama 3": "llama3", "Qwen2.5": "qwen2.5", "Gemma-like": "gemma-like"}


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--bench", default=str(ROOT / "build" / "tests" / "bench" / "bench_tokenize"))
    a.add_argument("--shared", default=str(ROOT.parent / "shared"), help="with tokenizers/ and data/paper/")
    a.add_argument("--python", default=shutil.which("python3"), help="with tokenizers; default: python3 of PATH")
    a.add_argument("--tokenizer", action="append", help="a folder; default: the families of --shared")
    a.add_argument("--passes", type=int, default=4)
    a.add_argument("--repeats", type=int, default=3)
    a.add_argument("--core", type=int, help="default: the first that may be used")
    a.add_argument("--markdown", help="file; default: standard output")
    a.add_argument("--json", help="file")
    a.add_argument("files", nargs="*", help="default: data/paper of --shared")
    return a.parse_args()


def package(folder, passes, files):
    """The other side, in a process of its own: the same JSON object as bench_tokenize prints."""
    from tokenizers import Tokenizer

    start = time.process_time()
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    opened = time.process_time() - start
    texts = []
    for file in files:
        with open(file, encoding="utf-8") as f:
            texts += [v for line in f for v in json.loads(line).values() if isinstance(v, str)]
    batches = [texts[i : i + 256] for i in range(0, len(texts), 256)]
    seconds = []
    for _ in range(passes):
        start = time.process_time()
        for batch in batches:
            tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        seconds.append(time.process_time() - start)
    digest, ids = hashlib.sha256(), 0
    for batch in batches:
        for e in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            digest.update(b"".join(i.to_bytes(4, "little") for i in e.ids))
            ids += len(e.ids)
    print(json.dumps({"opened": opened, "bytes": sum(len(t.encode()) for t in texts), "ids": ids,
                      "sha256": digest.hexdigest(), "seconds": seconds}))


def run(command, core):
    environment = dict(os.environ, TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
    done = subprocess.run(command, capture_output=True, text=True, env=environment,
                          preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def rate(results, first):
    """Megabytes per second, median over repeats."""
    return statistics.median(
        r["bytes"] / 1e6 / (r["seconds"][0] if first else statistics.median(r["seconds"][1:])) for r in results)


def compare(o, name, folder, files, core):
    ours, theirs = [], []
    for _ in range(o.repeats):
        ours.append(run([o.bench, folder, str(o.passes), *files], core))
        theirs.append(run([o.python, __file__, "--package", folder, str(o.passes), *files], core))
    row = {"tokenizer": name, "megabytes": ours[0]["bytes"] / 1e6, "ids": ours[0]["ids"],
           "equal": ours[0]["sha256"] == theirs[0]["sha256"] and ours[0]["bytes"] == theirs[0]["bytes"]}
    for side, results in (("impex", ours), ("package", theirs)):
        row[side] = {"first": rate(results, True), "later": rate(results, False),
                     "opened": statistics.median(r["opened"] for r in results), "runs": results}
    return row


def table(rows):
    lines = ["| tokenizer | MB | million ids | first pass, impex | package | ratio | later passes, impex | package | ratio "
             "| opening, impex | package | ids |", "|---" * 12 + "|"]
    for r in rows:
        a, b = r["impex"], r["package"]
        lines.append(f"| {r['tokenizer']} | {r['megabytes']:.2f} | {r['ids'] / 1e6:.2f} "
                     f"| {a['first']:.1f} MB/s | {b['first']:.2f} MB/s | {a['first'] / b['first']:.1f} "
                     f"| {a['later']:.1f} MB/s | {b['later']:.2f} MB/s | {a['later'] / b['later']:.1f} "
                     f"| {a['opened']:.2f} s | {b['opened']:.2f} s | {'equal' if r['equal'] else 'DIFFER'} |")
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:2] == ["--package"]:
        return package(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
    o = options()
    files = o.files or sorted(map(str, (Path(o.shared) / "data" / "paper").glob("*.jsonl")))
    folders = {f: f for f in o.tokenizer or []} or {n: str(Path(o.shared) / "tokenizers" / f) for n, f in FAMILIES.items()}
    if not files or o.passes < 2:
        sys.exit("no files to read" if not files else "--passes must be 2 at least")
    core = o.core if o.core is not None else min(os.sched_getaffinity(0))
    rows = [compare(o, name, folder, files, core) for name, folder in folders.items()]
    if o.json:
        Path(o.json).write_text(json.dumps({"files": files, "core": core, "rows": rows}, indent=1) + "\n")
    if o.markdown:
        Path(o.markdown).write_text(table(rows))
    else:
        print(table(rows), end="")
    return 0 if all(r["equal"] for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
