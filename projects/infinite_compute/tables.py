"""Reading tables of runs: which rows are single models, which are ensembles, and seeds folded into one setting.

A table has one row per run, or one per logged row with a `step` column (for ensembles the step is K). Columns are dotted config
fields and measured numbers. Everything here takes tables and gives plain values; nothing is invented for a missing cell.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from shared.stats import Interval, mean_interval

POINT = ["optim.lr", "train.epochs", "optim.weight_decay"]
SETTING = ["model.name", "data.name", "data.tokens", "train.batch_size", *POINT]
STANDARD_DECAY = 0.1

# Every model, and the model of the paper in whose place it stands: same rank, about the same parameters per token.
COUNTERPART = {
    "nano": "150M", "micro": "300M", "toy": "300M",
    "XS": "150M", "S": "300M", "M": "600M", "L": "1400M",
    "4M": "150M", "12M": "300M", "34M": "600M", "109M": "1400M",
    "150M": "150M", "300M": "300M", "600M": "600M", "1.4B": "1400M",
}  # fmt: skip

# The D of every figure but 7 and 8, by scale.
MAIN_TOKENS = {"smoke": 8_192, "cpu": 65_536, "gpu": 2_097_152, "paper": 209_715_200}


@dataclass(frozen=True)
class Cell:
    """One setting, its seeds folded. `losses` are nats per token, in the order of `seeds`."""

    model: str
    params: int
    tokens: int
    lr: float
    epochs: int
    decay: float
    batch_size: int
    losses: tuple[float, ...]
    seeds: tuple[int, ...]
    train_loss: float
    test_loss: float

    @property
    def loss(self) -> Interval:
        return mean_interval(self.losses)

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; NaN for one seed."""
        return float(np.std(self.losses, ddof=1)) if len(self.losses) > 1 else float("nan")

    def __str__(self) -> str:
        return f"{self.model} {self.epochs} ep, lr {self.lr:g}, wd {self.decay:g}"


@dataclass(frozen=True)
class Ensemble:
    """One ensemble: its losses for K = 1, 2, ..., and how its members were trained."""

    model: str
    params: int
    tokens: int
    lr: float
    epochs: int
    decay: float
    combine: str
    vary: str
    sizes: np.ndarray  # K
    losses: np.ndarray
    test_losses: np.ndarray = field(repr=False)
    accuracy: np.ndarray = field(repr=False)  # on the probe; NaN where it was not measured

    def __str__(self) -> str:
        return f"{self.model} {self.epochs} ep, lr {self.lr:g}, wd {self.decay:g}"


def parameters(row: pd.Series) -> int:
    """Total parameters of a decoder from its config columns (untied embeddings, no biases)."""
    width = row["model.width"]
    attention = 2 * width * row["model.head_dim"] * (row["model.heads"] + row["model.kv_heads"])
    block = attention + 3 * width * row["model.mlp_width"] + 2 * width
    return int(2 * row["data.vocab"] * width + row["model.layers"] * block + width)


def measured(table: pd.DataFrame, entry: str) -> pd.DataFrame:
    """Rows of one entry point that carry a finite validation loss; without any, an empty table."""
    if table.empty or "val/loss" not in table:
        return table.iloc[:0]
    keep = (table["entry"] == entry) & np.isfinite(table["val/loss"].astype(float))
    return table[keep]


def finals(table: pd.DataFrame) -> pd.DataFrame:
    """The last row of every training run: the loss at the end of a full cosine."""
    rows = measured(table, "train")
    return rows.sort_values("step").groupby("run_id", sort=False).tail(1) if "step" in rows else rows


def scratch(table: pd.DataFrame) -> pd.DataFrame:
    """Training runs on real text from fresh weights."""
    rows = finals(table)
    return rows[(rows["synthetic.weight"] == 0) & (rows["start.data"] == "")] if len(rows) else rows


def students(table: pd.DataFrame) -> pd.DataFrame:
    """Training runs with synthetic text."""
    rows = finals(table)
    return rows[rows["synthetic.weight"] > 0] if len(rows) else rows


def continued(table: pd.DataFrame) -> pd.DataFrame:
    """Training runs that started from another run's weights."""
    rows = finals(table)
    return rows[rows["start.data"] != ""] if len(rows) else rows


def cells(rows: pd.DataFrame) -> list[Cell]:
    """Seeds folded, smallest model first, then by epochs, rate and decay."""
    found = []
    for _, group in rows.groupby(SETTING, sort=True) if len(rows) else ():
        group, first = group.sort_values("seed"), group.iloc[0]
        found.append(
            Cell(
                model=first["model.name"],
                params=parameters(first),
                tokens=int(first["data.tokens"]),
                lr=float(first["optim.lr"]),
                epochs=int(first["train.epochs"]),
                decay=float(first["optim.weight_decay"]),
                batch_size=int(first["train.batch_size"]),
                losses=tuple(group["val/loss"].astype(float)),
                seeds=tuple(group["seed"].astype(int)),
                train_loss=float(group["train/loss"].astype(float).mean()) if "train/loss" in group else float("nan"),
                test_loss=float(group["test/loss"].astype(float).mean()) if "test/loss" in group else float("nan"),
            )
        )
    return sorted(found, key=lambda cell: (cell.params, cell.tokens, cell.epochs, cell.lr, cell.decay))


def ensembles(table: pd.DataFrame) -> list[Ensemble]:
    """Every ensemble of a table with one row per K, smallest model first."""
    found = []
    rows = measured(table, "ensemble")
    for _, group in rows.groupby("run_id", sort=False) if len(rows) else ():
        group, first = group.sort_values("step"), group.iloc[0]
        found.append(
            Ensemble(
                model=first["model.name"],
                params=parameters(first),
                tokens=int(first["data.tokens"]),
                lr=float(first["optim.lr"]),
                epochs=int(first["train.epochs"]),
                decay=float(first["optim.weight_decay"]),
                combine=first["ensemble.combine"],
                vary=first["ensemble.vary"],
                sizes=group["step"].to_numpy(float),
                losses=group["val/loss"].to_numpy(float),
                test_losses=group["test/loss"].to_numpy(float) if "test/loss" in group else np.full(len(group), np.nan),
                accuracy=group["probe/accuracy"].to_numpy(float) if "probe/accuracy" in group else np.full(len(group), np.nan),
            )
        )
    return sorted(found, key=lambda one: (one.params, one.tokens, one.epochs, one.decay, -len(one.sizes)))


def ladders(table: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """The values that the search may take, in the order of POINT."""
    names = ("ladders.lr", "ladders.epochs", "ladders.weight_decay")
    return {axis: tuple(table[name].iloc[0]) for axis, name in zip(POINT, names, strict=True)}


def losses_of_one_seed(table: pd.DataFrame, cell: Cell) -> dict[tuple[float, ...], float]:
    """(rate, epochs, decay) -> validation loss of seed 0, over every run with the model, D and batch of a cell; infinity where it
    diverged."""
    rows = table[(table["entry"] == "train") & (table["seed"] == 0) & (table["synthetic.weight"] == 0) & (table["start.data"] == "")]
    rows = rows[(rows["model.name"] == cell.model) & (rows["data.tokens"] == cell.tokens) & (rows["train.batch_size"] == cell.batch_size)]
    rows = rows.sort_values("step").groupby("run_id", sort=False).tail(1) if "step" in rows else rows
    losses = rows["val/loss"].astype(float).where(rows["state"] != "diverged").fillna(math.inf)
    return {tuple(point): loss for point, loss in zip(rows[POINT].to_numpy().tolist(), losses, strict=True)}


def main_tokens(table: pd.DataFrame) -> int:
    """The main D of the table's scale; 0 for an empty table."""
    return MAIN_TOKENS[table["scale"].iloc[0]] if len(table) else 0


def headline(table: pd.DataFrame) -> str:
    """The model in the place of the paper's 300M."""
    names = [name for name in dict.fromkeys(table["model.name"]) if COUNTERPART.get(name) == "300M"] if len(table) else []
    return names[0] if names else ""


def best(found: list[Cell]) -> Cell | None:
    """The setting with the lowest mean loss; but one with more seeds is preferred where two standard errors cover the difference.

    Without that, the luckiest of many single seeds would beat the mean of several.
    """
    lowest = min(found, key=lambda cell: cell.loss.mean, default=None)
    rivals = [cell for cell in found if len(cell.losses) > len(lowest.losses) and within_noise(cell, lowest)]
    return min(rivals, key=lambda cell: cell.loss.mean, default=lowest)


def within_noise(many: Cell, few: Cell) -> bool:
    """Whether two means differ by less than two standard errors, with the spread over seeds of the one that has more."""
    error = many.spread * math.sqrt(1 / len(many.losses) + 1 / len(few.losses))
    return many.loss.mean - few.loss.mean <= 2 * error


def best_by_model(found: list[Cell]) -> list[Cell]:
    """For every model its best setting, smallest model first."""
    models = dict.fromkeys(cell.model for cell in found)
    return [best([cell for cell in found if cell.model == model]) for model in models]


def is_standard(cell: Cell) -> bool:
    return cell.decay == STANDARD_DECAY
