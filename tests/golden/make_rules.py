#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write rules.json beside this script: what PyTorch's optimizers make of a few weights under given gradients, in float64.

    pip install torch==2.5.1
    python tests/golden/make_rules.py

Weights and gradients are float32 numbers, so that both sides start from the same. clip: torch.nn.utils.clip_grad_norm_
before every step. Lists are [step][weight]."""
import json
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
WEIGHTS, STEPS = 7, 6
CASES = {
    "adamw": dict(rule="adamw", learning_rate=1e-3, betas=[0.9, 0.999], eps=1e-8, weight_decay=0.0, clip=0.0),
    "adamw with decay": dict(rule="adamw", learning_rate=1e-2, betas=[0.8, 0.95], eps=1e-6, weight_decay=0.1, clip=0.0),
    "adamw, clipped": dict(rule="adamw", learning_rate=1e-3, betas=[0.9, 0.999], eps=1e-8, weight_decay=0.0, clip=1.0),
    "rmsprop": dict(rule="rmsprop", learning_rate=1e-3, eps=1e-8, weight_decay=0.0, clip=0.0),
    "sgd": dict(rule="sgd", learning_rate=0.1, weight_decay=0.0, clip=0.0),
    "sgd, clipped": dict(rule="sgd", learning_rate=0.1, weight_decay=0.0, clip=0.5),
}


def optimizer(case, w):
    lr, decay = case["learning_rate"], case["weight_decay"]
    if case["rule"] == "adamw":
        return torch.optim.AdamW([w], lr=lr, betas=tuple(case["betas"]), eps=case["eps"], weight_decay=decay)
    if case["rule"] == "rmsprop":
        return torch.optim.RMSprop([w], lr=lr, eps=case["eps"], weight_decay=decay)
    return torch.optim.SGD([w], lr=lr, weight_decay=decay)


def main():
    g = torch.Generator().manual_seed(20250131)
    start = torch.randn(WEIGHTS, generator=g)
    gradients = torch.randn(STEPS, WEIGHTS, generator=g) * torch.tensor([1, 1e-3, 10, 1, 0, 1e-6, 1.0])
    out = {"start": start.tolist(), "gradients": gradients.tolist(), "cases": []}
    for name, case in CASES.items():
        w = start.double().clone().requires_grad_()
        rule, after = optimizer(case, w), []
        for step in range(STEPS):
            w.grad = gradients[step].double().clone()
            if case["clip"]:
                torch.nn.utils.clip_grad_norm_([w], case["clip"])
            rule.step()
            after.append(w.tolist())
        out["cases"].append(dict(name=name, **case, after=after))
    (HERE / "rules.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
