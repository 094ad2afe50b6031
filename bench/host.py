"""Host time per training step: shared.fit against the style that the NNX guides advertise, on a model whose arithmetic
takes no time and whose state has about 100 array leaves.

    python -m bench host
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from shared.fit import Schedule, Task, fit
from shared.run import Run
from shared.rundir import RunDir

LEAVES, STEPS = 34, 400  # parameters; with Adam's two moments about 100 arrays


def ours() -> float:
    """Milliseconds per step of the whole loop: batch, placement, step, bookkeeping."""
    with tempfile.TemporaryDirectory() as folder:
        member = RunDir(Path(folder) / "bench" / "train" / "host")
        config = {"entry": "train", "seed": 0}
        member.create({"identity": "host", "paper": "bench", "scale": "smoke", "config": config, "needs": {}, "label": "", "group": ""})
        task = Task(
            init=lambda key, hyper: {f"w{index}": jax.random.normal(key, (8, 8)) for index in range(LEAVES)},
            loss=lambda params, batch, key, hyper: (sum(jnp.sum(p * p) for p in params.values()) + batch.sum(), {}),
            optimizer=lambda hyper: optax.adam(1e-3),
            batch=lambda step: np.zeros((1, 8, 8), np.float32),
            evaluate=lambda params: {"val/loss": np.zeros(1)},
            axes={f"w{index}": (None, None) for index in range(LEAVES)},
            tokens_per_batch=64,
        )
        with Run([member], ("seed",), {"member": 1, "data": 1, "fsdp": 1, "tensor": 1}, {}) as run:
            fitted = fit(task, Schedule(STEPS, log_every=100, evaluate_every=STEPS, save_minutes=60.0), run)
            run.finish(fitted.final)
        return fitted.final["perf/step_ms"]


class Sum(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.weights = nnx.List([nnx.Param(rngs.normal((8, 8))) for _ in range(LEAVES)])

    def __call__(self, batch: jax.Array) -> jax.Array:
        return sum(jnp.sum(w[...] ** 2) for w in self.weights) + batch.sum()


def advertised() -> float:
    """Milliseconds per step of nnx.Optimizer inside nnx's own jit."""
    model = Sum(nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.adam(1e-3), wrt=nnx.Param)

    @nnx.jit
    def step(model: Sum, optimizer: nnx.Optimizer, batch: jax.Array) -> jax.Array:
        loss, gradient = nnx.value_and_grad(lambda model: model(batch))(model)
        optimizer.update(model, gradient)
        return loss

    batch, times = np.zeros((8, 8), np.float32), []
    for _ in range(STEPS):
        begin = time.perf_counter()
        step(model, optimizer, batch)
        times.append(time.perf_counter() - begin)
    return statistics.median(times[20:]) * 1e3


def main() -> None:
    os.environ["WANDB_MODE"] = "disabled"
    pairs = [(ours(), advertised()) for _ in range(3)]
    mine, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"host time per step, {3 * LEAVES} leaves, median of 3 x {STEPS} steps")
    print(f"  shared.fit, whole loop           {mine:7.3f} ms")
    print(f"  nnx.Optimizer in nnx's own jit   {theirs:7.3f} ms   {theirs / mine:.1f} x")


if __name__ == "__main__":
    main()
