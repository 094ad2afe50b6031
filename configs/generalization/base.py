"""Every field of a `generalization` run: its unit, its default at each scale, and the reason.

"Deep learning is not so mysterious or different" (Wilson, ICML 2025): benign overfitting and double descent appear without networks, and
a soft preference for simple solutions explains them. The paper published neither code nor most of its constants: where a number
is ours, the comment says so. Scales:
  smoke  seconds, digits of 8 x 8 that come with the code, for tests
  cpu    the figures without networks at their full size, on Fashion-MNIST in place of CIFAR-10: minutes on two cores
  gpu    exact kernels of 30,000 pictures, 10,000 random features and beyond: one H200-class device
  paper  the published set-ups, as far as they are known: CIFAR-10, which the user has to give (`python -m launch data cifar10`)

Four kinds of runs: `polynomials` (a high order, softly penalised), `gp` (an exact Gaussian process on altered labels), `features` (least
squares on weak or random features), `linear` (how data determine the directions of a Bayesian linear model).
"""

from ml_collections import ConfigDict

from configs.checks import check, value

SCALES = ("smoke", "cpu", "gpu", "paper")

# name -> (training examples, test examples, values of an input, classes)
DATA = {
    "digits": (1_397, 400, 64, 10),
    "mnist": (8_032, 1_968, 784, 10),
    "mnist1d": (4_000, 1_000, 40, 10),
    "fashion_mnist": (60_000, 10_000, 784, 10),
    "cifar10": (50_000, 10_000, 3_072, 10),
    "cifar100": (50_000, 10_000, 3_072, 100),
}

ALTERED = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the labels, Figure 1(d)

BY_SCALE = {
    "smoke": {
        "data.name": "digits", "data.train": 300, "data.test": 200, "polynomial.draws": 4, "features.draws": 3, "linear.draws": 2,
        "mesh": "cpu",
    },
    "cpu": {
        "data.name": "fashion_mnist", "data.train": 4_000, "data.test": 2_000, "polynomial.draws": 20, "features.draws": 20,
        "linear.draws": 20, "mesh": "cpu",
    },
    "gpu": {
        "data.name": "fashion_mnist", "data.train": 30_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "mesh": "h200",
    },
    "paper": {
        "data.name": "cifar10", "data.train": 50_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "mesh": "h200",
    },
}  # fmt: skip


def get_config(scale: str) -> ConfigDict:
    """The defaults of one scale: polynomials. Raises ValueError on an unknown scale."""
    if scale not in BY_SCALE:
        raise ValueError(f"unknown scale {scale!r}: choose one of {', '.join(SCALES)}")
    config = ConfigDict()
    config.scale = scale
    config.entry = "polynomials"  # polynomials | gp | features | linear: the module of projects/generalization that runs it
    config.seed = 0  # which examples, which labels are altered, what is drawn
    config.packable = ()  # follows from the entry: seeds of `gp` and of random features share a process
    config.mesh = ""  # a name in configs/meshes.py; does not change the result

    config.data = ConfigDict()  # entry gp, and features of pictures; made-up data need none
    config.data.name = ""  # a row of DATA; empty where the data are made up
    config.data.train = 0  # examples, drawn by the seed
    config.data.test = 0  # the first ones

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

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": ("polynomials", "gp", "features", "linear"),
    "polynomial.basis": ("monomial", "legendre"),
    "polynomial.target": ("simple", "structured", "noise", "square", "cosine", "tenth"),
    "features.kind": ("weak", "fourier"),
}
LEAST = {
    "seed": 0, "data.train": 0, "data.test": 0, "polynomial.degree": 0, "polynomial.penalty": 0, "polynomial.scatter": 0,
    "polynomial.draws": 1, "gp.jitter": 0, "features.train": 2, "features.informative": 0, "features.ridge": 0, "features.draws": 1,
    "linear.features": 2, "linear.draws": 1,
}  # fmt: skip
POSITIVE = ("gp.lengthscale", "features.bandwidth", "linear.length", "linear.noise", "linear.prior", "linear.alpha")
SHARES = ("features.altered",)
LISTS = {  # field -> its least value, and whether that one is allowed
    "polynomial.growths": (0, False), "polynomial.noises": (0, False), "polynomial.points": (1, True), "gp.altered": (0, True),
    "features.counts": (1, True), "linear.points": (0, True),
}  # fmt: skip

# What an entry does not read is no part of its identity.
SECTIONS = {"polynomials": "polynomial", "gp": "gp", "features": "features", "linear": "linear"}
OUTSIDE_IDENTITY = {entry: tuple(other for other in SECTIONS.values() if other != own) for entry, own in SECTIONS.items()}


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
    if pictures(config):
        config.packable = ("seed",)
        of_pictures(config)
    else:
        config.packable = ()
        config.data.name, config.data.train, config.data.test = "", 0, 0  # made-up data
    return config


def pictures(config: ConfigDict) -> bool:
    """Whether a run reads a data set."""
    return config.entry == "gp" or (config.entry == "features" and config.features.kind == "fourier")


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


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes."""
    return {}


def cost(config: ConfigDict) -> dict[str, float]:
    """Of a resolved config: FLOPs of products and factorisations, bytes of the matrices in float64."""
    p, f, line = config.polynomial, config.features, config.linear
    if config.entry == "polynomials":
        fits = p.draws * len(p.growths) * len(p.noises)
        flops = sum(fits * (2 * n * n * p.degree + 25 * n**3) for n in p.points)  # an eigendecomposition is about 25 n^3
        return {"flops": float(flops), "bytes": float(8 * p.draws * max(p.points) * (p.degree + 1))}
    if config.entry == "linear":
        flops = sum(2 * n * line.features**2 + 10 * line.features**3 for n in line.points) * line.draws
        return {"flops": float(flops), "bytes": float(8 * line.features**2)}
    if not pictures(config):
        sides = [min(f.train, count) for count in f.counts]
        flops = sum(f.draws * (2 * f.train * count * side + 25 * side**3) for count, side in zip(f.counts, sides, strict=True))
        return {"flops": float(flops), "bytes": float(8 * f.draws * f.train * max(f.counts) * 2)}
    n, m = config.data.train, config.data.test
    _, _, width, classes = DATA[config.data.name]
    if config.entry == "gp":
        flops = 2 * width * n * (n + m) + n**3 / 3 + len(config.gp.altered) * 2 * classes * n * (2 * n + m)
        return {"flops": float(flops), "bytes": float(8 * (2 * n * n + n * m))}
    flops = sum(2 * width * (n + m) * count + 2 * n * count * min(n, count) + 25 * min(n, count) ** 3 for count in f.counts)
    return {"flops": float(flops), "bytes": float(8 * ((n + m) * max(f.counts) + 2 * n * n))}
