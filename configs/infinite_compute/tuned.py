"""Tuned hyper-parameters: the ladders that are searched, and for every recipe, D and model the best point known.

`paper` is the authors' certificate lists, verbatim. `cpu` at D = 65,536 is our own search (`python -m projects.infinite_compute.certify`).
Every other D of `cpu`, and `gpu`, are guesses that keep lr * decay * steps about constant; at 16,384 and 32,768 two points further
off measured 0.026 nats lower in one seed, within the noise of two seeds. A point is (peak learning rate, epochs, weight decay).
"""

Point = tuple[float, int, float]

# About 3x, 2x and 2x per step. The weight-decay ladder goes beyond the paper's 6.4: what matters is lr * wd * steps, and small
# runs have few steps.
LADDERS = {
    "optim.lr": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "optim.weight_decay": (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6),
    "train.epochs": (1, 2, 4, 8, 16, 32, 64, 128),
}
STANDARD_DECAY = 0.1
EPOCH_CAP = 128

STANDARD: dict[str, dict[int, dict[str, Point]]] = {
    "smoke": {8_192: {"nano": (3e-3, 2, 0.1), "micro": (3e-3, 2, 0.1)}, 4_096: {"nano": (3e-3, 2, 0.1), "micro": (3e-3, 2, 0.1)}},
    "cpu": {
        262_144: {"XS": (1e-2, 8, 0.1), "S": (1e-2, 8, 0.1), "M": (1e-2, 8, 0.1)},
        131_072: {"XS": (1e-2, 8, 0.1), "S": (1e-2, 8, 0.1), "M": (1e-2, 8, 0.1)},
        65_536: {"XS": (1e-2, 16, 0.1), "S": (1e-2, 8, 0.1), "M": (1e-2, 8, 0.1), "L": (1e-2, 8, 0.1)},
        32_768: {"XS": (1e-2, 16, 0.1), "S": (1e-2, 16, 0.1), "M": (1e-2, 16, 0.1)},
        16_384: {"XS": (1e-2, 16, 0.1), "S": (1e-2, 16, 0.1), "M": (1e-2, 16, 0.1)},
        8_192: {"XS": (1e-2, 16, 0.1), "S": (1e-2, 16, 0.1), "M": (1e-2, 16, 0.1)},
    },
    "gpu": {2_097_152: {"4M": (3e-3, 8, 0.1), "12M": (1e-3, 8, 0.1), "34M": (1e-3, 4, 0.1)}},
    "paper": {
        209_715_200: {"150M": (3e-3, 8, 0.1), "300M": (1e-3, 8, 0.1), "600M": (1e-3, 4, 0.1), "1.4B": (3e-4, 4, 0.1)},
        419_430_400: {"150M": (1e-2, 16, 0.1), "300M": (3e-3, 8, 0.1), "600M": (1e-3, 4, 0.1), "1.4B": (3e-4, 4, 0.1)},
        838_860_800: {"150M": (1e-2, 32, 0.1), "300M": (3e-3, 16, 0.1), "600M": (3e-3, 8, 0.1), "1.4B": (1e-3, 4, 0.1)},
        1_677_721_600: {"150M": (3e-3, 64, 0.1), "300M": (3e-3, 16, 0.1), "600M": (3e-3, 8, 0.1), "1.4B": (1e-3, 4, 0.1)},
    },
}  # fmt: skip

REGULARISED: dict[str, dict[int, dict[str, Point]]] = {
    "smoke": {8_192: {"nano": (3e-3, 2, 0.8), "micro": (3e-3, 2, 0.8)}, 4_096: {"nano": (3e-3, 2, 0.8), "micro": (3e-3, 2, 0.8)}},
    "cpu": {
        65_536: {"XS": (1e-2, 16, 0.4), "S": (1e-2, 16, 0.8), "M": (1e-2, 16, 0.8), "L": (1e-2, 16, 1.6)},
        32_768: {"XS": (1e-2, 16, 0.8), "S": (1e-2, 16, 1.6), "M": (1e-2, 16, 3.2)},
        16_384: {"XS": (1e-2, 16, 1.6), "S": (1e-2, 16, 3.2), "M": (1e-2, 16, 3.2)},
        8_192: {"XS": (1e-2, 16, 3.2), "S": (1e-2, 16, 6.4), "M": (1e-2, 16, 12.8)},
    },
    "gpu": {2_097_152: {"4M": (3e-3, 16, 0.8), "12M": (3e-3, 16, 1.6), "34M": (1e-3, 16, 3.2)}},
    "paper": {
        209_715_200: {"150M": (3e-3, 16, 0.8), "300M": (3e-3, 16, 1.6), "600M": (1e-3, 8, 3.2), "1.4B": (1e-3, 8, 3.2)},
        419_430_400: {"150M": (3e-3, 32, 0.8), "300M": (3e-3, 16, 0.8), "600M": (1e-3, 8, 1.6), "1.4B": (1e-3, 8, 3.2)},
        838_860_800: {"150M": (3e-3, 64, 0.4), "300M": (3e-3, 16, 0.4), "600M": (3e-3, 16, 0.4), "1.4B": (1e-3, 8, 1.6)},
        1_677_721_600: {"150M": (3e-3, 64, 0.1), "300M": (1e-3, 32, 0.4), "600M": (1e-3, 16, 0.8), "1.4B": (1e-3, 8, 0.8)},
    },
}  # fmt: skip

# Models larger than those of the law in N, which it is to predict (figure 20; the authors' rebuttal, to 0.01).
EXTRAPOLATED: dict[str, dict[str, Point]] = {"smoke": {}, "cpu": {}, "gpu": {}, "paper": {"3.2B": (3e-4, 4, 6.4)}}

# Members that do not follow the rule. The paper takes the best measured ensemble for its largest model at the main D. At the cpu
# scale the rule's 32 epochs overfit M (3.72 with K = 3, where 16 epochs reach 3.47; a trial not among the committed results): M's
# and L's members are half the tuned decay at the tuned epochs. For L, to save compute, no rule-following ensemble was run.
EXCEPTIONS: dict[tuple[str, int, str], Point] = {("cpu", 65_536, "M"): (1e-2, 16, 0.4), ("cpu", 65_536, "L"): (1e-2, 16, 0.8)}


def member(point: Point) -> Point:
    """An ensemble member from the tuned single model: twice the epochs (at most 128), half the decay (at least 0.1), same rate."""
    lr, epochs, decay = point
    return lr, min(2 * epochs, EPOCH_CAP), max(decay / 2, STANDARD_DECAY)


def members(scale: str, tokens: int, model: str) -> Point:
    """How the members of the tuned ensemble are trained: the rule, but for the exceptions."""
    return EXCEPTIONS.get((scale, tokens, model)) or member(REGULARISED[scale][tokens][model])
