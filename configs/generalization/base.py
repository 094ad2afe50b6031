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
within a random subspace), `compress` (that network quantised, coded and certified), `lm` and `language` (the same of language models),
`train` (a network, and what its curvature says of it), `modes` (a curve of low loss between two of those), `spirals` (a network that tells
two spirals apart, or only seems to) and `volume` (that of the basin around it).
"""

from ml_collections import ConfigDict

from configs.checks import check, value
from configs.generalization.costs import cost
from configs.generalization.kinds import coded, pictures, trained
from configs.generalization.rules import of_code, of_networks, of_pictures, of_subspace
from configs.generalization.texts import adapted, of_text, spoken

__all__ = ["cost", "get_config", "needs", "resolve"]

SCALES = ("smoke", "cpu", "gpu", "paper")

ALTERED = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the labels, Figure 1(d)

BY_SCALE = {
    "smoke": {
        "data.name": "digits", "data.train": 300, "data.test": 200, "polynomial.draws": 4, "features.draws": 3, "linear.draws": 2,
        "network.name": "mlp", "subspace.dimension": 100, "subspace.steps": 300, "subspace.batch_size": 64, "quantise.levels": 7,
        "quantise.steps": 100, "classifier.name": "mlp", "classifier.width": 64, "classifier.depth": 2, "train.steps": 300,
        "train.batch_size": 64, "train.optimizer": "adam", "train.lr": 3e-3, "modes.steps": 100, "modes.lr": 3e-3, "modes.points": 11,
        "spirals.points": 30, "spirals.poison": 30, "spirals.turn": 300.0, "spirals.steps": 2_500, "volume.directions": 100, "mesh": "cpu",
    },
    "cpu": {
        "data.name": "fashion_mnist", "data.train": 4_000, "data.test": 2_000, "polynomial.draws": 20, "features.draws": 20,
        "linear.draws": 20, "network.name": "mlp", "subspace.dimension": 1_296, "subspace.steps": 1_500, "subspace.batch_size": 256,
        "quantise.levels": 9, "quantise.steps": 3_000, "classifier.name": "mlp", "classifier.width": 128, "classifier.depth": 2,
        "train.steps": 3_000, "train.batch_size": 128, "train.optimizer": "adam", "train.lr": 2e-3, "modes.steps": 3_000, "modes.lr": 2e-3,
        "modes.points": 61, "spirals.points": 100, "spirals.poison": 200, "spirals.turn": 600.0, "spirals.steps": 30_000,
        "volume.directions": 3_000, "mesh": "cpu",
    },
    "gpu": {
        "data.name": "fashion_mnist", "data.train": 30_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "network.name": "lenet", "subspace.dimension": 1_296, "subspace.steps": 10_000, "subspace.batch_size": 256,
        "quantise.levels": 9, "quantise.steps": 10_000, "classifier.name": "resnet", "classifier.width": 16, "classifier.depth": 3,
        "train.steps": 7_000, "train.batch_size": 512, "train.optimizer": "sgd", "train.lr": 0.1, "train.weight_decay": 3e-4,
        "modes.steps": 5_000, "modes.lr": 0.03, "modes.points": 61, "spirals.points": 400, "spirals.poison": 800, "spirals.turn": 600.0,
        "spirals.steps": 200_000, "volume.directions": 3_000, "mesh": "h200",
    },
    "paper": {
        "data.name": "cifar10", "data.train": 50_000, "data.test": 10_000, "polynomial.draws": 100, "features.draws": 100,
        "linear.draws": 100, "network.name": "lenet", "subspace.dimension": 1_024, "subspace.steps": 195_500, "subspace.batch_size": 128,
        "subspace.lr": 1e-3, "quantise.kind": "learned", "quantise.levels": 7, "quantise.steps": 11_700, "quantise.price": 0.0,
        "classifier.name": "resnet", "classifier.width": 16, "classifier.depth": 3, "train.steps": 117_000, "train.batch_size": 128,
        "train.optimizer": "sgd", "train.lr": 0.1, "train.weight_decay": 3e-4, "modes.steps": 78_000, "modes.lr": 0.03,
        "modes.points": 61, "spirals.points": 400, "spirals.poison": 800, "spirals.turn": 600.0, "spirals.steps": 800_000,
        "volume.directions": 3_000, "mesh": "h200",
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

    config.data = ConfigDict()  # of all entries but those of made-up data
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

    config.classifier = ConfigDict()  # entries train and modes
    config.classifier.name = ""  # mlp | lenet | resnet: pre-activation, with GroupNorm
    config.classifier.width = 0  # of an mlp's hidden layers, of a resnet's first stage; lenet has its own
    config.classifier.depth = 0  # hidden layers, or blocks of a stage: of three stages 3 are ResNet-20, of four stages 2 are ResNet-18
    config.classifier.stages = 3  # of a resnet, each twice as wide as the one before

    config.train = ConfigDict()
    config.train.steps = 0
    config.train.batch_size = 0
    config.train.optimizer = ""  # adam | sgd, with momentum 0.9
    config.train.lr = 0.0
    config.train.schedule = "cosine"  # cosine, to 0 | constant
    config.train.weight_decay = 0.0  # w, of w |theta|^2 / 2 in the loss
    config.train.evaluations = 4  # on all training and test points, on the way
    config.train.altered = 0.0  # share of the labels that are replaced by a draw over all classes
    config.train.altered_seed = 0  # which they are, and which examples: the same for networks of several seeds

    config.measure = ConfigDict()  # of a network that is trained
    config.measure.steps = 0  # of Lanczos' method on the Hessian of the training loss; 0: none of its effective dimension
    config.measure.probes = 0  # random starts of it
    config.measure.evidence = False  # log marginal likelihood by Laplace's method

    config.modes = ConfigDict()  # a curve between two networks (Garipov et al., 2018)
    config.modes.curve = "bezier"  # bezier: quadratic | polychain: two straight lines
    config.modes.first, config.modes.second = 0, 1  # seeds of the two
    config.modes.steps = 0
    config.modes.lr = 0.0  # of the optimiser and the schedule of the networks
    config.modes.points = 0  # of the curve, where losses and errors are measured

    config.spirals = ConfigDict()  # two spirals, and a network that tells them apart on every training point (Huang et al., 2020)
    config.spirals.points = 0  # of each class; the authors' 400 want their 800,000 steps
    config.spirals.poison = 0  # more points of each class, with the label of the other one; how many the authors took is not known
    config.spirals.beta = 0.0  # weight of those; 0: a network that learns from the points alone
    config.spirals.test = 2_000  # of each class
    config.spirals.turn = 0.0  # degrees
    config.spirals.noise = 0.5  # of both coordinates, uniform
    config.spirals.hidden = (23, 16, 26, 32, 28, 31)  # ReLUs per layer
    config.spirals.steps = 0  # with all points in each
    config.spirals.lr = 1e-2  # peak of Adam's; then a cosine to 0
    config.spirals.warmup = 0.02  # share of the steps
    config.spirals.clip = 8.0  # of the gradient's norm
    config.spirals.evaluations = 4  # on the way

    config.volume = ConfigDict()  # of the basin around such a network
    config.volume.tau = 0.1  # nats: the training loss at its border; recalled, not confirmed
    config.volume.directions = 0  # random ones

    config.save = ConfigDict()
    config.save.every_minutes = 5.0

    config.update_from_flattened_dict(BY_SCALE[scale])
    return config.lock()


CHOICES = {
    "entry": (
        "polynomials", "gp", "features", "linear", "subspace", "compress", "lm", "language", "train", "modes", "spirals", "volume",
    ),  # fmt: skip
    "polynomial.basis": ("monomial", "legendre"),
    "polynomial.target": ("simple", "structured", "noise", "square", "cosine", "tenth"),
    "features.kind": ("weak", "fourier"),
    "network.name": ("mlp", "lenet"),
    "text.network": ("2x32", "4x128", "8x512", "12x768"),
    "subspace.projector": ("kronecker", "sparse", "dense"),
    "quantise.kind": ("learned", "even"),
    "classifier.name": ("mlp", "lenet", "resnet"),
    "train.optimizer": ("adam", "sgd"),
    "train.schedule": ("cosine", "constant"),
    "modes.curve": ("bezier", "polychain"),
}
LEAST = {
    "seed": 0, "data.train": 0, "data.test": 0, "polynomial.degree": 0, "polynomial.penalty": 0, "polynomial.scatter": 0,
    "polynomial.draws": 1, "gp.jitter": 0, "features.train": 2, "features.informative": 0, "features.ridge": 0, "features.draws": 1,
    "linear.features": 2, "linear.draws": 1, "subspace.dimension": 1, "subspace.steps": 1, "subspace.batch_size": 1,
    "subspace.evaluations": 1, "subspace.altered_seed": 0, "quantise.levels": 2, "quantise.steps": 0, "quantise.price": 0,
    "train.steps": 1, "train.batch_size": 1, "train.weight_decay": 0, "train.evaluations": 1, "train.altered_seed": 0, "measure.steps": 0,
    "modes.first": 0, "modes.second": 0, "modes.steps": 1, "modes.points": 3, "spirals.points": 1, "spirals.poison": 1, "spirals.beta": 0,
    "spirals.test": 1, "spirals.noise": 0, "spirals.steps": 1, "spirals.evaluations": 1, "volume.directions": 2,
    "save.every_minutes": 0,
}  # fmt: skip
POSITIVE = (
    "gp.lengthscale", "features.bandwidth", "linear.length", "linear.noise", "linear.prior", "linear.alpha", "subspace.lr", "quantise.lr",
    "train.lr", "modes.lr", "spirals.turn", "spirals.lr", "spirals.clip", "volume.tau",
)  # fmt: skip
SHARES = ("features.altered", "subspace.warmup", "subspace.altered", "train.altered", "spirals.warmup")
LISTS = {  # field -> its least value, and whether that one is allowed
    "polynomial.growths": (0, False), "polynomial.noises": (0, False), "polynomial.points": (1, True), "gp.altered": (0, True),
    "features.counts": (1, True), "linear.points": (0, True), "spirals.hidden": (1, True),
}  # fmt: skip

# What an entry does not read is no part of its identity.
SECTIONS = {
    "polynomials": ("polynomial",), "gp": ("gp",), "features": ("features",), "linear": ("linear",), "subspace": ("network", "subspace"),
    "compress": ("network", "subspace", "quantise", "bound"), "lm": ("text", "subspace"),
    "language": ("text", "subspace", "quantise", "bound"), "train": ("classifier", "train", "measure"),
    "modes": ("classifier", "train", "modes"), "spirals": ("spirals",), "volume": ("spirals", "volume"),
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
        of_networks(config) if trained(config) else None
    else:
        config.packable = {"spirals": ("seed", "spirals.beta"), "volume": ("seed",)}.get(config.entry, ())
        config.data.name, config.data.train, config.data.test = "", 0, 0  # made-up data
    return config


def needs(config: ConfigDict) -> dict[str, object]:
    """The runs this one consumes: name -> (config file, overrides)."""

    def fields(*sections: str) -> dict[str, object]:
        return {f"{section}.{key}": value for section in sections for key, value in config[section].items()}

    match config.entry:
        case "compress":
            fixed = fields("network", "subspace") | {"data.name": config.data.name, "seed": config.seed}
            return {"trained": ("generalization/subspace", fixed)}
        case "language":
            fixed = fields("text", "subspace") | {f"data.{key}": config.data[key] for key in ("name", "vocab")} | {"seed": config.seed}
            return {"trained": ("generalization/lm", fixed)}
        case "modes":
            fixed, ends = fields("data", "classifier", "train"), {"first": config.modes.first, "second": config.modes.second}
            return {name: ("generalization/train", fixed | {"seed": seed}) for name, seed in ends.items()}
        case "volume":
            return {"trained": ("generalization/spirals", fields("spirals") | {"seed": config.seed})}
    return {}
