#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One process of PyTorch's DistributedDataParallel over gloo, doing what the peer's torch_baseline.py does on this rank's
share of every step's pairs. ranks_vs_one.py starts it once per rank; rank 0 prints one JSON line.

usage: RANK=r WORLD_SIZE=n MASTER_ADDR=127.0.0.1 MASTER_PORT=p torch_ddp.py --model DIR --pairs FILE
       --objective ex_rm|im_rm --batch B --micro M --steps S --threads T"""
import argparse
import contextlib
import json
import os
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel
from transformers import AutoModelForCausalLM

from torch_evaluate import COLUMNS, collate, response_logp


def options():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in "model", "pairs", "objective":
        a.add_argument("--" + name, required=True)
    for name in "batch", "micro", "steps", "threads":
        a.add_argument("--" + name, type=int, required=True)
    return a.parse_args()


class Rewards(torch.nn.Module):
    """Rewards of a padded batch: DDP hooks into one module's forward."""

    def __init__(self, o):
        super().__init__()
        self.beta = 0.01
        self.policy = AutoModelForCausalLM.from_pretrained(o.model, torch_dtype=torch.float32)
        self.head = torch.nn.Parameter(torch.randn(self.policy.config.hidden_size) * 0.02) if o.objective == "ex_rm" else None
        if self.head is not None:
            self.policy.lm_head.requires_grad_(False)

    def forward(self, ids, mask, response, base):
        if self.head is None:
            return self.beta * (response_logp(self.policy, ids, mask, response) - base)
        hidden = self.policy.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        return hidden[torch.arange(len(ids)), mask.sum(1) - 1] @ self.head


def main():
    o = options()
    torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    pairs = [[row[k] for k in COLUMNS] for row in map(json.loads, open(o.pairs, encoding="utf-8"))]
    rewards = Rewards(o)
    reference = None
    if o.objective == "im_rm":
        reference = AutoModelForCausalLM.from_pretrained(o.model, torch_dtype=torch.float32).requires_grad_(False).eval()
    model = DistributedDataParallel(rewards)
    adam = torch.optim.AdamW([p for p in rewards.parameters() if p.requires_grad], lr=1e-6, weight_decay=0.0)

    def loss_of(batch):
        ids, mask, response = collate(batch)
        base = None
        if reference is not None:
            with torch.no_grad():
                base = response_logp(reference, ids, mask, response)
        chosen, rejected = model(ids, mask, response, base).chunk(2)
        return -F.logsigmoid(chosen - rejected).mean()

    mine = o.micro // size
    dist.barrier()
    start = time.perf_counter()
    for step in range(o.steps):
        for m in range(mine):
            at = ((step * size + rank) * mine + m) * o.batch
            with model.no_sync() if m + 1 < mine else contextlib.nullcontext():
                (loss_of(pairs[at:at + o.batch]) / mine).backward()
        adam.step()
        adam.zero_grad()
    dist.barrier()
    if rank == 0:
        print(json.dumps({"seconds": time.perf_counter() - start, "pairs": o.batch * o.micro * o.steps}))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
