"""The data sets and pretrained models there are, by name. Cheap to import: the launcher lists from here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from shared.data import (
    cache,
    cifar,
    digits,
    enwik8,
    fashion_mnist,
    mnist,
    mnist1d,
    prepared,
    problems,
    python_code,
    smollm2,
    sotu,
    tiny,
    verses,
)
from shared.data.source import Known, Labelled, Pretrained, Source
from shared.errors import BadInput

DOMAINS = (python_code.CODE, python_code.DOCS, problems.SOURCE, sotu.SPEECHES)  # of one vocabulary
SOURCES = {source.name: source for source in (enwik8.SOURCE, sotu.SOURCE, tiny.SOURCE, verses.SOURCE, *DOMAINS)}
MODELS = {model.name: model for model in (smollm2.MODEL,)}
PICTURES = (fashion_mnist.SOURCE, mnist.SOURCE, digits.SOURCE, cifar.CIFAR10, cifar.CIFAR100)
LABELLED = {one.name: one for one in (*PICTURES, mnist1d.SOURCE)}


class Row(NamedTuple):
    """One line of `python -m launch data`."""

    name: str
    licence: str
    size: int  # bytes to fetch
    state: str
    path: Path


def source(name: str) -> Source:
    """A text. Raises BadInput."""
    if name in MODELS:
        raise BadInput(f"{name} is a model, not a text: take {', '.join(SOURCES)}")
    if name in LABELLED:
        raise BadInput(f"{name} is no text but labelled examples: take {', '.join(SOURCES)}")
    return known(name)


def examples(name: str) -> Labelled:
    """A set of labelled examples. Raises BadInput."""
    if name not in LABELLED and name in SOURCES | MODELS:
        raise BadInput(f"{name} has no labelled examples: take {', '.join(LABELLED)}")
    return known(name)


def known(name: str) -> Any:
    """A data set of any kind. Raises BadInput."""
    if name not in SOURCES | LABELLED:
        there = ", ".join(SOURCES | LABELLED)
        raise BadInput(f"no data set {name!r}: there are {there}; another one needs a source of its own in shared/data/")
    return (SOURCES | LABELLED)[name]


def members(name: str) -> list[str]:
    """The data sets that a config's data.name stands for: several of one vocabulary are joined with +; none where it is empty."""
    return name.split("+") if name else []


def parts(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Name and vocabulary of the data sets that a config's section `data` stands for; labelled examples have no vocabulary, 0."""
    return [(name, data.get("vocab", 0)) for name in members(data["name"])]


def folder(name: str, vocab: int) -> Path:
    """Where the data set lies once prepared. Raises BadInput for an unknown name or an impossible vocabulary."""
    if name in LABELLED:
        return prepared.examples(name)
    text = source(name)
    if not 2 <= vocab <= 1 << 16:
        raise BadInput(f"a vocabulary of {vocab} does not fit the 16 bits of a token: take 256 to 65536")
    return prepared.directory(text.name, vocab)


def command(name: str, vocab: int) -> str:
    return f"python -m launch data {name}" + ("" if name in LABELLED else f" --vocab {vocab}")


def available(name: str, vocab: int) -> bool:
    """Whether loading needs no network: it is prepared and whole, or comes with the code."""
    return not known(name).network or not prepared.problem(folder(name, vocab))


def verify(name: str, vocab: int) -> None:
    """Compare every byte with what was recorded. Raises BadInput."""
    if wrong := prepared.problem(folder(name, vocab), deep=True):
        raise BadInput(f"{folder(name, vocab)} {wrong}: run {command(name, vocab)}")


def prepare(name: str, vocab: int, given: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Fetch and prepare a data set, and first the one whose tokenizer it uses; return its folder.

    What is there and whole is kept, what is damaged is made again. `given`: a file of the user's instead of the
    download. `say` gets a line at each stage. Raises BadInput.
    """
    from shared.data.prepare import labelled, tokens  # here, since listing needs neither numpy nor tokenizers

    if name in LABELLED:
        return labelled(LABELLED[name], given, say)
    target, wanted = folder(name, vocab), source(name)
    if not prepared.problem(target, deep=True):
        return target
    tokenizer = None
    if wanted.tokenizer != name:
        tokenizer = prepare(wanted.tokenizer, vocab, None, say) / prepared.TOKENIZER
    return tokens(wanted, vocab, given, tokenizer, say)


def model(name: str, given: Path | None = None, say: Callable[[str], None] = print) -> Path:
    """Fetch and unpack a pretrained model; return the folder of its checkpoint. What is there and whole is kept. Raises BadInput."""
    from shared.data.prepare import checkpoint  # here, as above

    return checkpoint(MODELS[name], given, say)


def unpacked(name: str) -> Path:
    """The folder of a model that is there already. Raises BadInput."""
    folder = prepared.checkpoint(MODELS[name].name)
    if wrong := prepared.problem(folder):
        raise BadInput(f"{folder} {wrong}: run python -m launch data {name}")
    return folder


def listing() -> list[Row]:
    everything = SOURCES | LABELLED | MODELS
    return [Row(name, one.licence, one.size, _state(one), cache.root() / name) for name, one in everything.items()]


def _state(one: Known) -> str:
    missing = "fetch it" if one.network else "comes with the code"
    if isinstance(one, Pretrained):
        return missing if prepared.problem(prepared.checkpoint(one.name)) else "ready"
    if isinstance(one, Labelled):
        return missing if prepared.problem(prepared.examples(one.name)) else "ready"
    folders = (cache.root() / one.name).glob("v*")
    ready = sorted(int(path.name[1:]) for path in folders if path.name[1:].isdigit() and not prepared.problem(path))
    return f"ready, vocabulary {', '.join(map(str, ready))}" if ready else missing
