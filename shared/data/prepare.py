"""From a source to tokens (read, split by article, train or take the BPE, encode, write), to a model's checkpoint, or to
labelled arrays."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tokenizers

from shared.data import bpe, cache, prepared
from shared.data.source import ARRAYS, Article, Fetched, Labelled, Pretrained, Source
from shared.data.split import SPLITS, split
from shared.errors import BadInput

TRAINING_TEXT = 12_000_000  # characters of train text the BPE sees; more changes next to nothing and costs time


def raw(source: Fetched, given: Path | None, say: Callable[[str], None]) -> Path:
    """The source's one verified file in the cache, fetched if it is not there or not right."""
    folder = cache.root() / source.name / "raw"

    def whole(folder: Path) -> bool:
        file = folder / source.raw
        return file.is_file() and cache.digest(file) == source.sha256

    with cache.building(folder, source.space, whole) as partial:
        if partial is not None:
            say(f"{source.name}: licence: {source.licence}")
            source.fetch(partial, given, say)
            if not whole(partial):
                wanted = f"{source.raw} with sha256 {source.sha256[:12]}..."
                raise BadInput(f"{given or source.how} did not give {wanted}: {source.alternative}")
        elif given is not None:
            say(f"{source.name}: the file is in the cache already, {given} is not needed")
    return folder / source.raw


def training_text(articles: list[Article]) -> Iterator[str]:
    """The first articles, up to TRAINING_TEXT characters and at least one."""
    seen = 0
    for article in articles:
        yield article.text
        seen += len(article.text)
        if seen >= TRAINING_TEXT:
            return


def tokens(source: Source, vocab: int, given: Path | None, tokenizer: Path | None, say: Callable[[str], None]) -> Path:
    """Prepare one data set at one vocabulary and return its folder. `tokenizer`: take that one, train none."""
    file = raw(source, given, say)
    target = prepared.directory(source.name, vocab)
    with cache.building(target, source.space, lambda folder: not prepared.problem(folder, deep=True)) as partial:
        if partial is None:
            return target
        say(f"{source.name}: reading the text")
        parts = split(source.articles(file))
        if tokenizer is None:
            say(f"{source.name}: training a BPE of {vocab} tokens on train text")
            coder = bpe.train(training_text(parts["train"]), vocab)
        else:
            coder = bpe.read(tokenizer)
        (partial / prepared.TOKENIZER).write_text(coder.to_str(pretty=True), encoding="utf-8")
        say(f"{source.name}: encoding")
        lengths = bpe.token_bytes(coder)
        counts = {}
        for name in SPLITS:
            texts = [article.text for article in parts[name]]
            ids = bpe.encode(coder, texts)
            size = sum(len(text.encode()) for text in texts)
            if int(lengths[ids].sum()) != size:
                raise BadInput(f"{source.name} has characters beyond a vocabulary of {vocab}: take --vocab 512 or more")
            (partial / prepared.tokens_file(name)).write_bytes(ids.data)
            counts[name] = {
                "documents": len(texts),
                "tokens": len(ids),
                "bytes": size,
                "bytes_per_token": size / len(ids),
            }
        facts = {
            "name": source.name,
            "vocab": vocab,
            "licence": source.licence,
            "raw": {"file": source.raw, "sha256": source.sha256},
            "tokenizer_from": source.tokenizer,
            "splits": counts,
            "versions": {"tokenizers": tokenizers.__version__, "numpy": np.__version__},
        }
        prepared.record(partial, facts)
    return target


def checkpoint(source: Pretrained, given: Path | None, say: Callable[[str], None]) -> Path:
    """Unpack one pretrained model and return its folder."""
    file = raw(source, given, say)
    target = prepared.checkpoint(source.name)
    with cache.building(target, source.space, lambda folder: not prepared.problem(folder, deep=True)) as partial:
        if partial is None:
            return target
        say(f"{source.name}: unpacking")
        source.unpack(file, partial)
        prepared.record(partial, {"name": source.name, "licence": source.licence, "raw": {"file": source.raw, "sha256": source.sha256}})
    return target


def labelled(source: Labelled, given: Path | None, say: Callable[[str], None]) -> Path:
    """Prepare labelled examples and return their folder. Every fetched file is compared with its sha256."""
    target = prepared.examples(source.name)
    with cache.building(target, source.space, lambda folder: not prepared.problem(folder, deep=True)) as partial:
        if partial is None:
            return target
        say(f"{source.name}: licence: {source.licence}")
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fetched = Path(scratch)
            source.fetch(fetched, given, say)
            for name, sha256 in source.files.items():
                if not (fetched / name).is_file() or cache.digest(fetched / name) != sha256:
                    raise BadInput(f"{given or source.how} did not give {name} with sha256 {sha256[:12]}...: {source.alternative}")
            arrays = source.decode(fetched)
        for name in ARRAYS:
            np.save(partial / f"{name}.npy", arrays[name])
        prepared.record(partial, {"name": source.name, "licence": source.licence, "classes": source.classes, "raw": source.files})
    return target
