"""The PyTorch side of bench/generalization.py: the same networks, Lanczos' method and training in a subspace, timed on request.

Runs in bench/.venv (bench/requirements.txt) as `python -m bench.torch_generalization TASK CORES CONFIG [--compile]`; TASK is lanczos or
subspace, CONFIG that of bench/_generalization.py. Before it serves, it computes with our weights what we have computed with them, and says
by how much it is off. It keeps freed memory as our side does.
"""

import time
from collections.abc import Callable

import numpy as np

from bench import _side
from bench._torch import begin

arguments = begin(__doc__, ("lanczos", "subspace"))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor  # noqa: E402

Known = dict[str, Tensor]  # ours, by name

# Parameters in our order, by which theirs are one vector, as ours are.
LAYERS = {"mlp": ("head", "hidden"), "lenet": ("first", "head", "hidden", "second")}


# -- networks -----------------------------------------------------------------------------------------------------------------------------
def vector(network: str, known: Known, before: str) -> Tensor:
    """[D]"""
    return torch.cat([known[f"{before}/{layer}/{part}"].flatten() for layer in LAYERS[network] for part in ("bias", "kernel")])


def shaped(network: str, known: Known) -> Callable[[Tensor], Known]:
    """A vector [D] -> the parameters by name."""
    names = [f"{layer}/{part}" for layer in LAYERS[network] for part in ("bias", "kernel")]
    shapes = [known[f"weights/{name}"].shape for name in names]
    sizes = [shape.numel() for shape in shapes]

    def apart(theta: Tensor) -> Known:
        return {name: part.view(shape) for name, part, shape in zip(names, theta.split(sizes), shapes, strict=True)}

    return apart


def logits(network: str, p: Known, x: Tensor) -> Tensor:
    """x [B, H, W, 1] -> [B, 10]"""
    if network == "lenet":
        x = x.permute(0, 3, 1, 2)
        for layer in ("first", "second"):
            x = F.max_pool2d(F.relu(F.conv2d(x, p[f"{layer}/kernel"].permute(3, 2, 0, 1), p[f"{layer}/bias"])), 2)
        x = x.permute(0, 2, 3, 1)
    x = F.relu(F.linear(x.flatten(1), p["hidden/kernel"].T, p["hidden/bias"]))
    return F.linear(x, p["head/kernel"].T, p["head/bias"])


# -- Lanczos ------------------------------------------------------------------------------------------------------------------------------
def lanczos(config, known: Known) -> None:
    """The graph of the gradient is built once and gone through backwards for every product."""
    name, apart, labels = config.network.name, shaped(config.network.name, known), known["labels"].long()
    theta = vector(name, known, "weights").requires_grad_()
    loss = F.cross_entropy(logits(name, apart(theta), known["inputs"]), labels)
    (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
    start = vector(name, known, "start")

    def product(v: Tensor) -> Tensor:
        return torch.autograd.grad(gradient, theta, v, retain_graph=True)[0]

    def search() -> np.ndarray:
        """Ritz values, every vector made orthogonal to all before it, twice."""
        basis = torch.zeros(config.steps, len(start))
        basis[0] = start / start.norm()
        diagonal, beside = [], []
        for step in range(config.steps):
            rest = product(basis[step])
            diagonal.append(float(basis[step] @ rest))
            some = basis[: step + 1]
            for _ in range(2):
                rest = rest - (some @ rest) @ some
            beside.append(float(rest.norm()))
            if step + 1 < config.steps:
                basis[step + 1] = rest / beside[-1]
        return np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1))

    off = np.abs(search()[-5:] / known["values"].numpy() - 1).max()
    _side.serve(lambda: seconds(search), warm=0, parameters=len(start), off=float(off))


# -- training in a subspace ---------------------------------------------------------------------------------------------------------------
def subspace(config, known: Known) -> None:
    name, apart, labels = config.network.name, shaped(config.network.name, known), known["labels"].long()
    start, left, right = vector(name, known, "weights"), known["factors/left"], known["factors/right"]
    side, width = left.shape

    def loss_of(v: Tensor) -> Tensor:
        moved = (left @ v.view(width, width) @ right.T / side).flatten()[: len(start)]
        return F.cross_entropy(logits(name, apart(start + moved), known["inputs"]), labels)

    compiled = torch.compile(loss_of) if arguments.compile else loss_of
    v = known["v"].clone().requires_grad_()
    loss = compiled(v)
    (gradient,) = torch.autograd.grad(loss, v)
    off = max(float(abs(loss.detach() / known["loss"] - 1)), float((gradient - known["gradient"]).norm() / known["gradient"].norm()))
    v = torch.zeros_like(v).requires_grad_()
    optimizer = torch.optim.Adam([v], config.subspace.lr, fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        compiled(v).backward()
        optimizer.step()

    _side.serve(lambda: seconds(step), parameters=len(start), off=off)


def seconds(step: Callable[[], object]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def golden(path: str) -> Known:
    with np.load(path) as file:
        return {name: torch.tensor(values) for name, values in file.items()}


if __name__ == "__main__":
    {"lanczos": lanczos, "subspace": subspace}[arguments.task](arguments.config, golden(arguments.config.golden))
