#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write qwen2/, gpt_neox/, gpt_neox_serial/ and gemma2/ beside this script: small random models of these families with
what an independent implementation computes for them, in the layout that make_llama.py describes. To stay small, a case
has the parameters after 20 steps (adamw20) for im:0.5 only.

    pip install torch==2.5.1 transformers==4.51.3 safetensors
    python tests/golden/make_families.py

The models are written down here from their formulas, in float64 throughout, one head and one token at a time where that
is plainest; only the inverse rotary frequencies are transformers' float32 values. transformers' own classes, in float32,
must agree before anything is written. Prompts are longer than gemma2's sliding window."""
import json
import math

import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, Gemma2Config, GPTNeoXConfig, Qwen2Config
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from make_llama import CHOSEN, HERE, PROMPT, REJECTED, leaves, loss_of, rmsnorm, save, save_model

COMMON = dict(hidden_size=12, num_hidden_layers=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2,
              pad_token_id=0, torch_dtype="float32")
MODELS = {
    # biases of q, k and v; grouped queries; one matrix for input and output
    "qwen2": Qwen2Config(**COMMON, vocab_size=31, intermediate_size=20, num_attention_heads=3, num_key_value_heads=1,
                         rope_theta=1e6, tie_word_embeddings=True),
    # half of six numbers is odd, so four of a head turn; parallel residual
    "gpt_neox": GPTNeoXConfig(**COMMON, vocab_size=29, intermediate_size=20, num_attention_heads=2, rotary_pct=0.5),
    "gpt_neox_serial": GPTNeoXConfig(**dict(COMMON, num_hidden_layers=1), vocab_size=29, intermediate_size=20,
                                     num_attention_heads=2, rotary_pct=0.7, use_parallel_residual=False),
    # head_dim x heads is not the width, the scale is not that of head_dim, both caps bite, every other block slides
    "gemma2": Gemma2Config(**COMMON, vocab_size=31, intermediate_size=16, num_attention_heads=2, num_key_value_heads=1,
                           head_dim=8, query_pre_attn_scalar=5, attn_logit_softcapping=4.0,
                           final_logit_softcapping=3.0, sliding_window=5),
}
OBJECTIVES = "ex", "im:0.01", "im:0.5"
ABLATIONS = "ex_mean", "im_noref:0.01", "sft", "genrm"
ABLATED = "qwen2", "gemma2"  # the cases that have them too
YES, NO = 5, 7
NAMES = {"qwen2": "Qwen2ForCausalLM", "gpt_neox": "GPTNeoXForCausalLM", "gemma2": "Gemma2ForCausalLM"}


def draw(config, seed):
    """Weights in transformers' names, float32: large enough that every part of the model shows in the result."""
    g = torch.Generator().manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    weights = {}
    for name, p in model.state_dict().items():
        z = torch.randn(p.shape, generator=g)
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if "norm" in name and name.endswith("weight"):
            weights[name] = (0 if config.model_type == "gemma2" else 1) + 0.2 * z
        elif p.dim() == 1:
            weights[name] = 0.2 * z
        else:
            weights[name] = z * (0.5 if "embed" in name else 0.25)
    return weights


# --- formulas ------------------------------------------------------------------------------------------------------

def turn(v, position, inv_freq):
    """The first 2 len(inv_freq) numbers of one head: the plane (k, k + half) turns by position * inv_freq[k]."""
    half = len(inv_freq)
    angle = position * inv_freq
    a, b, rest = v[:half], v[half:2 * half], v[2 * half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin(), rest])


def attend(q, k, v, inv_freq, scale, cap=None, window=None):
    """q, k, v[T, K] of one head."""
    T = len(q)
    q = torch.stack([turn(q[t], t, inv_freq) for t in range(T)])
    k = torch.stack([turn(k[t], t, inv_freq) for t in range(T)])
    out = []
    for t in range(T):
        first = max(0, t - window + 1) if window else 0
        score = scale * (k[first:t + 1] @ q[t])
        if cap:
            score = cap * torch.tanh(score / cap)
        out.append(torch.softmax(score, 0) @ v[first:t + 1])
    return torch.stack(out)


def grouped_heads(w, x, config, inv_freq, scale, cap=None, window=None):
    H, G = config.num_attention_heads, config.num_key_value_heads
    K = getattr(config, "head_dim", config.hidden_size // H)
    q, k, v = (x @ w[f"{n}_proj.weight"].T + w.get(f"{n}_proj.bias", 0) for n in "qkv")
    heads = []
    for h in range(H):
        g = h * G // H
        heads.append(attend(q[:, h * K:(h + 1) * K], k[:, g * K:(g + 1) * K], v[:, g * K:(g + 1) * K], inv_freq, scale,
                            cap, window))
    return torch.cat(heads, 1) @ w["o_proj.weight"].T


def layernorm(x, w, name, eps):
    centred = x - x.mean(-1, keepdim=True)
    deviation = torch.sqrt((centred * centred).mean(-1, keepdim=True) + eps)
    return centred / deviation * w[f"{name}.weight"] + w[f"{name}.bias"]


def below(w, prefix):
    return {k[len(prefix):]: v for k, v in w.items() if k.startswith(prefix)}


def qwen2(w, ids, c, inv_freq):
    x = w["model.embed_tokens.weight"][ids]
    for i in range(c.num_hidden_layers):
        b = below(w, f"model.layers.{i}.")
        a = rmsnorm(x, b["input_layernorm.weight"], c.rms_norm_eps)
        x = x + grouped_heads(below(b, "self_attn."), a, c, inv_freq, (c.hidden_size // c.num_attention_heads) ** -0.5)
        a, m = rmsnorm(x, b["post_attention_layernorm.weight"], c.rms_norm_eps), below(b, "mlp.")
        x = x + (F.silu(a @ m["gate_proj.weight"].T) * (a @ m["up_proj.weight"].T)) @ m["down_proj.weight"].T
    hidden = rmsnorm(x, w["model.norm.weight"], c.rms_norm_eps)
    return hidden, hidden @ w["model.embed_tokens.weight"].T


def gpt_neox(w, ids, c, inv_freq):
    H, K = c.num_attention_heads, c.hidden_size // c.num_attention_heads

    def attention(w, x):
        qkv = x @ w["query_key_value.weight"].T + w["query_key_value.bias"]
        heads = []
        for h in range(H):
            q, k, v = qkv[:, 3 * K * h:3 * K * (h + 1)].split(K, 1)
            heads.append(attend(q, k, v, inv_freq, K ** -0.5))
        return torch.cat(heads, 1) @ w["dense.weight"].T + w["dense.bias"]

    def mlp(w, x):
        h = x @ w["dense_h_to_4h.weight"].T + w["dense_h_to_4h.bias"]
        return (h * (1 + torch.erf(h / math.sqrt(2))) / 2) @ w["dense_4h_to_h.weight"].T + w["dense_4h_to_h.bias"]

    x = w["gpt_neox.embed_in.weight"][ids]
    for i in range(c.num_hidden_layers):
        b = below(w, f"gpt_neox.layers.{i}.")
        one = attention(below(b, "attention."), layernorm(x, b, "input_layernorm", c.layer_norm_eps))
        middle = x if c.use_parallel_residual else x + one
        two = mlp(below(b, "mlp."), layernorm(middle, b, "post_attention_layernorm", c.layer_norm_eps))
        x = x + one + two
    hidden = layernorm(x, w, "gpt_neox.final_layer_norm", c.layer_norm_eps)
    return hidden, hidden @ w["embed_out.weight"].T


def gemma2(w, ids, c, inv_freq):
    def norm(x, w, name):
        return rmsnorm(x, 1 + w[f"{name}.weight"], c.rms_norm_eps)

    def mlp(w, a):
        g = a @ w["gate_proj.weight"].T
        g = g / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g ** 3)))
        return (g * (a @ w["up_proj.weight"].T)) @ w["down_proj.weight"].T

    x = w["model.embed_tokens.weight"][ids] * math.sqrt(c.hidden_size)
    for i in range(c.num_hidden_layers):
        b = below(w, f"model.layers.{i}.")
        seen = grouped_heads(below(b, "self_attn."), norm(x, b, "input_layernorm"), c, inv_freq,
                             c.query_pre_attn_scalar ** -0.5, c.attn_logit_softcapping,
                             c.sliding_window if i % 2 == 0 else None)
        x = x + norm(seen, b, "post_attention_layernorm")
        fed = mlp(below(b, "mlp."), norm(x, b, "pre_feedforward_layernorm"))
        x = x + norm(fed, b, "post_feedforward_layernorm")
    hidden = norm(x, w, "model.norm")
    logits = hidden @ w["model.embed_tokens.weight"].T
    return hidden, c.final_logit_softcapping * torch.tanh(logits / c.final_logit_softcapping)


FORWARD = {"qwen2": qwen2, "gpt_neox": gpt_neox, "gemma2": gemma2}


# --- numbers of a case ---------------------------------------------------------------------------------------------

class Case:
    def __init__(self, config, seed):
        self.config = config
        self.forward = lambda w, ids: FORWARD[config.model_type](w, ids, config, self.inv_freq)
        self.inv_freq = ROPE_INIT_FUNCTIONS["default"](config, "cpu")[0]
        self.theta, self.ref = draw(config, seed), draw(config, seed + 1)
        g = torch.Generator().manual_seed(seed + 2)
        self.seqs = []
        for p, c, r in zip(PROMPT, CHOSEN, REJECTED):
            parts = [torch.randint(0, config.vocab_size, (n,), generator=g) for n in (p, c, r)]
            self.seqs += [(p, torch.cat([parts[0], parts[1]])), (p, torch.cat([parts[0], parts[2]]))]

    def read(self, w):
        """Last hidden states [6,2,D] and response log-probabilities [6,2]."""
        last, logp = [], []
        for size, ids in self.seqs:
            hidden, logits = self.forward(w, ids)
            last.append(hidden[-1])
            logp.append(torch.log_softmax(logits[size - 1:-1], -1).gather(1, ids[size:, None]).sum())
        return torch.stack(last).view(6, 2, -1), torch.stack(logp).view(6, 2)

    def rewards(self, objective, w, reference):
        last, logp = self.read(w)
        if objective == "ex":
            return last @ w["score.weight"][0]
        if objective == "ex_mean":
            means = [self.forward(w, ids)[0][size:].mean(0) for size, ids in self.seqs]
            return (torch.stack(means) @ w["score.weight"][0]).view(6, 2)
        if objective == "genrm":
            return self.verdicts(w)[:, :, 0].exp()
        if objective == "sft":
            return logp
        if objective.startswith("im_noref:"):
            return float(objective[9:]) * logp
        return float(objective[3:]) * (logp - reference)

    def verdicts(self, w):
        """Log-probabilities of the tokens YES and NO behind every sequence: [6,2,2]."""
        table = [torch.log_softmax(self.forward(w, ids)[1][-1], -1)[[YES, NO]] for _, ids in self.seqs]
        return torch.stack(table).view(6, 2, 2)

    def loss(self, objective, w, reference):
        if objective == "sft":
            return -self.read(w)[1][:, 0].mean()
        if objective == "genrm":
            v = self.verdicts(w)
            return -(v[:, 0, 0] + v[:, 1, 1]).mean() / 2
        return loss_of(self.rewards(objective, w, reference))

    def gradient(self, objective, reference):
        w = leaves(self.theta)
        loss = self.loss(objective, w, reference)
        loss.backward()
        return loss.item(), {k: torch.zeros_like(v) if v.grad is None else v.grad
                             for k, v in w.items() if objective in ("ex", "ex_mean") or k != "score.weight"}

    def trajectory(self, objective):
        w = leaves(self.theta)
        mine = {k: v for k, v in w.items() if k != "score.weight"}
        reference = self.read(w)[1].detach()
        adam = torch.optim.AdamW(mine.values(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
        losses = []
        for step in range(21):
            adam.zero_grad()
            r = self.rewards(objective, w, reference)
            losses.append(loss_of(r).item())
            if step < 20:
                loss_of(r).backward()
                adam.step()
        return losses, r.detach(), {k: v.detach() for k, v in mine.items()}

    def check_transformers(self):
        """transformers' class in float32 must see the same states and logits."""
        model = AutoModelForCausalLM.from_config(self.config, attn_implementation="eager").eval()
        missing, unexpected = model.load_state_dict(self.theta, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
        worst = 0
        with torch.no_grad():
            for _, ids in self.seqs:
                hidden, logits = self.forward(leaves(self.theta), ids)
                theirs = model(ids[None], output_hidden_states=True, use_cache=False)
                worst = max(worst, (theirs.logits[0] - logits).abs().max().item(),
                            (theirs.hidden_states[-1][0] - hidden).abs().max().item())
        assert worst < 5e-5, worst
        return worst


def write_case(name, config, seed):
    config.architectures = [NAMES[config.model_type]]
    case = Case(config, seed)
    worst = case.check_transformers()
    save_model(HERE / name, config, case.theta)
    save_model(HERE / name / "ref", config, case.ref)
    g = torch.Generator().manual_seed(seed + 3)
    case.theta["score.weight"] = 0.3 * torch.randn(1, config.hidden_size, generator=g)

    with torch.no_grad():
        w = leaves(case.theta)
        states = [case.forward(w, ids) for _, ids in case.seqs]
        logp_theta, logp_ref = case.read(w)[1], case.read(leaves(case.ref))[1]
        cases = {
            "ids": torch.cat([ids for _, ids in case.seqs]).int(),
            "prompt_len": torch.tensor(PROMPT, dtype=torch.int32),
            "chosen_len": torch.tensor(CHOSEN, dtype=torch.int32),
            "rejected_len": torch.tensor(REJECTED, dtype=torch.int32),
            "hidden": torch.cat([h for h, _ in states]), "logits": torch.cat([z for _, z in states]),
            "score.weight": case.theta["score.weight"], "logp_theta": logp_theta, "logp_ref": logp_ref,
            "inv_freq": case.inv_freq,
        }
        for o in OBJECTIVES + (ABLATIONS if name in ABLATED else ()):
            cases[f"rewards.{o}"] = case.rewards(o, w, logp_ref)
    meta = {"loss": {}, "trajectory_loss": {}, "float32_transformers_worst": worst}
    for o in OBJECTIVES + (ABLATIONS if name in ABLATED else ()):
        meta["loss"][o], grads = case.gradient(o, logp_ref)
        if o != "im:0.01" and not o.startswith("im_noref"):
            save(HERE / name / f"grads.{o.replace(':', '_')}.safetensors", grads)
    losses, cases["final_rewards.im:0.5"], after = case.trajectory("im:0.5")
    meta["trajectory_loss"]["im:0.5"] = losses
    save(HERE / name / "adamw20.im_0.5.safetensors", after)
    save(HERE / name / "cases.safetensors", cases)
    (HERE / name / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
    print(name, {k: round(v, 4) for k, v in meta["loss"].items()}, f"transformers float32: {worst:.1e}")


def main():
    torch.set_num_threads(1)
    for i, (name, config) in enumerate(MODELS.items()):
        write_case(name, config, 1000 * (i + 1))


if __name__ == "__main__":
    main()
