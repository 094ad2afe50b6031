"""Every field of a `generalization` run: its unit, its default at each scale, and the reason.

"Deep learning is not so mysterious or different" (Wilson, ICML 2025): benign overfitting and double descent appear without networks, and
a soft preference for simple solutions explains them. The paper published neither code nor most of its constants: where a number
is ours, the comment says so. Scales:
  smoke  seconds, digits of 8 x 8 that come with the code, for tests
  cpu    the figures without networks at their full size, on Fashion-MNIST in place of CIFAR-10: minutes on two cores
  gpu    exact kernels of 30,000 pictures, 10,000 random features and beyond: one H200-class device
  paper  the published set-ups, as far as they are known: CIFAR-10, which the user has to give (`python -m launch data cifar10`)

Kinds of runs: `polynomials` (a high order, softly penalised), `gp` (an exact Gaussian process on altered labels), `features` (least
squares on weak or random features), `linear` (how data determine the directions of a Bayesian linear model), `subspace` (a network trained
within a random subspace), `compress` (that network quantised, coded and certified), and `lm` and `language` (the same of language models).
"""

import math

from ml_collections import ConfigDict

from configs.checks import check, value
from configs.generalization.costs import cost, parameters
from configs.generalization.kinds import DATA, coded, pictures
from configs.generalization.texts import adapted, needs_of_language, of_text, spoken

__all__ = ["cost", "get_config", "needs", "resolve"]

SCALES = ("smoke", "cpu", "gpu", "paper")

ALTERED = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the labels, Figure 1(d)

BY_SCALE = {
    "smoke": {
        "data.name": "digits", "data.train": 300, "data.test": 200, "polynomial.draws": 4, "features.draws": 3, "linear.draws": 2,
        "network.name": "mlp", "subspace.dimension": 100, "subspace.steps": 300, "subspace.batch_size": 64, "quantise.levels": 7,
        "quantise.steps": 100, "mesh": "cpu",
    },
    "cpu": {
        "data.name": "fashion_mnist", "data.train": 4_000, "data.test": 2_000, "polynomial.draws": 20, "features.draws": 20,
        "linear.draws": 20, "network.name": "mlp", "subspace.dimension": 1_296, "subspace.steps": 1_500, "subspace.batch_size": 256,
        "quantise.levels": 9, "quantise.steps": 3_000, "mesh": "cpu",
    },
    "gpu": {
        "data.name": "fashion_mnist", "data.train": 30_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "network.name": "lenet", "subspace.dimension": 1_296, "subspace.steps": 10_000, "subspace.batch_size": 256,
        "quantise.levels": 9, "quantise.steps": 10_000, "mesh": "h200",
    },
    "paper": {
        "data.name": "cifar10", "data.train": 50_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "network.name": "lenet", "subspace.dimension": 1_024, "subspace.steps": 195_500, "subspace.batch_size": 128,
        "subspace.lr": 1e-3, "quantise.kind": "learned", "quantise.levels": 7, "quantise.steps": 11_700, "quantise.price": 0.0,
        "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale: polynomials. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "polynomials"  # one of SECTIONS: the module of projects/generalization that runs it
    config.seed = 0  # which examples, which labels are altered, what is drawn; of a subspace theta_0 and P: it is coded with the model
    config.packable = ()  # follows from the entry: seeds of `gp`, of random features and of `subspace` share a process
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.data = ConfigDict()  # entries gp, subspace and compress, and features of pictures; made-up data need none
    config.data.name = ""  # a row of DATA; empty where the data are made up
    config.data.train = 0  # examples, drawn by the seed; a certificate is of all there are
    config.data.test = 0  # the first ones, or all
    config.data.vocab = 0  # of a text: 97 are bytes

    config.polynomial = ConfigDict()  # f(x) = sum_j w_j p_j(x), penalised by sum_j lambda0 gamma^j w_j^2 beside the negative log likelihood
    config.polynomial.degree = 150  # Figure 1: 150th order
    config.polynomial.basis = "monomial"  # monomial (the paper) | legendre: orthogonal, so that float64 can use every order
    config.polynomial.penalty = 1e-4  # lambda0 (recalled, not confirmed); 0: none, least norm where the data leave a choice
    config.polynomial.growths = (1.0, 1.01, 1.2, 2.0)  # gamma; 2 (recalled, not confirmed) and weaker ones
    config.polynomial.noises = (1e-4, 1e-2)  # sigma of the likelihood; ours
    config.polynomial.target = "simple"  # simple | structured | noise (Figure 1); square | cosine | tenth (orders)
    config.polynomial.points = (10, 30)  # training points; ours
    config.polynomial.low, config.polynomial.high = -3.0, 3.0  # range of x, mapped to [-1, 1]; ours
    config.polynomial.scatter = 0.0  # noise of y, in standard deviations of the target
    config.polynomial.draws = 0  # data sets

    config.gp = ConfigDict()  # an exact Gaussian process with an RBF kernel
    config.gp.lengthscale = 1.0 / 3.0  # in median distances between pictures
    config.gp.jitter = 1e-3  # s^2 added to a kernel of unit diagonal; ten times more, and so on, where the sum is singular
    config.gp.altered = ALTERED  # shares of the labels replaced by a draw over all classes; one kernel serves all

    config.features = ConfigDict()
    config.features.kind = "weak"  # weak: made-up regressors (Figure 1g) | fourier: random features of pictures (Belkin et al.)
    config.features.counts = tuple(range(5, 400, 2))  # features d, of the authors' notebook
    config.features.train = 200  # examples of the made-up data, and as many for testing
    config.features.informative = 1_000  # so many features at most carry the signal, the rest are noise
    config.features.ridge = 1e-3  # l: directions are determined where s^2 exceeds l * n
    config.features.bandwidth = 11.0  # of random features, in the units of pixels in [0, 1]: about the median distance in Fashion-MNIST
    config.features.altered = 0.2  # share of the labels of the pictures
    config.features.draws = 0  # made-up data sets

    config.linear = ConfigDict()  # Bayesian linear regression on sines and cosines
    config.linear.features = 200  # P
    config.linear.length = 50.0  # x is drawn from [0, length]
    config.linear.points = tuple(range(0, 301, 4))  # n
    config.linear.noise = 0.1  # variance of y
    config.linear.prior = 3.0  # variance of each weight
    config.linear.alpha = 5.0  # against which the posterior covariance counts
    config.linear.draws = 0  # sets of x

    config.network = ConfigDict()
    config.network.name = ""  # mlp (one hidden layer) | lenet

    config.text = ConfigDict()  # language models
    config.text.network = "4x128"  # layers x width: 2x32 | 4x128 | 8x512 | 12x768, each with adapters of rank 4 (LoRA)
    config.text.shuffled = False  # control: the tokens of every document in a random order

    config.subspace = ConfigDict()  # theta = theta_0 + P v
    config.subspace.projector = "kronecker"  # kronecker | sparse | dense
    config.subspace.dimension = 0  # d, of v; for kronecker a square
    config.subspace.steps = 0
    config.subspace.batch_size = 0
    config.subspace.lr = 0.3  # peak of Adam's; then a cosine to 0. Columns of P have length 1, so it is large
    config.subspace.warmup = 0.02  # share of the steps
    config.subspace.evaluations = 4  # of the test error on the way
    config.subspace.altered = 0.0  # share of the labels that are replaced by a draw over all classes
    config.subspace.altered_seed = 0

    config.quantise = ConfigDict()
    config.quantise.kind = "even"  # learned (every value of the codebook is coded) | even (only their distance)
    config.quantise.levels = 0  # L
    config.quantise.steps = 0  # of training after quantisation; 0: none
    config.quantise.lr = 0.05  # in standard deviations of v
    config.quantise.price = 16.0  # weight of the code's nats per point in the loss: about what a nat costs the bound, in cross entropy

    config.bound = ConfigDict()
    config.bound.delta = 0.05  # chance that the bound fails

    config.save = ConfigDict()
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": ("polynomials", "gp", "features", "linear", "subspace", "compress", "lm", "language"),
    "polynomial.basis": ("monomial", "legendre"),
    "polynomial.target": ("simple", "structured", "noise", "square", "cosine", "tenth"),
    "features.kind": ("weak", "fourier"),
    "network.name": ("mlp", "lenet"),
    "text.network": ("2x32", "4x128", "8x512", "12x768"),
    "subspace.projector": ("kronecker", "sparse", "dense"),
    "quantise.kind": ("learned", "even"),
}
LEAST = {
    "seed": 0, "data.train": 0, "data.test": 0, "polynomial.degree": 0, "polynomial.penalty": 0, "polynomial.scatter": 0,
    "polynomial.draws": 1, "gp.jitter": 0, "features.train": 2, "features.informative": 0, "features.ridge": 0, "features.draws": 1,
    "linear.features": 2, "linear.draws": 1, "subspace.dimension": 1, "subspace.steps": 1, "subspace.batch_size": 1,
    "subspace.evaluations": 1, "subspace.altered_seed": 0, "quantise.levels": 2, "quantise.steps": 0, "quantise.price": 0,
    "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = (
    "gp.lengthscale", "features.bandwidth", "linear.length", "linear.noise", "linear.prior", "linear.alpha", "subspace.lr", "quantise.lr",
)  # fmt: skip
SHARES = ("features.altered", "subspace.warmup", "subspace.altered")
LISTS = {  # field -> its least value, and whether that one is allowed
    "polynomial.growths": (0, False), "polynomial.noises": (0, False), "polynomial.points": (1, True), "gp.altered": (0, True),
    "features.counts": (1, True), "linear.points": (0, True),
}  # fmt: skip

# What an entry does not read is no part of its identity.
SECTIONS = {
    "polynomials": ("polynomial",), "gp": ("gp",), "features": ("features",), "linear": ("linear",), "subspace": ("network", "subspace"),
    "compress": ("network", "subspace", "quantise", "bound"), "lm": ("text", "subspace"),
    "language": ("text", "subspace", "quantise", "bound"),
}  # fmt: skip
EVERY = tuple(dict.fromkeys(section for sections in SECTIONS.values() for section in sections))
OUTSIDE_IDENTITY = {
    entry: tuple(section for section in EVERY if section not in own) + (() if "text" in own else ("data.vocab",))
    for entry, own in SECTIONS.items()
}  # fmt: skip


def resolve(config: ConfigDict) -> ConfigDict:
    """Turns the choices into plain fields, in place. Raises ValueError with one line that names the field and the remedy."""
    check(config, CHOICES, LEAST, POSITIVE, SHARES)
    for field, (least, allowed) in LISTS.items():
        found = value(config, field)
        if not found or min(found) < least or (min(found) == least and not allowed):
            raise ValueError(f"{field}={found}: give at least one number, each {'at least' if allowed else 'above'} {least}")
    if max(config.gp.altered) > 1:
        raise ValueError(f"gp.altered={config.gp.altered}: shares between 0 and 1")
    if config.polynomial.low >= config.polynomial.high:
        raise ValueError(f"polynomial.low={config.polynomial.low} is not below polynomial.high={config.polynomial.high}")
    if config.linear.features % 2:
        raise ValueError(f"linear.features={config.linear.features}: as many sines as cosines, take an even number")
    config.data.vocab = config.data.vocab if spoken(config) else 0
    if spoken(config):
        config.packable = ("seed",)
        of_text(config)
        of_subspace(config, adapted(config))
    elif coded(config):
        config.packable = ("seed",)
        of_code(config)
    elif pictures(config):
        config.packable = ("seed",)
        of_pictures(config)
    else:
        config.packable = ()
        config.data.name, config.data.train, config.data.test = "", 0, 0  # made-up data
    return config


def of_pictures(config: ConfigDict) -> None:
    name, train, test = config.data.name, config.data.train, config.data.test
    if name not in DATA:
        raise ValueError(f"data.name={name!r}: choose one of {', '.join(DATA)}")
    most, most_test, _, classes = DATA[name]
    if train < classes:
        raise ValueError(f"data.train={train} examples for the {classes} classes of {name}: take at least {classes}")
    for field, asked, there in (("train", train, most), ("test", test, most_test)):
        if not 1 <= asked <= there:
            raise ValueError(f"data.{field}={asked}: {name} has {there}, take 1 to {there}")


def of_code(config: ConfigDict) -> None:
    if config.data.name not in DATA:
        raise ValueError(f"data.name={config.data.name!r}: choose one of {', '.join(DATA)}")
    config.data.train, config.data.test, *_ = DATA[config.data.name]
    of_subspace(config, parameters(config))


def of_subspace(config: ConfigDict, size: int) -> None:
    """A model of so many parameters in a random subspace, coded."""
    dimension, side = config.subspace.dimension, math.isqrt(config.subspace.dimension)
    if config.subspace.projector == "kronecker" and side**2 != dimension:
        raise ValueError(f"subspace.dimension={dimension}: kronecker takes a square, as {side**2} or {(side + 1) ** 2}")
    if dimension > size:
        raise ValueError(f"subspace.dimension={dimension}: the network has {size} parameters; take at most so many")
    if config.quantise.levels > 256:
        raise ValueError(f"quantise.levels={config.quantise.levels}: take at most 256")
    if not 0 < config.bound.delta < 1:
        raise ValueError(f"bound.delta={config.bound.delta}: the chance that a bound fails lies above 0 and below 1; take 0.05")


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides)."""
    if config.entry == "language":
        return needs_of_language(config)
    if config.entry != "compress":
        return {}
    fields = {f"{section}.{key}": value for section in ("network", "subspace") for key, value in config[section].items()}
    return {"trained": ("generalization/subspace", {**fields, "data.name": config.data.name, "seed": config.seed})}
