"""Tokens as the training loop reads them: memory maps, windows, and batches that are a pure function of the step."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from shared.data import bpe, prepared, registry
from shared.errors import BadInput


@dataclass(frozen=True)
class TokenSet:
    """A prepared data set. The first tokens of `train` are a subset of any more, always in the same order."""

    train: np.memmap  # uint16 [n]
    val: np.memmap
    test: np.memmap
    tokenizer: Path
    token_bytes: np.ndarray  # int32 [V]: bytes of text behind each token, 0 for the document mark
    meta: dict[str, Any]

    def first(self, split: str, count: int) -> np.ndarray:
        """The first `count` tokens of a split, uint16 [count]. Raises BadInput when it has fewer."""
        tokens = {"train": self.train, "val": self.val, "test": self.test}[split]
        if not 0 < count <= len(tokens):
            raise BadInput(f"{self.meta['name']} has {len(tokens)} {split} tokens, not {count}: take fewer")
        return tokens[:count]

    def bytes_per_token(self, tokens: np.ndarray) -> float:
        """Of these very tokens. Bits per byte = nats per token / (bytes per token * ln 2)."""
        return float(self.token_bytes[tokens].sum() / tokens.size)


def load(name: str, vocab: int) -> TokenSet:
    """Open a prepared data set; one that comes with the code is prepared on the way. Raises BadInput."""
    source, folder = registry.source(name), registry.folder(name, vocab)  # labelled examples are refused, though they may be prepared
    wrong = prepared.problem(folder)
    if wrong and not source.network:
        registry.prepare(name, vocab, say=lambda line: None)
    elif wrong:
        raise BadInput(f"{folder} {wrong}: run {registry.command(name, vocab)}")
    tokenizer = folder / prepared.TOKENIZER
    train, val, test = (
        np.memmap(folder / prepared.tokens_file(split), dtype=np.uint16, mode="r") for split in ("train", "val", "test")
    )
    return TokenSet(train, val, test, tokenizer, bpe.token_bytes(bpe.read(tokenizer)), prepared.meta(folder))


def windows(tokens: np.ndarray, context: int) -> np.ndarray:
    """View of the tokens as [n, context]; what does not fill a last window is left out."""
    count = len(tokens) // context
    return tokens[: count * context].reshape(count, context)


@lru_cache(maxsize=64)
def order(seed: int, epoch: int, count: int) -> np.ndarray:
    """A permutation of `count` windows, int64 [count]. Sorted raw bits, whose stream numpy promises never to change."""
    permutation = np.argsort(np.random.PCG64([seed, epoch]).random_raw(count), kind="stable")
    permutation.flags.writeable = False
    return permutation


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of windows: `batches(step)` is int32 [B, T] and depends on nothing but the fields and the step.

    Every epoch passes over each window exactly once, in one order for all epochs (the paper's way) or, with
    `reshuffle`, in a new one for each. Raises BadInput when tokens do not fill whole batches: dropping the rest would
    train on fewer tokens than the run says.
    """

    tokens: np.ndarray  # uint16 [n]
    context: int  # T
    batch_size: int  # B, windows
    seed: int
    reshuffle: bool

    def __post_init__(self) -> None:
        step = self.context * self.batch_size
        if len(self.tokens) == 0 or len(self.tokens) % step:
            near = max(1, round(len(self.tokens) / step)) * step
            shape = f"{self.batch_size} x {self.context}"
            raise BadInput(f"{len(self.tokens)} tokens are no whole number of batches of {shape}: take {near}")

    @property
    def windows(self) -> np.ndarray:
        return windows(self.tokens, self.context)  # [n, T]

    @property
    def steps_per_epoch(self) -> int:
        return len(self.tokens) // (self.context * self.batch_size)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """The windows at positions start..stop of the endless stream of epochs, int32 [stop - start, T]."""
        count = len(self.windows)
        places = (divmod(position, count) for position in range(start, stop))
        chosen = [order(self.seed, epoch if self.reshuffle else 0, count)[place] for epoch, place in places]
        return self.windows[np.array(chosen, np.int64)].astype(np.int32)

    def __call__(self, step: int) -> np.ndarray:
        return self.rows(step * self.batch_size, (step + 1) * self.batch_size)
