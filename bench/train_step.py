"""One training step (loss, gradient, clip, AdamW) of the same small models, ours against PyTorch eager and compiled, on
one pinned core and on two; then ours with several members in one program.

    python -m bench train_step

All sides of a comparison are processes that live side by side and take turns, so that a busy machine troubles all of
them alike. GFLOP/s counts 6 x parameters x tokens, attention left out. PyTorch lives in bench/.venv (_environment.py).
"""

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import _environment, _side
from bench._side import Side

LLAMA = {"vocab": 512, "context": 64, "norm": "rms", "mlp": "swiglu", "position": "rope", "rope_base": 10000.0, "tied_head": False}
MODELS: dict[str, tuple[dict[str, Any], int]] = {  # name -> DecoderConfig fields, batch size
    # nanoGPT's README, "I only have a macbook": shakespeare_char, float32, no dropout
    "nanoGPT": (
        {
            "layers": 4, "width": 128, "heads": 4, "kv_heads": 4, "head_dim": 32, "mlp_width": 512, "vocab": 65, "context": 64,
            "norm": "layer", "mlp": "gelu", "norm_eps": 1e-5, "position": "learned", "rope_base": 10000.0, "tied_head": True,
        },
        12,
    ),
    "S": (LLAMA | {"layers": 3, "width": 48, "heads": 3, "kv_heads": 3, "head_dim": 16, "mlp_width": 168}, 8),
    "M": (LLAMA | {"layers": 4, "width": 64, "heads": 4, "kv_heads": 4, "head_dim": 16, "mlp_width": 224}, 8),
    "L": (LLAMA | {"layers": 4, "width": 96, "heads": 6, "kv_heads": 6, "head_dim": 16, "mlp_width": 336}, 8),
}  # fmt: skip
COMPARED, PACKED, MEMBERS, CORES = ("nanoGPT", "L"), ("S", "M", "L"), (1, 4, 8), (1, 2)


def ours(name: str, cores: int, members: int) -> Side:
    return Side([sys.executable, "-m", "bench.train_step", name, str(cores), str(members)])


def theirs(python: Path, name: str, cores: int, *options: str) -> Side:
    config, batch = MODELS[name]
    script = str(Path(__file__).parent / "torch_gpt.py")
    return Side([str(python), script, json.dumps(config), "--batch", str(batch), "--cores", str(cores), *options])


def serve(name: str, cores: int, members: int) -> None:
    """Our side of the table: the step that shared.fit compiles, timed on request."""
    os.sched_setaffinity(0, range(cores))  # before jax counts the cores
    from shared.allocator import keep_memory

    keep_memory()
    import jax
    import jax.numpy as jnp
    import numpy as np

    from shared.fit import Task, build
    from shared.lm import next_token_loss
    from shared.nn.decoder import Decoder, DecoderConfig, parameter_count
    from shared.nn.pure import pure
    from shared.optim import adamw, decay_mask

    fields, rows = MODELS[name]
    config = DecoderConfig(**fields)
    model, random = pure(lambda rngs: Decoder(config, rngs)), np.random.default_rng(0)

    def batch(step: int) -> np.ndarray:
        return random.integers(config.vocab, size=(members, rows, config.context), dtype=np.int32)

    task = Task(
        init=lambda key, hyper: model.init(key),
        loss=lambda params, tokens, key, hyper: (next_token_loss(model.apply(params, tokens), tokens), {}),
        optimizer=lambda h: adamw(lambda step: h["lr"], h["weight_decay"], decay_mask(model.axes), 0.9, 0.95, 1e-8, 1.0),
        batch=batch,
        evaluate=lambda params: {},
        axes=model.axes,
        tokens_per_batch=rows * config.context,
    )
    init_state, step = build(task, 100)
    hyper = {"seed": jnp.arange(members), "lr": jnp.full(members, 1e-3), "weight_decay": jnp.full(members, 0.1)}
    state, step = jax.jit(init_state)(hyper), jax.jit(step, donate_argnums=0)

    def timed() -> float:
        nonlocal state
        tokens, begin = batch(0), time.perf_counter()
        state, metrics = step(state, tokens, hyper)
        jax.block_until_ready(metrics)
        return time.perf_counter() - begin

    _side.serve(timed, parameters=parameter_count(config)["total"])


def rate(name: str, side: Side, members: int = 1) -> float:
    """GFLOP/s."""
    config, rows = MODELS[name]
    return 6 * side.about["parameters"] * rows * config["context"] * members / side.ms / 1e6


def compare(python: Path) -> None:
    print("milliseconds per step (GFLOP/s), medians; ratio: how many of our steps fit into one of theirs")
    print(f"{'model':8} cores {'ours':>16} {'torch eager':>22} {'torch compiled':>24}")
    for name in COMPARED:
        for cores in CORES:
            with ExitStack() as stack:
                makers = (ours(name, cores, 1), theirs(python, name, cores), theirs(python, name, cores, "--compile"))
                sides = [stack.enter_context(side) for side in makers]
                _side.take_turns(sides)
                assert len({side.about["parameters"] for side in sides}) == 1, "the models differ"
                cells = [f"{side.ms:8.2f} ({rate(name, side):5.1f})" for side in sides]
                ratios = [f"{side.ms / sides[0].ms:5.2f} x" for side in sides]
                print(f"{name:8} {cores:5} {cells[0]} {cells[1]} {ratios[1]} {cells[2]} {ratios[2]}", flush=True)


def pack() -> None:
    print("ours, milliseconds per member-step (GFLOP/s), medians, by members in one program")
    print(f"{'model':8} cores" + "".join(f"{f'K={members}':>18}" for members in MEMBERS))
    for name in PACKED:
        for cores in CORES:
            with ExitStack() as stack:
                sides = [stack.enter_context(ours(name, cores, members)) for members in MEMBERS]
                _side.take_turns(sides)
                cells = [f"{s.ms / k:10.2f} ({rate(name, s, k):5.1f})" for s, k in zip(sides, MEMBERS, strict=True)]
                print(f"{name:8} {cores:5}" + "".join(cells), flush=True)


def main() -> None:
    if python := _environment.python("requirements.txt", "PyTorch"):
        compare(python)
    pack()


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:])) if sys.argv[1:] else main()
