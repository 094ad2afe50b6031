"""The PyTorch side of bench/train_step.py: the same model and step, eager or compiled, timed on request.

Runs in bench/.venv (bench/requirements.txt). Each line read from standard input is a number of steps to run; the
answer is one line with the list of their durations in seconds.
"""

import argparse
import json
import os
import sys
import time


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="JSON of a DecoderConfig")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


arguments = read_arguments()
os.sched_setaffinity(0, range(arguments.cores))  # before PyTorch sizes its thread pool

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(arguments.cores)
torch.manual_seed(0)


class Norm(nn.Module):
    def __init__(self, kind, width):
        super().__init__()
        self.kind, self.scale = kind, nn.Parameter(torch.ones(width))

    def forward(self, x):
        if self.kind == "rms":
            return F.rms_norm(x, self.scale.shape, self.scale, 1e-6)
        return F.layer_norm(x, self.scale.shape, self.scale, None, 1e-5)


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, inner = c["heads"], c["heads"] * c["head_dim"]
        self.attention_norm, self.mlp_norm = Norm(c["norm"], c["width"]), Norm(c["norm"], c["width"])
        self.qkv = nn.Linear(c["width"], 3 * inner, bias=False)
        self.out = nn.Linear(inner, c["width"], bias=False)
        self.gated = c["mlp"] == "swiglu"
        self.up = nn.Linear(c["width"], c["mlp_width"] * (2 if self.gated else 1), bias=False)
        self.down = nn.Linear(c["mlp_width"], c["width"], bias=False)

    def forward(self, x, rope):
        b, t, _ = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if rope is not None:
            q, k = rotate(q, *rope), rotate(k, *rope)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, -1))
        h = self.up(self.mlp_norm(x))
        if self.gated:
            gate, up = h.chunk(2, -1)
            return x + self.down(F.silu(gate) * up)
        return x + self.down(F.gelu(h, approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embedding = nn.Embedding(c["vocab"], c["width"])
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.learned = c["position"] == "learned"
        if self.learned:
            self.positions = nn.Parameter(0.02 * torch.randn(c["context"], c["width"]))
        else:
            omega = c["rope_base"] ** (-torch.arange(0, c["head_dim"], 2) / c["head_dim"])
            angle = torch.arange(c["context"])[:, None] * omega
            self.register_buffer("cos", angle.cos())
            self.register_buffer("sin", angle.sin())
        self.blocks = nn.ModuleList(Block(c) for _ in range(c["layers"]))
        self.norm = Norm(c["norm"], c["width"])
        self.head = nn.Linear(c["width"], c["vocab"], bias=False)
        if c["tied_head"]:
            self.head.weight = self.embedding.weight

    def forward(self, tokens):
        t = tokens.shape[1]
        x = self.embedding(tokens)
        x, rope = (x + self.positions[:t], None) if self.learned else (x, (self.cos[:t], self.sin[:t]))
        for block in self.blocks:
            x = block(x, rope)
        logits = self.head(self.norm(x))
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def main():
    config = json.loads(arguments.model)
    model = Decoder(config)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = torch.compile(model) if arguments.compile else model

    def step(tokens):
        loss = loss_of(tokens)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss

    def timed():
        tokens = torch.randint(config["vocab"], (arguments.batch, config["context"]))
        start = time.perf_counter()
        step(tokens)
        return time.perf_counter() - start

    for _ in range(5):
        timed()
    print(json.dumps({"parameters": sum(p.numel() for p in parameters)}), flush=True)
    for line in sys.stdin:
        print(json.dumps([timed() for _ in range(int(line))]), flush=True)


main()
