#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report's tables of a synthetic result set, worked out again from its rewards by numpy and scipy.

usage: check_truth.py WRITER IMPEX_REPORT    Skipped (77) unless h5py, numpy and scipy can be imported."""
import collections
import csv
import pathlib
import subprocess
import sys
import tempfile
from fractions import Fraction

try:
    import h5py
    import numpy as np
    from scipy import special, stats
except ImportError as missing:
    print(f"SKIP: {missing}: this check needs h5py, numpy and scipy (pip install them for the interpreter that "
          "cmake -DPython3_EXECUTABLE names)")
    sys.exit(77)

Z = stats.norm.ppf(0.975)
NAME = {"EX-RM": "ex_rm", "IM-RM": "im_rm"}


def right(reward):
    return (reward[:, 0] > reward[:, 1]) + 0.5 * (reward[:, 0] == reward[:, 1])


def wilson(p, n):
    middle, half = p + Z * Z / 2 / n, Z * np.sqrt(p * (1 - p) / n + Z * Z / 4 / n / n)
    return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


def read_runs(folder):
    """runs[model, objective, seed][row] = list of (rewards [epoch, pair, side], tokens), one per set; rows' categories."""
    runs, category = {}, {}
    for path in sorted(folder.rglob("*.h5")):
        with h5py.File(path) as f:
            rows = collections.defaultdict(list)
            for name in sorted(f["eval"]):
                group = f["eval"][name]
                rows[group.attrs["group"]].append((group["reward"][:], group["tokens"][:]))
                category.setdefault(group.attrs["group"], group.attrs["category"])
            runs[f.attrs["model"], f.attrs["objective"], int(f.attrs["seed"])] = rows
    return runs, category


def table(folder, name):
    with open(folder / f"{name}.csv", newline="") as f:
        return list(csv.DictReader(f))


def near(got, want, what, tolerance=1e-9):
    assert (got == "" and np.isnan(want)) or abs(float(got) - want) <= tolerance, (what, got, want)


def over_seeds(runs, line, function):
    """function(sets) of every seed."""
    return np.array([function(rows[line["set"]]) for (model, objective, _), rows in sorted(runs.items())
                     if model == line["model"] and objective == NAME[line["objective"]]])


def check_accuracy(runs, lines):
    for line in lines:
        accuracy = over_seeds(runs, line, lambda sets: np.mean([right(r[-1]).mean() for r, _ in sets]))
        margin = over_seeds(runs, line, lambda sets: np.mean(
            [np.abs(r[-1][:, 0] - r[-1][:, 1]).mean() / (r[-1].std(ddof=1) + 1e-8) for r, _ in sets]))
        correlation = over_seeds(runs, line, lambda sets: np.mean([np.corrcoef(r[-1].T)[0, 1] for r, _ in sets]))
        untrained = over_seeds(runs, line, lambda sets: np.mean([right(r[0]).mean() for r, _ in sets]))
        sets = next(iter(runs.values()))[line["set"]]
        low, high = wilson(accuracy.mean(), max(len(t) for _, t in sets))
        student = stats.t.interval(0.95, len(accuracy) - 1, accuracy.mean(), stats.sem(accuracy))
        for column, want in {"accuracy": accuracy.mean(), "accuracy_sd": accuracy.std(ddof=1),
                             "accuracy_wilson95_low": low, "accuracy_wilson95_high": high,
                             "accuracy_t95_low": max(0, student[0]), "accuracy_t95_high": min(1, student[1]),
                             "margin": margin.mean(), "margin_sd": margin.std(ddof=1),
                             "correlation": correlation.mean(), "untrained": untrained.mean()}.items():
            near(line[column], want, (line["model"], line["set"], column))
    return len(lines)


def check_habits(runs, calibration, length):
    def ece(r):
        apart, hits = r[:, 0] - r[:, 1], right(r)
        sure = special.expit(np.abs(apart))
        which = np.minimum((sure - 0.5) * 20, 9).astype(int)
        return sum(abs((sure - hits)[which == b].sum()) for b in range(10)) / len(r)

    for line in calibration:
        near(line["ece"], over_seeds(runs, line, lambda s: np.mean([ece(r[-1]) for r, _ in s])).mean(), "ece")
        near(line["brier"], over_seeds(runs, line, lambda s: np.mean(
            [((1 - special.expit(r[-1][:, 0] - r[-1][:, 1])) ** 2).mean() for r, _ in s])).mean(), "brier")
    for line in length:
        for name, sign in (("shorter", -1), ("equal", 0), ("longer", 1)):
            def part(sets):
                chosen = np.concatenate([right(r[-1])[np.sign(t[:, 0] - t[:, 1]) == sign] for r, t in sets])
                return chosen.mean() if len(chosen) else np.nan
            near(line[name + "_accuracy"], over_seeds(runs, line, part).mean(), name)
    return len(calibration) + len(length)


def twins(runs):
    return [(model, seed) for model, objective, seed in sorted(runs) if objective == "ex_rm"]


def check_winrate(runs, category, lines):
    """Ties within 1 %, the bound included, in fractions."""
    for line in lines:
        ex = ties = compared = 0
        for model, seed in twins(runs):
            for row in (r for r in category if category[r] == line["category"]):
                a, b = (sum(Fraction(int(2 * right(r[-1]).sum()), 2 * len(t)) for r, t in runs[model, o, seed][row]) /
                        len(runs[model, o, seed][row]) for o in ("ex_rm", "im_rm"))
                compared += 1
                ties += abs(a - b) <= Fraction(1, 100)
                ex += a - b > Fraction(1, 100)
        assert (int(line["ex_wins"]), int(line["ties"]), int(line["evaluations"])) == (ex, ties, compared), line
        near(line["ex_share_low"], stats.beta.ppf(0.025, ex, compared - ex + 1) if ex else 0, "low")
        near(line["ex_share_high"], stats.beta.ppf(0.975, ex + 1, compared - ex) if ex < compared else 1, "high")
    return len(lines)


def check_paired(runs, lines):
    """The difference exactly; the interval within what 4,000 other draws of it differ by."""
    rng = np.random.default_rng(1)
    for line in lines:
        seeds = [s for m, s in twins(runs) if m == line["model"]]
        d = np.array([[right(a[-1]) - right(b[-1]) for (a, _), (b, _) in
                       zip(*(runs[line["model"], o, s][line["set"]] for o in ("ex_rm", "im_rm")))] for s in seeds])
        near(line["difference"], d.mean(), "difference")
        d = d.mean(axis=1)  # the sets of a row have one size, and are drawn alike
        draws = [d[rng.integers(len(d), size=len(d))].mean(axis=0)[rng.integers(d.shape[1], size=d.shape[1])].mean()
                 for _ in range(4000)]
        for column, share in (("difference_95_low", 0.025), ("difference_95_high", 0.975)):
            near(line[column], np.quantile(draws, share), column, 0.25 * np.std(draws))
    return len(lines)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[1], folder / "results", "3", "8", "4", "90", "3"], check=True)
        subprocess.run([sys.argv[2], folder / "results", "--format", "csv", "--out", folder / "csv"], check=True)
        runs, category = read_runs(folder / "results")
        csvs = folder / "csv"
        checked = [check_accuracy(runs, table(csvs, "accuracy")),
                   check_habits(runs, table(csvs, "calibration"), table(csvs, "length")),
                   check_winrate(runs, category, table(csvs, "winrate")), check_paired(runs, table(csvs, "paired"))]
        assert min(checked) > 0 and len(runs) == 24, checked
        print(f"{sum(checked)} lines of the tables agree with numpy and scipy")


if __name__ == "__main__":
    main()
