#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rewards of pairs in PyTorch as the paper's authors evaluate: padded batches of chosen and rejected, logits and
log-softmax at every position, and for IM-RM the reference model run again. Prints one JSON line with the seconds from
the first token to the last reward.

usage: torch_evaluate.py --model DIR --data ids.jsonl --objective im_rm --batch 4 --pairs 8 [--threads 2] [--limit 512]"""
import argparse
import json
import time

import torch
from transformers import AutoModelForCausalLM

COLUMNS = "prompt_input_ids", "chosen_input_ids", "rejected_input_ids"


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--model", required=True)
    a.add_argument("--data", required=True)
    a.add_argument("--objective", choices=["ex_rm", "im_rm"], required=True)
    a.add_argument("--batch", type=int, default=4)
    a.add_argument("--pairs", type=int, default=8)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--beta", type=float, default=0.01)
    a.add_argument("--limit", type=int, default=512)
    return a.parse_args()


def read_pairs(o):
    rows = ([row[c] for c in COLUMNS] for row in map(json.loads, open(o.data, encoding="utf-8")))
    return [row for row in rows if max(map(len, row)) <= o.limit][:o.pairs]


def collate(pairs):
    rows = [p + c for p, c, _ in pairs] + [p + r for p, _, r in pairs]
    starts = [len(p) for p, _, _ in pairs] * 2
    width = max(map(len, rows))
    ids, mask = (torch.zeros(len(rows), width, dtype=torch.long) for _ in range(2))
    response = torch.zeros(len(rows), width, dtype=torch.bool)
    for i, (row, start) in enumerate(zip(rows, starts)):
        ids[i, :len(row)] = torch.tensor(row)
        mask[i, :len(row)] = 1
        response[i, start:len(row)] = True
    return ids, mask, response


def response_logp(model, ids, mask, response):
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
    logp = logits.log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]
    return (logp * response[:, 1:]).sum(1)


@torch.no_grad()
def main():
    o = options()
    torch.set_num_threads(o.threads)
    pairs = read_pairs(o)
    policy = AutoModelForCausalLM.from_pretrained(o.model, torch_dtype=torch.float32).eval()
    implicit = o.objective == "im_rm"
    if implicit:
        reference = AutoModelForCausalLM.from_pretrained(o.model, torch_dtype=torch.float32).eval()
    head = torch.randn(policy.config.hidden_size)
    start = time.perf_counter()
    for at in range(0, len(pairs), o.batch):
        ids, mask, response = collate(pairs[at:at + o.batch])
        if implicit:
            o.beta * (response_logp(policy, ids, mask, response) - response_logp(reference, ids, mask, response))
        else:
            hidden = policy.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
            hidden[torch.arange(len(ids)), mask.sum(1) - 1] @ head
    print(json.dumps({"seconds": time.perf_counter() - start, "pairs": len(pairs)}))


if __name__ == "__main__":
    main()
