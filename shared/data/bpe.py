"""Byte-level BPE: every text has an encoding and decodes to itself, byte for byte."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from shared.errors import BadInput

DOC = "<doc>"  # stands before every document: the start of one and the end of the last
DOC_ID = 0
ASCII = "\n" + "".join(map(chr, range(ord(" "), ord("~") + 1)))


def alphabet(vocab: int) -> list[str]:
    """The byte symbols a vocabulary starts from: all 256 where they fit, else those of printable ASCII."""
    if vocab > 256:
        return sorted(pre_tokenizers.ByteLevel.alphabet())
    symbols = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(ASCII)[0][0]
    if vocab < len(symbols) + 1:
        raise BadInput(f"a vocabulary of {vocab} cannot hold ASCII and {DOC}: take --vocab 256 or more")
    return sorted(symbols)


def train(texts: Iterable[str], vocab: int) -> Tokenizer:
    """A tokenizer of exactly `vocab` tokens, the same for the same texts on every machine."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    symbols = alphabet(vocab)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        special_tokens=[DOC],
        initial_alphabet=symbols,
        limit_alphabet=len(symbols),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() != vocab:
        raise BadInput(f"the text yields {tokenizer.get_vocab_size()} tokens, not {vocab}: take a smaller --vocab")
    return tokenizer


def read(path: Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


def token_bytes(tokenizer: Tokenizer) -> np.ndarray:
    """Bytes of text each token stands for, int32 [V]; 0 for the document mark."""
    lengths = np.zeros(tokenizer.get_vocab_size(), np.int32)
    for symbols, token in tokenizer.get_vocab().items():
        lengths[token] = 0 if symbols == DOC else len(symbols)  # one symbol of a byte-level BPE is one byte
    return lengths


def encode(tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """The documents one after the other, each behind its mark: uint16 [n]. Text that reads `<doc>` is text."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # else the library keeps to one core: half the speed
    tokenizer.encode_special_tokens = True
    parts = []
    for start in range(0, len(texts), 256):  # by the batch, so that a large corpus needs little memory
        for encoded in tokenizer.encode_batch_fast(texts[start : start + 256], add_special_tokens=False):
            parts += [np.array([DOC_ID], np.uint16), np.array(encoded.ids, np.uint16)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint16)
