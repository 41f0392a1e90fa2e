#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/recipes.json: which rows of made-up sources (tests/data/test_recipes.c says what they hold) the
authors' steps choose, in order, with torch's own generator; and how many rows each step leaves ("NAME steps").

    python3 -m venv v && v/bin/pip install torch==2.5.1
    v/bin/python tests/golden/make_recipes.py > tests/golden/recipes.json
"""
import json

import torch


def generator(seed):
    return torch.Generator().manual_seed(seed)


def draw(rows, g, most):
    order = torch.randperm(len(rows), generator=g).tolist()
    return [rows[i] for i in (order if most < 0 else order[:most])]


def short_enough(i):
    return i % 5 != 0


def ultrafeedback():
    g = generator(982)
    out, steps = {}, []
    for name, count, most in (("ultrafeedback_train", 4200, 2000), ("ultrafeedback_test", 400, 200)):
        rows = [i for i in range(count) if i % 11 != 0]
        steps += [count, len(rows)]
        rows = [i for i in rows if short_enough(i)]
        steps += [len(rows)]
        rows = [i for i in rows if i % 7 not in (3, 5)]
        out[name] = draw(rows, g, most)
        steps += [len(rows), len(out[name])]
    out["ultrafeedback steps"] = steps
    return out


def split(first, rows, pool, most, names):
    g = generator(982)
    order = torch.randperm(len(rows), generator=g).tolist()
    halves = [rows[i] for i in order[: len(rows) - pool]], [rows[i] for i in order[len(rows) - pool :]]
    short = [[i for i in half if short_enough(i)] for half in halves]
    out = {name: draw(half, g, m) for name, half, m in zip(names, short, (most, 200))}
    steps = [len(s) for pair in zip(halves, short) for s in pair] + [len(out[name]) for name in names]
    out[names[0].replace("_train", " steps")] = first + steps
    return out


def main():
    out = ultrafeedback()
    out.update(split([3600], list(range(3600)), 1000, 2000, ("rewardmath_train", "rewardmath_test")))
    out["rewardmath_train1000"] = draw(out["rewardmath_train"], generator(517), 1000)
    out["rewardmath steps"].append(1000)
    math = [i for i in range(2200) if i % 4 == 1]
    code = [i for i in range(2200) if i % 4 in (2, 3)]
    out.update(split([2200, len(math)], math, 400, -1, ("rewardbench_math_train", "rewardbench_math_test")))
    out.update(split([2200, len(code)], code, 900, -1, ("rewardbench_code_train", "rewardbench_code_test")))
    print("{" + ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in out.items()) + "}")


main()
