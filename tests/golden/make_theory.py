#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write theory/ beside this script: a small suite of task theory, on the embedded model, with what an independent
implementation computes for it, max-margin separators by another solver, and quartiles by torch.

    pip install torch==2.5.1 transformers==4.51.3 numpy scipy cvxopt==1.3.3 jinja2
    python tests/golden/make_theory.py

Hidden states come from transformers in float32. From there on everything is numpy in float64, written from the formulas:
separators by cvxopt's interior point (as the authors have it), then exactly on the support that it found; a gradient step
on u and U by autograd through log softmax; gradient descent by whole matrices."""
import json
import math
import pathlib

import cvxopt
import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "theory"
MODEL = HERE.parent.parent / "data" / "miniworld" / "model"
BETA, STEPS, SEED = 0.5, 1000, 3
MASK = (1 << 64) - 1


# --- draws: splitmix64's finalizer as a function of seed, purpose and index ---------------------------------------------
def mix(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def bits(seed, purpose, index):
    key = mix((mix((seed + 0x9E3779B97F4A7C15) & MASK) + purpose * 0xD1B54A32D192ED03) & MASK)
    return mix((key + (index + 1) * 0x9E3779B97F4A7C15) & MASK)


def normal(seed, purpose, index):
    u = 1 - (bits(seed, purpose, 2 * index) >> 11) * 2.0**-53
    v = (bits(seed, purpose, 2 * index + 1) >> 11) * 2.0**-53
    return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)


HEAD, SAMPLE = 1, 4


# --- separators ----------------------------------------------------------------------------------------------------------
def separator(z):
    """argmin |w|^2 / 2 with z w >= 1, or None."""
    n, d = z.shape
    cvxopt.solvers.options.update(show_progress=False, abstol=1e-12, reltol=1e-12, feastol=1e-12, maxiters=200)
    scale = 1 / np.abs(z).max()
    try:
        s = cvxopt.solvers.qp(cvxopt.matrix(np.eye(d)), cvxopt.matrix(np.zeros(d)), cvxopt.matrix(-z * scale),
                              cvxopt.matrix(-np.ones(n)))
    except (ValueError, ArithmeticError):
        return None
    w, dual = np.array(s["x"])[:, 0] * scale, np.array(s["z"])[:, 0]
    if (z @ w).min() < 1 - 1e-4:
        return None
    on = dual > 1e-6 * dual.max()
    exact = np.linalg.lstsq(z[on], np.ones(on.sum()), rcond=None)[0]
    assert (z @ exact).min() > 1 - 1e-10 and np.allclose(exact, w, rtol=1e-5, atol=1e-6 * np.abs(w).max()), s["status"]
    return exact


def separators():
    g = np.random.default_rng(7)
    shifted = lambda n, d, by: g.standard_normal((n, d)) + by * g.standard_normal(d)  # noqa: E731
    twice = shifted(6, 4, 2.0)
    cases = {
        "one": shifted(1, 3, 0.0),
        "few": shifted(5, 3, 2.0),
        "wide": shifted(8, 20, 0.3),
        "many": shifted(60, 12, 2.5),
        "twice": np.concatenate([twice, twice, 3 * twice]),
        "small": 1e-4 * shifted(10, 5, 2.0),
        "uneven": shifted(10, 5, 2.0) * np.logspace(-2, 2, 10)[:, None],
        "hopeless": g.standard_normal((40, 3)),
        "opposite": np.array([[1.0, 2.0], [-1.0, -2.0]]),
        "zero": np.array([[1.0, 0.0], [0.0, 0.0]]),
    }
    rows = []
    for name, z in cases.items():
        w = separator(z)
        rows.append({"name": name, "n": z.shape[0], "d": z.shape[1], "z": z.ravel().tolist(),
                     "w": None if w is None else w.tolist()})
    assert [r["name"] for r in rows if r["w"] is None] == ["hopeless", "opposite", "zero"]
    return rows


def spread(x):
    x = torch.as_tensor(np.asarray(x).ravel(), dtype=torch.float64)
    return [x.mean().item(), x.min().item(), torch.quantile(x, 0.25).item(), x.median().item(),
            torch.quantile(x, 0.75).item(), x.max().item(), (x > 0).double().mean().item()]


def spreads():
    g = np.random.default_rng(8)
    return [{"x": x.tolist(), "spread": spread(x)} for n in (1, 2, 3, 4, 5, 10, 33) for x in [g.standard_normal(n)]]


# --- the suite -----------------------------------------------------------------------------------------------------------
def write_pairs(tok):
    """Random words; those of the answers' ends tell the sides apart."""
    g = np.random.default_rng(9)
    words = [w for w in sorted(tok.get_vocab(), key=tok.get_vocab().get) if w.isalpha() and len(w) > 2]
    ends = list(g.permutation(words)[:12])
    body = [w for w in words if w not in ends]
    seen, unseen = (ends[0:2], ends[2:4]), (ends[4:7], ends[7:10])
    pick = lambda n: " ".join(g.choice(body, n))  # noqa: E731
    files = {}
    for name, n, (good, bad) in (("train", 12, seen), ("original", 6, seen), ("other", 5, unseen)):
        rows = [{"prompt": pick(5), "chosen": f"{pick(2)} {g.choice(good)}", "rejected": f"{pick(3)} {g.choice(bad)}"}
                for _ in range(n)]
        files[name] = rows
        (OUT / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return files


def encode(tok, row):
    ids = lambda text: tok(text, add_special_tokens=False)["input_ids"]  # noqa: E731
    prompt = tok.apply_chat_template([{"role": "user", "content": row["prompt"]}], tokenize=False,
                                     add_generation_prompt=True)
    out = []
    for side in ("chosen", "rejected"):
        whole = tok.apply_chat_template([{"role": "user", "content": row["prompt"]},
                                         {"role": "assistant", "content": row[side]}], tokenize=False)
        assert whole.startswith(prompt)
        out.append(ids(whole[len(prompt):]))
    return ids(prompt), out


class Model:
    def __init__(self):
        self.tok = AutoTokenizer.from_pretrained(MODEL)
        self.model = AutoModelForCausalLM.from_pretrained(MODEL, torch_dtype=torch.float32).eval()
        self.U = self.model.get_output_embeddings().weight.detach().double().numpy()

    def states(self, prompt, response):
        """[len(response) + 1, d]: before each token of the response, and after the last."""
        with torch.no_grad():
            h = self.model.model(torch.tensor([prompt + response])).last_hidden_state[0]
        return h[len(prompt) - 1:].double().numpy()


def differences(m, pairs):
    return np.array([m.states(p, c)[-1] - m.states(p, r)[-1] for p, (c, r) in pairs])


def similarity(a, groups):
    w, rows = separator(a), {}
    assert w is not None
    cosine = lambda x, y: (x @ y.T) / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))  # noqa: E731
    rows["separator, trained"] = spread(cosine(w[None], a))
    for name, b in groups.items():
        rows[f"inner product, {name}"] = spread(a @ b.T)
        rows[f"cosine, {name}"] = spread(cosine(a, b))
        rows[f"separator, {name}"] = spread(cosine(w[None], b))
    return rows


def logp(U, states, tokens):
    return torch.log_softmax(states[:-1] @ U.T, 1)[range(len(tokens)), tokens].sum()


def dynamics(m, trained, others):
    """Rewards after a step of the pair's loss by autograd, for every rate: IM-RM by U and EX-RM by u."""
    h = [[torch.tensor(m.states(p, y)) for y in ys] for p, ys in [trained] + list(others.values())]
    longest = max(float(x.norm(dim=1).max()) for pair in h for x in pair)
    u = torch.tensor([0.02 * normal(SEED, HEAD, i) for i in range(m.U.shape[1])], dtype=torch.float64)
    rows = []
    for k in range(4):
        rate = 10.0**(-1 - k) / (BETA**2 * longest**2)
        U, v = torch.tensor(m.U, requires_grad=True), u.clone().requires_grad_()
        im = [BETA * (logp(U, x, y) - logp(torch.tensor(m.U), x, y)) for x, y in zip(h[0], trained[1])]
        ex = [x[-1] @ v for x in h[0]]
        (-torch.nn.functional.logsigmoid(im[0] - im[1]) - torch.nn.functional.logsigmoid(ex[0] - ex[1])).backward()
        for (name, (_, ys)), pair in zip(others.items(), h[1:]):
            for side, x, y in zip(("chosen", "rejected"), pair, ys):
                after = BETA * (logp(U - rate * U.grad, x, y) - logp(U, x, y))
                rows.append([f"{name}, {side}", rate, float(x[-1] @ (v - rate * v.grad) - x[-1] @ v), float(after)])
    return rows


def one_step(m, trained, groups):
    """Accuracies and mean differences after one full-batch step from u = 0 and U = the reference, by autograd."""
    states = lambda pairs: [[torch.tensor(m.states(p, y)) for y in ys] for p, ys in pairs]  # noqa: E731
    h = states(trained)
    rate = 1e-3 / (BETA**2 * max(float(x.norm(dim=1).max()) for pair in h for x in pair)**2)
    U0 = torch.tensor(m.U)
    U, u = torch.tensor(m.U, requires_grad=True), torch.zeros(m.U.shape[1], dtype=torch.float64, requires_grad=True)

    def gaps(h, pairs, U, u):
        im = [sum(s * BETA * (logp(U, x, y) - logp(U0, x, y)) for s, x, y in zip((1, -1), pair, ys))
              for pair, (_, ys) in zip(h, pairs)]
        return torch.stack(im), torch.stack([(x[-1] - y[-1]) @ u for x, y in h])

    sum(-torch.nn.functional.logsigmoid(g).mean() for g in gaps(h, trained, U, u)).backward()
    rows = {}
    with torch.no_grad():
        for name, pairs in groups.items():
            im, ex = gaps(states(pairs), pairs, U - rate * U.grad, u - rate * u.grad)
            rows[name] = [float((im > 0).double().mean()), float((ex > 0).double().mean()), float(im.mean()),
                          float(ex.mean()), len(pairs)]
    return rows


def told(train, sets):
    """The tokens that stand as responses: seen and unseen, of either side."""
    on = lambda pairs, side: {t for _, ys in pairs for t in ys[side]}  # noqa: E731
    every = train + [p for s in sets for p in s]
    out = {}
    for side in (0, 1):
        mine = on(every, side) - on(every, 1 - side)
        for name, source, allowed, most in (("seen", [train], mine & on(train, side), 2),
                                            ("unseen", sets, mine - on(train, side), 3)):
            count = {}
            for pairs in source:
                for _, ys in pairs:
                    last = [t for t in ys[side] if t in allowed]
                    if last:
                        count[last[-1]] = count.get(last[-1], 0) + 1
            out[name, side] = sorted(count, key=lambda t: (-count[t], t))[:most]
    return out


def theorem2(m, train, test, tokens):
    """Gradient descent on u and on those rows of U that the tokens need."""
    ids = [t for name in ("seen", "unseen") for side in (0, 1) for t in tokens[name, side]]
    U0 = m.U[ids]
    u = np.array([0.02 * normal(SEED, HEAD, i) for i in range(U0.shape[1])])
    single = lambda p, t: m.states(p, [t])  # noqa: E731
    pairs = []
    for i, (p, _) in enumerate(train):
        draw = bits(SEED, SAMPLE, i) >> 20
        a, b = tokens["seen", 0], tokens["seen", 1]
        pairs.append((p, a[draw % len(a)], b[(draw >> 16) % len(b)]))
    hx = np.array([single(p, a)[0] for p, a, _ in pairs])
    after = [np.array([single(p, t)[1] for p, t in ((q[0], q[k]) for q in pairs)]) for k in (1, 2)]
    z, n = after[0] - after[1], len(pairs)
    plus, minus = (np.array([ids.index(q[k]) for q in pairs]) for k in (1, 2))
    B = max(np.linalg.norm(x, axis=1).max() for x in (hx, *after))
    eta = 1.9 / B**2 * min(1, BETA**-2)
    best = separator(z)
    unseen = [(single(p, a), single(p, b)) for p, _ in test for a in tokens["unseen", 0] for b in tokens["unseen", 1]]
    U, rows, next_look = U0.copy(), [], 0
    for t in range(STEPS + 1):
        m_ex, dU = z @ u, U - U0
        m_im = BETA * (((dU[plus] - dU[minus]) * hx).sum(1))
        if t == next_look:
            right = np.mean([float((x[1] - y[1]) @ u > 0) for x, y in unseen])
            rows.append([t, np.log1p(np.exp(-m_ex)).mean(), np.log1p(np.exp(-m_im)).mean(), right,
                         u @ best / np.linalg.norm(u) / np.linalg.norm(best), m_im.min() / BETA])
            next_look = 10 * t if t else 1
        u = u + eta * (z / (1 + np.exp(m_ex))[:, None]).mean(0)
        g = BETA / (1 + np.exp(m_im)) / n
        G = np.zeros_like(U)
        np.add.at(G, plus, g[:, None] * hx)
        np.add.at(G, minus, -g[:, None] * hx)
        U = U + eta * G
    return {"tokens": {f"{a} {b}": v for (a, b), v in tokens.items()}, "norm": np.linalg.norm(best), "rows": rows}


def main():
    OUT.mkdir(exist_ok=True)
    torch.set_num_threads(1)
    m = Model()
    files = write_pairs(m.tok)
    pairs = {name: [encode(m.tok, row) for row in rows] for name, rows in files.items()}
    (OUT / "suite.yaml").write_text(f"""# SPDX-License-Identifier: Apache-2.0
suite: golden
task: theory
data:
  train: {{path: train.jsonl}}
  evaluate:
    original: {{path: original.jsonl, category: in_distribution}}
    other: {{path: other.jsonl, category: token_shift}}
matrix: {{model: [miniworld], seed: [{SEED}]}}
theory: {{steps: {STEPS}, beta: {BETA}}}
""")
    sets = [pairs["original"], pairs["other"]]
    numbers = {
        "separators": separators(),
        "spreads": spreads(),
        "footnote3": similarity(differences(m, pairs["train"]),
                                {k: differences(m, pairs[k]) for k in ("original", "other")}),
        "dynamics": dynamics(m, pairs["train"][0], {k: pairs[k][0] for k in ("original", "other")}),
        "one_step": one_step(m, pairs["train"], {"trained": pairs["train"], "original": pairs["original"],
                                                 "other": pairs["other"]}),
        "theorem2": theorem2(m, pairs["train"], pairs["original"], told(pairs["train"], sets)),
    }
    (OUT / "numbers.json").write_text(json.dumps(numbers, indent=None) + "\n")


main()
