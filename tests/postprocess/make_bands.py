#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_bands.py RESULTS... > postprocess/bands_shipped.c: reference bands out of many seeds of suites/quickstart.yaml.

A band is that of a single run: mean -+ k sd over the seeds, k so that it holds 99.9 % of all runs with 95 % confidence
where accuracies are normal (Howe, JASA 64, 1969), at least 0.05 beyond the mean and beyond every seed seen, cut to [0, 1]. Rows whose band would be
wider than 0.6 have none: seeds decide there. A result that does not name its settings (older versions) takes the name
of another given result of its part and objective."""
import collections
import pathlib
import sys

import h5py
import numpy as np
from scipy import stats

names, found = {}, collections.defaultdict(lambda: collections.defaultdict(dict))
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*.h5")):
        if path.parent.name == "cache":
            continue
        with h5py.File(path) as f:
            if f.attrs["suite"] != "quickstart" or f.attrs["verdict"] != "VALID":
                continue
            key = f.attrs["part"], f.attrs["objective"]
            if "settings_id" in f.attrs:
                names[key] = f.attrs["settings_id"]
            rows = collections.defaultdict(list)
            for group in f["eval"].values():
                rows[group.attrs["group"]].append(group["accuracy"][-1])
            for row, accuracies in rows.items():
                found[key][row][int(f.attrs["seed"])] = float(np.mean(accuracies))

print("""/* SPDX-License-Identifier: Apache-2.0
 *
 * Written by tests/postprocess/make_bands.py; docs/rules.md says how. */
#include "bands.h"

/* clang-format off */
static const ix_band shipped[] = {""")
for key, rows in sorted(found.items()):
    for row, seeds in rows.items():
        x = np.array(list(seeds.values()))
        n, mean, sd = len(x), x.mean(), x.std(ddof=1)
        k = stats.norm.ppf(0.9995) * np.sqrt((n - 1) * (1 + 1 / n) / stats.chi2.ppf(0.05, n - 1))
        half = max(0.05, k * sd)
        low = max(0, min(mean - half, x.min() - 0.05))
        high = min(1, max(mean + half, x.max() + 0.05))
        text = f'{{"{names[key]}", "{row}", {low:.3f}, {high:.3f}}}'
        if high - low <= 0.6:
            print(f"    {text}, /* {n} seeds: {mean:.4f}, sd {sd:.4f}, {x.min():.4f} to {x.max():.4f} */")
        else:
            print(f"    /* {key[0]} {key[1]} {row}: {n} seeds, {x.min():.4f} to {x.max():.4f}: no band */")
print("""};
/* clang-format on */

const ix_band *ix_bands(int *count)
{
    *count = (int)(sizeof shipped / sizeof shipped[0]);
    return shipped;
}""")
