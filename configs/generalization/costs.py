"""What a `generalization` run costs: FLOPs of products and factorisations, bytes of the arrays that are held; one function per entry."""

import math

from ml_collections import ConfigDict

from configs.generalization.kinds import DATA, pictures
from configs.generalization.texts import of_language_model

EIGEN = 25  # an eigendecomposition of n x n is about 25 n^3


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config."""
    return COSTS[config.entry](config)


# -- without networks: float64 --------------------------------------------------------------------------------------------
def of_polynomials(config: ConfigDict) -> dict[str, float]:
    p = config.polynomial
    fits = p.draws * len(p.growths) * len(p.noises)
    flops = sum(fits * (2 * n * n * p.degree + EIGEN * n**3) for n in p.points)
    return {"flops": float(flops), "bytes": float(8 * p.draws * max(p.points) * (p.degree + 1))}


def of_gp(config: ConfigDict) -> dict[str, float]:
    n, m = config.data.train, config.data.test
    _, _, shape, classes = DATA[config.data.name]
    flops = 2 * math.prod(shape) * n * (n + m) + n**3 / 3 + len(config.gp.altered) * 2 * classes * n * (2 * n + m)
    return {"flops": float(flops), "bytes": float(8 * (2 * n * n + n * m))}


def of_features(config: ConfigDict) -> dict[str, float]:
    f = config.features
    if not pictures(config):
        sides = [min(f.train, count) for count in f.counts]
        flops = sum(f.draws * (2 * f.train * count * side + EIGEN * side**3) for count, side in zip(f.counts, sides, strict=True))
        return {"flops": float(flops), "bytes": float(8 * f.draws * f.train * max(f.counts) * 2)}
    n, m = config.data.train, config.data.test
    width = math.prod(DATA[config.data.name][2])
    flops = sum(2 * width * (n + m) * count + 2 * n * count * min(n, count) + EIGEN * min(n, count) ** 3 for count in f.counts)
    return {"flops": float(flops), "bytes": float(8 * ((n + m) * max(f.counts) + 2 * n * n))}


def of_linear(config: ConfigDict) -> dict[str, float]:
    line = config.linear
    flops = sum(2 * n * line.features**2 + 10 * line.features**3 for n in line.points) * line.draws
    return {"flops": float(flops), "bytes": float(8 * line.features**2)}


# -- networks that are coded ----------------------------------------------------------------------------------------------
def parameters(config: ConfigDict) -> int:
    """D, of the network. Raises ValueError for inputs that it cannot take."""
    _, _, shape, classes = DATA[config.data.name]
    if config.network.name == "mlp":
        return 256 * (math.prod(shape) + 1) + classes * (256 + 1)
    if len(shape) != 3 or min(shape[:2]) < 16:
        raise ValueError(f"network.name={config.network.name}: it takes pictures of 16 x 16 at least, {config.data.name} has {shape}")
    height, width = (((side - 4) // 2 - 4) // 2 for side in shape[:2])
    return 20 * (25 * shape[2] + 1) + 50 * (25 * 20 + 1) + 500 * (50 * height * width + 1) + classes * (500 + 1)


def of_code(config: ConfigDict) -> dict[str, float]:
    """FLOPs of the network and of P, with the gradient three times those of the forward pass; all points once at the end. Bytes of P, of
    the parameters with gradient, and of a batch."""
    points, _, shape, _ = DATA[config.data.name]
    size, c, root = parameters(config), config.subspace, math.isqrt(config.subspace.dimension)
    per_point = 2 * size
    if config.network.name == "lenet":
        height, width = shape[0] - 4, shape[1] - 4
        per_point += 1_000 * height * width * shape[2] + 50_000 * (height // 2 - 4) * (width // 2 - 4)
    per_map, held = {
        "kronecker": (2 * size * root, 2 * math.isqrt(size) * root), "sparse": (8 * size, 8 * size),
        "dense": (2 * size * c.dimension, size * c.dimension),
    }[c.projector]  # fmt: skip
    steps = c.steps if config.entry == "subspace" else config.quantise.steps
    flops = 3 * steps * (per_point * c.batch_size + per_map) + per_point * points
    return {"params": size, "flops": float(flops), "bytes": float(4 * (held + 4 * size) + 8 * c.batch_size * math.prod(shape))}


COSTS = {
    "polynomials": of_polynomials, "gp": of_gp, "features": of_features, "linear": of_linear,
    "subspace": of_code, "compress": of_code, "lm": of_language_model, "language": of_language_model,
}  # fmt: skip
