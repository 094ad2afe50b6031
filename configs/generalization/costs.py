"""What a `generalization` run costs: FLOPs of products and factorisations, bytes of the arrays that are held; one function per entry."""

import math

from ml_collections import ConfigDict

from configs.generalization import sizes
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
def of_code(config: ConfigDict) -> dict[str, float]:
    """FLOPs of the network and of P, with the gradient three times those of the forward pass; all points once at the end. Bytes of P, of
    the parameters with gradient, and of a batch."""
    points, _, shape, _ = DATA[config.data.name]
    (size, per_point), c, root = sizes.coded(config), config.subspace, math.isqrt(config.subspace.dimension)
    per_map, held = {
        "kronecker": (2 * size * root, 2 * math.isqrt(size) * root), "sparse": (8 * size, 8 * size),
        "dense": (2 * size * c.dimension, size * c.dimension),
    }[c.projector]  # fmt: skip
    steps = c.steps if config.entry == "subspace" else config.quantise.steps
    flops = 3 * steps * (per_point * c.batch_size + per_map) + per_point * points
    return {"params": size, "flops": float(flops), "bytes": float(4 * (held + 4 * size) + 8 * c.batch_size * math.prod(shape))}


# -- networks that are trained --------------------------------------------------------------------------------------------
def of_training(config: ConfigDict) -> dict[str, float]:
    """With the gradient three times a forward pass, a product with the Hessian twice a gradient; the diagonal of the Gauss-Newton matrix
    takes a gradient per class. Bytes of the parameters with gradient and moments, of a batch's activations, and of a Krylov basis."""
    (size, forward), c, m = sizes.classifier(config), config.train, config.measure
    n, classes = config.data.train, DATA[config.data.name][3]
    passes = c.evaluations * (n + config.data.test) + 3 * c.steps * c.batch_size
    passes += m.probes * m.steps * 6 * n + (3 * classes * n if m.evidence else 0)
    return {"params": size, "flops": forward * passes, "bytes": float(16 * size + forward * c.batch_size + 4 * m.steps * size)}


def of_curve(config: ConfigDict) -> dict[str, float]:
    """Three forward passes a step, and all points at every point of the curve and of the line."""
    (size, forward), m = sizes.classifier(config), config.modes
    passes = 3 * m.steps * config.train.batch_size + 2 * m.points * (config.data.train + config.data.test)
    return {"params": size, "flops": forward * passes, "bytes": float(24 * size + forward * config.train.batch_size)}


# -- two spirals ----------------------------------------------------------------------------------------------------------
RAY = 70  # losses on the way to a border


def of_spirals(config: ConfigDict) -> dict[str, float]:
    """Three forward passes a step, or a forward pass per place on a ray; 20 rays at a time."""
    size, s, v = sizes.spirals(config), config.spirals, config.volume
    passes = 6 * s.steps * (s.points + s.poison) if config.entry == "spirals" else 2 * RAY * v.directions * s.points
    return {"params": size.parameters, "flops": size.flops * passes, "bytes": float(size.flops * (40 * s.points + 2 * s.poison))}


COSTS = {
    "polynomials": of_polynomials, "gp": of_gp, "features": of_features, "linear": of_linear,
    "subspace": of_code, "compress": of_code, "lm": of_language_model, "language": of_language_model,
    "train": of_training, "modes": of_curve, "spirals": of_spirals, "volume": of_spirals,
}  # fmt: skip
