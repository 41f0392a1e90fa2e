#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""simulate.py: a training step on simulated nodes, and where its time goes (docs/scaling.md).

Compiles the project's src/comm with SimGrid's smpicc, together with step.c, which passes the time of computing, and runs
it on generated platforms. Needs smpicc and smpirun (Debian: libsimgrid-dev); exit code 77 without them.

    simulate.py --nodes 16,64,256,1024 --out build/scaling     all tables as Markdown, figure.svg with gnuplot; run again, it goes on
    simulate.py --check --out build/scaling                    what the test does: counts against real ranks, small runs
    simulate.py --out build/scaling --once 64 model=110m pairs=2048 block=64      one run, settings as in step.h
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SOURCES = ["base/alive", "base/status", "base/random", "comm/comm", "comm/grid", "comm/exchange", "comm/hop", "comm/lanes",
           "comm/question", "comm/sum_tensor", "comm/tree", "pack/cut"]
COUNTED = ["MPI_Isend", "MPI_Irecv", "MPI_Testall", "MPI_Waitall", "MPI_Allreduce", "MPI_Allgather"]
CAUGHT = ["MPI_Init_thread", "memset", "ix_alloc_block", "ix_tree_add", "ix_tree_add_ranks"]

# A node: 64 cores at the rate that `impex probe` found for one core with all cores at work (2-core machine, Zen 3).
CORES, CORE_FLOPS, NODE_MEMORY = 64, 95e9, 200e9
LOOPBACK = 'loopback_bw="10GBps" loopback_lat="0.3us"'
# bytes/s of a node; seconds of a link (4 between nodes of two switches); seconds of a processor for a message at each end
NETWORKS = {"25": (25e9 / 8, 1.0e-6, 3e-6), "100": (100e9 / 8, 0.4e-6, 1e-6), "200": (200e9 / 8, 0.4e-6, 1e-6)}
LEAF, UPLINKS = 32, 16  # nodes of a switch, and links from it to the switches above

# Our own figures instead of SMPI's defaults, which are those of a gigabit cluster of 2010; costs of messages are
# charged in count.c, and nothing is added for calls.
SMPI = ["smpi/simulate-computation:no", "smpi/host-speed:1Gf", "network/crosstraffic:0", "smpi/bw-factor:0:0.92",
        "smpi/lat-factor:0:1", "smpi/os:0:0:0", "smpi/or:0:0:0", "smpi/ois:0:0:0", "smpi/test:0", "smpi/wtime:0",
        "smpi/send-is-detached-thresh:4096", "smpi/shared-malloc:local", "smpi/coll-selector:ompi"]


def run(command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def wrap(names):
    return "-Wl," + ",".join(f"--wrap={name}" for name in names)


def build(out):
    common = ["-O2", "-std=c11", "-D_GNU_SOURCE", "-Wno-unknown-pragmas", f"-I{ROOT}/src", f"-I{HERE}", HERE / "step.c",
              HERE / "count.c", *(ROOT / "src" / f"{s}.c" for s in SOURCES)]
    run(["smpicc", *common, HERE / "world_simulated.c", wrap(COUNTED + CAUGHT), "-lm", "-o", out / "simulated"])
    if shutil.which("mpicc"):
        run(["mpicc", *common, HERE / "world_real.c", ROOT / "src/base/arena.c", wrap(COUNTED), "-lm", "-o", out / "real"])


def platform(out, nodes, network):
    """A two-level fat tree; one switch where it holds all nodes."""
    rate, latency, _ = NETWORKS[network]
    leaves = (nodes + LEAF - 1) // LEAF
    tree = f'topology="FAT_TREE" topo_parameters="2;{min(nodes, LEAF)},{leaves};1,{UPLINKS};1,1"'
    path = out / f"platform-{nodes}-{network}.xml"
    path.write_text(f"""<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
<cluster id="cluster" prefix="n" suffix="" radical="0-{nodes - 1}" speed="1Gf" core="{CORES}" bw="{rate:.0f}Bps"
         lat="{latency}s" {tree if nodes > 1 else ""} {LOOPBACK}/>
</platform>
""")
    return path


def simulate(out, nodes, settings, network="100", each=1):
    """One run of `each` ranks on every node; its figures."""
    hosts = out / f"hosts-{nodes}-{each}"
    hosts.write_text("".join(f"n{i // each}\n" for i in range(nodes * each)))
    xml = platform(out, nodes, network)
    given = {"flops": CORES * CORE_FLOPS / each, "memory": NODE_MEMORY / each, "message": NETWORKS[network][2],
             "request": 1e-8, "pair": 5e-7, "question": int(nodes * each <= 64), **settings}
    # Fluid shares where that is quick; else a node's link serves one message in each direction at a time.
    extra = [] if nodes * each <= 64 else ["maxmin/concurrency-limit:1"]
    text = run(["smpirun", "-no-privatize", "-np", nodes * each, "-platform", xml, "-hostfile", hosts,
                "--log=root.thres:error", *(f"--cfg={c}" for c in SMPI + extra), out / "simulated",
                *(f"{k}={v}" for k, v in given.items())])
    return figures(text)


def figures(text):
    line = next(line for line in text.splitlines() if line.startswith("model="))
    pairs = dict(word.split("=") for word in line.split())
    return {k: v if k in ("model", "order") else float(v) for k, v in pairs.items()}


# --- cases --------------------------------------------------------------------------------------------------------

def alone(f):
    """What one node needs for the same share of pairs, with all of the update to itself."""
    return f["compute"] + 4 * f["floats"] * 8 / NODE_MEMORY


def cases(nodes):
    weak = [("weak", f"{model}, {each} pairs a node", n, {"model": model, "pairs": each * n}, "100", 1)
            for model, each in (("110m", 32), ("110m", 8), ("1.2b", 8), ("8b", 8)) for n in nodes if n <= 256 or each == 32]
    links = [("network", f"{net} Gbit/s", n, {"model": "110m", "pairs": 32 * n}, net, 1)
             for net in NETWORKS for n in nodes if n in (16, 256)]
    strong = [("strong", f"{model}, tensor {t}", d * t, {"model": model, "pairs": 32, "tensor": t}, "100", 1)
              for model in ("110m", "1.2b") for d, t in ((1, 1), (4, 1), (16, 1), (32, 1), (32, 2), (32, 4))]
    tensor = [("tensor", f"{t} within a node" if inside else f"{t} between nodes", 8,
               {"model": "8b", "pairs": 64, "tensor": t}, "100", t if inside else 1)
              for t, inside in ((1, False), (2, True), (8, True), (2, False), (8, False))]
    ways = [("way", name, 64, {"model": model, "pairs": 512, **way}, "100", 1) for model in ("110m", "8b") for name, way in
            (("one hop, 16 MiB", {"block": 64, "bucket": 4 << 20}), ("two hops, 16 MiB", {"bucket": 4 << 20}),
             ("two hops, as chosen", {}))]
    return weak + links + strong + tensor + ways


def run_all(out, todo):
    """What stands in results.json is not run again: an hour of many runs may be stopped and gone on with."""
    kept = out / "results.json"
    known = {json.dumps(case): figures for case, figures in json.loads(kept.read_text())} if kept.exists() else {}
    lock = threading.Lock()

    def one(case):
        key = json.dumps(case)
        if key not in known:
            figures = simulate(out, *case[2:])
            with lock:
                known[key] = figures
                kept.write_text(json.dumps([[json.loads(k), f] for k, f in known.items()], indent=1))
        return case[:4], known[key]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, todo))


def rows(results, kind):
    return [(name, n, s, f) for (k, name, n, s), f in results if k == kind]


def percent(x):
    return f"{100 * x:.1f} %"


def phases(f):
    wait = f["prepare"] + f["norm"] + f["question"]
    return " | ".join(f"{1000 * x:.0f}" for x in (f["step"], f["compute"], f["reduce"], f["gather"], f["tensor"],
                                                  f["update"], wait))


HEAD = "step | compute | reduce, not hidden | gather | tensor sums | update | agreeing, norm, dealing"
RULE = "|---" * 8


def tables(results):
    for kind, title in (("weak", "Weak scaling"), ("network", "Networks"), ("strong", "Strong scaling"),
                        ("tensor", "Tensor ranks"), ("way", "Ways")):
        print(f"\n{title}\n\n| case | nodes | efficiency | slowest / mean | {HEAD} |\n|---|---{RULE}|---|")
        for name, n, s, f in rows(results, kind):
            label = f"{s['model']}, {name}" if kind == "way" else name
            # strong scaling: that of one node with all 32 pairs; else that of a node with its own share
            base = alone(f) if kind != "strong" else next(
                g["step"] for _, m, t, g in rows(results, kind) if m == 1 and t["model"] == s["model"]) / n
            if kind == "tensor":
                base = next(g["step"] for _, _, t, g in rows(results, kind) if t["tensor"] == 1)
            print(f"| {label} | {n} | {percent(base / f['step'])} | {f['slowest'] / f['compute']:.3f} | {phases(f)} |")


def draw(out, results):
    """Efficiency over nodes, a line and a mark for every case."""
    names = list(dict.fromkeys(name for name, *_ in rows(results, "weak")))
    blocks = ["\n".join(f"{n} {100 * alone(f) / f['step']:.2f}" for m, n, _, f in rows(results, "weak") if m == name)
              for name in names]
    (out / "weak.dat").write_text("\n\n\n".join(blocks) + "\n")
    styles = [("#000000", 1, 7), ("#d55e00", 2, 6), ("#0072b2", 3, 5), ("#009e73", 4, 9)]
    plots = ", ".join(f"'{out}/weak.dat' index {i} with linespoints lc rgb '{c}' dt {d} pt {p} lw 2 title '{name}'"
                      for i, (name, (c, d, p)) in enumerate(zip(names, styles)))
    run(["gnuplot"], input=f"""set terminal svg size 640,400 font 'sans,13' background '#ffffff'
set output '{out}/figure.svg'
set logscale x 2
set xlabel 'nodes (one rank each)'
set ylabel 'weak scaling efficiency, % of one node'
set xrange [14:1170]
set yrange [50:100]
set xtics (16, 64, 256, 1024)
set grid ytics lc rgb '#cccccc'
set key bottom left
plot 90 with lines lc rgb '#888888' dt 3 notitle, {plots}
""")


# --- checks -------------------------------------------------------------------------------------------------------

def fail(what):
    sys.exit(f"FAILED: {what}")


def check_against_real(out):
    """Real and simulated ranks send the same messages, and as many bytes as ix_lanes_sent says."""
    if not (out / "real").exists() or not shutil.which("mpirun"):
        print("no mpicc or mpirun here: nothing to compare with")
        return
    keys = ("floats", "messages", "bytes", "together", "together_bytes", "order")
    for ranks, tensor, block in ((2, 1, 0), (3, 1, 0), (4, 1, 0), (4, 1, 2), (4, 2, 0), (4, 4, 0)):
        settings = {"model": "10m", "pairs": 4 * ranks, "tensor": tensor, "block": block, "bucket": 4096 * 64}
        words = [f"{k}={v}" for k, v in settings.items()]
        real = figures(run([ROOT / "scripts/with-environment", "mpirun", "-n", ranks, out / "real", *words]))
        made = simulate(out, ranks, settings)
        for key in keys:
            if real[key] != made[key]:
                fail(f"{settings}: {key} {real[key]} on {ranks} real ranks, {made[key]} on simulated ones")
        question = 16 * ranks * (ranks - 1)
        if tensor == 1 and real["bytes"] != 8 * real["floats"] * (ranks - 1) + question:
            fail(f"{settings}: {real['bytes']} bytes, not two gradients but for a rank's own part")
        print(f"ok: {ranks} ranks, tensor {tensor}, block {block}: {real['messages']:.0f} messages, order {real['order']}")


def check_small(out):
    """A step on 16 nodes; and on 64 with many small buckets, where ranks once waited for each other in a circle."""
    f = simulate(out, 16, {"model": "110m", "pairs": 512})
    if not 0.9 < alone(f) / f["step"] <= 1:
        fail(f"16 nodes: {f}")
    many = simulate(out, 64, {"model": "1.2b", "pairs": 512, "bucket": 4 << 20})
    if many["messages"] < 64 * 2 * 14 * 295:
        fail(f"64 nodes: {many['messages']} messages")
    print(f"ok: 16 and 64 nodes, {percent(alone(f) / f['step'])} on 16")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for programs, platforms and results")
    parser.add_argument("--nodes", default="16,64,256", help="of weak scaling; more than 256, which take long, only of the first case")
    parser.add_argument("--check", action="store_true", help="compare with real ranks, and run on 16 and 64 nodes")
    parser.add_argument("--once", nargs="+", metavar="WORD", help="NODES KEY=VALUE...: one run")
    a = parser.parse_args()
    if not shutil.which("smpicc") or not shutil.which("smpirun"):
        print("SKIP: smpicc and smpirun are not here (Debian: libsimgrid-dev)")
        return 77
    a.out.mkdir(parents=True, exist_ok=True)
    out = a.out.resolve()
    build(out)
    if a.once:
        print(simulate(out, int(a.once[0]), dict(word.split("=") for word in a.once[1:])))
    elif a.check:
        check_against_real(out)
        check_small(out)
    else:
        results = run_all(out, cases([int(n) for n in a.nodes.split(",")]))
        tables(results)
        draw(out, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
