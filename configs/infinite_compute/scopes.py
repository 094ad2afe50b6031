"""What each scale sets out to measure: the same figures, with as many cells as the scale can pay for."""

from dataclasses import dataclass

DECAY, RATE, EPOCHS = "optim.weight_decay", "optim.lr", "train.epochs"


@dataclass(frozen=True)
class Scope:
    models: tuple[str, ...]  # by size
    headline: str  # the model in the place of the paper's 300M
    tokens: int  # D of every figure but 7 and 8
    other_tokens: tuple[int, ...]  # further D for the data-scaling laws
    standard_tokens: tuple[int, ...]  # further D for the standard recipe alone: data efficiency then lies within its law's range
    side_models: tuple[str, ...]  # models trained at those D, and in fig. 11
    other_members: int  # K at those D
    seeds: int  # of the tuned standard and regularised runs
    standard_epochs: dict[str, tuple[int, ...]]  # those of the headline model are fig. 2, left
    searched: dict[str, tuple[str, ...]]  # axes on which fig. 3 runs the neighbours of the optimum, by model
    single_members: int  # K of the ensemble with single-model hypers
    members: dict[str, int]  # K of the tuned ensembles, by model
    heatmap_epochs: tuple[float, ...]  # factors on the tuned epochs, fig. 5
    heatmap_decays: tuple[float, ...]  # factors on the tuned decay
    heatmap_members: int
    second_heatmap: tuple[str, ...]  # further models of fig. 17
    vary_members: int  # K of fig. 16
    decays: dict[str, tuple[float, ...]]  # fig. 13, right, by model
    batch_sizes: tuple[int, ...]  # fig. 13, left
    batch_rate: float  # its learning rate
    mixtures: tuple[float, ...]  # share of synthetic text, fig. 9; the last is the headline
    student_decays: tuple[float, ...]  # tables 3 and 4
    second_domain: tuple[str, int, float]  # continued pre-training, table 1: data set, tokens, learning rate
    second_batches: tuple[int, int]  # its default and its small batch, in sequences
    second_members: int  # K


SCOPES = {
    "smoke": Scope(
        models=("nano", "micro"), headline="micro", tokens=8_192,
        other_tokens=(4_096,), standard_tokens=(), side_models=("nano", "micro"), other_members=2, seeds=2,
        standard_epochs={"nano": (1, 2), "micro": (1, 2)}, searched={"nano": (), "micro": ()},
        single_members=2, members={"nano": 2, "micro": 2},
        heatmap_epochs=(1, 2), heatmap_decays=(0.5, 1), heatmap_members=2, second_heatmap=("nano",), vary_members=2,
        decays={"micro": (0.1, 0.8)}, batch_sizes=(8, 16), batch_rate=3e-3, mixtures=(0.5,), student_decays=(0.1,),
        second_domain=("tiny", 4_096, 1e-3), second_batches=(16, 8), second_members=2,
    ),
    "cpu": Scope(
        models=("XS", "S", "M", "L"), headline="S", tokens=65_536,
        other_tokens=(8_192, 16_384, 32_768), standard_tokens=(131_072, 262_144), side_models=("XS", "S", "M"), other_members=3, seeds=3,
        standard_epochs={"XS": (8, 16, 32), "S": (1, 2, 4, 8, 16, 32), "M": (4, 8, 16), "L": (4, 8, 16)},
        searched={"XS": (DECAY, RATE, EPOCHS), "S": (DECAY, RATE, EPOCHS), "M": (DECAY, RATE, EPOCHS), "L": (DECAY, RATE, EPOCHS)},
        single_members=5, members={"XS": 5, "S": 6, "M": 5, "L": 5},
        heatmap_epochs=(0.5, 1, 2), heatmap_decays=(0.5, 1, 2), heatmap_members=3, second_heatmap=(), vary_members=4,
        decays={"XS": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2), "S": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)},
        batch_sizes=(8, 16, 32, 64), batch_rate=1e-2, mixtures=(0.5, 0.75), student_decays=(0.1, 0.4),
        second_domain=("sotu", 32_768, 1e-3), second_batches=(32, 8), second_members=4,
    ),
    "gpu": Scope(
        models=("4M", "12M", "34M"), headline="12M", tokens=2_097_152,
        other_tokens=(), standard_tokens=(), side_models=("4M", "12M", "34M"), other_members=0, seeds=1,
        standard_epochs={"4M": (4, 8, 16), "12M": (4, 8, 16), "34M": (4, 8)},
        searched={"4M": (DECAY,), "12M": (DECAY,), "34M": (DECAY,)}, single_members=5, members={"4M": 5, "12M": 5, "34M": 3},
        heatmap_epochs=(1, 2), heatmap_decays=(0.5, 1), heatmap_members=5, second_heatmap=(), vary_members=4,
        decays={"12M": (0.1, 0.8, 1.6, 3.2, 6.4)}, batch_sizes=(16, 32, 64), batch_rate=1e-3, mixtures=(0.75,), student_decays=(0.1,),
        second_domain=("sotu", 1_048_576, 3e-4), second_batches=(128, 32), second_members=4,
    ),
    "paper": Scope(
        models=("150M", "300M", "600M", "1.4B"), headline="300M", tokens=209_715_200,
        other_tokens=(419_430_400, 838_860_800, 1_677_721_600), standard_tokens=(),
        side_models=("150M", "300M", "600M", "1.4B"), other_members=5, seeds=1,
        standard_epochs={
            "150M": (4, 8, 16), "300M": (1, 2, 4, 8, 16, 32, 64, 128), "600M": (2, 4, 8), "1.4B": (2, 4, 8),
        },
        searched=dict.fromkeys(("150M", "300M", "600M", "1.4B"), (DECAY, RATE, EPOCHS)),
        single_members=5, members={"150M": 5, "300M": 8, "600M": 5, "1.4B": 5},
        heatmap_epochs=(0.5, 1, 2, 4), heatmap_decays=(0.25, 0.5, 1, 2), heatmap_members=5,
        second_heatmap=("150M", "600M", "1.4B"), vary_members=5,
        decays={
            "300M": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8), "1.4B": (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8),
        },
        batch_sizes=(64, 128, 256, 512), batch_rate=3e-3, mixtures=(0.5, 0.75, 0.9), student_decays=(0.1, 0.2, 0.8, 1.6),
        second_domain=("megamath", 4_194_304_000, 3e-5), second_batches=(512, 64), second_members=8,
    ),
}  # fmt: skip
