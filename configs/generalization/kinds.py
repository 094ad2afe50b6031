"""The data sets, and which kinds of runs read them."""

from ml_collections import ConfigDict

# name -> (training examples, test examples, shape of an input, classes)
DATA = {
    "digits": (1_397, 400, (8, 8, 1), 10),
    "mnist": (8_032, 1_968, (28, 28, 1), 10),
    "mnist1d": (4_000, 1_000, (40,), 10),
    "fashion_mnist": (60_000, 10_000, (28, 28, 1), 10),
    "cifar10": (50_000, 10_000, (32, 32, 3), 10),
    "cifar100": (50_000, 10_000, (32, 32, 3), 100),
}


def coded(config: ConfigDict) -> bool:
    """Whether a run trains or codes a network for a certificate, on all there are."""
    return config.entry in ("subspace", "compress")


def trained(config: ConfigDict) -> bool:
    """Whether a run trains networks, or curves between them."""
    return config.entry in ("train", "modes")


def pictures(config: ConfigDict) -> bool:
    """Whether a run reads some examples of a data set."""
    return config.entry == "gp" or (config.entry == "features" and config.features.kind == "fourier") or trained(config)
