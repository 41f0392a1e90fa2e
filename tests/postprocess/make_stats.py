#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_stats.py > tests/golden/stats.json: values of postprocess/stats.h, computed by scipy."""
import json
import sys

import numpy as np
import scipy
from scipy import special, stats

beta = [[x, a, b, special.betainc(a, b, x)]
        for a, b in [(0.5, 0.5), (1, 1), (2, 5), (1, 400), (300.5, 0.5), (120, 281), (0.5, 1e5)]
        for x in [1e-6, 0.01, 0.3, 0.5, 0.77, 0.999]]
share = []
for hits, n in [(0, 3), (3, 3), (1, 3), (3, 6), (4, 9), (0, 1), (7, 18), (54, 54), (500, 1000), (1, 100000)]:
    low = stats.beta.ppf(0.025, hits, n - hits + 1) if hits else 0.0
    high = stats.beta.ppf(0.975, hits + 1, n - hits) if hits < n else 1.0
    wilson = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    share.append([hits, n, low, high, wilson.low, wilson.high])
student = [[p, v, stats.t.ppf(p, v)] for p in [0.5, 0.6, 0.9, 0.975, 0.995, 0.025] for v in [1, 2, 3, 9, 17, 100, 1e6]]
normal = [[p, stats.norm.ppf(p)] for p in [1e-9, 0.025, 0.5, 0.6, 0.975, 0.9999]]
samples = []
for x in [[0.77, 0.7625, 0.775], [1, 1, 1], [0.1, 0.9], [0.5, 0.52, 0.48, 0.61, 0.4, 0.55]]:
    low, high = stats.t.interval(0.95, len(x) - 1, np.mean(x), stats.sem(x)) if np.std(x) > 0 else (x[0], x[0])
    samples.append({"x": x, "mean": np.mean(x), "sd": np.std(x, ddof=1), "low": low, "high": high,
                    "quantiles": [float(np.quantile(x, q)) for q in (0, 0.025, 0.3, 0.5, 0.975, 1)]})
rng = np.random.default_rng(5)


def mean_of_two(a, na, b, nb):
    """Square and add on Wilson's limits."""
    low, high = zip(*(stats.binomtest(k, n).proportion_ci(0.95, method="wilson") for k, n in [(a, na), (b, nb)]))
    a, b = a / na, b / nb
    return [(a + b) / 2 - np.hypot(a - low[0], b - low[1]) / 2, (a + b) / 2 + np.hypot(high[0] - a, high[1] - b) / 2]


means = [[a, na, b, nb, *mean_of_two(a, na, b, nb)] for a, na, b, nb in [(3, 10, 70, 90), (0, 5, 5, 5), (100, 200, 1, 3)]]

flips = []
for n in [1, 6, 12]:  # by enumeration of all signs
    d = np.round(rng.normal(0.4, 1, n), 2)
    signs = np.array(np.meshgrid(*[[-1, 1]] * n)).reshape(n, -1)
    flips.append({"d": d.tolist(), "p": float(np.mean(np.abs(d @ signs) >= abs(d.sum()) - 1e-9))})

traits = []
for n, scale, prompt in [(60, 1.0, 0.0), (37, 3.0, 1.0), (200, 0.1, 2.0)]:
    reward = np.round(scale * (rng.normal(size=(n, 2)) + prompt * rng.normal(size=(n, 1)) + [0.7, 0]), 3)
    reward[:4, 1] = reward[:4, 0]
    tokens = rng.integers(3, 9, size=(n, 2))
    apart, longer = reward[:, 0] - reward[:, 1], tokens[:, 0] - tokens[:, 1]
    right = (apart > 0) + 0.5 * (apart == 0)
    sure = special.expit(np.abs(apart))
    which = np.minimum(np.floor((sure - 0.5) * 20), 9)
    ece = sum(abs(sure[which == b].mean() - right[which == b].mean()) * (which == b).mean() for b in set(which))
    z = (reward - reward.mean()) / reward.std(ddof=1)
    where = np.clip(np.floor((z + 4) * 4), 0, 31).astype(int)
    traits.append({"reward": reward.ravel().tolist(), "tokens": tokens.ravel().tolist(),
                   "margin": float(np.abs(apart).mean() / (reward.std(ddof=1) + 1e-8)),
                   "correlation": stats.pearsonr(reward[:, 0], reward[:, 1])[0],
                   "brier": float(np.mean((1 - special.expit(apart)) ** 2)), "ece": float(ece),
                   "lean": stats.pearsonr(apart, longer)[0],
                   "pairs": [int((np.sign(longer) == s).sum()) for s in (-1, 0, 1)],
                   "half": [int(2 * right[np.sign(longer) == s].sum()) for s in (-1, 0, 1)],
                   "histogram": [np.bincount(where[:, s], minlength=32).tolist() for s in (0, 1)]})
json.dump({"made_with": f"scipy {scipy.__version__}", "beta": beta, "share": share, "student": student,
           "normal": normal, "samples": samples, "means": means, "flips": flips, "traits": traits}, sys.stdout, indent=1)
print()
